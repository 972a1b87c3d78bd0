/* scrypt over libsodium. */
#include "crypto/scrypt.h"

#include "base/arith.h"

#include <sodium.h>

/* The work, 128 n r p bytes: n and r fill the memory, p repeats it. False if it is out of range. */
static bool cost_total(size_t *ret, const struct scrypt_cost *cost)
{
    size_t total = 128;
    bool is_power = cost->n >= 2 && (cost->n & (cost->n - 1)) == 0;
    if (!is_power || cost->r < 1 || cost->p < 1 || cost->n > SCRYPT_MEMORY_MAX) {
        return false;
    }
    bool fits = mul_ok_size(&total, total, (size_t)cost->n) &&
                mul_ok_size(&total, total, cost->r) && mul_ok_size(&total, total, cost->p);
    *ret = total;
    return fits && total <= SCRYPT_MEMORY_MAX;
}

enum err scrypt(struct mspan out,
                struct budget *budget,
                struct span password,
                struct span salt,
                const struct scrypt_cost *cost)
{
    static const uint8_t none[1];
    size_t total;
    if (!cost_total(&total, cost) || out.n < 1 || out.n > SCRYPT_OUT_MAX) {
        return ERR_LIMIT;
    }
    /* One pass' table, a block for each of the p lanes, and the backend's working block. */
    size_t block = (size_t)128 * cost->r;
    size_t memory = total / cost->p + block * cost->p + 2 * block + 64;
    TRY(budget_reserve(budget, memory, NULL));
    int r = crypto_pwhash_scryptsalsa208sha256_ll(password.n > 0 ? password.p : none, password.n,
                                                  salt.n > 0 ? salt.p : none, salt.n, cost->n,
                                                  cost->r, cost->p, out.p, out.n);
    budget_release(budget, memory);
    return r == 0 ? OK : ERR_LIMIT; /* out of memory: the range was checked above */
}
