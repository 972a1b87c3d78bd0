/* Noise handshakes per second of one core, responder's side, beside what the primitives alone allow; and
 * the rate of the cipher alone. Time is the thread's CPU time, so that a busy machine does not count. Each
 * line: name, value. */
#include "base/check.h"
#include "crypto/backend.h"
#include "p2p/key_signer.h"
#include "p2p/noise.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5, HANDSHAKES = 1000, SEALS = 4000 };

static double cpu_s(void)
{
    struct timespec t;
    check(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct side {
    struct key_signer signer;
    struct noise_identity identity;
    struct noise noise;
};

static struct rng_seeded rng;
static struct budget budget;

static void side_init(struct side *s, uint8_t fill)
{
    struct secret32 seed;
    memset(seed.bytes, fill, sizeof seed.bytes);
    key_signer_init(&s->signer, &seed);
    check(noise_identity_init(&s->identity, &s->signer.signer, &rng.rng) == OK);
}

static void start(struct side *s, bool is_initiator)
{
    struct noise_cfg cfg = {
        .is_initiator = is_initiator, .identity = &s->identity, .rng = &rng.rng, .budget = &budget};
    check(noise_init(&s->noise, &cfg, (instant){0}) == OK);
}

/* hear gives bytes and drains the events. */
static void hear(struct side *s, struct span in)
{
    struct noise_event e;
    check(noise_recv(&s->noise, (instant){0}, &in) == OK);
    while (noise_poll(&s->noise, &e)) {
        check(e.kind == NOISE_EVENT_READY);
    }
}

static size_t say(struct side *s, struct mspan out)
{
    return noise_send(&s->noise, (instant){0}, out);
}

/* handshake runs one, and gives the CPU time of the responder. */
static double handshake(struct side *a, struct side *b)
{
    uint8_t bytes[1024];
    start(a, true);
    size_t n = say(a, MSPAN_OF(bytes));
    double t0 = cpu_s();
    start(b, false);
    hear(b, span_of(bytes, n));
    n = say(b, MSPAN_OF(bytes));
    double t1 = cpu_s();
    hear(a, span_of(bytes, n));
    n = say(a, MSPAN_OF(bytes));
    double t2 = cpu_s();
    hear(b, span_of(bytes, n));
    double t3 = cpu_s();
    check(noise_can_seal(&a->noise) && noise_can_seal(&b->noise));
    noise_done(&a->noise);
    noise_done(&b->noise);
    return (t1 - t0) + (t3 - t2);
}

static void bench_handshakes(void)
{
    static struct side a;
    static struct side b;
    side_init(&a, 1);
    side_init(&b, 2);
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        double s = 0;
        for (int i = 0; i < HANDSHAKES; i++) {
            s += handshake(&a, &b);
        }
        double rate = (double)HANDSHAKES / s;
        best = rate > best ? rate : best;
    }
    (void)printf("noise_handshakes_per_s %.0f\n", best);
}

/* What a responder cannot do without: one ephemeral key, three shared secrets, one verified signature. */
static void bench_primitives(void)
{
    static struct key_signer signer;
    struct secret32 seed = {{3}};
    key_signer_init(&signer, &seed);
    struct ed25519_public public_bytes;
    struct ed25519_signature sig;
    uint8_t message[56] = {0};
    ed25519_key_public(&public_bytes, &signer.key);
    ed25519_sign(&sig, &signer.key, SPAN_OF(message));
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        double t0 = cpu_s();
        for (int i = 0; i < HANDSHAKES; i++) {
            struct x25519_key key;
            struct secret32 shared;
            check(x25519_key_init(&key, &seed) == OK);
            for (int j = 0; j < 3; j++) {
                check(x25519_shared(&shared, &key, key.public_bytes) == OK);
            }
            check(ed25519_verify(&public_bytes, SPAN_OF(message), SPAN_OF(sig.bytes)) == OK);
        }
        double rate = (double)HANDSHAKES / (cpu_s() - t0);
        best = rate > best ? rate : best;
    }
    (void)printf("noise_primitives_per_s %.0f\n", best);
}

static void bench_aead(void)
{
    static uint8_t frame[NOISE_PLAIN_LEN_MAX + AEAD_TAG_LEN];
    struct secret32 key = {{4}};
    struct aead a = {0};
    uint8_t nonce[AEAD_NONCE_LEN] = {0};
    check(aead_init(&a, &budget, AEAD_CHACHA20_POLY1305, &key) == OK);
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        double t0 = cpu_s();
        for (int i = 0; i < SEALS; i++) {
            nonce[0]++;
            check(aead_seal(&a, MSPAN_OF(frame), nonce, SPAN_EMPTY,
                            span_of(frame, NOISE_PLAIN_LEN_MAX)) == OK);
        }
        double rate = (double)SEALS * (double)NOISE_PLAIN_LEN_MAX / 1e6 / (cpu_s() - t0);
        best = rate > best ? rate : best;
    }
    aead_done(&a);
    (void)printf("aead_mb_per_s %.0f\n", best);
}

int main(void)
{
    check(crypto_init() == OK);
    rng_seeded_init(&rng, 1);
    budget_init(&budget, NULL, "system", (size_t)64 << 20);
    bench_handshakes();
    bench_primitives();
    bench_aead();
    return 0;
}
