#include "node/store/db.h"

#include "base/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A fresh path below a directory of its own. */
static void make_path(char path[static 128])
{
    char dir[64] = "/tmp/passmesh-db-XXXXXX";
    EXPECT(mkdtemp(dir) != NULL);
    (void)snprintf(path, 128, "%s/wallet.db", dir);
}

static void remove_path(const char *path)
{
    char text[160];
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(text, sizeof text, "%s%s", path, ends[i]);
        (void)unlink(text);
    }
    (void)snprintf(text, sizeof text, "%s", path);
    text[span_str(path).n - sizeof "/wallet.db" + 1] = '\0';
    EXPECT_EQ(0, rmdir(text));
}

TEST(keeps_orders_and_removes)
{
    char path[128];
    make_path(path);
    struct db *db = NULL;
    TEST_REQUIRE(db_open(&db, path, NULL) == OK);
    struct store *s = db_store(db);
    struct buf key;
    struct buf value;
    buf_init(&key, test_budget(), STORE_KEY_LEN_MAX);
    buf_init(&value, test_budget(), STORE_VALUE_LEN_MAX);
    EXPECT_OK(s->put(s, STORE_ACCOUNT, SPAN_LIT("b"), SPAN_LIT("2")));
    EXPECT_OK(s->put(s, STORE_ACCOUNT, SPAN_LIT("a"), SPAN_LIT("1")));
    EXPECT_OK(s->put(s, STORE_CONTACT, SPAN_LIT("aa"), SPAN_LIT("other table")));
    EXPECT_OK(s->put(s, STORE_ACCOUNT, SPAN_LIT("b"), SPAN_LIT("22")));
    EXPECT_OK(s->next(s, STORE_ACCOUNT, SPAN_EMPTY, &key, &value));
    EXPECT_SPAN(SPAN_LIT("a"), buf_span(&key));
    buf_clear(&key);
    buf_clear(&value);
    EXPECT_OK(s->next(s, STORE_ACCOUNT, SPAN_LIT("a"), &key, &value));
    EXPECT_SPAN(SPAN_LIT("22"), buf_span(&value));
    buf_clear(&key);
    buf_clear(&value);
    EXPECT_ERR(ERR_NOT_FOUND, s->next(s, STORE_ACCOUNT, SPAN_LIT("b"), &key, &value));
    EXPECT_OK(s->prev(s, STORE_ACCOUNT, SPAN_EMPTY, &key, &value));
    EXPECT_SPAN(SPAN_LIT("b"), buf_span(&key));
    buf_clear(&key);
    buf_clear(&value);
    EXPECT_OK(s->remove(s, STORE_ACCOUNT, SPAN_LIT("b")));
    EXPECT_OK(s->remove(s, STORE_ACCOUNT, SPAN_LIT("b")));
    EXPECT_ERR(ERR_NOT_FOUND, s->get(s, STORE_ACCOUNT, SPAN_LIT("b"), &value));
    buf_done(&key);
    buf_done(&value);
    db_close(db);
    remove_path(path);
}

/* Forked before anything is open, so that nothing of the parent's database lives in the child. */
static pid_t fork_second_opener(const char *path, const int go[2])
{
    pid_t child = fork();
    if (child == 0) {
        uint8_t byte = 0;
        struct db *second = NULL;
        bool told = read(go[0], &byte, 1) == 1;
        _exit(told && db_open(&second, path, NULL) == ERR_STATE ? 0 : 1);
    }
    return child;
}

TEST(a_second_opening_is_refused_and_the_file_is_private)
{
    char path[128];
    int go[2];
    make_path(path);
    TEST_REQUIRE(pipe(go) == 0);
    pid_t child = fork_second_opener(path, go);
    struct db *db = NULL;
    TEST_REQUIRE(db_open(&db, path, NULL) == OK);
    struct stat st;
    EXPECT_EQ(0, stat(path, &st));
    EXPECT_EQ(0600, st.st_mode & 0777);
    EXPECT_EQ(1, write(go[1], "", 1));
    int status = -1;
    EXPECT_EQ(child, waitpid(child, &status, 0));
    EXPECT_EQ(0, status);
    close(go[0]);
    close(go[1]);
    db_close(db);
    remove_path(path);
}

TEST(what_is_no_database_is_left_alone)
{
    char path[128];
    make_path(path);
    FILE *f = fopen(path, "w");
    TEST_REQUIRE(f);
    for (int i = 0; i < 200; i++) {
        (void)fputs("this is a text, no database\n", f);
    }
    EXPECT_EQ(0, fclose(f));
    struct db *db = NULL;
    EXPECT_ERR(ERR_MALFORMED, db_open(&db, path, NULL));
    struct stat st;
    EXPECT_EQ(0, stat(path, &st));
    EXPECT_EQ(200 * 28, st.st_size);
    remove_path(path);
}

/* Killed right after put returned: the next opening finds it. */
TEST(survives_a_kill)
{
    char path[128];
    make_path(path);
    for (int round = 0; round < 5; round++) {
        pid_t child = fork();
        if (child == 0) {
            struct db *db = NULL;
            uint8_t key = (uint8_t)round;
            if (db_open(&db, path, NULL) != OK ||
                db_store(db)->put(db_store(db), STORE_OPERATION, span_of(&key, 1),
                                  SPAN_LIT("signed")) != OK) {
                _exit(1);
            }
            (void)kill(getpid(), SIGKILL);
        }
        int status = 0;
        EXPECT_EQ(child, waitpid(child, &status, 0));
        EXPECT(WIFSIGNALED(status));
        struct db *db = NULL;
        TEST_REQUIRE(db_open(&db, path, NULL) == OK);
        struct buf value;
        buf_init(&value, test_budget(), STORE_VALUE_LEN_MAX);
        for (uint8_t key = 0; key <= round; key++) {
            buf_clear(&value);
            EXPECT_OK(db_store(db)->get(db_store(db), STORE_OPERATION, span_of(&key, 1), &value));
            EXPECT_SPAN(SPAN_LIT("signed"), buf_span(&value));
        }
        buf_done(&value);
        db_close(db);
    }
    remove_path(path);
}

TEST_MAIN
