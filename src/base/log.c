/* Log lines. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { LOG_TEXT_LEN_MAX = 512 };

void log_line(struct log *log, enum log_level level, const char *part, const char *format, ...)
{
    if (!log || level < log->level) {
        return;
    }
    char text[LOG_TEXT_LEN_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0) {
        text[0] = '\0';
    }
    for (char *c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?'; /* text from outside must not forge a second line */
        }
    }
    log->write(log, level, part, text);
}

const char *log_level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG: return "debug";
    case LOG_INFO:  return "info";
    case LOG_WARN:  return "warn";
    case LOG_ERROR: return "error";
    }
    return "unknown";
}
