/* The wallet's events. The queue never drops: what is only a note stands there once, and what carries a text is
 * bounded by the questions, tasks and operations that there can be. */
#include "base/check.h"
#include "wallet/engine.h"

struct queued *queue_add(struct wallet *w, enum wallet_event_kind kind)
{
    check(w->queue_count < WALLET_EVENT_COUNT_MAX);
    size_t i = (w->queue_head + w->queue_count) % WALLET_EVENT_COUNT_MAX;
    w->queue_count++;
    struct queued *q = &w->queue[i];
    *q = (struct queued){.kind = kind};
    buf_init(&q->text, &w->budget, WALLET_TEXT_LEN_MAX);
    return q;
}

static const struct queued *queue_at(const struct wallet *w, size_t i)
{
    return &w->queue[(w->queue_head + i) % WALLET_EVENT_COUNT_MAX];
}

void queue_note(struct wallet *w, enum wallet_event_kind kind)
{
    for (size_t i = 0; i < w->queue_count; i++) {
        if (queue_at(w, i)->kind == kind) {
            return;
        }
    }
    (void)queue_add(w, kind);
}

void queue_operation(struct wallet *w, struct id operation)
{
    for (size_t i = 0; i < w->queue_count; i++) {
        const struct queued *q = queue_at(w, i);
        if (q->kind == WALLET_OPERATION_CHANGED && id_equal(q->operation, operation)) {
            return;
        }
    }
    queue_add(w, WALLET_OPERATION_CHANGED)->operation = operation;
}

bool wallet_poll(struct wallet *w, struct wallet_event *ret_event)
{
    if (w->queue_count == 0) {
        return false;
    }
    struct queued *q = &w->queue[w->queue_head];
    w->queue_head = (w->queue_head + 1) % WALLET_EVENT_COUNT_MAX;
    w->queue_count--;
    buf_done(&w->polled);
    w->polled = q->text;
    *ret_event = (struct wallet_event){
        .kind = q->kind,
        .id = q->id,
        .network = q->network,
        .method = q->method,
        .operation = q->operation,
        .hash = q->hash,
        .account = q->account,
        .mode = q->mode,
        .proof = q->proof,
        .block_hash = q->hash,
        .head = q->head,
        .block = q->block,
        .blocks = q->blocks,
        .len_max = q->len_max,
        .address = q->address,
        .tx_hash = q->tx_hash,
        .turn = q->turn,
    };
    if (q->kind == WALLET_SUBMIT) {
        ret_event->userop = buf_span(&w->polled);
    } else if (q->kind == WALLET_PROVE) {
        ret_event->slots = buf_span(&w->polled);
    } else {
        ret_event->params = buf_span(&w->polled);
    }
    *q = (struct queued){0};
    return true;
}

void queue_done(struct wallet *w)
{
    struct wallet_event e;
    while (wallet_poll(w, &e)) {}
    buf_done(&w->polled);
}
