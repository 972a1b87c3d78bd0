#include "plugin/sidecar.h"

#include "base/rng.h"
#include "base/test.h"

#include <stdio.h>
#include <string.h>

#define NONCE "00112233445566778899aabbccddeeff"
#define MESSAGE(method, params)                                                                    \
    "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":{" params "}}"
#define HELLO MESSAGE("hello", "\"proto\":1,\"build\":\"b\",\"abi\":1")
#define READY MESSAGE("ready", "\"nonce\":\"" NONCE "\",\"listen\":\"/ip4/127.0.0.1/tcp/1\"")

struct talk {
    struct sidecar s;
    instant now;
    size_t segment; /* bytes of one recv; 0: whole */
    char events[256];
    uint8_t out[4096];
    size_t out_len;
};

static void drain(struct talk *t)
{
    struct sidecar_event e;
    static const char letters[] = "RPSTK";
    while (sidecar_poll(&t->s, &e)) {
        size_t n = strlen(t->events);
        (void)snprintf(t->events + n, sizeof t->events - n, "%c", letters[e.type]);
    }
    t->out_len +=
        sidecar_send(&t->s, t->now, mspan_of(t->out + t->out_len, sizeof t->out - t->out_len));
}

static void begin(struct talk *t)
{
    struct sidecar_cfg cfg = {.budget = test_budget(), .abi = 1, .nonce = NONCE, .state_dir = "/x"};
    memset(t, 0, sizeof *t);
    t->now.us = 1000;
    sidecar_init(&t->s, &cfg, t->now);
}

static void hear_bytes(struct talk *t, struct span in)
{
    while (in.n > 0) {
        struct span part = span_take(&in, t->segment ? t->segment : in.n);
        while (part.n > 0) {
            EXPECT_OK(sidecar_recv(&t->s, t->now, &part));
            drain(t);
        }
    }
}

static void hear(struct talk *t, const char *message)
{
    uint8_t frame[2048];
    struct wr w = wr_init(MSPAN_OF(frame));
    frame_write(&w, FRAME_BE32, span_str(message));
    hear_bytes(t, span_of(frame, w.n));
}

static void wait_s(struct talk *t, uint64_t s)
{
    for (uint64_t i = 0; i < s; i++) {
        t->now = instant_add(t->now, US_PER_S);
        sidecar_tick(&t->s, t->now);
        drain(t);
    }
}

/* Did it say this? */
static bool has_sent(const struct talk *t, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i + n <= t->out_len; i++) {
        if (memcmp(t->out + i, text, n) == 0) {
            return true;
        }
    }
    return false;
}

static void be_ready(struct talk *t)
{
    begin(t);
    hear(t, HELLO);
    hear(t, READY);
    EXPECT_EQ(SIDECAR_READY, t->s.state);
}

TEST(from_start_to_drain)
{
    static const size_t segments[] = {0, 1, 3, 50};
    for (size_t i = 0; i < sizeof segments / sizeof segments[0]; i++) {
        static struct talk t;
        begin(&t);
        t.segment = segments[i];
        hear(&t, HELLO);
        EXPECT(has_sent(&t, "\"method\":\"init\",\"params\":{\"nonce\":\"" NONCE
                            "\",\"state_dir\":\"/x\"}"));
        hear(&t, MESSAGE("progress", "\"text\":\"moving\""));
        hear(&t, READY);
        wait_s(&t, 5);
        EXPECT(has_sent(&t, "\"method\":\"ping\",\"params\":{\"n\":1}"));
        hear(&t, MESSAGE("pong", "\"n\":1"));
        hear(&t, MESSAGE("status", "\"peers\":3"));
        sidecar_shutdown(&t.s, t.now, 2000);
        drain(&t);
        EXPECT(has_sent(&t, "\"method\":\"shutdown\",\"params\":{\"deadline_ms\":2000}"));
        EXPECT_EQ(SIDECAR_STAY_DOWN, sidecar_ended(&t.s, 0));
        EXPECT_STR("PRS", t.events);
        EXPECT_STR("", t.s.why);
        sidecar_done(&t.s);
    }
}

TEST(times_that_are_not_kept)
{
    static struct talk t;
    begin(&t);
    wait_s(&t, 4);
    EXPECT_STR("", t.events);
    wait_s(&t, 1);
    EXPECT_STR("T", t.events);
    wait_s(&t, 5);
    EXPECT_STR("TK", t.events);
    EXPECT(strstr(t.s.why, "hello") != NULL);
    EXPECT_EQ(SIDECAR_START_AGAIN, sidecar_ended(&t.s, 137));
    sidecar_done(&t.s);
    begin(&t);
    hear(&t, HELLO);
    wait_s(&t, 59);
    hear(&t, MESSAGE("progress", "\"text\":\"x\""));
    wait_s(&t, 59);
    EXPECT_STR("P", t.events);
    wait_s(&t, 1);
    EXPECT_STR("PT", t.events);
    sidecar_done(&t.s);
}

TEST(a_hang_is_noticed_within_twenty_seconds)
{
    static struct talk t;
    be_ready(&t);
    wait_s(&t, 20);
    EXPECT_STR("RT", t.events);
    EXPECT(strstr(t.s.why, "hangs") != NULL);
    sidecar_done(&t.s);
    be_ready(&t);
    for (unsigned n = 1; n <= 20; n++) {
        char pong[128];
        wait_s(&t, 5);
        t.out_len = 0;
        (void)snprintf(pong, sizeof pong, MESSAGE("pong", "\"n\":%u"), n);
        hear(&t, pong);
    }
    EXPECT_STR("R", t.events);
    sidecar_done(&t.s);
}

TEST(one_that_does_not_drain_is_killed)
{
    static struct talk t;
    be_ready(&t);
    sidecar_shutdown(&t.s, t.now, 2000);
    wait_s(&t, 1);
    EXPECT_STR("R", t.events);
    wait_s(&t, 1);
    EXPECT_STR("RT", t.events);
    wait_s(&t, 5);
    EXPECT_STR("RTK", t.events);
    EXPECT_EQ(SIDECAR_STAY_DOWN, sidecar_ended(&t.s, 137));
    sidecar_done(&t.s);
}

TEST(rules_that_are_broken)
{
    static const struct {
        const char *name;
        const char *messages[3];
        bool is_incompatible;
        const char *why;
    } cases[] = {
        {"another protocol",           {MESSAGE("hello", "\"proto\":2,\"abi\":1")},             true,  "another version" },
        {"another interface",          {MESSAGE("hello", "\"proto\":1,\"abi\":2")},             true,  "another version" },
        {"no interface",               {MESSAGE("hello", "\"proto\":1")},                       true,  "another version" },
        {"no hello",                   {READY},                                                 true,  "hello first"     },
        {"hello twice",                {HELLO, HELLO},                                          true,  "twice"           },
        {"another nonce",
         {HELLO,
          MESSAGE("ready", "\"nonce\":\"00112233445566778899aabbccddeef0\",\"listen\":\"x\"")},
         true,                                                                                         "not the process" },
        {"half a nonce",
         {HELLO, MESSAGE("ready", "\"nonce\":\"0011\",\"listen\":\"x\"")},
         true,                                                                                         "not the process" },
        {"no nonce",                   {HELLO, MESSAGE("ready", "\"listen\":\"x\"")},           true,  "not the process" },
        {"ready twice",                {HELLO, READY, READY},                                   false, "ready before"    },
        {"no address",
         {HELLO, MESSAGE("ready", "\"nonce\":\"" NONCE "\"")},
         false,                                                                                        "where it listens"},
        {"a pong for nothing",         {HELLO, READY, MESSAGE("pong", "\"n\":1")},              false, "nobody asked"    },
        {"no JSON",                    {HELLO, "{"},                                            false, "no message"      },
        {"empty",                      {HELLO, ""},                                             false, "no message"      },
        {"no parameters",              {HELLO, "{\"method\":\"ready\"}"},                       false, "no message"      },
        {"parameters that are a list",
         {HELLO, "{\"method\":\"ready\",\"params\":[]}"},
         false,                                                                                        "no message"      },
        {"another method",             {HELLO, MESSAGE("exec", "")},                            false, "there is not"    },
        {"a name twice",
         {"{\"method\":\"hello\",\"method\":\"hello\",\"params\":{}}"},
         false,                                                                                        "no message"      },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct talk t;
        begin(&t);
        test_note("%s", cases[i].name);
        for (size_t k = 0; k < 3 && cases[i].messages[k]; k++) {
            hear(&t, cases[i].messages[k]);
        }
        EXPECT_EQ(SIDECAR_STOPPING, t.s.state);
        EXPECT(strstr(t.s.why, cases[i].why) != NULL);
        EXPECT_EQ(cases[i].is_incompatible ? SIDECAR_INCOMPATIBLE : SIDECAR_START_AGAIN,
                  sidecar_ended(&t.s, 143));
        sidecar_done(&t.s);
    }
}

TEST(a_length_beyond_the_limit)
{
    static const uint8_t four_gib[] = {0xff, 0xff, 0xff, 0xff, 0};
    static const uint8_t one_more[] = {0x00, 0x10, 0x00, 0x01, 0};
    static struct talk t;
    begin(&t);
    hear_bytes(&t, SPAN_OF(four_gib));
    EXPECT_STR("T", t.events);
    sidecar_done(&t.s);
    begin(&t);
    hear_bytes(&t, SPAN_OF(one_more));
    EXPECT_STR("T", t.events);
    sidecar_done(&t.s);
}

TEST(a_flood_of_status_counts_once_a_second)
{
    static struct talk t;
    be_ready(&t);
    for (int i = 0; i < 1000; i++) {
        hear(&t, MESSAGE("status", "\"peers\":3"));
    }
    EXPECT_STR("RS", t.events);
    wait_s(&t, 1);
    hear(&t, MESSAGE("status", "\"peers\":3"));
    EXPECT_STR("RSS", t.events);
    sidecar_done(&t.s);
}

TEST(ends)
{
    static const struct {
        int status;
        enum sidecar_verdict verdict;
        const char *why;
    } ends_of_it[] = {
        {0,   SIDECAR_START_AGAIN,  "status 0"     },
        {1,   SIDECAR_START_AGAIN,  "status 1"     },
        {64,  SIDECAR_STAY_DOWN,    "configuration"},
        {78,  SIDECAR_STAY_DOWN,    "configuration"},
        {75,  SIDECAR_START_AGAIN,  "status 75"    },
        {100, SIDECAR_INCOMPATIBLE, "go with"      },
        {139, SIDECAR_START_AGAIN,  "signal 11"    },
    };
    for (size_t i = 0; i < sizeof ends_of_it / sizeof ends_of_it[0]; i++) {
        static struct talk t;
        be_ready(&t);
        EXPECT_EQ(ends_of_it[i].verdict, sidecar_ended(&t.s, ends_of_it[i].status));
        EXPECT(strstr(t.s.why, ends_of_it[i].why) != NULL);
        EXPECT(instant_is_never(sidecar_deadline(&t.s)));
        sidecar_done(&t.s);
    }
}

TEST_MAIN
