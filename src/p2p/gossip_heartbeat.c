/* Once a second: scores fade, meshes are mended, and a few others hear what there was. */
#include "base/arith.h"
#include "base/mem.h"
#include "p2p/gossip_state.h"

enum { OPPORTUNISTIC_HEARTBEATS = 60, OPPORTUNISTIC_PEERS = 2, IDS_MAX = 5000 };

/* ---- scores ---- */

static void fade(struct gossip *g, struct gossip_peer *p)
{
    const struct gossip_score_cfg *c = &g->cfg.score;
    for (struct list *l = list_first(&p->members); l;) {
        struct gossip_member *m = list_entry(l, struct gossip_member, in_peer);
        l = list_next(&p->members, l);
        gossip_topic_decay(&m->topic->cfg.score, &m->record, c->decay_to_zero);
        gossip_member_maybe_free(g, m);
    }
    p->behaviour = gossip_decayed(p->behaviour, c->behaviour_decay, c->decay_to_zero);
    p->ihave_count = 0;
    p->ihave_ids_count = 0;
    p->iwant_ids_count = 0;
    p->idontwant_count = 0;
    gossip_rescore(g, p);
}

static void fade_all(struct gossip *g)
{
    for (size_t i = g->peers.count; i > 0; i--) {
        struct gossip_peer *p = map_at(&g->peers, i - 1)->value;
        fade(g, p);
        if (!p->is_connected && instant_reached(p->forget_at, g->now)) {
            gossip_forget_peer(g, p);
        }
    }
}

/* ---- the mesh ---- */

static bool is_in_mesh(const struct gossip *g, const struct gossip_member *m)
{
    (void)g;
    return m->record.in_mesh;
}

static bool may_graft_outbound(const struct gossip *g, const struct gossip_member *m)
{
    return m->peer->is_outbound && gossip_may_graft(g, m);
}

static void
graft_up_to(struct gossip *g, const struct gossip_topic *t, uint32_t want, gossip_pick_fn fits)
{
    struct gossip_picks picks;
    if (gossip_pick(g, &picks, t, fits) != OK) {
        return;
    }
    for (size_t i = 0; i < picks.count && i < want; i++) {
        gossip_graft(g, picks.members[i]);
    }
    gossip_picks_done(g, &picks);
}

static void drop_the_bad(struct gossip *g, const struct gossip_topic *t)
{
    for (struct list *l = list_first(&t->members); l; l = list_next(&t->members, l)) {
        struct gossip_member *m = list_entry(l, struct gossip_member, in_topic);
        /* SPEC libp2p/gossipsub-1.1 §"Heartbeat procedure": nobody with a negative score stays in a mesh. */
        if (m->record.in_mesh && m->peer->score < 0) {
            gossip_prune(g, m, (struct gossip_prune_args){.px = false});
        }
    }
}

/* sort_by_score puts the best first; the order of equals stays random. */
static void sort_by_score(struct gossip_picks *picks)
{
    for (size_t i = 1; i < picks->count; i++) {
        struct gossip_member *m = picks->members[i];
        size_t k = i;
        while (k > 0 && picks->members[k - 1]->peer->score < m->peer->score) {
            picks->members[k] = picks->members[k - 1];
            k--;
        }
        picks->members[k] = m;
    }
}

static void swap(struct gossip_picks *picks, size_t a, size_t b)
{
    struct gossip_member *m = picks->members[a];
    picks->members[a] = picks->members[b];
    picks->members[b] = m;
}

/* shrink keeps D: the best by score, others by chance, and among them as many that we dialled as we want. */
static void shrink(struct gossip *g, const struct gossip_topic *t)
{
    struct gossip_picks picks;
    if (gossip_pick(g, &picks, t, is_in_mesh) != OK) {
        return;
    }
    sort_by_score(&picks);
    size_t keep = min_size(g->cfg.d, picks.count);
    for (size_t i = picks.count; i > g->cfg.d_score + 1; i--) { /* shuffle all but the best */
        swap(&picks, i - 1, g->cfg.d_score + (size_t)rng_below(g->cfg.rng, i - g->cfg.d_score));
    }
    /* SPEC libp2p/gossipsub-1.1 §"Outbound Mesh Quotas": some of those kept are peers that we dialled, whom an
     * attacker cannot have placed. */
    uint32_t outbound = 0;
    for (size_t i = 0; i < keep; i++) {
        outbound += picks.members[i]->peer->is_outbound;
    }
    size_t place = keep;
    for (size_t i = keep; i < picks.count && outbound < g->cfg.d_out; i++) {
        if (!picks.members[i]->peer->is_outbound) {
            continue;
        }
        do {
            place--;
        } while (place > 0 && picks.members[place]->peer->is_outbound);
        swap(&picks, i, place);
        outbound++;
    }
    for (size_t i = keep; i < picks.count; i++) {
        gossip_prune(g, picks.members[i], (struct gossip_prune_args){.px = true});
    }
    gossip_picks_done(g, &picks);
}

static void ensure_outbound(struct gossip *g, const struct gossip_topic *t)
{
    uint32_t outbound = 0;
    for (struct list *l = list_first(&t->members); l; l = list_next(&t->members, l)) {
        const struct gossip_member *m = list_entry(l, struct gossip_member, in_topic);
        outbound += m->record.in_mesh && m->peer->is_outbound;
    }
    if (outbound < g->cfg.d_out) {
        graft_up_to(g, t, g->cfg.d_out - outbound, may_graft_outbound);
    }
}

/* try_better grafts a few peers whose score is above the median, when that is poor. */
static void try_better(struct gossip *g, const struct gossip_topic *t)
{
    struct gossip_picks mesh;
    if (gossip_pick(g, &mesh, t, is_in_mesh) != OK) {
        return;
    }
    sort_by_score(&mesh);
    bool is_poor = mesh.count > 1;
    int64_t median = is_poor ? mesh.members[mesh.count / 2]->peer->score : 0;
    gossip_picks_done(g, &mesh);
    struct gossip_picks others;
    /* SPEC libp2p/gossipsub-1.1 §"Opportunistic Grafting": a mesh of poor peers gets better ones, a few a minute. */
    if (!is_poor || median >= g->cfg.score.opportunistic_threshold ||
        gossip_pick(g, &others, t, gossip_may_graft) != OK) {
        return;
    }
    unsigned count = 0;
    for (size_t i = 0; i < others.count && count < OPPORTUNISTIC_PEERS; i++) {
        if (others.members[i]->peer->score > median) {
            gossip_graft(g, others.members[i]);
            count++;
        }
    }
    gossip_picks_done(g, &others);
}

static void mend_mesh(struct gossip *g, const struct gossip_topic *t)
{
    drop_the_bad(g, t);
    uint32_t count = gossip_count_mesh(t);
    /* SPEC libp2p/gossipsub-1.0 §"Mesh maintenance": too few are filled up to D, too many cut down to D. */
    if (count < g->cfg.d_low) {
        graft_up_to(g, t, g->cfg.d - count, gossip_may_graft);
    } else if (count > g->cfg.d_high) {
        shrink(g, t);
    }
    if (gossip_count_mesh(t) >= g->cfg.d_low) {
        ensure_outbound(g, t);
    }
    if (g->heartbeats % OPPORTUNISTIC_HEARTBEATS == 0) {
        try_better(g, t);
    }
}

/* ---- fanout ---- */

static bool may_fan_out(const struct gossip *g, const struct gossip_member *m)
{
    return m->is_subscribed && m->peer->is_connected && !m->in_fanout &&
           m->peer->version != GOSSIP_FLOODSUB && m->peer->score >= g->cfg.score.publish_threshold;
}

void gossip_fill_fanout(struct gossip *g, struct gossip_topic *t)
{
    uint32_t count = 0;
    for (struct list *l = list_first(&t->members); l; l = list_next(&t->members, l)) {
        struct gossip_member *m = list_entry(l, struct gossip_member, in_topic);
        m->in_fanout = m->in_fanout && m->peer->score >= g->cfg.score.publish_threshold;
        count += m->in_fanout;
    }
    struct gossip_picks picks;
    if (count >= g->cfg.d || gossip_pick(g, &picks, t, may_fan_out) != OK) {
        return;
    }
    for (size_t i = 0; i < picks.count && count < g->cfg.d; i++, count++) {
        picks.members[i]->in_fanout = true;
    }
    gossip_picks_done(g, &picks);
}

static void mend_fanout(struct gossip *g, struct gossip_topic *t)
{
    /* SPEC libp2p/gossipsub-1.0 §"Fanout maintenance": who has not published for a minute needs no fanout. */
    if (!instant_reached(t->fanout_until, g->now)) {
        gossip_fill_fanout(g, t);
        return;
    }
    t->fanout_until = (instant){0};
    for (struct list *l = list_first(&t->members); l; l = list_next(&t->members, l)) {
        list_entry(l, struct gossip_member, in_topic)->in_fanout = false;
    }
}

/* ---- gossip ---- */

static bool may_hear_gossip(const struct gossip *g, const struct gossip_member *m)
{
    return m->is_subscribed && m->peer->is_connected && !m->record.in_mesh && !m->in_fanout &&
           m->peer->version != GOSSIP_FLOODSUB && m->peer->score >= g->cfg.score.gossip_threshold;
}

static size_t collect_ids(const struct gossip *g, const struct gossip_topic *t, struct span *ids)
{
    size_t count = 0;
    for (struct list *l = list_first(&g->cache); l && count < IDS_MAX;
         l = list_next(&g->cache, l)) {
        const struct gossip_seen *s = list_entry(l, struct gossip_seen, in_cache);
        if (s->topic == t && g->heartbeats - s->heartbeat < g->cfg.history_gossip) {
            ids[count++] = span_of(s->id, s->id_len);
        }
    }
    return count;
}

static void
emit_to_some(struct gossip *g, const struct gossip_topic *t, const struct gossip_ids_out *out)
{
    struct gossip_picks picks;
    if (gossip_pick(g, &picks, t, may_hear_gossip) != OK) {
        return;
    }
    /* SPEC libp2p/gossipsub-1.1 §"Adaptive Gossip Dissemination": to a share of those outside the mesh, and at least
     * to Dlazy. */
    size_t want = max_size(g->cfg.d_lazy, picks.count * g->cfg.gossip_percent / 100);
    for (size_t i = 0; i < picks.count && i < want; i++) {
        gossip_say_ids(g, picks.members[i]->peer, out);
    }
    gossip_picks_done(g, &picks);
}

static void emit(struct gossip *g, const struct gossip_topic *t)
{
    void *p;
    if (list_is_empty(&g->cache) ||
        mem_alloc(&g->budget, &p, IDS_MAX * sizeof(struct span)) != OK) {
        return;
    }
    struct span *ids = p;
    size_t count = collect_ids(g, t, ids);
    if (count > 0) {
        emit_to_some(g, t,
                     &(struct gossip_ids_out){.kind = GOSSIP_IHAVE,
                                              .topic = gossip_topic_name(t),
                                              .ids = ids,
                                              .ids_count = count});
    }
    mem_free(&g->budget, p, IDS_MAX * sizeof(struct span));
}

/* ---- the beat ---- */

void gossip_heartbeat(struct gossip *g)
{
    g->heartbeats++;
    gossip_promises_expire(g);
    fade_all(g);
    for (size_t i = 0; i < g->topics.count; i++) {
        struct gossip_topic *t = map_at(&g->topics, i)->value;
        if (t->is_subscribed) {
            mend_mesh(g, t);
            emit(g, t);
        } else if (t->fanout_until.us > 0) {
            mend_fanout(g, t);
            emit(g, t);
        }
    }
    gossip_unwanted_expire(g);
    gossip_seen_expire(g);
}
