/* Guardians as a way in: what a reading says of them, the practice that proves it, and the names that the owner gives them. */
#include "base/check.h"
#include "crypto/hash.h"
#include "wallet/engine.h"

#include <string.h>

enum { STORED_FOR_MS = 24 * 3600 * 1000 };

static bool is_guardian(const struct smart_owner *a, const struct smart_owner *b)
{
    return span_equal(span_of(a->bytes, a->len), span_of(b->bytes, b->len));
}

/* An owner of the account who is its guardian too is a way in already, and lost with that. */
static bool is_outside(const struct recovery_view *v, const struct smart_owner *guardian)
{
    return !owner_view_has(&v->owners, guardian);
}

/* Guardians in the order of the contract, which changes only when they are set anew. */
static struct hash32 hash_list(const struct account_guardians *g)
{
    struct hash32 hash;
    struct span parts[2 * GUARDIAN_COUNT_MAX + 1];
    uint8_t lens[GUARDIAN_COUNT_MAX];
    uint8_t threshold[8];
    struct wr w = wr_init(MSPAN_OF(threshold));
    wr_be64(&w, g->threshold);
    parts[0] = SPAN_OF(threshold);
    for (size_t i = 0; i < g->count; i++) {
        lens[i] = (uint8_t)g->list[i].len;
        parts[2 * i + 1] = span_of(&lens[i], 1);
        parts[2 * i + 2] = span_of(g->list[i].bytes, g->list[i].len);
    }
    sha256_of(&hash, parts, 2 * g->count + 1);
    return hash;
}

static struct guardian_way way_of(const struct recovery_view *v)
{
    const struct account_guardians *g = &v->guardians;
    size_t outside = 0;
    for (size_t i = 0; i < g->count; i++) {
        outside += is_outside(v, &g->list[i]);
    }
    return (struct guardian_way){.network = v->network,
                                 .read_ms = v->as_of_ms,
                                 .count = (uint32_t)g->count,
                                 .threshold = (uint32_t)g->threshold,
                                 .is_enough = outside >= g->threshold &&
                                              g->threshold <= RECOVERY_ANSWER_COUNT_MAX,
                                 .list = hash_list(g)};
}

static void save(struct wallet *w, const struct account *a)
{
    if (book_save_account(w, a) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "what guardians are could not be stored");
    }
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
}

static struct account *own_at(struct wallet *w, struct address address)
{
    for (size_t i = 0; i < w->account_count; i++) {
        if (w->accounts[i]->kind == ACCOUNT_PASSKEY &&
            address_equal(w->accounts[i]->address, address)) {
            return w->accounts[i];
        }
    }
    return NULL;
}

static struct guardian_way *find_way(struct account *a, struct id network)
{
    for (size_t i = 0; i < a->guardian_way_count; i++) {
        if (id_equal(a->guardian_ways[i].network, network)) {
            return &a->guardian_ways[i];
        }
    }
    return NULL;
}

const struct guardian_way *wallet_guardian_way(const struct account *a, struct id network)
{
    for (size_t i = 0; i < a->guardian_way_count; i++) {
        if (id_equal(a->guardian_ways[i].network, network)) {
            return &a->guardian_ways[i];
        }
    }
    return NULL;
}

bool guardian_way_forget(struct account *a, struct id network)
{
    struct guardian_way *way = find_way(a, network);
    if (way) {
        *way = a->guardian_ways[--a->guardian_way_count];
    }
    return way != NULL;
}

/* A place for one more: that of the network that was read longest ago, if there is none. */
static struct guardian_way *add_way(struct account *a)
{
    if (a->guardian_way_count < GUARDIAN_WAY_COUNT_MAX) {
        return &a->guardian_ways[a->guardian_way_count++];
    }
    struct guardian_way *oldest = &a->guardian_ways[0];
    for (size_t i = 1; i < a->guardian_way_count; i++) {
        struct guardian_way *way = &a->guardian_ways[i];
        oldest = way->read_ms < oldest->read_ms ? way : oldest;
    }
    return oldest;
}

void guardian_way_learn(struct wallet *w, const struct recovery_view *v)
{
    struct account *a = own_at(w, v->address);
    if (!a) {
        return;
    }
    if (!v->is_version_2 || v->guardians.count == 0) {
        if (guardian_way_forget(a, v->network)) {
            save(w, a);
        }
        return;
    }
    struct guardian_way *kept = find_way(a, v->network);
    struct guardian_way way = way_of(v);
    bool is_known = kept && span_equal(SPAN_OF(way.list.bytes), SPAN_OF(kept->list.bytes));
    bool is_stored = is_known && kept->is_enough == way.is_enough &&
                     way.read_ms - kept->stored_ms < STORED_FOR_MS;
    way.proven_ms = is_known ? kept->proven_ms : 0;
    way.proven_by = is_known ? kept->proven_by : 0;
    way.stored_ms = is_stored ? kept->stored_ms : way.read_ms;
    kept = kept ? kept : add_way(a);
    *kept = way;
    if (!is_stored) { /* the page reads often: not each time is written */
        save(w, a);
    }
}

void guardian_way_practised(struct wallet *w,
                            struct wallet_time t,
                            const struct recovery_help *r,
                            const struct recovery_view *v)
{
    struct account *a = book_account(w, r->account);
    struct guardian_way *way = a ? find_way(a, r->network) : NULL;
    uint32_t by = 0;
    for (size_t i = 0; i < r->answer_count; i++) {
        by += is_outside(v, &r->answers[i].guardian);
    }
    if (way && by > 0 && by >= v->guardians.threshold) {
        way->proven_ms = t.unix_ms;
        way->proven_by = by;
        save(w, a);
    }
}

bool guardian_way_counts(const struct guardian_way *way, uint64_t unix_ms)
{
    return way && way->is_enough && !way_is_due(way->read_ms, unix_ms);
}

/* ---- names ---- */

struct span wallet_guardian_name(const struct account *a, const struct smart_owner *guardian)
{
    for (size_t i = 0; a && i < a->guardian_name_count; i++) {
        if (is_guardian(&a->guardian_names[i].guardian, guardian)) {
            return name_span(&a->guardian_names[i].name);
        }
    }
    return SPAN_EMPTY;
}

static void forget_name(struct account *a, size_t i)
{
    memmove(&a->guardian_names[i], &a->guardian_names[i + 1],
            (a->guardian_name_count - i - 1) * sizeof a->guardian_names[0]);
    a->guardian_name_count--;
}

enum err wallet_guardian_name_set(struct wallet *w,
                                  struct id account,
                                  const struct smart_owner *guardian,
                                  struct span name,
                                  struct coded *ret_why)
{
    struct account *a = book_account(w, account);
    struct guardian_name fresh = {.guardian = *guardian};
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    if (name.n > 0 && name_parse(&fresh.name, name) != OK) {
        coded_set(ret_why, "name_bad");
        coded_add_u64(ret_why, "max", NAME_LEN_MAX);
        return ERR_MALFORMED;
    }
    for (size_t i = a->guardian_name_count; i-- > 0;) {
        if (is_guardian(&a->guardian_names[i].guardian, guardian)) {
            forget_name(a, i);
        }
    }
    if (name.n > 0) {
        if (a->guardian_name_count == GUARDIAN_NAME_COUNT_MAX) {
            forget_name(a, 0);
        }
        a->guardian_names[a->guardian_name_count++] = fresh;
    }
    enum err err = book_save_account(w, a);
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return err == OK ? OK : store_refused(ret_why, err);
}
