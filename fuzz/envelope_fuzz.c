/* Envelopes and peer records: spans lie inside the input, a record only opens if it is signed, and the
 * signed form is told from other bytes. */
#include "base/check.h"
#include "crypto/backend.h"
#include "p2p/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct span s, struct span in)
{
    check(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(crypto_init() == OK);
    struct span in = span_of(data, size);
    struct budget budget;
    budget_init(&budget, NULL, "fuzz", (size_t)1 << 16);
    (void)envelope_is_signable(in);
    struct envelope e;
    struct peer_id signer;
    if (envelope_decode(&e, in) == OK) {
        check_inside(e.public_key, in);
        check_inside(e.payload, in);
        if (envelope_verify(&signer, &e, SPAN_LIT("libp2p-testing"), &budget) == OK) {
            check(signer.n > 0);
        }
    }
    struct peer_record r;
    if (peer_record_decode(&r, in) == OK) {
        check(r.addrs_count <= PEER_RECORD_ADDRS_MAX);
        for (size_t i = 0; i < r.addrs_count; i++) {
            check_inside(r.addrs[i], in);
        }
    }
    if (peer_record_open(&r, in, &budget) == OK) {
        check(r.peer.n > 0);
    }
    check(budget.used == 0);
    return 0;
}
