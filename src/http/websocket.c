/* The server's side of a WebSocket: RFC 6455 sections 5 to 8. */
#include "http/websocket.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "codec/utf8.h"
#include "http/websocket_frame.h"

enum code {
    CODE_NORMAL = 1000,
    CODE_PROTOCOL = 1002,
    CODE_NONE = 1005,
    CODE_LOST = 1006,
    CODE_NOT_UTF8 = 1007,
    CODE_TOO_BIG = 1009,
};

enum {
    HEAD_LEN_MIN = WEBSOCKET_FRAME_HEAD_LEN_MIN,
    FRAME_HEAD_LEN_MAX = 10 /* bytes: a server masks nothing */
};

static size_t message_len_max(const struct websocket *ws)
{
    return ws->cfg->message_len_max ? ws->cfg->message_len_max : WEBSOCKET_MESSAGE_LEN_MAX;
}

static size_t out_len_max(const struct websocket *ws)
{
    return ws->cfg->out_len_max ? ws->cfg->out_len_max : WEBSOCKET_OUT_LEN_MAX;
}

static instant after_ms(instant now, uint32_t configured, uint32_t usual)
{
    return instant_add(now, (configured ? configured : usual) * US_PER_MS);
}

static void has_heard(struct websocket *ws, instant now)
{
    ws->ping_is_out = false;
    if (ws->state == WEBSOCKET_OPEN) {
        ws->deadline = after_ms(now, ws->cfg->ping_interval_ms, WEBSOCKET_PING_INTERVAL_MS);
    }
}

void websocket_init(struct websocket *ws, const struct websocket_cfg *cfg, instant now)
{
    check(cfg->budget);
    *ws = (struct websocket){.cfg = cfg, .code = CODE_LOST};
    buf_init(&ws->message, cfg->budget, message_len_max(ws));
    /* Room for the control frames that may stand between: a pong, a ping, a close. */
    size_t control = 3 * ((size_t)WEBSOCKET_CONTROL_LEN_MAX + HEAD_LEN_MIN);
    buf_init(&ws->out, cfg->budget, add_sat_size(out_len_max(ws), control));
    has_heard(ws, now);
}

void websocket_done(struct websocket *ws)
{
    buf_done(&ws->message);
    buf_done(&ws->out);
    ws->state = WEBSOCKET_CLOSED;
    ws->err = ws->err ? ws->err : ERR_CLOSED;
}

static void end(struct websocket *ws, enum err why)
{
    if (ws->state == WEBSOCKET_CLOSED) {
        return;
    }
    if (!ws->message_is_out) {
        buf_done(&ws->message);
    }
    buf_done(&ws->out);
    ws->message_event_waits = false;
    ws->out_sent = 0;
    ws->state = WEBSOCKET_CLOSED;
    ws->closed_event_waits = true;
    ws->err = ws->err ? ws->err : why;
    ws->deadline = INSTANT_NEVER;
}

/* Drops what was sent, so that the buffer's maximum is about what is still to go. */
static void drop_sent(struct websocket *ws)
{
    buf_consume(&ws->out, ws->out_sent);
    ws->out_sent = 0;
    buf_trim(&ws->out);
}

static enum err queue_frame(struct websocket *ws, enum websocket_opcode opcode, struct span payload)
{
    uint8_t head[FRAME_HEAD_LEN_MAX];
    struct wr h = wr_init(MSPAN_OF(head));
    websocket_frame_write(&h, (struct websocket_frame_args){.opcode = opcode, .len = payload.n});
    drop_sent(ws);
    TRY(buf_reserve(&ws->out, add_sat_size(h.n, payload.n)));
    TRY(buf_append(&ws->out, span_of(head, h.n)));
    return buf_append(&ws->out, payload);
}

/* Queues our close frame and waits for the client's, unless that came first. */
static void begin_close(struct websocket *ws, instant now, uint16_t code, struct span reason)
{
    uint8_t payload[WEBSOCKET_CONTROL_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(payload));
    if (code != CODE_NONE) {
        wr_be16(&w, code);
        wr_bytes(&w, span_first(reason, WEBSOCKET_CONTROL_LEN_MAX - 2));
    }
    ws->state = WEBSOCKET_CLOSING;
    ws->deadline = after_ms(now, 0, WEBSOCKET_CLOSE_TIMEOUT_MS);
    if (queue_frame(ws, WEBSOCKET_CLOSE, span_of(payload, w.n)) != OK) {
        end(ws, ERR_LIMIT);
    }
}

/* The client broke a rule: say which, then end without waiting for its close frame. */
static void fail(struct websocket *ws, instant now, uint16_t code, const char *rule)
{
    ws->err = code == CODE_TOO_BIG ? ERR_LIMIT : ERR_MALFORMED;
    ws->diag = (struct diag){.rule = rule};
    ws->code = code;
    ws->close_came = true; /* nothing more is read */
    if (ws->state == WEBSOCKET_OPEN) {
        begin_close(ws, now, code, span_str(rule));
    } else if (ws->out.n == ws->out_sent) {
        end(ws, ws->err);
    }
}

void websocket_close(struct websocket *ws, instant now, uint16_t code, const char *reason)
{
    if (ws->state == WEBSOCKET_OPEN) {
        ws->code = code;
        begin_close(ws, now, code, span_str(reason));
    }
}

enum err websocket_write(struct websocket *ws, struct span text)
{
    if (ws->state != WEBSOCKET_OPEN) {
        return ERR_STATE;
    }
    drop_sent(ws);
    if (text.n > out_len_max(ws) || ws->out.n + text.n + FRAME_HEAD_LEN_MAX > out_len_max(ws)) {
        return ERR_LIMIT;
    }
    return queue_frame(ws, WEBSOCKET_TEXT, text);
}

/* The first two bytes are there: NULL, or the rule that they break. */
static const char *judge_start(const struct websocket *ws)
{
    uint8_t opcode = ws->head[0] & 0x0f;
    const char *rule = websocket_frame_judge(ws->head);
    if (rule) {
        return rule;
    }
    /* SPEC RFC6455 §"5.1. Overview": a client masks every frame. */
    if (!(ws->head[1] & 0x80)) {
        return "websocket: a frame without mask";
    }
    /* SPEC RFC6455 §"5.4. Fragmentation": pieces of one message follow one another. */
    if (!websocket_is_control(opcode) && (opcode == WEBSOCKET_MORE) != (ws->message_opcode != 0)) {
        return "websocket: a piece of no message, or a message within another";
    }
    return NULL;
}

/* The whole head is there. */
static void begin_frame(struct websocket *ws, instant now)
{
    struct websocket_frame frame;
    /* SPEC RFC6455 §"5.2. Base Framing Protocol": lengths stand in their shortest form. */
    if (!websocket_frame_decode(&frame, span_of(ws->head, ws->head_n))) {
        fail(ws, now, CODE_PROTOCOL, "websocket: a length not in its shortest form");
        return;
    }
    uint64_t len = frame.len;
    ws->fin = frame.fin;
    ws->opcode = frame.opcode;
    (void)span_copy(MSPAN_OF(ws->mask), SPAN_OF(frame.mask));
    if (!websocket_is_control(ws->opcode) && len > message_len_max(ws) - ws->message.n) {
        fail(ws, now, CODE_TOO_BIG, "websocket: the message is longer than allowed");
        return;
    }
    if (ws->opcode == WEBSOCKET_TEXT || ws->opcode == WEBSOCKET_BINARY) {
        ws->message_opcode = ws->opcode;
    }
    ws->in_frame = true;
    ws->frame_left = len;
    ws->frame_at = 0;
    ws->control_n = 0;
    ws->head_n = 0;
}

static void recv_head(struct websocket *ws, instant now, struct span *in)
{
    while (ws->head_n < websocket_frame_head_len(span_of(ws->head, ws->head_n))) {
        if (in->n == 0) {
            return;
        }
        ws->head[ws->head_n++] = span_take(in, 1).p[0];
        const char *rule = ws->head_n == HEAD_LEN_MIN ? judge_start(ws) : NULL;
        if (rule) {
            fail(ws, now, CODE_PROTOCOL, rule);
            return;
        }
    }
    begin_frame(ws, now);
}

static enum err keep_payload(struct websocket *ws, struct span piece)
{
    if (websocket_is_control(ws->opcode)) {
        websocket_mask(ws->control + ws->control_n, piece, ws->mask, ws->frame_at);
        ws->control_n = (uint8_t)(ws->control_n + piece.n);
        return OK;
    }
    if (ws->state != WEBSOCKET_OPEN) {
        return OK; /* we said goodbye: what was under way is dropped */
    }
    struct mspan room;
    TRY(buf_extend(&ws->message, &room, piece.n));
    websocket_mask(room.p, piece, ws->mask, ws->frame_at);
    return OK;
}

static bool is_close_code(uint16_t code)
{
    /* SPEC RFC6455 §"7.4. Status Codes": 1004 to 1006 and 1015 never travel; 3000 to 4999 are free to use. */
    bool is_registered = code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
    return is_registered || (code >= 3000 && code <= 4999);
}

static void take_close(struct websocket *ws, instant now)
{
    struct rd r = rd_init(span_of(ws->control, ws->control_n));
    uint16_t code = ws->control_n == 0 ? (uint16_t)CODE_NONE : rd_be16(&r);
    struct span reason = rd_rest(&r);
    if (!rd_ok(&r) || (ws->control_n > 0 && !is_close_code(code))) {
        fail(ws, now, CODE_PROTOCOL, "websocket: malformed close");
        return;
    }
    if (!utf8_is_valid(reason)) {
        fail(ws, now, CODE_NOT_UTF8, "websocket: a reason that is not UTF-8");
        return;
    }
    ws->close_came = true;
    if (ws->state == WEBSOCKET_OPEN) {
        ws->code = code;
        begin_close(ws, now, code, SPAN_EMPTY); /* the same code comes back */
    } else if (ws->out.n == ws->out_sent) {
        end(ws, ERR_CLOSED);
    }
}

static void take_message(struct websocket *ws, instant now)
{
    bool is_text = ws->message_opcode == WEBSOCKET_TEXT;
    if (ws->state != WEBSOCKET_OPEN) {
        ws->message_opcode = 0;
        return;
    }
    /* SPEC RFC6455 §"8.1. Handling Errors in UTF-8-Encoded Data": text that is not UTF-8 fails the connection. */
    if (is_text && !utf8_is_valid(buf_span(&ws->message))) {
        fail(ws, now, CODE_NOT_UTF8, "websocket: text that is not UTF-8");
        return;
    }
    ws->message_event_waits = true;
}

static void end_frame(struct websocket *ws, instant now)
{
    ws->in_frame = false;
    switch (ws->opcode) {
    case WEBSOCKET_CLOSE: take_close(ws, now); break;
    case WEBSOCKET_PING:
        /* SPEC RFC6455 §"5.5.3. Pong": only the latest ping needs its answer. */
        ws->pong_waits = true;
        ws->pong_n = ws->control_n;
        (void)span_copy(MSPAN_OF(ws->pong), span_of(ws->control, ws->control_n));
        break;
    case WEBSOCKET_PONG: break;
    default:
        if (ws->fin) {
            take_message(ws, now);
        }
        break;
    }
}

static void recv_payload(struct websocket *ws, instant now, struct span *in)
{
    size_t n = (size_t)min_u64(ws->frame_left, in->n);
    struct span piece = span_take(in, n);
    if (keep_payload(ws, piece) != OK) {
        fail(ws, now, CODE_TOO_BIG, "websocket: no memory for this message");
        return;
    }
    ws->frame_left -= n;
    ws->frame_at += n;
    if (ws->frame_left == 0) {
        end_frame(ws, now);
    }
}

/* Gives back the message that the caller has looked at. */
static void drop_message(struct websocket *ws)
{
    if (ws->message_is_out) {
        buf_clear(&ws->message);
        buf_trim(&ws->message);
        ws->message_is_out = false;
        ws->message_opcode = 0;
    }
}

enum err websocket_recv(struct websocket *ws, instant now, struct span *in)
{
    drop_message(ws);
    if (in->n > 0) {
        has_heard(ws, now);
    }
    bool ends_frame = false;
    while (ws->state != WEBSOCKET_CLOSED && !ws->message_event_waits && !ws->close_came &&
           (in->n > 0 || ends_frame)) {
        if (ws->in_frame) {
            recv_payload(ws, now, in);
        } else {
            recv_head(ws, now, in);
        }
        ends_frame =
            ws->in_frame && ws->frame_left == 0; /* an empty frame ends without a further byte */
    }
    if (ws->close_came) {
        in->n = 0; /* SPEC RFC6455 §"5.5.1. Close": nothing behind a close frame is looked at. */
    }
    return ws->state == WEBSOCKET_CLOSED ? ws->err : OK;
}

void websocket_recv_end(struct websocket *ws)
{
    bool owes_close = ws->close_came && ws->out_sent < ws->out.n;
    if (!owes_close) {
        end(ws, ERR_CLOSED);
    }
}

/* Control frames go ahead of messages that are not begun: as soon as the output is empty. */
static void queue_pong(struct websocket *ws)
{
    bool may_send = ws->state == WEBSOCKET_OPEN && ws->out.n == ws->out_sent;
    if (ws->pong_waits && may_send &&
        queue_frame(ws, WEBSOCKET_PONG, span_of(ws->pong, ws->pong_n)) == OK) {
        ws->pong_waits = false;
    }
}

size_t websocket_send(struct websocket *ws, instant now, struct mspan out)
{
    (void)now;
    if (ws->state == WEBSOCKET_CLOSED) {
        return 0;
    }
    queue_pong(ws);
    size_t n = span_copy(out, span_from(buf_span(&ws->out), ws->out_sent));
    ws->out_sent += n;
    if (ws->out_sent == ws->out.n) {
        drop_sent(ws);
        if (ws->state == WEBSOCKET_CLOSING && ws->close_came) {
            end(ws, ERR_CLOSED);
        }
    }
    return n;
}

bool websocket_poll(struct websocket *ws, struct websocket_event *ret_event)
{
    *ret_event = (struct websocket_event){
        .kind = WEBSOCKET_EVENT_CLOSED, .code = ws->code, .err = ws->err, .diag = ws->diag};
    if (ws->message_event_waits) {
        ws->message_event_waits = false;
        ws->message_is_out = true;
        ret_event->kind = WEBSOCKET_EVENT_MESSAGE;
        ret_event->is_text = ws->message_opcode == WEBSOCKET_TEXT;
        ret_event->message = buf_span(&ws->message);
        return true;
    }
    bool closed = ws->closed_event_waits;
    ws->closed_event_waits = false;
    return closed;
}

instant websocket_deadline(const struct websocket *ws)
{
    return ws->deadline;
}

void websocket_tick(struct websocket *ws, instant now)
{
    if (!instant_reached(ws->deadline, now)) {
        return;
    }
    if (ws->state == WEBSOCKET_CLOSING || ws->ping_is_out) {
        end(ws, ERR_TIMEOUT);
        return;
    }
    if (queue_frame(ws, WEBSOCKET_PING, SPAN_EMPTY) != OK) {
        end(ws, ERR_LIMIT);
        return;
    }
    ws->ping_is_out = true;
    ws->deadline = after_ms(now, ws->cfg->pong_timeout_ms, WEBSOCKET_PONG_TIMEOUT_MS);
}
