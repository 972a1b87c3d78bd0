#ifndef NODE_SQLITE_FILE_H
#define NODE_SQLITE_FILE_H

#include "base/err.h"

#include <stdint.h>

/* A SQLite file of ours: private (mode 0600), write-ahead log, synchronous=FULL, deleted content overwritten, locked
 * for as long as it is open, so that a second process is kept out. */
struct sqlite3;

struct sqlite_file_args {
    const char *path;
    uint32_t application_id; /* tells our kinds of files apart */
    int version;             /* of the tables; a later one is refused */
    const char *tables;      /* CREATE TABLE IF NOT EXISTS ... */
};

/* sqlite_file_open: ERR_STATE: another process has it open. ERR_MALFORMED: no database, another kind, or of a later
 * version: it is left as it is. ERR_IO. */
MUST_CHECK enum err sqlite_file_open(struct sqlite3 **ret, const struct sqlite_file_args *args);

/* sqlite_file_err is an error code of SQLite in our words; done and row are OK. */
enum err sqlite_file_err(int code);

#endif
