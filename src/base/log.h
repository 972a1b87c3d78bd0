#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

/* One line an event. No secret at any level; no account address above debug. Library code (everything
 * below the node floor) logs at debug only. */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* A sink, injected by the node or a test. part is a static word: "net", "yamux". text has no newline. */
struct log {
    void (*write)(struct log *self, enum log_level level, const char *part, const char *text);
    enum log_level level; /* lines below it are not formatted */
};

/* log_line formats (at most 512 bytes, then cut) and writes; log may be NULL: then nothing. */
void log_line(struct log *log, enum log_level level, const char *part, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

const char *log_level_name(enum log_level level);

#endif
