/* The head of a WebSocket frame: RFC 6455 section 5.2. */
#include "http/websocket_frame.h"

#include "base/rd.h"

enum { FIN = 0x80, MASKED = 0x80, RESERVED = 0x70, LEN_16 = 126, LEN_64 = 127 };

size_t websocket_frame_head_len(struct span head)
{
    if (head.n < WEBSOCKET_FRAME_HEAD_LEN_MIN) {
        return WEBSOCKET_FRAME_HEAD_LEN_MIN;
    }
    uint8_t len = head.p[1] & 0x7f;
    size_t more = len == LEN_16 ? 2 : len == LEN_64 ? 8 : 0;
    return WEBSOCKET_FRAME_HEAD_LEN_MIN + more +
           (head.p[1] & MASKED ? (size_t)WEBSOCKET_MASK_LEN : 0);
}

const char *websocket_frame_judge(const uint8_t head[static 2])
{
    uint8_t opcode = head[0] & 0x0f;
    bool fin = (head[0] & FIN) != 0;
    uint8_t len = head[1] & 0x7f;
    if (head[0] & RESERVED) {
        return "websocket: an extension that was not agreed";
    }
    bool is_known =
        opcode <= WEBSOCKET_BINARY || (opcode >= WEBSOCKET_CLOSE && opcode <= WEBSOCKET_PONG);
    if (!is_known) {
        return "websocket: unknown opcode";
    }
    /* SPEC RFC6455 §"5.5. Control Frames": at most 125 bytes, and never in pieces. */
    if (websocket_is_control(opcode) && (!fin || len > WEBSOCKET_FRAME_CONTROL_LEN_MAX)) {
        return "websocket: a control frame that is long or in pieces";
    }
    return NULL;
}

bool websocket_frame_decode(struct websocket_frame *ret, struct span head)
{
    struct rd r = rd_init(head);
    struct websocket_frame f = {0};
    uint8_t first = rd_u8(&r);
    uint8_t second = rd_u8(&r);
    f.fin = (first & FIN) != 0;
    f.opcode = first & 0x0f;
    f.is_masked = (second & MASKED) != 0;
    f.len = second & 0x7f;
    bool is_shortest = true;
    if (f.len == LEN_16) {
        f.len = rd_be16(&r);
        is_shortest = f.len > WEBSOCKET_FRAME_CONTROL_LEN_MAX;
    } else if (f.len == LEN_64) {
        f.len = rd_be64(&r);
        is_shortest = f.len > UINT16_MAX;
    }
    if (f.is_masked) {
        rd_copy(&r, MSPAN_OF(f.mask));
    }
    *ret = f;
    return is_shortest && rd_ok(&r);
}

void websocket_frame_write(struct wr *w, struct websocket_frame_args args)
{
    uint8_t masked = args.mask ? MASKED : 0;
    wr_u8(w, (uint8_t)(FIN | args.opcode));
    if (args.len <= WEBSOCKET_FRAME_CONTROL_LEN_MAX) {
        wr_u8(w, (uint8_t)(masked | args.len));
    } else if (args.len <= UINT16_MAX) {
        wr_u8(w, masked | LEN_16);
        wr_be16(w, (uint16_t)args.len);
    } else {
        wr_u8(w, masked | LEN_64);
        wr_be64(w, args.len);
    }
    if (args.mask) {
        wr_bytes(w, span_of(args.mask, WEBSOCKET_MASK_LEN));
    }
}

void websocket_mask(uint8_t *out,
                    struct span in,
                    const uint8_t mask[static WEBSOCKET_MASK_LEN],
                    uint64_t at)
{
    for (size_t i = 0; i < in.n; i++) {
        out[i] = in.p[i] ^ mask[(at + i) & 3];
    }
}
