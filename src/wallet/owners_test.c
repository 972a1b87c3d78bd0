#include "evm/owner_change.h"
#include "evm/userop.h"
#include "wallet/wallet.h"
#include "wallet/world_test.h"

#include <string.h>

enum { DAYS_2 = 2 * 86400 };

/* A second passkey takes the first one's place in the world, and back. */
struct hand {
    struct secret32 secret;
    struct p256_public key;
    uint8_t credential[16];
};

static struct hand other_hand(struct world *w)
{
    struct hand h = {0};
    rng_fill(&w->rng.rng, MSPAN_OF(h.secret.bytes));
    h.secret.bytes[0] = 2; /* below the order */
    rng_fill(&w->rng.rng, MSPAN_OF(h.credential));
    EXPECT_OK(p256_public_of(&h.key, &h.secret));
    return h;
}

static void swap_hands(struct world *w, struct hand *h)
{
    struct hand now = {.secret = w->secret, .key = w->key};
    memcpy(now.credential, w->credential, sizeof now.credential);
    w->secret = h->secret;
    w->key = h->key;
    memcpy(w->credential, h->credential, sizeof h->credential);
    *h = now;
}

static const struct account *first_account(const struct world *w)
{
    return wallet_account_at(w->wallet, 0);
}

/* An account that stands on the chain with the owner that it was made with. */
static bool start(struct world *w)
{
    struct coded why = {0};
    if (!world_init(w) || !EXPECT(world_enroll(w, "Main", NULL, &why) != NULL)) {
        return false;
    }
    world_deploy(w);
    return true;
}

static const struct account *add_passkey(struct world *w, struct hand *h, struct coded *why)
{
    struct ceremony c;
    const struct account *a = NULL;
    struct owner_begin_args args = {.account = first_account(w)->id};
    if (wallet_owner_begin(w->wallet, w->t, &args, &c, why) != OK) {
        return NULL;
    }
    swap_hands(w, h);
    struct enroll_answer answer = world_attest(w, SPAN_OF(c.challenge), NULL);
    answer.ceremony = c.id;
    answer.passkey_name = SPAN_LIT("Key on the ring");
    enum err err = wallet_owner_finish(w->wallet, w->t, &answer, &a, why);
    swap_hands(w, h);
    return err == OK ? a : NULL;
}

static enum err
prepare(struct world *w, enum owner_wish what, struct id owner, struct id *ret, struct coded *why)
{
    struct owner_args args = {
        .own = {.account = first_account(w)->id, .network = w->networks[0].id},
        .owner = owner,
        .what = what
    };
    uint64_t task = 0;
    TRY(wallet_owner_prepare(w->wallet, w->t, &args, &task, why));
    return world_wait(w, task, ret, why);
}

static enum owner_standing standing(const struct world *w, size_t i)
{
    const struct account *a = first_account(w);
    return wallet_owner_state(w->wallet, a, &a->owners[i], w->networks[0].id).standing;
}

static uint64_t ready_ms(const struct world *w, size_t i)
{
    const struct account *a = first_account(w);
    return wallet_owner_state(w->wallet, a, &a->owners[i], w->networks[0].id).ready_ms;
}

/* What the contract does with the call of a signed operation (docs/account.md, "Changing the account"). */
static void chain_takes(struct world *w, struct id id)
{
    struct owner_change c;
    struct hash32 vetoed;
    enum owner_call what;
    struct world_owners *o = &w->chain.owners;
    struct smart_call call = world_call(w, id);
    EXPECT_SPAN(SPAN_OF(first_account(w)->address.bytes), SPAN_OF(call.to.bytes));
    TEST_REQUIRE(EXPECT_OK(owner_change_read(&what, &c, &vetoed, call.data)));
    if (what == OWNER_CALL_VETO) {
        EXPECT_SPAN(SPAN_OF(o->waits.bytes), SPAN_OF(vetoed.bytes));
        o->ready_at = 1;
    } else {
        EXPECT_EQ(o->sequence + 1, c.sequence);
        EXPECT_SPAN(SPAN_OF(o->head), SPAN_OF(c.previous));
        struct hash32 change_id;
        owner_change_id(&change_id, first_account(w)->address, &c);
        if (what == OWNER_CALL_PROPOSE && owner_change_waits(&c, o->threshold)) {
            o->waits = change_id;
            o->ready_at = w->t.unix_ms / 1000 + DAYS_2;
        } else {
            memcpy(o->head, change_id.bytes, sizeof o->head);
            o->sequence = c.sequence;
            o->threshold = c.threshold;
            o->ready_at = 0;
            for (size_t i = 0; i < c.added_count; i++) {
                o->list[o->count++] = c.added[i];
            }
            for (size_t i = 0; i < c.removed_count; i++) {
                EXPECT_SPAN(span_of(c.removed[i].bytes, c.removed[i].len),
                            span_of(o->list[1].bytes, o->list[1].len));
                o->count = 1; /* these tests remove the second of two */
            }
        }
    }
    world_include(w, id);
}

static bool do_wish(struct world *w, enum owner_wish what, size_t i)
{
    struct coded why = {0};
    struct id op = {0};
    bool done = EXPECT_OK(prepare(w, what, first_account(w)->owners[i].id, &op, &why)) &&
                EXPECT_OK(world_approve(w, op, &why));
    if (!done) {
        test_note("%s", why.code);
        return false;
    }
    world_turn(w, 10);
    chain_takes(w, op);
    return true;
}

static bool unlock(struct world *w, enum err expected)
{
    struct coded why = {0};
    enum err err = world_unlock(w, &why);
    return expected == OK ? EXPECT_OK(err)
                          : EXPECT_ERR(expected, err) && EXPECT_STR("ceremony_wrong_key", why.code);
}

/* Two owners on the chain, the second in *h. */
static bool start_with_two(struct world *w, struct hand *h)
{
    struct coded why = {0};
    if (!start(w)) {
        return false;
    }
    *h = other_hand(w);
    return EXPECT(add_passkey(w, h, &why) != NULL) && do_wish(w, OWNER_WISH_ADD, 1) &&
           EXPECT_EQ(OWNER_ACTIVE, standing(w, 1));
}

TEST(a_second_passkey_becomes_an_owner)
{
    static struct world w;
    struct coded why = {0};
    TEST_REQUIRE(start(&w));
    struct hand second = other_hand(&w);
    struct address address = first_account(&w)->address;
    EXPECT_EQ(1, wallet_account_safety(w.wallet, first_account(&w), w.t.unix_ms).ways_in);
    TEST_REQUIRE(EXPECT(add_passkey(&w, &second, &why) != NULL));
    EXPECT_EQ(OWNER_NEW, standing(&w, 1));
    EXPECT_EQ(1, wallet_account_safety(w.wallet, first_account(&w), w.t.unix_ms).ways_in);
    EXPECT(!wallet_account_safety(w.wallet, first_account(&w), w.t.unix_ms).safe);

    /* It may not sign yet. */
    struct id op = {0};
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, 5, &op, &why)));
    swap_hands(&w, &second);
    EXPECT_ERR(ERR_AUTH, world_approve(&w, op, &why));
    EXPECT_STR("ceremony_wrong_key", why.code);
    swap_hands(&w, &second);
    EXPECT_OK(wallet_reject(w.wallet, w.t, op, &why));

    TEST_REQUIRE(do_wish(&w, OWNER_WISH_ADD, 1));
    EXPECT_EQ(OWNER_ACTIVE, standing(&w, 1));
    EXPECT_EQ(2, wallet_active_owners(w.wallet, first_account(&w), w.networks[0].id));
    EXPECT(wallet_account_safety(w.wallet, first_account(&w), w.t.unix_ms).safe);
    EXPECT_SPAN(SPAN_OF(address.bytes), SPAN_OF(first_account(&w)->address.bytes));

    /* After a restart it is known, and signs. */
    TEST_REQUIRE(world_restart(&w));
    world_turn(&w, 10);
    world_turn(&w, 2000);
    EXPECT_EQ(OWNER_ACTIVE, standing(&w, 1));
    EXPECT(first_account(&w)->owners[1].is_added);
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, 5, &op, &why)));
    swap_hands(&w, &second);
    EXPECT_OK(world_approve(&w, op, &why));
    world_done(&w);
}

TEST(before_the_account_stands_the_first_owner_adds_too)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(world_init(&w) && EXPECT(world_enroll(&w, "Main", NULL, &why) != NULL));
    world_turn(&w, 10);
    struct hand second = other_hand(&w);
    TEST_REQUIRE(EXPECT(add_passkey(&w, &second, &why) != NULL));
    EXPECT_EQ(OWNER_ACTIVE, standing(&w, 0));
    EXPECT_EQ(OWNER_NEW, standing(&w, 1));
    TEST_REQUIRE(
        EXPECT_OK(prepare(&w, OWNER_WISH_ADD, first_account(&w)->owners[1].id, &id, &why)));
    struct operation *op = NULL;
    TEST_REQUIRE(EXPECT_OK(operation_new(&op, test_budget())) &&
                 EXPECT_OK(wallet_operation(w.wallet, id, op)));
    EXPECT(op->has_first_deploy);
    EXPECT(operation_find_risk(op, SPAN_LIT("owner_added")));
    EXPECT(operation_find_risk(op, SPAN_LIT("owner_added"))->tick);
    EXPECT_EQ(OPERATION_OWNER_ADD, op->kind);
    operation_free(op);
    EXPECT_ERR(ERR_STATE,
               prepare(&w, OWNER_WISH_REMOVE, first_account(&w)->owners[0].id, &id, &why));
    EXPECT_STR("owner_state", why.code);
    world_done(&w);
}

TEST(a_removal_waits_and_is_carried_out)
{
    static struct world w;
    struct hand second;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start_with_two(&w, &second));
    struct id owner = first_account(&w)->owners[1].id;
    EXPECT_ERR(ERR_NOT_FOUND, prepare(&w, OWNER_WISH_APPLY, owner, &id, &why));
    EXPECT_STR("owner_not_leaving", why.code);
    TEST_REQUIRE(do_wish(&w, OWNER_WISH_REMOVE, 1));
    EXPECT_EQ(OWNER_ACTIVE, standing(&w, 1));
    EXPECT_EQ(w.chain.owners.ready_at * 1000, ready_ms(&w, 1));
    EXPECT_ERR(ERR_STATE, prepare(&w, OWNER_WISH_REMOVE, owner, &id, &why));
    EXPECT_STR("owner_leaving", why.code);
    EXPECT_ERR(ERR_STATE, prepare(&w, OWNER_WISH_APPLY, owner, &id, &why));
    EXPECT_STR("owner_waits", why.code);
    TEST_REQUIRE(world_restart(&w)); /* what waits is in the store */
    w.t.unix_ms += (uint64_t)DAYS_2 * 1000;
    world_turn(&w, 10);
    TEST_REQUIRE(unlock(&w, OK)); /* nobody was there for so long */
    world_turn(&w, 2000);
    TEST_REQUIRE(EXPECT(ready_ms(&w, 1) != 0));
    TEST_REQUIRE(do_wish(&w, OWNER_WISH_APPLY, 1));
    EXPECT_EQ(OWNER_GONE, standing(&w, 1));
    EXPECT_EQ(0, first_account(&w)->change_count);
    EXPECT_EQ(1, wallet_account_safety(w.wallet, first_account(&w), w.t.unix_ms).ways_in);

    /* Who left neither signs nor unlocks. */
    wallet_lock(w.wallet);
    swap_hands(&w, &second);
    EXPECT(unlock(&w, ERR_AUTH));
    swap_hands(&w, &second);
    TEST_REQUIRE(unlock(&w, OK));
    EXPECT_OK(wallet_owner_forget(w.wallet, first_account(&w)->id, owner, &why));
    EXPECT_EQ(1, first_account(&w)->owner_count);
    world_done(&w);
}

TEST(the_other_owner_stops_a_removal_and_it_can_be_tried_again)
{
    static struct world w;
    struct hand second;
    TEST_REQUIRE(start_with_two(&w, &second));
    TEST_REQUIRE(do_wish(&w, OWNER_WISH_REMOVE, 1));
    TEST_REQUIRE(EXPECT(ready_ms(&w, 1) != 0));
    struct hash32 first = w.chain.owners.waits;
    swap_hands(&w, &second);
    TEST_REQUIRE(do_wish(&w, OWNER_WISH_VETO, 1));
    swap_hands(&w, &second);
    EXPECT_EQ(0, ready_ms(&w, 1));
    EXPECT_EQ(OWNER_ACTIVE, standing(&w, 1));
    TEST_REQUIRE(do_wish(&w, OWNER_WISH_REMOVE, 1));
    EXPECT(!span_equal(SPAN_OF(first.bytes), SPAN_OF(w.chain.owners.waits.bytes)));
    EXPECT(ready_ms(&w, 1) != 0);
    world_done(&w);
}

/* A thief with the first passkey began it elsewhere; the person's wallet finds it on the chain, and stops it. */
TEST(a_removal_that_another_wallet_began_is_found_and_stopped)
{
    static struct world w;
    struct hand second;
    TEST_REQUIRE(start_with_two(&w, &second));
    struct world_owners *o = &w.chain.owners;
    struct owner_change c = {.sequence = 2, .threshold = 1, .removed_count = 1};
    memcpy(c.previous, o->head, sizeof c.previous);
    c.removed[0] = o->list[1];
    owner_change_id(&o->waits, first_account(&w)->address, &c);
    o->ready_at = w.t.unix_ms / 1000 + DAYS_2;
    EXPECT_EQ(0, first_account(&w)->change_count);
    for (int i = 0; i < 3; i++) {
        world_turn(&w, 16000); /* owners are asked for again after a while */
    }
    EXPECT_EQ(o->ready_at * 1000, ready_ms(&w, 1));
    EXPECT_EQ(0, ready_ms(&w, 0));
    TEST_REQUIRE(world_restart(&w)); /* and is in the store */
    world_turn(&w, 10);
    world_turn(&w, 2000);
    TEST_REQUIRE(EXPECT(ready_ms(&w, 1) != 0));
    swap_hands(&w, &second);
    TEST_REQUIRE(do_wish(&w, OWNER_WISH_VETO, 1));
    swap_hands(&w, &second);
    EXPECT_EQ(1, o->ready_at);
    EXPECT_EQ(0, ready_ms(&w, 1));
    world_done(&w);
}

TEST(an_owner_that_this_wallet_does_not_know_is_counted)
{
    static struct world w;
    TEST_REQUIRE(start(&w));
    struct id network = w.networks[0].id;
    struct hand thief = other_hand(&w);
    EXPECT_EQ(0, wallet_unknown_owners(w.wallet, first_account(&w), network));
    w.chain.owners.list[1] =
        smart_owner_passkey(w.networks[0].verifier, thief.key.xy, SPAN_LIT("http://elsewhere"));
    w.chain.owners.count = 2;
    world_turn(&w, 16000);
    world_turn(&w, 16000);
    EXPECT_EQ(1, wallet_unknown_owners(w.wallet, first_account(&w), network));
    EXPECT_EQ(0, wallet_unknown_owners(w.wallet, first_account(&w), w.networks[1].id));
    EXPECT_EQ(1, wallet_active_owners(w.wallet, first_account(&w), network));
    world_done(&w);
}

TEST(the_last_owner_stays)
{
    static struct world w;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start(&w));
    EXPECT_ERR(ERR_STATE,
               prepare(&w, OWNER_WISH_REMOVE, first_account(&w)->owners[0].id, &id, &why));
    EXPECT_STR("owner_last", why.code);
    EXPECT_ERR(ERR_STATE, prepare(&w, OWNER_WISH_ADD, first_account(&w)->owners[0].id, &id, &why));
    EXPECT_STR("owner_state", why.code);
    EXPECT_ERR(ERR_STATE, wallet_owner_forget(w.wallet, first_account(&w)->id,
                                              first_account(&w)->owners[0].id, &why));
    EXPECT_STR("owner_in_use", why.code);
    world_done(&w);
}

TEST(names_of_owners)
{
    static struct world w;
    struct coded why = {0};
    TEST_REQUIRE(start(&w));
    struct id account = first_account(&w)->id;
    struct id owner = first_account(&w)->owners[0].id;
    EXPECT_OK(wallet_owner_rename(w.wallet, account, owner, SPAN_LIT("Desk"), &why));
    EXPECT_STR("Desk", first_account(&w)->owners[0].name.text);
    EXPECT_ERR(ERR_MALFORMED, wallet_owner_rename(w.wallet, account, owner, SPAN_LIT(""), &why));
    EXPECT_ERR(ERR_NOT_FOUND, wallet_owner_rename(w.wallet, account, account, SPAN_LIT("x"), &why));
    EXPECT_STR("unknown_owner", why.code);
    EXPECT_ERR(ERR_NOT_FOUND, wallet_owner_rename(w.wallet, owner, owner, SPAN_LIT("x"), &why));
    EXPECT_STR("unknown_account", why.code);
    TEST_REQUIRE(world_restart(&w));
    EXPECT_STR("Desk", first_account(&w)->owners[0].name.text);
    world_done(&w);
}

TEST(a_ceremony_for_an_owner_makes_no_account)
{
    static struct world w;
    struct coded why = {0};
    struct ceremony c;
    const struct account *a = NULL;
    TEST_REQUIRE(start(&w));
    struct owner_begin_args args = {.account = first_account(&w)->id};
    TEST_REQUIRE(EXPECT_OK(wallet_owner_begin(w.wallet, w.t, &args, &c, &why)));
    TEST_REQUIRE(world_restart(&w)); /* it is in the store, and still what it was */
    struct hand second = other_hand(&w);
    swap_hands(&w, &second);
    struct enroll_answer answer = world_attest(&w, SPAN_OF(c.challenge), NULL);
    answer.ceremony = c.id;
    EXPECT_ERR(ERR_NOT_FOUND, wallet_enroll_finish(w.wallet, w.t, &answer, &a, &why));
    EXPECT_STR("unknown_ceremony", why.code);
    EXPECT_OK(wallet_owner_finish(w.wallet, w.t, &answer, &a, &why));
    EXPECT_OK(wallet_owner_finish(w.wallet, w.t, &answer, &a, &why)); /* twice is once */
    EXPECT_EQ(2, first_account(&w)->owner_count);
    EXPECT_EQ(1, wallet_account_count(w.wallet));
    /* The same passkey twice is refused. */
    TEST_REQUIRE(EXPECT_OK(wallet_owner_begin(w.wallet, w.t, &args, &c, &why)));
    answer = world_attest(&w, SPAN_OF(c.challenge), NULL);
    answer.ceremony = c.id;
    EXPECT_ERR(ERR_STATE, wallet_owner_finish(w.wallet, w.t, &answer, &a, &why));
    EXPECT_STR("ceremony_already", why.code);
    world_done(&w);
}

TEST(where_a_block_is_trusted_a_removal_waits_all_the_same)
{
    static struct world w;
    struct hand second;
    TEST_REQUIRE(start_with_two(&w, &second) && do_wish(&w, OWNER_WISH_REMOVE, 1));
    w.chain.is_anchored = true;
    for (int i = 0; i < 10; i++) {
        w.chain.block++;
        world_turn(&w, 2000);
    }
    EXPECT_EQ(w.chain.owners.ready_at * 1000, ready_ms(&w, 1));
    world_done(&w);
}

static enum err prepare_threshold(struct world *w,
                                  enum threshold_wish what,
                                  uint32_t threshold,
                                  struct id *ret,
                                  struct coded *why)
{
    struct threshold_args args = {
        .own = {.account = first_account(w)->id, .network = w->networks[0].id},
        .what = what,
        .threshold = threshold
    };
    uint64_t task = 0;
    TRY(wallet_threshold_prepare(w->wallet, w->t, &args, &task, why));
    return world_wait(w, task, ret, why);
}

static void
threshold_refused(struct world *w, enum threshold_wish what, uint32_t threshold, const char *state)
{
    struct coded why = {0};
    struct id op = {0};
    EXPECT_ERR(ERR_STATE, prepare_threshold(w, what, threshold, &op, &why));
    EXPECT_STR("threshold_state", why.code);
    EXPECT_STR(state, why.param_count ? why.params[0].value : "");
}

static bool change_threshold(struct world *w, enum threshold_wish what, uint32_t threshold)
{
    struct coded why = {0};
    struct id op = {0};
    if (!EXPECT_OK(prepare_threshold(w, what, threshold, &op, &why)) ||
        !EXPECT_OK(world_approve(w, op, &why))) {
        test_note("%s", why.code);
        return false;
    }
    world_turn(w, 10);
    chain_takes(w, op);
    return true;
}

static uint64_t threshold(const struct world *w)
{
    return wallet_threshold(w->wallet, first_account(w), w->networks[0].id);
}

static struct threshold_change waiting_threshold(const struct world *w)
{
    return wallet_threshold_change(w->wallet, first_account(w), w->networks[0].id);
}

/* Two owners, and both must sign. */
static bool start_with_threshold_2(struct world *w, struct hand *second)
{
    struct coded why = {0};
    if (!start_with_two(w, second) || !change_threshold(w, THRESHOLD_WISH_BEGIN, 2)) {
        return false;
    }
    EXPECT_EQ(1, threshold(w));
    EXPECT_EQ(2, waiting_threshold(w).threshold);
    EXPECT_EQ(w->chain.owners.ready_at * 1000, waiting_threshold(w).ready_ms);
    threshold_refused(w, THRESHOLD_WISH_BEGIN, 2, "waits");
    w->t.unix_ms += (uint64_t)DAYS_2 * 1000;
    world_turn(w, 10);
    if (!EXPECT_OK(world_unlock(w, &why))) { /* nobody was there for so long */
        return false;
    }
    world_turn(w, 2000);
    return change_threshold(w, THRESHOLD_WISH_APPLY, 0) && EXPECT_EQ(2, threshold(w));
}

static size_t signers(const struct world *w, struct id id, struct operation *op)
{
    const struct owner *all[OPERATION_SIGNER_COUNT_MAX];
    EXPECT_OK(wallet_operation(w->wallet, id, op));
    return wallet_signers(w->wallet, op, all);
}

TEST(two_owners_sign_one_operation)
{
    static struct world w;
    struct hand second;
    struct coded why = {0};
    struct id id = {0};
    AUTO(operation_auto) struct operation *op = NULL;
    TEST_REQUIRE(EXPECT_OK(operation_new(&op, test_budget())));
    TEST_REQUIRE(start_with_threshold_2(&w, &second));
    EXPECT(
        !wallet_account_safety(w.wallet, first_account(&w), w.t.unix_ms).safe); /* none to spare */

    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, 5, &id, &why)));
    EXPECT_EQ(0, signers(&w, id, op));
    struct userop userop;
    TEST_REQUIRE(EXPECT_OK(userop_decode(&userop, buf_span(&op->userop))));
    EXPECT(u256_equal(u256_from_u64(2 * 90000), userop.verification_gas_limit));
    TEST_REQUIRE(EXPECT_OK(world_approve(&w, id, &why)));
    EXPECT_EQ(OPERATION_PREPARED, world_state(&w, id));
    EXPECT(!w.wants_submit || !id_equal(w.submit, id));
    EXPECT_EQ(1, signers(&w, id, op));
    EXPECT_EQ(2, op->revision);
    EXPECT_ERR(ERR_STATE, world_approve(&w, id, &why));
    EXPECT_STR("already_signed", why.code);

    /* What one has signed is in the store, and waits for the other longer than one who just looks. */
    TEST_REQUIRE(world_restart(&w));
    world_turn(&w, 10);
    world_turn(&w, 2000);
    world_turn(&w, 6 * 60 * 1000);
    EXPECT_EQ(OPERATION_PREPARED, world_state(&w, id));
    EXPECT_EQ(1, signers(&w, id, op));
    swap_hands(&w, &second);
    TEST_REQUIRE(EXPECT_OK(world_approve(&w, id, &why)));
    EXPECT_EQ(OPERATION_SIGNED, world_state(&w, id));
    EXPECT_EQ(2, signers(&w, id, op));
    world_turn(&w, 10);
    EXPECT(w.wants_submit && id_equal(w.submit, id));
    world_done(&w);
}

TEST(a_half_signed_operation_expires)
{
    static struct world w;
    struct hand second;
    struct coded why = {0};
    struct id id = {0};
    TEST_REQUIRE(start_with_threshold_2(&w, &second));
    TEST_REQUIRE(EXPECT_OK(world_prepare(&w, 5, &id, &why)) &&
                 EXPECT_OK(world_approve(&w, id, &why)));
    world_turn(&w, 61 * 60 * 1000);
    EXPECT_EQ(OPERATION_EXPIRED, world_state(&w, id));
    world_done(&w);
}

TEST(a_threshold_that_the_owners_cannot_reach_is_refused)
{
    static struct world w;
    struct hand second;
    TEST_REQUIRE(start_with_two(&w, &second));
    threshold_refused(&w, THRESHOLD_WISH_BEGIN, 0, "too_many");
    threshold_refused(&w, THRESHOLD_WISH_BEGIN, 1, "same");
    threshold_refused(&w, THRESHOLD_WISH_BEGIN, 3, "too_many");
    threshold_refused(&w, THRESHOLD_WISH_APPLY, 0, "not_waiting");
    TEST_REQUIRE(change_threshold(&w, THRESHOLD_WISH_BEGIN, 2));
    swap_hands(&w, &second);
    TEST_REQUIRE(change_threshold(&w, THRESHOLD_WISH_VETO, 0)); /* any owner may */
    EXPECT_EQ(0, waiting_threshold(&w).threshold);
    EXPECT_EQ(1, threshold(&w));
    world_done(&w);
}

TEST_MAIN
