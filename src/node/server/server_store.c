/* The bundler's store, that of peers, that of sealed vaults and that of endorsements, in SQLite. */
#include "node/server/server_store.h"

#include "base/check.h"
#include "node/store/sqlite_file.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>

enum { STORE_VERSION = 1, STORE_APPLICATION_ID = 0x706d7331 }; /* "pms1" */

struct server_store {
    struct bundler_store port; /* the first member */
    struct peer_disk peers;
    sqlite3 *sqlite;
    sqlite3_stmt *put;
    sqlite3_stmt *remove;
    sqlite3_stmt *each;
    sqlite3_stmt *put_peer;
    sqlite3_stmt *remove_peer;
    sqlite3_stmt *next_peer;
    struct capsule_shelf shelf;
    sqlite3_stmt *load_copy;
    sqlite3_stmt *put_copy;
    sqlite3_stmt *remove_copy;
    sqlite3_stmt *next_copy;
    struct endorser_store endorsements;
    sqlite3_stmt *load_endorsements;
    sqlite3_stmt *save_endorsements;
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

/* ---- peers ---- */

static struct server_store *store_of_peers(struct peer_disk *self)
{
    return (struct server_store *)(void *)((char *)self - offsetof(struct server_store, peers));
}

static void bind_bytes(sqlite3_stmt *statement, int at, struct span bytes)
{
    check(sqlite3_bind_blob(statement, at, bytes.n ? (const void *)bytes.p : "", (int)bytes.n,
                            SQLITE_STATIC) == SQLITE_OK);
}

static enum err put_peer(struct peer_disk *self, struct span key, struct span bytes)
{
    struct server_store *s = store_of_peers(self);
    check(key.n <= HOST_PEER_STORE_KEY_MAX);
    check(bytes.n <= PEER_STORE_BYTES_MAX);
    bind_bytes(s->put_peer, 1, key);
    bind_bytes(s->put_peer, 2, bytes);
    return run(s, s->put_peer);
}

static enum err remove_peer(struct peer_disk *self, struct span key)
{
    struct server_store *s = store_of_peers(self);
    bind_bytes(s->remove_peer, 1, key);
    return run(s, s->remove_peer);
}

static struct span column(sqlite3_stmt *statement, int i)
{
    const void *p = sqlite3_column_blob(statement, i);
    int n = sqlite3_column_bytes(statement, i);
    return p && n > 0 ? span_of(p, (size_t)n) : SPAN_EMPTY;
}

static enum err
next_peer(struct peer_disk *self, struct span after, struct buf *ret_key, struct buf *ret_bytes)
{
    struct server_store *s = store_of_peers(self);
    bind_bytes(s->next_peer, 1, after);
    int code = sqlite3_step(s->next_peer);
    enum err err = code == SQLITE_DONE ? ERR_NOT_FOUND : sqlite_file_err(code);
    if (code == SQLITE_ROW) {
        err = buf_append(ret_key, column(s->next_peer, 0));
        err = err == OK ? buf_append(ret_bytes, column(s->next_peer, 1)) : err;
    }
    (void)sqlite3_reset(s->next_peer);
    (void)sqlite3_clear_bindings(s->next_peer);
    return err;
}

struct peer_disk *server_store_peers(struct server_store *s)
{
    return &s->peers;
}

/* ---- sealed vaults ---- */

static struct server_store *store_of_shelf(struct capsule_shelf *self)
{
    return (struct server_store *)(void *)((char *)self - offsetof(struct server_store, shelf));
}

/* One row at most; its column is appended. */
static enum err read_one(struct server_store *s, sqlite3_stmt *statement, struct buf *ret)
{
    int code = sqlite3_step(statement);
    enum err err = code == SQLITE_DONE ? ERR_NOT_FOUND : sqlite_file_err(code);
    if (code == SQLITE_ROW) {
        err = buf_append(ret, column(statement, 0));
    } else if (code != SQLITE_DONE) {
        log_line(s->log, LOG_ERROR, "store", "the database answers: %s", sqlite3_errstr(code));
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return err;
}

static enum err load_copy(struct capsule_shelf *self, const struct hash32 *locator, struct buf *ret)
{
    struct server_store *s = store_of_shelf(self);
    bind_key(s->load_copy, locator);
    return read_one(s, s->load_copy, ret);
}

static enum err
put_copy(struct capsule_shelf *self, const struct hash32 *locator, struct span record)
{
    struct server_store *s = store_of_shelf(self);
    check(record.n <= KEEPER_RECORD_LEN_MAX);
    bind_key(s->put_copy, locator);
    bind_bytes(s->put_copy, 2, record);
    return run(s, s->put_copy);
}

static enum err remove_copy(struct capsule_shelf *self, const struct hash32 *locator)
{
    struct server_store *s = store_of_shelf(self);
    bind_key(s->remove_copy, locator);
    return run(s, s->remove_copy);
}

static enum err
next_copy(struct capsule_shelf *self, const struct hash32 *after, struct hash32 *ret)
{
    struct server_store *s = store_of_shelf(self);
    bind_key(s->next_copy, after);
    int code = sqlite3_step(s->next_copy);
    enum err err = code == SQLITE_DONE ? ERR_NOT_FOUND : sqlite_file_err(code);
    if (code == SQLITE_ROW) {
        struct span key = column(s->next_copy, 0);
        err = key.n == sizeof ret->bytes ? OK : ERR_MALFORMED;
        (void)span_copy(MSPAN_OF(ret->bytes), key);
    }
    (void)sqlite3_reset(s->next_copy);
    (void)sqlite3_clear_bindings(s->next_copy);
    return err;
}

struct capsule_shelf *server_store_shelf(struct server_store *s)
{
    return &s->shelf;
}

/* ---- endorsements ---- */

static struct server_store *store_of_endorsements(struct endorser_store *self)
{
    return (struct server_store *)(void *)((char *)self -
                                           offsetof(struct server_store, endorsements));
}

static enum err load_endorsements(struct endorser_store *self, struct buf *ret)
{
    struct server_store *s = store_of_endorsements(self);
    return read_one(s, s->load_endorsements, ret);
}

static enum err save_endorsements(struct endorser_store *self, struct span text)
{
    struct server_store *s = store_of_endorsements(self);
    bind_bytes(s->save_endorsements, 1, text);
    return run(s, s->save_endorsements);
}

struct endorser_store *server_store_endorsements(struct server_store *s)
{
    return &s->endorsements;
}

/* ---- life ---- */

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
    TRY(prepare(s, &s->each, "SELECT record FROM operation ORDER BY hash"));
    TRY(prepare(s, &s->put_peer,
                "INSERT INTO peer(id, bytes) VALUES(?1, ?2) "
                "ON CONFLICT(id) DO UPDATE SET bytes = excluded.bytes"));
    TRY(prepare(s, &s->remove_peer, "DELETE FROM peer WHERE id = ?1"));
    TRY(prepare(s, &s->next_peer, "SELECT id, bytes FROM peer WHERE id > ?1 ORDER BY id LIMIT 1"));
    TRY(prepare(s, &s->load_copy, "SELECT record FROM capsule WHERE locator = ?1"));
    TRY(prepare(s, &s->put_copy,
                "INSERT INTO capsule(locator, record) VALUES(?1, ?2) "
                "ON CONFLICT(locator) DO UPDATE SET record = excluded.record"));
    TRY(prepare(s, &s->remove_copy, "DELETE FROM capsule WHERE locator = ?1"));
    TRY(prepare(s, &s->load_endorsements, "SELECT text FROM endorsements WHERE id = 1"));
    TRY(prepare(s, &s->save_endorsements,
                "INSERT INTO endorsements(id, text) VALUES(1, ?1) "
                "ON CONFLICT(id) DO UPDATE SET text = excluded.text"));
    return prepare(s, &s->next_copy,
                   "SELECT locator FROM capsule WHERE locator > ?1 ORDER BY locator LIMIT 1");
}

enum err server_store_open(struct server_store **ret, const char *path, struct log *log)
{
    struct server_store *s = calloc(1, sizeof *s);
    if (!s) {
        abort();
    }
    s->port = (struct bundler_store){.put = put, .remove = remove_record};
    s->peers = (struct peer_disk){.put = put_peer, .remove = remove_peer, .next = next_peer};
    s->shelf = (struct capsule_shelf){
        .load = load_copy, .put = put_copy, .remove = remove_copy, .next = next_copy};
    s->endorsements = (struct endorser_store){.load = load_endorsements, .save = save_endorsements};
    s->log = log;
    struct sqlite_file_args args = {
        .path = path,
        .application_id = STORE_APPLICATION_ID,
        .version = STORE_VERSION,
        .tables =
            "CREATE TABLE IF NOT EXISTS operation(hash BLOB PRIMARY KEY, record BLOB NOT NULL)"
            " WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS peer(id BLOB PRIMARY KEY, bytes BLOB NOT NULL)"
            " WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS capsule(locator BLOB PRIMARY KEY, record BLOB NOT NULL);"
            /* of this machine: one row */
            "CREATE TABLE IF NOT EXISTS endorsements(id INTEGER PRIMARY KEY, text BLOB NOT NULL);",
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
    (void)sqlite3_finalize(s->put_peer);
    (void)sqlite3_finalize(s->remove_peer);
    (void)sqlite3_finalize(s->next_peer);
    (void)sqlite3_finalize(s->load_copy);
    (void)sqlite3_finalize(s->put_copy);
    (void)sqlite3_finalize(s->remove_copy);
    (void)sqlite3_finalize(s->next_copy);
    (void)sqlite3_finalize(s->load_endorsements);
    (void)sqlite3_finalize(s->save_endorsements);
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
