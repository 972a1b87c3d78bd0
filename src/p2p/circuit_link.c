/* Relayed links: streams to a relay that the host takes for transport connections. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/host_circuit_state.h"

enum { IN_LEN_MAX = 16 * 1024 * 1024 };

static const uint64_t CLOSE_US = 5 * US_PER_S;
static const uint64_t STALLED_US = 50 * US_PER_MS;

static struct circuit_link *link_new(struct host_circuit *hc, const struct peer_id *relay)
{
    void *memory;
    if (mem_alloc(&hc->budget, &memory, sizeof(struct circuit_link)) != OK) {
        return NULL;
    }
    struct circuit_link *l = memory;
    if (head_init(hc, &l->head, CIRCUIT_OF_LINK, relay) != OK) {
        mem_free(&hc->budget, l, sizeof *l);
        return NULL;
    }
    buf_init(&l->in, &hc->budget, IN_LEN_MAX);
    list_add_last(&hc->all_links, &l->in_all);
    return l;
}

MUST_CHECK static enum err know(struct host_circuit *hc, struct circuit_link *l, host_link link)
{
    TRY(map_add(&hc->links, span_of(&link.id, sizeof link.id), l));
    l->link = link;
    return OK;
}

/* leave tells the host that its link is gone. */
static void leave(struct host_circuit *hc, struct circuit_link *l, enum err why)
{
    host_link link = l->link;
    if (link.id != 0) {
        l->link.id = 0;
        (void)map_remove(&hc->links, span_of(&link.id, sizeof link.id));
        host_link_closed(hc->host, hc->host->now, link, why);
    }
}

void circuit_link_end(struct host_circuit *hc, struct circuit_link *l, enum err why)
{
    leave(hc, l, why);
    hc->links_in_count -= l->inbound;
    list_remove(&l->in_all);
    list_remove(&l->in_hungry);
    head_done(hc, &l->head);
    buf_done(&l->in);
    mem_free(&hc->budget, l, sizeof *l);
}

/* ---- outwards ---- */

static enum err ask(struct host_circuit *hc, struct circuit_link *l)
{
    l->state = LINK_ASKING;
    return head_ask(
        hc, &l->head,
        &(struct circuit_message){.type = CIRCUIT_CONNECT, .peer = peer_id_span(&l->target)});
}

bool circuit_link_on_dial(struct host_circuit *hc, const struct host_event *e)
{
    struct circuit_addr a;
    struct host_peer_info info;
    host_link link = e->link;
    if (!circuit_addr_is(e->addr)) {
        return false;
    }
    if (circuit_addr_read(&a, e->addr) != OK) {
        host_link_closed(hc->host, hc->host->now, link, ERR_UNSUPPORTED);
        return true;
    }
    const struct host_conn *conn = host_conn_find(hc->host, link);
    struct circuit_link *l = link_new(hc, &a.relay);
    if (!l || know(hc, l, link) != OK) {
        host_link_closed(hc->host, hc->host->now, link, ERR_LIMIT);
        if (l) {
            circuit_link_end(hc, l, ERR_LIMIT);
        }
        return true;
    }
    l->target = a.target.n > 0 || !conn || !conn->dial ? a.target : conn->dial->peer;
    bool is_there = host_peer_find(hc->host, &info, &a.relay) && !info.relayed;
    enum err err = is_there ? ask(hc, l) : head_dial(hc, &l->head, &a.transport, a.transport.n > 0);
    if (err != OK) {
        circuit_link_end(hc, l, ERR_IO);
    }
    return true;
}

void circuit_link_on_relay(struct host_circuit *hc, struct circuit_link *l, bool is_connected)
{
    if (l->state == LINK_CONNECTING && (!is_connected || ask(hc, l) != OK)) {
        circuit_link_end(hc, l, ERR_IO);
    }
}

/* ---- inwards ---- */

bool circuit_link_on_new_stream(struct host_circuit *hc, const struct host_event *e)
{
    if (e->kind != HOST_EVENT_STREAM_OPENED || !e->inbound ||
        !span_equal(e->protocol, SPAN_LIT(CIRCUIT_STOP_PROTOCOL))) {
        return false;
    }
    host_stream stream = e->stream;
    struct circuit_link *l =
        hc->links_in_count < hc->cfg.links_in_max ? link_new(hc, &e->peer) : NULL;
    if (!l) {
        host_stream_reset(hc->host, stream, 0);
        return true;
    }
    l->inbound = true;
    hc->links_in_count++;
    l->state = LINK_LISTENING;
    if (head_attach(hc, &l->head, stream) != OK) {
        circuit_link_end(hc, l, ERR_LIMIT);
        return true;
    }
    head_set_timer(hc, &l->head, hc->cfg.timeout_us);
    return true;
}

/* write_remote writes where a peer that comes through a relay seems to be. */
static void write_remote(struct wr *w, const struct host_circuit *hc, const struct circuit_link *l)
{
    struct host_peer_info info;
    struct circuit_addr a = {.relay = l->head.relay};
    struct multiaddr_part part;
    if (host_peer_find(hc->host, &info, &a.relay) && !info.relayed) {
        for (struct span rest = info.addr;
             multiaddr_next(&part, &rest) && part.code != MULTIADDR_P2P;) {
            a.transport = span_first(info.addr, info.addr.n - rest.n);
        }
    }
    circuit_addr_write(w, &a);
}

/* take_in makes a link of what a relay brings; the status to answer with. */
static enum circuit_status take_in(struct host_circuit *hc, struct circuit_link *l)
{
    uint8_t addr[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(addr));
    host_link link;
    if (!host_circuit_holds(hc, &l->head.relay)) {
        return CIRCUIT_PERMISSION_DENIED;
    }
    write_remote(&w, hc, l);
    struct host_link_args args = {.remote = span_of(addr, w.n), .now = hc->host->now};
    if (!wr_ok(&w) || host_link_open(hc->host, &link, NULL, args) != OK) {
        return CIRCUIT_RESOURCE_LIMIT;
    }
    if (know(hc, l, link) != OK) {
        host_link_closed(hc->host, hc->host->now, link, ERR_LIMIT);
        return CIRCUIT_RESOURCE_LIMIT;
    }
    return CIRCUIT_OK;
}

/* ---- answers ---- */

static void
open_up(struct host_circuit *hc, struct circuit_link *l, const struct circuit_limit *limit)
{
    instant until = limit->duration_s ? instant_add(hc->host->now, limit->duration_s * US_PER_S)
                                      : INSTANT_NEVER;
    l->state = LINK_OPEN;
    head_set_timer(hc, &l->head, 0);
    host_link_set_limit(hc->host, l->link, limit->data_len, until);
}

static void
on_stop(struct host_circuit *hc, struct circuit_link *l, const struct circuit_message *m)
{
    struct peer_id source;
    struct circuit_limit limit = m->limit;
    enum circuit_status status = CIRCUIT_UNEXPECTED;
    if (m->type == CIRCUIT_CONNECT) {
        status = peer_id_decode(&source, m->peer) == OK ? take_in(hc, l) : CIRCUIT_MALFORMED;
    }
    struct circuit_message answer = {.type = CIRCUIT_STATUS, .status = status};
    if (head_say(hc, &l->head, CIRCUIT_STOP, &answer) != OK) {
        circuit_link_end(hc, l, ERR_LIMIT);
    } else if (status == CIRCUIT_OK) {
        open_up(hc, l, &limit);
    } else {
        l->state = LINK_CLOSING;
        host_stream_close_write(hc->host, l->head.stream);
        head_set_timer(hc, &l->head, CLOSE_US);
    }
}

static void on_hop(struct host_circuit *hc, struct circuit_link *l, const struct circuit_message *m)
{
    struct circuit_limit limit = m->limit;
    if (m->type != CIRCUIT_STATUS || m->status != CIRCUIT_OK) {
        circuit_link_end(hc, l, m->type == CIRCUIT_STATUS ? ERR_DENIED : ERR_MALFORMED);
        return;
    }
    host_link_up(hc->host, l->link, (struct host_link_args){.now = hc->host->now});
    open_up(hc, l, &limit);
}

/* keep holds input until the host takes it. */
static bool keep(struct host_circuit *hc, struct circuit_link *l, struct span data)
{
    if (l->in_at == l->in.n) {
        buf_clear(&l->in);
        l->in_at = 0;
    }
    if (buf_append(&l->in, data) != OK) {
        return false;
    }
    if (data.n > 0 && !list_is_linked(&l->in_hungry)) {
        list_add_last(&hc->hungry, &l->in_hungry);
    }
    return true;
}

/* on_message reads the one message before the connection's bytes; the link may be gone afterwards. */
static void on_message(struct host_circuit *hc, struct circuit_link *l, struct span data)
{
    struct span frame;
    struct circuit_message m;
    size_t before = data.n;
    host_stream stream = l->head.stream;
    enum circuit_protocol protocol = l->state == LINK_ASKING ? CIRCUIT_HOP : CIRCUIT_STOP;
    enum err e = frame_reader_next(&l->head.frames, &frame, &data);
    if (e == ERR_TRUNCATED) {
        host_stream_consume(hc->host, stream, before);
        return;
    }
    /* SPEC libp2p/circuit-v2 §"Stop Protocol": after the status the stream is the connection; what is here already belongs to it. */
    if (e != OK || circuit_message_decode(&m, protocol, frame) != OK || !keep(hc, l, data)) {
        circuit_link_end(hc, l, ERR_MALFORMED);
        return;
    }
    size_t taken = before - data.n;
    if (protocol == CIRCUIT_HOP) {
        on_hop(hc, l, &m);
    } else {
        on_stop(hc, l, &m);
    }
    host_stream_consume(hc->host, stream, taken); /* if the stream is gone: nothing */
}

/* ---- bytes ---- */

/* drain gives the stream what the host has to say on the link. */
static bool drain(struct host_circuit *hc, struct circuit_link *l)
{
    struct host *h = hc->host;
    bool any = false;
    for (;;) {
        struct mspan room = mspan_of(hc->room.p, hc->room.n);
        size_t len = min_size(room.n, host_stream_writable_len(h, l->head.stream));
        if (len == 0) {
            /* Takes none, and asks for WRITABLE. */
            (void)host_stream_write(h, l->head.stream, span_of(room.p, 1));
            return any;
        }
        size_t n = host_link_send(h, h->now, l->link, mspan_first(room, len));
        if (n == 0) {
            return any;
        }
        any = true;
        if (host_stream_write(h, l->head.stream, span_of(room.p, n)) < n) {
            circuit_link_end(hc, l, ERR_IO); /* memory: the bytes cannot be had again */
            return true;
        }
    }
}

/* feed gives the host what has come; the link may be gone afterwards. True if anything moved. */
static bool feed(struct host_circuit *hc, struct circuit_link *l)
{
    struct span in = span_from(buf_span(&l->in), l->in_at);
    size_t before = in.n;
    enum err e = host_link_recv(hc->host, hc->host->now, l->link, &in);
    size_t taken = e == ERR_CLOSED ? before : before - in.n;
    l->in_at += taken;
    host_stream_consume(hc->host, l->head.stream, taken);
    if (l->in_at == l->in.n) {
        buf_clear(&l->in);
        buf_trim(&l->in);
        l->in_at = 0;
        list_remove(&l->in_hungry);
        if (l->has_ended) {
            circuit_link_end(hc, l, ERR_CLOSED);
            return true;
        }
    } else if (taken == 0) {
        list_remove(&l->in_hungry); /* out of memory: again in a moment */
        l->is_stalled = true;
        head_set_timer(hc, &l->head, STALLED_US);
    }
    return taken > 0;
}

bool circuit_link_work(struct host_circuit *hc)
{
    host_link link;
    bool any = false;
    while (host_next_relayed(hc->host, &link)) {
        struct circuit_link *l = map_find(&hc->links, span_of(&link.id, sizeof link.id));
        if (l && l->state == LINK_OPEN) {
            any = drain(hc, l) || any;
        }
    }
    struct list *next;
    for (struct list *i = list_first(&hc->hungry); i; i = next) {
        next = list_next(&hc->hungry, i);
        struct circuit_link *l = list_entry(i, struct circuit_link, in_hungry);
        any = (l->state == LINK_OPEN && feed(hc, l)) || any;
    }
    return any;
}

bool circuit_link_on_close(struct host_circuit *hc, const struct host_event *e)
{
    struct circuit_link *l = map_find(&hc->links, span_of(&e->link.id, sizeof e->link.id));
    if (!l) {
        return false;
    }
    if (l->state != LINK_OPEN) {
        circuit_link_end(hc, l, ERR_CLOSED);
        return true;
    }
    host_link link = l->link;
    (void)drain(hc, l);
    l = map_find(&hc->links, span_of(&link.id, sizeof link.id));
    if (l) {
        leave(hc, l, ERR_CLOSED);
        list_remove(&l->in_hungry);
        l->state = LINK_CLOSING;
        host_stream_close_write(hc->host, l->head.stream);
        head_set_timer(hc, &l->head, CLOSE_US);
    }
    return true;
}

static void on_data(struct host_circuit *hc, struct circuit_link *l, struct span data)
{
    switch (l->state) {
    case LINK_ASKING:
    case LINK_LISTENING: on_message(hc, l, data); break;
    case LINK_OPEN:
        if (!keep(hc, l, data)) {
            circuit_link_end(hc, l, ERR_LIMIT);
        }
        break;
    case LINK_CONNECTING:
    case LINK_CLOSING:    host_stream_consume(hc->host, l->head.stream, data.n); break;
    }
}

void circuit_link_on_event(struct host_circuit *hc,
                           struct circuit_link *l,
                           const struct host_event *e)
{
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        on_data(hc, l, e->data);
    } else if (e->kind == HOST_EVENT_STREAM_WRITABLE) {
        if (l->state == LINK_OPEN) {
            (void)drain(hc, l);
        }
    } else if (e->kind == HOST_EVENT_STREAM_FIN) {
        l->has_ended = true;
        if (l->state != LINK_CLOSING && l->in_at == l->in.n) {
            circuit_link_end(hc, l, ERR_CLOSED);
        }
    } else if (e->kind != HOST_EVENT_STREAM_OPENED) {
        bool is_reset = e->kind == HOST_EVENT_STREAM_RESET;
        circuit_link_end(hc, l, is_reset ? ERR_IO : ERR_CLOSED);
    }
}

void circuit_link_on_timer(struct host_circuit *hc, struct circuit_link *l)
{
    if (l->is_stalled && l->state == LINK_OPEN) {
        l->is_stalled = false;
        head_set_timer(hc, &l->head, 0);
        list_add_last(&hc->hungry, &l->in_hungry);
        return;
    }
    circuit_link_end(hc, l, ERR_TIMEOUT);
}
