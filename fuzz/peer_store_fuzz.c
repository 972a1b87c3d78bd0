/* What a disk says of a peer: whatever is taken in comes out again, and is taken in alike. */
#include "base/check.h"
#include "p2p/peer_store.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint64_t now = 1800000000;

static void init(struct peer_store *ps, struct budget *budget)
{
    struct peer_store_cfg cfg = {
        .peers_max = 2, .budget = budget, .seed = {1, 2}
    };
    budget_init(budget, NULL, "fuzz", 1 << 16);
    peer_store_init(ps, &cfg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct peer_store_change first;
    static struct peer_store_change second;
    struct budget budget;
    struct peer_store ps;
    init(&ps, &budget);
    bool is_taken = peer_store_load(&ps, span_of(data, size), now) == OK;
    if (is_taken) {
        const struct peer_store_peer *p = map_at(&ps.peers, 0)->value;
        struct peer_id id = p->id;
        peer_store_worked(&ps, &id, SPAN_LIT("\x04\x08\x08\x08\x08\x06\x0f\xa1"), now);
        check(peer_store_next_change(&ps, &first));
        check(!first.is_gone);
    }
    peer_store_done(&ps);
    check(budget.used == 0);
    if (is_taken) {
        init(&ps, &budget);
        check(peer_store_load(&ps, span_of(first.bytes, first.len), now) == OK);
        struct peer_id id = first.peer;
        peer_store_worked(&ps, &id, SPAN_LIT("\x04\x08\x08\x08\x08\x06\x0f\xa1"), now);
        check(peer_store_next_change(&ps, &second));
        check(span_equal(span_of(first.bytes, first.len), span_of(second.bytes, second.len)));
        peer_store_done(&ps);
    }
    return 0;
}
