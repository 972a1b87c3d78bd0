#ifndef P2P_ENVELOPE_H
#define P2P_ENVELOPE_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "p2p/peer_id.h"
#include "p2p/signer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Signed envelopes (libp2p specs, RFC/0002) and the peer records that travel in them (RFC/0003).
 *
 *     envelope    = protobuf { 1 public_key (PublicKey message), 2 payload_type, 3 payload, 5 signature }
 *     signed      = len ‖ domain ‖ len ‖ payload_type ‖ len ‖ payload          (len: uvarint)
 *     peer record = protobuf { 1 peer_id, 2 seq, 3 addresses { 1 multiaddr }, repeated }
 *
 * RFC 0003 and the field differ: the RFC names the domain "libp2p-routing-state" and a type
 * "/libp2p/routing-state-record"; go, js, nim and py use "libp2p-peer-record" and the two raw bytes
 * 03 01. We write the second form and read both. */

enum {
    ENVELOPE_LEN_MAX = 8192, /* bytes of an encoded envelope that we look at */
    ENVELOPE_DOMAIN_LEN_MAX = 64,
    ENVELOPE_TYPE_LEN_MAX = 64,
    PEER_RECORD_ADDRS_MAX = 64, /* of a record: kept; the rest is left out */
};

/* Spans into the decoded bytes. */
struct envelope {
    struct span public_key; /* PublicKey message */
    struct span payload_type;
    struct span payload;
    struct span signature;
};

/* envelope_decode: ERR_MALFORMED not protobuf, or a field missing; ERR_LIMIT longer than
 * ENVELOPE_LEN_MAX. Proves nothing: call envelope_verify. */
MUST_CHECK enum err envelope_decode(struct envelope *ret_envelope, struct span in);

/* envelope_verify checks the signature for one domain and tells who signed. budget holds a copy of the
 * signed bytes for the length of the call. ERR_AUTH; ERR_MALFORMED, ERR_UNSUPPORTED: the key; ERR_LIMIT. */
MUST_CHECK enum err envelope_verify(struct peer_id *ret_signer,
                                    const struct envelope *envelope,
                                    struct span domain,
                                    struct budget *budget);

/* What to seal, for which domain (each at most its _LEN_MAX, not empty). */
struct envelope_content {
    struct span domain;
    struct span payload_type;
    struct span payload;
};

/* envelope_seal has signer sign content and writes the encoded envelope to w, whose failures stick to
 * it. Errors: the signer's, ERR_LIMIT. */
MUST_CHECK enum err envelope_seal(struct wr *w,
                                  const struct envelope_content *content,
                                  struct signer *signer,
                                  struct budget *budget);

/* envelope_is_signable: is message the signed form of some envelope? For signers that check purposes. */
bool envelope_is_signable(struct span message);

struct peer_record {
    struct peer_id peer;
    uint64_t seq;                             /* grows with each change at the peer */
    struct span addrs[PEER_RECORD_ADDRS_MAX]; /* valid multiaddrs, into the decoded bytes */
    size_t addrs_count;
};

/* peer_record_open decodes a sealed record, verifies it, and checks that the peer it speaks of is the
 * signer. Addresses that we cannot read are left out. The caller must still compare seq with what it
 * holds and peer with whom it talks to. ERR_AUTH, ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT: drop it. */
MUST_CHECK enum err
peer_record_open(struct peer_record *ret_record, struct span sealed, struct budget *budget);

/* peer_record_decode reads only the payload, unproven. */
MUST_CHECK enum err peer_record_decode(struct peer_record *ret_record, struct span payload);

/* peer_record_seal writes an envelope with the record of signer's own peer. */
struct peer_record_cfg {
    uint64_t seq;
    const struct span *addrs; /* multiaddr bytes */
    size_t addrs_count;
};
MUST_CHECK enum err peer_record_seal(struct wr *w,
                                     const struct peer_record_cfg *cfg,
                                     struct signer *signer,
                                     struct budget *budget);

#endif
