#ifndef CRYPTO_AES_CTR_H
#define CRYPTO_AES_CTR_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* AES-128 in counter mode (NIST SP 800-38A §6.5), for key files of others. It authenticates nothing: the
 * caller checks a tag first. */
#define AES_CTR_KEY_LEN 16
#define AES_CTR_IV_LEN  16

/* aes_ctr encrypts or decrypts in into out, of the same length; out.p may be in.p. iv is the first counter
 * block. ERR_LIMIT: 2^31 bytes or more. ERR_INTERNAL: backend. */
MUST_CHECK enum err aes_ctr(struct mspan out,
                            const uint8_t key[static AES_CTR_KEY_LEN],
                            const uint8_t iv[static AES_CTR_IV_LEN],
                            struct span in);

#endif
