/* One exchange of DCUtR: libp2p specs, relay/DCUtR.md, "The Protocol". */
#include "p2p/dcutr.h"

#include "base/check.h"

static void finish(struct dcutr *d, enum dcutr_state state, enum err err, const char *rule)
{
    if (d->state < DCUTR_FINISHED) {
        d->state = state;
        d->err = err;
        d->rule = rule;
        d->event_waits = true;
        d->deadline = INSTANT_NEVER;
    }
}

static void fail(struct dcutr *d, enum err err, const char *rule)
{
    finish(d, DCUTR_FAILED, err, rule);
}

MUST_CHECK static enum err say(struct dcutr *d, const struct dcutr_message *m)
{
    struct wr count = wr_init_buf(&d->addrs); /* empty still: lent to know the length */
    dcutr_message_encode(&count, m);
    TRY(wr_end(&count));
    struct wr w = wr_init_buf(&d->out);
    frame_write(&w, FRAME_UVARINT, buf_span(&d->addrs));
    buf_clear(&d->addrs);
    return wr_end(&w);
}

MUST_CHECK static enum err say_connect(struct dcutr *d)
{
    struct dcutr_message m = {.type = DCUTR_CONNECT, .addrs_count = d->cfg.addrs_count};
    check(m.addrs_count <= DCUTR_ADDRS_MAX);
    for (size_t i = 0; i < m.addrs_count; i++) {
        m.addrs[i] = d->cfg.addrs[i];
    }
    return say(d, &m);
}

enum err dcutr_init(struct dcutr *d, const struct dcutr_cfg *cfg, instant now)
{
    *d = (struct dcutr){.cfg = *cfg,
                        .state = cfg->asks ? DCUTR_SAYING : DCUTR_WAITING,
                        .deadline = instant_add(now, cfg->timeout_us)};
    frame_reader_init(&d->frames, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                     .frame_len_max = DCUTR_MESSAGE_LEN_MAX,
                                                     .budget = cfg->budget});
    buf_init(&d->out, cfg->budget, (size_t)2 * DCUTR_MESSAGE_LEN_MAX);
    buf_init(&d->addrs, cfg->budget, DCUTR_MESSAGE_LEN_MAX);
    /* SPEC libp2p/dcutr §"The Protocol": the side that was connected to asks, and says its addresses first. */
    enum err e = say_connect(d); /* the other side's waits for it: see dcutr_send */
    d->cfg.addrs = NULL;
    return e;
}

void dcutr_done(struct dcutr *d)
{
    if (d->cfg.budget) {
        frame_reader_done(&d->frames);
        buf_done(&d->out);
        buf_done(&d->addrs);
        *d = (struct dcutr){0};
    }
}

/* on_connect: the other side has said its addresses. */
static void
on_connect(struct dcutr *d, instant now, struct span frame, const struct dcutr_message *m)
{
    if (d->addrs.n > 0) {
        fail(d, ERR_MALFORMED, "a second CONNECT");
        return;
    }
    if (m->addrs_count == 0) {
        fail(d, ERR_NOT_FOUND, "the peer has no address to be dialled at");
        return;
    }
    if (buf_append(&d->addrs, frame) != OK) {
        fail(d, ERR_LIMIT, "no memory for the peer's addresses");
        return;
    }
    d->deadline = instant_add(now, d->cfg.timeout_us);
    if (!d->cfg.asks) {
        return;
    }
    /* SPEC libp2p/dcutr §"The Protocol": SYNC is on its way for half of the round trip that CONNECT took. */
    static const uint8_t SYNC[] = {3, 0x08, 0xac, 0x02};
    d->rtt_us = instant_since(d->asked_at, now);
    d->state = DCUTR_TIMING;
    d->deadline = instant_add(now, d->rtt_us / 2);
    if (buf_append(&d->out, SPAN_OF(SYNC)) != OK) {
        fail(d, ERR_LIMIT, "no memory to say SYNC");
    }
}

static void on_message(struct dcutr *d, instant now, struct span frame)
{
    struct dcutr_message m;
    enum err e = dcutr_message_decode(&m, frame);
    if (e != OK) {
        fail(d, e, "not a message of DCUtR");
    } else if (d->state != DCUTR_WAITING) {
        fail(d, ERR_MALFORMED, "a message too many");
    } else if (m.type == DCUTR_CONNECT) {
        on_connect(d, now, frame, &m);
    } else if (d->cfg.asks || d->addrs.n == 0) {
        fail(d, ERR_MALFORMED, "SYNC out of turn");
    } else {
        /* SPEC libp2p/dcutr §"The Protocol": whoever made the relayed connection dials as soon as SYNC is there. */
        finish(d, DCUTR_FINISHED, OK, NULL);
    }
}

enum err dcutr_recv(struct dcutr *d, instant now, struct span *in)
{
    while (in->n > 0 && !d->event_waits && d->state < DCUTR_FINISHED) {
        struct span frame;
        enum err e = frame_reader_next(&d->frames, &frame, in);
        if (e == OK) {
            on_message(d, now, frame);
        } else if (e != ERR_TRUNCATED) {
            fail(d, e, "a message that is too long");
        }
    }
    return d->state < DCUTR_FINISHED || d->event_waits ? OK : ERR_CLOSED;
}

void dcutr_recv_end(struct dcutr *d)
{
    if (d->state == DCUTR_SAYING || d->state == DCUTR_WAITING) {
        fail(d, ERR_CLOSED, "the peer ended the exchange");
    }
}

size_t dcutr_send(struct dcutr *d, instant now, struct mspan out)
{
    bool may_speak = d->cfg.asks || d->addrs.n > 0;
    size_t n = may_speak ? span_copy(out, buf_span(&d->out)) : 0;
    buf_consume(&d->out, n);
    if (d->state == DCUTR_SAYING && n > 0 && d->out.n == 0) {
        d->state = DCUTR_WAITING;
        d->asked_at = now; /* of the last byte: the round trip is the message's */
        d->deadline = instant_add(now, d->cfg.timeout_us);
    }
    return n;
}

size_t dcutr_peer_addrs(const struct dcutr *d, struct span ret_addrs[static DCUTR_ADDRS_MAX])
{
    struct dcutr_message m;
    if (d->addrs.n == 0 || dcutr_message_decode(&m, buf_span(&d->addrs)) != OK) {
        return 0;
    }
    for (size_t i = 0; i < m.addrs_count; i++) {
        ret_addrs[i] = m.addrs[i];
    }
    return m.addrs_count;
}

bool dcutr_poll(struct dcutr *d, struct dcutr_event *ret_event)
{
    if (!d->event_waits) {
        return false;
    }
    d->event_waits = false;
    *ret_event = (struct dcutr_event){.kind = DCUTR_EVENT_FAILED, .err = d->err, .rule = d->rule};
    size_t count = d->state == DCUTR_FINISHED ? dcutr_peer_addrs(d, ret_event->addrs) : 0;
    if (count > 0) {
        ret_event->kind = DCUTR_EVENT_PUNCH;
        ret_event->rtt_us = d->rtt_us;
        ret_event->addrs_count = count;
    }
    return true;
}

instant dcutr_deadline(const struct dcutr *d)
{
    return d->deadline;
}

void dcutr_tick(struct dcutr *d, instant now)
{
    if (!instant_reached(d->deadline, now)) {
        return;
    }
    if (d->state == DCUTR_TIMING) {
        finish(d, DCUTR_FINISHED, OK, NULL);
    } else {
        fail(d, ERR_TIMEOUT, "the peer took too long");
    }
}
