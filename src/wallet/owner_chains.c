/* What each chain says of an account's owners: the rows of the account's table, and where each stands. */
#include "wallet/owner_chains.h"

#include "base/check.h"
#include "wallet/engine.h"

enum {
    ROW_WRITE_MS = 3600 * 1000
}; /* so often a row is written although nothing in it has changed */

const char *owner_chain_step_name(enum owner_chain_step step)
{
    switch (step) {
    case OWNER_CHAIN_UNREAD:  return "unread";
    case OWNER_CHAIN_ABSENT:  return "absent";
    case OWNER_CHAIN_IN_STEP: return "in_step";
    case OWNER_CHAIN_LACKS:   return "lacks";
    case OWNER_CHAIN_WAITS:   return "waits";
    case OWNER_CHAIN_VETOED:  return "vetoed";
    case OWNER_CHAIN_DIFFERS: return "differs";
    case OWNER_CHAIN_BEHIND:  return "behind";
    }
    return "unread";
}

static bool is_same(const uint8_t a[static 32], const uint8_t b[static 32])
{
    return span_equal(span_of(a, 32), span_of(b, 32));
}

const struct owner_chain *wallet_owner_chain(const struct account *a, struct id network)
{
    for (size_t i = 0; i < a->chain_count; i++) {
        if (id_equal(a->chains[i].network, network)) {
            return &a->chains[i];
        }
    }
    return NULL;
}

/* ---- where a chain stands ---- */

static bool follows(const struct kept_change *k, uint64_t sequence, const uint8_t head[static 32])
{
    return k->sequence == sequence + 1 && is_same(k->previous, head);
}

static bool was_vetoed(const struct account *a, const struct kept_change *k)
{
    for (size_t i = 0; i < a->chain_count; i++) {
        const struct owner_chain *c = &a->chains[i];
        if (c->ready_at == OWNER_CHANGE_VETOED && is_same(c->pending.bytes, k->id.bytes)) {
            return true;
        }
    }
    return false;
}

/* Some chain has it, or something was signed that comes after it. */
static bool was_applied(const struct account *a, const struct kept_change *k)
{
    for (size_t i = 0; i < a->chain_count; i++) {
        if (a->chains[i].is_there && is_same(a->chains[i].head, k->id.bytes)) {
            return true;
        }
    }
    for (size_t i = 0; i < a->kept_count; i++) {
        if (is_same(a->kept[i].previous, k->id.bytes)) {
            return true;
        }
    }
    return false;
}

/* Of several that could come next: the one that a chain has already, else the newest that nobody stopped. */
static const struct kept_change *next_of(const struct account *a, const struct owner_chain *c)
{
    const struct kept_change *found = NULL;
    for (size_t i = 0; i < a->kept_count; i++) {
        const struct kept_change *k = &a->kept[i];
        if (!follows(k, c->sequence, c->head)) {
            continue;
        }
        if (was_applied(a, k)) {
            return k;
        }
        bool is_pending =
            c->ready_at > OWNER_CHANGE_VETOED && is_same(c->pending.bytes, k->id.bytes);
        if (is_pending || !found || !was_vetoed(a, k)) {
            found = k;
        }
        if (is_pending) {
            break;
        }
    }
    return found;
}

/* Another chain has another list of the same length; or a longer one, of which the next step is kept and does not fit here. */
static bool differs(const struct account *a, const struct owner_chain *c, bool is_behind)
{
    for (size_t i = 0; i < a->chain_count; i++) {
        const struct owner_chain *o = &a->chains[i];
        if (o->is_there && o->sequence == c->sequence && !is_same(o->head, c->head)) {
            return true;
        }
    }
    for (size_t i = 0; is_behind && i < a->kept_count; i++) {
        if (a->kept[i].sequence == c->sequence + 1) {
            return true;
        }
    }
    return false;
}

static bool is_behind(const struct account *a, const struct owner_chain *c)
{
    for (size_t i = 0; i < a->chain_count; i++) {
        if (a->chains[i].is_there && a->chains[i].sequence > c->sequence) {
            return true;
        }
    }
    return false;
}

enum owner_chain_step wallet_owner_chain_step(const struct account *a,
                                              const struct owner_chain *c,
                                              const struct kept_change **ret_next)
{
    const struct kept_change *next = c && c->is_there ? next_of(a, c) : NULL;
    if (ret_next) {
        *ret_next = next;
    }
    if (!c || !c->is_there) {
        return c ? OWNER_CHAIN_ABSENT : OWNER_CHAIN_UNREAD;
    }
    if (next) {
        bool is_known = c->ready_at != 0 && is_same(c->pending.bytes, next->id.bytes);
        if (is_known) {
            return c->ready_at > OWNER_CHANGE_VETOED ? OWNER_CHAIN_WAITS : OWNER_CHAIN_VETOED;
        }
        return was_vetoed(a, next) && !was_applied(a, next) ? OWNER_CHAIN_VETOED
                                                            : OWNER_CHAIN_LACKS;
    }
    bool behind = is_behind(a, c);
    if (differs(a, c, behind)) {
        return OWNER_CHAIN_DIFFERS;
    }
    return behind ? OWNER_CHAIN_BEHIND : OWNER_CHAIN_IN_STEP;
}

/* ---- revoked, and still valid elsewhere ---- */

static bool has_owner(const struct owner_chain *c, struct id owner)
{
    for (size_t i = 0; i < c->owner_count; i++) {
        if (id_equal(c->owners[i], owner)) {
            return true;
        }
    }
    return false;
}

bool owner_chains_have(const struct account *a, struct id owner)
{
    for (size_t i = 0; i < a->chain_count; i++) {
        if (has_owner(&a->chains[i], owner)) {
            return true;
        }
    }
    return false;
}

/* A change that took the owner away is kept, and that chain is past it. */
static bool was_removed(const struct wallet *w,
                        const struct account *a,
                        const struct owner_chain *c,
                        struct id owner)
{
    for (size_t i = 0; i < a->kept_count; i++) {
        const struct kept_change *k = &a->kept[i];
        const struct owner *o = k->removed.len > 0 ? wallet_kept_owner(w, a, &k->removed) : NULL;
        if (o && id_equal(o->id, owner) && k->sequence <= c->sequence) {
            return true;
        }
    }
    return false;
}

static bool is_first_owner(const struct account *a, struct id owner)
{
    for (size_t i = 0; i < a->owner_count; i++) {
        if (id_equal(a->owners[i].id, owner)) {
            return !a->owners[i].is_added;
        }
    }
    return false;
}

/* One that was not added on a chain yet is missing there, too, but was never taken away: that chain must have had it, or be further. */
bool wallet_owner_is_revoked(const struct wallet *w,
                             const struct account *a,
                             const struct owner_chain *c,
                             struct id owner)
{
    for (size_t i = 0; i < a->chain_count && has_owner(c, owner); i++) {
        const struct owner_chain *o = &a->chains[i];
        bool had_it = is_first_owner(a, owner) || was_removed(w, a, o, owner);
        if (o != c && o->is_there && !has_owner(o, owner) &&
            (had_it || o->sequence > c->sequence)) {
            return true;
        }
    }
    return false;
}

size_t wallet_revoked_count(const struct wallet *w, const struct account *a)
{
    size_t count = 0;
    for (size_t i = 0; i < a->chain_count; i++) {
        const struct owner_chain *c = &a->chains[i];
        for (size_t k = 0; k < c->owner_count; k++) {
            count += wallet_owner_is_revoked(w, a, c, c->owners[k]);
        }
    }
    return count;
}

/* ---- what a reading says ---- */

static void fill(const struct wallet *w,
                 const struct account *a,
                 struct owner_chain *c,
                 const struct owner_view *v)
{
    const struct network *n = wallet_network(w, c->network);
    c->is_there = true;
    c->sequence = v->sequence;
    c->threshold = v->threshold;
    span_copy(MSPAN_OF(c->head), SPAN_OF(v->head));
    for (size_t i = 0; i < a->owner_count; i++) {
        struct smart_owner bytes = owner_bytes(n, &a->owners[i]);
        if (owner_view_has(v, &bytes)) {
            c->owners[c->owner_count++] = a->owners[i].id;
        }
    }
    c->unknown_count = v->count > c->owner_count ? v->count - c->owner_count : 0;
}

static bool is_equal(const struct owner_chain *a, const struct owner_chain *b)
{
    bool is_equal = a->is_there == b->is_there && a->sequence == b->sequence &&
                    a->threshold == b->threshold && is_same(a->head, b->head) &&
                    a->owner_count == b->owner_count && a->unknown_count == b->unknown_count &&
                    a->ready_at == b->ready_at && is_same(a->pending.bytes, b->pending.bytes) &&
                    figure_grade(&a->said) == figure_grade(&b->said);
    for (size_t i = 0; is_equal && i < a->owner_count; i++) {
        is_equal = id_equal(a->owners[i], b->owners[i]);
    }
    return is_equal;
}

/* The place of a network: its own, a free one, or that which was read longest ago. */
static struct owner_chain *place_of(struct account *a, struct id network)
{
    struct owner_chain *oldest = &a->chains[0];
    for (size_t i = 0; i < a->chain_count; i++) {
        struct owner_chain *c = &a->chains[i];
        if (id_equal(c->network, network)) {
            return c;
        }
        if (figure_as_of_ms(&c->said) < figure_as_of_ms(&oldest->said)) {
            oldest = c;
        }
    }
    return a->chain_count < ACCOUNT_CHAIN_COUNT_MAX ? &a->chains[a->chain_count++] : oldest;
}

static void learn(struct wallet *w, struct account *a, const struct owner_chain *fresh)
{
    struct owner_chain *place = place_of(a, fresh->network);
    bool is_known = id_equal(place->network, fresh->network);
    bool is_due = figure_as_of_ms(&fresh->said) >= figure_as_of_ms(&place->said) + ROW_WRITE_MS;
    bool changed = !is_known || !is_equal(place, fresh);
    if (!changed && !is_due) {
        place->said = fresh->said;
        return;
    }
    *place = *fresh;
    if (book_save_account(w, a) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "what a chain says of owners could not be stored");
    }
    if (changed) {
        queue_note(w, WALLET_ACCOUNTS_CHANGED);
    }
}

void owner_chains_read_view(struct wallet *w, const struct view *v)
{
    struct account *a = book_account(w, v->account);
    if (!a || a->kind != ACCOUNT_PASSKEY || (v->is_deployed && !owner_view_is_whole(&v->owners))) {
        return;
    }
    const struct wallet_source *s = &w->view_source;
    const struct network *n = wallet_network(w, v->network);
    const struct figure_said said = {.k = s->k ? s->k : 1,
                                     .n = s->n ? s->n : 1,
                                     .is_own_node = v->is_own_node,
                                     .is_local = n->kind == NETWORK_LOCAL,
                                     .is_disputed = s->is_disputed,
                                     .as_of_ms = v->as_of_ms};
    struct owner_chain c = {.network = v->network, .said = figure_say(U256_ZERO, &said)};
    if (v->is_deployed) {
        fill(w, a, &c, &v->owners);
    }
    for (size_t i = 0; v->is_deployed && i < a->change_count; i++) {
        const struct account_change *k = &a->changes[i];
        if (id_equal(k->network, v->network) && v->owners.ready_at[i] != 0 &&
            k->sequence == c.sequence + 1) {
            c.pending = k->id;
            c.ready_at = v->owners.ready_at[i];
        }
    }
    const struct owner_chain *old = wallet_owner_chain(a, v->network);
    if (c.ready_at == 0 && old && old->sequence == c.sequence && is_same(old->head, c.head)) {
        c.pending = old->pending; /* such a reading does not ask for what was carried */
        c.ready_at = old->ready_at;
    }
    learn(w, a, &c);
}

static struct account *account_at(struct wallet *w, struct address address)
{
    for (size_t i = 0; i < w->account_count; i++) {
        struct account *a = w->accounts[i];
        if (a->kind == ACCOUNT_PASSKEY && address_equal(a->address, address)) {
            return a;
        }
    }
    return NULL;
}

size_t owner_chains_probe(struct wallet *w,
                          const struct recovery_view *v,
                          struct hash32 ret[static LOOK_PROBE_COUNT])
{
    const struct account *a = account_at(w, v->address);
    size_t count = 0;
    bool is_whole = a && owner_view_is_whole(&v->owners);
    /* The newest first: of many attempts the last ones count. */
    for (size_t i = is_whole ? a->kept_count : 0; i > 0 && count < LOOK_PROBE_COUNT; i--) {
        if (follows(&a->kept[i - 1], v->owners.sequence, v->owners.head)) {
            ret[count++] = a->kept[i - 1].id;
        }
    }
    return count;
}

void owner_chains_read_look(struct wallet *w, const struct recovery_look *l)
{
    struct account *a = account_at(w, l->view.address);
    struct owner_chain c = {.network = l->view.network, .said = l->view.said};
    if (!a) {
        return;
    }
    if (l->view.is_there) {
        fill(w, a, &c, &l->view.owners);
    }
    for (size_t i = 0; i < l->probe_count; i++) {
        /* What waits counts more than what was stopped. */
        if (l->probe_ready_at[i] > c.ready_at) {
            c.pending = l->probes[i];
            c.ready_at = l->probe_ready_at[i];
        }
    }
    learn(w, a, &c);
}
