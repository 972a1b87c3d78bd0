/* Revert data: the errors of Solidity ("Control Structures", errors and the panic codes) and of the
 * ERC-4337 EntryPoint. */
#include "evm/revert.h"

#include "evm/abi.h"

#include <stddef.h>
#include <string.h>

static const struct {
    uint8_t selector[ABI_SELECTOR_LEN];
    enum revert_kind kind;
} known[] = {
    {{0x08, 0xc3, 0x79, 0xa0}, REVERT_ERROR                },
    {{0x4e, 0x48, 0x7b, 0x71}, REVERT_PANIC                },
    {{0x22, 0x02, 0x66, 0xb6}, REVERT_FAILED_OP            },
    {{0x65, 0xc8, 0xfd, 0x4d}, REVERT_FAILED_OP_WITH_REVERT},
};

/* arguments_read fills what the kind has; false if the data is not that. */
static bool arguments_read(struct revert *rv, struct span arguments)
{
    struct abi_rd r = abi_rd_init(arguments);
    if (rv->kind != REVERT_ERROR) {
        rv->code = abi_rd_u256(&r);
    }
    if (rv->kind != REVERT_PANIC) {
        rv->reason = abi_rd_bytes(&r);
    }
    if (rv->kind == REVERT_FAILED_OP_WITH_REVERT) {
        rv->inner = abi_rd_bytes(&r);
    }
    return abi_rd_ok(&r);
}

struct revert revert_decode(struct span data)
{
    struct revert rv = {.kind = data.n == 0 ? REVERT_EMPTY : REVERT_OTHER};
    if (data.n < ABI_SELECTOR_LEN) {
        return rv;
    }
    memcpy(rv.selector, data.p, ABI_SELECTOR_LEN);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct revert full = rv;
        full.kind = known[i].kind;
        if (memcmp(rv.selector, known[i].selector, ABI_SELECTOR_LEN) == 0 &&
            arguments_read(&full, span_from(data, ABI_SELECTOR_LEN))) {
            return full;
        }
    }
    return rv;
}

const char *revert_panic_text(struct u256 code)
{
    static const struct {
        uint8_t code;
        const char *text;
    } texts[] = {
        {0x00, "a panic of the compiler"            },
        {0x01, "an assertion of the contract failed"},
        {0x11, "a number over- or underflowed"      },
        {0x12, "a division by zero"                 },
        {0x21, "a value outside its enumeration"    },
        {0x22, "a broken byte array in storage"     },
        {0x31, "a pop from an empty array"          },
        {0x32, "an index beyond the array"          },
        {0x41, "too much memory was asked for"      },
        {0x51, "a call of an unset function"        },
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (u256_equal(code, u256_from_u64(texts[i].code))) {
            return texts[i].text;
        }
    }
    return "an unknown panic";
}
