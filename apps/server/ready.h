#ifndef SERVER_READY_H
#define SERVER_READY_H

#include "node/server/server.h"

/* ready_say writes it to stdout; user is a bool: as JSON? */
void ready_say(void *user, const struct server_ready *r);

#endif
