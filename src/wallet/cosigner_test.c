/* A co-signer's decisions: its terms, its limits, and everything that it must not sign. The requests come from a software passkey
 * (cosigner_rig_test.h); keyd's own test has the same over its wire. */
#include "wallet/cosigner.h"

#include "base/test.h"
#include "wallet/cosigner_rig_test.h"

#include <string.h>

static struct cosigner_rig rig;
static struct cosigner signer;
static const struct address friend_ = {
    {0x22, 0x22}
};

static void start(void)
{
    struct cosigner_create create;
    cosigner_rig_init(&rig, 3);
    EXPECT_OK(cosigner_create_decode(&create, cosigner_rig_create(&rig, rig.now.s + 60)));
    EXPECT_OK(cosigner_init(&signer, &create, rig.now));
}

static enum err ask(const struct cosigner_rig_ask *what)
{
    struct cosigner_ask decoded;
    struct hash32 hash;
    struct cosigner before = signer;
    TRY(cosigner_ask_decode(&decoded, cosigner_rig_sign(&rig, what)));
    enum err e = cosigner_allow(&signer, &hash, &decoded, rig.now);
    EXPECT(e == OK || memcmp(&before, &signer, sizeof before) == 0);
    return e;
}

static enum err pay(uint64_t nonce, struct address to, uint64_t wei)
{
    const struct smart_call call = {.to = to, .value = u256_from_u64(wei)};
    return ask(&(struct cosigner_rig_ask){.nonce = nonce, .calls = &call, .calls_count = 1});
}

static enum err pay_token(uint64_t nonce, struct address token, struct address to, uint64_t amount)
{
    uint8_t room[68];
    const struct smart_call call = {.to = token, .data = cosigner_rig_transfer(room, to, amount)};
    return ask(&(struct cosigner_rig_ask){.nonce = nonce, .calls = &call, .calls_count = 1});
}

TEST(limits_of_a_period_of_one_payee_and_of_a_token)
{
    start();
    EXPECT_OK(pay(1, cosigner_rig_address(0x11), 600000));
    EXPECT_ERR(ERR_LIMIT, pay(2, cosigner_rig_address(0x11), 1));
    EXPECT_OK(pay(3, friend_, 400000)); /* both together: 1,000,000 */
    EXPECT_ERR(ERR_LIMIT, pay(4, friend_, 1));
    EXPECT_OK(pay(5, friend_, 0));
    EXPECT_OK(pay_token(6, cosigner_rig_address(0x70), friend_, 500));
    EXPECT_ERR(ERR_LIMIT, pay_token(7, cosigner_rig_address(0x70), friend_, 1));
    EXPECT_ERR(ERR_DENIED, pay_token(8, cosigner_rig_address(0x71), friend_, 1));
    rig.now.s += COSIGNER_PERIOD_S - 1;
    EXPECT_ERR(ERR_LIMIT, pay(9, friend_, 1));
    rig.now.s += 1;
    EXPECT_OK(pay(10, friend_, 1000000));
    EXPECT_ERR(ERR_LIMIT, pay(11, friend_, 1));
}

TEST(fees_count_as_ether)
{
    const struct smart_call call = {.to = friend_, .value = u256_from_u64(400000)};
    start();
    struct cosigner_rig_ask what = {.gas_price = 2, .calls = &call, .calls_count = 1};
    EXPECT_OK(ask(&what)); /* 600,000 and 400,000 */
    EXPECT_ERR(ERR_LIMIT, pay(1, friend_, 1));
    start();
    what.gas_price = 3;
    EXPECT_OK(pay(1, friend_, 100000));
    EXPECT_ERR(ERR_LIMIT, ask(&what));
    what.gas_price = UINT64_MAX;
    EXPECT_ERR(ERR_LIMIT, ask(&what));
}

TEST(several_calls_are_counted_together_or_not_at_all)
{
    const struct smart_call calls[] = {
        {.to = friend_,                    .value = u256_from_u64(500000)},
        {.to = cosigner_rig_address(0x11), .value = u256_from_u64(500000)},
        {.to = friend_,                    .value = u256_from_u64(1)     }
    };
    start();
    struct cosigner_rig_ask what = {.calls = calls, .calls_count = 3};
    EXPECT_ERR(ERR_LIMIT, ask(&what));
    what.calls_count = 2;
    EXPECT_OK(ask(&what));
}

TEST(a_clock_that_goes_back_frees_nothing)
{
    start();
    rig.now.s += 2 * COSIGNER_PERIOD_S;
    EXPECT_OK(pay(1, friend_, 1000000));
    rig.now.s -= COSIGNER_PERIOD_S; /* and then "a day later" */
    EXPECT_ERR(ERR_LIMIT, pay(2, friend_, 1));
    rig.now.s += COSIGNER_PERIOD_S;
    EXPECT_ERR(ERR_LIMIT, pay(3, friend_, 1));
    rig.now.s += COSIGNER_PERIOD_S;
    EXPECT_OK(pay(4, friend_, 1));
}

TEST(the_same_operation_again_is_not_counted_again)
{
    start();
    EXPECT_OK(pay(1, friend_, 1000000));
    EXPECT_OK(pay(1, friend_, 1000000));
    EXPECT_ERR(ERR_LIMIT, pay(2, friend_, 1));
    for (uint64_t i = 3; i < 3 + COSIGNER_RECENT; i++) {
        EXPECT_OK(pay(i, friend_, 0));
    }
    EXPECT_ERR(ERR_LIMIT, pay(1, friend_, 1000000)); /* forgotten by now */
}

static void with_paymaster(struct userop *op)
{
    op->paymaster_and_data = SPAN_LIT("01234567890123456789"
                                      "0123456789abcdef0123456789abcdef");
}

static void with_session_nonce(struct userop *op)
{
    op->nonce.w[3] = UINT64_C(1) << 32;
}

static void with_other_sender(struct userop *op)
{
    op->sender = cosigner_rig_address(0xad);
}

static void with_delegation(struct userop *op)
{
    op->init_code = SPAN_LIT("\x77\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
}

TEST(what_is_never_signed)
{
    uint8_t room[2][68];
    const struct address token = cosigner_rig_address(0x70);
    start();
    const struct span approve =
        test_hex("095ea7b3"
                 "0000000000000000000000002222222222222222222222222222222222222222"
                 "0000000000000000000000000000000000000000000000000000000000000001");
    const struct {
        const char *name;
        struct smart_call call;
    } calls[] = {
        {"the account by its address",            {.to = rig.terms.account}                                      },
        {"the account by zero",                   {.to = {{0}}}                                                  },
        {"a transfer of token zero",
         {.to = {{0}}, .data = cosigner_rig_transfer(room[0], friend_, 1)}                                       },
        {"a removal of owners",                   {.to = rig.terms.account, .data = SPAN_LIT("\x8d\xf9\xa7\xa1")}},
        {"an approval",                           {.to = token, .data = approve}                                 },
        {"a transfer with ether",
         {.to = token,
          .value = u256_from_u64(1),
          .data = cosigner_rig_transfer(room[0], friend_, 1)}                                                    },
        {"a transfer to nobody",
         {.to = token, .data = cosigner_rig_transfer(room[1], cosigner_rig_address(0), 1)}                       },
        {"a call of a contract with no transfer",
         {.to = friend_, .data = SPAN_LIT("\x12\x34\x56\x78")}                                                   },
        {"a byte of data with ether",
         {.to = friend_, .value = u256_from_u64(1), .data = SPAN_LIT("\0")}                                      },
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        test_note("%s", calls[i].name);
        EXPECT_ERR(ERR_DENIED,
                   ask(&(struct cosigner_rig_ask){.calls = &calls[i].call, .calls_count = 1}));
    }
    static const struct span data[] = {
        SPAN_INIT(""), SPAN_INIT("\xf0\xc2\xfd\xfc"), /* executeWithin */
        SPAN_INIT("\xf0\xdb\x19\x81"),                /* executeSession */
        SPAN_INIT("\xd9\xbb\x84\xb8"),                /* scheduleUpgrade */
    };
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
        test_note("function %zu", i);
        EXPECT_ERR(ERR_DENIED, ask(&(struct cosigner_rig_ask){.call_data = data[i]}));
    }
}

TEST(operations_of_other_kinds_are_refused)
{
    const struct smart_call call = {.to = friend_, .value = u256_from_u64(1)};
    struct cosigner_rig_ask what = {.calls = &call, .calls_count = 1};
    start();
    what.change = with_paymaster;
    EXPECT_ERR(ERR_DENIED, ask(&what));
    what.change = with_session_nonce;
    EXPECT_ERR(ERR_DENIED, ask(&what));
    what.change = with_other_sender;
    EXPECT_ERR(ERR_DENIED, ask(&what));
    what.change = NULL;
    what.chain_id = 137;
    EXPECT_ERR(ERR_DENIED, ask(&what));
    what.chain_id = 10;
    EXPECT_OK(ask(&what));
    struct userop delegated = cosigner_rig_op(&rig, &what);
    with_delegation(&delegated);
    what.other = &delegated;
    EXPECT_ERR(ERR_UNSUPPORTED, ask(&what));
}

/* Each part that the challenge commits to, changed after the passkey has signed. */
TEST(the_passkey_signs_for_all_of_it)
{
    const struct smart_call call = {.to = friend_, .value = u256_from_u64(1)};
    struct cosigner_ask decoded;
    struct hash32 hash;
    start();
    const struct cosigner_rig_ask what = {.calls = &call, .calls_count = 1};
    const struct span request = cosigner_rig_sign(&rig, &what);
    TEST_REQUIRE(cosigner_ask_decode(&decoded, request) == OK);
    struct cosigner_ask other = decoded;
    other.chain_id = 10;
    EXPECT_ERR(ERR_AUTH, cosigner_allow(&signer, &hash, &other, rig.now));
    other = decoded;
    other.expires.s += 1;
    EXPECT_ERR(ERR_AUTH, cosigner_allow(&signer, &hash, &other, rig.now));
    other = decoded;
    other.cosigner = cosigner_rig_address(9);
    EXPECT_ERR(ERR_AUTH, cosigner_allow(&signer, &hash, &other, rig.now));
    EXPECT_OK(cosigner_allow(&signer, &hash, &decoded, rig.now));
    const struct smart_call thief = {.to = cosigner_rig_address(0x66), .value = u256_from_u64(1)};
    struct cosigner_rig_ask stolen = {.calls = &thief, .calls_count = 1};
    static uint8_t thief_data[2048];
    struct userop op = cosigner_rig_op(&rig, &stolen);
    op.call_data = span_of(thief_data, span_copy(MSPAN_OF(thief_data), op.call_data));
    stolen = what;
    stolen.other = &op;
    EXPECT_ERR(ERR_AUTH, ask(&stolen));
    struct cosigner_terms wider = rig.terms;
    wider.limits[0].amount = U256_MAX;
    stolen = what;
    stolen.terms = &wider;
    EXPECT_ERR(ERR_AUTH, ask(&stolen));
}

TEST(an_assertion_of_another_kind_is_none)
{
    const struct smart_call call = {.to = friend_, .value = u256_from_u64(1)};
    struct cosigner_rig_ask what = {.calls = &call, .calls_count = 1};
    start();
    struct making how = making_get();
    what.how = &how;
    how.flags = AUTH_DATA_UP; /* present, but not verified */
    EXPECT_ERR(ERR_AUTH, ask(&what));
    how = making_get();
    how.rp_id = "example.org";
    EXPECT_ERR(ERR_AUTH, ask(&what));
    how = making_get();
    how.type = "webauthn.create";
    EXPECT_ERR(ERR_AUTH, ask(&what));
    how = making_get();
    how.flags = AUTH_DATA_UP | AUTH_DATA_UV | AUTH_DATA_BE; /* a synced passkey */
    EXPECT_OK(ask(&what));
    rig.key = software_passkey_make(4);
    what.how = NULL;
    what.nonce = 1;
    EXPECT_ERR(ERR_AUTH, ask(&what));
}

TEST(expiry)
{
    const struct smart_call call = {.to = friend_, .value = u256_from_u64(1)};
    struct cosigner_rig_ask what = {.calls = &call, .calls_count = 1};
    static const struct {
        int64_t ahead_s;
        enum err want;
    } cases[] = {
        {-1,                  ERR_TIMEOUT},
        {0,                   ERR_TIMEOUT},
        {1,                   OK         },
        {COSIGNER_LIFE_S,     OK         },
        {COSIGNER_LIFE_S + 1, ERR_TIMEOUT},
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("case %zu", i);
        what.expires_s = (uint64_t)((int64_t)rig.now.s + cases[i].ahead_s);
        EXPECT_ERR(cases[i].want, ask(&what));
    }
    what.expires_s = UINT64_MAX;
    EXPECT_ERR(ERR_TIMEOUT, ask(&what));
    rig.now.s = 0; /* nobody has told the time */
    EXPECT_ERR(ERR_TIMEOUT, pay(5, friend_, 1) == ERR_TIMEOUT ? ERR_TIMEOUT : ask(&what));
}

TEST(terms_that_nobody_signed_for_make_no_cosigner)
{
    struct cosigner_create create;
    struct cosigner made;
    start();
    const struct span request = cosigner_rig_create(&rig, rig.now.s + 60);
    TEST_REQUIRE(cosigner_create_decode(&create, request) == OK);
    create.terms.limits[0].amount = U256_MAX;
    EXPECT_ERR(ERR_AUTH, cosigner_init(&made, &create, rig.now));
    TEST_REQUIRE(cosigner_create_decode(&create, request) == OK);
    EXPECT_ERR(ERR_TIMEOUT, cosigner_init(&made, &create, (walltime){rig.now.s + 60}));
}

TEST(a_removal_waits_and_ends_with_the_next_signature)
{
    struct cosigner_create create;
    start();
    TEST_REQUIRE(cosigner_create_decode(&create, cosigner_rig_create(&rig, rig.now.s + 60)) == OK);
    EXPECT_ERR(ERR_AUTH,
               cosigner_remove(&signer, &create, rig.now)); /* signed for something else */
    TEST_REQUIRE(cosigner_create_decode(&create, cosigner_rig_remove(&rig, rig.now.s + 60)) == OK);
    EXPECT_ERR(ERR_TIMEOUT, cosigner_remove(&signer, &create, (walltime){rig.now.s + 60}));
    EXPECT_OK(cosigner_remove(&signer, &create, rig.now));
    const walltime over = {rig.now.s + COSIGNER_REST_S};
    EXPECT(!cosigner_is_gone(&signer, (walltime){over.s - 1}));
    EXPECT(cosigner_is_gone(&signer, over));
    rig.now.s += 50;
    EXPECT_OK(cosigner_remove(&signer, &create, rig.now)); /* asked again: the first time counts */
    EXPECT(cosigner_is_gone(&signer, over));
    EXPECT_OK(pay(1, friend_, 1));
    EXPECT(!cosigner_is_gone(&signer, over));
}

static void no_ether(struct cosigner_terms *t)
{
    t->limits[0].token = cosigner_rig_address(0x71);
}
static void token_is_account(struct cosigner_terms *t)
{
    t->limits[2].token = t->account;
}
static void token_is_entry_point(struct cosigner_terms *t)
{
    t->limits[2].token = userop_entry_point_08;
}
static void same_limit_twice(struct cosigner_terms *t)
{
    t->limits[1].to = cosigner_rig_address(0);
}
static void chains_in_disorder(struct cosigner_terms *t)
{
    t->chains[1] = 1;
}
static void chain_zero(struct cosigner_terms *t)
{
    t->chains[0] = 0;
}
static void no_chain(struct cosigner_terms *t)
{
    t->chains_count = 0;
}
static void no_rp_id(struct cosigner_terms *t)
{
    t->rp_id_len = 0;
}
static void no_account(struct cosigner_terms *t)
{
    t->account = cosigner_rig_address(0);
}
static void no_point(struct cosigner_terms *t)
{
    t->passkey.xy[63] ^= 1;
}

TEST(bad_terms_are_refused)
{
    void (*const faults[])(struct cosigner_terms *) = {
        no_ether,         token_is_account,   token_is_entry_point,
        same_limit_twice, chains_in_disorder, chain_zero,
        no_chain,         no_rp_id,           no_account,
        no_point,
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        uint8_t room[COSIGNER_TERMS_LEN_MAX];
        struct cosigner_terms read;
        start();
        test_note("fault %zu", i);
        faults[i](&rig.terms);
        struct wr w = wr_init(MSPAN_OF(room));
        cosigner_terms_write(&w, &rig.terms);
        struct rd r = rd_init(span_of(room, w.n));
        EXPECT_ERR(ERR_MALFORMED, cosigner_terms_read(&read, &r));
    }
}

/* The largest record fits where it is kept, and comes back. */
TEST(a_record_comes_back)
{
    uint8_t room[COSIGNER_RECORD_LEN_MAX];
    struct cosigner read;
    start();
    rig.terms.chains_count = COSIGNER_CHAINS_MAX;
    for (size_t i = 0; i < COSIGNER_CHAINS_MAX; i++) {
        rig.terms.chains[i] = i + 1;
    }
    rig.terms.limits_count = COSIGNER_LIMITS_MAX;
    for (size_t i = 3; i < COSIGNER_LIMITS_MAX; i++) {
        rig.terms.limits[i].token = cosigner_rig_address((uint8_t)i);
    }
    rig.terms.rp_id_len = COSIGNER_RP_ID_MAX;
    rig.terms.origin_len = COSIGNER_ORIGIN_MAX;
    signer.terms = rig.terms;
    signer.spent[7].amount = u256_from_u64(7);
    struct wr w = wr_init(MSPAN_OF(room));
    cosigner_write(&w, &signer);
    EXPECT_OK(wr_end(&w));
    struct rd r = rd_init(span_of(room, w.n));
    EXPECT_OK(cosigner_read(&read, &r));
    EXPECT(rd_end(&r));
    EXPECT(memcmp(&read.terms, &signer.terms, sizeof read.terms) == 0);
    EXPECT(u256_equal(u256_from_u64(7), read.spent[7].amount));
    r = rd_init(span_of(room, w.n - 1));
    EXPECT_ERR(ERR_MALFORMED, cosigner_read(&read, &r));
}

/* docs/cosigner.md has these figures: a wallet in another language can hold itself against them. */
TEST(vector)
{
    uint8_t room[COSIGNER_TERMS_LEN_MAX];
    struct hash32 terms;
    struct hash32 create;
    struct hash32 sign;
    const struct hash32 op = {{7}};
    start();
    const struct cosigner_ask what = {
        .cosigner = cosigner_rig_address(0xc0), .chain_id = 10, .expires = {COSIGNER_RIG_NOW}};
    struct wr w = wr_init(MSPAN_OF(room));
    cosigner_terms_write(&w, &rig.terms);
    cosigner_terms_hash(&terms, &rig.terms);
    cosigner_create_challenge(&create, &rig.terms, what.expires);
    cosigner_sign_challenge(&sign, &rig.terms, &what, &op);
    EXPECT_SPAN(test_hex("01acacacacacacacacacacacacacacacacacacacac0200000000000000010000"
                         "00000000000a12706173736d6573682e6c6f63616c686f73741e687474703a2f"
                         "2f706173736d6573682e6c6f63616c686f73743a37383738591ab771ebbcfd6d"
                         "9cb9094d106528add1a69d44c2c1f627f089ec58b9c61adf9f4e6abf0d045c0c"
                         "693a3c68ad7c97ca72be64def4a26fecd263dd98a92780f00300000000000000"
                         "0000000000000000000000000000000000000000000000000000000000000000"
                         "0000000000000000000000000000000000000000000000000000000000000f42"
                         "4000000000000000000000000000000000000000001111111111111111111111"
                         "1111111111111111110000000000000000000000000000000000000000000000"
                         "0000000000000927c07070707070707070707070707070707070707070000000"
                         "0000000000000000000000000000000000000000000000000000000000000000"
                         "00000000000000000000000000000001f4"),
                span_of(room, w.n));
    EXPECT_SPAN(test_hex("312606ad7814d688892efa8a937779e1001d08bd5440566f7573dd0a09f0fdc0"),
                SPAN_OF(terms.bytes));
    EXPECT_SPAN(test_hex("b8c8593eaa0b32120a1b9337d65a0794668a05eae641bdefe904ac4803e3441b"),
                SPAN_OF(create.bytes));
    EXPECT_SPAN(test_hex("7b8bb5087f7ae068f0ba6d61b595c61e705eee8a75ba0ff5700d42ff2cec2e07"),
                SPAN_OF(sign.bytes));
}

TEST_MAIN
