/* The capsule's bytes: what is sealed opens, and nothing else does. */
#include "wallet/capsule.h"

#include "base/rng.h"
#include "base/test.h"
#include "crypto/backend.h"

#include <string.h>

/* A vault with a passkey and a phrase; too large for a stack. */
static struct {
    struct capsule_head head;
    struct capsule_head again;
    uint8_t bytes[CAPSULE_LEN];
    uint8_t content[CAPSULE_LEN];
    uint8_t opened[CAPSULE_LEN];
    struct secret32 data_key;
    struct secret32 prf;
    struct ed25519_key key;
    struct rng_seeded rng;
} t;

static const struct argon2_cost cheap = {.passes = 1, .memory_kib = 8};
static const struct span phrase_entropy = SPAN_INIT("sixteen bytes ok");

static struct capsule_recipient *add_passkey(uint8_t id, size_t id_len)
{
    struct capsule_keys keys;
    struct secret32 ephemeral;
    struct capsule_recipient *r = &t.head.recipients[t.head.recipients_count++];
    *r = (struct capsule_recipient){.kind = CAPSULE_PASSKEY};
    memset(r->credential_id, id, id_len);
    r->credential_id_len = (uint8_t)id_len;
    r->rp_id_len = (uint8_t)span_copy(MSPAN_OF(r->rp_id), SPAN_LIT("passmesh.localhost"));
    memset(r->prf_input, 0x11, sizeof r->prf_input);
    rng_fill(&t.rng.rng, MSPAN_OF(ephemeral.bytes));
    EXPECT_OK(capsule_keys_of_prf(&keys, r, &t.prf));
    capsule_bind(r, &t.head, &keys);
    EXPECT_OK(capsule_wrap(r, &t.head, &t.data_key, &ephemeral));
    return r;
}

static void add_phrase(void)
{
    struct capsule_keys keys;
    struct secret32 ephemeral = {{9}};
    struct capsule_recipient *r = &t.head.recipients[t.head.recipients_count++];
    *r = (struct capsule_recipient){.kind = CAPSULE_PHRASE, .cost = cheap, .salt = {1}};
    EXPECT_OK(capsule_keys_of_phrase(&keys, test_budget(), r, phrase_entropy));
    capsule_bind(r, &t.head, &keys);
    EXPECT_OK(capsule_wrap(r, &t.head, &t.data_key, &ephemeral));
}

static void encode(void)
{
    struct capsule_sealing sealing = {.data_key = &t.data_key, .key = &t.key, .nonce = {5}};
    size_t n = capsule_room(&t.head);
    rng_fill(&t.rng.rng, mspan_of(t.content, n));
    sealing.content = span_of(t.content, n);
    EXPECT_OK(capsule_encode(MSPAN_OF(t.bytes), &t.head, &sealing));
}

static void start(void)
{
    struct secret32 seed = {{3}};
    memset(&t, 0, sizeof t);
    EXPECT_OK(crypto_init());
    rng_seeded_init(&t.rng, test_seed());
    rng_fill(&t.rng.rng, MSPAN_OF(t.head.id));
    rng_fill(&t.rng.rng, MSPAN_OF(t.data_key.bytes));
    rng_fill(&t.rng.rng, MSPAN_OF(t.prf.bytes));
    ed25519_key_init(&t.key, &seed);
    ed25519_key_public(&t.head.key, &t.key);
    t.head.generation = 7;
}

static enum err open_with_prf(size_t i, const struct secret32 *prf)
{
    struct capsule_keys keys;
    struct secret32 data_key;
    size_t n = capsule_room(&t.again);
    TRY(capsule_keys_of_prf(&keys, &t.again.recipients[i], prf));
    TRY(capsule_unwrap(&data_key, &t.again, &t.again.recipients[i], &keys));
    return capsule_open(mspan_of(t.opened, n), &t.again, &data_key, SPAN_OF(t.bytes));
}

TEST(each_recipient_opens_it)
{
    struct capsule_keys keys;
    struct secret32 data_key;
    start();
    (void)add_passkey(0xaa, 32);
    add_phrase();
    encode();
    EXPECT_OK(capsule_decode(&t.again, SPAN_OF(t.bytes)));
    EXPECT_EQ(7, t.again.generation);
    EXPECT_EQ(2, t.again.recipients_count);
    EXPECT_OK(open_with_prf(0, &t.prf));
    size_t n = capsule_room(&t.again);
    EXPECT_SPAN(span_of(t.content, n), span_of(t.opened, n));
    EXPECT_OK(capsule_keys_of_phrase(&keys, test_budget(), &t.again.recipients[1], phrase_entropy));
    EXPECT_OK(capsule_unwrap(&data_key, &t.again, &t.again.recipients[1], &keys));
    EXPECT_SPAN(SPAN_OF(t.data_key.bytes), SPAN_OF(data_key.bytes));
}

TEST(another_output_opens_nothing)
{
    start();
    (void)add_passkey(0xaa, 32);
    encode();
    EXPECT_OK(capsule_decode(&t.again, SPAN_OF(t.bytes)));
    for (size_t bit = 0; bit < 256; bit += 17) {
        struct secret32 other;
        memcpy(other.bytes, t.prf.bytes, sizeof other.bytes);
        other.bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        EXPECT_ERR(ERR_AUTH, open_with_prf(0, &other));
    }
}

/* A bit anywhere: the form, the signature, or the lengths notice. */
TEST(every_byte_is_covered)
{
    start();
    (void)add_passkey(0xaa, 32);
    add_phrase();
    encode();
    for (size_t i = 0; i < CAPSULE_LEN; i += i < 700 ? 1 : 41) {
        t.bytes[i] ^= 0x10;
        test_note("byte %zu", i);
        EXPECT(capsule_decode(&t.again, SPAN_OF(t.bytes)) != OK);
        t.bytes[i] ^= 0x10;
    }
    EXPECT_OK(capsule_decode(&t.again, SPAN_OF(t.bytes)));
    EXPECT_ERR(ERR_MALFORMED, capsule_decode(&t.again, span_of(t.bytes, CAPSULE_LEN - 1)));
    EXPECT_ERR(ERR_MALFORMED, capsule_decode(&t.again, SPAN_EMPTY));
    t.bytes[7] = 2;
    EXPECT_ERR(ERR_UNSUPPORTED, capsule_decode(&t.again, SPAN_OF(t.bytes)));
}

/* Anyone knows the public keys: a stranger seals a vault of his own to them, with his own vault key. */
TEST(a_strangers_capsule_opens_for_nobody)
{
    start();
    (void)add_passkey(0xaa, 32);
    struct secret32 seed = {{66}};
    struct secret32 ephemeral = {{67}};
    struct secret32 stranger = {{68}};
    ed25519_key_init(&t.key, &seed);
    ed25519_key_public(&t.head.key, &t.key);
    memcpy(t.data_key.bytes, stranger.bytes, sizeof stranger.bytes);
    EXPECT_OK(capsule_wrap(&t.head.recipients[0], &t.head, &t.data_key, &ephemeral));
    encode();
    EXPECT_OK(capsule_decode(&t.again, SPAN_OF(t.bytes)));
    EXPECT_ERR(ERR_AUTH, open_with_prf(0, &t.prf));
}

/* A seal moved to another name: vault id, credential id, RP ID and PRF input are bound. */
TEST(names_are_bound)
{
    struct capsule_keys keys;
    struct secret32 data_key;
    start();
    struct capsule_recipient *r = add_passkey(0xaa, 32);
    EXPECT_OK(capsule_keys_of_prf(&keys, r, &t.prf));
    EXPECT_OK(capsule_unwrap(&data_key, &t.head, r, &keys));
    uint8_t *const fields[] = {r->credential_id, r->rp_id,         r->prf_input,
                               t.head.id,        t.head.key.bytes, r->public_key,
                               r->ephemeral,     r->wrapped,       r->binding};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        test_note("field %zu", i);
        fields[i][0] ^= 1;
        EXPECT_ERR(ERR_AUTH, capsule_unwrap(&data_key, &t.head, r, &keys));
        fields[i][0] ^= 1;
    }
    EXPECT_OK(capsule_unwrap(&data_key, &t.head, r, &keys));
}

TEST(one_passkey_twice_is_refused)
{
    start();
    (void)add_passkey(0xaa, 32);
    (void)add_passkey(0xab, 32);
    encode();
    EXPECT_OK(capsule_decode(&t.again, SPAN_OF(t.bytes)));
    memset(t.head.recipients[1].credential_id, 0xaa, 32);
    encode();
    EXPECT_ERR(ERR_MALFORMED, capsule_decode(&t.again, SPAN_OF(t.bytes)));
}

TEST(the_size_is_always_the_same_and_bounded)
{
    start();
    for (size_t i = 0; i < CAPSULE_RECIPIENTS_MAX; i++) {
        (void)add_passkey((uint8_t)(i + 1), CAPSULE_CREDENTIAL_ID_MAX);
        EXPECT(capsule_room(&t.head) > 0);
    }
    encode();
    EXPECT_OK(capsule_decode(&t.again, SPAN_OF(t.bytes)));
    EXPECT_OK(open_with_prf(7, &t.prf));
}

TEST(phrase_costs_are_bounded)
{
    struct capsule_keys keys;
    struct capsule_recipient r = {.kind = CAPSULE_PHRASE, .cost = cheap};
    EXPECT_OK(crypto_init());
    r.cost.memory_kib = ARGON2_MEMORY_KIB_MAX + 1;
    EXPECT_ERR(ERR_LIMIT, capsule_keys_of_phrase(&keys, test_budget(), &r, phrase_entropy));
    r.cost.memory_kib = 128 * 1024; /* beyond the budget */
    EXPECT_ERR(ERR_LIMIT, capsule_keys_of_phrase(&keys, test_budget(), &r, phrase_entropy));
}

TEST_MAIN
