#ifndef P2P_HOST_DIALBACK_H
#define P2P_HOST_DIALBACK_H

#include "p2p/autonat.h"
#include "p2p/host_extension.h"

/* The dialler of an AutoNAT server: an extension of a host of its own, with another identity and its own sockets, which
 * listens to nothing. So a dial back never leaves by a port through which a NAT lets answers in, and is never mistaken for
 * the connection that is there already (libp2p specs, autonat/autonat-v2.md, "Implementation Suggestions").
 *
 *     host_dialback_start(&hd, id, &args)   ... HOST_EVENT_EXTENSION -> host_dialback_poll: {id, how, index}
 *
 * Each job dials, tells the nonce if there is one, hangs up, and is reported once. Memory: its table, of fixed size, and
 * what the host charges. */

enum { HOST_DIALBACK_JOBS_MAX = 16 };

struct host_dialback_args {
    const struct peer_id *peer;
    const struct net_addr *addrs; /* copied; tried in this order, a little apart */
    size_t addrs_count;           /* 1 to AUTONAT1_DIALS_MAX */
    bool has_nonce;               /* AutoNAT 2 */
    uint64_t nonce;
};

struct host_dialback_event {
    uint64_t id;
    enum autonat_dialled how;
    size_t index; /* of the address, if it worked */
};

enum host_dialback_state {
    HOST_DIALBACK_FREE,
    HOST_DIALBACK_DIALLING,
    HOST_DIALBACK_TELLING,
    HOST_DIALBACK_OVER, /* to be reported */
};

struct host_dialback_job {
    enum host_dialback_state state;
    uint64_t id;
    uint64_t dial;
    struct peer_id peer;
    struct net_addr addrs[AUTONAT1_DIALS_MAX];
    size_t addrs_count;
    bool has_nonce;
    uint64_t nonce;
    host_stream stream;
    struct autonat_back back;
    enum autonat_dialled how;
    size_t index;
};

struct host_dialback {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_dialback_job jobs[HOST_DIALBACK_JOBS_MAX];
    bool is_told;
};

void host_dialback_init(struct host_dialback *hd, struct host *host);
void host_dialback_done(struct host_dialback *hd);

/* ERR_LIMIT: too many jobs, or the host's limits; ERR_STATE: one for this peer is under way, or hanging up still. */
MUST_CHECK enum err
host_dialback_start(struct host_dialback *hd, uint64_t id, const struct host_dialback_args *args);
bool host_dialback_poll(struct host_dialback *hd, struct host_dialback_event *ret_event);

#endif
