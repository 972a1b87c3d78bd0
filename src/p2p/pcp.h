#ifndef P2P_PCP_H
#define P2P_PCP_H

#include "base/instant.h"
#include "base/rng.h"
#include "p2p/pcp_message.h"

#include <stddef.h>

/* A client of the Port Control Protocol (RFC 6887): has the router in front of us open ports, renews and closes them. An engine over
 * datagrams: what pcp_send gives goes to port PCP_PORT of the gateway, and what arrives from anywhere goes to pcp_recv.
 *
 *                     an answer                        an answer, a lifetime 0
 *     ASKING ──────────────────────────> OPEN ──────┐
 *       ^  \  a refusal, or none in 10 s  |  close   v
 *       |   \                             |        CLOSING ──> CLOSED    within 10 s
 *       |ask \────────> FAILED <──────────┘
 *                                  a refusal, or the lifetime is over
 *
 * A renewal leaves a mapping OPEN: three tries and more before its lifetime ends. Options are not used: it asks for itself alone. */

enum { PCP_MAPPINGS_MAX = 8 };

struct pcp_cfg {
    uint8_t gateway[4];  /* whose answers alone are looked at */
    uint8_t self[4];     /* our address towards it */
    uint32_t lifetime_s; /* asked for; the router decides */
    struct rng *rng;     /* outlives the engine; nonces come from it: a good one */
};

enum pcp_state { PCP_ASKING, PCP_OPEN, PCP_FAILED, PCP_CLOSING, PCP_CLOSED };

/* All but the first four members is the engine's own. */
struct pcp_mapping {
    enum pcp_state state;
    enum pcp_result result; /* FAILED: why */
    uint16_t outside;       /* OPEN: not 0. Else what is wished for; 0: any */
    uint8_t ip[4];          /* likewise */
    bool is_udp;
    bool is_waiting; /* for an answer */
    uint16_t inside;
    uint8_t nonce[PCP_NONCE_LEN];
    unsigned tries; /* requests since it was opened or began to ask */
    uint64_t timeout_us;
    instant sent_at;
    instant send_at;
    instant give_up_at; /* ASKING, CLOSING; OPEN: until when a renewal's answer is waited for */
    instant open_at;    /* OPEN: from when, and until when */
    instant expire_at;
    instant retry_at; /* FAILED: not before */
};

struct pcp {
    struct pcp_cfg cfg;
    struct pcp_mapping mappings[PCP_MAPPINGS_MAX];
    size_t count;
    bool has_epoch;
    uint32_t epoch_s; /* in the last answer */
    instant epoch_at;
    uint64_t ignored_count; /* datagrams that are no answer to us */
};

/* Where a datagram came from. */
struct pcp_source {
    uint8_t ip[4];
    uint16_t port;
};

void pcp_init(struct pcp *p, const struct pcp_cfg *cfg);

/* pcp_add wants one more port: ASKING, its request is due. inside is not 0. outside is wished for; 0: any. ERR_LIMIT: there are
 * PCP_MAPPINGS_MAX. */
struct pcp_port {
    bool is_udp;
    uint16_t inside;
    uint16_t outside;
};
MUST_CHECK enum err pcp_add(struct pcp *p, instant now, struct pcp_port port);

/* pcp_ask has those that FAILED ask again, as far as the router does not want to be left alone. */
void pcp_ask(struct pcp *p, instant now);

/* pcp_close closes what is open or may be. The engine opens nothing any more. */
void pcp_close(struct pcp *p, instant now);

/* pcp_recv takes one datagram. Whatever is in it is no failure of ours: there is nothing to return. */
void pcp_recv(struct pcp *p, instant now, const struct pcp_source *from, struct span datagram);

/* pcp_unreachable says that nobody listens at the gateway's port: what asks FAILED, what is open stays until its lifetime ends. */
void pcp_unreachable(struct pcp *p, instant now);

/* pcp_send writes a datagram that is due; 0: none. out has PCP_REQUEST_LEN bytes. */
size_t pcp_send(struct pcp *p, instant now, struct mspan out);

instant pcp_deadline(const struct pcp *p);
void pcp_tick(struct pcp *p, instant now);

/* pcp_is_settled: no mapping is ASKING or CLOSING, and no answer is waited for. */
bool pcp_is_settled(const struct pcp *p);

#endif
