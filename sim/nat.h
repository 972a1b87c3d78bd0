#ifndef SIM_NAT_H
#define SIM_NAT_H

#include "base/instant.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A router that translates addresses, as RFC 4787 (UDP) and RFC 5382 (TCP) describe them: by what it chooses the outer port
 * of an inner one, and whom it lets in there. One table for both protocols, which do not see each other. IPv4 only. */

enum nat_rule {
    NAT_ENDPOINT_INDEPENDENT,
    NAT_ADDRESS_DEPENDENT,
    NAT_ADDRESS_AND_PORT_DEPENDENT,
};
enum { NAT_RULE_COUNT = NAT_ADDRESS_AND_PORT_DEPENDENT + 1, NAT_FLOWS_MAX = 256 };

enum nat_protocol { NAT_TCP, NAT_UDP };

struct nat_endpoint {
    uint32_t ip;
    uint16_t port;
};

struct nat_cfg {
    enum nat_rule mapping;
    enum nat_rule filtering;
    uint32_t ip;         /* the outer one */
    uint64_t timeout_us; /* of a flow without an outgoing packet */
    bool keeps_port;     /* the outer port is the inner one, if it is free */
};

/* An inner endpoint that has talked to an outer one. Flows of one mapping share the outer port. */
struct nat_flow {
    bool is_used;
    enum nat_protocol protocol;
    struct nat_endpoint inner;
    struct nat_endpoint remote;
    uint16_t outer_port;
    instant ends;
};

struct nat {
    struct nat_cfg cfg;
    struct rng *rng;
    struct nat_flow flows[NAT_FLOWS_MAX];
};

struct nat_packet {
    enum nat_protocol protocol;
    struct nat_endpoint from;
    struct nat_endpoint to;
    instant now;
};

void nat_init(struct nat *n, const struct nat_cfg *cfg, struct rng *rng);

/* nat_out translates the source of an outgoing packet; false: the table is full, the packet is lost. */
bool nat_out(struct nat *n, struct nat_packet *p);

/* nat_in translates the destination of an incoming packet; false: it is dropped. */
bool nat_in(struct nat *n, struct nat_packet *p);

const char *nat_rule_name(enum nat_rule r);

#endif
