/* What a host refuses, and how its memory is shared out among peers. */
#include "base/arith.h"
#include "p2p/host_state.h"

enum err
host_refuse(struct host *h, struct refusal *ret, struct refusal r, const struct peer_id *peer)
{
    h->refused_count++;
    h->refused_due = true;
    h->refusal = r;
    h->refused_peer = peer ? *peer : (struct peer_id){0};
    if (ret) {
        *ret = r;
    }
    return ERR_LIMIT;
}

struct refusal host_memory_refusal(const struct budget *b, size_t asked)
{
    for (const struct budget *s = b; s; s = s->parent) {
        if (asked > s->limit - s->used) {
            return (struct refusal){
                .reason = "memory", .scope = s->scope, .value = s->used, .limit = s->limit};
        }
    }
    return (struct refusal){
        .reason = "memory", .scope = b->scope, .value = b->used, .limit = b->limit};
}

void host_say_failed(struct host *h, const struct host_conn *hc, enum err e, const char *rule)
{
    h->refused_due = true;
    h->refusal = (struct refusal){.reason = rule ? rule : err_name(e), .scope = "handshake"};
    h->refused_peer = hc->peer_id;
}

void host_say_broken(struct host *h, host_stream stream, const char *rule)
{
    const struct host_stream_state *s = host_stream_find(h, stream);
    if (s) {
        struct refusal r = {.reason = rule ? rule : "broken", .scope = "stream"};
        (void)host_refuse(h, NULL, r, &s->conn->peer_id);
    }
}

void host_share(struct host *h, struct host_conn *hc)
{
    if (!hc->peer) {
        return;
    }
    struct budget *b = &hc->peer->budget;
    size_t half = h->system.limit / 2;
    size_t share = half / h->limits.conns_max;
    size_t more = add_sat_size(b->used, sub_sat_size(budget_free(&h->system), half));
    b->limit = max_size(b->used, min_size(h->limits.memory_per_peer_max, max_size(share, more)));
}
