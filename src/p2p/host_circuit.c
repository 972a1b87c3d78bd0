/* The client of relays on a host: reservations, and whose event is whose. Relayed links are in circuit_link.c. */
#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "p2p/host_circuit_state.h"

#include <string.h>

enum { HEADS_MAX = 4096, ROOM_LEN = 32 * 1024 };

/* A reservation that the relay says lasts longer or shorter than this is renewed as if it lasted so long. */
static const uint64_t TTL_S_MIN = 60;
static const uint64_t TTL_S_MAX = UINT64_C(24) * 3600;
static const uint64_t TTL_S_UNKNOWN = 1800; /* we do not know the time */

/* A relay at which we hold a reservation, or want one. */
struct circuit_relay {
    struct circuit_head head; /* first member */
    struct list in_relays;
    bool is_asking;
    bool is_held;
    bool is_lost;
    bool is_due; /* an event waits */
    uint64_t expires_s;
    struct circuit_limit limit;
    struct buf addrs; /* each two bytes of length, bytes: ends in /p2p-circuit */
    size_t addrs_count;
    enum err err;
    uint64_t status;
};

static struct host_circuit *of(struct host_extension *x)
{
    return (struct host_circuit *)(void *)x;
}

/* ---- what reservations and links have in common ---- */

enum err head_init(struct host_circuit *hc,
                   struct circuit_head *head,
                   enum circuit_kind kind,
                   const struct peer_id *relay)
{
    head->kind = kind;
    head->relay = *relay;
    frame_reader_init(&head->frames, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                        .frame_len_max = CIRCUIT_MESSAGE_LEN_MAX,
                                                        .budget = &hc->budget});
    return heap_add(&hc->timers, &head->timer, INSTANT_NEVER);
}

/* detach forgets the head's stream. */
static void detach(struct host_circuit *hc, struct circuit_head *head)
{
    if (head->is_open) {
        head->is_open = false;
        (void)map_remove(&hc->streams, span_of(&head->stream.id, sizeof head->stream.id));
        host_stream_reset(hc->host, head->stream, 0);
    }
    frame_reader_done(&head->frames);
    frame_reader_init(&head->frames, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                        .frame_len_max = CIRCUIT_MESSAGE_LEN_MAX,
                                                        .budget = &hc->budget});
}

void head_done(struct host_circuit *hc, struct circuit_head *head)
{
    detach(hc, head);
    heap_remove(&hc->timers, &head->timer);
}

enum err head_attach(struct host_circuit *hc, struct circuit_head *head, host_stream stream)
{
    enum err e = map_add(&hc->streams, span_of(&stream.id, sizeof stream.id), head);
    if (e != OK) {
        host_stream_reset(hc->host, stream, 0);
        return e;
    }
    head->stream = stream;
    head->is_open = true;
    return OK;
}

/* dialling finds a head that is dialling the relay already. */
static uint64_t dialling(const struct host_circuit *hc, const struct peer_id *relay)
{
    for (size_t i = 0; i < hc->timers.count; i++) {
        const struct circuit_head *head =
            list_entry(hc->timers.nodes[i], struct circuit_head, timer);
        if (head->dial != 0 && peer_id_equal(&head->relay, relay)) {
            return head->dial;
        }
    }
    return 0;
}

enum err head_dial(struct host_circuit *hc,
                   struct circuit_head *head,
                   const struct span *addrs,
                   size_t count)
{
    head->dial = dialling(hc, &head->relay);
    if (head->dial != 0) {
        return OK;
    }
    struct host_dial_args args = {
        .peer = &head->relay, .addrs = addrs, .addrs_count = count, .role = HOST_DIAL_DIRECT};
    return count > 0 ? host_dial(hc->host, &head->dial, NULL, args) : ERR_NOT_FOUND;
}

enum err head_say(struct host_circuit *hc,
                  struct circuit_head *head,
                  enum circuit_protocol protocol,
                  const struct circuit_message *m)
{
    uint8_t prefix[UVARINT_LEN_MAX];
    struct wr p = wr_init(MSPAN_OF(prefix));
    buf_clear(&hc->message);
    struct wr w = wr_init_buf(&hc->message);
    circuit_message_encode(&w, protocol, m);
    TRY(wr_end(&w));
    frame_write_prefix(&p, FRAME_UVARINT, hc->message.n);
    TRY(wr_end(&p));
    struct host *h = hc->host;
    bool is_said = host_stream_write(h, head->stream, span_of(prefix, p.n)) == p.n &&
                   host_stream_write(h, head->stream, buf_span(&hc->message)) == hc->message.n;
    return is_said ? OK : ERR_LIMIT;
}

enum err
head_ask(struct host_circuit *hc, struct circuit_head *head, const struct circuit_message *m)
{
    host_stream stream;
    head->dial = 0;
    TRY(host_open_stream(hc->host, &stream, NULL,
                         (struct host_open_args){.peer = &head->relay,
                                                 .protocol = CIRCUIT_HOP_PROTOCOL,
                                                 .known = true}));
    TRY(head_attach(hc, head, stream));
    head_set_timer(hc, head, hc->cfg.timeout_us);
    return head_say(hc, head, CIRCUIT_HOP, m);
}

void head_set_timer(struct host_circuit *hc, struct circuit_head *head, uint64_t us)
{
    instant at = us ? instant_add(hc->host->now, us) : INSTANT_NEVER;
    check(heap_add(&hc->timers, &head->timer, at) == OK); /* in the heap since it was made */
}

/* ---- reservations ---- */

static struct circuit_relay *relay_of(struct list *l)
{
    return list_entry(l, struct circuit_relay, in_relays);
}

static struct circuit_relay *find(const struct host_circuit *hc, const struct peer_id *relay)
{
    for (struct list *l = list_first(&hc->relays); l; l = list_next(&hc->relays, l)) {
        if (peer_id_equal(&relay_of(l)->head.relay, relay) && !relay_of(l)->is_lost) {
            return relay_of(l);
        }
    }
    return NULL;
}

static void relay_free(struct host_circuit *hc, struct circuit_relay *r)
{
    head_done(hc, &r->head);
    list_remove(&r->in_relays);
    buf_done(&r->addrs);
    hc->relays_count--;
    mem_free(&hc->budget, r, sizeof *r);
}

static void lose(struct host_circuit *hc, struct circuit_relay *r, enum err err, uint64_t status)
{
    detach(hc, &r->head);
    head_set_timer(hc, &r->head, 0);
    r->head.dial = 0;
    r->is_held = r->is_asking = false;
    r->is_lost = r->is_due = true;
    r->err = err;
    r->status = status;
    hc->is_told = false;
}

static void ask(struct host_circuit *hc, struct circuit_relay *r)
{
    r->is_asking = true;
    enum err err = head_ask(hc, &r->head, &(struct circuit_message){.type = CIRCUIT_RESERVE});
    if (err != OK) {
        lose(hc, r, err, 0);
    }
}

enum err host_circuit_reserve(struct host_circuit *hc,
                              const struct peer_id *relay,
                              const struct span *addrs,
                              size_t count)
{
    struct host_peer_info info;
    void *memory;
    if (find(hc, relay)) {
        return ERR_STATE;
    }
    if (hc->relays_count >= HOST_CIRCUIT_RELAYS_MAX) {
        return ERR_LIMIT;
    }
    TRY(mem_alloc(&hc->budget, &memory, sizeof(struct circuit_relay)));
    struct circuit_relay *r = memory;
    enum err err = head_init(hc, &r->head, CIRCUIT_OF_RELAY, relay);
    if (err != OK) {
        mem_free(&hc->budget, r, sizeof *r);
        return err;
    }
    buf_init(&r->addrs, &hc->budget,
             (size_t)HOST_CIRCUIT_ADDRS_PER_RELAY_MAX * (MULTIADDR_LEN_MAX + 2));
    list_add_last(&hc->relays, &r->in_relays);
    hc->relays_count++;
    if (host_peer_find(hc->host, &info, relay) && !info.relayed) {
        ask(hc, r);
        return OK;
    }
    err = head_dial(hc, &r->head, addrs, count);
    if (err != OK) {
        relay_free(hc, r);
    }
    return err;
}

void host_circuit_release(struct host_circuit *hc, const struct peer_id *relay)
{
    struct circuit_relay *r = find(hc, relay);
    if (r) {
        relay_free(hc, r);
    }
}

bool host_circuit_holds(const struct host_circuit *hc, const struct peer_id *relay)
{
    const struct circuit_relay *r = find(hc, relay);
    return r && r->is_held;
}

size_t host_circuit_addrs(const struct host_circuit *hc, struct buf *ret_addrs)
{
    size_t count = 0;
    for (struct list *l = list_first(&hc->relays); l; l = list_next(&hc->relays, l)) {
        const struct circuit_relay *r = relay_of(l);
        if (r->is_held && buf_append(ret_addrs, buf_span(&r->addrs)) == OK) {
            count += r->addrs_count;
        }
    }
    return count;
}

/* add_addr makes a circuit address of one of the relay's own; what is none of its own is left out. */
static void add_addr(struct circuit_relay *r, struct span addr)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    struct circuit_addr a = {.relay = r->head.relay};
    struct multiaddr_part part;
    if (multiaddr_validate(addr, NULL) != OK || circuit_addr_is(addr)) {
        return;
    }
    for (struct span rest = addr; multiaddr_next(&part, &rest);) {
        if (part.code == MULTIADDR_P2P) {
            if (rest.n > 0 || !span_equal(part.value, peer_id_span(&r->head.relay))) {
                return;
            }
        } else {
            a.transport = span_first(addr, addr.n - rest.n);
        }
    }
    circuit_addr_write(&w, &a);
    uint8_t len[2] = {(uint8_t)(w.n >> 8), (uint8_t)w.n}; /* <= MULTIADDR_LEN_MAX */
    size_t before = r->addrs.n;
    if (r->addrs_count == HOST_CIRCUIT_ADDRS_PER_RELAY_MAX || !wr_ok(&w)) {
        return;
    }
    if (buf_append(&r->addrs, SPAN_OF(len)) != OK ||
        buf_append(&r->addrs, span_of(room, w.n)) != OK) {
        buf_shrink(&r->addrs, before);
        return;
    }
    r->addrs_count++;
}

/* voucher_fits: a relay need not give one, but what it signs must be what it says. */
static bool
voucher_fits(struct host_circuit *hc, const struct circuit_relay *r, struct span voucher)
{
    struct circuit_voucher v;
    return voucher.n == 0 ||
           (circuit_voucher_open(&v, voucher, &hc->budget) == OK &&
            peer_id_equal(&v.relay, &r->head.relay) && peer_id_equal(&v.peer, &hc->host->self));
}

/* renew_after is how long to wait before asking again: three quarters of what is left. */
static uint64_t renew_after(const struct host_circuit *hc, uint64_t expires_s)
{
    uint64_t unix_s = host_unix_s(hc->host);
    uint64_t left_s = expires_s > unix_s ? expires_s - unix_s : 0;
    left_s = unix_s ? min_u64(max_u64(left_s, TTL_S_MIN), TTL_S_MAX) : TTL_S_UNKNOWN;
    return left_s * US_PER_S / 4 * 3;
}

static void
on_reserved(struct host_circuit *hc, struct circuit_relay *r, const struct circuit_message *m)
{
    if (m->type != CIRCUIT_STATUS || m->status != CIRCUIT_OK) {
        lose(hc, r, m->type == CIRCUIT_STATUS ? ERR_DENIED : ERR_MALFORMED, m->status);
        return;
    }
    if (!m->has_reservation || !voucher_fits(hc, r, m->voucher)) {
        lose(hc, r, ERR_AUTH, m->status);
        return;
    }
    buf_clear(&r->addrs);
    r->addrs_count = 0;
    for (size_t i = 0; i < m->addrs_count; i++) {
        add_addr(r, m->addrs[i]);
    }
    struct host_peer_info info;
    if (r->addrs_count == 0 && host_peer_find(hc->host, &info, &r->head.relay)) {
        add_addr(r, info.addr); /* it does not know its own: we know how we came to it */
    }
    r->expires_s = m->expires_s;
    r->limit = m->limit;
    r->is_due = r->is_due || !r->is_held;
    r->is_held = true;
    r->is_asking = false;
    hc->is_told = hc->is_told && !r->is_due;
    detach(hc, &r->head);
    /* SPEC libp2p/circuit-v2 §"Reservation": whoever reserved renews in time. */
    head_set_timer(hc, &r->head, renew_after(hc, r->expires_s));
}

static void
on_relay_event(struct host_circuit *hc, struct circuit_relay *r, const struct host_event *e)
{
    struct span data = e->data;
    struct span frame;
    struct circuit_message m;
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        enum err err = frame_reader_next(&r->head.frames, &frame, &data);
        if (err == ERR_TRUNCATED) {
            host_stream_consume(hc->host, r->head.stream, e->data.n);
            return;
        }
        err = err == OK ? circuit_message_decode(&m, CIRCUIT_HOP, frame) : err;
        if (err == OK) {
            on_reserved(hc, r, &m);
        } else {
            lose(hc, r, ERR_MALFORMED, 0);
        }
    } else if (e->kind >= HOST_EVENT_STREAM_FIN && e->kind != HOST_EVENT_STREAM_WRITABLE) {
        bool is_unknown = e->kind == HOST_EVENT_STREAM_RESET && e->err == ERR_UNSUPPORTED;
        lose(hc, r, is_unknown ? ERR_UNSUPPORTED : ERR_CLOSED, 0);
    }
}

/* ---- peers that are relays ---- */

static void on_relay_connected(struct host_circuit *hc, const struct peer_id *relay)
{
    struct list *next;
    for (struct list *l = list_first(&hc->relays); l; l = next) {
        next = list_next(&hc->relays, l);
        if (relay_of(l)->head.dial != 0 && peer_id_equal(&relay_of(l)->head.relay, relay)) {
            ask(hc, relay_of(l));
        }
    }
    for (struct list *l = list_first(&hc->all_links); l; l = next) {
        next = list_next(&hc->all_links, l);
        struct circuit_link *link = list_entry(l, struct circuit_link, in_all);
        if (link->head.dial != 0 && peer_id_equal(&link->head.relay, relay)) {
            circuit_link_on_relay(hc, link, true);
        }
    }
}

static bool on_dial_failed(struct host_circuit *hc, uint64_t dial, enum err err)
{
    bool is_ours = false;
    struct list *next;
    for (struct list *l = list_first(&hc->relays); l; l = next) {
        next = list_next(&hc->relays, l);
        if (relay_of(l)->head.dial == dial) {
            is_ours = true;
            lose(hc, relay_of(l), err == OK ? ERR_IO : err, 0);
        }
    }
    for (struct list *l = list_first(&hc->all_links); l; l = next) {
        next = list_next(&hc->all_links, l);
        struct circuit_link *link = list_entry(l, struct circuit_link, in_all);
        if (link->head.dial == dial) {
            is_ours = true;
            circuit_link_on_relay(hc, link, false);
        }
    }
    return is_ours;
}

static void on_disconnected(struct host_circuit *hc, const struct peer_id *relay)
{
    struct circuit_relay *r = find(hc, relay);
    if (r && r->head.dial == 0) {
        /* SPEC libp2p/circuit-v2 §"Reservation": without the connection there is no reservation. */
        lose(hc, r, ERR_CLOSED, 0);
    }
}

/* ---- the extension ---- */

static bool on_stream(struct host_circuit *hc, const struct host_event *e)
{
    struct circuit_head *head = map_find(&hc->streams, span_of(&e->stream.id, sizeof e->stream.id));
    if (!head) {
        return circuit_link_on_new_stream(hc, e);
    }
    if (e->kind == HOST_EVENT_STREAM_CLOSED || e->kind == HOST_EVENT_STREAM_RESET) {
        head->is_open = false;
        (void)map_remove(&hc->streams, span_of(&e->stream.id, sizeof e->stream.id));
    }
    if (head->kind == CIRCUIT_OF_LINK) {
        circuit_link_on_event(hc, (struct circuit_link *)(void *)head, e);
    } else {
        on_relay_event(hc, (struct circuit_relay *)(void *)head, e);
    }
    return true;
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_circuit *hc = of(self);
    switch (e->kind) {
    case HOST_EVENT_DIAL:       return circuit_link_on_dial(hc, e);
    case HOST_EVENT_LINK_CLOSE: return circuit_link_on_close(hc, e);
    case HOST_EVENT_PEER_CONNECTED:
        if (!e->relayed) {
            on_relay_connected(hc, &e->peer);
        }
        return false;
    case HOST_EVENT_PEER_DIRECT:       on_relay_connected(hc, &e->peer); return false;
    case HOST_EVENT_PEER_DISCONNECTED: on_disconnected(hc, &e->peer); return false;
    case HOST_EVENT_DIAL_FAILED:       return on_dial_failed(hc, e->dial, e->err);
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_DATA:
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_WRITABLE:
    case HOST_EVENT_STREAM_CLOSED:
    case HOST_EVENT_STREAM_RESET:      return on_stream(hc, e);
    case HOST_EVENT_PEER_IDENTIFIED:
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:
    case HOST_EVENT_REFUSED:
    case HOST_EVENT_EXTENSION:         return false;
    }
    return false;
}

static bool work(struct host_extension *self)
{
    return circuit_link_work(of(self));
}

static struct circuit_relay *first_due(const struct host_circuit *hc)
{
    struct list *l = list_first(&hc->relays);
    while (l && !relay_of(l)->is_due) {
        l = list_next(&hc->relays, l);
    }
    return l ? relay_of(l) : NULL;
}

static bool has_news(struct host_extension *self)
{
    struct host_circuit *hc = of(self);
    bool news = !hc->is_told && first_due(hc);
    hc->is_told = hc->is_told || news;
    return news;
}

bool host_circuit_poll(struct host_circuit *hc, struct host_circuit_event *ret_event)
{
    struct circuit_relay *r = first_due(hc);
    hc->is_told = false;
    if (!r) {
        return false;
    }
    *ret_event =
        (struct host_circuit_event){.kind = r->is_lost ? HOST_CIRCUIT_LOST : HOST_CIRCUIT_RESERVED,
                                    .relay = r->head.relay,
                                    .expires_s = r->expires_s,
                                    .limit = r->limit,
                                    .err = r->err,
                                    .status = r->status};
    r->is_due = false;
    if (r->is_lost) {
        relay_free(hc, r);
    }
    return true;
}

static instant deadline(const struct host_extension *self)
{
    const struct host_circuit *hc = (const struct host_circuit *)(const void *)self;
    return heap_deadline(&hc->timers);
}

static void tick(struct host_extension *self, instant now)
{
    struct host_circuit *hc = of(self);
    while (instant_reached(heap_deadline(&hc->timers), now)) {
        struct circuit_head *head = list_entry(heap_first(&hc->timers), struct circuit_head, timer);
        head_set_timer(hc, head, 0);
        if (head->kind == CIRCUIT_OF_LINK) {
            circuit_link_on_timer(hc, (struct circuit_link *)(void *)head);
            continue;
        }
        struct circuit_relay *r = (struct circuit_relay *)(void *)head;
        if (r->is_asking) {
            lose(hc, r, ERR_TIMEOUT, 0);
        } else {
            ask(hc, r);
        }
    }
}

/* ---- life ---- */

enum err
host_circuit_init(struct host_circuit *hc, struct host *host, const struct host_circuit_cfg *cfg)
{
    memset(hc, 0, sizeof *hc);
    hc->host = host;
    hc->cfg = *cfg;
    hc->cfg.memory_max = cfg->memory_max ? cfg->memory_max : (size_t)4 * 1024 * 1024;
    hc->cfg.timeout_us = cfg->timeout_us ? cfg->timeout_us : 20 * US_PER_S;
    hc->cfg.links_in_max = cfg->links_in_max ? cfg->links_in_max : 64;
    budget_init(&hc->budget, &host->system, "relayed links", hc->cfg.memory_max);
    struct map_cfg maps = {
        .count_max = HEADS_MAX, .seed = {rng_u64(host->cfg.rng), rng_u64(host->cfg.rng)}
    };
    map_init(&hc->streams, &hc->budget, maps);
    map_init(&hc->links, &hc->budget, maps);
    list_init(&hc->all_links);
    list_init(&hc->hungry);
    list_init(&hc->relays);
    heap_init(&hc->timers, &hc->budget, HEADS_MAX);
    buf_init(&hc->message, &hc->budget, CIRCUIT_MESSAGE_LEN_MAX);
    buf_init(&hc->room, &hc->budget, ROOM_LEN);
    hc->extension = (struct host_extension){.on_event = on_event,
                                            .work = work,
                                            .has_news = has_news,
                                            .deadline = deadline,
                                            .tick = tick};
    host_extend(host, &hc->extension);
    struct mspan room;
    TRY(buf_extend(&hc->room, &room, ROOM_LEN));
    memset(room.p, 0, room.n);
    struct host_protocol_args args = {.streams_in_max = hc->cfg.links_in_max,
                                      .streams_in_per_peer_max = hc->cfg.links_in_max};
    TRY(host_handle(host, CIRCUIT_STOP_PROTOCOL, args));
    host->dials_circuits = true;
    return OK;
}

void host_circuit_done(struct host_circuit *hc)
{
    if (!hc->host) {
        return;
    }
    host_unextend(&hc->extension);
    host_unhandle(hc->host, CIRCUIT_STOP_PROTOCOL);
    hc->host->dials_circuits = false;
    for (struct list *l = list_first(&hc->all_links); l; l = list_first(&hc->all_links)) {
        circuit_link_end(hc, list_entry(l, struct circuit_link, in_all), ERR_CLOSED);
    }
    for (struct list *l = list_first(&hc->relays); l; l = list_first(&hc->relays)) {
        relay_free(hc, relay_of(l));
    }
    map_done(&hc->streams);
    map_done(&hc->links);
    heap_done(&hc->timers);
    buf_done(&hc->message);
    buf_done(&hc->room);
    check(hc->budget.used == 0);
    memset(hc, 0, sizeof *hc);
}
