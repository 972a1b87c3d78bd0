/* Start-up of the backends. */
#include "crypto/backend.h"

#include "crypto/openssl.h"

#include <sodium.h>

enum err crypto_init(void)
{
    if (sodium_init() < 0) {
        return ERR_INTERNAL;
    }
    /* No configuration file: what a stranger's openssl.cnf says must not change what we accept. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
        return ERR_INTERNAL;
    }
    return OK;
}

const char *crypto_openssl_version(void)
{
    return OpenSSL_version(OPENSSL_VERSION);
}

const char *crypto_sodium_version(void)
{
    return sodium_version_string();
}
