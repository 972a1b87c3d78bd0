#ifndef EVM_REVERT_H
#define EVM_REVERT_H

#include "base/span.h"
#include "evm/u256.h"

#include <stdint.h>

/* What a call that reverted says for itself. */
enum revert_kind {
    REVERT_EMPTY,     /* no data */
    REVERT_ERROR,     /* Error(string): reason */
    REVERT_PANIC,     /* Panic(uint256): code */
    REVERT_FAILED_OP, /* ERC-4337 FailedOp(uint256,string): code is the index, reason "AAxx ..." */
    REVERT_FAILED_OP_WITH_REVERT, /* ERC-4337 FailedOpWithRevert(uint256,string,bytes): and inner */
    REVERT_OTHER, /* a contract's own error, or broken data: selector if there are 4 bytes */
};

struct revert {
    enum revert_kind kind;
    uint8_t selector[4];
    struct u256 code;
    struct span
        reason; /* text as the contract wrote it: untrusted, perhaps not UTF-8; into the data */
    struct span inner; /* the data of the revert within */
};

/* revert_decode never fails: what it cannot read is REVERT_OTHER. */
struct revert revert_decode(struct span data);

/* revert_panic_text says in words what a code of Panic(uint256) means; never NULL. */
const char *revert_panic_text(struct u256 code);

#endif
