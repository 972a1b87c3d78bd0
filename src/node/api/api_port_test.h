#ifndef NODE_API_PORT_TEST_H
#define NODE_API_PORT_TEST_H

#include "codec/json.h"
#include "node/api/api.h"

/* A node that answers the local API from memory: one peer, one server. What it is asked to do is noted, and whoever tests
 * says how it ends (api_faucet_done, api_node_set_done, api_net_done,
 * api_plugin_done). */
struct api_port {
    struct api_node_port port; /* first */
    uint64_t faucet;           /* that the API asked last, 0: none */
    uint64_t node;
    uint64_t probe;
    uint32_t probe_pings;
    enum err probe_err; /* that a probe is answered with at once */
    uint64_t plugin;
    const char *plugin_what;
    bool plugin_gone;
    bool keys_down;
    struct sandbox_node_report sandbox;
};

void api_port_init(struct api_port *p);

#endif
