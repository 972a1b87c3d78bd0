/* Names of targets that become paths. A signed name is still not one to be followed anywhere. */
#include "plugin/target_name.h"

#include "codec/utf8.h"
#include "plugin/tuf_metadata.h"

enum { PART_LEN_MAX = 255 };

static bool is_part(struct span part)
{
    bool is_dots = span_equal(part, SPAN_LIT(".")) || span_equal(part, SPAN_LIT(".."));
    return part.n > 0 && part.n <= PART_LEN_MAX && !is_dots;
}

bool target_name_is_safe(struct span name)
{
    if (name.n == 0 || name.n > TUF_TARGET_NAME_MAX || !utf8_is_valid(name)) {
        return false;
    }
    for (struct span rest = name; rest.n > 0;) {
        int32_t c = utf8_take(&rest);
        bool is_control = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
        bool turns_text = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
        if (is_control || turns_text || c == '\\') {
            return false;
        }
    }
    for (;;) {
        size_t n = span_find(name, '/');
        if (!is_part(span_first(name, n))) {
            return false;
        }
        if (n == name.n) {
            return true;
        }
        name = span_from(name, n + 1);
    }
}
