/* Speaking PCP with a home router: the socket, and the clock, of the engine in p2p/pcp.h. */
#include "base/check.h"
#include "node/net/portmap.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUND_MS =
        12 *
        1000, /* the engine's patience and a little: a router that sends without end has no more of us */
    AGAIN_MS_MIN = 1000,
};

static_assert((int)PCP_MAPPINGS_MAX >= (int)PORTMAP_PORTS_MAX, "each port has a mapping");

static instant clock_now(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (instant){.us = (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000};
}

/* socket_to is connected: the kernel hands over nothing from elsewhere, and says when nobody listens there. -1: no way to it. */
static int socket_to(const uint8_t gateway[static 4], uint8_t ret_self[static 4])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PCP_PORT)};
    struct sockaddr_in self = {0};
    socklen_t n = sizeof self;
    memcpy(&at.sin_addr, gateway, 4);
    int fd = at.sin_addr.s_addr ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
    if (fd < 0) {
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)(const void *)&at, sizeof at) != 0 ||
        getsockname(fd, (struct sockaddr *)(void *)&self, &n) != 0) {
        (void)close(fd);
        return -1;
    }
    memcpy(ret_self, &self.sin_addr, 4);
    return fd;
}

/* ---- a round: all that is due is sent, and answers are waited for ---- */

static void send_due(struct pcp *p, int fd)
{
    uint8_t out[PCP_REQUEST_LEN];
    for (size_t n = 1; n > 0;) {
        n = pcp_send(p, clock_now(), MSPAN_OF(out));
        if (n > 0 && send(fd, out, n, MSG_NOSIGNAL) < 0) {
            pcp_unreachable(p, clock_now());
        }
    }
}

static void take(struct pcp *p, int fd)
{
    uint8_t room[PCP_RESPONSE_LEN_MAX + 1]; /* one that is cut is too long */
    struct sockaddr_in from = {0};
    socklen_t from_len = sizeof from;
    ssize_t n =
        recvfrom(fd, room, sizeof room, MSG_DONTWAIT, (struct sockaddr *)(void *)&from, &from_len);
    if (n >= 0) {
        struct pcp_source source = {.port = ntohs(from.sin_port)};
        memcpy(source.ip, &from.sin_addr, sizeof source.ip);
        pcp_recv(p, clock_now(), &source, span_of(room, (size_t)n));
    } else if (errno == ECONNREFUSED) {
        pcp_unreachable(p, clock_now());
    }
}

static void go_round(struct pcp *p, int fd)
{
    instant until = instant_add(clock_now(), ROUND_MS * US_PER_MS);
    while (instant_before(clock_now(), until)) {
        pcp_tick(p, clock_now());
        send_due(p, fd);
        if (pcp_is_settled(p)) {
            return;
        }
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        uint64_t us = instant_since(clock_now(), instant_min(until, pcp_deadline(p)));
        if (poll(&wait, 1, (int)(us / US_PER_MS) + 1) > 0) {
            take(p, fd);
        }
    }
}

/* ---- what the mapper wants ---- */

static const struct pcp_mapping *mapping_of(const struct pcp *p, const struct portmap_port *port)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->mappings[i].is_udp == port->is_udp && p->mappings[i].inside == port->inside) {
            return &p->mappings[i];
        }
    }
    return NULL;
}

/* begin has an engine for this gateway and this address of ours: what was opened at another stays until its lifetime ends. */
static void begin(struct portmap_router *at,
                  const struct portmap_report *r,
                  const uint8_t self[static 4],
                  uint32_t lifetime_s)
{
    struct pcp_cfg cfg = {.lifetime_s = lifetime_s, .rng = at->rng};
    memcpy(cfg.gateway, at->gateway, sizeof cfg.gateway);
    memcpy(cfg.self, self, sizeof cfg.self);
    if (at->pcp.count > 0 && memcmp(at->pcp.cfg.gateway, cfg.gateway, sizeof cfg.gateway) == 0 &&
        memcmp(at->pcp.cfg.self, cfg.self, sizeof cfg.self) == 0) {
        pcp_ask(&at->pcp, clock_now());
        return;
    }
    pcp_init(&at->pcp, &cfg);
    for (size_t i = 0; i < r->count; i++) {
        const struct portmap_port *p = &r->ports[i];
        struct pcp_port port = {.is_udp = p->is_udp,
                                .inside = p->inside,
                                .outside = p->outside ? p->outside : p->inside};
        if (p->inside != 0 && !mapping_of(&at->pcp, p)) {
            check(pcp_add(&at->pcp, clock_now(), port) == OK);
        }
    }
}

/* is_refusal: it speaks PCP, and says no. */
static bool is_refusal(const struct pcp_mapping *m)
{
    return m->state == PCP_FAILED && m->result != PCP_NO_ANSWER && m->result != PCP_UNSUPP_VERSION;
}

/* report says what is open: behind one outer address, the first. */
static void report(const struct pcp *p, struct portmap_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct pcp_mapping *m = mapping_of(p, &r->ports[i]);
        bool is_first = r->state != PORTMAP_OPEN;
        r->ports[i].outside = 0;
        if (m && m->state == PCP_OPEN && (is_first || memcmp(r->ip, m->ip, sizeof r->ip) == 0)) {
            memcpy(r->ip, m->ip, sizeof r->ip);
            r->ports[i].outside = m->outside;
            r->state = PORTMAP_OPEN;
            r->how = PORTMAP_PCP;
        } else if (m && is_first && is_refusal(m)) {
            r->state = PORTMAP_REFUSED;
            r->how = PORTMAP_PCP;
            r->why = m->result;
        }
    }
}

uint32_t portmap_pcp_open(struct portmap_router *at, struct portmap_report *r, uint32_t lifetime_s)
{
    uint8_t self[4];
    int fd = socket_to(at->gateway, self);
    if (fd < 0) {
        return 0;
    }
    begin(at, r, self, lifetime_s);
    go_round(&at->pcp, fd);
    (void)close(fd);
    struct portmap_report now = *r;
    report(&at->pcp, &now);
    if (now.state == PORTMAP_NONE) {
        return 0;
    }
    *r = now;
    uint64_t ms = instant_since(clock_now(), pcp_deadline(&at->pcp)) / US_PER_MS + 1;
    return r->state != PORTMAP_OPEN ? 0 : ms < AGAIN_MS_MIN ? AGAIN_MS_MIN : (uint32_t)ms;
}

void portmap_pcp_close(struct portmap_router *at)
{
    uint8_t self[4];
    int fd = socket_to(at->gateway, self);
    if (fd < 0) {
        return;
    }
    pcp_close(&at->pcp, clock_now());
    go_round(&at->pcp, fd);
    (void)close(fd);
}
