#ifndef P2P_HOST_AUTONAT_H
#define P2P_HOST_AUTONAT_H

#include "p2p/autonat_probes.h"
#include "p2p/autonat_quota.h"
#include "p2p/host_dialback.h"
#include "p2p/host_extension.h"

/* AutoNAT on a host: asks peers to dial the addresses that may be ours, and dials for those who ask, if there is a dialler.
 *
 *     host_autonat_set_addrs(&ha, addrs, count)    whenever it changes what may be ours
 *     HOST_EVENT_EXTENSION -> host_autonat_poll    an address has another verdict than before: see ha.probes
 *     host_autonat_dialled(&ha, id, how, i)        what the dialler says: host_dialback_poll of the other host
 *
 * Memory: a stream each of those under way, HOST_AUTONAT_STREAMS_MAX at most, charged to the host. */

enum { HOST_AUTONAT_STREAMS_MAX = 32, HOST_AUTONAT_ASKING_MAX = 4 };

/* Who dials for us. The driver of the other host makes it; start may call host_autonat_dialled only later, not at once. */
struct autonat_dialler {
    enum err (*start)(struct autonat_dialler *self,
                      uint64_t id,
                      const struct host_dialback_args *args);
};

struct host_autonat_cfg {
    struct autonat_dialler *dialler; /* NULL: nobody is dialled for; it asks only */
    struct autonat_policy policy;
    struct autonat_quota_cfg quota;
    uint32_t payload_len; /* 0 = AUTONAT_PAYLOAD_MIN */
};

struct host_autonat_stats {
    uint64_t served_count;  /* requests that a dial answered */
    uint64_t refused_count; /* over a limit */
    uint64_t asked_count;
    uint64_t arrived_count; /* dials with our nonce */
};

struct host_autonat_stream;

struct host_autonat {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_autonat_cfg cfg;
    struct autonat_quota quota;
    struct autonat_probes probes;
    struct list streams;
    uint32_t streams_count;
    uint32_t asking_count; /* our questions: one at a time for each server, and for each address */
    instant ask_at;
    uint32_t ask_turn; /* which peer is the first to be asked */
    bool has_changed;  /* for poll */
    bool is_told;
    struct host_autonat_stats stats;
};

MUST_CHECK enum err
host_autonat_init(struct host_autonat *ha, struct host *host, const struct host_autonat_cfg *cfg);
void host_autonat_done(struct host_autonat *ha);

/* host_autonat_set_addrs says which addresses may be ours; nothing but these is asked for. */
void host_autonat_set_addrs(struct host_autonat *ha, const struct net_addr *addrs, size_t count);
void host_autonat_dialled(struct host_autonat *ha,
                          uint64_t id,
                          enum autonat_dialled how,
                          size_t index);

/* host_autonat_poll: true once after any verdict changed. */
bool host_autonat_poll(struct host_autonat *ha);

#endif
