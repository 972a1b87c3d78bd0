/* How many round trips pass on TCP from the wish to connect until the first byte of an answer: two hosts on a
 * virtual clock, with a link that takes half a round trip each way. The TCP handshake itself is one. Prints
 * the figure for a peer of which nothing is known, and for one whose protocols are known. */
#include "base/check.h"
#include "crypto/backend.h"
#include "p2p/host.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

#include <stdio.h>
#include <string.h>

enum { RTT_US = 100000, HOSTS = 2 };
#define PROTOCOL "/bench/1.0.0"

struct node {
    struct key_signer signer;
    struct rng_seeded rng;
    struct host host;
    host_link link;
    bool knows_peer;
    bool answered;
    bool asked;
};

/* What is under way in one direction, each piece with the time at which it arrives. */
struct piece {
    instant at;
    size_t n;
    uint8_t bytes[4096];
};
struct line {
    struct piece pieces[256];
    unsigned first, last;
};

static struct node nodes[HOSTS];
static struct line lines[HOSTS]; /* lines[i]: towards nodes[i] */
static struct budget budget;

static void node_init(struct node *n, uint8_t fill)
{
    struct secret32 seed;
    memset(seed.bytes, fill, sizeof seed.bytes);
    key_signer_init(&n->signer, &seed);
    rng_seeded_init(&n->rng, fill);
    struct host_cfg cfg = {.signer = &n->signer.signer,
                           .rng = &n->rng.rng,
                           .parent = &budget,
                           .memory_max = (size_t)64 << 20,
                           .agent = "bench"};
    check(host_init(&n->host, &cfg, (instant){1}) == OK);
    check(host_handle(&n->host, PROTOCOL, (struct host_protocol_args){0}) == OK);
}

static void ask(struct node *n, const struct peer_id *peer)
{
    host_stream stream;
    struct host_open_args args = {.peer = peer, .protocol = PROTOCOL, .known = n->knows_peer};
    check(host_open_stream(&n->host, &stream, NULL, args) == OK);
    n->asked = host_stream_write(&n->host, stream, SPAN_LIT("?")) == 1;
}

static void on_event(struct node *n, const struct host_event *e)
{
    if (e->kind == HOST_EVENT_PEER_CONNECTED && !e->inbound) {
        ask(n, &e->peer);
    } else if (e->kind == HOST_EVENT_STREAM_OPENED && !e->inbound && !n->asked) {
        n->asked = host_stream_write(&n->host, e->stream, SPAN_LIT("?")) == 1;
    } else if (e->kind == HOST_EVENT_STREAM_DATA && n == &nodes[1]) {
        check(host_stream_write(&n->host, e->stream, SPAN_LIT("!")) == 1);
    } else if (e->kind == HOST_EVENT_STREAM_DATA) {
        n->answered = true;
    }
}

static void poll_node(struct node *n)
{
    struct host_event e;
    while (host_poll(&n->host, &e)) {
        on_event(n, &e);
    }
}

static void flush_node(unsigned i, instant now)
{
    struct node *n = &nodes[i];
    struct line *to = &lines[1 - i];
    host_link link;
    poll_node(n);
    while (host_next_sendable(&n->host, &link)) {
        for (;;) {
            struct piece *p = &to->pieces[to->last % 256];
            p->n = host_link_send(&n->host, now, link, MSPAN_OF(p->bytes));
            if (p->n == 0) {
                break;
            }
            p->at = instant_add(now, RTT_US / 2);
            to->last++;
            check(to->last - to->first < 256);
        }
        poll_node(n);
    }
}

static void deliver(unsigned i, instant now)
{
    struct line *l = &lines[i];
    while (l->first < l->last && !instant_before(now, l->pieces[l->first % 256].at)) {
        const struct piece *p = &l->pieces[l->first % 256];
        struct span in = span_of(p->bytes, p->n);
        while (in.n > 0) {
            (void)host_link_recv(&nodes[i].host, now, nodes[i].link, &in);
            poll_node(&nodes[i]);
        }
        l->first++;
    }
}

static double round_trips(bool knows_peer)
{
    memset(nodes, 0, sizeof nodes);
    memset(lines, 0, sizeof lines);
    node_init(&nodes[0], 1);
    node_init(&nodes[1], 2);
    nodes[0].knows_peer = knows_peer;
    static const uint8_t addr_bytes[] = {4, 10, 0, 0, 2, 6, 0x0f, 0xa1};
    struct span addr = SPAN_OF(addr_bytes);
    uint64_t dial;
    struct host_dial_args dial_args = {
        .peer = host_self(&nodes[1].host), .addrs = &addr, .addrs_count = 1};
    check(host_dial(&nodes[0].host, &dial, NULL, dial_args) == OK);
    struct host_event e;
    check(host_poll(&nodes[0].host, &e) && e.kind == HOST_EVENT_DIAL);
    nodes[0].link = e.link;
    /* SYN, then SYN and ACK: the dialer may speak after one round trip, and the listener knows of it by then. */
    instant start = {.us = 1};
    instant now = instant_add(start, RTT_US);
    host_link_up(&nodes[0].host, nodes[0].link, (struct host_link_args){.now = now});
    check(host_link_open(&nodes[1].host, &nodes[1].link, NULL,
                         (struct host_link_args){.remote = addr, .now = now}) == OK);
    for (;;) {
        for (unsigned i = 0; i < HOSTS; i++) {
            host_tick(&nodes[i].host, now);
            deliver(i, now);
            flush_node(i, now);
        }
        if (nodes[0].answered) {
            break;
        }
        now = instant_add(now, RTT_US / 100);
        check(now.us < 20 * (uint64_t)RTT_US);
    }
    host_done(&nodes[0].host);
    host_done(&nodes[1].host);
    return (double)instant_since(start, now) / (double)RTT_US;
}

int main(void)
{
    check(crypto_init() == OK);
    budget_init(&budget, NULL, "system", (size_t)256 << 20);
    (void)printf("tcp_round_trips_to_first_byte %.2f\n", round_trips(true));
    (void)printf("tcp_round_trips_to_first_byte_of_a_stranger %.2f\n", round_trips(false));
    return 0;
}
