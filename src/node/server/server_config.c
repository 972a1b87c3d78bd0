/* server.ini and the command line of a server. */
#include "node/server/server_config.h"

#include "codec/ini.h"
#include "evm/u256.h"

#include <stdio.h>
#include <string.h>

enum {
    MIB = 1024 * 1024,
    MEMORY_MIB_DEFAULT = 128,
    CAPSULES_DEFAULT = 256, /* of 8 KiB: 2 MB of disk */
    CAPSULES_MAX = 100000,
    GAS_MAX = 2000000000,
    UNITS_MIN = 20, /* what the dearest question costs (gateway.h) */
};

/* A key whose value is a whole number that fits 32 bits. */
struct number_key {
    const char *section;
    const char *key;
    uint32_t max;
    uint32_t *place;
};

MUST_CHECK static enum err get_list(char list[][CONFIG_TEXT_LEN_MAX + 1],
                                    size_t *count,
                                    const struct ini_entry *e,
                                    struct diag *diag)
{
    if (*count >= SERVER_LISTEN_COUNT_MAX) {
        return diag_set(diag, ERR_LIMIT, "at most 4 addresses", e->line);
    }
    TRY(config_get_text(list[*count], CONFIG_TEXT_LEN_MAX + 1, e, diag));
    (*count)++;
    return OK;
}

MUST_CHECK static enum err
get_node(struct server_nodes *nodes, const struct ini_entry *e, struct diag *diag)
{
    if (nodes->count >= SERVER_NODE_COUNT_MAX) {
        return diag_set(diag, ERR_LIMIT, "at most 4 nodes", e->line);
    }
    TRY(config_get_text(nodes->list[nodes->count], sizeof nodes->list[0], e, diag));
    nodes->count++;
    return OK;
}

MUST_CHECK static enum err get_gas(uint64_t *ret, const struct ini_entry *e, struct diag *diag)
{
    return config_get_number(ret, e, GAS_MAX, diag);
}

MUST_CHECK static enum err
read_limits(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    struct service_server_limits *l = &c->limits;
    const struct number_key keys[] = {
        {"limits", "streams",          4096,    &l->streams_max         },
        {"limits", "streams_per_peer", 1024,    &l->streams_per_peer_max},
        {"limits", "node_requests",    128,     &l->asks_max            },
        {"limits", "units",            1000000, &l->units_max           },
        {"limits", "units_per_second", 100000,  &l->units_per_s         },
        {"limits", "logs_blocks",      100000,  &l->logs_blocks_max     },
        {"limits", "head_ms",          60000,   &l->head_ms             },
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (config_is_key(e, keys[i].section, keys[i].key)) {
            uint64_t number;
            TRY(config_get_number(&number, e, keys[i].max, diag));
            if (keys[i].place == &l->units_max && number < UNITS_MIN) {
                return diag_set(diag, ERR_MALFORMED,
                                "at least 20 units: one question may cost that", e->line);
            }
            *keys[i].place = (uint32_t)number;
            c->has_head_ms |= keys[i].place == &l->head_ms;
            return OK;
        }
    }
    return diag_set(diag, ERR_MALFORMED, "unknown section or key: docs/config.md lists them",
                    e->line);
}

MUST_CHECK static enum err
read_bundler(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    struct bundler_limits *l = &c->bundler;
    uint64_t number;
    if (config_is_key(e, "bundler", "enabled")) {
        return config_get_flag(&c->is_bundler, e, diag);
    }
    if (config_is_key(e, "bundler", "min_tip_wei")) {
        TRY(config_get_number(&number, e, INT64_MAX, diag));
        l->min_tip = u256_from_u64(number);
        return OK;
    }
    if (config_is_key(e, "bundler", "loss_per_peer")) {
        return get_gas(&l->loss.per_peer, e, diag);
    }
    if (config_is_key(e, "bundler", "loss_per_network")) {
        return get_gas(&l->loss.per_group, e, diag);
    }
    if (config_is_key(e, "bundler", "loss_per_hour")) {
        return get_gas(&l->loss.total, e, diag);
    }
    if (config_is_key(e, "bundler", "stuck_seconds")) {
        TRY(config_get_number(&number, e, 3600, diag));
        l->stuck_ms = (uint32_t)number * 1000;
        return OK;
    }
    if (config_is_key(e, "bundler", "track_ms")) {
        TRY(config_get_number(&number, e, 60000, diag));
        l->track_ms = (uint32_t)number;
        c->has_track_ms = true;
        return OK;
    }
    if (config_is_key(e, "bundler", "confirmations")) {
        TRY(config_get_number(&number, e, 1000, diag));
        l->confirmations = (uint32_t)number;
        return OK;
    }
    return read_limits(c, e, diag);
}

MUST_CHECK static enum err
read_mdns(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    bool flag;
    TRY(config_get_flag(&flag, e, diag));
    c->mdns = flag ? SERVER_MDNS_YES : SERVER_MDNS_NO;
    return OK;
}

MUST_CHECK static enum err
read_relay(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    bool flag;
    TRY(config_get_flag(&flag, e, diag));
    c->relay = flag ? SERVER_RELAY_YES : SERVER_RELAY_NO;
    return OK;
}

MUST_CHECK static enum err
read_cosign(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    bool flag;
    if (span_equal(e->value, SPAN_LIT("unsealed"))) {
        c->cosign = SERVER_COSIGN_UNSEALED;
        return OK;
    }
    TRY(config_get_flag(&flag, e, diag));
    c->cosign = flag ? SERVER_COSIGN_SEALED : SERVER_COSIGN_NO;
    return OK;
}

/* How many, or no. */
MUST_CHECK static enum err
read_capsules(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    uint64_t number = 0;
    if (!span_equal(e->value, SPAN_LIT("no"))) {
        TRY(config_get_number(&number, e, CAPSULES_MAX, diag));
    }
    c->capsules_max = (uint32_t)number;
    return OK;
}

/* Where endorsements come from: a URL, or no. */
MUST_CHECK static enum err
read_source(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    bool is_kds = span_equal(e->key, SPAN_LIT("attest_kds"));
    bool is_pcs = span_equal(e->key, SPAN_LIT("attest_pcs"));
    char *place = is_kds ? c->attest_kds : is_pcs ? c->attest_pcs : c->attest_root_crl;
    if (span_equal(e->value, SPAN_LIT("no")) && (is_kds || is_pcs)) {
        place[0] = '\0';
        return OK;
    }
    TRY(config_get_text(place, sizeof c->attest_kds, e, diag));
    size_t n = strlen(place);
    if (n > 0 && place[n - 1] == '/') { /* paths begin with one */
        place[n - 1] = '\0';
    }
    bool is_url = strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0;
    return is_url ? OK
                  : diag_set(diag, ERR_MALFORMED, "no, or a URL with http:// or https://", e->line);
}

/* The files for secure WebSockets. */
MUST_CHECK static enum err
read_wss(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    bool is_key = span_equal(e->key, SPAN_LIT("wss_key"));
    return config_get_text(is_key ? c->wss_key : c->wss_cert, sizeof c->wss_key, e, diag);
}

/* A name that others are shown. */
MUST_CHECK static enum err
read_operator(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    TRY(config_get_text(c->operator_name, sizeof c->operator_name, e, diag));
    return descriptor_operator_is_good(e->value)
               ? OK
               : diag_set(diag, ERR_MALFORMED, "a name in printable ASCII", e->line);
}

/* Keys of yes or no. ERR_NOT_FOUND: another key. */
MUST_CHECK static enum err
read_flag(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    const struct {
        const char *key;
        bool *place;
    } keys[] = {
        {"attest",       &c->is_attested    },
        {"package",      &c->is_package     },
        {"dht",          &c->is_dht         },
        {"gossip",       &c->is_gossip      },
        {"public_dht",   &c->is_public_dht  },
        {"rendezvous",   &c->is_rendezvous  },
        {"port_mapping", &c->is_port_mapping},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (config_is_key(e, "server", keys[i].key)) {
            return config_get_flag(keys[i].place, e, diag);
        }
    }
    return ERR_NOT_FOUND;
}

/* Keys whose values have rules of their own. ERR_NOT_FOUND: another key. */
MUST_CHECK static enum err
read_special(struct server_config *c, const struct ini_entry *e, struct diag *diag)
{
    static const struct {
        const char *key;
        enum err (*read)(struct server_config *c, const struct ini_entry *e, struct diag *diag);
    } keys[] = {
        {"operator",        read_operator},
        {"mdns",            read_mdns    },
        {"relay",           read_relay   },
        {"cosign",          read_cosign  },
        {"capsules",        read_capsules},
        {"attest_pcs",      read_source  },
        {"attest_root_crl", read_source  },
        {"attest_kds",      read_source  },
        {"wss_cert",        read_wss     },
        {"wss_key",         read_wss     },
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (config_is_key(e, "server", keys[i].key)) {
            return keys[i].read(c, e, diag);
        }
    }
    return ERR_NOT_FOUND;
}

static enum err read_entry(void *user, const struct ini_entry *e, struct diag *diag)
{
    struct server_config *c = user;
    uint64_t number;
    enum err err = read_flag(c, e, diag);
    err = err == ERR_NOT_FOUND ? read_special(c, e, diag) : err;
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    if (config_is_key(e, "server", "relay_at")) {
        return get_list(c->relay_at, &c->relay_at_count, e, diag);
    }
    if (config_is_key(e, "server", "public_dht_peer")) {
        return config_get_public_peer(&c->public_dht, e, diag);
    }
    if (config_is_key(e, "server", "bootstrap")) {
        return get_list(c->bootstrap, &c->bootstrap_count, e, diag);
    }
    if (config_is_key(e, "server", "mdns_port")) {
        TRY(config_get_number(&number, e, UINT16_MAX, diag));
        c->mdns_port = (uint16_t)number;
        return OK;
    }
    if (config_is_key(e, "server", "network")) {
        return config_get_text(c->network, sizeof c->network, e, diag);
    }
    if (config_is_key(e, "server", "node")) {
        return get_node(&c->nodes, e, diag);
    }
    if (config_is_key(e, "server", "beacon")) {
        return config_get_text(c->beacon, sizeof c->beacon, e, diag);
    }
    if (config_is_key(e, "server", "attest_issuers")) {
        return config_get_text(c->attest_issuers, sizeof c->attest_issuers, e, diag);
    }
    if (config_is_key(e, "server", "listen")) {
        return get_list(c->listen, &c->listen_count, e, diag);
    }
    if (config_is_key(e, "server", "announce")) {
        return get_list(c->announce, &c->announce_count, e, diag);
    }
    if (config_is_key(e, "limits", "memory_mib")) {
        TRY(config_get_number(&number, e, 65536, diag));
        c->places.memory_max = (size_t)number * MIB;
        return OK;
    }
    if (config_is_key(e, "operator", "port")) {
        TRY(config_get_number(&number, e, UINT16_MAX, diag));
        c->operator_port = (uint16_t)number;
        return OK;
    }
    if (config_is_key(e, "operator", "token_file")) {
        return config_get_text(c->token_file, sizeof c->token_file, e, diag);
    }
    err = config_read_common(&c->places, e, diag);
    return err == ERR_NOT_FOUND ? read_bundler(c, e, diag) : err;
}

/* A flag of the command line takes the place of what the file says. */
MUST_CHECK static enum err
set_text(char *ret, size_t cap, const char *text, const char *rule, struct diag *diag)
{
    if (text) {
        size_t n = strlen(text);
        if (n == 0 || n >= cap) {
            return diag_set(diag, ERR_MALFORMED, rule, 0);
        }
        memcpy(ret, text, n + 1);
    }
    return ret[0] ? OK : diag_set(diag, ERR_NOT_FOUND, rule, 0);
}

enum err server_config_find(struct server_config *ret,
                            const struct server_config_args *args,
                            struct diag *diag)
{
    *ret = (struct server_config){
        .args = *args,
        .places = {.memory_max = (size_t)MEMORY_MIB_DEFAULT * MIB},
        .is_bundler = true,
        .is_dht = true,
        .is_gossip = true,
        .is_public_dht = true,
        .is_rendezvous = true,
        .is_attested = true,
        .attest_pcs = SERVER_PCS_DEFAULT,
        .attest_kds = SERVER_KDS_DEFAULT,
        .is_package = true,
        .is_port_mapping = true,
        .capsules_max = CAPSULES_DEFAULT,
        .limits = service_server_limits_default(),
        .bundler = bundler_limits_default(),
    };
    struct config *places = &ret->places;
    struct config_args where = {
        .home = args->home, .exe_dir = args->exe_dir, .name = "passmesh-server"};
    enum err err = config_find_places(places, &where);
    int n = snprintf(places->socket, sizeof places->socket, "%s/server.sock", places->runtime_dir);
    if (err != OK || n < 0 || (size_t)n >= sizeof places->socket) {
        return diag_set(diag, ERR_IO,
                        "no home directory: set HOME, or pass --home DIR (a short one)", 0);
    }
    return OK;
}

enum err server_config_load(struct server_config *ret,
                            const struct server_config_args *args,
                            struct diag *diag)
{
    char path[CONFIG_PATH_LEN_MAX];
    TRY(server_config_find(ret, args, diag));
    int n = snprintf(path, sizeof path, "%s/server.ini", ret->places.config_dir);
    if (n < 0 || (size_t)n >= sizeof path) {
        return diag_set(diag, ERR_IO, "the path of server.ini is too long", 0);
    }
    TRY(config_read_ini(path, read_entry, ret, diag));
    ret->places.is_sandbox_optional |= args->is_sandbox_optional;
    if (args->listen) {
        ret->listen_count = 1;
    }
    TRY(set_text(ret->network, sizeof ret->network, args->network,
                 "name a network: --network NAME, or a FILE for a local one", diag));
    if (args->node) {
        ret->nodes = (struct server_nodes){.count = 1};
    }
    TRY(set_text(ret->nodes.list[0], sizeof ret->nodes.list[0], args->node,
                 "name your Ethereum node: --node http://127.0.0.1:8545", diag));
    TRY(set_text(ret->listen[0], sizeof ret->listen[0], args->listen,
                 "name an address for peers: --listen /ip4/0.0.0.0/tcp/4001", diag));
    return OK;
}
