/* Circuit relay v2 on a host, the relay's side: requests, answers, and the bytes between. */
#include "p2p/host_relay.h"

#include "base/check.h"
#include "base/mem.h"
#include <string.h>

enum { SIDES_MAX = 4096, HELD_LEN_MAX = 16 * 1024 * 1024 };
enum { SOURCE, TARGET };

enum circuit_state {
    ASKING,   /* the source is to say what it wants */
    STOPPING, /* the target is asked */
    BRIDGED,
    ENDING, /* the source has its answer; nothing else will come */
};

struct host_relay_side {
    struct host_relay_circuit *circuit;
    host_stream id;
    bool is_open;     /* the host knows it still */
    bool has_ended;   /* it says no more */
    bool is_finished; /* we have said so to it */
    struct frame_reader frames;
    struct buf held; /* what it said and the other side has not taken */
    uint64_t said_len;
};

struct host_relay_circuit {
    struct heap_node timer;
    enum circuit_state state;
    struct peer_id peers[2];
    struct host_relay_side sides[2];
    bool is_counted;
};

static struct host_relay *of(struct host_extension *x)
{
    return (struct host_relay *)(void *)x;
}

static struct host_relay_side *other_of(struct host_relay_side *s)
{
    struct host_relay_circuit *c = s->circuit;
    return &c->sides[s == &c->sides[SOURCE] ? TARGET : SOURCE];
}

static void set_timer(struct host_relay *hr, struct host_relay_circuit *c, uint64_t us)
{
    instant at = us ? instant_add(hr->host->now, us) : INSTANT_NEVER;
    check(heap_add(&hr->timers, &c->timer, at) == OK); /* in the heap since it was made */
}

/* ---- making and ending ---- */

MUST_CHECK static enum err
side_open(struct host_relay *hr, struct host_relay_side *s, host_stream id)
{
    TRY(map_add(&hr->sides, span_of(&id.id, sizeof id.id), s));
    s->id = id;
    s->is_open = true;
    return OK;
}

static void side_close(struct host_relay *hr, struct host_relay_side *s)
{
    if (s->is_open) {
        s->is_open = false;
        (void)map_remove(&hr->sides, span_of(&s->id.id, sizeof s->id.id));
    }
}

static void side_reset(struct host_relay *hr, struct host_relay_side *s)
{
    if (s->is_open) {
        host_stream_reset(hr->host, s->id, 0);
        side_close(hr, s);
    }
}

static struct host_relay_circuit *circuit_new(struct host_relay *hr, const struct peer_id *source)
{
    void *memory;
    if (mem_alloc(&hr->budget, &memory, sizeof(struct host_relay_circuit)) != OK) {
        return NULL;
    }
    struct host_relay_circuit *c = memory;
    c->peers[SOURCE] = *source;
    for (unsigned i = 0; i < 2; i++) {
        c->sides[i].circuit = c;
        struct frame_cfg frames = {.prefix = FRAME_UVARINT,
                                   .frame_len_max = CIRCUIT_MESSAGE_LEN_MAX,
                                   .budget = &hr->budget};
        frame_reader_init(&c->sides[i].frames, frames);
        buf_init(&c->sides[i].held, &hr->budget, HELD_LEN_MAX);
    }
    instant end = instant_add(hr->host->now, hr->cfg.request_timeout_us);
    if (heap_add(&hr->timers, &c->timer, end) != OK) {
        mem_free(&hr->budget, c, sizeof *c);
        return NULL;
    }
    return c;
}

static void uncount(struct host_relay *hr, struct host_relay_circuit *c)
{
    if (c->is_counted) {
        c->is_counted = false;
        relay_close(&hr->relay, &c->peers[SOURCE], &c->peers[TARGET]);
    }
}

/* circuit_end resets what is still open and forgets the circuit. */
static void circuit_end(struct host_relay *hr, struct host_relay_circuit *c)
{
    uncount(hr, c);
    heap_remove(&hr->timers, &c->timer);
    for (unsigned i = 0; i < 2; i++) {
        side_reset(hr, &c->sides[i]);
        frame_reader_done(&c->sides[i].frames);
        buf_done(&c->sides[i].held);
    }
    mem_free(&hr->budget, c, sizeof *c);
}

/* ---- saying ---- */

/* say writes one message on a side's stream; streams take as much at once. */
MUST_CHECK static enum err say(struct host_relay *hr,
                               struct host_relay_side *s,
                               enum circuit_protocol protocol,
                               const struct circuit_message *m)
{
    uint8_t prefix[UVARINT_LEN_MAX];
    struct wr p = wr_init(MSPAN_OF(prefix));
    buf_clear(&hr->message);
    struct wr w = wr_init_buf(&hr->message);
    circuit_message_encode(&w, protocol, m);
    TRY(wr_end(&w));
    frame_write_prefix(&p, FRAME_UVARINT, hr->message.n);
    TRY(wr_end(&p));
    bool is_said = host_stream_write(hr->host, s->id, span_of(prefix, p.n)) == p.n &&
                   host_stream_write(hr->host, s->id, buf_span(&hr->message)) == hr->message.n;
    return is_said ? OK : ERR_LIMIT;
}

/* answer tells the source how it ends. */
static void
answer(struct host_relay *hr, struct host_relay_circuit *c, const struct circuit_message *m)
{
    struct host_relay_side *s = &c->sides[SOURCE];
    if (say(hr, s, CIRCUIT_HOP, m) != OK) {
        circuit_end(hr, c);
        return;
    }
    c->state = ENDING;
    s->is_finished = true;
    host_stream_close_write(hr->host, s->id);
    host_stream_consume(hr->host, s->id, s->held.n);
    buf_clear(&s->held);
    set_timer(hr, c, hr->cfg.request_timeout_us);
}

static void refuse(struct host_relay *hr, struct host_relay_circuit *c, enum circuit_status status)
{
    hr->refused_count++;
    uncount(hr, c);
    side_reset(hr, &c->sides[TARGET]);
    answer(hr, c, &(struct circuit_message){.type = CIRCUIT_STATUS, .status = status});
}

/* ---- reservations ---- */

/* write_addrs writes our direct addresses, each with our id behind it, into room; how many. */
static size_t write_addrs(const struct host *h, struct span *ret_addrs, struct buf *room)
{
    struct span addrs[HOST_ADDRS_MAX];
    size_t ends[CIRCUIT_ADDRS_MAX];
    size_t count = 0;
    size_t addrs_count = host_direct_addrs(h, addrs);
    for (size_t i = 0; i < addrs_count && count < CIRCUIT_ADDRS_MAX; i++) {
        struct wr w = wr_init_buf(room);
        size_t before = room->n;
        wr_bytes(&w, addrs[i]);
        multiaddr_write(&w, MULTIADDR_P2P, peer_id_span(&h->self));
        if (!wr_ok(&w)) {
            buf_shrink(room, before);
            break;
        }
        ends[count++] = room->n;
    }
    for (size_t i = 0, at = 0; i < count; at = ends[i++]) {
        ret_addrs[i] = span_of(room->p + at, ends[i] - at);
    }
    return count;
}

static void grant(struct host_relay *hr, struct host_relay_circuit *c)
{
    struct host *h = hr->host;
    struct circuit_voucher v = {.relay = h->self,
                                .peer = c->peers[SOURCE],
                                .expires_s = host_unix_s(h) + hr->relay.cfg.ttl_s};
    AUTO(buf_done) struct buf voucher = {0};
    AUTO(buf_done) struct buf addrs = {0};
    buf_init(&voucher, &hr->budget, 1024);
    buf_init(&addrs, &hr->budget, CIRCUIT_MESSAGE_LEN_MAX / 2);
    struct circuit_message m = {.type = CIRCUIT_STATUS,
                                .status = CIRCUIT_OK,
                                .has_reservation = true,
                                .expires_s = v.expires_s,
                                .limit = hr->relay.cfg.limit};
    struct wr w = wr_init_buf(&voucher);
    if (circuit_voucher_seal(&w, &v, h->cfg.signer, &hr->budget) != OK || !wr_ok(&w)) {
        relay_drop(&hr->relay, &c->peers[SOURCE]);
        refuse(hr, c, CIRCUIT_RESERVATION_REFUSED);
        return;
    }
    m.voucher = buf_span(&voucher);
    m.addrs_count = write_addrs(h, m.addrs, &addrs);
    answer(hr, c, &m);
}

static bool
is_allowed(const struct host_relay *hr, const struct peer_id *peer, const struct peer_id *target)
{
    return !hr->cfg.allows || hr->cfg.allows(hr->cfg.user, peer, target);
}

static void on_reserve(struct host_relay *hr, struct host_relay_circuit *c)
{
    struct host_peer_info info;
    enum circuit_status status = CIRCUIT_RESERVATION_REFUSED;
    if (!is_allowed(hr, &c->peers[SOURCE], NULL)) {
        status = CIRCUIT_PERMISSION_DENIED;
    } else if (host_peer_find(hr->host, &info, &c->peers[SOURCE])) {
        struct relay_ask ask = {
            .peer = &c->peers[SOURCE], .remote = info.addr, .now = hr->host->now};
        status = relay_reserve(&hr->relay, ask);
    }
    if (status == CIRCUIT_OK) {
        grant(hr, c);
    } else {
        refuse(hr, c, status);
    }
}

/* ---- circuits ---- */

/* ask_target opens the second half of a circuit. */
MUST_CHECK static enum err ask_target(struct host_relay *hr, struct host_relay_circuit *c)
{
    host_stream id;
    struct host_relay_side *s = &c->sides[TARGET];
    TRY(host_open_stream(hr->host, &id, NULL,
                         (struct host_open_args){.peer = &c->peers[TARGET],
                                                 .protocol = CIRCUIT_STOP_PROTOCOL,
                                                 .known = true}));
    enum err e = side_open(hr, s, id);
    if (e != OK) {
        host_stream_reset(hr->host, id, 0);
        return e;
    }
    return say(hr, s, CIRCUIT_STOP,
               &(struct circuit_message){.type = CIRCUIT_CONNECT,
                                         .peer = peer_id_span(&c->peers[SOURCE]),
                                         .limit = hr->relay.cfg.limit});
}

static void
on_connect(struct host_relay *hr, struct host_relay_circuit *c, const struct circuit_message *m)
{
    if (peer_id_decode(&c->peers[TARGET], m->peer) != OK) {
        refuse(hr, c, CIRCUIT_MALFORMED);
        return;
    }
    if (!is_allowed(hr, &c->peers[SOURCE], &c->peers[TARGET])) {
        refuse(hr, c, CIRCUIT_PERMISSION_DENIED);
        return;
    }
    enum circuit_status status = relay_open(&hr->relay, &c->peers[SOURCE], &c->peers[TARGET]);
    if (status != CIRCUIT_OK) {
        refuse(hr, c, status);
        return;
    }
    c->is_counted = true;
    c->state = STOPPING;
    set_timer(hr, c, hr->cfg.stop_timeout_us);
    if (ask_target(hr, c) != OK) {
        refuse(hr, c, CIRCUIT_CONNECTION_FAILED);
    }
}

/* forward moves what a side has said to the other one; false: nothing more to be said on this circuit. */
static void forward(struct host_relay *hr, struct host_relay_side *from)
{
    struct host_relay_side *to = other_of(from);
    size_t n = from->held.n ? host_stream_write(hr->host, to->id, buf_span(&from->held)) : 0;
    buf_consume(&from->held, n);
    buf_trim(&from->held);
    hr->relayed_len += n;
    host_stream_consume(hr->host, from->id, n);
    if (from->held.n == 0 && from->has_ended && !to->is_finished) {
        to->is_finished = true;
        host_stream_close_write(hr->host, to->id);
    }
}

static void bridge(struct host_relay *hr, struct host_relay_circuit *c)
{
    c->state = BRIDGED;
    hr->opened_count++;
    set_timer(hr, c, hr->relay.cfg.limit.duration_s * US_PER_S);
    struct circuit_message m = {
        .type = CIRCUIT_STATUS, .status = CIRCUIT_OK, .limit = hr->relay.cfg.limit};
    if (say(hr, &c->sides[SOURCE], CIRCUIT_HOP, &m) != OK) {
        circuit_end(hr, c);
        return;
    }
    forward(hr, &c->sides[SOURCE]);
    forward(hr, &c->sides[TARGET]);
}

/* ---- what arrives ---- */

static void on_request(struct host_relay *hr, struct host_relay_circuit *c, struct span frame)
{
    struct circuit_message m;
    if (circuit_message_decode(&m, CIRCUIT_HOP, frame) != OK) {
        refuse(hr, c, CIRCUIT_MALFORMED);
        return;
    }
    switch (m.type) {
    case CIRCUIT_RESERVE: on_reserve(hr, c); break;
    case CIRCUIT_CONNECT: on_connect(hr, c, &m); break;
    case CIRCUIT_STATUS:  refuse(hr, c, CIRCUIT_UNEXPECTED); break;
    }
}

static void on_stop(struct host_relay *hr, struct host_relay_circuit *c, struct span frame)
{
    struct circuit_message m;
    bool is_ok = circuit_message_decode(&m, CIRCUIT_STOP, frame) == OK &&
                 m.type == CIRCUIT_STATUS && m.status == CIRCUIT_OK;
    if (is_ok) {
        bridge(hr, c);
    } else {
        refuse(hr, c, CIRCUIT_CONNECTION_FAILED);
    }
}

/* keep holds what came before it may be passed on, or what the other side does not take. */
MUST_CHECK static enum err keep(struct host_relay *hr, struct host_relay_side *s, struct span data)
{
    s->said_len += data.n;
    uint64_t data_len_max = hr->relay.cfg.limit.data_len;
    /* SPEC libp2p/circuit-v2 §"Reservation": more data than the limit in one direction resets both streams. */
    if (data_len_max > 0 && s->said_len > data_len_max) {
        return ERR_LIMIT;
    }
    return buf_append(&s->held, data);
}

/* on_message cuts the one message that a side says before the rest is a connection's bytes. */
static void on_message(struct host_relay *hr, struct host_relay_side *s, struct span data)
{
    struct host_relay_circuit *c = s->circuit;
    struct span frame;
    size_t before = data.n;
    enum err e = frame_reader_next(&s->frames, &frame, &data);
    if (e != OK && e != ERR_TRUNCATED) {
        if (s == &c->sides[SOURCE]) {
            host_stream_consume(hr->host, s->id, before);
            refuse(hr, c, CIRCUIT_MALFORMED);
        } else {
            refuse(hr, c, CIRCUIT_CONNECTION_FAILED);
        }
        return;
    }
    /* SPEC libp2p/circuit-v2 §"Connection Initiation": what stands behind the message is the connection's already. */
    if (e == OK && keep(hr, s, data) != OK) {
        circuit_end(hr, c);
        return;
    }
    size_t taken = before - (e == OK ? data.n : 0);
    host_stream id = s->id;
    if (e == OK && s == &c->sides[SOURCE]) {
        on_request(hr, c, frame);
    } else if (e == OK) {
        on_stop(hr, c, frame);
    }
    host_stream_consume(hr->host, id, taken); /* of a stream that is gone: nothing */
}

static void on_data(struct host_relay *hr, struct host_relay_side *s, struct span data)
{
    struct host_relay_circuit *c = s->circuit;
    bool is_source = s == &c->sides[SOURCE];
    switch (c->state) {
    case ASKING: on_message(hr, s, data); return;
    case STOPPING:
        if (!is_source) {
            on_message(hr, s, data);
            return;
        }
        break;
    case BRIDGED: break;
    case ENDING:  host_stream_consume(hr->host, s->id, data.n); return;
    }
    if (keep(hr, s, data) != OK) {
        circuit_end(hr, c);
    } else if (c->state == BRIDGED) {
        forward(hr, s);
    }
}

static void on_ended(struct host_relay *hr, struct host_relay_side *s)
{
    s->has_ended = true;
    switch (s->circuit->state) {
    case ASKING:   circuit_end(hr, s->circuit); break; /* it wanted nothing after all */
    case STOPPING: circuit_end(hr, s->circuit); break;
    case BRIDGED:  forward(hr, s); break;
    case ENDING:   break;
    }
}

/* on_gone: the host has forgotten the stream. */
static void on_gone(struct host_relay *hr, struct host_relay_side *s, bool is_reset)
{
    struct host_relay_circuit *c = s->circuit;
    bool is_source = s == &c->sides[SOURCE];
    side_close(hr, s);
    if (c->state == STOPPING && !is_source) {
        refuse(hr, c, CIRCUIT_CONNECTION_FAILED);
    } else if (is_reset || !other_of(s)->is_open) {
        circuit_end(hr, c);
    }
}

static bool on_new_stream(struct host_relay *hr, const struct host_event *e)
{
    if (e->kind != HOST_EVENT_STREAM_OPENED || !e->inbound ||
        !span_equal(e->protocol, SPAN_LIT(CIRCUIT_HOP_PROTOCOL))) {
        return false;
    }
    struct host_relay_circuit *c = circuit_new(hr, &e->peer);
    if (!c || side_open(hr, &c->sides[SOURCE], e->stream) != OK) {
        host_stream_reset(hr->host, e->stream, 0);
        if (c) {
            circuit_end(hr, c);
        }
    }
    return true;
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_relay *hr = of(self);
    if (e->kind == HOST_EVENT_PEER_DISCONNECTED) {
        /* SPEC libp2p/circuit-v2 §"Reservation": it ends with the connection. */
        relay_drop(&hr->relay, &e->peer);
        return false;
    }
    if (e->kind < HOST_EVENT_STREAM_OPENED || e->kind > HOST_EVENT_STREAM_RESET) {
        return false;
    }
    struct host_relay_side *s = map_find(&hr->sides, span_of(&e->stream.id, sizeof e->stream.id));
    if (!s) {
        return on_new_stream(hr, e);
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        on_data(hr, s, e->data);
    } else if (e->kind == HOST_EVENT_STREAM_FIN) {
        on_ended(hr, s);
    } else if (e->kind == HOST_EVENT_STREAM_WRITABLE) {
        if (s->circuit->state == BRIDGED) {
            forward(hr, other_of(s));
        }
    } else if (e->kind != HOST_EVENT_STREAM_OPENED) {
        on_gone(hr, s, e->kind == HOST_EVENT_STREAM_RESET);
    }
    return true;
}

static bool nothing(struct host_extension *self)
{
    (void)self;
    return false;
}

static instant deadline(const struct host_extension *self)
{
    const struct host_relay *hr = (const struct host_relay *)(const void *)self;
    return instant_min(heap_deadline(&hr->timers), relay_deadline(&hr->relay));
}

static void tick(struct host_extension *self, instant now)
{
    struct host_relay *hr = of(self);
    relay_tick(&hr->relay, now);
    while (instant_reached(heap_deadline(&hr->timers), now)) {
        struct host_relay_circuit *c =
            list_entry(heap_first(&hr->timers), struct host_relay_circuit, timer);
        if (c->state == STOPPING) {
            refuse(hr, c, CIRCUIT_CONNECTION_FAILED);
        } else {
            /* SPEC libp2p/circuit-v2 §"Reservation": a circuit that lasts too long is reset on both sides. */
            circuit_end(hr, c);
        }
    }
}

/* ---- life ---- */

enum err host_relay_init(struct host_relay *hr, struct host *host, const struct host_relay_cfg *cfg)
{
    memset(hr, 0, sizeof *hr);
    if (host_unix_s(host) == 0) {
        return ERR_STATE;
    }
    hr->cfg = *cfg;
    hr->cfg.memory_max = cfg->memory_max ? cfg->memory_max : (size_t)4 * 1024 * 1024;
    hr->cfg.request_timeout_us = cfg->request_timeout_us ? cfg->request_timeout_us : 20 * US_PER_S;
    hr->cfg.stop_timeout_us = cfg->stop_timeout_us ? cfg->stop_timeout_us : 30 * US_PER_S;
    hr->cfg.relay.rng = host->cfg.rng;
    hr->cfg.relay.parent = &host->system;
    TRY(relay_init(&hr->relay, &hr->cfg.relay));
    budget_init(&hr->budget, &host->system, "relay", hr->cfg.memory_max);
    struct map_cfg maps = {
        .count_max = SIDES_MAX, .seed = {rng_u64(host->cfg.rng), rng_u64(host->cfg.rng)}
    };
    map_init(&hr->sides, &hr->budget, maps);
    heap_init(&hr->timers, &hr->budget, SIDES_MAX);
    buf_init(&hr->message, &hr->budget, CIRCUIT_MESSAGE_LEN_MAX);
    hr->host = host;
    hr->extension = (struct host_extension){.on_event = on_event,
                                            .work = nothing,
                                            .has_news = nothing,
                                            .deadline = deadline,
                                            .tick = tick};
    host_extend(host, &hr->extension);
    /* SPEC libp2p/circuit-v2 §"Reservation": none over a connection that is relayed itself; the protocol is not spoken there. */
    const struct relay_cfg *r = &hr->relay.cfg;
    struct host_protocol_args args = {.streams_in_max = r->circuits_max + 64,
                                      .streams_in_per_peer_max = r->circuits_per_peer_max + 4};
    return host_handle(host, CIRCUIT_HOP_PROTOCOL, args);
}

void host_relay_done(struct host_relay *hr)
{
    if (!hr->host) {
        return;
    }
    host_unextend(&hr->extension);
    host_unhandle(hr->host, CIRCUIT_HOP_PROTOCOL);
    while (hr->timers.count > 0) {
        circuit_end(hr, list_entry(heap_first(&hr->timers), struct host_relay_circuit, timer));
    }
    map_done(&hr->sides);
    heap_done(&hr->timers);
    buf_done(&hr->message);
    relay_done(&hr->relay);
    check(hr->budget.used == 0);
    memset(hr, 0, sizeof *hr);
}

struct host_relay_stats host_relay_stats(const struct host_relay *hr)
{
    return (struct host_relay_stats){
        .reservations_count = (uint32_t)hr->relay.reservations.count, /* <= reservations_max */
        .circuits_count = hr->relay.circuits_count,
        .opened_count = hr->opened_count,
        .refused_count = hr->refused_count,
        .relayed_len = hr->relayed_len,
        .held_len = hr->budget.used};
}
