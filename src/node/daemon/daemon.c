/* The daemon: start, the turn of the loop, stop. */
#include "node/daemon/daemon.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/multiaddr.h"
#include "node/config/networks.h"
#include "node/daemon/daemon_faucet.h"
#include "node/daemon/daemon_inside.h"
#include "node/os/landlock.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DAEMON_MEMORY_MAX = 192 * 1024 * 1024,
    KEYD_TIMEOUT_MS = 30000, /* a TPM may take seconds to open its store */
    KEYD_GRACE_MS = 2000,
    PUMP_ROUNDS_MAX = 64
};

static enum err fail(struct daemon *d, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum err fail(struct daemon *d, enum err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(d->text, DAEMON_TEXT_LEN, format, args);
    va_end(args);
    return err;
}

struct wallet_time daemon_time(const struct daemon *d)
{
    uv_timeval64_t tv;
    (void)uv_gettimeofday(&tv);
    uint64_t ms = tv.tv_sec > 0 ? (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 : 0;
    return (struct wallet_time){.mono = loop_now(&d->loop), .unix_ms = ms};
}

static struct anchor_else anchor_else_of(struct daemon *d, struct id network);

/* ---- the turn ---- */

static bool give_to_servers(struct daemon *d, struct wallet_time t)
{
    bool any = false;
    struct wallet_event e;
    while (servers_has_room(&d->servers) && wallet_poll(d->wallet, &e)) {
        any = true;
        if (e.kind == WALLET_ASK && own_nodes_ask(&d->own_nodes, &e)) {
            continue;
        }
        if (e.kind == WALLET_ASK || e.kind == WALLET_PROVE || e.kind == WALLET_SUBMIT ||
            e.kind == WALLET_TRACK) {
            servers_wallet_event(&d->servers, t, &e);
        } else {
            api_wallet_event(d->api, t, &e);
        }
    }
    return any;
}

static bool give_to_callers(struct daemon *d)
{
    bool any = false;
    struct api_event e;
    while (api_poll(d->api, &e)) {
        any = true;
        if (!web_deliver(&d->web, &e)) {
            (void)local_deliver(&d->local, &e);
        }
    }
    return any;
}

static void set_alarm(struct daemon *d)
{
    instant at = instant_min(wallet_deadline(d->wallet), servers_deadline(&d->servers));
    at = instant_min(at, daemon_dht_deadline(d));
    at = instant_min(at, daemon_directory_deadline(d));
    at = instant_min(at, daemon_rendezvous_deadline(d));
    at = instant_min(at, daemon_public_dht_deadline(d));
    at = instant_min(at, anchor_deadline(&d->anchor));
    at = instant_min(at, light_deadline(&d->light));
    at = instant_min(at, copies_deadline(&d->copies));
    at = instant_min(at, identities_deadline(&d->identities, loop_now(&d->loop)));
    alarm_set(&d->alarm, instant_min(at, api_deadline(d->api)));
}

/* Moves everything that is there to move. It is called after every input, and calls itself never: what comes in
 * meanwhile is for the next round. */
void daemon_pump(void *user)
{
    struct daemon *d = user;
    if (d->is_pumping) {
        d->pump_again = true;
        return;
    }
    d->is_pumping = true;
    /* What is dialled below has its whole time, however long nothing happened. */
    host_tick(&d->host, daemon_time(d).mono);
    for (int i = 0; i < PUMP_ROUNDS_MAX && !d->is_stopping; i++) {
        struct wallet_time t = daemon_time(d);
        d->pump_again = false;
        light_tick(&d->light, t);
        copies_tick(&d->copies, t);
        anchor_tick(&d->anchor, t, anchor_else_of(d, wallet_settings(d->wallet)->network));
        wallet_tick(d->wallet, t);
        bool any = give_to_servers(d, t);
        servers_tick(&d->servers, t);
        daemon_dht_tick(d, t);
        daemon_directory_tick(d, t);
        daemon_rendezvous_tick(d, t);
        daemon_public_dht_tick(d, t);
        api_tick(d->api, t);
        any |= give_to_callers(d);
        tcp_pump(&d->tcp); /* its events ask for another round */
        identities_tick(&d->identities, loop_now(&d->loop));
        if (!any && !d->pump_again) {
            break;
        }
    }
    d->is_pumping = false;
    set_alarm(d);
}

static void on_alarm(void *user)
{
    daemon_pump(user);
}

/* What follows from a host's event is done outside its driver. */
void daemon_pump_soon(struct daemon *d)
{
    d->pump_again = true;
    if (!d->is_pumping) {
        alarm_set(&d->alarm, loop_now(&d->loop));
    }
}

static void on_host_event(void *user, const struct host_event *e)
{
    struct daemon *d = user;
    if (!d->wallet) {
        return;
    }
    struct wallet_time t = daemon_time(d);
    if (e->kind == HOST_EVENT_EXTENSION) {
        daemon_dht_event(d);
        daemon_rendezvous_event(d);
        daemon_public_dht_event(d);
        daemon_relay_event(d);
        daemon_reach_event(d);
        daemon_net_event(d);
    } else {
        (void)servers_host_event(&d->servers, t.mono, t, e);
    }
    daemon_pump_soon(d);
}

static void on_servers_changed(void *user)
{
    struct daemon *d = user;
    api_node_changed(d->api, daemon_time(d));
}

static void on_new_head(void *user)
{
    struct daemon *d = user;
    anchor_hint(&d->anchor, daemon_time(d));
}

static bool has_own_node(void *user, struct id network)
{
    struct daemon *d = user;
    return own_nodes_url(&d->own_nodes, network) != NULL;
}

static struct anchor_else anchor_else_of(struct daemon *d, struct id network)
{
    const struct network *n = wallet_network(d->wallet, network);
    return (struct anchor_else){.has_own_node = has_own_node(d, network),
                                .has_light = n && light_is_on(&d->light, n)};
}

void daemon_stop(void *user)
{
    struct daemon *d = user;
    d->is_stopping = true;
    loop_stop(&d->loop);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    log_line(&d->log, LOG_INFO, "daemon", "signal %d: stopping", number);
    daemon_stop(d);
}

/* ---- log ---- */

static void write_log(struct log *self, enum log_level level, const char *part, const char *text)
{
    struct daemon *d = (struct daemon *)(void *)((char *)self - offsetof(struct daemon, log));
    struct wallet_time t = daemon_time(d);
    (void)fprintf(stderr, "%s %s: %s\n", log_level_name(level), part, text);
    if (d->api) {
        api_log(d->api, t.unix_ms, level, part, text);
    }
}

/* ---- the API's port ---- */

static struct daemon *daemon_of(struct api_node_port *self)
{
    return (struct daemon *)(void *)((char *)self - offsetof(struct daemon, port));
}

static void port_peers(struct api_node_port *self, struct json_writer *j)
{
    struct daemon *d = daemon_of(self);
    servers_write_peers(&d->servers, j, daemon_time(d));
}

static void port_net(struct api_node_port *self, struct json_writer *j)
{
    daemon_net_write(daemon_of(self), j);
}

static enum err
port_net_probe(struct api_node_port *self, uint64_t id, const struct api_net_probe *args)
{
    return daemon_net_probe(daemon_of(self), id, args);
}

static void port_hardware(struct api_node_port *self, struct json_writer *j)
{
    hardware_write_json(j, &daemon_of(self)->hardware);
}

static void port_plugin(struct api_node_port *self, struct json_writer *j)
{
    daemon_plugin_write(daemon_of(self), j);
}

static void port_plugin_log(struct api_node_port *self, struct json_writer *j, uint64_t after)
{
    daemon_plugin_write_log(daemon_of(self), j, after);
}

static bool
port_plugin_do(struct api_node_port *self, uint64_t id, const char *what, struct span params)
{
    return daemon_plugin_do(daemon_of(self), id, what, params);
}

static void
port_servers(struct api_node_port *self, struct json_writer *j, const struct network *network)
{
    (void)network; /* the list is of the selected one */
    servers_write_servers(&daemon_of(self)->servers, j);
}

static void port_evidence(struct api_node_port *self, struct json_writer *j, size_t limit)
{
    servers_write_evidence(&daemon_of(self)->servers, j, limit);
}

static const char *port_consensus(struct api_node_port *self, const struct network *network)
{
    struct daemon *d = daemon_of(self);
    struct anchor_else other = anchor_else_of(d, network->id);
    return other.has_own_node ? "own_node" : anchor_name(anchor_kind(network, other));
}

static void port_network(struct api_node_port *self, struct json_writer *j)
{
    struct daemon *d = daemon_of(self);
    daemon_reach_write(d, j);
    daemon_public_dht_write(d, j);
    servers_write_network(&d->servers, j);
    const char *url = own_nodes_url(&d->own_nodes, wallet_settings(d->wallet)->network);
    if (url) {
        json_put_name(j, "own_node");
        json_put_str(j, url);
    }
}

static struct api_node_health port_health(struct api_node_port *self)
{
    struct daemon *d = daemon_of(self);
    int status;
    return (struct api_node_health){
        .peers = (uint32_t)host_peers_count(&d->host),
        .servers = (uint32_t)servers_usable_count(&d->servers),
        /* Its end of the link is closed before the kernel says that it ended. */
        .keys_ok = d->keyd.fd >= 0 && !process_poll(&d->keyd_process, &status),
        .sandbox = d->sandbox,
    };
}

static void on_node_tried(void *user, uint64_t tag, const struct own_node_found *f)
{
    struct daemon *d = user;
    struct api_node_result r = {.err = f->err,
                                .chain_id = f->chain_id,
                                .block = f->block,
                                .block_s = f->block_s,
                                .words = f->words};
    api_node_set_done(d->api, daemon_time(d), tag, &r);
    servers_reconsider(&d->servers, daemon_time(d));
    daemon_pump(d);
}

static void port_set_node(struct api_node_port *self,
                          uint64_t id,
                          const struct network *network,
                          struct span url)
{
    struct daemon *d = daemon_of(self);
    struct own_node_args args = {
        .network = network, .url = url, .done = on_node_tried, .user = d, .tag = id};
    own_nodes_try(&d->own_nodes, &args);
}

static enum err
port_keys(struct api_node_port *self, struct span *ret_body, enum keyd_op op, struct span body)
{
    struct daemon *d = daemon_of(self);
    return keyd_client_ask(&d->keyd, MSPAN_OF(d->keys_room), ret_body, op, body);
}

static struct wallet_time time_of(void *user)
{
    return daemon_time(user);
}

/* ---- start ---- */

static enum err start_keyd(struct daemon *d)
{
    char store[CONFIG_PATH_LEN_MAX];
    int n = snprintf(store, sizeof store, "%s/keys", d->config->data_dir);
    if (n < 0 || (size_t)n >= sizeof store) {
        return fail(d, ERR_IO,
                    "The path of the data directory is too long: choose a shorter --home.");
    }
    uint32_t capabilities = KEYD_MAY_IDENTITY | KEYD_MAY_MANAGE | KEYD_MAY_VAULT;
    const struct keyd_spawn_args args = {.path = d->config->keyd,
                                         .store_dir = store,
                                         .capabilities = capabilities,
                                         .tpm_device = d->config->tpm,
                                         .needs_seal = d->config->is_seal_required};
    if (keyd_spawn_as(&d->keyd_process, &args) != OK) {
        return fail(
            d, ERR_IO,
            "The key process %s cannot be started: build it with make, or set PASSMESH_KEYD.",
            d->config->keyd);
    }
    keyd_client_init(&d->keyd, d->keyd_process.fd, KEYD_TIMEOUT_MS);
    if (keyd_client_open_identity(&d->keyd) != OK) {
        return fail(d, ERR_IO,
                    "The key process gives no identity: the log above says why; its store is %s.",
                    store);
    }
    return OK;
}

static enum err start_store(struct daemon *d)
{
    char path[CONFIG_PATH_LEN_MAX];
    int n = snprintf(path, sizeof path, "%s/wallet.db", d->config->data_dir);
    if (n < 0 || (size_t)n >= sizeof path) {
        return fail(d, ERR_IO,
                    "The path of the data directory is too long: choose a shorter --home.");
    }
    enum err err = db_open(&d->db, path, &d->log);
    switch (err) {
    case OK: return OK;
    case ERR_STATE:
        return fail(d, err,
                    "Another passmesh has %s open: stop it first (passmesh stop), or choose "
                    "another --home.",
                    path);
    case ERR_MALFORMED:
        return fail(
            d, err,
            "%s is no wallet of this version; it was left as it is. Move it away to start anew.",
            path);
    default:
        return fail(d, err, "%s cannot be opened: is the disk full, or the directory not yours?",
                    path);
    }
}

static enum err start_wallet(struct daemon *d)
{
    struct coded why = {0};
    struct wallet_cfg cfg = {
        .budget = &d->budget,
        .rng = &d->entropy.rng,
        .log = &d->log,
        .store = db_store(d->db),
        .origin = d->origin,
        .rp_id = "passmesh.localhost",
        .software_key = d->config->is_software_key,
        .networks = d->networks.list,
        .network_count = d->networks.count,
    };
    enum err err = wallet_new(&d->wallet, &cfg, daemon_time(d), &why);
    if (err != OK) {
        return fail(d, err,
                    "A record of the wallet cannot be read (%s); nothing was changed. Restore "
                    "wallet.db from a "
                    "copy, or move it away to start anew.",
                    err_name(err));
    }
    return OK;
}

static enum err start_host(struct daemon *d)
{
    struct host_cfg cfg = {
        .signer = &d->keyd.signer,
        .rng = &d->entropy.rng,
        .parent = &d->budget,
        .memory_max = d->config->memory_max,
        .agent = DAEMON_AGENT,
    };
    uv_timeval64_t clock;
    if (uv_gettimeofday(&clock) == 0 && clock.tv_sec > 0) {
        cfg.unix_s = (uint64_t)clock.tv_sec;
    }
    if (host_init(&d->host, &cfg, loop_now(&d->loop)) != OK) {
        return fail(d, ERR_LIMIT,
                    "The memory for peers is too small: raise memory_mib in passmesh.ini.");
    }
    d->has_host = true;
    struct tcp_cfg tcp = {.loop = &d->loop,
                          .host = &d->host,
                          .budget = &d->budget,
                          .rng = &d->entropy.rng,
                          .log = &d->log,
                          .one_port = true,
                          .on_event = on_host_event,
                          .user = d};
    if (tcp_init(&d->tcp, &tcp) != OK) {
        return fail(d, ERR_LIMIT, "There is no memory for the network.");
    }
    d->has_tcp = true;
    return OK;
}

static enum err listen_for_peers(struct daemon *d)
{
    uint8_t room[TCP_ADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    struct span real;
    if (d->config->listen[0] == '\0') {
        return OK; /* a client dials; it need not be found */
    }
    if (multiaddr_parse(&w, span_str(d->config->listen), NULL) != OK ||
        tcp_listen(&d->tcp, &real, span_of(room, w.n)) != OK ||
        host_set_listen_addrs(&d->host, &real, 1) != OK) {
        return fail(d, ERR_IO,
                    "The address %s for peers cannot be used: is it taken? See [peers] listen.",
                    d->config->listen);
    }
    d->reach.listen_len = span_copy(MSPAN_OF(d->reach.listen), real);
    return OK;
}

static enum err start_servers(struct daemon *d)
{
    struct servers_cfg cfg = {
        .budget = &d->budget,
        .rng = &d->entropy.rng,
        .log = &d->log,
        .host = &d->host,
        .wallet = d->wallet,
        .store = db_store(d->db),
        .is_local = d->networks.list[0].kind == NETWORK_LOCAL,
        .has_own_node = has_own_node,
        .operator_of = daemon_directory_operator,
        .changed = on_servers_changed,
        .new_head = on_new_head,
        .user = d,
    };
    daemon_identities_hear(&cfg);
    daemon_light_hear(&cfg);
    daemon_copies_hear(&cfg);
    daemon_cosign_hear(&cfg);
    TRY(servers_init(&d->servers, &cfg));
    for (size_t i = 0; i < d->networks.count; i++) {
        const struct network *n = &d->networks.list[i];
        for (size_t k = 0; k < n->bootstrap_count; k++) {
            if (servers_add(&d->servers, span_str(n->bootstrap[k]), FOUND_BOOTSTRAP) != OK) {
                log_line(&d->log, LOG_WARN, "net", "a bootstrap address of %s is broken",
                         n->name.text);
            }
        }
    }
    for (size_t i = 0; i < d->config->peer_count; i++) {
        if (servers_add(&d->servers, span_str(d->config->peers[i]), FOUND_MANUAL) != OK) {
            return fail(d, ERR_MALFORMED,
                        "The server %s in passmesh.ini is no address such as "
                        "/ip4/192.0.2.1/tcp/4001/p2p/12D3Koo...",
                        d->config->peers[i]);
        }
    }
    return OK;
}

static enum err start_api(struct daemon *d)
{
    hardware_detect_here(&d->hardware,
                         d->config->data_dir); /* the sandbox will close /proc and /sys */
    d->port = (struct api_node_port){.write_peers = port_peers,
                                     .write_servers = port_servers,
                                     .write_evidence = port_evidence,
                                     .consensus = port_consensus,
                                     .write_network = port_network,
                                     .write_net = port_net,
                                     .net_probe = port_net_probe,
                                     .write_hardware = port_hardware,
                                     .write_plugin = port_plugin,
                                     .write_plugin_log = port_plugin_log,
                                     .plugin_do = port_plugin_do,
                                     .health = port_health,
                                     .faucet = daemon_faucet,
                                     .keys = port_keys,
                                     .set_node = port_set_node};
    daemon_copies_port(&d->port);
    daemon_cosign_port(&d->port);
    struct api_cfg cfg = {.budget = &d->budget,
                          .rng = &d->entropy.rng,
                          .wallet = d->wallet,
                          .node = &d->port,
                          .version = PASSMESH_VERSION,
                          .build = PASSMESH_BUILD,
                          .origin = d->origin};
    return api_new(&d->api, &cfg, daemon_time(d));
}

static enum err start_doors(struct daemon *d)
{
    char holder[WEB_HOLDER_LEN];
    struct web_cfg web = {.loop = &d->loop,
                          .budget = &d->budget,
                          .log = &d->log,
                          .door = api_door(d->api),
                          .page = &d->page,
                          .name = "passmesh.localhost",
                          .port = d->config->port,
                          .pump = daemon_pump,
                          .user = d};
    enum err err = web_start(&d->web, &web, holder);
    if (err == ERR_STATE) {
        return fail(d, err,
                    "Port %u is held by %s. The port is part of every passkey's address, so it "
                    "cannot be another: "
                    "end that program and start again.",
                    d->config->port, holder[0] ? holder : "another program");
    }
    if (err != OK) {
        return fail(d, err, "Port %u of this machine cannot be listened on.", d->config->port);
    }
    d->has_web = true;
    struct local_cfg local = {.loop = &d->loop,
                              .budget = &d->budget,
                              .log = &d->log,
                              .door = api_door(d->api),
                              .path = d->config->socket,
                              .origin = d->origin,
                              .pump = daemon_pump,
                              .stop = daemon_stop,
                              .user = d};
    err = local_start(&d->local, &local);
    if (err != OK) {
        return fail(d, err,
                    "The socket %s cannot be made: something else lies there. Look at it, and move "
                    "it away.",
                    d->config->socket);
    }
    d->has_local = true;
    return OK;
}

static enum err start_page(struct daemon *d)
{
    struct diag diag = {0};
    enum err err = page_load(&d->page, d->config->ui_dir, &diag);
    if (err != OK) {
        return fail(d, err, "The page in %s: %s. Set PASSMESH_UI, or build it with make.",
                    d->config->ui_dir, diag.rule ? diag.rule : err_name(err));
    }
    return OK;
}

static enum err start_networks(struct daemon *d)
{
    struct diag diag = {0};
    const char *which = "";
    enum err err = networks_load(&d->networks, d->config->network_file, &which, &diag);
    if (err != OK) {
        return fail(d, err, "Network file %s, line %zu: %s.", which, diag.offset,
                    diag.rule ? diag.rule : err_name(err));
    }
    for (size_t i = 0; i < d->config->checkpoint_count; i++) {
        if (networks_set_checkpoint(&d->networks, span_str(d->config->checkpoints[i])) != OK) {
            return fail(
                d, ERR_MALFORMED,
                "[light_client] checkpoint = %s in passmesh.ini: it is the name of a network "
                "with a consensus chain, a blank, and a block root of 32 bytes in hex, perhaps "
                "with "
                ":EPOCH behind it.",
                d->config->checkpoints[i]);
        }
    }
    return OK;
}

static enum err start(struct daemon *d)
{
    const char *path = "";
    enum err err = config_make_dirs(d->config, &path);
    if (err != OK) {
        char text[CONFIG_SENTENCE_LEN_MAX];
        config_say_dirs(text, err, path);
        return fail(d, err, "%s", text);
    }
    if (local_is_taken(d->config->socket)) {
        return fail(d, ERR_STATE,
                    "This wallet is running already (its socket is %s). Use it, or end it with: "
                    "passmesh stop",
                    d->config->socket);
    }
    if (entropy_init(&d->entropy) != OK) {
        return fail(d, ERR_IO, "The system gives no randomness.");
    }
    (void)snprintf(d->origin, sizeof d->origin, "http://passmesh.localhost:%u", d->config->port);
    TRY(start_networks(d));
    TRY(start_page(d));
    TRY(start_keyd(d));
    TRY(start_store(d));
    TRY(start_wallet(d));
    TRY(start_host(d));
    daemon_peers_start(d);
    TRY(listen_for_peers(d));
    TRY(start_servers(d));
    daemon_identities_start(d);
    TRY(daemon_relay_start(d));
    TRY(daemon_reach_start(d));
    daemon_mdns_start(d);
    TRY(daemon_dht_start(d));
    TRY(daemon_directory_start(d));
    TRY(daemon_rendezvous_start(d));
    daemon_public_dht_start(d);
    daemon_net_start(d);
    struct diag why = {0};
    if (daemon_attest_start(d, &why) != OK) {
        return fail(d, ERR_MALFORMED, "The attestation policy %s is not used: %s (docs/tee.md).",
                    d->config->attestation, why.rule ? why.rule : "there is no memory");
    }
    if (daemon_package_start(d) != OK || fetch_new(&d->fetch, &d->loop) != OK ||
        start_api(d) != OK) {
        return fail(d, ERR_IO, "There is not enough memory to start.");
    }
    d->own_nodes = (struct own_nodes){.fetch = d->fetch,
                                      .wallet = d->wallet,
                                      .store = db_store(d->db),
                                      .time = time_of,
                                      .pump = daemon_pump,
                                      .user = d};
    own_nodes_load(&d->own_nodes, &d->budget);
    daemon_light_start(d);
    daemon_copies_start(d);
    d->anchor = (struct anchor_source){.budget = &d->budget,
                                       .fetch = d->fetch,
                                       .wallet = d->wallet,
                                       .log = &d->log,
                                       .time = time_of,
                                       .pump = daemon_pump,
                                       .user = d,
                                       .ask_at = INSTANT_NEVER};
    TRY(start_doors(d));
    daemon_plugin_start(d);
    return OK;
}

/* All is open that will be needed: the store, the ports, the page, keyd. The command line's socket goes at the end. */
static enum err close_sandbox(struct daemon *d)
{
    char text[SANDBOX_NODE_REFUSAL_MAX];
    const struct sandbox_path paths[] = {
        {d->config->runtime_dir, LANDLOCK_REMOVE_FILE}
    };
    const struct sandbox_node_cfg cfg = {.paths = paths,
                                         .paths_count = 1,
                                         .child = d->keyd_process.pid,
                                         .keeper = d->plugin.process.pid};
    sandbox_node_enter(&d->sandbox, &cfg);
    enum err err = sandbox_node_require(&d->sandbox, d->config->is_sandbox_optional, &d->log, text);
    return err == OK ? OK : fail(d, err, "%s", text);
}

/* ---- stop ---- */

static void stop(struct daemon *d)
{
    daemon_mdns_stop(d);
    daemon_plugin_stop(d);
    if (d->has_web) {
        web_stop(&d->web);
    }
    if (d->has_local) {
        local_stop(&d->local);
    }
    if (d->has_tcp) {
        tcp_done(&d->tcp);
    }
    identities_close(&d->identities);
    fetch_stop(d->fetch);
    alarm_done(&d->alarm);
    uv_close((uv_handle_t *)&d->on_int, NULL);
    uv_close((uv_handle_t *)&d->on_term, NULL);
    loop_done(&d->loop);
    fetch_free(d->fetch);
    identities_free(&d->identities);
    servers_done(&d->servers);
    light_done(&d->light);
    copies_done(&d->copies);
    api_free(d->api);
    d->api = NULL;
    wallet_free(d->wallet);
    daemon_net_stop(d);
    daemon_dht_stop(d);
    daemon_directory_stop(d);
    daemon_rendezvous_stop(d);
    daemon_public_dht_stop(d);
    daemon_relay_stop(d);
    daemon_reach_stop(d);
    daemon_attest_stop(d);
    daemon_package_stop(d);
    daemon_peers_stop(d);
    if (d->has_host) {
        host_done(&d->host);
    }
    db_close(d->db);
    page_done(&d->page);
    networks_done(&d->networks);
    process_stop(&d->keyd_process, KEYD_GRACE_MS);
}

enum err daemon_run(const struct config *config, char ret_text[static DAEMON_TEXT_LEN])
{
    struct daemon *d = calloc(1, sizeof *d);
    if (!d) {
        abort();
    }
    d->config = config;
    d->text = ret_text;
    d->log = (struct log){.write = write_log, .level = config->is_debug ? LOG_DEBUG : LOG_INFO};
    budget_init(&d->budget, NULL, "daemon", DAEMON_MEMORY_MAX);
    if (crypto_init() != OK || loop_init(&d->loop) != OK) {
        free(d);
        (void)snprintf(ret_text, DAEMON_TEXT_LEN,
                       "The system gives too little to start: descriptors or memory.");
        return ERR_IO;
    }
    alarm_init(&d->alarm, &d->loop, on_alarm, d);
    check(uv_signal_init(&d->loop.uv, &d->on_int) == 0);
    check(uv_signal_init(&d->loop.uv, &d->on_term) == 0);
    d->on_int.data = d;
    d->on_term.data = d;
    (void)uv_signal_start(&d->on_int, on_signal, SIGINT);
    (void)uv_signal_start(&d->on_term, on_signal, SIGTERM);
    enum err err = start(d);
    if (err == OK) {
        err = close_sandbox(d);
    }
    if (err == OK) {
        log_line(&d->log, LOG_INFO, "daemon", "ready at %s/", d->origin);
        daemon_pump(d);
        loop_run(&d->loop);
    }
    d->is_stopping = true;
    stop(d);
    free(d);
    return err;
}
