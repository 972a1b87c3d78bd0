/* PBKDF2 over OpenSSL. */
#include "crypto/pbkdf2.h"

#include "crypto/openssl.h"

#include <limits.h>

static enum err
derive(struct mspan out, const EVP_MD *md, struct span password, struct span salt, uint32_t rounds)
{
    static const uint8_t none[1];
    bool is_in_range = rounds >= 1 && rounds <= PBKDF2_ROUNDS_MAX && out.n >= 1 &&
                       out.n <= PBKDF2_OUT_MAX && password.n <= INT_MAX && salt.n <= INT_MAX;
    if (!is_in_range) {
        return ERR_LIMIT;
    }
    const char *text = (const char *)(password.n > 0 ? password.p : none);
    int r = PKCS5_PBKDF2_HMAC(text, (int)password.n, salt.n > 0 ? salt.p : none, (int)salt.n,
                              (int)rounds, md, (int)out.n, out.p);
    return r == 1 ? OK : ERR_INTERNAL;
}

enum err pbkdf2_sha256(struct mspan out, struct span password, struct span salt, uint32_t rounds)
{
    return derive(out, EVP_sha256(), password, salt, rounds);
}

enum err pbkdf2_sha512(struct mspan out, struct span password, struct span salt, uint32_t rounds)
{
    return derive(out, EVP_sha512(), password, salt, rounds);
}
