#ifndef HTTP_WEBSOCKET_FRAME_H
#define HTTP_WEBSOCKET_FRAME_H

#include "base/span.h"
#include "base/wr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The head of a WebSocket frame (RFC 6455 section 5.2), in both roles:
 *
 *     FIN 1 bit | reserved 3 | opcode 4 || mask? 1 | length 7 || [length 16 or 64] || [mask 32]
 */
enum websocket_opcode {
    WEBSOCKET_MORE = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10
};

enum {
    WEBSOCKET_FRAME_HEAD_LEN_MIN = 2,
    WEBSOCKET_FRAME_HEAD_LEN_MAX = 14,
    WEBSOCKET_MASK_LEN = 4,
    WEBSOCKET_FRAME_CONTROL_LEN_MAX = 125 /* bytes of payload */
};

struct websocket_frame {
    bool fin;
    bool is_masked;
    uint8_t opcode;
    uint8_t mask[WEBSOCKET_MASK_LEN];
    uint64_t len;
};

/* websocket_frame_head_len is how long the head is, judged by what is there of it; at least what that needs. */
size_t websocket_frame_head_len(struct span head);

/* websocket_frame_judge looks at the first two bytes: NULL, or the rule that they break by themselves. */
const char *websocket_frame_judge(const uint8_t head[static 2]);

/* websocket_frame_decode reads a whole head; false if its length is not in the shortest form. */
bool websocket_frame_decode(struct websocket_frame *ret, struct span head);

/* websocket_frame_write writes the head of a frame that is a message of its own; mask may be NULL. */
struct websocket_frame_args {
    enum websocket_opcode opcode;
    size_t len;
    const uint8_t *mask; /* WEBSOCKET_MASK_LEN bytes */
};
void websocket_frame_write(struct wr *w, struct websocket_frame_args args);

static inline bool websocket_is_control(uint8_t opcode)
{
    return opcode >= WEBSOCKET_CLOSE;
}

/* websocket_mask masks or unmasks in to out, which may be the same bytes; at is where in the payload they stand. */
void websocket_mask(uint8_t *out,
                    struct span in,
                    const uint8_t mask[static WEBSOCKET_MASK_LEN],
                    uint64_t at);

#endif
