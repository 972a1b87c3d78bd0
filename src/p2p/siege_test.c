#include "p2p/siege_test.h"

#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"
#include "p2p/peer_id.h"

#include <string.h>

/* Which peers of the array are on a link is looked up by number: there are few. */
static struct siege_peer *peer_on(struct siege *s, host_link link)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (s->peers[i].link.id == link.id && !s->peers[i].is_out) {
            return &s->peers[i];
        }
    }
    return NULL;
}

struct host *siege_host(struct siege *s)
{
    return &s->net.nodes[0].host;
}

/* ---- what the node says to a peer ---- */

static void on_frame(struct siege_peer *p)
{
    struct yamux_frame f;
    TEST_REQUIRE(yamux_frame_decode(&f, p->header, NULL) == OK);
    switch (f.type) {
    case YAMUX_TYPE_DATA:
        p->payload_left = f.length;
        p->data_len += f.length;
        break;
    case YAMUX_TYPE_WINDOW_UPDATE: break;
    case YAMUX_TYPE_PING:          p->pongs += (f.flags & YAMUX_FLAG_ACK) != 0; break;
    case YAMUX_TYPE_GO_AWAY:
        p->go_aways++;
        p->go_away = f.length;
        break;
    }
    p->resets += (f.flags & YAMUX_FLAG_RST) != 0;
}

static void hear_frames(struct siege_peer *p, struct span in)
{
    while (in.n > 0) {
        if (p->payload_left > 0) {
            size_t n = in.n < p->payload_left ? in.n : p->payload_left;
            in = span_from(in, n);
            p->payload_left -= n;
            continue;
        }
        p->header[p->header_len++] = in.p[0];
        in = span_from(in, 1);
        if (p->header_len == sizeof p->header) {
            p->header_len = 0;
            on_frame(p);
        }
    }
}

static void hear(struct siege_peer *p, struct span in)
{
    struct noise_event e;
    if (!p->noise.budget) {
        p->heard_len += span_copy(mspan_from(MSPAN_OF(p->heard), p->heard_len), in);
        return;
    }
    size_t skip = in.n < p->skip ? in.n : p->skip;
    in = span_from(in, skip);
    p->skip -= skip;
    while (in.n > 0 && noise_recv(&p->noise, p->siege->net.now, &in) == OK) {
        while (noise_poll(&p->noise, &e)) {
            p->is_in = p->is_in || e.kind == NOISE_EVENT_READY;
            if (e.kind == NOISE_EVENT_DATA) {
                hear_frames(p, e.data);
            }
        }
    }
}

static bool on_flush(void *user, unsigned i, host_link link)
{
    static uint8_t room[70000];
    struct siege *s = user;
    struct siege_peer *p = i == 0 ? peer_on(s, link) : NULL;
    if (i == 0 && host_link_is_datagram(siege_host(s), link)) {
        return s->on_datagrams && s->on_datagrams(s, link);
    }
    if (!p || p->is_deaf) {
        return false;
    }
    size_t n = host_link_send(siege_host(s), s->net.now, link, MSPAN_OF(room));
    hear(p, span_of(room, n));
    return n > 0;
}

static void on_closed(void *user, unsigned i, host_link link)
{
    struct siege_peer *p = i == 0 ? peer_on(user, link) : NULL;
    if (p) {
        p->is_out = true;
    }
}

/* ---- what a peer says ---- */

struct siege_peer *siege_link(struct siege *s, unsigned network)
{
    uint8_t addr[32];
    uint8_t ip[4] = {44, (uint8_t)(network >> 8), (uint8_t)network, 1};
    struct wr w = wr_init(MSPAN_OF(addr));
    multiaddr_write(&w, MULTIADDR_IP4, SPAN_OF(ip));
    multiaddr_write_port(&w, MULTIADDR_TCP, 4001);
    check(s->count < SIEGE_PEERS_MAX);
    struct siege_peer *p = &s->peers[s->count];
    memset(p, 0, sizeof *p);
    struct host_link_args args = {.remote = span_of(addr, w.n), .now = s->net.now};
    if (host_link_open(siege_host(s), &p->link, NULL, args) != OK) {
        host_net_run(&s->net);
        return NULL;
    }
    p->siege = s;
    p->stream = 1;
    s->count++;
    return p;
}

void siege_give(struct siege_peer *p, struct span bytes)
{
    struct siege *s = p->siege;
    struct span in = bytes;
    enum err e = OK;
    while (in.n > 0 && e == OK && !p->is_out) {
        e = host_link_recv(siege_host(s), s->net.now, p->link, &in);
        host_net_run(&s->net);
    }
}

struct siege_peer *siege_peer(struct siege *s, unsigned network)
{
    const struct span yamux = SPAN_LIT("/yamux/1.0.0");
    const struct span proposal = SPAN_LIT(SIEGE_PROPOSAL);
    struct siege_peer *p = siege_link(s, network);
    if (!p) {
        return NULL;
    }
    struct secret32 seed = {
        .bytes = {100, (uint8_t)s->count, (uint8_t)(s->count >> 8)}
    };
    key_signer_init(&p->signer, &seed);
    rng_seeded_init(&p->rng, 5000 + s->count);
    check(noise_identity_init(&p->identity, &p->signer.signer, &p->rng.rng) == OK);
    struct noise_cfg cfg = {.is_initiator = true,
                            .identity = &p->identity,
                            .muxers = &yamux,
                            .muxers_count = 1,
                            .rng = &p->rng.rng,
                            .budget = test_budget()};
    check(noise_init(&p->noise, &cfg, s->net.now) == OK);
    p->skip = proposal.n;
    siege_give(p, proposal);
    uint8_t out[1024];
    size_t n;
    while (!p->is_out && (n = noise_send(&p->noise, s->net.now, MSPAN_OF(out))) > 0) {
        siege_give(p, span_of(out, n));
    }
    return p;
}

void siege_say(struct siege_peer *p, struct span plain)
{
    static uint8_t out[NOISE_PLAIN_LEN_MAX + NOISE_FRAME_OVERHEAD];
    while (plain.n > 0 && !p->is_out) {
        struct mspan room = noise_plain_room(MSPAN_OF(out));
        size_t n = plain.n < room.n ? plain.n : room.n;
        memcpy(room.p, plain.p, n);
        plain = span_from(plain, n);
        siege_give(p, span_of(out, noise_seal(&p->noise, MSPAN_OF(out), n)));
    }
}

void siege_frame(struct siege_peer *p, struct yamux_frame frame, struct span payload)
{
    static uint8_t bytes[YAMUX_HEADER_LEN + (1 << 20)];
    yamux_frame_encode(bytes, &frame);
    check(payload.n <= sizeof bytes - YAMUX_HEADER_LEN);
    span_copy(mspan_of(bytes + YAMUX_HEADER_LEN, payload.n), payload);
    siege_say(p, span_of(bytes, YAMUX_HEADER_LEN + payload.n));
}

uint32_t siege_open(struct siege_peer *p, const char *protocol, struct span first)
{
    static uint8_t bytes[1 << 17];
    struct wr w = wr_init(MSPAN_OF(bytes));
    wr_bytes(&w, SPAN_LIT("\x13/multistream/1.0.0\n"));
    wr_u8(&w, (uint8_t)(strlen(protocol) + 1));
    wr_bytes(&w, span_str(protocol));
    wr_u8(&w, '\n');
    wr_bytes(&w, first);
    check(wr_ok(&w));
    uint32_t id = p->stream;
    p->stream += 2;
    siege_frame(p,
                (struct yamux_frame){.type = YAMUX_TYPE_DATA,
                                     .flags = YAMUX_FLAG_SYN,
                                     .stream_id = id,
                                     .length = (uint32_t)w.n},
                span_of(bytes, w.n));
    return id;
}

void siege_data(struct siege_peer *p, uint32_t stream, struct span data)
{
    siege_frame(p,
                (struct yamux_frame){
                    .type = YAMUX_TYPE_DATA, .stream_id = stream, .length = (uint32_t)data.n},
                data);
}

void siege_leave(struct siege_peer *p)
{
    struct siege *s = p->siege;
    if (!p->is_out) {
        p->is_out = true;
        host_link_closed(siege_host(s), s->net.now, p->link, ERR_CLOSED);
        host_net_run(&s->net);
    }
}

/* ---- the siege ---- */

static void on_event(void *user, unsigned i, const struct host_event *e)
{
    struct siege *s = user;
    if (i == 0 && e->kind == HOST_EVENT_REFUSED) {
        s->refusals++;
        s->refusal = e->refusal;
    } else if (i == 0 && e->kind == HOST_EVENT_PEER_DISCONNECTED) {
        s->departures++;
        s->departure = e->rule;
        s->departure_err = e->err;
    } else if (i == 1 && e->kind == HOST_EVENT_PING) {
        s->pings += e->err == OK;
    } else if (i > 1 && e->kind == HOST_EVENT_STREAM_RESET) {
        s->resets++;
    } else if (i > 1 && e->kind == HOST_EVENT_STREAM_DATA) {
        host_stream_consume(&s->net.nodes[i].host, e->stream, e->data.n);
    }
    if (s->on_event) {
        s->on_event(s, i, e);
    }
}

void siege_served(struct siege *s)
{
    unsigned before = s->pings;
    EXPECT_OK(host_ping(&s->net.nodes[1].host, host_self(siege_host(s))));
    host_net_run(&s->net);
    EXPECT_EQ(before + 1, s->pings);
    const struct budget *b = &siege_host(s)->system;
    EXPECT(b->used_max <= b->limit);
}

size_t siege_grown(const struct siege *s)
{
    const struct budget *b = &s->net.nodes[0].host.system;
    return b->used_max - s->used;
}

void siege_mark(struct siege *s)
{
    struct budget *b = &siege_host(s)->system;
    s->used = b->used;
    b->used_max = b->used;
    s->refusals = s->departures = s->resets = 0;
    s->refusal = (struct refusal){0};
    s->departure = NULL;
}

host_stream siege_host_stream(struct siege *s, unsigned i, const char *protocol)
{
    host_stream stream = {0};
    struct host_open_args args = {
        .peer = host_self(siege_host(s)), .protocol = protocol, .known = true};
    EXPECT_OK(host_open_stream(&s->net.nodes[i].host, &stream, NULL, args));
    return stream;
}

void siege_host_write(struct siege *s, unsigned i, host_stream stream, struct span data)
{
    size_t n = 1;
    while (data.n > 0 && n > 0) {
        n = host_stream_write(&s->net.nodes[i].host, stream, data);
        data = span_from(data, n);
        host_net_run(&s->net);
    }
}

static void disband(struct siege *s)
{
    for (unsigned i = 2; i < s->net.count; i++) {
        host_disconnect(&s->net.nodes[i].host, host_self(siege_host(s)));
    }
    host_net_run(&s->net);
    for (unsigned i = 0; i < s->count; i++) {
        siege_leave(&s->peers[i]);
        noise_done(&s->peers[i].noise);
        noise_identity_done(&s->peers[i].identity);
        key_signer_done(&s->peers[i].signer);
    }
    s->count = 0;
}

static void one_round(struct siege *s, const struct siege_plan *plan)
{
    siege_mark(s);
    for (unsigned i = 2; i < s->net.count; i++) {
        host_net_connect(&s->net, i, 0);
    }
    host_net_pass(&s->net, 2 * US_PER_S); /* until all that is said at first has been said */
    plan->attack(s);
    siege_served(s);
    disband(s);
    host_net_pass(&s->net, plan->rest_us ? plan->rest_us : 2 * US_PER_S);
    siege_served(s);
}

void siege_run(const struct siege_plan *plan)
{
    static struct siege siege;
    struct siege *s = &siege;
    memset(s, 0, sizeof *s);
    host_net_init(&s->net, 2 + plan->hosts);
    host_net_restart(&s->net, 0, plan->memory_max);
    s->net.on_event = on_event;
    s->net.loose = (struct host_net_loose){.flush = on_flush, .closed = on_closed};
    s->net.user = s;
    if (plan->setup) {
        plan->setup(s);
    }
    host_net_connect(&s->net, 1, 0);
    siege_served(s);
    one_round(s, plan);
    size_t used = siege_host(s)->system.used;
    one_round(s, plan);
    EXPECT_EQ(used, siege_host(s)->system.used);
    if (plan->teardown) {
        plan->teardown(s);
    }
    host_net_done(&s->net);
}
