#ifndef SIM_NAT_IP4_H
#define SIM_NAT_IP4_H

#include "base/span.h"
#include "nat.h"

/* Packets of IPv4 (RFC 791) through a router's table (nat.h): the address and the port of TCP and UDP are rewritten in place and the
 * checksums follow (RFC 1624). It answers nothing itself. What it does not know is dropped: other protocols, ICMP too, fragments,
 * and whatever is cut short. */

struct nat_ip4 {
    struct nat nat;
    uint32_t inside; /* the net behind the router */
    uint32_t mask;
};

/* nat_ip4_translate rewrites one packet, which begins at packet.p with the header of IPv4 and may be followed by padding. The source
 * says which way it goes: from the net inside out; from elsewhere to the router's outer address in; from inside to the outer address out and
 * in again (a hairpin, RFC 4787 section 6: who gets it sees the outer address of who sent it). False: it is dropped, and its bytes are as they were. */
bool nat_ip4_translate(struct nat_ip4 *n, struct mspan packet, instant now);

#endif
