/* Circuit relay and DCUtR: what decodes is written and decoded alike; addresses through relays likewise. The same bytes
 * drive the accounts of a relay: reservations, circuits, time. Byte 0 chooses its memory. */
#include "base/check.h"
#include "base/rng.h"
#include "crypto/backend.h"
#include "p2p/circuit_addr.h"
#include "p2p/circuit_message.h"
#include "p2p/dcutr_message.h"
#include "p2p/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_message(enum circuit_protocol protocol, struct span in)
{
    static uint8_t room[2 * CIRCUIT_MESSAGE_LEN_MAX];
    struct circuit_message m;
    struct circuit_message b;
    if (circuit_message_decode(&m, protocol, in) != OK) {
        return;
    }
    struct wr w = wr_init(MSPAN_OF(room));
    circuit_message_encode(&w, protocol, &m);
    check(wr_ok(&w));
    check(w.n > CIRCUIT_MESSAGE_LEN_MAX ||
          circuit_message_decode(&b, protocol, span_of(room, w.n)) == OK);
    if (w.n <= CIRCUIT_MESSAGE_LEN_MAX) {
        check(b.type == m.type && b.status == m.status && b.expires_s == m.expires_s);
        check(span_equal(b.peer, m.peer) && span_equal(b.voucher, m.voucher));
        check(b.addrs_count == m.addrs_count);
        check(b.limit.data_len == m.limit.data_len && b.limit.duration_s == m.limit.duration_s);
    }
}

static void as_dcutr(struct span in)
{
    static uint8_t room[2 * DCUTR_MESSAGE_LEN_MAX];
    struct dcutr_message m;
    struct dcutr_message b;
    if (dcutr_message_decode(&m, in) == OK) {
        struct wr w = wr_init(MSPAN_OF(room));
        dcutr_message_encode(&w, &m);
        check(dcutr_message_decode(&b, span_of(room, w.n)) == OK);
        check(b.type == m.type && b.addrs_count == m.addrs_count);
    }
}

static void as_addr(struct span in)
{
    uint8_t room[512];
    struct circuit_addr a;
    struct circuit_addr b;
    if (circuit_addr_read(&a, in) == OK) {
        struct wr w = wr_init(MSPAN_OF(room));
        circuit_addr_write(&w, &a);
        check(wr_ok(&w));
        check(circuit_addr_read(&b, span_of(room, w.n)) == OK);
        check(peer_id_equal(&a.relay, &b.relay) && peer_id_equal(&a.target, &b.target));
        check(span_equal(a.transport, b.transport));
    }
}

static struct peer_id peer_of(uint8_t i)
{
    uint8_t id[34] = {0x12, 0x20, i};
    struct peer_id peer;
    check(peer_id_decode(&peer, SPAN_OF(id)) == OK);
    return peer;
}

/* as_life takes three bytes a step: what, who, with whom. */
static void as_life(struct span in, size_t memory)
{
    struct budget budget;
    struct rng_seeded rng;
    struct relay r;
    uint8_t open[8][8] = {0};
    instant now = {.us = US_PER_S};
    budget_init(&budget, NULL, "fuzz", memory);
    rng_seeded_init(&rng, 1);
    struct relay_cfg cfg = {.reservations_max = 5,
                            .reservations_per_group_max = 3,
                            .circuits_max = 6,
                            .circuits_per_peer_max = 3,
                            .ttl_s = 10,
                            .rng = &rng.rng,
                            .parent = &budget};
    check(relay_init(&r, &cfg) == OK);
    for (; in.n >= 3; in = span_from(in, 3)) {
        uint8_t a = in.p[1] & 7;
        uint8_t b = in.p[2] & 7;
        struct peer_id pa = peer_of(a);
        struct peer_id pb = peer_of(b);
        uint8_t addr[8] = {4, in.p[2], 0, 0, a, 6, 0, 1}; /* /ip4/X.0.0.A/tcp/1 */
        switch (in.p[0] & 3) {
        case 0:
            (void)relay_reserve(
                &r, (struct relay_ask){.peer = &pa, .remote = SPAN_OF(addr), .now = now});
            break;
        case 1:
            open[a][b] = (uint8_t)(open[a][b] + (relay_open(&r, &pa, &pb) == CIRCUIT_OK));
            break;
        case 2:
            if (open[a][b] > 0) {
                relay_close(&r, &pa, &pb);
                open[a][b]--;
            } else {
                relay_drop(&r, &pa);
            }
            break;
        default:
            now = instant_add(now, in.p[1] * US_PER_S / 16);
            relay_tick(&r, now);
            break;
        }
        check(r.reservations.count <= 5 && r.circuits_count <= 6 && budget.used <= memory);
    }
    relay_done(&r);
    check(budget.used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    check(crypto_init() == OK);
    struct budget budget;
    struct circuit_voucher v;
    struct span in = span_of(data + 1, size - 1);
    budget_init(&budget, NULL, "fuzz", (size_t)1 << 20);
    as_message(CIRCUIT_HOP, in);
    as_message(CIRCUIT_STOP, in);
    as_dcutr(in);
    as_addr(in);
    (void)!circuit_voucher_open(&v, in, &budget);
    as_life(in, data[0] * (size_t)256);
    check(budget.used == 0);
    return 0;
}
