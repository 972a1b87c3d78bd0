#ifndef CRYPTO_OPENSSL_RSA_H
#define CRYPTO_OPENSSL_RSA_H

/* As openssl.h, with the paddings of RSA. */
#include "crypto/openssl.h"
#define ERR_STATE OPENSSL_ERR_STATE_TYPE
#include <openssl/rsa.h>
#undef ERR_STATE

#endif
