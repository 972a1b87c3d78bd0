/* AutoNAT on a host: streams of three protocols, and whom to ask. */
#include "p2p/host_autonat.h"

#include "base/check.h"
#include "base/mem.h"
#include "p2p/host_state.h"

#include <string.h>

static const uint64_t LINGER_US = 5 * US_PER_S; /* for the peer's end of an answered stream */
static const uint64_t LOOK_US = 30 * US_PER_S;  /* until it looks for somebody to ask again */
static const uint64_t PACE_US = 500 * US_PER_MS;

enum kind { SERVER, CLIENT, BACK };

struct host_autonat_stream {
    struct list in_all;
    host_stream id;
    enum kind kind;
    struct peer_id peer;
    bool is_counted; /* in the quota */
    instant linger_until;
    /* CLIENT */
    struct net_addr addr;
    struct autonat_asked asked;
    uint64_t nonce;
    bool is_asking; /* the question is open */
    bool has_arrived;
    union {
        struct autonat_server server;
        struct autonat_client client;
        struct autonat_back back;
    } engine;
};

static struct host_autonat *of(struct host_extension *x)
{
    return (struct host_autonat *)(void *)x;
}

static struct host_autonat_stream *entry(struct list *l)
{
    return list_entry(l, struct host_autonat_stream, in_all);
}

static struct host_autonat_stream *find(const struct host_autonat *ha, uint64_t id)
{
    for (struct list *l = list_first(&ha->streams); l; l = list_next(&ha->streams, l)) {
        if (entry(l)->id.id == id) {
            return entry(l);
        }
    }
    return NULL;
}

/* place_of tells where the connection of a stream leads to. ERR_UNSUPPORTED: over a relay, or not there. */
MUST_CHECK static enum err
place_of(const struct host_autonat *ha, struct net_addr *ret_addr, host_stream id)
{
    const struct host_stream_state *s = host_stream_find(ha->host, id);
    return s ? net_addr_of(ret_addr, buf_span(&s->conn->addr)) : ERR_UNSUPPORTED;
}

/* ---- streams ---- */

MUST_CHECK static enum err stream_new(struct host_autonat *ha,
                                      struct host_autonat_stream **ret_stream,
                                      host_stream id,
                                      enum kind kind)
{
    void *p;
    if (ha->streams_count >= HOST_AUTONAT_STREAMS_MAX) {
        return ERR_LIMIT;
    }
    TRY(mem_alloc(&ha->host->system, &p, sizeof(struct host_autonat_stream)));
    struct host_autonat_stream *s = p;
    s->id = id;
    s->kind = kind;
    s->linger_until = INSTANT_NEVER;
    list_add_last(&ha->streams, &s->in_all);
    ha->streams_count++;
    *ret_stream = s;
    return OK;
}

/* conclude writes down what our question showed. */
static void
conclude(struct host_autonat *ha, struct host_autonat_stream *s, enum autonat_outcome said)
{
    /* SPEC libp2p/autonat-v2 §"AutoNAT V2 Protocol": a success is one if the nonce came with it; and then it is one,
     * whatever the server says. */
    enum autonat_outcome outcome = s->has_arrived                    ? AUTONAT_OUTCOME_ARRIVED
                                   : said == AUTONAT_OUTCOME_ARRIVED ? AUTONAT_OUTCOME_NOTHING
                                                                     : said;
    s->is_asking = false;
    ha->asking_count--;
    ha->ask_at = instant_add(ha->host->now, PACE_US);
    if (autonat_probes_result(&ha->probes, &s->addr, &s->asked, outcome, ha->host->now)) {
        ha->has_changed = true;
        ha->is_told = false;
    }
}

static void stream_free(struct host_autonat *ha, struct host_autonat_stream *s)
{
    if (s->is_asking) {
        conclude(ha, s, AUTONAT_OUTCOME_NOTHING);
    }
    switch (s->kind) {
    case SERVER: autonat_server_done(&s->engine.server); break;
    case CLIENT: autonat_client_done(&s->engine.client); break;
    case BACK:   autonat_back_done(&s->engine.back); break;
    }
    if (s->is_counted) {
        autonat_quota_give(&ha->quota);
    }
    list_remove(&s->in_all);
    ha->streams_count--;
    mem_free(&ha->host->system, s, sizeof *s);
}

static void drop(struct host_autonat *ha, struct host_autonat_stream *s)
{
    host_stream_reset(ha->host, s->id, 0);
    stream_free(ha, s);
}

/* end_ours closes our side; the peer has a while to close its own. */
static void end_ours(struct host_autonat *ha, struct host_autonat_stream *s)
{
    host_stream_close_write(ha->host, s->id);
    s->linger_until = instant_add(ha->host->now, LINGER_US);
}

/* ---- events of the engines; false: the stream is to be dropped ---- */

static bool on_server(struct host_autonat *ha, struct host_autonat_stream *s)
{
    struct autonat_server_event e;
    while (autonat_server_poll(&s->engine.server, &e)) {
        struct host_dialback_args args = {.peer = &s->peer,
                                          .addrs = e.addrs,
                                          .addrs_count = e.addrs_count,
                                          .has_nonce = !s->engine.server.cfg.is_v1,
                                          .nonce = e.nonce};
        switch (e.kind) {
        case AUTONAT_SERVER_DIAL:
            ha->stats.served_count++;
            if (ha->cfg.dialler->start(ha->cfg.dialler, s->id.id, &args) != OK) {
                autonat_server_dialled(&s->engine.server, AUTONAT_DIALLED_LOCAL, 0);
            }
            break;
        case AUTONAT_SERVER_SENT:   end_ours(ha, s); break;
        case AUTONAT_SERVER_FAILED: return false;
        }
    }
    return true;
}

static bool on_client(struct host_autonat *ha, struct host_autonat_stream *s)
{
    struct autonat_client_event e;
    while (autonat_client_poll(&s->engine.client, &e)) {
        if (e.kind == AUTONAT_CLIENT_FAILED) {
            return false;
        }
        /* SPEC libp2p/autonat-v2 §"Requirements for DialStatus": that no connection came about speaks against the address;
         * that the nonce did not get through does not. */
        if (!s->is_asking) {
            return false;
        }
        conclude(ha, s,
                 e.status != AUTONAT_STATUS_OK         ? AUTONAT_OUTCOME_NOTHING
                 : e.dial_status == AUTONAT_DIAL_ERROR ? AUTONAT_OUTCOME_FAILED
                 : e.dial_status == AUTONAT_DIAL_OK    ? AUTONAT_OUTCOME_ARRIVED
                                                       : AUTONAT_OUTCOME_NOTHING);
        end_ours(ha, s);
    }
    return true;
}

static struct host_autonat_stream *question_of(const struct host_autonat *ha, uint64_t nonce)
{
    for (struct list *l = list_first(&ha->streams); l; l = list_next(&ha->streams, l)) {
        if (entry(l)->is_asking && entry(l)->nonce == nonce) {
            return entry(l);
        }
    }
    return NULL;
}

/* take_nonce: does the nonce that came in on this stream prove an address that we asked for? Then that is written down. */
static bool take_nonce(struct host_autonat *ha, const struct host_autonat_stream *s, uint64_t nonce)
{
    const struct host_stream_state *state = host_stream_find(ha->host, s->id);
    /* SPEC libp2p/autonat-v2 §"AutoNAT V2 Protocol": only the nonce tells whose dial it is, not the peer that dials. */
    struct host_autonat_stream *question = question_of(ha, nonce);
    struct net_addr from;
    if (!question || !state || !state->conn->inbound || place_of(ha, &from, s->id) != OK) {
        return false;
    }
    /* SPEC libp2p/autonat-v2 §"Overview": a server that dialled another transport than it was asked for is found out by the
     * connection on which the nonce comes. */
    if (from.transport != question->addr.transport || from.is_ip6 != question->addr.is_ip6) {
        return false;
    }
    question->has_arrived = true;
    ha->stats.arrived_count++;
    return true;
}

static bool on_back(struct host_autonat *ha, struct host_autonat_stream *s)
{
    struct autonat_back_event e;
    while (autonat_back_poll(&s->engine.back, &e)) {
        switch (e.kind) {
        case AUTONAT_BACK_NONCE:
            if (!take_nonce(ha, s, e.nonce)) {
                return false;
            }
            autonat_back_accept(&s->engine.back);
            break;
        case AUTONAT_BACK_SENT:      end_ours(ha, s); break;
        case AUTONAT_BACK_CONFIRMED: break; /* the dialler's */
        case AUTONAT_BACK_FAILED:    return false;
        }
    }
    return true;
}

static size_t engine_send(struct host_autonat *ha, struct host_autonat_stream *s, struct mspan out)
{
    switch (s->kind) {
    case SERVER: return autonat_server_send(&s->engine.server, ha->host->now, out);
    case CLIENT: return autonat_client_send(&s->engine.client, ha->host->now, out);
    case BACK:   return autonat_back_send(&s->engine.back, ha->host->now, out);
    }
    return 0;
}

static bool engine_events(struct host_autonat *ha, struct host_autonat_stream *s)
{
    switch (s->kind) {
    case SERVER: return on_server(ha, s);
    case CLIENT: return on_client(ha, s);
    case BACK:   return on_back(ha, s);
    }
    return false;
}

/* pump listens to the engine and writes what it says; the stream may be gone afterwards. */
static void pump(struct host_autonat *ha, struct host_autonat_stream *s)
{
    uint8_t room[2048];
    bool moved = true;
    while (moved) {
        if (!engine_events(ha, s)) {
            drop(ha, s);
            return;
        }
        size_t writable = host_stream_writable_len(ha->host, s->id);
        size_t n =
            engine_send(ha, s, mspan_of(room, writable < sizeof room ? writable : sizeof room));
        if (n > 0) {
            check(host_stream_write(ha->host, s->id, span_of(room, n)) == n);
        }
        moved = n > 0;
    }
    if (!engine_events(ha, s)) {
        drop(ha, s);
    }
}

/* ---- what peers begin ---- */

static void serve(struct host_autonat *ha,
                  struct host_autonat_stream *s,
                  const struct net_addr *from,
                  bool is_v1)
{
    s->is_counted = autonat_quota_take(&ha->quota, ha->host->now, &s->peer, from);
    ha->stats.refused_count += !s->is_counted;
    struct autonat_server_cfg cfg = {.is_v1 = is_v1,
                                     .is_over_limit = !s->is_counted,
                                     .peer = s->peer,
                                     .observed = *from,
                                     .policy = ha->cfg.policy,
                                     .payload_len = ha->cfg.payload_len,
                                     .budget = &ha->host->system};
    autonat_server_init(&s->engine.server, &cfg, ha->host->now);
}

static bool on_new_stream(struct host_autonat *ha, const struct host_event *e)
{
    bool is_v2 = span_equal(e->protocol, SPAN_LIT(AUTONAT_PROTOCOL));
    bool is_v1 = span_equal(e->protocol, SPAN_LIT(AUTONAT1_PROTOCOL));
    bool is_back = span_equal(e->protocol, SPAN_LIT(AUTONAT_BACK_PROTOCOL));
    if (e->kind != HOST_EVENT_STREAM_OPENED || !e->inbound || !(is_v1 || is_v2 || is_back)) {
        return false;
    }
    struct host_autonat_stream *s;
    struct net_addr from;
    /* SPEC libp2p/autonat-v1 §"AutoNAT Protocol": nothing is dialled for whoever comes over a relay. */
    if (place_of(ha, &from, e->stream) != OK ||
        stream_new(ha, &s, e->stream, is_back ? BACK : SERVER) != OK) {
        host_stream_reset(ha->host, e->stream, 0);
        return true;
    }
    s->peer = e->peer;
    if (is_back) {
        autonat_back_hear_init(&s->engine.back, &ha->host->system, ha->host->now);
    } else {
        serve(ha, s, &from, is_v1);
    }
    return true;
}

void host_autonat_dialled(struct host_autonat *ha,
                          uint64_t id,
                          enum autonat_dialled how,
                          size_t index)
{
    struct host_autonat_stream *s = find(ha, id);
    if (s && s->kind == SERVER) {
        autonat_server_dialled(&s->engine.server, how, index);
        pump(ha, s);
    }
}

/* ---- our questions ---- */

/* server_of: may this peer be asked, and where is it? */
static bool server_of(const struct host_autonat *ha,
                      struct autonat_asked *ret_asked,
                      const struct host_peer_info *info)
{
    return info->identified && net_addr_of(&ret_asked->at, info->addr) == OK &&
           host_peer_speaks(ha->host, &info->peer, SPAN_LIT(AUTONAT_PROTOCOL)) &&
           (ret_asked->server = siphash24(ha->quota.seed, peer_id_span(&info->peer)) | 1) != 0;
}

MUST_CHECK static enum err ask(struct host_autonat *ha,
                               const struct peer_id *peer,
                               const struct autonat_asked *asked,
                               size_t i)
{
    struct host_autonat_stream *s;
    host_stream id;
    TRY(host_open_stream(
        ha->host, &id, NULL,
        (struct host_open_args){.peer = peer, .protocol = AUTONAT_PROTOCOL, .known = true}));
    enum err e = stream_new(ha, &s, id, CLIENT);
    if (e != OK) {
        host_stream_reset(ha->host, id, 0);
        return e;
    }
    s->peer = *peer;
    s->asked = *asked;
    s->addr = ha->probes.probes[i].addr;
    s->nonce = rng_u64(ha->host->cfg.rng);
    s->is_asking = true;
    ha->asking_count++;
    ha->stats.asked_count++;
    autonat_probes_asked(&ha->probes, i, ha->host->now);
    struct autonat_client_cfg cfg = {
        .addrs = &s->addr, .addrs_count = 1, .nonce = s->nonce, .budget = &ha->host->system};
    e = autonat_client_init(&s->engine.client, &cfg, ha->host->now);
    if (e != OK) {
        drop(ha, s);
        return e;
    }
    pump(ha, s);
    return OK;
}

static bool is_busy(const struct host_autonat *ha, const struct peer_id *peer)
{
    for (struct list *l = list_first(&ha->streams); l; l = list_next(&ha->streams, l)) {
        if (entry(l)->is_asking && peer_id_equal(&entry(l)->peer, peer)) {
            return true;
        }
    }
    return false;
}

/* look finds somebody to ask, beginning with another peer each time. */
static void look(struct host_autonat *ha)
{
    size_t count = host_peers_count(ha->host);
    uint32_t servers = 0;
    uint32_t turn = ha->ask_turn++;
    struct host_peer_info info;
    struct peer_id chosen = {0};
    struct autonat_asked asked;
    struct autonat_asked chosen_asked = {0};
    size_t what = AUTONAT_PROBES_MAX;
    for (size_t i = 0; i < count; i++) {
        host_peer_at(ha->host, &info, (i + turn) % count);
        if (!server_of(ha, &asked, &info)) {
            continue;
        }
        servers++;
        if (what == AUTONAT_PROBES_MAX && !is_busy(ha, &info.peer)) {
            what = autonat_probes_next(&ha->probes, &asked, ha->host->now);
            chosen = info.peer;
            chosen_asked = asked;
        }
    }
    if (autonat_probes_servers(&ha->probes, servers, ha->host->now)) {
        ha->has_changed = true;
        ha->is_told = false;
    }
    ha->ask_at = instant_add(ha->host->now, LOOK_US);
    if (what < AUTONAT_PROBES_MAX && ask(ha, &chosen, &chosen_asked, what) == OK) {
        ha->ask_at = instant_add(ha->host->now, PACE_US);
    }
}

static bool is_due(const struct host_autonat *ha, instant now)
{
    return ha->asking_count < HOST_AUTONAT_ASKING_MAX && ha->probes.count > 0 &&
           instant_reached(ha->ask_at, now) &&
           instant_reached(autonat_probes_deadline(&ha->probes), now);
}

void host_autonat_set_addrs(struct host_autonat *ha, const struct net_addr *addrs, size_t count)
{
    struct net_addr asked[AUTONAT_PROBES_MAX];
    size_t asked_count = 0;
    for (size_t i = 0; i < count && asked_count < AUTONAT_PROBES_MAX; i++) {
        /* SPEC libp2p/autonat-v2 §"AutoNAT V2 Protocol": no private address is asked for. */
        if (autonat_policy_allows(
                &(struct autonat_policy){.private_too = ha->cfg.policy.private_too}, &addrs[i])) {
            asked[asked_count++] = addrs[i];
        }
    }
    if (autonat_probes_set(&ha->probes, asked, asked_count, ha->host->now)) {
        ha->ask_at = ha->host->now;
        ha->has_changed = true;
        ha->is_told = false;
    }
}

/* ---- the extension ---- */

static void feed(struct host_autonat *ha, struct host_autonat_stream *s, const struct host_event *e)
{
    struct span in = e->data;
    switch (s->kind) {
    case SERVER: (void)autonat_server_recv(&s->engine.server, ha->host->now, &in); break;
    case CLIENT: (void)autonat_client_recv(&s->engine.client, ha->host->now, &in); break;
    case BACK:   (void)autonat_back_recv(&s->engine.back, ha->host->now, &in); break;
    }
    host_stream_consume(ha->host, s->id, e->data.n);
}

static void feed_end(struct host_autonat_stream *s)
{
    switch (s->kind) {
    case SERVER: autonat_server_recv_end(&s->engine.server); break;
    case CLIENT: autonat_client_recv_end(&s->engine.client); break;
    case BACK:   autonat_back_recv_end(&s->engine.back); break;
    }
}

static bool on_event(struct host_extension *self, const struct host_event *e)
{
    struct host_autonat *ha = of(self);
    if (e->kind == HOST_EVENT_PEER_IDENTIFIED) {
        ha->ask_at = instant_min(ha->ask_at, instant_add(ha->host->now, PACE_US));
        return false;
    }
    if (e->kind < HOST_EVENT_STREAM_OPENED || e->kind > HOST_EVENT_STREAM_RESET) {
        return false;
    }
    struct host_autonat_stream *s = find(ha, e->stream.id);
    if (!s) {
        return on_new_stream(ha, e);
    }
    if (e->kind == HOST_EVENT_STREAM_CLOSED || e->kind == HOST_EVENT_STREAM_RESET) {
        stream_free(ha, s);
        return true;
    }
    if (e->kind == HOST_EVENT_STREAM_DATA) {
        feed(ha, s, e);
    } else if (e->kind == HOST_EVENT_STREAM_FIN) {
        feed_end(s);
    }
    pump(ha, s);
    return true;
}

static bool work(struct host_extension *self)
{
    struct host_autonat *ha = of(self);
    if (!is_due(ha, ha->host->now)) {
        return false;
    }
    uint64_t before = ha->stats.asked_count;
    look(ha);
    return ha->stats.asked_count > before;
}

static bool has_news(struct host_extension *self)
{
    struct host_autonat *ha = of(self);
    bool news = ha->has_changed && !ha->is_told;
    ha->is_told = ha->is_told || news;
    return news;
}

static instant engine_deadline(const struct host_autonat_stream *s)
{
    switch (s->kind) {
    case SERVER: return autonat_server_deadline(&s->engine.server);
    case CLIENT: return autonat_client_deadline(&s->engine.client);
    case BACK:   return autonat_back_deadline(&s->engine.back);
    }
    return INSTANT_NEVER;
}

static instant deadline(const struct host_extension *self)
{
    const struct host_autonat *ha = (const struct host_autonat *)(const void *)self;
    instant at = INSTANT_NEVER;
    for (struct list *l = list_first(&ha->streams); l; l = list_next(&ha->streams, l)) {
        at = instant_min(at, instant_min(entry(l)->linger_until, engine_deadline(entry(l))));
    }
    instant probe = autonat_probes_deadline(&ha->probes);
    if (ha->asking_count < HOST_AUTONAT_ASKING_MAX && !instant_is_never(probe)) {
        at = instant_min(at, instant_before(probe, ha->ask_at) ? ha->ask_at : probe);
    }
    return at;
}

static void stream_tick(struct host_autonat *ha, struct host_autonat_stream *s, instant now)
{
    if (instant_reached(s->linger_until, now)) {
        drop(ha, s);
        return;
    }
    switch (s->kind) {
    case SERVER: autonat_server_tick(&s->engine.server, now); break;
    case CLIENT: autonat_client_tick(&s->engine.client, now); break;
    case BACK:   autonat_back_tick(&s->engine.back, now); break;
    }
    pump(ha, s);
}

static void tick(struct host_extension *self, instant now)
{
    struct host_autonat *ha = of(self);
    struct list *next;
    for (struct list *l = list_first(&ha->streams); l; l = next) {
        next = list_next(&ha->streams, l);
        if (instant_reached(engine_deadline(entry(l)), now) ||
            instant_reached(entry(l)->linger_until, now)) {
            stream_tick(ha, entry(l), now);
        }
    }
}

bool host_autonat_poll(struct host_autonat *ha)
{
    bool changed = ha->has_changed;
    ha->has_changed = false;
    ha->is_told = false;
    return changed;
}

/* ---- life ---- */

MUST_CHECK static enum err handle_all(struct host_autonat *ha)
{
    struct host_protocol_args args = {.streams_in_max = HOST_AUTONAT_STREAMS_MAX - 2,
                                      .streams_in_per_peer_max = 4};
    TRY(host_handle(ha->host, AUTONAT_BACK_PROTOCOL, args));
    if (!ha->cfg.dialler) {
        return OK;
    }
    TRY(host_handle(ha->host, AUTONAT_PROTOCOL, args));
    return host_handle(ha->host, AUTONAT1_PROTOCOL, args);
}

enum err
host_autonat_init(struct host_autonat *ha, struct host *host, const struct host_autonat_cfg *cfg)
{
    uint64_t seed[2] = {rng_u64(host->cfg.rng), rng_u64(host->cfg.rng)};
    *ha = (struct host_autonat){
        .host = host,
        .cfg = *cfg,
        .ask_at = host->now,
        .extension = {.on_event = on_event,
                      .work = work,
                      .has_news = has_news,
                      .deadline = deadline,
                      .tick = tick}
    };
    ha->probes.private_too = cfg->policy.private_too;
    autonat_quota_init(&ha->quota, &cfg->quota, seed);
    list_init(&ha->streams);
    host_extend(host, &ha->extension);
    return handle_all(ha);
}

void host_autonat_done(struct host_autonat *ha)
{
    if (!ha->host) {
        return;
    }
    host_unextend(&ha->extension);
    host_unhandle(ha->host, AUTONAT_BACK_PROTOCOL);
    if (ha->cfg.dialler) {
        host_unhandle(ha->host, AUTONAT_PROTOCOL);
        host_unhandle(ha->host, AUTONAT1_PROTOCOL);
    }
    for (struct list *l = list_first(&ha->streams); l; l = list_first(&ha->streams)) {
        drop(ha, entry(l));
    }
    memset(ha, 0, sizeof *ha);
}
