#include "node/server/endorser_rig_test.h"

#include "base/test.h"
#include "node/attest/attest_asker.h"
#include "tee/roots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_LEN_MAX = 4096, STORE_LEN_MAX = 32 * 1024 };

/* A connection of the service: one request, one answer. */
struct visitor {
    uv_tcp_t tcp;
    uv_write_t write;
    char request[REQUEST_LEN_MAX + 1];
    size_t request_len;
    char *answer;
};

struct shelf {
    struct endorser_store store; /* first */
    size_t n;
    uint8_t bytes[STORE_LEN_MAX];
};

struct rig rig;
struct anchor rig_anchor;

static struct loop loop;
static struct fetch *fetch;
static uv_tcp_t listener;
static struct shelf shelf;

struct anchors roots_of(enum tee_kind kind)
{
    (void)kind;
    return (struct anchors){.list = &rig_anchor, .count = 1};
}

/* ---- the service ---- */

static void on_closed(uv_handle_t *handle)
{
    struct visitor *v = handle->data;
    free(v->answer);
    free(v);
}

static void on_written(uv_write_t *write, int status)
{
    struct visitor *v = write->data;
    (void)status;
    uv_close((uv_handle_t *)&v->tcp, on_closed);
}

static const struct rig_page *find_page(const char *target)
{
    for (size_t i = 0; i < RIG_PAGES_MAX; i++) {
        const char *path = rig.pages[i].path;
        if (path && strncmp(target, path, strlen(path)) == 0) {
            return &rig.pages[i];
        }
    }
    return NULL;
}

static void answer(struct visitor *v, const struct rig_page *p)
{
    size_t cap = 512 + p->value.n + p->body.n;
    v->answer = calloc(1, cap);
    if (!v->answer) {
        abort();
    }
    int n = snprintf(v->answer, cap,
                     "HTTP/1.1 %u X\r\nContent-Length: %zu\r\nConnection: close\r\n"
                     "Location: %s/elsewhere\r\n%s%s%.*s\r\n",
                     p->status > 0 ? p->status : 200, p->body.n, rig.base,
                     p->field ? p->field : "X-Nothing", ": ", (int)p->value.n,
                     p->value.n > 0 ? (const char *)p->value.p : "");
    (void)snprintf(v->answer + n, cap - (size_t)n, "\r\n");
    size_t len = (size_t)n + 2;
    size_t body = p->body.n - p->cut;
    (void)span_copy(mspan_of(v->answer + len, cap - len), span_first(p->body, body));
    uv_buf_t whole = uv_buf_init(v->answer, (unsigned)(len + body));
    v->write.data = v;
    EXPECT_EQ(0, uv_write(&v->write, (uv_stream_t *)&v->tcp, &whole, 1, on_written));
}

static void on_request(struct visitor *v)
{
    static const struct rig_page none = {.status = 404};
    struct span line = span_str(v->request);
    EXPECT(span_starts_with(line, SPAN_LIT("GET ")));
    line = span_from(line, 4);
    line = span_first(line, span_find(line, ' '));
    rig.last[span_copy(mspan_of(rig.last, sizeof rig.last - 1), line)] = '\0';
    EXPECT(strstr(v->request, "Accept: */*\r\n") != NULL);
    const struct rig_page *p = find_page(rig.last);
    rig.requests_count++;
    rig.missed_count += !p;
    if (!p || !p->stalls) {
        answer(v, p ? p : &none);
    }
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *ret)
{
    struct visitor *v = handle->data;
    (void)n;
    *ret = uv_buf_init(v->request + v->request_len, (unsigned)(REQUEST_LEN_MAX - v->request_len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct visitor *v = stream->data;
    (void)buf;
    if (n < 0) {
        if (!uv_is_closing((uv_handle_t *)stream)) {
            uv_close((uv_handle_t *)stream, on_closed);
        }
        return;
    }
    v->request_len += (size_t)n;
    if (strstr(v->request, "\r\n\r\n") && !v->answer) {
        on_request(v);
    }
}

static void on_connection(uv_stream_t *server, int status)
{
    struct visitor *v = calloc(1, sizeof *v);
    EXPECT_EQ(0, status);
    if (!v) {
        abort();
    }
    EXPECT_EQ(0, uv_tcp_init(&loop.uv, &v->tcp));
    v->tcp.data = v;
    EXPECT_EQ(0, uv_accept(server, (uv_stream_t *)&v->tcp));
    EXPECT_EQ(0, uv_read_start((uv_stream_t *)&v->tcp, on_alloc, on_read));
}

static void open_service(void)
{
    struct sockaddr_in at;
    struct sockaddr_storage got;
    int len = sizeof got;
    EXPECT_EQ(0, uv_ip4_addr("127.0.0.1", 0, &at));
    EXPECT_EQ(0, uv_tcp_init(&loop.uv, &listener));
    EXPECT_EQ(0, uv_tcp_bind(&listener, (const struct sockaddr *)&at, 0));
    EXPECT_EQ(0, uv_listen((uv_stream_t *)&listener, 16, on_connection));
    EXPECT_EQ(0, uv_tcp_getsockname(&listener, (struct sockaddr *)&got, &len));
    unsigned port = ntohs(((struct sockaddr_in *)(void *)&got)->sin_port);
    (void)snprintf(rig.base, sizeof rig.base, "http://127.0.0.1:%u", port);
}

/* ---- the endorser ---- */

static enum err load(struct endorser_store *self, struct buf *ret)
{
    struct shelf *s = (struct shelf *)(void *)self;
    return s->n > 0 ? buf_append(ret, span_of(s->bytes, s->n)) : ERR_NOT_FOUND;
}

static enum err save(struct endorser_store *self, struct span text)
{
    struct shelf *s = (struct shelf *)(void *)self;
    EXPECT(text.n > 0 && text.n <= EVIDENCE_LEN_MAX);
    s->n = span_copy(MSPAN_OF(s->bytes), text);
    rig.saves_count++;
    return OK;
}

static uint64_t unix_s(void *user)
{
    (void)user;
    return rig.now_s;
}

static void on_end(void *user)
{
    (void)user;
    rig.ends_count++;
    loop_stop(&loop);
}

void rig_begin(void)
{
    memset(&rig, 0, sizeof rig);
    memset(&shelf, 0, sizeof shelf);
    shelf.store = (struct endorser_store){.load = load, .save = save};
    EXPECT_OK(loop_init(&loop));
    EXPECT_OK(fetch_new(&fetch, &loop));
    open_service();
}

void rig_restart(struct rig_sources sources)
{
    static char root_crl[128];
    endorser_free(rig.endorser);
    (void)snprintf(root_crl, sizeof root_crl, "%s/root.crl", rig.base);
    const struct endorser_cfg cfg = {.budget = test_budget(),
                                     .loop = &loop,
                                     .fetch = fetch,
                                     .store = &shelf.store,
                                     .pcs = sources.uses_intel ? rig.base : "",
                                     .root_crl = sources.uses_intel ? root_crl : "",
                                     .kds = sources.uses_amd ? rig.base : "",
                                     .timeout_ms = RIG_TIMEOUT_MS,
                                     .unix_s = unix_s,
                                     .on_end = on_end};
    EXPECT_OK(endorser_new(&rig.endorser, &cfg));
}

static void close_one(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle)) { /* a visitor that was let wait */
        uv_close(handle, on_closed);
    }
}

void rig_end(void)
{
    fetch_stop(fetch);
    endorser_free(rig.endorser);
    rig.endorser = NULL;
    uv_close((uv_handle_t *)&listener, NULL);
    uv_walk(&loop.uv, close_one, NULL);
    loop_done(&loop);
    fetch_free(fetch);
}

enum endorser_state rig_staple(const struct evidence *e, const uint8_t binding[static 64])
{
    static uint8_t room[EVIDENCE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    evidence_encode(&w, e);
    EXPECT_OK(wr_end(&w));
    rig.got.state = endorser_staple(rig.endorser, &rig.got.text, binding, span_of(room, w.n));
    EXPECT_EQ(rig.got.state, endorser_report(rig.endorser).state);
    return rig.got.state;
}

void rig_round(void)
{
    size_t before = rig.ends_count;
    loop_run(&loop);
    EXPECT_EQ(before + 1, rig.ends_count);
}

void rig_refresh(void)
{
    instant at = endorser_deadline(rig.endorser);
    EXPECT(!instant_is_never(at));
    endorser_tick(rig.endorser, (instant){.us = at.us - 1});
    EXPECT(!instant_is_never(endorser_deadline(rig.endorser))); /* not yet */
    endorser_tick(rig.endorser, at);
    EXPECT(instant_is_never(endorser_deadline(rig.endorser)));
    rig_round();
}

bool rig_why(const char *words)
{
    const char *why = endorser_report(rig.endorser).why;
    bool has = words[0] ? strstr(why, words) != NULL : why[0] == '\0';
    if (!has) {
        test_note("why: %s", why);
    }
    return has;
}

enum err rig_judge(struct appraisal *ret, const uint8_t binding[static 64])
{
    static struct appraiser work;
    struct policy policy;
    struct evidence e;
    EXPECT_OK(policy_parse(&policy, span_str(ATTEST_ASKER_POLICY), NULL));
    const struct evidence_expectation expectation = {
        .policy = &policy, .now = {rig.now_s}, .binding = binding};
    TRY(evidence_decode(&e, rig.got.text));
    return evidence_appraise(&work, ret, &e, &expectation);
}
