#ifndef PLUGIN_CHUNK_H
#define PLUGIN_CHUNK_H

#include "base/budget.h"
#include "base/err.h"
#include "base/instant.h"
#include "codec/frame.h"
#include "crypto/hash.h"
#include "plugin/package.h"

/* Chunks of packages from peers: CHUNK_PROTOCOL, docs/protocol.md. A stream is one question and one answer, each a protobuf message with its length in front as an unsigned varint:
 *
 *     who asks                                who has it
 *       {1: SHA-256 of the file, 2: index} -->
 *                                         <-- {1: status, 2: when to ask again in ms, 3: the chunk}
 *
 * What a chunk has to be stands in signed metadata, so whoever answers is believed nothing: length and hash are known before a byte comes. */

#define CHUNK_PROTOCOL "/web3-wallet/package/1.0"

enum {
    CHUNK_REQUEST_LEN_MAX = 64, /* bytes of a message without its prefix */
    CHUNK_HEAD_LEN_MAX = 32,    /* of an answer, beside the chunk */
    CHUNK_INDEX_MAX = (64 << 20) / PACKAGE_CHUNK_LEN,
    CHUNK_RETRY_MS_MAX = 600000
};

enum chunk_status { CHUNK_FOUND, CHUNK_ABSENT, CHUNK_BUSY, CHUNK_STATUS_COUNT };

struct chunk_request {
    struct hash32 file;
    uint32_t index; /* of PACKAGE_CHUNK_LEN bytes each */
};

/* ERR_MALFORMED: not exactly 32 bytes of hash, or an index beyond CHUNK_INDEX_MAX. chunk_request_write writes prefix and message. */
MUST_CHECK enum err chunk_request_parse(struct chunk_request *ret, struct span message);
void chunk_request_write(struct wr *w, const struct chunk_request *r);

/* bytes: FOUND alone; a span into the message. retry_ms: BUSY alone. ERR_MALFORMED: a status that we do not know, or parts that do not go with it. */
struct chunk_answer {
    enum chunk_status status;
    uint32_t retry_ms;
    struct span bytes;
};
MUST_CHECK enum err chunk_answer_parse(struct chunk_answer *ret, struct span message);
void chunk_answer_write(struct wr *w, const struct chunk_answer *a);

/* ---- asking one peer for one chunk ---- */

struct chunk_want {
    struct chunk_request request;
    size_t length;      /* 1 to PACKAGE_CHUNK_LEN */
    struct hash32 hash; /* of its bytes */
};

enum chunk_outcome {
    CHUNK_PENDING,
    CHUNK_GOT,
    CHUNK_LIED, /* wrong bytes, another length, more than was asked for, or no message: never to be asked again */
    CHUNK_SLOW,    /* less than CHUNK_SLOW_BYTES in CHUNK_SLOW_MS */
    CHUNK_REFUSED, /* it has none, or is busy for retry_ms */
    CHUNK_LOST     /* the stream ended early */
};

/* An answer of which fewer bytes come in such a time is given up: 1 KiB/s, as with mirrors, but asked sooner, for there are other peers. */
enum { CHUNK_SLOW_MS = 5000, CHUNK_SLOW_BYTES = 5 * 1024 };

struct chunk_fetch {
    struct chunk_want want;
    struct frame_reader frames;
    enum chunk_outcome outcome;
    uint32_t retry_ms;
    uint64_t received; /* bytes in all */
    uint64_t marked;   /* of them at the last look */
    instant look_at;
    struct span bytes; /* GOT: lives until the next call */
};

/* chunk_fetch_init begins; budget, of which CHUNK_HEAD_LEN_MAX and want->length bytes are used at most, outlives it. chunk_fetch_done is safe on a zeroed object. */
void chunk_fetch_init(struct chunk_fetch *f,
                      const struct chunk_want *want,
                      struct budget *budget,
                      instant now);
void chunk_fetch_done(struct chunk_fetch *f);

/* chunk_fetch_recv takes bytes of the answer, chunk_fetch_end its end. Each returns the outcome; once it is not PENDING it stays. */
enum chunk_outcome chunk_fetch_recv(struct chunk_fetch *f, struct span in);
enum chunk_outcome chunk_fetch_end(struct chunk_fetch *f);
enum chunk_outcome chunk_fetch_tick(struct chunk_fetch *f, instant now);
instant chunk_fetch_deadline(const struct chunk_fetch *f);

#endif
