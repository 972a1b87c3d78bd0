/* Visits to the public DHT of IPFS: the peers to begin with, and when there are enough. */
#include "node/net/public_dht.h"

#include "codec/multiaddr.h"

static const uint64_t ALONE_US = 5 * US_PER_S;  /* from then on one peer is enough */
static const uint64_t LATE_US = 150 * US_PER_S; /* a lookup and its sweeps, and a beginning */
static const uint64_t EBB_US = 3 * US_PER_S;
enum { READY_COUNT = 3 };

/* Those that the programs of IPFS begin with, too. */
static const char *const default_peers[] = {
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN",
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmQCU2EcMqAqQPR2i9bChDtGNJchTbq5TbXJJ16u19uLTa",
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmbLHAnMoJPWSCR5Zhtx6BHJX9KiKNN6tpvbUcqanj75Nb",
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmcZf59bWwK5XFi76CZX8cbJ4BhTzzA3gU1ZjYZcYW3dwt",
    "/dnsaddr/va1.bootstrap.libp2p.io/p2p/12D3KooWKnDdG3iXw9eTFijk3EWSunZcFi54Zka4wmtqtt6rPxc8",
    "/ip4/104.131.131.82/tcp/4001/p2p/QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ",
};

bool public_dht_has_way(const struct config_public_dht *config, bool is_local)
{
    return !is_local || config->peers_count > 0;
}

static bool begin_at(struct public_dht *p, const char *text)
{
    uint8_t room[MULTIADDR_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(room));
    return multiaddr_parse(&w, span_str(text), NULL) == OK && wr_end(&w) == OK &&
           host_kad_add_bootstrap(&p->kad, span_of(room, w.n)) == OK;
}

enum err public_dht_enter(struct public_dht *p, const struct public_dht_cfg *cfg, instant now)
{
    const struct config_public_dht *config = cfg->config;
    size_t count = 0;
    struct host_kad_cfg kad = {
        .kad = {.mode = KAD_MODE_CLIENT,
                .private_too = cfg->private_too,
                .memory_max = PUBLIC_DHT_MEMORY_MAX,
                .refresh_us = UINT64_MAX}, /* gone before a bucket is old */
        .protocol = KAD_PROTOCOL_IPFS,
        .memory_max = PUBLIC_DHT_STREAMS_MEMORY_MAX
    };
    TRY(host_kad_init(&p->kad, cfg->host, &kad));
    p->is_on = true;
    p->since = now;
    p->is_ebbing = false;
    for (size_t i = 0; i < config->peers_count; i++) {
        count += begin_at(p, config->peers[i]);
    }
    for (size_t i = 0;
         config->peers_count == 0 && i < sizeof default_peers / sizeof default_peers[0]; i++) {
        count += begin_at(p, default_peers[i]);
    }
    if (count == 0) {
        public_dht_leave(p);
        return ERR_MALFORMED;
    }
    return OK;
}

bool public_dht_ebb(struct public_dht *p, instant now)
{
    if (!p->is_ebbing) {
        p->is_ebbing = true;
        p->gone_at = instant_add(now, EBB_US);
        p->kad.cfg.warm_max = 0;
    }
    return (p->kad.warm_count == 0 && list_is_empty(&p->kad.waiting)) ||
           instant_reached(p->gone_at, now);
}

void public_dht_leave(struct public_dht *p)
{
    if (p->is_on) {
        p->is_on = false;
        host_kad_leave(&p->kad);
    }
}

bool public_dht_is_ready(const struct public_dht *p, instant now)
{
    size_t count = p->is_on ? kad_stats(&p->kad.kad).peers_count : 0;
    return count >= READY_COUNT ||
           (count > 0 && instant_reached(instant_add(p->since, ALONE_US), now));
}

bool public_dht_is_late(const struct public_dht *p, instant now)
{
    return p->is_on && instant_reached(instant_add(p->since, LATE_US), now);
}
