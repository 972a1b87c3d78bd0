#ifndef CRYPTO_BACKEND_H
#define CRYPTO_BACKEND_H

#include "base/err.h"

/* crypto_init readies the backends (libsodium chooses its implementations, OpenSSL reads no
 * configuration file). Call it once in each process before anything else of this folder and before
 * a sandbox closes; calling it again does nothing. ERR_INTERNAL: a backend does not work, stop. */
MUST_CHECK enum err crypto_init(void);

/* What the backends are, for `version`: "OpenSSL 3.0.x". Static text. */
const char *crypto_openssl_version(void);
const char *crypto_sodium_version(void);

#endif
