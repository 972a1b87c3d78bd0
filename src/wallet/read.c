/* Keeping views fresh: one reading at a time, of the selected account or of the one that a task asks for. */
#include "base/check.h"
#include "wallet/engine.h"

enum { READ_RETRY_MS = 2000, READ_PAUSE_MS_MIN = 1000 };

struct view *read_view(struct wallet *w, struct id account, struct id network)
{
    for (size_t i = 0; i < VIEW_COUNT_MAX; i++) {
        struct view *v = &w->views[i];
        if (id_equal(v->account, account) && id_equal(v->network, network)) {
            return v;
        }
    }
    return NULL;
}

const struct view *wallet_view(const struct wallet *w, struct id account, struct id network)
{
    for (size_t i = 0; i < VIEW_COUNT_MAX; i++) {
        const struct view *v = &w->views[i];
        if (v->as_of_ms && id_equal(v->account, account) && id_equal(v->network, network)) {
            return v;
        }
    }
    return NULL;
}

/* The view of this subject, or the place of the one that was read longest ago. */
static struct view *view_place(struct wallet *w, struct id account, struct id network)
{
    struct view *place = read_view(w, account, network);
    for (size_t i = 0; i < VIEW_COUNT_MAX && !place; i++) {
        if (!id_is_set(w->views[i].account)) {
            place = &w->views[i];
        }
    }
    for (size_t i = 0; i < VIEW_COUNT_MAX && !read_view(w, account, network); i++) {
        if (!place || (id_is_set(place->account) && w->views[i].as_of_ms < place->as_of_ms)) {
            place = &w->views[i];
        }
    }
    return place;
}

enum err ask_send(struct wallet *w, struct wallet_time t, struct ask_args args)
{
    if (w->ask_count >= ASK_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct queued *q = queue_add(w, WALLET_ASK);
    q->id = w->next_ask++;
    q->network = args.network;
    q->method = args.method;
    enum err err = buf_append(&q->text, args.params);
    w->asks[w->ask_count++] = (struct ask){
        .id = q->id,
        .what = args.what,
        .task = args.task,
        .give_up = instant_add(t.mono, ASK_TIMEOUT_MS * US_PER_MS),
    };
    if (err != OK) {
        /* No room for the text: the question cannot be put, and its answer is an error. */
        buf_clear(&q->text);
        w->asks[w->ask_count - 1].give_up = t.mono;
    }
    return OK;
}

static struct view_subject subject_of(struct wallet *w, const struct reading *r)
{
    const struct network *n = wallet_network(w, r->network);
    const struct account *a = wallet_account(w, r->account);
    check(n);
    check(a);
    return (struct view_subject){.network = n, .account = a->address, .block = r->next.block};
}

static void read_over(struct wallet *w, struct wallet_time t, enum err err);

static void put_question(struct wallet *w, struct wallet_time t, unsigned q)
{
    struct reading *r = &w->reading;
    struct view_subject s = subject_of(w, r);
    const char *method = NULL;
    buf_clear(&w->scratch);
    enum err err = view_ask(&w->scratch, &method, q, &s);
    if (err == OK) {
        struct ask_args args = {
            .what = q, .network = s.network, .method = method, .params = buf_span(&w->scratch)};
        err = ask_send(w, t, args);
    }
    if (err == OK) {
        r->waiting++;
    } else {
        r->has_failed = true;
        r->err = err;
    }
}

void read_start(struct wallet *w, struct wallet_time t, struct id account, struct id network)
{
    struct reading *r = &w->reading;
    if (r->is_running) {
        w->read_wanted = true; /* the tasks that wait look again when it is over */
        return;
    }
    const struct view *old = read_view(w, account, network);
    *r = (struct reading){.is_running = true, .account = account, .network = network};
    if (old) {
        r->next = *old; /* what is asked only once is kept */
    }
    r->next.account = account;
    r->next.network = network;
    put_question(w, t, VIEW_BLOCK);
    if (r->waiting == 0) {
        read_over(w, t, r->err);
    }
}

/* The block is known: everything else is asked at it. */
static void put_rest(struct wallet *w, struct wallet_time t)
{
    struct reading *r = &w->reading;
    for (unsigned q = VIEW_PRIORITY_FEE; q <= VIEW_CODE; q++) {
        put_question(w, t, q);
    }
    if (r->next.contracts != CONTRACTS_READY) {
        r->next.contracts = CONTRACTS_UNKNOWN;
        put_question(w, t, VIEW_FACTORY_CODE);
        put_question(w, t, VIEW_VERIFIER_CODE);
        put_question(w, t, VIEW_P256);
    }
    const struct network *n = wallet_network(w, r->network);
    for (unsigned i = 0; i < n->token_count; i++) {
        put_question(w, t, VIEW_TOKEN + i);
    }
}

static void read_over(struct wallet *w, struct wallet_time t, enum err err)
{
    struct reading *r = &w->reading;
    r->is_running = false;
    const struct network *n = wallet_network(w, r->network);
    if (err == OK) {
        r->next.as_of_ms = t.unix_ms;
        r->next.is_own_node = r->source.own_node;
        struct view *place = view_place(w, r->account, r->network);
        *place = r->next;
        w->view_source = r->source;
        uint64_t pause_ms =
            n->block_time_ms > READ_PAUSE_MS_MIN ? n->block_time_ms : READ_PAUSE_MS_MIN;
        w->read_again_at = instant_add(t.mono, pause_ms * US_PER_MS);
        incoming_look(w, place);
    } else {
        w->read_again_at = instant_add(t.mono, READ_RETRY_MS * US_PER_MS);
        log_line(w->cfg.log, LOG_DEBUG, "wallet", "the chain could not be read: %s", err_name(err));
    }
    queue_note(w, WALLET_BALANCES_CHANGED);
    queue_note(w, WALLET_STATUS_CHANGED);
    prepare_go(w, t, r->account, r->network, err);
}

void read_answer(struct wallet *w,
                 struct wallet_time t,
                 const struct ask *ask,
                 enum err err,
                 struct json result,
                 const struct wallet_source *source)
{
    struct reading *r = &w->reading;
    check(r->is_running);
    check(r->waiting > 0);
    r->waiting--;
    struct view_subject s = subject_of(w, r);
    if (err == OK) {
        err = view_learn(&r->next, ask->what, result, &s);
    }
    if (err != OK && ask->what >= VIEW_TOKEN) {
        /* A listed token that is not there (yet) holds nothing; it must not hide the other figures. */
        r->next.tokens[ask->what - VIEW_TOKEN] = U256_ZERO;
        err = OK;
    }
    if (err != OK && !r->has_failed) {
        r->has_failed = true;
        r->err = err;
    }
    if (source) {
        r->source = *source;
    }
    if (ask->what == VIEW_BLOCK && !r->has_failed) {
        put_rest(w, t);
    }
    if (r->waiting == 0) {
        read_over(w, t, r->has_failed ? r->err : OK);
    }
}

void read_tick(struct wallet *w, struct wallet_time t)
{
    if (w->reading.is_running || !instant_reached(w->read_again_at, t.mono)) {
        return;
    }
    if (w->servers == 0 || !id_is_set(w->settings.account)) {
        w->read_again_at = instant_add(t.mono, READ_RETRY_MS * US_PER_MS);
        return;
    }
    read_start(w, t, w->settings.account, w->settings.network);
}

void wallet_new_head(struct wallet *w,
                     struct wallet_time t,
                     const struct network *network,
                     uint64_t block)
{
    if (!id_equal(network->id, w->settings.network)) {
        return;
    }
    const struct view *v = wallet_view(w, w->settings.account, w->settings.network);
    if (!v || block > v->block) {
        w->read_again_at = t.mono;
    }
    for (size_t i = 0; i < w->open_count; i++) {
        struct open_operation *o = &w->open[i];
        if (o->op->state == OPERATION_SUBMITTED || o->op->state == OPERATION_INCLUDED) {
            o->retry_at = t.mono; /* a new block may hold it */
        }
    }
}

void wallet_set_reach(struct wallet *w,
                      struct wallet_time t,
                      const struct network *network,
                      size_t servers,
                      bool has_network)
{
    if (!id_equal(network->id, w->settings.network)) {
        return;
    }
    if (w->servers == 0 && servers > 0) {
        w->read_again_at = t.mono;
        for (size_t i = 0; i < w->open_count; i++) {
            w->open[i].retry_at = t.mono;
        }
    }
    if (w->servers != servers || w->has_network != has_network) {
        queue_note(w, WALLET_STATUS_CHANGED);
    }
    w->servers = servers;
    w->has_network = has_network;
}

struct chain_health wallet_chain_health(const struct wallet *w, struct wallet_time t)
{
    struct chain_health h = {.grade = GRADE_REPORTED,
                             .n = (uint8_t)(w->servers > 255 ? 255 : w->servers)};
    const struct view *v = wallet_view(w, w->settings.account, w->settings.network);
    const struct network *n = wallet_network(w, w->settings.network);
    if (v) {
        h.block = v->block;
        h.block_ms = v->block_ms;
        h.as_of_ms = v->as_of_ms;
        h.k = 1;
        h.n = h.n ? h.n : 1;
    }
    h.tried = w->servers;
    if (!w->has_network) {
        h.state = CHAIN_NO_NETWORK;
    } else if (w->servers == 0) {
        h.state = CHAIN_NO_SERVER;
    } else if (w->account_count > 0 && (!v || t.unix_ms > v->as_of_ms + VIEW_STALE_MS)) {
        h.state = CHAIN_SYNCING;
    } else if (w->servers == 1 && n->kind != NETWORK_LOCAL) {
        h.state = CHAIN_DEGRADED;
    } else {
        h.state = CHAIN_OK;
    }
    return h;
}
