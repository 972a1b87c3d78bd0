/* Reading an account's guardians, its recovery and its owners: of any address, for a guardian has the account of somebody else before him. */
#include "base/check.h"
#include "codec/base16.h"
#include "evm/abi.h"
#include "wallet/engine.h"

enum {
    LOOK_GUARDIANS = OWNER_ASK_CHANGE, /* after the questions about owners */
    LOOK_RECOVERY,
    LOOK_PROBE, /* a second round, of what the first one says comes next */
    LOOK_COUNT = LOOK_PROBE + LOOK_PROBE_COUNT,
    /* guardians() at its longest: three words, and a list as of owners. */
    ANSWER_LEN_MAX = 32 * (4 + 6 * GUARDIAN_COUNT_MAX),
    CALL_LEN_MAX = 68,
};
static_assert(LOOK_COUNT == (int)RECOVERY_ASK_COUNT, "as many questions as have a number");

const struct recovery_view *
wallet_recovery_view(const struct wallet *w, struct address address, struct id network)
{
    for (size_t i = 0; i < RECOVERY_VIEW_COUNT_MAX; i++) {
        const struct recovery_view *v = &w->looks[i].view;
        if (v->as_of_ms && address_equal(v->address, address) && id_equal(v->network, network)) {
            return v;
        }
    }
    return NULL;
}

/* The place of this subject, or else the one that was read longest ago and is not being read. */
static struct recovery_look *look_place(struct wallet *w, struct address address, struct id network)
{
    struct recovery_look *place = NULL;
    for (size_t i = 0; i < RECOVERY_VIEW_COUNT_MAX; i++) {
        struct recovery_look *l = &w->looks[i];
        if (address_equal(l->next.address, address) && id_equal(l->next.network, network)) {
            return l;
        }
        bool is_older = !place || l->view.as_of_ms < place->view.as_of_ms;
        if (l->waiting == 0 && is_older) {
            place = l;
        }
    }
    return place;
}

static struct span
call_of(uint8_t room[static CALL_LEN_MAX], const struct recovery_look *l, unsigned q)
{
    if (q >= LOOK_PROBE) {
        return owner_view_call(room, OWNER_ASK_CHANGE, &l->probes[q - LOOK_PROBE]);
    }
    if (q < LOOK_GUARDIANS) {
        return owner_view_call(room, q, NULL);
    }
    abi_selector(room, q == LOOK_GUARDIANS ? SPAN_LIT("guardians()") : SPAN_LIT("recovery()"));
    return span_of(room, ABI_SELECTOR_LEN);
}

static enum err put_question(
    struct wallet *w, struct wallet_time t, size_t place, const struct network *n, unsigned q)
{
    struct recovery_look *l = &w->looks[place];
    uint8_t room[CALL_LEN_MAX];
    buf_clear(&w->scratch);
    struct wr wr = wr_init_buf(&w->scratch);
    struct json_writer j = json_writer_init(&wr);
    json_put_array(&j);
    json_put_object(&j);
    json_put_name(&j, "to");
    json_put_hex(&j, SPAN_OF(l->next.address.bytes));
    json_put_name(&j, "data");
    json_put_hex(&j, call_of(room, l, q));
    json_end_object(&j);
    json_put_str(&j, "latest");
    json_end_array(&j);
    TRY(json_writer_end(&j));
    struct ask_args args = {.what = (unsigned)ASK_LOOK + q,
                            .mode = WALLET_ASK_AGREE,
                            .account = l->account,
                            .task = place + 1,
                            .network = n,
                            .method = "eth_call",
                            .params = buf_span(&w->scratch)};
    TRY(ask_send(w, t, args));
    l->waiting++;
    return OK;
}

static bool is_task_of(const struct task *task, const struct recovery_look *l)
{
    return task->id != 0 && task->kind == TASK_LOOK && task->step != TASK_DONE &&
           address_equal(task->transfer.to, l->next.address) &&
           id_equal(task->transfer.network, l->next.network);
}

static void look_over(struct wallet *w, struct wallet_time t, struct recovery_look *l)
{
    if (l->err == OK) {
        l->next.as_of_ms = t.unix_ms;
        l->next.is_there = owner_view_is_whole(&l->next.owners);
        l->next.is_version_2 = l->next.is_there && l->has_guardians && l->has_recovery;
        l->view = l->next;
        recovery_read(w, &l->view);
        owner_chains_read_look(w, l);
    }
    for (size_t i = 0; i < WALLET_TASK_COUNT_MAX; i++) {
        struct task *task = &w->tasks[i];
        if (!is_task_of(task, l)) {
            continue;
        }
        if (l->err == OK) {
            task->result.as_of_ms = t.unix_ms;
            prepare_task_end(w, task, OK);
        } else {
            prepare_task_unread(w, task, l->err);
        }
    }
}

static void look_start(struct wallet *w,
                       struct wallet_time t,
                       struct recovery_look *l,
                       const struct recovery_look_args *args)
{
    l->next = (struct recovery_view){.address = args->address, .network = args->network};
    l->account = args->account;
    l->err = OK;
    l->has_guardians = false;
    l->has_recovery = false;
    l->has_probed = false;
    l->probe_count = 0;
    for (unsigned q = 0; q < LOOK_PROBE && l->err == OK; q++) {
        l->err = put_question(w, t, (size_t)(l - w->looks), wallet_network(w, args->network), q);
    }
    if (l->waiting == 0) {
        look_over(w, t, l);
    }
}

enum err wallet_recovery_look(struct wallet *w,
                              struct wallet_time t,
                              const struct recovery_look_args *args,
                              uint64_t *ret_task,
                              struct coded *ret_why)
{
    TRY(prepare_check_chain(w, args->network, ret_why));
    struct recovery_look *l = look_place(w, args->address, args->network);
    struct task *task = l ? prepare_task_add(w, t, TASK_LOOK) : NULL;
    if (!task) {
        return refuse_limit(ret_why, "tasks", WALLET_TASK_COUNT_MAX);
    }
    task->transfer.to = args->address;
    task->transfer.network = args->network;
    *ret_task = task->id;
    if (l->waiting == 0) { /* else the answers that are on their way are its too */
        look_start(w, t, l, args);
    }
    return OK;
}

/* The first round is over: what of this wallet's may wait there? false: nothing is asked. */
static bool probe(struct wallet *w, struct wallet_time t, struct recovery_look *l)
{
    if (l->has_probed || l->err != OK) {
        return false;
    }
    l->has_probed = true;
    l->probe_count = owner_chains_probe(w, &l->next, l->probes);
    const struct network *n = wallet_network(w, l->next.network);
    for (unsigned i = 0; i < l->probe_count && l->err == OK; i++) {
        l->probe_ready_at[i] = 0;
        l->err = put_question(w, t, (size_t)(l - w->looks), n, (unsigned)LOOK_PROBE + i);
    }
    return l->waiting > 0;
}

static enum err learn_ready_at(struct recovery_look *l, unsigned i, struct json result)
{
    struct owner_view v = {.learned = 0};
    enum err err = owner_view_learn(&v, OWNER_ASK_CHANGE, result);
    l->probe_ready_at[i] = v.ready_at[0];
    return err;
}

static enum err learn_bytes(struct recovery_look *l, unsigned q, struct json result)
{
    uint8_t raw[ANSWER_LEN_MAX];
    struct span text;
    struct wr w = wr_init(MSPAN_OF(raw));
    TRY(json_get_plain(&text, result));
    TRY(base16_decode_0x(&w, text));
    struct span data = span_of(raw, w.n);
    if (q == LOOK_GUARDIANS) {
        TRY(account_guardians_decode(&l->next.guardians, data));
        l->has_guardians = true;
    } else {
        TRY(account_recovery_decode(&l->next.recovery, data));
        l->has_recovery = true;
    }
    return OK;
}

static enum err learn_answer(struct recovery_look *l, unsigned q, struct json result)
{
    if (q >= LOOK_PROBE) {
        return learn_ready_at(l, q - LOOK_PROBE, result);
    }
    return q < LOOK_GUARDIANS ? owner_view_learn(&l->next.owners, q, result)
                              : learn_bytes(l, q, result);
}

/* What all of it is worth is what its weakest answer is. */
static void learn_source(struct wallet *w,
                         struct wallet_time t,
                         struct recovery_look *l,
                         const struct wallet_source *source)
{
    const struct network *n = wallet_network(w, l->next.network);
    struct figure_said said = {.k = source->k,
                               .n = source->n,
                               .is_own_node = source->own_node,
                               .is_local = n->kind == NETWORK_LOCAL,
                               .is_disputed = source->is_disputed && source->k * 2 <= source->n,
                               .is_majority = source->is_disputed && source->k * 2 > source->n,
                               .as_of_ms = t.unix_ms};
    struct figure f = figure_say(U256_ZERO, &said);
    bool is_first = figure_as_of_ms(&l->next.said) == 0;
    if (is_first ||
        grade_worse(figure_grade(&f), figure_grade(&l->next.said)) == figure_grade(&f)) {
        l->next.said = f;
    }
}

void recovery_answer(struct wallet *w,
                     struct wallet_time t,
                     const struct ask *ask,
                     enum err err,
                     struct json result,
                     const struct wallet_source *source)
{
    check(ask->task >= 1);
    check(ask->task <= RECOVERY_VIEW_COUNT_MAX);
    struct recovery_look *l = &w->looks[ask->task - 1];
    unsigned q = ask->what - (unsigned)ASK_LOOK;
    check(l->waiting > 0);
    l->waiting--;
    if (err == OK) {
        enum err learned = learn_answer(l, q, result);
        (void)
            learned; /* what is no account, or one of version 1, has no such answers: the reading says so in the end */
        if (source) {
            learn_source(w, t, l, source);
        }
    } else if (err != ERR_DENIED && l->err == OK) { /* DENIED: the call reverted */
        l->err = err;
    }
    if (l->waiting == 0 && !probe(w, t, l)) {
        look_over(w, t, l);
    }
}
