#include "beacon/lc_store.h"

#include "base/arith.h"
#include "base/check.h"
#include "beacon/ssz.h"

#include <string.h>

/* ---- what follows from headers and updates ---- */

static uint64_t period_of(const struct lc_store *s, uint64_t slot)
{
    return chain_period_of(s->chain, slot);
}

static struct lc_committee *current_committee(struct lc_store *s)
{
    return &s->committees[s->current];
}

static struct lc_committee *next_committee(struct lc_store *s)
{
    return &s->committees[1 - s->current];
}

static bool roots_equal(const struct hash32 *a, const struct hash32 *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool bytes_are_zero(struct span bytes)
{
    uint8_t any = 0;
    for (size_t i = 0; i < bytes.n; i++) {
        any |= bytes.p[i];
    }
    return any == 0;
}

/* committee_load decodes all keys: ERR_MALFORMED if one is none. They are not looked up in the group one by one: the chain
 * did that at deposit, and bls_aggregate_verify looks at their sum. */
static enum err
committee_load(struct lc_committee *c, struct span committee, const struct hash32 *root)
{
    c->is_known = false;
    for (size_t i = 0; committee.n > BLS_KEY_LEN; i++) {
        TRY(g1_decode(&c->keys[i], span_take(&committee, BLS_KEY_LEN).p));
    }
    c->root = *root;
    c->is_known = true;
    return OK;
}

/* SPEC consensus-specs/light-client §"initialize_light_client_store": the header is the trusted one, and the committee stands in its state. */
enum err lc_store_init(struct lc_store *s,
                       const struct chain_spec *chain,
                       const struct lc_checkpoint *checkpoint,
                       walltime now,
                       const struct lc_bootstrap *bootstrap)
{
    const struct lc_header *header = &bootstrap->header;
    enum beacon_fork fork;
    struct hash32 root;
    lc_beacon_root(&root, &header->beacon);
    if (!roots_equal(&root, &checkpoint->root)) {
        return ERR_AUTH;
    }
    walltime then = chain_slot_time(chain, header->beacon.slot);
    if (header->beacon.slot > chain_slot_at(chain, now)) {
        return ERR_STATE;
    }
    if (sub_sat_u64(now.s, then.s) > LC_CHECKPOINT_AGE_S_MAX && !checkpoint->is_confirmed) {
        return ERR_DENIED;
    }
    TRY(lc_header_verify(header, chain));
    TRY(chain_fork_at(&fork, chain, header->beacon.slot));
    struct ssz_branch branch = {.nodes = bootstrap->committee_branch,
                                .count = bootstrap->committee_depth};
    uint64_t index = fork_shape_of(fork)->current_committee_index;
    check(bootstrap->committee.n == lc_committee_len(chain));
    lc_committee_root(&root, bootstrap->committee);
    if (!ssz_branch_is_valid(&root, branch, index, &header->beacon.state_root)) {
        return ERR_AUTH;
    }
    memset(s, 0, sizeof *s);
    s->chain = chain;
    s->finalized = s->optimistic = s->final = *header;
    return committee_load(current_committee(s), bootstrap->committee, &root);
}

/* ---- validation, in the order of the specification ---- */

/* Checked before anything that costs: the slots and the periods. */
static enum err validate_slots(struct lc_store *s, walltime now, const struct lc_update *u)
{
    uint64_t attested = u->attested.beacon.slot;
    uint64_t store_period = period_of(s, s->finalized.beacon.slot);
    uint64_t signature_period = period_of(s, u->signature_slot);
    if (u->signature_slot <= attested || attested < u->finalized.beacon.slot) {
        return ERR_MALFORMED;
    }
    if (chain_slot_at(s->chain, now) < u->signature_slot) {
        return ERR_STATE;
    }
    bool follows = next_committee(s)->is_known && signature_period == store_period + 1;
    if (signature_period != store_period && !follows) {
        return ERR_STATE;
    }
    bool brings_committee = !next_committee(s)->is_known && lc_update_has_committee(u) &&
                            period_of(s, attested) == store_period;
    return attested > s->finalized.beacon.slot || brings_committee ? OK : ERR_STATE;
}

static enum err validate_finality(const struct lc_store *s,
                                  const struct lc_update *u,
                                  const struct fork_shape *shape)
{
    struct hash32 root = {{0}};
    if (!lc_update_has_finality(u)) {
        return lc_header_is_zero(&u->finalized) ? OK : ERR_MALFORMED;
    }
    if (u->finalized.beacon.slot == 0) { /* genesis stands there as zero */
        if (!lc_header_is_zero(&u->finalized)) {
            return ERR_MALFORMED;
        }
    } else {
        TRY(lc_header_verify(&u->finalized, s->chain));
        lc_beacon_root(&root, &u->finalized.beacon);
    }
    struct ssz_branch branch = {.nodes = u->finality_branch, .count = u->finality_depth};
    const struct hash32 *state = &u->attested.beacon.state_root;
    return ssz_branch_is_valid(&root, branch, shape->finalized_index, state) ? OK : ERR_AUTH;
}

/* *ret_root is that of the committee, if there is one. */
static enum err validate_committee(struct lc_store *s,
                                   struct hash32 *ret_root,
                                   const struct lc_update *u,
                                   const struct fork_shape *shape)
{
    if (!lc_update_has_committee(u)) {
        return bytes_are_zero(u->next_committee) ? OK : ERR_MALFORMED;
    }
    lc_committee_root(ret_root, u->next_committee);
    bool is_same_period = period_of(s, u->attested.beacon.slot) == lc_store_period(s);
    if (is_same_period && next_committee(s)->is_known &&
        !roots_equal(ret_root, &next_committee(s)->root)) {
        return ERR_AUTH;
    }
    struct ssz_branch branch = {.nodes = u->next_branch, .count = u->next_depth};
    const struct hash32 *state = &u->attested.beacon.state_root;
    return ssz_branch_is_valid(ret_root, branch, shape->next_committee_index, state) ? OK
                                                                                     : ERR_AUTH;
}

static enum err validate_signature(struct lc_store *s,
                                   const struct lc_update *u,
                                   const struct hash32 *attested_root)
{
    struct hash32 signing_root;
    bool is_current = period_of(s, u->signature_slot) == lc_store_period(s);
    const struct lc_committee *c = is_current ? current_committee(s) : next_committee(s);
    struct bls_signers signers = {
        .keys = c->keys, .bits = u->bits, .keys_count = s->chain->committee_size};
    TRY(chain_signing_root(&signing_root, s->chain, attested_root, u->signature_slot));
    return bls_aggregate_verify(&signers, SPAN_OF(signing_root.bytes), u->signature);
}

/* What validation has computed on its way. */
struct validated {
    struct hash32 attested_root;
    struct hash32 committee_root;
    size_t signers;
};

/* SPEC consensus-specs/light-client §"validate_light_client_update": every one of its assertions, the signature last because it costs most. */
static enum err
validate(struct lc_store *s, struct validated *ret, walltime now, const struct lc_update *u)
{
    enum beacon_fork fork;
    ret->signers = lc_update_signers(u);
    if (ret->signers == 0) {
        return ERR_MALFORMED;
    }
    TRY(validate_slots(s, now, u));
    TRY(lc_header_verify(&u->attested, s->chain));
    TRY(chain_fork_at(&fork, s->chain, u->attested.beacon.slot));
    TRY(validate_finality(s, u, fork_shape_of(fork)));
    TRY(validate_committee(s, &ret->committee_root, u, fork_shape_of(fork)));
    lc_beacon_root(&ret->attested_root, &u->attested.beacon);
    return validate_signature(s, u, &ret->attested_root);
}

/* ---- taking over ---- */

/* rank is what two updates are compared by, the first difference deciding. */
struct rank {
    bool is_two_thirds;
    bool has_relevant_committee;
    bool has_finality;
    bool has_committee_finality;
};

static struct rank rank_of(const struct lc_store *s, const struct lc_update *u)
{
    uint64_t attested_period = period_of(s, u->attested.beacon.slot);
    return (struct rank){
        .is_two_thirds = lc_is_two_thirds(s->chain, lc_update_signers(u)),
        .has_relevant_committee =
            lc_update_has_committee(u) && attested_period == period_of(s, u->signature_slot),
        .has_finality = lc_update_has_finality(u),
        .has_committee_finality =
            lc_update_has_finality(u) && attested_period == period_of(s, u->finalized.beacon.slot),
    };
}

/* SPEC consensus-specs/light-client §"is_better_update": by two thirds, by signers below that, by what it brings, then by signers and by age. */
static bool
is_better(const struct lc_store *s, const struct lc_update *a, const struct lc_update *b)
{
    struct rank x = rank_of(s, a);
    struct rank y = rank_of(s, b);
    size_t signers_x = lc_update_signers(a);
    size_t signers_y = lc_update_signers(b);
    if (x.is_two_thirds != y.is_two_thirds) {
        return x.is_two_thirds;
    }
    if (!x.is_two_thirds && signers_x != signers_y) {
        return signers_x > signers_y;
    }
    if (x.has_relevant_committee != y.has_relevant_committee) {
        return x.has_relevant_committee;
    }
    if (x.has_finality != y.has_finality) {
        return x.has_finality;
    }
    if (x.has_committee_finality != y.has_committee_finality) {
        return x.has_committee_finality;
    }
    if (signers_x != signers_y) {
        return signers_x > signers_y;
    }
    if (a->attested.beacon.slot != b->attested.beacon.slot) {
        return a->attested.beacon.slot < b->attested.beacon.slot;
    }
    return a->signature_slot < b->signature_slot;
}

static void keep_best(struct lc_store *s, const struct lc_update *u)
{
    if (s->has_best && !is_better(s, u, &s->best)) {
        return;
    }
    s->has_best = true;
    s->best = *u;
    s->best.next_committee =
        span_of(s->best_committee, span_copy(MSPAN_OF(s->best_committee), u->next_committee));
}

/* SPEC consensus-specs/light-client §"apply_light_client_update": a finalized header of the next period moves the committees on. The new one is decoded where the old one stood, which is
 * needed no more; if a key of it is none it stays unknown. An error leaves everything as it was. */
static enum err apply(struct lc_store *s, const struct lc_update *u)
{
    uint64_t store_period = lc_store_period(s);
    uint64_t finalized_period = period_of(s, u->finalized.beacon.slot);
    struct hash32 root;
    if (!next_committee(s)->is_known) {
        if (finalized_period != store_period) {
            return ERR_STATE;
        }
        if (lc_update_has_committee(u)) {
            lc_committee_root(&root, u->next_committee);
            TRY(committee_load(next_committee(s), u->next_committee, &root));
        }
    } else if (finalized_period == store_period + 1) {
        s->current = 1 - s->current;
        next_committee(s)->is_known = false;
        s->signers_max_previous = s->signers_max;
        s->signers_max = 0;
        if (lc_update_has_committee(u)) {
            lc_committee_root(&root, u->next_committee);
            (void)!committee_load(next_committee(s), u->next_committee, &root);
        }
    }
    if (u->finalized.beacon.slot > s->finalized.beacon.slot) {
        s->finalized = u->finalized;
    }
    if (s->finalized.beacon.slot > s->optimistic.beacon.slot) {
        s->optimistic = s->finalized;
    }
    return OK;
}

/* ---- what is shown ---- */

static void evidence_add(struct lc_store *s,
                         const struct lc_signed_head *first,
                         const struct lc_signed_head *second)
{
    struct lc_evidence *e = &s->evidence[s->evidence_count++ % LC_EVIDENCE_MAX];
    e->first = *first;
    e->second = *second;
}

static bool is_of_slot(const struct lc_signed_head *head, uint64_t slot)
{
    return head->signature_slot != 0 && head->beacon.slot == slot;
}

static bool head_is_known(const struct lc_store *s, const struct lc_signed_head *head)
{
    for (size_t i = 0; i < LC_HEADS_MAX; i++) {
        if (is_of_slot(&s->heads[i], head->beacon.slot) &&
            roots_equal(&s->heads[i].root, &head->root)) {
            return true;
        }
    }
    return false;
}

/* head_take keeps a header that two thirds have signed, and notices another one of its slot. */
static void head_take(struct lc_store *s, const struct lc_update *u, const struct validated *v)
{
    struct lc_signed_head head = {.beacon = u->attested.beacon,
                                  .root = v->attested_root,
                                  .signature_slot = u->signature_slot};
    memcpy(head.bits, u->bits, sizeof head.bits);
    memcpy(head.signature, u->signature, sizeof head.signature);
    if (!head_is_known(s, &head)) {
        for (size_t i = 0; i < LC_HEADS_MAX; i++) {
            if (is_of_slot(&s->heads[i], head.beacon.slot)) {
                evidence_add(s, &s->heads[i], &head);
            }
        }
        s->heads[s->heads_next++ % LC_HEADS_MAX] = head;
    }
    if (u->attested.beacon.slot > s->head.beacon.slot) {
        s->head = u->attested;
        s->head_signers = v->signers;
    }
}

/* SPEC consensus-specs/light-client §"process_light_client_update": the newest header moves above half of the best attendance, the finalized one from two thirds on. */
enum err lc_store_update(struct lc_store *s, walltime now, const struct lc_update *update)
{
    struct validated v;
    const struct lc_update *u = update;
    TRY(validate(s, &v, now, u));
    bool two_thirds = lc_is_two_thirds(s->chain, v.signers);
    bool brings_committee =
        !next_committee(s)->is_known && lc_update_has_committee(u) && lc_update_has_finality(u) &&
        period_of(s, u->finalized.beacon.slot) == period_of(s, u->attested.beacon.slot);
    bool is_newer = u->finalized.beacon.slot > s->finalized.beacon.slot;
    uint64_t signers_max = s->signers_max;
    s->signers_max = max_u64(signers_max, v.signers);
    uint64_t threshold = max_u64(s->signers_max_previous, s->signers_max) / 2;
    if (two_thirds && (is_newer || brings_committee)) {
        enum err e = apply(s, u);
        if (e != OK) {
            s->signers_max = signers_max;
            return e;
        }
        s->has_best = false;
    } else {
        keep_best(s, u);
    }
    if (v.signers > threshold && u->attested.beacon.slot > s->optimistic.beacon.slot) {
        s->optimistic = u->attested;
    }
    if (two_thirds) {
        head_take(s, u, &v);
        if (u->finalized.beacon.slot > s->final.beacon.slot) {
            s->final = u->finalized;
        }
    }
    return OK;
}

/* SPEC consensus-specs/light-client §"process_light_client_store_force_update": without finality for a period, the best attested header stands in for a finalized one. */
enum err lc_store_force(struct lc_store *s, walltime now, bool *ret_taken)
{
    uint64_t timeout = s->chain->slots_per_epoch * s->chain->epochs_per_period;
    *ret_taken = false;
    if (!s->has_best ||
        chain_slot_at(s->chain, now) <= add_sat_u64(s->finalized.beacon.slot, timeout)) {
        return OK;
    }
    if (s->best.finalized.beacon.slot <= s->finalized.beacon.slot) {
        s->best.finalized = s->best.attested;
    }
    s->has_best = false;
    TRY(apply(s, &s->best));
    *ret_taken = true;
    return OK;
}

/* What is finalized has settled which of two headers was the chain's. */
static bool is_disputed(const struct lc_store *s)
{
    for (size_t i = 0; lc_store_evidence(s, i); i++) {
        if (lc_store_evidence(s, i)->first.beacon.slot > s->final.beacon.slot) {
            return true;
        }
    }
    return false;
}

enum err lc_store_head(const struct lc_store *s, walltime now, struct lc_head *ret_head)
{
    if (s->head_signers == 0) {
        return ERR_NOT_FOUND;
    }
    uint64_t slot = s->head.beacon.slot;
    uint64_t age_s = sub_sat_u64(now.s, chain_slot_time(s->chain, slot).s);
    if (age_s > LC_STALE_S_MAX) {
        return ERR_TIMEOUT;
    }
    *ret_head = (struct lc_head){
        .header = &s->head,
        .signers = s->head_signers,
        .freshness = age_s > LC_FRESH_S_MAX ? LC_STALE : LC_FRESH,
        .age_s = age_s,
        .is_disputed = is_disputed(s),
    };
    return OK;
}

const struct lc_header *lc_store_finalized(const struct lc_store *s)
{
    return &s->final;
}

const struct lc_evidence *lc_store_evidence(const struct lc_store *s, size_t i)
{
    size_t kept = min_size(s->evidence_count, LC_EVIDENCE_MAX);
    return i < kept ? &s->evidence[(s->evidence_count - 1 - i) % LC_EVIDENCE_MAX] : NULL;
}

uint64_t lc_store_period(const struct lc_store *s)
{
    return period_of(s, s->finalized.beacon.slot);
}

bool lc_store_knows_next(const struct lc_store *s)
{
    return s->committees[1 - s->current].is_known;
}

bool lc_store_updates_due(const struct lc_store *s,
                          walltime now,
                          bool asks_next,
                          uint64_t *ret_period,
                          uint64_t *ret_count)
{
    uint64_t period = period_of(s, chain_slot_at(s->chain, now));
    uint64_t known = lc_store_period(s);
    bool knows_next = lc_store_knows_next(s);
    uint64_t first =
        known + knows_next; /* the update of a period brings the next one's committee */
    *ret_period = first;
    *ret_count = period > first ? period - first + asks_next : 1;
    /* With the next committee known, heads of its period can be verified before the store itself has reached it. */
    return period > known + knows_next || (asks_next && !knows_next);
}
