#include "http/http.h"

#include "base/rng.h"
#include "base/test.h"
#include "base/wr.h"

#include <string.h>

#define HOST "Host: a\r\n"

static const struct http_cfg *config(void)
{
    static struct http_cfg cfg;
    cfg = (struct http_cfg){.budget = test_budget(),
                            .body_len_max = 1000,
                            .answer_len_max = 2000,
                            .fields = "X-Own: 1\r\n"};
    return &cfg;
}

static instant at_ms(uint64_t ms)
{
    return (instant){.us = ms * US_PER_MS};
}

/* A connection whose server answers each request with "method path body". */
struct run {
    struct http h;
    struct wr out;
    unsigned requests;
    unsigned refused_status;
    bool is_closed;
    enum err err;
    const char *rule;
};

static void answer(struct run *r, const struct http_event *e)
{
    uint8_t body[1200];
    struct wr w = wr_init(MSPAN_OF(body));
    wr_bytes(&w, e->head->method_text);
    wr_str(&w, " ");
    wr_bytes(&w, e->head->path);
    wr_str(&w, " ");
    wr_bytes(&w, e->body);
    struct http_answer a = {
        .status = 200, .content_type = "text/plain", .body = span_of(body, w.n)};
    r->requests++;
    EXPECT_OK(http_respond(&r->h, at_ms(0), &a));
}

static void drain(struct run *r, struct rng *rng)
{
    struct http_event e;
    for (;;) {
        uint8_t piece[64];
        size_t room = rng ? (size_t)(1 + rng_below(rng, sizeof piece)) : sizeof piece;
        size_t n = http_send(&r->h, at_ms(0), mspan_of(piece, room));
        wr_bytes(&r->out, span_of(piece, n));
        bool has_event = http_poll(&r->h, &e);
        if (!has_event && n == 0) {
            return;
        }
        if (!has_event) {
            continue;
        }
        switch (e.kind) {
        case HTTP_EVENT_REQUEST: answer(r, &e); break;
        case HTTP_EVENT_REFUSED:
            r->refused_status = e.status;
            r->rule = e.diag.rule;
            break;
        case HTTP_EVENT_UPGRADED: break;
        case HTTP_EVENT_CLOSED:
            r->is_closed = true;
            r->err = e.err;
            break;
        }
    }
}

/* Feeds input in pieces of at most piece_max bytes, each overwritten when it is used up. */
static void
run_input(struct run *r, struct mspan out, struct span input, size_t piece_max, struct rng *rng)
{
    *r = (struct run){.out = wr_init(out)};
    http_init(&r->h, config(), at_ms(0));
    while (input.n > 0 && !r->is_closed) {
        static uint8_t piece[4096];
        size_t n = rng ? (size_t)(1 + rng_below(rng, piece_max)) : piece_max;
        struct span part = span_first(input, n < sizeof piece ? n : sizeof piece);
        (void)span_copy(MSPAN_OF(piece), part);
        struct span in = span_of(piece, part.n);
        (void)http_recv(&r->h, at_ms(0), &in);
        (void)span_take(&input, part.n - in.n);
        memset(piece, 0xee, sizeof piece);
        bool was_idle = part.n == in.n && r->h.state != HTTP_WAITING && r->h.state != HTTP_SENDING;
        drain(r, rng);
        /* It must not take nothing and wait for nothing. */
        if (!EXPECT(!was_idle || r->is_closed)) {
            return;
        }
    }
}

static const char requests[] = "GET /one HTTP/1.1\r\n" HOST "\r\n"
                               "POST /two HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"
                               "HEAD /three HTTP/1.1\r\n" HOST "\r\n"
                               "POST /four HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"
                               "GET /five HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"
                               "GET /never HTTP/1.1\r\n" HOST "\r\n";

#define OK_HEAD "HTTP/1.1 200 OK\r\nX-Own: 1\r\nContent-Type: text/plain\r\nContent-Length: "
static const char answers[] =
    OK_HEAD "9\r\n\r\nGET /one " OK_HEAD "15\r\n\r\nPOST /two hello" OK_HEAD "12\r\n\r\n" OK_HEAD
            "11\r\n\r\nPOST /four " OK_HEAD "10\r\nConnection: close\r\n\r\nGET /five ";

TEST(pipelined_in_order)
{
    static uint8_t out[4096];
    static struct run r;
    run_input(&r, MSPAN_OF(out), span_str(requests), sizeof requests, NULL);
    EXPECT_SPAN(span_str(answers), span_of(out, r.out.n));
    EXPECT_EQ(5, r.requests);
    EXPECT(r.is_closed);
    EXPECT_EQ(ERR_CLOSED, r.err);
    http_done(&r.h);
}

TEST(segment_invariance)
{
    static uint8_t out[4096];
    static struct run r;
    struct rng_seeded g;
    rng_seeded_init(&g, test_seed());
    for (int i = 0; i < 300; i++) {
        run_input(&r, MSPAN_OF(out), span_str(requests),
                  i == 0 ? 1 : 1 + (size_t)rng_below(&g.rng, 200), i == 0 ? NULL : &g.rng);
        EXPECT_SPAN(span_str(answers), span_of(out, r.out.n));
        EXPECT_EQ(0, test_budget()->used);
        http_done(&r.h);
    }
}

static const struct {
    const char *name;
    const char *text;
    unsigned status;
} bad[] = {
    {"bare LF",                "GET / HTTP/1.1\nHost: a\r\n\r\n",                                        400},
    {"only LF",                "GET / HTTP/1.1\nHost: a\n\n",                                            400},
    {"LF at once",             "\n",                                                                     400},
    {"bare LF before the end", "GET / HTTP/1.1\r\nHost: a\n\r\n\r\n",                                    400},
    {"chunked",                "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunked and a length",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
     400                                                                                                    },
    {"two lengths",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nContent-Length: 40\r\n\r\nGET /",                  400},
    {"no length",              "POST / HTTP/1.1\r\n" HOST "\r\n",                                        411},
    {"body one too long",      "POST / HTTP/1.1\r\n" HOST "Content-Length: 1001\r\n\r\n",                413},
    {"body of 100 MB",         "POST / HTTP/1.1\r\n" HOST "Content-Length: 100000000\r\n\r\n",           413},
    {"body of 2^63",           "POST / HTTP/1.1\r\n" HOST "Content-Length: 9223372036854775808\r\n\r\n", 400},
    {"HTTP/1.0",               "GET / HTTP/1.0\r\n" HOST "\r\n",                                         505},
    {"a TLS hello",            "\x16\x03\x01\x02\x05\x01\x0a",                                           400},
};

/* What is refused is refused in the same words however it is cut, and what follows is never read as a request. */
TEST(refusals)
{
    static uint8_t out[2][4096];
    static struct run r[2];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[1024] = {0};
        struct wr w = wr_init(MSPAN_OF(text));
        wr_str(&w, bad[i].text);
        wr_str(&w, "GET /smuggled HTTP/1.1\r\n" HOST "\r\n");
        test_note("%s", bad[i].name);
        for (size_t k = 0; k < 2; k++) {
            run_input(&r[k], MSPAN_OF(out[k]), span_of(text, w.n), k == 0 ? sizeof text : 1, NULL);
            EXPECT_EQ(bad[i].status, r[k].refused_status);
            EXPECT_EQ(0, r[k].requests);
            EXPECT(r[k].is_closed);
            EXPECT(r[k].rule != NULL);
            EXPECT_EQ(0, test_budget()->used);
            http_done(&r[k].h);
        }
        EXPECT_SPAN(span_of(out[0], r[0].out.n), span_of(out[1], r[1].out.n));
        EXPECT(span_starts_with(span_of(out[0], r[0].out.n), SPAN_LIT("HTTP/1.1 ")));
    }
}

TEST(endless_heads)
{
    static uint8_t out[4096];
    static uint8_t text[HTTP_HEAD_LEN_MAX + 10];
    static struct run r;
    memset(text, 'a', sizeof text);
    run_input(&r, MSPAN_OF(out), SPAN_OF(text), 1000, NULL);
    EXPECT_EQ(431, r.refused_status);
    EXPECT(r.is_closed);
    http_done(&r.h);
}

static enum err recv_text(struct http *h, instant now, const char *text)
{
    struct span in = span_str(text);
    enum err e = http_recv(h, now, &in);
    EXPECT_EQ(0, in.n);
    return e;
}

static size_t send_all(struct http *h, instant now, uint8_t *out, size_t cap)
{
    size_t n = 0;
    for (size_t more; (more = http_send(h, now, mspan_of(out + n, cap - n))) > 0;) {
        n += more;
    }
    return n;
}

TEST(slow_clients)
{
    static const struct {
        const char *name;
        const char *text;
        uint32_t after_ms;
        bool is_answered;
    } cases[] = {
        {"silent",    "",                                                       HTTP_IDLE_TIMEOUT_MS, false},
        {"slow head", "GET / HT",                                               HTTP_HEAD_TIMEOUT_MS, true },
        {"slow body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nab",
         HTTP_BODY_TIMEOUT_MS,                                                                        true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http h;
        struct http_event e;
        uint8_t out[1024];
        test_note("%s", cases[i].name);
        http_init(&h, config(), at_ms(1));
        EXPECT_OK(recv_text(&h, at_ms(1), cases[i].text));
        http_tick(&h, at_ms(cases[i].after_ms));
        EXPECT(!http_poll(&h, &e));
        EXPECT_EQ((1 + (uint64_t)cases[i].after_ms) * US_PER_MS, http_deadline(&h).us);
        http_tick(&h, http_deadline(&h));
        size_t n = send_all(&h, at_ms(1), out, sizeof out);
        EXPECT(span_starts_with(span_of(out, n), SPAN_LIT("HTTP/1.1 408 ")) ==
               cases[i].is_answered);
        TEST_REQUIRE(http_poll(&h, &e));
        if (cases[i].is_answered) {
            EXPECT_EQ(408, e.status);
            TEST_REQUIRE(http_poll(&h, &e));
        }
        EXPECT_EQ(HTTP_EVENT_CLOSED, e.kind);
        EXPECT_EQ(ERR_TIMEOUT, e.err);
        http_done(&h);
    }
}

/* A byte now and then does not buy more time. */
TEST(drop_by_drop)
{
    struct http h;
    http_init(&h, config(), at_ms(0));
    EXPECT_OK(recv_text(&h, at_ms(0), "GET / HTTP/1.1\r\n"));
    for (uint64_t ms = 1000; ms < HTTP_HEAD_TIMEOUT_MS; ms += 1000) {
        EXPECT_OK(recv_text(&h, at_ms(ms), "a"));
        http_tick(&h, at_ms(ms));
        EXPECT_EQ(HTTP_IN_HEAD, h.state);
    }
    http_tick(&h, at_ms(HTTP_HEAD_TIMEOUT_MS));
    EXPECT_EQ(HTTP_SENDING, h.state);
    http_done(&h);
}

TEST(reader_that_stalls)
{
    struct http h;
    struct http_event e;
    uint8_t out[8];
    http_init(&h, config(), at_ms(0));
    EXPECT_OK(recv_text(&h, at_ms(0), "GET / HTTP/1.1\r\n" HOST "\r\n"));
    TEST_REQUIRE(http_poll(&h, &e));
    EXPECT(instant_is_never(http_deadline(&h))); /* the answer is ours to give */
    EXPECT_OK(http_respond(&h, at_ms(5000), &(struct http_answer){.status = 204}));
    EXPECT_EQ(8, http_send(&h, at_ms(6000), MSPAN_OF(out)));
    EXPECT_EQ((6000 + HTTP_SEND_TIMEOUT_MS) * US_PER_MS, http_deadline(&h).us);
    http_tick(&h, http_deadline(&h));
    TEST_REQUIRE(http_poll(&h, &e));
    EXPECT_EQ(HTTP_EVENT_CLOSED, e.kind);
    EXPECT_EQ(ERR_TIMEOUT, e.err);
    http_done(&h);
}

TEST(answers)
{
    struct http h;
    struct http_event e;
    static uint8_t big[2100];
    static uint8_t out[4096];
    http_init(&h, config(), at_ms(0));
    EXPECT_ERR(ERR_STATE, http_respond(&h, at_ms(0), &(struct http_answer){.status = 200}));
    EXPECT_OK(recv_text(&h, at_ms(0), "GET / HTTP/1.1\r\n" HOST "\r\n"));
    TEST_REQUIRE(http_poll(&h, &e));
    EXPECT_ERR(ERR_STATE, http_upgrade(&h, at_ms(0)));
    static uint8_t huge[8000];
    struct http_answer copied = {.status = 200, .body = SPAN_OF(huge)};
    EXPECT_ERR(ERR_LIMIT, http_respond(&h, at_ms(0), &copied)); /* still waits */
    memset(big, 'x', sizeof big);
    struct http_answer fixed = {
        .status = 200, .fields = "ETag: \"1\"\r\n", .body = SPAN_OF(big), .body_is_static = true};
    EXPECT_OK(http_respond(&h, at_ms(0), &fixed));
    EXPECT(test_budget()->used < 1024); /* static bodies are not copied */
    size_t n = send_all(&h, at_ms(0), out, sizeof out);
    EXPECT_SPAN(SPAN_OF(big), span_from(span_of(out, n), n - sizeof big));
    EXPECT_EQ(HTTP_IDLE, h.state);
    EXPECT_EQ(0, test_budget()->used);
    http_done(&h);
}

TEST(client_leaves)
{
    struct http h;
    struct http_event e;
    static uint8_t out[512];
    http_init(&h, config(), at_ms(0));
    EXPECT_OK(recv_text(&h, at_ms(0), "GET / HTTP/1.1\r\n" HOST "\r\n"));
    http_recv_end(&h, at_ms(0));
    TEST_REQUIRE(http_poll(&h, &e));
    EXPECT_OK(http_respond(&h, at_ms(0), &(struct http_answer){.status = 404}));
    size_t n = send_all(&h, at_ms(0), out, sizeof out);
    EXPECT(span_starts_with(span_of(out, n), SPAN_LIT("HTTP/1.1 404 Not Found\r\n")));
    TEST_REQUIRE(http_poll(&h, &e));
    EXPECT_EQ(HTTP_EVENT_CLOSED, e.kind);
    http_done(&h);
    http_init(&h, config(), at_ms(0));
    EXPECT_OK(recv_text(&h, at_ms(0), "GET / HT"));
    http_recv_end(&h, at_ms(0));
    TEST_REQUIRE(http_poll(&h, &e));
    EXPECT_EQ(ERR_CLOSED, e.err);
    struct span in = SPAN_LIT("x");
    EXPECT_ERR(ERR_CLOSED, http_recv(&h, at_ms(0), &in));
    http_done(&h);
}

TEST(upgrade)
{
    struct http h;
    struct http_event e;
    static uint8_t out[512];
    struct span in = SPAN_LIT(
        "GET /ws HTTP/1.1\r\n" HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\nFRAMES");
    http_init(&h, config(), at_ms(0));
    EXPECT_OK(http_recv(&h, at_ms(0), &in));
    EXPECT_SPAN(SPAN_LIT("FRAMES"), in);
    TEST_REQUIRE(http_poll(&h, &e));
    EXPECT(e.head->upgrades_to_websocket);
    EXPECT_OK(http_upgrade(&h, at_ms(0)));
    size_t n = send_all(&h, at_ms(0), out, sizeof out);
    EXPECT_SPAN(SPAN_LIT("HTTP/1.1 101 Switching Protocols\r\nX-Own: 1\r\nUpgrade: "
                         "websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
                span_of(out, n));
    TEST_REQUIRE(http_poll(&h, &e));
    EXPECT_EQ(HTTP_EVENT_UPGRADED, e.kind);
    EXPECT_OK(http_recv(&h, at_ms(0), &in));
    EXPECT_SPAN(SPAN_LIT("FRAMES"), in);
    EXPECT_EQ(0, test_budget()->used);
    http_done(&h);
}

TEST(no_memory)
{
    struct budget small;
    struct http h;
    struct http_event e;
    for (size_t limit = 0; limit < 700; limit += 20) {
        budget_init(&small, test_budget(), "connection", limit);
        struct http_cfg cfg = {.budget = &small};
        http_init(&h, &cfg, at_ms(0));
        struct span in =
            SPAN_LIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\n0123456789");
        (void)http_recv(&h, at_ms(0), &in);
        while (http_poll(&h, &e)) {}
        http_done(&h);
        EXPECT_EQ(0, small.used);
        budget_done(&small);
    }
}

TEST_MAIN
