#include "wallet/cosigner_ask.h"

#include "codec/base16.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/owner_change.h"
#include "wallet/owner_chains.h"
#include "wallet/recovery.h"
#include "wallet/world_test.h"

#include <string.h>

enum { DAYS_2 = 2 * 86400 };

/* The first account's guardians as the chain has them, and the server's key. */
static struct account_guardians guardians;
static struct secret32 server_key;

static size_t answer(const struct world *world, char *out, size_t cap, struct span params)
{
    (void)world;
    AUTO(buf_done) struct buf data;
    buf_init(&data, test_budget(), 8192);
    bool is_recovery = world_asks(params, "recovery()");
    if (!is_recovery && !world_asks(params, "guardians()")) {
        return 0;
    }
    struct abi_wr w = abi_wr_init(&data, is_recovery ? 6 : 3);
    for (size_t i = 0; is_recovery && i < 6; i++) {
        abi_wr_u64(&w, 0);
    }
    if (!is_recovery) {
        owner_list_put(&w, guardians.list, guardians.count);
        abi_wr_u64(&w, guardians.threshold);
        abi_wr_u64(&w, guardians.delay_s);
    }
    EXPECT_OK(abi_wr_end(&w));
    struct wr text = wr_init(mspan_of(out, cap));
    wr_u8(&text, '"');
    base16_encode_0x(&text, buf_span(&data));
    wr_u8(&text, '"');
    return text.n;
}

static const struct account *mine(const struct world *w)
{
    return wallet_account_at(w->wallet, 0);
}

static struct id net(const struct world *w)
{
    return w->networks[0].id;
}

static struct address server_address(void)
{
    struct secp256k1_public key;
    struct hash32 hash;
    struct address a;
    memset(server_key.bytes, 7, sizeof server_key.bytes);
    EXPECT_OK(secp256k1_public_init(&key, &server_key));
    keccak256(&hash, SPAN_OF(key.xy));
    span_copy(MSPAN_OF(a.bytes), span_of(hash.bytes + 12, 20));
    return a;
}

static bool start(struct world *w)
{
    struct coded why = {0};
    if (!world_init(w) || !EXPECT(world_enroll(w, "Main", NULL, &why) != NULL)) {
        return false;
    }
    world_deploy(w);
    guardians = (struct account_guardians){.count = 1, .threshold = 1, .delay_s = DAYS_2};
    EXPECT_OK(wallet_guardian_of(w->wallet, mine(w)->id, (struct id){0}, &guardians.list[0], &why));
    w->chain.call = answer;
    return true;
}

static void look(struct world *w)
{
    struct coded why = {0};
    struct id unused;
    uint64_t task = 0;
    const struct recovery_look_args args = {.address = mine(w)->address, .network = net(w)};
    TEST_REQUIRE(EXPECT_OK(wallet_recovery_look(w->wallet, w->t, &args, &task, &why)));
    EXPECT_OK(world_wait(w, task, &unused, &why));
}

static enum err make(struct world *w, const struct cosigner_limit *limits, struct coded *why)
{
    const struct id network = net(w);
    const struct cosigner_make_args args = {.account = mine(w)->id,
                                            .server = SPAN_LIT("12D3KooWServer"),
                                            .networks = &network,
                                            .networks_count = 1,
                                            .limits = limits,
                                            .limits_count = 1};
    *why = (struct coded){0};
    return wallet_cosigner_make(w->wallet, w->t, &args, why);
}

static enum err make_usual(struct world *w, struct coded *why)
{
    const struct cosigner_limit all = {.amount = u256_from_u64(1000000)};
    return make(w, &all, why);
}

static void expect_state(enum err err, const struct coded *why, const char *state)
{
    EXPECT(err != OK);
    EXPECT_STR("cosigner_state", why->code);
    EXPECT_STR(state, why->param_count > 0 ? why->params[0].value : "");
}

/* The passkey signs what waits; how the wallet takes it. */
static enum err sign(struct world *w, struct buf *request, struct coded *why)
{
    const struct cosigner_wish *wish = wallet_cosigner_wish(w->wallet, w->t, mine(w)->id);
    struct hash32 challenge = wish ? wish->challenge : (struct hash32){{0}};
    struct cosigner_wish taken;
    struct passkey_answer a = world_answer(w, SPAN_OF(challenge.bytes), NULL);
    buf_clear(request);
    *why = (struct coded){0};
    return wallet_cosigner_answer(w->wallet, w->t, mine(w)->id, &a, request, &taken, why);
}

static enum err said(struct world *w, struct cosigner_said s, struct coded *why)
{
    *why = (struct coded){0};
    return wallet_cosigner_done(w->wallet, w->t, &s, why);
}

static struct cosigner_said made(const struct world *w)
{
    struct cosigner_said s = {.cosigner = server_address()};
    const struct cosigner_wish *wish = wallet_cosigner_asked(w->wallet);
    if (EXPECT(wish != NULL)) {
        cosigner_terms_hash(&s.terms, &wish->terms);
    }
    return s;
}

/* An account that has one, as an owner on the chain, of two who must sign. */
static bool start_cosigned(struct world *w)
{
    struct coded why = {0};
    AUTO(buf_done) struct buf request;
    buf_init(&request, test_budget(), COSIGNER_REQUEST_MAX);
    if (!start(w)) {
        return false;
    }
    look(w);
    EXPECT_OK(make_usual(w, &why));
    EXPECT_OK(sign(w, &request, &why));
    EXPECT_OK(said(w, made(w), &why));
    w->chain.owners.list[w->chain.owners.count++] = guardian_of_address(server_address());
    w->chain.owners.threshold = 2;
    w->chain.owners.sequence++;
    w->chain.owners.head[0]++;
    world_turn(w, 70 * 1000);
    return EXPECT_EQ(2, wallet_threshold(w->wallet, mine(w), net(w)));
}

TEST(is_made_only_where_the_passkey_gets_rid_of_it)
{
    static struct world w;
    struct coded why = {0};
    const struct cosigner_limit to_one = {.to = {{5}}, .amount = u256_from_u64(1)};
    if (start(&w)) {
        EXPECT(make_usual(&w, &why) != OK);
        EXPECT_STR("recovery_unread", why.code);
        guardians.threshold = 2;
        guardians.list[guardians.count++] = guardian_of_address(server_address());
        look(&w);
        expect_state(make_usual(&w, &why), &why, "no_guardian");
        guardians.threshold = 1; /* either of two: the other one could take the account */
        look(&w);
        expect_state(make_usual(&w, &why), &why, "no_guardian");
        guardians.count = 1;
        look(&w);
        EXPECT(make(&w, &to_one, &why) != OK);
        EXPECT_STR("cosigner_limits", why.code);
        EXPECT_OK(make_usual(&w, &why));
        EXPECT_OK(make_usual(&w, &why)); /* in the place of the first */
    }
    world_done(&w);
}

TEST(an_owner_that_the_wallet_does_not_know_may_be_another_cosigner)
{
    static struct world w;
    struct coded why = {0};
    if (start(&w)) {
        w.chain.owners.list[w.chain.owners.count++] = guardian_of_address(server_address());
        w.chain.owners.sequence++;
        w.chain.owners.head[0]++;
        world_turn(&w, 70 * 1000);
        look(&w);
        expect_state(make_usual(&w, &why), &why, "unknown_owner");
    }
    world_done(&w);
}

TEST(what_the_server_says_of_its_making_is_verified)
{
    static struct world w;
    struct coded why = {0};
    AUTO(buf_done) struct buf request;
    buf_init(&request, test_budget(), COSIGNER_REQUEST_MAX);
    if (start(&w)) {
        look(&w);
        expect_state(said(&w, (struct cosigner_said){.err = OK}, &why), &why, "over");
        EXPECT_OK(make_usual(&w, &why));
        EXPECT_OK(sign(&w, &request, &why));
        static struct cosigner_create c;
        EXPECT_OK(cosigner_create_decode(&c, buf_span(&request)));
        EXPECT_SPAN(SPAN_OF(w.key.xy), SPAN_OF(c.terms.passkey.xy));
        expect_state(make_usual(&w, &why), &why, "asked");
        struct cosigner_said s = made(&w);
        s.terms.bytes[31]++;
        EXPECT(said(&w, s, &why) != OK);
        EXPECT_STR("cosigner_lied", why.code);
        EXPECT_EQ(1, mine(&w)->owner_count);

        EXPECT_OK(make_usual(&w, &why));
        EXPECT_OK(sign(&w, &request, &why));
        s = (struct cosigner_said){.err = ERR_DENIED, .reason = SPAN_LIT("no room")};
        EXPECT(said(&w, s, &why) != OK);
        EXPECT_STR("cosigner_refused", why.code);
        EXPECT_STR("no room", why.params[0].value);

        EXPECT_OK(make_usual(&w, &why));
        EXPECT_OK(sign(&w, &request, &why));
        EXPECT(said(&w, (struct cosigner_said){.err = ERR_CLOSED}, &why) != OK);
        EXPECT_STR("cosigner_silent", why.code);

        EXPECT_OK(make_usual(&w, &why));
        EXPECT_OK(sign(&w, &request, &why));
        w.store.fails_from = w.store.writes + 1;
        EXPECT(said(&w, made(&w), &why) != OK);
        w.store.fails_from = 0;
        EXPECT_EQ(1, mine(&w)->owner_count);
        EXPECT(!id_is_set(mine(&w)->cosigner.owner));
    }
    world_done(&w);
}

TEST(is_kept_and_a_wish_ends)
{
    static struct world w;
    struct coded why = {0};
    AUTO(buf_done) struct buf request;
    buf_init(&request, test_budget(), COSIGNER_REQUEST_MAX);
    if (start(&w)) {
        look(&w);
        EXPECT_OK(make_usual(&w, &why));
        w.t.unix_ms += 300 * 1000;
        expect_state(sign(&w, &request, &why), &why, "over");
        look(&w);
        EXPECT_OK(make_usual(&w, &why));
        EXPECT_OK(sign(&w, &request, &why));
        EXPECT_OK(said(&w, made(&w), &why));
        expect_state(make_usual(&w, &why), &why, "exists");
        TEST_REQUIRE(EXPECT(world_restart(&w)));
        const struct account *a = mine(&w);
        EXPECT_EQ(2, a->owner_count);
        EXPECT_EQ(OWNER_COSIGNER, a->owners[1].kind);
        EXPECT_EQ(OWNER_NEW, a->owners[1].standing);
        EXPECT(id_equal(a->owners[1].id, a->cosigner.owner));
        EXPECT(address_equal(server_address(), a->cosigner.address));
        EXPECT_STR("12D3KooWServer", a->cosigner.server);
        EXPECT_EQ(1, a->cosigner.terms.limits_count);
        EXPECT(wallet_owner_forget(w.wallet, a->id, a->cosigner.owner, &why) != OK);
        EXPECT_STR("owner_in_use", why.code);
        EXPECT_EQ(1, wallet_account_safety(w.wallet, a, w.t.unix_ms).ways_in);
    }
    world_done(&w);
}

TEST(its_place_is_given_back_when_it_is_no_owner)
{
    static struct world w;
    struct coded why = {0};
    AUTO(buf_done) struct buf request;
    buf_init(&request, test_budget(), COSIGNER_REQUEST_MAX);
    if (start_cosigned(&w)) {
        expect_state(wallet_cosigner_release(w.wallet, w.t, mine(&w)->id, &why), &why, "owner");
        w.chain.owners.count--;
        w.chain.owners.threshold = 1;
        w.chain.owners.sequence++;
        w.chain.owners.head[0]++;
        world_turn(&w, 70 * 1000);
        why = (struct coded){0};
        EXPECT_OK(wallet_cosigner_release(w.wallet, w.t, mine(&w)->id, &why));
        EXPECT_OK(sign(&w, &request, &why));
        EXPECT_OK(said(&w, (struct cosigner_said){.err = OK}, &why));
        EXPECT_EQ(1, mine(&w)->owner_count);
        EXPECT(!id_is_set(mine(&w)->cosigner.owner));
    }
    world_done(&w);
}

static struct cosigner_said signature_over(struct hash32 hash)
{
    struct cosigner_said s = {.err = OK};
    struct secp256k1_signature sig;
    EXPECT_OK(secp256k1_sign(&sig, &server_key, &hash));
    span_copy(mspan_of(s.signature, 64), SPAN_OF(sig.rs));
    s.signature[64] = (uint8_t)(27 + sig.recovery_id);
    return s;
}

TEST(it_signs_last_and_its_signature_is_verified)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {""};
    AUTO(buf_done) struct buf request;
    AUTO(operation_auto) struct operation *seen = NULL;
    buf_init(&request, test_budget(), COSIGNER_REQUEST_MAX);
    if (start_cosigned(&w) && EXPECT_OK(operation_new(&seen, test_budget())) &&
        EXPECT_OK(world_prepare(&w, 5, &op, &why))) {
        expect_state(wallet_cosigner_sign(w.wallet, w.t, op, &why), &why, "unsigned");
        EXPECT_OK(world_approve(&w, op, &why));
        EXPECT_EQ(OPERATION_PREPARED, world_state(&w, op));
        EXPECT_OK(wallet_operation(w.wallet, op, seen));
        struct cosigner_said right = signature_over(seen->userop_hash);
        struct cosigner_said wrong = right;
        wrong.signature[5]++;

        EXPECT_OK(wallet_cosigner_sign(w.wallet, w.t, op, &why));
        EXPECT_OK(sign(&w, &request, &why));
        EXPECT(said(&w, wrong, &why) != OK);
        EXPECT_STR("cosigner_lied", why.code);
        EXPECT_EQ(OPERATION_PREPARED, world_state(&w, op));

        EXPECT_OK(wallet_cosigner_sign(w.wallet, w.t, op, &why));
        EXPECT_OK(sign(&w, &request, &why));
        struct cosigner_ask ask;
        EXPECT_OK(cosigner_ask_decode(&ask, buf_span(&request)));
        EXPECT(address_equal(server_address(), ask.cosigner));
        EXPECT_OK(said(&w, right, &why));
        EXPECT(world_state(&w, op) != OPERATION_PREPARED);
        EXPECT(wallet_cosigner_sign(w.wallet, w.t, op, &why) != OK);
        EXPECT_STR("operation_state", why.code);
    }
    world_done(&w);
}

/* ---- it becomes an owner ---- */

static const struct owner *cosigner_of(const struct world *w)
{
    return wallet_owner(w->wallet, mine(w)->id, mine(w)->cosigner.owner);
}

static struct owner_state state_of(const struct world *w)
{
    return wallet_owner_state(w->wallet, mine(w), cosigner_of(w), net(w));
}

/* An account that has had one made. */
static bool start_made(struct world *w)
{
    struct coded why = {0};
    AUTO(buf_done) struct buf request;
    buf_init(&request, test_budget(), COSIGNER_REQUEST_MAX);
    if (!start(w)) {
        return false;
    }
    look(w);
    EXPECT_OK(make_usual(w, &why));
    EXPECT_OK(sign(w, &request, &why));
    return EXPECT_OK(said(w, made(w), &why));
}

static enum err wish(struct world *w, enum owner_wish what, struct id *ret, struct coded *why)
{
    const struct owner_args args = {
        .own = {.account = mine(w)->id, .network = net(w)},
        .owner = cosigner_of(w)->id,
        .what = what
    };
    uint64_t task = 0;
    *why = (struct coded){0};
    TRY(wallet_owner_prepare(w->wallet, w->t, &args, &task, why));
    return world_wait(w, task, ret, why);
}

static void wish_refused(struct world *w, enum owner_wish what, const char *code, const char *state)
{
    struct coded why;
    struct id op;
    EXPECT(wish(w, what, &op, &why) != OK);
    EXPECT_STR(code, why.code);
    EXPECT_STR(state, why.param_count > 0 ? why.params[0].value : "");
}

/* The call of a signed operation, and the contract's part of it: only a change that waited makes anybody an owner here. */
static enum owner_call chain_takes(struct world *w, struct id op, struct owner_change *ret)
{
    struct hash32 id;
    enum owner_call what = OWNER_CALL_VETO;
    struct world_owners *o = &w->chain.owners;
    struct smart_call call = world_call(w, op);
    EXPECT_OK(owner_change_read(&what, ret, &id, call.data));
    if (what != OWNER_CALL_VETO) {
        EXPECT_EQ(o->sequence + 1, ret->sequence);
        EXPECT_SPAN(SPAN_OF(o->head), SPAN_OF(ret->previous));
        owner_change_id(&id, mine(w)->address, ret);
    }
    if (what == OWNER_CALL_PROPOSE && EXPECT(owner_change_waits(ret, o->threshold))) {
        o->waits = id;
        o->ready_at = w->t.unix_ms / 1000 + DAYS_2;
    } else {
        EXPECT_SPAN(SPAN_OF(o->waits.bytes), SPAN_OF(id.bytes));
        o->ready_at = what == OWNER_CALL_VETO;
    }
    if (what == OWNER_CALL_APPLY) {
        memcpy(o->head, id.bytes, sizeof o->head);
        o->sequence = ret->sequence;
        o->threshold = ret->threshold;
        o->list[o->count++] = ret->added[0];
    }
    world_include(w, op);
    return what;
}

/* Prepares, signs and includes; *ret is what the contract got. */
static bool do_wish(struct world *w, enum owner_wish what, struct owner_change *ret)
{
    static const enum owner_call calls[] = {[OWNER_WISH_ADD] = OWNER_CALL_PROPOSE,
                                            [OWNER_WISH_APPLY] = OWNER_CALL_APPLY,
                                            [OWNER_WISH_VETO] = OWNER_CALL_VETO};
    struct coded why = {0};
    struct id op = {""};
    *ret = (struct owner_change){0};
    look(w);
    if (!EXPECT_OK(wish(w, what, &op, &why)) || !EXPECT_OK(world_approve(w, op, &why))) {
        test_note("%s", why.code);
        return false;
    }
    world_turn(w, 10);
    return EXPECT_EQ(calls[what], chain_takes(w, op, ret));
}

static bool pass_delay(struct world *w)
{
    struct coded why = {0};
    w->t.unix_ms += (uint64_t)DAYS_2 * 1000;
    world_turn(w, 10);
    bool is_open = EXPECT_OK(world_unlock(w, &why)); /* nobody was there for so long */
    world_turn(w, 2000);
    return is_open;
}

static bool expect_begun(struct world *w)
{
    struct coded why = {0};
    struct id id = {""};
    AUTO(operation_auto) struct operation *op = NULL;
    look(w);
    if (!EXPECT_OK(operation_new(&op, test_budget())) ||
        !EXPECT_OK(wish(w, OWNER_WISH_ADD, &id, &why)) ||
        !EXPECT_OK(wallet_operation(w->wallet, id, op))) {
        return false;
    }
    EXPECT_EQ(OPERATION_COSIGNER_BEGIN, op->kind);
    EXPECT(operation_begins(op->kind));
    const struct risk *r = operation_find_risk(op, SPAN_LIT("cosigner_begun"));
    if (EXPECT(r != NULL)) {
        EXPECT(r->tick);
        EXPECT_STR("2", r->what.params[1].value);
        EXPECT_STR("2", r->what.params[2].value); /* days */
    }
    return EXPECT_OK(wallet_reject(w->wallet, w->t, id, &why));
}

/* On each chain it joins by itself, after a look at who could get rid of it there. */
static void expect_not_carried(struct world *w)
{
    struct coded why = {0};
    struct id op;
    uint64_t task = 0;
    const struct change_args args = {
        .account = mine(w)->id, .network = net(w), .payer = mine(w)->id, .what = CHANGE_WISH_APPLY};
    look(w);
    EXPECT_OK(wallet_change_prepare(w->wallet, w->t, &args, &task, &why));
    EXPECT(world_wait(w, task, &op, &why) != OK);
    EXPECT_STR("carry_state", why.code);
    EXPECT_STR("cosigner", why.param_count > 0 ? why.params[0].value : "");
}

TEST(it_comes_with_the_second_signature_in_one_change_that_waits)
{
    static struct world w;
    static struct owner_change c;
    struct coded why = {0};
    const struct smart_owner key = guardian_of_address(server_address());
    if (start_made(&w)) {
        w.t.unix_ms += 61 * 1000;
        world_turn(&w, 10);
        wish_refused(&w, OWNER_WISH_ADD, "recovery_unread", "");
        wish_refused(&w, OWNER_WISH_APPLY, "recovery_unread", "");
        TEST_REQUIRE(expect_begun(&w));
        TEST_REQUIRE(do_wish(&w, OWNER_WISH_ADD, &c));
        EXPECT_EQ(1, c.added_count);
        EXPECT_SPAN(span_of(key.bytes, key.len), span_of(c.added[0].bytes, c.added[0].len));
        EXPECT_EQ(0, c.removed_count);
        EXPECT_EQ(2, c.threshold);
        TEST_REQUIRE(EXPECT_EQ(1, mine(&w)->kept_count));
        EXPECT_EQ(key.len, mine(&w)->kept[0].added.len);
        expect_not_carried(&w);
        EXPECT_EQ(OWNER_NEW, state_of(&w).standing);
        EXPECT_EQ(w.chain.owners.ready_at * 1000, state_of(&w).ready_ms);
        wish_refused(&w, OWNER_WISH_ADD, "owner_state", "joining");
        wish_refused(&w, OWNER_WISH_APPLY, "owner_waits", "48");
        expect_state(wallet_cosigner_release(w.wallet, w.t, mine(&w)->id, &why), &why, "joining");
        EXPECT(wallet_owner_forget(w.wallet, mine(&w)->id, cosigner_of(&w)->id, &why) != OK);
        TEST_REQUIRE(EXPECT(world_restart(&w))); /* what waits is in the store */
        w.chain.call = answer;
        TEST_REQUIRE(pass_delay(&w));
        TEST_REQUIRE(EXPECT(state_of(&w).ready_ms != 0));
        TEST_REQUIRE(do_wish(&w, OWNER_WISH_APPLY, &c));
        EXPECT_EQ(OWNER_ACTIVE, state_of(&w).standing);
        EXPECT_EQ(0, state_of(&w).ready_ms);
        EXPECT_EQ(2, wallet_threshold(w.wallet, mine(&w), net(&w)));
        EXPECT_EQ(0, mine(&w)->change_count);
        wish_refused(&w, OWNER_WISH_ADD, "owner_state", "active");
    }
    world_done(&w);
}

TEST(its_coming_is_stopped_and_can_begin_anew)
{
    static struct world w;
    static struct owner_change c;
    struct coded why = {0};
    if (start_made(&w)) {
        wish_refused(&w, OWNER_WISH_VETO, "owner_not_leaving", "");
        TEST_REQUIRE(do_wish(&w, OWNER_WISH_ADD, &c));
        EXPECT_EQ(0, c.attempt);
        TEST_REQUIRE(do_wish(&w, OWNER_WISH_VETO, &c));
        EXPECT_EQ(0, state_of(&w).ready_ms);
        why = (struct coded){0};
        EXPECT_OK(wallet_cosigner_release(w.wallet, w.t, mine(&w)->id, &why));
        TEST_REQUIRE(do_wish(&w, OWNER_WISH_ADD, &c));
        EXPECT_EQ(1, c.attempt);
        EXPECT(state_of(&w).ready_ms != 0);
    }
    world_done(&w);
}

TEST(it_comes_only_where_the_passkey_still_gets_rid_of_it)
{
    static struct world w;
    static struct owner_change c;
    if (start_made(&w)) {
        guardians.threshold = 0;
        guardians.count = 0;
        look(&w);
        wish_refused(&w, OWNER_WISH_ADD, "cosigner_state", "no_guardian");
        guardians.threshold = 1;
        guardians.count = 1;
        TEST_REQUIRE(do_wish(&w, OWNER_WISH_ADD, &c));
        TEST_REQUIRE(pass_delay(&w));
        guardians.list[guardians.count++] = guardian_of_address(server_address());
        look(&w);
        wish_refused(&w, OWNER_WISH_APPLY, "cosigner_state", "no_guardian");
        EXPECT(do_wish(&w, OWNER_WISH_VETO, &c)); /* that can always be stopped */
    }
    world_done(&w);
}

/* The person's other computer, with the same backup, began it. */
TEST(its_coming_that_another_wallet_began_is_found)
{
    static struct world w;
    static struct owner_change c;
    if (start_made(&w)) {
        struct world_owners *o = &w.chain.owners;
        c = (struct owner_change){.sequence = o->sequence + 1, .threshold = 2, .added_count = 1};
        memcpy(c.previous, o->head, sizeof c.previous);
        c.added[0] = guardian_of_address(server_address());
        owner_change_id(&o->waits, mine(&w)->address, &c);
        o->ready_at = w.t.unix_ms / 1000 + DAYS_2;
        EXPECT_EQ(0, mine(&w)->change_count);
        for (int i = 0; i < 3; i++) {
            world_turn(&w, 16000);
        }
        EXPECT_EQ(o->ready_at * 1000, state_of(&w).ready_ms);
        TEST_REQUIRE(do_wish(&w, OWNER_WISH_VETO, &c));
        EXPECT_EQ(1, o->ready_at);
    }
    world_done(&w);
}

TEST(before_it_is_an_owner_it_signs_nothing)
{
    static struct world w;
    struct coded why = {0};
    struct id op = {""};
    if (start_made(&w) && EXPECT_OK(world_prepare(&w, 5, &op, &why))) {
        expect_state(wallet_cosigner_sign(w.wallet, w.t, op, &why), &why, "no_owner");
    }
    world_done(&w);
}

TEST(as_an_owner_it_never_suffices_alone)
{
    static struct world w;
    struct coded why = {0};
    struct id op;
    uint64_t task = 0;
    if (start_cosigned(&w)) {
        const struct threshold_args args = {
            .own = {.account = mine(&w)->id, .network = net(&w)},
            .what = THRESHOLD_WISH_BEGIN,
            .threshold = 1
        };
        EXPECT_OK(wallet_threshold_prepare(w.wallet, w.t, &args, &task, &why));
        EXPECT(world_wait(&w, task, &op, &why) != OK);
        EXPECT_STR("threshold_state", why.code);
        EXPECT_STR("cosigner", why.param_count > 0 ? why.params[0].value : "");
    }
    world_done(&w);
}

TEST_MAIN
