/* The gate of the local API. */
#include "http/gate.h"

static bool changes_nothing(const struct http_head *head)
{
    bool is_read = head->method == HTTP_GET || head->method == HTTP_HEAD;
    return is_read && !head->upgrades_to_websocket;
}

enum gate_verdict gate_check(const struct gate *gate, const struct http_head *head)
{
    if (!span_equal(head->host, gate->host)) {
        return GATE_WRONG_HOST;
    }
    bool has_origin = head->origin.p != NULL;
    if (has_origin ? !span_equal(head->origin, gate->origin) : !changes_nothing(head)) {
        return GATE_WRONG_ORIGIN;
    }
    /* Absent from older browsers and from programs; a person who follows a link from elsewhere may still open the page. */
    bool is_own = !head->fetch_site.p || span_equal(head->fetch_site, SPAN_LIT("same-origin")) ||
                  span_equal(head->fetch_site, SPAN_LIT("none"));
    struct span mode = SPAN_EMPTY;
    bool is_visit = changes_nothing(head) && http_head_find(&mode, head, "sec-fetch-mode") &&
                    span_equal(mode, SPAN_LIT("navigate"));
    if (!is_own && !is_visit) {
        return GATE_CROSS_SITE;
    }
    bool has_body = head->method == HTTP_POST;
    if (has_body && !http_media_type_is(head->content_type, "application/json")) {
        return GATE_WRONG_TYPE;
    }
    return GATE_OPEN;
}
