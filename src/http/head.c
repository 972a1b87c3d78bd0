/* Request heads: RFC 9112 sections 2, 3, 5, 6; RFC 9110 section 5; RFC 6455 section 4.2.1. */
#include "http/head.h"

#include "codec/base64.h"
#include "codec/decimal.h"

#include <string.h>

size_t http_head_end(struct span in)
{
    for (size_t i = 3; i < in.n; i++) {
        if (in.p[i] == '\n' && memcmp(in.p + i - 3, "\r\n\r\n", 4) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static bool is_token_char(uint8_t c)
{
    bool is_alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_alnum || (c && c < 0x80 && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_token_char(s.p[i])) {
            return false;
        }
    }
    return s.n > 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Compares without regard to case; text is lower case. */
static bool is_word(struct span s, struct span text)
{
    if (s.n != text.n) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        if (lower(s.p[i]) != text.p[i]) {
            return false;
        }
    }
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct span trim(struct span s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s = span_from(s, 1);
    }
    while (s.n > 0 && is_blank(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

/* Is word among the comma-separated words of value? */
static bool has_word(struct span value, const char *word)
{
    while (value.n > 0) {
        struct span item = trim(span_take(&value, span_find(value, ',')));
        (void)span_take(&value, 1);
        if (is_word(item, span_str(word))) {
            return true;
        }
    }
    return false;
}

/* Takes one line off *rest, which ends in CRLF. A CR or LF alone, a NUL or another control character fails. */
static bool take_line(struct span *rest, struct span *ret_line)
{
    for (size_t i = 0; i < rest->n; i++) {
        uint8_t c = rest->p[i];
        if (c == '\r' && i + 1 < rest->n && rest->p[i + 1] == '\n') {
            *ret_line = span_take(rest, i);
            (void)span_take(rest, 2);
            return true;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return false;
}

static const struct {
    enum http_method method;
    const char *text;
} methods[] = {
    {HTTP_GET,     "GET"    },
    {HTTP_HEAD,    "HEAD"   },
    {HTTP_POST,    "POST"   },
    {HTTP_OPTIONS, "OPTIONS"},
};

static enum http_method method_of(struct span text)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (span_equal(text, span_str(methods[i].text))) {
            return methods[i].method;
        }
    }
    return HTTP_OTHER;
}

/* SPEC RFC9112 §"3.2.1. origin-form": only this form; an absolute URI could name another host than Host does. */
static bool is_origin_form(struct span target)
{
    for (size_t i = 0; i < target.n; i++) {
        if (target.p[i] <= 0x20 || target.p[i] >= 0x7f || target.p[i] == '#') {
            return false;
        }
    }
    return target.n > 0 && target.p[0] == '/';
}

static enum err parse_request_line(struct http_head *head, struct span line, const char **ret_rule)
{
    struct span rest = line;
    head->method_text = span_take(&rest, span_find(rest, ' '));
    (void)span_take(&rest, 1);
    struct span target = span_take(&rest, span_find(rest, ' '));
    (void)span_take(&rest, 1);
    *ret_rule = "http: the method is no token";
    if (!is_token(head->method_text)) {
        return ERR_MALFORMED;
    }
    *ret_rule = "http: the target is longer than allowed";
    if (target.n > HTTP_TARGET_LEN_MAX) {
        return ERR_LIMIT;
    }
    *ret_rule = "http: the target is not a path";
    if (!is_origin_form(target)) {
        return ERR_MALFORMED;
    }
    *ret_rule = "http: the version is not HTTP/1.1";
    if (!span_equal(rest, SPAN_LIT("HTTP/1.1"))) {
        bool is_version = span_starts_with(rest, SPAN_LIT("HTTP/")) && rest.n == 8;
        return is_version ? ERR_UNSUPPORTED : ERR_MALFORMED;
    }
    head->method = method_of(head->method_text);
    head->path = span_take(&target, span_find(target, '?'));
    head->query = span_from(target, 1);
    return OK;
}

/* Fields that may stand at most once, and where they go. */
struct single {
    const char *name;
    struct span *value;
};

/* What the fields say beside the values that struct http_head keeps. */
struct framing {
    struct span content_length;
    struct span connection;
    struct span upgrade;
    struct span websocket_version;
};

enum { SINGLES_COUNT = 14 };

static void
list_singles(struct single singles[static SINGLES_COUNT], struct http_head *head, struct framing *f)
{
    const struct single all[SINGLES_COUNT] = {
        {"host",                   &head->host              },
        {"origin",                 &head->origin            },
        {"authorization",          &head->authorization     },
        {"content-type",           &head->content_type      },
        {"sec-fetch-site",         &head->fetch_site        },
        {"if-none-match",          &head->if_none_match     },
        {"accept-encoding",        &head->accept_encoding   },
        {"sec-websocket-key",      &head->websocket_key     },
        {"sec-websocket-protocol", &head->websocket_protocol},
        {"content-length",         &f->content_length       },
        {"connection",             &f->connection           },
        {"upgrade",                &f->upgrade              },
        {"sec-websocket-version",  &f->websocket_version    },
        {"content-encoding",       NULL                     },
    };
    memcpy(singles, all, sizeof all);
}

static enum err parse_field(const struct single singles[static SINGLES_COUNT],
                            struct span line,
                            const char **ret_rule)
{
    struct span rest = line;
    struct span name = span_take(&rest, span_find(rest, ':'));
    /* SPEC RFC9112 §"5.1. Field Line Parsing": no white space before the colon, and (§5.2) no folded lines, whose first
     * character is one; neither is part of a token. */
    *ret_rule = "http: the name of a field is no token";
    if (!is_token(name) || rest.n == 0) {
        return ERR_MALFORMED;
    }
    struct span value = trim(span_from(rest, 1));
    /* SPEC RFC9112 §"6.1. Transfer-Encoding": with it and Content-Length two readers find different ends; we take none. */
    *ret_rule = "http: Transfer-Encoding is not taken";
    if (is_word(name, SPAN_LIT("transfer-encoding"))) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < SINGLES_COUNT; i++) {
        if (!is_word(name, span_str(singles[i].name))) {
            continue;
        }
        *ret_rule = "http: Content-Encoding is not taken";
        if (!singles[i].value) {
            return ERR_MALFORMED;
        }
        *ret_rule = "http: a field stands twice that may stand once";
        if (singles[i].value->p) {
            return ERR_MALFORMED;
        }
        *singles[i].value = value;
    }
    return OK;
}

static bool is_host(struct span host)
{
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] <= 0x20 || host.p[i] >= 0x7f || strchr(",/\\@?#\"<>", host.p[i])) {
            return false;
        }
    }
    return host.n > 0;
}

static enum err judge_body(struct http_head *head, const struct framing *f, const char **ret_rule)
{
    /* SPEC RFC9112 §"6.3. Message Body Length": a length that is not plain digits, or a list of them, is refused. */
    *ret_rule = "http: Content-Length is no plain number";
    head->has_content_length = f->content_length.p != NULL;
    if (head->has_content_length) {
        TRY(decimal_parse(&head->content_length, f->content_length, INT64_MAX));
    }
    *ret_rule = "http: GET and HEAD take no body";
    bool takes_none = head->method == HTTP_GET || head->method == HTTP_HEAD;
    return takes_none && head->content_length > 0 ? ERR_MALFORMED : OK;
}

static bool is_websocket_key(struct span key)
{
    uint8_t bytes[18];
    struct wr w = wr_init(MSPAN_OF(bytes));
    return key.n == 24 && base64_decode(&w, BASE64_STD, key) == OK && w.n == 16;
}

static enum err
judge_upgrade(struct http_head *head, const struct framing *f, const char **ret_rule)
{
    if (!has_word(f->upgrade, "websocket")) {
        return OK; /* offers of other protocols are passed over */
    }
    *ret_rule = "http: a WebSocket handshake lacks what it needs";
    bool is_asked = head->method == HTTP_GET && has_word(f->connection, "upgrade");
    if (!is_asked || !is_websocket_key(head->websocket_key)) {
        return ERR_MALFORMED;
    }
    /* SPEC RFC6455 §"4.2.1. Reading the Client's Opening Handshake": the version is 13. */
    if (!span_equal(f->websocket_version, SPAN_LIT("13"))) {
        return ERR_MALFORMED;
    }
    head->upgrades_to_websocket = true;
    return OK;
}

static enum err judge(struct http_head *head, const struct framing *f, const char **ret_rule)
{
    /* SPEC RFC9112 §"3.2. Request Target": a request has exactly one Host. */
    *ret_rule = "http: Host is missing or no host";
    if (!is_host(head->host)) {
        return ERR_MALFORMED;
    }
    head->keeps_alive = !has_word(f->connection, "close");
    TRY(judge_body(head, f, ret_rule));
    return judge_upgrade(head, f, ret_rule);
}

enum err http_head_parse(struct http_head *ret, struct span in, struct diag *why)
{
    struct http_head head = {.method = HTTP_OTHER};
    struct framing f = {0};
    struct single singles[SINGLES_COUNT];
    struct span rest = in;
    struct span line;
    const char *rule = NULL;
    list_singles(singles, &head, &f);
    if (in.n > HTTP_HEAD_LEN_MAX) {
        return diag_set(why, ERR_LIMIT, "http: the head is longer than allowed", HTTP_HEAD_LEN_MAX);
    }
    for (size_t i = 0; i <= HTTP_FIELDS_MAX + 1; i++) {
        size_t offset = in.n - rest.n;
        if (!take_line(&rest, &line)) {
            return diag_set(why, ERR_MALFORMED,
                            "http: a line does not end in CRLF, or holds a control character",
                            offset);
        }
        if (line.n > HTTP_LINE_LEN_MAX) {
            return diag_set(why, ERR_LIMIT, "http: a line is longer than allowed", offset);
        }
        if (i == 1) {
            head.fields = span_from(in, offset);
        }
        if (i > 0 && line.n == 0) {
            rule = "http: bytes behind the head";
            enum err e = rest.n == 0 ? judge(&head, &f, &rule) : ERR_MALFORMED;
            if (e == OK) {
                *ret = head;
                return OK;
            }
            return diag_set(why, e, rule, offset);
        }
        enum err e =
            i == 0 ? parse_request_line(&head, line, &rule) : parse_field(singles, line, &rule);
        if (e != OK) {
            return diag_set(why, e, rule, offset);
        }
    }
    return diag_set(why, ERR_LIMIT, "http: too many fields", in.n - rest.n);
}

bool http_head_find(struct span *ret_value, const struct http_head *head, const char *name)
{
    struct span rest = head->fields;
    struct span line;
    while (take_line(&rest, &line) && line.n > 0) {
        struct span n = span_take(&line, span_find(line, ':'));
        if (is_word(n, span_str(name))) {
            *ret_value = trim(span_from(line, 1));
            return true;
        }
    }
    return false;
}

bool http_media_type_is(struct span content_type, const char *type)
{
    return is_word(trim(span_first(content_type, span_find(content_type, ';'))), span_str(type));
}
