/* The topic of a chain's newest blocks. */
#include "node/net/heads_topic.h"

#include "base/mem.h"
#include "base/wr.h"
#include "p2p/host_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct host *host_of(const struct heads_topic *t)
{
    return t->cfg.gossip->host;
}

static struct span name_of(const struct heads_topic *t)
{
    return span_of(t->name, t->name_len);
}

static walltime now_of(const struct heads_topic *t)
{
    return (walltime){host_unix_s(host_of(t))};
}

static uint64_t slot_now(const struct heads_topic *t)
{
    return chain_slot_at(t->cfg.chain, now_of(t));
}

enum err heads_topic_init(struct heads_topic *t, const struct heads_topic_cfg *cfg)
{
    struct gossip_topic_cfg topic_cfg = {.signing = GOSSIP_STRICT_NO_SIGN,
                                         .data_len_max = HEADS_TOPIC_DATA_LEN_MAX};
    *t = (struct heads_topic){.cfg = *cfg};
    buf_init(&t->newest, cfg->budget, HEADS_TOPIC_DATA_LEN_MAX);
    struct wr w = wr_init(MSPAN_OF(t->name));
    char number[24];
    (void)snprintf(number, sizeof number, "%" PRIu64, cfg->chain_id);
    wr_str(&w, "web3-wallet/");
    wr_str(&w, number);
    wr_str(&w, "/heads/1");
    TRY(wr_end(&w));
    t->name_len = w.n;
    return gossip_subscribe(&cfg->gossip->gossip, host_of(t)->now, name_of(t), &topic_cfg);
}

static void drop_store(struct heads_topic *t)
{
    mem_free(t->cfg.budget, t->store, t->store ? sizeof *t->store : 0);
    mem_free(t->cfg.budget, t->scratch, t->scratch ? sizeof *t->scratch : 0);
    t->store = NULL;
    t->scratch = NULL;
    t->has_root = false;
}

void heads_topic_done(struct heads_topic *t)
{
    drop_store(t);
    buf_done(&t->newest);
}

/* ---- following the own node ---- */

/* What the node calls final is where this starts: whose node it is believes it anyway. */
MUST_CHECK static enum err take_finality(struct heads_topic *t, const struct service_light_part *p)
{
    enum beacon_fork fork;
    void *room = NULL;
    TRY(chain_fork_of_number(&fork, p->fork));
    TRY(mem_alloc(t->cfg.budget, &room, sizeof *t->scratch));
    struct lc_update *u = room;
    enum err e = lc_finality_update_decode(u, t->cfg.chain, fork, p->ssz);
    if (e == OK) {
        lc_beacon_root(&t->root, &u->finalized.beacon);
        t->has_root = true;
    }
    mem_free(t->cfg.budget, u, sizeof *u);
    return e;
}

MUST_CHECK static enum err start(struct heads_topic *t, const struct service_light_part *p)
{
    struct lc_bootstrap b;
    enum beacon_fork fork;
    void *store = NULL;
    void *scratch = NULL;
    struct lc_checkpoint checkpoint = {.root = t->root};
    TRY(chain_fork_of_number(&fork, p->fork));
    TRY(lc_bootstrap_decode(&b, t->cfg.chain, fork, p->ssz));
    TRY(mem_alloc(t->cfg.budget, &store, sizeof *t->store));
    t->store = store;
    TRY(mem_alloc(t->cfg.budget, &scratch, sizeof *t->scratch));
    t->scratch = scratch;
    return lc_store_init(t->store, t->cfg.chain, &checkpoint, now_of(t), &b);
}

MUST_CHECK static enum err take_updates(struct heads_topic *t, const struct service_light *answer)
{
    enum err best = ERR_STATE;
    t->updates_slot = slot_now(t) + t->cfg.chain->slots_per_epoch;
    for (size_t i = 0; i < answer->count; i++) {
        enum beacon_fork fork;
        TRY(chain_fork_of_number(&fork, answer->parts[i].fork));
        TRY(lc_update_decode(t->scratch, t->cfg.chain, fork, answer->parts[i].ssz));
        enum err e = lc_store_update(t->store, now_of(t), t->scratch);
        if (e != OK && e != ERR_STATE) {
            return e;
        }
        best = e == OK ? OK : best;
    }
    return best;
}

void heads_topic_request(const struct heads_topic *t, struct service_request *ret)
{
    *ret = (struct service_request){.type = SERVICE_LC_OPTIMISTIC};
    if (!t->has_root) {
        ret->type = SERVICE_LC_FINALITY;
        return;
    }
    if (!t->store) {
        ret->type = SERVICE_LC_BOOTSTRAP;
        ret->root = t->root;
        return;
    }
    uint64_t period;
    uint64_t count;
    if (lc_store_updates_due(t->store, now_of(t), slot_now(t) >= t->updates_slot, &period,
                             &count)) {
        ret->type = SERVICE_LC_UPDATES;
        ret->period = period;
        ret->count = count < SERVICE_LIGHT_MAX ? count : SERVICE_LIGHT_MAX;
    }
}

/* ---- heads ---- */

static bool is_news(const struct heads_topic *t, const struct lc_update *u, struct hash32 *ret_root)
{
    lc_beacon_root(ret_root, &u->attested.beacon);
    bool is_same = span_equal(SPAN_OF(ret_root->bytes), SPAN_OF(t->head.bytes));
    return u->attested.beacon.slot > t->slot || (u->attested.beacon.slot == t->slot && !is_same);
}

/* Who floods the topic with what has to be verified takes a fifteenth of a second from a slot, and no more. */
static bool may_check(struct heads_topic *t)
{
    uint64_t now = slot_now(t);
    if (now != t->checks_slot) {
        t->checks_slot = now;
        t->checks = 0;
    }
    if (t->checks == HEADS_TOPIC_CHECKS_PER_SLOT) {
        return false;
    }
    t->checks++;
    t->counts.checked++;
    return true;
}

/* verify takes a head into the store. ERR_DENIED: signed by too few; ERR_STATE: no news, or not to be judged here; ERR_LIMIT: too many. */
MUST_CHECK static enum err verify(struct heads_topic *t, const struct service_light_part *p)
{
    enum beacon_fork fork;
    struct hash32 root;
    struct lc_head head;
    struct lc_update *u = t->scratch;
    TRY(chain_fork_of_number(&fork, p->fork));
    TRY(lc_optimistic_update_decode(u, t->cfg.chain, fork, p->ssz));
    if (!lc_is_two_thirds(t->cfg.chain, lc_update_signers(u))) {
        return ERR_DENIED;
    }
    if (!is_news(t, u, &root) || u->signature_slot > slot_now(t)) {
        return ERR_STATE;
    }
    if (!may_check(t)) {
        return ERR_LIMIT;
    }
    TRY(lc_store_update(t->store, now_of(t), u));
    bool is_newest = lc_store_head(t->store, now_of(t), &head) == OK &&
                     head.header->beacon.slot == u->attested.beacon.slot &&
                     u->attested.beacon.slot > t->slot;
    if (!is_newest) {
        return ERR_STATE;
    }
    t->slot = u->attested.beacon.slot;
    t->head = root;
    return OK;
}

static void keep(struct heads_topic *t, struct span message)
{
    buf_clear(&t->newest);
    if (buf_append(&t->newest, message) != OK) {
        buf_clear(&t->newest); /* then whoever asks gets none */
    }
}

static enum gossip_verdict judge(struct heads_topic *t, struct span message)
{
    struct service_light light;
    if (service_light_decode(&light, message) != OK || light.count != 1) {
        return GOSSIP_REJECT;
    }
    if (!t->store) {
        return GOSSIP_IGNORE;
    }
    switch (verify(t, &light.parts[0])) {
    case OK: keep(t, message); return GOSSIP_ACCEPT;
    case ERR_STATE:
    case ERR_LIMIT:
    case ERR_UNSUPPORTED:
        return GOSSIP_IGNORE; /* a fork that came later than this program is nobody's fault */
    default: return GOSSIP_REJECT;
    }
}

bool heads_topic_take(struct heads_topic *t, const struct gossip_event *e)
{
    if (!span_equal(e->topic, name_of(t))) {
        return false;
    }
    enum gossip_verdict v = judge(t, e->data);
    t->counts.accepted += v == GOSSIP_ACCEPT;
    t->counts.rejected += v == GOSSIP_REJECT;
    t->counts.ignored += v == GOSSIP_IGNORE;
    gossip_validated(&t->cfg.gossip->gossip, host_of(t)->now, e->message, v);
    return true;
}

MUST_CHECK static enum err take_own(struct heads_topic *t, const struct service_light *answer)
{
    AUTO(buf_done) struct buf message;
    buf_init(&message, t->cfg.budget, HEADS_TOPIC_DATA_LEN_MAX);
    TRY(verify(t, &answer->parts[0]));
    TRY(service_light_encode(answer, &message));
    keep(t, buf_span(&message));
    enum err e =
        gossip_publish(&t->cfg.gossip->gossip, host_of(t)->now, name_of(t), buf_span(&message));
    t->counts.published += e == OK;
    return e;
}

enum err heads_topic_answered(struct heads_topic *t,
                              const struct service_request *asked,
                              const struct service_light *answer)
{
    enum err e = ERR_MALFORMED;
    if (answer->count == 0) {
        return e;
    }
    switch ((int)asked->type) {
    case SERVICE_LC_FINALITY: return take_finality(t, &answer->parts[0]);
    case SERVICE_LC_BOOTSTRAP:
        e = start(t, &answer->parts[0]);
        if (e != OK) {
            drop_store(t); /* from the beginning: the node may have gone on */
        }
        return e;
    case SERVICE_LC_UPDATES:    return take_updates(t, answer);
    case SERVICE_LC_OPTIMISTIC: return take_own(t, answer);
    default:                    return ERR_STATE;
    }
}

void heads_topic_missed(struct heads_topic *t, const struct service_request *asked)
{
    if (asked->type == SERVICE_LC_BOOTSTRAP) {
        t->has_root = false;
    }
}

struct span heads_topic_newest(const struct heads_topic *t)
{
    return buf_span(&t->newest);
}

uint32_t heads_topic_mesh_count(const struct heads_topic *t)
{
    return gossip_mesh_count(&t->cfg.gossip->gossip, name_of(t));
}
