/* AEAD over OpenSSL's EVP (one keyed context, an IV a message), and XChaCha20-Poly1305 over libsodium. */
#include "crypto/aead.h"

#include "base/check.h"
#include "crypto/openssl.h"

#include <sodium.h>

#define AEAD_LEN_MAX ((size_t)1 << 31)

static const EVP_CIPHER *aead_cipher(enum aead_kind kind)
{
    switch (kind) {
    case AEAD_CHACHA20_POLY1305: return EVP_chacha20_poly1305();
    case AEAD_AES_256_GCM:       return EVP_aes_256_gcm();
    }
    return NULL;
}

enum err aead_rekey(struct aead *a, const struct secret32 *key)
{
    check(a->ctx);
    return EVP_CipherInit_ex(a->ctx, NULL, NULL, key->bytes, NULL, -1) == 1 ? OK : ERR_INTERNAL;
}

enum err
aead_init(struct aead *a, struct budget *budget, enum aead_kind kind, const struct secret32 *key)
{
    const EVP_CIPHER *cipher = aead_cipher(kind);
    check(cipher);
    TRY(budget_reserve(budget, AEAD_MEM, NULL));
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!ctx || EVP_CipherInit_ex(ctx, cipher, NULL, key->bytes, NULL, 1) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        budget_release(budget, AEAD_MEM);
        return ERR_INTERNAL;
    }
    *a = (struct aead){.ctx = ctx, .budget = budget, .kind = kind};
    return OK;
}

void aead_done(struct aead *a)
{
    if (a->ctx) {
        EVP_CIPHER_CTX_free(a->ctx); /* wipes the key */
        budget_release(a->budget, AEAD_MEM);
    }
    *a = (struct aead){0};
}

/* Starts a message and feeds the associated data. */
static bool message_begin(EVP_CIPHER_CTX *ctx, const uint8_t *nonce, struct span ad, int is_sealing)
{
    int n;
    if (EVP_CipherInit_ex(ctx, NULL, NULL, NULL, nonce, is_sealing) != 1) {
        return false;
    }
    return ad.n == 0 || EVP_CipherUpdate(ctx, NULL, &n, ad.p, (int)ad.n) == 1;
}

static bool message_text(EVP_CIPHER_CTX *ctx, struct mspan out, struct span in)
{
    int n;
    return in.n == 0 ||
           (EVP_CipherUpdate(ctx, out.p, &n, in.p, (int)in.n) == 1 && (size_t)n == in.n);
}

enum err aead_seal(struct aead *a,
                   struct mspan out,
                   const uint8_t nonce[static AEAD_NONCE_LEN],
                   struct span ad,
                   struct span plain)
{
    check(a->ctx);
    if (plain.n >= AEAD_LEN_MAX - AEAD_TAG_LEN || ad.n >= AEAD_LEN_MAX) {
        return ERR_LIMIT;
    }
    check(out.n == plain.n + AEAD_TAG_LEN);
    uint8_t *tag = out.p + plain.n;
    uint8_t end[AEAD_TAG_LEN]; /* neither cipher has a last block to give */
    int n;
    bool sealed = message_begin(a->ctx, nonce, ad, 1) && message_text(a->ctx, out, plain) &&
                  EVP_CipherFinal_ex(a->ctx, end, &n) == 1 &&
                  EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, tag) == 1;
    if (!sealed) {
        wipe(out);
        return ERR_INTERNAL;
    }
    return OK;
}

enum err aead_open(struct aead *a,
                   struct mspan out,
                   const uint8_t nonce[static AEAD_NONCE_LEN],
                   struct span ad,
                   struct span sealed)
{
    check(a->ctx);
    if (sealed.n < AEAD_TAG_LEN) {
        return ERR_TRUNCATED;
    }
    if (sealed.n >= AEAD_LEN_MAX || ad.n >= AEAD_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct span text = span_first(sealed, sealed.n - AEAD_TAG_LEN);
    check(out.n == text.n);
    uint8_t tag[AEAD_TAG_LEN];
    (void)span_copy(MSPAN_OF(tag), span_from(sealed, text.n));
    uint8_t end[AEAD_TAG_LEN];
    int n;
    bool opened = message_begin(a->ctx, nonce, ad, 0) &&
                  EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, tag) == 1 &&
                  message_text(a->ctx, out, text) && EVP_CipherFinal_ex(a->ctx, end, &n) == 1;
    if (!opened) {
        wipe(out);
        return ERR_AUTH;
    }
    return OK;
}

enum err xaead_seal(const struct secret32 *key,
                    struct mspan out,
                    const uint8_t nonce[static XAEAD_NONCE_LEN],
                    struct span ad,
                    struct span plain)
{
    if (plain.n >= AEAD_LEN_MAX - AEAD_TAG_LEN || ad.n >= AEAD_LEN_MAX) {
        return ERR_LIMIT;
    }
    check(out.n == plain.n + AEAD_TAG_LEN);
    int r = crypto_aead_xchacha20poly1305_ietf_encrypt(out.p, NULL, plain.p, plain.n, ad.p, ad.n,
                                                       NULL, nonce, key->bytes);
    return r == 0 ? OK : ERR_INTERNAL;
}

enum err xaead_open(const struct secret32 *key,
                    struct mspan out,
                    const uint8_t nonce[static XAEAD_NONCE_LEN],
                    struct span ad,
                    struct span sealed)
{
    if (sealed.n < AEAD_TAG_LEN) {
        return ERR_TRUNCATED;
    }
    if (sealed.n >= AEAD_LEN_MAX || ad.n >= AEAD_LEN_MAX) {
        return ERR_LIMIT;
    }
    check(out.n == sealed.n - AEAD_TAG_LEN);
    int r = crypto_aead_xchacha20poly1305_ietf_decrypt(out.p, NULL, NULL, sealed.p, sealed.n, ad.p,
                                                       ad.n, nonce, key->bytes);
    if (r != 0) {
        wipe(out);
        return ERR_AUTH;
    }
    return OK;
}
