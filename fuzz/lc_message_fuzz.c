/* Messages of the light client protocol: the first byte chooses fork and form. What is decoded has its committee inside the
 * message and as many branch nodes as the fork asks for; roots of it can be computed. */
#include "base/check.h"
#include "beacon/lc_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct chain_spec small_chain(void)
{
    struct chain_spec c = chain_mainnet;
    c.slots_per_epoch = 8;
    c.epochs_per_period = 8;
    c.committee_size = 32;
    for (enum beacon_fork f = FORK_ALTAIR; f < FORK_COUNT; f++) {
        c.forks[f].epoch = (uint64_t)f;
    }
    return c;
}

static void header_use(const struct chain_spec *c, const struct lc_header *h)
{
    struct hash32 root;
    lc_beacon_root(&root, &h->beacon);
    check(h->execution.extra_len <= LC_EXTRA_LEN_MAX);
    (void)lc_header_is_zero(h);
    (void)!lc_header_verify(h, c);
}

static void
update_use(const struct chain_spec *c, const struct fork_shape *shape, const struct lc_update *u)
{
    struct hash32 root;
    header_use(c, &u->attested);
    header_use(c, &u->finalized);
    check(lc_update_signers(u) <= c->committee_size);
    check(u->next_committee.n == 0 || u->next_committee.n == lc_committee_len(c));
    check(u->next_committee.n == 0 || u->next_depth == shape->committee_depth);
    check(u->finality_depth == 0 || u->finality_depth == shape->finality_depth);
    if (lc_update_has_committee(u)) {
        lc_committee_root(&root, u->next_committee);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct chain_spec c;
    static struct lc_update u;
    static struct lc_bootstrap b;
    if (size == 0) {
        return 0;
    }
    c = small_chain();
    enum beacon_fork fork = (enum beacon_fork)(data[0] / 4 % FORK_COUNT);
    const struct fork_shape *shape = fork_shape_of(fork);
    struct span in = span_of(data + 1, size - 1);
    enum err e = OK;
    switch (data[0] % 4) {
    case 0:  e = lc_bootstrap_decode(&b, &c, fork, in); break;
    case 1:  e = lc_update_decode(&u, &c, fork, in); break;
    case 2:  e = lc_finality_update_decode(&u, &c, fork, in); break;
    default: e = lc_optimistic_update_decode(&u, &c, fork, in); break;
    }
    if (e != OK) {
        return 0;
    }
    if (data[0] % 4 == 0) {
        header_use(&c, &b.header);
        check(b.committee.n == lc_committee_len(&c));
        check(b.committee_depth == shape->committee_depth);
    } else {
        update_use(&c, shape, &u);
    }
    return 0;
}
