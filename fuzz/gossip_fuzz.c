/* Gossipsub: bytes are an RPC to a node that has peers, a topic and a message; then its heartbeats, and the RPC once
 * more from another peer. Byte 0 seeds the node, byte 1 chooses its memory, byte 2 how topics are signed and the peer's version. */
#include "base/check.h"
#include "base/rng.h"
#include "crypto/backend.h"
#include "p2p/gossip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct peer_id peer_of(uint8_t i)
{
    struct peer_id id;
    uint8_t bytes[34] = {0x12, 0x20, i};
    check(peer_id_decode(&id, SPAN_OF(bytes)) == OK);
    return id;
}

static void drain(struct gossip *g, struct budget *budget)
{
    struct gossip_event e;
    struct peer_id to;
    unsigned verdict = 0;
    while (gossip_poll(g, &e)) {
        if (e.kind == GOSSIP_EVENT_MESSAGE) {
            gossip_validated(g, g->now, e.message, (enum gossip_verdict)(verdict++ % 3));
        }
    }
    while (gossip_next_peer(g, &to)) {
        AUTO(buf_done) struct buf rpc = {0};
        buf_init(&rpc, budget, 2 * GOSSIP_RPC_LEN_MAX);
        while (gossip_take_rpc(g, &to, &rpc, 4096)) {
            check(gossip_rpc_check(buf_span(&rpc)) == OK); /* what we say, we would read */
            buf_clear(&rpc);
        }
    }
}

static void walk(struct span rpc)
{
    struct gossip_cursor c = gossip_cursor_init(rpc);
    struct gossip_item item;
    bool good = gossip_rpc_check(rpc) == OK;
    unsigned count = 0;
    while (gossip_next_item(&item, &c)) {
        struct span rest = item.raw;
        struct span id;
        while (gossip_next_id(&id, GOSSIP_IWANT, &rest)) {}
        count++;
    }
    check(!good ||
          count <= GOSSIP_RPC_SUBSCRIPTIONS_MAX + GOSSIP_RPC_MESSAGES_MAX + GOSSIP_RPC_CONTROL_MAX);
}

static void run(const uint8_t *data, struct span in, struct budget *budget)
{
    static struct gossip g;
    struct rng_seeded rng;
    rng_seeded_init(&rng, data[0]);
    struct gossip_cfg cfg = {.self = peer_of(1),
                             .rng = &rng.rng,
                             .parent = budget,
                             .memory_max = 4096 + data[1] * (size_t)2048,
                             .score = {.retain_us = US_PER_S}};
    check(gossip_init(&g, &cfg, (instant){.us = US_PER_S}) == OK);
    struct gossip_topic_cfg topic = {.signing = (enum gossip_signing)(data[2] & 1)};
    (void)!gossip_subscribe(&g, g.now, SPAN_LIT("t"), &topic);
    (void)!gossip_publish(&g, g.now, SPAN_LIT("t"), SPAN_LIT("abc"));
    for (uint8_t i = 2; i < 5; i++) {
        struct peer_id id = peer_of(i);
        struct gossip_peer_args args = {
            .version = (enum gossip_version)(data[2] >> 1 & 3), .is_outbound = i == 3, .group = i};
        (void)!gossip_peer_connected(&g, g.now, &id, args);
    }
    for (uint8_t i = 2; i < 4; i++) {
        struct peer_id id = peer_of(i);
        (void)!gossip_recv(&g, g.now, &id, in);
        drain(&g, budget);
        gossip_tick(&g, gossip_deadline(&g));
        drain(&g, budget);
    }
    struct peer_id gone = peer_of(2);
    gossip_peer_disconnected(&g, g.now, &gone);
    for (unsigned i = 0; i < 8; i++) {
        gossip_tick(&g, gossip_deadline(&g));
    }
    gossip_unsubscribe(&g, g.now, SPAN_LIT("t"));
    drain(&g, budget);
    check(g.budget.used <= cfg.memory_max);
    gossip_done(&g);
    check(budget->used == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    check(crypto_init() == OK);
    struct budget budget;
    budget_init(&budget, NULL, "fuzz", (size_t)8 << 20);
    struct span in = span_of(data + 3, size - 3);
    walk(in);
    run(data, in, &budget);
    return 0;
}
