/* Peer scoring: libp2p specs, gossipsub-v1.1.md, "The Score Function". */
#include "p2p/gossip_score.h"

/* No counter gets so large that its square, weighted, would not fit. */
static const int64_t COUNTER_MAX = INT64_C(1000000) * GOSSIP_ONE;

struct gossip_topic_score gossip_topic_score_default(void)
{
    return (struct gossip_topic_score){.weight = GOSSIP_ONE,
                                       .mesh_time_weight = 10,
                                       .mesh_time_quantum_us = US_PER_S,
                                       .mesh_time_cap = 300 * GOSSIP_ONE,
                                       .first_weight = 500,
                                       .first_decay = 990,
                                       .first_cap = 20 * GOSSIP_ONE,
                                       .deficit_weight = 0, /* needs to know the traffic */
                                       .deliveries_decay = 990,
                                       .deliveries_cap = 20 * GOSSIP_ONE,
                                       .deliveries_min = 0,
                                       .deliveries_window_us = 2 * US_PER_S,
                                       .activation_us = 60 * US_PER_S,
                                       .failure_weight = 0,
                                       .failure_decay = 990,
                                       .invalid_weight = -20 * GOSSIP_ONE,
                                       .invalid_decay = 999};
}

struct gossip_score_cfg gossip_score_default(void)
{
    return (struct gossip_score_cfg){.topics_cap = 50 * GOSSIP_ONE,
                                     .app_weight = GOSSIP_ONE,
                                     .colocation_weight = -5 * GOSSIP_ONE,
                                     .colocation_threshold = 10,
                                     .behaviour_weight = -10 * GOSSIP_ONE,
                                     .behaviour_threshold = 6 * GOSSIP_ONE,
                                     .behaviour_decay = 990,
                                     .decay_to_zero = 10,
                                     .gossip_threshold = -10 * GOSSIP_ONE,
                                     .publish_threshold = -50 * GOSSIP_ONE,
                                     .graylist_threshold = -80 * GOSSIP_ONE,
                                     .accept_px_threshold = 10 * GOSSIP_ONE,
                                     .opportunistic_threshold = 5 * GOSSIP_ONE,
                                     .retain_us = 3600 * US_PER_S};
}

static int64_t times(int64_t value, int64_t thousandths)
{
    int64_t product;
    if (__builtin_mul_overflow(value, thousandths, &product)) {
        return (value < 0) != (thousandths < 0) ? INT64_MIN / 2048 : INT64_MAX / 2048;
    }
    return product / GOSSIP_ONE;
}

static int64_t at_most(int64_t value, int64_t max)
{
    return value < max ? value : max;
}

static void add_one(int64_t *counter, int64_t cap)
{
    *counter = at_most(*counter + GOSSIP_ONE, cap > 0 ? cap : COUNTER_MAX);
}

int64_t gossip_square_over(int64_t value, int64_t threshold)
{
    int64_t over = at_most(value - threshold, COUNTER_MAX);
    return over > 0 ? times(over, over) : 0;
}

int64_t gossip_decayed(int64_t value, int64_t decay, int64_t to_zero)
{
    int64_t left = times(value, decay);
    return left < to_zero ? 0 : left;
}

static bool
is_active(const struct gossip_topic_score *cfg, const struct gossip_topic_record *r, instant now)
{
    return r->in_mesh && instant_since(r->grafted_at, now) >= cfg->activation_us;
}

static int64_t
deficit(const struct gossip_topic_score *cfg, const struct gossip_topic_record *r, instant now)
{
    return is_active(cfg, r, now) ? gossip_square_over(cfg->deliveries_min, r->deliveries) : 0;
}

int64_t gossip_topic_score(const struct gossip_topic_score *cfg,
                           const struct gossip_topic_record *r,
                           instant now)
{
    /* SPEC libp2p/gossipsub-1.1 §"The Score Function": time in the mesh and first deliveries count for a peer, up to
     * their caps; missing deliveries and invalid messages count against it, squared. */
    int64_t sum = 0;
    if (r->in_mesh && cfg->mesh_time_quantum_us > 0) {
        uint64_t quanta = instant_since(r->grafted_at, now) / cfg->mesh_time_quantum_us;
        int64_t time = quanta > 1000000 ? COUNTER_MAX : (int64_t)quanta * GOSSIP_ONE;
        sum += times(at_most(time, cfg->mesh_time_cap), cfg->mesh_time_weight);
    }
    sum += times(r->first, cfg->first_weight);
    sum += times(deficit(cfg, r, now), cfg->deficit_weight);
    sum += times(r->failure, cfg->failure_weight);
    sum += times(gossip_square_over(r->invalid, 0), cfg->invalid_weight);
    return times(sum, cfg->weight);
}

void gossip_topic_decay(const struct gossip_topic_score *cfg,
                        struct gossip_topic_record *r,
                        int64_t decay_to_zero)
{
    r->first = gossip_decayed(r->first, cfg->first_decay, decay_to_zero);
    r->deliveries = gossip_decayed(r->deliveries, cfg->deliveries_decay, decay_to_zero);
    r->failure = gossip_decayed(r->failure, cfg->failure_decay, decay_to_zero);
    r->invalid = gossip_decayed(r->invalid, cfg->invalid_decay, decay_to_zero);
}

void gossip_topic_grafted(struct gossip_topic_record *r, instant now)
{
    r->in_mesh = true;
    r->grafted_at = now;
    r->deliveries = 0;
}

void gossip_topic_pruned(const struct gossip_topic_score *cfg,
                         struct gossip_topic_record *r,
                         instant now)
{
    /* SPEC libp2p/gossipsub-1.1 §"The Score Function": leaving a mesh does not wash a deficit away. */
    r->failure = at_most(r->failure + deficit(cfg, r, now), COUNTER_MAX);
    r->in_mesh = false;
}

void gossip_topic_first(const struct gossip_topic_score *cfg, struct gossip_topic_record *r)
{
    add_one(&r->first, cfg->first_cap);
    gossip_topic_delivered(cfg, r);
}

void gossip_topic_delivered(const struct gossip_topic_score *cfg, struct gossip_topic_record *r)
{
    if (r->in_mesh) {
        add_one(&r->deliveries, cfg->deliveries_cap);
    }
}

void gossip_topic_invalid(struct gossip_topic_record *r)
{
    add_one(&r->invalid, 0);
}
