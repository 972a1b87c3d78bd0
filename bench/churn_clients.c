/* churn_clients PORT PEER COUNT STEP SEED: connects to the node PEER on 127.0.0.1:PORT, and leaves it again, COUNT times, each
 * time as somebody else. A third of them go in an orderly way once they are identified, the others vanish:
 * anywhere from the first byte on, or with streams open. After each STEP cycles it prints how many there were
 * and waits for a line on stdin, so that the node can be weighed. */
#include "base/arith.h"
#include "base/check.h"
#include "client.h"
#include "crypto/backend.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum leaving { LEAVING_ORDERLY, LEAVING_ANYWHERE, LEAVING_WITH_STREAMS, LEAVING_COUNT };
enum { STREAMS_COUNT = 3, CUT_LEN_MAX = 800, WAIT_MS_MAX = 5000 };

struct client {
    struct bench_client at;
    enum leaving leaving;
    size_t bytes_max; /* LEAVING_ANYWHERE: bytes sent until it vanishes */
    size_t sent;
    bool identified;
    bool over;
};

static struct client client;
static struct rng_seeded rng;
static struct budget budget;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void open_streams(struct client *c, const struct peer_id *peer)
{
    for (int i = 0; i < STREAMS_COUNT; i++) {
        host_stream stream;
        struct host_open_args args = {.peer = peer, .protocol = "/test/echo/1.0.0"};
        if (host_open_stream(&c->at.host, &stream, NULL, args) == OK) {
            (void)host_stream_write(&c->at.host, stream, SPAN_LIT("some bytes that come back"));
        }
    }
}

/* on_events: what is to be done once we know the peer. */
static void on_events(struct client *c, const struct peer_id *peer)
{
    struct host_event e;
    while (host_poll(&c->at.host, &e)) {
        if (e.kind == HOST_EVENT_PEER_IDENTIFIED && !c->identified) {
            c->identified = true;
            if (c->leaving == LEAVING_ORDERLY) {
                host_disconnect(&c->at.host, peer);
            } else {
                open_streams(c, peer);
            }
        }
        c->over = c->over || e.kind == HOST_EVENT_LINK_CLOSE || e.kind == HOST_EVENT_STREAM_DATA;
    }
}

static void send_some(struct client *c)
{
    static uint8_t out[65537];
    host_link sendable;
    while (host_next_sendable(&c->at.host, &sendable)) {
        for (size_t n;
             (n = host_link_send(&c->at.host, bench_now(), c->at.link, MSPAN_OF(out))) > 0;) {
            size_t part = min_size(n, c->bytes_max - c->sent);
            c->sent += part;
            if (write(c->at.fd, out, part) != (ssize_t)part || part < n) {
                c->over = true;
                return;
            }
        }
    }
}

static void receive_some(struct client *c, const struct peer_id *peer)
{
    static uint8_t bytes[65536];
    struct pollfd p = {.fd = c->at.fd, .events = POLLIN};
    ssize_t n = poll(&p, 1, WAIT_MS_MAX) > 0 ? read(c->at.fd, bytes, sizeof bytes) : -1;
    if (n < 0) {
        fail("churn_clients: the node does not answer");
    }
    struct span in = span_of(bytes, (size_t)n);
    while (in.n > 0 && host_link_recv(&c->at.host, bench_now(), c->at.link, &in) == OK) {
        on_events(c, peer);
    }
    c->over = c->over || n == 0;
}

/* wait_for_end: both sides have closed, so that nothing of what was said is lost to a reset. */
static void wait_for_end(int fd)
{
    char rest[512];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    (void)shutdown(fd, SHUT_WR);
    while (poll(&p, 1, WAIT_MS_MAX) > 0 && read(fd, rest, sizeof rest) > 0) {}
}

static void start(struct client *c, const struct peer_id *peer, uint16_t port)
{
    struct linger none = {.l_onoff = 1}; /* closing resets it, so that no port is left waiting */
    struct secret32 seed;
    *c = (struct client){.leaving = (enum leaving)rng_below(&rng.rng, LEAVING_COUNT)};
    rng_fill(&rng.rng, MSPAN_OF(seed.bytes));
    c->bytes_max =
        c->leaving == LEAVING_ANYWHERE ? (size_t)rng_below(&rng.rng, CUT_LEN_MAX) : SIZE_MAX;
    bench_client_start(&c->at, &(struct bench_client_args){.agent = "churn",
                                                           .budget = &budget,
                                                           .rng = &rng.rng,
                                                           .seed = &seed,
                                                           .peer = peer,
                                                           .port = port});
    if (setsockopt(c->at.fd, SOL_SOCKET, SO_LINGER, &none, sizeof none) != 0) {
        fail("churn_clients: setsockopt");
    }
}

static void come_and_go(const struct peer_id *peer, uint16_t port)
{
    start(&client, peer, port);
    on_events(&client, peer);
    send_some(&client);
    while (!client.over) {
        receive_some(&client, peer);
        on_events(&client, peer);
        send_some(&client);
    }
    if (client.leaving == LEAVING_ORDERLY) {
        wait_for_end(client.at.fd);
    }
    (void)close(client.at.fd);
    host_done(&client.at.host);
}

int main(int argc, char **argv)
{
    struct peer_id peer;
    check(crypto_init() == OK);
    if (argc != 6 || peer_id_parse(&peer, span_str(argv[2])) != OK) {
        (void)fprintf(stderr, "usage: churn_clients PORT PEER COUNT STEP SEED\n");
        return 2;
    }
    budget_init(&budget, NULL, "system", (size_t)64 << 20);
    rng_seeded_init(&rng, strtoull(argv[5], NULL, 10));
    uint32_t count = (uint32_t)strtoul(argv[3], NULL, 10);
    uint32_t step = (uint32_t)strtoul(argv[4], NULL, 10);
    for (uint32_t i = 1; i <= count; i++) {
        come_and_go(&peer, (uint16_t)strtoul(argv[1], NULL, 10));
        if (i % step == 0) {
            (void)printf("gone %u\n", i);
            (void)fflush(stdout);
            (void)getchar();
        }
    }
    return 0;
}
