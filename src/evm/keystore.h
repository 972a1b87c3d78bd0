#ifndef EVM_KEYSTORE_H
#define EVM_KEYSTORE_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "evm/address.h"

#include <stdint.h>

/* Key files of other wallets: Web3 Secret Storage, version 3. One private key under a password, AES-128-CTR with a
 * Keccak-256 tag, by scrypt or PBKDF2. Kept by us only to take keys in and give them out. */

enum {
    KEYSTORE_TEXT_MAX = 4096, /* bytes of a file that we read */
    KEYSTORE_LEN_MAX = 640,   /* bytes of a file that we write */
};

/* keystore_open reads a file and opens it. ERR_AUTH: the password is wrong, or the file was damaged. ERR_MALFORMED: not such
 * a file, or the key in it is none, or belongs to another address than the file says; why tells. ERR_UNSUPPORTED: another version,
 * cipher or derivation. ERR_LIMIT: too long, or costs beyond what we spend (scrypt.h, pbkdf2.h) or beyond the budget.
 * Takes seconds: never on an event loop. why may be NULL. */
MUST_CHECK enum err keystore_open(struct secret32 *ret_secret,
                                  struct budget *budget,
                                  struct span text,
                                  struct span password,
                                  struct diag *why);

/* What a new file draws at random. */
struct keystore_random {
    uint8_t salt[32];
    uint8_t iv[16];
    uint8_t id[16];
};

/* keystore_seal appends a file to out, by scrypt with 2^log2_n blocks of 1 KiB (18 as others do, 256 MiB). ERR_MALFORMED: the
 * secret is out of range. ERR_LIMIT: log2_n is not 12 to 18, out takes no more, or no budget. */
MUST_CHECK enum err keystore_seal(struct buf *out,
                                  struct budget *budget,
                                  const struct secret32 *secret,
                                  struct span password,
                                  const struct keystore_random *random,
                                  unsigned log2_n);

#endif
