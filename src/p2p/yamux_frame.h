#ifndef P2P_YAMUX_FRAME_H
#define P2P_YAMUX_FRAME_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* The fixed header of a yamux frame (libp2p/yamux §"Framing"), big endian:
 *
 *   0         1         2                   4                   8                  12
 *   +---------+---------+-------------------+-------------------+-------------------+
 *   | version | type    | flags             | stream id         | length            |
 *   +---------+---------+-------------------+-------------------+-------------------+
 *
 * length is the payload's for data, a window delta, a ping's opaque value, or a go-away code. */
enum { YAMUX_HEADER_LEN = 12 };

enum yamux_type { YAMUX_TYPE_DATA, YAMUX_TYPE_WINDOW_UPDATE, YAMUX_TYPE_PING, YAMUX_TYPE_GO_AWAY };

enum { YAMUX_FLAG_SYN = 1, YAMUX_FLAG_ACK = 2, YAMUX_FLAG_FIN = 4, YAMUX_FLAG_RST = 8 };

struct yamux_frame {
    enum yamux_type type;
    uint16_t flags;
    uint32_t stream_id;
    uint32_t length;
};

void yamux_frame_encode(uint8_t ret_header[static YAMUX_HEADER_LEN], const struct yamux_frame *f);

/* yamux_frame_decode reads a header: ERR_MALFORMED for another version, an unknown type, or data and
 * window updates for stream 0; d (may be NULL) says which. Unknown flags are kept and mean nothing. */
MUST_CHECK enum err yamux_frame_decode(struct yamux_frame *ret_frame,
                                       const uint8_t header[static YAMUX_HEADER_LEN],
                                       struct diag *d);

#endif
