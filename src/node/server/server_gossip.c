/* The server among servers: it tells of itself in their topic, passes on what others tell, and gives wallets what it has heard. */
#include "node/server/server_inside.h"

enum {
    GOSSIP_MEMORY_MAX = 8 * 1024 * 1024,
    STREAMS_MEMORY_MAX = 4 * 1024 * 1024,
    TOPICS_MAX = 64, /* those of peers included, which are not ours */
    TOPICS_OF_PEER_MAX = 8,
};

enum err server_gossip_start(struct server *s)
{
    struct server_gossip *g = &s->gossip;
    struct rng *rng = &s->entropy.rng;
    struct host_gossip_cfg gossip = {
        .gossip = {.memory_max = GOSSIP_MEMORY_MAX,
                   .score = gossip_score_default(),
                   .topics_max = TOPICS_MAX,
                   .topics_of_peer_max = TOPICS_OF_PEER_MAX},
        .no_floodsub = true,
        .memory_max = STREAMS_MEMORY_MAX
    };
    struct directory_host_cfg directory = {
        .list = {.host = &s->host,
                 .parent = &s->budget,
                 .count_max = DESCRIPTOR_STORE_MAX,
                 .is_local = s->network->kind == NETWORK_LOCAL,
                 .seed = {rng_u64(rng), rng_u64(rng)}},
        .rng = rng,
        .serves = true
    };
    struct descriptor_topic_cfg topic = {
        .gossip = &g->host, .list = &g->directory.list, .signer = &s->keyd.signer};
    if (!s->config->is_gossip) {
        return OK;
    }
    g->is_on = true;
    if (host_gossip_init(&g->host, &s->host, &gossip) != OK ||
        directory_host_init(&g->directory, &s->host, &directory) != OK ||
        descriptor_topic_init(&g->topic, &topic) != OK) {
        server_give_up(s, ERR_LIMIT, "The memory is too small: raise memory_mib in server.ini.");
        return ERR_LIMIT;
    }
    directory_host_want(&g->directory, s->network->chain_id);
    return OK;
}

void server_gossip_stop(struct server *s)
{
    if (s->gossip.is_on) {
        s->gossip.is_on = false;
        server_heads_stop(s); /* it stands on gossip */
        host_gossip_done(&s->gossip.host);
        directory_host_done(&s->gossip.directory);
    }
}

void server_gossip_event(struct server *s)
{
    struct gossip_event e;
    while (s->gossip.is_on && host_gossip_poll(&s->gossip.host, &e)) {
        bool is_ours = descriptor_topic_take(&s->gossip.topic, &e) ||
                       (s->heads.is_on && heads_topic_take(&s->heads.topic, &e));
        if (!is_ours) {
            gossip_validated(&s->gossip.host.gossip, s->host.now, e.message, GOSSIP_IGNORE);
        }
    }
}

void server_gossip_follow(struct server *s)
{
    if (s->gossip.is_on) {
        descriptor_topic_changed(&s->gossip.topic);
        server_wake(s);
    }
}

/* The addresses that are announced, which are confirmed or the operator's word; on the internet those that it has. */
static void fill_addrs(const struct server *s, struct descriptor *d)
{
    struct span addrs[HOST_ADDRS_MAX];
    size_t count = host_announced_addrs(&s->host, addrs);
    for (size_t i = 0; i < count && d->addrs_count < DESCRIPTOR_ADDRS_MAX; i++) {
        uint64_t place;
        bool is_fit = s->network->kind == NETWORK_LOCAL || descriptors_place(&place, addrs[i]);
        if (is_fit && addrs[i].n <= DESCRIPTOR_ADDR_LEN_MAX) {
            d->addrs[d->addrs_count++] = addrs[i];
        }
    }
}

static struct descriptor_chain chain_of(const struct server *s)
{
    struct descriptor_chain c = {.id = s->network->chain_id, .services = DESCRIPTOR_PROOFS};
    c.services |= s->config->beacon[0] != '\0' ? DESCRIPTOR_LIGHT : 0;
    c.services |= s->has_bundler ? DESCRIPTOR_BUNDLER : 0;
    c.services |= s->config->cosign != SERVER_COSIGN_NO ? DESCRIPTOR_COSIGNER : 0;
    c.services |= s->has_capsules ? DESCRIPTOR_CAPSULES : 0;
    c.level = s->has_bundler ? SERVICE_LEVEL_KNOWN_CODE : SERVICE_LEVEL_NONE;
    return c;
}

void server_gossip_tick(struct server *s)
{
    struct descriptor d = {.chains_count = 1,
                           .chains = {chain_of(s)},
                           .operator_name = span_str(s->config->operator_name)};
    if (!s->gossip.is_on || s->phase != SERVER_RUNNING ||
        !descriptor_topic_is_due(&s->gossip.topic)) {
        return;
    }
    fill_addrs(s, &d);
    if (d.addrs_count == 0) {
        return; /* nobody can reach us, as far as we know */
    }
    enum err e = descriptor_topic_publish(&s->gossip.topic, &d);
    log_line(&s->log, e == OK ? LOG_DEBUG : LOG_WARN, "gossip", "what this server is: %s",
             e == OK ? "told" : err_name(e));
}

instant server_gossip_deadline(const struct server *s)
{
    return s->gossip.is_on && s->phase == SERVER_RUNNING
               ? descriptor_topic_deadline(&s->gossip.topic)
               : INSTANT_NEVER;
}
