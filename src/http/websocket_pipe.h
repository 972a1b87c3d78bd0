#ifndef HTTP_WEBSOCKET_PIPE_H
#define HTTP_WEBSOCKET_PIPE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/span.h"
#include "http/websocket_frame.h"

#include <stdbool.h>

/* A WebSocket as a pipe of bytes, in either role, with its opening handshake: what libp2p's /ws carries. Binary messages
 * come out as the bytes that they hold, as these come in, wherever messages and frames begin and end; what is sent goes out
 * in one message a call. Bytes are unmasked and masked where they lie. Pings are answered. Time is the caller's to keep:
 * nothing here waits for ever but the peer's silence.
 *
 * Memory: sizeof(struct websocket_pipe); the handshake, up to WEBSOCKET_PIPE_HEAD_LEN_MAX, until it is over; control
 * frames not yet sent. All charged to cfg.budget. */
enum {
    WEBSOCKET_PIPE_HEAD_LEN_MAX = 8192, /* bytes of a request or answer */
    WEBSOCKET_PIPE_OUT_LEN_MAX = 4096,  /* bytes of control frames that a peer may make us owe */
    WEBSOCKET_PIPE_KEY_LEN = 24,
};

struct websocket_pipe_cfg {
    bool is_client;
    struct span host; /* client: the Host that it asks for; used by init only */
    struct rng *rng;  /* outlives the pipe */
    struct budget *budget;
};

enum websocket_pipe_state { WEBSOCKET_PIPE_SHAKING, WEBSOCKET_PIPE_OPEN, WEBSOCKET_PIPE_CLOSED };

struct websocket_pipe {
    struct websocket_pipe_cfg cfg;
    enum websocket_pipe_state state;
    struct buf head; /* of the handshake, as far as it has come */
    struct buf out;
    char key[WEBSOCKET_PIPE_KEY_LEN];
    uint8_t frame_head[WEBSOCKET_FRAME_HEAD_LEN_MAX];
    uint8_t frame_head_n;
    struct websocket_frame frame;
    bool in_frame;
    bool in_message; /* a message in pieces is not finished */
    uint64_t frame_at;
    uint8_t control[WEBSOCKET_FRAME_CONTROL_LEN_MAX];
    uint8_t control_n;
    const char *rule; /* static text: why it was closed, NULL = in the ordinary way */
};

/* websocket_pipe_init: ERR_LIMIT; then p is safe for done. A client's request waits in websocket_pipe_send at once. */
MUST_CHECK enum err websocket_pipe_init(struct websocket_pipe *p,
                                        const struct websocket_pipe_cfg *cfg);
void websocket_pipe_done(struct websocket_pipe *p);

/* websocket_pipe_recv takes bytes off the front of *in, up to the end of a run of payload, which is *ret_data: a part of
 * in, unmasked, empty if there was none. Call it until *in is empty. ERR_CLOSED: the peer said goodbye; ERR_MALFORMED,
 * ERR_LIMIT: p->rule. After an error send what websocket_pipe_send still has, and close. */
MUST_CHECK enum err
websocket_pipe_recv(struct websocket_pipe *p, struct span *ret_data, struct mspan *in);

/* websocket_pipe_send gives what handshake and control frames have to say; 0 = nothing. It goes ahead of messages. */
size_t websocket_pipe_send(struct websocket_pipe *p, struct mspan out);

/* websocket_pipe_room is where in out the payload of a message goes; websocket_pipe_wrap makes a message of its first len
 * bytes, len > 0: it is the span that is returned, a part of out. Only while OPEN. */
struct mspan websocket_pipe_room(struct mspan out);
struct span websocket_pipe_wrap(struct websocket_pipe *p, struct mspan out, size_t len);

/* websocket_pipe_close says goodbye; nothing is wrapped any more. */
void websocket_pipe_close(struct websocket_pipe *p);

#endif
