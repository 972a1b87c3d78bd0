/* Following the consensus chain by what servers pass on. */
#include "node/daemon/light.h"

#include "base/check.h"
#include "base/mem.h"
#include "codec/base16.h"
#include "codec/protobuf.h"

#include <string.h>

enum {
    RETRY_MS = 3000,
    WITNESS_RETRY_MS = 60000,
    KEY_LEN_MAX = STORE_KEY_LEN_MAX,
    FIELD_ROOT = 1,
    FIELD_FORK = 2,
    FIELD_SSZ = 3,
    FIELD_EPOCH = 4,
};

static walltime walltime_of(struct wallet_time t)
{
    return (walltime){t.unix_ms / 1000};
}

/* ---- the store ---- */

/* Keys: NETWORK/b the bootstrap, NETWORK/c the newest finalized root, NETWORK/uXXXXXXXX an update by its place. */
static size_t key_of(uint8_t ret[static KEY_LEN_MAX], const struct network *n, char kind, size_t i)
{
    struct wr w = wr_init(mspan_of(ret, KEY_LEN_MAX));
    wr_str(&w, n->id.text);
    wr_u8(&w, '/');
    wr_u8(&w, (uint8_t)kind);
    if (kind == 'u') {
        wr_be32(&w, (uint32_t)i);
    }
    check(wr_ok(&w));
    return w.n;
}

struct kept {
    bool has_checkpoint;
    struct network_checkpoint checkpoint;
    struct service_light_part part; /* empty: none */
};

static void keep(struct light *l, char kind, size_t i, const struct kept *k)
{
    uint8_t key[KEY_LEN_MAX];
    size_t n = key_of(key, l->network, kind, i);
    AUTO(buf_done) struct buf record;
    buf_init(&record, l->cfg.budget, STORE_VALUE_LEN_MAX);
    struct wr w = wr_init_buf(&record);
    if (k->has_checkpoint) {
        protobuf_write_bytes(&w, FIELD_ROOT, SPAN_OF(k->checkpoint.root.bytes));
        protobuf_write_varint(&w, FIELD_EPOCH, k->checkpoint.epoch);
    }
    if (k->part.ssz.n > 0) {
        protobuf_write_varint(&w, FIELD_FORK, k->part.fork);
        protobuf_write_bytes(&w, FIELD_SSZ, k->part.ssz);
    }
    if (wr_end(&w) != OK ||
        l->cfg.store->put(l->cfg.store, STORE_LIGHT, span_of(key, n), buf_span(&record)) != OK) {
        log_line(l->cfg.log, LOG_WARN, "light", "what was proven could not be written down");
    }
}

static void forget(struct light *l, char kind, size_t i)
{
    uint8_t key[KEY_LEN_MAX];
    size_t n = key_of(key, l->network, kind, i);
    if (l->cfg.store->remove(l->cfg.store, STORE_LIGHT, span_of(key, n)) != OK) {
        log_line(l->cfg.log, LOG_WARN, "light", "an old record could not be taken away");
    }
}

static void forget_updates(struct light *l)
{
    for (size_t i = 0; i < LIGHT_UPDATES_KEPT_MAX; i++) {
        forget(l, 'u', i);
    }
    forget(l, 'b', 0);
    l->kept = 0;
}

/* kept_read: the part's span points into record. */
MUST_CHECK static enum err kept_read(struct kept *ret, struct span record)
{
    struct kept k = {0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    uint64_t fork;
    struct span bytes;
    while (protobuf_next(&r, &f)) {
        if (f.number == FIELD_FORK) {
            TRY(protobuf_get_u64(&fork, &f));
            k.part.fork = fork <= SERVICE_LIGHT_FORK_MAX ? (unsigned)fork : 0;
        } else if (f.number == FIELD_EPOCH) {
            TRY(protobuf_get_u64(&k.checkpoint.epoch, &f));
        } else if (f.number == FIELD_SSZ) {
            TRY(protobuf_get_bytes(&k.part.ssz, &f));
        } else if (f.number == FIELD_ROOT) {
            TRY(protobuf_get_bytes(&bytes, &f));
            if (bytes.n != sizeof k.checkpoint.root.bytes) {
                return ERR_MALFORMED;
            }
            span_copy(MSPAN_OF(k.checkpoint.root.bytes), bytes);
        }
    }
    TRY(protobuf_end(&r));
    *ret = k;
    return OK;
}

MUST_CHECK static enum err
load(struct light *l, struct buf *record, struct kept *ret, char kind, size_t i)
{
    uint8_t key[KEY_LEN_MAX];
    size_t n = key_of(key, l->network, kind, i);
    buf_clear(record);
    TRY(l->cfg.store->get(l->cfg.store, STORE_LIGHT, span_of(key, n), record));
    return kept_read(ret, buf_span(record));
}

/* ---- what an answer proves ---- */

static void drop_store(struct light *l)
{
    if (l->store) {
        mem_free(l->cfg.budget, l->store, sizeof *l->store);
        l->store = NULL;
    }
}

static bool is_too_old(const struct light *l, struct wallet_time t)
{
    walltime at = chain_slot_time(&l->network->beacon, lc_store_finalized(l->store)->beacon.slot);
    return walltime_of(t).s > at.s && walltime_of(t).s - at.s > LC_CHECKPOINT_AGE_S_MAX;
}

/* How old it may be is looked at here, by whom it calls. */
MUST_CHECK static enum err
take_bootstrap(struct light *l, struct wallet_time t, const struct service_light_part *p)
{
    struct lc_bootstrap b;
    enum beacon_fork fork;
    void *room = NULL;
    struct lc_checkpoint checkpoint = {.root = l->checkpoint.root, .is_confirmed = true};
    if (l->store) {
        return ERR_STATE;
    }
    TRY(chain_fork_of_number(&fork, p->fork));
    TRY(lc_bootstrap_decode(&b, &l->network->beacon, fork, p->ssz));
    TRY(mem_alloc(l->cfg.budget, &room, sizeof *l->store));
    l->store = room;
    enum err err = lc_store_init(l->store, &l->network->beacon, &checkpoint, walltime_of(t), &b);
    if (err != OK) {
        drop_store(l);
    }
    return err;
}

static enum err decode(struct lc_update *u,
                       const struct chain_spec *c,
                       enum beacon_fork fork,
                       enum service_type type,
                       struct span ssz)
{
    switch ((int)type) {
    case SERVICE_LC_UPDATES:    return lc_update_decode(u, c, fork, ssz);
    case SERVICE_LC_FINALITY:   return lc_finality_update_decode(u, c, fork, ssz);
    case SERVICE_LC_OPTIMISTIC: return lc_optimistic_update_decode(u, c, fork, ssz);
    default:                    return ERR_STATE;
    }
}

/* What a witness says counts with two thirds behind it, and tells nothing with fewer. */
MUST_CHECK static enum err take_update(struct light *l,
                                       struct wallet_time t,
                                       enum service_type type,
                                       const struct service_light_part *p,
                                       bool is_witness)
{
    void *room = NULL;
    enum beacon_fork fork;
    if (!l->store) {
        return ERR_STATE;
    }
    TRY(chain_fork_of_number(&fork, p->fork));
    TRY(mem_alloc(l->cfg.budget, &room, sizeof(struct lc_update)));
    struct lc_update *u = room;
    enum err err = decode(u, &l->network->beacon, fork, type, p->ssz);
    if (err == OK) {
        bool is_enough = !is_witness || lc_is_two_thirds(&l->network->beacon, lc_update_signers(u));
        err = is_enough ? lc_store_update(l->store, walltime_of(t), u) : ERR_STATE;
    }
    mem_free(l->cfg.budget, u, sizeof *u);
    return err;
}

/* The newest finalized block, from which another start can go on. */
static void keep_finalized(struct light *l)
{
    const struct lc_beacon *b = &lc_store_finalized(l->store)->beacon;
    struct kept k = {.has_checkpoint = true};
    lc_beacon_root(&k.checkpoint.root, b);
    k.checkpoint.epoch = chain_epoch_of(&l->network->beacon, b->slot);
    if (!hash32_equal(&k.checkpoint.root, &l->checkpoint.root)) {
        l->checkpoint = k.checkpoint;
        keep(l, 'c', 0, &k);
    }
}

static void keep_update(struct light *l, const struct service_light_part *p)
{
    if (l->kept >= LIGHT_UPDATES_KEPT_MAX) {
        forget_updates(l); /* the next start goes on from the finalized block */
        l->kept = LIGHT_UPDATES_KEPT_MAX;
        return;
    }
    keep(l, 'u', l->kept, &(struct kept){.part = *p});
    l->kept++;
}

static void tell_wallet(struct light *l, struct wallet_time t)
{
    struct lc_head head;
    if (!l->store || lc_store_head(l->store, walltime_of(t), &head) != OK ||
        head.freshness != LC_FRESH) {
        return; /* the wallet sees that nobody names a block any more */
    }
    const struct lc_header *h = head.is_disputed ? lc_store_finalized(l->store) : head.header;
    struct proven_head block = {
        .block = {.hash = h->execution.block_hash,
                  .number = h->execution.number,
                  .time_s = h->execution.timestamp,
                  .base_fee = h->execution.base_fee},
        .state_root = h->execution.state_root
    };
    if (h->execution.timestamp > 0) { /* before Capella the consensus header says nothing of it */
        wallet_trust_block(l->cfg.wallet, t, l->network, &block);
    }
}

static bool is_of_network(const struct light *l, const struct service_request *asked)
{
    return l->network && l->network->chain_id == asked->chain_id;
}

static bool use_checkpoint_of_file(struct light *l)
{
    const struct network *n = l->network;
    bool is_new = n->has_checkpoint &&
                  !(l->has_checkpoint && hash32_equal(&n->checkpoint.root, &l->checkpoint.root));
    if (is_new) {
        l->checkpoint = n->checkpoint;
        l->has_checkpoint = true;
        l->is_own = false;
    }
    return is_new;
}

/* The bootstrap was taken. */
static void begin(struct light *l, struct wallet_time t, const struct service_light_part *p)
{
    const char *name = l->network->name.text;
    if (!is_too_old(l, t)) {
        keep(l, 'b', 0,
             &(struct kept){.has_checkpoint = true, .checkpoint = l->checkpoint, .part = *p});
        log_line(l->cfg.log, LOG_INFO, "light", "the consensus of %s is followed", name);
        return;
    }
    if (l->is_own && use_checkpoint_of_file(l)) {
        drop_store(l); /* it may be newer than what was proven here long ago */
        return;
    }
    l->is_unconfirmed = true;
    log_line(l->cfg.log, LOG_INFO, "light",
             "the checkpoint of %s is older than 14 days: others are asked whether they see where "
             "it leads",
             name);
}

/* ---- what was asked for ahead ---- */

/* NULL: this was not asked for ahead. */
static struct light_ahead *ahead_of(struct light *l, const struct service_request *r)
{
    for (size_t i = 0; i < LIGHT_AHEAD; i++) {
        struct light_ahead *a = &l->ahead[i];
        if ((a->is_asked || a->is_there) && a->asked.type == r->type &&
            a->asked.period == r->period && a->asked.count == r->count) {
            return a;
        }
    }
    return NULL;
}

static void ahead_drop(struct light_ahead *a)
{
    buf_done(&a->body);
    *a = (struct light_ahead){.is_asked = false};
}

/* The answer is held as it is. Should it prove to be false, what it is about is asked for once more. */
static void ahead_hold(struct light *l, struct light_ahead *a, const struct service_light *answer)
{
    enum { OVERHEAD_MAX = 16 }; /* of fields, for each message */
    size_t count_max = a->asked.type == SERVICE_LC_UPDATES ? (size_t)a->asked.count : 1;
    buf_init(&a->body, l->cfg.budget, count_max * (SERVICE_LIGHT_LEN_MAX + OVERHEAD_MAX));
    a->is_there = answer->count > 0 && answer->count <= count_max &&
                  service_light_encode(answer, &a->body) == OK;
}

MUST_CHECK static enum err take(struct light *l,
                                struct wallet_time t,
                                const struct service_request *asked,
                                const struct service_light *answer)
{
    enum err best = ERR_STATE;
    enum service_type type = asked->type;
    if (type == SERVICE_LC_BOOTSTRAP) {
        TRY(take_bootstrap(l, t, &answer->parts[0]));
        begin(l, t, &answer->parts[0]);
        return OK;
    }
    for (size_t i = 0; i < answer->count; i++) {
        enum err err = take_update(l, t, type, &answer->parts[i], false);
        if (err == OK && type == SERVICE_LC_UPDATES && !l->is_unconfirmed) {
            keep_update(l, &answer->parts[i]);
        }
        if (err == OK) {
            best = OK;
        } else if (err != ERR_STATE && err != ERR_UNSUPPORTED) {
            return err;
        }
    }
    if (best == OK && !l->is_unconfirmed) {
        keep_finalized(l);
        tell_wallet(l, t);
    }
    return best;
}

enum err light_take(struct light *l,
                    struct wallet_time t,
                    const struct service_request *asked,
                    const struct service_light *answer)
{
    if (!is_of_network(l, asked)) {
        return OK; /* of a network that was selected before */
    }
    struct light_ahead *a = ahead_of(l, asked);
    if (a && a->is_asked) {
        ahead_hold(l, a, answer);
        return OK;
    }
    return take(l, t, asked, answer);
}

/* ---- a checkpoint that is too old ---- */

/* Whoever once held the keys of a committee can sign another chain after it, when nothing binds them any more; so what an old
 * checkpoint leads to has to be what others see today. */
bool light_witness(struct light *l,
                   struct wallet_time t,
                   const struct service_request *asked,
                   const struct service_light *answer)
{
    if (!is_of_network(l, asked) || !l->is_unconfirmed || answer->count == 0) {
        return false;
    }
    enum err err = take_update(l, t, SERVICE_LC_FINALITY, &answer->parts[0], true);
    l->agreed += err == OK;
    l->denied += err == ERR_AUTH || err == ERR_MALFORMED;
    return l->agreed >= LIGHT_WITNESSES || l->denied > 0;
}

static void confirm(struct light *l, struct wallet_time t)
{
    l->is_unconfirmed = false;
    log_line(
        l->cfg.log, LOG_INFO, "light",
        "two servers outside of yours confirm the old checkpoint of %s: its consensus is followed",
        l->network->name.text);
    forget_updates(l); /* the next start goes on from the finalized block */
    l->kept = LIGHT_UPDATES_KEPT_MAX;
    keep_finalized(l);
    tell_wallet(l, t);
}

void light_witnessed(struct light *l, struct wallet_time t)
{
    if (!l->is_asking || !l->network || !l->is_unconfirmed) {
        return;
    }
    l->is_asking = false;
    if (l->agreed >= LIGHT_WITNESSES && l->denied == 0) {
        confirm(l, t);
        l->ask_at = t.mono;
        return;
    }
    l->ask_at = instant_add(t.mono, WITNESS_RETRY_MS * US_PER_MS);
    if (l->is_quiet) {
        return;
    }
    l->is_quiet = true;
    log_line(l->cfg.log, LOG_WARN, "light",
             l->denied > 0
                 ? "the checkpoint of %s is older than 14 days, and leads to another chain than "
                   "a server outside of yours sees: nothing is proven until you name a newer one"
                 : "the checkpoint of %s is older than 14 days, and no two servers outside of "
                   "yours, of different operators, confirm it yet: you can name a newer one",
             l->network->name.text);
}

/* ---- starting ---- */

static uint64_t epoch_us(const struct light *l)
{
    return l->network->beacon.seconds_per_slot * l->network->beacon.slots_per_epoch * US_PER_S;
}

/* What was verified before is verified once more. */
static void restore(struct light *l, struct wallet_time t)
{
    struct kept k;
    AUTO(buf_done) struct buf record;
    buf_init(&record, l->cfg.budget, STORE_VALUE_LEN_MAX);
    if (load(l, &record, &k, 'b', 0) == OK) {
        l->checkpoint = k.checkpoint;
        l->is_own = true;
        l->has_checkpoint = true;
        if (take_bootstrap(l, t, &k.part) != OK) {
            forget_updates(l);
        }
    }
    while (l->store && l->kept < LIGHT_UPDATES_KEPT_MAX &&
           load(l, &record, &k, 'u', l->kept) == OK) {
        enum err err = take_update(l, t, SERVICE_LC_UPDATES, &k.part, false);
        if (err != OK && err != ERR_STATE) {
            break;
        }
        l->kept++;
    }
    if (load(l, &record, &k, 'c', 0) == OK) {
        l->checkpoint = k.checkpoint;
        l->is_own = true;
        l->has_checkpoint = true;
    }
    if (l->store && is_too_old(l, t)) {
        drop_store(l); /* begin() goes on from the finalized block, if others confirm it */
        forget_updates(l);
    }
}

static void drop_all(struct light *l)
{
    drop_store(l);
    for (size_t i = 0; i < LIGHT_AHEAD; i++) {
        ahead_drop(&l->ahead[i]);
    }
}

static void follow(struct light *l, struct wallet_time t, const struct network *n)
{
    drop_all(l);
    struct light_cfg cfg = l->cfg;
    *l = (struct light){.cfg = cfg, .ask_at = INSTANT_NEVER};
    if (!n || !n->has_beacon) {
        return;
    }
    l->network = n;
    restore(l, t);
    if (!l->has_checkpoint) {
        (void)use_checkpoint_of_file(l);
    }
    l->ask_at = l->has_checkpoint ? t.mono : INSTANT_NEVER;
    l->finality_at = t.mono;
    l->next_at = instant_add(t.mono, epoch_us(l)); /* what is needed now comes first */
}

void light_init(struct light *l, const struct light_cfg *cfg)
{
    *l = (struct light){.cfg = *cfg, .ask_at = INSTANT_NEVER};
}

void light_done(struct light *l)
{
    if (l->cfg.budget) {
        drop_all(l);
    }
}

bool light_is_on(const struct light *l, const struct network *n)
{
    return l->network == n && l->has_checkpoint && !l->is_unconfirmed;
}

/* ---- asking ---- */

/* What is due: the chain of committees first, then its newest blocks. */
static struct service_request next_request(const struct light *l, struct wallet_time t)
{
    struct service_request r = {.chain_id = l->network->chain_id};
    if (!l->store) {
        r.type = SERVICE_LC_BOOTSTRAP;
        r.root = l->checkpoint.root;
        return r;
    }
    uint64_t period;
    uint64_t count;
    if (lc_store_updates_due(l->store, walltime_of(t), instant_reached(l->next_at, t.mono), &period,
                             &count)) {
        r.type = SERVICE_LC_UPDATES;
        r.period = period;
        r.count = count < LIGHT_UPDATES_ASKED_MAX ? count : LIGHT_UPDATES_ASKED_MAX;
        return r;
    }
    bool is_due = l->is_unconfirmed || instant_reached(l->finality_at, t.mono);
    r.type = is_due ? SERVICE_LC_FINALITY : SERVICE_LC_OPTIMISTIC;
    return r;
}

/* The periods that lead from the checkpoint to today's committee: from that of its epoch, should it be known, or the last one. A
 * checkpoint of this period needs none, one of the last needs one. */
static struct service_request updates_ahead(const struct light *l, struct wallet_time t)
{
    const struct chain_spec *c = &l->network->beacon;
    uint64_t now = chain_period_of(c, chain_slot_at(c, walltime_of(t)));
    uint64_t from = now > 0 ? now - 1 : 0;
    uint64_t known = l->checkpoint.epoch / c->epochs_per_period;
    if (l->checkpoint.epoch > 0 && known < from && now - known <= LIGHT_UPDATES_ASKED_MAX) {
        from = known;
    }
    return (struct service_request){.type = SERVICE_LC_UPDATES,
                                    .chain_id = l->network->chain_id,
                                    .period = from,
                                    .count = now > from ? now - from : 1};
}

static void ask_ahead(struct light *l, struct wallet_time t)
{
    const struct service_request wanted[LIGHT_AHEAD] = {
        updates_ahead(l, t),
        {.type = SERVICE_LC_FINALITY, .chain_id = l->network->chain_id},
    };
    for (size_t i = 0; i < LIGHT_AHEAD; i++) {
        if (!l->ahead[i].is_asked && !l->ahead[i].is_there) {
            l->ahead[i] = (struct light_ahead){.asked = wanted[i], .is_asked = true};
            l->cfg.ask(l->cfg.user, t, &wanted[i]);
        }
    }
}

/* use_ahead: was this asked for ahead? Then it is waited for, or taken, and there is nothing to ask now. */
static bool use_ahead(struct light *l, struct wallet_time t, const struct service_request *r)
{
    struct light_ahead *a = ahead_of(l, r);
    if (!a || (l->is_unconfirmed && r->type == SERVICE_LC_FINALITY)) {
        return false; /* where an old checkpoint leads to, others have to say */
    }
    if (a->is_asked) {
        l->ask_at = INSTANT_NEVER;
        return true;
    }
    if (r->type == SERVICE_LC_FINALITY) {
        l->finality_at = instant_add(t.mono, epoch_us(l));
    }
    struct service_light answer;
    bool is_good = service_light_decode(&answer, buf_span(&a->body)) == OK &&
                   take(l, t, &a->asked, &answer) == OK;
    ahead_drop(a);
    l->ask_at = t.mono;
    return is_good;
}

static void forget_ahead(struct light *l)
{
    for (size_t i = 0; i < LIGHT_AHEAD; i++) {
        if (!l->ahead[i].is_asked) {
            ahead_drop(&l->ahead[i]);
        }
    }
}

/* The last of several updates was asked for ahead: it is not asked for twice. */
static void leave_last(struct light *l, struct service_request *r)
{
    struct service_request last = {
        .type = SERVICE_LC_UPDATES, .period = r->period + r->count - 1, .count = 1};
    if (r->type == SERVICE_LC_UPDATES && r->count > 1 && ahead_of(l, &last)) {
        r->count--;
    }
}

static void ask(struct light *l, struct wallet_time t)
{
    struct service_request r = next_request(l, t);
    if (use_ahead(l, t, &r)) {
        return;
    }
    leave_last(l, &r);
    if (r.type == SERVICE_LC_FINALITY) {
        l->finality_at = instant_add(t.mono, epoch_us(l));
    } else if (r.type == SERVICE_LC_UPDATES) {
        l->next_at = instant_add(t.mono, epoch_us(l));
    } else if (r.type == SERVICE_LC_OPTIMISTIC) {
        forget_ahead(l); /* what was not needed */
    }
    l->is_asking = true;
    l->ask_at = INSTANT_NEVER;
    l->agreed = 0;
    l->denied = 0;
    bool asks_witnesses = l->is_unconfirmed && r.type == SERVICE_LC_FINALITY;
    (asks_witnesses ? l->cfg.ask_witnesses : l->cfg.ask)(l->cfg.user, t, &r);
    if (r.type == SERVICE_LC_BOOTSTRAP) {
        ask_ahead(l, t);
    }
}

/* A committee is asked for at once; a head when the next one can be there: it is signed in the slot after it, and gathered in the
 * first two thirds of that. */
static instant next_ask(const struct light *l, struct wallet_time t)
{
    const struct chain_spec *c = &l->network->beacon;
    struct lc_head head;
    uint64_t third_s = c->seconds_per_slot / 3 > 0 ? c->seconds_per_slot / 3 : 1;
    if (lc_store_head(l->store, walltime_of(t), &head) != OK) {
        return instant_add(t.mono, third_s * US_PER_S);
    }
    walltime at = chain_slot_time(c, head.header->beacon.slot + 2);
    uint64_t due_s = at.s + 2 * third_s;
    uint64_t wait_s = due_s > walltime_of(t).s ? due_s - walltime_of(t).s : third_s;
    return instant_add(t.mono, wait_s * US_PER_S);
}

void light_asked(struct light *l,
                 struct wallet_time t,
                 const struct service_request *asked,
                 bool has_learnt)
{
    if (!is_of_network(l, asked)) {
        return; /* of a network that was selected before */
    }
    struct light_ahead *a = ahead_of(l, asked);
    if (a && a->is_asked) {
        a->is_asked = false;
        l->ask_at = l->store && !l->is_asking ? t.mono : l->ask_at;
        return;
    }
    if (!l->is_asking) {
        return;
    }
    l->is_asking = false;
    if (!l->has_checkpoint) {
        return;
    }
    if (!has_learnt && !l->is_quiet) {
        l->is_quiet = true;
        log_line(l->cfg.log, LOG_DEBUG, "light",
                 "no server has anything new of the consensus chain");
    }
    l->is_quiet &= !has_learnt;
    if (!l->store) {
        l->ask_at = has_learnt ? t.mono : instant_add(t.mono, RETRY_MS * US_PER_MS);
        return;
    }
    enum service_type next = next_request(l, t).type;
    bool is_behind = next == SERVICE_LC_FINALITY || (next == SERVICE_LC_UPDATES && has_learnt);
    l->ask_at = is_behind ? t.mono : next_ask(l, t);
}

void light_tick(struct light *l, struct wallet_time t)
{
    const struct network *n =
        wallet_network(l->cfg.wallet, wallet_settings(l->cfg.wallet)->network);
    if (n != l->network && (l->network || (n && n->has_beacon))) {
        follow(l, t, n);
    }
    if (l->network && !l->is_asking && instant_reached(l->ask_at, t.mono)) {
        ask(l, t);
    }
}

instant light_deadline(const struct light *l)
{
    return l->ask_at;
}
