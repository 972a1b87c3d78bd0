#ifndef CRYPTO_OPENSSL_EC_H
#define CRYPTO_OPENSSL_EC_H

/* As openssl.h, with curves and big numbers. */
#include "crypto/openssl.h"
#define ERR_STATE OPENSSL_ERR_STATE_TYPE
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#undef ERR_STATE

#endif
