/* Peers to begin with: libp2p specs, kad-dht/README.md, "Bootstrap process". */
#include "base/arith.h"
#include "base/mem.h"
#include "p2p/kad_state.h"

enum { ENOUGH = 4 /* peers in the table: the network itself leads on from there */ };

static const uint64_t FIRST_US = 10 * US_PER_S;
static const uint64_t LAST_US = 600 * US_PER_S;
static const uint64_t LOOK_US = 60 * US_PER_S;

static struct kad_bootstrap *of(struct list *l)
{
    return list_entry(l, struct kad_bootstrap, in_bootstrap);
}

static struct kad_bootstrap *find(const struct kad *k, const struct peer_id *peer)
{
    for (struct list *l = list_first(&k->bootstrap); l; l = list_next(&k->bootstrap, l)) {
        if (peer_id_equal(&of(l)->contact.peer, peer)) {
            return of(l);
        }
    }
    return NULL;
}

MUST_CHECK static enum err
add_addrs(struct kad *k, struct kad_bootstrap *b, const struct kad_peer *peer)
{
    uint8_t both[2 * KAD_ADDRS_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(both));
    wr_bytes(&w, span_of(b->contact.addrs, b->contact.addrs_len));
    kad_write_addrs(&w, peer->addrs);
    TRY(wr_end(&w));
    struct kad_contact fresh;
    struct kad_peer merged = {.id = peer->id, .addrs = span_of(both, w.n)};
    TRY(kad_contact_init(&fresh, &merged, &k->budget));
    kad_contact_done(&b->contact, &k->budget);
    b->contact = fresh;
    return OK;
}

enum err kad_add_bootstrap(struct kad *k, instant now, const struct kad_peer *peer)
{
    k->now = now;
    struct kad_bootstrap *b = find(k, &peer->id);
    if (b) {
        return add_addrs(k, b, peer);
    }
    if (k->bootstrap_count >= KAD_BOOTSTRAP_MAX) {
        return ERR_LIMIT;
    }
    void *p;
    TRY(mem_alloc(&k->budget, &p, sizeof *b));
    b = p;
    enum err e = kad_contact_init(&b->contact, peer, &k->budget);
    if (e != OK) {
        mem_free(&k->budget, b, sizeof *b);
        return e;
    }
    list_add_last(&k->bootstrap, &b->in_bootstrap);
    k->bootstrap_count++;
    k->bootstrap_at = now;
    k->bootstrap_every_us = FIRST_US;
    return OK;
}

void kad_bootstrap_tick(struct kad *k)
{
    if (!instant_reached(k->bootstrap_at, k->now)) {
        return;
    }
    if (k->table.count >= ENOUGH) {
        k->bootstrap_every_us = FIRST_US;
        k->bootstrap_at = instant_add(k->now, LOOK_US);
        return;
    }
    /* SPEC libp2p/kad-dht §"Bootstrap process": a node that knows hardly anybody asks the peers that it was given, and
     * goes on from what they say. */
    for (struct list *l = list_first(&k->bootstrap); l; l = list_next(&k->bootstrap, l)) {
        struct kad_peer peer = kad_contact_peer(&of(l)->contact);
        kad_check(k, &peer);
    }
    k->bootstrap_at = instant_add(k->now, k->bootstrap_every_us);
    k->bootstrap_every_us = min_u64(2 * k->bootstrap_every_us, LAST_US);
}

void kad_bootstrap_done(struct kad *k)
{
    for (struct list *l = list_first(&k->bootstrap); l; l = list_first(&k->bootstrap)) {
        struct kad_bootstrap *b = of(l);
        list_remove(l);
        kad_contact_done(&b->contact, &k->budget);
        mem_free(&k->budget, b, sizeof *b);
    }
}
