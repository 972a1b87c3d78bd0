#ifndef P2P_KAD_SIGNED_H
#define P2P_KAD_SIGNED_H

#include "p2p/kad.h"
#include "p2p/signer.h"

/* Values of the DHT that only one peer can write: under "/signed/" and the bytes of its peer id, and what may follow
 * behind another "/".
 *
 *     value   = signed envelope (p2p/envelope.h), domain "passmesh-dht-value", type "/passmesh/dht-value"
 *     payload = protobuf { 1 key, 2 seq, 3 expires (seconds since 1970), 4 data }
 *
 * The key stands in the payload, so a value is good under its own key only; of two the higher seq wins. */

#define KAD_SIGNED_NAME_SPACE "signed"
#define KAD_SIGNED_DOMAIN     "passmesh-dht-value"
#define KAD_SIGNED_TYPE       "/passmesh/dht-value"

struct kad_signed_value {
    struct span key;
    uint64_t seq;
    uint64_t expires_s;
    struct span data;
};

/* The validator: put &v->validator into kad_cfg.validators. budget holds a copy of a value for the length of a
 * call. */
struct kad_signed {
    struct kad_validator validator; /* first member */
    struct budget *budget;
};
void kad_signed_init(struct kad_signed *v, struct budget *budget);

/* kad_signed_write_key writes the key of a peer's value; name may be empty. */
void kad_signed_write_key(struct wr *w, const struct peer_id *peer, struct span name);

/* kad_signed_decode reads a payload, unproven. kad_signed_open verifies a value under its key: ERR_AUTH,
 * ERR_MALFORMED, ERR_UNSUPPORTED, ERR_TIMEOUT: expired. */
MUST_CHECK enum err kad_signed_decode(struct kad_signed_value *ret_value, struct span payload);
MUST_CHECK enum err kad_signed_open(const struct kad_signed *v,
                                    struct kad_signed_value *ret_value,
                                    struct span key,
                                    struct span value,
                                    walltime wall);

/* kad_signed_seal has signer sign a value whose key is its own. Errors: the signer's, ERR_LIMIT. */
MUST_CHECK enum err kad_signed_seal(struct wr *w,
                                    const struct kad_signed_value *value,
                                    struct signer *signer,
                                    struct budget *budget);

/* kad_signed_peer gives the peer that may write under key: ERR_MALFORMED if it is no such key. */
MUST_CHECK enum err kad_signed_peer(struct peer_id *ret_peer, struct span key);

#endif
