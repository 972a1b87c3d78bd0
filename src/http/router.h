#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/head.h"

/* A table of methods and paths. Paths are compared byte by byte, nothing is decoded or put in order: a path with "..", "%" or a
 * doubled slash is simply not in the table. */
struct route {
    enum http_method method;
    const char *path;
    int id; /* the caller's */
};

enum router_answer {
    ROUTER_FOUND,
    ROUTER_NO_PATH,  /* 404 */
    ROUTER_NO_METHOD /* 405: the path is there for another method */
};

/* router_find: *ret_id is set for ROUTER_FOUND. HEAD finds the route of GET. */
enum router_answer router_find(int *ret_id,
                               const struct route *routes,
                               size_t routes_count,
                               const struct http_head *head);

/* router_allow writes the Allow field of a path ("Allow: GET, POST\r\n") for a 405, NUL-terminated; cap >= 64. */
void router_allow(
    char *out, size_t cap, const struct route *routes, size_t routes_count, struct span path);

#endif
