/* What of a network is trusted, and when it is doubtful. */
#include "base/check.h"
#include "wallet/engine.h"

static void set_doubt(struct wallet *w, enum doubt doubt)
{
    if (w->trust.doubt == doubt) {
        return;
    }
    w->trust.doubt = doubt;
    queue_note(w, WALLET_STATUS_CHANGED);
}

static bool is_selected(const struct wallet *w, struct id network)
{
    return id_equal(network, w->settings.network);
}

void wallet_set_anchor(struct wallet *w,
                       struct wallet_time t,
                       const struct network *network,
                       enum anchor anchor)
{
    struct trust *x = &w->trust;
    if (!is_selected(w, network->id) ||
        (id_equal(x->network, network->id) && x->anchor == anchor)) {
        return;
    }
    *x = (struct trust){.network = network->id, .anchor = anchor, .block_at = t.mono};
    queue_note(w, WALLET_STATUS_CHANGED);
}

void wallet_trust_block(struct wallet *w,
                        struct wallet_time t,
                        const struct network *network,
                        const struct proven_head *head)
{
    struct trust *x = &w->trust;
    if (!id_equal(x->network, network->id) || x->anchor == ANCHOR_NONE) {
        return;
    }
    bool is_new = !x->has_head ||
                  !span_equal(SPAN_OF(x->head.block.hash.bytes), SPAN_OF(head->block.hash.bytes));
    x->has_head = true;
    x->head = *head;
    x->block_at = t.mono;
    if (x->doubt == DOUBT_ANCHOR) {
        set_doubt(w, DOUBT_NONE);
    }
    if (is_new && is_selected(w, network->id)) {
        w->read_again_at = t.mono;
    }
}

static bool is_anchored(const struct wallet *w, struct id network)
{
    return id_equal(w->trust.network, network) && w->trust.anchor != ANCHOR_NONE;
}

const struct proven_head *trust_head(const struct wallet *w, struct id network)
{
    return is_anchored(w, network) && w->trust.has_head && w->trust.doubt != DOUBT_ANCHOR
               ? &w->trust.head
               : NULL;
}

bool trust_waits(const struct wallet *w, struct wallet_time t, struct id network)
{
    return is_anchored(w, network) && !w->trust.has_head &&
           !instant_reached(instant_add(w->trust.block_at, ANCHOR_WAIT_MS * US_PER_MS), t.mono);
}

void trust_tick(struct wallet *w, struct wallet_time t)
{
    const struct trust *x = &w->trust;
    if (!is_anchored(w, w->settings.network)) {
        return;
    }
    uint64_t wait_ms = x->has_head ? ANCHOR_SILENT_MS : ANCHOR_WAIT_MS;
    if (instant_reached(instant_add(x->block_at, wait_ms * US_PER_MS), t.mono)) {
        set_doubt(w, DOUBT_ANCHOR);
    }
}

void trust_note(struct wallet *w, struct wallet_time t, const struct reading *r, enum err err)
{
    struct trust *x = &w->trust;
    if (!is_selected(w, r->network) || x->doubt == DOUBT_ANCHOR) {
        return;
    }
    if (!id_equal(x->network, r->network)) {
        *x = (struct trust){.network = r->network, .block_at = t.mono};
    }
    if (err == OK) {
        x->is_failing = false;
        set_doubt(w, r->is_disputed ? DOUBT_DISPUTED : DOUBT_NONE);
        return;
    }
    if (r->next.anchor == ANCHOR_NONE || err != ERR_AUTH) {
        return; /* there was nobody to doubt */
    }
    if (!x->is_failing) {
        x->is_failing = true;
        x->failing_from = t.mono;
    }
    /* When the last server is thrown out for its lies there is nobody to wait for. */
    if (w->servers == 0 ||
        instant_reached(instant_add(x->failing_from, DOUBT_AFTER_MS * US_PER_MS), t.mono)) {
        set_doubt(w, DOUBT_UNPROVEN);
    }
}

enum err trust_check(const struct wallet *w, struct id network, struct coded *ret_why)
{
    if (id_equal(w->trust.network, network) && w->trust.doubt != DOUBT_NONE) {
        return refuse(ret_why, ERR_STATE, "chain_doubtful");
    }
    return OK;
}
