#include "service/bundler.h"

#include "base/rng.h"
#include "base/test.h"
#include "evm/abi.h"
#include "service/node_test.h"

#include <string.h>

/* One bundler, its node and its store. */
static struct world {
    struct bundler bundler;
    struct scripted_node node;
    struct scripted_store store;
    instant now;
    struct rng_seeded rng;
    unsigned lose_percent; /* of questions and answers */
    struct {
        uint64_t waiter;
        enum service_code code;
        char reason[SERVICE_TEXT_LEN_MAX + 1];
    } verdict; /* the latest */
    unsigned verdicts_count;
    struct buf answer;
} w;

static void bundler_begin(void)
{
    struct bundler_cfg cfg = {
        .budget = test_budget(),
        .chain_id = w.node.chain_id,
        .entry_point = w.node.entry_point,
        .self = scripted_self,
        .known = scripted_known_ready,
        .known_count = 4,
        .signer = &scripted_signer,
        .store = &w.store.port,
        .limits = bundler_limits_default(),
    };
    cfg.limits.ops_max = 8;
    EXPECT_OK(bundler_init(&w.bundler, &cfg));
}

static void world_begin(void)
{
    memset(&w, 0, sizeof w);
    scripted_node_init(&w.node);
    scripted_store_init(&w.store);
    rng_seeded_init(&w.rng, test_seed());
    w.now = (instant){.us = 1000000};
    buf_init(&w.answer, test_budget(), 1 << 17);
    bundler_begin();
    struct service_head head = scripted_node_head(&w.node);
    bundler_head(&w.bundler, &head, w.now);
}

static void world_end(void)
{
    bundler_done(&w.bundler);
    buf_done(&w.answer);
}

/* crash drops everything in memory and begins anew from the store. */
static void crash(void)
{
    bundler_done(&w.bundler);
    bundler_begin();
    for (size_t i = 0; i < w.store.count; i++) {
        EXPECT_OK(bundler_restore(&w.bundler,
                                  span_of(w.store.records[i].record, w.store.records[i].n), w.now));
    }
    struct service_head head = scripted_node_head(&w.node);
    bundler_head(&w.bundler, &head, w.now);
}

static bool is_lost(void)
{
    return rng_below(&w.rng.rng, 100) < w.lose_percent;
}

/* step handles one event; false if there is none. */
static bool step(void)
{
    struct bundler_event e;
    if (!bundler_poll(&w.bundler, &e, w.now)) {
        return false;
    }
    if (e.kind == BUNDLER_VERDICT) {
        w.verdict.waiter = e.waiter;
        w.verdict.code = e.code;
        w.verdicts_count++;
        size_t n = span_copy(mspan_of(w.verdict.reason, sizeof w.verdict.reason - 1), e.reason);
        w.verdict.reason[n] = 0;
        return true;
    }
    if (is_lost()) {
        bundler_answer_failed(&w.bundler, e.token, w.now);
        return true;
    }
    buf_clear(&w.answer);
    scripted_node_answer(&w.node, e.text, &w.answer);
    if (is_lost()) {
        bundler_answer_failed(&w.bundler, e.token, w.now);
    } else {
        bundler_answer(&w.bundler, e.token, buf_span(&w.answer), w.now);
    }
    return true;
}

static void settle(void)
{
    for (int i = 0; i < 1000 && step(); i++) {}
}

/* pass lets time go by, in steps of what the bundler wants. */
static void pass_ms(uint64_t ms)
{
    instant end = instant_add(w.now, ms * US_PER_MS);
    for (;;) {
        settle();
        instant next = instant_min(bundler_deadline(&w.bundler), end);
        if (!instant_before(w.now, next)) {
            next = instant_add(w.now, US_PER_MS);
        }
        if (!instant_before(w.now, end)) {
            return;
        }
        w.now = next;
    }
}

static void mine(void)
{
    (void)scripted_node_mine(&w.node);
    struct service_head head = scripted_node_head(&w.node);
    bundler_head(&w.bundler, &head, w.now);
    settle();
}

struct sent {
    enum service_code code;
    struct hash32 hash;
    const char *why;
};

static struct sent submit_bytes(struct span op, const char *peer)
{
    struct sent r = {.why = ""};
    struct bundler_submission s = {.entry_point = w.node.entry_point,
                                   .userop = op,
                                   .peer = span_str(peer),
                                   .group = SPAN_LIT("net"),
                                   .waiter = 7};
    r.code = bundler_submit(&w.bundler, &r.hash, &r.why, &s, w.now);
    return r;
}

static struct sent submit(uint8_t account, uint64_t nonce, uint64_t fee, uint8_t variant)
{
    struct buf op;
    buf_init(&op, test_budget(), 8192);
    scripted_userop(&op, account, nonce, fee, variant);
    struct sent r = submit_bytes(buf_span(&op), "peer");
    buf_done(&op);
    return r;
}

static enum service_userop_state state_of(struct hash32 hash)
{
    struct service_userop_status s = {0};
    return bundler_find(&w.bundler, &s, &hash) == OK ? s.state : (enum service_userop_state)0;
}

static unsigned paid_count;

static void on_paid(void *user, const struct loss_key *who, struct address account, instant now)
{
    struct userop op;
    struct buf bytes;
    (void)user;
    (void)now;
    buf_init(&bytes, test_budget(), 8192);
    scripted_userop(&bytes, 1, 0, 5000, 0);
    EXPECT_OK(userop_decode(&op, buf_span(&bytes)));
    EXPECT(address_equal(op.sender, account));
    EXPECT_SPAN(SPAN_LIT("peer"), span_of(who->peer, who->peer_len));
    paid_count++;
    buf_done(&bytes);
}

TEST(from_submission_to_final)
{
    world_begin();
    w.bundler.cfg.paid = on_paid;
    paid_count = 0;
    struct sent op = submit(1, 0, 5000, 0);
    EXPECT_EQ(SERVICE_OK, op.code);
    EXPECT_EQ(SERVICE_USEROP_CHECKING, state_of(op.hash));
    settle();
    EXPECT_EQ(1, w.verdicts_count);
    EXPECT_EQ(7, w.verdict.waiter);
    EXPECT_EQ(SERVICE_OK, w.verdict.code);
    EXPECT_EQ(SERVICE_USEROP_SENT, state_of(op.hash));
    EXPECT_EQ(1, w.node.sends_count);
    EXPECT_EQ(1, w.store.count);
    mine();
    struct service_userop_status s;
    EXPECT_OK(bundler_find(&w.bundler, &s, &op.hash));
    EXPECT_EQ(SERVICE_USEROP_INCLUDED, s.state);
    EXPECT(s.success);
    EXPECT_EQ(101, s.block_number);
    EXPECT_EQ(77, s.actual_gas_cost.w[0]);
    EXPECT_SPAN(SPAN_OF(w.node.txs[0].hash.bytes), SPAN_OF(s.tx_hash.bytes));
    EXPECT_EQ(0, paid_count); /* the block may go yet */
    mine();
    mine();
    EXPECT_EQ(1, paid_count);
    EXPECT_EQ(SERVICE_USEROP_FINAL, state_of(op.hash));
    EXPECT_EQ(77, w.bundler.fees.w[0]); /* counted once, when it is final */
    EXPECT_EQ(450000, w.bundler.gas_cost.w[0]);
    EXPECT_EQ(0, bundler_open_count(&w.bundler));
    EXPECT_EQ(0, w.bundler.loss.total.reserved);
    EXPECT_EQ(0, w.bundler.loss.total.lost);
    EXPECT_EQ(1, w.node.sends_count);
    /* the same once more is answered, not sent */
    op = submit(1, 0, 5000, 0);
    EXPECT_EQ(SERVICE_OK, op.code);
    settle();
    EXPECT_EQ(2, w.verdicts_count);
    EXPECT_EQ(1, w.node.sends_count);
    /* in the end it is forgotten, in the store too */
    pass_ms(3600 * 1000 + 1000);
    EXPECT_EQ(0, w.store.count);
    EXPECT_EQ(0, (unsigned)state_of(op.hash));
    world_end();
}

/* change alters one operation; what it becomes is refused at once. */
static void
expect_refused(void (*change)(struct userop *op), enum service_code code, const char *why)
{
    struct buf plain;
    struct buf changed;
    struct userop op;
    buf_init(&plain, test_budget(), 8192);
    buf_init(&changed, test_budget(), 16384);
    scripted_userop(&plain, 1, 0, 5000, 0);
    EXPECT_OK(userop_decode(&op, buf_span(&plain)));
    change(&op);
    EXPECT_OK(userop_encode(&op, &changed));
    struct sent r = submit_bytes(buf_span(&changed), "peer");
    test_note("%s", why);
    EXPECT_EQ(code, r.code);
    EXPECT(strstr(r.why, why) != NULL);
    EXPECT_EQ(0, bundler_open_count(&w.bundler));
    buf_done(&plain);
    buf_done(&changed);
}

static uint8_t paymaster[52];
static void with_paymaster(struct userop *op)
{
    op->paymaster_and_data = SPAN_OF(paymaster);
}
static void with_foreign_factory(struct userop *op)
{
    op->init_code = SPAN_OF(paymaster);
}
static void with_short_factory(struct userop *op)
{
    op->init_code = SPAN_LIT("\x44");
}
static void with_low_fee(struct userop *op)
{
    op->max_fee_per_gas = u256_from_u64(999);
    op->max_priority_fee_per_gas = U256_ZERO;
}
static void with_odd_fee(struct userop *op)
{
    op->max_priority_fee_per_gas = u256_from_u64(6000);
}
static void with_low_pre_gas(struct userop *op)
{
    op->pre_verification_gas = u256_from_u64(21000);
}
static void with_much_verification(struct userop *op)
{
    op->verification_gas_limit = u256_from_u64(1500001);
}
static void with_much_call(struct userop *op)
{
    op->call_gas_limit = u256_from_u64(1 << 24);
}
static void with_raw_signature(struct userop *op)
{
    op->signature = SPAN_LIT("signature");
}
static void with_long_call(struct userop *op)
{
    static uint8_t data[8192];
    op->call_data = SPAN_OF(data);
}

static uint8_t owners_bytes[512];
static size_t owners_len;
static void with_owners(struct userop *op)
{
    op->signature = span_of(owners_bytes, owners_len);
}

/* owners_set makes a signature field with one owner. */
static void owners_set(struct span owner)
{
    struct buf b;
    buf_init(&b, test_budget(), 512);
    struct abi_wr a = abi_wr_init(&b, 2);
    abi_wr_array_begin(&a, 1, 1);
    abi_wr_bytes(&a, owner);
    abi_wr_close(&a);
    abi_wr_array_begin(&a, 0, 0);
    abi_wr_close(&a);
    EXPECT_OK(abi_wr_end(&a));
    owners_len = span_copy(MSPAN_OF(owners_bytes), buf_span(&b));
    buf_done(&b);
}

TEST(refused_at_once)
{
    world_begin();
    expect_refused(with_paymaster, SERVICE_DENIED, "paymaster");
    expect_refused(with_foreign_factory, SERVICE_DENIED, "factory");
    expect_refused(with_short_factory, SERVICE_DENIED, "factory");
    expect_refused(with_low_fee, SERVICE_DENIED, "base fee");
    expect_refused(with_odd_fee, SERVICE_BAD_REQUEST, "maxPriorityFeePerGas");
    expect_refused(with_low_pre_gas, SERVICE_DENIED, "preVerificationGas");
    expect_refused(with_much_verification, SERVICE_DENIED, "verificationGasLimit");
    expect_refused(with_much_call, SERVICE_DENIED, "gas limits");
    expect_refused(with_raw_signature, SERVICE_DENIED, "signature");
    expect_refused(with_long_call, SERVICE_BAD_REQUEST, "8192");
    uint8_t contract[20] = {0x33};
    uint8_t stranger[40] = {0x55};
    owners_set(SPAN_OF(contract));
    expect_refused(with_owners, SERVICE_DENIED, "owner that is a contract");
    owners_set(SPAN_OF(stranger));
    expect_refused(with_owners, SERVICE_DENIED, "verifier of an owner");
    struct sent r = submit_bytes(SPAN_LIT("nonsense"), "peer");
    EXPECT_EQ(SERVICE_BAD_REQUEST, r.code);
    EXPECT_EQ(0, w.node.asks_count);
    EXPECT_EQ(0, w.bundler.loss.total.reserved);
    world_end();
}

/* What the chain shows: each case changes the node and gives the verdict. */
TEST(refused_after_asking)
{
    static const struct {
        const char *name;
        size_t flag; /* offset of a bool of the node that is flipped; 0 = none */
        const char *sim_error;
        const char *plain_error;
        enum service_code code;
        const char *reason;
    } cases[] = {
        {"no account", offsetof(struct scripted_node, account_exists), NULL, NULL, SERVICE_DENIED,
         "does not exist yet"},
        {"other implementation", offsetof(struct scripted_node, other_implementation), NULL, NULL,
         SERVICE_DENIED, "implementation"},
        {"other verifier", offsetof(struct scripted_node, other_verifier_code), NULL, NULL,
         SERVICE_DENIED, "other code"},
        {"bad signature", 0, "AA24 signature error", NULL, SERVICE_DENIED, "AA24 signature error"},
        {"no money", 0, NULL, "Insufficient funds for gas * price + value", SERVICE_INTERNAL,
         "too little money"},
        {"node trouble", 0, NULL, "rate limited", SERVICE_UPSTREAM, "rate limited"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_begin();
        test_note("%s", cases[i].name);
        if (cases[i].flag) {
            bool *flag = (bool *)((char *)&w.node + cases[i].flag);
            *flag = !*flag;
        }
        w.node.sim_error = cases[i].sim_error;
        w.node.plain_error = cases[i].plain_error;
        EXPECT_EQ(SERVICE_OK, submit(1, 0, 5000, 0).code);
        settle();
        EXPECT_EQ(1, w.verdicts_count);
        EXPECT_EQ(cases[i].code, w.verdict.code);
        EXPECT(strstr(w.verdict.reason, cases[i].reason) != NULL);
        EXPECT_EQ(0, w.node.sends_count);
        EXPECT_EQ(0, w.store.count);
        EXPECT_EQ(0, w.bundler.loss.total.reserved);
        pass_ms(10);
        EXPECT_EQ(BUNDLER_FREE, w.bundler.ops[0].step);
        world_end();
    }
}

TEST(silent_node)
{
    world_begin();
    w.lose_percent = 100;
    EXPECT_EQ(SERVICE_OK, submit(1, 0, 5000, 0).code);
    pass_ms(2000);
    EXPECT_EQ(SERVICE_UPSTREAM, w.verdict.code);
    world_end();
}

TEST(store_that_fails)
{
    world_begin();
    w.store.is_broken = true;
    EXPECT_EQ(SERVICE_OK, submit(1, 0, 5000, 0).code);
    settle();
    EXPECT_EQ(SERVICE_INTERNAL, w.verdict.code);
    EXPECT_EQ(0, w.node.sends_count);
    /* it breaks after the promise: nothing is sent until it works again */
    w.store.is_broken = false;
    struct sent op = submit(2, 0, 5000, 0);
    while (state_of(op.hash) == SERVICE_USEROP_CHECKING && step()) {}
    EXPECT_EQ(SERVICE_USEROP_ACCEPTED, state_of(op.hash));
    w.store.is_broken = true;
    pass_ms(5000);
    EXPECT_EQ(0, w.node.sends_count);
    EXPECT_EQ(SERVICE_USEROP_ACCEPTED, state_of(op.hash));
    w.store.is_broken = false;
    pass_ms(2000);
    EXPECT_EQ(SERVICE_USEROP_SENT, state_of(op.hash));
    EXPECT_EQ(1, w.node.sends_count);
    world_end();
}

TEST(validated_again_before_sending)
{
    world_begin();
    struct sent op = submit(1, 0, 5000, 0);
    while (state_of(op.hash) == SERVICE_USEROP_CHECKING && step()) {}
    w.node.sim_error = "AA25 invalid account nonce";
    settle();
    struct service_userop_status s;
    EXPECT_OK(bundler_find(&w.bundler, &s, &op.hash));
    EXPECT_EQ(SERVICE_USEROP_DROPPED, s.state);
    EXPECT_EQ(0, w.node.sends_count);
    EXPECT(span_starts_with(s.reason, SPAN_LIT("the operation fails: AA25")));
    world_end();
}

TEST(stuck_then_raised_then_included)
{
    world_begin();
    struct sent op = submit(1, 0, 5000, 0);
    settle();
    w.node.base_fee = 5100; /* above what it pays */
    mine();
    EXPECT_EQ(SERVICE_USEROP_SENT, state_of(op.hash));
    pass_ms(70 * 1000);
    EXPECT_EQ(2, w.node.txs_count);
    EXPECT(u256_compare(w.node.txs[1].fee, u256_from_u64(5500)) >= 0);
    EXPECT_EQ(w.node.txs[0].nonce, w.node.txs[1].nonce);
    mine();
    EXPECT_EQ(SERVICE_USEROP_INCLUDED, state_of(op.hash));
    mine();
    mine();
    EXPECT_EQ(SERVICE_USEROP_FINAL, state_of(op.hash));
    EXPECT_EQ(1, scripted_node_executed(&w.node, &op.hash));
    world_end();
}

TEST(stuck_for_good_frees_the_nonce)
{
    world_begin();
    struct sent op = submit(1, 0, 5000, 0);
    settle();
    w.node.base_fee = 100000;
    struct service_head head = scripted_node_head(&w.node);
    head.hash.bytes[0] ^= 1;
    bundler_head(&w.bundler, &head, w.now);
    pass_ms(300 * 1000);
    EXPECT_EQ(BUNDLER_ATTEMPTS_MAX, w.node.txs_count);
    mine();
    mine();
    mine();
    EXPECT_EQ(SERVICE_USEROP_DROPPED, state_of(op.hash));
    EXPECT_EQ(0, scripted_node_executed(&w.node, &op.hash));
    EXPECT_EQ(1, w.node.nonce);
    EXPECT_EQ(150000, w.bundler.loss.total.lost);
    EXPECT_EQ(0, w.bundler.loss.total.reserved);
    world_end();
}

TEST(replaced_by_a_dearer_one)
{
    world_begin();
    struct sent old = submit(1, 0, 5000, 0);
    settle();
    EXPECT_EQ(SERVICE_BUSY, submit(1, 1, 5000, 0).code);
    EXPECT_EQ(SERVICE_DENIED, submit(1, 0, 5400, 1).code);
    struct sent next = submit(1, 0, 6000, 1);
    EXPECT_EQ(SERVICE_OK, next.code);
    settle();
    EXPECT_EQ(2, w.node.txs_count);
    EXPECT_EQ(w.node.txs[0].nonce, w.node.txs[1].nonce);
    mine();
    EXPECT_EQ(SERVICE_USEROP_INCLUDED, state_of(next.hash));
    pass_ms(20 * 1000);
    EXPECT_EQ(SERVICE_USEROP_REPLACED, state_of(old.hash));
    mine();
    mine();
    EXPECT_EQ(SERVICE_USEROP_FINAL, state_of(next.hash));
    world_end();
}

TEST(reorganisation)
{
    world_begin();
    struct sent op = submit(1, 0, 5000, 0);
    settle();
    mine();
    EXPECT_EQ(SERVICE_USEROP_INCLUDED, state_of(op.hash));
    w.node.txs_count = 0; /* the other branch knows nothing of it */
    w.node.nonce = 0;
    w.node.fork = 1;
    struct service_head head = scripted_node_head(&w.node);
    bundler_head(&w.bundler, &head, w.now);
    settle();
    EXPECT_EQ(SERVICE_USEROP_SENT, state_of(op.hash));
    pass_ms(5000);
    EXPECT_EQ(1, w.node.txs_count);
    mine();
    mine();
    mine();
    EXPECT_EQ(SERVICE_USEROP_FINAL, state_of(op.hash));
    EXPECT_EQ(1, scripted_node_executed(&w.node, &op.hash));
    world_end();
}

TEST(loss_of_a_reverted_bundle)
{
    world_begin();
    w.node.bundle_reverts = true;
    for (uint8_t i = 1; i < 100; i++) {
        struct sent op = submit(i, 0, 5000, 0);
        if (op.code != SERVICE_OK) {
            EXPECT_EQ(SERVICE_QUOTA, op.code);
            EXPECT(i > 10);
            break;
        }
        settle();
        mine();
        mine();
        mine();
        EXPECT_EQ(SERVICE_USEROP_DROPPED, state_of(op.hash));
        w.node.txs_count = 0;
    }
    EXPECT(w.bundler.loss.total.lost <= w.bundler.cfg.limits.loss.per_peer);
    world_end();
}

TEST(nonce_used_by_another_program)
{
    world_begin();
    struct sent op = submit(1, 0, 5000, 0);
    settle();
    w.node.txs_count = 0;
    w.node.nonce = 1;
    w.node.sim_error = NULL;
    pass_ms(20 * 1000);
    EXPECT_EQ(1, w.node.txs_count);
    EXPECT_EQ(1, w.node.txs[0].nonce);
    mine();
    mine();
    mine();
    EXPECT_EQ(SERVICE_USEROP_FINAL, state_of(op.hash));
    world_end();
}

TEST(draining)
{
    world_begin();
    struct sent op = submit(1, 0, 5000, 0);
    bundler_drain(&w.bundler);
    EXPECT_EQ(SERVICE_BUSY, submit(2, 0, 5000, 0).code);
    settle();
    EXPECT_EQ(SERVICE_USEROP_SENT, state_of(op.hash));
    world_end();
}

TEST(all_places_taken)
{
    world_begin();
    for (uint8_t i = 1; i <= 8; i++) {
        EXPECT_EQ(SERVICE_OK, submit(i, 0, 5000, 0).code);
    }
    EXPECT_EQ(SERVICE_BUSY, submit(9, 0, 5000, 0).code);
    settle();
    EXPECT_EQ(8, w.node.sends_count);
    for (uint64_t i = 0; i < 8; i++) {
        EXPECT_EQ(i, w.node.txs[i].nonce);
    }
    world_end();
}

TEST(broken_records)
{
    world_begin();
    (void)submit(1, 0, 5000, 0);
    settle();
    struct span record = span_of(w.store.records[0].record, w.store.records[0].n);
    static struct scripted_store copy;
    copy = w.store;
    bundler_done(&w.bundler);
    bundler_begin();
    for (size_t n = 0; n < record.n; n++) {
        enum err e = bundler_restore(
            &w.bundler, span_first(span_of(copy.records[0].record, record.n), n), w.now);
        EXPECT_ERR(ERR_MALFORMED, e);
    }
    EXPECT_OK(bundler_restore(&w.bundler, span_of(copy.records[0].record, record.n), w.now));
    EXPECT_ERR(ERR_STATE,
               bundler_restore(&w.bundler, span_of(copy.records[0].record, record.n), w.now));
    world_end();
}

/* Questions and answers are lost, blocks come when they like, and the process dies at random moments: each
 * operation comes to an end, and none is in two blocks. */
TEST(random_crashes)
{
    for (unsigned round = 0; round < 60; round++) {
        world_begin();
        test_note("round %u", round);
        rng_seeded_init(&w.rng, test_seed() * 1000 + round);
        w.lose_percent = (unsigned)rng_below(&w.rng.rng, 40);
        struct sent ops[3];
        for (uint8_t i = 0; i < 3; i++) {
            ops[i] = submit((uint8_t)(i + 1), 0, 5000, 0);
            EXPECT_EQ(SERVICE_OK, ops[i].code);
        }
        for (int i = 0; i < 400; i++) {
            switch (rng_below(&w.rng.rng, 10)) {
            case 0: crash(); break;
            case 1: (void)scripted_node_mine(&w.node); break;
            case 2: w.now = instant_add(w.now, 1000 * rng_below(&w.rng.rng, 3000)); break;
            case 3: {
                struct service_head head = scripted_node_head(&w.node);
                bundler_head(&w.bundler, &head, w.now);
                break;
            }
            default: (void)step(); break;
            }
        }
        w.lose_percent = 0;
        for (int i = 0; i < 30; i++) {
            pass_ms(5000);
            mine();
        }
        EXPECT_EQ(0, bundler_open_count(&w.bundler));
        for (int i = 0; i < 3; i++) {
            unsigned count = scripted_node_executed(&w.node, &ops[i].hash);
            EXPECT(count <= 1);
            enum service_userop_state s = state_of(ops[i].hash);
            EXPECT((s == SERVICE_USEROP_FINAL) == (count == 1));
        }
        world_end();
    }
}

TEST_MAIN
