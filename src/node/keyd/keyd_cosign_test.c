/* Co-signers in keyd: the whole way of each request, the capability, a store that fails or is put back. What they sign is tried in
 * src/wallet/cosigner_test.c. */
#include "node/keyd/keyd.h"

#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"
#include "crypto/backend.h"
#include "crypto/secp256k1.h"
#include "wallet/cosigner_rig_test.h"

#include <string.h>

static struct bench {
    struct keyd_store store;
    bool fails;
    unsigned saves;
    size_t n;
    uint8_t content[64 * 1024];
    uint8_t reply[KEYD_REPLY_MAX];
    struct rng_seeded rng;
    struct keyd_cfg cfg;
    struct keyd k;
    struct cosigner_rig rig;
} bench;

static enum err bench_save(struct keyd_store *self, struct span content)
{
    struct bench *b = (struct bench *)(void *)self;
    if (b->fails) {
        return ERR_IO;
    }
    b->saves++;
    b->n = span_copy(MSPAN_OF(b->content), content);
    check(b->n == content.n);
    return OK;
}

static void load(struct bench *b, struct span content)
{
    EXPECT_OK(keyd_init(&b->k, &b->cfg, content));
    keyd_tick(&b->k, (instant){.us = 1});
    keyd_set_clock(&b->k, b->rig.now);
}

static struct bench *start(void)
{
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    EXPECT_OK(crypto_init());
    rng_seeded_init(&b->rng, test_seed());
    b->store.save = bench_save;
    b->cfg = (struct keyd_cfg){
        .budget = test_budget(),
        .rng = &b->rng.rng,
        .store = &b->store,
        .work = test_budget(),
        .phrase_cost = {.passes = 1, .memory_kib = 8},
        .idle_us = VAULT_IDLE_US
    };
    cosigner_rig_init(&b->rig, 3);
    load(b, SPAN_EMPTY);
    return b;
}

static enum err
ask_as(struct bench *b, struct span *ret_body, uint32_t capabilities, uint8_t op, struct span body)
{
    static uint8_t request[COSIGNER_REQUEST_MAX + 64];
    struct wr w = wr_init(MSPAN_OF(request));
    wr_u8(&w, KEYD_VERSION);
    wr_u8(&w, op);
    wr_be32(&w, 7);
    wr_bytes(&w, body);
    check(wr_ok(&w));
    size_t n = keyd_answer(&b->k, MSPAN_OF(b->reply), capabilities, span_of(request, w.n));
    *ret_body = span_from(span_of(b->reply, n), 7);
    return (enum err)b->reply[6];
}

static enum err create(struct bench *b, struct address *ret)
{
    struct span body;
    TRY(ask_as(b, &body, KEYD_MAY_COSIGN, KEYD_COSIGN_CREATE,
               cosigner_rig_create(&b->rig, b->rig.now.s + 60)));
    EXPECT_EQ(20 + 32, body.n);
    (void)span_copy(MSPAN_OF(ret->bytes), span_first(body, 20));
    return OK;
}

static enum err sign(struct bench *b, struct address cosigner, uint64_t nonce, uint64_t wei)
{
    struct span body;
    const struct smart_call call = {.to = cosigner_rig_address(0x22), .value = u256_from_u64(wei)};
    const struct cosigner_rig_ask what = {
        .cosigner = cosigner, .nonce = nonce, .calls = &call, .calls_count = 1};
    TRY(ask_as(b, &body, KEYD_MAY_COSIGN, KEYD_COSIGN_SIGN, cosigner_rig_sign(&b->rig, &what)));
    /* What came is the co-signer's signature over the very hash that the chain asks for. */
    struct secp256k1_signature sig;
    struct secp256k1_public key;
    struct hash32 hash;
    const struct userop_domain domain = {.entry_point = userop_entry_point_08,
                                         .chain_id = u256_from_u64(1)};
    struct userop op = cosigner_rig_op(&b->rig, &what);
    EXPECT_OK(userop_hash(&hash, &op, &domain));
    EXPECT_EQ(65, body.n);
    memcpy(sig.rs, body.p, sizeof sig.rs);
    sig.recovery_id = body.p[64];
    EXPECT_OK(secp256k1_recover(&key, &hash, &sig));
    EXPECT(address_equal(cosigner, address_of_public_key(key.xy)));
    return OK;
}

TEST(made_once_and_signs_after_a_restart)
{
    struct bench *b = start();
    struct address first;
    struct address again;
    EXPECT_OK(create(b, &first));
    EXPECT_OK(create(b, &again)); /* its answer was lost, say */
    EXPECT(address_equal(first, again));
    EXPECT_EQ(1, b->saves);
    EXPECT_OK(sign(b, first, 1, 600000));
    EXPECT_EQ(2, b->saves);
    keyd_done(&b->k);
    load(b, span_of(b->content, b->n));
    EXPECT_ERR(ERR_LIMIT, sign(b, first, 2, 400001)); /* what was spent is remembered */
    EXPECT_OK(sign(b, first, 3, 400000));
    EXPECT_ERR(ERR_NOT_FOUND, sign(b, cosigner_rig_address(1), 4, 0));
    keyd_done(&b->k);
}

TEST(other_terms_or_another_passkey)
{
    struct bench *b = start();
    struct address first;
    struct address second;
    EXPECT_OK(create(b, &first));
    b->rig.terms.limits[0].amount = u256_from_u64(2000000);
    EXPECT_ERR(ERR_STATE, create(b, &second)); /* two for one account are not offered */
    b->rig.key = software_passkey_make(5);
    b->rig.terms.passkey = b->rig.key.key;
    EXPECT_OK(create(
        b, &second)); /* whoever names an account that is not his has a key that it does not know */
    EXPECT(!address_equal(first, second));
    EXPECT_ERR(ERR_AUTH, sign(b, first, 1, 1));
    EXPECT_OK(sign(b, second, 1, 1));
    keyd_done(&b->k);
}

TEST(nothing_is_signed_that_is_not_on_the_disk)
{
    struct bench *b = start();
    struct address a;
    b->fails = true;
    EXPECT_ERR(ERR_IO, create(b, &a));
    EXPECT_EQ(0, b->k.cosigners_count);
    b->fails = false;
    EXPECT_OK(create(b, &a));
    b->fails = true;
    EXPECT_ERR(ERR_IO, sign(b, a, 1, 1000000));
    b->fails = false;
    EXPECT_OK(sign(b, a, 2, 1000000)); /* the failed one did not count */
    keyd_done(&b->k);
}

TEST(a_capability_of_its_own)
{
    struct bench *b = start();
    struct span body;
    const uint32_t others =
        KEYD_MAY_IDENTITY | KEYD_MAY_BUNDLER | KEYD_MAY_MANAGE | KEYD_MAY_VAULT | KEYD_MAY_WITHDRAW;
    struct span request = cosigner_rig_create(&b->rig, b->rig.now.s + 60);
    EXPECT_ERR(ERR_DENIED, ask_as(b, &body, others, KEYD_COSIGN_CREATE, request));
    EXPECT_ERR(ERR_DENIED, ask_as(b, &body, others, KEYD_COSIGN_SIGN, request));
    EXPECT_ERR(ERR_DENIED, ask_as(b, &body, others, KEYD_COSIGN_REMOVE, request));
    keyd_done(&b->k);
}

TEST(as_many_as_there_are_places)
{
    struct bench *b = start();
    struct address a;
    for (unsigned i = 0; i < KEYD_COSIGNERS_MAX; i++) {
        memset(b->rig.terms.account.bytes, (int)i + 1, 20);
        EXPECT_OK(create(b, &a));
    }
    memset(b->rig.terms.account.bytes, 0xee, 20);
    EXPECT_ERR(ERR_LIMIT, create(b, &a));
    EXPECT(b->n < 64 * 1024);
    keyd_done(&b->k);
    load(b, span_of(b->content, b->n));
    EXPECT_EQ(KEYD_COSIGNERS_MAX, b->k.cosigners_count);
    keyd_done(&b->k);
}

/* Its place is given away once its removal is over, and not before; nobody else's is. */
TEST(a_place_is_given_back)
{
    struct bench *b = start();
    struct span body;
    struct address a;
    struct address removed = {{0}};
    for (unsigned i = 0; i < KEYD_COSIGNERS_MAX; i++) {
        memset(b->rig.terms.account.bytes, (int)i + 1, 20);
        EXPECT_OK(create(b, i == 5 ? &removed : &a));
    }
    memset(b->rig.terms.account.bytes, 6, 20);
    struct span request = cosigner_rig_remove(&b->rig, b->rig.now.s + 60);
    b->fails = true;
    EXPECT_ERR(ERR_IO, ask_as(b, &body, KEYD_MAY_COSIGN, KEYD_COSIGN_REMOVE, request));
    b->fails = false;
    EXPECT_OK(ask_as(b, &body, KEYD_MAY_COSIGN, KEYD_COSIGN_REMOVE, request));
    EXPECT_EQ(0, body.n);
    b->rig.now.s += COSIGNER_REST_S - 1;
    keyd_set_clock(&b->k, b->rig.now);
    memset(b->rig.terms.account.bytes, 0xee, 20);
    EXPECT_ERR(ERR_NOT_FOUND, ask_as(b, &body, KEYD_MAY_COSIGN, KEYD_COSIGN_REMOVE,
                                     cosigner_rig_remove(&b->rig, b->rig.now.s + 60)));
    EXPECT_ERR(ERR_LIMIT, create(b, &a));
    b->rig.now.s += 1;
    keyd_done(&b->k);
    load(b, span_of(b->content, b->n)); /* what rests, rests over a restart */
    b->fails = true;
    EXPECT_ERR(ERR_IO, create(b, &a));
    b->fails = false;
    EXPECT_OK(create(b, &a)); /* the failure took nobody else's place */
    EXPECT_EQ(KEYD_COSIGNERS_MAX, b->k.cosigners_count);
    EXPECT_OK(sign(b, a, 1, 1));
    EXPECT_ERR(ERR_NOT_FOUND, sign(b, removed, 1, 1));
    keyd_done(&b->k);
}

/* Cut anywhere, a store with co-signers is none; nor is one whose secret was changed. */
TEST(a_damaged_store_is_noticed)
{
    struct bench *b = start();
    struct address a;
    static uint8_t copy[64 * 1024];
    EXPECT_OK(create(b, &a));
    keyd_done(&b->k);
    size_t n = span_copy(MSPAN_OF(copy), span_of(b->content, b->n));
    for (size_t cut = 1; cut < n; cut++) {
        EXPECT_ERR(ERR_MALFORMED, keyd_init(&b->k, &b->cfg, span_of(copy, cut)));
    }
    copy[20] ^= 1;
    EXPECT_ERR(ERR_MALFORMED, keyd_init(&b->k, &b->cfg, span_of(copy, n)));
}

/* No input that is not what it should be does anything. */
TEST(broken_requests)
{
    struct bench *b = start();
    struct span body;
    struct address a;
    static uint8_t copy[COSIGNER_REQUEST_MAX];
    EXPECT_OK(create(b, &a));
    struct span request = cosigner_rig_create(&b->rig, b->rig.now.s + 60);
    size_t n = span_copy(MSPAN_OF(copy), request);
    for (size_t cut = 0; cut < n; cut++) {
        EXPECT_ERR(ERR_MALFORMED,
                   ask_as(b, &body, KEYD_MAY_COSIGN, KEYD_COSIGN_CREATE, span_of(copy, cut)));
    }
    copy[0] = 9;
    EXPECT_ERR(ERR_UNSUPPORTED,
               ask_as(b, &body, KEYD_MAY_COSIGN, KEYD_COSIGN_CREATE, span_of(copy, n)));
    EXPECT_EQ(1, b->saves);
    keyd_done(&b->k);
}

TEST_MAIN
