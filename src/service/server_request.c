/* What a request gets. */
#include "service/server_parts.h"

#include "crypto/keccak.h"
#include "evm/jsonrpc.h"
#include "service/bundler.h"
#include "service/gateway.h"
#include "service/proof.h"

static void fail_text(struct service_server *s,
                      struct service_stream *st,
                      enum service_code code,
                      const char *text)
{
    server_fail(s, st, (struct server_failure){.code = code, .text = span_str(text)});
}

static enum standing standing_of(const struct service_server *s,
                                 struct address *ret_account,
                                 const struct service_stream *st,
                                 instant now)
{
    return standings_of(&s->standings, ret_account, span_of(st->peer, st->peer_len), now);
}

/* is_crowded: is so much in use that a peer of this standing has to wait? */
static bool is_crowded(const struct service_server *s, enum standing standing)
{
    const struct service_server_limits *l = &s->cfg.limits;
    uint64_t percent = standing == STANDING_KNOWN ? l->known_percent : l->unknown_percent;
    return standing != STANDING_PAYING && percent < 100 &&
           (s->streams.count * 100 > l->streams_max * percent ||
            s->asks_count * 100 >= l->asks_max * percent);
}

bool server_charge(struct service_server *s, struct service_stream *st, uint32_t units, instant now)
{
    struct quota_answer a;
    struct quota_answer g;
    struct address account;
    enum err e = quota_take(&s->peers, &a, span_of(st->peer, st->peer_len), units, now);
    st->units_left = a.left;
    if (e == OK && st->group_len > 0) {
        e = quota_take(&s->groups, &g, span_of(st->group, st->group_len), units, now);
        a.retry_ms = g.retry_ms;
    }
    if (e != OK && standing_of(s, &account, st, now) == STANDING_PAYING) {
        e = quota_take(&s->payers, &g, SPAN_OF(account.bytes), units, now);
    }
    if (e != OK) {
        server_fail(s, st,
                    (struct server_failure){
                        .code = SERVICE_QUOTA,
                        .retry_ms = a.retry_ms,
                        .text = SPAN_LIT("this peer or its network asked for too much: wait")});
    }
    return e == OK;
}

static enum service_cosigning cosigning_of(const struct service_cosigner *c)
{
    if (!c) {
        return SERVICE_COSIGNING_NONE;
    }
    return c->is_sealed ? SERVICE_COSIGNING_SEALED : SERVICE_COSIGNING_UNSEALED;
}

void service_server_status(const struct service_server *s, struct service_status *ret)
{
    const struct service_server_limits *l = &s->cfg.limits;
    *ret = (struct service_status){
        .chain_id = s->cfg.chain_id,
        .has_head = s->has_head,
        .head = s->head,
        .level = s->cfg.bundler && !s->is_draining ? SERVICE_LEVEL_KNOWN_CODE : SERVICE_LEVEL_NONE,
        .units_max = l->units_max,
        .units_per_s = l->units_per_s,
        .load_percent = (uint32_t)(s->streams.count * 100 / l->streams_max),
        .agent = span_str(s->cfg.agent),
        .cosigning = cosigning_of(s->cfg.cosigner),
        .keeps_capsules = s->cfg.keeper != NULL,
    };
    if (ret->level != SERVICE_LEVEL_NONE) {
        ret->entry_points[0] = s->cfg.bundler->cfg.entry_point;
        ret->entry_points_count = 1;
        ret->bundler = s->cfg.bundler->cfg.self;
    }
}

static void on_status(struct service_server *s, struct service_stream *st)
{
    struct service_status status;
    service_server_status(s, &status);
    buf_clear(&s->body);
    if (service_status_encode(&status, &s->body) != OK) {
        fail_text(s, st, SERVICE_BUSY, "no memory now");
        return;
    }
    server_answer(s, st, true);
}

static bool is_stale(const struct service_server *s, instant now)
{
    return !s->has_head || instant_since(s->head_at, now) > s->cfg.limits.stale_ms * US_PER_MS;
}

/* rpc_ask makes the question to the node. */
MUST_CHECK static enum err
rpc_ask(struct service_stream *st, const struct gateway_verdict *v, uint64_t token)
{
    buf_clear(&st->ask);
    struct wr w = wr_init_buf(&st->ask);
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "jsonrpc");
    json_put_str(&j, "2.0");
    json_put_name(&j, "id");
    json_put_u64(&j, token);
    json_put_name(&j, "method");
    json_put_str(&j, v->method);
    json_put_name(&j, "params");
    json_put_raw(&j, v->params.raw);
    json_end_object(&j);
    return json_writer_end(&j);
}

/* may_ask charges what a question to the node costs beyond its request, and sees whether there is a place for it; if not,
 * the peer is told. */
static bool
may_ask(struct service_server *s, struct service_stream *st, uint32_t units, instant now)
{
    if (units > 0 && !server_charge(s, st, units, now)) {
        return false;
    }
    if (s->asks_count >= s->cfg.limits.asks_max) {
        server_fail(s, st,
                    (struct server_failure){
                        .code = SERVICE_BUSY,
                        .retry_ms = 250,
                        .text = SPAN_LIT("all places for questions to the node are taken")});
        return false;
    }
    return true;
}

static void ask_send(struct service_server *s, struct service_stream *st, uint64_t token)
{
    st->token = token;
    st->ask_due = true;
    st->state = SERVICE_STREAM_NODE;
    s->asks_count++;
}

void server_ask(struct service_server *s, struct service_stream *st)
{
    ask_send(s, st, server_token(s));
}

static void on_rpc(struct service_server *s,
                   struct service_stream *st,
                   const struct service_request *r,
                   instant now)
{
    if (is_stale(s, now)) {
        fail_text(s, st, SERVICE_STALE, "this server's node is behind or not there");
        return;
    }
    struct gateway_ctx ctx = {.chain_id = s->cfg.chain_id,
                              .head_number = s->head.number,
                              .logs_blocks_max = s->cfg.limits.logs_blocks_max,
                              .scratch = &s->message};
    struct gateway_verdict v;
    struct diag why = {0};
    enum err e = gateway_check(&v, &ctx, r->method, r->params, &why);
    if (e != OK) {
        enum service_code code = e == ERR_UNSUPPORTED ? SERVICE_UNSUPPORTED
                                 : e == ERR_DENIED    ? SERVICE_DENIED
                                                      : SERVICE_BAD_REQUEST;
        fail_text(s, st, code, why.rule ? why.rule : "the request cannot be read");
        return;
    }
    if (!may_ask(s, st, v.units - 1, now)) {
        return;
    }
    uint64_t token = server_token(s);
    if (rpc_ask(st, &v, token) != OK) {
        fail_text(s, st, SERVICE_BUSY, "no memory now");
        return;
    }
    st->method = v.method;
    ask_send(s, st, token);
}

/* response_read reads what the node said to the stream's question; false: it was broken, and the peer was told. */
static bool response_read(struct service_server *s,
                          struct service_stream *st,
                          struct jsonrpc_response *ret,
                          struct span text)
{
    if (jsonrpc_response_parse(ret, text, NULL) == OK && ret->has_id && ret->id == st->token) {
        return true;
    }
    fail_text(s, st, SERVICE_UPSTREAM, "this server's node gave a broken answer");
    return false;
}

/* server_sent_answer tells what the node made of a transaction. */
void server_sent_answer(struct service_server *s, struct service_stream *st, struct span text)
{
    struct jsonrpc_response r;
    char room[4 * SERVICE_TEXT_LEN_MAX];
    struct wr words = wr_init(MSPAN_OF(room));
    struct service_sent sent = {.hash = st->answer_key, .state = SERVICE_SENT_TAKEN};
    if (!response_read(s, st, &r, text)) {
        return;
    }
    if (r.is_error) {
        enum err e = json_get_string(&words, r.message);
        sent.reason = e == OK ? span_of(room, words.n) : SPAN_LIT("(not text)");
        sent.state =
            jsonrpc_is_known_already(sent.reason) ? SERVICE_SENT_KNOWN : SERVICE_SENT_REFUSED;
    }
    buf_clear(&s->body);
    if (service_sent_encode(&sent, &s->body) != OK) {
        fail_text(s, st, SERVICE_BUSY, "no memory now");
        return;
    }
    server_answer(s, st, true);
}

/* server_rpc_answer passes on what the node said, without its id: that was ours. */
void server_rpc_answer(struct service_server *s, struct service_stream *st, struct span text)
{
    struct jsonrpc_response r;
    if (!response_read(s, st, &r, text)) {
        return;
    }
    buf_clear(&s->text);
    struct service_rpc_result body = {.is_error = r.is_error, .json = r.result.raw};
    enum err e = OK;
    if (r.is_error) {
        struct wr w = wr_init_buf(&s->text);
        struct json_writer j = json_writer_init(&w);
        json_put_object(&j);
        json_put_name(&j, "code");
        json_put_i64(&j, r.code);
        json_put_name(&j, "message");
        json_put_raw(&j, r.message.raw);
        if (r.data.raw.n > 0) {
            json_put_name(&j, "data");
            json_put_raw(&j, r.data.raw);
        }
        json_end_object(&j);
        e = json_writer_end(&j);
        body.json = buf_span(&s->text);
    }
    buf_clear(&s->body);
    if (e == OK) {
        e = service_rpc_result_encode(&body, &s->body);
    }
    if (e != OK) {
        fail_text(s, st, SERVICE_TOO_LARGE, "the answer is too long");
        return;
    }
    server_answer(s, st, true);
    buf_clear(&s->body);
    buf_trim(&s->body);
}

/* A raw transaction goes the way of eth_sendRawTransaction, with the same rules. */
static void on_transaction(struct service_server *s,
                           struct service_stream *st,
                           const struct service_request *r,
                           instant now)
{
    struct service_request rpc = {.method = SPAN_LIT("eth_sendRawTransaction")};
    buf_clear(&s->text);
    struct wr w = wr_init_buf(&s->text);
    struct json_writer j = json_writer_init(&w);
    json_put_array(&j);
    jsonrpc_put_data(&j, r->transaction);
    json_end_array(&j);
    if (json_writer_end(&j) != OK) {
        fail_text(s, st, SERVICE_BUSY, "no memory now");
        return;
    }
    rpc.params = buf_span(&s->text);
    keccak256(&st->answer_key, r->transaction);
    on_rpc(s, st, &rpc, now);
}

static uint32_t shared_units(const struct service_request *r)
{
    return server_is_job(r->type) ? server_job_units(r) : (uint32_t)(r->slots.n / 32 + 3) / 4;
}

/* What a block proves, and so everybody who asks for it can be given. */
static void on_shared(struct service_server *s,
                      struct service_stream *st,
                      const struct service_request *r,
                      struct span message,
                      instant now)
{
    if (is_stale(s, now)) {
        fail_text(s, st, SERVICE_STALE, "this server's node is behind or not there");
        return;
    }
    uint32_t units = shared_units(r);
    if (units > 0 && !server_charge(s, st, units, now)) {
        return;
    }
    if (server_share_cached(s, st, r, now)) {
        return;
    }
    if (buf_append(&st->kept, message) != OK) {
        fail_text(s, st, SERVICE_BUSY, "no memory now");
        return;
    }
    if (server_share_follow(s, st) || !may_ask(s, st, 0, now)) {
        return;
    }
    if (server_share_begin(st, r) != OK) {
        fail_text(s, st, SERVICE_BUSY, "no memory now");
        return;
    }
    server_ask(s, st);
}

bool server_is_light(enum service_type type)
{
    return type == SERVICE_LC_BOOTSTRAP || type == SERVICE_LC_UPDATES ||
           type == SERVICE_LC_FINALITY || type == SERVICE_LC_OPTIMISTIC;
}

static void on_light(struct service_server *s,
                     struct service_stream *st,
                     const struct service_request *r,
                     instant now)
{
    if (!s->cfg.has_light) {
        fail_text(s, st, SERVICE_UNSUPPORTED, "this server has no beacon node");
        return;
    }
    if (may_ask(s, st, (uint32_t)r->count, now)) {
        st->request.root = r->root;
        st->request.period = r->period;
        st->request.count = r->count;
        ask_send(s, st, server_token(s));
    }
}

static void
on_cosign(struct service_server *s, struct service_stream *st, const struct service_request *r)
{
    struct service_cosigned cosigned;
    const char *why;
    if (!s->cfg.cosigner) {
        fail_text(s, st, SERVICE_UNSUPPORTED, "this server keeps no co-signers");
        return;
    }
    enum err e = s->cfg.cosigner->ask(s->cfg.cosigner, &cosigned, r->type, r->cosign);
    enum service_code code = service_cosign_code(&why, r->type, e);
    if (code != SERVICE_OK) {
        fail_text(s, st, code, why);
        return;
    }
    buf_clear(&s->body);
    if (service_cosigned_encode(&cosigned, r->type, &s->body) != OK) {
        fail_text(s, st, SERVICE_BUSY, "no memory now");
        return;
    }
    server_answer(s, st, true);
}

static void on_capsule(struct service_server *s,
                       struct service_stream *st,
                       const struct service_request *r,
                       instant now)
{
    struct service_kept kept = {.why = ""};
    const struct service_keep_asker asker = {.id = span_of(st->peer, st->peer_len),
                                             .group = span_of(st->group, st->group_len)};
    if (!s->cfg.keeper) {
        fail_text(s, st, SERVICE_UNSUPPORTED, "this server keeps no sealed vaults");
        return;
    }
    enum service_code code =
        s->cfg.keeper->ask(s->cfg.keeper, &kept, r->type, &asker, r->capsule, now);
    buf_clear(&s->body);
    if (code == SERVICE_OK && buf_append(&s->body, kept.body) != OK) {
        code = SERVICE_BUSY;
        kept.why = "no memory now";
    }
    if (code != SERVICE_OK) {
        server_fail(s, st,
                    (struct server_failure){
                        .code = code, .retry_ms = kept.retry_ms, .text = span_str(kept.why)});
        return;
    }
    server_answer(s, st, true);
}

static void on_userop(struct service_server *s,
                      struct service_stream *st,
                      const struct service_request *r,
                      instant now)
{
    if (!s->cfg.bundler) {
        fail_text(s, st, SERVICE_UNSUPPORTED, "this server takes no user operations");
        return;
    }
    struct bundler_submission sub = {
        .entry_point = r->entry_point,
        .userop = r->userop,
        .peer = span_of(st->peer, st->peer_len),
        .group = span_of(st->group, st->group_len),
        .waiter = server_token(s),
    };
    struct hash32 hash;
    const char *why = "the operation is not taken";
    enum service_code code = bundler_submit(s->cfg.bundler, &hash, &why, &sub, now);
    if (code != SERVICE_OK) {
        fail_text(s, st, code, why);
        return;
    }
    st->token = sub.waiter;
    st->state = SERVICE_STREAM_BUNDLER;
}

void server_userop_status(struct service_server *s,
                          struct service_stream *st,
                          const struct hash32 *hash)
{
    struct service_userop_status status;
    if (!s->cfg.bundler || bundler_find(s->cfg.bundler, &status, hash) != OK) {
        fail_text(s, st, SERVICE_NOT_FOUND, "this server does not know the operation");
        return;
    }
    buf_clear(&s->body);
    if (service_userop_status_encode(&status, &s->body) != OK) {
        fail_text(s, st, SERVICE_BUSY, "no memory now");
        return;
    }
    server_answer(s, st, true);
}

static void on_subscribe(struct service_server *s, struct service_stream *st)
{
    if (!s->has_head) {
        fail_text(s, st, SERVICE_STALE, "this server has not reached its node yet");
        return;
    }
    buf_clear(&s->body);
    if (service_head_encode(&s->head, &s->body) != OK) {
        fail_text(s, st, SERVICE_BUSY, "no memory now");
        return;
    }
    st->state = SERVICE_STREAM_HEADS;
    st->deadline = INSTANT_NEVER;
    server_answer(s, st, false);
}

void server_request(struct service_server *s,
                    struct service_stream *st,
                    struct span message,
                    instant now)
{
    struct service_request r;
    struct diag why = {0};
    service_request_hash(&st->request_hash, message);
    st->request.response_max = SERVICE_RESPONSE_LEN_MAX;
    if (s->is_draining) {
        fail_text(s, st, SERVICE_BUSY, "this server is about to stop");
        return;
    }
    enum err e = service_request_decode(&r, message, &why);
    const struct service_limits *l = e == OK ? service_limits(r.type) : NULL;
    /* reading a request costs a unit even if there is nothing in it */
    if (!server_charge(s, st, l && l->units > 0 ? l->units : 1, now)) {
        return;
    }
    if (e != OK) {
        fail_text(s, st, e == ERR_UNSUPPORTED ? SERVICE_UNSUPPORTED : SERVICE_BAD_REQUEST,
                  why.rule);
        return;
    }
    if (r.chain_id != s->cfg.chain_id) {
        fail_text(s, st, SERVICE_UNSUPPORTED, "this chain is not served here");
        return;
    }
    struct address account;
    enum standing standing = standing_of(s, &account, st, now);
    st->request.type = r.type;
    st->request.response_max = r.response_max;
    if (r.type != SERVICE_STATUS && is_crowded(s, standing)) {
        s->shed_count[standing]++;
        server_fail(s, st,
                    (struct server_failure){
                        .code = SERVICE_BUSY,
                        .retry_ms = CROWDED_MS,
                        .text = SPAN_LIT("much to do here: peers that are known come first")});
        return;
    }
    st->deadline = instant_add(now, r.deadline_ms * US_PER_MS);
    switch (r.type) {
    case SERVICE_STATUS:                on_status(s, st); break;
    case SERVICE_RPC:                   on_rpc(s, st, &r, now); break;
    case SERVICE_SEND_USER_OPERATION:   on_userop(s, st, &r, now); break;
    case SERVICE_USER_OPERATION_STATUS: server_userop_status(s, st, &r.userop_hash); break;
    case SERVICE_SUBSCRIBE:             on_subscribe(s, st); break;
    case SERVICE_LC_BOOTSTRAP:
    case SERVICE_LC_UPDATES:
    case SERVICE_LC_FINALITY:
    case SERVICE_LC_OPTIMISTIC:         on_light(s, st, &r, now); break;
    case SERVICE_SEND_TRANSACTION:      on_transaction(s, st, &r, now); break;
    case SERVICE_ACCOUNT_PROOF:
    case SERVICE_HEADERS:
    case SERVICE_CODE:
    case SERVICE_INCLUSION:
    case SERVICE_LOGS:
    case SERVICE_CALL_WITNESS:          on_shared(s, st, &r, message, now); break;
    case SERVICE_COSIGN_CREATE:
    case SERVICE_COSIGN_SIGN:
    case SERVICE_COSIGN_REMOVE:         on_cosign(s, st, &r); break;
    case SERVICE_CAPSULE_NONCE:
    case SERVICE_CAPSULE_PUT:
    case SERVICE_CAPSULE_GET:           on_capsule(s, st, &r, now); break;
    }
}
