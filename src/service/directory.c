/* The key under which servers stand in the DHT. */
#include "service/directory.h"

#include "base/check.h"
#include "codec/decimal.h"
#include "codec/multihash.h"
#include "crypto/hash.h"

void directory_key(uint8_t ret_key[static DIRECTORY_KEY_LEN], uint64_t chain_id, uint64_t day)
{
    char text[96];
    struct hash32 hash;
    struct wr t = wr_init(MSPAN_OF(text));
    wr_str(&t, "/web3-wallet/1.0/servers/");
    decimal_print(&t, chain_id);
    wr_str(&t, "/");
    decimal_print(&t, day);
    check(wr_ok(&t));
    sha256(&hash, span_of(text, t.n));
    struct wr w = wr_init(mspan_of(ret_key, DIRECTORY_KEY_LEN));
    multihash_write(&w, MULTIHASH_SHA2_256, SPAN_OF(hash.bytes));
    check(wr_end(&w) == OK);
}
