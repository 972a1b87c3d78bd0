/* The store on synthetic chains: what it takes, what it refuses and why, what it shows. The holes of other light clients are
 * named where a test would find them here. */
#include "beacon/lc_store.h"

#include "base/test.h"
#include "beacon/maker_test.h"
#include "beacon/ssz.h"

#include <string.h>

enum { START = 16, PERIOD = 64 }; /* slots: of the checkpoint; of a period */

static struct chain_spec chain;
static struct maker_committee committees[4]; /* of periods 0 to 3 */
static struct lc_store store;
static struct lc_update update;
static struct maker_plan plan;

static struct maker_plan plan_of(uint64_t attested, uint64_t finalized)
{
    uint64_t period = attested / PERIOD;
    uint64_t signing = (attested + 1) / PERIOD;
    return (struct maker_plan){
        .chain = &chain,
        .attested_slot = attested,
        .finalized_slot = finalized,
        .signature_slot = attested + 1,
        .signers = chain.committee_size,
        .committee = &committees[signing],
        .current = &committees[period],
        .next = &committees[period + 1],
        .brings_committee = true,
    };
}

static enum err begin_at(uint64_t start, walltime now, bool is_confirmed)
{
    struct lc_bootstrap bootstrap;
    struct lc_checkpoint checkpoint = {.is_confirmed = is_confirmed};
    maker_bootstrap(&bootstrap, &chain, start, &committees[0], &committees[1]);
    lc_beacon_root(&checkpoint.root, &bootstrap.header.beacon);
    return lc_store_init(&store, &chain, &checkpoint, now, &bootstrap);
}

/* begin makes a chain whose last fork is given, and a store at its slot START. */
static void begin(enum beacon_fork last)
{
    chain = maker_chain(last);
    if (committees[0].len == 0) {
        for (size_t i = 0; i < 4; i++) {
            maker_committee_init(&committees[i], &chain, i + 1);
        }
    }
    (void)EXPECT_OK(begin_at(START, maker_time(&chain, START), false));
}

static enum err give_at(uint64_t slot)
{
    return lc_store_update(&store, maker_time(&chain, slot), &update);
}

static enum err give(void)
{
    return give_at(update.signature_slot);
}

static void make(uint64_t attested, uint64_t finalized)
{
    plan = plan_of(attested, finalized);
    maker_update(&update, &plan);
}

TEST(every_fork_is_followed_over_periods)
{
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        test_note("fork %d", (int)f);
        begin(f);
        EXPECT(!lc_store_knows_next(&store));
        make(40, 24);
        TEST_REQUIRE(EXPECT_OK(give()));
        EXPECT_EQ(24, lc_store_finalized(&store)->beacon.slot);
        EXPECT(lc_store_knows_next(&store));
        make(PERIOD + 30, PERIOD + 16);
        TEST_REQUIRE(EXPECT_OK(give()));
        EXPECT_EQ(1, lc_store_period(&store));
        make(2 * PERIOD + 30, 2 * PERIOD + 16);
        TEST_REQUIRE(EXPECT_OK(give()));
        EXPECT_EQ(2, lc_store_period(&store));
        EXPECT_EQ(2 * PERIOD + 16, lc_store_finalized(&store)->beacon.slot);
        struct lc_head head;
        TEST_REQUIRE(EXPECT_OK(lc_store_head(&store, maker_time(&chain, 2 * PERIOD + 31), &head)));
        EXPECT_EQ(2 * PERIOD + 30, head.header->beacon.slot);
        EXPECT_EQ(32, head.signers);
        EXPECT_EQ(fork_shape_of(f)->has_execution, head.header->execution.number != 0);
    }
}

/* The messages through SSZ: what was made, encoded and decoded, is taken. */
TEST(messages_of_every_fork)
{
    static uint8_t bytes[LC_UPDATE_LEN_MAX];
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        test_note("fork %d", (int)f);
        begin(f);
        struct lc_bootstrap bootstrap;
        struct lc_bootstrap decoded;
        maker_bootstrap(&bootstrap, &chain, START, &committees[0], &committees[1]);
        struct wr w = wr_init(MSPAN_OF(bytes));
        maker_encode_bootstrap(&w, f, &bootstrap);
        TEST_REQUIRE(EXPECT_OK(lc_bootstrap_decode(&decoded, &chain, f, span_of(bytes, w.n))));
        struct lc_checkpoint checkpoint;
        lc_beacon_root(&checkpoint.root, &bootstrap.header.beacon);
        EXPECT_OK(lc_store_init(&store, &chain, &checkpoint, maker_time(&chain, START), &decoded));
        make(40, 24);
        static struct lc_update made;
        made = update;
        w = wr_init(MSPAN_OF(bytes));
        maker_encode_update(&w, &chain, f, &made, MAKER_OPTIMISTIC);
        TEST_REQUIRE(
            EXPECT_OK(lc_optimistic_update_decode(&update, &chain, f, span_of(bytes, w.n))));
        EXPECT_OK(give());
        EXPECT_EQ(START, lc_store_finalized(&store)->beacon.slot);
        w = wr_init(MSPAN_OF(bytes));
        maker_encode_update(&w, &chain, f, &made, MAKER_FINALITY);
        TEST_REQUIRE(EXPECT_OK(lc_finality_update_decode(&update, &chain, f, span_of(bytes, w.n))));
        EXPECT_OK(give());
        EXPECT_EQ(24, lc_store_finalized(&store)->beacon.slot);
        EXPECT(!lc_store_knows_next(&store));
        w = wr_init(MSPAN_OF(bytes));
        maker_encode_update(&w, &chain, f, &made, MAKER_UPDATE);
        TEST_REQUIRE(EXPECT_OK(lc_update_decode(&update, &chain, f, span_of(bytes, w.n))));
        EXPECT_OK(give());
        EXPECT(lc_store_knows_next(&store));
    }
}

static void expect_checkpoint(const char *name, enum err want, int64_t late_s, bool is_confirmed)
{
    walltime now = maker_time(&chain, START);
    now.s = (uint64_t)((int64_t)now.s + late_s);
    test_note("%s", name);
    EXPECT_ERR(want, begin_at(START, now, is_confirmed));
}

TEST(checkpoints)
{
    begin(FORK_FULU);
    expect_checkpoint("now", OK, 0, false);
    expect_checkpoint("of the future", ERR_STATE, -1, false);
    expect_checkpoint("14 days old", OK, LC_CHECKPOINT_AGE_S_MAX, false);
    expect_checkpoint("over 14 days old", ERR_DENIED, LC_CHECKPOINT_AGE_S_MAX + 1, false);
    expect_checkpoint("over 14 days old, confirmed", OK, LC_CHECKPOINT_AGE_S_MAX + 1, true);
}

TEST(bootstraps_refused)
{
    begin(FORK_FULU);
    struct lc_bootstrap good;
    struct lc_checkpoint checkpoint = {.is_confirmed = false};
    walltime now = maker_time(&chain, START);
    maker_bootstrap(&good, &chain, START, &committees[0], &committees[1]);
    lc_beacon_root(&checkpoint.root, &good.header.beacon);

    struct lc_bootstrap b = good;
    b.header.beacon.proposer++;
    test_note("another header");
    EXPECT_ERR(ERR_AUTH, lc_store_init(&store, &chain, &checkpoint, now, &b));
    b = good;
    b.committee = span_of(committees[1].bytes, committees[1].len);
    test_note("another committee");
    EXPECT_ERR(ERR_AUTH, lc_store_init(&store, &chain, &checkpoint, now, &b));
    b = good;
    b.committee_branch[2].bytes[0] ^= 1;
    test_note("another branch");
    EXPECT_ERR(ERR_AUTH, lc_store_init(&store, &chain, &checkpoint, now, &b));
    b = good;
    b.header.execution.state_root.bytes[0] ^= 1;
    test_note("another execution header");
    EXPECT_ERR(ERR_AUTH, lc_store_init(&store, &chain, &checkpoint, now, &b));
    EXPECT_OK(lc_store_init(&store, &chain, &checkpoint, now, &good));
}

/* Colibri finding 1, Snowbridge, Union, Hyperbridge: a head signed by too few. The specification itself takes an optimistic
 * header from a single signer; it must not be shown. */
TEST(hole_participation_threshold)
{
    static const struct {
        size_t signers;
        bool is_shown;
    } cases[] = {
        {1,  false},
        {16, false},
        {21, false}, /* 63 of 96 */
        {22, true }, /* 66 of 96: two thirds are 64 */
        {32, true },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lc_head head;
        begin(FORK_FULU);
        plan = plan_of(40, 24);
        plan.signers = cases[i].signers;
        maker_update(&update, &plan);
        test_note("%zu of 32", plan.signers);
        EXPECT_OK(give());
        enum err e = lc_store_head(&store, maker_time(&chain, 41), &head);
        EXPECT_ERR(cases[i].is_shown ? OK : ERR_NOT_FOUND, e);
        EXPECT_EQ(cases[i].is_shown ? 24 : START, lc_store_finalized(&store)->beacon.slot);
        EXPECT_EQ(cases[i].is_shown, lc_store_knows_next(&store));
    }
    plan.signers = 0;
    maker_update(&update, &plan);
    test_note("none");
    EXPECT_ERR(ERR_MALFORMED, give());
}

/* Colibri finding 2: the prover chose where a proof ends. Here a branch that proves something else, at the index where that
 * stands, is no proof of what we ask for. */
TEST(hole_proofs_at_another_index)
{
    begin(FORK_FULU);
    struct lc_bootstrap other;
    make(40, 24);
    /* The branch of the current committee for the next one. */
    maker_bootstrap(&other, &chain, 40, &committees[0], &committees[1]);
    struct lc_update good = update;
    memcpy(update.next_branch, other.committee_branch, sizeof update.next_branch);
    EXPECT_ERR(ERR_AUTH, give());
    update = good;
    update.next_committee = span_of(committees[0].bytes, committees[0].len);
    EXPECT_ERR(ERR_AUTH, give());
    /* A branch cut or lengthened. */
    update = good;
    update.finality_depth--;
    EXPECT_ERR(ERR_AUTH, give());
    update = good;
    memmove(&update.next_branch[0], &good.next_branch[1], 5 * sizeof good.next_branch[0]);
    EXPECT_ERR(ERR_AUTH, give());
    update = good;
    EXPECT_OK(give());
}

/* Colibri finding 3, and nodes that answer with what they had: an old genuine head is marked, then refused. */
TEST(hole_stale_heads)
{
    begin(FORK_FULU);
    make(40, 24);
    EXPECT_OK(give());
    static const struct {
        uint64_t age_s;
        enum err want;
        enum lc_freshness freshness;
    } cases[] = {
        {0,                  OK,          LC_FRESH},
        {LC_FRESH_S_MAX,     OK,          LC_FRESH},
        {LC_FRESH_S_MAX + 1, OK,          LC_STALE},
        {LC_STALE_S_MAX,     OK,          LC_STALE},
        {LC_STALE_S_MAX + 1, ERR_TIMEOUT, LC_STALE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        walltime now = maker_time(&chain, 40);
        struct lc_head head = {.freshness = cases[i].freshness, .age_s = cases[i].age_s};
        now.s += cases[i].age_s;
        test_note("%u s old", (unsigned)cases[i].age_s);
        EXPECT_ERR(cases[i].want, lc_store_head(&store, now, &head));
        EXPECT_EQ(cases[i].freshness, head.freshness);
        EXPECT_EQ(cases[i].age_s, head.age_s);
    }
}

/* Colibri finding 8: the domain is that of the slot before the signature, not of the attested slot. */
TEST(hole_fork_domain_at_the_boundary)
{
    begin(FORK_DENEB);
    chain.forks[FORK_ELECTRA].epoch = 5; /* from slot 40 */
    static const struct {
        uint64_t attested;
        uint64_t signature;
        enum beacon_fork signs;
    } cases[] = {
        {38, 39, FORK_DENEB  },
        {38, 40, FORK_DENEB  }, /* slot 39 counts */
        {38, 41, FORK_ELECTRA}, /* slot 40 counts, whatever is attested */
        {39, 41, FORK_ELECTRA},
        {40, 41, FORK_ELECTRA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("attested %u, signed %u", (unsigned)cases[i].attested,
                  (unsigned)cases[i].signature);
        EXPECT_OK(begin_at(START, maker_time(&chain, START), false));
        plan = plan_of(cases[i].attested, 24);
        plan.signature_slot = cases[i].signature;
        maker_update(&update, &plan);
        EXPECT_OK(give());
        /* The same under the other fork's domain. */
        struct chain_spec other = chain;
        other.forks[FORK_ELECTRA].epoch = cases[i].signs == FORK_DENEB ? 0 : CHAIN_EPOCH_NEVER;
        EXPECT_OK(begin_at(START, maker_time(&chain, START), false));
        plan.chain = &other;
        maker_sign(&update, &plan);
        EXPECT_ERR(ERR_AUTH, give());
    }
}

/* An update with one fault. A fault in what the committee signs is signed again, so that nothing but the fault is wrong. */
enum fault {
    NO_FAULT,
    BAD_SIGNATURE,
    OTHER_MESSAGE,
    MISSING_SIGNER,
    EXTRA_SIGNER,
    OTHER_COMMITTEE_SIGNS,
    OTHER_CHAIN_SIGNS,
    SIGNED_IN_THE_FUTURE,
    SIGNED_BEFORE_ATTESTED,
    FINALIZED_AFTER_ATTESTED,
    BRANCH_OF_FINALITY,
    FINALIZED_HEADER,
    FINALIZED_EXECUTION,
    FINALIZED_WITHOUT_BRANCH,
    ATTESTED_EXECUTION,
    EXECUTION_BRANCH,
    COMMITTEE_BRANCH,
    COMMITTEE_KEY,
    COMMITTEE_WITHOUT_BRANCH,
    STATE_ROOT,
    FAULT_COUNT,
};

static const struct {
    const char *name;
    enum err want;
} faults[FAULT_COUNT] = {
    [NO_FAULT] = {"none",                                        OK           },
    [BAD_SIGNATURE] = {"a signature that is no point",                ERR_MALFORMED},
    [OTHER_MESSAGE] = {"the proposer changed",                        ERR_AUTH     },
    [MISSING_SIGNER] = {"a bit less",                                  ERR_AUTH     },
    [EXTRA_SIGNER] = {"a bit more",                                  ERR_AUTH     },
    [OTHER_COMMITTEE_SIGNS] = {"signed by the next committee",                ERR_AUTH     },
    [OTHER_CHAIN_SIGNS] = {"signed for another chain",                    ERR_AUTH     },
    [SIGNED_IN_THE_FUTURE] = {"a signature slot after the clock",            ERR_STATE    },
    [SIGNED_BEFORE_ATTESTED] = {"a signature slot not after the attested one", ERR_MALFORMED},
    [FINALIZED_AFTER_ATTESTED] = {"a finalized slot after the attested one",     ERR_MALFORMED},
    [BRANCH_OF_FINALITY] = {"a node of the finality branch",               ERR_AUTH     },
    [FINALIZED_HEADER] = {"the finalized header",                        ERR_AUTH     },
    [FINALIZED_EXECUTION] = {"the finalized execution header",              ERR_AUTH     },
    [FINALIZED_WITHOUT_BRANCH] = {"a finalized header with a zero branch",       ERR_MALFORMED},
    [ATTESTED_EXECUTION] = {"the attested execution header",               ERR_AUTH     },
    [EXECUTION_BRANCH] = {"a node of the execution branch",              ERR_AUTH     },
    [COMMITTEE_BRANCH] = {"a node of the committee's branch",            ERR_AUTH     },
    [COMMITTEE_KEY] = {"a key of the next committee",                 ERR_AUTH     },
    [COMMITTEE_WITHOUT_BRANCH] = {"a committee with a zero branch",              ERR_MALFORMED},
    [STATE_ROOT] = {"the state root",                              ERR_AUTH     },
};

static void fault_of_branches(enum fault fault, uint8_t *committee_copy)
{
    switch ((int)fault) {
    case BRANCH_OF_FINALITY:  update.finality_branch[3].bytes[9] ^= 1; break;
    case FINALIZED_HEADER:    update.finalized.beacon.parent_root.bytes[0] ^= 1; break;
    case FINALIZED_EXECUTION: update.finalized.execution.receipts_root.bytes[0] ^= 1; break;
    case FINALIZED_WITHOUT_BRANCH:
        memset(update.finality_branch, 0, sizeof update.finality_branch);
        break;
    case ATTESTED_EXECUTION: update.attested.execution.state_root.bytes[0] ^= 1; break;
    case EXECUTION_BRANCH:   update.attested.execution_branch[1].bytes[0] ^= 1; break;
    case COMMITTEE_BRANCH:   update.next_branch[0].bytes[31] ^= 1; break;
    case COMMITTEE_KEY:
        memcpy(committee_copy, update.next_committee.p, update.next_committee.n);
        memcpy(committee_copy + BLS_KEY_LEN, committee_copy, BLS_KEY_LEN);
        update.next_committee.p = committee_copy;
        break;
    case COMMITTEE_WITHOUT_BRANCH: memset(update.next_branch, 0, sizeof update.next_branch); break;
    case STATE_ROOT:
        update.attested.beacon.state_root.bytes[0] ^= 1;
        maker_sign(&update, &plan);
        break;
    default: break;
    }
}

static void fault_of_signing(enum fault fault)
{
    struct chain_spec other = chain;
    switch ((int)fault) {
    case BAD_SIGNATURE:         update.signature[0] ^= 0x80; break;
    case OTHER_MESSAGE:         update.attested.beacon.proposer++; break;
    case MISSING_SIGNER:        update.bits[1] ^= 2; break;
    case EXTRA_SIGNER:          update.bits[3] ^= 0x80; break; /* 31 have signed */
    case OTHER_COMMITTEE_SIGNS: plan.committee = &committees[1]; break;
    case OTHER_CHAIN_SIGNS:
        other.genesis_validators_root.bytes[0] ^= 1;
        plan.chain = &other;
        break;
    case SIGNED_BEFORE_ATTESTED:   update.signature_slot = 40; break;
    case FINALIZED_AFTER_ATTESTED: update.finalized.beacon.slot = 41; break;
    default:                       break;
    }
    if (fault >= OTHER_COMMITTEE_SIGNS && fault <= SIGNED_BEFORE_ATTESTED) {
        maker_sign(&update, &plan);
    }
}

TEST(faults_are_refused_and_leave_the_store_alone)
{
    static struct lc_store before;
    static uint8_t committee_copy[LC_COMMITTEE_LEN_MAX];
    begin(FORK_FULU);
    before = store;
    for (enum fault f = FAULT_COUNT; f-- > NO_FAULT;) {
        plan = plan_of(40, 24);
        plan.signers = 31;
        maker_update(&update, &plan);
        fault_of_signing(f);
        fault_of_branches(f, committee_copy);
        test_note("%s", faults[f].name);
        EXPECT_ERR(faults[f].want, give_at(f == SIGNED_IN_THE_FUTURE ? 40 : 41));
        if (f != NO_FAULT) {
            EXPECT(memcmp(&before, &store, sizeof store) == 0);
        }
    }
}

TEST(periods_that_do_not_follow)
{
    begin(FORK_FULU);
    make(PERIOD + 30, PERIOD + 16);
    test_note("the next committee is not known yet");
    EXPECT_ERR(ERR_STATE, give());
    make(40, 24);
    EXPECT_OK(give());
    make(2 * PERIOD + 30, 2 * PERIOD + 16);
    test_note("a period left out");
    EXPECT_ERR(ERR_STATE, give());
    make(20, 0);
    test_note("older than what is final");
    EXPECT_ERR(ERR_STATE, give_at(60));
    make(24, 0);
    test_note("what is final");
    EXPECT_ERR(ERR_STATE, give_at(60));
    make(50, 0);
    update.next_committee = span_of(committees[2].bytes, committees[2].len);
    test_note("another next committee than the known one");
    EXPECT_ERR(ERR_AUTH, give_at(60));
}

/* Two blocks of one slot, both signed by two thirds, are kept with all that shows it; until one is final the head is
 * disputed. */
TEST(conflicting_heads_are_evidence)
{
    struct lc_head head;
    begin(FORK_FULU);
    make(40, 24);
    EXPECT_OK(give());
    struct hash32 first;
    lc_beacon_root(&first, &update.attested.beacon);
    EXPECT_OK(give());
    EXPECT(lc_store_evidence(&store, 0) == NULL);
    plan = plan_of(40, 0);
    plan.seed = 1;
    plan.signers = 21;
    maker_update(&update, &plan);
    EXPECT_OK(give());
    EXPECT(lc_store_evidence(&store, 0) == NULL); /* too few: no contradiction */
    plan.signers = 22;
    maker_update(&update, &plan);
    EXPECT_OK(give());
    const struct lc_evidence *e = lc_store_evidence(&store, 0);
    TEST_REQUIRE(EXPECT(e != NULL));
    EXPECT(lc_store_evidence(&store, 1) == NULL);
    EXPECT_EQ(40, e->first.beacon.slot);
    EXPECT_EQ(40, e->second.beacon.slot);
    EXPECT_SPAN(SPAN_OF(first.bytes), SPAN_OF(e->first.root.bytes));
    EXPECT(memcmp(&e->first.root, &e->second.root, sizeof e->first.root) != 0);
    EXPECT_SPAN(SPAN_OF(update.signature), SPAN_OF(e->second.signature));
    EXPECT_OK(lc_store_head(&store, maker_time(&chain, 41), &head));
    EXPECT(head.is_disputed);
    EXPECT_OK(give());
    EXPECT(lc_store_evidence(&store, 1) == NULL); /* the same again is nothing new */
    make(58, 48);
    EXPECT_OK(give());
    EXPECT_OK(lc_store_head(&store, maker_time(&chain, 59), &head));
    EXPECT(!head.is_disputed);
}

TEST(force_update_is_not_shown_as_final)
{
    bool taken;
    begin(FORK_FULU);
    make(40, 24);
    EXPECT_OK(give());
    plan = plan_of(50, 0);
    plan.signers = 5;
    maker_update(&update, &plan);
    EXPECT_OK(give());
    uint64_t last = 24 + PERIOD;
    EXPECT_OK(lc_store_force(&store, maker_time(&chain, last), &taken));
    EXPECT(!taken);
    EXPECT_OK(lc_store_force(&store, maker_time(&chain, last + 1), &taken));
    EXPECT(taken);
    EXPECT_EQ(50, store.finalized.beacon.slot);
    EXPECT_EQ(24, lc_store_finalized(&store)->beacon.slot);
    EXPECT_OK(lc_store_force(&store, maker_time(&chain, 10 * PERIOD), &taken));
    EXPECT(!taken);
}

/* Which of two updates below two thirds a force update would take: each case gives the better one first, then last. */
static struct maker_plan few(uint64_t attested, uint64_t finalized, size_t signers, bool brings)
{
    struct maker_plan p = plan_of(attested, finalized);
    p.signers = signers;
    p.brings_committee = brings;
    return p;
}

TEST(better_updates)
{
    begin(FORK_FULU);
    const struct {
        const char *name;
        struct maker_plan better;
        struct maker_plan worse;
    } cases[] = {
        {"more signers",       few(40, 24, 9, false), few(39, 24, 8, true) },
        {"brings a committee", few(40, 0,  8, true),  few(39, 24, 8, false)},
        {"brings finality",    few(40, 24, 8, true),  few(39, 0,  8, true) },
        {"older",              few(39, 24, 8, true),  few(40, 24, 8, true) },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int order = 0; order < 2; order++) {
            test_note("%s, order %d", cases[i].name, order);
            EXPECT_OK(begin_at(START, maker_time(&chain, START), false));
            maker_update(&update, order ? &cases[i].worse : &cases[i].better);
            EXPECT_OK(give());
            maker_update(&update, order ? &cases[i].better : &cases[i].worse);
            EXPECT_OK(give());
            EXPECT(store.has_best);
            EXPECT_EQ(cases[i].better.attested_slot, store.best.attested.beacon.slot);
            EXPECT_EQ(cases[i].better.signers, lc_update_signers(&store.best));
        }
    }
    /* Two thirds without finality are better than any fewer. */
    EXPECT_OK(begin_at(START, maker_time(&chain, START), false));
    plan = few(40, 0, 22, false);
    maker_update(&update, &plan);
    EXPECT_OK(give());
    plan = few(41, 24, 21, true);
    maker_update(&update, &plan);
    EXPECT_OK(give());
    EXPECT_EQ(22, lc_update_signers(&store.best));
}

TEST(the_state_is_small)
{
    EXPECT(sizeof store <= 150 * 1000);
}

TEST_MAIN
