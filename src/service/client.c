/* The asking side. */
#include "service/client.h"

#include "base/check.h"
#include "codec/json.h"

#include <string.h>

static void
close_with(struct service_client *c, enum err err, const char *rule, enum service_blame blame)
{
    if (c->is_closed) {
        return;
    }
    c->is_closed = true;
    c->err = err;
    c->rule = rule;
    c->blame = blame;
}

enum err service_client_init(struct service_client *c,
                             struct budget *budget,
                             const struct service_request *request,
                             instant now)
{
    const struct service_limits *l = service_limits(request->type);
    check(l != NULL);
    memset(c, 0, sizeof *c);
    c->type = request->type;
    c->chain_id = request->chain_id;
    c->slots_count = request->slots.n / 32;
    c->light_max = request->type == SERVICE_LC_UPDATES ? request->count : 1;
    struct buf message;
    buf_init(&message, budget, l->request_len_max);
    buf_init(&c->out, budget, l->request_len_max + UVARINT_LEN_MAX);
    frame_reader_init(&c->frames, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                     .frame_len_max = l->response_len_max,
                                                     .budget = budget});
    c->body_len_max = l->body_len_max;
    if (request->response_max != 0 && request->response_max < c->body_len_max) {
        c->body_len_max = request->response_max;
    }
    buf_init(&c->parts, budget, c->body_len_max);
    enum err e = service_request_encode(request, &message);
    if (e == OK) {
        struct wr w = wr_init_buf(&c->out);
        service_request_hash(&c->request_hash, buf_span(&message));
        c->running = c->request_hash;
        frame_write(&w, FRAME_UVARINT, buf_span(&message));
        e = wr_end(&w);
    }
    buf_done(&message);
    if (e != OK) {
        service_client_done(c);
        return e;
    }
    uint64_t ms = request->deadline_ms != 0 && request->deadline_ms < l->deadline_ms_max
                      ? request->deadline_ms
                      : l->deadline_ms_max;
    c->deadline = ms == 0 ? INSTANT_NEVER : instant_add(now, (ms + ms / 10) * US_PER_MS);
    return OK;
}

void service_client_done(struct service_client *c)
{
    buf_done(&c->out);
    buf_done(&c->parts);
    frame_reader_done(&c->frames);
}

/* body_decode checks the body of an answer with code OK, so that whoever sees it can rely on it. */
MUST_CHECK static enum err body_decode(const struct service_client *c,
                                       struct service_client_event *e)
{
    struct json json;
    struct span body = e->response.body;
    switch (c->type) {
    case SERVICE_STATUS:
        TRY(service_status_decode(&e->body.status, body));
        return e->body.status.chain_id == c->chain_id ? OK : ERR_AUTH;
    case SERVICE_RPC:
        TRY(service_rpc_result_decode(&e->body.rpc, body));
        return json_parse(&json, e->body.rpc.json, NULL);
    case SERVICE_SEND_USER_OPERATION:
    case SERVICE_USER_OPERATION_STATUS: return service_userop_status_decode(&e->body.userop, body);
    case SERVICE_SUBSCRIBE:             return service_head_decode(&e->body.head, body);
    case SERVICE_ACCOUNT_PROOF:
        TRY(service_proof_decode(&e->body.proof, body));
        return e->body.proof.slots_count == c->slots_count ? OK : ERR_MALFORMED;
    case SERVICE_LC_BOOTSTRAP:
    case SERVICE_LC_UPDATES:
    case SERVICE_LC_FINALITY:
    case SERVICE_LC_OPTIMISTIC:
        TRY(service_light_decode(&e->body.light, body));
        return e->body.light.count <= c->light_max ? OK : ERR_MALFORMED;
    case SERVICE_HEADERS:
    case SERVICE_CODE:
    case SERVICE_INCLUSION:
    case SERVICE_LOGS:             return service_chain_decode(&e->body.chain, c->type, body);
    case SERVICE_SEND_TRANSACTION: return service_sent_decode(&e->body.sent, body);
    case SERVICE_CALL_WITNESS:     return service_witness_decode(&e->body.witness, body);
    case SERVICE_COSIGN_CREATE:
    case SERVICE_COSIGN_SIGN:
    case SERVICE_COSIGN_REMOVE:    return service_cosigned_decode(&e->body.cosigned, c->type, body);
    case SERVICE_CAPSULE_NONCE:
    case SERVICE_CAPSULE_PUT:
    case SERVICE_CAPSULE_GET:
        e->body.kept = body;
        return body.n == service_kept_len(c->type) ? OK : ERR_MALFORMED;
    }
    return ERR_INTERNAL;
}

/* part_take puts one of several parts to those before it. ERR_TRUNCATED: it was not the last; else *r becomes the answer with
 * the whole body. ERR_AUTH: the running hash is another; ERR_MALFORMED: the lengths do not fit, or this type comes whole. */
MUST_CHECK static enum err part_take(struct service_client *c, struct service_response *r)
{
    bool is_first = c->parts.n == 0;
    if (!r->is_part) {
        return is_first ? OK : ERR_MALFORMED;
    }
    if (r->code != SERVICE_OK || r->body.n == 0 || r->body.n + r->rest > c->body_len_max ||
        (!is_first && r->body.n + r->rest != c->rest)) {
        return ERR_MALFORMED;
    }
    service_part_hash(&c->running, r->body);
    if (!span_equal(SPAN_OF(c->running.bytes), SPAN_OF(r->running.bytes))) {
        return ERR_AUTH;
    }
    TRY(buf_append(&c->parts, r->body));
    c->rest = r->rest;
    r->body = buf_span(&c->parts);
    return r->rest > 0 ? ERR_TRUNCATED : OK;
}

/* answer_read makes an event of one frame, or closes. */
static void answer_read(struct service_client *c, struct span frame)
{
    struct service_client_event e = {.kind = c->is_answered ? SERVICE_CLIENT_HEAD
                                                            : SERVICE_CLIENT_ANSWER};
    struct diag why = {0};
    if (service_response_decode(&e.response, frame, &why) != OK) {
        close_with(c, ERR_MALFORMED, why.rule, SERVICE_BLAME_SERVER);
        return;
    }
    if (!span_equal(SPAN_OF(e.response.request_hash.bytes), SPAN_OF(c->request_hash.bytes))) {
        close_with(c, ERR_AUTH, "the answer belongs to another request", SERVICE_BLAME_SERVER);
        return;
    }
    enum err whole = part_take(c, &e.response);
    if (whole == ERR_TRUNCATED) {
        return;
    }
    if (whole != OK) {
        bool is_ours = whole == ERR_LIMIT; /* no memory for it */
        close_with(c, whole, "the parts of the answer do not fit together",
                   is_ours ? SERVICE_BLAME_NOBODY : SERVICE_BLAME_SERVER);
        return;
    }
    bool is_ok = e.response.code == SERVICE_OK;
    if (is_ok && body_decode(c, &e) != OK) {
        close_with(c, ERR_MALFORMED, "the answer's body is not what was asked for",
                   SERVICE_BLAME_SERVER);
        return;
    }
    e.blame = service_code_blame(e.response.code);
    if (c->is_answered && !is_ok) {
        close_with(c, ERR_CLOSED, "the server ended the subscription", e.blame);
        return;
    }
    c->is_answered = true;
    c->waiting = e;
    c->has_answer = true;
    if (c->type != SERVICE_SUBSCRIBE || !is_ok) {
        close_with(c, OK, NULL, e.blame);
    }
}

enum err service_client_recv(struct service_client *c, instant now, struct span *in)
{
    (void)now;
    while (!c->is_closed && !c->has_answer) {
        struct span frame;
        enum err e = frame_reader_next(&c->frames, &frame, in);
        if (e == ERR_TRUNCATED) {
            return OK;
        }
        if (e != OK) {
            close_with(c, e, "the server's frame is too long or broken", SERVICE_BLAME_SERVER);
            break;
        }
        answer_read(c, frame);
    }
    return c->is_closed && !c->has_answer ? ERR_CLOSED : OK;
}

void service_client_end(struct service_client *c, instant now)
{
    (void)now;
    close_with(c, ERR_CLOSED, "the server ended without an answer", SERVICE_BLAME_SERVER);
}

bool service_client_is_sent(const struct service_client *c)
{
    return c->out_at == c->out.n;
}

struct span service_client_waiting(const struct service_client *c)
{
    return c->is_closed ? SPAN_EMPTY : span_from(buf_span(&c->out), c->out_at);
}

void service_client_sent(struct service_client *c, size_t n)
{
    check(n <= c->out.n - c->out_at);
    c->out_at += n;
    if (service_client_is_sent(c)) {
        buf_clear(&c->out);
        buf_trim(&c->out);
        c->out_at = 0;
    }
}

size_t service_client_send(struct service_client *c, instant now, struct mspan out)
{
    (void)now;
    size_t n = span_copy(out, service_client_waiting(c));
    service_client_sent(c, n);
    return n;
}

bool service_client_poll(struct service_client *c, struct service_client_event *ret_event)
{
    if (c->has_answer) {
        *ret_event = c->waiting;
        c->has_answer = false;
        return true;
    }
    if (c->is_closed && !c->is_close_told) {
        c->is_close_told = true;
        *ret_event = (struct service_client_event){
            .kind = SERVICE_CLIENT_CLOSED, .err = c->err, .rule = c->rule, .blame = c->blame};
        return true;
    }
    return false;
}

instant service_client_deadline(const struct service_client *c)
{
    return c->is_closed ? INSTANT_NEVER : c->deadline;
}

void service_client_tick(struct service_client *c, instant now)
{
    if (instant_reached(c->deadline, now)) {
        close_with(c, ERR_TIMEOUT, "the server did not answer in time", SERVICE_BLAME_SERVER);
    }
}
