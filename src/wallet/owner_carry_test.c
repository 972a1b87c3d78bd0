#include "evm/owner_change.h"
#include "evm/userop.h"
#include "wallet/engine.h"
#include "wallet/owner_chains.h"
#include "wallet/world_test.h"

#include <string.h>

/* One account on two chains: what its owners sign once for "local" is carried to "other". */
enum { DAYS_2 = 2 * 86400 };

static const struct account *mine(const struct world *w)
{
    return wallet_account_at(w->wallet, 0);
}

static const struct owner_chain *row(const struct world *w, size_t network)
{
    return wallet_owner_chain(mine(w), w->networks[network].id);
}

static enum owner_chain_step step(const struct world *w, const struct kept_change **next)
{
    return wallet_owner_chain_step(mine(w), row(w, 1), next);
}

static void look(struct world *w)
{
    struct coded why = {0};
    struct id unused;
    uint64_t task = 0;
    const struct recovery_look_args args = {
        .address = mine(w)->address, .network = w->networks[1].id, .account = mine(w)->id};
    TEST_REQUIRE(EXPECT_OK(wallet_recovery_look(w->wallet, w->t, &args, &task, &why)));
    EXPECT_OK(world_wait(w, task, &unused, &why));
}

static enum err add_passkey(struct world *w, struct coded *why)
{
    struct ceremony c;
    const struct account *a = NULL;
    struct owner_begin_args args = {.account = mine(w)->id};
    const struct secret32 secret = w->secret;
    const struct p256_public key = w->key;
    uint8_t credential[16];
    memcpy(credential, w->credential, sizeof credential);
    TRY(wallet_owner_begin(w->wallet, w->t, &args, &c, why));
    rng_fill(&w->rng.rng, MSPAN_OF(w->secret.bytes));
    w->secret.bytes[0] = 2; /* below the order */
    w->credential[0] ^= 1;
    EXPECT_OK(p256_public_of(&w->key, &w->secret));
    struct enroll_answer answer = world_attest(w, SPAN_OF(c.challenge), NULL);
    answer.ceremony = c.id;
    answer.passkey_name = SPAN_LIT("Second");
    enum err err = wallet_owner_finish(w->wallet, w->t, &answer, &a, why);
    w->secret = secret;
    w->key = key;
    memcpy(w->credential, credential, sizeof credential);
    return err;
}

/* The second owner is added or removed on "local" by an operation of the account, as ever. */
static enum err change_local(struct world *w, enum owner_wish what, struct coded *why)
{
    struct id op = {0};
    uint64_t task = 0;
    const struct owner_args args = {
        .own = {.account = mine(w)->id, .network = w->networks[0].id},
        .owner = mine(w)->owners[1].id,
        .what = what
    };
    TRY(wallet_owner_prepare(w->wallet, w->t, &args, &task, why));
    TRY(world_wait(w, task, &op, why));
    TRY(world_approve(w, op, why));
    world_include(w, op);
    return OK;
}

static void has_applied(struct world_owners *o, const struct kept_change *k)
{
    memcpy(o->head, k->id.bytes, sizeof o->head);
    o->sequence = k->sequence;
    o->ready_at = 0;
    if (k->added.len > 0) {
        o->list[o->count++] = k->added;
    } else {
        o->count--; /* the second of two */
    }
}

static void waits(struct world *w, struct world_owners *o, const struct kept_change *k)
{
    o->waits = k->id;
    o->ready_at = w->t.unix_ms / 1000 + DAYS_2;
}

static bool start(struct world *w)
{
    struct coded why = {0};
    if (!world_init(w) || !EXPECT(world_enroll(w, "Main", NULL, &why) != NULL)) {
        return false;
    }
    const struct network *n = &w->networks[0];
    memcpy(w->networks[1].factory_code_hash, n->factory_code_hash, 32);
    memcpy(w->networks[1].verifier_code_hash, n->verifier_code_hash, 32);
    memcpy(w->networks[1].implementation_2_code_hash, n->implementation_2_code_hash, 32);
    memcpy(w->networks[1].guardians_2_code_hash, n->guardians_2_code_hash, 32);
    world_deploy(w);
    w->chain.other = w->chain.owners;
    w->chain.has_other = true;
    if (!EXPECT_OK(add_passkey(w, &why)) || !EXPECT_OK(change_local(w, OWNER_WISH_ADD, &why)) ||
        !EXPECT_EQ(1, mine(w)->kept_count)) {
        test_note("%s", why.code);
        return false;
    }
    has_applied(&w->chain.owners, &mine(w)->kept[0]);
    world_turn(w, 16000);
    world_turn(w, 16000);
    return EXPECT_EQ(1, row(w, 0)->sequence) && EXPECT_EQ(2, row(w, 0)->owner_count);
}

static enum err prepare(
    struct world *w, struct id payer, enum change_wish what, struct id *ret_op, struct coded *why)
{
    const struct change_args args = {
        .account = mine(w)->id, .network = w->networks[1].id, .payer = payer, .what = what};
    uint64_t task = 0;
    *why = (struct coded){0};
    TRY(wallet_change_prepare(w->wallet, w->t, &args, &task, why));
    return world_wait(w, task, ret_op, why);
}

static void expect_state(struct world *w, struct id payer, enum change_wish what, const char *state)
{
    struct coded why;
    struct id op;
    EXPECT_ERR(ERR_STATE, prepare(w, payer, what, &op, &why));
    EXPECT_STR("carry_state", why.code);
    EXPECT_STR(state, why.param_count > 0 ? why.params[0].value : "");
}

static enum err sign(struct world *w, const struct kept_change *k, bool is_veto, struct coded *why)
{
    struct change_sign_args args = {.account = mine(w)->id, .change = k->id, .is_veto = is_veto};
    struct hash32 hash;
    TRY(wallet_change_hash(w->wallet, &args, &hash, why));
    struct passkey_answer answer = world_answer(w, SPAN_OF(hash.bytes), NULL);
    args.answer = &answer;
    return wallet_change_sign(w->wallet, w->t, &args, why);
}

/* The call carries the kept change, and the first owner's signature over its id, which names no chain. */
static void expect_carried(struct world *w, struct id op, const struct kept_change *k)
{
    struct smart_call c = world_call(w, op);
    static struct owner_carried carried;
    struct smart_signature signature;
    struct hash32 id;
    size_t count = 0;
    EXPECT_SPAN(SPAN_OF(mine(w)->address.bytes), SPAN_OF(c.to.bytes));
    TEST_REQUIRE(EXPECT_OK(owner_change_read_carried(&carried, c.data)));
    EXPECT(!carried.is_veto);
    owner_change_id(&id, mine(w)->address, &carried.change);
    EXPECT_SPAN(SPAN_OF(k->id.bytes), SPAN_OF(id.bytes));
    TEST_REQUIRE(EXPECT_OK(smart_account_signatures(&signature, &count, 1, carried.signature)));
    EXPECT_EQ(1, count);
    EXPECT_OK(guardian_verify(&signature.owner, &id, signature.signature));
}

static bool has_inside(struct span whole, struct span part)
{
    for (size_t i = 0; i + part.n <= whole.n; i++) {
        if (span_equal(span_of(whole.p + i, part.n), part)) {
            return part.n > 0;
        }
    }
    return false;
}

TEST(a_change_is_signed_once_and_carried)
{
    static struct world w;
    struct coded why = {0};
    struct id op;
    const struct kept_change *next = NULL;
    TEST_REQUIRE(start(&w));
    EXPECT_EQ(OWNER_CHAIN_UNREAD, step(&w, NULL));
    EXPECT_ERR(ERR_STATE, prepare(&w, mine(&w)->id, CHANGE_WISH_CARRY, &op, &why));
    EXPECT_STR("owners_unread", why.code);
    look(&w);
    EXPECT_EQ(OWNER_CHAIN_LACKS, step(&w, &next));
    TEST_REQUIRE(EXPECT(next == &mine(&w)->kept[0]));
    EXPECT_EQ(0, wallet_revoked_count(w.wallet, mine(&w)));

    /* Anybody carries it, but not unsigned; the account's own owners sign the operation. */
    const struct account_args ordinary = {
        .name = SPAN_LIT("Payer"), .kind = ACCOUNT_KEY, .address = world_receiver};
    const struct account *payer = NULL;
    TEST_REQUIRE(EXPECT_OK(wallet_account_add(w.wallet, w.t, &ordinary, &payer, &why)));
    expect_state(&w, payer->id, CHANGE_WISH_CARRY, "unsigned");
    TEST_REQUIRE(EXPECT_OK(prepare(&w, mine(&w)->id, CHANGE_WISH_CARRY, &op, &why)));
    static struct owner_carried carried;
    EXPECT_OK(owner_change_read_carried(&carried, world_call(&w, op).data));
    EXPECT_EQ(0, carried.signature.n);
    EXPECT_OK(wallet_reject(w.wallet, w.t, op, &why));

    TEST_REQUIRE(EXPECT_OK(sign(&w, next, false, &why)));
    TEST_REQUIRE(EXPECT_OK(sign(&w, next, false, &why))); /* again: it stays one */
    struct smart_signature all[OPERATION_SIGNER_COUNT_MAX];
    EXPECT_EQ(1, wallet_kept_signatures(next, all));
    TEST_REQUIRE(world_restart(&w)); /* it is in the account's record, and so is the row */
    world_turn(&w, 2000);
    TEST_REQUIRE(EXPECT_EQ(OWNER_CHAIN_LACKS, step(&w, &next)));
    EXPECT_EQ(1, wallet_kept_signatures(next, all));
    look(&w);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, mine(&w)->id, CHANGE_WISH_CARRY, &op, &why)));
    expect_carried(&w, op, next);
    struct span call = world_call(&w, op).data;
    EXPECT_OK(wallet_reject(w.wallet, w.t, op, &why));
    payer = wallet_account_at(w.wallet, 1);
    TEST_REQUIRE(EXPECT_OK(prepare(&w, payer->id, CHANGE_WISH_CARRY, &op, &why)));
    struct operation *seen = NULL;
    TEST_REQUIRE(EXPECT_OK(operation_new(&seen, test_budget())) &&
                 EXPECT_OK(wallet_operation(w.wallet, op, seen)));
    EXPECT(has_inside(buf_span(&seen->userop),
                      call)); /* the payer's transaction makes the same call */
    EXPECT_SPAN(SPAN_OF(mine(&w)->address.bytes), SPAN_OF(seen->to.bytes));
    const struct risk *line = operation_find_risk(seen, SPAN_LIT("carry_adds"));
    TEST_REQUIRE(EXPECT(line != NULL));
    EXPECT(line->tick);
    EXPECT_STR("Second", line->what.params[1].value);
    operation_free(seen);
    world_done(&w);
}

TEST(a_removed_key_is_found_on_the_other_chain_and_leaves_it)
{
    static struct world w;
    struct coded why = {0};
    struct id op;
    const struct kept_change *next = NULL;
    struct world_owners *other = &w.chain.other;
    TEST_REQUIRE(start(&w));
    has_applied(other, &mine(&w)->kept[0]);
    TEST_REQUIRE(EXPECT_OK(change_local(&w, OWNER_WISH_REMOVE, &why)));
    TEST_REQUIRE(EXPECT_EQ(2, mine(&w)->kept_count));
    has_applied(&w.chain.owners, &mine(&w)->kept[1]);
    for (int i = 0; i < 3; i++) {
        world_turn(&w, 16000);
    }
    look(&w);
    EXPECT_EQ(1, wallet_revoked_count(w.wallet, mine(&w)));
    EXPECT(wallet_owner_is_revoked(w.wallet, mine(&w), row(&w, 1), mine(&w)->owners[1].id));
    EXPECT(!wallet_owner_is_revoked(w.wallet, mine(&w), row(&w, 1), mine(&w)->owners[0].id));
    EXPECT_ERR(ERR_STATE,
               wallet_owner_forget(w.wallet, mine(&w)->id, mine(&w)->owners[1].id, &why));
    TEST_REQUIRE(EXPECT_EQ(OWNER_CHAIN_LACKS, step(&w, &next)));
    TEST_REQUIRE(EXPECT(next == &mine(&w)->kept[1]));
    expect_state(&w, mine(&w)->id, CHANGE_WISH_APPLY, "lacks");

    waits(&w, other, next);
    look(&w);
    EXPECT_EQ(OWNER_CHAIN_WAITS, step(&w, NULL));
    EXPECT_EQ(other->ready_at, row(&w, 1)->ready_at);
    expect_state(&w, mine(&w)->id, CHANGE_WISH_CARRY, "waits");
    EXPECT_ERR(ERR_STATE, prepare(&w, mine(&w)->id, CHANGE_WISH_APPLY, &op, &why));
    EXPECT_STR("owner_waits", why.code);

    /* One owner's veto goes the same way, over a hash of its own. */
    TEST_REQUIRE(EXPECT_OK(sign(&w, next, true, &why)));
    TEST_REQUIRE(EXPECT_OK(prepare(&w, mine(&w)->id, CHANGE_WISH_VETO, &op, &why)));
    static struct owner_carried carried;
    struct hash32 hash;
    TEST_REQUIRE(EXPECT_OK(owner_change_read_carried(&carried, world_call(&w, op).data)));
    EXPECT(carried.is_veto);
    owner_change_veto_hash(&hash, mine(&w)->address, &next->id);
    EXPECT_OK(guardian_verify(&other->list[0], &hash, carried.signature));
    EXPECT_OK(wallet_reject(w.wallet, w.t, op, &why));

    w.t.unix_ms += (uint64_t)DAYS_2 * 1000;
    world_turn(&w, 10);
    TEST_REQUIRE(EXPECT_OK(world_unlock(&w, &why)));
    look(&w);
    EXPECT_STR("waits", owner_chain_step_name(step(&w, NULL)));
    TEST_REQUIRE(EXPECT_OK(prepare(&w, mine(&w)->id, CHANGE_WISH_APPLY, &op, &why)));
    enum owner_call call;
    static struct owner_change c;
    EXPECT_OK(owner_change_read(&call, &c, &hash, world_call(&w, op).data));
    EXPECT_EQ(OWNER_CALL_APPLY, call);
    EXPECT_EQ(2, c.sequence);
    has_applied(other, next);
    look(&w);
    EXPECT_EQ(OWNER_CHAIN_IN_STEP, step(&w, NULL));
    EXPECT_EQ(0, wallet_revoked_count(w.wallet, mine(&w)));
    world_done(&w);
}

/* What a server says of the list decides what is offered, and what does not fit is refused before anybody signs. */
TEST(another_history_and_a_lie_are_refused)
{
    static struct world w;
    struct coded why = {0};
    struct world_owners *other = &w.chain.other;
    TEST_REQUIRE(start(&w));
    TEST_REQUIRE(EXPECT_OK(sign(&w, &mine(&w)->kept[0], false, &why)));
    other->head[0] ^= 1; /* the list there began otherwise */
    look(&w);
    EXPECT_EQ(OWNER_CHAIN_DIFFERS, step(&w, NULL));
    expect_state(&w, mine(&w)->id, CHANGE_WISH_CARRY, "differs");
    other->head[0] ^= 1;
    other->sequence =
        7; /* a lie: nothing that is kept comes next, and no row says in_step of ours */
    look(&w);
    expect_state(&w, mine(&w)->id, CHANGE_WISH_CARRY, "in_step");
    EXPECT_EQ(OWNER_CHAIN_BEHIND, wallet_owner_chain_step(mine(&w), row(&w, 0), NULL));
    other->sequence = 1; /* the same length, another head */
    look(&w);
    expect_state(&w, mine(&w)->id, CHANGE_WISH_CARRY, "differs");

    struct change_sign_args args = {.account = mine(&w)->id, .change = {{1}}};
    struct hash32 hash = {{0}};
    EXPECT_ERR(ERR_NOT_FOUND, wallet_change_hash(w.wallet, &args, &hash, &why));
    EXPECT_STR("unknown_change", why.code);
    args.change = mine(&w)->kept[0].id;
    struct passkey_answer bad = world_answer(&w, SPAN_OF(hash.bytes), NULL); /* of another hash */
    args.answer = &bad;
    EXPECT_ERR(ERR_AUTH, wallet_change_sign(w.wallet, w.t, &args, &why));
    wallet_lock(w.wallet);
    EXPECT_ERR(ERR_DENIED, wallet_change_hash(w.wallet, &args, &hash, &why));
    world_done(&w);
}

/* The list is bounded: only what every chain is past makes room. A full one comes back out of the record. */
TEST(the_oldest_change_goes_only_when_every_chain_has_it)
{
    static struct account a;
    static struct account back;
    struct id network = {"n"};
    AUTO(buf_done) struct buf record;
    buf_init(&record, test_budget(), STORE_VALUE_LEN_MAX);
    a = (struct account){.id = {"a"}, .name = {"A"}};
    struct owner_change c = {.threshold = 2};
    for (c.sequence = 1; c.sequence <= ACCOUNT_KEPT_COUNT_MAX + 1; c.sequence++) {
        owner_carry_keep(&a, &c);
    }
    EXPECT_EQ(ACCOUNT_KEPT_COUNT_MAX, a.kept_count);
    EXPECT_EQ(1, a.kept[0].sequence);
    EXPECT_EQ(ACCOUNT_KEPT_COUNT_MAX, a.kept[ACCOUNT_KEPT_COUNT_MAX - 1].sequence);
    a.chain_count = 2;
    a.chains[0] = (struct owner_chain){.network = network, .is_there = true, .sequence = 9};
    a.chains[1] = a.chains[0];
    a.chains[1].sequence = 0; /* this one lacks all of them */
    owner_carry_keep(&a, &c);
    EXPECT_EQ(1, a.kept[0].sequence);
    a.chains[1].sequence = 1;
    owner_carry_keep(&a, &c);
    EXPECT_EQ(2, a.kept[0].sequence);
    EXPECT_EQ(c.sequence, a.kept[ACCOUNT_KEPT_COUNT_MAX - 1].sequence);
    for (size_t i = 0; i < a.kept_count; i++) {
        a.kept[i].signatures_len = sizeof a.kept[i].signatures;
    }
    TEST_REQUIRE(EXPECT_OK(account_encode(&record, &a)));
    TEST_REQUIRE(EXPECT_OK(account_decode(&back, buf_span(&record))));
    EXPECT_EQ(ACCOUNT_KEPT_COUNT_MAX, back.kept_count);
    EXPECT_EQ(2, back.chain_count);
    EXPECT_SPAN(SPAN_OF(a.kept[3].id.bytes), SPAN_OF(back.kept[3].id.bytes));
    EXPECT_EQ(sizeof a.kept[3].signatures, back.kept[3].signatures_len);
    EXPECT_EQ(9, back.chains[0].sequence);
}

/* Nobody tells anew how many servers there are when nothing changes. */
TEST(choosing_the_network_in_use_again_keeps_its_servers)
{
    static struct world w;
    struct coded why = {0};
    TEST_REQUIRE(start(&w));
    EXPECT_OK(wallet_network_select(w.wallet, w.t, w.networks[0].id, &why));
    EXPECT(wallet_chain_health(w.wallet, w.t).state != CHAIN_NO_SERVER);
    EXPECT_OK(wallet_network_select(w.wallet, w.t, w.networks[1].id, &why));
    EXPECT_EQ(CHAIN_NO_SERVER, wallet_chain_health(w.wallet, w.t).state);
    world_done(&w);
}

TEST_MAIN
