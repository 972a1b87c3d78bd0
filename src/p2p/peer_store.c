/* Where peers can be met: see peer_store.h. */
#include "p2p/peer_store.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "base/rd.h"
#include "base/wr.h"
#include "codec/multiaddr.h"
#include "p2p/envelope.h"

#include <string.h>

enum { FORMAT = 1 };

static_assert((int)PEER_STORE_BYTES_MAX > PEER_STORE_SEALED_LEN_MAX + 64 +
                                              PEER_STORE_ADDRS_MAX * (PEER_STORE_ADDR_LEN_MAX + 18),
              "a peer with all that it may have fits");
static_assert((int)PEER_STORE_ADDR_LEN_MAX <= UINT8_MAX, "a byte says its length");

/* One that has left, until that is written down. */
struct peer_store_gone {
    struct peer_id peer;
    struct list in_gone;
};

static uint64_t believed_s(enum peer_source source)
{
    static const uint64_t spans_s[PEER_SOURCE_COUNT] = {
        [PEER_SOURCE_HEARD] = 3600,
        [PEER_SOURCE_IDENTIFY] = 24 * 3600,
        [PEER_SOURCE_RECORD] = 7 * 24 * 3600,
        [PEER_SOURCE_WORKED] = 30 * 24 * 3600,
    };
    return spans_s[source];
}

/* ---- peers ---- */

static struct peer_store_peer *find(const struct peer_store *ps, const struct peer_id *peer)
{
    return map_find(&ps->peers, peer_id_span(peer));
}

const struct peer_store_peer *peer_store_find(const struct peer_store *ps,
                                              const struct peer_id *peer)
{
    return find(ps, peer);
}

static void drop_sealed(struct peer_store *ps, struct peer_store_peer *p)
{
    if (p->sealed_len > 0) {
        mem_free(ps->cfg.budget, p->sealed, p->sealed_len);
    }
    p->sealed = NULL;
    p->sealed_len = 0;
}

static void peer_free(struct peer_store *ps, struct peer_store_peer *p)
{
    list_remove(&p->in_dirty);
    drop_sealed(ps, p);
    check(map_remove(&ps->peers, peer_id_span(&p->id)) == p);
    mem_free(ps->cfg.budget, p, sizeof *p);
}

void peer_store_forget(struct peer_store *ps, const struct peer_id *peer)
{
    struct peer_store_peer *p = find(ps, peer);
    void *memory;
    if (!p) {
        return;
    }
    if (!p->is_written) {
        peer_free(ps, p);
        return;
    }
    /* As many as were written, at most. Without memory for it the bytes stay on the disk, and are gone through again at the next start. */
    if (mem_alloc(ps->cfg.budget, &memory, sizeof(struct peer_store_gone)) == OK) {
        struct peer_store_gone *gone = memory;
        gone->peer = p->id;
        list_add_last(&ps->gone, &gone->in_gone);
    }
    peer_free(ps, p);
}

static uint64_t last_worked_s(const struct peer_store_peer *p)
{
    uint64_t last_s = 0;
    for (size_t i = 0; i < p->addrs_count; i++) {
        last_s = max_u64(last_s, p->addrs[i].worked_s);
    }
    return last_s;
}

/* is_worth_less: who never was met by a dial of ours, then who was not seen for longest. */
static bool is_worth_less(const struct peer_store_peer *a, const struct peer_store_peer *b)
{
    bool a_worked = last_worked_s(a) > 0;
    bool b_worked = last_worked_s(b) > 0;
    return a_worked != b_worked ? b_worked : a->seen_s < b->seen_s;
}

/* make_room forgets whoever is worth least, even if that is more than a newcomer will turn out to be. */
static void make_room(struct peer_store *ps)
{
    struct peer_store_peer *least = NULL;
    for (size_t i = 0; i < ps->peers.count; i++) {
        struct peer_store_peer *p = map_at(&ps->peers, i)->value;
        least = !least || is_worth_less(p, least) ? p : least;
    }
    if (least) {
        peer_store_forget(ps, &least->id);
    }
}

/* find_or_new: NULL if there is no room. */
static struct peer_store_peer *find_or_new(struct peer_store *ps, const struct peer_id *peer)
{
    struct peer_store_peer *p = find(ps, peer);
    void *memory;
    if (p || peer->n == 0) {
        return p;
    }
    if (ps->peers.count >= ps->cfg.peers_max) {
        make_room(ps);
    }
    if (mem_alloc(ps->cfg.budget, &memory, sizeof *p) != OK) {
        return NULL;
    }
    p = memory;
    p->id = *peer;
    if (map_add(&ps->peers, peer_id_span(peer), p) != OK) {
        mem_free(ps->cfg.budget, p, sizeof *p);
        return NULL;
    }
    return p;
}

static void touch(struct peer_store *ps, struct peer_store_peer *p, uint64_t now_s)
{
    p->seen_s = now_s;
    if (!list_is_linked(&p->in_dirty)) {
        list_add_last(&ps->dirty, &p->in_dirty);
    }
}

/* ---- addresses ---- */

static struct span addr_span(const struct peer_store_addr *a)
{
    return span_of(a->bytes, a->len);
}

/* bare takes the /p2p of the peer itself off the end: the same address with and without is one. Empty: nothing that is kept. */
static struct span bare(struct span addr, const struct peer_id *peer)
{
    struct span named;
    if (multiaddr_validate(addr, NULL) != OK) {
        return SPAN_EMPTY;
    }
    struct span where = multiaddr_without_peer(addr);
    if (where.n < addr.n && multiaddr_peer_id(&named, addr) &&
        !span_equal(named, peer_id_span(peer))) {
        return SPAN_EMPTY; /* it leads to somebody else */
    }
    return where.n <= PEER_STORE_ADDR_LEN_MAX ? where : SPAN_EMPTY;
}

static struct peer_store_addr *find_addr(struct peer_store_peer *p, struct span addr)
{
    for (size_t i = 0; i < p->addrs_count; i++) {
        if (span_equal(addr_span(&p->addrs[i]), addr)) {
            return &p->addrs[i];
        }
    }
    return NULL;
}

static void remove_addr(struct peer_store_peer *p, size_t i)
{
    p->addrs_count--;
    p->addrs[i] = p->addrs[p->addrs_count];
}

static void drop_expired(struct peer_store_peer *p, uint64_t now_s)
{
    for (size_t i = p->addrs_count; i > 0; i--) {
        if (p->addrs[i - 1].expires_s <= now_s) {
            remove_addr(p, i - 1);
        }
    }
}

/* A better source first, of one source what is believed for longer. */
static bool is_better(const struct peer_store_addr *a, const struct peer_store_addr *b)
{
    return a->source != b->source ? a->source > b->source : a->expires_s > b->expires_s;
}

/* place_of finds room for an address of this source: a free place, or that of one from a worse source, or of the same. */
static struct peer_store_addr *place_of(struct peer_store_peer *p, enum peer_source source)
{
    struct peer_store_addr *least = &p->addrs[0];
    if (p->addrs_count < PEER_STORE_ADDRS_MAX) {
        return &p->addrs[p->addrs_count++];
    }
    for (size_t i = 1; i < p->addrs_count; i++) {
        least = is_better(least, &p->addrs[i]) ? &p->addrs[i] : least;
    }
    return least->source <= source ? least : NULL;
}

/* learn enters one address; false if it was passed over. */
static bool
learn(struct peer_store_peer *p, struct span addr, enum peer_source source, uint64_t now_s)
{
    struct peer_store_addr *a = find_addr(p, addr);
    uint64_t expires_s = add_sat_u64(now_s, believed_s(source));
    if (!a) {
        a = place_of(p, source);
        if (!a) {
            return false;
        }
        *a = (struct peer_store_addr){.source = source, .len = (uint8_t)addr.n};
        memcpy(a->bytes, addr.p, addr.n); /* <= PEER_STORE_ADDR_LEN_MAX: see bare */
    }
    a->source = source > a->source ? source : a->source;
    a->expires_s = max_u64(a->expires_s, expires_s);
    if (source == PEER_SOURCE_WORKED) {
        a->worked_s = now_s;
    }
    return true;
}

static void learn_one(struct peer_store *ps,
                      const struct peer_id *peer,
                      struct span addr,
                      enum peer_source source,
                      uint64_t now_s)
{
    struct span kept = bare(addr, peer);
    struct peer_store_peer *p = kept.n > 0 ? find_or_new(ps, peer) : NULL;
    if (p) {
        drop_expired(p, now_s);
        if (learn(p, kept, source, now_s)) {
            touch(ps, p, now_s);
        }
    }
}

void peer_store_heard(struct peer_store *ps,
                      const struct peer_id *peer,
                      struct span addr,
                      enum peer_source source,
                      uint64_t now_s)
{
    check(source < PEER_SOURCE_WORKED);
    learn_one(ps, peer, addr, source, now_s);
}

void peer_store_worked(struct peer_store *ps,
                       const struct peer_id *peer,
                       struct span addr,
                       uint64_t now_s)
{
    learn_one(ps, peer, addr, PEER_SOURCE_WORKED, now_s);
}

/* ---- records ---- */

MUST_CHECK static enum err
keep_sealed(struct peer_store *ps, struct peer_store_peer *p, struct span sealed)
{
    void *copy;
    TRY(mem_alloc(ps->cfg.budget, &copy, sealed.n));
    memcpy(copy, sealed.p, sealed.n);
    drop_sealed(ps, p);
    p->sealed = copy;
    p->sealed_len = sealed.n;
    return OK;
}

/* replace has the addresses of a record take the place of those that only the one before named. */
static void replace(struct peer_store_peer *p, const struct peer_record *r, uint64_t now_s)
{
    for (size_t i = p->addrs_count; i > 0; i--) {
        if (p->addrs[i - 1].source == PEER_SOURCE_RECORD) {
            remove_addr(p, i - 1);
        }
    }
    for (size_t i = 0; i < r->addrs_count; i++) {
        struct span addr = bare(r->addrs[i], &r->peer);
        if (addr.n > 0) {
            (void)learn(p, addr, PEER_SOURCE_RECORD, now_s);
        }
    }
}

enum err peer_store_take_record(struct peer_store *ps,
                                const struct peer_id *peer,
                                struct span sealed,
                                uint64_t now_s)
{
    struct peer_record r;
    if (sealed.n > PEER_STORE_SEALED_LEN_MAX) {
        return ERR_LIMIT;
    }
    TRY(peer_record_open(&r, sealed, ps->cfg.budget));
    if (!peer_id_equal(&r.peer, peer)) {
        return ERR_AUTH;
    }
    const struct peer_store_peer *known = find(ps, peer);
    /* SPEC libp2p/RFC-0003 §"Address Record Format": the number grows; a record that is no newer is not taken. */
    if (known && known->sealed_len > 0 && r.seq <= known->seq) {
        return ERR_STATE;
    }
    struct peer_store_peer *p = find_or_new(ps, peer);
    if (!p) {
        return ERR_LIMIT;
    }
    enum err e = keep_sealed(ps, p, sealed);
    if (e != OK) {
        if (!known) {
            peer_free(ps, p);
        }
        return e;
    }
    p->seq = r.seq;
    drop_expired(p, now_s);
    replace(p, &r, now_s);
    touch(ps, p, now_s);
    return OK;
}

/* ---- what is known ---- */

size_t peer_store_addrs(const struct peer_store *ps,
                        struct span ret[static PEER_STORE_ADDRS_MAX],
                        size_t *ret_worked_count,
                        const struct peer_id *peer,
                        uint64_t now_s)
{
    const struct peer_store_addr *sorted[PEER_STORE_ADDRS_MAX];
    const struct peer_store_peer *p = find(ps, peer);
    size_t count = 0;
    *ret_worked_count = 0;
    for (size_t i = 0; p && i < p->addrs_count; i++) {
        const struct peer_store_addr *a = &p->addrs[i];
        if (a->expires_s <= now_s) {
            continue;
        }
        size_t at = count++;
        for (; at > 0 && a->worked_s > sorted[at - 1]->worked_s; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = a;
        *ret_worked_count += a->worked_s > 0;
    }
    for (size_t i = 0; i < count; i++) {
        ret[i] = addr_span(sorted[i]);
    }
    return count;
}

/* ---- on the disk ----
 *
 *     u8 format | u8 n, peer id | u64 seq | u64 seen_s | u16 n, sealed record | u8 count, of addresses:
 *         u8 source | u64 expires_s | u64 worked_s | u8 n, multiaddr                       (all most significant first) */

static void encode(struct wr *w, const struct peer_store_peer *p)
{
    wr_u8(w, FORMAT);
    wr_u8(w, p->id.n);
    wr_bytes(w, peer_id_span(&p->id));
    wr_be64(w, p->seq);
    wr_be64(w, p->seen_s);
    wr_be16(w, (uint16_t)p->sealed_len); /* <= PEER_STORE_SEALED_LEN_MAX */
    wr_bytes(w, span_of(p->sealed, p->sealed_len));
    wr_u8(w, (uint8_t)p->addrs_count);
    for (size_t i = 0; i < p->addrs_count; i++) {
        const struct peer_store_addr *a = &p->addrs[i];
        wr_u8(w, (uint8_t)a->source);
        wr_be64(w, a->expires_s);
        wr_be64(w, a->worked_s);
        wr_u8(w, a->len);
        wr_bytes(w, addr_span(a));
    }
}

bool peer_store_has_changes(const struct peer_store *ps)
{
    return !list_is_empty(&ps->gone) || !list_is_empty(&ps->dirty);
}

bool peer_store_next_change(struct peer_store *ps, struct peer_store_change *ret)
{
    struct list *first = list_first(&ps->gone);
    if (first) {
        struct peer_store_gone *gone = list_entry(first, struct peer_store_gone, in_gone);
        /* Learned of again meanwhile: its bytes follow, and take the place of the old. */
        *ret = (struct peer_store_change){.peer = gone->peer, .is_gone = true};
        list_remove(first);
        mem_free(ps->cfg.budget, gone, sizeof *gone);
        return true;
    }
    first = list_first(&ps->dirty);
    if (!first) {
        return false;
    }
    struct peer_store_peer *p = list_entry(first, struct peer_store_peer, in_dirty);
    list_remove(first);
    p->is_written = true;
    ret->peer = p->id;
    ret->is_gone = false;
    struct wr w = wr_init(MSPAN_OF(ret->bytes));
    encode(&w, p);
    check(wr_ok(&w)); /* see the assertion above */
    ret->len = w.n;
    return true;
}

/* read_addr: false if it is of no use, which is no fault. */
static bool
read_addr(struct peer_store_addr *ret, struct rd *r, const struct peer_id *peer, uint64_t now_s)
{
    struct peer_store_addr a = {0};
    uint8_t source = rd_u8(r);
    a.expires_s = rd_be64(r);
    a.worked_s = rd_be64(r);
    size_t len = rd_u8(r);
    struct span bytes = rd_bytes(r, len);
    if (!rd_ok(r) || source >= PEER_SOURCE_COUNT ||
        (source == PEER_SOURCE_WORKED) != (a.worked_s > 0)) {
        rd_fail(r);
        return false;
    }
    a.source = (enum peer_source)source;
    struct span kept = bare(bytes, peer);
    a.expires_s = min_u64(a.expires_s, add_sat_u64(now_s, believed_s(a.source)));
    if (kept.n == 0 || kept.n != bytes.n || a.expires_s <= now_s || a.worked_s > now_s) {
        return false;
    }
    a.len = (uint8_t)kept.n;
    memcpy(a.bytes, kept.p, kept.n);
    *ret = a;
    return true;
}

/* read_peer: everything but the record, which is *ret_sealed. */
MUST_CHECK static enum err
read_peer(struct peer_store_peer *p, struct span *ret_sealed, struct span bytes, uint64_t now_s)
{
    struct rd r = rd_init(bytes);
    uint8_t format = rd_u8(&r);
    size_t id_len = rd_u8(&r);
    struct span id = rd_bytes(&r, id_len);
    p->seq = rd_be64(&r);
    p->seen_s = min_u64(rd_be64(&r), now_s);
    size_t sealed_len = rd_be16(&r);
    *ret_sealed = rd_bytes(&r, sealed_len);
    size_t count = rd_u8(&r);
    if (!rd_ok(&r) || format != FORMAT || count > PEER_STORE_ADDRS_MAX ||
        sealed_len > PEER_STORE_SEALED_LEN_MAX || peer_id_decode(&p->id, id) != OK) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        struct peer_store_addr a;
        if (read_addr(&a, &r, &p->id, now_s) && !find_addr(p, addr_span(&a))) {
            p->addrs[p->addrs_count++] = a;
        }
    }
    return rd_end(&r) ? OK : ERR_MALFORMED;
}

/* check_sealed: bytes on a disk may have been changed; only what the peer signed is its record. */
MUST_CHECK static enum err
check_sealed(struct peer_store *ps, const struct peer_store_peer *p, struct span sealed)
{
    struct peer_record r;
    if (sealed.n == 0) {
        return p->seq == 0 ? OK : ERR_MALFORMED;
    }
    enum err e = peer_record_open(&r, sealed, ps->cfg.budget);
    if (e == ERR_LIMIT) {
        return e;
    }
    return e == OK && peer_id_equal(&r.peer, &p->id) && r.seq == p->seq ? OK : ERR_MALFORMED;
}

enum err peer_store_load(struct peer_store *ps, struct span bytes, uint64_t now_s)
{
    struct peer_store_peer read = {0};
    struct span sealed;
    TRY(read_peer(&read, &sealed, bytes, now_s));
    TRY(check_sealed(ps, &read, sealed));
    if (read.addrs_count == 0) {
        return ERR_NOT_FOUND;
    }
    if (find(ps, &read.id) || ps->peers.count >= ps->cfg.peers_max) {
        return ERR_LIMIT;
    }
    struct peer_store_peer *p = find_or_new(ps, &read.id);
    if (!p) {
        return ERR_LIMIT;
    }
    if (sealed.n > 0) {
        enum err e = keep_sealed(ps, p, sealed);
        if (e != OK) {
            peer_free(ps, p);
            return e;
        }
    }
    p->is_written = true;
    p->seq = read.seq;
    p->seen_s = read.seen_s;
    p->addrs_count = read.addrs_count;
    memcpy(p->addrs, read.addrs, sizeof p->addrs);
    return OK;
}

/* ---- life ---- */

void peer_store_init(struct peer_store *ps, const struct peer_store_cfg *cfg)
{
    struct map_cfg map = {
        .count_max = cfg->peers_max, .seed = {cfg->seed[0], cfg->seed[1]}
    };
    *ps = (struct peer_store){.cfg = *cfg};
    map_init(&ps->peers, cfg->budget, map);
    list_init(&ps->dirty);
    list_init(&ps->gone);
}

void peer_store_done(struct peer_store *ps)
{
    if (!ps->cfg.budget) {
        return;
    }
    while (ps->peers.count > 0) {
        peer_free(ps, map_at(&ps->peers, ps->peers.count - 1)->value);
    }
    for (struct list *l = list_first(&ps->gone); l; l = list_first(&ps->gone)) {
        list_remove(l);
        mem_free(ps->cfg.budget, list_entry(l, struct peer_store_gone, in_gone),
                 sizeof(struct peer_store_gone));
    }
    map_done(&ps->peers);
    ps->cfg.budget = NULL;
}
