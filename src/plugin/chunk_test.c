#include "plugin/chunk.h"

#include "base/test.h"
#include "base/wr.h"

#include <string.h>

enum { LENGTH = 3000 };

static const instant start = {.us = 1000000};
static uint8_t content[PACKAGE_CHUNK_LEN];
static uint8_t message[PACKAGE_CHUNK_LEN + 64];

static struct chunk_want want_of(size_t length)
{
    struct chunk_want want = {.request = {.index = 2}, .length = length};
    memset(want.request.file.bytes, 9, sizeof want.request.file.bytes);
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)(i * 7);
    }
    sha256(&want.hash, span_of(content, length));
    return want;
}

/* An answer, as bytes on the wire. */
static struct span wire(struct chunk_answer a)
{
    struct wr w = wr_init(MSPAN_OF(message));
    chunk_answer_write(&w, &a);
    EXPECT(wr_ok(&w));
    return span_of(message, w.n);
}

/* How asking ends if in comes in pieces of n bytes, and then the end. */
static enum chunk_outcome outcome_of(struct chunk_want want, struct span in, size_t n)
{
    struct chunk_fetch f;
    chunk_fetch_init(&f, &want, test_budget(), start);
    while (in.n > 0) {
        if (chunk_fetch_recv(&f, span_take(&in, n)) == CHUNK_GOT) {
            EXPECT_SPAN(span_of(content, want.length), f.bytes);
        }
    }
    enum chunk_outcome o = chunk_fetch_end(&f);
    chunk_fetch_done(&f);
    return o;
}

TEST(a_request_is_read_back)
{
    struct chunk_request r = want_of(1).request;
    struct chunk_request again;
    uint8_t room[CHUNK_REQUEST_LEN_MAX + 1];
    for (uint32_t i = 0; i < 2; i++) {
        struct wr w = wr_init(MSPAN_OF(room));
        r.index = i == 0 ? 0 : CHUNK_INDEX_MAX;
        chunk_request_write(&w, &r);
        EXPECT_EQ(w.n - 1, room[0]);
        EXPECT_OK(chunk_request_parse(&again, span_of(room + 1, w.n - 1)));
        EXPECT_EQ(r.index, again.index);
        EXPECT_SPAN(SPAN_OF(r.file.bytes), SPAN_OF(again.file.bytes));
    }
    struct wr w = wr_init(MSPAN_OF(room));
    r.index = CHUNK_INDEX_MAX + 1;
    chunk_request_write(&w, &r);
    EXPECT_ERR(ERR_MALFORMED, chunk_request_parse(&again, span_of(room + 1, w.n - 1)));
}

TEST(requests_that_are_refused)
{
    static const struct {
        const char *name;
        const char *hex;
    } cases[] = {
        {"nothing",          ""          },
        {"no hash",          "1001"      },
        {"a short hash",     "0a03010203"},
        {"a hash as number", "0801"      },
        {"cut",              "0a200102"  },
        {"an index of text", "1201ff"    },
    };
    struct chunk_request r;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        EXPECT_ERR(ERR_MALFORMED, chunk_request_parse(&r, test_hex(cases[i].hex)));
    }
}

TEST(answers_that_contradict_themselves)
{
    static const struct {
        const char *name;
        const char *hex;
    } cases[] = {
        {"found, and nothing",       "0800"          },
        {"nothing at all",           ""              },
        {"absent, and a chunk",      "08011a0141"    },
        {"busy, and a chunk",        "080210011a0141"},
        {"found, and ask again",     "080010011a0141"},
        {"a status that is unknown", "0803"          },
        {"busy for eleven minutes",  "080210e0a228"  },
    };
    struct chunk_answer a;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("%s", cases[i].name);
        EXPECT_ERR(ERR_MALFORMED, chunk_answer_parse(&a, test_hex(cases[i].hex)));
    }
    EXPECT_OK(chunk_answer_parse(&a, test_hex("0802108827")));
    EXPECT_EQ(5000, a.retry_ms);
}

TEST(the_right_chunk_in_any_pieces)
{
    static const size_t lengths[] = {1, LENGTH, PACKAGE_CHUNK_LEN};
    static const size_t pieces[] = {1, 2, 1000, sizeof message};
    for (size_t l = 0; l < sizeof lengths / sizeof lengths[0]; l++) {
        for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
            struct chunk_want want = want_of(lengths[l]);
            struct span in = wire((struct chunk_answer){.bytes = span_of(content, lengths[l])});
            test_note("length %zu, pieces of %zu", lengths[l], pieces[p]);
            EXPECT_EQ(CHUNK_GOT, outcome_of(want, in, pieces[p]));
        }
    }
}

TEST(lies)
{
    struct chunk_want want = want_of(LENGTH);
    struct span right = span_of(content, LENGTH);
    struct span longer = span_of(content, LENGTH + 1);
    EXPECT_EQ(CHUNK_LIED, outcome_of(want, wire((struct chunk_answer){.bytes = longer}), 100));
    EXPECT_EQ(
        CHUNK_LIED,
        outcome_of(want, wire((struct chunk_answer){.bytes = span_first(right, LENGTH - 1)}), 100));
    struct span in = wire((struct chunk_answer){.bytes = right});
    EXPECT_EQ(CHUNK_LOST, outcome_of(want, span_first(in, in.n - 1), 100));
    message[in.n - 1] ^= 1;
    EXPECT_EQ(CHUNK_LIED, outcome_of(want, in, 100));
    EXPECT_EQ(CHUNK_LIED, outcome_of(want, test_hex("0408001a00"), 100));
    EXPECT_EQ(CHUNK_LOST, outcome_of(want, SPAN_EMPTY, 100));
}

/* Four gigabytes are announced: known at once, nothing is waited for or reserved. */
TEST(a_length_that_is_too_much)
{
    struct chunk_want want = want_of(LENGTH);
    struct chunk_fetch f;
    size_t used = test_budget()->used;
    chunk_fetch_init(&f, &want, test_budget(), start);
    EXPECT_EQ(CHUNK_LIED, chunk_fetch_recv(&f, test_hex("ffffffff0f")));
    EXPECT_EQ(used, test_budget()->used);
    chunk_fetch_done(&f);
}

TEST(refusals_are_no_lies)
{
    struct chunk_want want = want_of(LENGTH);
    struct chunk_fetch f;
    EXPECT_EQ(CHUNK_REFUSED,
              outcome_of(want, wire((struct chunk_answer){.status = CHUNK_ABSENT}), 1));
    chunk_fetch_init(&f, &want, test_budget(), start);
    EXPECT_EQ(CHUNK_REFUSED, chunk_fetch_recv(&f, wire((struct chunk_answer){.status = CHUNK_BUSY,
                                                                             .retry_ms = 70})));
    EXPECT_EQ(70, f.retry_ms);
    EXPECT_EQ(CHUNK_REFUSED, chunk_fetch_end(&f));
    chunk_fetch_done(&f);
}

TEST(whoever_is_slow_is_left)
{
    struct chunk_want want = want_of(PACKAGE_CHUNK_LEN);
    struct span in = wire((struct chunk_answer){.bytes = span_of(content, PACKAGE_CHUNK_LEN)});
    struct chunk_fetch f;
    instant now = start;
    chunk_fetch_init(&f, &want, test_budget(), now);
    for (int i = 0; i < 3; i++) { /* just fast enough */
        EXPECT_EQ(CHUNK_PENDING, chunk_fetch_recv(&f, span_take(&in, CHUNK_SLOW_BYTES)));
        now = chunk_fetch_deadline(&f);
        EXPECT_EQ(CHUNK_PENDING, chunk_fetch_tick(&f, now));
    }
    EXPECT_EQ(CHUNK_PENDING, chunk_fetch_recv(&f, span_take(&in, CHUNK_SLOW_BYTES - 1)));
    now = chunk_fetch_deadline(&f);
    EXPECT_EQ(CHUNK_PENDING, chunk_fetch_tick(&f, (instant){.us = now.us - 1}));
    EXPECT_EQ(CHUNK_SLOW, chunk_fetch_tick(&f, now));
    EXPECT_EQ(CHUNK_SLOW, chunk_fetch_recv(&f, in));
    EXPECT(instant_is_never(chunk_fetch_deadline(&f)));
    chunk_fetch_done(&f);
}

TEST_MAIN
