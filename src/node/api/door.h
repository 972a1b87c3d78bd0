#ifndef NODE_DOOR_H
#define NODE_DOOR_H

#include "base/span.h"
#include "wallet/coded.h"
#include "wallet/wallet.h"

/* What the transports (web.h, local.h) need of whoever answers behind them: the wallet's API in a daemon (api_door), the
 * operator's in a server (operator.h). Requests go in through the door; answers and pushed events come back through web_deliver and
 * local_deliver. */
enum {
    API_REQUEST_LEN_MAX = 256 * 1024,
    API_REPLY_LEN_MAX = 2 * 1024 * 1024,
    API_TOKEN_LEN = 43,
    API_CODE_LEN = 43,
};

/* Which way a request came; each offers the methods that the API gives it. */
enum api_way {
    API_WAY_HTTP,      /* all but subscribe: there is nobody to push to */
    API_WAY_WEBSOCKET, /* subscribe alone */
    API_WAY_LOCAL,     /* the Unix socket: all, without a session */
};

/* Who asks. id is the transport's number of the connection (never used again) or of the one request. */
struct api_caller {
    uint64_t id;
    enum api_way way;
};

struct api_event {
    uint64_t caller;
    struct span text; /* JSON; until the next call */
    uint16_t http;    /* status for an HTTP answer */
    bool is_reply;    /* the answer to a request; else a pushed event */
};

/* What a session is asked for with: {"code": ...}, and what its token is to be bound to. */
struct api_session_args {
    struct span body;
    struct span host;
    struct span origin;
};

/* Who shows a token. origin is empty for a GET of a program. */
struct api_bearer {
    struct span token;
    struct span host;
    struct span origin;
};

/* What a GET is answered with; static, or until the next call. */
struct door_document {
    const char *type;
    struct span text;
};

struct door {
    /* Takes one JSON-RPC request. */
    void (*request)(struct door *self,
                    struct wallet_time t,
                    struct api_caller caller,
                    struct span text);
    /* Forgets subscriptions and answers that wait for this caller. */
    void (*caller_gone)(struct door *self, uint64_t caller);
    /* Is it a token of ours, for this host and origin? In constant time in the token. */
    bool (*session_check)(struct door *self, struct wallet_time t, const struct api_bearer *bearer);
    /* An answer for what never was a request (no session, wrong host), until the next call. */
    struct span (*error_text)(struct door *self, const struct coded *why, uint16_t *ret_http);

    /* Trades a code for a token; NULL: there are no codes here. */
    void (*session_open)(struct door *self,
                         struct wallet_time t,
                         const struct api_session_args *args,
                         struct span *ret_text,
                         uint16_t *ret_http);
    void (*code_make)(struct door *self,
                      struct wallet_time t,
                      char ret_code[static API_CODE_LEN + 1]);
    /* What a GET with a token gets at this path; NULL: there is only the page, which needs none. */
    bool (*document)(struct door *self,
                     struct wallet_time t,
                     struct span path,
                     struct door_document *ret_document);
};

#endif
