#ifndef NODE_WEB_H
#define NODE_WEB_H

#include "base/list.h"
#include "http/gate.h"
#include "http/http.h"
#include "http/websocket.h"
#include "node/api/door.h"
#include "node/api/page.h"
#include "node/net/loop.h"

/* A local API, and the page, over HTTP and WebSocket on 127.0.0.1 and [::1], one port. Every request passes the gate
 * (Host, Origin, content type) before anything else looks at it. */
enum {
    WEB_CONN_COUNT_MAX = 64,
    WEB_HOST_LEN_MAX = 64,
    WEB_WRITE_LEN = 16 * 1024,
    WEB_AUTH_MS = 2000
};

struct web_cfg {
    struct loop *loop;
    struct budget *budget;
    struct log *log;
    struct door *door;
    const struct page *page; /* NULL: there is none, and only what the door shows */
    const char *name;        /* of this machine, as clients have to say it: "passmesh.localhost" */
    bool is_ip4_only;        /* not also on [::1]: for a name that is never looked up */
    uint16_t port;
    void (*pump)(void *user); /* after requests were given to the door: see to its answers */
    void *user;
};

struct web {
    struct web_cfg cfg;
    char host[WEB_HOST_LEN_MAX];       /* name and port: passmesh.localhost:7878 */
    char origin[WEB_HOST_LEN_MAX + 8]; /* http:// and host */
    struct gate gate;
    struct http_cfg http;
    struct websocket_cfg websocket;
    uv_tcp_t listeners[2];
    size_t listener_count;
    struct list conns;
    size_t conn_count;
    uint64_t next_id;
};

/* web_start listens. ERR_STATE: the port is taken (*ret_holder names the program if it can be told, else ""); ERR_IO. */
enum { WEB_HOLDER_LEN = 64 };
MUST_CHECK enum err
web_start(struct web *w, const struct web_cfg *cfg, char ret_holder[static WEB_HOLDER_LEN]);

/* web_stop closes everything; the loop must turn before w's memory goes. */
void web_stop(struct web *w);

/* web_deliver gives an event of the API to the connection that asked; false if it is not one of ours (any more). */
bool web_deliver(struct web *w, const struct api_event *e);

#endif
