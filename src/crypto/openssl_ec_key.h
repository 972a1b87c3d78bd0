#ifndef CRYPTO_OPENSSL_EC_KEY_H
#define CRYPTO_OPENSSL_EC_KEY_H

/* As openssl_ec.h, with ECDSA on keys of its older kind. OpenSSL 3.0 calls them deprecated, and needs an eighth more time for a
 * verification on P-256 by its newer way, which looks up and copies the key twice. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/openssl_ec.h"
#define ERR_STATE OPENSSL_ERR_STATE_TYPE
#include <openssl/ecdsa.h>
#undef ERR_STATE

#endif
