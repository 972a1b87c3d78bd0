/* Quotes by Gramine's files. */
#include "node/attest/gramine.h"

/* Only DCAP quotes can be verified by the parties alone (tee/dcap.h). */
static enum err check_type(struct gramine *g, struct buf *room)
{
    buf_clear(room);
    enum err e = g->ops->read(g->ops, "attestation_type", room);
    if (e == ERR_NOT_FOUND) {
        return ERR_UNSUPPORTED; /* gramine-direct */
    }
    TRY(e);
    struct span text = buf_span(room);
    if (text.n > GRAMINE_TYPE_LEN_MAX) {
        return ERR_MALFORMED;
    }
    text = span_first(text, span_find(text, '\n'));
    return span_equal(text, SPAN_LIT("dcap")) ? OK : ERR_UNSUPPORTED;
}

static enum err attempt(struct gramine *g, struct buf *room, struct span binding)
{
    TRY(check_type(g, room));
    TRY(g->ops->write(g->ops, "user_report_data", binding));
    buf_clear(room);
    TRY(g->ops->read(g->ops, "quote", room));
    return room->n > 0 ? OK : ERR_CLOSED;
}

static enum err
gramine_collect(struct collector *self, struct collected *c, const uint8_t binding[static 64])
{
    struct gramine *g = (struct gramine *)(void *)self;
    enum err e = ERR_TIMEOUT;
    for (int i = 0; i < GRAMINE_TRIES_MAX && e == ERR_TIMEOUT; i++) {
        e = attempt(g, &c->main, span_of(binding, 64));
    }
    TRY(e);
    c->evidence = (struct evidence){.kind = TEE_SGX};
    c->evidence.parts[EVIDENCE_MAIN] = buf_span(&c->main);
    return OK;
}

void gramine_init(struct gramine *g, struct gramine_ops *ops)
{
    *g = (struct gramine){
        .collector = {.name = "gramine", .note = collector_note, .collect = gramine_collect},
        .ops = ops,
    };
}
