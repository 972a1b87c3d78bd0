/* A host against a stranger who connects and says anything: raw bytes, or, after a proper handshake, any
 * bytes where yamux is expected, so that streams, identify, push, ping and perf are reached too. Byte 0
 * chooses which, and the memory; byte 1 the seed of the cuts. All memory comes back. The stranger stops reading at some point: it may have
 * opened a window of 4 GiB and asked perf to fill it. */
#include "base/check.h"
#include "base/rng.h"
#include "p2p/host_state.h"
#include "p2p/key_signer.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stranger {
    struct multistream_cfg select_cfg;
    struct multistream select;
    struct noise noise;
    bool is_secure;
};

static struct {
    bool is_made;
    struct key_signer keys[2];
    struct noise_identity identity;
    struct rng_seeded rng;
    struct host host;
    struct budget budget;
    struct stranger stranger;
    instant now;
    host_link link;
    bool is_gone;
    size_t heard; /* bytes */
    uint64_t opened[64];
    size_t opened_count;
} f;

static const struct span NOISE[] = {
    {(const uint8_t *)"/noise", 6}
};
static const struct span YAMUX[] = {
    {(const uint8_t *)"/yamux/1.0.0", 12}
};

static void make_keys(void)
{
    rng_seeded_init(&f.rng, 1);
    for (uint8_t i = 0; i < 2; i++) {
        struct secret32 seed = {.bytes = {(uint8_t)(i + 1)}};
        key_signer_init(&f.keys[i], &seed);
    }
    check(noise_identity_init(&f.identity, &f.keys[1].signer, &f.rng.rng) == OK);
    f.is_made = true;
}

static void on_event(const struct host_event *e)
{
    switch (e->kind) {
    case HOST_EVENT_LINK_CLOSE:
        host_link_closed(&f.host, f.now, e->link, ERR_CLOSED);
        f.is_gone = true;
        break;
    case HOST_EVENT_STREAM_DATA:
        (void)host_stream_write(&f.host, e->stream, e->data);
        host_stream_consume(&f.host, e->stream, e->data.n);
        break;
    case HOST_EVENT_STREAM_FIN:        host_stream_close_write(&f.host, e->stream); break;
    case HOST_EVENT_EXTENSION:         break;
    case HOST_EVENT_REFUSED:           check(e->refusal.reason && e->refusal.scope); break;
    case HOST_EVENT_DIAL:
    case HOST_EVENT_PEER_CONNECTED:
    case HOST_EVENT_PEER_DIRECT:
    case HOST_EVENT_PEER_IDENTIFIED:
    case HOST_EVENT_PEER_DISCONNECTED:
    case HOST_EVENT_DIAL_FAILED:
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:              break;
    }
}

static void poll_all(void)
{
    struct host_event e;
    while (host_poll(&f.host, &e)) {
        on_event(&e);
    }
}

/* say gives bytes to the host. */
static void say(struct span in)
{
    while (in.n > 0 && !f.is_gone && host_link_recv(&f.host, f.now, f.link, &in) == OK) {
        poll_all();
    }
    poll_all();
}

enum { HEARD_MAX = 1 << 20 };

/* hear takes what the host says, up to HEARD_MAX bytes. */
static size_t hear(struct mspan room)
{
    host_link link;
    while (host_next_sendable(&f.host, &link)) {}
    bool is_deaf = f.is_gone || f.heard >= HEARD_MAX;
    size_t n = is_deaf ? 0 : host_link_send(&f.host, f.now, f.link, room);
    f.heard += n;
    poll_all();
    return n;
}

static void shake_hands(void)
{
    struct stranger *s = &f.stranger;
    static uint8_t room[70000];
    s->select_cfg = (struct multistream_cfg){
        .is_dialer = true, .protocols = NOISE, .protocols_count = 1, .budget = &f.budget};
    check(multistream_init(&s->select, &s->select_cfg, f.now) == OK);
    struct noise_cfg cfg = {.is_initiator = true,
                            .identity = &f.identity,
                            .muxers = YAMUX,
                            .muxers_count = 1,
                            .rng = &f.rng.rng,
                            .budget = &f.budget};
    check(noise_init(&s->noise, &cfg, f.now) == OK);
    for (int i = 0; i < 8 && !f.is_gone; i++) {
        size_t n = multistream_send(&s->select, f.now, MSPAN_OF(room));
        if (n == 0 && s->select.state == MULTISTREAM_SELECTED) {
            n = noise_send(&s->noise, f.now, MSPAN_OF(room));
        }
        say(span_of(room, n));
        struct span in = span_of(room, hear(MSPAN_OF(room)));
        struct multistream_event me;
        struct noise_event ne;
        (void)multistream_recv(&s->select, f.now, &in);
        while (multistream_poll(&s->select, &me)) {}
        (void)noise_recv(&s->noise, f.now, &in);
        while (noise_poll(&s->noise, &ne)) {
            s->is_secure = s->is_secure || ne.kind == NOISE_EVENT_READY;
        }
    }
}

static void say_sealed(struct span in, struct rng *cuts)
{
    static uint8_t room[70000];
    while (in.n > 0 && !f.is_gone) {
        struct mspan plain = noise_plain_room(MSPAN_OF(room));
        size_t n = span_copy(plain, span_take(&in, (size_t)(1 + rng_below(cuts, 200))));
        size_t len = noise_seal(&f.stranger.noise, MSPAN_OF(room), n);
        say(span_of(room, len));
        while (hear(MSPAN_OF(room)) > 0) {}
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    if (!f.is_made) {
        make_keys();
    }
    struct rng_seeded cuts;
    rng_seeded_init(&cuts, data[1]);
    budget_init(&f.budget, NULL, "fuzz", (size_t)8 << 20);
    memset(&f.stranger, 0, sizeof f.stranger);
    f.now = (instant){.us = US_PER_S};
    f.is_gone = false;
    f.heard = 0;
    struct host_cfg cfg = {.signer = &f.keys[0].signer,
                           .rng = &f.rng.rng,
                           .parent = &f.budget,
                           .memory_max = data[0] & 2 ? 256 * 1024 : (size_t)4 << 20,
                           .serve_perf = true};
    check(host_init(&f.host, &cfg, f.now) == OK);
    check(host_handle(&f.host, "/echo/1", (struct host_protocol_args){.streams_in_max = 3}) == OK);
    check(host_link_open(&f.host, &f.link, NULL, (struct host_link_args){.now = f.now}) == OK);
    poll_all();
    struct span in = span_of(data + 2, size - 2);
    if (data[0] & 1) {
        shake_hands();
    }
    if (f.stranger.is_secure) {
        say_sealed(in, &cuts.rng);
    }
    while (!(data[0] & 1) && in.n > 0 && !f.is_gone) {
        say(span_take(&in, (size_t)(1 + rng_below(&cuts.rng, 100))));
    }
    f.now = instant_add(f.now, 20 * US_PER_S);
    host_tick(&f.host, f.now);
    poll_all();
    check(f.host.system.used_max <= cfg.memory_max);
    host_done(&f.host);
    multistream_done(&f.stranger.select);
    noise_done(&f.stranger.noise);
    check(f.budget.used == 0);
    return 0;
}
