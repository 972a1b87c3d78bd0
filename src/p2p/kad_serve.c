/* The server of the DHT: one request in, one answer out. */
#include "base/arith.h"
#include "base/check.h"
#include "p2p/kad_state.h"

#include <string.h>

static const uint64_t WINDOW_US = 10 * US_PER_S;

/* may_ask counts the requests of a peer in windows of ten seconds. Peers whose hashes meet share one count:
 * under attack that is the strict side. */
static bool may_ask(struct kad *k, const struct peer_id *peer)
{
    struct kad_meter *m = &k->meters[siphash24(k->seed, peer_id_span(peer)) % KAD_METERS_COUNT];
    uint32_t window = (uint32_t)(k->now.us / WINDOW_US); /* wraps after 1,300 years */
    if (m->window != window) {
        *m = (struct kad_meter){.window = window};
    }
    return m->count++ < k->cfg.requests_per_peer;
}

struct answer {
    struct kad_message_out out;
    struct kad_peer closer[KAD_K + 1];
    struct kad_peer providers[KAD_K];
    struct kad_record record;
    uint8_t time[KAD_TIME_LEN_MAX];
};

static void add_closer(struct kad *k, struct answer *a, const struct peer_id *asker)
{
    const struct kad_entry *closest[KAD_K];
    struct kad_id target;
    kad_id_of(&target, a->out.key);
    /* SPEC libp2p/kad-dht §"Peer routing": the k closest that we know, without the one who asks. */
    size_t count = kad_table_closest(&k->table, closest, KAD_K, &target, asker);
    for (size_t i = 0; i < count; i++) {
        struct kad_peer *p = &a->closer[a->out.closer_count++];
        *p = kad_contact_peer(&closest[i]->contact);
        p->connection = map_find(&k->known, peer_id_span(&p->id)) ? KAD_CONNECTED : KAD_CAN_CONNECT;
    }
    a->out.closer = a->closer;
}

/* add_target puts the very peer that is looked for in front, if it is connected and not in the table: so
 * clients are found too. */
static void add_target(struct kad *k, struct answer *a, const struct peer_id *asker)
{
    const struct kad_known *n = map_find(&k->known, a->out.key);
    bool is_self = span_equal(a->out.key, peer_id_span(&k->cfg.self));
    if (!is_self && (!n || n->is_server || n->contact.addrs_len == 0 ||
                     peer_id_equal(&n->contact.peer, asker))) {
        return;
    }
    struct kad_peer *p = &a->closer[a->out.closer_count++];
    if (is_self) {
        *p = (struct kad_peer){.id = k->cfg.self, .addrs = buf_span(&k->own_addrs)};
    } else {
        *p = kad_contact_peer(&n->contact);
    }
    p->connection = KAD_CONNECTED;
}

static void add_providers(struct kad *k, struct answer *a)
{
    struct kad_id key;
    kad_id_of(&key, a->out.key);
    a->out.providers_count = kad_providers_find(&k->providers, a->providers, KAD_K, k->now, &key);
    for (size_t i = 0; i < a->out.providers_count; i++) {
        if (peer_id_equal(&a->providers[i].id, &k->cfg.self)) {
            a->providers[i].addrs = buf_span(&k->own_addrs);
        }
        const struct kad_entry *e = kad_table_find(&k->table, &a->providers[i].id);
        if (a->providers[i].addrs.n == 0 && e) {
            a->providers[i].addrs = span_of(e->contact.addrs, e->contact.addrs_len);
        }
    }
    a->out.providers = a->providers;
}

static void add_value(struct kad *k, struct answer *a)
{
    const struct kad_value *v = kad_values_find(&k->values, a->out.key);
    if (!v) {
        return;
    }
    a->record =
        (struct kad_record){.key = buf_span(&v->key),
                            .value = buf_span(&v->value),
                            .time_received = kad_print_time(MSPAN_OF(a->time), v->received)};
    a->out.record = &a->record;
}

/* take_provider: a record says that its sender itself has the thing, or it says nothing. */
MUST_CHECK static enum err
take_provider(struct kad *k, const struct peer_id *from, const struct kad_message *m)
{
    if (m->key.n == 0 || m->key.n > KAD_PROVIDER_KEY_LEN_MAX) {
        return ERR_MALFORMED;
    }
    struct kad_id key;
    kad_id_of(&key, m->key);
    struct kad_cursor cursor = kad_cursor_init(m, KAD_LIST_PROVIDERS);
    struct kad_peer peer;
    enum err e = ERR_DENIED;
    while (e != OK && kad_next_peer(&peer, &cursor)) {
        /* SPEC libp2p/kad-dht §"Content provider advertisement and discovery": only a peer's own announcement counts. */
        if (peer_id_equal(&peer.id, from)) {
            e = kad_providers_add(&k->providers, k->now, &key, &peer);
        }
    }
    return e;
}

MUST_CHECK static enum err
take_value(struct kad *k, const struct peer_id *from, const struct kad_message *m)
{
    const struct kad_validator *v = kad_validator_for(k, m->key);
    /* SPEC libp2p/kad-dht §"Entry validation": no validator for the key, no record; and the key within the
     * record is the one that it is stored under. */
    if (!v || !m->has_record || !span_equal(m->record.key, m->key) || m->record.value.n == 0 ||
        v->validate(v, m->key, m->record.value, kad_walltime(k)) != OK) {
        return ERR_DENIED;
    }
    const struct kad_value *old = kad_values_find(&k->values, m->key);
    /* SPEC libp2p/kad-dht §"Entry validation": of two valid values the better one stays. */
    if (old && v->compare(v, m->key, buf_span(&old->value), m->record.value) > 0) {
        return ERR_DENIED;
    }
    return kad_values_put(
        &k->values, k->now,
        (struct kad_value_args){
            .key = m->key, .value = m->record.value, .from = *from, .received = kad_walltime(k)});
}

MUST_CHECK static enum err answer(struct kad *k,
                                  struct answer *a,
                                  bool *ret_has_answer,
                                  const struct peer_id *from,
                                  const struct kad_message *m)
{
    *a = (struct answer){
        .out = {.type = m->type, .key = m->key}
    };
    *ret_has_answer = true;
    switch (m->type) {
    case KAD_FIND_NODE:
        add_target(k, a, from);
        add_closer(k, a, from);
        return OK;
    case KAD_GET_PROVIDERS:
        add_providers(k, a);
        add_closer(k, a, from);
        return OK;
    case KAD_GET_VALUE:
        add_value(k, a);
        add_closer(k, a, from);
        return OK;
    case KAD_PUT_VALUE:
        TRY(take_value(k, from, m));
        /* SPEC libp2p/kad-dht §"RPC messages": the answer to a value that was taken is the request itself. */
        a->record = m->record;
        a->out.record = &a->record;
        return OK;
    case KAD_ADD_PROVIDER: *ret_has_answer = false; return take_provider(k, from, m);
    case KAD_PING:         return OK;
    }
    return ERR_UNSUPPORTED;
}

enum err
kad_serve(struct kad *k, struct wr *w, instant now, const struct peer_id *peer, struct span request)
{
    k->now = now;
    struct kad_message m;
    enum err e = k->is_server ? OK : ERR_STATE;
    e = e == OK && !may_ask(k, peer) ? ERR_LIMIT : e;
    e = e == OK ? kad_message_decode(&m, request) : e;
    struct answer a;
    bool has_answer = false;
    e = e == OK ? answer(k, &a, &has_answer, peer, &m) : e;
    if (e != OK) {
        k->refused_count++;
        return e;
    }
    k->served_count++;
    if (has_answer) {
        kad_message_encode(w, &a.out);
    }
    const struct kad_known *n = map_find(&k->known, peer_id_span(peer));
    if (n && n->is_server) {
        struct kad_peer asker = kad_contact_peer(&n->contact);
        kad_check(k, &asker);
    }
    return wr_end(w);
}
