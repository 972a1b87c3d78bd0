#ifndef CRYPTO_OPENSSL_H
#define CRYPTO_OPENSSL_H

/* The one way by which this folder includes OpenSSL: its type ERR_STATE would collide with ours. */
#define ERR_STATE OPENSSL_ERR_STATE_TYPE
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#undef ERR_STATE

#endif
