#ifndef CRYPTO_RIPEMD160_H
#define CRYPTO_RIPEMD160_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* RIPEMD-160 (ISO/IEC 10118-3): only for the fingerprints of BIP-32. */
#define RIPEMD160_LEN 20

/* ERR_INTERNAL: this build of the backend has it not. */
MUST_CHECK enum err ripemd160(uint8_t ret_hash[static RIPEMD160_LEN], struct span data);

#endif
