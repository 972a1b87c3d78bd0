/* light_client: CPU time of what a light client does, on a synthetic chain of mainnet's size: one aggregate signature of 512
 * keys, a proven balance from a checkpoint of this period and from one 14 days old, and one more at a known head. Prints
 * NAME VALUE a line; the best of several rounds, because a shared machine only ever makes them worse. */
#include "base/check.h"
#include "beacon/lc_store.h"
#include "beacon/maker_test.h"
#include "codec/uvarint.h"
#include "crypto/backend.h"
#include "crypto/keccak.h"
#include "evm/account_proof.h"
#include "evm/rlp.h"
#include "service/light.h"
#include "service/proof.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, PERIODS = 14, DEPTH = 8, PERIOD = 8192, WARM_COUNT = 200 };

static struct budget budget;
static struct chain_spec chain;
static struct maker_committee committees[PERIODS + 2];
static struct lc_store store;
static uint8_t bootstrap_bytes[LC_BOOTSTRAP_LEN_MAX];
static size_t bootstrap_len;
static uint8_t updates[PERIODS][LC_UPDATE_LEN_MAX];
static size_t updates_len[PERIODS];
static uint8_t finality_bytes[2][LC_UPDATE_LEN_MAX]; /* of the first period, and of the last */
static size_t finality_len[2];
static struct buf nodes[DEPTH + 1];
static struct hash32 state_root;
static const struct address address = {
    .bytes = {1, 2, 3}
};

static double cpu_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static struct maker_plan plan_of(uint64_t attested, uint64_t finalized)
{
    uint64_t period = attested / PERIOD;
    return (struct maker_plan){
        .chain = &chain,
        .attested_slot = attested,
        .finalized_slot = finalized,
        .signature_slot = attested + 1,
        .signers = chain.committee_size,
        .committee = &committees[period],
        .current = &committees[period],
        .next = &committees[period + 1],
        .brings_committee = true,
    };
}

static size_t encode(uint8_t *out, uint64_t attested, uint64_t finalized, enum maker_form form)
{
    static struct lc_update u;
    struct maker_plan plan = plan_of(attested, finalized);
    struct wr w = wr_init(mspan_of(out, LC_UPDATE_LEN_MAX));
    maker_update(&u, &plan);
    maker_encode_update(&w, &chain, FORK_FULU, &u, form);
    check(wr_ok(&w));
    return w.n;
}

static void chain_make(void)
{
    struct lc_bootstrap b;
    chain = chain_mainnet;
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        chain.forks[f].epoch = 0;
    }
    for (uint64_t i = 0; i < PERIODS + 2; i++) {
        maker_committee_init(&committees[i], &chain, i + 1);
    }
    maker_bootstrap(&b, &chain, 32, &committees[0], &committees[1]);
    struct wr w = wr_init(MSPAN_OF(bootstrap_bytes));
    maker_encode_bootstrap(&w, FORK_FULU, &b);
    bootstrap_len = w.n;
    for (uint64_t i = 0; i < PERIODS; i++) {
        updates_len[i] = encode(updates[i], i * PERIOD + 4000, i * PERIOD + 3904, MAKER_UPDATE);
    }
    finality_len[0] = encode(finality_bytes[0], 8000, 7904, MAKER_FINALITY);
    finality_len[1] = encode(finality_bytes[1], (PERIODS - 1) * PERIOD + 8000,
                             (PERIODS - 1) * PERIOD + 7904, MAKER_FINALITY);
}

/* proof_make builds the way to one account: full branches, as near the root of mainnet's state, and a leaf. */
static void proof_make(void)
{
    struct hash32 key;
    struct hash32 below = {{0}};
    struct buf account;
    uint8_t path[33];
    size_t n = 0;
    keccak256(&key, SPAN_OF(address.bytes));
    buf_init(&account, &budget, 256);
    struct rlp_wr w = rlp_wr_init(&account);
    rlp_wr_list_begin(&w);
    rlp_wr_u64(&w, 7);
    rlp_wr_u64(&w, 1000000000);
    rlp_wr_bytes(&w, SPAN_OF(mpt_empty_root.bytes));
    rlp_wr_bytes(&w, SPAN_OF(account_empty_code_hash.bytes));
    rlp_wr_list_end(&w);
    check(rlp_wr_end(&w) == OK);
    path[n++] = 0x20; /* a leaf with an even rest */
    for (size_t i = DEPTH / 2; i < sizeof key.bytes; i++) {
        path[n++] = key.bytes[i];
    }
    for (size_t level = DEPTH + 1; level-- > 0;) {
        buf_init(&nodes[level], &budget, 1024);
        w = rlp_wr_init(&nodes[level]);
        rlp_wr_list_begin(&w);
        if (level == DEPTH) {
            rlp_wr_bytes(&w, span_of(path, n));
            rlp_wr_bytes(&w, buf_span(&account));
        }
        for (size_t i = 0; level < DEPTH && i < 16; i++) {
            size_t nibble = key.bytes[level / 2] >> (level % 2 ? 0 : 4) & 0xf;
            struct hash32 other = {
                .bytes = {(uint8_t)i, (uint8_t)level, 1}
            };
            rlp_wr_bytes(&w, i == nibble ? SPAN_OF(below.bytes) : SPAN_OF(other.bytes));
        }
        if (level < DEPTH) {
            rlp_wr_bytes(&w, SPAN_EMPTY);
        }
        rlp_wr_list_end(&w);
        check(rlp_wr_end(&w) == OK);
        keccak256(&below, buf_span(&nodes[level]));
    }
    state_root = below;
    buf_done(&account);
}

static void balance_prove(void)
{
    struct span parts[DEPTH + 1];
    struct account_state account;
    for (size_t i = 0; i <= DEPTH; i++) {
        parts[i] = buf_span(&nodes[i]);
    }
    struct mpt_proof proof = {.nodes = parts, .nodes_count = DEPTH + 1};
    check(account_verify(&account, &state_root, address, &proof) == OK);
    check(account.nonce == 7);
}

static void finality_give(size_t which)
{
    static struct lc_update u;
    struct span in = span_of(finality_bytes[which], finality_len[which]);
    check(lc_finality_update_decode(&u, &chain, FORK_FULU, in) == OK);
    check(lc_store_update(&store, chain_slot_time(&chain, u.signature_slot), &u) == OK);
}

/* cold begins with bytes from the network: a bootstrap, an update for each period, the newest head, and a balance. */
static double cold(size_t periods)
{
    static struct lc_bootstrap b;
    static struct lc_update u;
    struct lc_checkpoint checkpoint = {.is_confirmed = false};
    double before = cpu_ms();
    struct span in = span_of(bootstrap_bytes, bootstrap_len);
    check(lc_bootstrap_decode(&b, &chain, FORK_FULU, in) == OK);
    lc_beacon_root(&checkpoint.root, &b.header.beacon);
    walltime now = chain_slot_time(&chain, b.header.beacon.slot);
    check(lc_store_init(&store, &chain, &checkpoint, now, &b) == OK);
    for (size_t i = 0; i < periods; i++) {
        in = span_of(updates[i], updates_len[i]);
        check(lc_update_decode(&u, &chain, FORK_FULU, in) == OK);
        now = chain_slot_time(&chain, u.signature_slot);
        check(lc_store_update(&store, now, &u) == OK);
    }
    finality_give(periods > 1);
    balance_prove();
    return cpu_ms() - before;
}

static double aggregate(void)
{
    static struct g1 keys[CHAIN_COMMITTEE_MAX];
    uint8_t bits[LC_BITS_LEN_MAX];
    uint8_t signature[BLS_SIGNATURE_LEN];
    memset(bits, 0xff, sizeof bits);
    for (size_t i = 0; i < CHAIN_COMMITTEE_MAX; i++) {
        keys[i] = committees[0].signers[i].key;
    }
    signer_sign(signature, committees[0].signers, SPAN_OF(bits), SPAN_OF(state_root.bytes));
    struct bls_signers signers = {.keys = keys, .bits = bits, .keys_count = CHAIN_COMMITTEE_MAX};
    double before = cpu_ms();
    check(bls_aggregate_verify(&signers, SPAN_OF(state_root.bytes), signature) == OK);
    return cpu_ms() - before;
}

static double warm(void)
{
    double before = cpu_ms();
    for (size_t i = 0; i < WARM_COUNT; i++) {
        balance_prove();
    }
    return (cpu_ms() - before) / (double)WARM_COUNT;
}

/* ---- what goes over the wire ---- */

/* An answer of the service protocol with its frame, and the question for it. */
static size_t exchange_len(const struct service_request *r, struct span body)
{
    struct service_response answer = {.body = body};
    struct buf out;
    buf_init(&out, &budget, 1 << 20);
    check(service_request_encode(r, &out) == OK);
    size_t n = uvarint_len(out.n) + out.n;
    buf_clear(&out);
    check(service_response_encode(&answer, &out) == OK);
    n += uvarint_len(out.n) + out.n;
    buf_done(&out);
    return n;
}

static size_t light_len(enum service_type type, struct span ssz)
{
    struct service_request r = {.type = type, .chain_id = 1, .period = 1, .count = 1};
    struct service_light light = {.count = 1, .parts = {{.fork = 6, .ssz = ssz}}};
    struct buf body;
    buf_init(&body, &budget, 1 << 20);
    check(service_light_encode(&light, &body) == OK);
    size_t n = exchange_len(&r, buf_span(&body));
    buf_done(&body);
    return n;
}

/* The balance's proof; the block's head is known, as it is to the wallet. */
static size_t balance_len(void)
{
    struct hash32 block = {.bytes = {1}};
    struct service_request r = {.type = SERVICE_ACCOUNT_PROOF,
                                .chain_id = 1,
                                .address = address,
                                .block_hash = block,
                                .known = SPAN_OF(block.bytes)};
    struct service_proof_writer w;
    struct span parts[DEPTH + 1];
    struct mpt_proof path = {.nodes = parts, .nodes_count = DEPTH + 1};
    struct buf body;
    buf_init(&body, &budget, 1 << 20);
    for (size_t i = 0; i <= DEPTH; i++) {
        parts[i] = buf_span(&nodes[i]);
    }
    service_proof_writer_init(&w, &body, &r);
    check(service_proof_put_header(&w, SPAN_LIT("left out")) == OK);
    check(service_proof_put_path(&w, &path) == OK);
    size_t n = exchange_len(&r, buf_span(&body));
    buf_done(&body);
    return n;
}

/* From a checkpoint so many periods back: the bootstrap, an update for each, the newest head, and the balance. */
static double cold_kb(size_t periods)
{
    size_t n = light_len(SERVICE_LC_BOOTSTRAP, span_of(bootstrap_bytes, bootstrap_len));
    for (size_t i = 0; i < periods; i++) {
        n += light_len(SERVICE_LC_UPDATES, span_of(updates[i], updates_len[i]));
    }
    n += light_len(SERVICE_LC_FINALITY, span_of(finality_bytes[0], finality_len[0]));
    return (double)(n + balance_len()) / 1000;
}

int main(void)
{
    double best[4] = {1e9, 1e9, 1e9, 1e9};
    budget_init(&budget, NULL, "bench", 8 << 20);
    check(crypto_init() == OK);
    chain_make();
    proof_make();
    for (int i = 0; i < ROUNDS; i++) {
        best[0] = least(best[0], aggregate());
        best[1] = least(best[1], cold(1));
        best[2] = least(best[2], cold(PERIODS));
        best[3] = least(best[3], warm());
    }
    (void)printf("bls_aggregate_ms %.3f\ncold_proven_balance_cpu_ms %.2f\n"
                 "cold_proven_balance_14_days_cpu_ms %.1f\nwarm_proven_balance_cpu_ms %.4f\n"
                 "verifier_state_kb %.1f\ncold_proven_balance_kb %.1f\n"
                 "cold_proven_balance_14_days_kb %.1f\nwarm_proven_balance_kb %.2f\n",
                 best[0], best[1], best[2], best[3], (double)sizeof store / 1000, cold_kb(1),
                 cold_kb(PERIODS), (double)balance_len() / 1000);
    return 0;
}
