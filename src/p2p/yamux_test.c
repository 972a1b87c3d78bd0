#include "p2p/yamux.h"

#include "base/check.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/test.h"
#include "base/wr.h"
#include "p2p/engine_test.h"

#include <stdio.h>
#include <string.h>

static const instant T0 = {.us = 1000000};

static struct yamux_cfg cfg_of(bool client)
{
    struct yamux_cfg cfg = yamux_cfg_default(client, test_budget());
    cfg.credit = test_budget();
    return cfg;
}

static void start(struct yamux *y, const struct yamux_cfg *cfg)
{
    check(yamux_init(y, cfg, T0) == OK);
    uint8_t out[64];
    size_t n = yamux_send(y, T0, MSPAN_OF(out)); /* the first ping */
    check(n == YAMUX_HEADER_LEN);
}

/* feed gives frames in hex and collects the kinds of all events as letters:
 * O opened, D data, F fin, R reset, W writable, S stream closed, X refused, G go-away, C closed. */
static struct {
    char kinds[256];
    size_t n;
    struct yamux_event last;
    size_t data_len;
} seen;

static void drain_events(struct yamux *y)
{
    struct yamux_event e;
    while (yamux_poll(y, &e)) {
        check(seen.n < sizeof seen.kinds - 1);
        seen.kinds[seen.n++] = "ODFRWSXGC"[e.kind];
        seen.kinds[seen.n] = '\0';
        seen.last = e;
        seen.data_len += e.data.n;
    }
}

static const char *feed_span(struct yamux *y, instant now, struct span in)
{
    memset(&seen, 0, sizeof seen);
    while (yamux_recv(y, now, &in) == OK && (in.n > 0 || y->has_event)) {
        drain_events(y);
    }
    drain_events(y);
    return seen.kinds;
}

static const char *feed(struct yamux *y, const char *hex)
{
    return feed_span(y, T0, test_hex(hex));
}

static struct span output(struct yamux *y)
{
    static uint8_t out[1 << 16];
    return span_of(out, yamux_send(y, T0, MSPAN_OF(out)));
}

static uint32_t open_stream(struct yamux *y)
{
    uint32_t id = 0;
    EXPECT_OK(yamux_open_stream(y, &id, NULL, (struct yamux_open_args){.now = T0}));
    return id;
}

/* Bytes worked out by hand from the frame layout of the spec. */
TEST(bytes_of_a_short_conversation)
{
    struct yamux_cfg cc = cfg_of(true);
    struct yamux_cfg cs = cfg_of(false);
    struct yamux c;
    struct yamux s;
    EXPECT_OK(yamux_init(&c, &cc, T0));
    start(&s, &cs);
    EXPECT_SPAN(test_hex("00 02 0001 00000000 00000001"), output(&c));
    uint32_t id = open_stream(&c);
    EXPECT_EQ(1, id);
    EXPECT_EQ(2, yamux_write(&c, id, SPAN_LIT("hi")));
    EXPECT_SPAN(test_hex("00 01 0001 00000001 00000000  00 00 0000 00000001 00000002 6869"),
                output(&c));
    EXPECT_STR("OD", feed(&s, "00 01 0001 00000001 00000000  00 00 0000 00000001 00000002 6869"));
    EXPECT_SPAN(SPAN_LIT("hi"), seen.last.data);
    EXPECT_OK(yamux_accept_stream(&s, 1, NULL));
    EXPECT_SPAN(test_hex("00 01 0002 00000001 00000000"), output(&s));
    yamux_finish(&s, 1);
    EXPECT_SPAN(test_hex("00 00 0004 00000001 00000000"), output(&s));
    EXPECT_STR("F", feed(&c, "00 01 0002 00000001 00000000 00 00 0004 00000001 00000000"));
    yamux_finish(&c, id);
    EXPECT_SPAN(test_hex("00 00 0004 00000001 00000000"), output(&c));
    EXPECT_STR("S", feed(&c, ""));
    EXPECT_STR("FS", feed(&s, "00 00 0004 00000001 00000000"));
    EXPECT_EQ(0, s.streams.count + c.streams.count);
    yamux_done(&c);
    yamux_done(&s);
}

/* What a peer may not do: one table, each line one server and its verdict. */
TEST(violations_end_the_connection)
{
    static const struct {
        const char *name;
        const char *hex;
        const char *events;
    } cases[] = {
        {"version 1",                           "01 00 0001 00000001 00000000",                                 "C"  },
        {"type 4",                              "00 04 0000 00000000 00000000",                                 "C"  },
        {"data for stream 0",                   "00 00 0001 00000000 00000000",                                 "C"  },
        {"window update for stream 0",          "00 01 0000 00000000 00000001",                                 "C"  },
        {"opened with our parity",              "00 01 0001 00000002 00000000",                                 "C"  },
        {"opened twice",                        "00 01 0001 00000001 00000000 00 01 0001 00000001 00000000",    "OC" },
        /* CVE-2026-32314: opening data beyond the window */
        {"SYN data of 256 KiB + 1",             "00 00 0001 00000001 00040001",                                 "OC" },
        {"SYN data of 256 KiB",                 "00 00 0001 00000001 00040000",                                 "O"  },
        /* CVE-2026-31814: send window past 2^32-1 */
        {"delta to 2^32-1",                     "00 01 0001 00000001 fffbffff",                                 "O"  },
        {"delta past 2^32-1",                   "00 01 0001 00000001 fffc0000",                                 "OC" },
        {"two deltas past 2^32-1",              "00 01 0001 00000001 fffbffff 00 01 0000 00000001 00000001",
         "OC"                                                                                                        },
        {"data after FIN",                      "00 00 0005 00000001 00000000 00 00 0000 00000001 00000001 61", "OFC"},
        {"empty data after FIN",                "00 00 0005 00000001 00000000 00 00 0000 00000001 00000000",    "OF" },
        {"second FIN",                          "00 00 0005 00000001 00000000 00 00 0004 00000001 00000000",    "OF" },
        {"FIN with data",                       "00 00 0005 00000001 00000001 61",                              "ODF"},
        {"FIN on a window update",              "00 01 0005 00000001 00000000",                                 "OF" },
        {"data for a stream never opened",      "00 00 0000 00000007 00000002 6161",                            ""   },
        {"more than any window for it",         "00 00 0000 00000007 01000001",                                 "C"  },
        {"window update for an unknown stream", "00 01 0000 00000007 ffffffff",                                 ""   },
        {"RST for an unknown stream",           "00 01 0008 00000007 00000000",                                 ""   },
        {"opened and reset at once",            "00 01 0009 00000001 00000000",                                 ""   },
        {"reset",                               "00 01 0001 00000001 00000000 00 01 0008 00000001 00000005",    "OR" },
        {"reset with data is drained",
         "00 00 0001 00000001 00000000 00 00 0008 00000001 00000002 6161",                                      "OR" },
        {"unknown flags",                       "00 01 fff1 00000001 00000000",                                 "O"  },
        {"pong out of the blue",                "00 02 0002 00000000 12345678",                                 ""   },
        {"go-away",                             "00 03 0000 00000000 00000000",                                 "G"  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        struct yamux_cfg cfg = cfg_of(false);
        struct yamux y;
        start(&y, &cfg);
        EXPECT_STR(cases[i].events, feed(&y, cases[i].hex));
        if (strchr(cases[i].events, 'C')) {
            EXPECT_EQ(ERR_MALFORMED, seen.last.err);
            EXPECT(seen.last.rule != NULL);
            EXPECT_SPAN(test_hex("00 03 0000 00000000 00000001"), output(&y));
            EXPECT_EQ(0, output(&y).n);
        }
        yamux_done(&y);
    }
}

TEST(reset_carries_its_code)
{
    struct yamux_cfg cfg = cfg_of(false);
    struct yamux y;
    start(&y, &cfg);
    EXPECT_STR("OR", feed(&y, "00 01 0001 00000001 00000000 00 01 0008 00000001 000003e9"));
    EXPECT_EQ(1001, seen.last.code);
    EXPECT_STR("O", feed(&y, "00 01 0001 00000003 00000000"));
    yamux_reset_stream(&y, 3, 7);
    EXPECT_SPAN(test_hex("00 01 0008 00000003 00000007"), output(&y));
    EXPECT_EQ(0, y.streams.count);
    yamux_done(&y);
}

TEST(pings)
{
    struct yamux_cfg cfg = cfg_of(false);
    struct yamux y;
    start(&y, &cfg);
    EXPECT_STR("", feed(&y, "00 02 0001 00000000 0badcafe"));
    EXPECT_SPAN(test_hex("00 02 0002 00000000 0badcafe"), output(&y));
    EXPECT_EQ(0, y.rtt_us);
    EXPECT_STR("", feed_span(&y, instant_add(T0, 30000), test_hex("00 02 0002 00000000 00000001")));
    EXPECT_EQ(30000, y.rtt_us);
    yamux_done(&y);
}

/* CVE-2024-32984: answers that are owed are bounded. */
TEST(ping_flood_while_blocked)
{
    for (size_t extra = 0; extra < 2; extra++) {
        struct yamux_cfg cfg = cfg_of(false);
        struct yamux y;
        start(&y, &cfg);
        for (size_t i = 0; i < YAMUX_PONGS_MAX; i++) {
            EXPECT_STR("", feed(&y, "00 02 0001 00000000 00000001"));
        }
        if (extra) {
            EXPECT_STR("C", feed(&y, "00 02 0001 00000000 00000001"));
        }
        yamux_done(&y);
    }
}

TEST(refused_streams_flood_while_blocked)
{
    struct yamux_cfg cfg = cfg_of(false);
    cfg.streams_in_max = 1;
    struct yamux y;
    start(&y, &cfg);
    EXPECT_STR("O", feed(&y, "00 01 0001 00000001 00000000"));
    for (uint32_t i = 0; i < YAMUX_RESETS_MAX + 1; i++) {
        uint8_t h[YAMUX_HEADER_LEN];
        yamux_frame_encode(h, &(struct yamux_frame){.type = YAMUX_TYPE_WINDOW_UPDATE,
                                                    .flags = YAMUX_FLAG_SYN,
                                                    .stream_id = 3 + 2 * i});
        EXPECT_STR(i < YAMUX_RESETS_MAX ? "X" : "XC", feed_span(&y, T0, SPAN_OF(h)));
    }
    yamux_done(&y);
}

TEST(limits_name_scope_and_figures)
{
    struct yamux_cfg cfg = cfg_of(false);
    cfg.streams_in_max = 1;
    cfg.streams_max = 3;
    cfg.backlog_max = 2;
    struct yamux y;
    start(&y, &cfg);
    EXPECT_STR("OX", feed(&y, "00 01 0001 00000001 00000000 00 01 0001 00000003 00000000"));
    EXPECT_STR("incoming streams", seen.last.refusal.reason);
    EXPECT_STR("connection", seen.last.refusal.scope);
    EXPECT_EQ(1, seen.last.refusal.value);
    EXPECT_EQ(1, seen.last.refusal.limit);
    EXPECT_SPAN(test_hex("00 01 0008 00000003 00000000"), output(&y));

    struct refusal r = {0};
    uint32_t id;
    open_stream(&y);
    open_stream(&y);
    EXPECT_ERR(ERR_LIMIT, yamux_open_stream(&y, &id, &r, (struct yamux_open_args){.now = T0}));
    EXPECT_STR("streams not acknowledged", r.reason);
    EXPECT_EQ(2, r.value);
    EXPECT_STR("", feed(&y, "00 01 0002 00000002 00000000"));
    EXPECT_ERR(ERR_LIMIT, yamux_open_stream(&y, &id, &r, (struct yamux_open_args){.now = T0}));
    EXPECT_STR("streams", r.reason);
    EXPECT_EQ(3, r.limit);
    yamux_done(&y);
}

TEST(no_memory_for_a_stream)
{
    struct budget tiny;
    budget_init(&tiny, test_budget(), "connection", 100);
    struct yamux_cfg cfg = cfg_of(false);
    cfg.budget = &tiny;
    struct yamux y;
    start(&y, &cfg);
    struct refusal r = {0};
    uint32_t id;
    EXPECT_ERR(ERR_LIMIT, yamux_open_stream(&y, &id, &r, (struct yamux_open_args){.now = T0}));
    EXPECT_STR("memory", r.reason);
    EXPECT_STR("connection", r.scope);
    EXPECT_EQ(100, r.limit);
    yamux_done(&y);
    EXPECT_EQ(0, tiny.used);
}

TEST(config_without_sense)
{
    struct yamux y;
    struct yamux_cfg cfg = cfg_of(true);
    cfg.window_max = YAMUX_WINDOW_INITIAL - 1;
    EXPECT_ERR(ERR_LIMIT, yamux_init(&y, &cfg, T0));
    cfg = cfg_of(true);
    cfg.streams_max = 0;
    EXPECT_ERR(ERR_LIMIT, yamux_init(&y, &cfg, T0));
}

/* A client that is told a window of n bytes writes n, and stops. */
TEST(writes_stop_at_the_window)
{
    struct yamux_cfg cfg = cfg_of(true);
    cfg.queue_max = 1 << 20;
    struct yamux y;
    start(&y, &cfg);
    uint32_t id = open_stream(&y);
    static const uint8_t zeros[YAMUX_WINDOW_INITIAL + 1];
    EXPECT_EQ(YAMUX_WINDOW_INITIAL, yamux_write(&y, id, SPAN_OF(zeros)));
    EXPECT_EQ(0, yamux_write(&y, id, SPAN_OF(zeros)));
    while (output(&y).n > 0) {}
    EXPECT_EQ(0, yamux_writable_len(&y, id));
    EXPECT_STR("W", feed(&y, "00 01 0002 00000001 00000002"));
    EXPECT_EQ(2, yamux_write(&y, id, SPAN_OF(zeros)));
    yamux_done(&y);
}

TEST(queue_limit_and_writable_at_half)
{
    struct yamux_cfg cfg = cfg_of(true);
    cfg.queue_max = 4;
    cfg.frame_len_max = 1;
    struct yamux y;
    start(&y, &cfg);
    uint32_t id = open_stream(&y);
    EXPECT_EQ(4, yamux_write(&y, id, SPAN_LIT("abcdef")));
    uint8_t out[12 + 13];
    EXPECT_EQ(25, yamux_send(&y, T0, MSPAN_OF(out))); /* SYN and one byte */
    EXPECT_STR("", feed(&y, ""));
    EXPECT_EQ(13, yamux_send(&y, T0, mspan_of(out, 13)));
    EXPECT_STR("W", feed(&y, ""));
    yamux_done(&y);
}

TEST(control_goes_ahead_of_data)
{
    struct yamux_cfg cfg = cfg_of(true);
    cfg.frame_len_max = 4;
    struct yamux y;
    start(&y, &cfg);
    uint32_t id = open_stream(&y);
    EXPECT_EQ(8, yamux_write(&y, id, SPAN_LIT("abcdefgh")));
    uint8_t out[12 + 14];
    EXPECT_EQ(26, yamux_send(&y, T0, MSPAN_OF(out))); /* SYN, and a data frame cut in its payload */
    EXPECT_STR("", feed(&y, "00 02 0001 00000000 000000ff"));
    EXPECT_SPAN(test_hex("6364 00 02 0002 00000000 000000ff 00 00 0000 00000001 00000004 65666768"),
                output(&y));
    yamux_done(&y);
}

TEST(streams_take_turns)
{
    struct yamux_cfg cfg = cfg_of(true);
    cfg.frame_len_max = 1;
    struct yamux y;
    start(&y, &cfg);
    uint32_t a = open_stream(&y);
    uint32_t b = open_stream(&y);
    (void)output(&y);
    EXPECT_EQ(2, yamux_write(&y, a, SPAN_LIT("aa")));
    EXPECT_EQ(2, yamux_write(&y, b, SPAN_LIT("bb")));
    EXPECT_SPAN(test_hex("00 00 0000 00000001 00000001 61 00 00 0000 00000003 00000001 62"
                         "00 00 0000 00000001 00000001 61 00 00 0000 00000003 00000001 62"),
                output(&y));
    yamux_done(&y);
}

/* A reset while a frame of the stream is half out: the frame is completed, the rest is dropped. */
TEST(reset_within_a_frame)
{
    struct yamux_cfg cfg = cfg_of(true);
    cfg.frame_len_max = 4;
    struct yamux y;
    start(&y, &cfg);
    uint32_t id = open_stream(&y);
    (void)output(&y);
    EXPECT_EQ(8, yamux_write(&y, id, SPAN_LIT("abcdefgh")));
    uint8_t out[14];
    EXPECT_EQ(14, yamux_send(&y, T0, MSPAN_OF(out)));
    yamux_reset_stream(&y, id, 0);
    EXPECT_EQ(0, yamux_write(&y, id, SPAN_LIT("x")));
    EXPECT_SPAN(test_hex("6364 00 01 0008 00000001 00000000"), output(&y));
    EXPECT_EQ(0, y.streams.count);
    yamux_done(&y);
}

TEST(reset_before_the_peer_heard_of_it)
{
    struct yamux_cfg cfg = cfg_of(true);
    struct yamux y;
    start(&y, &cfg);
    uint32_t id = open_stream(&y);
    yamux_reset_stream(&y, id, 0);
    EXPECT_EQ(0, output(&y).n);
    yamux_done(&y);
}

/* conserves: at every moment what the peer may send, what it sent and what was consumed make the window. */
static bool conserves(const struct yamux *y)
{
    for (size_t i = 0; i < y->streams.count; i++) {
        struct yamux_stream_info s;
        uint32_t id;
        memcpy(&id, map_at(&y->streams, i)->key, sizeof id);
        if (yamux_stream_info(y, &s, id) &&
            (uint64_t)s.recv_window + s.unconsumed + s.credit != s.window) {
            return false;
        }
    }
    return true;
}

/* data_in delivers n bytes on stream 1 at a time and consumes them at another. */
static void data_in(struct yamux *y, uint32_t n, instant at)
{
    uint8_t h[YAMUX_HEADER_LEN];
    yamux_frame_encode(h,
                       &(struct yamux_frame){.type = YAMUX_TYPE_DATA, .stream_id = 1, .length = n});
    static const uint8_t zeros[1 << 21];
    (void)feed_span(y, at, SPAN_OF(h));
    (void)feed_span(y, at, span_of(zeros, n));
    yamux_consume(y, 1, (struct yamux_consume_args){.n = n, .now = at});
    EXPECT(conserves(y));
}

static uint32_t window_of(const struct yamux *y, uint32_t id)
{
    struct yamux_stream_info s = {0};
    EXPECT(yamux_stream_info(y, &s, id));
    return s.window;
}

TEST(window_grows_with_the_round_trip)
{
    struct yamux_cfg cfg = cfg_of(false);
    cfg.window_max = 600 * 1024;
    struct yamux y;
    start(&y, &cfg);
    EXPECT_STR("O", feed(&y, "00 01 0001 00000001 00000000"));
    EXPECT_OK(yamux_accept_stream(&y, 1, NULL));
    (void)output(&y);
    data_in(&y, 128 * 1024 - 1, T0);
    EXPECT_EQ(0, output(&y).n); /* under half: nothing is announced */
    data_in(&y, 1, T0);
    EXPECT_SPAN(test_hex("00 01 0000 00000001 00020000"),
                output(&y)); /* no round trip known: no growth */
    instant t = instant_add(T0, 10000);
    (void)feed_span(&y, t, test_hex("00 02 0002 00000000 00000001")); /* RTT 10 ms */
    data_in(&y, 128 * 1024, instant_add(T0, 20001));                  /* later than 2 RTT */
    EXPECT_EQ(256 * 1024, window_of(&y, 1));
    data_in(&y, 128 * 1024, instant_add(T0, 40001)); /* exactly 2 RTT later */
    EXPECT_EQ(512 * 1024, window_of(&y, 1));
    (void)output(&y);
    data_in(&y, 256 * 1024, instant_add(T0, 50000));
    EXPECT_EQ(600 * 1024, window_of(&y, 1)); /* the maximum */
    EXPECT_SPAN(test_hex("00 01 0000 00000001 00056000"),
                output(&y)); /* 256 KiB used and 88 KiB more */
    EXPECT_STR("R", feed(&y, "00 01 0008 00000001 00000000"));
    yamux_done(&y);
}

TEST(window_growth_stops_at_the_budget)
{
    struct budget credit;
    budget_init(&credit, NULL, "credit", 256 * 1024);
    struct yamux_cfg cfg = cfg_of(false);
    cfg.credit = &credit;
    struct yamux y;
    start(&y, &cfg);
    EXPECT_STR("O", feed(&y, "00 01 0001 00000001 00000000"));
    (void)feed_span(&y, instant_add(T0, 10000), test_hex("00 02 0002 00000000 00000001"));
    data_in(&y, 128 * 1024, T0);
    EXPECT_EQ(512 * 1024, window_of(&y, 1));
    data_in(&y, 256 * 1024, T0);
    EXPECT_EQ(512 * 1024, window_of(&y, 1));
    EXPECT_EQ(1, y.growth_refused_count);
    yamux_done(&y);
    EXPECT_EQ(0, credit.used);
}

TEST(keepalive_and_timeout)
{
    struct yamux_cfg cfg = cfg_of(false);
    cfg.keepalive_us = 1000;
    cfg.ping_timeout_us = 500;
    struct yamux y;
    start(&y, &cfg);
    EXPECT_EQ(T0.us + 500, yamux_deadline(&y).us);
    instant t = instant_add(T0, 100);
    (void)feed_span(&y, t, test_hex("00 02 0002 00000000 00000001"));
    EXPECT_EQ(T0.us + 1000, yamux_deadline(&y).us);
    t = instant_add(T0, 1000);
    yamux_tick(&y, t);
    EXPECT_SPAN(test_hex("00 02 0001 00000000 00000002"), output(&y));
    (void)feed_span(&y, instant_add(t, 400), test_hex("00 02")); /* some life: the deadline moves */
    yamux_tick(&y, instant_add(t, 500));
    EXPECT(!y.is_closed);
    yamux_tick(&y, instant_add(t, 899));
    EXPECT(!y.is_closed);
    yamux_tick(&y, instant_add(t, 900));
    EXPECT_STR("C", feed(&y, ""));
    EXPECT_EQ(ERR_TIMEOUT, seen.last.err);
    EXPECT(instant_is_never(yamux_deadline(&y)));
    yamux_done(&y);
}

/* A writer that found no memory is woken although nothing of it is under way. */
TEST(starved_writer_is_woken)
{
    struct budget conn;
    budget_init(&conn, test_budget(), "connection", 1 << 16);
    struct yamux_cfg cfg = cfg_of(true);
    cfg.budget = &conn;
    struct yamux y;
    start(&y, &cfg);
    uint32_t id = open_stream(&y);
    (void)output(&y);
    size_t rest = budget_free(&conn);
    EXPECT_OK(budget_reserve(&conn, rest, NULL));
    EXPECT_EQ(0, yamux_write(&y, id, SPAN_LIT("abc")));
    budget_release(&conn, rest);
    yamux_tick(&y, yamux_deadline(&y));
    EXPECT_STR("W", feed(&y, ""));
    EXPECT_EQ(3, yamux_write(&y, id, SPAN_LIT("abc")));
    yamux_done(&y);
}

TEST(go_away_and_close)
{
    struct yamux_cfg cfg = cfg_of(true);
    struct yamux y;
    start(&y, &cfg);
    uint32_t id = open_stream(&y);
    EXPECT_STR("G", feed(&y, "00 03 0000 00000000 00000000"));
    EXPECT_ERR(ERR_CLOSED, yamux_open_stream(&y, &id, NULL, (struct yamux_open_args){.now = T0}));
    EXPECT_EQ(1, yamux_write(&y, 1, SPAN_LIT("x"))); /* open streams go on */
    yamux_close(&y, YAMUX_GO_AWAY_NORMAL);
    EXPECT_STR("C", feed(&y, ""));
    EXPECT_EQ(OK, seen.last.err);
    EXPECT_SPAN(test_hex("00 03 0000 00000000 00000000"), output(&y));
    EXPECT_STR("", feed(&y, ""));
    yamux_done(&y);
}

TEST(idle_holds_no_buffer)
{
    struct yamux_cfg cfg = cfg_of(true);
    struct yamux y;
    start(&y, &cfg);
    uint32_t id = open_stream(&y);
    (void)output(&y);
    size_t idle = test_budget()->used;
    static const uint8_t zeros[100000];
    EXPECT_EQ(sizeof zeros, yamux_write(&y, id, SPAN_OF(zeros)));
    EXPECT(test_budget()->used > idle + sizeof zeros);
    while (output(&y).n > 0) {}
    EXPECT_EQ(idle, test_budget()->used);
    EXPECT(sizeof y + idle < 4096);
    yamux_done(&y);
}

TEST(churn_leaves_nothing)
{
    struct yamux_cfg cfg = cfg_of(false);
    struct yamux y;
    start(&y, &cfg);
    size_t used = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        uint8_t h[YAMUX_HEADER_LEN];
        struct yamux_frame f = {
            .type = YAMUX_TYPE_DATA, .flags = YAMUX_FLAG_SYN, .stream_id = 2 * i + 1};
        f.flags |= i % 2 ? YAMUX_FLAG_FIN : 0;
        yamux_frame_encode(h, &f);
        (void)feed_span(&y, T0, SPAN_OF(h));
        EXPECT_OK(yamux_accept_stream(&y, f.stream_id, NULL));
        if (i % 2) {
            yamux_finish(&y, f.stream_id);
        } else {
            yamux_reset_stream(&y, f.stream_id, 0);
        }
        (void)output(&y);
        EXPECT_STR(i % 2 ? "S" : "", feed_span(&y, T0, SPAN_EMPTY));
        EXPECT_EQ(0, y.streams.count);
        if (i == 1) {
            used = test_budget()->used;
        }
    }
    EXPECT_EQ(used, test_budget()->used);
    yamux_done(&y);
}

/* ---- the generic tests ---- */

enum { SIDE_STREAMS = 4, SIDE_IDS = 2 * SIDE_STREAMS + 2 };

/* A side that opens streams, writes through a small queue, half-closes, and consumes. Which stream's
 * frame comes first depends on the pipes, so the twin's trace is one line when all is over. */
struct side {
    struct yamux y;
    bool traces_each_event;
    uint32_t to_open;
    uint32_t live_count;
    uint32_t over_count;
    struct {
        bool live;
        size_t to_write;
        size_t received;
        uint32_t sum;    /* of the bytes received, position and all */
    } streams[SIDE_IDS]; /* by id */
};

static struct side sides[2];

static void *side_make(instant now, unsigned twin)
{
    struct side *s = &sides[twin];
    *s = (struct side){.to_open = SIDE_STREAMS};
    struct yamux_cfg cfg = cfg_of(twin == 0);
    cfg.frame_len_max = 700;
    cfg.queue_max = 1000;
    cfg.keepalive_us = 0;
    cfg.ping_timeout_us = 0;
    check(yamux_init(&s->y, &cfg, now) == OK);
    return s;
}

static void *side_make_tracing(instant now, unsigned twin)
{
    struct side *s = side_make(now, twin);
    s->traces_each_event = true;
    s->to_open = twin == 0 ? 1 : 0;
    return s;
}

static void side_drop(void *engine)
{
    yamux_done(&((struct side *)engine)->y);
}

static enum err side_recv(void *engine, instant now, struct span *in)
{
    struct side *s = engine;
    enum err e = yamux_recv(&s->y, now, in);
    EXPECT(conserves(&s->y));
    return e;
}

static void side_write(struct side *s, uint32_t id)
{
    while (s->streams[id].to_write > 0) {
        uint8_t block[300];
        size_t n = s->streams[id].to_write < sizeof block ? s->streams[id].to_write : sizeof block;
        for (size_t i = 0; i < n; i++) {
            block[i] = (uint8_t)(s->streams[id].to_write - i);
        }
        size_t done = yamux_write(&s->y, id, span_of(block, n));
        s->streams[id].to_write -= done;
        if (done < n) {
            return;
        }
    }
    yamux_finish(&s->y, id);
}

static void side_start_stream(struct side *s, uint32_t id)
{
    s->streams[id].live = true;
    s->live_count++;
    s->streams[id].to_write = 1500 + 777 * id;
    side_write(s, id);
}

static void side_receive(struct side *s, instant now, const struct yamux_event *e)
{
    for (size_t i = 0; i < e->data.n; i++) {
        s->streams[e->stream_id].sum = s->streams[e->stream_id].sum * 31 + e->data.p[i];
    }
    s->streams[e->stream_id].received += e->data.n;
    yamux_consume(&s->y, e->stream_id, (struct yamux_consume_args){.n = e->data.n, .now = now});
}

static void side_act(struct side *s, instant now, const struct yamux_event *e)
{
    switch (e->kind) {
    case YAMUX_EVENT_OPENED:
        check(yamux_accept_stream(&s->y, e->stream_id, NULL) == OK);
        side_start_stream(s, e->stream_id);
        break;
    case YAMUX_EVENT_DATA:     side_receive(s, now, e); break;
    case YAMUX_EVENT_WRITABLE: side_write(s, e->stream_id); break;
    case YAMUX_EVENT_STREAM_CLOSED:
    case YAMUX_EVENT_RESET:
        EXPECT(s->streams[e->stream_id].live); /* exactly one last event */
        s->streams[e->stream_id].live = false;
        s->over_count++;
        break;
    case YAMUX_EVENT_FIN:
    case YAMUX_EVENT_REFUSED:
    case YAMUX_EVENT_GO_AWAY:
    case YAMUX_EVENT_CLOSED:  break;
    }
}

static void side_trace(struct side *s, struct engine_trace *trace, const struct yamux_event *e)
{
    if (s->traces_each_event && e->kind == YAMUX_EVENT_DATA) {
        engine_trace_data(trace, e->stream_id, e->data);
    } else if (s->traces_each_event) {
        engine_trace_event(trace, "%c stream=%u err=%d code=%u", "ODFRWSXGC"[e->kind],
                           e -> stream_id, e -> err, e -> code);
    } else if (e->kind == YAMUX_EVENT_STREAM_CLOSED && s->over_count == 2 * SIDE_STREAMS) {
        for (uint32_t id = 1; id <= 2 * SIDE_STREAMS; id++) {
            engine_trace_event(trace, "%u: %zu bytes, sum %u", id, s->streams[id].received,
                               s->streams[id].sum);
        }
    }
}

static bool side_poll(void *engine, instant now, struct engine_trace *trace)
{
    struct side *s = engine;
    for (; s->to_open > 0; s->to_open--) {
        uint32_t id;
        check(yamux_open_stream(&s->y, &id, NULL, (struct yamux_open_args){.now = now}) == OK);
        side_start_stream(s, id);
    }
    struct yamux_event e;
    if (!yamux_poll(&s->y, &e)) {
        return false;
    }
    side_act(s, now, &e);
    side_trace(s, trace, &e);
    return true;
}

static size_t side_send(void *engine, instant now, struct mspan out)
{
    return yamux_send(&((struct side *)engine)->y, now, out);
}

static instant side_deadline(const void *engine)
{
    return yamux_deadline(&((const struct side *)engine)->y);
}

static void side_tick(void *engine, instant now)
{
    yamux_tick(&((struct side *)engine)->y, now);
}

static struct engine_kind side_kind(void *(*make)(instant now, unsigned twin))
{
    return (struct engine_kind){.name = "yamux",
                                .make = make,
                                .drop = side_drop,
                                .recv = side_recv,
                                .send = side_send,
                                .poll = side_poll,
                                .deadline = side_deadline,
                                .tick = side_tick,
                                .output_may_differ = true};
}

TEST(segments)
{
    struct engine_kind kind = side_kind(side_make_tracing);
    struct span input =
        test_hex("00 02 0001 00000000 00000009"
                 "00 01 0001 00000002 00000000 00 00 0000 00000002 00000003 616263"
                 "00 00 0001 00000004 00000002 6465 00 00 0000 00000002 00000005 6667686970"
                 "00 01 0000 00000002 00000100 00 00 0004 00000002 00000001 7a"
                 "00 01 0008 00000004 00000011 00 00 0000 00000004 00000002 3030"
                 "00 03 0000 00000000 00000000 00 09 0000 00000000 00000000");
    EXPECT(engine_test_segments(&kind, input, "R stream=4"));
}

TEST(twin)
{
    struct engine_kind kind = side_kind(side_make);
    struct engine_twin twin = {
        .client = &kind, .server = &kind, .client_event = "8: ", .server_event = "7: "};
    EXPECT(engine_test_twin(&twin, 20));
}

TEST_MAIN
