/* What the guest of a paravisor wrote, as its text names it. */
#include "base/wr.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "tee/hcl.h"

bool hcl_has_user_data(const struct hcl *h, struct span data)
{
    uint8_t room[64];
    struct json root;
    struct span text;
    struct wr w = wr_init(MSPAN_OF(room));
    return json_parse(&root, h->runtime, NULL) == OK &&
           json_find_plain(&text, root, "user-data") == OK && base16_decode(&w, text) == OK &&
           span_equal(span_of(room, w.n), data);
}
