/* Opening SQLite files. */
#include "node/store/sqlite_file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

enum err sqlite_file_err(int code)
{
    switch (code) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:    return OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:  return ERR_STATE;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return ERR_MALFORMED;
    case SQLITE_FULL:    return ERR_LIMIT;
    default:             return ERR_IO;
    }
}

static int pragma_int(sqlite3 *sqlite, const char *text)
{
    sqlite3_stmt *s = NULL;
    int value = -1;
    if (sqlite3_prepare_v2(sqlite, text, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
        value = sqlite3_column_int(s, 0);
    }
    (void)sqlite3_finalize(s);
    return value;
}

static enum err run(sqlite3 *sqlite, const char *text)
{
    return sqlite_file_err(sqlite3_exec(sqlite, text, NULL, NULL, NULL));
}

MUST_CHECK static enum err set_up(sqlite3 *sqlite, const struct sqlite_file_args *args)
{
    /* Exclusive locking keeps a second process out, and the shared-memory file away. In the sandbox no file can be
     * opened or removed: the log stays where it is and is cut to nothing when it has been copied, at the end too, so that none is
     * left that would be played into a database put back from a copy. */
    int keeps_log = 1;
    TRY(run(sqlite,
            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
            "PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=0;"
            "BEGIN IMMEDIATE; COMMIT;"));
    TRY(sqlite_file_err(
        sqlite3_file_control(sqlite, "main", SQLITE_FCNTL_PERSIST_WAL, &keeps_log)));
    int application = pragma_int(sqlite, "PRAGMA application_id");
    bool is_ours = application == 0 || application == (int)args->application_id;
    if (!is_ours || pragma_int(sqlite, "PRAGMA user_version") > args->version) {
        return ERR_MALFORMED;
    }
    char text[96];
    (void)snprintf(text, sizeof text, "PRAGMA application_id=%u; PRAGMA user_version=%d;",
                   args->application_id, args->version);
    TRY(run(sqlite, text));
    return run(sqlite, args->tables);
}

enum err sqlite_file_open(struct sqlite3 **ret, const struct sqlite_file_args *args)
{
    /* Made before SQLite opens it, so that it is never readable by others. */
    int fd = open(args->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return ERR_IO;
    }
    (void)close(fd);
    sqlite3 *sqlite = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
    enum err err = sqlite_file_err(sqlite3_open_v2(args->path, &sqlite, flags, NULL));
    if (err == OK) {
        err = set_up(sqlite, args);
    }
    if (err != OK) {
        (void)sqlite3_close(sqlite);
        return err;
    }
    *ret = sqlite;
    return OK;
}
