/* AutoNAT of the test node: it serves, and asks peers about the addresses that a command names. */
#include "base/check.h"
#include "codec/multiaddr.h"
#include "p2p_node.h"

#include <inttypes.h>
#include <string.h>

static void on_result(void *user)
{
    struct node *n = user;
    tcp_pump(&n->tcp);
}

void node_autonat_init(struct node *n, uint64_t unix_s, bool serves)
{
    struct dialback_cfg dialback = {.loop = &n->loop,
                                    .budget = &n->budget,
                                    .rng = &n->rng,
                                    .unix_s = unix_s,
                                    .agent = "passmesh-test/0.1.0",
                                    .on_result = on_result,
                                    .user = n};
    struct host_autonat_cfg cfg = {0};
    if (serves) {
        check(dialback_init(&n->dialback, &dialback) == OK);
        cfg.dialler = &n->dialback.dialler;
        cfg.policy.no_ip6 = !n->dialback.has_ip6;
    }
    check(host_autonat_init(&n->autonat, &n->host, &cfg) == OK);
    n->dialback.to = &n->autonat;
    n->has_autonat = true;
}

void node_autonat_done(struct node *n)
{
    host_autonat_done(&n->autonat);
    dialback_free(&n->dialback);
}

static const char *verdict_name(enum autonat_verdict v)
{
    switch (v) {
    case AUTONAT_UNKNOWN:     return "unknown";
    case AUTONAT_REACHABLE:   return "reachable";
    case AUTONAT_UNREACHABLE: return "unreachable";
    }
    return "";
}

void node_autonat_on_event(struct node *n)
{
    if (!host_autonat_poll(&n->autonat)) {
        return;
    }
    for (size_t i = 0; i < n->autonat.probes.count; i++) {
        const struct autonat_probe *p = &n->autonat.probes.probes[i];
        uint8_t bytes[NET_ADDR_LEN_MAX];
        char text[MULTIADDR_TEXT_MAX] = "";
        struct wr b = wr_init(MSPAN_OF(bytes));
        struct wr w = wr_init(mspan_of(text, sizeof text - 1));
        net_addr_write(&b, &p->addr);
        check(multiaddr_print(&w, span_of(bytes, b.n)) == OK);
        node_say("verdict %s %s arrived=%u failed=%u", text, verdict_name(p->verdict),
                 p->arrived_count, p->failed_count);
    }
}

bool node_autonat_command(struct node *n, const char *verb, const char *subject)
{
    uint8_t bytes[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    struct net_addr addr;
    if (!n->has_autonat) {
        return false;
    }
    if (strcmp(verb, "reach") == 0) {
        if (multiaddr_parse(&w, span_str(subject), NULL) != OK ||
            net_addr_of(&addr, span_of(bytes, w.n)) != OK) {
            node_say("error reach no address");
            return true;
        }
        host_autonat_set_addrs(&n->autonat, &addr, 1);
        return true;
    }
    if (strcmp(verb, "autonatstats") == 0) {
        const struct host_autonat_stats *s = &n->autonat.stats;
        node_say("ok autonatstats served=%" PRIu64 " refused=%" PRIu64 " asked=%" PRIu64
                 " arrived=%" PRIu64,
                 s->served_count, s->refused_count, s->asked_count, s->arrived_count);
        return true;
    }
    return false;
}
