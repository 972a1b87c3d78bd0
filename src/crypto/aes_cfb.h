#ifndef CRYPTO_AES_CFB_H
#define CRYPTO_AES_CFB_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* AES in cipher feedback mode with segments of 128 bits (NIST SP 800-38A §6.3), as TPMs encrypt what they hand out. It authenticates
 * nothing: what is made with it goes out under a tag. */
#define AES_CFB_IV_LEN 16

/* aes_cfb_encrypt encrypts in into out, of the same length; out.p may be in.p. key: 16 or 32 bytes (else ERR_UNSUPPORTED). ERR_LIMIT: 2^31 bytes
 * or more. ERR_INTERNAL: backend. */
MUST_CHECK enum err aes_cfb_encrypt(struct mspan out,
                                    struct span key,
                                    const uint8_t iv[static AES_CFB_IV_LEN],
                                    struct span in);

#endif
