/* Calls of a token. */
#include "evm/erc20.h"

#include "evm/abi.h"

enum { TRANSFER_LEN = ABI_SELECTOR_LEN + 2 * ABI_WORD_LEN };

bool erc20_transfer_decode(struct erc20_transfer *ret, struct span calldata)
{
    uint8_t selector[ABI_SELECTOR_LEN];
    abi_selector(selector, SPAN_LIT("transfer(address,uint256)"));
    if (calldata.n != TRANSFER_LEN || !span_starts_with(calldata, SPAN_OF(selector))) {
        return false;
    }
    struct abi_rd r = abi_rd_init(span_from(calldata, ABI_SELECTOR_LEN));
    struct erc20_transfer t;
    t.to = abi_rd_address(&r);
    t.amount = abi_rd_u256(&r);
    if (!abi_rd_ok(&r)) {
        return false;
    }
    *ret = t;
    return true;
}
