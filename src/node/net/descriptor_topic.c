/* The topic of servers' descriptors. */
#include "node/net/descriptor_topic.h"

#include "base/arith.h"
#include "p2p/host_state.h"

enum { MS_PER_S = 1000 };

static const struct span topic = SPAN_INIT(DESCRIPTOR_TOPIC);

static struct host *host_of(const struct descriptor_topic *t)
{
    return t->cfg.gossip->host;
}

static uint32_t mesh_count(const struct descriptor_topic *t)
{
    return gossip_mesh_count(&t->cfg.gossip->gossip, topic);
}

enum err descriptor_topic_init(struct descriptor_topic *t, const struct descriptor_topic_cfg *cfg)
{
    struct gossip_topic_cfg topic_cfg = {.signing = GOSSIP_STRICT_NO_SIGN,
                                         .data_len_max = DESCRIPTOR_SEALED_LEN_MAX};
    *t = (struct descriptor_topic){.cfg = *cfg};
    return gossip_subscribe(&cfg->gossip->gossip, host_of(t)->now, topic, &topic_cfg);
}

static enum gossip_verdict judge(struct descriptor_topic *t, struct span sealed)
{
    enum descriptor_verdict v = descriptors_take(t->cfg.list, sealed);
    if (v == DESCRIPTOR_TAKEN) {
        return GOSSIP_ACCEPT;
    }
    return descriptor_verdict_is_fault(v) ? GOSSIP_REJECT : GOSSIP_IGNORE;
}

bool descriptor_topic_take(struct descriptor_topic *t, const struct gossip_event *e)
{
    if (!span_equal(e->topic, topic)) {
        return false;
    }
    gossip_validated(&t->cfg.gossip->gossip, host_of(t)->now, e->message, judge(t, e->data));
    return true;
}

void descriptor_topic_changed(struct descriptor_topic *t)
{
    t->is_changed = true;
}

/* How long after the last the next one is due. */
static uint64_t every_s(const struct descriptor_topic *t)
{
    if (t->published_count == 0) {
        return DESCRIPTOR_TOPIC_RETRY_S;
    }
    bool is_soon = t->published_count == 1 || t->is_changed || mesh_count(t) > t->told;
    return is_soon ? DESCRIPTOR_EVERY_S : DESCRIPTOR_TOPIC_EVERY_S;
}

bool descriptor_topic_is_due(const struct descriptor_topic *t)
{
    uint64_t now_s = host_unix_s(host_of(t));
    return mesh_count(t) > 0 && now_s >= add_sat_u64(t->tried_s, every_s(t));
}

instant descriptor_topic_deadline(const struct descriptor_topic *t)
{
    uint64_t now_s = host_unix_s(host_of(t));
    uint64_t left_s = sub_sat_u64(add_sat_u64(t->tried_s, every_s(t)), now_s);
    return instant_add(host_of(t)->now, (left_s > 0 ? left_s : 1) * US_PER_S);
}

enum err descriptor_topic_publish(struct descriptor_topic *t, const struct descriptor *d)
{
    uint8_t sealed[DESCRIPTOR_SEALED_LEN_MAX];
    struct host *host = host_of(t);
    struct descriptor own = *d;
    struct wr w = wr_init(MSPAN_OF(sealed));
    own.peer = peer_id_span(host_self(host));
    own.issued_s = host_unix_s(host);
    own.expires_s = own.issued_s + DESCRIPTOR_TOPIC_VALID_S;
    t->tried_s = own.issued_s;
    own.seq = max_u64(t->seq + 1, mul_sat_u64(own.issued_s, MS_PER_S));
    TRY(descriptors_seal(&w, &own, t->cfg.signer, &host->system));
    TRY(gossip_publish(&t->cfg.gossip->gossip, host->now, topic, span_of(sealed, w.n)));
    t->seq = own.seq;
    t->published_count++;
    t->told = mesh_count(t);
    t->is_changed = false;
    return OK;
}
