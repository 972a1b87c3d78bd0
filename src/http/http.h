#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "http/head.h"

/* The server's side of one HTTP/1.1 connection, for the local API.
 *
 *   IDLE --byte--> HEAD --whole--> BODY --whole--> WAITING --http_respond--> SENDING --sent--> IDLE
 *                   |               |                 \--http_upgrade--> SENDING --sent--> UPGRADED
 *                   \---------------\--bad or late: an answer that says so--> SENDING --sent--> CLOSED
 *
 * One request at a time: what a client sends ahead stays in the caller's input until the answer is given, so answers
 * leave in the order of the requests and a client that sends much waits. A refused head is answered with 400 (408, 413, 431,
 * 505 ...) and the rule that was broken, and ends the connection: nothing that follows it is read.
 *
 * Memory: sizeof(struct http); while a request is read or answered, its bytes (up to HTTP_HEAD_LEN_MAX + body_len_max), and what
 * is not sent of a copied answer (up to answer_len_max + 1 KiB), all charged to cfg.budget. An idle connection holds nothing. */

enum {
    HTTP_BODY_LEN_MAX = 1 << 20,
    HTTP_ANSWER_LEN_MAX = 4 << 20,
    HTTP_IDLE_TIMEOUT_MS = 60000, /* between requests */
    HTTP_HEAD_TIMEOUT_MS = 10000, /* from the first byte of a head to its end */
    HTTP_BODY_TIMEOUT_MS = 20000, /* from the end of the head to the end of the body */
    HTTP_SEND_TIMEOUT_MS = 30000, /* without a byte taken */
};

struct http_cfg {
    struct budget *budget; /* of the connection; outlives the engine */
    size_t body_len_max;   /* 0: HTTP_BODY_LEN_MAX */
    size_t answer_len_max; /* of copied bodies; 0: HTTP_ANSWER_LEN_MAX */
    const char *
        fields; /* lines that every answer carries, each with its CRLF ("Cache-Control: no-store\r\n..."); borrowed */
    uint32_t idle_timeout_ms; /* 0: as above; the others likewise */
    uint32_t head_timeout_ms;
    uint32_t body_timeout_ms;
    uint32_t send_timeout_ms;
};

enum http_state {
    HTTP_IDLE,
    HTTP_IN_HEAD,
    HTTP_IN_BODY,
    HTTP_WAITING,
    HTTP_SENDING,
    HTTP_UPGRADED,
    HTTP_CLOSED
};

enum http_event_kind {
    HTTP_EVENT_REQUEST,  /* answer with http_respond or http_upgrade, now or later */
    HTTP_EVENT_REFUSED,  /* a bad request was answered: for the log. CLOSED follows */
    HTTP_EVENT_UPGRADED, /* the 101 has been sent: bytes now belong to the WebSocket */
    HTTP_EVENT_CLOSED    /* nothing more comes or goes: close the socket */
};

struct http_event {
    enum http_event_kind kind;
    const struct http_head *head; /* REQUEST: lives until it is answered */
    struct span body;             /* REQUEST: likewise */
    unsigned status;              /* REFUSED */
    enum err
        err; /* REFUSED, CLOSED: ERR_CLOSED in the usual way, ERR_TIMEOUT, ERR_LIMIT (budget) ... */
    struct diag diag; /* REFUSED */
};

struct http_answer {
    unsigned status;          /* 200 to 599 */
    const char *content_type; /* NULL: none */
    const char *
        fields; /* further lines, each with its CRLF; NULL: none. Ours, never made of what a client sent */
    struct span body;
    bool body_is_static; /* body outlives the connection and is not copied */
    bool closes;         /* end the connection behind this answer */
};

struct http {
    const struct http_cfg *cfg;
    enum http_state state;
    struct buf in;  /* head and body of the request in progress */
    struct buf out; /* what is to be sent, copied */
    size_t out_sent;
    struct span static_body; /* what is to be sent behind it */
    struct http_head head;
    size_t head_len;
    bool request_event_waits;
    bool refused_event_waits;
    bool upgraded_event_waits;
    bool closed_event_waits;
    bool closes;   /* after the answer in progress */
    bool upgrades; /* likewise */
    bool input_ended;
    unsigned refused_status;
    enum err err;
    struct diag diag;
    instant deadline;
};

void http_init(struct http *h, const struct http_cfg *cfg, instant now);

/* http_recv takes bytes off *in, at most to the end of one request; it takes none while an answer is owed or being sent, after
 * an upgrade, or when closed. Returns OK, or the reason once the connection is CLOSED. */
enum err http_recv(struct http *h, instant now, struct span *in);

/* http_recv_end tells that the client sends nothing more. An answer in progress is still sent. */
void http_recv_end(struct http *h, instant now);

size_t http_send(struct http *h, instant now, struct mspan out);
bool http_poll(struct http *h, struct http_event *ret_event);
instant http_deadline(const struct http *h);
void http_tick(struct http *h, instant now);
void http_done(struct http *h);

/* http_respond answers the request. ERR_STATE: none is waiting; ERR_LIMIT: the answer is larger than answer_len_max or the budget: the
 * request still waits, answer something smaller. */
MUST_CHECK enum err http_respond(struct http *h, instant now, const struct http_answer *answer);

/* http_upgrade answers a request whose head upgrades_to_websocket with 101. After UPGRADED make a websocket and give it all
 * further input. ERR_STATE: no such request is waiting. */
MUST_CHECK enum err http_upgrade(struct http *h, instant now);

/* http_status_text is the reason phrase of a status that we use; "" for others. */
const char *http_status_text(unsigned status);

#endif
