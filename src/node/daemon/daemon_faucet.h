#ifndef NODE_DAEMON_FAUCET_H
#define NODE_DAEMON_FAUCET_H

#include "node/api/api.h"

/* daemon_faucet asks the faucet that a local network's file names. Only such files name one. */
void daemon_faucet(struct api_node_port *self,
                   uint64_t id,
                   const struct network *network,
                   struct address to);

#endif
