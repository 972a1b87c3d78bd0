#ifndef CODEC_MULTIHASH_H
#define CODEC_MULTIHASH_H

#include "base/err.h"
#include "base/rd.h"
#include "base/span.h"
#include "base/wr.h"

/* Multihash (multiformats/multihash): uvarint code, uvarint length, digest. We know the two that
 * libp2p's names are made of. */
enum multihash_code { MULTIHASH_IDENTITY = 0x00, MULTIHASH_SHA2_256 = 0x12 };

/* An inlined key is at most 42 bytes; the bounds keep the whole within what base58 converts. */
enum { MULTIHASH_IDENTITY_LEN_MAX = 126, MULTIHASH_LEN_MAX = 2 + MULTIHASH_IDENTITY_LEN_MAX };

struct multihash {
    enum multihash_code code;
    struct span digest; /* sha2-256: 32 bytes */
};

/* multihash_decode reads exactly one from the whole of in. ERR_UNSUPPORTED: another code (the rest is
 * not looked at); ERR_MALFORMED: wrong length, trailing bytes; ERR_LIMIT: identity digest too long. */
MUST_CHECK enum err multihash_decode(struct multihash *ret_hash, struct span in);

void multihash_write(struct wr *w, enum multihash_code code, struct span digest);

#endif
