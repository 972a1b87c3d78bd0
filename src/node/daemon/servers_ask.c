/* Questions of the wallet: one server is asked, and another when it is slow, fails or lies; or several are, and their answers
 * compared. What nobody knows never beats what somebody does. */
#include "base/check.h"
#include "crypto/keccak.h"
#include "evm/jsonrpc.h"
#include "node/daemon/servers_inside.h"
#include "service/proven.h"
#include "service/proven_chain.h"

#include <string.h>

enum {
    HEDGE_MS_MIN = 200,
    HEDGE_MS_MAX = 2000,
    SETTLE_MS = 1500, /* after the first answer of several */
    AGAIN_MS = 250,   /* until all are tried once more: a block may not have reached them yet */
    GIVE_UP_MS = 12000,
    LOGS_GIVE_UP_MS = 50000, /* less than the wallet waits */
    LOGS_HEDGE_MS = 8000,    /* megabytes, which a second server would send again */
    PARAMS_LEN_MAX = 64 * 1024,
    SAID_LEN_MAX = 64 * 1024, /* the longest that is compared: a contract's code in hex */
};

static struct question *question_place(const struct servers *s)
{
    for (size_t i = 0; i < SERVERS_QUESTION_COUNT_MAX; i++) {
        if (!s->questions[i].is_used) {
            return &s->questions[i];
        }
    }
    return NULL;
}

bool ask_has_room(const struct servers *s)
{
    return question_place(s) != NULL;
}

static void question_free(struct servers *s, struct question *q)
{
    call_drop_question(s, q);
    for (size_t i = 0; i < q->said_count; i++) {
        buf_done(&q->said[i].text);
    }
    buf_done(&q->params);
    buf_done(&q->raw);
    *q = (struct question){0};
}

void ask_done(struct servers *s)
{
    for (size_t i = 0; i < SERVERS_QUESTION_COUNT_MAX; i++) {
        struct question *q = &s->questions[i];
        for (size_t k = 0; k < q->said_count; k++) {
            buf_done(&q->said[k].text);
        }
        buf_done(&q->params);
        buf_done(&q->raw);
    }
}

/* ---- its end ---- */

static void end_proof(struct servers *s,
                      struct wallet_time t,
                      struct question *q,
                      enum err err,
                      const struct proven_account *p)
{
    uint64_t ask = q->ask;
    question_free(s, q);
    wallet_proven(s->cfg.wallet, t, ask, err, p);
}

static void end_inclusion(struct servers *s,
                          struct wallet_time t,
                          struct question *q,
                          enum err err,
                          const struct proven_inclusion *p)
{
    uint64_t ask = q->ask;
    question_free(s, q);
    wallet_proven_inclusion(s->cfg.wallet, t, ask, err, p);
}

/* p points into the question, which outlives the call. */
static void end_logs(struct servers *s,
                     struct wallet_time t,
                     struct question *q,
                     enum err err,
                     struct proven_logs *p,
                     size_t len)
{
    wallet_proven_logs(s->cfg.wallet, t, q->ask, err, p, len);
    question_free(s, q);
}

static void source_set(struct wallet_source *source, const struct peer_id *peer)
{
    char text[PEER_ID_TEXT_MAX];
    peer_id_print(text, peer);
    text_set(source->server, sizeof source->server, span_str(text));
}

static void end_light(struct servers *s, struct wallet_time t, struct question *q, bool has_learnt)
{
    bool is_witness = q->is_witness;
    struct service_request asked = q->light;
    question_free(s, q);
    if (is_witness) {
        s->cfg.witness_over(s->cfg.user, t);
    } else {
        s->cfg.light_over(s->cfg.user, t, &asked, has_learnt);
    }
}

static void end_failed(struct servers *s, struct wallet_time t, struct question *q)
{
    static const struct wallet_source nobody;
    enum err err = q->failed == OK ? ERR_CLOSED : q->failed;
    if (q->kind == QUESTION_PROOF) {
        end_proof(s, t, q, err, NULL);
        return;
    }
    if (q->kind == QUESTION_INCLUSION) {
        end_inclusion(s, t, q, err, NULL);
        return;
    }
    if (q->kind == QUESTION_LOGS) {
        end_logs(s, t, q, err, NULL, 0);
        return;
    }
    if (q->kind == QUESTION_LIGHT) {
        end_light(s, t, q, false);
        return;
    }
    uint64_t ask = q->ask;
    bool has_null = q->has_null;
    question_free(s, q);
    wallet_answer(s->cfg.wallet, t, ask, has_null ? OK : err,
                  has_null ? SPAN_LIT("null") : SPAN_EMPTY, &nobody);
}

/* Several were asked: what they said is what there is. */
static void end_tally(struct servers *s, struct wallet_time t, struct question *q)
{
    struct tally tally = tally_of(q);
    if (!tally.best) {
        end_failed(s, t, q);
        return;
    }
    struct wallet_source source = {.k = tally.k,
                                   .n = (uint8_t)q->tried_count,
                                   .is_disputed = tally.is_disputed,
                                   .is_middle = tally.is_middle};
    source_set(&source, &tally.best->peer);
    if (tally.is_disputed) {
        trust_disputed(s, t, q);
    }
    /* The answer outlives its question. */
    struct said best = *tally.best;
    struct said *place = &q->said[tally.best - q->said];
    place->text = (struct buf){0};
    uint64_t ask = q->ask;
    question_free(s, q);
    wallet_answer(s->cfg.wallet, t, ask, best.is_error ? ERR_DENIED : OK, buf_span(&best.text),
                  &source);
    buf_done(&best.text);
}

/* ---- asking ---- */

static uint64_t hedge_us(const struct question *q, const struct server *one)
{
    if (q->kind == QUESTION_LOGS) {
        return LOGS_HEDGE_MS * US_PER_MS;
    }
    uint64_t ms = 100 + 3 * one->rtt_us / US_PER_MS;
    ms = ms < HEDGE_MS_MIN ? HEDGE_MS_MIN : ms;
    return (ms > HEDGE_MS_MAX ? HEDGE_MS_MAX : ms) * US_PER_MS;
}

static bool is_several(const struct question *q)
{
    return (q->kind == QUESTION_RPC || q->kind == QUESTION_SEND) && q->mode != WALLET_ASK_FIRST;
}

/* ask_one asks the next server; false if there is none now. */
static bool ask_one(struct servers *s, struct wallet_time t, struct question *q)
{
    if (q->tried_count >= SERVERS_TRIED_COUNT_MAX) {
        return false;
    }
    struct trust_tried tried = {.peers = q->tried,
                                .count = q->tried_count,
                                .is_unchecked = q->kind == QUESTION_RPC && !is_several(q)};
    struct server *one =
        q->is_witness ? trust_witness(s, t.mono, tried) : trust_pick(s, t.mono, q->account, tried);
    if (!one || call_question(s, t, q, one) != OK) {
        return false;
    }
    q->tried[q->tried_count++] = one->peer;
    q->running++;
    q->again_at = INSTANT_NEVER;
    q->hedge_at = instant_add(t.mono, hedge_us(q, one));
    return true;
}

/* go_on asks whom it can, or sees that nobody is left. */
static void go_on(struct servers *s, struct wallet_time t, struct question *q)
{
    size_t wanted = is_several(q) ? SERVERS_SET_LEN - q->said_count : 1;
    while (q->running < wanted && ask_one(s, t, q)) {}
    if (q->running > 0) {
        return;
    }
    if (q->said_count > 0) {
        end_tally(s, t, q);
    } else if (q->has_null) {
        end_failed(s, t, q);
    } else if (servers_usable_count(s) == 0 || instant_reached(q->give_up_at, t.mono)) {
        end_failed(s, t, q);
    } else if (q->kind != QUESTION_LIGHT &&
               (q->has_behind || q->failed == ERR_LIMIT || q->tried_count == 0)) {
        /* A block that has not reached them yet, or no place: both pass. */
        uint64_t wait_ms = (uint64_t)AGAIN_MS << (q->rounds < 3 ? q->rounds : 3);
        q->rounds++;
        q->has_behind = false;
        q->again_at = instant_add(t.mono, wait_ms * US_PER_MS);
        q->hedge_at = INSTANT_NEVER;
    } else {
        end_failed(s, t, q);
    }
}

static enum question_kind kind_of(const struct wallet_event *e)
{
    if (e->kind != WALLET_PROVE) {
        bool is_send = strcmp(e->method, "eth_sendRawTransaction") == 0;
        return is_send ? QUESTION_SEND : QUESTION_RPC;
    }
    switch (e->proof) {
    case WALLET_PROOF_ACCOUNT:   return QUESTION_PROOF;
    case WALLET_PROOF_INCLUSION: return QUESTION_INCLUSION;
    case WALLET_PROOF_LOGS:      return QUESTION_LOGS;
    }
    return QUESTION_PROOF;
}

/* raw_read takes the transaction out of ["0x..."]. */
MUST_CHECK static enum err raw_read(struct buf *out, struct span params)
{
    struct json array;
    struct json text;
    struct wr w = wr_init_buf(out);
    TRY(json_parse(&array, params, NULL));
    return json_at(&text, array, 0) ? jsonrpc_get_data(&w, text) : ERR_MALFORMED;
}

void ask_begin(struct servers *s, struct wallet_time t, const struct wallet_event *e)
{
    struct question *q = question_place(s);
    check(q); /* servers_has_room was asked */
    bool is_logs = kind_of(e) == QUESTION_LOGS;
    uint64_t give_up_ms = is_logs ? LOGS_GIVE_UP_MS : GIVE_UP_MS;
    *q = (struct question){.is_used = true,
                           .kind = kind_of(e),
                           .ask = e->id,
                           .mode = e->mode,
                           .network = e->network,
                           .account = e->account,
                           .method = e->method,
                           .block_hash = e->block_hash,
                           .head = e->head,
                           .block = e->block,
                           .blocks = e->blocks,
                           .len_max = e->len_max,
                           .address = e->address,
                           .tx_hash = e->tx_hash,
                           .hedge_at = INSTANT_NEVER,
                           .settle_at = INSTANT_NEVER,
                           .again_at = INSTANT_NEVER,
                           .give_up_at = instant_add(t.mono, give_up_ms * US_PER_MS)};
    buf_init(&q->params, s->cfg.budget, PARAMS_LEN_MAX);
    buf_init(&q->raw, s->cfg.budget, SERVICE_TX_LEN_MAX);
    enum err err = buf_append(&q->params, e->kind == WALLET_PROVE ? e->slots : e->params);
    if (err == OK && q->kind == QUESTION_SEND) {
        err = raw_read(&q->raw, buf_span(&q->params));
    }
    if (err != OK) {
        q->failed = err;
        end_failed(s, t, q);
        return;
    }
    go_on(s, t, q);
}

/* false: there is no place for it. */
static bool
ask_light(struct servers *s, struct wallet_time t, const struct service_request *r, bool is_witness)
{
    struct question *q = question_place(s);
    const struct network *n = wallet_network(s->cfg.wallet, s->network);
    if (!q || !n) {
        return false;
    }
    *q = (struct question){.is_used = true,
                           .kind = QUESTION_LIGHT,
                           .light = *r,
                           .is_witness = is_witness,
                           .network = n,
                           .hedge_at = INSTANT_NEVER,
                           .settle_at = INSTANT_NEVER,
                           .again_at = INSTANT_NEVER,
                           .give_up_at = instant_add(t.mono, GIVE_UP_MS * US_PER_MS)};
    go_on(s, t, q);
    return true;
}

void servers_ask_light(struct servers *s, struct wallet_time t, const struct service_request *r)
{
    if (!ask_light(s, t, r, false)) {
        s->cfg.light_over(s->cfg.user, t, r, false);
    }
}

void servers_ask_witnesses(struct servers *s, struct wallet_time t, const struct service_request *r)
{
    if (!ask_light(s, t, r, true)) {
        s->cfg.witness_over(s->cfg.user, t);
    }
}

/* ---- answers ---- */

/* It is no liar if it sees another chain: who is right is not known here. */
static void take_witness(struct servers *s,
                         struct wallet_time t,
                         struct question *q,
                         const struct service_client_event *e)
{
    if (s->cfg.witness(s->cfg.user, t, &q->light, &e->body.light)) {
        end_light(s, t, q, false);
    } else {
        go_on(s, t, q);
    }
}

static void take_light(struct servers *s,
                       struct wallet_time t,
                       struct question *q,
                       const struct peer_id *peer,
                       const struct service_client_event *e)
{
    if (q->is_witness) {
        take_witness(s, t, q, e);
        return;
    }
    enum err err = s->cfg.light(s->cfg.user, t, &q->light, &e->body.light);
    if (err == OK) {
        trust_learnt(s, peer);
        end_light(s, t, q, true);
        return;
    }
    if (err == ERR_AUTH || err == ERR_MALFORMED) {
        trust_lied(s, t, q, peer, e->response.body);
    }
    q->failed = err;
    go_on(s, t, q);
}

static void take_proof(struct servers *s,
                       struct wallet_time t,
                       struct question *q,
                       const struct peer_id *peer,
                       const struct service_client_event *e)
{
    const struct span no_node = SPAN_EMPTY; /* of the block, which the request names as known */
    const struct proven_known known = {
        .head = &q->head, .nodes = {.nodes = &no_node, .nodes_count = 1}
    };
    struct proven_account p;
    struct service_request asked = call_request(s, q);
    enum err err = proven_account_verify(&p, &q->block_hash, &asked, &known, &e->body.proof);
    call_proved(s, t.mono, peer, err == OK);
    if (err == OK) {
        end_proof(s, t, q, OK, &p);
        return;
    }
    q->failed = ERR_AUTH;
    trust_lied(s, t, q, peer, e->response.body);
    go_on(s, t, q);
}

/* not_proven: what a chain should prove does not hold, or cannot be read here: that is no lie (a kind of transaction that came with
 * a fork, a mistake of ours, no memory). */
static void not_proven(struct servers *s,
                       struct wallet_time t,
                       struct question *q,
                       const struct peer_id *peer,
                       const struct service_client_event *e,
                       enum err err)
{
    bool is_ours = err == ERR_STATE || err == ERR_LIMIT || err == ERR_UNSUPPORTED;
    q->failed = is_ours ? err : ERR_AUTH;
    if (!is_ours) {
        call_proved(s, t.mono, peer, false);
        trust_lied(s, t, q, peer, e->response.body);
    }
    go_on(s, t, q);
}

static void take_inclusion(struct servers *s,
                           struct wallet_time t,
                           struct question *q,
                           const struct peer_id *peer,
                           const struct service_client_event *e)
{
    struct proven_inclusion p;
    struct service_request asked = call_request(s, q);
    enum err err = proven_inclusion_verify(&p, &q->block_hash, &asked, &e->body.chain);
    if (err == OK) {
        call_proved(s, t.mono, peer, true);
        end_inclusion(s, t, q, OK, &p);
        return;
    }
    not_proven(s, t, q, peer, e, err);
}

static void take_logs(struct servers *s,
                      struct wallet_time t,
                      struct question *q,
                      const struct peer_id *peer,
                      const struct service_client_event *e)
{
    struct proven_logs p;
    struct service_request asked = call_request(s, q);
    enum err err = proven_logs_verify(&p, s->cfg.budget, &q->block_hash, &asked, &e->body.chain);
    if (err == OK) {
        call_proved(s, t.mono, peer, true);
        end_logs(s, t, q, OK, &p, e->response.body.n);
        proven_logs_done(&p);
        return;
    }
    not_proven(s, t, q, peer, e, err);
}

static bool is_null(const struct service_client_event *e)
{
    return !e->body.rpc.is_error && span_equal(e->body.rpc.json, SPAN_LIT("null"));
}

static void take_said(struct servers *s,
                      struct wallet_time t,
                      struct question *q,
                      const struct peer_id *peer,
                      const struct service_client_event *e)
{
    struct said *said = &q->said[q->said_count];
    *said = (struct said){.peer = *peer, .is_error = e->body.rpc.is_error};
    buf_init(&said->text, s->cfg.budget, SAID_LEN_MAX);
    if (tally_text(&said->text, q->method, e->body.rpc.json) != OK) {
        buf_done(&said->text);
        q->failed = ERR_LIMIT;
        go_on(s, t, q);
        return;
    }
    q->said_count++;
    if (q->said_count == 1) {
        q->settle_at = instant_add(t.mono, SETTLE_MS * US_PER_MS);
    }
    if (q->said_count == SERVERS_SET_LEN) {
        end_tally(s, t, q);
    } else {
        go_on(s, t, q);
    }
}

/* take_sent says what a server made of a transaction in the words of JSON-RPC, as the wallet has them of a node of one's own. */
static void take_sent(struct servers *s,
                      struct wallet_time t,
                      struct question *q,
                      const struct peer_id *peer,
                      const struct service_sent *sent)
{
    char room[8 * SERVICE_TEXT_LEN_MAX]; /* each byte may be escaped */
    struct hash32 hash;
    struct service_client_event e = {.kind = SERVICE_CLIENT_ANSWER};
    struct wr w = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&w);
    keccak256(&hash, buf_span(&q->raw));
    if (!span_equal(SPAN_OF(hash.bytes), SPAN_OF(sent->hash.bytes))) {
        q->failed = ERR_MALFORMED; /* of another one */
        go_on(s, t, q);
        return;
    }
    e.body.rpc.is_error = sent->state == SERVICE_SENT_REFUSED;
    if (e.body.rpc.is_error) {
        json_put_object(&j);
        json_put_name(&j, "message");
        json_put_string(&j, sent->reason);
        json_end_object(&j);
    } else {
        jsonrpc_put_data(&j, SPAN_OF(hash.bytes));
    }
    check(json_writer_end(&j) == OK); /* decoding bounded it */
    e.body.rpc.json = span_of(room, w.n);
    take_said(s, t, q, peer, &e);
}

void ask_answered(struct servers *s,
                  struct wallet_time t,
                  struct question *q,
                  const struct peer_id *peer,
                  const struct service_client_event *e)
{
    check(q->running > 0);
    q->running--;
    if (q->kind == QUESTION_PROOF) {
        take_proof(s, t, q, peer, e);
    } else if (q->kind == QUESTION_INCLUSION) {
        take_inclusion(s, t, q, peer, e);
    } else if (q->kind == QUESTION_LOGS) {
        take_logs(s, t, q, peer, e);
    } else if (q->kind == QUESTION_LIGHT) {
        take_light(s, t, q, peer, e);
    } else if (q->kind == QUESTION_SEND) {
        take_sent(s, t, q, peer, &e->body.sent);
    } else if (is_null(e)) {
        q->has_null = true;
        go_on(s, t, q);
    } else if (is_several(q)) {
        take_said(s, t, q, peer, e);
    } else {
        struct wallet_source source = {.k = 1, .n = 1};
        uint64_t ask = q->ask;
        source_set(&source, peer);
        question_free(s, q);
        wallet_answer(s->cfg.wallet, t, ask, e->body.rpc.is_error ? ERR_DENIED : OK,
                      e->body.rpc.json, &source);
    }
}

void ask_failed(struct servers *s, struct wallet_time t, struct question *q, enum err err)
{
    check(q->running > 0);
    q->running--;
    q->has_behind |= err == ERR_NOT_FOUND;
    if (err != ERR_LIMIT || q->failed == OK) {
        q->failed = err;
    }
    go_on(s, t, q);
}

void ask_anew(struct servers *s,
              struct wallet_time t,
              struct question *q,
              const struct peer_id *peer)
{
    size_t count = 0;
    check(q->running > 0);
    q->running--;
    for (size_t i = 0; i < q->tried_count; i++) {
        if (!peer_id_equal(&q->tried[i], peer)) {
            q->tried[count++] = q->tried[i];
        }
    }
    q->tried_count = count;
    go_on(s, t, q);
}

/* ---- time ---- */

static void tick_one(struct servers *s, struct wallet_time t, struct question *q)
{
    if (instant_reached(q->give_up_at, t.mono)) {
        q->failed = q->failed == OK ? ERR_TIMEOUT : q->failed;
        end_tally(s, t, q);
        return;
    }
    if (instant_reached(q->settle_at, t.mono)) {
        end_tally(s, t, q);
        return;
    }
    if (instant_reached(q->again_at, t.mono)) {
        q->again_at = INSTANT_NEVER;
        q->tried_count = 0;
        go_on(s, t, q);
        return;
    }
    if (instant_reached(q->hedge_at, t.mono)) {
        q->hedge_at = INSTANT_NEVER;
        (void)ask_one(s, t, q);
    }
}

void ask_tick(struct servers *s, struct wallet_time t)
{
    for (size_t i = 0; i < SERVERS_QUESTION_COUNT_MAX; i++) {
        if (s->questions[i].is_used) {
            tick_one(s, t, &s->questions[i]);
        }
    }
}

instant ask_deadline(const struct servers *s)
{
    instant at = INSTANT_NEVER;
    for (size_t i = 0; i < SERVERS_QUESTION_COUNT_MAX; i++) {
        const struct question *q = &s->questions[i];
        if (q->is_used) {
            at = instant_min(at, instant_min(q->hedge_at, q->settle_at));
            at = instant_min(at, instant_min(q->again_at, q->give_up_at));
        }
    }
    return at;
}
