/* The exchange of DCUtR: the moment it agrees on, what is out of turn, deadlines, and the generic engine tests. */
#include "p2p/dcutr.h"

#include "base/test.h"
#include "p2p/engine_test.h"

#include <string.h>

static const instant NOW = {.us = US_PER_S};
static const char ADDR[] = "0401020304060fa1";

static void start(struct dcutr *d, bool asks)
{
    struct span addr = test_hex(ADDR);
    struct dcutr_cfg cfg = {.asks = asks,
                            .addrs = &addr,
                            .addrs_count = 1,
                            .timeout_us = 10 * US_PER_S,
                            .budget = test_budget()};
    EXPECT_OK(dcutr_init(d, &cfg, NOW));
}

static instant at_ms(uint64_t ms)
{
    return instant_add(NOW, ms * US_PER_MS);
}

static void pass(struct dcutr *from, struct dcutr *to, instant sent, instant heard)
{
    uint8_t room[256];
    struct span in = span_of(room, dcutr_send(from, sent, MSPAN_OF(room)));
    EXPECT(in.n > 0);
    (void)dcutr_recv(to, heard, &in);
    EXPECT_EQ(0, in.n);
}

TEST(both_sides_begin_at_once)
{
    struct dcutr b;
    struct dcutr a;
    struct dcutr_event e;
    uint8_t room[16];
    start(&b, true);
    start(&a, false);
    EXPECT_EQ(0, dcutr_send(&a, NOW, MSPAN_OF(room))); /* it speaks when it is spoken to */
    pass(&b, &a, at_ms(0), at_ms(40));
    pass(&a, &b, at_ms(40), at_ms(80));
    EXPECT_EQ(at_ms(120).us, dcutr_deadline(&b).us);
    EXPECT(!dcutr_poll(&b, &e));
    pass(&b, &a, at_ms(80), at_ms(120));
    TEST_REQUIRE(EXPECT(dcutr_poll(&a, &e)));
    EXPECT_EQ(DCUTR_EVENT_PUNCH, e.kind);
    EXPECT_EQ(1, e.addrs_count);
    EXPECT_SPAN(test_hex(ADDR), e.addrs[0]);
    dcutr_tick(&b, at_ms(119));
    EXPECT(!dcutr_poll(&b, &e));
    dcutr_tick(&b, at_ms(120));
    TEST_REQUIRE(EXPECT(dcutr_poll(&b, &e)));
    EXPECT_EQ(DCUTR_EVENT_PUNCH, e.kind);
    EXPECT_EQ(80 * US_PER_MS, e.rtt_us);
    EXPECT_SPAN(test_hex(ADDR), e.addrs[0]);
    dcutr_done(&a);
    dcutr_done(&b);
}

TEST(what_is_out_of_turn)
{
    static const struct {
        const char *name;
        bool asks;
        const char *hex;
        enum err err;
    } table[] = {
        {"SYNC to the side that says it",        true,  "03 08ac02",                                                   ERR_MALFORMED  },
        {"SYNC before CONNECT",                  false, "03 08ac02",                                                   ERR_MALFORMED  },
        {"CONNECT twice",                        false, "0c 0864 1208 0401020304060fa1 0c 0864 1208 0401020304060fa1",
         ERR_MALFORMED                                                                                                                },
        {"CONNECT twice to the side that asked", true,
         "0c 0864 1208 0401020304060fa1 0c 0864 1208 0401020304060fa1",                                                ERR_MALFORMED  },
        {"no address",                           false, "02 0864",                                                     ERR_NOT_FOUND  },
        {"no type",                              false, "00",                                                          ERR_MALFORMED  },
        {"another type",                         true,  "02 0805",                                                     ERR_UNSUPPORTED},
        {"too long",                             false, "8120",                                                        ERR_LIMIT      },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct dcutr d;
        struct dcutr_event e;
        uint8_t room[64];
        test_note("%s", table[i].name);
        start(&d, table[i].asks);
        (void)dcutr_send(&d, NOW, MSPAN_OF(room));
        struct span in = test_hex(table[i].hex);
        (void)dcutr_recv(&d, NOW, &in);
        TEST_REQUIRE(EXPECT(dcutr_poll(&d, &e)));
        EXPECT_EQ(DCUTR_EVENT_FAILED, e.kind);
        EXPECT_ERR(table[i].err, e.err);
        EXPECT_ERR(ERR_CLOSED, dcutr_recv(&d, NOW, &in));
        dcutr_done(&d);
    }
}

TEST(deadlines_and_ends)
{
    for (int i = 0; i < 4; i++) {
        struct dcutr d;
        struct dcutr_event e;
        test_note("case %d", i);
        start(&d, i & 1);
        if (i & 2) {
            dcutr_recv_end(&d);
        } else {
            dcutr_tick(&d, at_ms(9999));
            EXPECT(!dcutr_poll(&d, &e));
            dcutr_tick(&d, at_ms(10000));
        }
        TEST_REQUIRE(EXPECT(dcutr_poll(&d, &e)));
        EXPECT_ERR(i & 2 ? ERR_CLOSED : ERR_TIMEOUT, e.err);
        EXPECT(instant_is_never(dcutr_deadline(&d)));
        dcutr_done(&d);
    }
}

TEST(no_memory)
{
    for (size_t memory = 0; memory < 600; memory += 7) {
        struct budget budget;
        struct dcutr d;
        struct span addr = test_hex(ADDR);
        budget_init(&budget, test_budget(), "test", memory);
        struct dcutr_cfg cfg = {.asks = memory & 1,
                                .addrs = &addr,
                                .addrs_count = 1,
                                .timeout_us = US_PER_S,
                                .budget = &budget};
        if (dcutr_init(&d, &cfg, NOW) == OK) {
            uint8_t room[64];
            struct span in = test_hex("0c 0864 1208 0401020304060fa1 03 08ac02");
            (void)dcutr_send(&d, NOW, MSPAN_OF(room));
            (void)dcutr_recv(&d, NOW, &in);
        }
        dcutr_done(&d);
        EXPECT_EQ(0, budget.used);
    }
}

/* ---- the generic engine tests ---- */

static struct dcutr engines[2];

static void *make(instant now, unsigned twin)
{
    (void)now;
    start(&engines[twin], twin == 0);
    return &engines[twin];
}

static void *make_second(instant now, unsigned twin)
{
    (void)twin;
    return make(now, 1);
}

static void drop(void *d)
{
    dcutr_done(d);
}

static enum err recv(void *d, instant now, struct span *in)
{
    return dcutr_recv(d, now, in);
}

static void end(void *d)
{
    dcutr_recv_end(d);
}

static size_t send(void *d, instant now, struct mspan out)
{
    return dcutr_send(d, now, out);
}

static bool poll(void *d, instant now, struct engine_trace *trace)
{
    struct dcutr_event e;
    (void)now;
    if (!dcutr_poll(d, &e)) {
        return false;
    }
    if (e.kind == DCUTR_EVENT_PUNCH) {
        engine_trace_event(trace, "punch %zu", e.addrs_count);
    } else {
        engine_trace_event(trace, "failed %s", err_name(e.err));
    }
    return true;
}

static instant deadline(const void *d)
{
    return dcutr_deadline(d);
}

static void tick(void *d, instant now)
{
    dcutr_tick(d, now);
}

static const struct engine_kind KIND = {.name = "dcutr",
                                        .make = make,
                                        .drop = drop,
                                        .recv = recv,
                                        .end = end,
                                        .send = send,
                                        .poll = poll,
                                        .deadline = deadline,
                                        .tick = tick};

TEST(segments)
{
    struct engine_kind answers = KIND;
    answers.make = make_second;
    EXPECT(engine_test_segments(&answers, test_hex("0c 0864 1208 0401020304060fa1 03 08ac02"),
                                "punch 1"));
    EXPECT(engine_test_segments(&answers, test_hex("0c 0864 1208 0401020304060fa1 02 0864"),
                                "failed malformed"));
}

TEST(twin)
{
    struct engine_twin twin = {
        .client = &KIND, .server = &KIND, .client_event = "punch 1", .server_event = "punch 1"};
    EXPECT(engine_test_twin(&twin, 20));
}

TEST_MAIN
