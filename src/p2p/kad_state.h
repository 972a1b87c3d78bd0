#ifndef P2P_KAD_STATE_H
#define P2P_KAD_STATE_H

#include "p2p/kad.h"

/* What the files of the DHT share among themselves; others use kad.h. */

enum {
    KAD_FOUND_MAX = 64,  /* providers, or answers about a peer, reported by one operation */
    KAD_CHECKS_MAX = 16, /* peers being tried for the table */
    KAD_SWEEPS = 3,      /* further lookups within a region */
    KAD_PROVIDER_KEY_LEN_MAX = 80,
};

/* ---- kad.c ---- */

/* kad_ask makes a query, which waits to be polled. op may be NULL. ERR_LIMIT. */
MUST_CHECK enum err
kad_ask(struct kad *k, struct kad_op *op, enum kad_type type, const struct kad_peer *peer);

/* kad_query_free forgets a query; if it was polled and is still under way, DROP is reported first. */
void kad_query_end(struct kad *k, struct kad_query *q);

/* kad_check asks a peer whether it answers, if the table would take it. */
void kad_check(struct kad *k, const struct kad_peer *peer);
const struct kad_validator *kad_validator_for(const struct kad *k, struct span key);
walltime kad_walltime(const struct kad *k);

/* kad_is_usable: has the peer an address that we would dial, or is it connected? */
bool kad_is_usable(const struct kad *k, const struct kad_peer *peer);

/* ---- kad_op.c ---- */

struct kad_op_start {
    enum kad_op_kind kind;
    struct span key;
    struct span value;
    struct kad_op_args args;
    struct kad_op *parent;
    bool is_silent;
};
MUST_CHECK enum err
kad_op_start(struct kad *k, struct kad_op **ret_op, const struct kad_op_start *start);
void kad_op_free(struct kad *k, struct kad_op *op);
void kad_op_advance(struct kad *k, struct kad_op *op);
void kad_op_answered(struct kad *k,
                     struct kad_op *op,
                     const struct kad_query *q,
                     const struct kad_message *message);
void kad_op_failed(struct kad *k, struct kad_op *op, const struct kad_query *q);
bool kad_op_poll(struct kad_op *op, struct kad_event *ret_event);
bool kad_op_has_news(const struct kad_op *op);
instant kad_op_deadline(const struct kad *k, const struct kad_op *op);
void kad_op_tick(struct kad *k, struct kad_op *op);
void kad_op_write(struct kad *k, struct wr *w, const struct kad_query *q);

/* kad_op_random_key draws a key whose place shares `bits` bits with target, and differs in the next if
 * is_exact; gives up after some tries with the best seen. */
struct kad_random_key {
    const struct kad_id *target;
    unsigned bits;
    bool is_exact;
};
void kad_random_key(struct kad *k, uint8_t ret_key[static 32], struct kad_random_key args);

/* ---- kad_bootstrap.c ---- */

void kad_bootstrap_tick(struct kad *k);
void kad_bootstrap_done(struct kad *k);

/* ---- kad_publish.c ---- */

MUST_CHECK enum err
kad_publish(struct kad *k, enum kad_op_kind kind, struct span key, struct span value);
void kad_publish_tick(struct kad *k);
instant kad_publish_deadline(const struct kad *k);
void kad_publish_done(struct kad *k);

#endif
