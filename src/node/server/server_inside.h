#ifndef NODE_SERVER_INSIDE_H
#define NODE_SERVER_INSIDE_H

#include "crypto/backend.h"
#include "node/api/api_rpc.h"
#include "node/api/local.h"
#include "node/api/web.h"
#include "node/attest/attest_answerer.h"
#include "node/config/fetch.h"
#include "node/config/networks.h"
#include "node/keyd/keyd_client.h"
#include "node/net/descriptor_topic.h"
#include "node/net/dialback.h"
#include "node/net/directory_host.h"
#include "node/net/heads_topic.h"
#include "node/net/mdns_socket.h"
#include "node/net/net_json.h"
#include "node/net/portmap.h"
#include "node/net/public_dht.h"
#include "node/net/rendezvous_points.h"
#include "node/net/tcp.h"
#include "node/os/entropy.h"
#include "node/os/notify.h"
#include "node/os/sandbox_node.h"
#include "node/plugin/chunk_host.h"
#include "node/server/endorser.h"
#include "node/server/server.h"
#include "node/server/server_sidecar.h"
#include "node/server/server_store.h"
#include "node/tpm/tpm_client.h"
#include "p2p/host_circuit.h"
#include "p2p/host_conn_manager.h"
#include "p2p/host_dcutr.h"
#include "p2p/host_kad.h"
#include "p2p/host_peer_store.h"
#include "p2p/host_probe.h"
#include "p2p/host_reach.h"
#include "p2p/host_relay.h"
#include "p2p/host_state.h"

/* The server's inside, shared by server*.c only. */

/* A stream of a peer and what serves it. */
struct server_stream {
    host_stream stream;
    struct service_stream *service; /* NULL: the place is free */
};

/* Does the node behind answer, and for the right chain? Nothing of a peer is asked before. */
enum server_chain { SERVER_CHAIN_UNKNOWN, SERVER_CHAIN_ASKED, SERVER_CHAIN_RIGHT };

enum server_phase {
    SERVER_STARTING, /* the node was not asked yet */
    SERVER_RUNNING,
    SERVER_DRAINING, /* told to stop: answers what it has taken */
    SERVER_CLOSING,  /* peers are told good-bye */
    SERVER_STOPPED
};

/* What the server does in the DHT, and what it says of itself there. */
struct server_dht {
    bool is_on;
    struct host_kad kad;
    instant provide_at; /* when it says again that it serves; NEVER: while it does */
    uint64_t retry_us;
    unsigned provides_count; /* under way */
    bool is_stored;          /* somebody took the record */
    uint64_t day;            /* of the keys that are told of */
};

/* What the server says of itself in the public DHT of IPFS. */
struct server_public_dht {
    struct public_dht dht;
    instant provide_at; /* when it says so again */
    uint64_t retry_us;
    unsigned provides_count; /* under way */
    bool is_over;            /* they have ended */
    bool is_taken;           /* somebody took a record in this visit */
    bool is_stored;          /* and in the last one */
    bool has_moved;          /* the addresses have changed since */
};

/* Rendezvous points: this one, and those of others. */
struct server_rendezvous {
    bool is_on;
    bool has_news; /* a peer came or went, or the addresses changed: its points are looked for */
    struct rendezvous_points points;
};

/* The topic of servers' descriptors, and what is held of others. */
struct server_gossip {
    bool is_on;
    struct host_gossip host;
    struct directory_host directory;
    struct descriptor_topic topic;
};

/* The topic of the newest blocks, with a beacon node. */
struct server_heads {
    bool is_on;
    struct heads_topic topic;
    bool is_asking; /* the own node */
    bool is_wrong;  /* what it said last does not verify */
    struct service_request asked;
    instant ask_at;
};

/* Whether others reach the server, and what it announces. */
struct server_reach {
    bool is_on;
    struct host_reach host;
    struct portmap portmap;
    struct dialback dialback;
    size_t also_count; /* announced whatever the verdict is */
    struct span also[SERVER_LISTEN_COUNT_MAX];
    uint8_t also_rooms[SERVER_LISTEN_COUNT_MAX][MULTIADDR_LEN_MAX];
    enum reach told; /* in the log */
    enum reach_reason told_reason;
};

/* Relays: for others, and to be reached through. */
struct server_relay {
    bool is_on;
    bool serves;
    struct host_relay service;
    struct host_circuit circuit;
    struct host_dcutr dcutr;
    instant look_at; /* when reservations are asked for again */
    uint64_t every_us;
};

enum { SERVER_SUBSCRIBERS_MAX = 16, SERVER_PROBLEMS_MAX = 9 };

/* The operator's API: what stands behind its doors. */
struct server_operator {
    struct door door;
    struct local local;
    bool has_local;
    struct web web;
    bool has_web;
    char token[API_TOKEN_LEN + 1];
    char token_path[CONFIG_PATH_LEN_MAX]; /* that we have made; "": none */
    struct buf text;                      /* the answer given last */
    struct buf value;                     /* what is in it */
    struct server_subscriber {
        uint64_t caller; /* 0: free */
        uint64_t seq;
    } subscribers[SERVER_SUBSCRIBERS_MAX];
    instant push_at; /* NEVER: nobody listens */
};

/* A probe of one peer, and who asked for it. */
struct server_probe {
    struct host_probe host;
    struct api_caller caller;
    char id[API_RPC_ID_LEN_MAX + 1]; /* of the question */
};

/* For the supervisor, if there is one. */
enum { SERVER_FIGURES_SECONDS = 60 };

struct server_figures {
    instant at; /* of the next ones; NEVER: nobody supervises us */
    int statm;  /* /proc/self/statm, opened before the sandbox; -1: none */
    uint64_t sums[SERVER_FIGURES_SECONDS]; /* requests answered by each of the last seconds */
    size_t sums_at;
    size_t sums_count;
};

/* Something that the operator should know of. */
struct server_problem {
    const char *code;
    const char *words;
};

/* The service's way to keyd for co-signers. */
struct server_cosigner {
    struct service_cosigner port; /* first */
    struct server *server;
};

/* What this machine proves of itself. */
struct server_attest {
    struct attest_answerer *answerer;
    struct process process; /* passmesh-tpm; pid 0: there is none */
    uv_poll_t poll;
    bool has_evidence;
    bool is_waiting; /* for passmesh-tpm */
    bool has_ended;  /* passmesh-tpm, by itself */
    bool is_opening; /* by a credential, else by a quote */
    instant renew_at;
    struct endorser *endorser;    /* NULL: nothing is stapled */
    struct buf held;              /* the process's reply, which waits for endorsements */
    enum endorser_state endorsed; /* of the evidence that is handed out */
    uint8_t binding[64];          /* that was asked for last */
    char root_crl[FETCH_URL_LEN_MAX + 1];
    size_t issuers_len;
    uint8_t issuers[ATTEST_ANSWERER_ISSUERS_LEN_MAX]; /* of the EK's certificate */
};

/* The programs that it runs, for peers that want the package. */
enum { SERVER_PACKAGE_FILES = 2 };

struct server_package_file {
    int fd;
    uint64_t length;
    struct hash32 hash;
};

struct server_package {
    struct chunk_shelf shelf; /* first */
    struct chunk_host host;
    struct server_package_file files[SERVER_PACKAGE_FILES];
    size_t files_count;
};

struct server {
    const struct server_config *config; /* own */
    struct server_config own;           /* a reload changes it */
    char *text;
    server_ready_fn ready;
    void *ready_user;
    enum err failure; /* why it stops, with text; OK: it was told to */
    enum server_phase phase;
    instant phase_until; /* DRAINING, CLOSING */
    bool drains_bundler; /* DRAINING waits for operations under way too */
    instant started_at;
    uint64_t started_s; /* Unix time */
    struct notify notify;
    instant notify_at; /* of the next sign of life */
    bool is_journal;   /* stderr is systemd's journal */
    int data_fd;       /* of the data directory, to look at its disk; -1: none */
    struct server_operator operator;

    struct budget budget;
    struct budget service_budget;
    struct log log;
    struct entropy entropy;
    struct loop loop;
    struct alarm alarm;
    uv_signal_t on_int;
    uv_signal_t on_term;
    struct server_sidecar sidecar;
    struct server_figures figures;
    bool has_signals;
    bool is_pumping;
    bool pump_again;

    struct networks networks;
    const struct network *network;
    struct sandbox_node_report sandbox;
    struct process keyd_process;
    struct keyd_client keyd;
    bool is_sealed; /* keyd's store, by the TPM */
    struct keyd_key bundler_key;
    struct address bundler_address;
    struct bundler_signer signer;
    struct server_store *store;
    struct bundler bundler;
    bool has_bundler;
    struct service_server service;
    struct host host;
    bool has_host;
    struct tcp tcp;
    bool has_tcp;
    struct mdns_socket mdns;
    struct server_dht dht;
    struct server_gossip gossip;
    struct server_public_dht public_dht;
    struct server_rendezvous rendezvous;
    struct server_heads heads;
    struct server_reach reach;
    struct server_probe probe;
    struct server_relay relay;
    struct host_conn_manager peers;
    struct host_peer_store peer_store;
    struct server_attest attest;
    struct server_package package;
    struct server_cosigner cosigner;
    struct capsule_keeper capsules;
    bool has_capsules;
    size_t listen_count;
    struct span listen[SERVER_LISTEN_COUNT_MAX]; /* with the real ports */
    size_t leaving_count;                        /* answered, and not yet closed by both sides */
    struct server_stream *streams;               /* config->limits.streams_max */

    struct fetch *fetch;
    enum server_chain chain;
    instant chain_at; /* when the node is asked again who it is */
    size_t node_at;   /* of config->nodes: the one that is asked */
    uint64_t
        node_turn; /* how often that was another: what an earlier one says too late tells nothing of this one */
    size_t silent_count; /* nodes in a row that did not answer */
    unsigned late_count; /* questions in a row that it let pass without an answer */
    instant node_since;  /* when it became the one */
    instant first_from;  /* not before is the first looked at again */
    bool is_first_asked;
    bool is_node_silent; /* told so already */
    bool is_beacon_silent;
    bool is_balance_asked;
    bool is_poor; /* told so already */
    bool has_balance;
    struct u256 balance;       /* of the bundler, when it was last looked at */
    uint64_t dialled_in_count; /* peers that came in */
    instant watch_at;          /* when keyd and the bundler's balance are looked at */
};

/* server_wake has server_pump run soon; it may be called from anywhere. */
void server_wake(struct server *s);

/* server_give_up ends the server with a sentence. */
void server_give_up(struct server *s, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- server.c: the steps that server_withdraw takes too ---- */

/* server_new makes a server that is not started; server_end takes down what there is of it and gives s->failure. */
MUST_CHECK enum err server_new(struct server **ret,
                               const struct server_config *config,
                               char ret_text[static SERVER_TEXT_LEN]);
enum err server_end(struct server *s);

/* Directories, randomness, network, store. Each step says why not in s->text. */
MUST_CHECK enum err server_start_base(struct server *s);
MUST_CHECK enum err server_start_keyd(struct server *s, uint32_t capabilities);
MUST_CHECK enum err server_start_bundler(struct server *s); /* with what the store holds */
MUST_CHECK enum err server_close_sandbox(struct server *s);

/* ---- server.c: network, and the phases ---- */

MUST_CHECK enum err server_start_network(struct server *s);

/* server_wrong_node: the first that is neither http:// nor https://, or NULL. */
const char *server_wrong_node(const struct server_nodes *nodes);

/* server_listen_print: where it listens, with the real port and /p2p. */
void server_listen_print(char ret[static SERVER_ADDR_TEXT_LEN], const struct server *s, size_t i);

/* server_drain has the server end when all that is under way is answered, operations at the bundler included, and at until at the
 * latest. A second call sets another time. */
void server_drain(struct server *s, instant until);

/* ---- server_peers.c ---- */

/* server_peers_start lets in whom the operator wants, keeps those that matter, and knows again where peers were met before;
 * server_peers_take_over reads the settings
 * anew. */
void server_peers_start(struct server *s);
void server_peers_take_over(struct server *s);
void server_peers_stop(struct server *s);

/* ---- server_operator.c ---- */

/* server_operator_start opens the operator's doors: the socket, and HTTP if server.ini names a port. The sentence in s->text. */
MUST_CHECK enum err server_operator_start(struct server *s);
/* server_operator_probed answers who asked for the probe, which is over. */
void server_operator_probed(struct server *s, const struct net_json *n);
void server_operator_stop(struct server *s);
void server_operator_tick(struct server *s, instant now);

/* ---- server_status.c ---- */

/* What holds the server back, worst first; at most SERVER_PROBLEMS_MAX. Words are static. */
size_t server_problems(const struct server *s,
                       struct server_problem ret[static SERVER_PROBLEMS_MAX]);
bool server_is_head_late(const struct server *s);
void server_write_status(struct server *s, struct json_writer *j);

/* Requests that were answered since the start. */
uint64_t server_answers_count(const struct server *s);

/* server_disk_free: bytes; false if that cannot be told. */
bool server_disk_free(const struct server *s, uint64_t *ret_free, uint64_t *ret_all);

/* server_notify_tick tells the service manager that we live, and what we do. */
void server_notify_tick(struct server *s, instant now);

/* ---- server_figures.c ---- */

/* server_figures_start before the sandbox; server_figures_tick tells the supervisor once a second how it goes, and takes up its limits. server_figures_peer
 * hears of each peer that is connected, and turns it away if there are too many. */
void server_figures_start(struct server *s);
void server_figures_stop(struct server *s);
void server_figures_tick(struct server *s, instant now);
void server_figures_peer(struct server *s, const struct host_peer_info *info);

/* ---- server_metrics.c ---- */

/* server_write_metrics: Prometheus' text format 0.0.4. */
void server_write_metrics(struct server *s, struct wr *w);

/* ---- server_net.c ---- */

/* server_net_start: after the DHT. server_net_stop: before it ends; no probe begins afterwards. */
void server_net_start(struct server *s);
void server_net_stop(struct server *s);
void server_net_event(struct server *s);

/* What the operator's API needs: all of net_json.h, or {"peers": [...]}. */
void server_net_write(struct server *s, struct json_writer *j);
void server_write_peers(struct server *s, struct json_writer *j);

/* ---- server_package.c ---- */

/* server_package_start opens and hashes the programs, before the sandbox, and offers them, unless the operator does not want that. ERR_LIMIT. */
MUST_CHECK enum err server_package_start(struct server *s);
void server_package_stop(struct server *s);

/* ---- server_relay.c ---- */

/* The sentence in s->text. */
MUST_CHECK enum err server_relay_start(struct server *s);
void server_relay_stop(struct server *s);
void server_relay_tick(struct server *s, instant now);
instant server_relay_deadline(const struct server *s);
/* server_relay_addrs adds those that lead through relays to count addresses, up to HOST_ADDRS_MAX; they live as long as
 * room's content. */
size_t server_relay_addrs(const struct server *s,
                          struct span addrs[static HOST_ADDRS_MAX],
                          size_t count,
                          struct buf *room);
void server_relay_event(struct server *s);

/* ---- server_wss.c ---- */

/* server_wss_start reads the certificate and its key before the ports are opened. server_wss_check tries whether it would. */
MUST_CHECK enum err server_wss_start(struct server *s);
MUST_CHECK enum err server_wss_check(struct server *s);

/* server_wss_reload reads them again, from where next says, also when the paths are the old ones; then new connections have
 * them. An error leaves what there was. */
MUST_CHECK enum err
server_wss_reload(struct server *s, const struct server_config *next, struct diag *ret_why);

/* server_wss_folder is where a file of the configuration lies, links resolved, or "" if there is none: what the sandbox lets
 * the server read, so that it finds there what takes the file's place. */
void server_wss_folder(char ret[static CONFIG_PATH_LEN_MAX], const char *file);

/* ---- server_reload.c ---- */

/* server_reload reads server.ini once more and takes over what may change; writes {"changed", "needs_restart"}. Nothing changes if
 * the file is not good: then *ret_rule and *ret_line say why. */
MUST_CHECK enum err server_reload(struct server *s, struct json_writer *j, struct diag *ret_why);

/* ---- server_streams.c ---- */

MUST_CHECK enum err server_streams_init(struct server *s);
void server_streams_done(struct server *s);
void server_host_event(void *user, const struct host_event *e);

/* server_stream_send moves what is ready to the peer, and ends the stream when that was all. */
void server_stream_send(struct server *s, struct server_stream *stream);

/* server_streams_end_heads ends subscriptions, which have no end of their own. */
void server_streams_end_heads(struct server *s);

/* ---- server_mdns.c ---- */

/* server_mdns_start has the local network told where the server listens, if that is wanted and there is anything to
 * tell. Where it cannot be, the log says so and the server goes on without. */
void server_mdns_start(struct server *s);
void server_mdns_stop(struct server *s);

/* ---- server_dht.c ---- */

/* server_dht_start makes the server a part of the DHT, unless the operator does not want that. ERR_LIMIT. */
MUST_CHECK enum err server_dht_start(struct server *s);
void server_dht_stop(struct server *s);
void server_dht_event(struct server *s);
void server_dht_tick(struct server *s, instant now);
instant server_dht_deadline(const struct server *s);

/* server_dht_follow has the server's part in the DHT follow what server_reach says. */
void server_dht_follow(struct server *s);

/* ---- server_public_dht.c ---- */

/* server_public_dht_start has the server tell the public DHT of IPFS which chain it serves, while others can reach it, unless the operator does not want that;
 * _follow: the addresses have changed. */
void server_public_dht_start(struct server *s);
void server_public_dht_stop(struct server *s);
void server_public_dht_event(struct server *s);
void server_public_dht_tick(struct server *s, instant now);
void server_public_dht_follow(struct server *s);
instant server_public_dht_deadline(const struct server *s);

/* server_public_dht_word: off, stored or not_stored. */
const char *server_public_dht_word(const struct server *s);

/* ---- server_rendezvous.c ---- */

/* server_rendezvous_start makes the server a rendezvous point that registers at others, unless the operator does not want that. ERR_LIMIT. */
MUST_CHECK enum err server_rendezvous_start(struct server *s);
void server_rendezvous_stop(struct server *s);
void server_rendezvous_event(struct server *s);
void server_rendezvous_tick(struct server *s, instant now);
instant server_rendezvous_deadline(const struct server *s);

/* server_rendezvous_follow: the addresses have changed. server_rendezvous_peers: a peer was identified, or is gone. */
void server_rendezvous_follow(struct server *s);
void server_rendezvous_peers(struct server *s);

/* ---- server_gossip.c ---- */

/* server_gossip_start joins the topic in which servers tell of themselves, and gives descriptors to whoever asks, unless the operator does
 * not want that. ERR_LIMIT, with the sentence in s->text. */
MUST_CHECK enum err server_gossip_start(struct server *s);
void server_gossip_stop(struct server *s);
void server_gossip_event(struct server *s);
void server_gossip_tick(struct server *s);
instant server_gossip_deadline(const struct server *s);

/* server_gossip_follow: what the server says of itself has changed. */
void server_gossip_follow(struct server *s);

/* ---- server_heads.c ---- */

/* server_heads_start joins the topic of the newest blocks, where there is gossip and a beacon node; server_heads_stop before server_gossip_stop. ERR_LIMIT, with the
 * sentence in s->text. */
MUST_CHECK enum err server_heads_start(struct server *s);
void server_heads_stop(struct server *s);
void server_heads_tick(struct server *s, instant now);
instant server_heads_deadline(const struct server *s);

/* server_heads_answered takes what the own beacon node said to s->heads.asked. */
void server_heads_answered(struct server *s, enum err err, const struct service_light *answer);

/* server_heads_newest is the newest head that was verified; its spans live until the next turn. ERR_NOT_FOUND: none. */
MUST_CHECK enum err server_heads_newest(const struct server *s, struct service_light *ret);

/* ---- server_reach.c ---- */

/* server_reach_start: after the ports are open. server_reach_stop closes its sockets, server_reach_free gives back the rest when
 * the loop has ended. The sentence in s->text. */
MUST_CHECK enum err server_reach_start(struct server *s);
void server_reach_stop(struct server *s);
void server_reach_free(struct server *s);
void server_reach_event(struct server *s);

/* server_reach_is_dht_server: is it of use to others as a member of the DHT? */
/* server_announce has the host announce what is confirmed, what the operator says, and what leads through relays. */
MUST_CHECK enum err server_announce(struct server *s);
bool server_reach_is_dht_server(const struct server *s);

/* server_reach_write writes the member "reach" of the state. */
void server_reach_write(const struct server *s, struct json_writer *j);
/* ---- server_cosign.c ---- */

/* server_cosign_start readies s->cosigner.port, after keyd's start. ERR_STATE with the sentence: the configuration asks for a seal that there is not. */
MUST_CHECK enum err server_cosign_start(struct server *s);

/* ---- server_capsules.c ---- */

/* server_capsules_start takes up the sealed vaults in the store, after it was opened and before the service; none with capsules = no. The store's errors;
 * ERR_LIMIT. */
MUST_CHECK enum err server_capsules_start(struct server *s);
void server_capsules_stop(struct server *s);

/* ---- server_attest.c ---- */

/* server_attest_start answers who asks what this machine proves; with a TPM that this user may use, by evidence. Before the sandbox. server_attest_stop
 * while the loop turns, server_attest_done behind it. ERR_LIMIT. */
MUST_CHECK enum err server_attest_start(struct server *s);
void server_attest_stop(struct server *s);
void server_attest_done(struct server *s);
void server_attest_tick(struct server *s, instant now);
instant server_attest_deadline(const struct server *s);

/* server_attest_take hands out what passmesh-tpm gave, with its endorsements; may_wait: for them to be fetched. */
void server_attest_take(struct server *s, struct span reply, bool may_wait);

/* ---- server_endorse.c ---- */

/* server_endorse_start, where there may be evidence; where there is no memory for it the server goes on without. server_endorse_done after fetch_stop. */
void server_endorse_start(struct server *s);
void server_endorse_done(struct server *s);

/* server_endorse staples what is known; false: evidence waits, and server_attest_take follows. */
bool server_endorse(struct server *s, struct span *ret_text, struct span evidence, bool may_wait);

/* server_endorse_write writes the member "attest" of the status. */
void server_endorse_write(const struct server *s, struct json_writer *j);

/* ---- server_chain.c ---- */

/* server_chain_tick asks the node who it is when that is due, and for the bundler's balance. */
void server_chain_tick(struct server *s, instant now);
instant server_chain_deadline(const struct server *s);

/* server_chain_ask posts a question of a peer or of the bundler. */
void server_chain_ask(struct server *s, const struct service_server_event *e, instant now);

/* ---- server_beacon.c ---- */

/* server_beacon_ask asks the beacon node what a peer wants of the light client protocol. */
void server_beacon_ask(struct server *s, const struct service_server_event *e);

/* server_beacon_follow asks it s->heads.asked; server_heads_answered follows. Errors of server_beacon_path, fetch_get. */
MUST_CHECK enum err server_beacon_follow(struct server *s);

/* server_chain_watch: look at the balance again. */
void server_chain_watch(struct server *s);

/* server_chain_begin: the nodes are others now; begins with the first. */
void server_chain_begin(struct server *s);

#endif
