/* Talking with a home router: by PCP, then through libnatpmp, then miniupnpc. What it says is bounded here and believed nowhere. */
#include "codec/multiaddr.h"
#include "node/net/near.h"
#include "node/net/portmap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <miniupnpc/miniupnpc.h>
#include <miniupnpc/upnpcommands.h>
#include <natpmp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    NATPMP_WAIT_MS = 2500, /* four tries, as RFC 6886 spaces them */
    UPNP_WAIT_MS = 2000,
    UPNP_DEVICES_MAX = 8,
    UPNP_TRIES = 3, /* outer ports, if one is taken */
    LIFETIME_S_MIN = 60,
    LIFETIME_S_MAX = 86400,
    PERMANENT_S = 3600, /* renewed so often if the router knows no end */
    URL_HOST_LEN_MAX = 16,
};

static uint64_t now_ms(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint32_t clamp_lifetime(uint32_t s)
{
    return s < LIFETIME_S_MIN ? LIFETIME_S_MIN : s > LIFETIME_S_MAX ? LIFETIME_S_MAX : s;
}

static bool is_all_zero(const uint8_t ip[4])
{
    return (ip[0] | ip[1] | ip[2] | ip[3]) == 0;
}

/* ---- NAT-PMP ---- */

/* natpmp_answer waits for the answer to the question that is out; false: none, or a refusal. */
static bool natpmp_answer(natpmp_t *n, natpmpresp_t *ret)
{
    uint64_t until = now_ms() + NATPMP_WAIT_MS;
    for (;;) {
        int r = readnatpmpresponseorretry(n, ret);
        if (r != NATPMP_TRYAGAIN) {
            return r >= 0 && ret->resultcode == 0;
        }
        struct timeval left = {0};
        struct pollfd p = {.fd = n->s, .events = POLLIN};
        uint64_t now = now_ms();
        if (now >= until || getnatpmprequesttimeout(n, &left) < 0) {
            return false;
        }
        int64_t ms = (int64_t)left.tv_sec * 1000 + left.tv_usec / 1000 + 1;
        int64_t most = (int64_t)(until - now);
        (void)poll(&p, 1, (int)(ms < 1 ? 1 : ms > most ? most : ms));
    }
}

static bool natpmp_begin(natpmp_t *n, const uint8_t gateway[4])
{
    in_addr_t at;
    memcpy(&at, gateway, sizeof at);
    return !is_all_zero(gateway) && initnatpmp(n, 1, at) == 0;
}

static bool natpmp_outer_ip(natpmp_t *n, uint8_t ret_ip[static 4])
{
    natpmpresp_t a;
    if (sendpublicaddressrequest(n) < 0 || !natpmp_answer(n, &a) ||
        a.type != NATPMP_RESPTYPE_PUBLICADDRESS) {
        return false;
    }
    memcpy(ret_ip, &a.pnu.publicaddress.addr, 4);
    return true;
}

/* natpmp_map asks for one port, lifetime 0 gives it back; returns the lifetime granted. */
static uint32_t natpmp_map(natpmp_t *n, struct portmap_port *p, uint32_t lifetime_s)
{
    natpmpresp_t a;
    uint16_t wish = lifetime_s == 0 ? 0 : p->outside ? p->outside : p->inside;
    int protocol = p->is_udp ? NATPMP_PROTOCOL_UDP : NATPMP_PROTOCOL_TCP;
    uint16_t type = p->is_udp ? NATPMP_RESPTYPE_UDPPORTMAPPING : NATPMP_RESPTYPE_TCPPORTMAPPING;
    p->outside = 0;
    if (sendnewportmappingrequest(n, protocol, p->inside, wish, lifetime_s) < 0 ||
        !natpmp_answer(n, &a) || a.type != type || a.pnu.newportmapping.privateport != p->inside ||
        a.pnu.newportmapping.lifetime == 0) {
        return 0;
    }
    p->outside = a.pnu.newportmapping.mappedpublicport;
    return clamp_lifetime(a.pnu.newportmapping.lifetime);
}

static uint32_t natpmp_open(struct portmap_report *r, const uint8_t gateway[4], uint32_t lifetime_s)
{
    natpmp_t n;
    uint32_t granted = 0;
    if (!natpmp_begin(&n, gateway)) {
        return 0;
    }
    if (natpmp_outer_ip(&n, r->ip)) {
        r->how = PORTMAP_NAT_PMP;
        r->state = PORTMAP_REFUSED;
        for (size_t i = 0; i < r->count; i++) {
            uint32_t s = natpmp_map(&n, &r->ports[i], lifetime_s);
            granted = s && (granted == 0 || s < granted) ? s : granted;
        }
    }
    (void)closenatpmp(&n);
    return granted;
}

static void natpmp_close(const struct portmap_report *r, const uint8_t gateway[4])
{
    natpmp_t n;
    if (!natpmp_begin(&n, gateway)) {
        return;
    }
    for (size_t i = 0; i < r->count; i++) {
        struct portmap_port p = r->ports[i];
        if (p.outside) {
            (void)natpmp_map(&n, &p, 0);
        }
    }
    (void)closenatpmp(&n);
}

/* ---- UPnP ---- */

/* host_of takes the host out of http://HOST:PORT/...; false: it is not an IPv4 address of a network that we are on. */
static bool host_of(char ret_host[static URL_HOST_LEN_MAX], const char *url)
{
    static const char scheme[] = "http://";
    uint8_t room[8] = {MULTIADDR_IP4};
    struct near near;
    if (!url || strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    const char *host = url + sizeof scheme - 1;
    size_t n = strcspn(host, ":/");
    if (n == 0 || n >= URL_HOST_LEN_MAX) {
        return false;
    }
    memcpy(ret_host, host, n);
    ret_host[n] = '\0';
    if (inet_pton(AF_INET, ret_host, room + 1) != 1) {
        return false;
    }
    near_load(&near);
    return near_has(&near, span_of(room, 5), false);
}

/* A gateway that was found. */
struct igd {
    struct UPNPUrls urls;
    struct IGDdatas data;
    char lan[64]; /* our address towards it */
};

/* igd_of reads a device's description. A description that leads to another host than its own is not followed: a stranger on the
 * local network would have us post to whom he likes. */
static bool igd_of(struct igd *g, const char *url)
{
    char host[URL_HOST_LEN_MAX];
    char control[URL_HOST_LEN_MAX];
    if (!host_of(host, url) ||
        UPNP_GetIGDFromUrl(url, &g->urls, &g->data, g->lan, sizeof g->lan) != 1) {
        return false;
    }
    if (host_of(control, g->urls.controlURL) && strcmp(host, control) == 0 &&
        g->data.first.servicetype[0] != '\0') {
        return true;
    }
    FreeUPNPUrls(&g->urls);
    return false;
}

static bool igd_find(struct igd *g)
{
    int error = 0;
    bool found = false;
    struct UPNPDev *all = upnpDiscover(UPNP_WAIT_MS, NULL, "", UPNP_LOCAL_PORT_ANY, 0, 2, &error);
    unsigned count = 0;
    for (struct UPNPDev *d = all; d && !found && count < UPNP_DEVICES_MAX; d = d->pNext) {
        found = igd_of(g, d->descURL);
        count++;
    }
    freeUPNPDevlist(all);
    return found;
}

static const char *protocol_of(const struct portmap_port *p)
{
    return p->is_udp ? "UDP" : "TCP";
}

/* igd_map opens one port; where the router wants no lease, for ever. Returns twice the seconds until it is to be renewed. */
static uint32_t igd_map(const struct igd *g, struct portmap_port *p, uint32_t lifetime_s)
{
    enum { CONFLICT = 718, ONLY_PERMANENT = 725 };
    char inside[8];
    char lease[12];
    (void)snprintf(inside, sizeof inside, "%u", (unsigned)p->inside);
    (void)snprintf(lease, sizeof lease, "%u", (unsigned)lifetime_s);
    uint16_t wish = p->outside ? p->outside : p->inside;
    p->outside = 0;
    for (unsigned i = 0; i < UPNP_TRIES; i++) {
        char outside[8];
        (void)snprintf(outside, sizeof outside, "%u", (unsigned)wish);
        int r = UPNP_AddPortMapping(g->urls.controlURL, g->data.first.servicetype, outside, inside,
                                    g->lan, "passmesh", protocol_of(p), NULL, lease);
        if (r == UPNPCOMMAND_SUCCESS) {
            p->outside = wish;
            return lease[0] == '0' ? PERMANENT_S : lifetime_s;
        }
        if (r == ONLY_PERMANENT) {
            (void)snprintf(lease, sizeof lease, "0");
        } else if (r == CONFLICT && wish < UINT16_MAX) {
            wish++;
        } else {
            return 0;
        }
    }
    return 0;
}

/* remember keeps where the router's control is; false: a name longer than any that is sensible. */
static bool remember(struct portmap_router *at, const struct igd *g)
{
    size_t url = strlen(g->urls.controlURL);
    size_t service = strlen(g->data.first.servicetype);
    if (url >= sizeof at->control_url || service >= sizeof at->service) {
        return false;
    }
    memcpy(at->control_url, g->urls.controlURL, url + 1);
    memcpy(at->service, g->data.first.servicetype, service + 1);
    return true;
}

static uint32_t upnp_open(struct portmap_router *at, struct portmap_report *r, uint32_t lifetime_s)
{
    struct igd g;
    char outer[64] = "";
    uint32_t granted = 0;
    if (!igd_find(&g)) {
        return 0;
    }
    r->how = PORTMAP_UPNP;
    r->state = PORTMAP_REFUSED;
    if (remember(at, &g) &&
        UPNP_GetExternalIPAddress(at->control_url, at->service, outer) == UPNPCOMMAND_SUCCESS &&
        inet_pton(AF_INET, outer, r->ip) == 1) {
        for (size_t i = 0; i < r->count; i++) {
            uint32_t s = igd_map(&g, &r->ports[i], lifetime_s);
            granted = s && (granted == 0 || s < granted) ? s : granted;
        }
    }
    FreeUPNPUrls(&g.urls);
    return granted;
}

static void upnp_close(const struct portmap_router *at, const struct portmap_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        char outside[8];
        (void)snprintf(outside, sizeof outside, "%u", (unsigned)r->ports[i].outside);
        if (r->ports[i].outside) {
            (void)UPNP_DeletePortMapping(at->control_url, at->service, outside,
                                         protocol_of(&r->ports[i]), NULL);
        }
    }
}

/* ---- all three ---- */

/* open_by returns after how many milliseconds to ask again: at half of the time that was granted, or when the engine wants. */
static uint32_t open_by(enum portmap_how how,
                        struct portmap_router *at,
                        struct portmap_report *r,
                        uint32_t lifetime_s)
{
    const uint32_t half_s_in_ms = 500;
    switch (how) {
    case PORTMAP_NOBODY:  break;
    case PORTMAP_NAT_PMP: return natpmp_open(r, at->gateway, lifetime_s) * half_s_in_ms;
    case PORTMAP_UPNP:    return upnp_open(at, r, lifetime_s) * half_s_in_ms;
    case PORTMAP_PCP:     return portmap_pcp_open(at, r, lifetime_s);
    }
    return 0;
}

uint32_t
portmap_router_open(struct portmap_router *at, struct portmap_report *r, uint32_t lifetime_s)
{
    const enum portmap_how opener = r->state == PORTMAP_OPEN ? r->how : PORTMAP_NOBODY;
    const enum portmap_how order[] = {opener, PORTMAP_PCP, PORTMAP_NAT_PMP, PORTMAP_UPNP};
    struct portmap_report none = *r;
    none.how = PORTMAP_NOBODY;
    none.state = PORTMAP_NONE;
    none.why = PCP_SUCCESS;
    *r = none;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        struct portmap_report tried = none;
        uint32_t again_ms =
            i > 0 && order[i] == opener ? 0 : open_by(order[i], at, &tried, lifetime_s);
        if (again_ms > 0) {
            tried.state = PORTMAP_OPEN;
            *r = tried;
            return again_ms;
        }
        if (r->state == PORTMAP_NONE) { /* of refusals the first is told */
            *r = tried;
        }
    }
    return 0;
}

void portmap_router_close(struct portmap_router *at, const struct portmap_report *r)
{
    switch (r->how) {
    case PORTMAP_NOBODY:  break;
    case PORTMAP_NAT_PMP: natpmp_close(r, at->gateway); break;
    case PORTMAP_UPNP:    upnp_close(at, r); break;
    case PORTMAP_PCP:     portmap_pcp_close(at); break;
    }
}
