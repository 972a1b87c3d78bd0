/* Rendezvous points among connected peers, and whose turn it is. */
#include "node/net/rendezvous_points.h"

#include "p2p/host.h"

enum err rendezvous_points_init(struct rendezvous_points *p,
                                struct host *host,
                                const struct rendezvous_points_cfg *cfg)
{
    struct host_rendezvous_cfg rendezvous = {
        .serves = cfg->serves,
        .point = {.memory_max = RENDEZVOUS_POINTS_MEMORY_MAX,
                  .of_peer_max = RENDEZVOUS_POINTS_OF_PEER_MAX}
    };
    *p = (struct rendezvous_points){.cfg = *cfg};
    return host_rendezvous_init(&p->host, host, &rendezvous);
}

void rendezvous_points_done(struct rendezvous_points *p)
{
    if (p->host.host) {
        host_rendezvous_done(&p->host);
        *p = (struct rendezvous_points){0};
    }
}

/* Those that are gone give their places back; it is their turn again should they return. */
static void drop_gone(struct rendezvous_points *p)
{
    size_t left = 0;
    struct host_peer_info info;
    for (size_t i = 0; i < p->turns_count; i++) {
        if (host_peer_find(p->host.host, &info, &p->turns[i].peer)) {
            p->turns[left++] = p->turns[i];
        }
    }
    p->turns_count = left;
}

static bool has(const struct rendezvous_points *p, const struct peer_id *peer)
{
    for (size_t i = 0; i < p->turns_count; i++) {
        if (peer_id_equal(&p->turns[i].peer, peer)) {
            return true;
        }
    }
    return false;
}

static void find_new(struct rendezvous_points *p)
{
    struct host *host = p->host.host;
    for (size_t i = 0; i < host_peers_count(host) && p->turns_count < RENDEZVOUS_POINTS_MAX; i++) {
        struct host_peer_info info;
        host_peer_at(host, &info, i);
        if (!has(p, &info.peer) &&
            host_peer_speaks(host, &info.peer, SPAN_LIT(RENDEZVOUS_PROTOCOL))) {
            p->turns[p->turns_count++] = (struct rendezvous_turn){.peer = info.peer};
        }
    }
}

const struct peer_id *rendezvous_points_next(struct rendezvous_points *p, instant now)
{
    drop_gone(p);
    find_new(p);
    for (size_t i = 0; i < p->turns_count; i++) {
        struct rendezvous_turn *turn = &p->turns[i];
        if (instant_reached(turn->again_at, now)) {
            turn->again_at = instant_add(now, p->cfg.every_us);
            return &turn->peer;
        }
    }
    return NULL;
}

void rendezvous_points_anew(struct rendezvous_points *p)
{
    for (size_t i = 0; i < p->turns_count; i++) {
        p->turns[i].again_at = (instant){0};
    }
}

instant rendezvous_points_deadline(const struct rendezvous_points *p)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < p->turns_count; i++) {
        at = instant_min(at, p->turns[i].again_at);
    }
    return at;
}
