#ifndef P2P_PEER_ID_H
#define P2P_PEER_ID_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* Peer ids: the multihash of a peer's encoded public key (libp2p/peer-ids, "Peer Ids"). */

/* An encoded key of at most this length stands in the id itself. */
#define PEER_ID_INLINE_MAX 42
#define PEER_ID_LEN_MAX    (2 + PEER_ID_INLINE_MAX)

/* Room for any printed id with its terminating zero. */
#define PEER_ID_TEXT_MAX 64

/* The multihash, n bytes of it in use; the rest is zero, so values compare and copy whole. n is 0 for
 * "no peer". */
struct peer_id {
    uint8_t n;
    uint8_t bytes[PEER_ID_LEN_MAX];
};

static inline struct span peer_id_span(const struct peer_id *id)
{
    return span_of(id->bytes, id->n);
}

bool peer_id_equal(const struct peer_id *a, const struct peer_id *b);

/* peer_id_of_key derives the id of an encoded public key (see key.h), which the caller has decoded
 * and so found well-formed. */
void peer_id_of_key(struct peer_id *ret_id, struct span encoded_key);

/* peer_id_decode takes the bytes of a multihash: identity with at most PEER_ID_INLINE_MAX bytes that
 * are a well-formed key, or SHA-256. ERR_MALFORMED, ERR_UNSUPPORTED (another hash). */
MUST_CHECK enum err peer_id_decode(struct peer_id *ret_id, struct span multihash);

/* peer_id_key gives the encoded key that an inline id carries, a span into id: ERR_NOT_FOUND if it is
 * a hash. */
MUST_CHECK enum err peer_id_key(const struct peer_id *id, struct span *ret_encoded);

/* peer_id_parse reads base58btc (12D3Koo..., 16Uiu2..., Qm...) or a CIDv1 libp2p-key in multibase.
 * ERR_MALFORMED, ERR_UNSUPPORTED as above. */
MUST_CHECK enum err peer_id_parse(struct peer_id *ret_id, struct span text);

/* peer_id_print writes base58btc with a terminating zero; "" for "no peer". */
void peer_id_print(char ret_text[static PEER_ID_TEXT_MAX], const struct peer_id *id);

/* peer_id_print_cid writes CIDv1 in base32, as DNS names and IPNS want it: at most 80 bytes. */
#define PEER_ID_CID_MAX 96
void peer_id_print_cid(char ret_text[static PEER_ID_CID_MAX], const struct peer_id *id);

#endif
