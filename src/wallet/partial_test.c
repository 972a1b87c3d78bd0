#include "wallet/partial.h"

#include "wallet/recovery.h"
#include "wallet/world_test.h"

#include <string.h>

/* Two wallets that share nothing but the chain: `first` has the account, `other` a passkey that owns it too. */
static struct world first;
static struct world other;

static const struct account *mine(const struct world *w)
{
    return wallet_account_at(w->wallet, 0);
}

static struct smart_owner key_of(const struct world *w)
{
    return smart_owner_passkey(w->networks[0].verifier, w->key.xy, SPAN_LIT(WORLD_ORIGIN));
}

/* Both worlds draw the same numbers: the other one's passkey is another. */
static void give_other_key(struct world *w)
{
    memset(w->secret.bytes, 3, sizeof w->secret.bytes);
    memset(w->credential, 4, sizeof w->credential);
    EXPECT_OK(p256_public_of(&w->key, &w->secret));
}

static void look(struct world *w)
{
    struct coded why = {0};
    struct id unused;
    uint64_t task = 0;
    const struct recovery_look_args args = {.address = mine(&first)->address,
                                            .network = w->networks[0].id};
    TEST_REQUIRE(EXPECT_OK(wallet_recovery_look(w->wallet, w->t, &args, &task, &why)));
    EXPECT_OK(world_wait(w, task, &unused, &why));
}

static bool start(void)
{
    struct coded why = {0};
    if (!world_init(&first) || !EXPECT(world_enroll(&first, "Main", NULL, &why) != NULL) ||
        !world_init(&other)) {
        return false;
    }
    give_other_key(&other);
    if (!EXPECT(world_enroll(&other, "Theirs", NULL, &why) != NULL)) {
        return false;
    }
    world_deploy(&first);
    world_deploy(&other);
    struct world_owners *o = &first.chain.owners;
    o->list[o->count++] = key_of(&other);
    o->threshold = 2;
    o->sequence++;
    o->head[0]++;
    other.chain.owners = *o;
    world_turn(&first, 16000);
    world_turn(&first, 2000);
    return EXPECT_EQ(2, wallet_threshold(first.wallet, mine(&first), first.networks[0].id));
}

static void stop(void)
{
    world_done(&first);
    world_done(&other);
}

static uint64_t revision(struct id id)
{
    AUTO(operation_auto) struct operation *op = NULL;
    return EXPECT_OK(operation_new(&op, test_budget())) &&
                   EXPECT_OK(wallet_operation(first.wallet, id, op))
               ? op->revision
               : 0;
}

static enum err give(struct id id, struct buf *text, struct coded *why)
{
    const struct approve_args args = {.operation = id, .revision = revision(id)};
    buf_clear(text);
    *why = (struct coded){0};
    return wallet_partial_give(first.wallet, first.t, &args, text, why);
}

static enum err gather(struct id id, const struct buf *text, struct coded *why)
{
    const struct approve_args args = {.operation = id, .revision = revision(id)};
    *why = (struct coded){0};
    return wallet_partial_gather(first.wallet, first.t, &args, buf_span(text), why);
}

static enum err sign(struct world *w, const struct buf *text, struct buf *answer, struct coded *why)
{
    struct hash32 hash;
    struct partial_sign_args args = {.account = mine(w)->id, .text = buf_span(text)};
    *why = (struct coded){0};
    buf_clear(answer);
    TRY(wallet_partial_hash(w->wallet, w->t, &args, &hash, why));
    struct passkey_answer a = world_answer(w, SPAN_OF(hash.bytes), NULL);
    args.answer = &a;
    return wallet_partial_sign(w->wallet, w->t, &args, answer, why);
}

static void expect_refused(enum err err, const struct coded *why, const char *code)
{
    EXPECT(err != OK);
    EXPECT_STR(code, why->code);
}

static void expect_state(enum err err, const struct coded *why, const char *state)
{
    expect_refused(err, why, "partial_state");
    EXPECT_STR(state, why->param_count > 0 ? why->params[0].value : "");
}

/* A payment that the first wallet has signed and given out. */
static bool given(struct id *ret, struct buf *text)
{
    struct coded why = {0};
    return start() && EXPECT_OK(world_prepare(&first, 5, ret, &why)) &&
           EXPECT_OK(world_approve(&first, *ret, &why)) &&
           EXPECT_EQ(OPERATION_PREPARED, world_state(&first, *ret)) &&
           EXPECT_OK(give(*ret, text, &why));
}

#define TEXTS()                                                                                    \
    AUTO(buf_done) struct buf text;                                                                \
    AUTO(buf_done) struct buf answer;                                                              \
    struct coded why = {0};                                                                        \
    struct id id = {0};                                                                            \
    buf_init(&text, test_budget(), PARTIAL_TEXT_LEN_MAX);                                          \
    buf_init(&answer, test_budget(), HELP_TEXT_LEN_MAX)

TEST(the_other_owner_signs_in_his_own_wallet)
{
    TEXTS();
    if (given(&id, &text)) {
        expect_state(sign(&other, &text, &answer, &why), &why, "unread");
        look(&other);
        const struct account *signers[2];
        AUTO(buf_done) struct buf room;
        struct partial p;
        const struct network *n = NULL;
        buf_init(&room, test_budget(), PARTIAL_BYTES_MAX);
        EXPECT_OK(wallet_partial_open(other.wallet, &p, &room, &n, buf_span(&text), &why));
        EXPECT_EQ(1, wallet_partial_signers(other.wallet, &p, n->id, signers, 2));
        EXPECT(signers[0] == mine(&other));
        EXPECT_OK(sign(&other, &text, &answer, &why));
        EXPECT_OK(gather(id, &answer, &why));
        world_turn(&first, 10);
        EXPECT(world_state(&first, id) != OPERATION_PREPARED);
        EXPECT_EQ(1, first.submits);
        expect_refused(gather(id, &answer, &why), &why, "operation_state");
        world_include(&first, id);
    }
    stop();
}

TEST(it_waits_for_a_day_and_through_a_restart)
{
    TEXTS();
    if (given(&id, &text)) {
        first.t.unix_ms += 20ULL * 3600 * 1000;
        TEST_REQUIRE(world_restart(&first));
        world_turn(&first, 10);
        world_turn(&first, 2000);
        EXPECT_EQ(OPERATION_PREPARED, world_state(&first, id));
        look(&other);
        EXPECT_OK(sign(&other, &text, &answer, &why));
        EXPECT_OK(gather(id, &answer, &why));
    }
    stop();
}

TEST(after_its_time_nobody_signs_it_any_more)
{
    TEXTS();
    if (given(&id, &text)) {
        other.t.unix_ms = first.t.unix_ms + PARTIAL_WAIT_MS + 1;
        look(&other);
        EXPECT_OK(world_unlock(&other, &why));
        expect_state(sign(&other, &text, &answer, &why), &why, "expired");
        first.t.unix_ms += PARTIAL_WAIT_MS + 1;
        world_turn(&first, 10);
        EXPECT_EQ(OPERATION_EXPIRED, world_state(&first, id));
    }
    stop();
}

TEST(only_what_is_signed_here_and_lacks_others_is_given_out)
{
    TEXTS();
    if (start()) {
        TEST_REQUIRE(EXPECT_OK(world_prepare(&first, 5, &id, &why)));
        expect_state(give(id, &text, &why), &why, "unsigned");
        struct id unknown = {.text = "none"};
        const struct approve_args args = {.operation = unknown, .revision = 1};
        expect_refused(wallet_partial_give(first.wallet, first.t, &args, &text, &why), &why,
                       "unknown_operation");
        EXPECT_OK(world_approve(&first, id, &why));
        struct approve_args old = {.operation = id, .revision = 1};
        expect_refused(wallet_partial_give(first.wallet, first.t, &old, &text, &why), &why,
                       "operation_changed");
        first.store.fails_from = first.store.writes + 1;
        expect_refused(give(id, &text, &why), &why, "storage_failed");
        EXPECT_EQ(0, text.n);
        first.store.fails_from = 0;
        EXPECT_OK(give(id, &text, &why));
        uint64_t was = revision(id);
        EXPECT_OK(give(id, &text, &why)); /* the same text again */
        EXPECT_EQ(was, revision(id));
    }
    stop();
}

TEST(who_owns_nothing_there_cannot_sign)
{
    TEXTS();
    if (given(&id, &text)) {
        other.chain.owners.list[1] = key_of(&first);
        other.chain.owners.list[1].bytes[30]++;
        look(&other);
        expect_refused(sign(&other, &text, &answer, &why), &why, "partial_stranger");
        other.chain.owners.count = 0; /* nothing there has owners */
        look(&other);
        expect_state(sign(&other, &text, &answer, &why), &why, "no_account");
    }
    stop();
}

TEST(a_signature_by_no_owner_is_not_gathered)
{
    TEXTS();
    if (given(&id, &text)) {
        look(&other);
        EXPECT_OK(sign(&other, &text, &answer, &why));
        first.chain.owners.list[1].bytes[30]++; /* the chain has another one meanwhile */
        first.chain.owners.head[0]++;
        world_turn(&first, 16000);
        world_turn(&first, 2000);
        expect_refused(gather(id, &answer, &why), &why, "partial_stranger");
        EXPECT_EQ(OPERATION_PREPARED, world_state(&first, id));
    }
    stop();
}

TEST(an_answer_that_is_broken_or_to_something_else_is_refused)
{
    TEXTS();
    static struct help h;
    if (given(&id, &text)) {
        look(&other);
        EXPECT_OK(sign(&other, &text, &answer, &why));
        TEST_REQUIRE(EXPECT_OK(help_parse(&h, buf_span(&answer))));
        expect_refused(gather(id, &text, &why), &why, "help_bad");
        buf_clear(&answer);
        h.answer.signature[h.answer.signature_len - 40] ^= 1;
        EXPECT_OK(help_print(&answer, &h));
        expect_refused(gather(id, &answer, &why), &why, "help_signature");
        h.answer.hash.bytes[0] ^= 1;
        buf_clear(&answer);
        EXPECT_OK(help_print(&answer, &h));
        expect_refused(gather(id, &answer, &why), &why, "help_other");
        EXPECT_EQ(OPERATION_PREPARED, world_state(&first, id));
    }
    stop();
}

TEST(no_owner_signs_twice)
{
    TEXTS();
    if (given(&id, &text)) {
        look(&first);
        EXPECT_OK(sign(&first, &text, &answer, &why)); /* the passkey that has signed */
        expect_refused(gather(id, &answer, &why), &why, "already_signed");
        EXPECT_STR("Laptop", why.params[0].value);
        EXPECT_EQ(OPERATION_PREPARED, world_state(&first, id));
    }
    stop();
}

TEST(another_chain_is_not_opened)
{
    TEXTS();
    if (given(&id, &text)) {
        AUTO(buf_done) struct buf room;
        struct partial p;
        const struct network *n = NULL;
        buf_init(&room, test_budget(), PARTIAL_BYTES_MAX);
        TEST_REQUIRE(
            EXPECT_OK(wallet_partial_open(other.wallet, &p, &room, &n, buf_span(&text), &why)));
        p.chain_id = 424242;
        buf_clear(&text);
        EXPECT_OK(partial_print(&text, &p));
        look(&other);
        expect_refused(sign(&other, &text, &answer, &why), &why, "unknown_network");
        text.p[text.n / 2] ^= 1;
        expect_refused(sign(&other, &text, &answer, &why), &why, "partial_bad");
    }
    stop();
}

TEST(what_can_give_the_account_away_is_confirmed_first)
{
    TEXTS();
    if (given(&id, &text)) {
        AUTO(buf_done) struct buf room;
        struct partial p;
        struct hash32 hash;
        const struct network *n = NULL;
        buf_init(&room, test_budget(), PARTIAL_BYTES_MAX);
        TEST_REQUIRE(
            EXPECT_OK(wallet_partial_open(other.wallet, &p, &room, &n, buf_span(&text), &why)));
        p.op.call_data = SPAN_LIT("something that nobody can read");
        buf_clear(&text);
        EXPECT_OK(partial_print(&text, &p));
        look(&other);
        struct partial_sign_args args = {.account = mine(&other)->id, .text = buf_span(&text)};
        expect_refused(wallet_partial_hash(other.wallet, other.t, &args, &hash, &why), &why,
                       "risk_unticked");
        args.confirmed = true;
        EXPECT_OK(wallet_partial_hash(other.wallet, other.t, &args, &hash, &why));
    }
    stop();
}

TEST(a_fee_that_no_block_takes_any_more_is_said)
{
    TEXTS();
    if (given(&id, &text)) {
        look(&other);
        EXPECT_OK(sign(&other, &text, &answer, &why));
        first.chain.base_fee *= 1000;
        world_turn(&first, 16000);
        world_turn(&first, 2000);
        expect_refused(gather(id, &answer, &why), &why, "partial_fee");
        EXPECT_EQ(OPERATION_PREPARED, world_state(&first, id));
        first.chain.base_fee /= 1000;
        first.chain.nonce++; /* something else took its place */
        world_turn(&first, 16000);
        world_turn(&first, 2000);
        expect_refused(gather(id, &answer, &why), &why, "operation_changed");
    }
    stop();
}

TEST_MAIN
