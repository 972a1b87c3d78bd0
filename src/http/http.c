/* The server's side of an HTTP/1.1 connection: RFC 9112. */
#include "http/http.h"

#include "base/arith.h"
#include "base/check.h"
#include "base/wr.h"
#include "codec/decimal.h"
#include "http/websocket.h"

enum { ANSWER_HEAD_LEN_MAX = 4096 };

static size_t body_len_max(const struct http *h)
{
    return h->cfg->body_len_max ? h->cfg->body_len_max : HTTP_BODY_LEN_MAX;
}

static size_t answer_len_max(const struct http *h)
{
    return h->cfg->answer_len_max ? h->cfg->answer_len_max : HTTP_ANSWER_LEN_MAX;
}

static instant after_ms(instant now, uint32_t configured, uint32_t usual)
{
    return instant_add(now, (configured ? configured : usual) * US_PER_MS);
}

static void begin_idle(struct http *h, instant now)
{
    h->state = HTTP_IDLE;
    h->head_len = 0;
    h->deadline = after_ms(now, h->cfg->idle_timeout_ms, HTTP_IDLE_TIMEOUT_MS);
}

void http_init(struct http *h, const struct http_cfg *cfg, instant now)
{
    check(cfg->budget);
    *h = (struct http){.cfg = cfg};
    begin_idle(h, now);
}

void http_done(struct http *h)
{
    buf_done(&h->in);
    buf_done(&h->out);
    h->state = HTTP_CLOSED;
    h->err = h->err ? h->err : ERR_CLOSED;
}

static void close_now(struct http *h, enum err why)
{
    buf_done(&h->in);
    buf_done(&h->out);
    h->static_body = SPAN_EMPTY;
    h->state = HTTP_CLOSED;
    h->request_event_waits = false;
    h->closed_event_waits = true;
    h->err = why;
    h->deadline = INSTANT_NEVER;
}

const char *http_status_text(unsigned status)
{
    switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default:  return "";
    }
}

static void write_status_line(struct wr *w, unsigned status)
{
    wr_str(w, "HTTP/1.1 ");
    decimal_print(w, status);
    wr_str(w, " ");
    wr_str(w, http_status_text(status));
    wr_str(w, "\r\n");
}

static void write_field(struct wr *w, const char *name, const char *value)
{
    wr_str(w, name);
    wr_str(w, ": ");
    wr_str(w, value);
    wr_str(w, "\r\n");
}

/* SPEC RFC9110 §"15.3.5. 204 No Content": no body and no length; 304 likewise here. */
static bool has_body(unsigned status)
{
    return status != 204 && status != 304;
}

static void write_answer_head(struct wr *w, const struct http *h, const struct http_answer *a)
{
    write_status_line(w, a->status);
    wr_str(w, h->cfg->fields ? h->cfg->fields : "");
    wr_str(w, a->fields ? a->fields : "");
    if (a->content_type) {
        write_field(w, "Content-Type", a->content_type);
    }
    if (has_body(a->status)) {
        wr_str(w, "Content-Length: ");
        decimal_print(w, a->body.n);
        wr_str(w, "\r\n");
    }
    if (h->closes) {
        write_field(w, "Connection", "close");
    }
    wr_str(w, "\r\n");
}

/* Puts the answer into the output; nothing is kept on failure. */
static enum err queue_answer(struct http *h, const struct http_answer *a)
{
    /* SPEC RFC9110 §"9.3.2. HEAD": the fields of GET, and no body. */
    bool sends_body = has_body(a->status) && h->head.method != HTTP_HEAD;
    buf_init(&h->out, h->cfg->budget, add_sat_size(answer_len_max(h), ANSWER_HEAD_LEN_MAX));
    struct wr w = wr_init_buf(&h->out);
    write_answer_head(&w, h, a);
    if (sends_body && !a->body_is_static) {
        wr_bytes(&w, a->body);
    }
    if (!wr_ok(&w)) {
        buf_done(&h->out);
        return ERR_LIMIT;
    }
    h->static_body = sends_body && a->body_is_static ? a->body : SPAN_EMPTY;
    return OK;
}

static void begin_sending(struct http *h, instant now)
{
    buf_done(&h->in);
    h->out_sent = 0;
    h->state = HTTP_SENDING;
    h->deadline = after_ms(now, h->cfg->send_timeout_ms, HTTP_SEND_TIMEOUT_MS);
}

/* Answers a bad request with the rule that it broke, and reads nothing more. */
static enum err refuse(struct http *h, instant now, unsigned status, enum err e)
{
    h->closes = true;
    h->head.method = HTTP_OTHER;
    struct http_answer a = {.status = status, .content_type = "text/plain; charset=utf-8"};
    a.body = h->diag.rule ? span_str(h->diag.rule) : SPAN_EMPTY;
    buf_done(&h->in);
    if (queue_answer(h, &a) != OK) {
        close_now(h, ERR_LIMIT);
        return OK;
    }
    h->refused_event_waits = true;
    h->refused_status = status;
    h->err = e;
    begin_sending(h, now);
    return OK;
}

static enum err refuse_rule(struct http *h, instant now, unsigned status, const char *rule)
{
    h->diag = (struct diag){.rule = rule, .offset = h->head_len};
    return refuse(h, now, status, status == 408 ? ERR_TIMEOUT : ERR_LIMIT);
}

static unsigned status_of(enum err e)
{
    return e == ERR_LIMIT ? 431 : e == ERR_UNSUPPORTED ? 505 : 400;
}

static enum err take_request(struct http *h)
{
    /* The buffer has moved since the head was checked: its spans are made anew. */
    TRY(http_head_parse(&h->head, span_first(buf_span(&h->in), h->head_len), NULL));
    h->state = HTTP_WAITING;
    h->request_event_waits = true;
    h->deadline = INSTANT_NEVER;
    return OK;
}

/* The head is whole: may the body come? */
static enum err begin_body(struct http *h, instant now)
{
    if (h->head.method == HTTP_POST && !h->head.has_content_length) {
        return refuse_rule(h, now, 411, "http: a body needs a Content-Length");
    }
    if (h->head.content_length > body_len_max(h)) {
        return refuse_rule(h, now, 413, "http: the body is longer than allowed");
    }
    if (h->head.content_length == 0) {
        return take_request(h);
    }
    h->state = HTTP_IN_BODY;
    h->deadline = after_ms(now, h->cfg->body_timeout_ms, HTTP_BODY_TIMEOUT_MS);
    return OK;
}

/* Where the head ends, or where it breaks: whichever comes first, so that the answer does not depend on how
 * the bytes were cut. Returns the index behind it, 0 if neither is there yet. */
static size_t scan_head(struct span in, size_t from, bool *ret_is_broken)
{
    for (size_t i = from; i < in.n; i++) {
        if (in.p[i] != '\n') {
            continue;
        }
        *ret_is_broken = i == 0 || in.p[i - 1] != '\r';
        bool is_end = i >= 3 && in.p[i - 2] == '\n' && in.p[i - 3] == '\r';
        if (*ret_is_broken || is_end) {
            return i + 1;
        }
    }
    return 0;
}

static enum err recv_head(struct http *h, instant now, struct span *in)
{
    size_t before = h->in.n;
    struct span take = span_first(*in, HTTP_HEAD_LEN_MAX - before);
    if (buf_append(&h->in, take) != OK) {
        return refuse_rule(h, now, 503, "http: no memory for this request");
    }
    bool is_broken = false;
    size_t end = scan_head(buf_span(&h->in), before, &is_broken);
    (void)span_take(in, end ? end - before : take.n);
    if (is_broken) {
        h->diag = (struct diag){.rule = "http: a line does not end in CRLF", .offset = end - 1};
        return refuse(h, now, 400, ERR_MALFORMED);
    }
    if (end == 0) {
        bool is_full = h->in.n == HTTP_HEAD_LEN_MAX;
        return is_full ? refuse_rule(h, now, 431, "http: the head is longer than allowed") : OK;
    }
    buf_shrink(&h->in, end);
    h->head_len = end;
    h->diag = (struct diag){0};
    enum err e = http_head_parse(&h->head, buf_span(&h->in), &h->diag);
    return e == OK ? begin_body(h, now) : refuse(h, now, status_of(e), e);
}

static enum err recv_body(struct http *h, instant now, struct span *in)
{
    size_t whole = h->head_len + (size_t)h->head.content_length;
    struct span take = span_first(*in, whole - h->in.n);
    if (buf_append(&h->in, take) != OK) {
        return refuse_rule(h, now, 503, "http: no memory for this request");
    }
    (void)span_take(in, take.n);
    return h->in.n == whole ? take_request(h) : OK;
}

enum err http_recv(struct http *h, instant now, struct span *in)
{
    if (h->state == HTTP_CLOSED) {
        return h->err;
    }
    if (h->state == HTTP_IDLE && in->n > 0) {
        buf_init(&h->in, h->cfg->budget, add_sat_size(HTTP_HEAD_LEN_MAX, body_len_max(h)));
        h->state = HTTP_IN_HEAD;
        h->deadline = after_ms(now, h->cfg->head_timeout_ms, HTTP_HEAD_TIMEOUT_MS);
    }
    if (h->state == HTTP_IN_HEAD && in->n > 0) {
        TRY(recv_head(h, now, in));
    }
    if (h->state == HTTP_IN_BODY && in->n > 0) {
        TRY(recv_body(h, now, in));
    }
    return OK;
}

void http_recv_end(struct http *h, instant now)
{
    (void)now;
    h->input_ended = true;
    bool owes_nothing =
        h->state == HTTP_IDLE || h->state == HTTP_IN_HEAD || h->state == HTTP_IN_BODY;
    if (owes_nothing) {
        close_now(h, ERR_CLOSED);
    }
}

static void finish_sending(struct http *h, instant now)
{
    buf_done(&h->out);
    h->static_body = SPAN_EMPTY;
    h->out_sent = 0;
    if (h->upgrades) {
        h->state = HTTP_UPGRADED;
        h->upgraded_event_waits = true;
        h->deadline = INSTANT_NEVER;
        return;
    }
    if (h->closes || h->input_ended) {
        close_now(h, h->err ? h->err : ERR_CLOSED);
        return;
    }
    begin_idle(h, now);
}

size_t http_send(struct http *h, instant now, struct mspan out)
{
    if (h->state != HTTP_SENDING) {
        return 0;
    }
    size_t n = span_copy(out, span_from(buf_span(&h->out), h->out_sent));
    h->out_sent += n;
    if (h->out_sent == h->out.n) {
        size_t more = span_copy(mspan_from(out, n), h->static_body);
        (void)span_take(&h->static_body, more);
        n += more;
    }
    if (n > 0) {
        h->deadline = after_ms(now, h->cfg->send_timeout_ms, HTTP_SEND_TIMEOUT_MS);
    }
    if (h->out_sent == h->out.n && h->static_body.n == 0) {
        finish_sending(h, now);
    }
    return n;
}

bool http_poll(struct http *h, struct http_event *ret_event)
{
    *ret_event = (struct http_event){.err = h->err, .diag = h->diag};
    if (h->request_event_waits) {
        h->request_event_waits = false;
        ret_event->kind = HTTP_EVENT_REQUEST;
        ret_event->head = &h->head;
        ret_event->body = span_from(buf_span(&h->in), h->head_len);
        return true;
    }
    if (h->refused_event_waits) {
        h->refused_event_waits = false;
        ret_event->kind = HTTP_EVENT_REFUSED;
        ret_event->status = h->refused_status;
        return true;
    }
    if (h->upgraded_event_waits) {
        h->upgraded_event_waits = false;
        ret_event->kind = HTTP_EVENT_UPGRADED;
        return true;
    }
    ret_event->kind = HTTP_EVENT_CLOSED;
    bool closed = h->closed_event_waits;
    h->closed_event_waits = false;
    return closed;
}

instant http_deadline(const struct http *h)
{
    return h->deadline;
}

void http_tick(struct http *h, instant now)
{
    if (!instant_reached(h->deadline, now)) {
        return;
    }
    switch (h->state) {
    case HTTP_IN_HEAD:
    case HTTP_IN_BODY:
        (void)refuse_rule(h, now, 408, "http: the request took too long to arrive");
        break;
    case HTTP_IDLE:
    case HTTP_SENDING:  close_now(h, ERR_TIMEOUT); break;
    case HTTP_WAITING:
    case HTTP_UPGRADED:
    case HTTP_CLOSED:   break;
    }
}

enum err http_respond(struct http *h, instant now, const struct http_answer *answer)
{
    if (h->state != HTTP_WAITING) {
        return ERR_STATE;
    }
    check(answer->status >= 200);
    check(answer->status <= 599);
    bool closed_before = h->closes;
    h->closes = answer->closes || !h->head.keeps_alive || h->input_ended;
    enum err e = queue_answer(h, answer);
    if (e != OK) {
        h->closes = closed_before;
        return e;
    }
    h->request_event_waits = false;
    begin_sending(h, now);
    return OK;
}

enum err http_upgrade(struct http *h, instant now)
{
    if (h->state != HTTP_WAITING || !h->head.upgrades_to_websocket) {
        return ERR_STATE;
    }
    char accept[WEBSOCKET_ACCEPT_LEN + 1] = {0};
    websocket_accept(accept, h->head.websocket_key);
    buf_init(&h->out, h->cfg->budget, ANSWER_HEAD_LEN_MAX);
    struct wr w = wr_init_buf(&h->out);
    write_status_line(&w, 101);
    wr_str(&w, h->cfg->fields ? h->cfg->fields : "");
    write_field(&w, "Upgrade", "websocket");
    write_field(&w, "Connection", "Upgrade");
    write_field(&w, "Sec-WebSocket-Accept", accept);
    wr_str(&w, "\r\n");
    if (!wr_ok(&w)) {
        buf_done(&h->out);
        return ERR_LIMIT;
    }
    h->upgrades = true;
    h->request_event_waits = false;
    begin_sending(h, now);
    return OK;
}
