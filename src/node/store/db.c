/* The wallet's store in SQLite. */
#include "node/store/db.h"

#include "base/check.h"
#include "node/store/sqlite_file.h"

#include <sqlite3.h>
#include <stdlib.h>

enum { DB_VERSION = 1, DB_APPLICATION_ID = 0x706d7731 }; /* "pmw1" */

enum statement { PUT, REMOVE, GET, NEXT, PREV, PREV_FROM_END, STATEMENT_COUNT };

struct db {
    struct store store;
    sqlite3 *sqlite;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct log *log;
};

static const char *const texts[STATEMENT_COUNT] = {
    [PUT] = ("INSERT INTO kept(place, key, value) VALUES(?1, ?2, ?3) "
             "ON CONFLICT(place, key) DO UPDATE SET value = excluded.value"),
    [REMOVE] = "DELETE FROM kept WHERE place = ?1 AND key = ?2",
    [GET] = "SELECT key, value FROM kept WHERE place = ?1 AND key = ?2",
    [NEXT] = "SELECT key, value FROM kept WHERE place = ?1 AND key > ?2 ORDER BY key LIMIT 1",
    [PREV] = "SELECT key, value FROM kept WHERE place = ?1 AND key < ?2 ORDER BY key DESC LIMIT 1",
    [PREV_FROM_END] = "SELECT key, value FROM kept WHERE place = ?1 ORDER BY key DESC LIMIT 1",
};

static enum err err_of(struct db *db, int code)
{
    log_line(db->log, LOG_ERROR, "store", "the database answers: %s", sqlite3_errstr(code));
    return code == SQLITE_FULL ? ERR_LIMIT : ERR_IO;
}

/* Binds place and key; the statement was reset after its last use. */
static sqlite3_stmt *
bind(struct db *db, enum statement which, enum store_table table, struct span key)
{
    sqlite3_stmt *s = db->statements[which];
    check(sqlite3_bind_int(s, 1, (int)table) == SQLITE_OK);
    if (which != PREV_FROM_END) {
        check(key.n <= STORE_KEY_LEN_MAX);
        check(sqlite3_bind_blob(s, 2, key.n ? (const void *)key.p : "", (int)key.n,
                                SQLITE_STATIC) == SQLITE_OK);
    }
    return s;
}

static enum err run(struct db *db, sqlite3_stmt *s)
{
    int code = sqlite3_step(s);
    (void)sqlite3_reset(s);
    (void)sqlite3_clear_bindings(s);
    return code == SQLITE_DONE ? OK : err_of(db, code);
}

static struct db *db_of(struct store *self)
{
    return (struct db *)(void *)self; /* the port is the first member */
}

static enum err
db_put(struct store *self, enum store_table table, struct span key, struct span value)
{
    struct db *db = db_of(self);
    if (value.n > STORE_VALUE_LEN_MAX) {
        return ERR_LIMIT;
    }
    sqlite3_stmt *s = bind(db, PUT, table, key);
    check(sqlite3_bind_blob(s, 3, value.n ? (const void *)value.p : "", (int)value.n,
                            SQLITE_STATIC) == SQLITE_OK);
    return run(db, s);
}

static enum err db_remove(struct store *self, enum store_table table, struct span key)
{
    struct db *db = db_of(self);
    return run(db, bind(db, REMOVE, table, key));
}

static struct span column(sqlite3_stmt *s, int i)
{
    const void *p = sqlite3_column_blob(s, i);
    int n = sqlite3_column_bytes(s, i);
    return p && n > 0 ? span_of(p, (size_t)n) : SPAN_EMPTY;
}

/* Reads one row; ret_key may be NULL. */
static enum err read_row(struct db *db, sqlite3_stmt *s, struct buf *ret_key, struct buf *ret_value)
{
    int code = sqlite3_step(s);
    enum err err = code == SQLITE_DONE ? ERR_NOT_FOUND : OK;
    if (code == SQLITE_ROW) {
        err = ret_key ? buf_append(ret_key, column(s, 0)) : OK;
        err = err == OK ? buf_append(ret_value, column(s, 1)) : err;
    } else if (code != SQLITE_DONE) {
        err = err_of(db, code);
    }
    (void)sqlite3_reset(s);
    (void)sqlite3_clear_bindings(s);
    return err;
}

static enum err
db_get(struct store *self, enum store_table table, struct span key, struct buf *ret_value)
{
    struct db *db = db_of(self);
    return read_row(db, bind(db, GET, table, key), NULL, ret_value);
}

static enum err db_next(struct store *self,
                        enum store_table table,
                        struct span after,
                        struct buf *ret_key,
                        struct buf *ret_value)
{
    struct db *db = db_of(self);
    return read_row(db, bind(db, NEXT, table, after), ret_key, ret_value);
}

static enum err db_prev(struct store *self,
                        enum store_table table,
                        struct span before,
                        struct buf *ret_key,
                        struct buf *ret_value)
{
    struct db *db = db_of(self);
    enum statement which = before.n ? PREV : PREV_FROM_END;
    return read_row(db, bind(db, which, table, before), ret_key, ret_value);
}

enum err db_open(struct db **ret, const char *path, struct log *log)
{
    struct db *db = calloc(1, sizeof *db);
    if (!db) {
        abort();
    }
    db->store = (struct store){
        .put = db_put, .remove = db_remove, .get = db_get, .next = db_next, .prev = db_prev};
    db->log = log;
    struct sqlite_file_args args = {
        .path = path,
        .application_id = DB_APPLICATION_ID,
        .version = DB_VERSION,
        .tables = "CREATE TABLE IF NOT EXISTS kept(place INTEGER NOT NULL, key BLOB NOT NULL,"
                  " value BLOB NOT NULL, PRIMARY KEY(place, key)) WITHOUT ROWID;",
    };
    enum err err = sqlite_file_open(&db->sqlite, &args);
    for (size_t i = 0; i < STATEMENT_COUNT && err == OK; i++) {
        err = sqlite_file_err(sqlite3_prepare_v3(
            db->sqlite, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &db->statements[i], NULL));
    }
    if (err != OK) {
        db_close(db);
        return err;
    }
    *ret = db;
    return OK;
}

void db_close(struct db *db)
{
    if (!db) {
        return;
    }
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(db->statements[i]);
    }
    (void)sqlite3_close(db->sqlite);
    free(db);
}

struct store *db_store(struct db *db)
{
    return &db->store;
}
