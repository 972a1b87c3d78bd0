#ifndef NODE_NET_PRINT_H
#define NODE_NET_PRINT_H

#include "codec/json.h"

/* What net_json.h wrote, in words on stdout, for the command lines. What is missing is left out. */

/* net_print_state prints a net_state, net_print_peers its member peers alone. */
void net_print_state(struct json state);
void net_print_peers(struct json state);

/* net_print_probe prints a net_probe. net_print_is_good: was the peer found, reached or heard? */
void net_print_probe(struct json probe);
bool net_print_is_good(struct json probe);

#endif
