#ifndef BEACON_LC_STORE_H
#define BEACON_LC_STORE_H

#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "beacon/bls.h"
#include "beacon/chain_spec.h"
#include "beacon/lc_message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*~ The light client of one chain. It starts from a checkpoint that somebody trusted has named, and follows the chain by
 * what its sync committees sign. Bytes come from strangers, time comes as an argument, and what comes out is proven:
 *
 *     checkpoint ── lc_store_init(bootstrap) ──▶ committee of its period
 *     update of each period ── lc_store_update ──▶ next committee, finalized header
 *     finality and optimistic updates ── lc_store_update ──▶ newer headers
 *     lc_store_head, lc_store_finalized ──▶ what may be shown
 *
 * The store is that of the specification. What is shown is stricter: the specification takes a newest header from as few
 * as one signer, so heads are kept apart here, and only those with two thirds of the committee behind them. */
enum {
    LC_CHECKPOINT_AGE_S_MAX =
        14 * 24 * 3600,   /* the weak subjectivity of the validator set, with room */
    LC_FRESH_S_MAX = 60,  /* a head that is older is marked */
    LC_STALE_S_MAX = 300, /* and from here on none at all is shown */
    LC_HEADS_MAX = 16,    /* signed heads remembered, so that a second one for a slot is noticed */
    LC_EVIDENCE_MAX = 4,
};

/* The root of a finalized block, from the release or from the person. */
struct lc_checkpoint {
    struct hash32 root;
    bool
        is_confirmed; /* two operators outside of the person's servers have named it too: it may then be older */
};

/* A header that two thirds of a committee have signed, with what shows it to a third party. */
struct lc_signed_head {
    struct lc_beacon beacon;
    struct hash32 root;
    uint8_t bits[LC_BITS_LEN_MAX];
    uint8_t signature[BLS_SIGNATURE_LEN];
    uint64_t signature_slot;
};

/* Two different blocks of one slot, both signed: somebody is cheating the chain, or us. */
struct lc_evidence {
    struct lc_signed_head first;
    struct lc_signed_head second;
};

struct lc_committee {
    bool is_known;
    struct hash32 root;
    struct g1 keys[CHAIN_COMMITTEE_MAX];
};

/* Fields are the store's own; read through the functions below. About 135 KiB. */
struct lc_store {
    const struct chain_spec *chain;
    struct lc_header finalized;
    struct lc_header optimistic;
    struct lc_committee committees[2];
    unsigned
        current; /* which of them signs in the period of finalized; the other one in the next */
    uint64_t signers_max_previous;
    uint64_t signers_max;
    bool has_best;
    struct lc_update best; /* what a force update would take */
    uint8_t best_committee[LC_COMMITTEE_LEN_MAX];
    /* What may be shown. */
    struct lc_header head;
    size_t head_signers;
    struct lc_header final; /* as finalized, but never by force */
    struct lc_signed_head heads[LC_HEADS_MAX];
    size_t heads_next;
    struct lc_evidence evidence[LC_EVIDENCE_MAX];
    size_t evidence_count; /* all that there were; the last LC_EVIDENCE_MAX are kept */
};

/* lc_store_init starts from a checkpoint and the bootstrap that a server gave for it. ERR_AUTH: the bootstrap is not of this
 * checkpoint or its committee is not proven; ERR_DENIED: the checkpoint is older than LC_CHECKPOINT_AGE_S_MAX and not confirmed;
 * ERR_STATE: it lies in the future; ERR_UNSUPPORTED: before Altair; ERR_MALFORMED: a key of the committee.
 * After an error s is not to be used. chain is kept. */
MUST_CHECK enum err lc_store_init(struct lc_store *s,
                                  const struct chain_spec *chain,
                                  const struct lc_checkpoint *checkpoint,
                                  walltime now,
                                  const struct lc_bootstrap *bootstrap);

/* lc_store_update validates an update of any of the three forms and takes from it what is new. On any error the store is as
 * before. ERR_STATE: it tells nothing new, is of a period that does not follow, or lies in the future: not a lie by itself.
 * ERR_AUTH: a branch or the signature does not hold; ERR_MALFORMED; ERR_UNSUPPORTED. */
MUST_CHECK enum err
lc_store_update(struct lc_store *s, walltime now, const struct lc_update *update);

/* lc_store_force takes the best update seen when a whole period has passed without finality, as the specification says. What
 * it brings is not shown as final. True if something was taken. */
MUST_CHECK enum err lc_store_force(struct lc_store *s, walltime now, bool *ret_taken);

enum lc_freshness {
    LC_FRESH,
    LC_STALE, /* shown with a mark */
};

struct lc_head {
    const struct lc_header *header; /* lives until the next call that changes the store */
    size_t signers;
    enum lc_freshness freshness;
    uint64_t age_s;
    bool
        is_disputed; /* there is evidence for a slot that is not final yet: show the finalized header instead */
};

/* lc_store_head gives the newest header that two thirds have signed. ERR_NOT_FOUND: there is none yet; ERR_TIMEOUT: it is
 * older than LC_STALE_S_MAX by the given clock. */
MUST_CHECK enum err lc_store_head(const struct lc_store *s, walltime now, struct lc_head *ret_head);

/* lc_store_finalized is the newest finalized header: that of the checkpoint at first. */
const struct lc_header *lc_store_finalized(const struct lc_store *s);

/* lc_store_evidence gives the i-th newest; NULL if there are fewer. */
const struct lc_evidence *lc_store_evidence(const struct lc_store *s, size_t i);

/* lc_store_period is the period whose committee signs in the store now, and whether the one after it is known. */
uint64_t lc_store_period(const struct lc_store *s);
bool lc_store_knows_next(const struct lc_store *s);

/* lc_store_updates_due: must updates of committees be asked for before newer heads can be verified? Then *ret_period is the first,
 * *ret_count their number, at least 1. asks_next: the next committee is asked for too, ahead of its period. */
bool lc_store_updates_due(const struct lc_store *s,
                          walltime now,
                          bool asks_next,
                          uint64_t *ret_period,
                          uint64_t *ret_count);

#endif
