#ifndef P2P_NOISE_PAYLOAD_H
#define P2P_NOISE_PAYLOAD_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "p2p/noise.h"
#include "p2p/peer_id.h"

#include <stddef.h>
#include <stdint.h>

/* The payload that libp2p puts into messages 1 and 2 of the handshake (libp2p specs, noise/README.md,
 * "The libp2p Handshake Payload"): who the sender is, the proof, and what muxers it speaks. */

/* What the identity signs, in front of the static key. */
#define NOISE_SIGNATURE_PREFIX "noise-libp2p-static-key:"

/* Spans into the decoded bytes. */
struct noise_payload {
    struct span identity_key; /* PublicKey message */
    struct span identity_sig;
    struct span muxers[NOISE_MUXERS_MAX];
    size_t muxers_count;
};

/* noise_payload_decode: ERR_MALFORMED not protobuf, or key or signature missing; ERR_LIMIT more than
 * NOISE_MUXERS_MAX muxers. Proves nothing yet: call noise_payload_verify before using any of it. */
MUST_CHECK enum err noise_payload_decode(struct noise_payload *ret_payload, struct span in);

/* noise_payload_verify checks that the identity signed static_key, and derives its peer id. ERR_AUTH,
 * ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT: all mean to hang up. */
MUST_CHECK enum err noise_payload_verify(struct peer_id *ret_peer,
                                         const struct noise_payload *payload,
                                         const uint8_t static_key[static 32]);

/* noise_payload_write writes a payload from the certificate of noise_identity and a list of muxers. */
void noise_payload_write(struct wr *w,
                         struct span certificate,
                         const struct span *muxers,
                         size_t muxers_count);

/* noise_certificate_write writes the certificate: fields 1 and 2. */
void noise_certificate_write(struct wr *w, struct span identity_key, struct span identity_sig);

#endif
