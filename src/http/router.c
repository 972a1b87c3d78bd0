/* The table of methods and paths. */
#include "http/router.h"

#include "base/check.h"
#include "base/wr.h"

static bool is_method(const struct route *route, enum http_method method)
{
    return route->method == method || (route->method == HTTP_GET && method == HTTP_HEAD);
}

enum router_answer router_find(int *ret_id,
                               const struct route *routes,
                               size_t routes_count,
                               const struct http_head *head)
{
    enum router_answer answer = ROUTER_NO_PATH;
    for (size_t i = 0; i < routes_count; i++) {
        if (!span_equal(head->path, span_str(routes[i].path))) {
            continue;
        }
        if (is_method(&routes[i], head->method)) {
            *ret_id = routes[i].id;
            return ROUTER_FOUND;
        }
        answer = ROUTER_NO_METHOD;
    }
    return answer;
}

static const char *method_name(enum http_method method)
{
    switch (method) {
    case HTTP_GET:     return "GET, HEAD";
    case HTTP_HEAD:    return "HEAD";
    case HTTP_POST:    return "POST";
    case HTTP_OPTIONS: return "OPTIONS";
    case HTTP_OTHER:   break;
    }
    return "";
}

void router_allow(
    char *out, size_t cap, const struct route *routes, size_t routes_count, struct span path)
{
    struct wr w = wr_init(mspan_of(out, cap - 1));
    wr_str(&w, "Allow: ");
    bool is_first = true;
    for (size_t i = 0; i < routes_count; i++) {
        if (span_equal(path, span_str(routes[i].path))) {
            wr_str(&w, is_first ? "" : ", ");
            wr_str(&w, method_name(routes[i].method));
            is_first = false;
        }
    }
    wr_str(&w, "\r\n");
    check(wr_ok(&w));
    out[w.n] = '\0';
}
