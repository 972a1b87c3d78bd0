/* idle_clients PORT PEER COUNT STEP: opens COUNT connections to the node PEER on 127.0.0.1:PORT, each from a
 * peer of its own, finishes the handshake and identify on each, and then leaves them idle: the host that
 * opened one is gone, its socket stays. After each STEP connections it prints how many there are and waits
 * for a line on stdin, so that the node can be weighed. Sockets are blocking; nothing here is fast. */
#include "base/check.h"
#include "codec/multiaddr.h"
#include "crypto/backend.h"
#include "node/net/tcp_addr.h"
#include "p2p/host.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct host host;
static struct key_signer signer;
static struct rng_seeded rng;
static struct budget budget;

static instant now(void)
{
    struct timespec t;
    check(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (instant){.us = (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000};
}

static int connect_to(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("idle_clients: connect");
        exit(1);
    }
    return fd;
}

/* poll_host drains the events; true if the peer was identified. */
static bool poll_host(void)
{
    bool identified = false;
    struct host_event e;
    while (host_poll(&host, &e)) {
        identified = identified || e.kind == HOST_EVENT_PEER_IDENTIFIED;
        if (e.kind == HOST_EVENT_PEER_DISCONNECTED) {
            (void)fprintf(stderr, "idle_clients: disconnected: %s\n", e.rule ? e.rule : "");
            exit(1);
        }
    }
    return identified;
}

static void flush_host(host_link link, int fd)
{
    static uint8_t out[65536 + 1];
    host_link sendable;
    while (host_next_sendable(&host, &sendable)) {
        for (size_t n; (n = host_link_send(&host, now(), link, MSPAN_OF(out))) > 0;) {
            check(write(fd, out, n) == (ssize_t)n);
        }
    }
}

static bool read_host(host_link link, int fd, int wait_ms)
{
    static uint8_t bytes[65536];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    bool identified = false;
    if (poll(&p, 1, wait_ms) <= 0) {
        return false;
    }
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n <= 0) {
        (void)fprintf(stderr, "idle_clients: the node closed\n");
        exit(1);
    }
    struct span in = span_of(bytes, (size_t)n);
    while (in.n > 0) {
        (void)host_link_recv(&host, now(), link, &in);
        identified = poll_host() || identified;
    }
    return identified;
}

static void open_one(uint16_t port, const struct peer_id *peer, uint32_t number)
{
    struct secret32 seed = {{0}};
    memcpy(seed.bytes, &number, sizeof number);
    key_signer_init(&signer, &seed);
    struct host_cfg cfg = {.signer = &signer.signer,
                           .rng = &rng.rng,
                           .parent = &budget,
                           .memory_max = (size_t)16 << 20,
                           .agent = "idle"};
    check(host_init(&host, &cfg, now()) == OK);
    static const uint8_t addr_bytes[] = {4, 127, 0, 0, 1, 6, 0x0f, 0xa1};
    struct span addr = SPAN_OF(addr_bytes);
    uint64_t dial;
    check(host_dial(&host, &dial, NULL,
                    (struct host_dial_args){.peer = peer, .addrs = &addr, .addrs_count = 1}) == OK);
    struct host_event e;
    check(host_poll(&host, &e) && e.kind == HOST_EVENT_DIAL);
    host_link link = e.link;
    int fd = connect_to(port);
    host_link_up(&host, link, (struct host_link_args){.now = now()});
    bool identified = false;
    for (int quiet = 0; !identified || quiet < 2;) {
        (void)poll_host();
        flush_host(link, fd);
        uint64_t before = host_stats(&host).bytes_in;
        identified = read_host(link, fd, 1) || identified;
        quiet = host_stats(&host).bytes_in == before ? quiet + 1 : 0;
    }
    host_done(&host);
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
