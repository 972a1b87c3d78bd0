#ifndef NODE_DAEMON_INSIDE_H
#define NODE_DAEMON_INSIDE_H

#include "crypto/backend.h"
#include "node/api/api.h"
#include "node/api/local.h"
#include "node/api/page.h"
#include "node/api/web.h"
#include "node/attest/attest_asker.h"
#include "node/config/fetch.h"
#include "node/config/networks.h"
#include "node/daemon/anchor.h"
#include "node/daemon/copies.h"
#include "node/daemon/daemon.h"
#include "node/daemon/identities.h"
#include "node/daemon/light.h"
#include "node/daemon/own_node.h"
#include "node/daemon/servers.h"
#include "node/keyd/keyd_client.h"
#include "node/net/directory_host.h"
#include "node/net/mdns_socket.h"
#include "node/net/near.h"
#include "node/net/public_dht.h"
#include "node/net/reach_json.h"
#include "node/net/rendezvous_points.h"
#include "node/net/tcp.h"
#include "node/os/entropy.h"
#include "node/os/hardware.h"
#include "node/os/sandbox_node.h"
#include "node/plugin/chunk_host.h"
#include "node/store/db.h"
#include "p2p/host_circuit.h"
#include "p2p/host_conn_manager.h"
#include "p2p/host_dcutr.h"
#include "p2p/host_kad.h"
#include "p2p/host_peer_store.h"
#include "p2p/host_probe.h"
#include "p2p/host_reach.h"
#include "p2p/host_state.h"

/* The daemon's inside, shared by daemon*.c only. */
#define DAEMON_AGENT "passmesh/" PASSMESH_VERSION

enum { DAEMON_PLUGIN_LINES = 200, DAEMON_PLUGIN_LINE_LEN = 513, DAEMON_PLUGIN_WAITING = 16 };

struct plugin_line {
    uint64_t seq; /* 0: free */
    uint64_t at_ms;
    char text[DAEMON_PLUGIN_LINE_LEN];
};

/* The search for servers in the DHT. */
struct daemon_dht {
    bool is_on;
    struct host_kad kad;
    uint64_t op;       /* 0: no search is under way */
    struct id network; /* for which servers were looked for last */
    instant look_at;
    uint64_t every_us;
};

enum { SERVERS_ENOUGH = 3 }; /* below that, more are looked for */

/* The search for servers at rendezvous points. */
struct daemon_rendezvous {
    bool is_on;
    struct rendezvous_points points;
    struct id network; /* for which servers were looked for last */
};

/* May servers be looked for in the public DHT of IPFS: OFF: the configuration says no, or names no way into it on a local network; ASK: the
 * person was not asked yet. */
enum public_dht_state {
    PUBLIC_DHT_STATE_OFF,
    PUBLIC_DHT_STATE_ASK,
    PUBLIC_DHT_STATE_NO,
    PUBLIC_DHT_STATE_YES
};

/* The search there. */
struct daemon_public_dht {
    struct public_dht dht;
    uint64_t op; /* 0: no search is under way */
    bool is_over;
    struct id network; /* for which servers were looked for last */
    instant look_at;
    uint64_t every_us;
};

/* What servers say of other servers. */
struct daemon_directory {
    bool is_on;
    struct directory_host host;
    instant look_at; /* when some of what is held are tried; NEVER: there are enough */
};

/* Can strangers reach us. */
struct daemon_reach {
    struct host_reach host;
    struct reach_word told; /* to the log */
    uint8_t listen[TCP_ADDR_LEN_MAX];
    size_t listen_len; /* 0: the wallet takes no connections */
};

/* The keeper of the server plugin (plugin/keeper.h), seen from here: what it told last. */
struct daemon_plugin {
    struct process process;
    uv_poll_t poll;
    bool is_up;
    struct frame_reader frames;
    struct buf out; /* what its socket did not take yet */
    struct buf state;
    struct plugin_line *lines; /* ring of DAEMON_PLUGIN_LINES */
    uint64_t line_seq;
    uint64_t waiting[DAEMON_PLUGIN_WAITING]; /* commands without an answer; 0: free */
};

/* Chunks that the keeper wants. */
struct daemon_package {
    struct chunk_host host;
    uint64_t number; /* of its last want */
    uint32_t liars_told;
};

struct daemon {
    const struct config *config;
    char *text;
    struct budget budget;
    struct log log;
    struct entropy entropy;
    char origin[64];
    struct loop loop;
    struct alarm alarm;
    uv_signal_t on_int;
    uv_signal_t on_term;
    struct networks networks;
    struct page page;
    struct hardware hardware; /* as it was at the start */
    struct sandbox_node_report sandbox;
    struct process keyd_process;
    struct keyd_client keyd;
    uint8_t keys_room[KEYD_REPLY_MAX]; /* its answers about the vault */
    struct db *db;
    struct wallet *wallet;
    struct host host;
    bool has_host;
    struct tcp tcp;
    struct identities identities;
    struct servers servers;
    struct mdns_socket mdns;
    struct near near;
    struct host_conn_manager peers;
    struct host_peer_store peer_store;
    struct peer_disk peer_disk;
    struct daemon_dht dht;
    struct daemon_directory directory;
    struct daemon_rendezvous rendezvous;
    struct daemon_public_dht public_dht;
    struct daemon_reach reach;
    struct host_probe probe;
    uint64_t probe_id; /* of the API's question */
    struct host_circuit circuit;
    struct host_dcutr dcutr;
    struct attest_asker *asker;
    struct daemon_package package;
    struct daemon_plugin plugin;
    struct fetch *fetch;
    struct own_nodes own_nodes;
    struct anchor_source anchor;
    struct light light;
    struct copies copies;
    uint64_t finding; /* the API's number of the search for a copy */
    struct api_node_port port;
    struct api *api;
    struct web web;
    struct local local;
    bool has_tcp;
    bool has_web;
    bool has_local;
    bool is_pumping;
    bool pump_again;
    bool is_stopping;
};

struct wallet_time daemon_time(const struct daemon *d);
void daemon_pump(void *user);
void daemon_pump_soon(struct daemon *d);
void daemon_stop(void *user);

/* ---- daemon_relay.c ---- */

/* daemon_relay_start lets servers be dialled through relays; the sentence in d->text. */
MUST_CHECK enum err daemon_relay_start(struct daemon *d);
void daemon_relay_stop(struct daemon *d);
void daemon_relay_event(struct daemon *d);

/* ---- daemon_identities.c ---- */

/* daemon_identities_hear has the servers ask by an account's own identity; daemon_identities_start: after the servers. */
void daemon_identities_hear(struct servers_cfg *cfg);
void daemon_identities_start(struct daemon *d);

/* ---- daemon_peers.c ---- */

/* daemon_peers_start lets in whom the person wants, keeps those that the wallet needs, and knows again where peers were met
 * before. */
void daemon_peers_start(struct daemon *d);
void daemon_peers_stop(struct daemon *d);

/* ---- daemon_mdns.c ---- */

/* daemon_mdns_start listens for servers of the local network, if that is wanted. Where it cannot, the log says so and the
 * daemon goes on without. */
void daemon_mdns_start(struct daemon *d);
void daemon_mdns_stop(struct daemon *d);

/* ---- daemon_dht.c ---- */

/* daemon_dht_start joins the DHT as a client, unless the person does not want that. ERR_LIMIT: there is no memory. */
MUST_CHECK enum err daemon_dht_start(struct daemon *d);
void daemon_dht_stop(struct daemon *d);
void daemon_dht_event(struct daemon *d);
void daemon_dht_tick(struct daemon *d, struct wallet_time t);
instant daemon_dht_deadline(const struct daemon *d);

/* daemon_may_dial: may it be dialled because strangers far away say so? */
bool daemon_may_dial(const struct daemon *d, struct span addr);

/* ---- daemon_rendezvous.c ---- */

/* daemon_rendezvous_start has rendezvous points asked for servers, unless the person does not want that. ERR_LIMIT, with the sentence in d->text. */
MUST_CHECK enum err daemon_rendezvous_start(struct daemon *d);
void daemon_rendezvous_stop(struct daemon *d);
void daemon_rendezvous_event(struct daemon *d);
void daemon_rendezvous_tick(struct daemon *d, struct wallet_time t);
instant daemon_rendezvous_deadline(const struct daemon *d);

/* ---- daemon_public_dht.c ---- */

/* daemon_public_dht_start has the public DHT of IPFS asked for servers: only if the person allows it, and while the others name fewer than are enough. */
void daemon_public_dht_start(struct daemon *d);
void daemon_public_dht_stop(struct daemon *d);
void daemon_public_dht_event(struct daemon *d);
void daemon_public_dht_tick(struct daemon *d, struct wallet_time t);
instant daemon_public_dht_deadline(const struct daemon *d);
enum public_dht_state daemon_public_dht_state(const struct daemon *d);

/* daemon_public_dht_write writes the member public_dht. */
void daemon_public_dht_write(const struct daemon *d, struct json_writer *j);

/* ---- daemon_directory.c ---- */

/* daemon_directory_start has servers asked which others they know, unless the person does not want that. ERR_LIMIT, with the sentence in d->text. */
MUST_CHECK enum err daemon_directory_start(struct daemon *d);
void daemon_directory_stop(struct daemon *d);
void daemon_directory_tick(struct daemon *d, struct wallet_time t);
instant daemon_directory_deadline(const struct daemon *d);

/* daemon_hear takes what is said of a server's addresses: few of those that may be dialled become candidates, so that no one takes all
 * places. heard: whom, and how it was found. */
void daemon_hear(struct daemon *d,
                 struct servers_heard heard,
                 const struct span *addrs,
                 size_t count);

/* daemon_directory_operator is servers_cfg.operator_of. */
struct span daemon_directory_operator(void *user, const struct peer_id *peer);

/* ---- daemon_reach.c ---- */

/* daemon_reach_start has peers say how they see us and, where the wallet listens, try to dial it. ERR_LIMIT, with the sentence in d->text. */
MUST_CHECK enum err daemon_reach_start(struct daemon *d);
void daemon_reach_stop(struct daemon *d);
void daemon_reach_event(struct daemon *d);

/* daemon_reach_write writes the member reach. */
void daemon_reach_write(const struct daemon *d, struct json_writer *j);

/* ---- daemon_net.c ---- */

/* daemon_net_start: after the DHT. */
void daemon_net_start(struct daemon *d);
void daemon_net_stop(struct daemon *d);
void daemon_net_event(struct daemon *d);

/* What the API's port needs. */
void daemon_net_write(struct daemon *d, struct json_writer *j);
MUST_CHECK enum err
daemon_net_probe(struct daemon *d, uint64_t id, const struct api_net_probe *asked);

/* ---- daemon_attest.c ---- */

/* daemon_attest_start has each server asked for what its machine proves. An error with *why: the person's policy
 * cannot be read. */
MUST_CHECK enum err daemon_attest_start(struct daemon *d, struct diag *why);
void daemon_attest_stop(struct daemon *d);

/* ---- daemon_light.c ---- */

/* daemon_light_hear names who takes the servers' answers for the light client; daemon_light_start makes it. */
void daemon_light_hear(struct servers_cfg *cfg);
void daemon_light_start(struct daemon *d);

/* ---- daemon_copies.c ---- */

/* daemon_copies_hear names who takes the servers' answers, daemon_copies_port who is asked by the API; daemon_copies_start: after the store, before both. */
void daemon_copies_hear(struct servers_cfg *cfg);
void daemon_copies_port(struct api_node_port *port);
void daemon_copies_start(struct daemon *d);

/* ---- daemon_cosign.c ---- */

/* daemon_cosign_hear names who takes the answers of servers about co-signers, daemon_cosign_port who asks them for the API. */
void daemon_cosign_hear(struct servers_cfg *cfg);
void daemon_cosign_port(struct api_node_port *port);

/* ---- daemon_package.c ---- */

/* daemon_package_start lets chunks of packages be had from the servers that the daemon is connected to; daemon_package_want has one brought, and daemon_plugin_give follows. */
MUST_CHECK enum err daemon_package_start(struct daemon *d);
void daemon_package_stop(struct daemon *d);
void daemon_package_want(struct daemon *d, uint64_t number, const struct chunk_want *want);

/* ---- daemon_plugin.c ---- */

/* daemon_plugin_give hands the keeper a chunk, or nothing: no peer gives it. */
void daemon_plugin_give(struct daemon *d, uint64_t number, struct span chunk);

/* daemon_plugin_start starts the keeper: before the sandbox, which makes no process. Where it cannot be, the log says so and there is no server here.
 * daemon_plugin_stop has it end, and the server with it. */
void daemon_plugin_start(struct daemon *d);
void daemon_plugin_stop(struct daemon *d);

/* What the API's port needs. */
void daemon_plugin_write(struct daemon *d, struct json_writer *j);
void daemon_plugin_write_log(struct daemon *d, struct json_writer *j, uint64_t after);
bool daemon_plugin_do(struct daemon *d, uint64_t id, const char *what, struct span params);

#endif
