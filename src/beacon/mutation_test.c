/* Messages of synthetic chains with something changed: none is taken, whatever was changed. PASSMESH_LONG=1 tries a million
 * instead of a sample. */
#include "beacon/lc_store.h"

#include "base/check.h"
#include "base/rng.h"
#include "base/test.h"
#include "beacon/maker_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 1500, WHOLE = 1000000, CLOCK = 60, BOOTSTRAP = 3, FORMS = 4, PAIRING_EVERY = 60 };

/* A chain of one fork: a store at its checkpoint, the messages that it would take, and those of other blocks. */
struct subject {
    enum beacon_fork fork;
    struct chain_spec chain;
    struct lc_checkpoint checkpoint;
    struct lc_store store;
    struct lc_update update;
    struct lc_update other;
    uint8_t bytes[FORMS][LC_UPDATE_LEN_MAX];
    uint8_t other_bytes[FORMS][LC_UPDATE_LEN_MAX];
    size_t len[FORMS];
};

struct tally {
    size_t total;
    size_t structural; /* refused only by a hash or a signature */
    size_t pairing;    /* refused only by the pairing */
    size_t same;       /* changed in the signature's slot alone, which no signature covers */
};

static struct subject subjects[FORK_COUNT];
static struct maker_committee committees[2];
static struct rng_seeded rng;
static struct lc_store scratch;
static uint8_t work[LC_UPDATE_LEN_MAX + 64];

static size_t pick(size_t bound)
{
    return (size_t)rng_below(&rng.rng, bound);
}

static size_t encode(struct mspan out, const struct subject *s, const struct lc_update *u, int form)
{
    struct wr w = wr_init(out);
    maker_encode_update(&w, &s->chain, s->fork, u, (enum maker_form)form);
    check(wr_ok(&w));
    return w.n;
}

static void subject_init(struct subject *s, enum beacon_fork fork)
{
    struct lc_bootstrap bootstrap;
    s->fork = fork;
    s->chain = maker_chain(fork);
    if (committees[0].len == 0) {
        maker_committee_init(&committees[0], &s->chain, 1);
        maker_committee_init(&committees[1], &s->chain, 2);
    }
    struct maker_plan plan = {
        .chain = &s->chain,
        .attested_slot = 40,
        .finalized_slot = 24,
        .signature_slot = 41,
        .signers = 25,
        .committee = &committees[0],
        .current = &committees[0],
        .next = &committees[1],
        .brings_committee = true,
    };
    maker_update(&s->update, &plan);
    plan.seed = 9;
    maker_update(&s->other, &plan);
    for (int form = 0; form < BOOTSTRAP; form++) {
        s->len[form] = encode(MSPAN_OF(s->bytes[form]), s, &s->update, form);
        (void)encode(MSPAN_OF(s->other_bytes[form]), s, &s->other, form);
    }
    maker_bootstrap(&bootstrap, &s->chain, 16, &committees[0], &committees[1]);
    lc_beacon_root(&s->checkpoint.root, &bootstrap.header.beacon);
    walltime now = maker_time(&s->chain, CLOCK);
    check(lc_store_init(&s->store, &s->chain, &s->checkpoint, now, &bootstrap) == OK);
    struct wr w = wr_init(MSPAN_OF(s->bytes[BOOTSTRAP]));
    maker_encode_bootstrap(&w, fork, &bootstrap);
    s->len[BOOTSTRAP] = w.n;
    maker_bootstrap(&bootstrap, &s->chain, 17, &committees[1], &committees[0]);
    w = wr_init(MSPAN_OF(s->other_bytes[BOOTSTRAP]));
    maker_encode_bootstrap(&w, fork, &bootstrap);
}

static enum err decode(struct lc_update *u, const struct subject *s, int form, struct span in)
{
    switch (form) {
    case MAKER_UPDATE:   return lc_update_decode(u, &s->chain, s->fork, in);
    case MAKER_FINALITY: return lc_finality_update_decode(u, &s->chain, s->fork, in);
    default:             return lc_optimistic_update_decode(u, &s->chain, s->fork, in);
    }
}

/* mutate changes the first n bytes of work in one of many ways and returns the new length. */
static size_t mutate(const struct subject *s, int form, size_t n)
{
    size_t at = pick(n);
    size_t from = pick(n);
    size_t len = 1 + pick(40);
    len = len > n - at ? n - at : len;
    len = len > n - from ? n - from : len;
    switch (pick(10)) {
    case 0:
    case 1:
    case 2:  work[at] ^= (uint8_t)(1 << pick(8)); break;
    case 3:  work[at] = (uint8_t)pick(256); break;
    case 4:  memset(work + at, pick(2) ? 0 : 0xff, len); break;
    case 5:  memmove(work + at, work + from, len); break;
    case 6:  memcpy(work + at, s->other_bytes[form] + at, len); break;
    case 7:  rng_fill(&rng.rng, mspan_of(work + at, len)); break;
    case 8:  work[at]++; break;
    default: n = pick(3) ? n - len : n + len; break;
    }
    return n;
}

/* What only the pairing can tell: everything that hashes prove is right. */
static size_t mutate_for_pairing(const struct subject *s, int form)
{
    static struct lc_update u;
    u = s->update;
    switch (pick(4)) {
    case 0:  memcpy(u.signature, s->other.signature, sizeof u.signature); break;
    case 1:  u.bits[pick(4)] ^= (uint8_t)(1 << pick(8)); break;
    case 2:  u.attested.beacon.proposer ^= 1ull << pick(64); break;
    default: u.attested.beacon.parent_root.bytes[pick(32)] ^= (uint8_t)(1 << pick(8)); break;
    }
    return encode(MSPAN_OF(work), s, &u, form);
}

static bool is_same_but_for_slot(const struct subject *s, int form, struct lc_update *u)
{
    static uint8_t again[LC_UPDATE_LEN_MAX];
    u->signature_slot = s->update.signature_slot;
    size_t n = encode(MSPAN_OF(again), s, u, form);
    return span_equal(span_of(again, n), span_of(s->bytes[form], s->len[form]));
}

static enum err try_update(struct subject *s, struct tally *t, int form, size_t n)
{
    static struct lc_update u;
    TRY(decode(&u, s, form, span_of(work, n)));
    enum err e = lc_store_update(&s->store, maker_time(&s->chain, CLOCK), &u);
    if (e == OK) {
        bool is_same = is_same_but_for_slot(s, form, &u);
        (void)EXPECT(is_same);
        t->same += is_same;
        s->store = scratch;
    } else if (t->total % 16 == 0) {
        (void)EXPECT(memcmp(&s->store, &scratch, sizeof scratch) == 0);
    }
    return e;
}

static enum err try_bootstrap(struct subject *s, size_t n)
{
    static struct lc_store store;
    struct lc_bootstrap b;
    TRY(lc_bootstrap_decode(&b, &s->chain, s->fork, span_of(work, n)));
    walltime now = maker_time(&s->chain, CLOCK);
    enum err e = lc_store_init(&store, &s->chain, &s->checkpoint, now, &b);
    (void)EXPECT(e != OK);
    return e;
}

static void try_once(struct subject *s, struct tally *t)
{
    static const int forms[] = {MAKER_OPTIMISTIC, MAKER_OPTIMISTIC, MAKER_OPTIMISTIC,
                                MAKER_FINALITY,   MAKER_FINALITY,   MAKER_FINALITY,
                                MAKER_UPDATE,     BOOTSTRAP};
    int form = forms[pick(sizeof forms / sizeof *forms)];
    memcpy(work, s->bytes[form], s->len[form]);
    t->total++;
    if (form != BOOTSTRAP && pick(PAIRING_EVERY) == 0) {
        size_t n = mutate_for_pairing(s, form);
        (void)EXPECT_ERR(ERR_AUTH, try_update(s, t, form, n));
        t->pairing++;
        t->structural++;
        return;
    }
    size_t n = mutate(s, form, s->len[form]);
    if (span_equal(span_of(work, n), span_of(s->bytes[form], s->len[form]))) {
        t->total--;
        return;
    }
    enum err e = form == BOOTSTRAP ? try_bootstrap(s, n) : try_update(s, t, form, n);
    t->structural += e == ERR_AUTH;
}

TEST(nothing_that_was_changed_is_taken)
{
    size_t count = getenv("PASSMESH_LONG") ? WHOLE : SAMPLE;
    struct tally t = {0};
    rng_seeded_init(&rng, test_seed());
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        struct subject *s = &subjects[f];
        subject_init(s, f);
        scratch = s->store;
        test_note("fork %d, seed %llu", (int)f, (unsigned long long)test_seed());
        for (int form = 0; form < BOOTSTRAP; form++) { /* unchanged they are taken */
            static struct lc_update u;
            walltime now = maker_time(&s->chain, CLOCK);
            EXPECT_OK(decode(&u, s, form, span_of(s->bytes[form], s->len[form])));
            EXPECT_OK(lc_store_update(&s->store, now, &u));
            s->store = scratch;
        }
        while (t.total <
               count / FORK_COUNT * ((size_t)f + 1) + (f == FORK_FULU ? count % FORK_COUNT : 0)) {
            try_once(s, &t);
        }
    }
    (void)printf("# %zu tried, %zu structurally right, %zu for the pairing, %zu the same\n",
                 t.total, t.structural, t.pairing, t.same);
    EXPECT_EQ(count, t.total);
    EXPECT(2 * t.structural >= t.total);
    EXPECT(200 * t.pairing >= t.total);
}

TEST_MAIN
