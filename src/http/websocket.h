#ifndef HTTP_WEBSOCKET_H
#define HTTP_WEBSOCKET_H

#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"

/* The server's side of a WebSocket (RFC 6455) after its handshake.
 *
 * A client's frames must be masked, without extension bits, in the shortest length form; pieces of a message are put together up to
 * message_len_max; text must be UTF-8. Pings are answered by themselves. A violation is answered with a close frame that says
 * which (1002, 1007, 1009) and ends the connection.
 *
 * Memory: sizeof(struct websocket); the message in progress, as far as it has come; what is to be sent, up to
 * out_len_max: websocket_write refuses more, so a reader that is too slow is the caller's to drop. All charged to cfg.budget. */
enum {
    WEBSOCKET_MESSAGE_LEN_MAX = 1 << 20,
    WEBSOCKET_OUT_LEN_MAX = 1 << 20,
    WEBSOCKET_PING_INTERVAL_MS = 30000, /* of silence, then a ping */
    WEBSOCKET_PONG_TIMEOUT_MS = 20000,  /* without a byte after our ping */
    WEBSOCKET_CLOSE_TIMEOUT_MS = 3000,  /* for the client's close frame */
    WEBSOCKET_ACCEPT_LEN = 28,
    WEBSOCKET_CONTROL_LEN_MAX = 125
};

struct websocket_cfg {
    struct budget *budget;
    size_t message_len_max; /* 0: as above; the others likewise */
    size_t out_len_max;
    uint32_t ping_interval_ms;
    uint32_t pong_timeout_ms;
};

enum websocket_state { WEBSOCKET_OPEN, WEBSOCKET_CLOSING, WEBSOCKET_CLOSED };

enum websocket_event_kind { WEBSOCKET_EVENT_MESSAGE, WEBSOCKET_EVENT_CLOSED };

struct websocket_event {
    enum websocket_event_kind kind;
    bool is_text;
    struct span message; /* lives until the next websocket_recv or done */
    uint16_t
        code; /* CLOSED: what the client said or we found; 1005: none was said, 1006: no close frame */
    enum err err; /* CLOSED: ERR_CLOSED in the usual way, ERR_MALFORMED, ERR_LIMIT, ERR_TIMEOUT */
    struct diag diag;
};

struct websocket {
    const struct websocket_cfg *cfg;
    enum websocket_state state;
    struct buf message; /* the payload that has come, unmasked */
    struct buf out;
    size_t out_sent;
    uint8_t head[14];
    uint8_t head_n;
    uint8_t mask[4];
    uint64_t frame_left; /* payload bytes of the frame in progress */
    uint64_t frame_at;   /* payload bytes of it that have come */
    uint8_t opcode;      /* of the frame in progress */
    bool fin;
    bool in_frame;
    uint8_t message_opcode; /* 0: no message in progress */
    uint8_t control[WEBSOCKET_CONTROL_LEN_MAX];
    uint8_t control_n;
    uint8_t pong[WEBSOCKET_CONTROL_LEN_MAX];
    uint8_t pong_n;
    bool pong_waits;
    bool ping_is_out;
    bool close_came; /* the client's close frame, or a violation: nothing more is read */
    bool message_event_waits;
    bool closed_event_waits;
    bool message_is_out; /* the caller looks at message */
    uint16_t code;
    enum err err;
    struct diag diag;
    instant deadline;
};

/* websocket_accept computes Sec-WebSocket-Accept from Sec-WebSocket-Key (RFC 6455 section 4.2.2). */
void websocket_accept(char out[static WEBSOCKET_ACCEPT_LEN], struct span key);

void websocket_init(struct websocket *ws, const struct websocket_cfg *cfg, instant now);

/* websocket_recv takes bytes off *in; it stops early while a MESSAGE waits to be polled. OK, or the reason once CLOSED. */
enum err websocket_recv(struct websocket *ws, instant now, struct span *in);
void websocket_recv_end(struct websocket *ws);
size_t websocket_send(struct websocket *ws, instant now, struct mspan out);
bool websocket_poll(struct websocket *ws, struct websocket_event *ret_event);
instant websocket_deadline(const struct websocket *ws);
void websocket_tick(struct websocket *ws, instant now);
void websocket_done(struct websocket *ws);

/* websocket_write queues one whole text message. ERR_LIMIT: out_len_max or the budget; nothing is queued. ERR_STATE: not open. */
MUST_CHECK enum err websocket_write(struct websocket *ws, struct span text);

/* websocket_close starts the closing handshake: code is 1000 to 1014 or 3000 to 4999; reason is short static text. */
void websocket_close(struct websocket *ws, instant now, uint16_t code, const char *reason);

#endif
