/* PCP over a real socket, with a router of this test on the loopback of a network namespace of its own: the port is a fixed one. */
#define _GNU_SOURCE /* unshare */
#include "node/net/portmap.h"

#include "base/test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum answer { ANSWER_OPEN, ANSWER_REFUSE, ANSWER_AS_NATPMP };

static const uint8_t outer[16] = {[10] = 0xff, [11] = 0xff, [12] = 203, 0, 113, 9};

/* has_namespace: false: the test is skipped. */
static bool has_namespace(void)
{
    static bool is_made;
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    if (!is_made && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) {
        test_skip("this system lets an ordinary user make no namespaces");
        return false;
    }
    is_made = true;
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT(ioctl(s, SIOCSIFFLAGS, &lo) == 0);
    (void)close(s);
    return true;
}

static size_t answer_of(enum answer how, const uint8_t *q, uint8_t *out)
{
    static const uint8_t natpmp[8] = {0, 0x81, 0, 1};
    if (how == ANSWER_AS_NATPMP) {
        memcpy(out, natpmp, sizeof natpmp);
        return sizeof natpmp;
    }
    memcpy(out, q, 60);
    memset(out + 8, 0, 16);
    out[1] |= 0x80;
    out[3] = how == ANSWER_REFUSE ? PCP_USER_EX_QUOTA : PCP_SUCCESS;
    memcpy(out + 44, outer, sizeof outer);
    return 60;
}

struct router {
    pid_t pid;
    int asked; /* the requests come out here */
};

static void router_run(enum answer how, int s, int asked)
{
    for (;;) {
        uint8_t q[128];
        uint8_t out[60];
        struct sockaddr_in from;
        socklen_t n = sizeof from;
        ssize_t got = recvfrom(s, q, sizeof q, 0, (struct sockaddr *)(void *)&from, &n);
        if (got != 60 || write(asked, q, 60) != 60) {
            _exit(1);
        }
        size_t len = answer_of(how, q, out);
        (void)sendto(s, out, len, 0, (const struct sockaddr *)(const void *)&from, n);
    }
}

static struct router router_start(enum answer how)
{
    int pair[2];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PCP_PORT)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    EXPECT(bind(s, (const struct sockaddr *)(const void *)&at, sizeof at) == 0);
    EXPECT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        router_run(how, s, pair[1]);
    }
    (void)close(s);
    (void)close(pair[1]);
    return (struct router){.pid = pid, .asked = pair[0]};
}

static void router_end(struct router *r)
{
    (void)kill(r->pid, SIGKILL);
    EXPECT(waitpid(r->pid, NULL, 0) == r->pid);
    (void)close(r->asked);
}

static struct span asked(const struct router *r, uint8_t room[static PCP_REQUEST_LEN])
{
    EXPECT(recv(r->asked, room, PCP_REQUEST_LEN, MSG_DONTWAIT) == PCP_REQUEST_LEN);
    return span_of(room, PCP_REQUEST_LEN);
}

static struct portmap_router towards_loopback(struct rng_seeded *rng)
{
    rng_seeded_init(rng, 1);
    return (struct portmap_router){
        .rng = &rng->rng, .gateway = {127, 0, 0, 1}
    };
}

static struct portmap_report wanted(void)
{
    return (struct portmap_report){
        .state = PORTMAP_NONE,
        .ports = {{.inside = 4001}, {.is_udp = true, .inside = 4001}, {.inside = 4001}},
        .count = 3
    };
}

TEST(opened_renewed_and_taken_back)
{
    struct rng_seeded rng;
    struct portmap_router at = towards_loopback(&rng);
    struct portmap_report r = wanted();
    uint8_t first[PCP_REQUEST_LEN];
    uint8_t again[PCP_REQUEST_LEN];
    if (!has_namespace()) {
        return;
    }
    struct router router = router_start(ANSWER_OPEN);
    uint32_t again_ms = portmap_router_open(&at, &r, 2400);
    EXPECT(again_ms > 1190 * 1000 && again_ms <= 1501 * 1000);
    EXPECT_EQ(PORTMAP_OPEN, r.state);
    EXPECT_EQ(PORTMAP_PCP, r.how);
    EXPECT_SPAN(span_of(outer + 12, 4), SPAN_OF(r.ip));
    for (size_t i = 0; i < r.count; i++) {
        EXPECT_EQ(4001, r.ports[i].outside);
    }
    EXPECT_EQ(2, at.pcp.count); /* a port that is named twice is one */
    (void)asked(&router, first);
    (void)asked(&router, again);
    at.pcp.mappings[0].send_at = (instant){.us = 1}; /* half of the lifetime is over */
    EXPECT(portmap_router_open(&at, &r, 2400) > 0);
    (void)asked(&router, again);
    EXPECT_SPAN(span_of(first, 44), span_of(again, 44)); /* the same nonce and port */
    EXPECT_SPAN(SPAN_OF(outer), span_of(again + 44, 16));
    EXPECT(recv(router.asked, again, sizeof again, MSG_DONTWAIT) < 0); /* it alone */
    portmap_router_close(&at, &r);
    (void)asked(&router, again);
    EXPECT_SPAN(test_hex("00000000"), span_of(again + 4, 4));
    EXPECT_SPAN(span_of(first + 24, 12), span_of(again + 24, 12));
    EXPECT_EQ(PCP_CLOSED, at.pcp.mappings[0].state);
    EXPECT_EQ(PCP_CLOSED, at.pcp.mappings[1].state);
    router_end(&router);
}

TEST(refused)
{
    struct rng_seeded rng;
    struct portmap_router at = towards_loopback(&rng);
    struct portmap_report r = wanted();
    if (!has_namespace()) {
        return;
    }
    struct router router = router_start(ANSWER_REFUSE);
    EXPECT_EQ(0, portmap_pcp_open(&at, &r, 2400));
    EXPECT_EQ(PORTMAP_REFUSED, r.state);
    EXPECT_EQ(PORTMAP_PCP, r.how);
    EXPECT_EQ(PCP_USER_EX_QUOTA, r.why);
    router_end(&router);
}

TEST(not_spoken)
{
    struct rng_seeded rng;
    struct portmap_router at = towards_loopback(&rng);
    struct portmap_report r = wanted();
    if (!has_namespace()) {
        return;
    }
    EXPECT_EQ(
        0, portmap_pcp_open(&at, &r, 2400)); /* nobody listens: it does not wait for ten seconds */
    EXPECT_EQ(PORTMAP_NONE, r.state);
    EXPECT_EQ(PCP_NO_ANSWER, at.pcp.mappings[0].result);
    struct router router = router_start(ANSWER_AS_NATPMP);
    EXPECT_EQ(0, portmap_pcp_open(&at, &r, 2400));
    EXPECT_EQ(PORTMAP_NONE, r.state);
    EXPECT_EQ(PORTMAP_NOBODY, r.how);
    EXPECT_EQ(PCP_UNSUPP_VERSION, at.pcp.mappings[0].result);
    router_end(&router);
}

/* Another gateway is another router: new nonces. No gateway: nothing. */
TEST(another_gateway)
{
    struct rng_seeded rng;
    struct portmap_router at = towards_loopback(&rng);
    struct portmap_report r = wanted();
    if (!has_namespace()) {
        return;
    }
    EXPECT_EQ(0, portmap_pcp_open(&at, &r, 2400));
    uint8_t nonce[PCP_NONCE_LEN];
    memcpy(nonce, at.pcp.mappings[0].nonce, sizeof nonce);
    EXPECT_EQ(0, portmap_pcp_open(&at, &r, 2400));
    EXPECT_SPAN(SPAN_OF(nonce), SPAN_OF(at.pcp.mappings[0].nonce));
    at.gateway[3] = 2;
    EXPECT_EQ(0, portmap_pcp_open(&at, &r, 2400));
    EXPECT_EQ(2, at.pcp.cfg.gateway[3]);
    EXPECT(memcmp(nonce, at.pcp.mappings[0].nonce, sizeof nonce) != 0);
    memset(at.gateway, 0, sizeof at.gateway);
    EXPECT_EQ(0, portmap_pcp_open(&at, &r, 2400));
    EXPECT_EQ(PORTMAP_NONE, r.state);
}

TEST_MAIN
