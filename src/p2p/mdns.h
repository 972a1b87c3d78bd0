#ifndef P2P_MDNS_H
#define P2P_MDNS_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/instant.h"
#include "base/rng.h"
#include "codec/multiaddr.h"
#include "p2p/mdns_message.h"
#include "p2p/net_addr.h"
#include "p2p/peer_id.h"

/* Discovery of peers on the local network (libp2p specs, discovery/mdns.md): asks for "_p2p._udp.local" by multicast,
 * says who we are when others ask, and tells what it hears. An engine over datagrams: what mdns_send gives goes
 * to 224.0.0.251 (and ff02::fb), port 5353, and what arrives there goes to mdns_recv.
 *
 * What it hears is anybody's word: dial an address and see who answers.
 *
 * Memory: sizeof(struct mdns) and, in budget, the addresses that we announce. */

enum {
    MDNS_ADDRS_MAX = 16,     /* announced, and taken from one answer */
    MDNS_FOUND_MAX = 16,     /* waiting to be polled; more are dropped, and heard of again */
    MDNS_PEER_NAME_LEN = 40, /* random: says nothing of us */
};

#define MDNS_SERVICE "_p2p._udp.local"

struct mdns_cfg {
    struct peer_id self;
    struct rng *rng;       /* outlives the engine */
    struct budget *budget; /* likewise */
    const char *service;   /* static text; NULL = MDNS_SERVICE */
    uint64_t interval_us;  /* between two questions once it has settled; 0 = 60 s */
};

struct mdns_found {
    struct peer_id peer;
    uint16_t addr_len;
    uint8_t addr[MULTIADDR_LEN_MAX]; /* multiaddr bytes, without the last /p2p */
};

struct mdns {
    struct mdns_cfg cfg;
    struct mdns_name service;
    struct mdns_name services; /* what the network has altogether: _services._dns-sd._udp.local */
    struct mdns_name ours;
    struct mdns_name host; /* what our SRV record names: as random as ours */
    struct net_addr at; /* the first address of those announced that has an IP address and a port */
    bool has_at;
    struct buf txt; /* strings of our TXT record */
    instant ask_at;
    uint64_t ask_every_us;
    instant answer_at; /* INSTANT_NEVER: nobody has asked */
    instant answered_at;
    instant list_at; /* the same for the question of all services */
    struct mdns_found found[MDNS_FOUND_MAX];
    size_t found_first;
    size_t found_count;
    uint64_t refused_count; /* datagrams that made no sense */
};

/* mdns_init: ERR_MALFORMED for a service that is no name. The first question is due within a second. */
MUST_CHECK enum err mdns_init(struct mdns *m, const struct mdns_cfg *cfg, instant now);
void mdns_done(struct mdns *m);

/* mdns_set_addrs says where we listen: multiaddr bytes, which get /p2p/ and our id. Those that do not fit into a TXT
 * record are left out. None: we do not answer. ERR_LIMIT: the budget. */
MUST_CHECK enum err mdns_set_addrs(struct mdns *m, const struct span *addrs, size_t count);

/* mdns_recv takes one datagram. Whatever is in it is no failure of ours: there is nothing to return. */
void mdns_recv(struct mdns *m, instant now, struct span datagram);

/* mdns_send writes a datagram that is due; 0: none. out has MDNS_SENT_LEN_MAX bytes. */
size_t mdns_send(struct mdns *m, instant now, struct mspan out);

/* mdns_poll gives a peer with one address. */
bool mdns_poll(struct mdns *m, struct mdns_found *ret_found);
instant mdns_deadline(const struct mdns *m);

#endif
