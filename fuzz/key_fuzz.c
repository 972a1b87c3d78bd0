/* Keys of peers and signatures by them. Input: two bytes length of the key, the key, the signature. What decodes must
 * encode to the same bytes, and give an id that decodes again. */
#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "p2p/key.h"
#include "p2p/peer_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rd r = rd_init(span_of(data, size));
    size_t n = rd_be16(&r);
    struct span encoded = rd_bytes(&r, n);
    struct span sig = rd_rest(&r);
    struct public_key key;
    if (!rd_ok(&r) || key_decode(&key, encoded) != OK) {
        return 0;
    }
    uint8_t again[KEY_ENCODED_MAX];
    struct wr w = wr_init(MSPAN_OF(again));
    key_encode(&w, &key);
    check(wr_ok(&w));
    check(span_equal(span_of(again, w.n), encoded));
    struct peer_id id;
    struct peer_id back;
    peer_id_of_key(&id, encoded);
    check(peer_id_decode(&back, peer_id_span(&id)) == OK);
    check(peer_id_equal(&id, &back));
    enum err e = key_verify(&key, SPAN_LIT("a message of ours"), sig);
    check(e == OK || e == ERR_AUTH || e == ERR_MALFORMED || e == ERR_INTERNAL);
    return 0;
}
