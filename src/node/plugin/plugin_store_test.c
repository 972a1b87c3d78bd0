#include "node/plugin/plugin_store.h"

#include "base/test.h"
#include "node/plugin/plugin_store_rig_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void open_store(struct plugin_store *s, const struct store_rig *r)
{
    enum err e = plugin_store_open(s, r->path, test_budget());
    test_note("%s", s->words);
    EXPECT_OK(e);
}

static size_t count_names(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    size_t count = 0;
    if (!EXPECT(d != NULL)) {
        return 0;
    }
    for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    (void)closedir(d);
    return count;
}

TEST(install_update_and_start)
{
    static struct store_rig r;
    struct plugin_store s;
    struct journal_id id;
    int entry = -1;
    store_rig_init(&r);
    open_store(&s, &r);
    EXPECT_ERR(ERR_NOT_FOUND, plugin_store_verify(&s, &s.journal.current, NULL));
    EXPECT_OK(plugin_store_install(&s, &r.install));
    EXPECT(s.journal.is_trial);
    EXPECT_EQ(r.files[0].length + r.files[1].length, r.progress);
    EXPECT_OK(plugin_store_verify(&s, &s.journal.current, &entry));
    struct stat st;
    EXPECT_EQ(0, fstat(entry, &st));
    EXPECT_EQ(0755, st.st_mode & 07777);
    (void)close(entry);
    EXPECT_OK(plugin_store_pass(&s));
    store_rig_version(&r, 2);
    EXPECT_OK(plugin_store_install(&s, &r.install));
    store_rig_id(&r, &id);
    EXPECT(journal_id_equal(&id, &s.journal.current));
    EXPECT_EQ(2, count_names(s.versions));
    EXPECT_EQ(0, count_names(s.partial));
    EXPECT_EQ(0, count_names(s.staging));
    EXPECT_OK(plugin_store_pass(&s));
    store_rig_version(&r, 3);
    EXPECT_OK(plugin_store_install(&s, &r.install));
    EXPECT_EQ(2, count_names(s.versions)); /* one previous is kept */
    plugin_store_close(&s);
    open_store(&s, &r);
    EXPECT_OK(plugin_store_verify(&s, &s.journal.current, NULL));
    EXPECT_OK(plugin_store_verify(&s, &s.journal.previous, NULL));
    EXPECT_OK(plugin_store_remove(&s));
    EXPECT_EQ(0, count_names(s.versions));
    plugin_store_close(&s);
    store_rig_done(&r);
}

TEST(back_to_the_last_good_and_never_again)
{
    static struct store_rig r;
    struct plugin_store s;
    struct journal_id first;
    bool is_back = false;
    store_rig_init(&r);
    open_store(&s, &r);
    EXPECT_OK(plugin_store_install(&s, &r.install));
    EXPECT_OK(plugin_store_pass(&s));
    first = s.journal.current;
    store_rig_version(&r, 2);
    EXPECT_OK(plugin_store_install(&s, &r.install));
    EXPECT_OK(plugin_store_fail(&s, &is_back));
    EXPECT(is_back);
    EXPECT(journal_id_equal(&first, &s.journal.current));
    EXPECT_OK(plugin_store_verify(&s, &s.journal.current, NULL));
    r.fetched = 0;
    EXPECT_ERR(ERR_DENIED, plugin_store_install(&s, &r.install));
    EXPECT_EQ(0, r.fetched);
    plugin_store_close(&s);
    open_store(&s, &r);
    EXPECT_ERR(ERR_DENIED, plugin_store_install(&s, &r.install));
    plugin_store_close(&s);
    store_rig_done(&r);
}

/* Cut off anywhere, a download goes on at the last whole chunk. */
TEST(resume_loses_at_most_one_chunk)
{
    for (uint64_t at = 1; at < STORE_RIG_LEN; at += 23456) {
        static struct store_rig r;
        struct plugin_store s;
        store_rig_init(&r);
        open_store(&s, &r);
        r.give_up_at = at;
        test_note("cut at %llu", (unsigned long long)at);
        EXPECT_ERR(ERR_IO, plugin_store_install(&s, &r.install));
        EXPECT(!journal_id_is_set(&s.journal.current));
        plugin_store_close(&s);
        open_store(&s, &r);
        r.give_up_at = 0;
        EXPECT_OK(plugin_store_install(&s, &r.install));
        EXPECT(r.fetched <= r.files[0].length + r.files[1].length + PACKAGE_CHUNK_LEN);
        plugin_store_close(&s);
        store_rig_done(&r);
    }
}

TEST(nine_of_ten_sources_lie)
{
    static struct store_rig r;
    struct plugin_store s;
    store_rig_init(&r);
    open_store(&s, &r);
    r.source.sources_count = 10;
    r.honest_source = 9;
    EXPECT_OK(plugin_store_install(&s, &r.install));
    EXPECT_OK(plugin_store_verify(&s, &s.journal.current, NULL));
    EXPECT(r.fetched <= r.files[0].length + r.files[1].length + 18 * (PACKAGE_CHUNK_LEN + 10000));
    plugin_store_close(&s);
    store_rig_done(&r);
}

TEST(all_sources_lie)
{
    static struct store_rig r;
    struct plugin_store s;
    store_rig_init(&r);
    open_store(&s, &r);
    r.source.sources_count = 3;
    r.honest_source = 3;
    EXPECT_ERR(ERR_AUTH, plugin_store_install(&s, &r.install));
    EXPECT(strstr(s.words, "not what was signed") != NULL);
    EXPECT_EQ(0, count_names(s.versions));
    plugin_store_close(&s);
    store_rig_done(&r);
}

/* A source that gives more than was signed: nothing beyond the length is kept. */
static enum err
flood(void *user, size_t source, const struct package_file *file, const struct download_args *to)
{
    struct store_rig *r = user;
    static const uint8_t more[5000];
    (void)source;
    const struct store_rig_file *c = &r->content[file - r->files];
    if (!to->take(to->user, span_of(c->bytes + to->offset, c->len - (size_t)to->offset))) {
        return ERR_LIMIT;
    }
    for (int i = 0; i < 1000; i++) {
        r->fetched += sizeof more;
        if (!to->take(to->user, SPAN_OF(more))) {
            return ERR_LIMIT;
        }
    }
    return OK;
}

TEST(more_than_was_signed)
{
    static struct store_rig r;
    struct plugin_store s;
    store_rig_init(&r);
    open_store(&s, &r);
    r.source.fetch = flood;
    EXPECT_OK(plugin_store_install(&s, &r.install)); /* the file itself was right */
    EXPECT(r.fetched <= 2 * 5000);
    plugin_store_close(&s);
    store_rig_done(&r);
}

TEST(whatever_is_changed_is_noticed)
{
    static const char *const changes[] = {
        "printf x >>versions/$ID/server",
        "printf x | dd of=versions/$ID/server bs=1 seek=77 conv=notrunc 2>/dev/null",
        "truncate -s 5 versions/$ID/server",
        "rm versions/$ID/keyd",
        "chmod 0777 versions/$ID/server",
        "chmod 4755 versions/$ID/server",
        "touch versions/$ID/extra",
        "mkdir versions/$ID/.hidden",
        "ln -s /etc/passwd versions/$ID/link",
        "cd versions/$ID && mv server s && ln -s s server",
        "cd versions/$ID && rm keyd && mkfifo keyd",
        "cd versions/$ID && rm keyd && mkdir keyd",
        "printf ' ' >>versions/$ID/manifest",
        "rm versions/$ID/manifest",
        "cd versions/$ID && mv manifest m && ln -s m manifest",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        static struct store_rig r;
        struct plugin_store s;
        store_rig_init(&r);
        open_store(&s, &r);
        EXPECT_OK(plugin_store_install(&s, &r.install));
        EXPECT_EQ(0, store_rig_run(&r, changes[i], s.journal.current.text));
        test_note("%s", changes[i]);
        EXPECT_ERR(ERR_AUTH, plugin_store_verify(&s, &s.journal.current, NULL));
        EXPECT_OK(plugin_store_install(&s, &r.install)); /* installing again heals it */
        EXPECT_OK(plugin_store_verify(&s, &s.journal.current, NULL));
        plugin_store_close(&s);
        store_rig_done(&r);
    }
}

TEST(planted_places_are_refused)
{
    static const struct {
        const char *script;
        enum err err;
    } plants[] = {
        {"mkdir other && ln -s other versions", ERR_DENIED},
        {"ln -s /tmp partial",                  ERR_DENIED},
        {"touch staging",                       ERR_DENIED},
        {"ln -s /etc/passwd LOCK",              ERR_DENIED},
        {"ln -s /etc/passwd journal",           ERR_DENIED},
        {"mkfifo journal",                      ERR_DENIED},
        {"mkdir -m 0755 versions",              ERR_DENIED},
        {"chmod 0755 .",                        ERR_DENIED},
        {"echo '{}' >journal",                  ERR_IO    },
    };
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        static struct store_rig r;
        struct plugin_store s;
        store_rig_init(&r);
        EXPECT_EQ(0, store_rig_run(&r, plants[i].script, ""));
        test_note("%s", plants[i].script);
        EXPECT_ERR(plants[i].err, plugin_store_open(&s, r.path, test_budget()));
        EXPECT(s.words[0] != '\0');
        plugin_store_close(&s);
        store_rig_done(&r);
    }
}

TEST(a_link_planted_for_a_partial_file)
{
    static struct store_rig r;
    struct plugin_store s;
    char hash[PLUGIN_HASH_TEXT_LEN];
    store_rig_init(&r);
    open_store(&s, &r);
    plugin_hash_text(hash, &r.files[0].hash);
    EXPECT_EQ(0, store_rig_run(&r, "touch victim && ln -s ../victim partial/$ID", hash));
    EXPECT_ERR(ERR_DENIED, plugin_store_install(&s, &r.install));
    EXPECT_EQ(0, store_rig_run(&r, "test ! -s victim", hash));
    plugin_store_close(&s);
    store_rig_done(&r);
}

TEST(what_a_crash_left_is_cleared_away)
{
    static struct store_rig r;
    struct plugin_store s;
    store_rig_init(&r);
    open_store(&s, &r);
    EXPECT_OK(plugin_store_install(&s, &r.install));
    EXPECT_EQ(
        0, store_rig_run(&r,
                         "mkdir -p staging/x/y versions/junk/a/b && touch staging/x/y/z versions/f "
                         "versions/junk/a/b/c && ln -s / versions/root",
                         ""));
    plugin_store_close(&s);
    open_store(&s, &r);
    EXPECT_EQ(1, count_names(s.versions));
    EXPECT_EQ(0, count_names(s.staging));
    EXPECT_OK(plugin_store_verify(&s, &s.journal.current, NULL));
    plugin_store_close(&s);
    store_rig_done(&r);
}

TEST(one_writer)
{
    static struct store_rig r;
    static struct plugin_store s;
    static struct plugin_store other;
    store_rig_init(&r);
    open_store(&s, &r);
    EXPECT_ERR(ERR_STATE, plugin_store_open(&other, r.path, test_budget()));
    plugin_store_close(&other);
    plugin_store_close(&s);
    open_store(&other, &r);
    plugin_store_close(&other);
    store_rig_done(&r);
}

TEST_MAIN
