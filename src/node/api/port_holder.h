#ifndef NODE_PORT_HOLDER_H
#define NODE_PORT_HOLDER_H

#include <stddef.h>
#include <stdint.h>

/* port_holder_find names the program that listens on a TCP port of this machine, as "name (pid N)", or "" if that
 * cannot be told: for the one sentence that says why we do not start. */
void port_holder_find(char *out, size_t cap, uint16_t port);

#endif
