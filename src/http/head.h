#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The head of an HTTP/1.1 request (RFC 9112), read strictly: whatever servers and proxies are known to read in two ways is
 * refused. Lines end in CRLF; no line is folded; nothing stands between a name and its colon; there is exactly one Host,
 * and at most one of each field below; a body has a Content-Length in plain digits and never a Transfer-Encoding. */
enum {
    HTTP_HEAD_LEN_MAX = 16384, /* bytes of request line and fields, with the empty line */
    HTTP_TARGET_LEN_MAX = 4096,
    HTTP_LINE_LEN_MAX = 8192, /* bytes of one line, without its end */
    HTTP_FIELDS_MAX = 64,
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OPTIONS, HTTP_OTHER };

/* All spans point into the head that was parsed. A field that is absent is an empty span with p NULL; one that is there but
 * empty has p set. */
struct http_head {
    enum http_method method;
    struct span method_text;
    struct span path;  /* begins with '/', as it was sent: nothing is decoded */
    struct span query; /* behind '?', without it */
    struct span host;
    struct span origin;
    struct span authorization;
    struct span content_type;
    struct span fetch_site; /* Sec-Fetch-Site */
    struct span if_none_match;
    struct span accept_encoding;
    uint64_t content_length; /* bytes; 0 if there is none */
    bool has_content_length;
    bool keeps_alive;
    bool upgrades_to_websocket; /* with all that RFC 6455 section 4.2.1 asks for */
    struct span websocket_key;  /* 24 characters */
    struct span websocket_protocol;
    struct span fields; /* all of them, for http_head_find */
};

/* http_head_end is the length of the head at the front of in, its empty line included; 0 if the end is not there yet. */
size_t http_head_end(struct span in);

/* http_head_parse reads one whole head. ERR_MALFORMED: refuse with 400; ERR_UNSUPPORTED: another HTTP version, 505; ERR_LIMIT: 431.
 * why says the rule that was broken and where. */
MUST_CHECK enum err http_head_parse(struct http_head *ret, struct span head, struct diag *why);

/* http_head_find gives the first field of that name (lower case), for those that have no place above. */
bool http_head_find(struct span *ret_value, const struct http_head *head, const char *name);

/* http_media_type_is: does a Content-Type value name this type (lower case), whatever its parameters? */
bool http_media_type_is(struct span content_type, const char *type);

#endif
