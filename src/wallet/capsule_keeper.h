#ifndef WALLET_CAPSULE_KEEPER_H
#define WALLET_CAPSULE_KEEPER_H

#include "base/budget.h"
#include "base/rng.h"
#include "service/keep.h"
#include "service/quota.h"
#include "wallet/capsule_copy.h"

/* A server's shelf of sealed vaults, each under the locator of a passkey (docs/vault.md "Copies with peers"). It gives one away against a fresh assertion of that passkey alone, and
 * takes a newer one in its place from the same vault alone. It has no disk: the driver's shelf has.
 *
 * What a stranger can do: put capsules of its own, within its quota, until the shelf is full; learn of a locator that it already knows whether it is here. */

/* Where the records stand; embed as first member. load appends to ret: ERR_NOT_FOUND; next gives the first locator behind after, all of them in order. */
struct capsule_shelf {
    enum err (*load)(struct capsule_shelf *self, const struct hash32 *locator, struct buf *ret);
    enum err (*put)(struct capsule_shelf *self, const struct hash32 *locator, struct span record);
    enum err (*remove)(struct capsule_shelf *self, const struct hash32 *locator);
    enum err (*next)(struct capsule_shelf *self, const struct hash32 *after, struct hash32 *ret);
};

enum {
    KEEPER_LIFE_S = 90 * 24 * 3600, /* of a copy that nobody brings again */
    KEEPER_NONCE_S = 300,           /* a nonce holds so long, and at most twice as long */
    KEEPER_RECORD_LEN_MAX = 1 + 8 + COPY_PUT_LEN_MAX,
    KEEPER_PUTS_MAX =
        8, /* copies that a peer may bring at once; one more comes back every PUT_BACK_S */
    KEEPER_GROUP_PUTS_MAX = 64, /* and its network */
    KEEPER_GETS_MAX =
        6, /* questions for one locator at once; one more comes back every GET_BACK_S */
    KEEPER_BACK_S = 600,
};

struct capsule_keeper_cfg {
    struct budget *budget;
    struct rng *rng;
    struct capsule_shelf *shelf;
    uint32_t copies_max;
    uint64_t (*unix_s)(void *user);
    void *user;
};

struct capsule_keeper {
    struct service_keeper port; /* first */
    struct capsule_keeper_cfg cfg;
    struct secret32
        nonce_key; /* nonces are made of it, the peer and the time: nothing is remembered for them */
    struct quota puts;
    struct quota group_puts;
    struct quota gets;
    uint32_t copies;
    uint64_t swept_s;         /* when what is too old was last looked for */
    struct capsule_head head; /* of what is looked at: too large for a stack */
    struct capsule_head old_head;
    struct buf record;
    struct buf body;
};

/* capsule_keeper_init looks through the shelf. The shelf's errors; ERR_LIMIT: no memory. */
MUST_CHECK enum err capsule_keeper_init(struct capsule_keeper *k,
                                        const struct capsule_keeper_cfg *cfg);
void capsule_keeper_done(struct capsule_keeper *k);

#endif
