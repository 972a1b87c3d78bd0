/* The journal behind stderr. */
#include "node/os/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool journal_is_stderr(void)
{
    const char *named =
        getenv("JOURNAL_STREAM"); /* NOLINT(concurrency-mt-unsafe): before any thread */
    char ours[64];
    struct stat st;
    if (!named || fstat(STDERR_FILENO, &st) != 0) {
        return false;
    }
    (void)snprintf(ours, sizeof ours, "%llu:%llu", (unsigned long long)st.st_dev,
                   (unsigned long long)st.st_ino);
    return strcmp(named, ours) == 0;
}

const char *journal_prefix(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return "<7>";
    case LOG_INFO:  return "<6>";
    case LOG_WARN:  return "<4>";
    case LOG_ERROR: return "<3>";
    }
    return "";
}
