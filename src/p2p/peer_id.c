/* SPEC libp2p/peer-ids §"Peer Ids": an id is a multihash:
 *
 *     00 <length> <encoded key>     the key itself, if it is at most 42 bytes (Ed25519, secp256k1)
 *     12 20 <SHA-256 of it>         else (ECDSA, RSA)
 */
#include "p2p/peer_id.h"

#include "base/check.h"
#include "base/wr.h"
#include "codec/cid.h"
#include "codec/multihash.h"
#include "crypto/hash.h"
#include "p2p/key.h"

#include <string.h>

bool peer_id_equal(const struct peer_id *a, const struct peer_id *b)
{
    return span_equal(peer_id_span(a), peer_id_span(b));
}

static void peer_id_set(struct peer_id *ret_id, struct span multihash)
{
    check(multihash.n <= PEER_ID_LEN_MAX);
    *ret_id = (struct peer_id){.n = (uint8_t)multihash.n};
    memcpy(ret_id->bytes, multihash.p, multihash.n);
}

void peer_id_of_key(struct peer_id *ret_id, struct span encoded_key)
{
    uint8_t bytes[PEER_ID_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    if (encoded_key.n <= PEER_ID_INLINE_MAX) {
        multihash_write(&w, MULTIHASH_IDENTITY, encoded_key);
    } else {
        struct hash32 hash;
        sha256(&hash, encoded_key);
        multihash_write(&w, MULTIHASH_SHA2_256, SPAN_OF(hash.bytes));
    }
    check(wr_ok(&w));
    peer_id_set(ret_id, span_of(bytes, w.n));
}

enum err peer_id_decode(struct peer_id *ret_id, struct span multihash)
{
    struct multihash hash;
    TRY(multihash_decode(&hash, multihash));
    if (hash.code == MULTIHASH_IDENTITY) {
        struct public_key key;
        if (hash.digest.n > PEER_ID_INLINE_MAX) {
            return ERR_MALFORMED;
        }
        TRY(key_decode(&key, hash.digest));
    }
    peer_id_set(ret_id, multihash);
    return OK;
}

enum err peer_id_key(const struct peer_id *id, struct span *ret_encoded)
{
    struct multihash hash;
    if (multihash_decode(&hash, peer_id_span(id)) != OK || hash.code != MULTIHASH_IDENTITY) {
        return ERR_NOT_FOUND;
    }
    *ret_encoded = hash.digest;
    return OK;
}

enum err peer_id_parse(struct peer_id *ret_id, struct span text)
{
    uint8_t bytes[CID_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    enum err e = cid_parse_peer_id(&w, text);
    if (e == ERR_LIMIT) {
        return ERR_MALFORMED; /* longer than any id */
    }
    TRY(e);
    return peer_id_decode(ret_id, span_of(bytes, w.n));
}

void peer_id_print(char ret_text[static PEER_ID_TEXT_MAX], const struct peer_id *id)
{
    struct wr w = wr_init(mspan_of(ret_text, PEER_ID_TEXT_MAX - 1));
    if (id->n > 0) {
        cid_print_peer_id(&w, peer_id_span(id));
    }
    check(wr_ok(&w));
    ret_text[w.n] = '\0';
}

void peer_id_print_cid(char ret_text[static PEER_ID_CID_MAX], const struct peer_id *id)
{
    struct wr w = wr_init(mspan_of(ret_text, PEER_ID_CID_MAX - 1));
    if (id->n > 0) {
        cid_print_peer_cid(&w, peer_id_span(id));
    }
    check(wr_ok(&w));
    ret_text[w.n] = '\0';
}
