/* Multihash: multiformats/multihash. */
#include "codec/multihash.h"

#include "codec/uvarint.h"

enum { SHA2_256_LEN = 32 };

enum err multihash_decode(struct multihash *ret_hash, struct span in)
{
    struct rd r = rd_init(in);
    uint64_t code = uvarint_read(&r);
    uint64_t len = uvarint_read(&r);
    if (!rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    if (code != MULTIHASH_IDENTITY && code != MULTIHASH_SHA2_256) {
        return ERR_UNSUPPORTED;
    }
    if (code == MULTIHASH_SHA2_256 && len != SHA2_256_LEN) {
        return ERR_MALFORMED;
    }
    if (len != r.rest.n) {
        return ERR_MALFORMED;
    }
    if (len > MULTIHASH_IDENTITY_LEN_MAX) {
        return ERR_LIMIT;
    }
    *ret_hash = (struct multihash){.code = code == 0 ? MULTIHASH_IDENTITY : MULTIHASH_SHA2_256,
                                   .digest = r.rest};
    return OK;
}

void multihash_write(struct wr *w, enum multihash_code code, struct span digest)
{
    uvarint_write(w, code);
    uvarint_write(w, digest.n);
    wr_bytes(w, digest);
}
