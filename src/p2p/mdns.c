/* Discovery on the local network: libp2p specs, discovery/mdns.md; RFC 6762 and 6763 where that refers to them. */
#include "p2p/mdns.h"

#include "base/arith.h"
#include "base/check.h"

#include <string.h>

enum { TTL_S = 120 };

static const uint64_t FIRST_US = US_PER_S;
static const uint64_t INTERVAL_US = 60 * US_PER_S;
static const uint64_t BETWEEN_ANSWERS_US = US_PER_S;

#define TEXT_PREFIX "dnsaddr="

static void draw_name(struct mdns *m)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    struct wr w = wr_init(MSPAN_OF(m->ours.bytes));
    wr_u8(&w, MDNS_PEER_NAME_LEN);
    /* SPEC libp2p/mdns §"Definitions": the peer's name is random, of 32 characters and more, so that it gives nobody
     * away. */
    for (unsigned i = 0; i < MDNS_PEER_NAME_LEN; i++) {
        wr_u8(&w, (uint8_t)letters[rng_below(m->cfg.rng, sizeof letters - 1)]);
    }
    wr_bytes(&w, span_of(m->service.bytes, m->service.n));
    check(wr_ok(&w)); /* the service is short */
    m->ours.n = (uint8_t)w.n;
    struct wr h = wr_init(MSPAN_OF(m->host.bytes));
    wr_bytes(&h, span_of(m->ours.bytes, 1 + MDNS_PEER_NAME_LEN));
    wr_bytes(&h, SPAN_LIT("\5local\0"));
    check(wr_ok(&h));
    m->host.n = (uint8_t)h.n;
}

enum err mdns_init(struct mdns *m, const struct mdns_cfg *cfg, instant now)
{
    memset(m, 0, sizeof *m);
    m->cfg = *cfg;
    m->cfg.interval_us = cfg->interval_us ? cfg->interval_us : INTERVAL_US;
    TRY(mdns_name_parse(&m->service, span_str(cfg->service ? cfg->service : MDNS_SERVICE)));
    TRY(mdns_name_parse(&m->services, SPAN_LIT("_services._dns-sd._udp.local")));
    if (m->service.n > 64) {
        return ERR_MALFORMED;
    }
    draw_name(m);
    buf_init(&m->txt, cfg->budget, MDNS_SENT_LEN_MAX);
    m->ask_every_us = FIRST_US;
    m->ask_at = instant_add(now, rng_below(cfg->rng, FIRST_US));
    m->answer_at = INSTANT_NEVER;
    m->list_at = INSTANT_NEVER;
    return OK;
}

void mdns_done(struct mdns *m)
{
    buf_done(&m->txt);
}

/* ---- what we say ---- */

MUST_CHECK static enum err add_text(struct mdns *m, struct buf *txt, struct span addr)
{
    uint8_t bytes[MULTIADDR_LEN_MAX + 64];
    char text[MULTIADDR_TEXT_MAX];
    struct wr a = wr_init(MSPAN_OF(bytes));
    struct span named;
    wr_bytes(&a, addr);
    if (!multiaddr_peer_id(&named, addr)) {
        multiaddr_write(&a, MULTIADDR_P2P, peer_id_span(&m->cfg.self));
    }
    struct wr t = wr_init(mspan_of(text, sizeof text));
    wr_str(&t, TEXT_PREFIX);
    /* SPEC libp2p/mdns §"Response": an address goes as text behind dnsaddr=, with the peer's id, in at most 255
     * bytes. */
    if (!wr_ok(&a) || multiaddr_print(&t, span_of(bytes, a.n)) != OK || t.n > MDNS_TEXT_LEN_MAX ||
        txt->n + t.n + 1 > MDNS_SENT_LEN_MAX / 2) {
        return OK; /* this one cannot be said */
    }
    TRY(buf_append_u8(txt, (uint8_t)t.n));
    return buf_append(txt, span_of(text, t.n));
}

enum err mdns_set_addrs(struct mdns *m, const struct span *addrs, size_t count)
{
    buf_clear(&m->txt);
    m->has_at = false;
    for (size_t i = 0; i < min_size(count, MDNS_ADDRS_MAX); i++) {
        m->has_at = m->has_at || net_addr_of(&m->at, addrs[i]) == OK;
        TRY(add_text(m, &m->txt, addrs[i]));
    }
    return OK;
}

static size_t write_question(struct mdns *m, instant now, struct wr *w)
{
    m->ask_at = instant_add(now, m->ask_every_us);
    m->ask_every_us = min_u64(m->ask_every_us * 2, m->cfg.interval_us);
    mdns_write_head(w, (struct mdns_head){.questions = 1});
    mdns_write_question(w, &m->service, MDNS_PTR);
    return w->n;
}

static size_t write_answer(struct mdns *m, instant now, struct wr *w)
{
    m->answer_at = INSTANT_NEVER;
    m->answered_at = now;
    /* SPEC libp2p/mdns §"Response": a PTR to the peer's name as answer, its TXT record beside it. */
    mdns_write_head(
        w, (struct mdns_head){.is_response = true, .answers = 1, .extras = m->has_at ? 3 : 1});
    mdns_write_ptr(w, &m->service, &m->ours, TTL_S);
    mdns_write_txt(w, &m->ours, buf_span(&m->txt), TTL_S);
    if (m->has_at) {
        /* RFC 6763 section 12.1: a host and its address stand beside a service. libp2p's text asks for neither, but
         * go-libp2p's resolver reports nobody without them. */
        mdns_write_srv(w, &m->ours, &m->host, m->at.port, TTL_S);
        mdns_write_ip(w, &m->host, span_of(m->at.ip, m->at.is_ip6 ? 16 : 4), TTL_S);
    }
    return w->n;
}

static size_t write_list(struct mdns *m, struct wr *w)
{
    m->list_at = INSTANT_NEVER;
    /* SPEC libp2p/mdns §"DNS Service Discovery": who asks for all services hears of this one. */
    mdns_write_head(w, (struct mdns_head){.is_response = true, .answers = 1});
    mdns_write_ptr(w, &m->services, &m->service, TTL_S);
    return w->n;
}

size_t mdns_send(struct mdns *m, instant now, struct mspan out)
{
    check(out.n >= MDNS_SENT_LEN_MAX);
    struct wr w = wr_init(mspan_first(out, MDNS_SENT_LEN_MAX));
    size_t n = 0;
    if (instant_reached(m->answer_at, now)) {
        n = write_answer(m, now, &w);
    } else if (instant_reached(m->list_at, now)) {
        n = write_list(m, &w);
    } else if (instant_reached(m->ask_at, now)) {
        n = write_question(m, now, &w);
    }
    check(wr_ok(&w)); /* names and TXT record are bounded */
    return n;
}

/* ---- what we hear ---- */

static void on_question(struct mdns *m, instant now, const struct mdns_record *q)
{
    /* SPEC rfc6762 §"6": an answer waits a moment, so that not all speak at once, and comes at most once a
     * second. */
    instant at = instant_add(now, 20 * US_PER_MS + rng_below(m->cfg.rng, 100 * US_PER_MS));
    if (q->type == MDNS_PTR && mdns_name_equal(&q->name, &m->service) && m->txt.n > 0 &&
        instant_is_never(m->answer_at)) {
        instant earliest = m->answered_at.us ? instant_add(m->answered_at, BETWEEN_ANSWERS_US) : at;
        m->answer_at = instant_before(at, earliest) ? earliest : at;
    }
    if (q->type == MDNS_PTR && mdns_name_equal(&q->name, &m->services) &&
        instant_is_never(m->list_at)) {
        m->list_at = at;
    }
}

static void take_text(struct mdns *m, struct span text)
{
    uint8_t bytes[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    struct span hash;
    struct mdns_found found = {0};
    if (!span_starts_with(text, SPAN_LIT(TEXT_PREFIX)) || m->found_count == MDNS_FOUND_MAX ||
        multiaddr_parse(&w, span_from(text, sizeof TEXT_PREFIX - 1), NULL) != OK ||
        !multiaddr_peer_id(&hash, span_of(bytes, w.n)) || peer_id_decode(&found.peer, hash) != OK ||
        peer_id_equal(&found.peer, &m->cfg.self)) {
        return;
    }
    /* The /p2p that names the peer is the last component: what stands before it is how to get there. */
    struct span rest = span_of(bytes, w.n);
    struct multiaddr_part part;
    while (multiaddr_next(&part, &rest)) {
        if (rest.n == 0 && part.code == MULTIADDR_P2P) {
            w.n -= part.raw.n;
        }
    }
    found.addr_len = (uint16_t)span_copy(MSPAN_OF(found.addr), span_of(bytes, w.n));
    if (found.addr_len > 0) {
        m->found[(m->found_first + m->found_count++) % MDNS_FOUND_MAX] = found;
    }
}

/* take_peers looks for TXT records of names that a PTR of our service points to: here any name below it. */
static void on_record(struct mdns *m, const struct mdns_record *r)
{
    size_t label = r->name.n > 0 ? r->name.bytes[0] + 1u : 0;
    struct span below = span_from(span_of(r->name.bytes, r->name.n), label);
    if (r->type != MDNS_TXT || !span_equal(below, span_of(m->service.bytes, m->service.n)) ||
        mdns_name_equal(&r->name, &m->ours)) {
        return;
    }
    struct span data = r->data;
    struct span text;
    for (unsigned i = 0; i < MDNS_ADDRS_MAX && mdns_next_text(&text, &data); i++) {
        take_text(m, text);
    }
}

void mdns_recv(struct mdns *m, instant now, struct span datagram)
{
    struct mdns_cursor c;
    struct mdns_record r;
    bool is_response;
    enum err e = mdns_open(&c, &is_response, datagram);
    while (e == OK) {
        e = mdns_next(&r, &c);
        if (e != OK) {
            break;
        }
        if (r.is_question && !is_response) {
            on_question(m, now, &r);
        } else if (!r.is_question && is_response) {
            on_record(m, &r);
        }
    }
    m->refused_count += e != ERR_NOT_FOUND;
}

bool mdns_poll(struct mdns *m, struct mdns_found *ret_found)
{
    if (m->found_count == 0) {
        return false;
    }
    *ret_found = m->found[m->found_first];
    m->found_first = (m->found_first + 1) % MDNS_FOUND_MAX;
    m->found_count--;
    return true;
}

instant mdns_deadline(const struct mdns *m)
{
    return instant_min(m->ask_at, instant_min(m->answer_at, m->list_at));
}
