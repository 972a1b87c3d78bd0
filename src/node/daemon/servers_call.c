/* Requests of /web3-wallet/1.0 on their streams, and what their answers mean for the wallet. */
#include "base/check.h"
#include "node/daemon/servers_inside.h"

#include <string.h>

enum {
    ASK_DEADLINE_MS = 10000,
    LOGS_DEADLINE_MS = 30000,
    SUBMIT_DEADLINE_MS = 15000,
    BUSY_MS_DEFAULT = 500
};

static struct call *call_place(struct servers *s)
{
    for (size_t i = 0; i < SERVERS_CALL_COUNT_MAX; i++) {
        if (!s->calls[i].is_used) {
            return &s->calls[i];
        }
    }
    return NULL;
}

bool servers_has_room(const struct servers *s)
{
    size_t used = 0;
    for (size_t i = 0; i < SERVERS_CALL_COUNT_MAX; i++) {
        used += s->calls[i].is_used;
    }
    return ask_has_room(s) && used + (size_t)SERVERS_PEER_COUNT_MAX * 2 < SERVERS_CALL_COUNT_MAX;
}

static struct wallet_source source_of(const struct call *c)
{
    struct wallet_source source = {.k = 1, .n = 1};
    char text[PEER_ID_TEXT_MAX];
    peer_id_print(text, &c->peer);
    text_set(source.server, sizeof source.server, span_str(text));
    return source;
}

/* ---- writing ---- */

/* A stream may take less than it has room for, when memory is short: WRITABLE follows only after such a write, so the
 * whole rest is offered each time. */
static void pump_out(struct call *c)
{
    struct span rest = service_client_waiting(&c->client);
    if (rest.n > 0) {
        service_client_sent(&c->client, host_stream_write(c->host, c->stream, rest));
    }
    if (service_client_is_sent(&c->client) && !c->is_closed_write) {
        c->is_closed_write = true;
        host_stream_close_write(c->host, c->stream);
    }
}

/* ---- who asks ---- */

MUST_CHECK static enum err open_stream(struct call *c)
{
    struct host_open_args args = {.peer = &c->peer,
                                  .protocol = SERVICE_PROTOCOL_ID,
                                  .user = c,
                                  .relayed_ok = true,
                                  .known = true}; /* it said so to the daemon */
    c->dial = 0;
    TRY(host_open_stream(c->host, &c->stream, NULL, args));
    pump_out(c);
    return OK;
}

/* begin opens the stream, or dials: the request waits until the identity that asks is connected. */
MUST_CHECK static enum err begin(struct servers *s, struct call *c)
{
    struct host_peer_info info;
    if (c->host == s->cfg.host || host_peer_find(c->host, &info, &c->peer)) {
        return open_stream(c);
    }
    return account_dial(s, c);
}

struct call_args {
    const struct peer_id *peer;
    struct id account; /* who asks; unset: the daemon */
    enum call_kind kind;
    const struct service_request *request;
};

static struct call *call_open(struct servers *s, struct wallet_time t, const struct call_args *args)
{
    struct call *c = call_place(s);
    if (!c) {
        return NULL;
    }
    *c = (struct call){
        .kind = args->kind, .peer = *args->peer, .account = args->account, .started_at = t.mono};
    if (account_host(s, t, c) != OK ||
        service_client_init(&c->client, s->cfg.budget, args->request, t.mono) != OK) {
        return NULL;
    }
    if (begin(s, c) != OK) {
        service_client_done(&c->client);
        return NULL;
    }
    c->is_used = true;
    return c;
}

/* call_cut ends what goes on below; nothing follows from it. */
static void call_cut(struct call *c)
{
    host_stream_reset(c->host, c->stream, 0);
    host_dial_cancel(c->host, c->dial);
}

static struct service_request
request_of(struct servers *s, enum service_type type, const struct network *n)
{
    return (struct service_request){
        .type = type, .chain_id = n->chain_id, .id = rng_u64(s->cfg.rng)};
}

static void call_end(struct call *c)
{
    service_client_done(&c->client);
    buf_done(&c->userop);
    *c = (struct call){0};
}

/* ---- what an answer means ---- */

void call_kept(
    struct servers *s, instant now, const struct peer_id *peer, enum call_kind kind, bool kept)
{
    struct server *one = servers_find(s, peer);
    bool is_about_itself = kind == CALL_STATUS || kind == CALL_HEADS;
    if (!one) {
        return;
    }
    one->asked_count++;
    one->kept_count += kept;
    if (!kept) {
        one->failures++;
        one->failed_at = now;
    } else if (!is_about_itself) {
        one->failures = 0;
    }
}

void call_proved(struct servers *s, instant now, const struct peer_id *peer, bool is_proven)
{
    struct server *one = servers_find(s, peer);
    call_kept(s, now, peer, CALL_PROVE, is_proven);
    if (one) {
        one->unproven = is_proven ? 0 : one->unproven + 1;
        one->checked += is_proven;
    }
}

/* A server that has no room is left alone for as long as it says. */
static void
note_busy(struct servers *s, struct wallet_time t, const struct call *c, uint32_t retry_ms)
{
    struct server *one = servers_find(s, &c->peer);
    if (one) {
        one->busy_until = instant_add(t.mono, (retry_ms ? retry_ms : BUSY_MS_DEFAULT) * US_PER_MS);
    }
}

static enum err err_of_code(enum service_code code)
{
    switch (code) {
    case SERVICE_OK:          return OK;
    case SERVICE_BAD_REQUEST:
    case SERVICE_UNSUPPORTED:
    case SERVICE_DENIED:
    case SERVICE_TOO_LARGE:   return ERR_UNSUPPORTED;
    case SERVICE_NOT_FOUND:   return ERR_NOT_FOUND;
    case SERVICE_BUSY:
    case SERVICE_QUOTA:       return ERR_LIMIT;
    case SERVICE_TIMEOUT:     return ERR_TIMEOUT;
    case SERVICE_UPSTREAM:
    case SERVICE_STALE:
    case SERVICE_INTERNAL:    return ERR_IO;
    }
    return ERR_IO;
}

/* The question may be over by this; the call is not its own any more. */
static void answer_question(struct servers *s,
                            struct wallet_time t,
                            struct call *c,
                            const struct service_client_event *e)
{
    struct question *q = c->question;
    enum err err = err_of_code(e->response.code);
    c->question = NULL;
    if (!q) {
        return;
    }
    if (err == OK) {
        ask_answered(s, t, q, &c->peer, e);
    } else {
        if (q->kind == QUESTION_PROOF && err != ERR_LIMIT) {
            call_proved(s, t.mono, &c->peer, false); /* what could be proven was not */
        }
        ask_failed(s, t, q, err);
    }
}

/* What is to be sent, and who has refused it already. */
struct submission {
    const struct network *network;
    struct id operation;
    struct id account;
    struct span userop;
    const struct peer_id *refused;
    size_t refused_count;
};

MUST_CHECK static enum err submit_to(struct servers *s,
                                     struct wallet_time t,
                                     const struct server *one,
                                     const struct submission *x)
{
    struct service_request r = request_of(s, SERVICE_SEND_USER_OPERATION, x->network);
    r.deadline_ms = SUBMIT_DEADLINE_MS;
    r.entry_point = x->network->entry_point;
    r.userop = x->userop;
    struct call *c = call_open(
        s, t,
        &(struct call_args){
            .peer = &one->peer, .account = x->account, .kind = CALL_SUBMIT, .request = &r});
    if (!c) {
        return ERR_LIMIT;
    }
    c->network = x->network;
    c->operation = x->operation;
    c->refused_count = x->refused_count;
    for (size_t i = 0; i < x->refused_count; i++) {
        c->refused[i] = x->refused[i];
    }
    buf_init(&c->userop, s->cfg.budget,
             service_limits(SERVICE_SEND_USER_OPERATION)->request_len_max);
    s->sent_operations++;
    if (buf_append(&c->userop, x->userop) != OK) {
        buf_clear(&c->userop); /* without it nobody else is asked */
    }
    return OK;
}

/* One server's refusal is its word: another one is asked before it is believed. */
static bool submit_elsewhere(struct servers *s, struct wallet_time t, const struct call *c)
{
    struct peer_id refused[SERVERS_SET_LEN];
    struct submission x = {.network = c->network,
                           .operation = c->operation,
                           .account = c->account,
                           .userop = buf_span(&c->userop),
                           .refused = refused,
                           .refused_count = c->refused_count + 1};
    if (x.userop.n == 0 || x.refused_count >= SERVERS_SET_LEN) {
        return false;
    }
    memcpy(refused, c->refused, c->refused_count * sizeof refused[0]);
    refused[c->refused_count] = c->peer;
    struct trust_tried tried = {.peers = refused, .count = x.refused_count};
    struct server *one = trust_pick(s, t.mono, c->account, tried);
    return one && submit_to(s, t, one, &x) == OK;
}

static void answer_submit(struct servers *s,
                          struct wallet_time t,
                          struct call *c,
                          const struct service_client_event *e)
{
    struct wallet_source source = source_of(c);
    struct coded why = {0};
    enum err err = err_of_code(e->response.code);
    struct span reason = e->response.text;
    if (err == OK && e->body.userop.state == SERVICE_USEROP_DROPPED) {
        err = ERR_UNSUPPORTED;
        reason = e->body.userop.reason;
    }
    if (err == ERR_UNSUPPORTED && submit_elsewhere(s, t, c)) {
        return;
    }
    if (err == ERR_UNSUPPORTED) {
        coded_set(&why, "server_refused");
        coded_add(&why, "reason", span_first(reason, CODED_VALUE_LEN_MAX));
        err = ERR_DENIED;
    } else if (err != OK) {
        err = ERR_TIMEOUT;
    }
    wallet_submitted(s->cfg.wallet, t, c->operation, err, &why, &source);
}

static void answer_track(struct servers *s,
                         struct wallet_time t,
                         struct call *c,
                         const struct service_client_event *e)
{
    struct tracked what = {.state = TRACKED_PENDING};
    const struct service_userop_status *u = &e->body.userop;
    if (e->response.code == SERVICE_NOT_FOUND) {
        what.state = TRACKED_UNKNOWN;
    } else if (e->response.code == SERVICE_OK) {
        switch (u->state) {
        case SERVICE_USEROP_CHECKING:
        case SERVICE_USEROP_ACCEPTED:
        case SERVICE_USEROP_SENT:     break;
        case SERVICE_USEROP_INCLUDED:
        case SERVICE_USEROP_FINAL:
            what = (struct tracked){.state = TRACKED_INCLUDED,
                                    .tx_hash = u->tx_hash,
                                    .block = u->block_number,
                                    .fee_paid = u->actual_gas_cost,
                                    .success = u->success,
                                    .reason = u->reason};
            break;
        case SERVICE_USEROP_DROPPED:
        case SERVICE_USEROP_REPLACED: what.state = TRACKED_UNKNOWN; break;
        }
    }
    wallet_tracked(s->cfg.wallet, t, c->operation, &what);
}

static void on_head(struct servers *s,
                    struct wallet_time t,
                    const struct call *c,
                    const struct service_head *head)
{
    struct server *one = servers_find(s, &c->peer);
    if (one) {
        one->head = head->number;
    }
    wallet_new_head(s->cfg.wallet, t, c->network, head->number);
    if (s->cfg.new_head) {
        s->cfg.new_head(s->cfg.user);
    }
}

static void answer_keep(struct servers *s,
                        struct wallet_time t,
                        const struct call *c,
                        const struct service_client_event *e)
{
    enum err err = err_of_code(e->response.code);
    if (s->cfg.kept) {
        s->cfg.kept(s->cfg.user, t, c->tag, err == ERR_UNSUPPORTED ? ERR_DENIED : err,
                    err == OK ? e->body.kept : SPAN_EMPTY);
    }
}

static void answer_cosign(struct servers *s,
                          struct wallet_time t,
                          const struct call *c,
                          const struct service_client_event *e)
{
    bool is_refused = e->response.code != SERVICE_OK &&
                      service_code_blame(e->response.code) == SERVICE_BLAME_CLIENT;
    if (s->cfg.cosigned) {
        enum err err = is_refused ? ERR_DENIED : err_of_code(e->response.code);
        s->cfg.cosigned(s->cfg.user, t, c->tag, err, e->response.text, &e->body.cosigned);
    }
}

static void on_answer(struct servers *s,
                      struct wallet_time t,
                      struct call *c,
                      const struct service_client_event *e)
{
    bool is_load = e->response.code == SERVICE_BUSY || e->response.code == SERVICE_QUOTA;
    if (is_load) {
        note_busy(s, t, c, e->response.retry_after_ms);
    }
    if (c->kind != CALL_PROVE) { /* of a proof, that is known when it was followed */
        call_kept(s, t.mono, &c->peer, c->kind,
                  is_load || service_code_blame(e->response.code) != SERVICE_BLAME_SERVER);
    }
    struct server *one = servers_find(s, &c->peer);
    switch (c->kind) {
    case CALL_STATUS:
        if (one) {
            servers_note_rtt(one, instant_since(c->started_at, t.mono));
            servers_learn_status(s, t, one,
                                 e->response.code == SERVICE_OK ? &e->body.status : NULL);
        }
        break;
    case CALL_HEADS:
        if (e->response.code == SERVICE_OK) {
            on_head(s, t, c, &e->body.head);
        }
        break;
    case CALL_ASK:
    case CALL_PROVE:  answer_question(s, t, c, e); break;
    case CALL_SUBMIT: answer_submit(s, t, c, e); break;
    case CALL_TRACK:  answer_track(s, t, c, e); break;
    case CALL_KEEP:   answer_keep(s, t, c, e); break;
    case CALL_COSIGN: answer_cosign(s, t, c, e); break;
    }
}

/* No answer came: whoever waits for it is told. */
static void on_failed(struct servers *s, struct wallet_time t, struct call *c, enum err err)
{
    struct wallet_source source = source_of(c);
    struct coded why = {0};
    struct server *one = servers_find(s, &c->peer);
    if (c->kind == CALL_PROVE && !c->is_turned_away) {
        call_proved(s, t.mono, &c->peer, false);
    } else if (!c->is_turned_away) {
        call_kept(s, t.mono, &c->peer, c->kind, false);
    }
    switch (c->kind) {
    case CALL_STATUS:
        if (one) {
            servers_learn_status(s, t, one, NULL);
        }
        break;
    case CALL_HEADS: break;
    case CALL_ASK:
    case CALL_PROVE:
        if (c->question && c->is_turned_away) {
            ask_anew(s, t, c->question, &c->peer);
        } else if (c->question) {
            /* To end without a word is to fail, whoever is left. */
            ask_failed(s, t, c->question, err == ERR_CLOSED ? ERR_IO : err);
        }
        break;
    case CALL_SUBMIT:
        wallet_submitted(s->cfg.wallet, t, c->operation, ERR_TIMEOUT, &why, &source);
        break;
    case CALL_TRACK: {
        struct tracked pending = {.state = TRACKED_PENDING};
        wallet_tracked(s->cfg.wallet, t, c->operation, &pending);
        break;
    }
    case CALL_KEEP:
        if (s->cfg.kept) {
            s->cfg.kept(s->cfg.user, t, c->tag, err, SPAN_EMPTY);
        }
        break;
    case CALL_COSIGN:
        if (s->cfg.cosigned) {
            s->cfg.cosigned(s->cfg.user, t, c->tag, ERR_TIMEOUT, SPAN_EMPTY, NULL);
        }
        break;
    }
}

static void after_heads(struct servers *s, const struct call *c)
{
    struct server *one = servers_find(s, &c->peer);
    if (c->kind == CALL_HEADS && one) {
        one->has_heads = false;
    }
}

/* Gives out the client's events; true if the call is over and gone. */
static bool drain(struct servers *s, struct wallet_time t, struct call *c)
{
    struct service_client_event e;
    while (service_client_poll(&c->client, &e)) {
        switch (e.kind) {
        case SERVICE_CLIENT_ANSWER: on_answer(s, t, c, &e); break;
        case SERVICE_CLIENT_HEAD:   on_head(s, t, c, &e.body.head); break;
        case SERVICE_CLIENT_CLOSED: {
            /* Copied out: what on_failed does may start other calls, and the place may be wanted. */
            struct call gone = *c;
            call_cut(c);
            after_heads(s, c);
            *c = (struct call){0};
            if (e.err != OK) {
                on_failed(s, t, &gone, e.err);
            }
            service_client_done(&gone.client);
            buf_done(&gone.userop);
            return true;
        }
        }
    }
    return false;
}

static void on_data(struct servers *s, struct wallet_time t, struct call *c, struct span in)
{
    struct host *host = c->host;
    host_stream stream = c->stream;
    size_t len = in.n;
    bool is_over = false;
    c->has_heard = true;
    while (in.n > 0 && !is_over) {
        enum err err = service_client_recv(&c->client, t.mono, &in);
        is_over = drain(s, t, c) || err != OK;
    }
    host_stream_consume(host, stream, len);
}

/* on_gone: its stream was reset, or there will be none. */
static void on_gone(struct servers *s, struct wallet_time t, struct call *c)
{
    account_gone(s, t, c);
    service_client_end(&c->client, t.mono);
    (void)drain(s, t, c);
}

bool call_host_event(struct servers *s,
                     struct host *host,
                     struct wallet_time t,
                     const struct host_event *e)
{
    struct call *c = e->user;
    if (!c || e->inbound) {
        return false;
    }
    if (!c->is_used || c->host != host || c->stream.id != e->stream.id) {
        return true; /* of a call that is over */
    }
    switch (e->kind) {
    case HOST_EVENT_STREAM_OPENED:
    case HOST_EVENT_STREAM_WRITABLE: pump_out(c); break;
    case HOST_EVENT_STREAM_DATA:     on_data(s, t, c, e->data); break;
    case HOST_EVENT_STREAM_FIN:
    case HOST_EVENT_STREAM_CLOSED:
        service_client_end(&c->client, t.mono);
        (void)drain(s, t, c);
        break;
    case HOST_EVENT_STREAM_RESET:      on_gone(s, t, c); break;
    case HOST_EVENT_DIAL:
    case HOST_EVENT_LINK_CLOSE:
    case HOST_EVENT_PEER_CONNECTED:
    case HOST_EVENT_PEER_DIRECT:
    case HOST_EVENT_PEER_IDENTIFIED:
    case HOST_EVENT_PEER_DISCONNECTED:
    case HOST_EVENT_DIAL_FAILED:
    case HOST_EVENT_PING:
    case HOST_EVENT_PERF:
    case HOST_EVENT_REFUSED:
    case HOST_EVENT_EXTENSION:         return false;
    }
    return true;
}

void servers_account_event(struct servers *s,
                           struct host *host,
                           struct wallet_time t,
                           const struct host_event *e)
{
    bool is_up = e->kind == HOST_EVENT_PEER_CONNECTED;
    if (!is_up && e->kind != HOST_EVENT_DIAL_FAILED) {
        (void)call_host_event(s, host, t, e);
        return;
    }
    for (size_t i = 0; i < SERVERS_CALL_COUNT_MAX; i++) {
        struct call *c = &s->calls[i];
        if (!c->is_used || c->host != host || c->dial == 0) {
            continue;
        }
        if (is_up ? peer_id_equal(&c->peer, &e->peer) && open_stream(c) != OK
                  : c->dial == e->dial) {
            on_gone(s, t, c);
        }
    }
}

/* ---- asking ---- */

void call_status(struct servers *s, struct wallet_time t, struct server *one)
{
    const struct network *n = wallet_network(s->cfg.wallet, s->network);
    struct service_request r = request_of(s, SERVICE_STATUS, n);
    struct call *c = call_open(
        s, t, &(struct call_args){.peer = &one->peer, .kind = CALL_STATUS, .request = &r});
    one->is_asked = c != NULL;
    if (c) {
        c->network = n;
    } else {
        one->status_at = instant_add(t.mono, US_PER_S);
    }
}

void call_heads(struct servers *s, struct wallet_time t, struct server *one)
{
    const struct network *n = wallet_network(s->cfg.wallet, s->network);
    struct service_request r = request_of(s, SERVICE_SUBSCRIBE, n);
    r.topic = SERVICE_TOPIC_HEADS;
    struct call *c =
        call_open(s, t, &(struct call_args){.peer = &one->peer, .kind = CALL_HEADS, .request = &r});
    if (c) {
        c->network = n;
        one->has_heads = true;
    }
}

void call_drop_heads(struct servers *s)
{
    for (size_t i = 0; i < SERVERS_CALL_COUNT_MAX; i++) {
        struct call *c = &s->calls[i];
        if (c->is_used && c->kind == CALL_HEADS) {
            call_cut(c);
            after_heads(s, c);
            call_end(c);
        }
    }
}

struct service_request call_request(struct servers *s, const struct question *q)
{
    static const enum service_type types[] = {[QUESTION_RPC] = SERVICE_RPC,
                                              [QUESTION_SEND] = SERVICE_SEND_TRANSACTION,
                                              [QUESTION_PROOF] = SERVICE_ACCOUNT_PROOF,
                                              [QUESTION_INCLUSION] = SERVICE_INCLUSION,
                                              [QUESTION_LOGS] = SERVICE_LOGS,
                                              [QUESTION_LIGHT] = SERVICE_LC_UPDATES};
    struct service_request r = request_of(s, types[q->kind], q->network);
    r.deadline_ms = ASK_DEADLINE_MS;
    if (q->kind == QUESTION_LIGHT) {
        uint64_t id = r.id;
        r = q->light;
        r.id = id;
    } else if (q->kind == QUESTION_SEND) {
        r.transaction = buf_span(&q->raw);
    } else if (q->kind == QUESTION_PROOF) {
        r.block_hash = q->block_hash;
        r.address = q->address;
        r.slots = buf_span(&q->params);
        r.known = SPAN_OF(
            q->block_hash.bytes); /* its header need not be sent: q->head has what it says */
    } else if (q->kind == QUESTION_INCLUSION) {
        r.block_hash = q->block_hash;
        r.number = q->block;
        r.tx_hash = q->tx_hash;
    } else if (q->kind == QUESTION_LOGS) {
        enum { TOPIC_LEN = 32 };
        r.deadline_ms = LOGS_DEADLINE_MS;
        r.response_max = q->len_max;
        r.block_hash = q->block_hash;
        r.number = q->block;
        r.blocks = q->blocks;
        r.addresses = SPAN_OF(q->address.bytes);
        r.topics[0] = span_first(buf_span(&q->params), TOPIC_LEN);
        r.topics[2] = span_from(buf_span(&q->params), TOPIC_LEN);
    } else {
        r.method = span_str(q->method);
        r.params = buf_span(&q->params);
    }
    return r;
}

enum err
call_question(struct servers *s, struct wallet_time t, struct question *q, struct server *one)
{
    struct service_request r = call_request(s, q);
    bool is_word = q->kind == QUESTION_RPC || q->kind == QUESTION_SEND;
    enum call_kind kind = is_word ? CALL_ASK : CALL_PROVE;
    struct call *c =
        call_open(s, t,
                  &(struct call_args){
                      .peer = &one->peer, .account = q->account, .kind = kind, .request = &r});
    if (!c) {
        return ERR_LIMIT;
    }
    c->question = q;
    c->network = q->network;
    s->sent_questions++;
    return OK;
}

/* One request of this kind to one server. */
static enum err
ask_one(struct servers *s, struct wallet_time t, const struct servers_keep *k, enum call_kind kind)
{
    const struct network *n = wallet_network(s->cfg.wallet, s->network);
    if (!n || !servers_find(s, k->peer)) {
        return ERR_CLOSED;
    }
    struct service_request r = request_of(s, k->type, n);
    r.deadline_ms = service_limits(k->type)->deadline_ms_max;
    *(kind == CALL_COSIGN ? &r.cosign : &r.capsule) = k->body;
    struct call *c =
        call_open(s, t, &(struct call_args){.peer = k->peer, .kind = kind, .request = &r});
    if (!c) {
        return ERR_LIMIT;
    }
    c->network = n;
    c->tag = k->tag;
    return OK;
}

enum err servers_keep(struct servers *s, struct wallet_time t, const struct servers_keep *k)
{
    return ask_one(s, t, k, CALL_KEEP);
}

enum err servers_cosign(struct servers *s, struct wallet_time t, const struct servers_keep *k)
{
    return ask_one(s, t, k, CALL_COSIGN);
}

void call_drop_question(struct servers *s, const struct question *q)
{
    for (size_t i = 0; i < SERVERS_CALL_COUNT_MAX; i++) {
        struct call *c = &s->calls[i];
        if (c->is_used && c->question == q) {
            call_cut(c);
            call_end(c);
        }
    }
}

static void
fail_event(struct servers *s, struct wallet_time t, const struct wallet_event *e, enum err err)
{
    struct call none = {.operation = e->operation,
                        .kind = e->kind == WALLET_SUBMIT ? CALL_SUBMIT : CALL_TRACK};
    on_failed(s, t, &none, err);
}

void servers_wallet_event(struct servers *s, struct wallet_time t, const struct wallet_event *e)
{
    if (e->kind == WALLET_ASK || e->kind == WALLET_PROVE) {
        ask_begin(s, t, e);
        return;
    }
    if (e->kind != WALLET_SUBMIT && e->kind != WALLET_TRACK) {
        return;
    }
    struct server *one = e->turn > 0 ? trust_turn(s, t.mono, e->account, e->turn)
                                     : trust_pick(s, t.mono, e->account, (struct trust_tried){0});
    if (!one) {
        fail_event(s, t, e, servers_usable_count(s) ? ERR_LIMIT : ERR_CLOSED);
        return;
    }
    if (e->kind == WALLET_SUBMIT) {
        struct submission x = {.network = e->network,
                               .operation = e->operation,
                               .account = e->account,
                               .userop = e->userop};
        if (submit_to(s, t, one, &x) != OK) {
            fail_event(s, t, e, ERR_LIMIT);
        }
        return;
    }
    struct service_request r = request_of(s, SERVICE_USER_OPERATION_STATUS, e->network);
    r.deadline_ms = ASK_DEADLINE_MS;
    r.userop_hash = e->hash;
    struct call *c = call_open(
        s, t,
        &(struct call_args){
            .peer = &one->peer, .account = e->account, .kind = CALL_TRACK, .request = &r});
    if (!c) {
        fail_event(s, t, e, ERR_LIMIT);
        return;
    }
    s->sent_questions++;
    c->operation = e->operation;
    c->network = e->network;
}

/* ---- time ---- */

void call_tick(struct servers *s, struct wallet_time t)
{
    for (size_t i = 0; i < SERVERS_CALL_COUNT_MAX; i++) {
        struct call *c = &s->calls[i];
        if (c->is_used) {
            service_client_tick(&c->client, t.mono);
            (void)drain(s, t, c);
        }
    }
}

instant call_deadline(const struct servers *s)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < SERVERS_CALL_COUNT_MAX; i++) {
        if (s->calls[i].is_used) {
            at = instant_min(at, service_client_deadline(&s->calls[i].client));
        }
    }
    return at;
}
