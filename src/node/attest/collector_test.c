/* The door to all collectors: the first that gives bound evidence, and what became of the others. */
#include "node/attest/collector.h"

#include "base/test.h"
#include "tee/sev_snp.h"

#include <string.h>

enum { AT_USER_DATA = 0x50 };

/* A collector that does as it is told. */
struct puppet {
    struct collector collector; /* first */
    enum err err;
    bool is_foreign; /* gives what is bound to something else */
    size_t more;     /* bytes of a chain beside it */
    unsigned asked;
};

static uint8_t binding[64];
static uint8_t text[EVIDENCE_LEN_MAX];

static enum err
puppet_collect(struct collector *self, struct collected *c, const uint8_t bind[static 64])
{
    struct puppet *p = (struct puppet *)(void *)self;
    struct mspan room;
    p->asked++;
    EXPECT_EQ(TEE_KIND_COUNT, c->evidence.kind); /* nothing of the one before */
    EXPECT_EQ(0, c->evidence.parts[EVIDENCE_MAIN].n);
    TRY(p->err);
    buf_clear(&c->main);
    buf_clear(&c->more);
    TRY(buf_extend(&c->main, &room, SEV_SNP_REPORT_LEN));
    memset(room.p, 0, room.n);
    room.p[0] = 3;
    memcpy(room.p + AT_USER_DATA, bind, 64);
    room.p[AT_USER_DATA] ^= p->is_foreign;
    if (p->more > 0) {
        TRY(buf_extend(&c->more, &room, p->more));
        memset(room.p, 1, room.n);
    }
    c->evidence.kind = TEE_SEV_SNP;
    c->evidence.parts[EVIDENCE_MAIN] = buf_span(&c->main);
    c->evidence.parts[EVIDENCE_CHAIN] = buf_span(&c->more);
    return OK;
}

static struct puppet puppets[COLLECTORS_MAX];
static struct collector *list[COLLECTORS_MAX];
static struct collector_outcome outcome;
static size_t text_len;

static enum err ask(size_t count)
{
    struct wr w = wr_init(MSPAN_OF(text));
    memset(binding, 6, sizeof binding);
    memset(&outcome, 0xff, sizeof outcome);
    for (size_t i = 0; i < COLLECTORS_MAX; i++) {
        puppets[i].collector = (struct collector){.name = "puppet", .collect = puppet_collect};
        puppets[i].asked = 0;
        list[i] = &puppets[i].collector;
    }
    enum err e = collectors_write(&w, list, count, test_budget(), binding, &outcome);
    text_len = w.n;
    return e;
}

TEST(the_first_that_gives_evidence)
{
    struct evidence e;
    memset(puppets, 0, sizeof puppets);
    puppets[0].err = ERR_CLOSED;
    puppets[1].is_foreign = true;
    TEST_REQUIRE(EXPECT_OK(ask(COLLECTORS_MAX)));
    EXPECT_EQ(2, outcome.used);
    EXPECT_EQ(ERR_CLOSED, outcome.errs[0]);
    EXPECT_EQ(ERR_STATE, outcome.errs[1]);
    EXPECT_EQ(1, puppets[2].asked);
    EXPECT_EQ(0, puppets[3].asked);
    TEST_REQUIRE(EXPECT_OK(evidence_decode(&e, span_of(text, text_len))));
    EXPECT_EQ(TEE_SEV_SNP, e.kind);
    EXPECT(evidence_carries(&e, binding));
}

TEST(none_that_does)
{
    memset(puppets, 0, sizeof puppets);
    puppets[0].err = ERR_UNSUPPORTED;
    puppets[1].err = ERR_TIMEOUT;
    EXPECT_ERR(ERR_UNSUPPORTED, ask(2));
    EXPECT_EQ(2, outcome.used);
    EXPECT_EQ(ERR_TIMEOUT, outcome.errs[1]);
    EXPECT_EQ(0, text_len);
    EXPECT_ERR(ERR_UNSUPPORTED, ask(0));
}

TEST(what_is_too_long_leaves_room_for_the_next)
{
    size_t fits = EVIDENCE_LEN_MAX - 1 - 5 - SEV_SNP_REPORT_LEN - 5;
    memset(puppets, 0, sizeof puppets);
    /* more may hold 16 KiB: the longest evidence is made of both. */
    puppets[0].more = COLLECTED_MORE_LEN_MAX + 1;
    puppets[1].more = COLLECTED_MORE_LEN_MAX;
    TEST_REQUIRE(EXPECT_OK(ask(2)));
    EXPECT_EQ(ERR_LIMIT, outcome.errs[0]);
    EXPECT_EQ(1, outcome.used);
    EXPECT_EQ(11 + SEV_SNP_REPORT_LEN + COLLECTED_MORE_LEN_MAX, text_len);
    EXPECT(fits > COLLECTED_MORE_LEN_MAX); /* such evidence always fits */
}

TEST_MAIN
