/* Keeping views fresh: one reading at a time, of the selected account or of the one that a task asks for. */
#include "base/check.h"
#include "wallet/engine.h"

enum { READ_RETRY_MS = 2000, READ_PAUSE_MS_MIN = 1000, OWNERS_FRESH_MS = 15 * 1000 };

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
    q->account = args.account;
    q->mode = args.mode;
    q->method = args.method;
    enum err err = buf_append(&q->text, args.params);
    w->asks[w->ask_count++] = (struct ask){
        .id = q->id,
        .what = args.what,
        .task = args.task,
        .operation = args.operation,
        .give_up = instant_add(t.mono, ASK_TIMEOUT_MS * US_PER_MS),
    };
    if (err != OK) {
        /* No room for the text: the question cannot be put, and its answer is an error. */
        buf_clear(&q->text);
        w->asks[w->ask_count - 1].give_up = t.mono;
    }
    return OK;
}

/* proof_send puts a PROVE into the queue. */
MUST_CHECK static enum err
proof_send(struct wallet *w, struct wallet_time t, unsigned what, const struct view_subject *s)
{
    struct view_proof_ask ask;
    if (w->ask_count >= ASK_COUNT_MAX) {
        return ERR_LIMIT;
    }
    view_prove(&ask, what, s);
    struct queued *q = queue_add(w, WALLET_PROVE);
    q->id = w->next_ask++;
    q->network = s->network;
    q->account = w->reading.account;
    q->hash = w->reading.head.block.hash;
    q->block = w->reading.head.block.number;
    q->head = w->reading.head;
    q->address = ask.address;
    enum err err = buf_append(&q->text, span_of(ask.slots, 32 * ask.slots_count));
    w->asks[w->ask_count++] = (struct ask){
        .id = q->id,
        .what = what,
        .give_up = err == OK ? instant_add(t.mono, ASK_TIMEOUT_MS * US_PER_MS) : t.mono,
    };
    return OK;
}

static struct view_subject
subject_of(struct wallet *w, struct wallet_time t, const struct reading *r)
{
    const struct network *n = wallet_network(w, r->network);
    const struct account *a = wallet_account(w, r->account);
    check(n);
    check(a);
    return (struct view_subject){.network = n,
                                 .account = a->address,
                                 .is_smart = a->kind == ACCOUNT_PASSKEY,
                                 .block = r->next.block,
                                 .anchor = r->next.anchor,
                                 .as_of_ms = t.unix_ms,
                                 .changes = a->changes,
                                 .probes = r->probes,
                                 .upgrades = r->upgrades,
                                 .known = a->settings,
                                 .settings = r->settings,
                                 .limits = &r->next.limits,
                                 .sessions = &r->next.sessions};
}

static void read_over(struct wallet *w, struct wallet_time t, enum err err);

static enum wallet_ask_mode mode_of(unsigned q)
{
    if (q == VIEW_BLOCK) {
        return WALLET_ASK_FIRST; /* no two servers need have the same newest one */
    }
    return q == VIEW_PRIORITY_FEE ? WALLET_ASK_MIDDLE : WALLET_ASK_AGREE;
}

/* q is a view_question or a view_proof. */
static void put_question(struct wallet *w, struct wallet_time t, unsigned q)
{
    struct reading *r = &w->reading;
    struct view_subject s = subject_of(w, t, r);
    const char *method = NULL;
    enum err err;
    if (q >= VIEW_PROVE_ACCOUNT) {
        err = proof_send(w, t, q, &s);
    } else {
        buf_clear(&w->scratch);
        err = view_ask(&w->scratch, &method, q, &s);
        struct ask_args args = {.what = q,
                                .mode = mode_of(q),
                                .account = r->account,
                                .network = s.network,
                                .method = method,
                                .params = buf_span(&w->scratch)};
        err = err == OK ? ask_send(w, t, args) : err;
    }
    if (err == OK) {
        r->waiting++;
    } else {
        r->has_failed = true;
        r->err = err;
    }
}

/* Which version the account has, and whether it is moving. What is proven is not asked. */
static void put_upgrade(struct wallet *w, struct wallet_time t)
{
    struct reading *r = &w->reading;
    bool is_proven = r->next.anchor != ANCHOR_NONE;
    if (!is_proven) {
        put_question(w, t, (unsigned)VIEW_UPGRADE + (unsigned)UPGRADE_ASK_IMPLEMENTATION);
    }
    if (r->next.version_2 != CONTRACTS_READY && wallet_network(w, r->network)->has_version_2) {
        const unsigned asked = (unsigned)VIEW_UPGRADE + (unsigned)UPGRADE_ASK_CODE;
        r->next.version_2 = CONTRACTS_UNKNOWN;
        put_question(w, t, is_proven ? VIEW_PROVE_VERSION_2 : asked);
        put_question(w, t, is_proven ? VIEW_PROVE_GUARDIANS_2 : asked + 1);
    }
    size_t attempts = upgrade_probe(w, r->upgrades, wallet_account(w, r->account), &r->next);
    for (unsigned i = 0; i < attempts; i++) {
        put_question(w, t, (unsigned)VIEW_UPGRADE + (unsigned)UPGRADE_ASK_READY + i);
    }
}

/* Which settings wait, and whether the one that a task is about does. */
static void put_settings(struct wallet *w, struct wallet_time t)
{
    struct reading *r = &w->reading;
    const struct account *a = wallet_account(w, r->account);
    size_t attempts = setting_probe(w, r->settings, a, &r->next);
    for (unsigned i = 0; i < attempts; i++) {
        put_question(w, t, (unsigned)VIEW_SETTING + (unsigned)SETTING_ASK_PROBE + i);
    }
    for (unsigned i = 0; i < ACCOUNT_SETTING_COUNT_MAX; i++) {
        r->next.settings.ready_at[i] = 0; /* the list may have been another one */
        if (i < a->setting_count && id_equal(a->settings[i].network, r->network)) {
            put_question(w, t, (unsigned)VIEW_SETTING + (unsigned)SETTING_ASK_KNOWN + i);
        }
    }
}

/* What one owner may do alone, at version 2. */
static void put_limits(struct wallet *w, struct wallet_time t)
{
    struct reading *r = &w->reading;
    if (!limit_probe(w, t, wallet_account(w, r->account), &r->next)) {
        return;
    }
    if (r->next.anchor != ANCHOR_NONE) {
        put_question(w, t, VIEW_PROVE_LIMITS);
        if (r->next.limits.known_count > 0) {
            put_question(w, t, VIEW_PROVE_KNOWN);
        }
        return;
    }
    for (unsigned q = 0; q < LIMIT_ASK_COUNT; q++) {
        if (limit_view_has(&r->next.limits, q)) {
            put_question(w, t, (unsigned)VIEW_LIMIT + q);
        }
    }
}

/* Session keys that are known here. */
static void put_sessions(struct wallet *w, struct wallet_time t)
{
    struct reading *r = &w->reading;
    size_t slots = session_probe(w, t, wallet_account(w, r->account), &r->next);
    if (slots > 0 && r->next.anchor != ANCHOR_NONE) {
        put_question(w, t, VIEW_PROVE_SESSIONS);
        return;
    }
    for (unsigned q = 0; q < slots; q++) {
        put_question(w, t, (unsigned)VIEW_SESSION + q);
    }
}

/* Owners change seldom, and only where the account is. */
static void put_owners(struct wallet *w, struct wallet_time t)
{
    struct reading *r = &w->reading;
    const struct account *a = wallet_account(w, r->account);
    bool is_fresh = r->next.owners_ms && t.unix_ms < r->next.owners_ms + OWNERS_FRESH_MS &&
                    !upgrade_is_due(w, &r->next) && !setting_is_due(w, &r->next) &&
                    !limit_is_due(w, &r->next) && !session_is_due(w, &r->next);
    if (a->kind != ACCOUNT_PASSKEY || !r->next.is_deployed || (is_fresh && !w->owners_wanted)) {
        return;
    }
    w->owners_wanted = false;
    put_upgrade(w, t);
    put_settings(w, t);
    put_limits(w, t);
    put_sessions(w, t);
    size_t probes = owners_probe(w, r->probes, a, &r->next);
    uint64_t probe_sequence = probes ? r->next.owners.sequence + 1 : 0;
    r->next.owners = (struct owner_view){.probe_sequence = probe_sequence};
    r->next.owners_ms = t.unix_ms;
    for (unsigned i = 0; i < probes; i++) {
        put_question(w, t, (unsigned)VIEW_OWNER + (unsigned)OWNER_ASK_PROBE + i);
    }
    for (unsigned q = 0; q < OWNER_ASK_CHANGE; q++) {
        put_question(w, t, VIEW_OWNER + q);
    }
    for (unsigned i = 0; i < a->change_count; i++) {
        if (id_equal(a->changes[i].network, r->network)) {
            put_question(w, t, (unsigned)VIEW_OWNER + (unsigned)OWNER_ASK_CHANGE + i);
        }
    }
}

/* A block is trusted: what can be proven is proven, and the rest is asked at that block. */
static void put_proofs(struct wallet *w, struct wallet_time t, const struct proven_head *head)
{
    struct reading *r = &w->reading;
    const struct network *n = wallet_network(w, r->network);
    r->next.anchor = w->trust.anchor;
    r->head = *head;
    r->next.block_hash = head->block.hash;
    r->next.block = head->block.number;
    r->next.block_ms =
        head->block.time_s > UINT64_MAX / 1000 ? UINT64_MAX : head->block.time_s * 1000;
    bool is_smart = wallet_account(w, r->account)->kind == ACCOUNT_PASSKEY;
    put_question(w, t, VIEW_PROVE_ACCOUNT);
    if (is_smart) {
        put_question(w, t, VIEW_PROVE_ENTRY_POINT);
    }
    put_question(w, t, VIEW_PRIORITY_FEE);
    if (is_smart && r->next.contracts != CONTRACTS_READY) {
        r->next.contracts = CONTRACTS_UNKNOWN;
        put_question(w, t, VIEW_PROVE_FACTORY);
        put_question(w, t, VIEW_PROVE_VERIFIER);
        put_question(w, t, VIEW_P256);
    }
    for (unsigned i = 0; i < n->token_count; i++) {
        put_question(w, t, view_has_slot(n, i) ? VIEW_PROVE_TOKEN + i : VIEW_TOKEN + i);
    }
    put_owners(w, t);
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
    r->next.anchor = ANCHOR_NONE;
    const struct proven_head *head = trust_head(w, network);
    if (head) {
        put_proofs(w, t, head);
    } else {
        put_question(w, t, VIEW_BLOCK);
    }
    if (r->waiting == 0) {
        read_over(w, t, r->err);
    }
}

/* The block is known: everything else is asked at it. */
static void put_rest(struct wallet *w, struct wallet_time t)
{
    struct reading *r = &w->reading;
    bool is_smart = wallet_account(w, r->account)->kind == ACCOUNT_PASSKEY;
    for (unsigned q = VIEW_PRIORITY_FEE; q <= VIEW_CODE; q++) {
        if (is_smart || q != VIEW_DEPOSIT) {
            put_question(w, t, q);
        }
    }
    if (is_smart && r->next.contracts != CONTRACTS_READY) {
        r->next.contracts = CONTRACTS_UNKNOWN;
        put_question(w, t, VIEW_FACTORY_CODE);
        put_question(w, t, VIEW_VERIFIER_CODE);
        put_question(w, t, VIEW_P256);
    }
    const struct network *n = wallet_network(w, r->network);
    for (unsigned i = 0; i < n->token_count; i++) {
        put_question(w, t, VIEW_TOKEN + i);
    }
    put_owners(w, t);
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
        owners_read(w, place);
        setting_read(w, place);
        session_read(w, place);
    } else {
        w->read_again_at = instant_add(t.mono, READ_RETRY_MS * US_PER_MS);
        log_line(w->cfg.log, LOG_DEBUG, "wallet", "the chain could not be read: %s", err_name(err));
    }
    trust_note(w, t, r, err);
    queue_note(w, WALLET_BALANCES_CHANGED);
    queue_note(w, WALLET_STATUS_CHANGED);
    prepare_go(w, t, r->account, r->network, err);
}

/* read_step counts an answer and goes on when it was the last. */
static void read_step(struct wallet *w, struct wallet_time t, enum err err)
{
    struct reading *r = &w->reading;
    if (err != OK && !r->has_failed) {
        r->has_failed = true;
        r->err = err;
    }
    if (r->waiting == 0) {
        read_over(w, t, r->has_failed ? r->err : OK);
    }
}

void read_proven(struct wallet *w,
                 struct wallet_time t,
                 const struct ask *ask,
                 enum err err,
                 const struct proven_account *p)
{
    struct reading *r = &w->reading;
    check(r->is_running);
    check(r->waiting > 0);
    r->waiting--;
    struct view_subject s = subject_of(w, t, r);
    if (err == OK) {
        err = view_learn_proof(&r->next, ask->what, p, &s);
    }
    /* Whatever the reason: what should be proven is not. */
    bool is_as_it_is = err == OK || err == ERR_LIMIT || err == ERR_CLOSED;
    read_step(w, t, is_as_it_is ? err : ERR_AUTH);
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
    struct view_subject s = subject_of(w, t, r);
    struct figure_said said = {.k = 1, .n = 1};
    if (source) {
        r->source = *source;
        said =
            (struct figure_said){.k = source->k,
                                 .n = source->n,
                                 .is_own_node = source->own_node,
                                 .is_disputed = source->is_disputed && source->k * 2 <= source->n,
                                 .is_majority = source->is_disputed && source->k * 2 > source->n,
                                 .is_middle = source->is_middle};
        r->is_disputed |= said.is_disputed;
    }
    if (err == OK) {
        err = view_learn(&r->next, ask->what, result, &s, &said);
    }
    if (err != OK && ask->what >= VIEW_OWNER) {
        err = OK; /* the view is not whole in owners then, and they are asked for again */
        r->next.owners_ms = 0;
    }
    if (err != OK && ask->what >= VIEW_TOKEN) {
        /* A listed token that is not there (yet) holds nothing; it must not hide the other figures. */
        said.block = r->next.block;
        said.as_of_ms = t.unix_ms;
        r->next.tokens[ask->what - VIEW_TOKEN] = figure_say(U256_ZERO, &said);
        err = OK;
    }
    bool is_hint = ask->what == VIEW_PRIORITY_FEE || ask->what == VIEW_P256;
    if (err != OK && is_hint && r->next.anchor != ANCHOR_NONE) {
        err =
            OK; /* all that counts is proven: without a hint the least fee and the most gas are taken */
    }
    if (err == OK && ask->what == VIEW_BLOCK && !r->has_failed) {
        put_rest(w, t);
    }
    read_step(w, t, err);
}

void read_want(struct wallet *w, struct wallet_time t, struct id account)
{
    w->read_next = account;
    w->read_again_at = t.mono;
}

void read_tick(struct wallet *w, struct wallet_time t)
{
    if (w->reading.is_running || !instant_reached(w->read_again_at, t.mono)) {
        return;
    }
    if (w->servers == 0 || !id_is_set(w->settings.account) ||
        trust_waits(w, t, w->settings.network)) {
        w->read_again_at = instant_add(t.mono, READ_RETRY_MS * US_PER_MS);
        return;
    }
    bool is_wanted = wallet_account(w, w->read_next) != NULL;
    struct id account = is_wanted ? w->read_next : w->settings.account;
    w->read_next = (struct id){0};
    read_start(w, t, account, w->settings.network);
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
    if ((!v || block > v->block) && !trust_head(w, network->id)) {
        w->read_again_at = t.mono; /* else the anchor will name a block that is trusted */
    }
    track_new_head(w, t, network, block);
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
    const struct trust *trust = &w->trust;
    bool is_trusted = id_equal(trust->network, w->settings.network);
    struct chain_health h = {.grade = GRADE_REPORTED,
                             .anchor = is_trusted ? trust->anchor : ANCHOR_NONE,
                             .doubt = is_trusted ? trust->doubt : DOUBT_NONE,
                             .n = (uint8_t)(w->servers > 255 ? 255 : w->servers)};
    const struct view *v = wallet_view(w, w->settings.account, w->settings.network);
    const struct network *n = wallet_network(w, w->settings.network);
    if (v) {
        h.block = v->block;
        h.block_ms = v->block_ms;
        h.as_of_ms = v->as_of_ms;
        h.k = 1;
        h.n = h.n ? h.n : 1;
        h.grade = v->anchor == ANCHOR_LIGHT_CLIENT ? GRADE_PROVEN : GRADE_REPORTED;
    }
    h.tried = w->servers;
    if (!w->has_network) {
        h.state = CHAIN_NO_NETWORK;
    } else if (h.doubt != DOUBT_NONE) {
        h.state = CHAIN_DOUBTFUL;
    } else if (w->servers == 0) {
        h.state = CHAIN_NO_SERVER;
    } else if (w->account_count > 0 && (!v || t.unix_ms > v->as_of_ms + VIEW_STALE_MS)) {
        h.state = CHAIN_SYNCING;
    } else if (w->servers == 1 && n->kind != NETWORK_LOCAL && h.anchor == ANCHOR_NONE) {
        h.state = CHAIN_DEGRADED;
    } else {
        h.state = CHAIN_OK;
    }
    return h;
}
