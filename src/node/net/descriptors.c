/* Sealed descriptors of servers. */
#include "node/net/descriptors.h"

#include "codec/multiaddr.h"
#include "p2p/envelope.h"
#include "p2p/host_state.h"
#include "p2p/net_addr.h"

bool descriptors_place(uint64_t *ret, struct span addr)
{
    struct multiaddr_part part;
    struct net_addr a = {0};
    if (multiaddr_find(&part, addr, MULTIADDR_IP6)) {
        a.is_ip6 = true;
    } else if (!multiaddr_find(&part, addr, MULTIADDR_IP4)) {
        return false;
    }
    (void)span_copy(MSPAN_OF(a.ip), part.value);
    net_addr_unmap(&a);
    *ret = net_addr_group(&a);
    return net_addr_is_public(&a);
}

static struct descriptor_places places_of(const struct descriptor *d)
{
    struct descriptor_places p = {0};
    for (size_t i = 0; i < d->addrs_count; i++) {
        uint64_t place;
        size_t k = 0;
        if (!descriptors_place(&place, d->addrs[i])) {
            continue;
        }
        while (k < p.count && p.list[k] != place) {
            k++;
        }
        if (k == p.count) {
            p.list[p.count++] = place;
        }
    }
    return p;
}

static bool is_of(const struct envelope *e, const struct descriptor *d, struct budget *budget)
{
    struct peer_id signer;
    return envelope_verify(&signer, e, SPAN_LIT(DESCRIPTOR_DOMAIN), budget) == OK &&
           span_equal(peer_id_span(&signer), d->peer);
}

static enum descriptor_verdict take(struct descriptors *ds, struct span sealed)
{
    struct envelope e;
    struct descriptor d;
    uint64_t now_s = host_unix_s(ds->cfg.host);
    if (sealed.n > DESCRIPTOR_SEALED_LEN_MAX) {
        return DESCRIPTOR_OVERSIZE;
    }
    if (envelope_decode(&e, sealed) != OK ||
        !span_equal(e.payload_type, SPAN_LIT(DESCRIPTOR_TYPE)) ||
        descriptor_decode(&d, e.payload) != OK) {
        return DESCRIPTOR_BROKEN;
    }
    if (span_equal(d.peer, peer_id_span(host_self(ds->cfg.host)))) {
        return DESCRIPTOR_OWN;
    }
    struct descriptor_places places = places_of(&d);
    enum descriptor_verdict v = descriptor_store_judge(&ds->store, &d, &places, now_s);
    if (v == DESCRIPTOR_TAKEN && !is_of(&e, &d, ds->cfg.parent)) {
        v = DESCRIPTOR_FORGED;
    }
    if (v == DESCRIPTOR_TAKEN) {
        v = descriptor_store_put(
            &ds->store,
            &(struct descriptor_put){
                .descriptor = &d, .places = &places, .sealed = sealed, .payload = e.payload},
            now_s);
    }
    if (v == DESCRIPTOR_TAKEN && ds->cfg.on_taken) {
        ds->cfg.on_taken(ds->cfg.user, &d);
    }
    return v;
}

enum descriptor_verdict descriptors_take(struct descriptors *ds, struct span sealed)
{
    enum descriptor_verdict v = take(ds, sealed);
    ds->counts[v]++;
    return v;
}

enum err descriptors_seal(struct wr *w,
                          const struct descriptor *d,
                          struct signer *signer,
                          struct budget *budget)
{
    uint8_t payload[DESCRIPTOR_SEALED_LEN_MAX];
    struct wr p = wr_init(MSPAN_OF(payload));
    size_t before = w->n;
    descriptor_encode(&p, d);
    TRY(wr_end(&p));
    TRY(envelope_seal(w,
                      &(struct envelope_content){SPAN_LIT(DESCRIPTOR_DOMAIN),
                                                 SPAN_LIT(DESCRIPTOR_TYPE), span_of(payload, p.n)},
                      signer, budget));
    return w->n - before <= DESCRIPTOR_SEALED_LEN_MAX ? OK : ERR_LIMIT;
}

void descriptors_init(struct descriptors *ds, const struct descriptors_cfg *cfg)
{
    *ds = (struct descriptors){.cfg = *cfg};
    descriptor_store_init(&ds->store, &(struct descriptor_store_cfg){
                                          .count_max = cfg->count_max,
                                          .parent = cfg->parent,
                                          .is_local = cfg->is_local,
                                          .seed = {cfg->seed[0], cfg->seed[1]}
    });
}

void descriptors_done(struct descriptors *ds)
{
    descriptor_store_done(&ds->store);
    *ds = (struct descriptors){0};
}
