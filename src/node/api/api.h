#ifndef NODE_API_H
#define NODE_API_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/rng.h"
#include "base/span.h"
#include "node/api/door.h"
#include "node/keyd/keyd_wire.h"
#include "node/os/sandbox_node.h"
#include "wallet/cosigner_ask.h"
#include "wallet/wallet.h"
#include "webauthn/assertion.h"

/* The local API without its transports: JSON-RPC texts in, texts out. What it offers stands in api/; a request is
 * checked against those schemas before anything is done.
 *
 *     HTTP, WebSocket, Unix socket -- api_request -->  api  -- commands -->  wallet
 *                                  <-- api_poll ----        <-- api_wallet_event --
 *
 * Sessions: api_code_make gives a single-use code (good for 60 s), the page trades it for a token bound to its Host
 * and Origin. Tokens end with the process. */

enum { API_LOG_LINE_COUNT = 500 };

/* A probe of one peer, in the words of the schema of net_probe. */
struct api_net_probe {
    struct span peer; /* text: an id, or an address with one */
    struct span goal;
    uint32_t pings;
};

/* Copies of the sealed vault with servers. */
struct api_vault_copies {
    uint32_t servers; /* that have it as it is now, of the passkey with the fewest */
    uint64_t until_s; /* when the first of them forgets it */
};
struct api_vault_fetch {
    struct span user_handle;
    struct span credential_id;
    struct assertion_response response;
};
struct api_vault_search {
    enum err err; /* ERR_CLOSED: no server keeps any; ERR_NOT_FOUND; ERR_TIMEOUT */
    size_t asked;
    struct span challenge; /* of find_begun */
    struct span capsule;   /* of find_done */
};

/* What a server is asked as a co-signer. */
struct api_cosign_ask {
    struct span server; /* its peer id as text */
    enum cosigner_act act;
    struct span request;
};

/* What the API asks of the node besides the wallet; each writes one value (or members, where it says so). */
struct api_node_port {
    /* peers_list: the array of type peer. */
    void (*write_peers)(struct api_node_port *self, struct json_writer *j);
    /* servers_list: the array of type server for a network. */
    void (*write_servers)(struct api_node_port *self,
                          struct json_writer *j,
                          const struct network *network);
    /* evidence_list: the array of at most limit records, newest first. */
    void (*write_evidence)(struct api_node_port *self, struct json_writer *j, size_t limit);
    /* network.consensus: where trusted blocks of a network come from, in the words of the schema. NULL: from nowhere. */
    const char *(*consensus)(struct api_node_port *self, const struct network *network);
    /* The members of network_status but chain: reach, peers, by_source, memory_*, refused, servers, sent. */
    void (*write_network)(struct api_node_port *self, struct json_writer *j);
    /* net_status: the type net_state. */
    void (*write_net)(struct api_node_port *self, struct json_writer *j);
    /* net_probe: begins; api_net_done follows with the same id. ERR_STATE: one is under way; ERR_UNSUPPORTED: that peer is this node; any
     * other: peer is none. */
    enum err (*net_probe)(struct api_node_port *self,
                          uint64_t id,
                          const struct api_net_probe *args);
    /* plugin_status: the type plugin_state. plugin_log: lines with a higher number, into an array that is open. */
    void (*write_plugin)(struct api_node_port *self, struct json_writer *j);
    void (*write_plugin_log)(struct api_node_port *self, struct json_writer *j, uint64_t after);
    /* Passes a command on to the keeper (plugin/keeper.h); api_plugin_done follows with the same id. False: there is no keeper. */
    bool (*plugin_do)(struct api_node_port *self,
                      uint64_t id,
                      const char *what,
                      struct span params);
    /* hardware: the whole result, as it was at the start. */
    void (*write_hardware)(struct api_node_port *self, struct json_writer *j);
    /* How many peers and servers there are, and whether the key process answers. */
    struct api_node_health {
        uint32_t peers;
        uint32_t servers;
        bool keys_ok;
        struct sandbox_node_report sandbox;
    } (*health)(struct api_node_port *self);
    /* Asks the faucet to pay to; api_faucet_done follows with the same id. NULL: there is no faucet. */
    void (*faucet)(struct api_node_port *self,
                   uint64_t id,
                   const struct network *network,
                   struct address to);
    /* One request about the vault to the key process, answered at once; the body lives until the next. Errors of keyd_client_ask. NULL: there
     * is no key process. */
    enum err (*keys)(struct api_node_port *self,
                     struct span *ret_body,
                     enum keyd_op op,
                     struct span body);
    /* The vault was opened by a passkey, or has got another one: servers shall keep copies. NULL: nobody keeps any. */
    void (*vault_opened)(struct api_node_port *self,
                         struct span credential_id,
                         struct span user_handle);
    /* The vault holds something else now: the copies of this start are renewed. NULL as above. */
    void (*vault_changed)(struct api_node_port *self);
    struct api_vault_copies (*vault_copies)(struct api_node_port *self, uint64_t generation);
    /* Looks for a copy; api_vault_find_begun follows with the same id, then the passkey signs, and api_vault_find_done follows upon vault_fetch. ERR_STATE: a
     * search is under way; none was begun. */
    enum err (*vault_find)(struct api_node_port *self, uint64_t id);
    enum err (*vault_fetch)(struct api_node_port *self,
                            uint64_t id,
                            const struct api_vault_fetch *fetch);
    /* Asks a co-signer's server; api_cosigner_done follows with the same id. ERR_CLOSED: it is not connected; ERR_LIMIT. NULL: no server can be asked. */
    enum err (*cosign)(struct api_node_port *self, uint64_t id, const struct api_cosign_ask *ask);
    /* Tries an Ethereum node of the person's own for a network, and keeps it if it is right ("": forgets it);
     * api_node_set_done follows with the same id. */
    void (*set_node)(struct api_node_port *self,
                     uint64_t id,
                     const struct network *network,
                     struct span url);
};

/* api_port_capsule appends the sealed vault, as the key process has it now. Errors of keys; ERR_IO also without a key process, and if what it gives is none. */
MUST_CHECK enum err api_port_capsule(struct api_node_port *node, struct buf *out);

struct api_cfg {
    struct budget *budget;
    struct rng *rng;
    struct wallet *wallet;
    struct api_node_port *node;
    const char *version;
    const char *build;
    const char *origin; /* "http://passmesh.localhost:7878" */
};

struct api;

MUST_CHECK enum err api_new(struct api **ret, const struct api_cfg *cfg, struct wallet_time t);
void api_free(struct api *a);

/* api_door is the API as its transports see it. It lives as long as the API. */
struct door *api_door(struct api *a);

/* ---- sessions ---- */

/* api_code_make gives a code (base64url, NUL-terminated). At most eight wait; the oldest is forgotten. */
void api_code_make(struct api *a, struct wallet_time t, char ret_code[static API_CODE_LEN + 1]);

/* api_session_open trades {"code": ...} for {"token", "start_id"}, or an error object; the answer is in *ret_text until
 * the next call, its HTTP status in *ret_http. host and origin are what the token is bound to. */
void api_session_open(struct api *a,
                      struct wallet_time t,
                      const struct api_session_args *args,
                      struct span *ret_text,
                      uint16_t *ret_http);

/* api_session_check: is token (43 characters) one of ours for this host and origin? In constant time in the token. */
bool api_session_check(struct api *a, struct wallet_time t, const struct api_bearer *bearer);

/* ---- requests ---- */

/* api_request takes one JSON-RPC request. Its answer comes through api_poll, at once or later. */
void api_request(struct api *a, struct wallet_time t, struct api_caller caller, struct span text);

/* api_error_text is an answer for what never was a request (no session, wrong host): code is a word of errors.json. It
 * lives until the next call. */
struct span api_error_text(struct api *a, const struct coded *why, uint16_t *ret_http);

/* api_caller_gone forgets subscriptions and answers that wait for this caller. */
void api_caller_gone(struct api *a, uint64_t caller);

bool api_poll(struct api *a, struct api_event *ret_event);
instant api_deadline(const struct api *a);
void api_tick(struct api *a, struct wallet_time t);

/* ---- from the node ---- */

/* api_wallet_event takes the wallet's events that are for the API: task done, something changed. */
void api_wallet_event(struct api *a, struct wallet_time t, const struct wallet_event *e);

/* api_node_changed: peers or servers came or went. */
void api_node_changed(struct api *a, struct wallet_time t);

/* api_faucet_done answers what the port's faucet was asked. */
struct api_faucet_result {
    enum err err; /* OK; ERR_LIMIT: wait_s; else failed, with the reason in words */
    struct u256 amount;
    struct hash32 tx_hash;
    uint64_t wait_s;
    const char *reason;
};
void api_faucet_done(struct api *a,
                     struct wallet_time t,
                     uint64_t id,
                     const struct api_faucet_result *result);

/* api_node_set_done answers what the port's set_node was asked. */
struct api_node_result {
    enum err err; /* OK; ERR_AUTH: another chain; ERR_TIMEOUT; else words */
    uint64_t chain_id;
    uint64_t block;
    uint64_t block_s; /* Unix time of it */
    const char *words;
};
void api_node_set_done(struct api *a,
                       struct wallet_time t,
                       uint64_t id,
                       const struct api_node_result *result);

/* api_vault_copies_changed: vault_copies of the port gives another number now. */
void api_vault_copies_changed(struct api *a);

/* api_vault_find_begun and api_vault_find_done answer a search for the sealed vault. */
void api_vault_find_begun(struct api *a, uint64_t id, const struct api_vault_search *s);
void api_vault_find_done(struct api *a, uint64_t id, const struct api_vault_search *s);

/* api_cosigner_done takes what a co-signer's server said. */
void api_cosigner_done(struct api *a,
                       struct wallet_time t,
                       uint64_t id,
                       const struct cosigner_said *said);

/* api_net_done answers a probe: result is of the type net_probe; empty: there was no room for it. */
void api_net_done(struct api *a, uint64_t id, struct span result);

/* api_plugin_done answers a command: code is empty for done or begun, else the code of why not. api_plugin_changed: its state is another. */
void api_plugin_done(struct api *a, uint64_t id, struct span code);
void api_plugin_changed(struct api *a);

/* api_log takes a log line for log_tail and the topic log: ring of the newest API_LOG_LINE_COUNT. */
void api_log(
    struct api *a, uint64_t unix_ms, enum log_level level, const char *part, const char *text);

#endif
