#include "http/websocket.h"

#include "base/rng.h"
#include "base/test.h"
#include "base/wr.h"

#include <string.h>

static struct websocket_cfg *config(void)
{
    static struct websocket_cfg cfg;
    cfg = (struct websocket_cfg){
        .budget = test_budget(), .message_len_max = 1000, .out_len_max = 500};
    return &cfg;
}

static instant at_ms(uint64_t ms)
{
    return (instant){.us = ms * US_PER_MS};
}

/* Writes a client's frame: first is FIN and opcode, len_form the count of extra length bytes (0, 2, 8). */
struct frame {
    uint8_t first;
    bool unmasked;
    uint8_t len_form;
};

static void put_frame(struct wr *w, struct frame f, struct span payload)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t masked = f.unmasked ? 0 : 0x80;
    uint8_t form = f.len_form ? f.len_form : payload.n > 65535 ? 8 : payload.n > 125 ? 2 : 0;
    wr_u8(w, f.first);
    wr_u8(w, (uint8_t)(masked | (form == 8 ? 127 : form == 2 ? 126 : payload.n)));
    if (form == 2) {
        wr_be16(w, (uint16_t)payload.n);
    } else if (form == 8) {
        wr_be64(w, payload.n);
    }
    if (masked) {
        wr_bytes(w, SPAN_OF(mask));
    }
    for (size_t i = 0; i < payload.n; i++) {
        wr_u8(w, masked ? payload.p[i] ^ mask[i % 4] : payload.p[i]);
    }
}

/* What came of an input: messages as "T:text|" or "B:bytes|", then the end. */
struct run {
    struct websocket ws;
    struct wr seen;
    struct wr out;
    bool is_closed;
    uint16_t code;
    enum err err;
    const char *rule;
};

static void drain(struct run *r, struct rng *rng)
{
    struct websocket_event e;
    for (;;) {
        uint8_t piece[16];
        size_t n = websocket_send(&r->ws, at_ms(0),
                                  mspan_of(piece, rng ? (size_t)(1 + rng_below(rng, 16)) : 16));
        wr_bytes(&r->out, span_of(piece, n));
        if (websocket_poll(&r->ws, &e)) {
            r->is_closed = e.kind == WEBSOCKET_EVENT_CLOSED;
            if (r->is_closed) {
                r->code = e.code;
                r->err = e.err;
                r->rule = e.diag.rule;
            } else {
                wr_str(&r->seen, e.is_text ? "T:" : "B:");
                wr_bytes(&r->seen, e.message);
                wr_str(&r->seen, "|");
            }
            continue;
        }
        if (n == 0) {
            return;
        }
    }
}

static uint8_t seen_store[8192];
static uint8_t out_store[8192];

static void run_input(struct run *r, struct span input, size_t piece_max, struct rng *rng)
{
    *r = (struct run){.seen = wr_init(MSPAN_OF(seen_store)), .out = wr_init(MSPAN_OF(out_store))};
    websocket_init(&r->ws, config(), at_ms(0));
    while (input.n > 0 && !r->is_closed) {
        static uint8_t piece[2048];
        size_t n = rng ? (size_t)(1 + rng_below(rng, piece_max)) : piece_max;
        struct span part = span_first(input, n < sizeof piece ? n : sizeof piece);
        (void)span_copy(MSPAN_OF(piece), part);
        struct span in = span_of(piece, part.n);
        (void)websocket_recv(&r->ws, at_ms(0), &in);
        (void)span_take(&input, part.n - in.n);
        drain(r, rng);
        memset(piece, 0xee, sizeof piece);
    }
    drain(r, rng);
}

static struct span seen(const struct run *r)
{
    return span_of(seen_store, r->seen.n);
}

static struct span sent(const struct run *r)
{
    return span_of(out_store, r->out.n);
}

/* RFC 6455 section 5.7: the masked "Hello", and a ping with it. */
TEST(examples_of_the_rfc)
{
    static struct run r;
    run_input(&r, test_hex("818537fa213d7f9f4d5158"), 100, NULL);
    EXPECT_SPAN(SPAN_LIT("T:Hello|"), seen(&r));
    websocket_done(&r.ws);
    run_input(&r, test_hex("898537fa213d7f9f4d5158"), 100, NULL);
    EXPECT_SPAN(test_hex("8a0548656c6c6f"), sent(&r));
    EXPECT_OK(websocket_write(&r.ws, SPAN_LIT("Hello")));
    drain(&r, NULL);
    EXPECT_SPAN(test_hex("8a0548656c6c6f 810548656c6c6f"), sent(&r));
    EXPECT_EQ(0, test_budget()->used);
    websocket_done(&r.ws);
}

static struct span make_stream(struct mspan store)
{
    struct wr w = wr_init(store);
    uint8_t bytes[1000];
    memset(bytes, 'x', sizeof bytes);
    put_frame(&w, (struct frame){.first = 0x81}, SPAN_LIT("one"));
    put_frame(&w, (struct frame){.first = 0x81}, SPAN_EMPTY);
    put_frame(&w, (struct frame){.first = 0x01}, SPAN_LIT("tw\xc3"));
    put_frame(&w, (struct frame){.first = 0x89}, SPAN_LIT("ping"));
    put_frame(&w, (struct frame){.first = 0x00}, SPAN_EMPTY);
    put_frame(&w, (struct frame){.first = 0x80}, SPAN_LIT("\xa9o"));
    put_frame(&w, (struct frame){.first = 0x82}, span_of(bytes, 126));
    put_frame(&w, (struct frame){.first = 0x8a}, SPAN_LIT("nobody asked"));
    put_frame(&w, (struct frame){.first = 0x82}, span_of(bytes, 1000));
    put_frame(&w, (struct frame){.first = 0x88},
              SPAN_LIT("\x03\xe8"
                       "bye"));
    EXPECT_OK(wr_end(&w));
    return span_of(store.p, w.n);
}

TEST(segment_invariance)
{
    static uint8_t store[2048];
    static uint8_t want[2048];
    static struct run r;
    struct rng_seeded g;
    rng_seeded_init(&g, test_seed());
    struct span stream = make_stream(MSPAN_OF(store));
    struct wr w = wr_init(MSPAN_OF(want));
    wr_str(&w, "T:one|T:|T:tw\xc3\xa9o|B:");
    for (int i = 0; i < 126; i++) {
        wr_u8(&w, 'x');
    }
    wr_str(&w, "|B:");
    for (int i = 0; i < 1000; i++) {
        wr_u8(&w, 'x');
    }
    wr_str(&w, "|");
    for (int i = 0; i < 300; i++) {
        size_t max = i == 0 ? sizeof store : i == 1 ? 1 : 1 + (size_t)rng_below(&g.rng, 300);
        run_input(&r, stream, max, i < 2 ? NULL : &g.rng);
        EXPECT_SPAN(span_of(want, w.n), seen(&r));
        EXPECT_SPAN(SPAN_LIT("\x8a\x04ping\x88\x02\x03\xe8"), sent(&r));
        EXPECT(r.is_closed);
        EXPECT_EQ(1000, r.code);
        EXPECT_EQ(ERR_CLOSED, r.err);
        EXPECT_EQ(0, test_budget()->used);
        websocket_done(&r.ws);
    }
}

static const struct {
    const char *name;
    struct frame frame;
    const char *payload; /* hex */
    uint16_t code;
} bad[] = {
    {"unmasked",                {.first = 0x81, .unmasked = true}, "61",     1002},
    {"RSV1",                    {.first = 0xc1},                   "61",     1002},
    {"RSV2",                    {.first = 0xa1},                   "61",     1002},
    {"RSV3",                    {.first = 0x91},                   "61",     1002},
    {"opcode 3",                {.first = 0x83},                   "61",     1002},
    {"opcode 11",               {.first = 0x8b},                   "61",     1002},
    {"opcode 15",               {.first = 0x8f},                   "",       1002},
    {"a ping in pieces",        {.first = 0x09},                   "61",     1002},
    {"a close in pieces",       {.first = 0x08},                   "",       1002},
    {"a piece of nothing",      {.first = 0x80},                   "61",     1002},
    {"length 1 in two bytes",   {.first = 0x81, .len_form = 2},    "61",     1002},
    {"length 1 in eight bytes", {.first = 0x81, .len_form = 8},    "61",     1002},
    {"a long ping",             {.first = 0x89, .len_form = 2},    "61",     1002},
    {"text not UTF-8",          {.first = 0x81},                   "ff",     1007},
    {"text cut in a character", {.first = 0x81},                   "c3",     1007},
    {"a surrogate",             {.first = 0x81},                   "eda080", 1007},
    {"close of one byte",       {.first = 0x88},                   "03",     1002},
    {"close 1004",              {.first = 0x88},                   "03ec",   1002},
    {"close 1005",              {.first = 0x88},                   "03ed",   1002},
    {"close 1006",              {.first = 0x88},                   "03ee",   1002},
    {"close 1015",              {.first = 0x88},                   "03f7",   1002},
    {"close 999",               {.first = 0x88},                   "03e7",   1002},
    {"close 2999",              {.first = 0x88},                   "0bb7",   1002},
    {"close 5000",              {.first = 0x88},                   "1388",   1002},
    {"close reason not UTF-8",  {.first = 0x88},                   "03e8ff", 1007},
};

TEST(violations)
{
    static struct run r;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (size_t piece = 1; piece <= 100; piece += 99) {
            uint8_t store[64];
            struct wr w = wr_init(MSPAN_OF(store));
            put_frame(&w, bad[i].frame, test_hex(bad[i].payload));
            put_frame(&w, (struct frame){.first = 0x81}, SPAN_LIT("after"));
            test_note("%s", bad[i].name);
            run_input(&r, span_of(store, w.n), piece, NULL);
            EXPECT_EQ(0, r.seen.n);
            EXPECT(r.is_closed);
            EXPECT_EQ(ERR_MALFORMED, r.err);
            EXPECT_EQ(bad[i].code, r.code);
            EXPECT(r.rule != NULL);
            uint8_t code[2] = {(uint8_t)(bad[i].code >> 8), (uint8_t)bad[i].code};
            EXPECT_EQ(0x88, out_store[0]);
            EXPECT_SPAN(SPAN_OF(code), span_of(out_store + 2, 2));
            EXPECT_EQ(0, test_budget()->used);
            websocket_done(&r.ws);
        }
    }
}

TEST(message_within_a_message)
{
    static struct run r;
    uint8_t store[64];
    struct wr w = wr_init(MSPAN_OF(store));
    put_frame(&w, (struct frame){.first = 0x01}, SPAN_LIT("a"));
    put_frame(&w, (struct frame){.first = 0x81}, SPAN_LIT("b"));
    run_input(&r, span_of(store, w.n), 100, NULL);
    EXPECT_EQ(1002, r.code);
    EXPECT_EQ(0, r.seen.n);
    websocket_done(&r.ws);
}

TEST(size_limits)
{
    static struct run r;
    static uint8_t store[4096];
    static uint8_t payload[1001];
    struct wr w = wr_init(MSPAN_OF(store));
    put_frame(&w, (struct frame){.first = 0x82}, SPAN_OF(payload));
    run_input(&r, span_of(store, 8), 100, NULL); /* refused by its head alone */
    EXPECT_EQ(1009, r.code);
    EXPECT_EQ(ERR_LIMIT, r.err);
    websocket_done(&r.ws);
    w = wr_init(MSPAN_OF(store)); /* in pieces, one byte too many */
    put_frame(&w, (struct frame){.first = 0x02}, span_of(payload, 600));
    put_frame(&w, (struct frame){.first = 0x80}, span_of(payload, 401));
    run_input(&r, span_of(store, w.n), 100, NULL);
    EXPECT_EQ(1009, r.code);
    EXPECT_EQ(0, r.seen.n);
    websocket_done(&r.ws);
    struct span huge = test_hex("82ff 7fffffffffffffff 00000000");
    run_input(&r, huge, 100, NULL);
    EXPECT_EQ(1009, r.code);
    websocket_done(&r.ws);
}

TEST(output_is_bounded)
{
    static struct run r;
    uint8_t text[400] = {0};
    run_input(&r, SPAN_EMPTY, 1, NULL);
    EXPECT_OK(websocket_write(&r.ws, SPAN_OF(text)));
    EXPECT_ERR(ERR_LIMIT, websocket_write(&r.ws, SPAN_OF(text)));
    drain(&r, NULL);
    EXPECT_OK(websocket_write(&r.ws, SPAN_OF(text)));
    EXPECT_SPAN(test_hex("817e0190"), span_first(sent(&r), 4));
    websocket_done(&r.ws);
    EXPECT_ERR(ERR_STATE, websocket_write(&r.ws, SPAN_LIT("a")));
    EXPECT_EQ(0, test_budget()->used);
}

TEST(pings_and_silence)
{
    struct websocket ws;
    struct websocket_event e;
    uint8_t out[64];
    websocket_init(&ws, config(), at_ms(0));
    EXPECT_EQ(WEBSOCKET_PING_INTERVAL_MS * US_PER_MS, websocket_deadline(&ws).us);
    websocket_tick(&ws, websocket_deadline(&ws));
    EXPECT_EQ(2, websocket_send(&ws, at_ms(0), MSPAN_OF(out)));
    EXPECT_SPAN(test_hex("8900"), span_of(out, 2));
    uint64_t asked = WEBSOCKET_PING_INTERVAL_MS;
    EXPECT_EQ((asked + WEBSOCKET_PONG_TIMEOUT_MS) * US_PER_MS, websocket_deadline(&ws).us);
    struct span pong = test_hex("8a8000000000");
    EXPECT_OK(websocket_recv(&ws, at_ms(asked + 5), &pong));
    EXPECT_EQ((asked + 5 + WEBSOCKET_PING_INTERVAL_MS) * US_PER_MS, websocket_deadline(&ws).us);
    websocket_tick(&ws, websocket_deadline(&ws));
    websocket_tick(&ws, websocket_deadline(&ws));
    TEST_REQUIRE(websocket_poll(&ws, &e));
    EXPECT_EQ(WEBSOCKET_EVENT_CLOSED, e.kind);
    EXPECT_EQ(ERR_TIMEOUT, e.err);
    EXPECT(instant_is_never(websocket_deadline(&ws)));
    websocket_done(&ws);
}

TEST(our_close)
{
    static struct run r;
    static uint8_t late[600];
    run_input(&r, SPAN_EMPTY, 1, NULL);
    websocket_close(&r.ws, at_ms(10), 4401, "session ended");
    EXPECT_ERR(ERR_STATE, websocket_write(&r.ws, SPAN_LIT("a")));
    drain(&r, NULL);
    EXPECT_SPAN(SPAN_LIT("\x88\x0f\x11\x31session ended"), sent(&r));
    EXPECT(!r.is_closed);
    uint8_t store[700];
    struct wr w = wr_init(MSPAN_OF(store)); /* what was under way, then the answer */
    put_frame(&w, (struct frame){.first = 0x82}, SPAN_OF(late));
    put_frame(&w, (struct frame){.first = 0x88}, SPAN_LIT("\x11\x31"));
    struct span in = span_of(store, w.n);
    (void)websocket_recv(&r.ws, at_ms(11), &in);
    drain(&r, NULL);
    EXPECT_EQ(0, r.seen.n);
    EXPECT(r.is_closed);
    EXPECT_EQ(4401, r.code);
    EXPECT_EQ(ERR_CLOSED, r.err);
    websocket_done(&r.ws);

    run_input(&r, SPAN_EMPTY, 1, NULL);
    websocket_close(&r.ws, at_ms(10), 1001, "");
    drain(&r, NULL);
    EXPECT_EQ((10 + WEBSOCKET_CLOSE_TIMEOUT_MS) * US_PER_MS, websocket_deadline(&r.ws).us);
    websocket_tick(&r.ws, websocket_deadline(&r.ws));
    drain(&r, NULL);
    EXPECT(r.is_closed);
    EXPECT_EQ(ERR_TIMEOUT, r.err);
    websocket_done(&r.ws);
}

TEST(client_vanishes)
{
    static struct run r;
    run_input(&r, test_hex("018137fa213d56"), 100, NULL);
    websocket_recv_end(&r.ws);
    drain(&r, NULL);
    EXPECT(r.is_closed);
    EXPECT_EQ(1006, r.code);
    EXPECT_EQ(0, test_budget()->used);
    websocket_done(&r.ws);
}

TEST(no_memory)
{
    static uint8_t store[2048];
    struct span stream = make_stream(MSPAN_OF(store));
    for (size_t limit = 0; limit < 1200; limit += 50) {
        struct budget small;
        struct websocket ws;
        struct websocket_event e;
        budget_init(&small, test_budget(), "connection", limit);
        struct websocket_cfg cfg = {.budget = &small};
        websocket_init(&ws, &cfg, at_ms(0));
        struct span in = stream;
        while (in.n > 0 && websocket_recv(&ws, at_ms(0), &in) == OK) {
            uint8_t out[64];
            while (websocket_send(&ws, at_ms(0), MSPAN_OF(out)) > 0 || websocket_poll(&ws, &e)) {}
        }
        websocket_done(&ws);
        EXPECT_EQ(0, small.used);
        budget_done(&small);
    }
}

TEST_MAIN
