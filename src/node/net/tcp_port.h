#ifndef NODE_TCP_PORT_H
#define NODE_TCP_PORT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <uv.h>

/* One local port for listening and for all dials of a family, as hole punching over TCP needs it: what others see us dial
 * from is then where they can dial to. Internal to node/net/tcp*.c. */

/* tcp_port_share lets later dials use a listener's port. After listen: until then the port is refused if it is taken. */
void tcp_port_share(const uv_tcp_t *listener);

/* tcp_port_open gives socket a descriptor bound to *port, or to a free one, which *port then is. ERR_IO: it cannot; the
 * socket is as it was. */
MUST_CHECK enum err tcp_port_open(uv_tcp_t *socket, uint16_t *port, const struct sockaddr *remote);

#endif
