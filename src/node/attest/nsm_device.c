/* Documents of the Nitro security module. */
#include "node/attest/nsm_device.h"

static enum err exchange(struct nsm_device *n, struct buf *b, struct span request)
{
    struct mspan room;
    size_t len = 0;
    enum err e = ERR_TIMEOUT;
    buf_clear(b);
    TRY(buf_extend(b, &room, NSM_RESPONSE_LEN_MAX));
    for (int i = 0; i < NSM_DEVICE_TRIES_MAX && e == ERR_TIMEOUT; i++) {
        e = n->ops->exchange(n->ops, room, &len, request);
    }
    TRY(e);
    if (len > room.n) {
        return ERR_MALFORMED; /* a length that the kernel cannot have written */
    }
    buf_shrink(b, len);
    return OK;
}

static enum err
nsm_device_collect(struct collector *self, struct collected *c, const uint8_t binding[static 64])
{
    struct nsm_device *n = (struct nsm_device *)(void *)self;
    uint8_t request[256];
    struct span document;
    struct wr w = wr_init(MSPAN_OF(request));
    nsm_write_attestation(&w, span_of(binding, 64));
    TRY(wr_end(&w));
    TRY(exchange(n, &c->main, span_of(request, w.n)));
    if (c->main.n == 0) {
        return ERR_CLOSED;
    }
    TRY(nsm_read_attestation(&document, buf_span(&c->main)));
    c->evidence = (struct evidence){.kind = TEE_NITRO};
    c->evidence.parts[EVIDENCE_MAIN] = document;
    return OK;
}

void nsm_device_init(struct nsm_device *n, struct nsm_device_ops *ops)
{
    *n = (struct nsm_device){
        .collector = {.name = "nsm", .note = collector_note, .collect = nsm_device_collect},
        .ops = ops,
    };
}
