/* The TLS channel as a listener sees it: byte 0 chooses the seed of the cuts, bytes 1 and 2 a byte of the honest
 * dialer's last flight and how it is changed, byte 3 a budget, byte 4 how many honest flights come first. Then come the
 * fuzzer's own bytes. It must end in a known state and give its memory back, and hand out no data before it is ready.
 * OpenSSL draws its own randomness, so the honest bytes differ from run to run. */
#include "base/check.h"
#include "base/rng.h"
#include "crypto/backend.h"
#include "p2p/key_signer.h"
#include "p2p/tls.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_identity identity;

static void start(void)
{
    static struct key_signer signer;
    static struct rng_seeded rng;
    struct secret32 seed = {.bytes = {3}};
    check(crypto_init() == OK);
    key_signer_init(&signer, &seed);
    rng_seeded_init(&rng, 4);
    check(tls_identity_init(&identity, &signer.signer, &rng.rng) == OK);
}

static void feed(struct tls *t, struct span in, struct rng *cuts)
{
    struct tls_event e;
    while (in.n > 0 && t->state < TLS_ENDED) {
        struct span piece = span_take(&in, (size_t)(1 + rng_below(cuts, 200)));
        while (piece.n > 0 && t->state < TLS_ENDED) {
            (void)tls_recv(t, (instant){0}, &piece);
            while (tls_poll(t, &e)) {
                check(e.kind != TLS_EVENT_DATA || (e.data.n > 0 && t->peer.n > 0));
                check(e.kind != TLS_EVENT_READY || e.peer.n > 0);
            }
        }
    }
}

static void talk(struct tls *from, struct tls *to, const uint8_t *change, struct rng *cuts)
{
    static uint8_t bytes[4096];
    size_t n = tls_send(from, (instant){0}, MSPAN_OF(bytes));
    if (change && n > 0) {
        bytes[change[1] % n] ^= change[0];
    }
    feed(to, span_of(bytes, n), cuts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    if (size < 5) {
        return 0;
    }
    if (!started) {
        start();
        started = true;
    }
    struct rng_seeded cuts;
    struct budget honest;
    struct budget tested;
    rng_seeded_init(&cuts, data[0]);
    budget_init(&honest, NULL, "fuzz", (size_t)1 << 20);
    budget_init(&tested, NULL, "fuzz", data[3] == 0 ? (size_t)1 << 20 : data[3] * 256U);
    struct tls_cfg cfg = {.identity = &identity, .unix_s = 1800000000, .budget = &tested};
    struct tls dialer = {0};
    struct tls listener = {0};
    if (tls_init(&listener, &cfg, (instant){0}) == OK) {
        cfg.is_client = true;
        cfg.budget = &honest;
        check(tls_init(&dialer, &cfg, (instant){0}) == OK);
        unsigned flights = data[4] % 3;
        for (unsigned i = 0; i < flights; i++) {
            talk(&dialer, &listener, i + 1 == flights ? data + 1 : NULL, &cuts.rng);
            talk(&listener, &dialer, NULL, &cuts.rng);
        }
        feed(&listener, span_of(data + 5, size - 5), &cuts.rng);
        tls_recv_end(&listener);
    }
    tls_done(&dialer);
    tls_done(&listener);
    check(honest.used == 0);
    check(tested.used == 0);
    return 0;
}
