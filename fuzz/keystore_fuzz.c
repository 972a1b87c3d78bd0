/* Key files: any text ends in a key or a reason. The budget keeps scrypt small; PBKDF2's rounds are cut off by
 * taking only inputs that ask for few, as one slow input would stop a campaign. */
#include "base/check.h"
#include "codec/json.h"
#include "crypto/backend.h"
#include "evm/keystore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROUNDS_MAX = 100 };

static bool is_quick(struct span text)
{
    struct json root;
    struct json crypto;
    struct json params;
    uint64_t rounds;
    if (json_parse(&root, text, NULL) != OK ||
        !(json_find(&crypto, root, "crypto") || json_find(&crypto, root, "Crypto")) ||
        !json_find(&params, crypto, "kdfparams") || json_find_u64(&rounds, params, "c") != OK) {
        return true;
    }
    return rounds <= ROUNDS_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget;
    struct secret32 secret;
    struct diag why = {0};
    check(crypto_init() == OK);
    budget_init(&budget, NULL, "fuzz", 1 << 16);
    struct span text = span_of(data, size);
    if (is_quick(text) &&
        keystore_open(&secret, &budget, text, SPAN_LIT("testpassword"), &why) != OK) {
        check(why.rule != NULL);
    }
    check(budget.used == 0);
    budget_done(&budget);
    return 0;
}
