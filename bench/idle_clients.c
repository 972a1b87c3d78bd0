/* idle_clients PORT PEER COUNT STEP: opens COUNT connections to the node PEER on 127.0.0.1:PORT, each from a
 * peer of its own, finishes the handshake and identify on each, and then leaves them idle: the host that
 * opened one is gone, its socket stays. After each STEP connections it prints how many there are and waits
 * for a line on stdin, so that the node can be weighed. Sockets are blocking; nothing here is fast. */
#include "base/check.h"
#include "client.h"
#include "crypto/backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rng_seeded rng;
static struct budget budget;
static struct bench_client client;
static bool is_identified;

static void poll_host(void *user)
{
    (void)user;
    struct host_event e;
    while (host_poll(&client.host, &e)) {
        is_identified = is_identified || e.kind == HOST_EVENT_PEER_IDENTIFIED;
        if (e.kind == HOST_EVENT_PEER_DISCONNECTED) {
            (void)fprintf(stderr, "idle_clients: disconnected: %s\n", e.rule ? e.rule : "");
            exit(1);
        }
    }
}

static void open_one(uint16_t port, const struct peer_id *peer, uint32_t number)
{
    struct secret32 seed = {{0}};
    memcpy(seed.bytes, &number, sizeof number);
    is_identified = false;
    bench_client_start(&client, &(struct bench_client_args){.agent = "idle",
                                                            .budget = &budget,
                                                            .rng = &rng.rng,
                                                            .seed = &seed,
                                                            .peer = peer,
                                                            .port = port});
    for (int quiet = 0; !is_identified || quiet < 2;) {
        poll_host(NULL);
        bench_client_send(&client);
        uint64_t before = host_stats(&client.host).bytes_in;
        if (!bench_client_receive(&client, 1, poll_host, NULL)) {
            (void)fprintf(stderr, "idle_clients: the node closed\n");
            exit(1);
        }
        quiet = host_stats(&client.host).bytes_in == before ? quiet + 1 : 0;
    }
    host_done(&client.host);
}

int main(int argc, char **argv)
{
    struct peer_id peer;
    check(crypto_init() == OK);
    if (argc != 5 || peer_id_parse(&peer, span_str(argv[2])) != OK) {
        (void)fprintf(stderr, "usage: idle_clients PORT PEER COUNT STEP\n");
        return 2;
    }
    budget_init(&budget, NULL, "system", (size_t)64 << 20);
    rng_seeded_init(&rng, 1);
    uint32_t count = (uint32_t)strtoul(argv[3], NULL, 10);
    uint32_t step = (uint32_t)strtoul(argv[4], NULL, 10);
    for (uint32_t i = 1; i <= count; i++) {
        open_one((uint16_t)strtoul(argv[1], NULL, 10), &peer, i);
        if (i % step == 0) {
            (void)printf("open %u\n", i);
            (void)fflush(stdout);
            (void)getchar();
        }
    }
    return 0;
}
