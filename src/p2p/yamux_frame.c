/* The header of yamux frames: libp2p/yamux §"Framing". */
#include "p2p/yamux_frame.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"

void yamux_frame_encode(uint8_t ret_header[static YAMUX_HEADER_LEN], const struct yamux_frame *f)
{
    struct wr w = wr_init(mspan_of(ret_header, YAMUX_HEADER_LEN));
    wr_u8(&w, 0);
    wr_u8(&w, (uint8_t)f->type);
    wr_be16(&w, f->flags);
    wr_be32(&w, f->stream_id);
    wr_be32(&w, f->length);
    check(wr_ok(&w));
}

enum err yamux_frame_decode(struct yamux_frame *ret_frame,
                            const uint8_t header[static YAMUX_HEADER_LEN],
                            struct diag *d)
{
    struct rd r = rd_init(span_of(header, YAMUX_HEADER_LEN));
    uint8_t version = rd_u8(&r);
    uint8_t type = rd_u8(&r);
    struct yamux_frame f = {.flags = rd_be16(&r)};
    f.stream_id = rd_be32(&r);
    f.length = rd_be32(&r);
    check(rd_end(&r));
    /* SPEC libp2p/yamux §"Framing": the version is 0; another one cannot be understood. */
    if (version != 0) {
        return diag_set(d, ERR_MALFORMED, "yamux version is not 0", 0);
    }
    if (type > YAMUX_TYPE_GO_AWAY) {
        return diag_set(d, ERR_MALFORMED, "unknown yamux frame type", 1);
    }
    f.type = (enum yamux_type)type;
    /* SPEC libp2p/yamux §"StreamID field": id 0 stands for the session and carries no stream's data. */
    if (f.stream_id == 0 && f.type <= YAMUX_TYPE_WINDOW_UPDATE) {
        return diag_set(d, ERR_MALFORMED, "data or window update for stream 0", 4);
    }
    *ret_frame = f;
    return OK;
}
