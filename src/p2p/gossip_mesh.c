/* Moving peers into and out of the mesh of a topic. */
#include "base/arith.h"
#include "base/mem.h"
#include "p2p/gossip_state.h"

uint32_t gossip_count_mesh(const struct gossip_topic *t)
{
    uint32_t count = 0;
    for (struct list *l = list_first(&t->members); l; l = list_next(&t->members, l)) {
        count += list_entry(l, struct gossip_member, in_topic)->record.in_mesh;
    }
    return count;
}

bool gossip_may_graft(const struct gossip *g, const struct gossip_member *m)
{
    const struct gossip_peer *p = m->peer;
    return m->is_subscribed && p->is_connected && p->version != GOSSIP_FLOODSUB &&
           !m->record.in_mesh && p->score >= 0 && !instant_before(g->now, m->backoff_until);
}

void gossip_graft(struct gossip *g, struct gossip_member *m)
{
    m->in_fanout = false;
    gossip_topic_grafted(&m->record, g->now);
    struct wr w = wr_init_buf(&m->peer->control);
    size_t before = m->peer->control.n;
    /* SPEC libp2p/gossipsub-1.0 §"GRAFT": tells a peer that it is in our mesh now. */
    gossip_write_graft(&w, gossip_topic_name(m->topic));
    if (!wr_ok(&w)) {
        buf_shrink(&m->peer->control, before);
    }
    gossip_talk(g, m->peer);
}

void gossip_leave_mesh(struct gossip *g, struct gossip_member *m)
{
    if (m->record.in_mesh) {
        gossip_topic_pruned(&m->topic->cfg.score, &m->record, g->now);
    }
}

static bool is_worth_naming(const struct gossip *g, const struct gossip_member *m)
{
    (void)g;
    return m->is_subscribed && m->peer->is_connected && m->peer->score >= 0;
}

static size_t choose_px(struct gossip *g,
                        struct gossip_px px[static GOSSIP_PX_MAX],
                        const struct gossip_member *but)
{
    struct gossip_picks picks;
    size_t count = 0;
    if (gossip_pick(g, &picks, but->topic, is_worth_naming) != OK) {
        return 0;
    }
    for (size_t i = 0; i < picks.count && count < GOSSIP_PX_MAX; i++) {
        if (picks.members[i] != but) {
            /* SPEC libp2p/gossipsub-1.1 §"Peer Exchange": the signed record of a peer goes along, if we have it. */
            const struct gossip_peer *p = picks.members[i]->peer;
            px[count++] = (struct gossip_px){.peer = p->id, .record = buf_span(&p->record)};
        }
    }
    gossip_picks_done(g, &picks);
    return count;
}

void gossip_prune(struct gossip *g, struct gossip_member *m, struct gossip_prune_args args)
{
    gossip_leave_mesh(g, m);
    uint64_t backoff_us = args.leaves ? g->cfg.unsubscribe_backoff_us : g->cfg.backoff_us;
    instant until = instant_add(g->now, backoff_us);
    m->backoff_until = instant_before(m->backoff_until, until) ? until : m->backoff_until;
    m->pruned_at = g->now;
    struct gossip_px px[GOSSIP_PX_MAX];
    bool has_px = args.px && !g->cfg.no_px && m->peer->version >= GOSSIP_V11;
    /* SPEC libp2p/gossipsub-1.1 §"Prune Backoff": how long the peer must wait is said in the PRUNE. */
    struct gossip_prune_out out = {.topic = gossip_topic_name(m->topic),
                                   .backoff_s = backoff_us / US_PER_S,
                                   .has_backoff = m->peer->version >= GOSSIP_V11,
                                   .peers = px,
                                   .peers_count = has_px ? choose_px(g, px, m) : 0};
    struct wr w = wr_init_buf(&m->peer->control);
    size_t before = m->peer->control.n;
    gossip_write_prune(&w, &out);
    if (!wr_ok(&w)) {
        buf_shrink(&m->peer->control, before);
    }
    gossip_talk(g, m->peer);
}

/* ---- choosing ---- */

enum err gossip_pick(struct gossip *g,
                     struct gossip_picks *picks,
                     const struct gossip_topic *t,
                     gossip_pick_fn fits)
{
    void *p;
    *picks = (struct gossip_picks){.cap = max_size(1, t->members_count)};
    TRY(mem_alloc(&g->budget, &p, picks->cap * sizeof *picks->members));
    picks->members = p;
    for (struct list *l = list_first(&t->members); l; l = list_next(&t->members, l)) {
        struct gossip_member *m = list_entry(l, struct gossip_member, in_topic);
        if (fits(g, m)) {
            picks->members[picks->count++] = m;
        }
    }
    for (size_t i = picks->count; i > 1; i--) {
        size_t k = (size_t)rng_below(g->cfg.rng, i);
        struct gossip_member *m = picks->members[i - 1];
        picks->members[i - 1] = picks->members[k];
        picks->members[k] = m;
    }
    return OK;
}

void gossip_picks_done(struct gossip *g, struct gossip_picks *picks)
{
    mem_free(&g->budget, picks->members, picks->cap * sizeof *picks->members);
    picks->members = NULL;
}
