/* Rendezvous: a request to a point that has one registration; what decodes is written and decoded alike. Byte 0 seeds
 * the point, byte 1 chooses its memory. The same bytes are a value of the DHT, under a key of their own. */
#include "base/check.h"
#include "base/rng.h"
#include "crypto/backend.h"
#include "p2p/kad_signed.h"
#include "p2p/rendezvous.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const struct rendezvous_message *m)
{
    static uint8_t room[2 * RENDEZVOUS_LEN_MAX];
    if (m->type == RENDEZVOUS_DISCOVER_RESPONSE) {
        struct span body = m->body;
        struct rendezvous_message item;
        while (rendezvous_next(&item, &body)) {}
        return;
    }
    struct wr w = wr_init(MSPAN_OF(room));
    struct rendezvous_message b;
    rendezvous_encode(&w, m);
    check(wr_ok(&w));
    check(rendezvous_decode(&b, span_of(room, w.n)) == OK);
    check(b.type == m->type);
    check(span_equal(b.ns, m->ns));
    check(b.ttl_s == m->ttl_s);
    check(span_equal(b.record, m->record));
}

static void as_value(struct span in, struct budget *budget)
{
    struct kad_signed v;
    struct kad_signed_value opened;
    uint8_t id[34] = {0x12, 0x20};
    struct peer_id peer;
    uint8_t key[KAD_KEY_LEN_MAX];
    check(peer_id_decode(&peer, SPAN_OF(id)) == OK);
    struct wr w = wr_init(MSPAN_OF(key));
    kad_signed_write_key(&w, &peer, SPAN_EMPTY);
    kad_signed_init(&v, budget);
    check(kad_signed_open(&v, &opened, span_of(key, w.n), in, (walltime){0}) != OK);
    check(v.validator.compare(&v.validator, span_of(key, w.n), in, in) == 0);
    (void)!kad_signed_peer(&peer, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    check(crypto_init() == OK);
    static uint8_t room[2 * RENDEZVOUS_LEN_MAX];
    struct budget budget;
    struct rng_seeded rng;
    struct rendezvous point;
    struct rendezvous_message m;
    uint8_t id[34] = {0x12, 0x20, 1};
    struct peer_id peer;
    check(peer_id_decode(&peer, SPAN_OF(id)) == OK);
    budget_init(&budget, NULL, "fuzz", (size_t)1 << 20);
    rng_seeded_init(&rng, data[0]);
    struct span in = span_of(data + 2, size - 2);
    struct rendezvous_cfg cfg = {
        .parent = &budget, .rng = &rng.rng, .memory_max = 512 + data[1] * (size_t)1024};
    check(rendezvous_init(&point, &cfg) == OK);
    if (rendezvous_decode(&m, in) == OK) {
        again(&m);
    }
    struct wr w = wr_init(MSPAN_OF(room));
    enum err err = rendezvous_serve(&point, &w, (instant){.us = US_PER_S}, &peer, in);
    check(err != OK || w.n == 0 || rendezvous_decode(&m, span_of(room, w.n)) == OK);
    as_value(in, &budget);
    rendezvous_tick(&point, INSTANT_NEVER);
    rendezvous_done(&point);
    check(budget.used == 0);
    return 0;
}
