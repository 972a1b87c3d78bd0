/* identify: exact bytes, joined messages, limits, and the generic engine tests. */
#include "p2p/identify.h"

#include "base/test.h"
#include "codec/uvarint.h"
#include "crypto/backend.h"
#include "p2p/engine_test.h"
#include "p2p/key_signer.h"

#include <string.h>

static const instant NOW = {.us = US_PER_S};
static struct key_signer signer;
static struct peer_id peer;
static const struct span ADDR = {(const uint8_t *)"\x04\x7f\x00\x00\x01\x06\x0f\xa1", 8};

static void init(void)
{
    struct secret32 seed;
    EXPECT_OK(crypto_init());
    memset(seed.bytes, 5, sizeof seed.bytes);
    key_signer_init(&signer, &seed);
    peer_id_of_key(&peer, signer.signer.public_key);
}

TEST(exact_bytes)
{
    struct span protocols[] = {SPAN_LIT("/a"), SPAN_LIT("/b")};
    struct identify_content content = {.public_key = test_hex("0801"),
                                       .addrs = &ADDR,
                                       .addrs_count = 1,
                                       .protocols = protocols,
                                       .protocols_count = 2,
                                       .observed_addr = ADDR,
                                       .protocol_version = SPAN_LIT("v"),
                                       .agent_version = SPAN_LIT("us"),
                                       .signed_peer_record = test_hex("ff")};
    uint8_t bytes[128];
    struct wr w = wr_init(MSPAN_OF(bytes));
    EXPECT_OK(identify_encode(&w, &content));
    /* Field tags as in the message of identify/README.md: 1, 2, 3, 3, 4, 5, 6, 8. */
    EXPECT_SPAN(test_hex("0a020801 1208047f000001060fa1 1a022f61 1a022f62 2208047f000001060fa1 "
                         "2a0176 32027573 4201ff"),
                span_of(bytes, w.n));
    struct identify_info info;
    TEST_REQUIRE(EXPECT_OK(identify_decode(&info, span_of(bytes, w.n))));
    EXPECT_SPAN(ADDR, info.observed_addr);
    EXPECT_SPAN(SPAN_LIT("us"), info.agent_version);
    EXPECT_SPAN(test_hex("ff"), info.signed_peer_record);
    EXPECT_EQ(2, info.protocols_count);
    struct identify_cursor c = identify_cursor_init(&info);
    struct span item;
    EXPECT(identify_next_protocol(&item, &c));
    EXPECT(identify_next_protocol(&item, &c));
    EXPECT_SPAN(SPAN_LIT("/b"), item);
    EXPECT(!identify_next_protocol(&item, &c));
    c = identify_cursor_init(&info);
    EXPECT(identify_next_addr(&item, &c));
    EXPECT_SPAN(ADDR, item);
    EXPECT(!identify_next_addr(&item, &c));
}

TEST(message_that_is_too_long_loses_addresses)
{
    static struct span addrs[600];
    for (size_t i = 0; i < 600; i++) {
        addrs[i] = ADDR;
    }
    struct identify_content content = {
        .addrs = addrs, .addrs_count = 600, .agent_version = SPAN_LIT("passmesh")};
    static uint8_t bytes[8192];
    struct wr w = wr_init(MSPAN_OF(bytes));
    EXPECT_OK(identify_encode(&w, &content));
    EXPECT(w.n <= IDENTIFY_TOLD_LEN_MAX && w.n > IDENTIFY_TOLD_LEN_MAX - 10);
    struct identify_info info;
    EXPECT_OK(identify_decode(&info, span_of(bytes, w.n)));
    EXPECT_SPAN(SPAN_LIT("passmesh"), info.agent_version);
    content.agent_version = span_of(bytes, IDENTIFY_TOLD_LEN_MAX);
    static uint8_t more[8192];
    w = wr_init(MSPAN_OF(more));
    EXPECT_ERR(ERR_LIMIT, identify_encode(&w, &content));
}

TEST(limits)
{
    static uint8_t bytes[8192];
    struct identify_info info;
    for (size_t over = 0; over < 2; over++) {
        struct wr w = wr_init(MSPAN_OF(bytes));
        for (size_t i = 0; i < IDENTIFY_PROTOCOLS_MAX + over; i++) {
            protobuf_write_bytes(&w, 3, SPAN_LIT("/a"));
        }
        EXPECT_ERR(over ? ERR_LIMIT : OK, identify_decode(&info, span_of(bytes, w.n)));
        w = wr_init(MSPAN_OF(bytes));
        for (size_t i = 0; i < IDENTIFY_ADDRS_MAX + over; i++) {
            protobuf_write_bytes(&w, 2, ADDR);
        }
        EXPECT_ERR(over ? ERR_LIMIT : OK, identify_decode(&info, span_of(bytes, w.n)));
    }
}

/* hear feeds in and the end of the stream to a hearer, and gives its one event. */
static struct identify_event hear(struct identify *d, struct span in)
{
    struct identify_event e = {0};
    identify_hear_init(d, &peer, test_budget(), NOW);
    (void)identify_recv(d, NOW, &in);
    identify_recv_end(d);
    EXPECT(identify_poll(d, &e));
    struct identify_event none;
    EXPECT(!identify_poll(d, &none));
    return e;
}

TEST(parts_are_joined)
{
    struct identify d;
    init();
    struct identify_event e = hear(&d, test_hex("07 1a022f61 320178 07 1a022f62 320179"));
    TEST_REQUIRE(EXPECT_EQ(IDENTIFY_EVENT_HEARD, e.kind));
    EXPECT_EQ(2, e.info.protocols_count);
    EXPECT_SPAN(SPAN_LIT("y"), e.info.agent_version); /* of a single field the last one counts */
    identify_done(&d);
}

TEST(what_a_hearer_refuses)
{
    static const struct {
        const char *name;
        const char *in;
        enum err err;
    } CASES[] = {
        {"nothing",                     "",                                                 ERR_CLOSED   },
        {"cut in the middle",           "07 1a022f",                                        ERR_CLOSED   },
        {"broken protobuf",             "02 1a05",                                          ERR_MALFORMED},
        {"another peer's key",
         "26 0a24080112206f1581709bb7b1ef030d210db18e3b0ba1c776fba65d8cdaad05415142d189f8", ERR_AUTH     },
        {"a key that is none",          "04 0a020801",                                      ERR_AUTH     },
        {"eleven messages",             "00 00 00 00 00 00 00 00 00 00 00",                 ERR_LIMIT    },
        {"a message over the limit",    "8140",                                             ERR_LIMIT    },
        {"a length that is no uvarint", "8000",                                             ERR_MALFORMED},
    };
    init();
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        test_note("%s", CASES[i].name);
        struct identify d;
        struct identify_event e = hear(&d, test_hex(CASES[i].in));
        EXPECT_EQ(IDENTIFY_EVENT_FAILED, e.kind);
        EXPECT_ERR(CASES[i].err, e.err);
        identify_done(&d);
    }
}

TEST(all_messages_together_have_a_limit)
{
    static uint8_t bytes[6 * 8196];
    size_t n = 0;
    for (unsigned i = 0; i < 5; i++) {
        uint8_t *p = bytes + n;
        n += uvarint_encode(p, IDENTIFY_MESSAGE_LEN_MAX) + IDENTIFY_MESSAGE_LEN_MAX;
    }
    struct identify d;
    init();
    struct identify_event e = hear(&d, span_of(bytes, n));
    EXPECT_ERR(ERR_LIMIT, e.err);
    identify_done(&d);
}

TEST(teller_takes_no_bytes)
{
    struct identify d;
    struct identify_event e;
    EXPECT_OK(identify_tell_init(&d, &(struct identify_content){.agent_version = SPAN_LIT("x")},
                                 test_budget(), NOW));
    struct span in = SPAN_LIT("y");
    EXPECT_ERR(ERR_MALFORMED, identify_recv(&d, NOW, &in));
    EXPECT(identify_poll(&d, &e));
    EXPECT_EQ(IDENTIFY_EVENT_FAILED, e.kind);
    identify_done(&d);
}

TEST(deadline)
{
    struct identify d;
    struct identify_event e;
    init();
    identify_hear_init(&d, &peer, test_budget(), NOW);
    instant end = instant_add(NOW, IDENTIFY_TIMEOUT_MS * US_PER_MS);
    EXPECT_EQ(end.us, identify_deadline(&d).us);
    identify_tick(&d, (instant){.us = end.us - 1});
    EXPECT(!identify_poll(&d, &e));
    identify_tick(&d, end);
    EXPECT(identify_poll(&d, &e));
    EXPECT_ERR(ERR_TIMEOUT, e.err);
    identify_done(&d);
}

TEST(record_must_speak_of_the_peer)
{
    init();
    uint8_t bytes[512];
    struct wr w = wr_init(MSPAN_OF(bytes));
    EXPECT_OK(peer_record_seal(&w, &(struct peer_record_cfg){3, &ADDR, 1}, &signer.signer,
                               test_budget()));
    struct identify_info info = {.signed_peer_record = span_of(bytes, w.n)};
    struct peer_record r;
    EXPECT_OK(identify_open_record(&r, &info, &peer, test_budget()));
    EXPECT_EQ(3, r.seq);
    struct peer_id other = peer;
    other.bytes[10] ^= 1;
    EXPECT_ERR(ERR_AUTH, identify_open_record(&r, &info, &other, test_budget()));
    info.signed_peer_record = SPAN_EMPTY;
    EXPECT_ERR(ERR_NOT_FOUND, identify_open_record(&r, &info, &peer, test_budget()));
}

/* For the generic tests: twin 0 tells, twin 1 hears. */
struct side {
    struct identify identify;
};
static struct side sides[2];

static void *make(instant now, unsigned twin)
{
    init();
    struct side *s = &sides[twin];
    *s = (struct side){0};
    if (twin == 0) {
        struct span protocols[] = {SPAN_LIT("/ipfs/id/1.0.0"), SPAN_LIT("/ipfs/ping/1.0.0")};
        struct identify_content content = {.public_key = signer.signer.public_key,
                                           .protocols = protocols,
                                           .protocols_count = 2,
                                           .agent_version = SPAN_LIT("twin")};
        return identify_tell_init(&s->identify, &content, test_budget(), now) == OK ? s : NULL;
    }
    identify_hear_init(&s->identify, &peer, test_budget(), now);
    return s;
}

static void *make_hearer(instant now, unsigned twin)
{
    (void)twin;
    return make(now, 1);
}

static void drop(void *engine)
{
    identify_done(&((struct side *)engine)->identify);
}

static enum err engine_recv(void *engine, instant now, struct span *in)
{
    return identify_recv(&((struct side *)engine)->identify, now, in);
}

static void engine_end(void *engine)
{
    identify_recv_end(&((struct side *)engine)->identify);
}

static size_t engine_send(void *engine, instant now, struct mspan out)
{
    return identify_send(&((struct side *)engine)->identify, now, out);
}

static bool engine_poll(void *engine, instant now, struct engine_trace *trace)
{
    (void)now;
    struct identify_event e;
    if (!identify_poll(&((struct side *)engine)->identify, &e)) {
        return false;
    }
    engine_trace_event(trace, "kind=%d protocols=%zu agent=%.*s err=%s", (int)e.kind,
                       e.info.protocols_count, (int)e.info.agent_version.n,
                       (const char *)e.info.agent_version.p, err_name(e.err));
    return true;
}

static instant engine_deadline(const void *engine)
{
    return identify_deadline(&((const struct side *)engine)->identify);
}

static void engine_tick(void *engine, instant now)
{
    identify_tick(&((struct side *)engine)->identify, now);
}

static const struct engine_kind TELLER = {
    "identify teller", make,        drop, engine_recv, engine_end, engine_send, engine_poll,
    engine_deadline,   engine_tick, false};
static const struct engine_kind HEARER = {
    "identify hearer", make_hearer,     drop,        engine_recv, engine_end, engine_send,
    engine_poll,       engine_deadline, engine_tick, false};

TEST(segments)
{
    EXPECT(engine_test_segments(&HEARER, test_hex("07 1a022f61 320178 07 1a022f62 320179"),
                                "kind=1 protocols=2 agent=y"));
    EXPECT(engine_test_segments(&HEARER, test_hex("07 1a022f61 320178 07 1a022f62"), "err=closed"));
    EXPECT(engine_test_segments(&HEARER, test_hex("02 1a05 00"), "err=malformed"));
}

TEST(twin)
{
    struct engine_twin twin = {
        .client = &TELLER, .server = &HEARER, .pipe_len = 9, .client_event = "kind=0"};
    EXPECT(engine_test_twin(&twin, 30));
}

TEST_MAIN
