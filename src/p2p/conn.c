/*~ The upgrade of a connection: libp2p specs, connections/README.md, "Connection Upgrade". Bytes climb
 * through conn_recv; `advance` is the machine that moves them from layer to layer until there is an
 * event; conn_send pulls the other way. Streams are in conn_stream.c. */
#include "p2p/conn.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/conn_secure.h"
#include "p2p/conn_stream.h"

enum {
    SEAL_ROOM_MIN = 256, /* output smaller than this is sealed aside */
    STAGED_LEN_MAX = 1024,
};

static const struct span MUXER_PROTOCOLS[] = {
    {(const uint8_t *)"/yamux/1.0.0", 12}
};

/* ---- negotiations ---- */

enum err
conn_select_new(struct conn *c, struct conn_select **ret_select, struct conn_select_args args)
{
    void *p;
    TRY(mem_alloc(c->cfg.budget, &p, sizeof(struct conn_select)));
    struct conn_select *s = p;
    bool has_one = args.one.n > 0;
    s->one = args.one;
    s->cfg = (struct multistream_cfg){
        .is_dialer = has_one || args.is_dialer,
        .lazy = args.lazy,
        .protocols = has_one ? &s->one : args.protocols,
        .protocols_count = has_one ? 1 : args.protocols_count,
        .budget = c->cfg.budget,
        .timeout_ms = (uint32_t)min_u64(UINT32_MAX, max_u64(1, args.timeout_us / US_PER_MS))};
    enum err e = multistream_init(&s->engine, &s->cfg, c->now);
    if (e != OK) {
        conn_select_free(c, s);
        return e;
    }
    *ret_select = s;
    return OK;
}

void conn_select_free(struct conn *c, struct conn_select *s)
{
    if (s) {
        multistream_done(&s->engine);
        mem_free(c->cfg.budget, s, sizeof *s);
    }
}

static void drop_select(struct conn *c)
{
    conn_select_free(c, c->select);
    c->select = NULL;
}

/* ---- state ---- */

void conn_report(struct conn *c, struct conn_event e)
{
    check(!c->has_event);
    c->event = e;
    c->has_event = true;
}

static enum yamux_go_away go_away_of(enum err e)
{
    switch (e) {
    case OK:
    case ERR_CLOSED:
    case ERR_TIMEOUT:     return YAMUX_GO_AWAY_NORMAL;
    case ERR_LIMIT:
    case ERR_INTERNAL:
    case ERR_IO:          return YAMUX_GO_AWAY_INTERNAL;
    case ERR_TRUNCATED:
    case ERR_MALFORMED:
    case ERR_UNSUPPORTED:
    case ERR_STATE:
    case ERR_AUTH:
    case ERR_DENIED:
    case ERR_NOT_FOUND:
    case ERR_COUNT:       break;
    }
    return YAMUX_GO_AWAY_PROTOCOL;
}

static void fail(struct conn *c, enum err e, const char *rule)
{
    if (c->state == CONN_CLOSED) {
        return;
    }
    c->state = CONN_CLOSED;
    c->close_err = e;
    c->close_rule = rule;
    c->deadline = INSTANT_NEVER;
    c->plain = SPAN_EMPTY;
    c->rest = SPAN_EMPTY;
    c->rest_stream = NULL;
    c->has_event = false; /* the owner drops all streams when it hears CLOSED */
    drop_select(c);
    if (c->yamux_is_up) {
        yamux_close(&c->yamux, go_away_of(e));
    }
    if (c->quic) {
        quic_close(c->quic,
                   go_away_of(e)); /* 0 is the ordinary way; others have no meaning to peers */
    }
}

void conn_done(struct conn *c)
{
    if (!c->cfg.budget) {
        return;
    }
    for (struct list *l = list_first(&c->streams); l; l = list_first(&c->streams)) {
        conn_stream_free(c, list_entry(l, struct conn_stream, in_streams));
    }
    drop_select(c);
    yamux_done(&c->yamux);
    if (c->quic) {
        quic_done(c->quic);
        mem_free(c->cfg.budget, c->quic, sizeof *c->quic);
    }
    conn_secure_done(c);
    buf_done(&c->staged);
    *c = (struct conn){0};
}

/* ---- the upgrade ---- */

static void start_secure(struct conn *c, size_t security)
{
    if (c->secure_is_up) {
        return;
    }
    c->security = c->cfg.security[security];
    struct conn_secure_args args = {.muxers = MUXER_PROTOCOLS, .muxers_count = 1};
    if (conn_secure_start(c, args) != OK) {
        fail(c, ERR_LIMIT, "no memory for the handshake");
    }
}

static void start_yamux(struct conn *c)
{
    struct yamux_cfg cfg = yamux_cfg_default(c->cfg.is_dialer, c->cfg.budget);
    cfg.credit = c->cfg.credit;
    cfg.streams_max = c->cfg.streams_max ? c->cfg.streams_max : cfg.streams_max;
    cfg.streams_in_max = c->cfg.streams_in_max ? c->cfg.streams_in_max : cfg.streams_in_max;
    cfg.window_max = c->cfg.window_max ? c->cfg.window_max : cfg.window_max;
    cfg.queue_max = c->cfg.queue_max ? c->cfg.queue_max : cfg.queue_max;
    cfg.keepalive_us = c->cfg.keepalive_us;
    cfg.map_seed[0] = rng_u64(c->cfg.rng);
    cfg.map_seed[1] = rng_u64(c->cfg.rng);
    if (yamux_init(&c->yamux, &cfg, c->now) != OK) {
        fail(c, ERR_INTERNAL, "muxer limits make no sense");
        return;
    }
    c->yamux_is_up = true;
    c->state = CONN_READY;
    c->deadline = INSTANT_NEVER;
    conn_report(c, (struct conn_event){.kind = CONN_EVENT_READY, .peer = c->peer});
}

/* on_select follows the negotiation of the security protocol, then that of the muxer. */
static bool on_select(struct conn *c)
{
    struct multistream_event e;
    if (!c->select || !multistream_poll(&c->select->engine, &e)) {
        return false;
    }
    switch (e.kind) {
    case MULTISTREAM_EVENT_PROPOSED: start_secure(c, e.protocol); break;
    case MULTISTREAM_EVENT_SELECTED:
        if (c->state == CONN_SELECT_SECURITY) {
            c->state = CONN_SECURING;
            start_secure(c, e.protocol);
        } else {
            start_yamux(c); /* the select object stays until its answer is sent */
        }
        break;
    case MULTISTREAM_EVENT_FAILED: fail(c, e.err, e.diag.rule); break;
    }
    return true;
}

/* SPEC libp2p/connections §"Multiplexer Negotiation": a muxer that was not chosen in the handshake is negotiated
 * inside the secured channel. */
static void select_muxer(struct conn *c)
{
    struct conn_select_args args = {.protocols = MUXER_PROTOCOLS,
                                    .protocols_count = 1,
                                    .timeout_us = c->cfg.handshake_timeout_us};
    if (c->cfg.is_dialer) {
        args.one = MUXER_PROTOCOLS[0];
    }
    c->state = CONN_SELECT_MUXER;
    if (conn_select_new(c, &c->select, args) != OK) {
        fail(c, ERR_LIMIT, "no memory to negotiate the muxer");
    }
}

static bool on_secure(struct conn *c)
{
    struct conn_secure_event e;
    if (!c->secure_is_up || c->state == CONN_SELECT_SECURITY || !conn_secure_poll(c, &e)) {
        return false;
    }
    switch (e.kind) {
    case CONN_SECURE_READY:
        c->peer = e.peer;
        drop_select(c);
        if (e.has_muxer) {
            start_yamux(c);
        } else {
            select_muxer(c);
        }
        break;
    case CONN_SECURE_DATA:   c->plain = e.data; break;
    case CONN_SECURE_ENDED:  fail(c, ERR_CLOSED, "the peer closed the connection"); break;
    case CONN_SECURE_FAILED: fail(c, e.err, e.rule); break;
    }
    return true;
}

static bool on_plain(struct conn *c)
{
    if (c->plain.n == 0) {
        return false;
    }
    if (c->state == CONN_SELECT_MUXER) {
        (void)multistream_recv(&c->select->engine, c->now,
                               &c->plain); /* failure comes as an event */
    } else {
        (void)yamux_recv(&c->yamux, c->now, &c->plain); /* likewise */
    }
    return true;
}

static bool on_yamux(struct conn *c)
{
    struct yamux_event e;
    if (!c->yamux_is_up || !yamux_poll(&c->yamux, &e)) {
        return false;
    }
    if (e.kind == YAMUX_EVENT_CLOSED) {
        fail(c, e.err, e.rule);
    } else {
        conn_on_yamux(c, &e);
    }
    return true;
}

static bool on_quic(struct conn *c)
{
    struct yamux_event e;
    bool is_ready;
    if (!c->quic || !quic_poll(c->quic, &e, &is_ready)) {
        return false;
    }
    if (is_ready) {
        c->peer = c->quic->peer;
        c->state = CONN_READY;
        c->deadline = INSTANT_NEVER;
        conn_report(c, (struct conn_event){.kind = CONN_EVENT_READY, .peer = c->peer});
    } else if (e.kind == YAMUX_EVENT_CLOSED) {
        fail(c, e.err, e.rule);
    } else {
        conn_on_yamux(c, &e);
    }
    return true;
}

/* on_rest hands out application bytes that came right behind a stream's negotiation. */
static bool on_rest(struct conn *c)
{
    struct conn_stream *s = c->rest_stream;
    if (!s) {
        return false;
    }
    conn_report(c,
                (struct conn_event){
                    .kind = CONN_EVENT_STREAM_DATA, .stream = s, .user = s->user, .data = c->rest});
    c->rest_stream = NULL;
    c->rest = SPAN_EMPTY;
    return true;
}

static void report_closed(struct conn *c)
{
    if (!c->closed_reported && !c->has_event) {
        c->closed_reported = true;
        conn_report(c, (struct conn_event){.kind = CONN_EVENT_CLOSED,
                                           .peer = c->peer,
                                           .err = c->close_err,
                                           .rule = c->close_rule});
    }
}

/* advance moves what is there from layer to layer until an event waits or nothing moves. */
static void advance(struct conn *c)
{
    bool moved = true;
    while (moved && !c->has_event && c->state != CONN_CLOSED) {
        if (c->gone) {
            conn_stream_free(c, c->gone);
            c->gone = NULL;
        }
        moved = on_rest(c) || conn_check_selecting(c) || on_select(c) || on_yamux(c) ||
                on_plain(c) || on_secure(c) || on_quic(c);
    }
    if (c->state == CONN_CLOSED) {
        report_closed(c);
    }
}

/* ---- the engine's verbs ---- */

/* SPEC libp2p/quic §"QUIC vs. TCP": security and muxer are QUIC's; each stream negotiates its protocol as over yamux. */
MUST_CHECK static enum err init_quic(struct conn *c)
{
    void *p;
    struct quic_cfg cfg = {.endpoint = c->cfg.endpoint,
                           .identity = c->cfg.quic,
                           .expected = &c->expected,
                           .unix_s = c->cfg.unix_s,
                           .rng = c->cfg.rng,
                           .budget = c->cfg.budget,
                           .streams_in_max = c->cfg.streams_in_max ? c->cfg.streams_in_max : 1000,
                           .window_max = max_u32(c->cfg.window_max, YAMUX_WINDOW_INITIAL),
                           .queue_max = c->cfg.queue_max ? c->cfg.queue_max : YAMUX_WINDOW_INITIAL,
                           .handshake_timeout_us = c->cfg.handshake_timeout_us};
    c->state = CONN_SECURING;
    TRY(mem_alloc(c->cfg.budget, &p, sizeof(struct quic)));
    c->quic = p;
    TRY(c->cfg.is_dialer ? quic_connect(c->quic, &cfg, c->cfg.remote, c->now)
                         : quic_accept(c->quic, &cfg, c->cfg.first));
    c->cfg.remote = NULL;
    c->cfg.first = NULL;
    advance(c);
    return OK;
}

enum err conn_init(struct conn *c, const struct conn_cfg *cfg, instant now)
{
    check(cfg->budget);
    check(cfg->protocols->count > 0);
    *c = (struct conn){
        .cfg = *cfg, .now = now, .deadline = instant_add(now, cfg->handshake_timeout_us)};
    if (cfg->expected) {
        c->expected = *cfg->expected;
    }
    c->cfg.expected = NULL;
    list_init(&c->selecting);
    list_init(&c->streams);
    buf_init(&c->staged, cfg->budget, STAGED_LEN_MAX);
    if (cfg->endpoint) {
        return init_quic(c);
    }
    conn_secure_ids(c);
    struct conn_select_args args = {.is_dialer = cfg->is_dialer,
                                    .protocols = c->security_ids,
                                    .protocols_count = c->security_ids_count,
                                    .timeout_us = cfg->handshake_timeout_us};
    /* The handshake's first message leaves with the proposal, if that is the only one. */
    args.lazy = cfg->is_dialer && c->security_ids_count == 1;
    TRY(conn_select_new(c, &c->select, args));
    advance(c); /* a dialer's handshake starts at once */
    return OK;
}

enum err conn_recv(struct conn *c, instant now, struct span *in)
{
    c->now = now;
    advance(c);
    while (c->state != CONN_CLOSED && !c->has_event && in->n > 0) {
        if (c->state == CONN_SELECT_SECURITY) {
            (void)multistream_recv(&c->select->engine, now, in); /* failure comes as an event */
        } else {
            conn_secure_recv(c, in); /* likewise */
        }
        advance(c);
    }
    return c->state == CONN_CLOSED ? ERR_CLOSED : OK;
}

void conn_recv_datagram(struct conn *c, const struct quic_datagram *d)
{
    c->now = d->now;
    quic_recv(c->quic, d);
    advance(c);
}

size_t conn_send_datagram(struct conn *c, instant now, struct udp_addr *ret_to, struct mspan out)
{
    c->now = now;
    return c->quic ? quic_send(c->quic, now, ret_to, out) : 0;
}

void conn_recv_end(struct conn *c)
{
    fail(c, ERR_CLOSED, "the peer closed the connection");
}

bool conn_poll(struct conn *c, struct conn_event *ret_event)
{
    if (!c->cfg.budget) {
        return false;
    }
    advance(c);
    if (!c->has_event) {
        return false;
    }
    *ret_event = c->event;
    c->has_event = false;
    return true;
}

/* fill_plain lets the inner layers write what a frame shall carry. */
static size_t fill_plain(struct conn *c, struct mspan room)
{
    size_t n = 0;
    if (c->select && c->state >= CONN_SELECT_MUXER) {
        n = multistream_send(&c->select->engine, c->now, room);
        if (c->state == CONN_READY && c->select->engine.out.n == 0) {
            drop_select(c);
        }
    }
    if (c->yamux_is_up && !c->select) {
        n += yamux_send(&c->yamux, c->now, mspan_from(room, n));
    }
    return n;
}

/* seal writes one frame into out; 0 if there is nothing to say, or out is too small for any. */
static size_t seal(struct conn *c, struct mspan out)
{
    struct mspan room = conn_secure_plain_room(c, out);
    size_t n = room.n ? fill_plain(c, room) : 0;
    return n ? conn_secure_seal(c, out, n) : 0;
}

/* seal_staged seals aside for an output that is too small. */
static bool seal_staged(struct conn *c)
{
    struct mspan room;
    buf_clear(&c->staged);
    c->staged_at = 0;
    if (buf_extend(&c->staged, &room, STAGED_LEN_MAX) != OK) {
        return false;
    }
    buf_shrink(&c->staged, seal(c, room));
    return c->staged.n > 0;
}

static size_t send_staged(struct conn *c, struct mspan out)
{
    size_t n = span_copy(out, span_from(buf_span(&c->staged), c->staged_at));
    c->staged_at += n;
    if (c->staged_at == c->staged.n) {
        buf_clear(&c->staged);
        buf_trim(&c->staged);
        c->staged_at = 0;
    }
    return n;
}

/* says_inside: has anything inside the channel something to say? */
static bool says_inside(const struct conn *c)
{
    bool select_says = c->select && c->select->engine.out.n > 0;
    return select_says || (c->yamux_is_up && yamux_has_output(&c->yamux));
}

static bool can_seal(const struct conn *c)
{
    return conn_secure_can_seal(c) && (c->yamux_is_up || c->state == CONN_SELECT_MUXER);
}

/* say_goodbye ends a channel that is closed and has nothing else to say. */
static size_t say_goodbye(struct conn *c, struct mspan out)
{
    if (c->state != CONN_CLOSED || says_inside(c)) {
        return 0;
    }
    conn_secure_close(c);
    return conn_secure_has_output(c) ? conn_secure_send(c, out) : 0;
}

/* send_some writes one piece: what is staged, then the plain negotiation, then the handshake, then frames. */
static size_t send_some(struct conn *c, struct mspan out)
{
    if (c->staged.n > 0) {
        return send_staged(c, out);
    }
    if (c->select && c->state <= CONN_SECURING && c->select->engine.out.n > 0) {
        return multistream_send(&c->select->engine, c->now, out);
    }
    if (conn_secure_has_output(c)) {
        return conn_secure_send(c, out);
    }
    size_t n = 0;
    if (can_seal(c) && out.n >= SEAL_ROOM_MIN) {
        n = seal(c, out);
    } else if (can_seal(c) && says_inside(c) && seal_staged(c)) {
        n = send_staged(c, out);
    }
    return n > 0 ? n : say_goodbye(c, out);
}

size_t conn_send(struct conn *c, instant now, struct mspan out)
{
    if (!c->cfg.budget) {
        return 0;
    }
    c->now = now;
    size_t n = 0;
    for (size_t more = 1; more > 0 && n < out.n; n += more) {
        more = send_some(c, mspan_from(out, n));
    }
    return n;
}

bool conn_has_output(const struct conn *c)
{
    if (!c->cfg.budget) {
        return false;
    }
    if (c->quic) {
        return quic_has_output(c->quic);
    }
    if (c->staged.n > 0 || conn_secure_has_output(c)) {
        return true;
    }
    if (c->state <= CONN_SECURING) {
        return c->select && c->select->engine.out.n > 0;
    }
    bool owes_goodbye = c->state == CONN_CLOSED && conn_secure_owes_goodbye(c);
    return owes_goodbye || (can_seal(c) && says_inside(c));
}

instant conn_deadline(const struct conn *c)
{
    if (c->state == CONN_CLOSED) {
        return INSTANT_NEVER;
    }
    instant first = c->deadline;
    struct list *oldest = list_first(&c->selecting);
    if (oldest && !c->has_event) { /* a waiting event is polled first */
        const struct conn_stream *s = list_entry(oldest, struct conn_stream, in_selecting);
        first = instant_min(first, multistream_deadline(&s->select->engine));
    }
    if (c->quic) {
        return instant_min(first, quic_deadline(c->quic));
    }
    return c->yamux_is_up ? instant_min(first, yamux_deadline(&c->yamux)) : first;
}

void conn_tick(struct conn *c, instant now)
{
    c->now = now;
    if (instant_reached(c->deadline, now)) {
        fail(c, ERR_TIMEOUT, "the connection's handshake took too long");
    }
    if (c->yamux_is_up) {
        yamux_tick(&c->yamux, now);
    }
    if (c->quic) {
        quic_tick(c->quic, now);
    }
    advance(c);
}

uint64_t conn_rtt_us(const struct conn *c)
{
    return c->quic ? quic_rtt_us(c->quic) : c->yamux.rtt_us;
}

const char *conn_security_name(const struct conn *c)
{
    return c->quic || c->security == SECURITY_TLS ? "tls" : "noise";
}

const char *conn_muxer_name(const struct conn *c)
{
    return c->quic ? "quic" : "yamux";
}

void conn_close(struct conn *c)
{
    fail(c, OK, "closed by us");
}
