#ifndef SERVICE_STANDING_H
#define SERVICE_STANDING_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/span.h"
#include "evm/address.h"

#include <stdint.h>

/* Who has which standing with a server. When there is more to do than it can, those whom it does not know are turned away
 * first, then those who have not paid it. A peer is known that had STANDING_KNOWN_ANSWERS good answers, the first of them
 * STANDING_KNOWN_S ago; it is paying for STANDING_PAID_S after a fee of an operation that it brought is final. The operation's
 * sender is then its payment account.
 *
 * Whoever makes up peers makes strangers alone: they have their own half of the places, in which the longest unused goes
 * first. Memory: cfg.peers_max entries of about 200 bytes. */
enum {
    STANDING_KNOWN_ANSWERS = 8,
    STANDING_KNOWN_S = 60,
    STANDING_PAID_S = 86400,
};

enum standing { STANDING_UNKNOWN, STANDING_KNOWN, STANDING_PAYING, STANDING_COUNT };

struct standings {
    struct map peers; /* peer id -> struct standing_peer, of standing.c */
    struct pool pool;
    struct list lists[2]; /* strangers, then the others; the longest unused first */
    size_t counts[2];
    size_t each_max; /* of either */
};

struct standings_cfg {
    struct budget *budget;
    uint32_t peers_max; /* at least 2 */
    uint64_t seed[2];   /* random */
};
void standings_init(struct standings *x, const struct standings_cfg *cfg);
void standings_done(struct standings *x);

/* standings_answered: peer (at most MAP_KEY_LEN_MAX bytes) was given what it asked for. Without memory nothing is noted. */
void standings_answered(struct standings *x, struct span peer, instant now);

/* standings_paid: a fee of account's operation, which peer brought, is final. */
void standings_paid(struct standings *x, struct span peer, struct address account, instant now);

/* standings_of; *ret_account is set with PAYING. */
enum standing
standings_of(const struct standings *x, struct address *ret_account, struct span peer, instant now);

/* standing_name: "unknown", "known", "paying"; static. */
const char *standing_name(enum standing s);

#endif
