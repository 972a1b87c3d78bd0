#ifndef EVM_ADDRESS_H
#define EVM_ADDRESS_H

#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"

#include <stdbool.h>
#include <stdint.h>

/* The address of an account on an EVM chain. */
struct address {
    uint8_t bytes[20];
};

enum { ADDRESS_TEXT_LEN = 43 }; /* 0x, 40 digits, NUL */

/* What the letters of an address say about it. */
enum address_checksum {
    ADDRESS_CHECKSUM_VALID, /* mixed case, and as EIP-55 wants it */
    ADDRESS_CHECKSUM_NONE,  /* no letters, or all of one case: nothing to check */
    ADDRESS_CHECKSUM_WRONG, /* mixed case, and a typing error somewhere */
};

/* address_parse reads 0x and 40 digits of either case; anything else is ERR_MALFORMED. A wrong checksum is
 * told, not refused: the caller decides, and where a person typed it must refuse. */
MUST_CHECK enum err
address_parse(struct address *ret, enum address_checksum *ret_checksum, struct span text);

/* address_print writes the EIP-55 form, NUL-terminated. */
void address_print(char ret[static ADDRESS_TEXT_LEN], struct address a);

bool address_equal(struct address a, struct address b);
bool address_is_zero(struct address a);

/* address_create2: where CREATE2 puts a contract (EIP-1014). */
struct create2_input {
    struct address deployer;
    uint8_t salt[32];
    struct hash32 init_code_hash; /* keccak-256 of the creation code with its arguments */
};
struct address address_create2(const struct create2_input *in);

/* address_create: where the nonce-th CREATE of deployer puts a contract. */
struct address address_create(struct address deployer, uint64_t nonce);

/* address_of_public_key takes the 64 bytes of an uncompressed secp256k1 key, without its 04. */
struct address address_of_public_key(const uint8_t key[static 64]);

#endif
