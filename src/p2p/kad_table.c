/* The routing table: libp2p specs, kad-dht/README.md, "Kademlia routing table". */
#include "p2p/kad_table.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/mem.h"
#include "codec/multiaddr.h"
#include "crypto/hash.h"

#include <string.h>

enum { FAILURES_MAX = 2, CAP_FIRST = 16, GROUP_NAMES = 1 };

/* ---- places ---- */

void kad_id_of(struct kad_id *ret_id, struct span key)
{
    /* SPEC libp2p/kad-dht §"Distance": keys and peer ids are compared by their SHA-256. */
    struct hash32 hash;
    sha256(&hash, key);
    memcpy(ret_id->bytes, hash.bytes, sizeof ret_id->bytes);
}

unsigned kad_common_prefix(const struct kad_id *a, const struct kad_id *b)
{
    unsigned n = 0;
    while (n < 32 && a->bytes[n] == b->bytes[n]) {
        n++;
    }
    if (n == 32) {
        return 256;
    }
    unsigned differs = (unsigned)(a->bytes[n] ^ b->bytes[n]);
    return n * 8 + (unsigned)__builtin_clz(differs) - 24;
}

int kad_compare(const struct kad_id *target, const struct kad_id *a, const struct kad_id *b)
{
    for (size_t i = 0; i < 32; i++) {
        int da = a->bytes[i] ^ target->bytes[i];
        int db = b->bytes[i] ^ target->bytes[i];
        if (da != db) {
            return da - db;
        }
    }
    return 0;
}

/* ---- contacts ---- */

enum err kad_contact_init(struct kad_contact *c, const struct kad_peer *peer, struct budget *budget)
{
    uint8_t kept[KAD_ADDRS_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(kept));
    kad_write_addrs(&w, peer->addrs);
    check(wr_ok(&w));
    void *p = NULL;
    if (w.n > 0) {
        TRY(mem_alloc(budget, &p, w.n));
        memcpy(p, kept, w.n);
    }
    *c = (struct kad_contact){.peer = peer->id, .addrs = p, .addrs_len = (uint16_t)w.n};
    kad_id_of(&c->id, peer_id_span(&peer->id));
    return OK;
}

void kad_contact_done(struct kad_contact *c, struct budget *budget)
{
    mem_free(budget, c->addrs, c->addrs_len);
    c->addrs = NULL;
    c->addrs_len = 0;
}

struct kad_peer kad_contact_peer(const struct kad_contact *c)
{
    return (struct kad_peer){
        .id = c->peer, .addrs = span_of(c->addrs, c->addrs_len), .connection = KAD_CAN_CONNECT};
}

/* ---- IP groups ---- */

static bool is_public_ip4(const uint8_t *p)
{
    bool is_private = p[0] == 0 || p[0] == 10 || p[0] == 127 || p[0] >= 224 ||
                      (p[0] == 172 && p[1] >> 4 == 1) || (p[0] == 192 && p[1] == 168) ||
                      (p[0] == 169 && p[1] == 254) || (p[0] == 100 && p[1] >> 6 == 1);
    return !is_private;
}

static uint32_t group_of(struct span addr)
{
    struct multiaddr_part part;
    struct span rest = addr;
    if (!multiaddr_next(&part, &rest)) {
        return 0;
    }
    const uint8_t *p = part.value.p;
    switch (part.code) {
    case MULTIADDR_IP4: return is_public_ip4(p) ? 0x10000u | (uint32_t)p[0] << 8 | p[1] : 0;
    case MULTIADDR_IP6: /* only 2000::/3 is global */
        return p[0] >> 5 == 1
                   ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                   : 0;
    case MULTIADDR_DNS:
    case MULTIADDR_DNS4:
    case MULTIADDR_DNS6:
    case MULTIADDR_DNSADDR: return GROUP_NAMES;
    default:                return 0; /* not an address that says where */
    }
}

uint32_t kad_addrs_group(struct span addrs, bool *ret_has_addr)
{
    struct span addr;
    *ret_has_addr = false;
    while (kad_next_addr(&addr, &addrs)) {
        *ret_has_addr = true;
        uint32_t group = group_of(addr);
        if (group) {
            return group;
        }
    }
    return 0;
}

/* ---- the table ---- */

void kad_table_init(struct kad_table *t, struct kad_table_cfg cfg)
{
    *t = (struct kad_table){.cfg = cfg};
    t->cfg.bucket_max = cfg.bucket_max ? cfg.bucket_max : KAD_K;
    t->cfg.group_max = cfg.group_max ? cfg.group_max : 3;
    t->cfg.group_bucket_max = cfg.group_bucket_max ? cfg.group_bucket_max : 2;
}

void kad_table_done(struct kad_table *t)
{
    for (size_t i = 0; i < t->count; i++) {
        kad_contact_done(&t->entries[i].contact, t->cfg.budget);
    }
    mem_free(t->cfg.budget, t->entries, t->cap * sizeof *t->entries);
    t->entries = NULL;
    t->count = 0;
    t->cap = 0;
}

static struct kad_entry *find(const struct kad_table *t, const struct peer_id *peer)
{
    for (size_t i = 0; i < t->count; i++) {
        if (peer_id_equal(&t->entries[i].contact.peer, peer)) {
            return &t->entries[i];
        }
    }
    return NULL;
}

const struct kad_entry *kad_table_find(const struct kad_table *t, const struct peer_id *peer)
{
    return find(t, peer);
}

static void remove_entry(struct kad_table *t, struct kad_entry *e)
{
    t->bucket_counts[e->bucket]--;
    kad_contact_done(&e->contact, t->cfg.budget);
    t->count--;
    *e = t->entries[t->count];
}

static unsigned bucket_of(const struct kad_table *t, const struct kad_id *id)
{
    unsigned n = kad_common_prefix(&t->cfg.self, id);
    return n < KAD_BUCKETS_MAX ? n : KAD_BUCKETS_MAX - 1;
}

/* group_has_room: entries that failed last do not count, they are about to go. */
static bool group_has_room(const struct kad_table *t, uint32_t group, unsigned bucket)
{
    uint32_t all = 0;
    uint32_t here = 0;
    for (size_t i = 0; group && i < t->count; i++) {
        if (t->entries[i].group == group && t->entries[i].failures == 0) {
            all++;
            here += t->entries[i].bucket == bucket;
        }
    }
    return all < t->cfg.group_max && here < t->cfg.group_bucket_max;
}

/* A peer of a full bucket that did not answer last time, the longest silent first. */
static struct kad_entry *replaceable(const struct kad_table *t, unsigned bucket)
{
    struct kad_entry *oldest = NULL;
    for (size_t i = 0; i < t->count; i++) {
        struct kad_entry *e = &t->entries[i];
        if (e->bucket == bucket && e->failures > 0 &&
            (!oldest || instant_before(e->answered_at, oldest->answered_at))) {
            oldest = e;
        }
    }
    return oldest;
}

struct place {
    unsigned bucket;
    uint32_t group;
};

MUST_CHECK static enum err
find_place(const struct kad_table *t, struct place *ret_place, const struct kad_peer *peer)
{
    struct kad_id id;
    kad_id_of(&id, peer_id_span(&peer->id));
    bool has_addr;
    uint32_t group = kad_addrs_group(peer->addrs, &has_addr);
    if (!has_addr || (!group && !t->cfg.private_too) ||
        kad_common_prefix(&t->cfg.self, &id) == 256) {
        return ERR_DENIED;
    }
    unsigned bucket = bucket_of(t, &id);
    if (!group_has_room(t, group, bucket)) {
        return ERR_LIMIT;
    }
    *ret_place = (struct place){.bucket = bucket, .group = group};
    return OK;
}

bool kad_table_wants(const struct kad_table *t, const struct kad_peer *peer)
{
    struct place place;
    return !find(t, &peer->id) && find_place(t, &place, peer) == OK &&
           (t->bucket_counts[place.bucket] < t->cfg.bucket_max || replaceable(t, place.bucket));
}

MUST_CHECK static enum err make_room(struct kad_table *t)
{
    if (t->count < t->cap) {
        return OK;
    }
    size_t cap = t->cap ? t->cap + t->cap / 2 : CAP_FIRST;
    void *p = t->entries;
    if (!p) {
        TRY(mem_alloc(t->cfg.budget, &p, cap * sizeof *t->entries));
    } else {
        TRY(mem_resize(t->cfg.budget, &p,
                       (struct mem_resize_args){.n_old = t->cap * sizeof *t->entries,
                                                .n_new = cap * sizeof *t->entries}));
    }
    t->entries = p;
    t->cap = cap;
    return OK;
}

/* refresh takes over the addresses that came last, if any came. */
static void refresh(struct kad_table *t, struct kad_entry *e, const struct kad_peer *peer)
{
    struct kad_contact fresh;
    bool has_addr;
    uint32_t group = kad_addrs_group(peer->addrs, &has_addr);
    if (group == e->group && has_addr &&
        !span_equal(peer->addrs, span_of(e->contact.addrs, e->contact.addrs_len)) &&
        kad_contact_init(&fresh, peer, t->cfg.budget) == OK) {
        kad_contact_done(&e->contact, t->cfg.budget);
        e->contact = fresh;
    }
}

enum err kad_table_answered(struct kad_table *t, instant now, const struct kad_peer *peer)
{
    struct kad_entry *known = find(t, &peer->id);
    if (known) {
        known->failures = 0;
        known->answered_at = now;
        refresh(t, known, peer);
        return OK;
    }
    /* SPEC libp2p/kad-dht §"Kademlia routing table": at most k peers of each distance. */
    struct place place;
    TRY(find_place(t, &place, peer));
    struct kad_entry *old =
        t->bucket_counts[place.bucket] >= t->cfg.bucket_max ? replaceable(t, place.bucket) : NULL;
    if (t->bucket_counts[place.bucket] >= t->cfg.bucket_max && !old) {
        return ERR_LIMIT;
    }
    struct kad_contact contact;
    TRY(kad_contact_init(&contact, peer, t->cfg.budget));
    if (old) {
        remove_entry(t, old);
    }
    enum err e = make_room(t);
    if (e != OK) {
        kad_contact_done(&contact, t->cfg.budget);
        return e;
    }
    t->entries[t->count++] = (struct kad_entry){.contact = contact,
                                                .group = place.group,
                                                .bucket = (uint8_t)place.bucket,
                                                .answered_at = now};
    t->bucket_counts[place.bucket]++;
    return OK;
}

void kad_table_failed(struct kad_table *t, const struct peer_id *peer)
{
    struct kad_entry *e = find(t, peer);
    if (e && ++e->failures >= FAILURES_MAX) {
        remove_entry(t, e);
    }
}

void kad_table_remove(struct kad_table *t, const struct peer_id *peer)
{
    struct kad_entry *e = find(t, peer);
    if (e) {
        remove_entry(t, e);
    }
}

/* insert keeps ret sorted by distance; returns the new count. */
static size_t insert(const struct kad_entry **ret,
                     size_t count,
                     size_t max,
                     const struct kad_id *target,
                     const struct kad_entry *e)
{
    size_t at = count;
    while (at > 0 && kad_compare(target, &e->contact.id, &ret[at - 1]->contact.id) < 0) {
        at--;
    }
    if (at == max) {
        return count;
    }
    size_t new_count = min_size(count + 1, max);
    for (size_t i = new_count - 1; i > at; i--) {
        ret[i] = ret[i - 1];
    }
    ret[at] = e;
    return new_count;
}

size_t kad_table_closest(const struct kad_table *t,
                         const struct kad_entry **ret,
                         size_t max,
                         const struct kad_id *target,
                         const struct peer_id *but)
{
    check(max <= KAD_PEERS_MAX);
    size_t count = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct kad_entry *e = &t->entries[i];
        if (!but || !peer_id_equal(but, &e->contact.peer)) {
            count = insert(ret, count, max, target, e);
        }
    }
    return count;
}

bool kad_table_stale(struct kad_table *t, unsigned *ret_bucket, instant now, uint64_t age_us)
{
    unsigned used = KAD_BUCKETS_MAX;
    while (used > 0 && t->bucket_counts[used - 1] == 0) {
        used--;
    }
    for (unsigned i = 0; i < used; i++) {
        bool never = t->refreshed_at[i].us == 0;
        if (never || instant_reached(instant_add(t->refreshed_at[i], age_us), now)) {
            t->refreshed_at[i] = now;
            *ret_bucket = i;
            return true;
        }
    }
    return false;
}
