/* The bundler's store in SQLite. */
#include "node/server/server_store.h"

#include "base/check.h"
#include "node/store/sqlite_file.h"

#include <sqlite3.h>
#include <stdlib.h>

enum { STORE_VERSION = 1, STORE_APPLICATION_ID = 0x706d7331 }; /* "pms1" */

struct server_store {
    struct bundler_store port; /* the first member */
    sqlite3 *sqlite;
    sqlite3_stmt *put;
    sqlite3_stmt *remove;
    sqlite3_stmt *each;
    struct log *log;
};

static struct server_store *store_of(struct bundler_store *self)
{
    return (struct server_store *)(void *)self;
}

static void bind_key(sqlite3_stmt *s, const struct hash32 *key)
{
    check(sqlite3_bind_blob(s, 1, key->bytes, sizeof key->bytes, SQLITE_STATIC) == SQLITE_OK);
}

static enum err run(struct server_store *s, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    if (code != SQLITE_DONE) {
        log_line(s->log, LOG_ERROR, "store", "the database answers: %s", sqlite3_errstr(code));
    }
    return sqlite_file_err(code);
}

static enum err put(struct bundler_store *self, const struct hash32 *key, struct span record)
{
    struct server_store *s = store_of(self);
    check(record.n > 0 && record.n <= BUNDLER_RECORD_LEN_MAX);
    bind_key(s->put, key);
    check(sqlite3_bind_blob(s->put, 2, record.p, (int)record.n, SQLITE_STATIC) == SQLITE_OK);
    return run(s, s->put);
}

static void remove_record(struct bundler_store *self, const struct hash32 *key)
{
    struct server_store *s = store_of(self);
    bind_key(s->remove, key);
    enum err err = run(s, s->remove);
    (void)err; /* logged; a finished record that stays is forgotten after the next start */
}

MUST_CHECK static enum err prepare(struct server_store *s, sqlite3_stmt **ret, const char *text)
{
    return sqlite_file_err(
        sqlite3_prepare_v3(s->sqlite, text, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
}

MUST_CHECK static enum err set_up(struct server_store *s)
{
    TRY(prepare(s, &s->put,
                "INSERT INTO operation(hash, record) VALUES(?1, ?2) "
                "ON CONFLICT(hash) DO UPDATE SET record = excluded.record"));
    TRY(prepare(s, &s->remove, "DELETE FROM operation WHERE hash = ?1"));
    return prepare(s, &s->each, "SELECT record FROM operation ORDER BY hash");
}

enum err server_store_open(struct server_store **ret, const char *path, struct log *log)
{
    struct server_store *s = calloc(1, sizeof *s);
    if (!s) {
        abort();
    }
    s->port = (struct bundler_store){.put = put, .remove = remove_record};
    s->log = log;
    struct sqlite_file_args args = {
        .path = path,
        .application_id = STORE_APPLICATION_ID,
        .version = STORE_VERSION,
        .tables =
            "CREATE TABLE IF NOT EXISTS operation(hash BLOB PRIMARY KEY, record BLOB NOT NULL)"
            " WITHOUT ROWID;",
    };
    enum err err = sqlite_file_open(&s->sqlite, &args);
    if (err == OK) {
        err = set_up(s);
    }
    if (err != OK) {
        server_store_close(s);
        return err;
    }
    *ret = s;
    return OK;
}

void server_store_close(struct server_store *s)
{
    if (!s) {
        return;
    }
    (void)sqlite3_finalize(s->put);
    (void)sqlite3_finalize(s->remove);
    (void)sqlite3_finalize(s->each);
    (void)sqlite3_close(s->sqlite);
    free(s);
}

struct bundler_store *server_store_port(struct server_store *s)
{
    return &s->port;
}

enum err server_store_each(struct server_store *s, server_store_fn fn, void *user)
{
    enum err err = OK;
    int code = SQLITE_DONE;
    while (err == OK && (code = sqlite3_step(s->each)) == SQLITE_ROW) {
        const void *p = sqlite3_column_blob(s->each, 0);
        int n = sqlite3_column_bytes(s->each, 0);
        err = fn(user, p && n > 0 ? span_of(p, (size_t)n) : SPAN_EMPTY);
    }
    (void)sqlite3_reset(s->each);
    return err == OK ? sqlite_file_err(code) : err;
}
