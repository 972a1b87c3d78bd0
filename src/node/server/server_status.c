/* What the operator is told of the server. */
#include "base/check.h"
#include "codec/multiaddr.h"
#include "node/server/server_inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/vfs.h>

enum {
    ALONE_S = 600, /* up for so long, and nobody has dialled in */
    HEAD_LATE_S_MIN =
        60, /* how old the newest block may be; or some blocks' time, if that is longer */
    HEAD_LATE_BLOCKS = 10,
    DISK_PERMILLE_MIN = 20,
    STATUS_EVERY_MS = 10000, /* the line for the service manager */
};

/* Below this the next start would be refused soon. */
#define DISK_LEN_MIN (UINT64_C(64) << 20)

static uint64_t unix_now(void)
{
    uv_timeval64_t tv;
    return uv_gettimeofday(&tv) == 0 && tv.tv_sec > 0 ? (uint64_t)tv.tv_sec : 0;
}

static uint64_t up_s(const struct server *s)
{
    return instant_since(s->started_at, loop_now(&s->loop)) / US_PER_S;
}

/* The age of the newest block by our clock; false: no block is known. */
static bool head_age(const struct server *s, uint64_t *ret_s)
{
    uint64_t now = unix_now();
    uint64_t block = s->service.head.time_s;
    *ret_s = now > block ? now - block : 0;
    return s->service.has_head;
}

bool server_disk_free(const struct server *s, uint64_t *ret_free, uint64_t *ret_all)
{
    struct statfs st;
    if (s->data_fd < 0 || fstatfs(s->data_fd, &st) != 0 || st.f_bsize <= 0) {
        return false;
    }
    *ret_free = (uint64_t)st.f_bavail * (uint64_t)st.f_bsize;
    *ret_all = (uint64_t)st.f_blocks * (uint64_t)st.f_bsize;
    return true;
}

static bool is_disk_nearly_full(const struct server *s)
{
    uint64_t left;
    uint64_t all;
    return server_disk_free(s, &left, &all) &&
           left < (all / 1000 * DISK_PERMILLE_MIN < DISK_LEN_MIN ? all / 1000 * DISK_PERMILLE_MIN
                                                                 : DISK_LEN_MIN);
}

/* On a local test network blocks come when something happens. */
bool server_is_head_late(const struct server *s)
{
    uint64_t age;
    uint64_t blocks_s = (uint64_t)s->network->block_time_ms * HEAD_LATE_BLOCKS / 1000;
    uint64_t late_s = blocks_s > HEAD_LATE_S_MIN ? blocks_s : HEAD_LATE_S_MIN;
    return s->network->kind != NETWORK_LOCAL && head_age(s, &age) && age > late_s;
}

static bool is_closed(const struct server *s)
{
    enum reach r = s->reach.host.verdict.reach;
    return r == REACH_PUNCHABLE || r == REACH_RELAYED;
}

size_t server_problems(const struct server *s,
                       struct server_problem ret[static SERVER_PROBLEMS_MAX])
{
    bool is_public = s->network->kind != NETWORK_LOCAL;
    const struct {
        bool holds;
        struct server_problem problem;
    } all[] = {
        {s->phase != SERVER_STARTING && s->chain != SERVER_CHAIN_RIGHT,
         {"node_silent", "The Ethereum node does not answer: peers get nothing from the chain."}},
        {server_is_head_late(s),
         {"head_late", "The newest block that the node knows is old: is it synchronised?"}      },
        {is_disk_nearly_full(s),
         {"disk_nearly_full", "The disk is nearly full: operations are refused when it is."}    },
        {s->has_bundler && s->has_balance && s->is_poor,
         {"bundler_poor", "The bundler has little ether for gas: send it some."}                },
        {is_public && is_closed(s),
         {"not_reachable", "Strangers cannot dial this server: forward its port at the router."}},
        {is_public && s->dialled_in_count == 0 && up_s(s) > ALONE_S,
         {"nobody_dialled",
          "No peer has dialled in so far: can the ports be reached from outside?"}              },
        {is_public && s->dht.is_on && !s->dht.is_stored && up_s(s) > ALONE_S,
         {"dht_not_stored", "Nobody in the DHT keeps the record that leads wallets here."}      },
        {sandbox_node_level(&s->sandbox) != SANDBOX_FULL,
         {"sandbox_not_full", "The sandbox is not whole: the log says what is missing."}        },
        {s->attest.has_evidence && s->attest.endorsed == ENDORSER_LACKING,
         {"endorsements_lacking",
          "Wallets refuse this machine's evidence for want of endorsements: attest says why."}  },
    };
    static_assert(sizeof all / sizeof all[0] <= SERVER_PROBLEMS_MAX, "all have room");
    size_t count = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i].holds) {
            ret[count++] = all[i].problem;
        }
    }
    return count;
}

static const char *phase_word(enum server_phase phase)
{
    switch (phase) {
    case SERVER_STARTING: return "starting";
    case SERVER_RUNNING:  return "running";
    case SERVER_DRAINING: return "draining";
    case SERVER_CLOSING:
    case SERVER_STOPPED:  break;
    }
    return "stopping";
}

static void put_u64(struct json_writer *j, const char *name, uint64_t v)
{
    json_put_name(j, name);
    json_put_u64(j, v);
}

static void put_str(struct json_writer *j, const char *name, const char *text)
{
    json_put_name(j, name);
    json_put_str(j, text);
}

static void put_chain(const struct server *s, struct json_writer *j)
{
    uint64_t age = 0;
    put_str(j, "node", s->chain == SERVER_CHAIN_RIGHT ? "reached" : "silent");
    put_u64(j, "node_at", s->node_at + 1);
    put_u64(j, "nodes", s->config->nodes.count);
    if (head_age(s, &age)) {
        json_put_name(j, "head");
        json_put_object(j);
        put_u64(j, "number", s->service.head.number);
        put_u64(j, "age_s", age);
        json_end_object(j);
    }
}

static void put_bundler(const struct server *s, struct json_writer *j)
{
    char text[U256_TEXT_LEN];
    char address[ADDRESS_TEXT_LEN];
    put_str(j, "level", s->has_bundler ? "known-code" : "none");
    if (!s->has_bundler) {
        return;
    }
    address_print(address, s->bundler_address);
    json_put_name(j, "bundler");
    json_put_object(j);
    put_str(j, "address", address);
    if (s->has_balance) {
        (void)u256_print_decimal(text, s->balance);
        put_str(j, "balance_wei", text);
    }
    put_u64(j, "operations", bundler_open_count(&s->bundler));
    json_end_object(j);
}

static void put_network(const struct server *s, struct json_writer *j)
{
    struct host_stats stats = host_stats(&s->host);
    put_u64(j, "peers", stats.peers_count);
    put_u64(j, "dialled_in", s->dialled_in_count);
    put_u64(j, "streams", service_server_streams_count(&s->service));
    put_u64(j, "bytes_in", stats.bytes_in);
    put_u64(j, "bytes_out", stats.bytes_out);
    put_u64(j, "memory_used", stats.memory_used);
    put_u64(j, "memory_max", stats.memory_max);
    server_reach_write(s, j);
    put_str(j, "dht", !s->dht.is_on ? "off" : s->dht.is_stored ? "stored" : "not_stored");
    put_str(j, "public_dht", server_public_dht_word(s));
}

uint64_t server_answers_count(const struct server *s)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < SERVICE_TYPES_MAX; i++) {
        for (size_t k = 0; k < SERVICE_CODES_MAX; k++) {
            sum += s->service.answers_count[i][k];
        }
    }
    return sum;
}

void server_write_status(struct server *s, struct json_writer *j)
{
    char text[SERVER_ADDR_TEXT_LEN];
    struct server_problem problems[SERVER_PROBLEMS_MAX];
    size_t count = server_problems(s, problems);
    uint64_t left;
    uint64_t all;
    json_put_object(j);
    put_str(j, "version", PASSMESH_VERSION);
    put_str(j, "state", phase_word(s->phase));
    put_u64(j, "up_s", up_s(s));
    peer_id_print(text, host_self(&s->host));
    put_str(j, "peer_id", text);
    json_put_name(j, "listen");
    json_put_array(j);
    for (size_t i = 0; i < s->listen_count; i++) {
        server_listen_print(text, s, i);
        json_put_str(j, text);
    }
    json_end_array(j);
    put_u64(j, "chain_id", s->network->chain_id);
    put_str(j, "network", s->network->id.text);
    put_str(j, "sandbox", sandbox_level_name(sandbox_node_level(&s->sandbox)));
    put_chain(s, j);
    put_bundler(s, j);
    put_network(s, j);
    put_u64(j, "answers", server_answers_count(s));
    if (server_disk_free(s, &left, &all)) {
        put_u64(j, "disk_free", left);
    }
    server_endorse_write(s, j);
    json_put_name(j, "problems");
    json_put_array(j);
    for (size_t i = 0; i < count; i++) {
        json_put_object(j);
        put_str(j, "code", problems[i].code);
        put_str(j, "words", problems[i].words);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void tell_status(const struct server *s)
{
    char text[NOTIFY_TEXT_LEN_MAX];
    struct server_problem problems[SERVER_PROBLEMS_MAX];
    if (s->phase != SERVER_RUNNING) {
        return;
    }
    if (server_problems(s, problems) > 0) {
        notify_status(&s->notify, problems[0].words);
        return;
    }
    (void)snprintf(text, sizeof text, "Serving %s: %zu peers, block %" PRIu64, s->network->id.text,
                   host_peers_count(&s->host), s->service.head.number);
    notify_status(&s->notify, text);
}

void server_notify_tick(struct server *s, instant now)
{
    if (s->notify.fd < 0) {
        s->notify_at = INSTANT_NEVER;
        return;
    }
    if (!instant_reached(s->notify_at, now)) {
        return;
    }
    /* Twice as often as the manager expects it (sd_watchdog_enabled(3)). */
    uint64_t every_us = STATUS_EVERY_MS * US_PER_MS;
    if (s->notify.watchdog_us > 0) {
        notify_tell(&s->notify, NOTIFY_WATCHDOG);
        every_us = s->notify.watchdog_us / 2 < every_us ? s->notify.watchdog_us / 2 : every_us;
    }
    tell_status(s);
    s->notify_at = instant_add(now, every_us);
}
