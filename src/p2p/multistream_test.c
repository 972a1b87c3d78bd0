/* multistream-select: transcripts, limits, the lazy form, and the generic engine tests. */
#include "p2p/multistream.h"

#include "base/arith.h"
#include "base/test.h"
#include "p2p/engine_test.h"

#include <string.h>

#define HEADER_HEX "132f6d756c746973747265616d2f312e302e300a" /* as the specs print it */
#define NA_HEX     "036e610a"
#define NOISE_HEX  "072f6e6f6973650a"
#define TLS_HEX    "0b2f746c732f312e302e300a"

static const instant NOW = {.us = US_PER_S};
static const struct span NOISE = {(const uint8_t *)"/noise", 6};
static const struct span TLS = {(const uint8_t *)"/tls/1.0.0", 10};

static struct multistream_cfg cfg_of(bool is_dialer, const struct span *protocols, size_t count)
{
    return (struct multistream_cfg){.is_dialer = is_dialer,
                                    .protocols = protocols,
                                    .protocols_count = count,
                                    .budget = test_budget()};
}

static struct span say(struct multistream *m, uint8_t *out, size_t n)
{
    size_t total = 0;
    for (size_t said = 1; said > 0; total += said) {
        said = multistream_send(m, NOW, mspan_of(out + total, n - total));
    }
    return span_of(out, total);
}

/* One negotiation seen from one side: what comes in, what must go out, and how it ends. */
struct transcript {
    const char *name;
    bool is_dialer;
    bool tls_first; /* our list is tls, noise; else noise only */
    const char *in;
    const char *out;
    enum multistream_state state;
    size_t protocol;
    enum err err;
    size_t left; /* bytes of in that belong to the protocol */
};

static const struct transcript TRANSCRIPTS[] = {
    {"dialer, agreed",                              true,  false, HEADER_HEX NOISE_HEX,                               HEADER_HEX NOISE_HEX,
     MULTISTREAM_SELECTED,                                                                                                                                                0, OK,              0},
    {"dialer, second choice",                       true,  true,  HEADER_HEX NA_HEX NOISE_HEX,                        HEADER_HEX TLS_HEX NOISE_HEX,
     MULTISTREAM_SELECTED,                                                                                                                                                1, OK,              0},
    {"dialer, bytes of the protocol stay",          true,  false, HEADER_HEX NOISE_HEX "0102030a",
     HEADER_HEX NOISE_HEX,                                                                                                                          MULTISTREAM_SELECTED, 0, OK,              4},
    {"dialer, all refused",                         true,  true,  HEADER_HEX NA_HEX NA_HEX,                           HEADER_HEX TLS_HEX NOISE_HEX,
     MULTISTREAM_FAILED,                                                                                                                                                  1, ERR_UNSUPPORTED, 0},
    {"dialer, no header",                           true,  false, NOISE_HEX,                                          HEADER_HEX NOISE_HEX,         MULTISTREAM_FAILED,   0,
     ERR_MALFORMED,                                                                                                                                                                           0},
    {"dialer, another protocol's id",               true,  false, HEADER_HEX TLS_HEX,                                 HEADER_HEX NOISE_HEX,
     MULTISTREAM_FAILED,                                                                                                                                                  0, ERR_MALFORMED,   0},
    {"dialer, id without newline",                  true,  false, HEADER_HEX "062f6e6f697365",                        HEADER_HEX NOISE_HEX,
     MULTISTREAM_FAILED,                                                                                                                                                  0, ERR_MALFORMED,   0},
    {"dialer, empty message",                       true,  false, HEADER_HEX "00",                                    HEADER_HEX NOISE_HEX,
     MULTISTREAM_FAILED,                                                                                                                                                  0, ERR_MALFORMED,   0},
    {"dialer, answer with the length in long form", true,  false, HEADER_HEX "87002f6e6f6973650a",
     HEADER_HEX NOISE_HEX,                                                                                                                          MULTISTREAM_FAILED,   0, ERR_MALFORMED,   0},
    {"dialer, older version",                       true,  false, "132f6d756c746973747265616d2f302e392e300a",
     HEADER_HEX NOISE_HEX,                                                                                                                          MULTISTREAM_FAILED,   0, ERR_MALFORMED,   0},
    {"dialer, waits",                               true,  false, HEADER_HEX "072f6e6f69",                            HEADER_HEX NOISE_HEX,
     MULTISTREAM_CHOOSING,                                                                                                                                                0, OK,              0},
    {"listener, agreed",                            false, false, HEADER_HEX NOISE_HEX,                               HEADER_HEX NOISE_HEX,
     MULTISTREAM_SELECTED,                                                                                                                                                0, OK,              0},
    {"listener, na, then agreed",                   false, false, HEADER_HEX TLS_HEX NOISE_HEX,
     HEADER_HEX NA_HEX NOISE_HEX,                                                                                                                   MULTISTREAM_SELECTED, 0, OK,              0},
    {"listener, ls is an unknown id",               false, false, HEADER_HEX "036c730a" NOISE_HEX,
     HEADER_HEX NA_HEX NOISE_HEX,                                                                                                                   MULTISTREAM_SELECTED, 0, OK,              0},
    {"listener, lazy dialer's bytes stay",          false, true,  HEADER_HEX NOISE_HEX "0020ffff",
     HEADER_HEX NOISE_HEX,                                                                                                                          MULTISTREAM_SELECTED, 1, OK,              4},
    {"listener, no header",                         false, false, NOISE_HEX,                                          HEADER_HEX,                   MULTISTREAM_FAILED,   0,
     ERR_MALFORMED,                                                                                                                                                                           0},
    {"listener, header twice is an unknown id",     false, false, HEADER_HEX HEADER_HEX,
     HEADER_HEX NA_HEX,                                                                                                                             MULTISTREAM_CHOOSING, 0, OK,              0},
    {"listener, a prefix is not the id",            false, false, HEADER_HEX "062f6e6f69730a",
     HEADER_HEX NA_HEX,                                                                                                                             MULTISTREAM_CHOOSING, 0, OK,              0},
    {"listener, TLS",                               false, false, "160301005a0100005603036a6a6a6a6a6a6a6a6a6a6a6a6a", HEADER_HEX,
     MULTISTREAM_FAILED,                                                                                                                                                  0, ERR_MALFORMED,   0},
};

static void check_end(struct multistream *m, const struct transcript *t)
{
    struct multistream_event e;
    bool ended = t->state == MULTISTREAM_SELECTED || t->state == MULTISTREAM_FAILED;
    if (!EXPECT_EQ(ended, multistream_poll(m, &e)) || !ended) {
        return;
    }
    bool selected = t->state == MULTISTREAM_SELECTED;
    EXPECT_EQ(selected ? MULTISTREAM_EVENT_SELECTED : MULTISTREAM_EVENT_FAILED, e.kind);
    if (selected) {
        EXPECT_EQ(t->protocol, e.protocol);
    } else {
        EXPECT_ERR(t->err, e.err);
        EXPECT(e.diag.rule);
    }
    EXPECT(!multistream_poll(m, &e));
    EXPECT(instant_is_never(multistream_deadline(m)));
}

TEST(transcripts)
{
    struct span both[] = {TLS, NOISE};
    for (size_t i = 0; i < sizeof TRANSCRIPTS / sizeof TRANSCRIPTS[0]; i++) {
        const struct transcript *t = &TRANSCRIPTS[i];
        test_note("%s", t->name);
        struct multistream_cfg cfg =
            cfg_of(t->is_dialer, t->tls_first ? both : both + 1, t->tls_first ? 2 : 1);
        struct multistream m;
        EXPECT_OK(multistream_init(&m, &cfg, NOW));
        uint8_t out[512];
        struct span first = say(&m, out, sizeof out);
        struct span in = test_hex(t->in);
        EXPECT_ERR(t->err, multistream_recv(&m, NOW, &in));
        struct span second = say(&m, out + first.n, sizeof out - first.n);
        /* A dialer that failed keeps what it said before; nothing is added. */
        EXPECT_SPAN(test_hex(t->out), span_of(out, first.n + second.n));
        EXPECT_EQ(t->state, m.state);
        EXPECT_EQ(t->state == MULTISTREAM_FAILED ? in.n : t->left, in.n);
        check_end(&m, t);
        multistream_done(&m);
    }
}

/* proposal fills out with a message of len bytes after the length, newline included. */
static struct span proposal(uint8_t *out, size_t len)
{
    out[0] = (uint8_t)(0x80 | (len & 0x7f));
    out[1] = (uint8_t)(len >> 7);
    memset(out + 2, 'x', len - 1);
    out[2 + len - 1] = '\n';
    return span_of(out, 2 + len);
}

TEST(longest_message)
{
    for (size_t over = 0; over < 2; over++) {
        struct multistream_cfg cfg = cfg_of(false, &NOISE, 1);
        struct multistream m;
        EXPECT_OK(multistream_init(&m, &cfg, NOW));
        struct span header = test_hex(HEADER_HEX);
        EXPECT_OK(multistream_recv(&m, NOW, &header));
        uint8_t bytes[MULTISTREAM_MESSAGE_LEN_MAX + 8];
        struct span in = proposal(bytes, MULTISTREAM_MESSAGE_LEN_MAX + over);
        EXPECT_ERR(over ? ERR_LIMIT : OK, multistream_recv(&m, NOW, &in));
        EXPECT_EQ(over ? MULTISTREAM_FAILED : MULTISTREAM_CHOOSING, m.state);
        multistream_done(&m);
    }
}

TEST(most_proposals)
{
    struct multistream_cfg cfg = cfg_of(false, &NOISE, 1);
    cfg.proposals_max = 3;
    struct multistream m;
    EXPECT_OK(multistream_init(&m, &cfg, NOW));
    struct span in = test_hex(HEADER_HEX TLS_HEX TLS_HEX TLS_HEX);
    EXPECT_OK(multistream_recv(&m, NOW, &in));
    EXPECT_EQ(MULTISTREAM_CHOOSING, m.state);
    in = test_hex(NOISE_HEX);
    EXPECT_ERR(ERR_LIMIT, multistream_recv(&m, NOW, &in));
    EXPECT_EQ(MULTISTREAM_FAILED, m.state);
    multistream_done(&m);
}

TEST(all_default_proposals_are_answered_without_a_reader)
{
    struct multistream_cfg cfg = cfg_of(false, &NOISE, 1);
    struct multistream m;
    EXPECT_OK(multistream_init(&m, &cfg, NOW));
    struct span in = test_hex(HEADER_HEX);
    EXPECT_OK(multistream_recv(&m, NOW, &in));
    for (size_t i = 0; i < MULTISTREAM_PROPOSALS_MAX; i++) {
        in = test_hex(i + 1 < MULTISTREAM_PROPOSALS_MAX ? TLS_HEX : NOISE_HEX);
        EXPECT_OK(multistream_recv(&m, NOW, &in));
    }
    EXPECT_EQ(MULTISTREAM_SELECTED, m.state);
    uint8_t out[1024];
    EXPECT_EQ(20 + 4 * (MULTISTREAM_PROPOSALS_MAX - 1) + 8, say(&m, out, sizeof out).n);
    multistream_done(&m);
}

TEST(lazy_dialer_sends_on_and_reads_only_when_sure)
{
    struct multistream_cfg cfg = cfg_of(true, &NOISE, 1);
    cfg.lazy = true;
    struct multistream m;
    struct multistream_event e;
    EXPECT_OK(multistream_init(&m, &cfg, NOW));
    TEST_REQUIRE(multistream_poll(&m, &e));
    EXPECT_EQ(MULTISTREAM_EVENT_PROPOSED, e.kind);
    EXPECT(!multistream_poll(&m, &e));
    struct span in = test_hex(HEADER_HEX NOISE_HEX "beef");
    EXPECT_OK(multistream_recv(&m, NOW, &in));
    TEST_REQUIRE(multistream_poll(&m, &e));
    EXPECT_EQ(MULTISTREAM_EVENT_SELECTED, e.kind);
    EXPECT_SPAN(test_hex("beef"), in);
    multistream_done(&m);
}

TEST(lazy_dialer_does_not_take_a_close_for_an_answer)
{
    struct multistream_cfg cfg = cfg_of(true, &NOISE, 1);
    cfg.lazy = true;
    struct multistream m;
    struct multistream_event e;
    EXPECT_OK(multistream_init(&m, &cfg, NOW));
    struct span in = test_hex(HEADER_HEX);
    EXPECT_OK(multistream_recv(&m, NOW, &in));
    multistream_recv_end(&m);
    TEST_REQUIRE(multistream_poll(&m, &e));
    EXPECT_EQ(MULTISTREAM_EVENT_FAILED, e.kind);
    EXPECT_ERR(ERR_CLOSED, e.err);
    multistream_done(&m);
}

TEST(end_after_agreement_is_none_of_its_business)
{
    struct multistream_cfg cfg = cfg_of(false, &NOISE, 1);
    struct multistream m;
    EXPECT_OK(multistream_init(&m, &cfg, NOW));
    struct span in = test_hex(HEADER_HEX NOISE_HEX);
    EXPECT_OK(multistream_recv(&m, NOW, &in));
    multistream_recv_end(&m);
    EXPECT_EQ(MULTISTREAM_SELECTED, m.state);
    multistream_done(&m);
}

TEST(deadline)
{
    struct multistream_cfg cfg = cfg_of(true, &NOISE, 1);
    cfg.timeout_ms = 100;
    struct multistream m;
    struct multistream_event e;
    EXPECT_OK(multistream_init(&m, &cfg, NOW));
    EXPECT_EQ(NOW.us + 100 * US_PER_MS, multistream_deadline(&m).us);
    multistream_tick(&m, instant_add(NOW, 100 * US_PER_MS - 1));
    EXPECT(!multistream_poll(&m, &e));
    multistream_tick(&m, instant_add(NOW, 100 * US_PER_MS));
    TEST_REQUIRE(multistream_poll(&m, &e));
    EXPECT_ERR(ERR_TIMEOUT, e.err);
    struct span in = test_hex(HEADER_HEX);
    EXPECT_ERR(ERR_TIMEOUT, multistream_recv(&m, NOW, &in));
    EXPECT_EQ(20, in.n);
    multistream_done(&m);
}

TEST(memory_goes_back)
{
    struct budget small;
    budget_init(&small, test_budget(), "connection", 4096);
    struct multistream_cfg cfg = cfg_of(false, &NOISE, 1);
    cfg.budget = &small;
    struct multistream m;
    EXPECT_OK(multistream_init(&m, &cfg, NOW));
    struct span in = test_hex(HEADER_HEX NOISE_HEX);
    EXPECT_OK(multistream_recv(&m, NOW, &in));
    uint8_t out[64];
    (void)say(&m, out, sizeof out);
    EXPECT_EQ(0, small.used);
    multistream_done(&m);
    budget_done(&small);
}

TEST(no_memory)
{
    struct budget none;
    budget_init(&none, test_budget(), "connection", 8);
    struct multistream_cfg cfg = cfg_of(true, &NOISE, 1);
    cfg.budget = &none;
    struct multistream m;
    EXPECT_ERR(ERR_LIMIT, multistream_init(&m, &cfg, NOW));
    multistream_done(&m);
    EXPECT_EQ(0, none.used);
    budget_done(&none);
}

/* For the generic tests: a dialer that knows two protocols, and a listener that speaks the second. */
static struct multistream engines[2];
static struct multistream_cfg cfgs[2];
static struct span dialer_list[2];

static void *make(instant now, unsigned twin)
{
    dialer_list[0] = TLS;
    dialer_list[1] = NOISE;
    cfgs[twin] = twin == 0 ? cfg_of(true, dialer_list, 2) : cfg_of(false, &NOISE, 1);
    return multistream_init(&engines[twin], &cfgs[twin], now) == OK ? &engines[twin] : NULL;
}

static void *make_listener(instant now, unsigned twin)
{
    (void)twin;
    return make(now, 1);
}

static void drop(void *engine)
{
    multistream_done(engine);
}

static enum err engine_recv(void *engine, instant now, struct span *in)
{
    return multistream_recv(engine, now, in);
}

static void engine_end(void *engine)
{
    multistream_recv_end(engine);
}

static size_t engine_send(void *engine, instant now, struct mspan out)
{
    return multistream_send(engine, now, out);
}

static bool engine_poll(void *engine, instant now, struct engine_trace *trace)
{
    (void)now;
    struct multistream_event e;
    if (!multistream_poll(engine, &e)) {
        return false;
    }
    engine_trace_event(trace, "kind=%d protocol=%zu err=%s", (int)e.kind, e.protocol,
                       err_name(e.err));
    return true;
}

static instant engine_deadline(const void *engine)
{
    return multistream_deadline(engine);
}

static void engine_tick(void *engine, instant now)
{
    multistream_tick(engine, now);
}

static const struct engine_kind DIALER = {
    "multistream dialer", make,        drop, engine_recv, engine_end, engine_send, engine_poll,
    engine_deadline,      engine_tick, false};
static const struct engine_kind LISTENER = {
    "multistream listener", make_listener, drop, engine_recv, engine_end, engine_send, engine_poll,
    engine_deadline,        engine_tick,   false};

TEST(segments)
{
    EXPECT(engine_test_segments(&DIALER, test_hex(HEADER_HEX NA_HEX NOISE_HEX "00112233"),
                                "kind=1 protocol=1"));
    EXPECT(engine_test_segments(&DIALER, test_hex(HEADER_HEX NA_HEX "ff"), "err=closed"));
    EXPECT(engine_test_segments(&LISTENER, test_hex(HEADER_HEX TLS_HEX NOISE_HEX "00"),
                                "kind=1 protocol=0"));
    EXPECT(engine_test_segments(&LISTENER, test_hex(HEADER_HEX TLS_HEX "ffffffffffffffffffff"),
                                "err=malformed"));
}

TEST(twin)
{
    struct engine_twin twin = {.client = &DIALER,
                               .server = &LISTENER,
                               .pipe_len = 7,
                               .chunk_len_max = 5,
                               .client_event = "kind=1 protocol=1",
                               .server_event = "kind=1 protocol=0"};
    EXPECT(engine_test_twin(&twin, 30));
}

TEST_MAIN
