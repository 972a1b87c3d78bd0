#ifndef P2P_PCP_MESSAGE_H
#define P2P_PCP_MESSAGE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

#include <stdbool.h>
#include <stdint.h>

/* The Port Control Protocol (RFC 6887), version 2: asking a router for a port, opcode MAP. Its bytes; numbers most significant first.
 *
 *     request  = version (1), opcode (1), reserved (2), lifetime (4), our address (16), MAP
 *     response = version (1), 0x80 | opcode (1), reserved (1), result (1), lifetime (4), epoch (4), reserved (12), MAP
 *     MAP      = nonce (12), protocol (1), reserved (3), port inside (2), port outside (2), address outside (16)
 *
 * Lifetimes and epoch are seconds. A response may carry options behind; we use none, and pass over what is there. */

enum {
    PCP_PORT = 5351,
    PCP_VERSION = 2,
    PCP_NONCE_LEN = 12,
    PCP_REQUEST_LEN = 60,
    PCP_RESPONSE_LEN_MAX = 1100, /* RFC 6887, 7 */
};

/* The first 14 as they stand on the wire. */
enum pcp_result {
    PCP_SUCCESS,
    PCP_UNSUPP_VERSION,
    PCP_NOT_AUTHORIZED,
    PCP_MALFORMED_REQUEST,
    PCP_UNSUPP_OPCODE,
    PCP_UNSUPP_OPTION,
    PCP_MALFORMED_OPTION,
    PCP_NETWORK_FAILURE,
    PCP_NO_RESOURCES,
    PCP_UNSUPP_PROTOCOL,
    PCP_USER_EX_QUOTA,
    PCP_CANNOT_PROVIDE_EXTERNAL,
    PCP_ADDRESS_MISMATCH,
    PCP_EXCESSIVE_REMOTE_PEERS,
    PCP_OTHER_RESULT, /* a number that RFC 6887 does not have */
    PCP_UNUSABLE,     /* success, with a lifetime, a port or an address that is none */
    PCP_NO_ANSWER,
};
enum { PCP_RESULT_COUNT = PCP_NO_ANSWER + 1 };

struct pcp_request {
    uint32_t lifetime_s; /* 0: close it */
    uint8_t self[4];     /* our address towards the router */
    uint8_t nonce[PCP_NONCE_LEN];
    bool is_udp;
    uint16_t inside;
    uint16_t outside; /* wished for; 0: any */
    uint8_t ip[4];    /* likewise; 0.0.0.0: any */
};

struct pcp_response {
    enum pcp_result result;
    uint32_t lifetime_s; /* of a failure: for how long it will be the same */
    uint32_t epoch_s;    /* since the router lost what it knew */
    uint8_t nonce[PCP_NONCE_LEN];
    bool is_udp;
    uint16_t inside;
    uint16_t outside;
    uint8_t ip[4]; /* 0.0.0.0: an address that is no IPv4 */
};

/* pcp_request_encode writes PCP_REQUEST_LEN bytes. */
void pcp_request_encode(struct wr *w, const struct pcp_request *q);

/* pcp_response_decode reads an answer to MAP. ERR_UNSUPPORTED: the router says that it does not speak this version, or answers
 * as NAT-PMP does: ask by that. ERR_MALFORMED: anything else, to be passed over. */
MUST_CHECK enum err pcp_response_decode(struct pcp_response *ret_response, struct span in);

/* pcp_result_name is a word for programs, pcp_result_text a clause for people: static text. */
const char *pcp_result_name(enum pcp_result r);
const char *pcp_result_text(enum pcp_result r);

#endif
