#include "wallet/recovery.h"

#include "codec/base16.h"
#include "crypto/keccak.h"
#include "evm/abi.h"
#include "evm/owner_change.h"
#include "wallet/world_test.h"

#include <string.h>

enum { DAYS_2 = 2 * 86400, KEY_COUNT = 3 };

/* An account on the chain that is not this wallet's: its owner, and guardians who are the wallet's own passkey and ordinary keys. */
static struct lost {
    struct address address;
    bool is_version_1;
    struct smart_owner owner;
    struct smart_owner owners[OWNER_CHANGE_EACH_MAX + 1]; /* instead, if there are any */
    size_t owner_count;
    uint64_t sequence;
    uint8_t head[32];
    struct account_guardians guardians;
    struct account_recovery recovery;
    struct secret32 keys[KEY_COUNT];
} lost;

static bool is_about(struct span params, struct address a)
{
    char text[44];
    struct wr w = wr_init(MSPAN_OF(text));
    base16_encode_0x(&w, SPAN_OF(a.bytes));
    for (size_t i = 0; i + w.n <= params.n; i++) {
        if (memcmp(params.p + i, text, w.n) == 0) {
            return true;
        }
    }
    return false;
}

static void write_recovery(struct abi_wr *w)
{
    abi_wr_fixed(w, SPAN_OF(lost.recovery.pending.bytes));
    abi_wr_u64(w, lost.recovery.ready_at);
    abi_wr_u64(w, lost.recovery.vetoes);
    abi_wr_u64(w, lost.recovery.round);
    abi_wr_u64(w, lost.recovery.frozen_until);
    abi_wr_u64(w, lost.recovery.held_until);
}

/* What the account answers; version 1 reverts, which these servers say by an answer of another form. */
static size_t answer(const struct world *world, char *out, size_t cap, struct span params)
{
    (void)world;
    AUTO(buf_done) struct buf data;
    buf_init(&data, test_budget(), 8192);
    if (!is_about(params, lost.address)) {
        return 0;
    }
    struct abi_wr w = abi_wr_init(&data, world_asks(params, "recovery()")    ? 6
                                         : world_asks(params, "guardians()") ? 3
                                                                             : 1);
    if (world_asks(params, "recovery()")) {
        write_recovery(&w);
    } else if (world_asks(params, "guardians()")) {
        owner_list_put(&w, lost.guardians.list, lost.guardians.count);
        abi_wr_u64(&w, lost.guardians.threshold);
        abi_wr_u64(&w, lost.guardians.delay_s);
    } else if (world_asks(params, "getSigners(uint64,uint64)")) {
        owner_list_put(&w, lost.owner_count ? lost.owners : &lost.owner,
                       lost.owner_count ? lost.owner_count : 1);
    } else if (world_asks(params, "ownersHead()")) {
        abi_wr_fixed(&w, SPAN_OF(lost.head));
    } else {
        abi_wr_u64(&w, world_asks(params, "threshold()")        ? 1
                       : world_asks(params, "ownersSequence()") ? lost.sequence
                                                                : DAYS_2);
    }
    EXPECT_OK(abi_wr_end(&w));
    bool is_refused = lost.is_version_1 &&
                      (world_asks(params, "recovery()") || world_asks(params, "guardians()"));
    struct wr text = wr_init(mspan_of(out, cap));
    wr_u8(&text, '"');
    base16_encode_0x(&text, is_refused ? SPAN_EMPTY : buf_span(&data));
    wr_u8(&text, '"');
    EXPECT(wr_ok(&text));
    return text.n;
}

static struct smart_owner key_guardian(size_t i)
{
    struct secp256k1_public key;
    struct hash32 hash;
    struct address a;
    memset(lost.keys[i].bytes, (int)(7 + i), sizeof lost.keys[i].bytes);
    EXPECT_OK(secp256k1_public_init(&key, &lost.keys[i]));
    keccak256(&hash, SPAN_OF(key.xy));
    span_copy(MSPAN_OF(a.bytes), span_of(hash.bytes + 12, 20));
    return guardian_of_address(a);
}

static const struct account *mine(const struct world *w)
{
    return wallet_account_at(w->wallet, 0);
}

static struct id net(const struct world *w)
{
    return w->networks[0].id;
}

static bool start(struct world *w)
{
    struct coded why = {0};
    static const uint8_t other_key[64] = {5};
    if (!world_init(w) || !EXPECT(world_enroll(w, "New", NULL, &why) != NULL)) {
        return false;
    }
    lost = (struct lost){
        .address = {{0xaa, 1, 2, 3}},
          .sequence = 4, .head = {9, 9}
    };
    lost.owner = smart_owner_passkey(w->networks[0].verifier, other_key, SPAN_LIT(WORLD_ORIGIN));
    lost.recovery.round = 6;
    lost.guardians.threshold = 2;
    lost.guardians.delay_s = DAYS_2;
    lost.guardians.list[0] = key_guardian(0);
    lost.guardians.list[1] = key_guardian(1);
    EXPECT_OK(
        wallet_guardian_of(w->wallet, mine(w)->id, (struct id){0}, &lost.guardians.list[2], &why));
    lost.guardians.count = 3;
    w->chain.call = answer;
    world_turn(w, 2000);
    return true;
}

static void look(struct world *w)
{
    struct coded why = {0};
    struct id unused;
    uint64_t task = 0;
    const struct recovery_look_args args = {.address = lost.address, .network = net(w)};
    TEST_REQUIRE(EXPECT_OK(wallet_recovery_look(w->wallet, w->t, &args, &task, &why)));
    EXPECT_OK(world_wait(w, task, &unused, &why));
}

static enum err ask(struct world *w, struct coded *why)
{
    const struct account *a = NULL;
    const struct recovery_ask_args args = {.address = lost.address,
                                           .network = net(w),
                                           .by = mine(w)->id,
                                           .name = SPAN_LIT("Found again")};
    return wallet_recovery_ask(w->wallet, w->t, &args, &a, why);
}

static void expect_state(enum err err, const struct coded *why, const char *state)
{
    EXPECT(err != OK);
    EXPECT_STR("recovery_state", why->code);
    EXPECT_STR(state, why->param_count > 0 ? why->params[0].value : "");
}

static struct id found(const struct world *w)
{
    return wallet_account_at(w->wallet, wallet_account_count(w->wallet) - 1)->id;
}

static const struct recovery_help *help(const struct world *w)
{
    return wallet_recovery_help(w->wallet, found(w));
}

static void print_request(struct buf *text, const struct help_request *r)
{
    const struct help h = {.kind = HELP_REQUEST, .request = *r};
    buf_clear(text);
    EXPECT_OK(help_print(text, &h));
}

/* An answer with an ordinary key, bent as a test wishes. */
static void print_answer(struct buf *text,
                         size_t key,
                         const struct help_request *r,
                         const struct smart_owner *as)
{
    struct help h = {.kind = HELP_ANSWER};
    struct secp256k1_signature sig;
    help_request_hash(&h.answer.hash, r);
    EXPECT_OK(secp256k1_sign(&sig, &lost.keys[key], &h.answer.hash));
    h.answer.guardian = as ? *as : lost.guardians.list[key];
    h.answer.signature_len = 65;
    span_copy(MSPAN_OF(h.answer.signature), SPAN_OF(sig.rs));
    h.answer.signature[64] = (uint8_t)(27 + sig.recovery_id);
    buf_clear(text);
    EXPECT_OK(help_print(text, &h));
}

static enum err gather(struct world *w, const struct buf *text, struct coded *why)
{
    *why = (struct coded){0};
    return wallet_recovery_gather(w->wallet, w->t, found(w), buf_span(text), why);
}

static void expect_gathered(struct world *w, const struct buf *text, const char *code)
{
    struct coded why = {0};
    EXPECT(gather(w, text, &why) != OK);
    EXPECT_STR(code, why.code);
}

static enum err prepare(struct world *w, enum recovery_wish what, struct id *ret, struct coded *why)
{
    uint64_t task = 0;
    const struct recovery_args args = {
        .account = found(w), .network = net(w), .payer = mine(w)->id, .what = what};
    *why = (struct coded){0};
    TRY(wallet_recovery_prepare(w->wallet, w->t, &args, &task, why));
    return world_wait(w, task, ret, why);
}

TEST(a_request_is_made_only_where_guardians_can_help)
{
    static struct world w;
    struct coded why = {0};
    TEST_REQUIRE(start(&w));
    EXPECT_ERR(ERR_STATE, ask(&w, &why));
    EXPECT_STR("recovery_unread", why.code);
    lost.is_version_1 = true;
    look(&w);
    expect_state(ask(&w, &why), &why, "version_1");
    lost.is_version_1 = false;
    lost.guardians.count = 0;
    lost.guardians.threshold = 0;
    look(&w);
    expect_state(ask(&w, &why), &why, "no_guardians");
    lost.guardians.count = 3;
    lost.guardians.threshold = 2;
    lost.recovery.pending.bytes[0] = 1;
    look(&w);
    expect_state(ask(&w, &why), &why, "under_way");
    lost.recovery.pending.bytes[0] = 0;
    look(&w);
    EXPECT_EQ(GRADE_REPORTED,
              figure_grade(&wallet_recovery_view(w.wallet, lost.address, net(&w))->said));
    EXPECT_EQ(1, wallet_account_count(w.wallet));
    TEST_REQUIRE(EXPECT_OK(ask(&w, &why)));
    EXPECT_EQ(2, wallet_account_count(w.wallet));
    const struct recovery_help *h = help(&w);
    TEST_REQUIRE(EXPECT(h != NULL));
    EXPECT_EQ(31337, h->request.chain_id);
    EXPECT_EQ(6, h->request.round);
    EXPECT_EQ(5, h->request.change.sequence);
    EXPECT_EQ(1, h->request.change.removed_count);
    EXPECT_SPAN(SPAN_OF(lost.head), SPAN_OF(h->request.change.previous));
    EXPECT_EQ(2, wallet_recovery_needed(w.wallet, h));
    /* Once more is another request, not another account. */
    EXPECT_OK(ask(&w, &why));
    EXPECT_EQ(2, wallet_account_count(w.wallet));
    EXPECT_EQ(1, wallet_account_at(w.wallet, 1)->owner_count);
    /* A reading is good for a minute. */
    world_turn(&w, RECOVERY_FRESH_MS + 1);
    EXPECT_ERR(ERR_STATE, ask(&w, &why));
    EXPECT_STR("recovery_unread", why.code);
    world_done(&w);
}

TEST(only_a_guardians_signature_for_this_request_counts)
{
    static struct world w;
    struct coded why = {0};
    AUTO(buf_done) struct buf text;
    buf_init(&text, test_budget(), HELP_TEXT_LEN_MAX);
    TEST_REQUIRE(start(&w));
    look(&w);
    TEST_REQUIRE(EXPECT_OK(ask(&w, &why)));
    static struct help_request r;
    r = help(&w)->request;

    print_request(&text, &r);
    expect_gathered(&w, &text, "help_bad"); /* the request itself */
    const struct smart_owner stranger = key_guardian(2);
    print_answer(&text, 2, &r, &stranger);
    expect_gathered(&w, &text, "help_stranger");
    print_answer(&text, 2, &r, &lost.guardians.list[0]);
    expect_gathered(&w, &text, "help_signature"); /* a stranger in a guardian's name */
    r.round--;
    print_answer(&text, 0, &r, NULL);
    expect_gathered(&w, &text, "help_other");
    r = help(&w)->request;
    r.chain_id = 1;
    print_answer(&text, 0, &r, NULL);
    expect_gathered(&w, &text, "help_other");
    r = help(&w)->request;
    r.change.added[0].bytes[40]++;
    print_answer(&text, 0, &r, NULL);
    expect_gathered(&w, &text, "help_other");
    r = help(&w)->request;
    print_answer(&text, 0, &r, NULL);
    EXPECT_OK(gather(&w, &text, &why));
    expect_gathered(&w, &text, "help_again");
    EXPECT_EQ(1, help(&w)->answer_count);

    struct id op;
    expect_state(prepare(&w, RECOVERY_WISH_BEGIN, &op, &why), &why, "too_few");
    expect_state(prepare(&w, RECOVERY_WISH_APPLY, &op, &why), &why, "not_under_way");

    /* Guardians did something else meanwhile: what was signed is worth nothing. */
    lost.recovery.round++;
    look(&w);
    print_answer(&text, 1, &r, NULL);
    expect_state(gather(&w, &text, &why), &why, "outdated");
    expect_state(prepare(&w, RECOVERY_WISH_BEGIN, &op, &why), &why, "outdated");
    world_done(&w);
}

/* The guardian's side, with the wallet's own passkey. */
static enum err sign(struct world *w, struct span request, struct buf *text, struct coded *why)
{
    struct help h;
    struct hash32 hash;
    *why = (struct coded){0};
    TRY(wallet_help_hash(w->wallet, w->t, mine(w)->id, request, &h, &hash, why));
    struct passkey_answer a = world_answer(w, SPAN_OF(hash.bytes), NULL);
    const struct help_sign_args args = {.account = mine(w)->id, .text = request, .answer = &a};
    buf_clear(text);
    return wallet_help_sign(w->wallet, w->t, &args, text, why);
}

TEST(a_guardian_signs_what_holds_now_and_nothing_else)
{
    static struct world w;
    static struct help_request r;
    struct coded why = {0};
    const struct account *signers[4];
    const struct network *n = NULL;
    static struct help h;
    AUTO(buf_done) struct buf request;
    AUTO(buf_done) struct buf text;
    buf_init(&request, test_budget(), HELP_TEXT_LEN_MAX);
    buf_init(&text, test_budget(), HELP_TEXT_LEN_MAX);
    TEST_REQUIRE(start(&w));
    look(&w);
    TEST_REQUIRE(EXPECT_OK(ask(&w, &why)));
    r = help(&w)->request;
    print_request(&request, &r);
    TEST_REQUIRE(EXPECT_OK(wallet_help_open(w.wallet, &h, &n, buf_span(&request), &why)));
    EXPECT_STR("", wallet_help_state(w.wallet, w.t, &h.request, n->id));
    /* The wallet's account, and the one that is asked for, which has the same passkey now. */
    EXPECT_EQ(2, wallet_help_signers(w.wallet, &h.request, n->id, signers, 4));
    TEST_REQUIRE(EXPECT_OK(sign(&w, buf_span(&request), &text, &why)));
    EXPECT_OK(gather(&w, &text, &why));

    r.chain_id = 10;
    print_request(&request, &r);
    EXPECT_ERR(ERR_NOT_FOUND, sign(&w, buf_span(&request), &text, &why));
    EXPECT_STR("unknown_network", why.code);
    r = help(&w)->request;
    r.round--;
    print_request(&request, &r);
    expect_state(sign(&w, buf_span(&request), &text, &why), &why, "outdated");
    r = help(&w)->request;
    r.change.previous[0]++;
    print_request(&request, &r);
    expect_state(sign(&w, buf_span(&request), &text, &why), &why, "outdated");
    r = help(&w)->request;
    r.account.bytes[0]++;
    print_request(&request, &r);
    EXPECT_ERR(ERR_STATE, sign(&w, buf_span(&request), &text, &why));
    EXPECT_STR("recovery_unread", why.code);
    EXPECT_ERR(ERR_MALFORMED, sign(&w, SPAN_LIT("passmesh-help:AAAA"), &text, &why));
    EXPECT_STR("help_bad", why.code);

    lost.guardians.count = 2;
    look(&w);
    r = help(&w)->request;
    print_request(&request, &r);
    EXPECT_ERR(ERR_AUTH, sign(&w, buf_span(&request), &text, &why));
    EXPECT_STR("help_stranger", why.code);
    world_done(&w);
}

static bool take(struct world *w, enum recovery_wish what, enum recovery_call want)
{
    struct coded why = {0};
    struct id op = {0};
    enum recovery_call call;
    static struct owner_change change;
    struct span signature;
    if (!EXPECT_OK(prepare(w, what, &op, &why)) || !EXPECT_OK(world_approve(w, op, &why))) {
        test_note("%s", why.code);
        return false;
    }
    world_turn(w, 10);
    struct smart_call c = world_call(w, op);
    EXPECT_SPAN(SPAN_OF(lost.address.bytes), SPAN_OF(c.to.bytes));
    if (!EXPECT_OK(account_recovery_read(&call, &change, &signature, c.data)) ||
        !EXPECT_EQ(want, call)) {
        return false;
    }
    struct hash32 id;
    owner_change_id(&id, lost.address, &change);
    if (what == RECOVERY_WISH_BEGIN) {
        struct smart_signature all[RECOVERY_ANSWER_COUNT_MAX];
        size_t count = 0;
        EXPECT_OK(smart_account_signatures(all, &count, RECOVERY_ANSWER_COUNT_MAX, signature));
        EXPECT_EQ(2, count);
        lost.recovery.pending = id;
        lost.recovery.ready_at = w->t.unix_ms / 1000 + DAYS_2;
        lost.recovery.round++;
    } else {
        EXPECT_SPAN(SPAN_OF(lost.recovery.pending.bytes), SPAN_OF(id.bytes));
        lost.recovery.pending = (struct hash32){{0}};
        lost.owner = change.added[0];
        span_copy(MSPAN_OF(lost.head), SPAN_OF(id.bytes));
        lost.sequence++;
    }
    world_include(w, op);
    return true;
}

TEST(from_the_request_to_an_account_that_signs_again)
{
    static struct world w;
    struct coded why = {0};
    struct id op;
    AUTO(buf_done) struct buf request;
    AUTO(buf_done) struct buf text;
    buf_init(&request, test_budget(), HELP_TEXT_LEN_MAX);
    buf_init(&text, test_budget(), HELP_TEXT_LEN_MAX);
    TEST_REQUIRE(start(&w));
    look(&w);
    TEST_REQUIRE(EXPECT_OK(ask(&w, &why)));
    print_request(&request, &help(&w)->request);
    print_answer(&text, 1, &help(&w)->request, NULL);
    TEST_REQUIRE(EXPECT_OK(gather(&w, &text, &why)));
    TEST_REQUIRE(EXPECT_OK(sign(&w, buf_span(&request), &text, &why)));
    TEST_REQUIRE(EXPECT_OK(gather(&w, &text, &why)));
    /* Guardians take days to answer: what they have sent outlives the program. */
    TEST_REQUIRE(world_restart(&w));
    TEST_REQUIRE(EXPECT(help(&w) != NULL));
    EXPECT_EQ(2, help(&w)->answer_count);
    world_turn(&w, 2000);
    EXPECT_ERR(ERR_STATE, prepare(&w, RECOVERY_WISH_BEGIN, &op, &why));
    EXPECT_STR("recovery_unread", why.code);
    look(&w);
    TEST_REQUIRE(take(&w, RECOVERY_WISH_BEGIN, RECOVERY_CALL_BEGIN));
    look(&w);
    expect_state(prepare(&w, RECOVERY_WISH_BEGIN, &op, &why), &why, "under_way");
    EXPECT_ERR(ERR_STATE, prepare(&w, RECOVERY_WISH_APPLY, &op, &why));
    EXPECT_STR("recovery_waits", why.code);
    world_turn(&w, UINT64_C(1000) * DAYS_2);
    TEST_REQUIRE(EXPECT_OK(world_unlock(&w, &why))); /* nobody was there for so long */
    look(&w);
    TEST_REQUIRE(take(&w, RECOVERY_WISH_APPLY, RECOVERY_CALL_APPLY));
    look(&w);
    EXPECT(help(&w) == NULL); /* it has come true */
    world_done(&w);
}

/* An owner's brake needs the account to be this wallet's. */
TEST(an_owner_puts_off_and_freezes)
{
    static struct world w;
    struct coded why = {0};
    struct id op;
    struct hash32 hash;
    TEST_REQUIRE(start(&w));
    lost.address = mine(&w)->address;
    lost.owner = lost.guardians.list[2]; /* the same passkey */
    world_deploy(&w);
    look(&w);
    struct brake_args args = {.account = mine(&w)->id, .network = net(&w), .act = RECOVERY_PUT_OFF};
    expect_state(wallet_brake_hash(w.wallet, w.t, &args, &hash, &why), &why, "not_under_way");
    lost.recovery.pending.bytes[0] = 7;
    lost.recovery.vetoes = RECOVERY_VETOES_MAX;
    look(&w);
    why = (struct coded){0};
    expect_state(wallet_brake_hash(w.wallet, w.t, &args, &hash, &why), &why, "vetoes_spent");
    lost.recovery.vetoes = 1;
    look(&w);

    expect_state(prepare(&w, RECOVERY_WISH_FREEZE, &op, &why), &why, "unsigned");
    args.act = RECOVERY_FREEZE;
    why = (struct coded){0};
    TEST_REQUIRE(EXPECT_OK(wallet_brake_hash(w.wallet, w.t, &args, &hash, &why)));
    const struct recovery_signable s = {.act = RECOVERY_PUT_OFF,
                                        .what = lost.recovery.pending,
                                        .round = lost.recovery.round,
                                        .vetoes = 1};
    struct hash32 other;
    account_recovery_hash(&other, lost.address, 31337, &s);
    struct passkey_answer bad = world_answer(&w, SPAN_OF(other.bytes), NULL);
    args.answer = &bad;
    EXPECT_ERR(ERR_AUTH, wallet_brake_sign(w.wallet, w.t, &args, &why));
    struct passkey_answer good = world_answer(&w, SPAN_OF(hash.bytes), NULL);
    args.answer = &good;
    EXPECT_OK(wallet_brake_sign(w.wallet, w.t, &args, &why));
    TEST_REQUIRE(EXPECT_OK(prepare(&w, RECOVERY_WISH_FREEZE, &op, &why)));
    struct smart_call c = world_call(&w, op);
    enum recovery_call call;
    static struct owner_change change;
    struct span signature;
    EXPECT_OK(account_recovery_read(&call, &change, &signature, c.data));
    EXPECT_EQ(RECOVERY_CALL_FREEZE, call);
    EXPECT_OK(guardian_verify(&lost.guardians.list[2], &hash, signature));

    /* What was signed to freeze puts nothing off; the account's own operation does. */
    TEST_REQUIRE(EXPECT_OK(prepare(&w, RECOVERY_WISH_PUT_OFF, &op, &why)));
    c = world_call(&w, op);
    EXPECT_OK(account_recovery_read(&call, &change, &signature, c.data));
    EXPECT_EQ(RECOVERY_CALL_PUT_OFF, call);
    EXPECT_EQ(0, signature.n);
    world_done(&w);
}

/* One signature suffices afterwards: a server's key among many owners must not be the one that is left. */
TEST(of_many_owners_an_ordinary_key_is_removed_first)
{
    static struct world w;
    struct coded why = {0};
    uint8_t key[64] = {0};
    TEST_REQUIRE(start(&w));
    for (size_t i = 0; i < OWNER_CHANGE_EACH_MAX; i++) {
        key[0] = (uint8_t)(20 + i);
        lost.owners[i] = smart_owner_passkey(w.networks[0].verifier, key, SPAN_LIT(WORLD_ORIGIN));
    }
    lost.owners[OWNER_CHANGE_EACH_MAX] = key_guardian(0);
    lost.owner_count = OWNER_CHANGE_EACH_MAX + 1;
    look(&w);
    TEST_REQUIRE(EXPECT_OK(ask(&w, &why)));
    const struct recovery_help *h = help(&w);
    TEST_REQUIRE(EXPECT(h != NULL));
    EXPECT_EQ(OWNER_CHANGE_EACH_MAX, h->request.change.removed_count);
    const struct smart_owner first = key_guardian(0);
    EXPECT_SPAN(span_of(first.bytes, first.len),
                span_of(h->request.change.removed[0].bytes, h->request.change.removed[0].len));
    world_done(&w);
}

/* The wallet's own account, whose owner is another passkey than the guardians: two ordinary keys, one of them with a name. */
static bool start_own(struct world *w)
{
    struct coded why = {0};
    if (!start(w)) {
        return false;
    }
    struct smart_owner own = lost.guardians.list[2];
    lost.address = mine(w)->address;
    lost.owner = own;
    lost.guardians.count = 2;
    world_deploy(w);
    look(w);
    return EXPECT_OK(wallet_guardian_name_set(w->wallet, mine(w)->id, &lost.guardians.list[0],
                                              SPAN_LIT("Anna"), &why));
}

static enum err ask_guardians(struct world *w, enum recovery_act act, struct coded *why)
{
    const struct guardians_ask_args args = {.account = mine(w)->id, .network = net(w), .act = act};
    *why = (struct coded){0};
    return wallet_guardians_ask(w->wallet, w->t, &args, why);
}

static enum err answer_by(struct world *w, size_t key, struct coded *why)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, test_budget(), HELP_TEXT_LEN_MAX);
    print_answer(&text, key, &wallet_guardians_asked(w->wallet, mine(w)->id)->request, NULL);
    *why = (struct coded){0};
    return wallet_recovery_gather(w->wallet, w->t, mine(w)->id, buf_span(&text), why);
}

TEST(guardians_are_a_way_in_that_practice_proves)
{
    static struct world w;
    struct coded why = {0};
    const uint64_t day_ms = UINT64_C(86400) * 1000;
    TEST_REQUIRE(start_own(&w));
    struct safety s = wallet_account_safety(w.wallet, mine(&w), w.t.unix_ms);
    EXPECT_EQ(2, s.ways_in); /* the passkey, and two keys together */
    EXPECT(s.by_guardians);
    EXPECT(s.has_spare);
    size_t tested = s.tested;
    EXPECT(!s.safe);

    TEST_REQUIRE(EXPECT_OK(ask_guardians(&w, RECOVERY_PRACTICE, &why)));
    EXPECT(wallet_recovery_help(w.wallet, mine(&w)->id) == NULL); /* it is no request for help */
    TEST_REQUIRE(EXPECT_OK(answer_by(&w, 0, &why)));
    EXPECT_EQ(0, wallet_guardian_way(mine(&w), net(&w))->proven_ms);
    EXPECT_ERR(ERR_STATE, answer_by(&w, 0, &why));
    EXPECT_STR("help_again", why.code);
    TEST_REQUIRE(EXPECT_OK(answer_by(&w, 1, &why)));
    const struct guardian_way *way = wallet_guardian_way(mine(&w), net(&w));
    EXPECT_EQ(w.t.unix_ms, way->proven_ms);
    EXPECT_EQ(2, way->proven_by);
    s = wallet_account_safety(w.wallet, mine(&w), w.t.unix_ms);
    EXPECT_EQ(tested + 1, s.tested);

    /* It outlives the program, names too. Half a year later what was read is too old to count. */
    TEST_REQUIRE(world_restart(&w));
    EXPECT_EQ(2, wallet_guardian_way(mine(&w), net(&w))->proven_by);
    EXPECT_SPAN(SPAN_LIT("Anna"), wallet_guardian_name(mine(&w), &lost.guardians.list[0]));
    EXPECT_EQ(0, wallet_guardian_name(mine(&w), &lost.guardians.list[1]).n);
    s = wallet_account_safety(w.wallet, mine(&w), w.t.unix_ms + 181 * day_ms);
    EXPECT(!s.by_guardians);
    EXPECT_EQ(1, s.ways_in);
    world_done(&w);
}

TEST(other_guardians_are_another_way)
{
    static struct world w;
    struct coded why = {0};
    TEST_REQUIRE(start_own(&w));
    TEST_REQUIRE(EXPECT_OK(ask_guardians(&w, RECOVERY_PRACTICE, &why)));
    EXPECT_OK(answer_by(&w, 0, &why));
    EXPECT_OK(answer_by(&w, 1, &why));
    EXPECT(wallet_guardian_way(mine(&w), net(&w))->proven_ms > 0);
    lost.guardians.threshold = 1; /* nobody has proven that */
    look(&w);
    EXPECT_EQ(0, wallet_guardian_way(mine(&w), net(&w))->proven_ms);
    EXPECT(wallet_account_safety(w.wallet, mine(&w), w.t.unix_ms).by_guardians);
    lost.guardians.list[0] = lost.owner; /* the passkey itself is needed: no second way */
    lost.guardians.threshold = 2;
    look(&w);
    EXPECT(!wallet_account_safety(w.wallet, mine(&w), w.t.unix_ms).by_guardians);
    lost.guardians.count = 0;
    lost.guardians.threshold = 0;
    look(&w);
    EXPECT(wallet_guardian_way(mine(&w), net(&w)) == NULL);
    EXPECT_EQ(1, wallet_account_safety(w.wallet, mine(&w), w.t.unix_ms).ways_in);
    world_done(&w);
}

TEST(a_practice_answer_is_worth_nothing_else)
{
    static struct world w;
    static struct help_request r;
    struct coded why = {0};
    struct id op;
    AUTO(buf_done) struct buf text;
    buf_init(&text, test_budget(), HELP_TEXT_LEN_MAX);
    TEST_REQUIRE(start_own(&w));
    TEST_REQUIRE(EXPECT_OK(ask_guardians(&w, RECOVERY_PRACTICE, &why)));
    r = wallet_guardians_asked(w.wallet, mine(&w)->id)->request;
    EXPECT_OK(answer_by(&w, 0, &why));
    EXPECT_OK(answer_by(&w, 1, &why));
    expect_state(prepare(&w, RECOVERY_WISH_BEGIN, &op, &why), &why, "not_asked");
    expect_state(prepare(&w, RECOVERY_WISH_HOLD, &op, &why), &why, "not_asked");
    /* Another practice has another number: the old answers are not to it. */
    TEST_REQUIRE(EXPECT_OK(ask_guardians(&w, RECOVERY_PRACTICE, &why)));
    EXPECT_EQ(0, wallet_guardians_asked(w.wallet, mine(&w)->id)->answer_count);
    print_answer(&text, 0, &r, NULL);
    expect_gathered(&w, &text, "help_other");
    /* And what is signed for practice does not hold the account. */
    TEST_REQUIRE(EXPECT_OK(ask_guardians(&w, RECOVERY_HOLD, &why)));
    expect_gathered(&w, &text, "help_other");
    EXPECT_OK(wallet_guardians_forget(w.wallet, mine(&w)->id, &why));
    EXPECT(wallet_guardians_asked(w.wallet, mine(&w)->id) == NULL);
    world_done(&w);
}

/* What the operation carries; both guardians' signatures are in it. */
static bool carries(struct world *w, enum recovery_wish what, enum recovery_call want)
{
    struct coded why = {0};
    struct id op = {0};
    enum recovery_call call;
    static struct owner_change change;
    struct span signature;
    struct smart_signature all[RECOVERY_ANSWER_COUNT_MAX];
    size_t count = 0;
    if (!EXPECT_OK(prepare(w, what, &op, &why))) {
        test_note("%s", why.code);
        return false;
    }
    struct smart_call c = world_call(w, op);
    return EXPECT_OK(account_recovery_read(&call, &change, &signature, c.data)) &&
           EXPECT_EQ(want, call) &&
           EXPECT_OK(smart_account_signatures(all, &count, RECOVERY_ANSWER_COUNT_MAX, signature)) &&
           EXPECT_EQ(2, count);
}

TEST(guardians_take_their_recovery_back_and_hold_the_account)
{
    static struct world w;
    struct coded why = {0};
    struct id op;
    TEST_REQUIRE(start_own(&w));
    expect_state(ask_guardians(&w, RECOVERY_CANCEL, &why), &why, "not_under_way");
    TEST_REQUIRE(EXPECT_OK(ask_guardians(&w, RECOVERY_HOLD, &why)));
    expect_state(prepare(&w, RECOVERY_WISH_HOLD, &op, &why), &why, "too_few");
    EXPECT_OK(answer_by(&w, 0, &why));
    EXPECT_OK(answer_by(&w, 1, &why));
    EXPECT(carries(&w, RECOVERY_WISH_HOLD, RECOVERY_CALL_FREEZE));
    lost.recovery.round++;
    lost.recovery.held_until = w.t.unix_ms / 1000 + DAYS_2;
    look(&w);
    EXPECT(wallet_guardians_asked(w.wallet, mine(&w)->id) == NULL); /* it has happened */
    expect_state(ask_guardians(&w, RECOVERY_HOLD, &why), &why, "held");

    lost.recovery.pending.bytes[0] = 7;
    lost.recovery.ready_at = w.t.unix_ms / 1000 + DAYS_2;
    look(&w);
    expect_state(ask_guardians(&w, RECOVERY_PRACTICE, &why), &why, "under_way");
    TEST_REQUIRE(EXPECT_OK(ask_guardians(&w, RECOVERY_CANCEL, &why)));
    EXPECT_OK(answer_by(&w, 0, &why));
    TEST_REQUIRE(world_restart(&w)); /* guardians answer on different days */
    world_turn(&w, 2000);
    look(&w);
    EXPECT_OK(answer_by(&w, 1, &why));
    EXPECT(carries(&w, RECOVERY_WISH_CANCEL, RECOVERY_CALL_CANCEL));
    lost.recovery.round++; /* somebody acted meanwhile */
    look(&w);
    expect_state(prepare(&w, RECOVERY_WISH_CANCEL, &op, &why), &why, "outdated");
    lost.recovery.pending.bytes[0] = 0;
    look(&w);
    EXPECT(wallet_guardians_asked(w.wallet, mine(&w)->id) == NULL);
    world_done(&w);
}

TEST(names_of_guardians_have_their_bounds)
{
    static struct world w;
    struct coded why = {0};
    struct smart_owner g = {.len = 0};
    TEST_REQUIRE(start_own(&w));
    const struct id account = mine(&w)->id;
    EXPECT_ERR(ERR_MALFORMED, wallet_guardian_name_set(w.wallet, account, &lost.guardians.list[0],
                                                       SPAN_LIT(" Anna"), &why));
    EXPECT_STR("name_bad", why.code);
    EXPECT_SPAN(SPAN_LIT("Anna"), wallet_guardian_name(mine(&w), &lost.guardians.list[0]));
    for (size_t i = 0; i < GUARDIAN_NAME_COUNT_MAX; i++) {
        const struct address a = {{(uint8_t)(i + 1)}};
        g = guardian_of_address(a);
        EXPECT_OK(wallet_guardian_name_set(w.wallet, account, &g, SPAN_LIT("One more"), &why));
    }
    EXPECT_EQ(GUARDIAN_NAME_COUNT_MAX, mine(&w)->guardian_name_count);
    EXPECT_EQ(0, wallet_guardian_name(mine(&w), &lost.guardians.list[0]).n); /* named first */
    EXPECT_OK(wallet_guardian_name_set(w.wallet, account, &g, SPAN_EMPTY, &why));
    EXPECT_EQ(0, wallet_guardian_name(mine(&w), &g).n);
    TEST_REQUIRE(world_restart(&w));
    EXPECT_EQ(GUARDIAN_NAME_COUNT_MAX - 1, mine(&w)->guardian_name_count);
    world_done(&w);
}

TEST_MAIN
