/* proofs: what a server's engine answers in a second of CPU time, from the bytes of a request to those of the answer: a proof that it
 * has (9 nodes, as of an account on mainnet), and its status. Sockets and encryption are not in it. Prints NAME VALUE a line; the
 * best of several rounds, because a shared machine only ever makes them worse. */
#include "base/check.h"
#include "crypto/backend.h"
#include "service/client.h"
#include "service/proof.h"
#include "service/server.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, COUNT = 4000, DEPTH = 9, NODE_LEN = 532, HEADER_LEN = 650 };

static struct budget budget;
static struct service_server server;
static const instant now = {.us = 1000000};

static double cpu_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The node is asked for its head, and nothing more: what is measured is in the cache. */
static void begin(void)
{
    static const char head[] =
        "\"result\":{\"number\":\"0x5\",\"hash\":"
        "\"0x1111111111111111111111111111111111111111111111111111111111111111\",\"parentHash\":"
        "\"0x1111111111111111111111111111111111111111111111111111111111111111\",\"timestamp\":"
        "\"0x1\"}}";
    struct service_server_cfg cfg = {
        .budget = &budget,
        .chain_id = 1,
        .agent = "bench",
        .limits = service_server_limits_default(),
        .map_seed = {1, 2}
    };
    cfg.limits.units_max = 1000000000;
    cfg.limits.group_factor = 1;
    struct service_server_event e;
    check(service_server_init(&server, &cfg, now) == OK);
    check(service_server_poll(&server, &e, now));
    char text[512];
    int n = snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":%llu,%s",
                     (unsigned long long)e.token, head);
    service_server_answer(&server, e.token, span_of(text, (size_t)n), now);
}

static void fill_cache(const struct service_request *r)
{
    static uint8_t nodes[DEPTH][NODE_LEN];
    struct span spans[DEPTH];
    struct service_proof_writer w;
    struct hash32 key;
    struct buf body;
    uint8_t header[HEADER_LEN] = {1};
    buf_init(&body, &budget, 1 << 16);
    service_proof_writer_init(&w, &body, r);
    check(service_proof_put_header(&w, SPAN_OF(header)) == OK);
    for (size_t i = 0; i < DEPTH; i++) {
        memset(nodes[i], (int)i + 1, NODE_LEN);
        spans[i] = SPAN_OF(nodes[i]);
    }
    struct mpt_proof path = {.nodes = spans, .nodes_count = DEPTH};
    check(service_proof_put_path(&w, &path) == OK);
    service_proof_key(&key, r);
    cache_put(&server.answers, &key, buf_span(&body));
    buf_done(&body);
}

/* Bytes of the answer. */
static size_t exchange(struct span request)
{
    static uint8_t out[1 << 16];
    struct service_stream *st;
    struct service_server_event e;
    struct service_peer peer = {.id = SPAN_LIT("peer"), .group = SPAN_LIT("net")};
    check(service_server_open(&server, &st, peer, NULL, now) == OK);
    service_server_recv(&server, st, request, now);
    while (service_server_poll(&server, &e, now)) {
        check(e.kind == SERVICE_SERVER_READY);
    }
    size_t n = service_server_send(&server, st, MSPAN_OF(out));
    check(service_server_is_finished(st));
    service_server_reset(&server, st);
    return n;
}

static void measure(const char *name, const struct service_request *r, size_t len_min)
{
    struct service_client c;
    double best = 0;
    check(service_client_init(&c, &budget, r, now) == OK);
    struct span request = service_client_waiting(&c);
    for (int round = 0; round < ROUNDS; round++) {
        double from = cpu_s();
        for (int i = 0; i < COUNT; i++) {
            check(exchange(request) >= len_min);
        }
        double rate = (double)COUNT / (cpu_s() - from);
        best = rate > best ? rate : best;
    }
    service_client_done(&c);
    (void)printf("%s %.0f\n", name, best);
}

int main(void)
{
    struct service_request proof = {
        .type = SERVICE_ACCOUNT_PROOF, .chain_id = 1, .id = 1, .block_hash = {{7}}};
    struct service_request status = {.type = SERVICE_STATUS, .chain_id = 1, .id = 1};
    check(crypto_init() == OK);
    budget_init(&budget, NULL, "bench", 64 << 20);
    begin();
    fill_cache(&proof);
    measure("server_proofs_per_s", &proof, DEPTH * NODE_LEN);
    measure("server_status_per_s", &status, 32);
    service_server_done(&server);
    budget_done(&budget);
    return 0;
}
