/* Making the wallet, and taking in what the node brings. */
#include "wallet/wallet.h"

#include "base/check.h"
#include "base/mem.h"
#include "wallet/engine.h"

enum { WALLET_MEMORY_MAX = 8 * 1024 * 1024 };

static enum err start(struct wallet *w, struct wallet_time t, struct coded *ret_why)
{
    buf_init(&w->scratch, &w->budget, WALLET_TEXT_LEN_MAX);
    buf_init(&w->polled, &w->budget, WALLET_TEXT_LEN_MAX);
    buf_init(&w->recovery_call, &w->budget, RECOVERY_CALL_LEN_MAX);
    w->next_ask = 1;
    w->next_task = 1;
    w->read_again_at = t.mono;
    w->touched_ms = t.unix_ms;
    TRY(book_load(w, ret_why));
    TRY(ceremony_load(w, t, ret_why));
    /* Whoever starts the program again has not shown yet who they are. */
    w->is_locked = false;
    return OK;
}

enum err wallet_new(struct wallet **ret,
                    const struct wallet_cfg *cfg,
                    struct wallet_time t,
                    struct coded *ret_why)
{
    check(cfg->network_count > 0);
    void *p = NULL;
    TRY(mem_alloc(cfg->budget, &p, sizeof(struct wallet)));
    struct wallet *w = p;
    w->cfg = *cfg;
    budget_init(&w->budget, cfg->budget, "wallet", WALLET_MEMORY_MAX);
    enum err err = start(w, t, ret_why);
    if (err != OK) {
        wallet_free(w);
        return err;
    }
    *ret = w;
    return OK;
}

void wallet_free(struct wallet *w)
{
    if (!w) {
        return;
    }
    struct budget *outer = w->cfg.budget;
    queue_done(w);
    for (size_t i = 0; i < w->open_count; i++) {
        operation_free(w->open[i].op);
    }
    book_done(w);
    buf_done(&w->recovery_call);
    buf_done(&w->scratch);
    check(w->budget.used == 0);
    budget_done(&w->budget);
    mem_free(outer, w, sizeof *w);
}

static void answer_one(struct wallet *w,
                       struct wallet_time t,
                       const struct ask *ask,
                       enum err err,
                       struct json result,
                       const struct wallet_source *source)
{
    if (ask->what >= VIEW_PROVE_ACCOUNT) {
        read_proven(w, t, ask, err == OK ? ERR_MALFORMED : err, NULL);
    } else if (ask->what >= ASK_LOOK) {
        recovery_answer(w, t, ask, err, result, source);
    } else if (ask->what == ASK_INCLUSION) {
        proof_answer(w, t, ask, err == OK ? ERR_MALFORMED : err, NULL);
    } else if (ask->what == ASK_LOGS) {
        trace_proven(w, t, err == OK ? ERR_MALFORMED : err, NULL, 0);
    } else if (ask->what >= ASK_SEND_TX) {
        tx_answer(w, t, ask, err, result, source);
    } else if (ask->what == ASK_TOKEN_LOGS || ask->what == ASK_BLOCK_TXS) {
        trace_answer(w, t, ask, err, result, source);
    } else if (ask->task != 0) {
        prepare_answer(w, t, ask, err, result);
    } else {
        read_answer(w, t, ask, err, result, source);
    }
}

static struct ask take_ask(struct wallet *w, size_t i)
{
    struct ask ask = w->asks[i];
    w->ask_count--;
    w->asks[i] = w->asks[w->ask_count];
    return ask;
}

void wallet_answer(struct wallet *w,
                   struct wallet_time t,
                   uint64_t id,
                   enum err err,
                   struct span result,
                   const struct wallet_source *source)
{
    for (size_t i = 0; i < w->ask_count; i++) {
        if (w->asks[i].id != id) {
            continue;
        }
        struct ask ask = take_ask(w, i);
        struct json root = {.type = JSON_NULL, .raw = SPAN_EMPTY};
        if (result.n > 0 && json_parse(&root, result, NULL) != OK) {
            root = (struct json){.type = JSON_NULL, .raw = SPAN_EMPTY};
            err = err == OK ? ERR_MALFORMED : err;
        }
        answer_one(w, t, &ask, err, root, source);
        return;
    }
}

void wallet_proven(struct wallet *w,
                   struct wallet_time t,
                   uint64_t id,
                   enum err err,
                   const struct proven_account *p)
{
    for (size_t i = 0; i < w->ask_count; i++) {
        if (w->asks[i].id == id && w->asks[i].what >= VIEW_PROVE_ACCOUNT) {
            struct ask ask = take_ask(w, i);
            read_proven(w, t, &ask, err, p);
            return;
        }
    }
}

void wallet_proven_inclusion(struct wallet *w,
                             struct wallet_time t,
                             uint64_t id,
                             enum err err,
                             const struct proven_inclusion *p)
{
    for (size_t i = 0; i < w->ask_count; i++) {
        if (w->asks[i].id == id && w->asks[i].what == ASK_INCLUSION) {
            struct ask ask = take_ask(w, i);
            proof_answer(w, t, &ask, err, p);
            return;
        }
    }
}

void wallet_proven_logs(struct wallet *w,
                        struct wallet_time t,
                        uint64_t id,
                        enum err err,
                        struct proven_logs *p,
                        size_t len)
{
    for (size_t i = 0; i < w->ask_count; i++) {
        if (w->asks[i].id == id && w->asks[i].what == ASK_LOGS) {
            (void)take_ask(w, i);
            trace_proven(w, t, err, p, len);
            return;
        }
    }
}

static void give_up_asks(struct wallet *w, struct wallet_time t)
{
    for (size_t i = w->ask_count; i > 0; i--) {
        /* An answer may put or take further questions: those are at the end, and looked at next time. */
        if (i <= w->ask_count && instant_reached(w->asks[i - 1].give_up, t.mono)) {
            struct ask ask = take_ask(w, i - 1);
            answer_one(w, t, &ask, ERR_TIMEOUT, (struct json){.type = JSON_NULL, .raw = SPAN_EMPTY},
                       NULL);
        }
    }
}

static bool is_idle(const struct wallet *w, struct wallet_time t)
{
    uint64_t after_ms = (uint64_t)w->settings.lock_after_min * 60 * 1000;
    return after_ms > 0 && t.unix_ms >= w->touched_ms + after_ms;
}

void wallet_tick(struct wallet *w, struct wallet_time t)
{
    if (is_idle(w, t)) {
        wallet_lock(w);
    }
    give_up_asks(w, t);
    ceremony_expire(w, t);
    track_tick(w, t);
    trust_tick(w, t);
    read_tick(w, t);
    prepare_tick(w, t);
    trace_tick(w, t);
}

instant wallet_deadline(const struct wallet *w)
{
    instant at = w->reading.is_running ? INSTANT_NEVER : w->read_again_at;
    for (size_t i = 0; i < w->ask_count; i++) {
        at = instant_min(at, w->asks[i].give_up);
    }
    return instant_min(at, track_deadline(w));
}
