/* A probe of one peer: lookup, dial, ping, one after the other, each step written down. */
#include "p2p/host_probe.h"

#include "p2p/host_state.h"

#include <string.h>

static const uint64_t GREETING_US = 5 * US_PER_S; /* for identify */

enum err host_probe_goal_parse(enum host_probe_goal *ret, struct span word)
{
    static const char *const words[] = {
        [HOST_PROBE_FIND] = "find", [HOST_PROBE_PING] = "ping", [HOST_PROBE_TRACE] = "trace"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (span_equal(word, span_str(words[i]))) {
            *ret = (enum host_probe_goal)i;
            return OK;
        }
    }
    return ERR_MALFORMED;
}

const char *host_probe_outcome_name(enum host_probe_outcome o)
{
    switch (o) {
    case HOST_PROBE_NOT_FOUND:   return "not_found";
    case HOST_PROBE_FOUND:       return "found";
    case HOST_PROBE_UNREACHABLE: return "unreachable";
    case HOST_PROBE_CONNECTED:   return "connected";
    case HOST_PROBE_ANSWERED:    return "answered";
    case HOST_PROBE_SILENT:      return "silent";
    case HOST_PROBE_LATE:        return "late";
    }
    return "";
}

static struct host_probe *of(struct host_extension *x)
{
    return (struct host_probe *)(void *)x;
}

static instant now_of(const struct host_probe *hp)
{
    return hp->host->now;
}

static bool is_under_way(const struct host_probe *hp)
{
    return hp->state != HOST_PROBE_IDLE && hp->state != HOST_PROBE_OVER;
}

static bool is_connected(const struct host_probe *hp)
{
    struct host_peer_info info;
    return host_peer_find(hp->host, &info, &hp->args.peer);
}

/* stop_step ends what is under way: the DHT and the dial know nothing of us afterwards. */
static void stop_step(struct host_probe *hp)
{
    if (hp->state == HOST_PROBE_LOOKING) {
        kad_cancel(&hp->kad->kad, hp->op);
    }
    if (hp->state == HOST_PROBE_DIALLING) {
        host_dial_cancel(hp->host, hp->dial);
    }
}

static void over(struct host_probe *hp, enum host_probe_outcome outcome)
{
    hp->state = HOST_PROBE_OVER;
    hp->outcome = outcome;
    hp->took_us = instant_since(hp->started_at, now_of(hp));
    hp->is_told = false;
}

/* ---- ping ---- */

static void ping(struct host_probe *hp);

static void ponged(struct host_probe *hp, uint64_t rtt_us)
{
    hp->rtts_us[hp->pings_count++] = rtt_us;
    if (hp->pings_count < hp->args.pings && is_connected(hp)) {
        ping(hp);
        return;
    }
    bool any = false;
    for (uint32_t i = 0; i < hp->pings_count; i++) {
        any = any || hp->rtts_us[i] != HOST_PROBE_NO_ANSWER;
    }
    over(hp, any ? HOST_PROBE_ANSWERED : HOST_PROBE_SILENT);
}

static void ping(struct host_probe *hp)
{
    enum err e = host_ping(hp->host, &hp->args.peer);
    hp->state = HOST_PROBE_PINGING;
    if (e != OK && e != ERR_STATE) { /* one that is under way serves as well */
        hp->args.pings = hp->pings_count + 1;
        ponged(hp, HOST_PROBE_NO_ANSWER);
    }
}

/* ---- the connection ---- */

static bool look(struct host_probe *hp)
{
    /* Once somebody names it, it is ours to dial it: the search would go on to ask the peer itself. */
    struct kad_op_args args = {.wanted = hp->args.goal == HOST_PROBE_FIND ? 0 : 1};
    if (!hp->kad || hp->has_lookup ||
        kad_find_peer(&hp->kad->kad, &hp->op, now_of(hp), &hp->args.peer, args) != OK) {
        return false;
    }
    hp->has_lookup = true;
    hp->state = HOST_PROBE_LOOKING;
    return true;
}

static void connected(struct host_probe *hp)
{
    struct host_peer_info info;
    if (hp->args.goal == HOST_PROBE_PING) {
        ping(hp);
        return;
    }
    hp->state = HOST_PROBE_GREETING;
    hp->step_ends_at = instant_add(now_of(hp), GREETING_US);
    if (host_peer_find(hp->host, &info, &hp->args.peer) && info.identified) {
        over(hp, HOST_PROBE_CONNECTED);
    }
}

static void dial_failed(struct host_probe *hp)
{
    if (hp->has_lookup || !look(hp)) { /* what was given may be old: the DHT may know better */
        over(hp, HOST_PROBE_UNREACHABLE);
    }
}

/* dial tries the addresses that were not tried yet. */
static void dial(struct host_probe *hp)
{
    size_t count = hp->addrs_count - hp->addrs_dialled;
    struct host_dial_args args = {.peer = &hp->args.peer,
                                  .addrs = hp->addrs + hp->addrs_dialled,
                                  .addrs_count = count,
                                  .insist = true, /* a person asks */
                                  .trace = &hp->trace};
    if (is_connected(hp)) {
        connected(hp);
        return;
    }
    if (count == 0) {
        over(hp, hp->addrs_dialled > 0 ? HOST_PROBE_UNREACHABLE : HOST_PROBE_NOT_FOUND);
        return;
    }
    hp->state = HOST_PROBE_DIALLING;
    hp->addrs_dialled = hp->addrs_count;
    if (host_dial(hp->host, &hp->dial, NULL, args) != OK) {
        dial_failed(hp); /* none that we can dial, or no room for a dial */
    }
}

/* ---- the lookup ---- */

static void keep_addr(struct host_probe *hp, struct span addr)
{
    for (size_t i = 0; i < hp->addrs_count; i++) {
        if (span_equal(hp->addrs[i], addr)) {
            return;
        }
    }
    if (hp->addrs_count < HOST_ADDRS_MAX && addr.n <= MULTIADDR_LEN_MAX) {
        size_t i = hp->addrs_count++;
        size_t n = span_copy(MSPAN_OF(hp->addr_rooms[i]), addr);
        hp->addrs[i] = span_of(hp->addr_rooms[i], n);
    }
}

/* take_table takes the addresses that our own table has. */
static void take_table(struct host_probe *hp)
{
    const struct kad_entry *e =
        hp->kad ? kad_table_find(&hp->kad->kad.table, &hp->args.peer) : NULL;
    struct span rest = e ? span_of(e->contact.addrs, e->contact.addrs_len) : SPAN_EMPTY;
    struct span addr;
    hp->in_table = e != NULL;
    while (kad_next_addr(&addr, &rest)) {
        keep_addr(hp, addr);
    }
}

/* take_steps writes down what the lookup did so far. */
static void take_steps(struct host_probe *hp)
{
    if (hp->state == HOST_PROBE_LOOKING) {
        hp->lookup_us = instant_since(hp->started_at, now_of(hp));
        hp->steps_count = kad_trace(&hp->kad->kad, hp->op, hp->steps, HOST_PROBE_STEPS_MAX);
    }
}

static void looked(struct host_probe *hp, const struct kad_event *e)
{
    hp->lookup = e->stats;
    hp->lookup_err = e->err;
    take_steps(hp);
    if (hp->args.goal == HOST_PROBE_FIND) {
        over(hp, hp->addrs_count > hp->addrs_given ? HOST_PROBE_FOUND : HOST_PROBE_NOT_FOUND);
        return;
    }
    dial(hp);
}

void host_probe_kad(struct host_probe *hp, const struct kad_event *e)
{
    struct span rest = e->peer.addrs;
    struct span addr;
    if (hp->state != HOST_PROBE_LOOKING || e->op != hp->op) {
        return;
    }
    if (e->kind == KAD_EVENT_PEER) {
        while (kad_next_addr(&addr, &rest)) {
            keep_addr(hp, addr);
        }
    } else if (e->kind == KAD_EVENT_OVER) {
        looked(hp, e);
    }
}

/* ---- the host's events and time ---- */

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_probe *hp = of(self);
    bool is_peer = is_under_way(hp) && peer_id_equal(&e->peer, &hp->args.peer);
    if (hp->state == HOST_PROBE_DIALLING && e->kind == HOST_EVENT_DIAL_FAILED &&
        e->dial == hp->dial) {
        dial_failed(hp);
        return true;
    }
    if (is_peer && hp->state == HOST_PROBE_DIALLING && e->kind == HOST_EVENT_PEER_CONNECTED) {
        host_dial_cancel(hp->host,
                         hp->dial); /* the peer's own dial, or another's, may have come first */
        connected(hp);
    } else if (is_peer && hp->state == HOST_PROBE_GREETING &&
               e->kind == HOST_EVENT_PEER_IDENTIFIED) {
        over(hp, HOST_PROBE_CONNECTED);
    } else if (is_peer && hp->state == HOST_PROBE_PINGING && e->kind == HOST_EVENT_PING) {
        ponged(hp, e->err == OK ? e->rtt_us : HOST_PROBE_NO_ANSWER);
    } else if (is_peer && e->kind == HOST_EVENT_PEER_DISCONNECTED &&
               (hp->state == HOST_PROBE_GREETING || hp->state == HOST_PROBE_PINGING)) {
        over(hp, hp->pings_count > 0 ? HOST_PROBE_SILENT : HOST_PROBE_UNREACHABLE);
    }
    return false;
}

static bool work(struct host_extension *self)
{
    (void)self;
    return false;
}

static bool has_news(struct host_extension *self)
{
    struct host_probe *hp = of(self);
    bool news = hp->state == HOST_PROBE_OVER && !hp->is_told;
    hp->is_told = hp->is_told || news;
    return news;
}

static instant deadline(const struct host_extension *self)
{
    const struct host_probe *hp = (const struct host_probe *)(const void *)self;
    instant at = is_under_way(hp) ? hp->ends_at : INSTANT_NEVER;
    return hp->state == HOST_PROBE_GREETING ? instant_min(at, hp->step_ends_at) : at;
}

static void tick(struct host_extension *self, instant now)
{
    struct host_probe *hp = of(self);
    if (hp->state == HOST_PROBE_GREETING && instant_reached(hp->step_ends_at, now)) {
        over(hp, HOST_PROBE_CONNECTED);
    } else if (is_under_way(hp) && instant_reached(hp->ends_at, now)) {
        take_steps(hp);
        stop_step(hp);
        over(hp, HOST_PROBE_LATE);
    }
}

/* ---- life ---- */

bool host_probe_poll(struct host_probe *hp)
{
    return hp->state == HOST_PROBE_OVER;
}

enum err host_probe_start(struct host_probe *hp, instant now, const struct host_probe_args *args)
{
    if (hp->state != HOST_PROBE_IDLE) {
        return ERR_STATE;
    }
    if (args->addrs_count > HOST_ADDRS_MAX || args->pings > HOST_PROBE_PINGS_MAX ||
        (args->goal == HOST_PROBE_PING && args->pings == 0)) {
        return ERR_LIMIT;
    }
    if (peer_id_equal(&args->peer, host_self(hp->host))) {
        return ERR_UNSUPPORTED;
    }
    hp->host->now = now;
    hp->args = *args;
    hp->args.addrs = NULL;
    hp->started_at = now;
    hp->ends_at = instant_add(hp->started_at, HOST_PROBE_TIMEOUT_US);
    for (size_t i = 0; i < args->addrs_count; i++) {
        keep_addr(hp, args->addrs[i]);
    }
    hp->addrs_given = hp->addrs_count;
    hp->was_connected = is_connected(hp);
    take_table(hp);
    bool can_dial = hp->was_connected || hp->addrs_count > 0;
    bool looks = args->goal == HOST_PROBE_FIND || !can_dial ||
                 (args->goal == HOST_PROBE_TRACE && hp->was_connected);
    if (looks && look(hp)) {
        return OK;
    }
    if (args->goal == HOST_PROBE_FIND) {
        over(hp, HOST_PROBE_NOT_FOUND); /* there is no DHT to ask, or no room to ask it */
    } else {
        dial(hp);
    }
    return OK;
}

void host_probe_clear(struct host_probe *hp)
{
    struct host_peer_info info;
    struct peer_id peer = hp->args.peer;
    stop_step(hp);
    if (hp->addrs_dialled > 0 && !hp->was_connected && host_peer_find(hp->host, &info, &peer) &&
        !info.inbound && info.streams_count == 0) {
        host_disconnect(hp->host, &peer);
    }
    memset((uint8_t *)hp + offsetof(struct host_probe, state), 0,
           sizeof *hp - offsetof(struct host_probe, state));
}

void host_probe_init(struct host_probe *hp, struct host *host, struct host_kad *kad)
{
    memset(hp, 0, sizeof *hp);
    hp->host = host;
    hp->kad = kad;
    hp->extension = (struct host_extension){.on_event = on_event,
                                            .work = work,
                                            .has_news = has_news,
                                            .deadline = deadline,
                                            .tick = tick};
    host_extend(host, &hp->extension);
}

void host_probe_done(struct host_probe *hp)
{
    if (!hp->host) {
        return;
    }
    host_probe_clear(hp);
    host_unextend(&hp->extension);
    memset(hp, 0, sizeof *hp);
}
