/* QUIC as a listener's socket sees it. Byte 0: how many datagrams an honest dialer gets through first; bytes 1 to 3: a
 * byte of the last of those, and how it is changed; byte 4: a budget. The rest is datagrams, each with two bytes of length in
 * front. Nothing may be left in the budget, and every id must be gone. GnuTLS draws its own randomness, so the honest bytes
 * differ from run to run. */
#include "base/arith.h"
#include "base/check.h"
#include "base/rd.h"
#include "base/rng.h"
#include "crypto/backend.h"
#include "p2p/key_signer.h"
#include "p2p/quic.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct udp_addr ADDR = {
    .port = 1, .ip = {10, 0, 0, 1}
};

static struct quic_identity identity;
static struct certificate_identity certificate;

struct side {
    struct budget budget;
    struct rng_seeded rng;
    struct quic_endpoint endpoint;
    struct quic quic;
    bool is_made;
    instant now;
};

static void start(void)
{
    static struct key_signer signer;
    static struct rng_seeded rng;
    struct secret32 seed = {.bytes = {3}};
    check(crypto_init() == OK);
    key_signer_init(&signer, &seed);
    rng_seeded_init(&rng, 4);
    check(certificate_identity_init(&certificate, &signer.signer, &rng.rng) == OK);
    check(quic_identity_init(&identity, &certificate) == OK);
}

static struct quic_cfg side_init(struct side *s, size_t limit)
{
    *s = (struct side){.now = {.us = 1000}};
    budget_init(&s->budget, NULL, "fuzz", limit);
    rng_seeded_init(&s->rng, 7);
    quic_endpoint_init(&s->endpoint, &s->budget, &s->rng.rng);
    return (struct quic_cfg){.endpoint = &s->endpoint,
                             .identity = &identity,
                             .unix_s = 1800000000,
                             .rng = &s->rng.rng,
                             .budget = &s->budget,
                             .streams_in_max = 10,
                             .window_max = 1 << 18,
                             .queue_max = 1 << 16,
                             .handshake_timeout_us = US_PER_S};
}

static void side_done(struct side *s)
{
    quic_done(&s->quic);
    check(s->endpoint.cids.count == 0);
    quic_endpoint_done(&s->endpoint);
    check(s->budget.used == 0);
}

/* side_act answers events: what is opened is accepted, echoed and finished. */
static void side_act(struct side *s)
{
    struct yamux_event e;
    bool is_ready;
    while (s->is_made && quic_poll(&s->quic, &e, &is_ready)) {
        if (is_ready) {
            check(s->quic.peer.n > 0);
        } else if (e.kind == YAMUX_EVENT_OPENED) {
            check(quic_accept_stream(&s->quic, e.stream_id, NULL) == OK);
        } else if (e.kind == YAMUX_EVENT_DATA) {
            (void)quic_write(&s->quic, e.stream_id, e.data);
            quic_consume(&s->quic, e.stream_id, e.data.n);
        } else if (e.kind == YAMUX_EVENT_FIN) {
            quic_finish(&s->quic, e.stream_id);
        }
    }
}

static void deliver(struct side *s, const struct quic_cfg *cfg, struct span bytes)
{
    struct quic_look look;
    uint8_t reply[1500];
    struct quic_datagram d = {.remote = ADDR, .bytes = bytes, .now = s->now};
    enum quic_verdict v = quic_endpoint_look(&s->endpoint, &look, MSPAN_OF(reply), &d);
    check(v != QUIC_REPLIED || look.reply_len < bytes.n);
    if (v == QUIC_NEW && !s->is_made) {
        s->is_made = quic_accept(&s->quic, cfg, &d) == OK;
        if (!s->is_made) {
            quic_done(&s->quic);
        }
    } else if (v == QUIC_FOUND) {
        quic_recv(look.quic, &d);
    }
    side_act(s);
}

static size_t say(struct side *s, struct mspan out)
{
    struct udp_addr to;
    return s->is_made ? quic_send(&s->quic, s->now, &to, out) : 0;
}

/* talk lets an honest dialer have so many datagrams through, the last of them changed. */
static void talk(struct side *dialer,
                 struct side *listener,
                 const struct quic_cfg cfgs[2],
                 const uint8_t *control)
{
    uint8_t out[1500];
    unsigned count = control[0] % 16;
    check(quic_connect(&dialer->quic, &cfgs[0], &ADDR, dialer->now) == OK);
    dialer->is_made = true;
    for (unsigned i = 0; i < count; i++) {
        size_t n = say(dialer, MSPAN_OF(out));
        if (n == 0) {
            break;
        }
        if (i + 1 == count) {
            out[((size_t)control[1] << 8 | control[2]) % n] ^= control[3];
        }
        deliver(listener, &cfgs[1], span_of(out, n));
        for (n = say(listener, MSPAN_OF(out)); n > 0; n = say(listener, MSPAN_OF(out))) {
            deliver(dialer, &cfgs[0], span_of(out, n));
        }
        uint32_t id;
        if (dialer->quic.is_ready && quic_open_stream(&dialer->quic, &id, NULL, NULL) == OK) {
            (void)quic_write(&dialer->quic, id, SPAN_LIT("hello"));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    static struct side sides[2];
    if (size < 5) {
        return 0;
    }
    if (!started) {
        start();
        started = true;
    }
    size_t limit = data[4] == 0 ? (size_t)4 << 20 : (size_t)40000 + data[4] * (size_t)1024;
    struct quic_cfg cfgs[2] = {side_init(&sides[0], (size_t)4 << 20), side_init(&sides[1], limit)};
    talk(&sides[0], &sides[1], cfgs, data);
    struct rd r = rd_init(span_of(data + 5, size - 5));
    while (r.rest.n > 2) {
        size_t n = rd_be16(&r);
        struct span bytes = rd_bytes(&r, min_size(n, r.rest.n));
        uint8_t out[1500];
        deliver(&sides[1], &cfgs[1], bytes);
        while (say(&sides[1], MSPAN_OF(out)) > 0) {}
    }
    sides[1].now = instant_add(sides[1].now, 40 * US_PER_S);
    if (sides[1].is_made) {
        quic_tick(&sides[1].quic, sides[1].now);
        side_act(&sides[1]);
    }
    side_done(&sides[0]);
    side_done(&sides[1]);
    return 0;
}
