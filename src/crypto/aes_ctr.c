/* AES-128-CTR over OpenSSL. */
#include "crypto/aes_ctr.h"

#include "base/check.h"
#include "crypto/openssl.h"

#include <limits.h>

enum err aes_ctr(struct mspan out,
                 const uint8_t key[static AES_CTR_KEY_LEN],
                 const uint8_t iv[static AES_CTR_IV_LEN],
                 struct span in)
{
    check(out.n == in.n);
    if (in.n > INT_MAX) {
        return ERR_LIMIT;
    }
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool done = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, key, iv) == 1 &&
                (in.n == 0 ||
                 (EVP_EncryptUpdate(ctx, out.p, &n, in.p, (int)in.n) == 1 && (size_t)n == in.n));
    EVP_CIPHER_CTX_free(ctx); /* wipes the key */
    return done ? OK : ERR_INTERNAL;
}
