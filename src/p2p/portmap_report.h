#ifndef P2P_PORTMAP_REPORT_H
#define P2P_PORTMAP_REPORT_H

#include "p2p/net_addr.h"
#include "p2p/pcp_message.h"

#include <stdbool.h>
#include <stddef.h>

/* What the process that talks with the router tells its node: which ports the router opened, in bytes of a fixed form. That
 * process reads what a router writes, which may be anybody's; so the node believes of it no more than what is bounded here,
 * and announces nothing before a dial from outside has arrived.
 *
 *     message = how (1), state (1), why (1), IPv4 of the router outside (4), count (1), count x { transport (1), port inside (2),
 *               port outside (2) }                                                    numbers most significant first */

enum portmap_how { PORTMAP_NOBODY, PORTMAP_NAT_PMP, PORTMAP_UPNP, PORTMAP_PCP };
enum portmap_state {
    PORTMAP_ASKING,  /* the first round is not over */
    PORTMAP_NONE,    /* no router answers */
    PORTMAP_REFUSED, /* one does, and opens nothing */
    PORTMAP_OPEN,
};
enum { PORTMAP_PORTS_MAX = 8, PORTMAP_REPORT_LEN_MAX = 8 + 5 * PORTMAP_PORTS_MAX };

struct portmap_port {
    bool is_udp;
    uint16_t inside;
    uint16_t outside; /* 0: not opened */
};

struct portmap_report {
    enum portmap_how how;
    enum portmap_state state;
    enum pcp_result why; /* PORTMAP_PCP and REFUSED: what the router said; else PCP_SUCCESS */
    uint8_t ip[4];
    struct portmap_port ports[PORTMAP_PORTS_MAX];
    size_t count;
};

/* portmap_report_decode: ERR_MALFORMED: not of this form, whatever is in it. */
MUST_CHECK enum err portmap_report_decode(struct portmap_report *ret_report, struct span in);
void portmap_report_encode(struct wr *w, const struct portmap_report *r);

/* portmap_report_addr gives the outer address of a listening one; false: the router opened nothing for it. */
bool portmap_report_addr(const struct portmap_report *r,
                         struct net_addr *ret_outer,
                         const struct net_addr *listen);

const char *portmap_how_name(enum portmap_how h);
const char *portmap_state_name(enum portmap_state s);

#endif
