/* RSA verification and encryption: the key is read by our own strict reader, so that OpenSSL's decoders never see a
 * stranger's bytes, and its size is bounded before any arithmetic. */
#include "crypto/rsa.h"

#include "base/check.h"
#include "base/wr.h"
#include "codec/der.h"
#include "crypto/hash.h"
#include "crypto/openssl_rsa.h"

#include <string.h>

#define MODULUS_LEN_MAX  (RSA_BITS_MAX / 8)
#define EXPONENT_LEN_MAX 5

/* 1.2.840.113549.1.1.1 (RFC 8017 appendix A.1). */
static const uint8_t oid_rsa_encryption[9] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};

/* Big-endian without leading zeros, spans into the SPKI. */
struct rsa_public {
    struct span modulus;
    struct span exponent;
};

static size_t bits_count(struct span number)
{
    size_t bits = number.n * 8;
    for (uint8_t top = number.n > 0 ? number.p[0] : 0xff; !(top & 0x80) && bits > 0; bits--) {
        top = (uint8_t)(top << 1);
    }
    return bits;
}

static enum err rsa_check_size(const struct rsa_public *key)
{
    size_t bits = bits_count(key->modulus);
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX || !(key->modulus.p[key->modulus.n - 1] & 1)) {
        return ERR_LIMIT;
    }
    bool is_odd = key->exponent.p[key->exponent.n - 1] & 1;
    bool is_one = key->exponent.n == 1 && key->exponent.p[0] == 1;
    size_t exponent_bits = bits_count(key->exponent);
    return is_odd && !is_one && exponent_bits <= 32 ? OK : ERR_LIMIT;
}

void rsa_spki_write(struct wr *w, struct span modulus, struct span exponent)
{
    size_t algorithm = der_len(sizeof oid_rsa_encryption) + der_len(0);
    size_t pair = der_uint_len(modulus) + der_uint_len(exponent);
    size_t bits = 1 + der_len(pair); /* behind a byte that says how many of the last are unused */
    der_write_header(w, DER_SEQUENCE, der_len(algorithm) + der_len(bits));
    der_write_header(w, DER_SEQUENCE, algorithm);
    der_write(w, DER_OID, SPAN_OF(oid_rsa_encryption));
    der_write(w, DER_NULL, SPAN_EMPTY);
    der_write_header(w, DER_BIT_STRING, bits);
    wr_u8(w, 0);
    der_write_header(w, DER_SEQUENCE, pair);
    der_write_uint(w, modulus);
    der_write_uint(w, exponent);
}

static enum err rsa_spki_decode(struct rsa_public *ret_key, struct span spki)
{
    struct rd r = rd_init(spki);
    struct rd info = der_enter(&r, DER_SEQUENCE);
    struct rd algorithm = der_enter(&info, DER_SEQUENCE);
    struct span oid = der_read(&algorithm, DER_OID);
    struct span bits = der_read_bits(&info);
    if (!rd_ok(&algorithm) || !rd_end(&info) || !rd_end(&r)) {
        return ERR_MALFORMED;
    }
    if (!span_equal(oid, SPAN_OF(oid_rsa_encryption))) {
        return ERR_UNSUPPORTED;
    }
    /* SPEC RFC8017 §"A.1": the parameters of rsaEncryption are NULL. */
    struct span none = der_read(&algorithm, DER_NULL);
    struct rd body = rd_init(bits);
    struct rd pair = der_enter(&body, DER_SEQUENCE);
    struct rsa_public key;
    key.modulus = der_read_uint(&pair);
    key.exponent = der_read_uint(&pair);
    if (!rd_end(&algorithm) || none.n != 0 || !rd_end(&pair) || !rd_end(&body)) {
        return ERR_MALFORMED;
    }
    TRY(rsa_check_size(&key));
    *ret_key = key;
    return OK;
}

enum err rsa_spki_check(struct span spki)
{
    struct rsa_public key;
    return rsa_spki_decode(&key, spki);
}

/* The backend takes numbers in its machine's byte order. */
static void number_native(uint8_t *out, struct span number)
{
    for (size_t i = 0; i < number.n; i++) {
        size_t from = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? number.n - 1 - i : i;
        out[i] = number.p[from];
    }
}

static void pkey_free(EVP_PKEY **k)
{
    EVP_PKEY_free(*k);
}

static void pkey_ctx_free(EVP_PKEY_CTX **c)
{
    EVP_PKEY_CTX_free(*c);
}

static void md_ctx_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static EVP_PKEY *rsa_pkey(const struct rsa_public *key)
{
    uint8_t modulus[MODULUS_LEN_MAX];
    uint8_t exponent[EXPONENT_LEN_MAX];
    number_native(modulus, key->modulus);
    number_native(exponent, key->exponent);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, key->modulus.n),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, key->exponent.n),
        OSSL_PARAM_construct_end(),
    };
    AUTO(pkey_ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pkey = NULL;
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        return NULL;
    }
    return pkey;
}

struct scheme {
    const char *digest;
    int padding;
    int salt_len; /* PSS only */
};

static const struct scheme schemes[] = {
    [RSA_PKCS1_SHA256] = {"SHA256", RSA_PKCS1_PADDING,     0                   },
    [RSA_PKCS1_SHA384] = {"SHA384", RSA_PKCS1_PADDING,     0                   },
    [RSA_PSS_SHA256] = {"SHA256", RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_AUTO},
    [RSA_PSS_SHA384] = {"SHA384", RSA_PKCS1_PSS_PADDING, 48                  },
};

static bool scheme_set(EVP_PKEY_CTX *ctx, const struct scheme *s)
{
    return EVP_PKEY_CTX_set_rsa_padding(ctx, s->padding) == 1 &&
           (s->salt_len == 0 || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, s->salt_len) == 1);
}

enum err
rsa_verify_as(enum rsa_scheme scheme, struct span spki, struct span message, struct span sig)
{
    struct rsa_public key;
    const struct scheme *s = &schemes[scheme];
    TRY(rsa_spki_decode(&key, spki));
    /* SPEC RFC8017 §"8.2.2": the signature is exactly as long as the modulus. */
    if (sig.n != key.modulus.n) {
        return ERR_AUTH;
    }
    AUTO(pkey_free) EVP_PKEY *pkey = rsa_pkey(&key);
    AUTO(md_ctx_free) EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL; /* owned by md */
    if (!pkey || !md) {
        ERR_clear_error();
        return ERR_INTERNAL;
    }
    bool holds = EVP_DigestVerifyInit_ex(md, &ctx, s->digest, NULL, NULL, pkey, NULL) == 1 &&
                 scheme_set(ctx, s) &&
                 EVP_DigestVerify(md, sig.p, sig.n, message.p, message.n) == 1;
    ERR_clear_error();
    return holds ? OK : ERR_AUTH;
}

enum err rsa_verify(struct span spki, struct span message, struct span sig)
{
    return rsa_verify_as(RSA_PKCS1_SHA256, spki, message, sig);
}

enum err rsa_pss_verify(struct span spki, struct span message, struct span sig)
{
    return rsa_verify_as(RSA_PSS_SHA256, spki, message, sig);
}

/* SPEC RFC8017 §"B.2.1": MGF1 with SHA-256: hashes of seed and a counter; they are mixed in right away. */
static void mask(struct mspan target, struct span seed)
{
    AUTO(secret32_wipe) struct secret32 part;
    for (size_t at = 0; at < target.n; at++) {
        size_t i = at / sizeof part.bytes;
        if (at % sizeof part.bytes == 0) {
            struct hash32 hash;
            const uint8_t counter[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
                                        (uint8_t)i};
            const struct span parts[] = {seed, SPAN_OF(counter)};
            sha256_of(&hash, parts, 2);
            memcpy(part.bytes, hash.bytes, sizeof part.bytes);
            wipe(MSPAN_OF(hash.bytes));
        }
        target.p[at] ^= part.bytes[at % sizeof part.bytes];
    }
}

/* SPEC RFC8017 §"7.1.1": a zero, the masked seed, the masked block of label hash, zeros, a one and the message. */
static void oaep_pad(struct mspan em, const struct rsa_oaep *in)
{
    struct hash32 label;
    struct mspan seed = mspan_first(mspan_from(em, 1), RSA_OAEP_SEED_LEN);
    struct mspan block = mspan_from(em, 1 + RSA_OAEP_SEED_LEN);
    struct wr w = wr_init(em);
    sha256(&label, in->label);
    wr_u8(&w, 0);
    wr_bytes(&w, in->seed);
    wr_bytes(&w, SPAN_OF(label.bytes));
    wr_zeros(&w, block.n - sizeof label.bytes - 1 - in->message.n);
    wr_u8(&w, 1);
    wr_bytes(&w, in->message);
    check(wr_ok(&w));
    check(w.n == em.n);
    mask(block, in->seed);
    mask(seed, span_of(block.p, block.n));
}

enum err
rsa_oaep_encrypt(struct mspan out, size_t *ret_len, struct span spki, const struct rsa_oaep *in)
{
    uint8_t room[MODULUS_LEN_MAX];
    struct rsa_public key;
    check(in->seed.n == RSA_OAEP_SEED_LEN);
    TRY(rsa_spki_decode(&key, spki));
    size_t len = key.modulus.n;
    if (in->message.n > len - 2 * RSA_OAEP_SEED_LEN - 2 || len > out.n) {
        return ERR_LIMIT;
    }
    struct mspan em = mspan_of(room, len);
    oaep_pad(em, in);
    AUTO(pkey_free) EVP_PKEY *pkey = rsa_pkey(&key);
    AUTO(pkey_ctx_free)
    EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
    size_t n = len;
    bool done = ctx && EVP_PKEY_encrypt_init(ctx) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 &&
                EVP_PKEY_encrypt(ctx, out.p, &n, em.p, em.n) == 1 && n == len;
    wipe(em);
    ERR_clear_error();
    if (!done) {
        return ERR_INTERNAL;
    }
    *ret_len = len;
    return OK;
}
