/* Gossipsub on a host: streams, and who speaks what. */
#include "p2p/host_gossip.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/envelope.h"
#include "p2p/host_state.h"

#include <string.h>

/* From the first byte of an RPC to its last. */
static const uint64_t PARTIAL_US = 30 * US_PER_S;

enum { STREAMS_MAX = 8192, IN_PER_PEER_MAX = 4, TRIES_MAX = 3, RPC_LEN = 32 * 1024 };

static struct host_gossip *of(struct host_extension *x)
{
    return (struct host_gossip *)(void *)x;
}

static instant now_of(const struct host_gossip *hg)
{
    return hg->host->now;
}

/* ---- streams ---- */

static struct host_gossip_stream *stream_find(const struct host_gossip *hg, host_stream id)
{
    return map_find(&hg->streams, span_of(&id.id, sizeof id.id));
}

static struct host_gossip_peer *peer_find(const struct host_gossip *hg, const struct peer_id *id)
{
    return map_find(&hg->peers, peer_id_span(id));
}

static void stream_forget(struct host_gossip *hg, struct host_gossip_stream *s)
{
    struct host_gossip_peer *p = peer_find(hg, &s->peer);
    if (p && p->out == s) {
        p->out = NULL;
    }
    if (s->is_known) {
        gossip_peer_disconnected(&hg->gossip, now_of(hg), &s->peer);
    }
    (void)map_remove(&hg->streams, span_of(&s->id.id, sizeof s->id.id));
    list_remove(&s->in_partial);
    frame_reader_done(&s->frames);
    buf_done(&s->out);
    mem_free(&hg->budget, s, sizeof *s);
}

MUST_CHECK static enum err stream_new(struct host_gossip *hg,
                                      struct host_gossip_stream **ret_stream,
                                      host_stream id,
                                      const struct peer_id *peer)
{
    void *p;
    TRY(mem_alloc(&hg->budget, &p, sizeof(struct host_gossip_stream)));
    struct host_gossip_stream *s = p;
    s->id = id;
    s->peer = *peer;
    frame_reader_init(&s->frames, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                     .frame_len_max = GOSSIP_RPC_LEN_MAX,
                                                     .budget = &hg->budget});
    buf_init(&s->out, &hg->budget, 2 * GOSSIP_RPC_LEN_MAX);
    enum err e = map_add(&hg->streams, span_of(&id.id, sizeof id.id), s);
    if (e != OK) {
        mem_free(&hg->budget, s, sizeof *s);
        return e;
    }
    *ret_stream = s;
    return OK;
}

/* flush writes RPC after RPC while the stream takes them. */
static void flush(struct host_gossip *hg, struct host_gossip_stream *s)
{
    for (;;) {
        buf_consume(&s->out, host_stream_write(hg->host, s->id, buf_span(&s->out)));
        if (s->out.n > 0) {
            return; /* WRITABLE follows */
        }
        buf_trim(&s->out);
        buf_clear(&hg->rpc);
        if (!s->is_known || !gossip_take_rpc(&hg->gossip, &s->peer, &hg->rpc, RPC_LEN)) {
            return;
        }
        struct wr w = wr_init_buf(&s->out);
        /* SPEC libp2p/pubsub §"The RPC": each RPC stands behind its length. */
        frame_write(&w, FRAME_UVARINT, buf_span(&hg->rpc));
        if (!wr_ok(&w)) {
            buf_clear(&s->out); /* no memory: gossip tells the peer later what it missed */
            return;
        }
    }
}

/* ---- out ---- */

static void open_out(struct host_gossip *hg, struct host_gossip_peer *p)
{
    host_stream id;
    struct host_open_args args = {
        .peer = &p->id, .protocol = gossip_protocol(p->version), .known = true};
    if (p->out || p->tries >= TRIES_MAX || host_open_stream(hg->host, &id, NULL, args) != OK) {
        return;
    }
    p->tries++;
    if (stream_new(hg, &p->out, id, &p->id) != OK) {
        p->out = NULL;
        host_stream_reset(hg->host, id, 0);
    }
}

/* ip_of folds the public IP address of a multiaddr into a number; 0 for any other. */
static uint32_t ip_of(struct span addr)
{
    struct multiaddr_part part;
    struct span rest = addr;
    if (!multiaddr_next(&part, &rest)) {
        return 0;
    }
    const uint8_t *p = part.value.p;
    if (part.code == MULTIADDR_IP4) {
        bool is_private = p[0] == 10 || p[0] == 127 || (p[0] == 192 && p[1] == 168) ||
                          (p[0] == 172 && p[1] >> 4 == 1) || (p[0] == 169 && p[1] == 254);
        return is_private
                   ? 0
                   : (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    }
    if (part.code != MULTIADDR_IP6 || p[0] >> 5 != 1) {
        return 0;
    }
    uint32_t fold = 1;
    for (size_t i = 0; i < 8; i++) { /* of IPv6 the /64: whoever has one has all of it */
        fold = fold * 16777619u ^ p[i];
    }
    return fold ? fold : 1;
}

/* pass_record gives gossip the peer's own signed record, for peer exchange. */
static void pass_record(struct host_gossip *hg, const struct peer_id *id)
{
    struct peer_record record;
    const struct host_peer *p = host_peer_get(hg->host, id);
    if (p && p->is_identified && identify_open_record(&record, &p->info, id, &hg->budget) == OK) {
        gossip_set_record(&hg->gossip, id, p->info.signed_peer_record);
    }
}

static void on_out_open(struct host_gossip *hg, struct host_gossip_stream *s)
{
    struct host_gossip_peer *p = peer_find(hg, &s->peer);
    struct host_peer_info info;
    if (!p || p->out != s || s->is_known || !host_peer_find(hg->host, &info, &s->peer)) {
        return;
    }
    struct gossip_peer_args args = {
        .version = p->version, .is_outbound = !info.inbound, .group = ip_of(info.addr)};
    s->is_known = gossip_peer_connected(&hg->gossip, now_of(hg), &s->peer, args) == OK;
    pass_record(hg, &s->peer);
    flush(hg, s);
}

static void reset(struct host_gossip *hg, struct host_gossip_stream *s)
{
    host_stream_reset(hg->host, s->id, 0);
    stream_forget(hg, s);
}

/* ---- in ---- */

/* take_data reads all RPCs of data before it calls the host, whose memory data is. */
static enum err take_data(struct host_gossip *hg, struct host_gossip_stream *s, struct span data)
{
    for (;;) {
        struct span frame;
        enum err e = frame_reader_next(&s->frames, &frame, &data);
        if (e == ERR_TRUNCATED) {
            return OK;
        }
        TRY(e);
        list_remove(&s->in_partial);
        e = gossip_recv(&hg->gossip, now_of(hg), &s->peer, frame);
        if (e == ERR_MALFORMED || e == ERR_LIMIT) {
            return e;
        }
    }
}

static void refuse(struct host_gossip *hg, struct host_gossip_stream *s, const char *rule)
{
    host_say_broken(hg->host, s->id, rule);
    reset(hg, s);
}

static struct host_gossip_stream *oldest_partial(const struct host_gossip *hg)
{
    struct list *l = list_first(&hg->partial);
    return l ? list_entry(l, struct host_gossip_stream, in_partial) : NULL;
}

/* make_room has the RPC that began first make way while little memory is left, or whoever holds back the ends of many would have
 * nobody heard. */
static void make_room(struct host_gossip *hg)
{
    const struct budget *b = &hg->budget;
    struct host_gossip_stream *s = oldest_partial(hg);
    for (; s && b->limit - b->used < b->limit / 4; s = oldest_partial(hg)) {
        refuse(hg, s, "half a gossipsub RPC, and others need its room");
    }
}

/* note_partial gives an RPC its time from its first byte on. */
static void note_partial(struct host_gossip *hg, struct host_gossip_stream *s)
{
    if (frame_reader_is_idle(&s->frames) || list_is_linked(&s->in_partial)) {
        return;
    }
    s->partial_until = instant_add(now_of(hg), PARTIAL_US);
    list_add_last(&hg->partial, &s->in_partial);
}

static void
on_data(struct host_gossip *hg, struct host_gossip_stream *s, const struct host_event *e)
{
    size_t n = e->data.n;
    if (s->inbound && take_data(hg, s, e->data) != OK) {
        refuse(hg, s, "a gossipsub RPC that is broken or too much");
        return;
    }
    note_partial(hg, s);
    host_stream_consume(hg->host, s->id, n);
    make_room(hg);
}

static bool is_our_protocol(const struct host_gossip *hg, struct span protocol)
{
    for (int v = hg->cfg.no_floodsub ? GOSSIP_V10 : GOSSIP_FLOODSUB; v < GOSSIP_VERSIONS_COUNT;
         v++) {
        if (span_equal(protocol, span_str(gossip_protocol((enum gossip_version)v)))) {
            return true;
        }
    }
    return false;
}

static bool on_new_stream(struct host_gossip *hg, const struct host_event *e)
{
    if (e->kind != HOST_EVENT_STREAM_OPENED || !e->inbound || !is_our_protocol(hg, e->protocol)) {
        return false;
    }
    struct host_gossip_stream *s;
    if (stream_new(hg, &s, e->stream, &e->peer) != OK) {
        host_stream_reset(hg->host, e->stream, 0);
        return true;
    }
    s->inbound = true;
    return true;
}

static bool on_stream(struct host_gossip *hg, const struct host_event *e)
{
    struct host_gossip_stream *s = stream_find(hg, e->stream);
    if (!s) {
        return on_new_stream(hg, e);
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        on_data(hg, s, e);
    } else if (e->kind == HOST_EVENT_STREAM_FIN) {
        if (s->inbound) {
            host_stream_close_write(hg->host, s->id);
        }
    } else if (e->kind == HOST_EVENT_STREAM_OPENED) {
        on_out_open(hg, s);
    } else if (e->kind == HOST_EVENT_STREAM_WRITABLE) {
        flush(hg, s);
    } else {
        struct host_gossip_peer *p = peer_find(hg, &s->peer);
        stream_forget(hg, s);
        if (p) {
            open_out(hg, p); /* a few times: it may have been the peer's limit */
        }
    }
    return true;
}

/* ---- peers ---- */

static void on_identified(struct host_gossip *hg, const struct peer_id *id)
{
    int v = GOSSIP_V12;
    int last = hg->cfg.no_floodsub ? GOSSIP_V10 : GOSSIP_FLOODSUB;
    while (v >= last &&
           !host_peer_speaks(hg->host, id, span_str(gossip_protocol((enum gossip_version)v)))) {
        v--;
    }
    struct host_gossip_peer *p = peer_find(hg, id);
    pass_record(hg, id);
    if (v < last || (p && p->out)) {
        return;
    }
    void *memory;
    if (!p && mem_alloc(&hg->budget, &memory, sizeof *p) == OK) {
        p = memory;
        p->id = *id;
        if (map_add(&hg->peers, peer_id_span(id), p) != OK) {
            mem_free(&hg->budget, p, sizeof *p);
            return;
        }
    }
    if (p) {
        /* SPEC libp2p/gossipsub-1.1 §"Protocol extensions": what a peer can do follows from the protocol id. */
        p->version = (enum gossip_version)v;
        open_out(hg, p);
    }
}

static void on_disconnected(struct host_gossip *hg, const struct peer_id *id)
{
    struct host_gossip_peer *p = map_remove(&hg->peers, peer_id_span(id));
    if (p) {
        check(!p->out); /* the host ends streams before peers */
        mem_free(&hg->budget, p, sizeof *p);
    }
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_gossip *hg = of(self);
    switch (e->kind) {
    case HOST_EVENT_PEER_IDENTIFIED:   on_identified(hg, &e->peer); return false;
    case HOST_EVENT_PEER_DISCONNECTED: on_disconnected(hg, &e->peer); return false;
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_DATA:
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:      return on_stream(hg, e);
    case HOST_EVENT_DIAL:
    case HOST_EVENT_LINK_CLOSE:
    case HOST_EVENT_PEER_CONNECTED:
    case HOST_EVENT_PEER_DIRECT:
    case HOST_EVENT_DIAL_FAILED:
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:
    case HOST_EVENT_REFUSED:
    case HOST_EVENT_EXTENSION:         return false;
    }
    return false;
}

/* ---- work ---- */

static bool work(struct host_extension *self)
{
    struct host_gossip *hg = of(self);
    struct peer_id id;
    bool any = false;
    while (gossip_next_peer(&hg->gossip, &id)) {
        const struct host_gossip_peer *p = peer_find(hg, &id);
        if (p && p->out && p->out->out.n == 0) { /* else WRITABLE goes on */
            flush(hg, p->out);
            any = true;
        }
    }
    return any;
}

static bool has_news(struct host_extension *self)
{
    struct host_gossip *hg = of(self);
    bool news = !hg->is_told && gossip_has_news(&hg->gossip);
    hg->is_told = hg->is_told || news;
    return news;
}

/* follow dials a peer that another one told of: its record says where. */
static void follow(struct host_gossip *hg, const struct gossip_event *e)
{
    struct peer_record record;
    uint64_t dial;
    if (hg->peers.count >= hg->cfg.px_peers_max || e->record.n == 0 ||
        peer_record_open(&record, e->record, &hg->budget) != OK) {
        return;
    }
    struct host_dial_args args = {
        .peer = &e->peer,
        .addrs = record.addrs,
        .addrs_count = record.addrs_count < HOST_ADDRS_MAX ? record.addrs_count : HOST_ADDRS_MAX};
    enum err err = host_dial(hg->host, &dial, NULL, args);
    (void)err; /* it was only an offer */
}

bool host_gossip_poll(struct host_gossip *hg, struct gossip_event *ret_event)
{
    hg->is_told = false;
    while (gossip_poll(&hg->gossip, ret_event)) {
        if (ret_event->kind == GOSSIP_EVENT_MESSAGE) {
            return true;
        }
        follow(hg, ret_event);
    }
    return false;
}

static instant deadline(const struct host_extension *self)
{
    const struct host_gossip *hg = (const struct host_gossip *)(const void *)self;
    const struct host_gossip_stream *s = oldest_partial(hg);
    return instant_min(gossip_deadline(&hg->gossip), s ? s->partial_until : INSTANT_NEVER);
}

static void tick(struct host_extension *self, instant now)
{
    struct host_gossip *hg = of(self);
    struct host_gossip_stream *s = oldest_partial(hg);
    for (; s && instant_reached(s->partial_until, now); s = oldest_partial(hg)) {
        refuse(hg, s, "a gossipsub RPC took too long");
    }
    gossip_tick(&hg->gossip, now);
}

/* ---- life ---- */

MUST_CHECK static enum err handle_all(struct host_gossip *hg)
{
    struct host_protocol_args args = {.streams_in_per_peer_max = IN_PER_PEER_MAX};
    for (int v = hg->cfg.no_floodsub ? GOSSIP_V10 : GOSSIP_FLOODSUB; v < GOSSIP_VERSIONS_COUNT;
         v++) {
        TRY(host_handle(hg->host, gossip_protocol((enum gossip_version)v), args));
    }
    return OK;
}

enum err
host_gossip_init(struct host_gossip *hg, struct host *host, const struct host_gossip_cfg *cfg)
{
    memset(hg, 0, sizeof *hg);
    hg->cfg = *cfg;
    hg->cfg.memory_max = cfg->memory_max ? cfg->memory_max : (size_t)8 * 1024 * 1024;
    hg->cfg.px_peers_max = cfg->px_peers_max ? cfg->px_peers_max : 40;
    hg->cfg.gossip.self = host->self;
    hg->cfg.gossip.signer = host->cfg.signer;
    hg->cfg.gossip.rng = host->cfg.rng;
    if (hg->cfg.gossip.seqno == 0) {
        hg->cfg.gossip.seqno = mul_sat_u64(host->cfg.record_seq, 1000000); /* from milliseconds */
    }
    hg->cfg.gossip.parent = &host->system;
    budget_init(&hg->budget, &host->system, "gossip streams", hg->cfg.memory_max);
    TRY(gossip_init(&hg->gossip, &hg->cfg.gossip, host->now));
    hg->host = host;
    struct map_cfg maps = {
        .count_max = STREAMS_MAX, .seed = {rng_u64(host->cfg.rng), rng_u64(host->cfg.rng)}
    };
    map_init(&hg->streams, &hg->budget, maps);
    map_init(&hg->peers, &hg->budget, maps);
    list_init(&hg->partial);
    buf_init(&hg->rpc, &hg->budget, 2 * GOSSIP_RPC_LEN_MAX);
    hg->extension = (struct host_extension){.on_event = on_event,
                                            .work = work,
                                            .has_news = has_news,
                                            .deadline = deadline,
                                            .tick = tick};
    host_extend(host, &hg->extension);
    return handle_all(hg);
}

void host_gossip_done(struct host_gossip *hg)
{
    if (!hg->host) {
        return;
    }
    host_unextend(&hg->extension);
    for (int v = GOSSIP_FLOODSUB; v < GOSSIP_VERSIONS_COUNT; v++) {
        host_unhandle(hg->host, gossip_protocol((enum gossip_version)v));
    }
    while (hg->streams.count > 0) {
        reset(hg, map_at(&hg->streams, hg->streams.count - 1)->value);
    }
    while (hg->peers.count > 0) {
        struct host_gossip_peer *p = map_at(&hg->peers, hg->peers.count - 1)->value;
        (void)map_remove(&hg->peers, peer_id_span(&p->id));
        mem_free(&hg->budget, p, sizeof *p);
    }
    map_done(&hg->streams);
    map_done(&hg->peers);
    buf_done(&hg->rpc);
    gossip_done(&hg->gossip);
    check(hg->budget.used == 0);
    memset(hg, 0, sizeof *hg);
}
