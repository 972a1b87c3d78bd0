/* Where the directories are, what the file may say, and who may read what is private. */
#include "node/config/config.h"

#include "base/test.h"
#include "codec/ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const variables[] = {
    "HOME",        "PASSMESH_HOME",   "PASSMESH_KEYD", "PASSMESH_NETWORK", "PASSMESH_SOFTWARE_KEY",
    "PASSMESH_UI", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"};

enum { VARIABLE_COUNT = sizeof variables / sizeof variables[0] };

/* Too large for the stack. */
static struct config c;

/* A clean environment and a directory of its own for each test. */
struct place {
    char dir[64];
    char path[256];
};

static bool place_init(struct place *p)
{
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        (void)unsetenv(variables[i]);
    }
    memset(&c, 0, sizeof c);
    (void)snprintf(p->dir, sizeof p->dir, "/tmp/pm-config-XXXXXX");
    return mkdtemp(p->dir) != NULL;
}

static const char *at(struct place *p, const char *below)
{
    (void)snprintf(p->path, sizeof p->path, "%s%s", p->dir, below);
    return p->path;
}

static void place_done(struct place *p)
{
    static const char *const files[] = {"/config/passmesh.ini", "/file"};
    static const char *const dirs[] = {"/a/b/data", "/a/b/config", "/a/b/run", "/a/b", "/a",
                                       "/data",     "/config",     "/run",     "/own", ""};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)unlink(at(p, files[i]));
    }
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        (void)unlink(at(p, dirs[i])); /* a link that a test made */
        (void)rmdir(at(p, dirs[i]));
    }
}

static bool write_file(const char *path, const void *text, size_t n)
{
    FILE *f = fopen(path, "we");
    bool wrote = f && fwrite(text, 1, n, f) == n;
    return f && fclose(f) == 0 && wrote;
}

/* ---- directories ---- */

static const struct {
    const char *name;
    const char *home;           /* --home */
    const char *program;        /* NULL: passmesh */
    const char *environment[8]; /* name, value, ... */
    const char *data;           /* NULL: refused */
    const char *config;
    const char *runtime;
} places[] = {
    {"nothing but a home",
     NULL,                                                     NULL,
     {"HOME", "/h"},
     "/h/.local/share/passmesh",                                                                                                    "/h/.config/passmesh",
     "/h/.local/share/passmesh/run"                                                                                                                                       },
    {"--home",                                           "/x", NULL,              {"HOME", "/h", "XDG_DATA_HOME", "/d"}, "/x/data", "/x/config",                  "/x/run"},
    {"--home before PASSMESH_HOME",
     "/x",                                                     NULL,
     {"PASSMESH_HOME", "/y"},
     "/x/data",                                                                                                                     "/x/config",
     "/x/run"                                                                                                                                                             },
    {"PASSMESH_HOME",
     NULL,                                                     NULL,
     {"PASSMESH_HOME", "/y", "HOME", "/h"},
     "/y/data",                                                                                                                     "/y/config",
     "/y/run"                                                                                                                                                             },
    {"an empty PASSMESH_HOME is none",
     NULL,                                                     NULL,
     {"PASSMESH_HOME", "", "HOME", "/h"},
     "/h/.local/share/passmesh",                                                                                                    "/h/.config/passmesh",
     "/h/.local/share/passmesh/run"                                                                                                                                       },
    {"each XDG directory",
     NULL,                                                     NULL,
     {"XDG_DATA_HOME", "/d", "XDG_CONFIG_HOME", "/c", "XDG_RUNTIME_DIR", "/r"},
     "/d/passmesh",                                                                                                                 "/c/passmesh",
     "/r/passmesh"                                                                                                                                                        },
    {"an XDG directory that is relative does not count",
     NULL,                                                     NULL,
     {"HOME", "/h", "XDG_DATA_HOME", "d", "XDG_CONFIG_HOME", "./c", "XDG_RUNTIME_DIR", "r"},
     "/h/.local/share/passmesh",                                                                                                    "/h/.config/passmesh",
     "/h/.local/share/passmesh/run"                                                                                                                                       },
    {"another program",
     NULL,                                                     "passmesh-server",
     {"HOME", "/h", "XDG_RUNTIME_DIR", "/r"},
     "/h/.local/share/passmesh-server",                                                                                             "/h/.config/passmesh-server",
     "/r/passmesh-server"                                                                                                                                                 },
    {"no home at all",                                   NULL, NULL,              {NULL},                                NULL,      NULL,                         NULL    },
    {"data without config",                              NULL, NULL,              {"XDG_DATA_HOME", "/d"},               NULL,      NULL,                         NULL    },
};

TEST(directories_follow_the_environment)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct place p;
        test_note("%s", places[i].name);
        TEST_REQUIRE(place_init(&p));
        for (size_t k = 0; k < 8 && places[i].environment[k]; k += 2) {
            (void)setenv(places[i].environment[k], places[i].environment[k + 1], 1);
        }
        struct config_args args = {
            .home = places[i].home, .exe_dir = "/bin", .name = places[i].program};
        EXPECT_ERR(places[i].data ? OK : ERR_IO, config_find_places(&c, &args));
        if (places[i].data) {
            EXPECT_STR(places[i].data, c.data_dir);
            EXPECT_STR(places[i].config, c.config_dir);
            EXPECT_STR(places[i].runtime, c.runtime_dir);
            EXPECT_STR("/bin/passmesh-keyd", c.keyd);
        }
        place_done(&p);
    }
}

TEST(programs_and_page_follow_the_environment)
{
    struct place p;
    TEST_REQUIRE(place_init(&p));
    struct config_args args = {.home = "/x", .exe_dir = "/nowhere/bin"};
    EXPECT_OK(config_find_places(&c, &args));
    EXPECT_STR("/x/run/passmesh.sock", c.socket);
    EXPECT_STR("/nowhere/bin/../ui", c.ui_dir); /* nothing is installed there */
    (void)setenv("PASSMESH_KEYD", "/k", 1);
    (void)setenv("PASSMESH_UI", "/u", 1);
    EXPECT_OK(config_find_places(&c, &args));
    EXPECT_STR("/k", c.keyd);
    EXPECT_STR("/u", c.ui_dir);
    place_done(&p);
}

/* A path one byte too long is refused, not cut: a cut one would be another directory. */
TEST(a_path_that_is_too_long_is_refused)
{
    static char home[CONFIG_PATH_LEN_MAX + 8];
    static const char longest[] = "/run/passmesh.sock"; /* of what is made below home */
    const size_t fits = CONFIG_PATH_LEN_MAX - 1 - strlen(longest);
    struct place p;
    TEST_REQUIRE(place_init(&p));
    for (size_t n = fits; n <= fits + 1; n++) {
        memset(home, 'h', n);
        home[0] = '/';
        home[n] = '\0';
        struct config_args args = {.home = home, .exe_dir = "/bin"};
        test_note("%zu bytes", n);
        EXPECT_ERR(n == fits ? OK : ERR_IO, config_find_places(&c, &args));
    }
    struct diag diag = {0};
    struct config_args args = {.home = home, .exe_dir = "/bin"};
    EXPECT_ERR(ERR_IO, config_load(&c, &args, &diag));
    EXPECT(strstr(diag.rule, "--home"));
    place_done(&p);
}

/* ---- the file ---- */

static enum err load(struct place *p, const char *ini, struct diag *diag)
{
    char home[64];
    (void)snprintf(home, sizeof home, "%s", p->dir);
    (void)mkdir(at(p, "/config"), 0700);
    EXPECT(write_file(at(p, "/config/passmesh.ini"), ini, strlen(ini)));
    struct config_args args = {.home = home, .exe_dir = "/bin"};
    return config_load(&c, &args, diag);
}

TEST(no_file_is_the_defaults)
{
    struct place p;
    struct diag diag = {0};
    TEST_REQUIRE(place_init(&p));
    struct config_args args = {.home = p.dir, .exe_dir = "/bin"};
    EXPECT_OK(config_load(&c, &args, &diag));
    EXPECT_EQ(7878, c.port);
    EXPECT_EQ(64 << 20, c.memory_max);
    EXPECT_STR("", c.listen);
    EXPECT_STR("", c.network_file);
    EXPECT_EQ(0, c.peer_count);
    EXPECT(c.is_mdns);
    EXPECT(c.is_dht);
    EXPECT(c.is_directory);
    EXPECT(c.is_rendezvous);
    EXPECT_EQ(CONFIG_PUBLIC_ASK, c.public_use); /* nothing is sent that nobody allowed */
    EXPECT_EQ(0, c.public_dht.peers_count);
    EXPECT_EQ(0, c.mdns_port);
    EXPECT(!c.is_debug);
    EXPECT(!c.is_software_key);
    EXPECT(!c.is_sandbox_optional);
    place_done(&p);
}

TEST(each_key_is_read)
{
    struct place p;
    struct diag diag = {0};
    TEST_REQUIRE(place_init(&p));
    (void)setenv("PASSMESH_NETWORK", "/n.ini", 1);
    (void)setenv("PASSMESH_SOFTWARE_KEY", "1", 1);
    EXPECT_OK(load(&p,
                   "# a comment\n[page]\nport = 7879\n[peers]\nlisten = /ip4/0.0.0.0/tcp/4001\n"
                   "memory_mib = 4096\nserver = /ip4/1.2.3.4/tcp/1/p2p/a\n"
                   "server = /ip4/1.2.3.4/tcp/1/p2p/b\nmdns = no\ndht = no\ndirectory = "
                   "no\nrendezvous = no\npublic_dht = no\npublic_dht_peer = "
                   "/ip4/1.2.3.4/tcp/1/p2p/c\nmdns_port = "
                   "65535\nallow = 8.8.8.8\ndeny = 8.8.8.0/24\ndeny = ::/0\nhigh_water = 9\n"
                   "low_water = 8\ngrace_s = 7\nper_address = 6\nper_network = 5\n"
                   "[log]\nlevel = debug\n"
                   "[process]\nsandbox = optional\n",
                   &diag));
    EXPECT_EQ(7879, c.port);
    EXPECT_STR("/ip4/0.0.0.0/tcp/4001", c.listen);
    EXPECT_EQ((size_t)4096 << 20, c.memory_max);
    EXPECT_EQ(2, c.peer_count);
    EXPECT_STR("/ip4/1.2.3.4/tcp/1/p2p/b", c.peers[1]);
    EXPECT(!c.is_mdns);
    EXPECT(!c.is_dht);
    EXPECT(!c.is_directory);
    EXPECT(!c.is_rendezvous);
    EXPECT_EQ(CONFIG_PUBLIC_NO, c.public_use);
    EXPECT_EQ(1, c.public_dht.peers_count);
    EXPECT_STR("/ip4/1.2.3.4/tcp/1/p2p/c", c.public_dht.peers[0]);
    EXPECT_EQ(65535, c.mdns_port);
    EXPECT_EQ(1, c.peer_limits.gate.allow.count);
    EXPECT_EQ(2, c.peer_limits.gate.deny.count);
    EXPECT_EQ(9, c.peer_limits.high);
    EXPECT_EQ(8, c.peer_limits.low);
    EXPECT_EQ(7, c.peer_limits.grace_s);
    EXPECT_EQ(6, c.peer_limits.per_host);
    EXPECT_EQ(5, c.peer_limits.per_network);
    EXPECT(c.is_debug);
    EXPECT(c.is_sandbox_optional);
    EXPECT_STR("/n.ini", c.network_file);
    EXPECT(c.is_software_key);
    place_done(&p);
}

TEST(what_the_file_may_not_say)
{
    static const struct {
        const char *name;
        const char *ini;
        enum err err;
        uint64_t line;
    } table[] = {
        {"the least port",              "[page]\nport = 1\n",                           OK,            0},
        {"the greatest port",           "[page]\nport = 65535\n",                       OK,            0},
        {"port 0",                      "[page]\nport = 0\n",                           ERR_MALFORMED, 2},
        {"port 65536",                  "[page]\nport = 65536\n",                       ERR_MALFORMED, 2},
        {"a port below 0",              "[page]\nport = -1\n",                          ERR_MALFORMED, 2},
        {"a port in hex",               "[page]\nport = 0x10\n",                        ERR_MALFORMED, 2},
        {"a port of words",             "[page]\nport = http\n",                        ERR_MALFORMED, 2},
        {"no port",                     "[page]\nport =\n",                             ERR_MALFORMED, 2},
        {"a key of another section",    "[page]\nlisten = /x\n",                        ERR_MALFORMED, 2},
        {"an unknown key, in line 4",   "\n\n[page]\nports = 1\n",                      ERR_MALFORMED, 4},
        {"an unknown section",          "[pages]\nport = 1\n",                          ERR_MALFORMED, 2},
        {"a key before any section",    "port = 1\n",                                   ERR_MALFORMED, 1},
        {"no memory",                   "[peers]\nmemory_mib = 0\n",                    ERR_MALFORMED, 2},
        {"4097 MiB",                    "[peers]\nmemory_mib = 4097\n",                 ERR_MALFORMED, 2},
        {"2^64 MiB",                    "[peers]\nmemory_mib = 18446744073709551616\n", ERR_MALFORMED, 2},
        {"an empty address",            "[peers]\nlisten =\n",                          ERR_MALFORMED, 2},
        {"mdns, yes",                   "[peers]\nmdns = yes\n",                        OK,            0},
        {"mdns, perhaps",               "[peers]\nmdns = perhaps\n",                    ERR_MALFORMED, 2},
        {"mDNS on port 65536",          "[peers]\nmdns_port = 65536\n",                 ERR_MALFORMED, 2},
        {"a network that is none",      "[peers]\ndeny = 8.8.8.8/24\n",                 ERR_MALFORMED, 2},
        {"a rule by name",              "[peers]\nallow = example.org\n",               ERR_MALFORMED, 2},
        {"no connection",               "[peers]\nper_address = 0\n",                   ERR_MALFORMED, 2},
        {"an unknown level",            "[log]\nlevel = loud\n",                        ERR_MALFORMED, 2},
        {"a level with a capital",      "[log]\nlevel = Debug\n",                       ERR_MALFORMED, 2},
        {"the sandbox as it is",        "[process]\nsandbox = required\n",              OK,            0},
        {"no sandbox",                  "[process]\nsandbox = no\n",                    ERR_MALFORMED, 2},
        {"an empty file",               "",                                             OK,            0},
        {"the last line without a end", "[page]\nport = 9",                             OK,            0},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct place p;
        struct diag diag = {0};
        TEST_REQUIRE(place_init(&p));
        test_note("%s", table[i].name);
        EXPECT_ERR(table[i].err, load(&p, table[i].ini, &diag));
        EXPECT_EQ(table[i].line, diag.offset);
        EXPECT_EQ(table[i].err == OK, diag.rule == NULL);
        place_done(&p);
    }
}

TEST(texts_and_servers_have_their_limits)
{
    static char ini[8192];
    struct place p;
    struct diag diag = {0};
    for (size_t n = CONFIG_TEXT_LEN_MAX; n <= CONFIG_TEXT_LEN_MAX + 1; n++) {
        TEST_REQUIRE(place_init(&p));
        int at_end = snprintf(ini, sizeof ini, "[peers]\nlisten = ");
        memset(ini + at_end, 'a', n);
        ini[(size_t)at_end + n] = '\0';
        test_note("%zu bytes", n);
        EXPECT_ERR(n == CONFIG_TEXT_LEN_MAX ? OK : ERR_MALFORMED, load(&p, ini, &diag));
        place_done(&p);
    }
    for (size_t count = CONFIG_PEER_COUNT_MAX; count <= CONFIG_PEER_COUNT_MAX + 1; count++) {
        TEST_REQUIRE(place_init(&p));
        int n = snprintf(ini, sizeof ini, "[peers]\n");
        for (size_t i = 0; i < count; i++) {
            n += snprintf(ini + n, sizeof ini - (size_t)n, "server = /s%zu\n", i);
        }
        test_note("%zu servers", count);
        EXPECT_ERR(count == CONFIG_PEER_COUNT_MAX ? OK : ERR_LIMIT, load(&p, ini, &diag));
        EXPECT_EQ(CONFIG_PEER_COUNT_MAX, c.peer_count);
        place_done(&p);
    }
}

TEST(a_file_is_read_whole_or_not_at_all)
{
    struct place p;
    char *text = NULL;
    size_t len = 0;
    TEST_REQUIRE(place_init(&p));
    EXPECT_ERR(ERR_NOT_FOUND, config_read_file(at(&p, "/file"), 4, &text, &len));
    EXPECT_ERR(ERR_IO, config_read_file(p.dir, 4, &text, &len)); /* a directory */
    EXPECT(write_file(at(&p, "/file"), "abcd", 4));
    EXPECT_ERR(ERR_LIMIT, config_read_file(at(&p, "/file"), 3, &text, &len));
    EXPECT(text == NULL);
    EXPECT_OK(config_read_file(at(&p, "/file"), 4, &text, &len));
    EXPECT_SPAN(SPAN_LIT("abcd"), span_of(text, len));
    free(text);
    place_done(&p);
}

/* ---- making them ---- */

static mode_t mode_of(const char *path)
{
    struct stat st = {0};
    EXPECT(lstat(path, &st) == 0);
    return st.st_mode & 07777;
}

static enum err make_dirs(struct place *p, const char *below, const char **ret_path)
{
    char home[128];
    (void)snprintf(home, sizeof home, "%s%s", p->dir, below);
    struct config_args args = {.home = home, .exe_dir = "/bin"};
    EXPECT_OK(config_find_places(&c, &args));
    return config_make_dirs(&c, ret_path);
}

TEST(directories_are_made_and_private)
{
    struct place p;
    const char *path = NULL;
    TEST_REQUIRE(place_init(&p));
    EXPECT_OK(make_dirs(&p, "/a/b", &path)); /* with what is missing above */
    EXPECT_EQ(0700, mode_of(at(&p, "/a/b/data")));
    EXPECT_EQ(0700, mode_of(at(&p, "/a/b/run")));
    EXPECT_OK(make_dirs(&p, "/a/b", &path)); /* once more */
    EXPECT(chmod(at(&p, "/a/b/data"), 0755) == 0);
    EXPECT_OK(make_dirs(&p, "/a/b", &path));
    EXPECT_EQ(0700, mode_of(at(&p, "/a/b/data"))); /* ours, and open to others: closed */
    place_done(&p);
}

TEST(the_sentences_name_the_directory)
{
    char text[CONFIG_SENTENCE_LEN_MAX];
    config_say_dirs(text, ERR_LIMIT, "/d");
    EXPECT_STR("The disk of /d is full: free some space, then start again. Nothing was changed.",
               text);
    config_say_dirs(text, ERR_DENIED, "/d");
    EXPECT_STR("The directory /d cannot be made, or is not yours alone.", text);
}

TEST(what_is_no_directory_of_ours_is_refused_by_name)
{
    struct place p;
    const char *path = NULL;
    char own[128];
    TEST_REQUIRE(place_init(&p));
    (void)snprintf(own, sizeof own, "%s/own", p.dir);
    EXPECT(mkdir(own, 0700) == 0);
    EXPECT(symlink(own, at(&p, "/data")) == 0);
    EXPECT_ERR(ERR_DENIED, make_dirs(&p, "", &path)); /* a link may lead anywhere tomorrow */
    EXPECT_STR(at(&p, "/data"), path);
    EXPECT(unlink(at(&p, "/data")) == 0);
    EXPECT(write_file(at(&p, "/data"), "x", 1));
    EXPECT_ERR(ERR_DENIED, make_dirs(&p, "", &path)); /* a file */
    EXPECT(unlink(at(&p, "/data")) == 0);
    EXPECT(write_file(at(&p, "/file"), "x", 1));
    EXPECT_ERR(ERR_IO, make_dirs(&p, "/file", &path)); /* below a file nothing can be made */
    EXPECT_STR(at(&p, "/file/data"), path);
    place_done(&p);
}

TEST_MAIN
