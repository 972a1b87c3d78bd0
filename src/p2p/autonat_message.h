#ifndef P2P_AUTONAT_MESSAGE_H
#define P2P_AUTONAT_MESSAGE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"
#include "codec/protobuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The messages of AutoNAT 2 and 1 (libp2p specs, autonat/autonat-v2.md and autonat-v1.md, "RPC Messages"), without the
 * length in front. Spans lie in the input. */

enum {
    AUTONAT_LEN_MAX = 8192, /* bytes of one message: go's limit */
    AUTONAT_ADDRS_MAX = 50, /* of one request */
    AUTONAT_DATA_LEN_MAX = 4096,
};

enum autonat_kind {
    AUTONAT_REQUEST = 1,  /* addrs, nonce. The numbers are those of the fields */
    AUTONAT_RESPONSE,     /* status, addr_index, dial_status */
    AUTONAT_DATA_REQUEST, /* addr_index, data_len */
    AUTONAT_DATA,         /* data */
};

/* What a server says of a request, and of the one dial that it made. In version 1 the names stand for other numbers. */
enum autonat_status {
    AUTONAT_STATUS_INTERNAL = 0,
    AUTONAT_STATUS_REJECTED = 100, /* limits */
    AUTONAT_STATUS_REFUSED = 101,  /* it dials none of these */
    AUTONAT_STATUS_OK = 200,
};
enum autonat_dial_status {
    AUTONAT_DIAL_UNUSED = 0,
    AUTONAT_DIAL_ERROR = 100,
    AUTONAT_DIAL_BACK_ERROR = 101,
    AUTONAT_DIAL_OK = 200,
};

struct autonat_message {
    enum autonat_kind kind;
    struct span body;   /* of a request: its addresses lie here, see autonat_next_addr */
    size_t addrs_count; /* as sent */
    uint64_t nonce;
    uint64_t status; /* as sent: may be none that we know */
    uint64_t dial_status;
    uint32_t addr_index;
    uint64_t data_len; /* bytes that are asked for */
    struct span data;
};

/* autonat_decode: ERR_MALFORMED; ERR_LIMIT: more than AUTONAT_ADDRS_MAX addresses; ERR_UNSUPPORTED: of no kind that we
 * know. */
MUST_CHECK enum err autonat_decode(struct autonat_message *ret_message, struct span in);

/* autonat_encode writes the message; a request takes its addresses from addrs. */
void autonat_encode(struct wr *w, const struct autonat_message *m, const struct span *addrs);

/* autonat_next_addr takes the next address, valid or not, off *rest, which starts as a message's body. */
bool autonat_next_addr(struct span *ret_addr, struct span *rest);

/* DialBack and its answer: their whole content. */
MUST_CHECK enum err autonat_back_decode(uint64_t *ret_nonce, struct span in);
void autonat_back_encode(struct wr *w, uint64_t nonce);
MUST_CHECK enum err autonat_back_response_decode(uint64_t *ret_status, struct span in);
void autonat_back_response_encode(struct wr *w);

/* ---- version 1 ---- */

enum autonat1_status {
    AUTONAT1_OK = 0,
    AUTONAT1_DIAL_ERROR = 100,
    AUTONAT1_REFUSED = 101,
    AUTONAT1_BAD_REQUEST = 200,
    AUTONAT1_INTERNAL = 300,
};

struct autonat1_message {
    bool is_response;
    struct span peer;  /* the asker's multihash, or empty */
    struct span addrs; /* for autonat1_next_addr */
    size_t addrs_count;
    uint64_t status;
    struct span addr; /* dialled with success; may be empty */
};

MUST_CHECK enum err autonat1_decode(struct autonat1_message *ret_message, struct span in);
void autonat1_encode(struct wr *w, const struct autonat1_message *m, const struct span *addrs);
bool autonat1_next_addr(struct span *ret_addr, struct span *rest);

#endif
