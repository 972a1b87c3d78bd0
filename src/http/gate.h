#ifndef HTTP_GATE_H
#define HTTP_GATE_H

#include "http/head.h"

/* Who may speak to the local API at all, before any session is looked at: the page that we served ourselves. A page of another
 * origin, and a name that was bound anew to our address, fail here. */
struct gate {
    struct span host;   /* exactly, with the port: passmesh.localhost:7878 */
    struct span origin; /* exactly: http://passmesh.localhost:7878 */
};

enum gate_verdict {
    GATE_OPEN,
    GATE_WRONG_HOST, /* 403: also a rebound name; its requests may carry no Origin, so Host alone must stop them */
    GATE_WRONG_ORIGIN, /* 403: foreign, null, or missing where it is required: for all but GET and HEAD, and for WebSocket */
    GATE_CROSS_SITE,   /* 403: the browser itself says that another site asks (Sec-Fetch-Site) */
    GATE_WRONG_TYPE /* 415: a body that is not application/json: what a form of another page could send */
};

enum gate_verdict gate_check(const struct gate *gate, const struct http_head *head);

#endif
