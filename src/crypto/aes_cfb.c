/* AES-CFB over OpenSSL. */
#include "crypto/aes_cfb.h"

#include "base/check.h"
#include "crypto/openssl.h"

#include <limits.h>

enum err aes_cfb_encrypt(struct mspan out,
                         struct span key,
                         const uint8_t iv[static AES_CFB_IV_LEN],
                         struct span in)
{
    check(out.n == in.n);
    if (key.n != 16 && key.n != 32) {
        return ERR_UNSUPPORTED;
    }
    if (in.n > INT_MAX) {
        return ERR_LIMIT;
    }
    const EVP_CIPHER *cipher = key.n == 16 ? EVP_aes_128_cfb128() : EVP_aes_256_cfb128();
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n = 0;
    bool done = ctx && EVP_EncryptInit_ex(ctx, cipher, NULL, key.p, iv) == 1 &&
                (in.n == 0 ||
                 (EVP_EncryptUpdate(ctx, out.p, &n, in.p, (int)in.n) == 1 && (size_t)n == in.n));
    EVP_CIPHER_CTX_free(ctx); /* wipes the key */
    return done ? OK : ERR_INTERNAL;
}
