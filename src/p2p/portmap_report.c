/* What a router opened, as one process tells another. */
#include "p2p/portmap_report.h"

#include "base/rd.h"

#include <string.h>

enum { REPORT_TCP = 6, REPORT_UDP = 17 }; /* as IP numbers them */

enum err portmap_report_decode(struct portmap_report *ret_report, struct span in)
{
    struct portmap_report r = {.how = PORTMAP_NOBODY};
    struct rd rd = rd_init(in);
    uint8_t how = rd_u8(&rd);
    uint8_t state = rd_u8(&rd);
    uint8_t why = rd_u8(&rd);
    rd_copy(&rd, MSPAN_OF(r.ip));
    r.count = rd_u8(&rd);
    if (how > PORTMAP_PCP || state > PORTMAP_OPEN || why >= PCP_RESULT_COUNT ||
        r.count > PORTMAP_PORTS_MAX) {
        return ERR_MALFORMED;
    }
    r.how = (enum portmap_how)how;
    r.state = (enum portmap_state)state;
    r.why = (enum pcp_result)why;
    for (size_t i = 0; i < r.count; i++) {
        uint8_t transport = rd_u8(&rd);
        r.ports[i].is_udp = transport == REPORT_UDP;
        r.ports[i].inside = rd_be16(&rd);
        r.ports[i].outside = rd_be16(&rd);
        if (transport != REPORT_TCP && transport != REPORT_UDP) {
            rd_fail(&rd);
        }
    }
    if (!rd_end(&rd)) {
        return ERR_MALFORMED;
    }
    *ret_report = r;
    return OK;
}

void portmap_report_encode(struct wr *w, const struct portmap_report *r)
{
    wr_u8(w, (uint8_t)r->how);
    wr_u8(w, (uint8_t)r->state);
    wr_u8(w, (uint8_t)r->why);
    wr_bytes(w, SPAN_OF(r->ip));
    wr_u8(w, (uint8_t)r->count);
    for (size_t i = 0; i < r->count; i++) {
        wr_u8(w, r->ports[i].is_udp ? REPORT_UDP : REPORT_TCP);
        wr_be16(w, r->ports[i].inside);
        wr_be16(w, r->ports[i].outside);
    }
}

bool portmap_report_addr(const struct portmap_report *r,
                         struct net_addr *ret_outer,
                         const struct net_addr *listen)
{
    for (size_t i = 0; r->state == PORTMAP_OPEN && !listen->is_ip6 && i < r->count; i++) {
        const struct portmap_port *p = &r->ports[i];
        if (p->is_udp == (listen->transport == NET_QUIC) && p->inside == listen->port &&
            p->outside != 0) {
            *ret_outer = *listen;
            memset(ret_outer->ip, 0, sizeof ret_outer->ip);
            memcpy(ret_outer->ip, r->ip, sizeof r->ip);
            ret_outer->port = p->outside;
            return !net_addr_is_any(ret_outer);
        }
    }
    return false;
}

const char *portmap_how_name(enum portmap_how h)
{
    switch (h) {
    case PORTMAP_NOBODY:  return "nobody";
    case PORTMAP_NAT_PMP: return "nat-pmp";
    case PORTMAP_UPNP:    return "upnp";
    case PORTMAP_PCP:     return "pcp";
    }
    return "";
}

const char *portmap_state_name(enum portmap_state s)
{
    switch (s) {
    case PORTMAP_ASKING:  return "asking";
    case PORTMAP_NONE:    return "none";
    case PORTMAP_REFUSED: return "refused";
    case PORTMAP_OPEN:    return "open";
    }
    return "";
}
