/* Lengths and offsets of the messages, and headers that a fork does not have yet. */
#include "beacon/lc_message.h"

#include "base/test.h"
#include "beacon/maker_test.h"

#include <string.h>

static struct chain_spec chain;
static struct maker_committee committees[2];
static struct lc_update update;
static struct lc_update decoded;
static struct lc_bootstrap bootstrap;
static uint8_t bytes[LC_UPDATE_LEN_MAX + 1];

static void make(enum beacon_fork fork)
{
    chain = maker_chain(fork);
    if (committees[0].len == 0) {
        maker_committee_init(&committees[0], &chain, 1);
        maker_committee_init(&committees[1], &chain, 2);
    }
    struct maker_plan plan = {
        .chain = &chain,
        .attested_slot = 40,
        .finalized_slot = 24,
        .signature_slot = 41,
        .signers = 32,
        .committee = &committees[0],
        .current = &committees[0],
        .next = &committees[1],
        .brings_committee = true,
    };
    maker_update(&update, &plan);
    maker_bootstrap(&bootstrap, &chain, 16, &committees[0], &committees[1]);
}

enum { BOOTSTRAP = 3, FORMS = 4 };

static size_t encode(enum beacon_fork fork, int form)
{
    struct wr w = wr_init(MSPAN_OF(bytes));
    if (form == BOOTSTRAP) {
        maker_encode_bootstrap(&w, fork, &bootstrap);
    } else {
        maker_encode_update(&w, &chain, fork, &update, (enum maker_form)form);
    }
    (void)EXPECT(wr_ok(&w));
    return w.n;
}

static enum err decode(enum beacon_fork fork, int form, size_t n)
{
    struct span in = span_of(bytes, n);
    struct lc_bootstrap b;
    switch (form) {
    case MAKER_UPDATE:     return lc_update_decode(&decoded, &chain, fork, in);
    case MAKER_FINALITY:   return lc_finality_update_decode(&decoded, &chain, fork, in);
    case MAKER_OPTIMISTIC: return lc_optimistic_update_decode(&decoded, &chain, fork, in);
    default:               return lc_bootstrap_decode(&b, &chain, fork, in);
    }
}

TEST(any_other_length_is_refused)
{
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        make(f);
        for (int form = 0; form < FORMS; form++) {
            size_t n = encode(f, form);
            test_note("fork %d, form %d", (int)f, form);
            EXPECT_OK(decode(f, form, n));
            for (size_t cut = 0; cut < n; cut += cut + 40 < n ? 37 : 1) {
                /* The last field is extra_data, whose end is that of the message: less of it is another value. */
                bool is_extra = f >= FORK_CAPELLA && cut >= n - LC_EXTRA_LEN_MAX;
                enum err e = decode(f, form, cut);
                EXPECT(is_extra || e == ERR_MALFORMED);
            }
            memset(bytes + n, 0, LC_EXTRA_LEN_MAX + 1);
            EXPECT_ERR(ERR_MALFORMED, decode(f, form, n + LC_EXTRA_LEN_MAX + 1));
        }
        test_note("fork %d", (int)f);
        EXPECT_ERR(ERR_LIMIT, decode(f, MAKER_UPDATE, LC_UPDATE_LEN_MAX + 1));
        EXPECT_ERR(ERR_LIMIT, decode(f, BOOTSTRAP, LC_BOOTSTRAP_LEN_MAX + 1));
    }
}

/* Every offset has one value that is right. */
TEST(offsets_point_right_behind)
{
    make(FORK_FULU);
    size_t n = encode(FORK_FULU, MAKER_OPTIMISTIC);
    size_t header = bytes[0] | (size_t)bytes[1] << 8;
    const size_t offsets[] = {0, header + LC_BEACON_LEN, header + LC_BEACON_LEN + 132 + 436};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        for (int change = -1; change <= 1; change += 2) {
            test_note("offset at %zu %+d", offsets[i], change);
            bytes[offsets[i]] = (uint8_t)(bytes[offsets[i]] + change);
            EXPECT_ERR(ERR_MALFORMED, decode(FORK_FULU, MAKER_OPTIMISTIC, n));
            bytes[offsets[i]] = (uint8_t)(bytes[offsets[i]] - change);
        }
        bytes[offsets[i] + 3] = 0xff;
        EXPECT_ERR(ERR_MALFORMED, decode(FORK_FULU, MAKER_OPTIMISTIC, n));
        bytes[offsets[i] + 3] = 0;
    }
    EXPECT_OK(decode(FORK_FULU, MAKER_OPTIMISTIC, n));
    /* The second header's offset is where the first one ends. */
    n = encode(FORK_FULU, MAKER_FINALITY);
    bytes[4]--;
    EXPECT_ERR(ERR_MALFORMED, decode(FORK_FULU, MAKER_FINALITY, n));
    bytes[4]++;
    bytes[7] = 0x80;
    EXPECT_ERR(ERR_MALFORMED, decode(FORK_FULU, MAKER_FINALITY, n));
}

TEST(a_message_of_another_fork_is_refused)
{
    make(FORK_DENEB);
    size_t n = encode(FORK_DENEB, MAKER_FINALITY);
    EXPECT_ERR(ERR_MALFORMED, decode(FORK_ALTAIR, MAKER_FINALITY, n));
    EXPECT_ERR(ERR_MALFORMED, decode(FORK_CAPELLA, MAKER_FINALITY, n));
    EXPECT_ERR(ERR_MALFORMED, decode(FORK_ELECTRA, MAKER_FINALITY, n));
    EXPECT_OK(decode(FORK_DENEB, MAKER_FINALITY, n));
}

/* What a header's fork does not have must be zero: the messages of a later fork have room for it. */
TEST(headers_before_their_time)
{
    struct lc_header good;
    struct lc_header h;
    struct hash32 root;
    make(FORK_CAPELLA);
    good = update.attested;
    EXPECT_OK(lc_header_verify(&good, &chain));
    h = good;
    h.execution.blob_gas_used = 1;
    EXPECT_ERR(ERR_AUTH, lc_header_verify(&h, &chain));
    h = good;
    h.execution.excess_blob_gas = 1;
    EXPECT_ERR(ERR_AUTH, lc_header_verify(&h, &chain));
    h = good;
    memset(&h.execution, 0, sizeof h.execution);
    EXPECT_ERR(ERR_AUTH, lc_header_verify(&h, &chain));

    make(FORK_ALTAIR);
    good = update.attested;
    EXPECT_OK(lc_header_verify(&good, &chain));
    h = good;
    h.execution_branch[3].bytes[31] = 1;
    EXPECT_ERR(ERR_AUTH, lc_header_verify(&h, &chain));
    static const size_t fields[] = {
        offsetof(struct lc_execution, parent_hash),
        offsetof(struct lc_execution, fee_recipient),
        offsetof(struct lc_execution, state_root),
        offsetof(struct lc_execution, receipts_root),
        offsetof(struct lc_execution, bloom),
        offsetof(struct lc_execution, prev_randao),
        offsetof(struct lc_execution, number),
        offsetof(struct lc_execution, gas_limit),
        offsetof(struct lc_execution, gas_used),
        offsetof(struct lc_execution, timestamp),
        offsetof(struct lc_execution, extra_len),
        offsetof(struct lc_execution, base_fee),
        offsetof(struct lc_execution, block_hash),
        offsetof(struct lc_execution, transactions_root),
        offsetof(struct lc_execution, withdrawals_root),
        offsetof(struct lc_execution, blob_gas_used),
        offsetof(struct lc_execution, excess_blob_gas),
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        test_note("field %zu", i);
        h = good;
        ((uint8_t *)&h.execution)[fields[i]] = 1;
        EXPECT_ERR(ERR_AUTH, lc_header_verify(&h, &chain));
        EXPECT(!lc_header_is_zero(&h));
    }
    chain.forks[FORK_ALTAIR].epoch = 6;
    EXPECT_ERR(ERR_UNSUPPORTED, lc_header_verify(&good, &chain));
    memset(&h, 0, sizeof h);
    EXPECT(lc_header_is_zero(&h));
    lc_beacon_root(&root, &h.beacon); /* of a header of zeros: 5 zero leaves of 8 */
    EXPECT_SPAN(test_hex("c78009fdf07fc56a11f122370658a353aaa542ed63e44c4bc15ff4cd105ab33c"),
                SPAN_OF(root.bytes));
}

TEST_MAIN
