/* The Noise channel as a responder sees it: byte 0 chooses the seed of the cuts, byte 1 how many bytes
 * of an honest initiator's messages come first, byte 2 a byte of those that is changed, byte 3 a budget.
 * Then come the fuzzer's own bytes. It must end in a known state and give its memory back, and never
 * hand out data that was not sealed. */
#include "base/check.h"
#include "base/rng.h"
#include "crypto/backend.h"
#include "p2p/key_signer.h"
#include "p2p/noise.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Both sides of the honest part; keys are fixed, so that a finding repeats. */
struct world {
    struct key_signer signer;
    struct noise_identity identity;
    struct rng_seeded rng;
    struct budget budget;
};

static void world_init(struct world *w)
{
    struct secret32 seed;
    memset(seed.bytes, 3, sizeof seed.bytes);
    check(crypto_init() == OK);
    key_signer_init(&w->signer, &seed);
    rng_seeded_init(&w->rng, 4);
    check(noise_identity_init(&w->identity, &w->signer.signer, &w->rng.rng) == OK);
}

static bool start(struct noise *n, struct world *w, struct budget *budget, bool is_initiator)
{
    struct noise_cfg cfg = {.is_initiator = is_initiator,
                            .identity = &w->identity,
                            .rng = &w->rng.rng,
                            .budget = budget};
    return noise_init(n, &cfg, (instant){0}) == OK;
}

static void feed(struct noise *n, struct span in, struct rng *cuts)
{
    struct noise_event e;
    while (in.n > 0 && n->state != NOISE_FAILED) {
        struct span piece = span_take(&in, (size_t)(1 + rng_below(cuts, 200)));
        while (piece.n > 0 && n->state != NOISE_FAILED) {
            (void)noise_recv(n, (instant){0}, &piece);
            while (noise_poll(n, &e)) {
                check(e.kind != NOISE_EVENT_DATA || e.data.n > 0);
            }
        }
    }
}

/* talk moves one side's handshake bytes to the other, all but the first `skip` changed by `flip`. */
static void talk(struct noise *from, struct noise *to, const uint8_t *control, struct rng *cuts)
{
    uint8_t bytes[1024];
    size_t n = noise_send(from, (instant){0}, MSPAN_OF(bytes));
    if (control && n > 0) {
        bytes[control[1] % n] ^= control[0];
    }
    feed(to, span_of(bytes, n), cuts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5) {
        return 0;
    }
    static struct world w;
    static bool ready;
    if (!ready) {
        world_init(&w);
        ready = true;
    }
    rng_seeded_init(&w.rng, 5);
    struct rng_seeded cuts;
    rng_seeded_init(&cuts, data[0]);
    struct budget honest;
    struct budget tested;
    budget_init(&honest, NULL, "fuzz", (size_t)1 << 20);
    budget_init(&tested, NULL, "fuzz", data[3] == 0 ? (size_t)1 << 20 : data[3] * 64U);
    struct noise initiator;
    struct noise responder;
    check(start(&initiator, &w, &honest, true));
    if (start(&responder, &w, &tested, false)) {
        unsigned honest_messages = data[4] % 3;
        for (unsigned i = 0; i < honest_messages; i++) {
            talk(&initiator, &responder, i + 1 == honest_messages ? data + 1 : NULL, &cuts.rng);
            talk(&responder, &initiator, NULL, &cuts.rng);
        }
        feed(&responder, span_of(data + 5, size - 5), &cuts.rng);
        noise_recv_end(&responder);
    }
    noise_done(&initiator);
    noise_done(&responder);
    check(honest.used == 0);
    check(tested.used == 0);
    return 0;
}
