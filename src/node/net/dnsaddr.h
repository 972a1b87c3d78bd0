#ifndef NODE_DNSADDR_H
#define NODE_DNSADDR_H

#include "node/net/loop.h"
#include "p2p/host.h"

/* /dnsaddr/NAME (multiformats, "dnsaddr"): the TXT records of _dnsaddr.NAME hold "dnsaddr=" and a multiaddr each. They are
 * asked of the system's resolver, on a thread of libuv's, because it waits. */
struct tcp;

/* dnsaddr_is: is it such an address? */
bool dnsaddr_is(struct span addr);

/* dnsaddr_dial answers a DIAL to one, now or later, with host_dial_found. */
void dnsaddr_dial(struct tcp *t, const struct host_event *e);

/* dnsaddr_read collects the addresses of a DNS answer: at most HOST_ADDRS_MAX, in bytes, which hold them all. */
struct dnsaddr_list {
    size_t count;
    struct span addrs[HOST_ADDRS_MAX];
    uint8_t bytes[4096];
};
void dnsaddr_read(struct dnsaddr_list *ret, struct span answer);

#endif
