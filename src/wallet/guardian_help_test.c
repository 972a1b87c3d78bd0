#include "wallet/guardian_help.h"

#include "base/test.h"
#include "crypto/backend.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "evm/account_domain.h"
#include "evm/deployments.h"
#include "webauthn/assertion.h"
#include "webauthn/software_passkey_test.h"

#include <string.h>

/* A passkey and an ordinary key as guardians. */
struct hands {
    struct software_passkey passkey;
    struct smart_owner passkey_guardian;
    struct secret32 secret;
    struct smart_owner key_guardian;
};

static void hands_init(struct hands *h)
{
    struct secp256k1_public key;
    struct hash32 hash;
    struct address a;
    h->passkey = software_passkey_make(16);
    h->passkey_guardian =
        smart_owner_passkey(deployments.verifier.address, h->passkey.key.xy, software_rp.origin);
    memset(h->secret.bytes, 7, sizeof h->secret.bytes);
    EXPECT_OK(secp256k1_public_init(&key, &h->secret));
    keccak256(&hash, SPAN_OF(key.xy));
    span_copy(MSPAN_OF(a.bytes), span_of(hash.bytes + 12, 20));
    h->key_guardian = guardian_of_address(a);
}

static struct help request(const struct hands *h)
{
    struct help r = {.kind = HELP_REQUEST};
    r.request = (struct help_request){.chain_id = 31337, .account = {{9, 8, 7}}, .round = 4};
    struct owner_change *c = &r.request.change;
    c->sequence = 3;
    c->previous[5] = 1;
    c->threshold = 1;
    c->added[c->added_count++] = h->passkey_guardian;
    c->removed[c->removed_count++] = h->key_guardian;
    return r;
}

/* A request that changes no owner. */
static struct help plain(enum recovery_act act)
{
    struct help r = {.kind = HELP_REQUEST};
    r.request =
        (struct help_request){.act = act, .chain_id = 31337, .account = {{9, 8, 7}}, .round = 4};
    r.request.what.bytes[3] = act == RECOVERY_HOLD ? 0 : 5;
    return r;
}

static size_t sign_with_passkey(const struct hands *h,
                                uint8_t ret[static HELP_SIGNATURE_LEN_MAX],
                                const struct hash32 *hash,
                                uint8_t flags)
{
    static struct made m;
    struct assertion a;
    struct making how = making_get();
    how.challenge = SPAN_OF(hash->bytes);
    how.flags = flags;
    software_passkey_use(&m, &h->passkey, how);
    struct relying_party rp = software_rp;
    rp.requires_user_verification = false;
    struct assertion_credential credential = {.key = h->passkey.key};
    EXPECT_OK(assertion_verify(&a, &rp, SPAN_OF(hash->bytes), &credential, &m.assertion, NULL));
    struct wr w = wr_init(mspan_of(ret, HELP_SIGNATURE_LEN_MAX));
    EXPECT_OK(assertion_encode(&w, &a, &m.assertion, NULL));
    return w.n;
}

static void sign_with_key(const struct hands *h, uint8_t ret[static 65], const struct hash32 *hash)
{
    struct secp256k1_signature sig;
    EXPECT_OK(secp256k1_sign(&sig, &h->secret, hash));
    span_copy(mspan_of(ret, 64), SPAN_OF(sig.rs));
    ret[64] = (uint8_t)(27 + sig.recovery_id);
}

/* What was printed is read, and printed again it is the same; cut or with any one character changed it is not read. */
static void expect_travels(const struct help *h)
{
    AUTO(buf_done) struct buf text;
    AUTO(buf_done) struct buf again;
    static struct help got;
    buf_init(&text, test_budget(), HELP_TEXT_LEN_MAX);
    buf_init(&again, test_budget(), HELP_TEXT_LEN_MAX);
    TEST_REQUIRE(EXPECT_OK(help_print(&text, h)));
    TEST_REQUIRE(EXPECT_OK(help_parse(&got, buf_span(&text))));
    EXPECT_EQ(h->kind, got.kind);
    EXPECT_OK(help_print(&again, &got));
    EXPECT_SPAN(buf_span(&text), buf_span(&again));
    for (size_t n = 0; n < text.n; n++) {
        EXPECT(help_parse(&got, span_first(buf_span(&text), n)) != OK);
        uint8_t was = text.p[n];
        text.p[n] = was == 'A' ? 'B' : 'A';
        EXPECT(help_parse(&got, buf_span(&text)) != OK);
        text.p[n] = was;
    }
}

TEST(texts_travel)
{
    static struct hands h;
    static struct help x;
    hands_init(&h);
    x = request(&h);
    expect_travels(&x);
    for (unsigned i = 0; i < 3; i++) {
        static const enum recovery_act acts[] = {RECOVERY_PRACTICE, RECOVERY_CANCEL, RECOVERY_HOLD};
        x = plain(acts[i]);
        expect_travels(&x);
    }
    x = (struct help){.kind = HELP_ANSWER};
    x.answer.guardian = h.key_guardian;
    x.answer.signature_len = 65;
    expect_travels(&x);
    x = (struct help){.kind = HELP_GUARDIAN};
    x.guardian.guardian = h.passkey_guardian;
    expect_travels(&x);
    EXPECT_OK(name_parse(&x.guardian.name, SPAN_LIT("J\xc3\xbcrgen")));
    expect_travels(&x);
}

TEST(a_mail_program_may_break_the_text_into_lines)
{
    static struct hands h;
    static struct help x;
    static struct help got;
    static uint8_t broken[2 * HELP_TEXT_LEN_MAX];
    AUTO(buf_done) struct buf text;
    buf_init(&text, test_budget(), HELP_TEXT_LEN_MAX);
    hands_init(&h);
    x = request(&h);
    TEST_REQUIRE(EXPECT_OK(help_print(&text, &x)));
    struct wr w = wr_init(MSPAN_OF(broken));
    wr_str(&w, " \n");
    for (size_t i = 0; i < text.n; i++) {
        wr_u8(&w, text.p[i]);
        wr_str(&w, i % 60 == 59 ? "\r\n\t" : "");
    }
    EXPECT_OK(help_parse(&got, span_of(broken, w.n)));
    memset(broken, 'A', sizeof broken);
    EXPECT_ERR(ERR_LIMIT, help_parse(&got, SPAN_OF(broken)));
    EXPECT_ERR(ERR_MALFORMED, help_parse(&got, SPAN_EMPTY));
    EXPECT_ERR(ERR_MALFORMED, help_parse(&got, SPAN_LIT("passmesh-help:")));
    EXPECT_ERR(ERR_MALFORMED, help_parse(&got, SPAN_LIT("passmesh:AAAA")));
}

/* Each says something that no wallet asks for; the check is right. */
TEST(what_no_wallet_writes_is_refused)
{
    static struct hands h;
    static struct help x;
    static struct help got;
    AUTO(buf_done) struct buf text;
    buf_init(&text, test_budget(), HELP_TEXT_LEN_MAX);
    hands_init(&h);
    for (unsigned i = 0; i < 7; i++) {
        x = request(&h);
        struct help_request *r = &x.request;
        switch (i) {
        case 0: r->chain_id = 0; break;
        case 1: r->account = (struct address){{0}}; break;
        case 2: r->change.sequence = 0; break;
        case 3: r->change.threshold = 0; break;
        case 4: r->change.threshold = SMART_ACCOUNT_OWNER_COUNT_MAX + 1; break;
        case 5: r->change.added_count = r->change.removed_count = 0; break;
        case 6: r->change.added[0].len = 19; break;
        }
        buf_clear(&text);
        TEST_REQUIRE(EXPECT_OK(help_print(&text, &x)));
        test_note("case %u", i);
        EXPECT_ERR(ERR_MALFORMED, help_parse(&got, buf_span(&text)));
    }
    x = (struct help){.kind = HELP_ANSWER};
    x.answer.guardian = h.key_guardian;
    buf_clear(&text);
    TEST_REQUIRE(EXPECT_OK(help_print(&text, &x)));
    EXPECT_ERR(ERR_MALFORMED, help_parse(&got, buf_span(&text)));
    x = (struct help){.kind = (enum help_kind)7};
    buf_clear(&text);
    TEST_REQUIRE(EXPECT_OK(help_print(&text, &x)));
    EXPECT_ERR(ERR_UNSUPPORTED, help_parse(&got, buf_span(&text)));
}

TEST(the_hash_names_everything_that_is_asked)
{
    static struct hands h;
    static struct help x;
    struct hash32 hash;
    struct hash32 other;
    char code[HELP_CODE_LEN];
    hands_init(&h);
    x = request(&h);
    help_request_hash(&hash, &x.request);
    help_code(code, &hash);
    EXPECT_EQ(19, strlen(code));
    for (unsigned i = 0; i < 7; i++) {
        x = request(&h);
        struct help_request *r = &x.request;
        switch (i) {
        case 0: r->chain_id++; break;
        case 1: r->account.bytes[0]++; break;
        case 2: r->round++; break;
        case 3: r->change.sequence++; break;
        case 4: r->change.threshold++; break;
        case 5: r->change.added[0].bytes[30]++; break;
        case 6: r->change.removed_count = 0; break;
        }
        help_request_hash(&other, &x.request);
        EXPECT(!span_equal(SPAN_OF(hash.bytes), SPAN_OF(other.bytes)));
    }
}

/* Signed for one of them, it is worth nothing for another; of practice not even the domain is that of a contract. */
TEST(each_kind_of_request_has_a_hash_of_its_own)
{
    static const enum recovery_act acts[] = {RECOVERY_PRACTICE, RECOVERY_CANCEL, RECOVERY_HOLD};
    static struct help x;
    struct hash32 hashes[3];
    for (unsigned i = 0; i < 3; i++) {
        struct hash32 other;
        x = plain(acts[i]);
        help_request_hash(&hashes[i], &x.request);
        for (unsigned k = 0; k < i; k++) {
            EXPECT(!span_equal(SPAN_OF(hashes[i].bytes), SPAN_OF(hashes[k].bytes)));
        }
        for (unsigned k = 0; k < 4; k++) {
            x = plain(acts[i]);
            switch (k) {
            case 0: x.request.round++; break;
            case 1: x.request.chain_id++; break;
            case 2: x.request.account.bytes[1]++; break;
            case 3: x.request.what.bytes[30]++; break;
            }
            bool is_same_hold = k == 3 && acts[i] == RECOVERY_HOLD; /* it names nothing */
            help_request_hash(&other, &x.request);
            EXPECT_EQ(is_same_hold, span_equal(SPAN_OF(hashes[i].bytes), SPAN_OF(other.bytes)));
        }
    }
    uint8_t words[3][32] = {0};
    struct hash32 own;
    x = plain(RECOVERY_PRACTICE);
    account_word_hash(words[0], SPAN_LIT("Practice(bytes32 number,uint64 round)"));
    span_copy(MSPAN_OF(words[1]), SPAN_OF(x.request.what.bytes));
    account_word_u64(words[2], x.request.round);
    account_domain_hash(&own, x.request.account, 31337, span_of(words[0], sizeof words));
    EXPECT(!span_equal(SPAN_OF(own.bytes), SPAN_OF(hashes[0].bytes)));
    account_practice_hash(&own, x.request.account, 31337, span_of(words[0], sizeof words));
    EXPECT_SPAN(SPAN_OF(own.bytes), SPAN_OF(hashes[0].bytes));
}

TEST(a_guardians_signature_is_held_as_the_contract_does)
{
    static struct hands h;
    static uint8_t passkey[HELP_SIGNATURE_LEN_MAX];
    uint8_t key[65];
    const struct hash32 hash = {
        {1, 2, 3}
    };
    const struct hash32 other = {
        {1, 2, 4}
    };
    hands_init(&h);
    size_t n = sign_with_passkey(&h, passkey, &hash, FLAGS_GET);
    sign_with_key(&h, key, &hash);
    EXPECT_OK(guardian_verify(&h.passkey_guardian, &hash, span_of(passkey, n)));
    EXPECT_OK(guardian_verify(&h.key_guardian, &hash, SPAN_OF(key)));
    EXPECT_ERR(ERR_AUTH, guardian_verify(&h.passkey_guardian, &other, span_of(passkey, n)));
    EXPECT_ERR(ERR_AUTH, guardian_verify(&h.key_guardian, &other, SPAN_OF(key)));
    EXPECT_ERR(ERR_AUTH, guardian_verify(&h.passkey_guardian, &hash, SPAN_OF(key)));
    EXPECT_ERR(ERR_AUTH, guardian_verify(&h.key_guardian, &hash, span_of(passkey, n)));
    for (size_t i = 0; i < n; i++) {
        passkey[i] ^= 1;
        EXPECT_ERR(ERR_AUTH, guardian_verify(&h.passkey_guardian, &hash, span_of(passkey, n)));
        passkey[i] ^= 1;
        EXPECT_ERR(ERR_AUTH, guardian_verify(&h.passkey_guardian, &hash, span_of(passkey, i)));
    }
    EXPECT_ERR(ERR_AUTH, guardian_verify(&h.passkey_guardian, &hash, span_of(passkey, n + 32)));
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] ^= 1;
        EXPECT_ERR(ERR_AUTH, guardian_verify(&h.key_guardian, &hash, SPAN_OF(key)));
        key[i] ^= 1;
    }
    struct smart_owner elsewhere = h.passkey_guardian;
    elsewhere.bytes[84]++; /* of another origin */
    EXPECT_ERR(ERR_AUTH, guardian_verify(&elsewhere, &hash, span_of(passkey, n)));
    struct smart_owner contract = {.bytes = {5}, .len = 20};
    EXPECT_ERR(ERR_UNSUPPORTED, guardian_verify(&contract, &hash, SPAN_OF(key)));
    /* The person's presence is not enough: the contract wants to see that it was verified. */
    n = sign_with_passkey(&h, passkey, &hash, AUTH_DATA_UP);
    EXPECT_ERR(ERR_AUTH, guardian_verify(&h.passkey_guardian, &hash, span_of(passkey, n)));
}

TEST_MAIN
