/* The server in the topic of its chain's newest blocks: it follows its own beacon node, and passes on what two thirds of a committee signed. */
#include "node/server/server_inside.h"

enum err server_heads_start(struct server *s)
{
    struct heads_topic_cfg cfg = {.gossip = &s->gossip.host,
                                  .budget = &s->budget,
                                  .chain = &s->network->beacon,
                                  .chain_id = s->network->chain_id};
    if (!s->gossip.is_on || s->config->beacon[0] == '\0') {
        return OK;
    }
    if (heads_topic_init(&s->heads.topic, &cfg) != OK) {
        server_give_up(s, ERR_LIMIT, "The memory is too small: raise memory_mib in server.ini.");
        return ERR_LIMIT;
    }
    s->heads.is_on = true;
    s->heads.ask_at = loop_now(&s->loop);
    return OK;
}

void server_heads_stop(struct server *s)
{
    if (s->heads.is_on) {
        s->heads.is_on = false;
        heads_topic_done(&s->heads.topic);
    }
}

/* The block that signs for a slot comes in the first third of the next one. */
static instant next_slot(const struct server *s)
{
    const struct chain_spec *chain = &s->network->beacon;
    walltime now = {host_unix_s(&s->host)};
    walltime next = chain_slot_time(chain, chain_slot_at(chain, now) + 1);
    uint64_t wait_s = next.s > now.s && next.s - now.s <= chain->seconds_per_slot
                          ? next.s - now.s
                          : chain->seconds_per_slot;
    return instant_add(loop_now(&s->loop), (wait_s + chain->seconds_per_slot / 3) * US_PER_S);
}

void server_heads_answered(struct server *s, enum err err, const struct service_light *answer)
{
    struct server_heads *h = &s->heads;
    h->is_asking = false;
    if (!h->is_on) {
        return;
    }
    bool was_following = h->topic.store != NULL;
    if (err == OK) {
        err = heads_topic_answered(&h->topic, &h->asked, answer);
    } else if (err == ERR_NOT_FOUND) {
        heads_topic_missed(&h->topic, &h->asked);
    }
    bool goes_on = err == OK && h->asked.type != SERVICE_LC_OPTIMISTIC;
    h->ask_at = goes_on ? loop_now(&s->loop) : next_slot(s);
    if (!was_following && h->topic.store) {
        log_line(&s->log, LOG_INFO, "heads", "the newest blocks are followed and passed on");
    }
    bool is_wrong = err != OK && err != ERR_STATE && err != ERR_NOT_FOUND && err != ERR_TIMEOUT;
    if (is_wrong && !h->is_wrong && !s->is_beacon_silent) {
        log_line(&s->log, LOG_WARN, "heads", "what the beacon node says does not verify: %s",
                 err_name(err));
    }
    h->is_wrong = is_wrong;
}

void server_heads_tick(struct server *s, instant now)
{
    struct server_heads *h = &s->heads;
    if (!h->is_on || h->is_asking || s->phase != SERVER_RUNNING ||
        !instant_reached(h->ask_at, now)) {
        return;
    }
    heads_topic_request(&h->topic, &h->asked);
    h->is_asking = server_beacon_follow(s) == OK;
    h->ask_at = next_slot(s);
}

instant server_heads_deadline(const struct server *s)
{
    bool waits = s->heads.is_on && !s->heads.is_asking && s->phase == SERVER_RUNNING;
    return waits ? s->heads.ask_at : INSTANT_NEVER;
}

enum err server_heads_newest(const struct server *s, struct service_light *ret)
{
    struct span message = s->heads.is_on ? heads_topic_newest(&s->heads.topic) : SPAN_EMPTY;
    return message.n > 0 ? service_light_decode(ret, message) : ERR_NOT_FOUND;
}
