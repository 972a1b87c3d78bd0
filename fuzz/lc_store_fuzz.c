/* A light client's store: two bytes of length, a bootstrap whose header is trusted, then an update. Whatever comes, a head is
 * shown only with two thirds behind it, nothing final goes back, and an error leaves the store as it was. */
#include "base/check.h"
#include "base/rd.h"
#include "beacon/lc_store.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The chain of src/beacon/maker_test.c with the last fork. */
static struct chain_spec made_chain(void)
{
    struct chain_spec c = {
        .name = "made",
        .genesis_time = 1600000000,
        .seconds_per_slot = 6,
        .slots_per_epoch = 8,
        .epochs_per_period = 8,
        .committee_size = 32,
        .genesis_validators_root = {{0x77, 1}},
    };
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        c.forks[f].version[0] = (uint8_t)(f + 1);
        c.forks[f].version[3] = 0xaa;
    }
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct chain_spec c;
    static struct lc_store store;
    static struct lc_store before;
    static struct lc_bootstrap bootstrap;
    static struct lc_update update;
    struct lc_checkpoint checkpoint = {.is_confirmed = true};
    struct rd r = rd_init(span_of(data, size));
    c = made_chain();
    struct span first = rd_bytes(&r, rd_le16(&r));
    if (!rd_ok(&r) || lc_bootstrap_decode(&bootstrap, &c, FORK_FULU, first) != OK) {
        return 0;
    }
    lc_beacon_root(&checkpoint.root, &bootstrap.header.beacon);
    walltime now = chain_slot_time(&c, bootstrap.header.beacon.slot);
    if (lc_store_init(&store, &c, &checkpoint, now, &bootstrap) != OK ||
        lc_update_decode(&update, &c, FORK_FULU, rd_rest(&r)) != OK) {
        return 0;
    }
    before = store;
    now = chain_slot_time(&c, update.signature_slot);
    if (lc_store_update(&store, now, &update) != OK) {
        check(memcmp(&before, &store, sizeof store) == 0);
        return 0;
    }
    struct lc_head head;
    if (lc_store_head(&store, now, &head) == OK) {
        check(3 * head.signers >= 2 * c.committee_size);
    }
    check(lc_store_finalized(&store)->beacon.slot >= bootstrap.header.beacon.slot);
    return 0;
}
