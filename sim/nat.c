/* Translation of addresses: RFC 4787, sections 4.1 (mapping) and 5 (filtering). */
#include "nat.h"

static bool same(struct nat_endpoint a, struct nat_endpoint b)
{
    return a.ip == b.ip && a.port == b.port;
}

/* covers: under this rule, does what was done towards `known` hold for `other` too? */
static bool covers(enum nat_rule r, struct nat_endpoint known, struct nat_endpoint other)
{
    switch (r) {
    case NAT_ENDPOINT_INDEPENDENT:       return true;
    case NAT_ADDRESS_DEPENDENT:          return known.ip == other.ip;
    case NAT_ADDRESS_AND_PORT_DEPENDENT: return same(known, other);
    }
    return false;
}

void nat_init(struct nat *n, const struct nat_cfg *cfg, struct rng *rng)
{
    *n = (struct nat){.cfg = *cfg, .rng = rng};
}

static bool is_live(struct nat_flow *f, instant now)
{
    f->is_used = f->is_used && !instant_reached(f->ends, now);
    return f->is_used;
}

static bool is_taken(struct nat *n, const struct nat_packet *p, uint16_t port)
{
    for (size_t i = 0; i < NAT_FLOWS_MAX; i++) {
        struct nat_flow *f = &n->flows[i];
        if (is_live(f, p->now) && f->protocol == p->protocol && f->outer_port == port) {
            return true;
        }
    }
    return false;
}

static uint16_t choose_port(struct nat *n, const struct nat_packet *p)
{
    uint16_t port = p->from.port;
    if (n->cfg.keeps_port && !is_taken(n, p, port)) {
        return port;
    }
    do {
        port = (uint16_t)(1024 + rng_below(n->rng, 64000));
    } while (is_taken(n, p, port));
    return port;
}

bool nat_out(struct nat *n, struct nat_packet *p)
{
    struct nat_flow *own = NULL;
    struct nat_flow *free_one = NULL;
    const struct nat_flow *mapping = NULL;
    for (size_t i = 0; i < NAT_FLOWS_MAX; i++) {
        struct nat_flow *f = &n->flows[i];
        if (!is_live(f, p->now)) {
            free_one = free_one ? free_one : f;
        } else if (f->protocol == p->protocol && same(f->inner, p->from)) {
            own = same(f->remote, p->to) ? f : own;
            mapping = covers(n->cfg.mapping, f->remote, p->to) ? f : mapping;
        }
    }
    if (!own && !free_one) {
        return false;
    }
    if (!own) {
        uint16_t port = mapping ? mapping->outer_port : choose_port(n, p);
        own = free_one;
        *own = (struct nat_flow){.is_used = true,
                                 .protocol = p->protocol,
                                 .inner = p->from,
                                 .remote = p->to,
                                 .outer_port = port};
    }
    own->ends = instant_add(p->now, n->cfg.timeout_us);
    p->from = (struct nat_endpoint){.ip = n->cfg.ip, .port = own->outer_port};
    return true;
}

bool nat_in(struct nat *n, struct nat_packet *p)
{
    for (size_t i = 0; i < NAT_FLOWS_MAX; i++) {
        struct nat_flow *f = &n->flows[i];
        if (is_live(f, p->now) && f->protocol == p->protocol && f->outer_port == p->to.port &&
            covers(n->cfg.filtering, f->remote, p->from)) {
            p->to = f->inner;
            return true;
        }
    }
    return false;
}

const char *nat_rule_name(enum nat_rule r)
{
    switch (r) {
    case NAT_ENDPOINT_INDEPENDENT:       return "EI";
    case NAT_ADDRESS_DEPENDENT:          return "AD";
    case NAT_ADDRESS_AND_PORT_DEPENDENT: return "APD";
    }
    return "?";
}
