/* The name under which servers are found, and its key in the DHT. */
#include "service/directory.h"

#include "base/check.h"
#include "codec/decimal.h"
#include "codec/multihash.h"
#include "crypto/hash.h"

struct span
directory_name(char ret_room[static DIRECTORY_NAME_LEN_MAX], uint64_t chain_id, uint64_t day)
{
    struct wr t = wr_init(mspan_of(ret_room, DIRECTORY_NAME_LEN_MAX));
    wr_str(&t, "/web3-wallet/1.0/servers/");
    decimal_print(&t, chain_id);
    wr_str(&t, "/");
    decimal_print(&t, day);
    check(wr_ok(&t));
    return span_of(ret_room, t.n);
}

void directory_key(uint8_t ret_key[static DIRECTORY_KEY_LEN], uint64_t chain_id, uint64_t day)
{
    char text[DIRECTORY_NAME_LEN_MAX];
    struct hash32 hash;
    sha256(&hash, directory_name(text, chain_id, day));
    struct wr w = wr_init(mspan_of(ret_key, DIRECTORY_KEY_LEN));
    multihash_write(&w, MULTIHASH_SHA2_256, SPAN_OF(hash.bytes));
    check(wr_end(&w) == OK);
}
