#include "codec/frame.h"

#include "base/rng.h"
#include "base/test.h"

#include <string.h>

static struct frame_cfg config(enum frame_prefix prefix, size_t max)
{
    return (struct frame_cfg){.prefix = prefix, .frame_len_max = max, .budget = test_budget()};
}

/* Messages of these lengths, each filled with its number, framed one after the other. */
static const size_t lens[] = {0, 1, 5, 127, 128, 0, 300, 1000, 2, 0};
enum { LENS_COUNT = sizeof lens / sizeof lens[0], STREAM_LEN_MAX = 4096 };

static struct span make_stream(uint8_t store[static STREAM_LEN_MAX], enum frame_prefix prefix)
{
    struct wr w = wr_init(mspan_of(store, STREAM_LEN_MAX));
    for (size_t i = 0; i < LENS_COUNT; i++) {
        uint8_t message[1000];
        memset(message, (int)i, sizeof message);
        frame_write(&w, prefix, span_of(message, lens[i]));
    }
    EXPECT_OK(wr_end(&w));
    return span_of(store, w.n);
}

static void expect_message(size_t number, struct span got)
{
    uint8_t want[1000];
    memset(want, (int)number, sizeof want);
    EXPECT_SPAN(span_of(want, lens[number]), got);
}

/* The same frames come out however the stream is cut. Each piece is overwritten once it is
 * used up, so that a frame kept past its life would show. */
static void run_cut(enum frame_prefix prefix, uint64_t piece_max, struct rng *rng)
{
    static uint8_t store[STREAM_LEN_MAX];
    struct span stream = make_stream(store, prefix);
    struct frame_reader f;
    frame_reader_init(&f, config(prefix, 1000));
    size_t count = 0;
    while (stream.n > 0) {
        static uint8_t piece[STREAM_LEN_MAX];
        size_t n = (size_t)(1 + rng_below(rng, piece_max));
        struct span in = span_take(&stream, n);
        memcpy(piece, in.p, in.n);
        in.p = piece;
        struct span frame;
        enum err e;
        while ((e = frame_reader_next(&f, &frame, &in)) == OK) {
            expect_message(count++, frame);
        }
        EXPECT_ERR(ERR_TRUNCATED, e);
        EXPECT_EQ(0, in.n);
        memset(piece, 0xee, sizeof piece);
    }
    EXPECT_EQ(LENS_COUNT, count);
    EXPECT(frame_reader_is_idle(&f));
    EXPECT_EQ(0, test_budget()->used);
    frame_reader_done(&f);
}

TEST(segment_invariance)
{
    struct rng_seeded r;
    rng_seeded_init(&r, test_seed());
    for (enum frame_prefix prefix = FRAME_UVARINT; prefix <= FRAME_BE32; prefix++) {
        run_cut(prefix, 1, &r.rng);
        for (int i = 0; i < 200; i++) {
            run_cut(prefix, 1 + rng_below(&r.rng, 700), &r.rng);
        }
    }
}

TEST(whole_frames_are_not_copied)
{
    uint8_t stream[] = {3, 'a', 'b', 'c'};
    struct frame_reader f;
    frame_reader_init(&f, config(FRAME_UVARINT, 10));
    struct span in = SPAN_OF(stream);
    struct span frame = SPAN_EMPTY;
    EXPECT_OK(frame_reader_next(&f, &frame, &in));
    EXPECT(frame.p == stream + 1);
    EXPECT_EQ(0, test_budget()->used_max);
    frame_reader_done(&f);
}

TEST(memory_follows_what_came)
{
    uint8_t stream[4 + 100] = {0, 0x10, 0, 0}; /* announces 1 MiB, sends 100 bytes */
    struct frame_reader f;
    frame_reader_init(&f, config(FRAME_BE32, 1 << 20));
    struct span in = SPAN_OF(stream);
    struct span frame;
    EXPECT_ERR(ERR_TRUNCATED, frame_reader_next(&f, &frame, &in));
    EXPECT(test_budget()->used >= 100);
    EXPECT(test_budget()->used <= 256);
    EXPECT(!frame_reader_is_idle(&f));
    frame_reader_done(&f);
    EXPECT_EQ(0, test_budget()->used);
}

TEST(refusals)
{
    static const struct {
        const char *name;
        const char *hex;
        enum frame_prefix prefix;
        enum err want;
    } cases[] = {
        {"varint not minimal",   "8100",                 FRAME_UVARINT, ERR_MALFORMED},
        {"varint too long",      "ffffffffffffffffff01", FRAME_UVARINT, ERR_MALFORMED},
        {"varint past max",      "0b",                   FRAME_UVARINT, ERR_LIMIT    },
        {"varint huge",          "ffffffffffffffff7f",   FRAME_UVARINT, ERR_LIMIT    },
        {"be16 past max",        "000b",                 FRAME_BE16,    ERR_LIMIT    },
        {"be32 past max",        "0000000b",             FRAME_BE32,    ERR_LIMIT    },
        {"be32 huge",            "ffffffff",             FRAME_BE32,    ERR_LIMIT    },
        {"exactly max, waiting", "0a",                   FRAME_UVARINT, ERR_TRUNCATED},
        {"half a be32",          "0000",                 FRAME_BE32,    ERR_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct frame_reader f;
        frame_reader_init(&f, config(cases[i].prefix, 10));
        struct span in = test_hex(cases[i].hex);
        struct span frame;
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, frame_reader_next(&f, &frame, &in));
        struct span more = test_hex("000000000000");
        if (cases[i].want != ERR_TRUNCATED) {
            EXPECT_ERR(cases[i].want, frame_reader_next(&f, &frame, &more));
            EXPECT(f.rule != NULL);
        }
        frame_reader_done(&f);
    }
}

TEST(budget_refuses)
{
    struct budget small;
    budget_init(&small, test_budget(), "stream", 10);
    struct frame_reader f;
    struct frame_cfg cfg = config(FRAME_BE16, 100);
    cfg.budget = &small;
    frame_reader_init(&f, cfg);
    struct span in = test_hex("0064 000102030405060708090a0b0c0d0e0f 10");
    struct span frame;
    EXPECT_ERR(ERR_LIMIT, frame_reader_next(&f, &frame, &in));
    EXPECT_EQ(0, small.used);
    frame_reader_done(&f);
    budget_done(&small);
}

TEST(writer_limits)
{
    uint8_t store[8];
    struct wr w = wr_init(MSPAN_OF(store));
    frame_write_prefix(&w, FRAME_BE16, 65535);
    EXPECT_OK(wr_end(&w));
    frame_write_prefix(&w, FRAME_BE16, 65536);
    EXPECT_ERR(ERR_LIMIT, wr_end(&w));
    EXPECT_EQ(2, frame_prefix_len(FRAME_BE16, 1));
    EXPECT_EQ(4, frame_prefix_len(FRAME_BE32, 1));
    EXPECT_EQ(2, frame_prefix_len(FRAME_UVARINT, 128));
}

TEST(done_is_final)
{
    struct frame_reader f = {0};
    frame_reader_done(&f);
    frame_reader_done(&f);
    struct span in = SPAN_LIT("\0");
    struct span frame;
    EXPECT_ERR(ERR_STATE, frame_reader_next(&f, &frame, &in));
    EXPECT(!frame_reader_is_idle(&f));
    frame_reader_init(&f, config(FRAME_BE16, 10));
    EXPECT(frame_reader_is_idle(&f));
    EXPECT_ERR(ERR_TRUNCATED, frame_reader_next(&f, &frame, &in));
    EXPECT(!frame_reader_is_idle(&f));
    struct span more = SPAN_LIT("\3a");
    EXPECT_ERR(ERR_TRUNCATED, frame_reader_next(&f, &frame, &more));
    EXPECT_ERR(ERR_TRUNCATED, frame_reader_next(&f, &frame, &more)); /* nothing new */
    EXPECT(!frame_reader_is_idle(&f));
    frame_reader_done(&f);
    EXPECT_EQ(0, test_budget()->used);
}

TEST_MAIN
