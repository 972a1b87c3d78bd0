/* TLS and QUIC by themselves: TLS handshakes per second of one core, responder's side, beside what the primitives alone
 * allow; what an idle QUIC connection holds, by its parts; round trips until a dialer's first byte over QUIC is answered.
 * Time is the thread's CPU time, so that a busy machine does not count. Each line: name, value. */
#include "base/check.h"
#include "crypto/backend.h"
#include "crypto/p256.h"
#include "crypto/x25519.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5, HANDSHAKES = 300, CONNECTIONS = 100, UNIX_S = 1800000000 };

static struct rng_seeded rng;
static struct budget budget;

static double cpu_s(void)
{
    struct timespec t;
    check(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- TLS ---- */

struct tls_side {
    struct key_signer signer;
    struct tls_identity identity;
    struct tls tls;
};

static void tls_side_init(struct tls_side *s, uint8_t fill)
{
    struct secret32 seed;
    memset(seed.bytes, fill, sizeof seed.bytes);
    key_signer_init(&s->signer, &seed);
    check(tls_identity_init(&s->identity, &s->signer.signer, &rng.rng) == OK);
}

static void tls_start(struct tls_side *s, bool is_client)
{
    struct tls_cfg cfg = {
        .is_client = is_client, .identity = &s->identity, .unix_s = UNIX_S, .budget = &budget};
    check(tls_init(&s->tls, &cfg, (instant){0}) == OK);
}

static void tls_hear(struct tls_side *s, struct span in)
{
    struct tls_event e;
    while (in.n > 0) {
        check(tls_recv(&s->tls, (instant){0}, &in) == OK);
        while (tls_poll(&s->tls, &e)) {
            check(e.kind == TLS_EVENT_READY);
        }
    }
}

static double tls_handshake(struct tls_side *a, struct tls_side *b)
{
    static uint8_t bytes[4096];
    tls_start(a, true);
    size_t n = tls_send(&a->tls, (instant){0}, MSPAN_OF(bytes));
    double t0 = cpu_s();
    tls_start(b, false);
    tls_hear(b, span_of(bytes, n));
    n = tls_send(&b->tls, (instant){0}, MSPAN_OF(bytes));
    double t1 = cpu_s();
    tls_hear(a, span_of(bytes, n));
    n = tls_send(&a->tls, (instant){0}, MSPAN_OF(bytes));
    double t2 = cpu_s();
    tls_hear(b, span_of(bytes, n));
    double t3 = cpu_s();
    check(b->tls.state == TLS_READY);
    tls_done(&a->tls);
    tls_done(&b->tls);
    return (t1 - t0) + (t3 - t2);
}

static void bench_handshakes(void)
{
    static struct tls_side a;
    static struct tls_side b;
    tls_side_init(&a, 1);
    tls_side_init(&b, 2);
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        double s = 0;
        for (int i = 0; i < HANDSHAKES; i++) {
            s += tls_handshake(&a, &b);
        }
        double rate = (double)HANDSHAKES / s;
        best = rate > best ? rate : best;
    }
    (void)printf("tls_handshakes_per_s %.0f\n", best);
    tls_identity_done(&a.identity);
    tls_identity_done(&b.identity);
}

/* What a responder cannot do without: a key and a shared secret, one signature of its own, three of the peer: of the
 * handshake, of the certificate by itself, and of the identity. */
static void bench_primitives(void)
{
    static struct key_signer signer;
    struct secret32 seed = {.bytes = {[31] = 3}};
    struct ed25519_public identity;
    struct ed25519_signature identity_sig;
    struct p256_public certificate;
    struct p256_signature sig;
    struct hash32 hash = {{1}};
    key_signer_init(&signer, &seed);
    ed25519_key_public(&identity, &signer.key);
    ed25519_sign(&identity_sig, &signer.key, SPAN_OF(hash.bytes));
    check(p256_public_of(&certificate, &seed) == OK);
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        double t0 = cpu_s();
        for (int i = 0; i < HANDSHAKES; i++) {
            struct x25519_key key;
            struct secret32 shared;
            check(x25519_key_init(&key, &seed) == OK);
            check(x25519_shared(&shared, &key, key.public_bytes) == OK);
            check(p256_sign(&sig, &seed, &hash) == OK);
            check(p256_verify(&certificate, &hash, &sig) == OK);
            check(p256_verify(&certificate, &hash, &sig) == OK);
            check(ed25519_verify(&identity, SPAN_OF(hash.bytes), SPAN_OF(identity_sig.bytes)) ==
                  OK);
        }
        double rate = (double)HANDSHAKES / (cpu_s() - t0);
        best = rate > best ? rate : best;
    }
    (void)printf("tls_primitives_per_s %.0f\n", best);
}

/* ---- QUIC: two hosts, datagrams carried by hand ---- */

#define PROTOCOL "/bench/echo/1"

struct node {
    struct key_signer signer;
    struct rng_seeded rng;
    struct host host;
    unsigned connected;
    bool asked;
    bool answered;
};

static const struct udp_addr ADDRS[2] = {
    {.port = 1, .ip = {10, 0, 0, 1}},
    {.port = 2, .ip = {10, 0, 0, 2}},
};

static struct node *node_new(uint8_t fill)
{
    struct node *n = calloc(1, sizeof *n);
    struct secret32 seed;
    check(n);
    memset(seed.bytes, fill, sizeof seed.bytes);
    key_signer_init(&n->signer, &seed);
    rng_seeded_init(&n->rng, fill);
    struct host_cfg cfg = {.signer = &n->signer.signer,
                           .rng = &n->rng.rng,
                           .parent = &budget,
                           .memory_max = (size_t)256 << 20,
                           .unix_s = UNIX_S,
                           .agent = "bench"};
    check(host_init(&n->host, &cfg, (instant){1}) == OK);
    check(host_handle(&n->host, PROTOCOL, (struct host_protocol_args){0}) == OK);
    return n;
}

static void on_event(struct node *n, const struct host_event *e)
{
    host_stream stream;
    struct host_open_args args = {.peer = &e->peer, .protocol = PROTOCOL, .known = true};
    if (e->kind == HOST_EVENT_DIAL) {
        host_link_up(&n->host, e->link, (struct host_link_args){.now = n->host.now});
    } else if (e->kind == HOST_EVENT_PEER_CONNECTED) {
        n->connected++;
        if (!e->inbound && host_open_stream(&n->host, &stream, NULL, args) == OK) {
            n->asked = host_stream_write(&n->host, stream, SPAN_LIT("?")) == 1;
        }
    } else if (e->kind == HOST_EVENT_STREAM_DATA && n->asked) {
        n->answered = true;
    } else if (e->kind == HOST_EVENT_STREAM_DATA) {
        check(host_stream_write(&n->host, e->stream, SPAN_LIT("!")) == 1);
    }
}

static void poll_node(struct node *n)
{
    struct host_event e;
    while (host_poll(&n->host, &e)) {
        on_event(n, &e);
    }
}

/* One flight: all that one node has to say, at once. */
struct flight {
    size_t count;
    size_t lens[64];
    uint8_t bytes[64][HOST_DATAGRAM_LEN_MAX];
};

static void collect(struct node *n, struct flight *f, instant now)
{
    host_link link;
    f->count = 0;
    poll_node(n);
    while (host_next_sendable(&n->host, &link)) {
        struct udp_addr to;
        size_t len = 1;
        while (len > 0 && f->count < 64) {
            len = host_datagram_send(&n->host, now, link, &to, MSPAN_OF(f->bytes[f->count]));
            f->lens[f->count] = len;
            f->count += len > 0;
        }
        poll_node(n);
    }
}

static void give(struct node *n, const struct udp_addr *from, const struct flight *f, instant now)
{
    uint8_t reply[HOST_DATAGRAM_LEN_MAX];
    for (size_t i = 0; i < f->count; i++) {
        struct host_datagram d = {
            .remote = from, .bytes = span_of(f->bytes[i], f->lens[i]), .now = now};
        check(host_datagram_recv(&n->host, &d, MSPAN_OF(reply)) == 0);
        poll_node(n);
    }
}

static void dial(struct node *from, const struct node *to)
{
    uint8_t bytes[64];
    uint64_t id;
    struct wr w = wr_init(MSPAN_OF(bytes));
    udp_addr_write(&w, &ADDRS[1]);
    struct span addr = span_of(bytes, w.n);
    struct host_dial_args args = {.peer = host_self(&to->host), .addrs = &addr, .addrs_count = 1};
    check(host_dial(&from->host, &id, NULL, args) == OK);
    poll_node(from);
}

/* trip carries what both have to say over a round trip of 100 us: nobody's timers run out meanwhile. */
static void trip(struct node *a, struct node *b, const struct udp_addr *addr_of_a, instant *now)
{
    enum { HALF_US = 50 };
    static struct flight f;
    collect(a, &f, *now);
    *now = instant_add(*now, HALF_US);
    host_tick(&b->host, *now);
    give(b, addr_of_a, &f, *now);
    collect(b, &f, *now);
    *now = instant_add(*now, HALF_US);
    host_tick(&a->host, *now);
    give(a, &ADDRS[1], &f, *now);
}

static void bench_round_trips(void)
{
    struct node *a = node_new(1);
    struct node *b = node_new(2);
    instant now = {.us = US_PER_S};
    unsigned trips = 0;
    dial(a, b);
    for (; !a->answered && trips < 20; trips++) {
        trip(a, b, &ADDRS[0], &now);
    }
    check(a->answered);
    (void)printf("quic_round_trips_to_first_byte %u\n", trips);
    host_done(&a->host);
    host_done(&b->host);
    free(a);
    free(b);
}

/* What a listener's heap grows by for each idle connection, GnuTLS and all; and what of it our budget knows. */
static void bench_idle(void)
{
    static struct node *dialers[CONNECTIONS];
    struct node *b = node_new(99);
    instant now = {.us = US_PER_S};
    size_t before = mallinfo2().uordblks;
    size_t charged = host_stats(&b->host).memory_used;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct udp_addr addr = {
            .port = (uint16_t)(1000 + i), .ip = {10, 0, 1, 1}
        };
        dialers[i] = node_new((uint8_t)(100 + i));
        dial(dialers[i], b);
        for (int t = 0; t < 8; t++) {
            trip(dialers[i], b, &addr, &now);
        }
    }
    check(b->connected == CONNECTIONS);
    size_t used = host_stats(&b->host).memory_used - charged;
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        host_done(&dialers[i]->host);
        free(dialers[i]);
    }
    double heap = (double)(mallinfo2().uordblks - before) / (double)CONNECTIONS / 1024;
    double known = ((double)used / (double)CONNECTIONS - (double)QUIC_TLS_MEM) / 1024;
    (void)printf("quic_idle_connection_kib %.1f\n", heap);
    (void)printf("quic_idle_ngtcp2_and_ours_kib %.1f\n", known);
    (void)printf("quic_idle_gnutls_kib %.1f\n", heap - known);
    host_done(&b->host);
    free(b);
}

int main(void)
{
    check(crypto_init() == OK);
    rng_seeded_init(&rng, 1);
    budget_init(&budget, NULL, "bench", (size_t)1 << 34);
    bench_handshakes();
    bench_primitives();
    bench_round_trips();
    bench_idle();
    return 0;
}
