#ifndef P2P_PERF_H
#define P2P_PERF_H

#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* perf (libp2p specs, perf/perf.md): measures throughput. The client says how many bytes it wants back
 * (8 bytes, most significant first), uploads as many as it likes and closes its writing side; the
 * server then sends what was asked for, and closes.
 *
 *     client: FINISHING its upload -> WAITING for the download -> FINISHED
 *     server: WAITING for the upload's end -> FINISHING the download -> FINISHED
 *
 * A server lets any peer use its bandwidth: offer it only where that is wanted. Memory:
 * sizeof(struct perf). */

enum { PERF_HEADER_LEN = 8 };

#define PERF_PROTOCOL "/perf/1.0.0"

enum perf_state {
    PERF_SENDING,
    PERF_WAITING,
    PERF_FINISHED,
    PERF_FAILED,
};

enum perf_event_kind {
    PERF_EVENT_SENT,     /* all of ours is out: close the writing side */
    PERF_EVENT_FINISHED, /* client: result is complete. A server has no more than SENT */
    PERF_EVENT_FAILED,   /* err and diag: reset the stream */
};

struct perf_result {
    uint64_t upload_len; /* bytes, without the header */
    uint64_t download_len;
    uint64_t upload_us;   /* from init until the first byte (or the end) of the answer */
    uint64_t download_us; /* from there to the end */
};

struct perf_event {
    enum perf_event_kind kind;
    struct perf_result result;
    enum err
        err; /* ERR_MALFORMED: more or less came than asked for, or no whole header; ERR_CLOSED */
    struct diag diag;
};

struct perf {
    uint64_t to_send;    /* bytes still to send after the header */
    uint64_t to_receive; /* client: bytes still expected */
    struct perf_result result;
    instant started_at;
    instant answered_at;
    uint8_t header[PERF_HEADER_LEN];
    uint8_t header_count; /* client: bytes out; server: bytes in */
    bool is_client;
    bool has_answer;
    bool sent_event_waits;
    bool end_event_waits;
    enum perf_state state;
    enum err err;
    struct diag diag;
};

struct perf_cfg {
    uint64_t upload_len; /* bytes */
    uint64_t download_len;
};

void perf_client_init(struct perf *p, struct perf_cfg cfg, instant now);

/* perf_server_init: the client decides the lengths. */
void perf_server_init(struct perf *p, instant now);

/* The engine's verbs. There is no deadline of its own: the stream's owner sets one. */
enum err perf_recv(struct perf *p, instant now, struct span *in);
void perf_recv_end(struct perf *p, instant now);
size_t perf_send(struct perf *p, instant now, struct mspan out);
bool perf_poll(struct perf *p, struct perf_event *ret_event);
void perf_done(struct perf *p);

#endif
