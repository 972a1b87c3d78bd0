/* The DHT of the test node: one command starts one operation, its events are lines. */
#include "base/check.h"
#include "codec/base16.h"
#include "p2p_node.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

/* Namespace "test": every value is good, and the one that sorts last is the best. */
static enum err
validate(const struct kad_validator *self, struct span key, struct span value, walltime wall)
{
    (void)self;
    (void)key;
    (void)value;
    (void)wall;
    return OK;
}

static int compare(const struct kad_validator *self, struct span key, struct span a, struct span b)
{
    (void)self;
    (void)key;
    return span_compare(a, b);
}

static const struct kad_validator validator = {"test", validate, compare};
static const struct kad_validator *const validators[] = {&validator};

void node_kad_init(struct node *n, const char *mode, const char *protocol)
{
    struct host_kad_cfg cfg = {
        .kad = {.mode = strcmp(mode, "server") == 0 ? KAD_MODE_SERVER : KAD_MODE_CLIENT,
                .private_too = true,
                .validators = validators,
                .validators_count = 1},
        .protocol = protocol
    };
    check(host_kad_init(&n->kad, &n->host, &cfg) == OK);
    kad_set_walltime(&n->kad.kad, loop_now(&n->loop), (walltime){(uint64_t)time(NULL)});
    n->has_kad = true;
}

void node_kad_on_event(struct node *n)
{
    struct kad_event e;
    char text[PEER_ID_TEXT_MAX];
    while (host_kad_poll(&n->kad, &e)) {
        switch (e.kind) {
        case KAD_EVENT_PEER:
        case KAD_EVENT_PROVIDER:
            peer_id_print(text, &e.peer.id);
            node_say("found %s addrs=%zu", text, e.peer.addrs.n);
            break;
        case KAD_EVENT_VALUE:
            node_say("value %.*s", (int)e.value.n, (const char *)e.value.p);
            break;
        case KAD_EVENT_OVER:
            node_say("ok kad asked=%u answered=%u stored=%u %s", e.stats.asked_count,
                     e.stats.answered_count, e.stats.stored_count, err_name(e.err));
            break;
        case KAD_EVENT_ASK:
        case KAD_EVENT_DROP:
        case KAD_EVENT_MODE: break; /* the host's */
        }
    }
}

static enum err start(struct node *n, const char *verb, const char *subject, const char *rest)
{
    uint8_t bytes[KAD_KEY_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    struct kad *k = &n->kad.kad;
    instant now = loop_now(&n->loop);
    struct kad_op_args args = {0};
    struct peer_id peer;
    uint64_t op;
    if (strcmp(verb, "put") == 0) {
        return kad_put_value(
            k, &op, now,
            (struct kad_put_args){.key = span_str(subject), .value = span_str(rest ? rest : "")});
    }
    if (strcmp(verb, "get") == 0) {
        return kad_get_value(k, &op, now, span_str(subject), args);
    }
    if (strcmp(verb, "find") == 0) {
        TRY(peer_id_parse(&peer, span_str(subject)));
        return kad_find_peer(k, &op, now, &peer, args);
    }
    TRY(base16_decode(&w, span_str(subject)));
    return strcmp(verb, "provide") == 0
               ? kad_provide(k, &op, now, span_of(bytes, w.n), (struct kad_op_args){.keep = true})
               : kad_find_providers(k, &op, now, span_of(bytes, w.n), args);
}

bool node_kad_command(struct node *n, const char *verb, const char *subject, const char *rest)
{
    static const char *const verbs[] = {"put", "get", "find", "provide", "providers"};
    bool is_ours = false;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        is_ours = is_ours || strcmp(verb, verbs[i]) == 0;
    }
    if (!is_ours || !n->has_kad) {
        return false;
    }
    enum err e = start(n, verb, subject, rest);
    if (e != OK) {
        node_say("error %s %s", verb, err_name(e));
    }
    return true;
}

void node_kad_say_stats(const struct node *n)
{
    struct kad_stats s = kad_stats(&n->kad.kad);
    node_say("ok kadstats peers=%zu providers=%zu values=%zu served=%" PRIu64, s.peers_count,
             s.providers_count, s.values_count, s.served_count);
}
