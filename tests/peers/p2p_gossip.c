/* Gossipsub of the test node: topics whose names begin with "bare" are not signed. Each message is a line. */
#include "base/check.h"
#include "p2p_node.h"

#include <stdlib.h>
#include <string.h>

void node_gossip_init(struct node *n)
{
    struct host_gossip_cfg cfg = {0};
    check(host_gossip_init(&n->gossip, &n->host, &cfg) == OK);
    n->has_gossip = true;
}

/* A message whose text begins so is judged so. */
static enum gossip_verdict verdict_of(struct span text)
{
    if (span_starts_with(text, SPAN_LIT("reject"))) {
        return GOSSIP_REJECT;
    }
    return span_starts_with(text, SPAN_LIT("ignore")) ? GOSSIP_IGNORE : GOSSIP_ACCEPT;
}

void node_gossip_on_event(struct node *n)
{
    struct gossip_event e;
    char author[PEER_ID_TEXT_MAX] = "-";
    while (host_gossip_poll(&n->gossip, &e)) {
        if (e.author.n > 0) {
            peer_id_print(author, &e.author);
        }
        node_say("message %.*s %s len=%zu %.*s", (int)e.topic.n, (const char *)e.topic.p, author,
                 e.data.n, (int)(e.data.n < 100 ? e.data.n : 100), (const char *)e.data.p);
        gossip_validated(&n->gossip.gossip, loop_now(&n->loop), e.message, verdict_of(e.data));
    }
}

static enum err publish_bytes(struct node *n, struct span topic, const char *count)
{
    static uint8_t bytes[GOSSIP_DATA_LEN_MAX];
    size_t len = strtoul(count, NULL, 10);
    memset(bytes, 'x', sizeof bytes);
    return len <= sizeof bytes
               ? gossip_publish(&n->gossip.gossip, loop_now(&n->loop), topic, span_of(bytes, len))
               : ERR_LIMIT;
}

bool node_gossip_command(struct node *n, const char *verb, const char *topic, const char *rest)
{
    struct gossip *g = &n->gossip.gossip;
    instant now = loop_now(&n->loop);
    struct span name = span_str(topic);
    struct gossip_topic_cfg cfg = {.signing = span_starts_with(name, SPAN_LIT("bare"))
                                                  ? GOSSIP_STRICT_NO_SIGN
                                                  : GOSSIP_STRICT_SIGN};
    enum err e = OK;
    if (!n->has_gossip) {
        return false;
    }
    if (strcmp(verb, "subscribe") == 0) {
        e = gossip_subscribe(g, now, name, &cfg);
    } else if (strcmp(verb, "unsubscribe") == 0) {
        gossip_unsubscribe(g, now, name);
    } else if (strcmp(verb, "publish") == 0) {
        e = gossip_publish(g, now, name, span_str(rest ? rest : ""));
    } else if (strcmp(verb, "publishbytes") == 0) {
        e = publish_bytes(n, name, rest ? rest : "0");
    } else if (strcmp(verb, "mesh") == 0) {
        node_say("ok mesh count=%u peers=%zu", gossip_mesh_count(g, name), gossip_peers_count(g));
        return true;
    } else {
        return false;
    }
    node_say("%s %s %s", e == OK ? "ok" : "error", verb, err_name(e));
    return true;
}
