/*~ multistream-select 1.0: libp2p specs, connections/README.md, "Multistream-Select".
 *
 * This is the first engine to read: all others have its shape. Bytes go in through recv, bytes come
 * out of send, what happened comes out of poll, time comes in with tick. There is no socket, no clock
 * and no callback, so a test can feed it a byte at a time and the simulator can drive thousands.
 *
 * What to look at:
 *  - recv asks the shared framer for one whole message at a time, so the state machine never sees half
 *    a message; `on_message` is that machine, a switch over the state.
 *  - failure is state: `fail` remembers the first reason, poll tells it once, recv repeats it. What was
 *    said before still goes out, so the peer sees the same bytes however its own were cut.
 *  - send drains one bounded buffer; when it is empty its memory goes back. */
#include "p2p/multistream.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/wr.h"

/* SPEC libp2p/connections §"Multistream-Select": the header names the version, and each side sends it before anything else. */
static const struct span HEADER = {(const uint8_t *)"/multistream/1.0.0", 18};
static const struct span NA = {(const uint8_t *)"na", 2};

static void fail(struct multistream *m, enum err err, const char *rule)
{
    if (m->state == MULTISTREAM_FAILED || m->state == MULTISTREAM_SELECTED) {
        return;
    }
    m->state = MULTISTREAM_FAILED;
    m->err = diag_set(&m->diag, err, rule, 0);
    m->proposed_event_waits = false;
    m->end_event_waits = true;
    m->deadline = INSTANT_NEVER;
    frame_reader_done(&m->reader);
}

static void select_protocol(struct multistream *m, size_t protocol)
{
    m->state = MULTISTREAM_SELECTED;
    m->protocol = protocol;
    m->proposed_event_waits = false;
    m->end_event_waits = true;
    m->deadline = INSTANT_NEVER;
    frame_reader_done(&m->reader);
}

/* say queues one message. */
MUST_CHECK static enum err say(struct multistream *m, struct span id)
{
    struct wr w = wr_init_buf(&m->out);
    /* SPEC libp2p/connections §"Multistream-Select": the length in front counts the newline. */
    frame_write_prefix(&w, FRAME_UVARINT, id.n + 1);
    wr_bytes(&w, id);
    wr_u8(&w, '\n');
    return wr_end(&w);
}

MUST_CHECK static enum err propose(struct multistream *m)
{
    m->proposals_count++;
    return say(m, m->cfg->protocols[m->protocol]);
}

static void check_cfg(const struct multistream_cfg *cfg)
{
    check(cfg->budget);
    check(cfg->protocols_count > 0);
    check(!cfg->lazy || cfg->is_dialer);
    check(!cfg->lazy || cfg->protocols_count == 1);
    for (size_t i = 0; i < cfg->protocols_count; i++) {
        check(cfg->protocols[i].n > 0);
        check(cfg->protocols[i].n < MULTISTREAM_MESSAGE_LEN_MAX);
    }
}

static uint32_t proposals_max(const struct multistream *m)
{
    return m->cfg->proposals_max ? m->cfg->proposals_max : MULTISTREAM_PROPOSALS_MAX;
}

/* The output can never hold more than this: a header, one long message, and a refusal for each
 * proposal that a listener answers before it hangs up. */
static size_t out_len_max(const struct multistream *m)
{
    return HEADER.n + NA.n + 2 * (size_t)MULTISTREAM_MESSAGE_LEN_MAX +
           (size_t)proposals_max(m) * (NA.n + 2);
}

enum err multistream_init(struct multistream *m, const struct multistream_cfg *cfg, instant now)
{
    check_cfg(cfg);
    uint32_t timeout_ms = cfg->timeout_ms ? cfg->timeout_ms : MULTISTREAM_TIMEOUT_MS;
    *m = (struct multistream){.cfg = cfg, .deadline = instant_add(now, timeout_ms * US_PER_MS)};
    frame_reader_init(&m->reader, (struct frame_cfg){.prefix = FRAME_UVARINT,
                                                     .frame_len_max = MULTISTREAM_MESSAGE_LEN_MAX,
                                                     .budget = cfg->budget});
    buf_init(&m->out, cfg->budget, out_len_max(m));
    TRY(say(m, HEADER));
    if (cfg->is_dialer) {
        /* SPEC libp2p/connections §"Multistream-Select": the first proposal need not wait for the listener's header. */
        TRY(propose(m));
        m->proposed_event_waits = cfg->lazy;
    }
    return OK;
}

/* take_id strips the newline off a message. */
static bool take_id(struct span *ret_id, struct span message)
{
    if (message.n == 0 || message.p[message.n - 1] != '\n') {
        return false;
    }
    *ret_id = span_first(message, message.n - 1);
    return true;
}

static void on_proposal(struct multistream *m, struct span id)
{
    if (m->proposals_count == proposals_max(m)) {
        fail(m, ERR_LIMIT, "more proposals than we answer");
        return;
    }
    m->proposals_count++;
    for (size_t i = 0; i < m->cfg->protocols_count; i++) {
        if (span_equal(id, m->cfg->protocols[i])) {
            /* SPEC libp2p/connections §"Multistream-Select": a listener agrees by repeating the id. */
            enum err err = say(m, id);
            if (err != OK) {
                fail(m, err, "no memory for the answer");
                return;
            }
            select_protocol(m, i);
            return;
        }
    }
    /* SPEC libp2p/connections §"Multistream-Select": na refuses, and the dialer may go on; ls is an id like any other here. */
    enum err err = say(m, NA);
    if (err != OK) {
        fail(m, err, "no memory for the refusal");
    }
}

static void on_answer(struct multistream *m, struct span id)
{
    if (span_equal(id, m->cfg->protocols[m->protocol])) {
        select_protocol(m, m->protocol);
        return;
    }
    if (!span_equal(id, NA)) {
        fail(m, ERR_MALFORMED, "answer is neither the proposed id nor na");
        return;
    }
    if (m->protocol + 1 == m->cfg->protocols_count) {
        fail(m, ERR_UNSUPPORTED, "peer speaks none of our protocols");
        return;
    }
    m->protocol++;
    enum err err = propose(m);
    if (err != OK) {
        fail(m, err, "no memory for the next proposal");
    }
}

static void on_message(struct multistream *m, struct span message)
{
    struct span id;
    if (!take_id(&id, message)) {
        fail(m, ERR_MALFORMED, "message does not end in a newline");
        return;
    }
    switch (m->state) {
    case MULTISTREAM_GREETING:
        if (!span_equal(id, HEADER)) {
            fail(m, ERR_MALFORMED, "first message is not the multistream header");
            return;
        }
        m->state = MULTISTREAM_CHOOSING;
        return;
    case MULTISTREAM_CHOOSING:
        if (m->cfg->is_dialer) {
            on_answer(m, id);
        } else {
            on_proposal(m, id);
        }
        return;
    case MULTISTREAM_SELECTED:
    case MULTISTREAM_FAILED:   return;
    }
}

static bool is_negotiating(const struct multistream *m)
{
    return m->state == MULTISTREAM_GREETING || m->state == MULTISTREAM_CHOOSING;
}

enum err multistream_recv(struct multistream *m, instant now, struct span *in)
{
    multistream_tick(m, now);
    while (is_negotiating(m)) {
        struct span message;
        enum err err = frame_reader_next(&m->reader, &message, in);
        if (err == ERR_TRUNCATED) {
            break;
        }
        if (err != OK) {
            fail(m, err,
                 err == ERR_LIMIT ? "message is too long" : "message length is not a uvarint");
            break;
        }
        on_message(m, message);
    }
    return m->err;
}

void multistream_recv_end(struct multistream *m)
{
    /* SPEC libp2p/connections §"Multistream-Select": also a lazy dialer waits for the answer before it believes in the stream. */
    fail(m, ERR_CLOSED, "peer closed before a protocol was agreed");
}

size_t multistream_send(struct multistream *m, instant now, struct mspan out)
{
    multistream_tick(m, now);
    size_t n = span_copy(out, buf_span(&m->out));
    if (n > 0) {
        buf_consume(&m->out, n);
        buf_trim(&m->out);
    }
    return n;
}

bool multistream_poll(struct multistream *m, struct multistream_event *ret_event)
{
    if (m->proposed_event_waits) {
        m->proposed_event_waits = false;
        *ret_event =
            (struct multistream_event){.kind = MULTISTREAM_EVENT_PROPOSED, .protocol = m->protocol};
        return true;
    }
    if (!m->end_event_waits) {
        return false;
    }
    m->end_event_waits = false;
    if (m->state == MULTISTREAM_SELECTED) {
        *ret_event =
            (struct multistream_event){.kind = MULTISTREAM_EVENT_SELECTED, .protocol = m->protocol};
    } else {
        *ret_event = (struct multistream_event){
            .kind = MULTISTREAM_EVENT_FAILED, .err = m->err, .diag = m->diag};
    }
    return true;
}

instant multistream_deadline(const struct multistream *m)
{
    return m->deadline;
}

void multistream_tick(struct multistream *m, instant now)
{
    if (instant_reached(m->deadline, now)) {
        fail(m, ERR_TIMEOUT, "negotiation took too long");
    }
}

void multistream_done(struct multistream *m)
{
    frame_reader_done(&m->reader);
    buf_done(&m->out);
}
