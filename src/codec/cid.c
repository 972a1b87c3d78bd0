/* Content identifiers: multiformats/cid. */
#include "codec/cid.h"

#include "codec/base58.h"
#include "codec/multibase.h"
#include "codec/multihash.h"
#include "codec/uvarint.h"

enum { CID_V0_LEN = 34, CID_V0_TEXT_LEN = 46 };

static bool is_v0(struct span in)
{
    /* SPEC multiformats/cid §"Decoding Algorithm": 34 bytes that begin 12 20 are version 0, a bare SHA2-256 multihash. */
    return in.n == CID_V0_LEN && in.p[0] == MULTIHASH_SHA2_256 && in.p[1] == 0x20;
}

enum err cid_decode(struct cid *ret_cid, struct span in)
{
    if (in.n > CID_LEN_MAX) {
        return ERR_LIMIT;
    }
    if (is_v0(in)) {
        *ret_cid = (struct cid){.version = 0, .codec = CID_DAG_PB, .multihash = in};
        return OK;
    }
    struct rd r = rd_init(in);
    uint64_t version = uvarint_read(&r);
    uint64_t codec = uvarint_read(&r);
    if (!rd_ok(&r)) {
        return ERR_MALFORMED;
    }
    if (version != 1) {
        return ERR_UNSUPPORTED;
    }
    struct multihash hash;
    TRY(multihash_decode(&hash, r.rest));
    *ret_cid = (struct cid){.version = 1, .codec = codec, .multihash = r.rest};
    return OK;
}

void cid_write(struct wr *w, uint64_t codec, struct span multihash)
{
    uvarint_write(w, 1);
    uvarint_write(w, codec);
    wr_bytes(w, multihash);
}

enum err cid_parse(struct wr *w, struct span text)
{
    if (text.n > CID_TEXT_MAX) {
        return ERR_LIMIT;
    }
    uint8_t store[CID_LEN_MAX];
    struct wr bytes = wr_init(MSPAN_OF(store));
    bool v0 = text.n == CID_V0_TEXT_LEN && span_starts_with(text, SPAN_LIT("Qm"));
    TRY(v0 ? base58_decode(&bytes, text) : multibase_decode(&bytes, text));
    struct cid cid;
    TRY(cid_decode(&cid, span_of(store, bytes.n)));
    if ((cid.version == 0) != v0) {
        /* SPEC multiformats/cid §"Decoding Algorithm": version 0 has no multibase form. */
        return ERR_MALFORMED;
    }
    wr_bytes(w, span_of(store, bytes.n));
    return wr_end(w);
}

enum err cid_print(struct wr *w, struct span cid)
{
    struct cid c;
    TRY(cid_decode(&c, cid));
    if (c.version == 0) {
        base58_encode(w, cid);
    } else {
        multibase_encode(w, MULTIBASE_BASE32, cid);
    }
    return wr_end(w);
}

enum err cid_parse_peer_id(struct wr *w, struct span text)
{
    uint8_t store[CID_LEN_MAX];
    struct wr bytes = wr_init(MSPAN_OF(store));
    struct multihash hash;
    /* SPEC libp2p/peer-ids §"Decoding": text that begins with 1 or Qm is base58 of the multihash; all else is a CID. */
    if (span_starts_with(text, SPAN_LIT("1")) || span_starts_with(text, SPAN_LIT("Qm"))) {
        TRY(base58_decode(&bytes, text));
        TRY(multihash_decode(&hash, span_of(store, bytes.n)));
        wr_bytes(w, span_of(store, bytes.n));
        return wr_end(w);
    }
    TRY(cid_parse(&bytes, text));
    struct cid cid;
    TRY(cid_decode(&cid, span_of(store, bytes.n)));
    if (cid.codec != CID_LIBP2P_KEY) {
        return ERR_UNSUPPORTED;
    }
    wr_bytes(w, cid.multihash);
    return wr_end(w);
}

void cid_print_peer_id(struct wr *w, struct span multihash)
{
    base58_encode(w, multihash);
}

void cid_print_peer_cid(struct wr *w, struct span multihash)
{
    uint8_t store[CID_LEN_MAX];
    struct wr bytes = wr_init(MSPAN_OF(store));
    cid_write(&bytes, CID_LIBP2P_KEY, multihash);
    if (wr_end(&bytes) != OK) {
        wr_fail(w, ERR_LIMIT);
        return;
    }
    multibase_encode(w, MULTIBASE_BASE32, span_of(store, bytes.n));
}
