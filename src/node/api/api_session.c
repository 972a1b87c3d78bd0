/* Sessions of the local API: a code that works once, and the token that the page trades it for. */
#include "base/check.h"
#include "codec/base64.h"
#include "node/api/api_check.h"
#include "node/api/api_inside.h"

#include <string.h>

enum { CODE_LIFE_S = 60, FREE_CODE_FAILURES = 5 };

void api_code_make(struct api *a, struct wallet_time t, char ret_code[static API_CODE_LEN + 1])
{
    struct api_code_entry *place = &a->codes[0];
    for (size_t i = 0; i < API_CODE_COUNT_MAX; i++) {
        if (instant_before(a->codes[i].until, place->until)) {
            place = &a->codes[i];
        }
    }
    rng_fill(a->cfg.rng, MSPAN_OF(place->bytes));
    place->until = instant_add(t.mono, CODE_LIFE_S * US_PER_S);
    place->is_used = false;
    struct wr w = wr_init(mspan_of(ret_code, API_CODE_LEN));
    base64_encode(&w, BASE64_URL_BARE, SPAN_OF(place->bytes));
    check(wr_ok(&w));
    ret_code[API_CODE_LEN] = '\0';
}

static bool decode32(uint8_t ret[static 32], struct span text)
{
    struct wr w = wr_init(mspan_of(ret, 32));
    return base64_decode(&w, BASE64_URL_BARE, text) == OK && w.n == 32;
}

static bool take_code(struct api *a, struct wallet_time t, struct span text)
{
    uint8_t given[32];
    bool found = false;
    if (!decode32(given, text)) {
        return false;
    }
    for (size_t i = 0; i < API_CODE_COUNT_MAX; i++) {
        struct api_code_entry *e = &a->codes[i];
        bool is_live = !e->is_used && instant_before(t.mono, e->until);
        if (ct_equal(SPAN_OF(e->bytes), SPAN_OF(given)) && is_live) {
            e->is_used = true;
            e->until = (instant){0};
            wipe(MSPAN_OF(e->bytes));
            found = true;
        }
    }
    return found;
}

static struct api_session *session_place(struct api *a)
{
    for (size_t i = 0; i < API_SESSION_COUNT_MAX; i++) {
        if (!a->sessions[i].is_open) {
            return &a->sessions[i];
        }
    }
    memmove(&a->sessions[0], &a->sessions[1], (API_SESSION_COUNT_MAX - 1) * sizeof a->sessions[0]);
    return &a->sessions[API_SESSION_COUNT_MAX - 1]; /* the oldest page has to be opened again */
}

static struct span code_of(struct span body)
{
    struct json root;
    struct json code;
    struct api_fault fault;
    struct span text = SPAN_EMPTY;
    if (json_parse(&root, body, NULL) != OK ||
        api_check(root, api_methods[API_METHOD_SESSION].params, &fault) != OK ||
        !json_find(&code, root, "code") || json_get_plain(&text, code) != OK) {
        return SPAN_EMPTY;
    }
    return text;
}

static void write_session(struct api *a, const struct api_session *s)
{
    buf_clear(&a->scratch);
    struct wr w = wr_init_buf(&a->scratch);
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "token");
    api_write_base64url(&j, SPAN_OF(s->token));
    json_put_name(&j, "start_id");
    json_put_str(&j, a->start_id.text);
    json_end_object(&j);
    if (json_writer_end(&j) != OK) {
        buf_clear(&a->scratch);
    }
}

void api_session_open(struct api *a,
                      struct wallet_time t,
                      const struct api_session_args *args,
                      struct span *ret_text,
                      uint16_t *ret_http)
{
    struct coded why;
    if (instant_before(t.mono, a->codes_from)) {
        coded_set(&why, "rate_limited");
        coded_add_u64(&why, "wait_ms", instant_since(t.mono, a->codes_from) / US_PER_MS);
        *ret_text = api_error_text(a, &why, ret_http);
        return;
    }
    if (args->host.n >= sizeof a->sessions[0].host ||
        args->origin.n >= sizeof a->sessions[0].origin || !take_code(a, t, code_of(args->body))) {
        a->code_failures++;
        if (a->code_failures >= FREE_CODE_FAILURES) {
            a->codes_from = instant_add(t.mono, US_PER_S);
        }
        coded_set(&why, "session_code_bad");
        *ret_text = api_error_text(a, &why, ret_http);
        return;
    }
    a->code_failures = 0;
    struct api_session *s = session_place(a);
    *s = (struct api_session){.is_open = true};
    rng_fill(a->cfg.rng, MSPAN_OF(s->token));
    text_set(s->host, sizeof s->host, args->host);
    text_set(s->origin, sizeof s->origin, args->origin);
    wallet_touch(a->cfg.wallet, t);
    write_session(a, s);
    *ret_text = buf_span(&a->scratch);
    *ret_http = 200;
}

bool api_session_check(struct api *a, struct wallet_time t, const struct api_bearer *bearer)
{
    (void)t;
    uint8_t given[32];
    bool found = false;
    if (!decode32(given, bearer->token)) {
        return false;
    }
    for (size_t i = 0; i < API_SESSION_COUNT_MAX; i++) {
        const struct api_session *s = &a->sessions[i];
        bool is_ours = ct_equal(SPAN_OF(s->token), SPAN_OF(given));
        found |= s->is_open && is_ours && span_equal(span_str(s->host), bearer->host) &&
                 span_equal(span_str(s->origin), bearer->origin);
    }
    return found;
}
