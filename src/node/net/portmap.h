#ifndef NODE_PORTMAP_H
#define NODE_PORTMAP_H

#include "node/net/loop.h"
#include "p2p/pcp.h"
#include "p2p/portmap_report.h"

#include <stdbool.h>

/* Asking the home router to open ports: PCP (RFC 6887), else NAT-PMP (RFC 6886), else UPnP IGD.
 *
 *     the node, in its sandbox ── a pair of its own ──> mapper ── UDP to the gateway, HTTP to the router ──> router
 *
 * Whoever opened the ports is asked first when they are to be renewed, so that none is opened twice.
 *
 * Routers answer in XML over HTTP, and anybody on the local network can play one. The mapper is a process of its own that
 * is forked before the sandbox and before there is anything in memory worth reading: no files, no processes, no listening, 64 MiB,
 * only IPv4 addresses of the networks that this machine is on are asked. It says no more than a struct portmap_report. It is told
 * once which ports, renews them, and when the node goes takes them back and ends. */
struct portmap {
    int fd;     /* to the mapper; -1: there is none */
    int mapper; /* its process */
    bool is_watched;
    uv_poll_t poll;
    struct portmap_report report; /* the latest */
    void (*on_report)(void *user);
    void *user;
};

/* portmap_start forks the mapper: before any thread and before the sandbox. ERR_IO. */
MUST_CHECK enum err portmap_start(struct portmap *ret);

/* portmap_ask has it begin, and listens to it on the loop; at most PORTMAP_PORTS_MAX ports. p must not move from here. */
void portmap_ask(struct portmap *p,
                 struct loop *loop,
                 const struct portmap_port *ports,
                 size_t count);

/* portmap_end has the mapper take the ports back: it waits two seconds for that, which a router that is there does not need. On a
 * loop, the loop must turn before p's memory goes. Safe on {.fd = -1}. */
void portmap_end(struct portmap *p);

/* portmap_close_walls takes from this process what the mapper does without: false: it cannot. For the mapper and its test. */
bool portmap_close_walls(void);

/* ---- portmap_router.c: in the mapper, where waiting is allowed ---- */

/* Where a router was found, and what it opened: for renewing that and taking it back without looking for it again. */
enum { PORTMAP_URL_LEN_MAX = 256, PORTMAP_SERVICE_LEN_MAX = 128 };
struct portmap_router {
    struct rng *rng;    /* filled in by the caller; outlives it */
    uint8_t gateway[4]; /* of the default route; 0.0.0.0 = none: filled in by the caller */
    struct pcp pcp;     /* PCP */
    char control_url[PORTMAP_URL_LEN_MAX]; /* UPnP */
    char service[PORTMAP_SERVICE_LEN_MAX];
};

/* portmap_router_open asks for the ports of r, for lifetime_s seconds, or renews them, and fills in r. Returns after how many
 * milliseconds to call it again, so that they stay open; 0: nothing is open. portmap_router_close takes back what r says is open. */
uint32_t
portmap_router_open(struct portmap_router *at, struct portmap_report *r, uint32_t lifetime_s);
void portmap_router_close(struct portmap_router *at, const struct portmap_report *r);

/* ---- portmap_pcp.c: the same by PCP alone; r says NONE before and is left so by a router that does not speak it ---- */

uint32_t portmap_pcp_open(struct portmap_router *at, struct portmap_report *r, uint32_t lifetime_s);
void portmap_pcp_close(struct portmap_router *at);

#endif
