/* What a server says a call reads. What is trusted is the hash of its own header, so that what hangs below it is reached; sender and
 * callee are its first account and its last. An account that is proven has its place in the body, and its code the hash that the
 * state names. */
#include "base/check.h"
#include "evm/header.h"
#include "service/proven_witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct proven_witness p;
    static struct proven_account account;
    static struct service_witness_account one;
    static const struct proven_known nothing;
    struct service_witness answer;
    struct header h;
    struct span code;
    struct service_request asked = {.type = SERVICE_CALL_WITNESS};
    if (service_witness_decode(&answer, span_of(data, size)) != OK ||
        header_decode(&h, answer.header) != OK) {
        return 0;
    }
    size_t count = 0;
    for (struct span rest = answer.body; service_witness_next(&one, &rest);) {
        asked.from = count == 0 ? one.address : asked.from;
        asked.address = one.address;
        count++;
    }
    check(count == answer.accounts_count);
    asked.block_hash = h.hash;
    if (proven_witness_verify(&p, &h.hash, &asked, &nothing, &answer) != OK) {
        return 0;
    }
    for (struct span rest = answer.body; service_witness_next(&one, &rest);) {
        check(proven_witness_account(&account, &code, &p, one.address) == OK);
        check(account_verify_code(&proven_account_state(&account)->code_hash, code) == OK);
        check(code.n == 0 || (code.p >= data && code.p + code.n <= data + size));
    }
    return 0;
}
