/* Signed messages. */
#include "evm/eip191.h"

#include "base/check.h"
#include "base/wr.h"
#include "codec/decimal.h"
#include "crypto/keccak.h"

/* SPEC eips/EIP-191 §"Version 0x45 (E)": the byte 0x19, the fixed words, the message's length in decimal, the message. */
void eip191_hash(struct hash32 *ret_hash, struct span message)
{
    uint8_t length[24];
    struct wr w = wr_init(MSPAN_OF(length));
    decimal_print(&w, message.n);
    check(wr_ok(&w));
    const struct span parts[] = {SPAN_LIT("\x19"
                                          "Ethereum Signed Message:\n"),
                                 span_of(length, w.n), message};
    keccak256_of(ret_hash, parts, 3);
}
