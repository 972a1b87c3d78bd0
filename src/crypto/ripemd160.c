/* RIPEMD-160 over OpenSSL. */
#include "crypto/ripemd160.h"

#include "crypto/openssl.h"

enum err ripemd160(uint8_t ret_hash[static RIPEMD160_LEN], struct span data)
{
    unsigned n = RIPEMD160_LEN;
    static const uint8_t none[1];
    int r = EVP_Digest(data.n > 0 ? data.p : none, data.n, ret_hash, &n, EVP_ripemd160(), NULL);
    return r == 1 ? OK : ERR_INTERNAL;
}
