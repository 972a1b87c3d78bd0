#ifndef SERVICE_LOSS_H
#define SERVICE_LOSS_H

#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/* How much gas a bundler may lose in an hour: to one peer, to one network group, and in all. What an operation could
 * cost is reserved while it is on its way, and is charged if it was lost. Hours are counted from the first
 * reservation of each key, so the worst is two limits within one hour across a border. */
enum { LOSS_KEYS_MAX = 256, LOSS_KEY_LEN_MAX = 64 };

struct loss_limits {
    uint64_t per_peer; /* gas an hour */
    uint64_t per_group;
    uint64_t total;
};

struct loss_key {
    uint8_t peer[LOSS_KEY_LEN_MAX];
    uint8_t peer_len;
    uint8_t group[LOSS_KEY_LEN_MAX];
    uint8_t group_len;
};

struct loss_entry {
    uint8_t key[LOSS_KEY_LEN_MAX + 1]; /* a letter for the kind in front */
    uint8_t key_len;                   /* 0 = free */
    instant since;                     /* start of the hour */
    uint64_t lost;                     /* gas in this hour */
    uint64_t reserved;                 /* gas */
};

struct loss {
    struct loss_limits limits;
    struct loss_entry total;
    struct loss_entry entries[LOSS_KEYS_MAX];
};

void loss_init(struct loss *l, struct loss_limits limits);

/* loss_key_init: ERR_LIMIT if a name is longer than LOSS_KEY_LEN_MAX. An empty group is none. */
MUST_CHECK enum err loss_key_init(struct loss_key *ret, struct span peer, struct span group);

/* loss_reserve: ERR_DENIED: the peer, its group or all have lost too much; ERR_LIMIT: too many keys are in use. */
MUST_CHECK enum err
loss_reserve(struct loss *l, const struct loss_key *key, uint64_t gas, instant now);

/* loss_settle gives a reservation back and charges what was really lost. */
struct loss_settlement {
    uint64_t reserved;
    uint64_t lost;
};
void loss_settle(struct loss *l, const struct loss_key *key, struct loss_settlement s, instant now);

#endif
