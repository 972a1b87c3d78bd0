/* The server program: start, the turn of the loop, stop. */
#include "node/server/server.h"

#include "base/check.h"
#include "codec/multiaddr.h"
#include "evm/deployments.h"
#include "node/os/journal.h"
#include "node/os/landlock.h"
#include "node/server/server_inside.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    MEMORY_BESIDE = 64 * 1024 * 1024, /* bytes: buffers of the drivers, and what is being stored */
    KEYD_TIMEOUT_MS = 30000,          /* a TPM may take seconds to open its store */
    KEYD_GRACE_MS = 2000,
    PUMP_ROUNDS_MAX = 64,
    DRAIN_MS = 5000, /* for what is under way */
    CLOSE_MS = 500,  /* for the last bytes */
    WATCH_MS = 10000,
    LOCAL_PACE_MS = 500,         /* between two looks at a chain whose blocks come at once */
    PROTOCOL_STREAMS_FACTOR = 2, /* a stream that is answered may wait for the peer's end */
};

#define AGENT "passmesh-server/" PASSMESH_VERSION

void server_give_up(struct server *s, enum err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (s->failure == OK) {
        (void)vsnprintf(s->text, SERVER_TEXT_LEN, format, args);
        s->failure = err;
    }
    va_end(args);
    s->phase = SERVER_STOPPED;
}

/* For the steps of the start: says what is wrong and answers err. */
#define FAIL(s, err, ...) (server_give_up(s, err, __VA_ARGS__), (err))

/* ---- the turn ---- */

static void announce_ready(struct server *s);

static bool serve(struct server *s, instant now)
{
    bool any = false;
    struct service_server_event e;
    service_server_tick(&s->service, now);
    while (service_server_poll(&s->service, &e, now)) {
        any = true;
        switch (e.kind) {
        case SERVICE_SERVER_ASK:   server_chain_ask(s, &e, now); break;
        case SERVICE_SERVER_LIGHT: server_beacon_ask(s, &e); break;
        case SERVICE_SERVER_READY: server_stream_send(s, e.user); break;
        }
    }
    return any;
}

static void watch(struct server *s, instant now)
{
    int status;
    if (!instant_reached(s->watch_at, now)) {
        return;
    }
    s->watch_at = instant_add(now, WATCH_MS * US_PER_MS);
    if (process_poll(&s->keyd_process, &status)) {
        server_give_up(s, ERR_IO, "The key process ended (status %d): start the server again.",
                       status);
        return;
    }
    server_chain_watch(s);
}

/* Moves a server that was told to stop to its end. */
static void stop_step(struct server *s, instant now)
{
    bool is_quiet = service_server_streams_count(&s->service) == 0 && s->leaving_count == 0 &&
                    !(s->drains_bundler && s->has_bundler && bundler_open_count(&s->bundler) > 0);
    if (s->phase == SERVER_DRAINING && (is_quiet || instant_reached(s->phase_until, now))) {
        s->phase = SERVER_CLOSING;
        server_net_stop(s);
        server_dht_stop(s); /* they would dial again */
        server_public_dht_stop(s);
        server_gossip_stop(s);
        server_rendezvous_stop(s);
        s->phase_until = instant_add(now, CLOSE_MS * US_PER_MS);
        for (size_t i = host_peers_count(&s->host); i > 0; i--) {
            struct host_peer_info info;
            host_peer_at(&s->host, &info, i - 1);
            struct peer_id peer = info.peer;
            host_disconnect(&s->host, &peer);
        }
    }
    if (s->phase == SERVER_CLOSING &&
        (host_peers_count(&s->host) == 0 || instant_reached(s->phase_until, now))) {
        s->phase = SERVER_STOPPED;
    }
}

static instant next_deadline(const struct server *s)
{
    instant at = instant_min(server_chain_deadline(s), s->watch_at);
    at = instant_min(at, server_dht_deadline(s));
    at = instant_min(at, server_public_dht_deadline(s));
    at = instant_min(at, server_gossip_deadline(s));
    at = instant_min(at, server_rendezvous_deadline(s));
    at = instant_min(at, server_heads_deadline(s));
    at = instant_min(at, server_relay_deadline(s));
    at = instant_min(at, server_attest_deadline(s));
    at = instant_min(at, instant_min(s->notify_at, s->operator.push_at));
    at = s->sidecar.has_told ? instant_min(at, s->figures.at) : at;
    if (s->phase == SERVER_DRAINING || s->phase == SERVER_CLOSING) {
        at = instant_min(at, s->phase_until);
    }
    return s->phase == SERVER_STARTING ? at : instant_min(at, service_server_deadline(&s->service));
}

/* Moves everything that is there to move. It is called after every input, and calls itself never: what comes in
 * meanwhile is for the next round. */
static void pump(struct server *s)
{
    s->is_pumping = true;
    bool any = true;
    if (s->phase != SERVER_STARTING) {
        /* What is dialled below has its whole time, however long nothing happened. */
        host_tick(&s->host, loop_now(&s->loop));
    }
    for (int i = 0; i < PUMP_ROUNDS_MAX && any && s->phase != SERVER_STOPPED; i++) {
        instant now = loop_now(&s->loop);
        s->pump_again = false;
        server_chain_tick(s, now);
        if (s->phase != SERVER_STARTING) {
            announce_ready(s);
            any = serve(s, now);
        }
        watch(s, now);
        server_dht_tick(s, now);
        server_public_dht_tick(s, now);
        server_gossip_tick(s);
        server_rendezvous_tick(s, now);
        server_heads_tick(s, now);
        server_relay_tick(s, now);
        server_attest_tick(s, now);
        server_operator_tick(s, now);
        server_notify_tick(s, now);
        server_figures_tick(s, now);
        stop_step(s, now);
        tcp_pump(&s->tcp);
        any = (any && s->phase != SERVER_STARTING) || s->pump_again;
    }
    s->is_pumping = false;
    if (s->phase == SERVER_STOPPED) {
        alarm_set(&s->alarm, INSTANT_NEVER);
        loop_stop(&s->loop);
        return;
    }
    /* What is left has its turn after sockets had theirs. */
    alarm_set(&s->alarm, any ? instant_add(loop_now(&s->loop), US_PER_MS) : next_deadline(s));
}

static void on_alarm(void *user)
{
    pump(user);
}

void server_wake(struct server *s)
{
    s->pump_again = true;
    if (!s->is_pumping) {
        alarm_set(&s->alarm, loop_now(&s->loop));
    }
}

static void drain_begin(struct server *s)
{
    if (s->phase == SERVER_RUNNING) {
        s->phase = SERVER_DRAINING;
        notify_tell(&s->notify, NOTIFY_STOPPING);
        notify_status(&s->notify, "Stopping when what is under way is answered");
        service_server_drain(&s->service);
        server_streams_end_heads(s);
    }
}

void server_drain(struct server *s, instant until)
{
    drain_begin(s);
    server_mdns_stop(s);
    s->drains_bundler = true;
    s->phase_until = until;
    server_wake(s);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct server *s = handle->data;
    bool is_first =
        s->phase == SERVER_RUNNING || (s->phase == SERVER_DRAINING && s->drains_bundler);
    log_line(&s->log, LOG_INFO, "server", "signal %d: %s", number,
             is_first ? "stopping when what is under way is answered" : "stopping now");
    if (is_first) {
        drain_begin(s);
        s->drains_bundler = false;
        s->phase_until = instant_add(loop_now(&s->loop), DRAIN_MS * US_PER_MS);
    } else {
        s->phase = SERVER_STOPPED;
    }
    server_wake(s);
}

static void write_log(struct log *self, enum log_level level, const char *part, const char *text)
{
    const struct server *s =
        (const struct server *)(const void *)((const char *)self - offsetof(struct server, log));
    (void)fprintf(stderr, "%s%s %s: %s\n", s->is_journal ? journal_prefix(level) : "",
                  log_level_name(level), part, text);
}

/* ---- start ---- */

MUST_CHECK static enum err
path_below(struct server *s, char out[static CONFIG_PATH_LEN_MAX], const char *name)
{
    int n = snprintf(out, CONFIG_PATH_LEN_MAX, "%s/%s", s->config->places.data_dir, name);
    return n > 0 && n < CONFIG_PATH_LEN_MAX
               ? OK
               : FAIL(s, ERR_IO,
                      "The path of the data directory is too long: choose a shorter --home.");
}

const char *server_wrong_node(const struct server_nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++) {
        const char *node = nodes->list[i];
        if (strncmp(node, "http://", 7) != 0 && strncmp(node, "https://", 8) != 0) {
            return node;
        }
    }
    return NULL;
}

/* A name is that of a network of the release; anything with a slash or a point is a file. */
static bool is_file_name(const char *network)
{
    return strpbrk(network, "/.") != NULL;
}

enum err server_start_network(struct server *s)
{
    struct diag diag = {0};
    const char *which = "";
    const char *name = s->config->network;
    bool is_file = is_file_name(name);
    enum err err = networks_load(&s->networks, is_file ? name : "", &which, &diag);
    if (err != OK) {
        return FAIL(s, err, "Network file %s, line %zu: %s.", which, diag.offset,
                    diag.rule ? diag.rule : err_name(err));
    }
    for (size_t i = 0; i < s->networks.count && !s->network; i++) {
        if (is_file || strcmp(s->networks.list[i].id.text, name) == 0) {
            s->network = &s->networks.list[i]; /* a file's network comes first */
        }
    }
    if (!s->network) {
        return FAIL(s, ERR_NOT_FOUND,
                    "There is no network %s: this release has ethereum, sepolia, base, op and "
                    "arbitrum; a local one is named by its file.",
                    name);
    }
    if (!address_equal(s->network->entry_point, deployments.entry_point)) {
        return FAIL(s, ERR_UNSUPPORTED,
                    "Network %s has another EntryPoint than 0.8: this server bundles for that one "
                    "alone.",
                    name);
    }
    return OK;
}

MUST_CHECK static enum err start_store(struct server *s)
{
    char path[CONFIG_PATH_LEN_MAX];
    TRY(path_below(s, path, "server.db"));
    enum err err = server_store_open(&s->store, path, &s->log);
    switch (err) {
    case OK: return OK;
    case ERR_STATE:
        return FAIL(s, err,
                    "Another passmesh-server has %s open: stop it first, or choose another --home.",
                    path);
    case ERR_MALFORMED:
        return FAIL(s, err,
                    "%s is no store of this version; it was left as it is. Operations under way "
                    "stand in it: see docs/server.md before you move it away.",
                    path);
    default:
        return FAIL(s, err, "%s cannot be opened: is the disk full, or the directory not yours?",
                    path);
    }
}

static enum err sign_transaction(struct bundler_signer *self,
                                 struct secp256k1_signature *ret_sig,
                                 struct span unsigned_tx)
{
    struct server *s = (struct server *)(void *)((char *)self - offsetof(struct server, signer));
    enum err err = keyd_client_sign_transaction(&s->keyd, ret_sig, s->bundler_key.id, unsigned_tx);
    if (err != OK) {
        log_line(&s->log, LOG_ERROR, "bundler", "the key process does not sign: %s", err_name(err));
    }
    return err;
}

enum err server_start_keyd(struct server *s, uint32_t capabilities)
{
    char store[CONFIG_PATH_LEN_MAX];
    struct keyd_status status;
    const char *program = s->config->places.keyd;
    TRY(path_below(s, store, "keys"));
    const struct keyd_spawn_args args = {.path = program,
                                         .store_dir = store,
                                         .capabilities = capabilities,
                                         .tpm_device = s->config->places.tpm,
                                         .needs_seal = s->config->places.is_seal_required};
    if (keyd_spawn_as(&s->keyd_process, &args) != OK) {
        return FAIL(s, ERR_IO,
                    "The key process %s cannot be started: it lies beside passmesh-server, or set "
                    "PASSMESH_KEYD.",
                    program);
    }
    keyd_client_init(&s->keyd, s->keyd_process.fd, KEYD_TIMEOUT_MS);
    bool has_identity =
        !(capabilities & KEYD_MAY_IDENTITY) || keyd_client_open_identity(&s->keyd) == OK;
    if (!has_identity || keyd_client_open(&s->keyd, &s->bundler_key, KEYD_BUNDLER) != OK ||
        s->bundler_key.public_len != sizeof s->bundler_key.public_bytes) {
        return FAIL(s, ERR_IO,
                    "The key process %s gives no keys: the log above says why; its store is %s.",
                    program, store);
    }
    s->is_sealed = keyd_client_status(&s->keyd, &status) == OK &&
                   (status.protections & KEYD_KEY_IN_HARDWARE) != 0;
    log_line(&s->log, LOG_INFO, "keys", "%s",
             s->is_sealed ? "sealed by this machine's TPM"
                          : "the store's key is a file beside it: passmesh-server seal tpm");
    s->bundler_address = address_of_public_key(s->bundler_key.public_bytes);
    s->signer.sign = sign_transaction;
    return OK;
}

struct known_list {
    struct bundler_known list[BUNDLER_KNOWN_MAX];
    size_t count;
};

static void add_known(struct known_list *k,
                      enum bundler_role role,
                      const struct address *address,
                      const uint8_t code_hash[static 32])
{
    check(k->count < BUNDLER_KNOWN_MAX);
    struct bundler_known *one = &k->list[k->count++];
    one->role = role;
    if (address) {
        one->address = *address;
    }
    memcpy(one->code_hash.bytes, code_hash, sizeof one->code_hash.bytes);
}

/* Every version that an account may have; false: no code is known of this chain. */
static bool add_implementations(struct known_list *k, uint64_t chain_id)
{
    const struct deployment_by_chain *const all[] = {&deployments.implementation,
                                                     &deployments.implementation_2};
    size_t before = k->count;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const uint8_t *code_hash = deployment_code_hash(all[i], chain_id);
        if (code_hash) {
            add_known(k, BUNDLER_IMPLEMENTATION, &all[i]->address, code_hash);
        }
    }
    return k->count > before;
}

struct restoring {
    struct server *server;
    size_t count;
};

static enum err restore_one(void *user, struct span record)
{
    struct restoring *r = user;
    r->count++;
    return bundler_restore(&r->server->bundler, record, loop_now(&r->server->loop));
}

enum err server_start_bundler(struct server *s)
{
    struct known_list known = {.count = 0};
    bool has_accounts = add_implementations(&known, s->network->chain_id);
    if (!s->config->is_bundler || !has_accounts) {
        log_line(&s->log, LOG_WARN, "bundler",
                 s->config->is_bundler ? "no account code of this chain is known: no operations"
                                       : "switched off in server.ini: no operations");
        return OK;
    }
    const struct deployments *d = &deployments;
    add_known(&known, BUNDLER_PROXY, NULL, d->proxy_code_hash);
    add_known(&known, BUNDLER_VERIFIER, &d->verifier.address, d->verifier.code_hash);
    add_known(&known, BUNDLER_VERIFIER, &d->secp256k1_verifier.address,
              d->secp256k1_verifier.code_hash);
    add_known(&known, BUNDLER_FACTORY, &d->factory.address, d->factory.code_hash);
    struct bundler_cfg cfg = {.budget = &s->service_budget,
                              .chain_id = s->network->chain_id,
                              .entry_point = deployments.entry_point,
                              .self = s->bundler_address,
                              .known = known.list,
                              .known_count = known.count,
                              .signer = &s->signer,
                              .store = server_store_port(s->store),
                              .limits = s->config->bundler};
    if (s->network->kind == NETWORK_LOCAL && !s->config->has_track_ms) {
        cfg.limits.track_ms = LOCAL_PACE_MS;
    }
    s->has_bundler = true; /* also half-built it can be done */
    if (bundler_init(&s->bundler, &cfg) != OK) {
        return FAIL(s, ERR_LIMIT, "The memory is too small: raise memory_mib in server.ini.");
    }
    struct restoring r = {.server = s};
    enum err err = server_store_each(s->store, restore_one, &r);
    if (err != OK) {
        return FAIL(s, err,
                    "Record %zu of server.db cannot be taken up (%s); nothing was changed. See "
                    "docs/server.md, \"A broken record\".",
                    r.count, err_name(err));
    }
    if (r.count > 0) {
        log_line(&s->log, LOG_INFO, "bundler", "%zu operations taken up again", r.count);
    }
    return OK;
}

MUST_CHECK static enum err start_service(struct server *s)
{
    struct service_server_cfg cfg = {
        .budget = &s->service_budget,
        .chain_id = s->network->chain_id,
        .agent = AGENT,
        .limits = s->config->limits,
        .bundler = s->has_bundler ? &s->bundler : NULL,
        .has_light = s->config->beacon[0] != '\0',
        .cosigner = s->config->cosign == SERVER_COSIGN_NO ? NULL : &s->cosigner.port,
        .keeper = s->has_capsules ? &s->capsules.port : NULL};
    if (cfg.has_light && !s->network->has_beacon) {
        return FAIL(
            s, ERR_MALFORMED,
            "server.ini names a beacon node, but the file of network %s has no section [beacon]: "
            "take one of the two away, or add the other.",
            s->network->id.text);
    }
    if (s->network->kind == NETWORK_LOCAL && !s->config->has_head_ms) {
        cfg.limits.head_ms = LOCAL_PACE_MS;
    }
    rng_fill(&s->entropy.rng, mspan_of(cfg.map_seed, sizeof cfg.map_seed));
    if (service_server_init(&s->service, &cfg, loop_now(&s->loop)) != OK ||
        server_streams_init(s) != OK) {
        return FAIL(s, ERR_LIMIT, "The memory is too small: raise memory_mib in server.ini.");
    }
    return OK;
}

MUST_CHECK static enum err start_host(struct server *s)
{
    struct host_cfg cfg = {.signer = &s->keyd.signer,
                           .rng = &s->entropy.rng,
                           .parent = &s->budget,
                           .memory_max = s->config->places.memory_max,
                           .agent = AGENT};
    uv_timeval64_t tv;
    if (uv_gettimeofday(&tv) == 0 && tv.tv_sec > 0) {
        cfg.unix_s = (uint64_t)tv.tv_sec;
        cfg.record_seq = (uint64_t)tv.tv_sec * 1000;
    }
    uint32_t streams_max = s->config->limits.streams_max * PROTOCOL_STREAMS_FACTOR;
    uint32_t per_peer = s->config->limits.streams_per_peer_max * PROTOCOL_STREAMS_FACTOR;
    struct host_protocol_args handled = {
        .streams_in_max = streams_max, .streams_in_per_peer_max = per_peer, .relayed_ok = true};
    if (host_init(&s->host, &cfg, loop_now(&s->loop)) != OK) {
        return FAIL(s, ERR_LIMIT, "The memory is too small: raise memory_mib in server.ini.");
    }
    s->has_host = true;
    struct tcp_cfg tcp = {.loop = &s->loop,
                          .host = &s->host,
                          .budget = &s->budget,
                          .rng = &s->entropy.rng,
                          .log = &s->log,
                          .one_port = true,
                          .on_event = server_host_event,
                          .user = s};
    if (host_handle(&s->host, SERVICE_PROTOCOL_ID, handled) != OK ||
        tcp_init(&s->tcp, &tcp) != OK) {
        return FAIL(s, ERR_LIMIT, "There is no memory for the network.");
    }
    s->has_tcp = true;
    return OK;
}

MUST_CHECK static enum err start_listening(struct server *s)
{
    for (size_t i = 0; i < s->config->listen_count; i++) {
        uint8_t room[TCP_ADDR_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(room));
        if (multiaddr_parse(&w, span_str(s->config->listen[i]), NULL) != OK || wr_end(&w) != OK ||
            tcp_listen(&s->tcp, &s->listen[i], span_of(room, w.n)) != OK) {
            return FAIL(s, ERR_IO,
                        "The address %s cannot be listened on: is it taken, and of the form "
                        "/ip4/0.0.0.0/tcp/4001?",
                        s->config->listen[i]);
        }
        s->listen_count++;
    }
    return OK;
}

enum err server_start_base(struct server *s)
{
    const char *path = "";
    enum err err = config_make_dirs(&s->config->places, &path);
    if (err != OK) {
        char text[CONFIG_SENTENCE_LEN_MAX];
        config_say_dirs(text, err, path);
        return FAIL(s, err, "%s", text);
    }
    if (entropy_init(&s->entropy) != OK) {
        return FAIL(s, ERR_IO, "The system gives no randomness.");
    }
    const char *wrong = server_wrong_node(&s->config->nodes);
    if (wrong) {
        return FAIL(s, ERR_MALFORMED, "--node %s is no http:// or https:// address.", wrong);
    }
    if (fetch_new(&s->fetch, &s->loop) != OK) {
        return FAIL(s, ERR_IO, "There is not enough memory to start.");
    }
    TRY(server_start_network(s));
    s->data_fd = open(s->config->places.data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return start_store(s);
}

MUST_CHECK static enum err start(struct server *s)
{
    TRY(server_start_base(s));
    uint32_t may_cosign = s->config->cosign == SERVER_COSIGN_NO ? 0 : KEYD_MAY_COSIGN;
    TRY(server_start_keyd(s, KEYD_MAY_IDENTITY | KEYD_MAY_BUNDLER | KEYD_MAY_MANAGE | may_cosign));
    TRY(server_cosign_start(s));
    TRY(server_start_bundler(s));
    if (server_capsules_start(s) != OK) {
        return FAIL(s, ERR_IO,
                    "The sealed vaults in server.db cannot be read: is the disk full, or "
                    "memory_mib too small?");
    }
    TRY(start_service(s));
    TRY(start_host(s));
    server_peers_start(s);
    TRY(server_wss_start(s));
    TRY(start_listening(s));
    TRY(server_reach_start(s));
    TRY(server_relay_start(s));
    server_mdns_start(s);
    TRY(server_dht_start(s));
    server_public_dht_start(s);
    TRY(server_gossip_start(s));
    TRY(server_rendezvous_start(s));
    TRY(server_heads_start(s));
    server_net_start(s);
    TRY(server_attest_start(s));
    TRY(server_package_start(s));
    /* Supervised, the wallet is its operator, and its sandbox has no Unix sockets. */
    return s->sidecar.fd > 0 ? OK : server_operator_start(s);
}

/* All is open that will be needed: the store, the ports, keyd. */
enum err server_close_sandbox(struct server *s)
{
    char text[SANDBOX_NODE_REFUSAL_MAX];
    /* server.ini may be read again; socket and token go at the end. */
    char certs[CONFIG_PATH_LEN_MAX];
    char keys[CONFIG_PATH_LEN_MAX];
    server_wss_folder(certs, s->config->wss_cert);
    server_wss_folder(keys, s->config->wss_key);
    const struct sandbox_path paths[] = {
        {s->config->places.config_dir,  LANDLOCK_READ       },
        {s->config->places.runtime_dir, LANDLOCK_REMOVE_FILE},
        {certs,                         LANDLOCK_READ       },
        {keys,                          LANDLOCK_READ       },
    };
    const struct sandbox_node_cfg cfg = {
        .paths = paths, .paths_count = 4, .child = s->keyd_process.pid};
    sandbox_node_enter(&s->sandbox, &cfg);
    enum err err =
        sandbox_node_require(&s->sandbox, s->config->places.is_sandbox_optional, &s->log, text);
    return err == OK ? OK : FAIL(s, err, "%s", text);
}

void server_listen_print(char ret[static SERVER_ADDR_TEXT_LEN], const struct server *s, size_t i)
{
    struct wr w = wr_init(mspan_of(ret, SERVER_ADDR_TEXT_LEN - 1));
    char self[PEER_ID_TEXT_MAX];
    peer_id_print(self, host_self(&s->host));
    if (multiaddr_print(&w, s->listen[i]) == OK) {
        wr_str(&w, "/p2p/");
        wr_str(&w, self);
    }
    check(wr_ok(&w));
    ret[w.n] = '\0';
}

static void announce_ready(struct server *s)
{
    struct server_ready r = {.self = *host_self(&s->host),
                             .chain_id = s->network->chain_id,
                             .network = s->network->id.text,
                             .level = s->has_bundler ? "known-code" : "none",
                             .bundler = s->bundler_address,
                             .keys = s->is_sealed ? "tpm2" : "file",
                             .sandbox = sandbox_level_name(sandbox_node_level(&s->sandbox)),
                             .is_node_reached = s->chain == SERVER_CHAIN_RIGHT};
    if (!s->ready) {
        return;
    }
    for (size_t i = 0; i < s->listen_count; i++) {
        server_listen_print(r.listen[i], s, i);
    }
    r.listen_count = s->listen_count;
    server_sidecar_ready(&s->sidecar, r.listen[0]);
    notify_tell(&s->notify, NOTIFY_READY);
    s->ready(s->ready_user, &r);
    s->ready = NULL;
}

/* ---- stop ---- */

static void stop(struct server *s)
{
    server_operator_stop(s);
    server_mdns_stop(s);
    server_reach_stop(s);
    if (s->has_tcp) {
        tcp_done(&s->tcp);
    }
    fetch_stop(s->fetch);
    alarm_done(&s->alarm);
    if (s->has_signals) {
        uv_close((uv_handle_t *)&s->on_int, NULL);
        uv_close((uv_handle_t *)&s->on_term, NULL);
    }
    server_figures_stop(s);
    server_attest_stop(s);
    server_sidecar_end(&s->sidecar);
    loop_done(&s->loop);
    fetch_free(s->fetch);
    networks_done(&s->networks);
    service_server_done(&s->service);
    server_streams_done(s);
    server_capsules_stop(s);
    if (s->has_bundler) {
        bundler_done(&s->bundler);
    }
    server_net_stop(s);
    server_dht_stop(s);
    server_public_dht_stop(s);
    server_gossip_stop(s);
    server_rendezvous_stop(s);
    server_relay_stop(s);
    server_reach_free(s);
    server_attest_done(s);
    server_package_stop(s);
    server_peers_stop(s);
    if (s->has_host) {
        host_done(&s->host);
    }
    server_store_close(s->store);
    process_stop(&s->keyd_process, KEYD_GRACE_MS);
    if (s->data_fd >= 0) {
        (void)close(s->data_fd);
    }
    notify_end(&s->notify);
}

static void signal_begin(struct server *s, uv_signal_t *handle, int number)
{
    check(uv_signal_init(&s->loop.uv, handle) == 0);
    handle->data = s;
    (void)uv_signal_start(handle, on_signal, number);
}

enum err server_new(struct server **ret,
                    const struct server_config *config,
                    char ret_text[static SERVER_TEXT_LEN])
{
    struct server *s = calloc(1, sizeof *s);
    if (!s) {
        abort();
    }
    s->own = *config;
    s->config = &s->own;
    s->text = ret_text;
    s->notify.fd = -1;
    s->reach.portmap.fd = -1;
    s->data_fd = -1;
    s->notify_at = INSTANT_NEVER;
    s->operator.push_at = INSTANT_NEVER;
    s->figures = (struct server_figures){.at = INSTANT_NEVER, .statm = -1};
    s->is_journal = journal_is_stderr();
    s->log =
        (struct log){.write = write_log, .level = config->places.is_debug ? LOG_DEBUG : LOG_INFO};
    size_t memory = config->places.memory_max;
    budget_init(&s->budget, NULL, "server", 2 * memory + MEMORY_BESIDE);
    budget_init(&s->service_budget, &s->budget, "service", memory);
    if (crypto_init() != OK || loop_init(&s->loop) != OK) {
        free(s);
        (void)snprintf(ret_text, SERVER_TEXT_LEN,
                       "The system gives too little to start: descriptors or memory.");
        return ERR_IO;
    }
    alarm_init(&s->alarm, &s->loop, on_alarm, s);
    *ret = s;
    return OK;
}

enum err server_end(struct server *s)
{
    enum err err = s->failure;
    stop(s);
    free(s);
    return err;
}

enum err server_run(const struct server_config *config,
                    char ret_text[static SERVER_TEXT_LEN],
                    server_ready_fn ready,
                    void *user)
{
    struct server *s = NULL;
    struct notify notify;
    enum err err = notify_start(&notify);
    if (err != OK) {
        (void)snprintf(ret_text, SERVER_TEXT_LEN,
                       "The service manager waits at NOTIFY_SOCKET, but cannot be told that we are "
                       "up: is it a Unix socket?");
        return err;
    }
    struct portmap portmap = {.fd = -1};
    bool has_mapper = !config->is_port_mapping || portmap_start(&portmap) == OK;
    err = server_new(&s, config, ret_text);
    if (err != OK) {
        notify_end(&notify);
        portmap_end(&portmap);
        return err;
    }
    s->reach.portmap = portmap;
    if (!has_mapper) {
        log_line(&s->log, LOG_WARN, "net", "no process to talk with the home router");
    }
    s->notify = notify;
    s->ready = ready;
    s->ready_user = user;
    s->has_signals = true;
    signal_begin(s, &s->on_int, SIGINT);
    signal_begin(s, &s->on_term, SIGTERM);
    server_sidecar_begin(&s->sidecar, &s->loop, &s->budget);
    server_figures_start(s);
    server_chain_begin(s);
    uv_timeval64_t tv = {0};
    s->started_at = s->chain_at;
    s->started_s = uv_gettimeofday(&tv) == 0 && tv.tv_sec > 0 ? (uint64_t)tv.tv_sec : 0;
    s->notify_at = s->chain_at;
    s->watch_at = instant_add(s->chain_at, WATCH_MS * US_PER_MS);
    if (start(s) == OK && server_close_sandbox(s) == OK) {
        pump(s);
        loop_run(&s->loop);
    }
    return server_end(s);
}
