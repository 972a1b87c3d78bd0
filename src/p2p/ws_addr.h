#ifndef P2P_WS_ADDR_H
#define P2P_WS_ADDR_H

#include "base/span.h"
#include "base/wr.h"

#include <stdbool.h>

/* How a multiaddr says that a WebSocket runs over its TCP: /ws, /tls/ws, /tls/sni/NAME/ws, and /wss, the old name of /tls/ws,
 * which is read and not written. */
struct ws_addr {
    bool is_tls;
    struct span sni; /* the name that TLS asks for; empty: that of the address */
};

/* ws_addr_take takes these components off the front of *rest, a valid multiaddr's end. False: it begins with none of them, and
 * nothing is taken. ret->sni is a part of *rest. */
bool ws_addr_take(struct ws_addr *ret, struct span *rest);

/* ws_addr_find looks for them behind the first /tcp of a whole multiaddr. */
bool ws_addr_find(struct ws_addr *ret, struct span addr);

/* ws_addr_write writes /ws or /tls/ws, at most 4 bytes. */
void ws_addr_write(struct wr *w, bool is_tls);

#endif
