/* What a supervised server tells its supervisor each second, and what that allows it. */
#include "base/check.h"
#include "node/net/reach_json.h"
#include "node/server/server_inside.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EVERY_MS = 1000, TEXT_LEN_MAX = 1024, BITS_PER_BYTE = 8 };

void server_figures_start(struct server *s)
{
    s->figures.statm = -1;
    s->figures.at = INSTANT_NEVER;
    if (s->sidecar.fd > 0) {
        s->figures.statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
        s->figures.at = loop_now(&s->loop);
    }
}

void server_figures_stop(struct server *s)
{
    if (s->figures.statm >= 0) {
        (void)close(s->figures.statm);
        s->figures.statm = -1;
    }
}

/* Pages that we hold: the second number. */
static uint64_t memory_kib(const struct server *s)
{
    char text[128];
    char *end = NULL;
    ssize_t n = s->figures.statm >= 0 ? pread(s->figures.statm, text, sizeof text - 1, 0) : 0;
    if (n <= 0) {
        return 0;
    }
    text[n] = '\0';
    (void)strtoull(text, &end, 10);
    return strtoull(end, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

void server_figures_peer(struct server *s, const struct host_peer_info *info)
{
    uint64_t most = s->sidecar.limits.clients;
    if (info->inbound && most > 0 && host_peers_count(&s->host) > most) {
        struct peer_id peer = info->peer;
        log_line(&s->log, LOG_INFO, "server",
                 "a client was turned away: there are as many as may be");
        host_disconnect(&s->host, &peer);
    }
}

/* In the last minute: the sum now less the one of sixty seconds ago. */
static uint64_t per_minute(struct server_figures *f, uint64_t sum)
{
    uint64_t before = f->sums_count >= SERVER_FIGURES_SECONDS ? f->sums[f->sums_at] : 0;
    f->sums[f->sums_at] = sum;
    f->sums_at = (f->sums_at + 1) % SERVER_FIGURES_SECONDS;
    f->sums_count += f->sums_count < SERVER_FIGURES_SECONDS;
    return sum - before;
}

static void put_u64(struct json_writer *j, const char *name, uint64_t v)
{
    json_put_name(j, name);
    json_put_u64(j, v);
}

static void put_wei(struct json_writer *j, const char *name, struct u256 wei)
{
    char text[U256_TEXT_LEN];
    (void)u256_print_decimal(text, wei);
    json_put_name(j, name);
    json_put_str(j, text);
}

static void put_bundler(const struct server *s, struct json_writer *j)
{
    char address[ADDRESS_TEXT_LEN];
    if (!s->has_bundler) {
        return;
    }
    address_print(address, s->bundler_address);
    json_put_name(j, "payee");
    json_put_str(j, address);
    if (s->has_balance) {
        put_wei(j, "balance", s->balance);
    }
    put_wei(j, "earned", u256_sub_sat(s->bundler.fees, s->bundler.gas_cost));
}

static void put_all(struct server *s, struct json_writer *j)
{
    struct host_stats stats = host_stats(&s->host);
    uint64_t served = server_answers_count(s);
    put_u64(j, "clients", stats.peers_count);
    put_u64(j, "requests_min", per_minute(&s->figures, served));
    put_u64(j, "served", served);
    put_u64(j, "rx", stats.bytes_in);
    put_u64(j, "tx", stats.bytes_out);
    put_u64(j, "memory_kib", memory_kib(s));
    json_put_name(j, "node");
    json_put_bool(j, s->chain == SERVER_CHAIN_RIGHT);
    json_put_name(j, "reach");
    reach_json_put(j,
                   (struct reach_word){s->reach.host.verdict.reach, s->reach.host.verdict.reason});
    json_put_name(j, "sandbox");
    json_put_str(j, sandbox_level_name(sandbox_node_level(&s->sandbox)));
    put_bundler(s, j);
}

void server_figures_tick(struct server *s, instant now)
{
    uint8_t text[TEXT_LEN_MAX];
    if (s->sidecar.has_limits) {
        s->sidecar.has_limits = false;
        tcp_set_rate(&s->tcp, s->sidecar.limits.kbit_s * 1000 / BITS_PER_BYTE);
    }
    if (!instant_reached(s->figures.at, now) || !s->sidecar.has_told) {
        return;
    }
    s->figures.at = instant_add(now, EVERY_MS * US_PER_MS);
    struct wr w = wr_init(mspan_of(text, sizeof text - 1));
    struct json_writer j = json_writer_init(&w);
    json_begin_notification(&j, "status");
    put_all(s, &j);
    json_end_notification(&j);
    check(json_writer_end(&j) == OK);
    text[w.n] = '\0';
    server_sidecar_say(&s->sidecar, (const char *)text);
}
