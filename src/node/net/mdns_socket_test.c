/* mDNS over the machine's own interfaces: two sockets on one loop and a port of their own. */
#include "node/net/mdns_socket.h"

#include "base/test.h"
#include "crypto/backend.h"

#include <string.h>

enum { WAIT_MS = 8000 };

static struct loop loop;
static struct mdns_socket sockets[2];
static struct rng_seeded rng;
static unsigned found[2];
static struct alarm watchdog;

static void on_found(void *user, const struct mdns_found *f)
{
    size_t i = (size_t)(uintptr_t)user;
    EXPECT_EQ(i == 0 ? 2 : 1, f->peer.bytes[2]);
    found[i]++;
    if (found[0] > 0 && found[1] > 0) {
        loop_stop(&loop);
    }
}

static void on_watchdog(void *user)
{
    (void)user;
    loop_stop(&loop);
}

TEST(two_sockets_find_each_other)
{
    EXPECT_OK(crypto_init());
    EXPECT_OK(loop_init(&loop));
    rng_seeded_init(&rng, test_seed());
    alarm_init(&watchdog, &loop, on_watchdog, NULL);
    alarm_set(&watchdog, instant_add(loop_now(&loop), WAIT_MS * US_PER_MS));
    uint16_t port = (uint16_t)(20000 + loop_now(&loop).us % 40000);
    bool works = true;
    for (uint8_t i = 0; i < 2 && works; i++) {
        uint8_t id[34] = {0x12, 0x20, (uint8_t)(i + 1)};
        static const uint8_t addr[] = {4, 127, 0, 0, 1, 6, 0, 1};
        struct span own = SPAN_OF(addr);
        struct mdns_socket_cfg cfg = {
            .loop = &loop,
            .mdns = {.rng = &rng.rng, .budget = test_budget()},
            .port = port,
            .on_found = on_found,
            .user = (void *)(uintptr_t)i
        };
        EXPECT_OK(peer_id_decode(&cfg.mdns.self, SPAN_OF(id)));
        works = mdns_socket_init(&sockets[i], &cfg) == OK;
        if (works) {
            EXPECT_OK(mdns_socket_set_addrs(&sockets[i], &own, 1));
        }
    }
    if (works) {
        loop_run(&loop);
        EXPECT(found[0] > 0);
        EXPECT(found[1] > 0);
    } else {
        test_skip("no interface of this machine lets us into a multicast group");
    }
    for (size_t i = 0; i < 2; i++) {
        mdns_socket_done(&sockets[i]);
    }
    alarm_done(&watchdog);
    loop_done(&loop);
}

TEST_MAIN
