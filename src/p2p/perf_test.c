/* perf: both directions, lengths that do not agree, and the generic engine tests. */
#include "p2p/perf.h"

#include "base/test.h"
#include "p2p/engine_test.h"

#include <string.h>

static const instant NOW = {.us = US_PER_S};

TEST(client_says_first_how_much_it_wants)
{
    struct perf p;
    struct perf_event e;
    uint8_t out[64];
    perf_client_init(&p, (struct perf_cfg){.upload_len = 3, .download_len = 0x0102}, NOW);
    EXPECT_EQ(11, perf_send(&p, NOW, MSPAN_OF(out)));
    EXPECT_SPAN(test_hex("0000000000000102 000000"), span_of(out, 11));
    TEST_REQUIRE(perf_poll(&p, &e));
    EXPECT_EQ(PERF_EVENT_SENT, e.kind);
    static uint8_t down[0x102];
    struct span in = SPAN_OF(down);
    EXPECT_OK(perf_recv(&p, (instant){.us = NOW.us + 50}, &in));
    perf_recv_end(&p, (instant){.us = NOW.us + 80});
    TEST_REQUIRE(perf_poll(&p, &e));
    EXPECT_EQ(PERF_EVENT_FINISHED, e.kind);
    EXPECT_EQ(50, e.result.upload_us);
    EXPECT_EQ(30, e.result.download_us);
    EXPECT_EQ(0x102, e.result.download_len);
    perf_done(&p);
}

TEST(server_answers_after_the_upload)
{
    struct perf p;
    struct perf_event e;
    uint8_t out[64];
    perf_server_init(&p, NOW);
    struct span in = test_hex("0000000000000005 aabb");
    EXPECT_OK(perf_recv(&p, NOW, &in));
    EXPECT_EQ(0, perf_send(&p, NOW, MSPAN_OF(out)));
    perf_recv_end(&p, NOW);
    EXPECT_EQ(5, perf_send(&p, NOW, MSPAN_OF(out)));
    EXPECT_EQ(0, perf_send(&p, NOW, MSPAN_OF(out)));
    TEST_REQUIRE(perf_poll(&p, &e));
    EXPECT_EQ(PERF_EVENT_SENT, e.kind);
    EXPECT_EQ(2, e.result.upload_len);
    EXPECT(!perf_poll(&p, &e));
    perf_done(&p);
}

TEST(lengths_that_do_not_agree)
{
    struct perf p;
    struct perf_event e;
    uint8_t out[64];
    for (unsigned i = 0; i < 3; i++) {
        test_note("case %u", i);
        perf_client_init(&p, (struct perf_cfg){.upload_len = 0, .download_len = 4}, NOW);
        if (i < 2) {
            (void)perf_send(&p, NOW, MSPAN_OF(out));
            EXPECT(perf_poll(&p, &e));
        }
        struct span in = span_of("12345", i == 0 ? 5 : 3);
        (void)perf_recv(&p, NOW, &in);
        perf_recv_end(&p, NOW);
        TEST_REQUIRE(perf_poll(&p, &e));
        EXPECT_EQ(PERF_EVENT_FAILED, e.kind);
        EXPECT_ERR(i == 0 ? ERR_MALFORMED : ERR_CLOSED, e.err);
    }
    perf_server_init(&p, NOW);
    struct span in = test_hex("00000000000000");
    EXPECT_OK(perf_recv(&p, NOW, &in));
    perf_recv_end(&p, NOW);
    TEST_REQUIRE(perf_poll(&p, &e));
    EXPECT_ERR(ERR_CLOSED, e.err);
}

TEST(server_asked_for_everything_does_not_overflow)
{
    struct perf p;
    uint8_t out[64];
    perf_server_init(&p, NOW);
    struct span in = test_hex("ffffffffffffffff");
    EXPECT_OK(perf_recv(&p, NOW, &in));
    perf_recv_end(&p, NOW);
    EXPECT_EQ(sizeof out, perf_send(&p, NOW, MSPAN_OF(out)));
}

/* For the generic tests. The end of the client's upload reaches the server with its SENT event. */
static struct perf sides[2];
static instant clock_now;

static void *make(instant now, unsigned twin)
{
    if (twin == 0) {
        perf_client_init(&sides[0], (struct perf_cfg){.upload_len = 300, .download_len = 200}, now);
    } else {
        perf_server_init(&sides[1], now);
    }
    return &sides[twin];
}

static void *make_server(instant now, unsigned twin)
{
    (void)twin;
    return make(now, 1);
}

static void drop(void *engine)
{
    perf_done(engine);
}

static enum err engine_recv(void *engine, instant now, struct span *in)
{
    return perf_recv(engine, now, in);
}

static void engine_end(void *engine)
{
    perf_recv_end(engine, clock_now);
}

static size_t engine_send(void *engine, instant now, struct mspan out)
{
    return perf_send(engine, now, out);
}

static bool engine_poll(void *engine, instant now, struct engine_trace *trace)
{
    clock_now = now;
    struct perf_event e;
    if (!perf_poll(engine, &e)) {
        return false;
    }
    engine_trace_event(trace, "kind=%d up=%zu down=%zu err=%s", (int)e.kind,
                       (size_t)e.result.upload_len, (size_t)e.result.download_len, err_name(e.err));
    return true;
}

static instant engine_deadline(const void *engine)
{
    (void)engine;
    return INSTANT_NEVER;
}

static void engine_tick(void *engine, instant now)
{
    (void)engine;
    (void)now;
}

static const struct engine_kind CLIENT = {"perf client", make,        drop,        engine_recv,
                                          engine_end,    engine_send, engine_poll, engine_deadline,
                                          engine_tick,   false};
static const struct engine_kind SERVER = {"perf server", make_server, drop,        engine_recv,
                                          engine_end,    engine_send, engine_poll, engine_deadline,
                                          engine_tick,   false};

TEST(segments)
{
    static uint8_t bytes[200];
    EXPECT(engine_test_segments(&CLIENT, SPAN_OF(bytes), "kind=1 up=300 down=200"));
    EXPECT(engine_test_segments(&CLIENT, span_of(bytes, 199), "err=closed"));
    bytes[7] = 9;
    EXPECT(engine_test_segments(&SERVER, SPAN_OF(bytes), "kind=0 up=192 down=9"));
    EXPECT(engine_test_segments(&SERVER, span_of(bytes, 5), "err=closed"));
}

TEST(twin)
{
    struct engine_twin twin = {.client = &CLIENT, .server = &SERVER, .client_event = "kind=0"};
    EXPECT(engine_test_twin(&twin, 10));
}

TEST_MAIN
