/* A WebSocket as a pipe of bytes: RFC 6455. */
#include "http/websocket_pipe.h"

#include "base/arith.h"
#include "base/check.h"
#include "codec/base64.h"
#include "http/head.h"
#include "http/websocket.h"

enum { NONCE_LEN = 16, CODE_NORMAL = 1000, CODE_PROTOCOL = 1002, CODE_NOT_BINARY = 1003 };

static bool is_ascii_equal(struct span text, const char *lower)
{
    struct span want = span_str(lower);
    bool equal = text.n == want.n;
    for (size_t i = 0; equal && i < want.n; i++) {
        uint8_t c = text.p[i];
        equal = (c >= 'A' && c <= 'Z' ? c + 32 : c) == want.p[i];
    }
    return equal;
}

/* ---- frames of our own ---- */

MUST_CHECK static enum err
say_frame(struct websocket_pipe *p, enum websocket_opcode opcode, struct span payload)
{
    uint8_t bytes[WEBSOCKET_FRAME_HEAD_LEN_MAX + WEBSOCKET_FRAME_CONTROL_LEN_MAX];
    uint8_t mask[WEBSOCKET_MASK_LEN];
    struct wr w = wr_init(MSPAN_OF(bytes));
    rng_fill(p->cfg.rng, MSPAN_OF(mask));
    websocket_frame_write(
        &w, (struct websocket_frame_args){
                .opcode = opcode, .len = payload.n, .mask = p->cfg.is_client ? mask : NULL});
    size_t head_len = w.n;
    wr_bytes(&w, payload);
    TRY(wr_end(&w));
    if (p->cfg.is_client) {
        websocket_mask(bytes + head_len, payload, mask, 0);
    }
    return buf_append(&p->out, span_of(bytes, w.n));
}

static void say_close(struct websocket_pipe *p, uint16_t code)
{
    uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    if (p->state == WEBSOCKET_PIPE_OPEN && say_frame(p, WEBSOCKET_CLOSE, SPAN_OF(payload)) != OK) {
        buf_clear(&p->out); /* a peer that reads nothing hears nothing */
    }
    p->state = WEBSOCKET_PIPE_CLOSED;
}

static enum err fail(struct websocket_pipe *p, enum err e, uint16_t code, const char *rule)
{
    p->rule = rule;
    say_close(p, code);
    return e;
}

void websocket_pipe_close(struct websocket_pipe *p)
{
    say_close(p, CODE_NORMAL);
}

/* ---- the handshake ---- */

MUST_CHECK static enum err say_request(struct websocket_pipe *p)
{
    uint8_t nonce[NONCE_LEN];
    rng_fill(p->cfg.rng, MSPAN_OF(nonce));
    struct wr k = wr_init(MSPAN_OF(p->key));
    base64_encode(&k, BASE64_STD, SPAN_OF(nonce));
    check(k.n == sizeof p->key);
    struct wr w = wr_init_buf(&p->out);
    wr_str(&w, "GET / HTTP/1.1\r\nHost: ");
    wr_bytes(&w, p->cfg.host);
    wr_str(&w, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: ");
    wr_bytes(&w, SPAN_OF(p->key));
    wr_str(&w, "\r\n\r\n");
    return wr_end(&w);
}

MUST_CHECK static enum err say_answer(struct websocket_pipe *p, struct span key)
{
    char accept[WEBSOCKET_ACCEPT_LEN];
    websocket_accept(accept, key);
    struct wr w = wr_init_buf(&p->out);
    wr_str(&w, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: ");
    wr_bytes(&w, SPAN_OF(accept));
    wr_str(&w, "\r\n\r\n");
    return wr_end(&w);
}

MUST_CHECK static enum err on_request(struct websocket_pipe *p, struct span head)
{
    struct http_head h;
    struct diag why = {0};
    enum err e = http_head_parse(&h, head, &why);
    if (e == OK && !h.upgrades_to_websocket) {
        e = ERR_MALFORMED;
        why.rule = "websocket: a request for something else";
    }
    if (e != OK) {
        struct wr w = wr_init_buf(&p->out);
        wr_str(&w, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        p->rule = why.rule;
        p->state = WEBSOCKET_PIPE_CLOSED;
        return wr_ok(&w) ? ERR_MALFORMED : ERR_LIMIT;
    }
    TRY(say_answer(p, h.websocket_key));
    p->state = WEBSOCKET_PIPE_OPEN;
    return OK;
}

/* take_line cuts a line off *rest, without its CRLF. */
static struct span take_line(struct span *rest)
{
    struct span line = span_take(rest, span_find(*rest, '\r'));
    (void)span_take(rest, 2);
    return line;
}

static struct span trim(struct span s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s = span_from(s, 1);
    }
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t')) {
        s = span_first(s, s.n - 1);
    }
    return s;
}

/* SPEC RFC6455 §"4.1. Client Requirements": status 101, the upgrade named, and our key answered; no extension or
 * subprotocol that we did not ask for. */
static const char *judge_answer(const struct websocket_pipe *p, struct span head)
{
    char accept[WEBSOCKET_ACCEPT_LEN];
    bool upgrades = false;
    bool is_accepted = false;
    websocket_accept(accept, SPAN_OF(p->key));
    struct span status = take_line(&head);
    if (!span_starts_with(status, SPAN_LIT("HTTP/1.1 101"))) {
        return "websocket: the server does not switch protocols";
    }
    while (head.n > 0) {
        struct span value = take_line(&head);
        struct span name = span_take(&value, span_find(value, ':'));
        value = trim(span_from(value, 1));
        upgrades =
            upgrades || (is_ascii_equal(name, "upgrade") && is_ascii_equal(value, "websocket"));
        is_accepted = is_accepted || (is_ascii_equal(name, "sec-websocket-accept") &&
                                      span_equal(value, SPAN_OF(accept)));
        if (is_ascii_equal(name, "sec-websocket-extensions") ||
            is_ascii_equal(name, "sec-websocket-protocol")) {
            return "websocket: an extension or subprotocol that nobody asked for";
        }
    }
    return upgrades && is_accepted ? NULL : "websocket: the server did not answer our key";
}

/* shake collects the peer's head, to its empty line. */
MUST_CHECK static enum err shake(struct websocket_pipe *p, struct mspan *in)
{
    size_t before = p->head.n;
    size_t n = min_size(in->n, WEBSOCKET_PIPE_HEAD_LEN_MAX - before);
    TRY(buf_append(&p->head, span_of(in->p, n)));
    size_t len = http_head_end(buf_span(&p->head));
    if (len == 0) {
        *in = mspan_from(*in, n);
        return p->head.n < WEBSOCKET_PIPE_HEAD_LEN_MAX
                   ? OK
                   : fail(p, ERR_LIMIT, 0, "websocket: the handshake is too long");
    }
    *in = mspan_from(*in, len - before);
    struct span head = span_first(buf_span(&p->head), len);
    enum err e = OK;
    if (p->cfg.is_client) {
        p->rule = judge_answer(p, span_first(head, len - 2));
        p->state = p->rule ? WEBSOCKET_PIPE_CLOSED : WEBSOCKET_PIPE_OPEN;
        e = p->rule ? ERR_MALFORMED : OK;
    } else {
        e = on_request(p, head);
    }
    buf_done(&p->head);
    return e;
}

enum err websocket_pipe_init(struct websocket_pipe *p, const struct websocket_pipe_cfg *cfg)
{
    *p = (struct websocket_pipe){.cfg = *cfg};
    buf_init(&p->head, cfg->budget, WEBSOCKET_PIPE_HEAD_LEN_MAX);
    buf_init(&p->out, cfg->budget, WEBSOCKET_PIPE_OUT_LEN_MAX);
    enum err e = cfg->is_client ? say_request(p) : OK;
    p->cfg.host = SPAN_EMPTY;
    return e;
}

void websocket_pipe_done(struct websocket_pipe *p)
{
    buf_done(&p->head);
    buf_done(&p->out);
    p->state = WEBSOCKET_PIPE_CLOSED;
}

/* ---- frames of the peer ---- */

/* judge_frame holds what depends on who sends: NULL, or the rule. */
static const char *judge_frame(const struct websocket_pipe *p)
{
    const uint8_t *h = p->frame_head;
    const char *rule = websocket_frame_judge(h);
    bool is_masked = (h[1] & 0x80) != 0;
    uint8_t opcode = h[0] & 0x0f;
    if (rule) {
        return rule;
    }
    /* SPEC RFC6455 §"5.1. Overview": a client masks every frame, and a server none. */
    if (is_masked == p->cfg.is_client) {
        return "websocket: a mask where none belongs, or none where one does";
    }
    if (!websocket_is_control(opcode) && (opcode == WEBSOCKET_MORE) != p->in_message) {
        return "websocket: a piece of no message, or a message within another";
    }
    return NULL;
}

MUST_CHECK static enum err read_head(struct websocket_pipe *p, struct mspan *in)
{
    while (p->frame_head_n < websocket_frame_head_len(span_of(p->frame_head, p->frame_head_n))) {
        if (in->n == 0) {
            return OK;
        }
        p->frame_head[p->frame_head_n++] = in->p[0];
        *in = mspan_from(*in, 1);
        const char *rule = p->frame_head_n == WEBSOCKET_FRAME_HEAD_LEN_MIN ? judge_frame(p) : NULL;
        if (rule) {
            return fail(p, ERR_MALFORMED, CODE_PROTOCOL, rule);
        }
    }
    if (!websocket_frame_decode(&p->frame, span_of(p->frame_head, p->frame_head_n))) {
        return fail(p, ERR_MALFORMED, CODE_PROTOCOL,
                    "websocket: a length not in its shortest form");
    }
    if (p->frame.opcode == WEBSOCKET_TEXT) {
        return fail(p, ERR_MALFORMED, CODE_NOT_BINARY, "websocket: text where bytes are wanted");
    }
    p->frame_head_n = 0;
    p->frame_at = 0;
    p->control_n = 0;
    p->in_frame = true;
    p->in_message = websocket_is_control(p->frame.opcode) ? p->in_message : !p->frame.fin;
    return OK;
}

MUST_CHECK static enum err end_frame(struct websocket_pipe *p)
{
    p->in_frame = false;
    if (p->frame.opcode == WEBSOCKET_CLOSE) {
        say_close(p, CODE_NORMAL);
        return ERR_CLOSED;
    }
    if (p->frame.opcode == WEBSOCKET_PING &&
        say_frame(p, WEBSOCKET_PONG, span_of(p->control, p->control_n)) != OK) {
        return fail(p, ERR_LIMIT, CODE_PROTOCOL, "websocket: more pings than answers are taken");
    }
    return OK;
}

/* read_payload takes what has come of a frame; payload of messages is *ret_data. */
MUST_CHECK static enum err
read_payload(struct websocket_pipe *p, struct span *ret_data, struct mspan *in)
{
    size_t n = (size_t)min_u64(in->n, p->frame.len - p->frame_at);
    struct mspan piece = mspan_first(*in, n);
    *in = mspan_from(*in, n);
    if (p->frame.is_masked) {
        websocket_mask(piece.p, span_const(piece), p->frame.mask, p->frame_at);
    }
    p->frame_at += n;
    if (websocket_is_control(p->frame.opcode)) {
        p->control_n =
            (uint8_t)(p->control_n +
                      span_copy(mspan_from(MSPAN_OF(p->control), p->control_n), span_const(piece)));
    } else {
        *ret_data = span_const(piece);
    }
    return p->frame_at == p->frame.len ? end_frame(p) : OK;
}

enum err websocket_pipe_recv(struct websocket_pipe *p, struct span *ret_data, struct mspan *in)
{
    *ret_data = SPAN_EMPTY;
    if (p->state == WEBSOCKET_PIPE_CLOSED) {
        return ERR_CLOSED;
    }
    while (ret_data->n == 0 && in->n > 0) {
        if (p->state == WEBSOCKET_PIPE_SHAKING) {
            TRY(shake(p, in));
            continue;
        }
        if (!p->in_frame) {
            TRY(read_head(p, in));
        }
        bool is_empty = p->in_frame && p->frame.len == 0;
        if (p->in_frame && (in->n > 0 || is_empty)) {
            TRY(read_payload(p, ret_data, in));
        }
    }
    return OK;
}

/* ---- sending ---- */

size_t websocket_pipe_send(struct websocket_pipe *p, struct mspan out)
{
    size_t n = span_copy(out, buf_span(&p->out));
    if (n > 0) {
        buf_consume(&p->out, n);
        buf_trim(&p->out);
    }
    return n;
}

struct mspan websocket_pipe_room(struct mspan out)
{
    return mspan_from(out, WEBSOCKET_FRAME_HEAD_LEN_MAX);
}

struct span websocket_pipe_wrap(struct websocket_pipe *p, struct mspan out, size_t len)
{
    check(p->state == WEBSOCKET_PIPE_OPEN);
    check(len > 0);
    check(len <= websocket_pipe_room(out).n);
    uint8_t head[WEBSOCKET_FRAME_HEAD_LEN_MAX];
    uint8_t mask[WEBSOCKET_MASK_LEN];
    uint8_t *payload = out.p + WEBSOCKET_FRAME_HEAD_LEN_MAX;
    struct wr w = wr_init(MSPAN_OF(head));
    struct websocket_frame_args args = {.opcode = WEBSOCKET_BINARY, .len = len};
    if (p->cfg.is_client) {
        rng_fill(p->cfg.rng, MSPAN_OF(mask));
        args.mask = mask;
        websocket_mask(payload, span_of(payload, len), mask, 0);
    }
    websocket_frame_write(&w, args);
    check(wr_ok(&w));
    (void)span_copy(mspan_of(payload - w.n, w.n), span_of(head, w.n));
    return span_of(payload - w.n, w.n + len);
}
