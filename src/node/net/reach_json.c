/* The verdict about reachability in JSON. */
#include "node/net/reach_json.h"

void reach_json_put(struct json_writer *j, struct reach_word word)
{
    json_put_object(j);
    json_put_name(j, "state");
    json_put_str(j, reach_name(word.reach));
    json_put_name(j, "why");
    json_put_object(j);
    json_put_name(j, "code");
    json_put_str(j, reach_reason_name(word.reason));
    json_put_name(j, "params");
    json_put_object(j);
    json_end_object(j);
    json_end_object(j);
    json_end_object(j);
}

enum err reach_json_get(struct reach_word *ret, struct json v)
{
    struct reach_word word;
    struct json why;
    struct span text;
    if (json_find_plain(&text, v, "state") != OK || !reach_parse(&word.reach, text) ||
        !json_find(&why, v, "why") || json_find_plain(&text, why, "code") != OK ||
        !reach_reason_parse(&word.reason, text)) {
        return ERR_MALFORMED;
    }
    *ret = word;
    return OK;
}
