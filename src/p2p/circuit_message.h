#ifndef P2P_CIRCUIT_MESSAGE_H
#define P2P_CIRCUIT_MESSAGE_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "p2p/peer_id.h"
#include "p2p/signer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages of circuit relay v2 (libp2p specs, relay/circuit-v2.md), without length prefix, and the vouchers that a
 * relay signs.
 *
 *     hop   = { 1 type: RESERVE 0, CONNECT 1, STATUS 2; 2 peer, 3 reservation, 4 limit, 5 status }
 *     stop  = { 1 type: CONNECT 0, STATUS 1;            2 peer, 3 limit,       4 status }
 *     peer        = { 1 id, 2 addrs, repeated }          reservation = { 1 expire, 2 addrs, repeated, 3 voucher }
 *     limit       = { 1 duration, 2 data }
 *     voucher     = an envelope of { 1 relay, 2 peer, 3 expiration }, domain libp2p-relay-rsvp, type 03 02 */

#define CIRCUIT_HOP_PROTOCOL  "/libp2p/circuit/relay/0.2.0/hop"
#define CIRCUIT_STOP_PROTOCOL "/libp2p/circuit/relay/0.2.0/stop"

enum {
    CIRCUIT_MESSAGE_LEN_MAX = 4096, /* bytes of a message, read or written */
    CIRCUIT_ADDRS_MAX = 16,         /* of a reservation: read and written; the rest is left out */
};

enum circuit_protocol { CIRCUIT_HOP, CIRCUIT_STOP };

enum circuit_type { CIRCUIT_RESERVE, CIRCUIT_CONNECT, CIRCUIT_STATUS };

/* The specification's numbers. What a peer sends may be any other. */
enum circuit_status {
    CIRCUIT_OK = 100,
    CIRCUIT_RESERVATION_REFUSED = 200,
    CIRCUIT_RESOURCE_LIMIT = 201,
    CIRCUIT_PERMISSION_DENIED = 202,
    CIRCUIT_CONNECTION_FAILED = 203,
    CIRCUIT_NO_RESERVATION = 204,
    CIRCUIT_MALFORMED = 400,
    CIRCUIT_UNEXPECTED = 401,
};

/* What a relayed connection may cost; 0 = no limit. */
struct circuit_limit {
    uint32_t duration_s;
    uint64_t data_len; /* bytes, in each direction */
};

/* One message, whichever it is; what it has not is empty or 0. */
struct circuit_message {
    enum circuit_type type;
    struct span peer;     /* multihash */
    bool has_reservation; /* the next three */
    uint64_t expires_s;   /* since 1970 */
    struct span addrs[CIRCUIT_ADDRS_MAX];
    size_t addrs_count;
    struct span voucher;
    struct circuit_limit limit;
    uint64_t status;
};

/* circuit_message_decode: ERR_MALFORMED; ERR_UNSUPPORTED: a type that the protocol has not; ERR_LIMIT: longer than
 * CIRCUIT_MESSAGE_LEN_MAX. Spans are into the input; addresses are not looked at. */
MUST_CHECK enum err circuit_message_decode(struct circuit_message *ret_message,
                                           enum circuit_protocol protocol,
                                           struct span in);

/* circuit_message_encode writes one. A STOP message has neither RESERVE nor reservation: w fails with ERR_STATE. */
void circuit_message_encode(struct wr *w,
                            enum circuit_protocol protocol,
                            const struct circuit_message *m);

/* A relay's signed word that it will serve a peer until expires_s. */
struct circuit_voucher {
    struct peer_id relay;
    struct peer_id peer;
    uint64_t expires_s; /* since 1970 */
};

/* circuit_voucher_seal writes the envelope of v; signer is the relay. Errors: the signer's, ERR_LIMIT. */
MUST_CHECK enum err circuit_voucher_seal(struct wr *w,
                                         const struct circuit_voucher *v,
                                         struct signer *signer,
                                         struct budget *budget);

/* circuit_voucher_is_of: are these the parts of an envelope in which relay vouches for another peer? For signers that check
 * what they are given. */
bool circuit_voucher_is_of(const struct peer_id *relay,
                           struct span domain,
                           struct span payload_type,
                           struct span payload);

/* circuit_voucher_open decodes and verifies one, and that the relay it names has signed it. ERR_AUTH, ERR_MALFORMED,
 * ERR_UNSUPPORTED, ERR_LIMIT: it is worth nothing. */
MUST_CHECK enum err circuit_voucher_open(struct circuit_voucher *ret_voucher,
                                         struct span sealed,
                                         struct budget *budget);

#endif
