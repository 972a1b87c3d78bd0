/* The bundler's store: records outlive the process, one process has it, what is not ours is left alone. */
#include "node/server/server_store.h"

#include "base/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[128];

/* A fresh path below a directory of its own. */
static void begin(void)
{
    char dir[64] = "/tmp/passmesh-server-store-XXXXXX";
    EXPECT(mkdtemp(dir) != NULL);
    (void)snprintf(path, sizeof path, "%s/server.db", dir);
}

static void end(void)
{
    char text[160];
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)snprintf(text, sizeof text, "%s%s", path, ends[i]);
        (void)unlink(text);
    }
    path[span_str(path).n - sizeof "/server.db" + 1] = '\0';
    EXPECT_EQ(0, rmdir(path));
}

static struct server_store *opened(void)
{
    struct server_store *s = NULL;
    EXPECT_OK(server_store_open(&s, path, NULL));
    return s;
}

static void put(struct server_store *s, uint8_t key, const char *record)
{
    struct bundler_store *port = server_store_port(s);
    struct hash32 hash = {.bytes = {key}};
    EXPECT_OK(port->put(port, &hash, span_str(record)));
}

/* What each gives, records joined. */
struct seen {
    char text[64];
    size_t n;
    enum err answer;
};

static enum err see(void *user, struct span record)
{
    struct seen *seen = user;
    seen->n += span_copy(mspan_of(seen->text + seen->n, sizeof seen->text - seen->n), record);
    return seen->answer;
}

static void expect_records(struct server_store *s, const char *want)
{
    struct seen seen = {.answer = OK};
    EXPECT_OK(server_store_each(s, see, &seen));
    EXPECT_SPAN(span_str(want), span_of(seen.text, seen.n));
}

TEST(records_outlive_the_process)
{
    begin();
    struct server_store *s = opened();
    expect_records(s, "");
    put(s, 2, "two ");
    put(s, 1, "one ");
    put(s, 2, "deux ");
    put(s, 3, "three ");
    struct bundler_store *port = server_store_port(s);
    port->remove(port, &(struct hash32){.bytes = {3}});
    port->remove(port, &(struct hash32){.bytes = {9}}); /* there is none */
    server_store_close(s);
    s = opened();
    expect_records(s, "one deux ");
    server_store_close(s);
    end();
}

TEST(a_refused_record_ends_the_walk)
{
    begin();
    struct server_store *s = opened();
    put(s, 1, "one ");
    put(s, 2, "two ");
    struct seen seen = {.answer = ERR_MALFORMED};
    EXPECT_ERR(ERR_MALFORMED, server_store_each(s, see, &seen));
    EXPECT_EQ(4, seen.n);
    expect_records(s, "one two "); /* and it can be walked again */
    server_store_close(s);
    end();
}

TEST(endorsements_outlive_the_process)
{
    struct buf text;
    begin();
    struct server_store *s = opened();
    struct endorser_store *kept = server_store_endorsements(s);
    buf_init(&text, test_budget(), 64);
    EXPECT_ERR(ERR_NOT_FOUND, kept->load(kept, &text));
    EXPECT_OK(kept->save(kept, SPAN_LIT("old")));
    EXPECT_OK(kept->save(kept, SPAN_LIT("newer")));
    server_store_close(s);
    s = opened();
    kept = server_store_endorsements(s);
    EXPECT_OK(kept->load(kept, &text));
    EXPECT_SPAN(SPAN_LIT("newer"), buf_span(&text));
    buf_done(&text);
    server_store_close(s);
    end();
}

TEST(sealed_vaults_in_their_order)
{
    struct hash32 key = {.bytes = {5}};
    struct hash32 found = {{0}};
    struct buf record;
    begin();
    struct server_store *s = opened();
    struct capsule_shelf *shelf = server_store_shelf(s);
    buf_init(&record, test_budget(), 64);
    EXPECT_ERR(ERR_NOT_FOUND, shelf->next(shelf, &found, &found));
    EXPECT_ERR(ERR_NOT_FOUND, shelf->load(shelf, &key, &record));
    EXPECT_OK(shelf->put(shelf, &key, SPAN_LIT("old")));
    EXPECT_OK(shelf->put(shelf, &key, SPAN_LIT("new")));
    key.bytes[0] = 2;
    EXPECT_OK(shelf->put(shelf, &key, SPAN_LIT("two")));
    server_store_close(s);
    s = opened();
    shelf = server_store_shelf(s);
    EXPECT_OK(shelf->next(shelf, &found, &found));
    EXPECT_EQ(2, found.bytes[0]);
    EXPECT_OK(shelf->remove(shelf, &found));
    EXPECT_OK(shelf->next(shelf, &found, &found));
    EXPECT_EQ(5, found.bytes[0]);
    EXPECT_OK(shelf->load(shelf, &found, &record));
    EXPECT_SPAN(SPAN_LIT("new"), buf_span(&record));
    EXPECT_ERR(ERR_NOT_FOUND, shelf->next(shelf, &found, &found));
    buf_done(&record);
    server_store_close(s);
    end();
}

TEST(one_at_a_time)
{
    begin();
    struct server_store *s = opened();
    struct server_store *other = NULL;
    EXPECT_ERR(ERR_STATE, server_store_open(&other, path, NULL));
    EXPECT(!other);
    server_store_close(s);
    server_store_close(opened());
    end();
}

TEST(for_the_owner_alone)
{
    begin();
    struct stat st = {0};
    server_store_close(opened());
    EXPECT_EQ(0, stat(path, &st));
    EXPECT_EQ(0600, st.st_mode & 0777);
    end();
}

TEST(what_is_not_ours_is_left_alone)
{
    static const char text[] = "this is a letter, not a database, and long enough to be looked at";
    char kept[sizeof text] = "";
    struct server_store *s = NULL;
    begin();
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_EQ((ssize_t)sizeof text, write(fd, text, sizeof text));
    EXPECT_ERR(ERR_MALFORMED, server_store_open(&s, path, NULL));
    EXPECT_EQ((ssize_t)sizeof text, pread(fd, kept, sizeof kept, 0));
    EXPECT_SPAN(span_of(text, sizeof text), span_of(kept, sizeof kept));
    (void)close(fd);
    EXPECT_ERR(ERR_IO, server_store_open(&s, "/nowhere/server.db", NULL));
    EXPECT(!s);
    end();
}

TEST(peers_stand_beside_and_go_in_order)
{
    begin();
    struct server_store *s = opened();
    struct peer_disk *disk = server_store_peers(s);
    struct buf key;
    struct buf bytes;
    buf_init(&key, test_budget(), HOST_PEER_STORE_KEY_MAX);
    buf_init(&bytes, test_budget(), PEER_STORE_BYTES_MAX);
    EXPECT_ERR(ERR_NOT_FOUND, disk->next(disk, SPAN_EMPTY, &key, &bytes));
    EXPECT_OK(disk->put(disk, SPAN_LIT("b"), SPAN_LIT("old")));
    EXPECT_OK(disk->put(disk, SPAN_LIT("a"), SPAN_LIT("first")));
    EXPECT_OK(disk->put(disk, SPAN_LIT("b"), SPAN_LIT("second")));
    EXPECT_OK(disk->put(disk, SPAN_LIT("c"), SPAN_LIT("third")));
    EXPECT_OK(disk->remove(disk, SPAN_LIT("c")));
    EXPECT_OK(disk->remove(disk, SPAN_LIT("d"))); /* there is none */
    expect_records(s, "");
    server_store_close(s);
    s = opened();
    disk = server_store_peers(s);
    EXPECT_OK(disk->next(disk, SPAN_EMPTY, &key, &bytes));
    EXPECT_OK(disk->next(disk, SPAN_LIT("a"), &key, &bytes));
    EXPECT_SPAN(SPAN_LIT("ab"), buf_span(&key));
    EXPECT_SPAN(SPAN_LIT("firstsecond"), buf_span(&bytes));
    EXPECT_ERR(ERR_NOT_FOUND, disk->next(disk, SPAN_LIT("b"), &key, &bytes));
    server_store_close(s);
    buf_done(&key);
    buf_done(&bytes);
    end();
}

TEST_MAIN
