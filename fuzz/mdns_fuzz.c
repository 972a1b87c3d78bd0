/* mDNS: a datagram from anybody, to an engine that announces an address. Byte 0 seeds it. */
#include "base/check.h"
#include "base/rng.h"
#include "crypto/backend.h"
#include "p2p/mdns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t addr[] = {4, 10, 0, 0, 1, 6, 0, 1};
    static const uint8_t id[34] = {0x12, 0x20, 1};
    if (size < 1) {
        return 0;
    }
    check(crypto_init() == OK);
    struct budget budget;
    struct rng_seeded rng;
    budget_init(&budget, NULL, "fuzz", (size_t)1 << 16);
    rng_seeded_init(&rng, data[0]);
    struct mdns_cfg cfg = {.rng = &rng.rng, .budget = &budget};
    check(peer_id_decode(&cfg.self, SPAN_OF(id)) == OK);
    static struct mdns m;
    instant now = {.us = US_PER_S};
    check(mdns_init(&m, &cfg, now) == OK);
    struct span own = SPAN_OF(addr);
    check(mdns_set_addrs(&m, &own, 1) == OK);
    mdns_recv(&m, now, span_of(data + 1, size - 1));
    struct mdns_found found;
    while (mdns_poll(&m, &found)) {
        check(found.addr_len > 0);
        check(multiaddr_validate(span_of(found.addr, found.addr_len), NULL) == OK);
    }
    for (unsigned i = 0; i < 4; i++) {
        uint8_t out[MDNS_SENT_LEN_MAX];
        now = mdns_deadline(&m);
        size_t n = mdns_send(&m, now, MSPAN_OF(out));
        uint64_t refused = m.refused_count;
        mdns_recv(&m, now, span_of(out, n));
        check(n > 0);
        check(m.refused_count == refused); /* what we say, we would read */
    }
    mdns_done(&m);
    check(budget.used == 0);
    return 0;
}
