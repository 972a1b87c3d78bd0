/* Measurements as policies and release lists write them. */
#include "tee/measurements.h"

#include "base/wr.h"
#include "codec/base16.h"

enum err measurements_check(struct json set)
{
    struct json_iter it = json_iterate(set);
    struct json name;
    struct json value;
    size_t count = 0;
    while (json_next(&it, &name, &value)) {
        struct span word;
        struct span text;
        enum measurement_name which;
        uint8_t bytes[MEASUREMENT_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(bytes));
        TRY(json_get_plain(&word, name));
        TRY(json_get_plain(&text, value));
        TRY(base16_decode(&w, text));
        if (!measurement_parse(&which, word) || w.n == 0) {
            return ERR_MALFORMED;
        }
        count++;
    }
    return set.type == JSON_OBJECT && count > 0 ? OK : ERR_MALFORMED;
}

bool measurements_match(struct json set, const struct appraisal *a)
{
    struct json_iter it = json_iterate(set);
    struct json name;
    struct json value;
    while (json_next(&it, &name, &value)) {
        struct span word;
        struct span text;
        enum measurement_name which = MEASURED_COUNT;
        uint8_t want[MEASUREMENT_LEN_MAX];
        struct wr w = wr_init(MSPAN_OF(want));
        bool is_read = json_get_plain(&word, name) == OK && measurement_parse(&which, word) &&
                       json_get_plain(&text, value) == OK && base16_decode(&w, text) == OK;
        if (!is_read || !span_equal(appraisal_measured(a, which), span_of(want, w.n))) {
            return false;
        }
    }
    return true;
}
