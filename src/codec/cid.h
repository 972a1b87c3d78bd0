#ifndef CODEC_CID_H
#define CODEC_CID_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Content identifiers (multiformats/cid) as far as libp2p's names need them. */
enum cid_codec { CID_DAG_PB = 0x70, CID_RAW = 0x55, CID_LIBP2P_KEY = 0x72 };

enum { CID_LEN_MAX = 160, CID_TEXT_MAX = 320 }; /* bytes, characters */

struct cid {
    uint8_t version;       /* 0 or 1 */
    uint64_t codec;        /* version 0: CID_DAG_PB */
    struct span multihash; /* a multihash that multihash_decode accepts; into the input */
};

/* cid_decode reads exactly one binary CID from the whole of in: version 1, or version 0 (a bare
 * SHA2-256 multihash). ERR_UNSUPPORTED: another version or hash; ERR_MALFORMED. */
MUST_CHECK enum err cid_decode(struct cid *ret_cid, struct span in);
void cid_write(struct wr *w, uint64_t codec, struct span multihash); /* version 1 */

/* cid_parse reads the text of a CID: multibase for version 1, base58 "Qm..." for version 0. The bytes
 * go onto w; decode them with cid_decode. */
MUST_CHECK enum err cid_parse(struct wr *w, struct span text);

/* cid_print writes a binary CID as text: version 1 in base32, version 0 in base58. */
MUST_CHECK enum err cid_print(struct wr *w, struct span cid);

/* SPEC libp2p/peer-ids §"String representation": a peer id is read in either form, and written in base58.
 * cid_parse_peer_id takes base58 of the multihash ("Qm...", "1...") or a CID of version 1 with the codec
 * libp2p-key, and writes the multihash onto w. ERR_MALFORMED, ERR_UNSUPPORTED (another codec or hash). */
MUST_CHECK enum err cid_parse_peer_id(struct wr *w, struct span text);

/* cid_print_peer_id writes base58 of the multihash; cid_print_peer_cid the CID form in base32. */
void cid_print_peer_id(struct wr *w, struct span multihash);
void cid_print_peer_cid(struct wr *w, struct span multihash);

#endif
