#ifndef P2P_HOST_GOSSIP_H
#define P2P_HOST_GOSSIP_H

#include "codec/frame.h"
#include "p2p/gossip.h"
#include "p2p/host_extension.h"

/* Gossipsub on a host: one stream out to each peer that speaks it, and what comes in on theirs.
 *
 *     host_gossip_init(&hg, &host, &cfg)
 *     gossip_subscribe(&hg.gossip, now, topic, &cfg)   (any command of gossip.h; then pump the driver)
 *     HOST_EVENT_EXTENSION with &hg.extension  ->  while (host_gossip_poll(&hg, &e)) judge with gossip_validated
 *
 * Each side opens its own stream to speak on; the highest version that the peer's identify names is used. Peers
 * that others in good standing tell of are dialled, while there are fewer than px_peers_max.
 *
 * Memory: cfg.gossip.memory_max for gossipsub, memory_max for RPCs under way, both within the host's. An RPC that comes in has a
 * time to be complete; where memory is short, the one that began first makes way. */

struct host_gossip_cfg {
    struct gossip_cfg gossip; /* self, signer, rng and parent are filled in */
    bool no_floodsub;         /* do not offer the oldest protocol */
    size_t memory_max;        /* bytes of RPCs under way; 0 = 8 MiB */
    uint32_t px_peers_max;    /* dial what peer exchange names below so many peers; 0 = 40 */
};

struct host_gossip_stream {
    host_stream id;
    struct peer_id peer;
    bool inbound;
    bool is_known;              /* outbound: gossip has been told */
    struct frame_reader frames; /* inbound */
    struct list in_partial;     /* inbound, while a part of an RPC is here */
    instant partial_until;
    struct buf out; /* outbound: an RPC behind its length */
};

/* A peer that speaks gossipsub. */
struct host_gossip_peer {
    struct peer_id id;
    enum gossip_version version;
    struct host_gossip_stream *out; /* NULL: none */
    uint8_t tries;
};

struct host_gossip {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_gossip_cfg cfg;
    struct budget budget;
    struct gossip gossip;
    struct map streams;  /* stream id -> struct host_gossip_stream */
    struct map peers;    /* peer id -> struct host_gossip_peer */
    struct list partial; /* streams with a part of an RPC, the oldest first */
    struct buf rpc;
    bool is_told;
};

/* host_gossip_init adds gossipsub to a host; host_gossip_done takes it away, before host_done. ERR_LIMIT,
 * ERR_STATE: its protocols are handled already. */
MUST_CHECK enum err
host_gossip_init(struct host_gossip *hg, struct host *host, const struct host_gossip_cfg *cfg);
void host_gossip_done(struct host_gossip *hg);

/* host_gossip_poll gives events MESSAGE. */
bool host_gossip_poll(struct host_gossip *hg, struct gossip_event *ret_event);

#endif
