/* Error words. */
#include "base/err.h"

#include "base/check.h"

const char *err_name(enum err e)
{
    static const char *const names[] = {
        "ok",     "limit",     "truncated", "malformed", "unsupported", "state",    "auth",
        "denied", "not found", "timeout",   "closed",    "io",          "internal",
    };
    static_assert(sizeof names / sizeof names[0] == ERR_COUNT, "one word for each error");
    return (unsigned)e < ERR_COUNT ? names[e] : "unknown";
}

enum err diag_set(struct diag *d, enum err e, const char *rule, size_t offset)
{
    check(e != OK);
    if (d) {
        d->rule = rule;
        d->offset = offset;
    }
    return e;
}
