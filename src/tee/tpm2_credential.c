/* Making credentials for a TPM. All numbers are big-endian. */
#include "tee/tpm2_credential.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "crypto/aes_cfb.h"
#include "crypto/ecdh.h"
#include "crypto/rsa.h"

enum {
    DRAWS_MAX = 8, /* a number of the curve's length is in range but once in 2^32 */
    RSA_LEN = 256,
    DIGEST_LEN_MAX = SHA2_LEN_MAX,
    KEY_LEN_MAX = 32,
};

/* Labels count with the zero that ends them. */
static const struct span label_identity = SPAN_INIT("IDENTITY\0");
static const struct span label_storage = SPAN_INIT("STORAGE\0");
static const struct span label_integrity = SPAN_INIT("INTEGRITY\0");

/* What the EK's template says. */
struct scheme {
    bool is_long; /* SHA-384 and AES-256, else SHA-256 and AES-128 */
    size_t digest_len;
    size_t key_len;
};

static const struct scheme short_scheme = {false, 32, 16};
static const struct scheme long_scheme = {true, 48, 32};

static void
hmac(uint8_t *ret, const struct scheme *s, struct span key, const struct span *parts, size_t count)
{
    if (s->is_long) {
        hmac_sha384(ret, key, parts, count);
        return;
    }
    AUTO(secret32_wipe) struct secret32 mac;
    hmac_sha256(&mac, key, parts, count);
    (void)span_copy(mspan_of(ret, s->digest_len), SPAN_OF(mac.bytes));
}

static const uint8_t counter_one[4] = {0, 0, 0, 1};

/* SPEC tpm/2.0-1 §"KDFa": the HMAC of a counter, the label with its zero, the context, and how many bits are asked for. One turn gives all that is
 * asked for here. */
static void kdfa(struct mspan out,
                 const struct scheme *s,
                 struct span seed,
                 struct span label,
                 struct span context)
{
    uint8_t room[DIGEST_LEN_MAX];
    uint32_t bits = (uint32_t)out.n * 8;
    const uint8_t bits_text[4] = {(uint8_t)(bits >> 24), (uint8_t)(bits >> 16),
                                  (uint8_t)(bits >> 8), (uint8_t)bits};
    const struct span parts[] = {SPAN_OF(counter_one), label, context, SPAN_OF(bits_text)};
    check(out.n <= s->digest_len);
    hmac(room, s, seed, parts, 4);
    (void)span_copy(out, span_of(room, out.n));
    wipe(MSPAN_OF(room));
}

/* SPEC tpm/2.0-1 §"KDFe": the hash of a counter, the shared coordinate, the label with its zero, and both parties' x. */
static void kdfe(uint8_t ret_seed[static DIGEST_LEN_MAX],
                 const struct scheme *s,
                 const struct ecdh *e,
                 struct span ek_x)
{
    const struct span parts[] = {SPAN_OF(counter_one), span_of(e->shared, ek_x.n), label_identity,
                                 span_of(e->xy, ek_x.n), ek_x};
    (void)sha2_of(ret_seed, s->is_long, parts, 5);
}

/* A seed, drawn, and what carries it to an RSA EK. */
static enum err seed_to_rsa(uint8_t ret_seed[static DIGEST_LEN_MAX],
                            struct wr *w,
                            struct span spki,
                            struct rng *rng)
{
    uint8_t cipher[RSA_LEN];
    size_t n = 0;
    AUTO(secret32_wipe) struct secret32 padding;
    rng_fill(rng, mspan_of(ret_seed, short_scheme.digest_len));
    rng_fill(rng, MSPAN_OF(padding.bytes));
    /* SPEC tpm/2.0-1 §"RSAES_OAEP": the label counts with its zero. */
    const struct rsa_oaep in = {.label = label_identity,
                                .seed = SPAN_OF(padding.bytes),
                                .message = span_of(ret_seed, short_scheme.digest_len)};
    enum err e = rsa_oaep_encrypt(MSPAN_OF(cipher), &n, spki, &in);
    if (e == ERR_LIMIT || (e == OK && n != sizeof cipher)) {
        return ERR_UNSUPPORTED; /* another size than the template's */
    }
    TRY(e);
    wr_be16_sized(w, SPAN_OF(cipher));
    return OK;
}

/* A seed, agreed upon with an elliptic EK, and our point of it. */
static enum err seed_to_curve(uint8_t ret_seed[static DIGEST_LEN_MAX],
                              struct wr *w,
                              enum ecdsa_curve curve,
                              struct span xy,
                              struct rng *rng)
{
    AUTO(ecdh_wipe) struct ecdh e;
    uint8_t number[ECDSA_COORDINATE_LEN_MAX];
    size_t half = xy.n / 2;
    enum err err = ERR_MALFORMED;
    for (int i = 0; i < DRAWS_MAX && err == ERR_MALFORMED; i++) {
        rng_fill(rng, mspan_of(number, half));
        err = ecdh_agree(&e, curve, span_of(number, half), xy);
    }
    wipe(MSPAN_OF(number));
    TRY(err == ERR_MALFORMED ? ERR_INTERNAL : err);
    kdfe(ret_seed, curve == ECDSA_P384 ? &long_scheme : &short_scheme, &e, span_first(xy, half));
    wr_be16(w, (uint16_t)(2 * (2 + half)));
    wr_be16_sized(w, span_of(e.xy, half));
    wr_be16_sized(w, span_of(e.xy + half, half));
    return OK;
}

/* SPEC tpm/2.0-1 §"Credential Protection": the secret with its length is encrypted under a key that the name is part of; the tag is over that and the
 * name. */
static enum err write_object(struct wr *w,
                             const struct scheme *s,
                             struct span seed,
                             struct span name,
                             const struct secret32 *secret)
{
    static const uint8_t iv[AES_CFB_IV_LEN];
    uint8_t key[DIGEST_LEN_MAX];
    uint8_t tag[DIGEST_LEN_MAX];
    uint8_t inner[2 + sizeof secret->bytes];
    struct wr i = wr_init(MSPAN_OF(inner));
    wr_be16_sized(&i, SPAN_OF(secret->bytes));
    kdfa(mspan_of(key, s->key_len), s, seed, label_storage, name);
    enum err e = aes_cfb_encrypt(MSPAN_OF(inner), span_of(key, s->key_len), iv, SPAN_OF(inner));
    kdfa(mspan_of(key, s->digest_len), s, seed, label_integrity, SPAN_EMPTY);
    const struct span parts[] = {SPAN_OF(inner), name};
    hmac(tag, s, span_of(key, s->digest_len), parts, 2);
    wipe(MSPAN_OF(key));
    if (e == OK) {
        wr_be16(w, (uint16_t)(2 + s->digest_len + sizeof inner));
        wr_be16_sized(w, span_of(tag, s->digest_len));
        wr_bytes(w, SPAN_OF(inner));
    }
    wipe(MSPAN_OF(inner));
    return e;
}

enum err tpm2_credential_make(struct tpm2_credential *ret,
                              struct span ek_spki,
                              struct span name,
                              const struct secret32 *secret,
                              struct rng *rng)
{
    uint8_t carrier[TPM2_ENCRYPTED_SECRET_LEN_MAX];
    uint8_t seed[DIGEST_LEN_MAX];
    struct tpm2_credential made;
    struct wr c = wr_init(MSPAN_OF(carrier));
    struct wr w = wr_init(MSPAN_OF(made.bytes));
    enum ecdsa_curve curve = ECDSA_P256;
    struct span xy;
    check(name.n == TPM2_NAME_LEN);
    enum err e = ecdsa_spki_decode(&curve, &xy, ek_spki);
    if (e == OK && curve == ECDSA_P521) {
        return ERR_UNSUPPORTED;
    }
    const struct scheme *s = e == OK && curve == ECDSA_P384 ? &long_scheme : &short_scheme;
    if (e == ERR_UNSUPPORTED) {
        e = seed_to_rsa(seed, &c, ek_spki, rng);
    } else if (e == OK) {
        e = seed_to_curve(seed, &c, curve, xy, rng);
    }
    e = e == OK ? write_object(&w, s, span_of(seed, s->digest_len), name, secret) : e;
    wipe(MSPAN_OF(seed));
    TRY(e);
    wr_bytes(&w, span_of(carrier, c.n));
    TRY(wr_end(&c));
    TRY(wr_end(&w));
    made.n = w.n;
    *ret = made;
    return OK;
}

enum err tpm2_credential_split(struct tpm2_credential_parts *ret, struct span in)
{
    struct tpm2_credential_parts p;
    struct rd r = rd_init(in);
    p.id_object = rd_be16_sized(&r);
    p.encrypted_secret = rd_be16_sized(&r);
    bool is_short = p.id_object.n <= TPM2_ID_OBJECT_LEN_MAX - 2 &&
                    p.encrypted_secret.n <= TPM2_ENCRYPTED_SECRET_LEN_MAX - 2;
    if (!rd_end(&r) || !is_short || p.id_object.n == 0 || p.encrypted_secret.n == 0) {
        return ERR_MALFORMED;
    }
    *ret = p;
    return OK;
}
