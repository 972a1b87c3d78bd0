/* Verifying an assertion: WebAuthn Level 3 §7.2; its form on the chain: OpenZeppelin's WebAuthnAuth. */
#include "webauthn/assertion.h"

#include "base/rd.h"
#include "webauthn/auth_data.h"
#include "webauthn/client_data.h"
#include "webauthn/relying_party.h"

enum { WORD_LEN = 32, HEAD_WORDS = 6 };

static enum assertion_counter judge_counter(uint32_t before, uint32_t now)
{
    if (before == 0 && now == 0) {
        return ASSERTION_COUNTER_NONE;
    }
    /* SPEC webauthn-3 §"6.1.1. Signature Counter Considerations": not greater than before hints at a copied key; it proves nothing. */
    return now > before ? ASSERTION_COUNTER_ADVANCED : ASSERTION_COUNTER_STUCK;
}

static enum err verify_signature(struct p256_signature *ret,
                                 const struct p256_public *key,
                                 const struct assertion_response *response,
                                 struct diag *why)
{
    struct hash32 client_data_hash;
    struct hash32 hash;
    struct p256_signature signature;
    sha256(&client_data_hash, response->client_data_json);
    struct span parts[] = {response->authenticator_data, SPAN_OF(client_data_hash.bytes)};
    sha256_of(&hash, parts, 2);
    enum err e = p256_der_decode(&signature, response->signature);
    if (e != OK) {
        return diag_set(why, e, "assertion: the signature is not DER", 0);
    }
    e = p256_verify(key, &hash, &signature);
    if (e != OK) {
        return diag_set(why, e, "assertion: the signature does not hold", 0);
    }
    (void)p256_normalize(&signature);
    *ret = signature;
    return OK;
}

enum err assertion_verify(struct assertion *ret,
                          const struct relying_party *rp,
                          struct span challenge,
                          const struct assertion_credential *credential,
                          const struct assertion_response *response,
                          struct diag *why)
{
    struct client_data client;
    struct auth_data data;
    struct p256_signature signature;
    TRY(client_data_verify(&client, CLIENT_DATA_GET, challenge, rp, response->client_data_json,
                           why));
    TRY(auth_data_decode(&data, response->authenticator_data, why));
    TRY(auth_data_verify(&data, rp, why));
    /* SPEC webauthn-3 §"7.2. Verifying an Authentication Assertion": eligibility for backup is fixed when the credential is made. */
    if (auth_data_has(&data, AUTH_DATA_BE) != credential->is_backup_eligible) {
        return diag_set(why, ERR_AUTH, "assertion: eligibility for backup has changed", 32);
    }
    TRY(verify_signature(&signature, &credential->key, response, why));
    *ret = (struct assertion){
        .sign_count = data.sign_count,
        .counter = judge_counter(credential->sign_count, data.sign_count),
        .is_user_verified = auth_data_has(&data, AUTH_DATA_UV),
        .is_backed_up = auth_data_has(&data, AUTH_DATA_BS),
        .signature = signature,
        .type_index = client.type_index,
        .challenge_index = client.challenge_index,
    };
    return OK;
}

static size_t padded(size_t len)
{
    return (len + WORD_LEN - 1) / WORD_LEN * WORD_LEN;
}

static void write_word(struct wr *w, uint64_t v)
{
    wr_zeros(w, WORD_LEN - 8);
    wr_be64(w, v);
}

static void write_tail(struct wr *w, struct span bytes)
{
    write_word(w, bytes.n);
    wr_bytes(w, bytes);
    wr_zeros(w, padded(bytes.n) - bytes.n);
}

size_t assertion_encoded_len(const struct assertion_response *response)
{
    size_t tails = 2 * WORD_LEN + padded(response->authenticator_data.n) +
                   padded(response->client_data_json.n);
    return HEAD_WORDS * WORD_LEN + tails;
}

enum err assertion_encode(struct wr *w,
                          const struct assertion *a,
                          const struct assertion_response *response,
                          struct diag *why)
{
    TRY(client_data_check_chain_form(response->client_data_json, why));
    size_t head_len = HEAD_WORDS * WORD_LEN;
    wr_bytes(w, SPAN_OF(a->signature.rs));
    write_word(w, a->challenge_index);
    write_word(w, a->type_index);
    write_word(w, head_len);
    write_word(w, head_len + WORD_LEN + padded(response->authenticator_data.n));
    write_tail(w, response->authenticator_data);
    write_tail(w, response->client_data_json);
    return wr_end(w);
}

/* A word that holds a length or an offset; a greater one fails the reader. */
static size_t read_word(struct rd *r)
{
    static const uint8_t zeros[WORD_LEN - 4];
    struct span high = rd_bytes(r, sizeof zeros);
    uint32_t low = rd_be32(r);
    if (!rd_ok(r) || !span_equal(high, SPAN_OF(zeros))) {
        rd_fail(r);
        return 0;
    }
    return low;
}

/* Bytes with their length before them and zeros up to whole words behind. */
static bool read_tail(struct rd *r, struct span *ret)
{
    size_t n = read_word(r);
    *ret = rd_bytes(r, n);
    struct span zeros = rd_bytes(r, padded(n) - n);
    uint8_t any = 0;
    for (size_t i = 0; rd_ok(r) && i < zeros.n; i++) {
        any |= zeros.p[i];
    }
    return rd_ok(r) && any == 0;
}

enum err assertion_decode(struct assertion_response *ret,
                          uint8_t der[static P256_DER_MAX],
                          struct span encoded)
{
    struct assertion_response response;
    struct p256_signature signature;
    struct rd r = rd_init(encoded);
    rd_copy(&r, MSPAN_OF(signature.rs));
    (void)read_word(&r); /* challengeIndex */
    (void)read_word(&r); /* typeIndex */
    size_t first = read_word(&r);
    size_t second = read_word(&r);
    if (!rd_ok(&r) || first != HEAD_WORDS * WORD_LEN ||
        !read_tail(&r, &response.authenticator_data)) {
        return ERR_MALFORMED;
    }
    if (second != first + WORD_LEN + padded(response.authenticator_data.n) ||
        !read_tail(&r, &response.client_data_json) || !rd_end(&r)) {
        return ERR_MALFORMED;
    }
    response.signature = span_of(der, p256_der_encode(der, &signature));
    *ret = response;
    return OK;
}
