/* ping: round trips, wrong answers, deadlines, and the generic engine tests. */
#include "p2p/ping.h"

#include "base/test.h"
#include "p2p/engine_test.h"

#include <string.h>

static const instant NOW = {.us = US_PER_S};

static struct ping started(struct rng_seeded *rng)
{
    struct ping p;
    rng_seeded_init(rng, 1);
    ping_init(&p, true);
    EXPECT_OK(ping_start(&p, &rng->rng, NOW));
    return p;
}

TEST(round_trip_is_measured_from_the_last_byte_out)
{
    struct rng_seeded rng;
    struct ping p = started(&rng);
    struct ping_event e;
    uint8_t bytes[64];
    EXPECT_ERR(ERR_STATE, ping_start(&p, &rng.rng, NOW));
    EXPECT_EQ(10, ping_send(&p, NOW, mspan_of(bytes, 10)));
    EXPECT_EQ(22, ping_send(&p, (instant){.us = NOW.us + 5}, mspan_of(bytes + 10, 54)));
    struct span in = span_of(bytes, 32);
    EXPECT_OK(ping_recv(&p, (instant){.us = NOW.us + 1005}, &in));
    TEST_REQUIRE(ping_poll(&p, &e));
    EXPECT_EQ(PING_EVENT_PONG, e.kind);
    EXPECT_EQ(1000, e.rtt_us);
    EXPECT(instant_is_never(ping_deadline(&p)));
    /* And again on the same stream, with other bytes. */
    uint8_t again[32];
    EXPECT_OK(ping_start(&p, &rng.rng, NOW));
    EXPECT_EQ(32, ping_send(&p, NOW, MSPAN_OF(again)));
    EXPECT(memcmp(bytes, again, 32) != 0);
    ping_done(&p);
}

TEST(what_a_dialer_refuses)
{
    for (size_t i = 0; i < PING_LEN + 2; i++) {
        test_note("case %zu", i);
        struct rng_seeded rng;
        struct ping p = started(&rng);
        struct ping_event e;
        uint8_t bytes[40] = {0};
        (void)ping_send(
            &p, NOW,
            mspan_of(bytes, i == PING_LEN ? 31 : 32)); /* the last but one: answer too early */
        if (i < PING_LEN) {
            bytes[i] ^= 1;
        }
        struct span in =
            span_of(bytes, i == PING_LEN + 1 ? 33 : 32); /* the last: a byte too many */
        while (p.state != PING_FAILED && in.n > 0) {
            (void)ping_recv(&p, NOW, &in);
            if (p.state != PING_FAILED && ping_poll(&p, &e)) {
                EXPECT_EQ(PING_EVENT_PONG, e.kind);
            }
        }
        TEST_REQUIRE(ping_poll(&p, &e));
        EXPECT_EQ(PING_EVENT_FAILED, e.kind);
        EXPECT_ERR(ERR_MALFORMED, e.err);
    }
}

TEST(deadline)
{
    struct rng_seeded rng;
    struct ping p = started(&rng);
    struct ping_event e;
    instant end = instant_add(NOW, PING_TIMEOUT_MS * US_PER_MS);
    EXPECT_EQ(end.us, ping_deadline(&p).us);
    ping_tick(&p, (instant){.us = end.us - 1});
    EXPECT(!ping_poll(&p, &e));
    ping_tick(&p, end);
    TEST_REQUIRE(ping_poll(&p, &e));
    EXPECT_ERR(ERR_TIMEOUT, e.err);
}

TEST(listener_takes_no_more_than_it_can_answer)
{
    struct ping p;
    struct rng_seeded rng;
    ping_init(&p, false);
    rng_seeded_init(&rng, 1);
    EXPECT_ERR(ERR_STATE, ping_start(&p, &rng.rng, NOW));
    uint8_t many[100];
    memset(many, 7, sizeof many);
    struct span in = SPAN_OF(many);
    EXPECT_OK(ping_recv(&p, NOW, &in));
    EXPECT_EQ(100 - PING_LEN, in.n);
    uint8_t out[10];
    EXPECT_EQ(10, ping_send(&p, NOW, MSPAN_OF(out)));
    EXPECT_OK(ping_recv(&p, NOW, &in));
    EXPECT_EQ(100 - PING_LEN - 10, in.n);
}

TEST(listener_answers_before_it_finishes)
{
    struct ping p;
    struct ping_event e;
    ping_init(&p, false);
    struct span in = SPAN_LIT("abc");
    EXPECT_OK(ping_recv(&p, NOW, &in));
    ping_recv_end(&p);
    EXPECT(!ping_poll(&p, &e));
    uint8_t out[10];
    EXPECT_EQ(3, ping_send(&p, NOW, MSPAN_OF(out)));
    TEST_REQUIRE(ping_poll(&p, &e));
    EXPECT_EQ(PING_EVENT_FINISHED, e.kind);
}

TEST(close_while_waiting_is_a_failure)
{
    struct rng_seeded rng;
    struct ping p = started(&rng);
    struct ping_event e;
    ping_recv_end(&p);
    TEST_REQUIRE(ping_poll(&p, &e));
    EXPECT_ERR(ERR_CLOSED, e.err);
    EXPECT(!ping_poll(&p, &e));
}

/* For the generic tests: the dialer pings three times. */
struct side {
    struct ping ping;
    struct rng_seeded rng;
    unsigned left;
};
static struct side sides[2];

static void *make(instant now, unsigned twin)
{
    struct side *s = &sides[twin];
    *s = (struct side){.left = 2};
    rng_seeded_init(&s->rng, 1);
    ping_init(&s->ping, twin == 0);
    if (twin == 0) {
        EXPECT_OK(ping_start(&s->ping, &s->rng.rng, now));
    }
    return s;
}

static void *make_listener(instant now, unsigned twin)
{
    (void)twin;
    return make(now, 1);
}

static void drop(void *engine)
{
    ping_done(&((struct side *)engine)->ping);
}

static enum err engine_recv(void *engine, instant now, struct span *in)
{
    return ping_recv(&((struct side *)engine)->ping, now, in);
}

static void engine_end(void *engine)
{
    ping_recv_end(&((struct side *)engine)->ping);
}

static size_t engine_send(void *engine, instant now, struct mspan out)
{
    return ping_send(&((struct side *)engine)->ping, now, out);
}

static bool engine_poll(void *engine, instant now, struct engine_trace *trace)
{
    struct side *s = engine;
    struct ping_event e;
    if (!ping_poll(&s->ping, &e)) {
        return false;
    }
    engine_trace_event(trace, "kind=%d err=%s left=%u", (int)e.kind, err_name(e.err), s->left);
    if (e.kind == PING_EVENT_PONG && s->left > 0) {
        s->left--;
        EXPECT_OK(ping_start(&s->ping, &s->rng.rng, now));
    }
    return true;
}

static instant engine_deadline(const void *engine)
{
    return ping_deadline(&((const struct side *)engine)->ping);
}

static void engine_tick(void *engine, instant now)
{
    ping_tick(&((struct side *)engine)->ping, now);
}

static const struct engine_kind DIALER = {"ping dialer", make,        drop,        engine_recv,
                                          engine_end,    engine_send, engine_poll, engine_deadline,
                                          engine_tick,   false};
static const struct engine_kind LISTENER = {
    "ping listener", make_listener,   drop,        engine_recv, engine_end, engine_send,
    engine_poll,     engine_deadline, engine_tick, false};

TEST(segments)
{
    uint8_t bytes[100];
    for (uint8_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i;
    }
    EXPECT(engine_test_segments(&LISTENER, SPAN_OF(bytes), "kind=1"));
    EXPECT(engine_test_segments(&DIALER, SPAN_OF(bytes), "err=malformed"));
}

TEST(twin)
{
    struct engine_twin twin = {.client = &DIALER,
                               .server = &LISTENER,
                               .pipe_len = 20,
                               .client_event = "kind=0 err=ok left=0"};
    EXPECT(engine_test_twin(&twin, 30));
}

TEST_MAIN
