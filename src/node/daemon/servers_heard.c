/* Servers that are heard of on the local network, in the DHT or from other servers: anybody's word, taken in small numbers and behind those that were named. */
#include "node/daemon/servers_inside.h"

#include <string.h>

static const uint64_t HEARD_STAYS_US = 60 * US_PER_S; /* before another may have its place */
enum { FAILURES_GIVEN_UP = 3 };

static bool is_heard(enum found found)
{
    return found == FOUND_MDNS || found == FOUND_DHT || found == FOUND_GOSSIP ||
           found == FOUND_RENDEZVOUS || found == FOUND_PUBLIC_DHT;
}

enum found servers_found(const struct servers *s, const struct peer_id *peer)
{
    enum found found = FOUND_INBOUND;
    for (size_t i = 0; i < s->target_count; i++) {
        const struct target *x = &s->targets[i];
        if (peer_id_equal(&x->peer, peer) && (found == FOUND_INBOUND || !is_heard(x->found))) {
            found = x->found;
        }
    }
    return found;
}

bool servers_is_named(const struct servers *s, const struct peer_id *peer)
{
    enum found found = servers_found(s, peer);
    return found == FOUND_BOOTSTRAP || found == FOUND_MANUAL;
}

/* Has this address had its time, and come to nothing? */
static bool is_spent(const struct target *x, instant now)
{
    bool came_to_nothing = x->is_useless || (!x->is_dialling && x->failures >= FAILURES_GIVEN_UP);
    return came_to_nothing && instant_reached(instant_add(x->heard_at, HEARD_STAYS_US), now);
}

enum err servers_hear(struct servers *s, instant now, const struct servers_heard *heard)
{
    struct target fresh = {
        .found = heard->found, .peer = heard->peer, .heard_at = now, .retry_at = now};
    struct target *place = NULL;
    size_t heard_count = 0;
    if (heard->addr.n > sizeof fresh.addr) {
        return ERR_LIMIT;
    }
    fresh.addr_len = (uint16_t)span_copy(MSPAN_OF(fresh.addr), heard->addr);
    if (servers_is_named(s, &heard->peer)) {
        return OK; /* where it is, whoever named it has said */
    }
    for (size_t i = 0; i < s->target_count; i++) {
        struct target *x = &s->targets[i];
        if (peer_id_equal(&x->peer, &heard->peer) &&
            span_equal(span_of(x->addr, x->addr_len), heard->addr)) {
            return OK;
        }
        if (x->found == heard->found) {
            heard_count++;
            place = is_spent(x, now) ? x : place;
        }
    }
    if (heard_count < SERVERS_HEARD_COUNT_MAX && s->target_count < SERVERS_TARGET_COUNT_MAX) {
        place = &s->targets[s->target_count++];
    }
    if (!place) {
        return ERR_LIMIT;
    }
    *place = fresh;
    return OK;
}

void servers_drop_useless(struct servers *s, const struct peer_id *peer)
{
    enum found found = servers_found(s, peer);
    if (!is_heard(found)) {
        return;
    }
    for (size_t i = 0; i < s->target_count; i++) {
        struct target *x = &s->targets[i];
        x->is_useless = x->is_useless || peer_id_equal(&x->peer, peer);
    }
    host_disconnect(s->cfg.host, peer);
}
