#ifndef PLUGIN_KEEPER_FRAME_H
#define PLUGIN_KEEPER_FRAME_H

#include "base/err.h"
#include "codec/json.h"
#include "plugin/chunk.h"

#include <stdint.h>

/* What a daemon and its keeper say to each other (node/plugin/keeper.h), one JSON object a frame. Either handles bytes of strangers, so neither takes
 * more from the other than the members that stand here: any other member, or another type, makes the frame malformed, and it is left out. */

/* What a keeper is asked to do. */
enum keeper_do {
    KEEPER_DO_ADD,
    KEEPER_DO_FORGET,
    KEEPER_DO_AGREE,
    KEEPER_DO_CHECK,
    KEEPER_DO_INSTALL,
    KEEPER_DO_CANCEL,
    KEEPER_DO_START,
    KEEPER_DO_STOP,
    KEEPER_DO_SETTINGS,
    KEEPER_DO_REMOVE,
    KEEPER_DO_COUNT
};

/* keeper_do_name is its word: "add". */
const char *keeper_do_name(enum keeper_do what);

/* From the daemon: {"id": 7, "do": "install", "params": {}}. Spans into the frame. */
struct keeper_ask {
    uint64_t id; /* not 0 */
    enum keeper_do what;
    struct json params; /* an object; what has to stand in it, each command sees itself */
};
MUST_CHECK enum err keeper_ask_parse(struct keeper_ask *ret, struct span frame);
void keeper_ask_write(struct wr *w,
                      uint64_t id,
                      const char *what, /* a word */
                      struct span params);

/* From the daemon: {"chunk": 5, "data": "..."}, base64url without padding; no data: nobody gives that chunk. A span into the frame. */
struct keeper_chunk {
    uint64_t number; /* of the want */
    struct span data;
};
MUST_CHECK enum err keeper_chunk_parse(struct keeper_chunk *ret, struct span frame);
void keeper_chunk_write(struct wr *w, uint64_t number, struct span bytes); /* bytes, not text */

/* From the keeper. Spans into the frame. */
enum keeper_news_kind {
    KEEPER_NEWS_ANSWER, /* number: id; code: empty, or why not */
    KEEPER_NEWS_STATE,  /* value: an object, to be held against plugin_state of api/types.json */
    KEEPER_NEWS_LINE,   /* value: a string; number: Unix time in ms */
    KEEPER_NEWS_WANT    /* want: a chunk that is to be had from peers; number: comes back with it */
};
struct keeper_news {
    enum keeper_news_kind kind;
    uint64_t number;
    struct span code;
    struct json value;
    struct chunk_want want;
};
MUST_CHECK enum err keeper_news_parse(struct keeper_news *ret, struct span frame);
void keeper_news_write_answer(struct wr *w, uint64_t id, const char *code); /* NULL: done */
void keeper_news_write_want(struct wr *w, uint64_t number, const struct chunk_want *want);
void keeper_news_write_line(struct wr *w, struct span line, uint64_t at_ms);

#endif
