#ifndef NODE_REACH_JSON_H
#define NODE_REACH_JSON_H

#include "codec/json.h"
#include "p2p/reachability.h"

/* The verdict about reachability in JSON: type reach of api/types.json. */

struct reach_word {
    enum reach reach;
    enum reach_reason reason;
};

/* reach_json_put writes {"state", "why": {"code", "params"}}. */
void reach_json_put(struct json_writer *j, struct reach_word word);

/* reach_json_get reads it. ERR_MALFORMED: it is none, or has a word that we do not know. */
MUST_CHECK enum err reach_json_get(struct reach_word *ret, struct json v);

#endif
