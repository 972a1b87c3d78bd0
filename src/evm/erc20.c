/* Calls and events of a token. */
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

/* SPEC eips/ERC-20 §"Events": keccak256("Transfer(address,address,uint256)") */
const struct hash32 erc20_event_topic = {
    .bytes = {0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0,
              0x68, 0xfc, 0x37, 0x8d, 0xaa, 0x95, 0x2b, 0xa7, 0xf1, 0x63, 0xc4,
              0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef}
};

bool erc20_event_decode(struct erc20_event *ret, const struct event_log *log)
{
    enum { TOPICS = 3 };
    struct erc20_event e;
    if (log->topics_count != TOPICS || log->data.n != ABI_WORD_LEN ||
        !span_equal(SPAN_OF(log->topics[0].bytes), SPAN_OF(erc20_event_topic.bytes))) {
        return false;
    }
    struct abi_rd from = abi_rd_init(SPAN_OF(log->topics[1].bytes));
    struct abi_rd to = abi_rd_init(SPAN_OF(log->topics[2].bytes));
    struct abi_rd data = abi_rd_init(log->data);
    e.from = abi_rd_address(&from);
    e.to = abi_rd_address(&to);
    e.amount = abi_rd_u256(&data);
    if (!abi_rd_ok(&from) || !abi_rd_ok(&to) || !abi_rd_ok(&data)) {
        return false;
    }
    *ret = e;
    return true;
}
