/* Failed checks. The text is kept in a global that a debugger finds; this floor may not print. */
#include "base/check.h"

#include <stdlib.h>

static struct {
    const char *volatile cond;
    const char *volatile file;
    volatile int line;
} last_failure;

static volatile unsigned bugs;

void check_failed(const char *cond, const char *file, int line)
{
    last_failure.cond = cond;
    last_failure.file = file;
    last_failure.line = line;
    abort();
}

bool bug_seen(const char *cond, const char *file, int line)
{
    last_failure.cond = cond;
    last_failure.file = file;
    last_failure.line = line;
    bugs = bugs + 1;
    return true;
}

unsigned bug_count(void)
{
    return bugs;
}
