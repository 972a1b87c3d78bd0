/* Argon2id over libsodium. */
#include "crypto/argon2.h"

#include <sodium.h>

enum { MEMORY_KIB_MIN = 8 };

enum err argon2id(struct secret32 *ret_key,
                  struct budget *budget,
                  struct span password,
                  const uint8_t salt[static ARGON2_SALT_LEN],
                  const struct argon2_cost *cost)
{
    bool is_in_range = cost->passes >= 1 && cost->passes <= ARGON2_PASSES_MAX &&
                       cost->memory_kib >= MEMORY_KIB_MIN &&
                       cost->memory_kib <= ARGON2_MEMORY_KIB_MAX &&
                       password.n <= crypto_pwhash_PASSWD_MAX;
    if (!is_in_range) {
        return ERR_LIMIT;
    }
    size_t memory = (size_t)cost->memory_kib * 1024;
    TRY(budget_reserve(budget, memory, NULL));
    int r = crypto_pwhash(ret_key->bytes, sizeof ret_key->bytes,
                          password.n > 0 ? (const char *)password.p : "", password.n, salt,
                          cost->passes, memory, crypto_pwhash_ALG_ARGON2ID13);
    budget_release(budget, memory);
    return r == 0 ? OK : ERR_LIMIT; /* out of memory: the range was checked above */
}
