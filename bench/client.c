#include "client.h"

#include "base/check.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HOST_MEMORY = 16 << 20 };

instant bench_now(void)
{
    struct timespec t;
    check(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (instant){.us = (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000};
}

int bench_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int on =
        1; /* as every libp2p has it: a small frame does not wait for the answer to the one before */
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("connect");
        exit(1);
    }
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    return fd;
}

void bench_client_start(struct bench_client *c, const struct bench_client_args *args)
{
    static const uint8_t addr_bytes[] = {4, 127, 0, 0, 1, 6, 0x0f, 0xa1};
    struct span addr = SPAN_OF(addr_bytes);
    struct host_dial_args dial = {.peer = args->peer, .addrs = &addr, .addrs_count = 1};
    struct host_event e;
    uint64_t id;
    key_signer_init(&c->signer, args->seed);
    struct host_cfg cfg = {.signer = &c->signer.signer,
                           .rng = args->rng,
                           .parent = args->budget,
                           .memory_max = HOST_MEMORY,
                           .agent = args->agent};
    check(host_init(&c->host, &cfg, bench_now()) == OK);
    check(host_dial(&c->host, &id, NULL, dial) == OK);
    check(host_poll(&c->host, &e) && e.kind == HOST_EVENT_DIAL);
    c->link = e.link;
    c->fd = bench_connect(args->port);
    host_link_up(&c->host, c->link, (struct host_link_args){.now = bench_now()});
}

static void write_all(int fd, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        check(n > 0);
        (void)span_take(&bytes, (size_t)n);
    }
}

void bench_client_send(struct bench_client *c)
{
    static uint8_t out[65536 + 1];
    host_link sendable;
    while (host_next_sendable(&c->host, &sendable)) {
        for (size_t n; (n = host_link_send(&c->host, bench_now(), c->link, MSPAN_OF(out))) > 0;) {
            write_all(c->fd, span_of(out, n));
        }
    }
}

bool bench_client_receive(struct bench_client *c, int wait_ms, void (*told)(void *user), void *user)
{
    static uint8_t bytes[65536];
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    if (poll(&p, 1, wait_ms) <= 0) {
        return true;
    }
    ssize_t n = read(c->fd, bytes, sizeof bytes);
    if (n <= 0) {
        return false;
    }
    struct span in = span_of(bytes, (size_t)n);
    while (in.n > 0) {
        enum err e = host_link_recv(&c->host, bench_now(), c->link, &in);
        told(user);
        if (e != OK) {
            return false;
        }
    }
    return true;
}
