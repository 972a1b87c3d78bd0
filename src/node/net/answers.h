#ifndef NODE_ANSWERS_H
#define NODE_ANSWERS_H

#include "codec/frame.h"
#include "p2p/host.h"

/* The answering side of a protocol of one question and one answer a stream, both framed by a uvarint. A second question on a stream, a
 * question more than there is room for, one that is too long, or that takes too long, is reset. The owner is a host extension, which hands
 * on its events, deadline and ticks. */
enum { ANSWERS_MAX = 16 };

struct answers_cfg {
    const char *protocol; /* static */
    size_t streams_max;   /* under way at a time, at most ANSWERS_MAX */
    size_t per_peer_max;
    uint32_t within_ms; /* for question and answer together */
    size_t question_len_max;
    size_t answer_len_max; /* with what frames it */
    struct budget *budget;
    /* Appends the framed answer to a question; not OK: the stream is reset. NULL: nobody is answered, and the protocol is not taken. */
    enum err (*answer)(void *user,
                       struct buf *out,
                       const struct peer_id *peer,
                       struct span question);
    void *user;
};

struct answers_stream {
    bool is_used;
    host_stream stream;
    struct peer_id peer;
    struct frame_reader frames;
    struct buf out;
    size_t out_at;
    instant until;
};

struct answers {
    struct host *host;
    struct answers_cfg cfg;
    struct answers_stream streams[ANSWERS_MAX];
};

/* answers_init takes the protocol on the host. ERR_STATE: it has one; ERR_LIMIT: it has no room for another. answers_done is safe on a zeroed object. */
MUST_CHECK enum err
answers_init(struct answers *a, struct host *host, const struct answers_cfg *cfg);
void answers_done(struct answers *a);

/* answers_event takes an event of a stream, and is true, if the stream is of the protocol: also one that was opened from here and that its owner has
 * left. */
bool answers_event(struct answers *a, const struct host_event *e);

instant answers_deadline(const struct answers *a);
void answers_tick(struct answers *a, instant now);

#endif
