/* The real passmesh-keyd: started, asked, killed at any time, started again. Its path is in $PASSMESH_KEYD. */
#define _GNU_SOURCE
#include "node/keyd/keyd_client.h"

#include "base/check.h"
#include "base/rng.h"
#include "base/test.h"
#include "crypto/ed25519.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 10000, ALL = KEYD_MAY_IDENTITY | KEYD_MAY_BUNDLER | KEYD_MAY_MANAGE };

/* A running keyd on a directory of its own. */
struct bench {
    struct process process;
    struct keyd_client client;
    char dir[256];
};

static const char *keyd_path(void)
{
    const char *path = getenv("PASSMESH_KEYD");
    check(path);
    return path;
}

static void bench_init(struct bench *b)
{
    const char *base = getenv("TMPDIR");
    memset(b, 0, sizeof *b);
    (void)snprintf(b->dir, sizeof b->dir, "%s/passmesh-keyd-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(b->dir));
}

static bool bench_start(struct bench *b, uint32_t capabilities)
{
    if (!EXPECT_OK(keyd_spawn(&b->process, keyd_path(), b->dir, capabilities))) {
        return false;
    }
    keyd_client_init(&b->client, b->process.fd, TIMEOUT_MS);
    return true;
}

static void bench_stop(struct bench *b)
{
    process_stop(&b->process, TIMEOUT_MS);
}

static void bench_remove(struct bench *b)
{
    int fd = open(b->dir, O_RDONLY | O_DIRECTORY);
    check(fd >= 0);
    DIR *d = fdopendir(fd);
    check(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        (void)unlinkat(fd, e->d_name, 0);
    }
    (void)closedir(d);
    EXPECT(rmdir(b->dir) == 0);
}

/* A figure of /proc/PID/status in KiB, or 0. */
static long status_kib(int pid, const char *name)
{
    char path[64];
    char text[2048];
    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    (void)close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *line = strstr(text, name);
    return line ? strtol(line + strlen(name), NULL, 10) : 0;
}

TEST(an_identity_lives_through_restarts_and_signs_for_the_engines)
{
    struct bench b;
    struct signature sig;
    uint8_t first[KEY_ED25519_ENCODED_LEN];
    static const struct span message =
        SPAN_INIT("noise-libp2p-static-key:0123456789abcdef0123456789abcdef");
    bench_init(&b);
    for (int run = 0; run < 3; run++) {
        if (!bench_start(&b, KEYD_MAY_IDENTITY | KEYD_MAY_MANAGE) ||
            !EXPECT_OK(keyd_client_open_identity(&b.client))) {
            break;
        }
        if (run == 0) {
            memcpy(first, b.client.identity, sizeof first);
        }
        EXPECT_SPAN(SPAN_OF(first), b.client.signer.public_key);
        struct signer *port = &b.client.signer;
        EXPECT_OK(port->sign(port, &sig, SIGNER_NOISE_STATIC_KEY, message));
        struct public_key key;
        EXPECT_OK(key_decode(&key, port->public_key));
        EXPECT_OK(key_verify(&key, message, span_of(sig.bytes, sig.len)));
        EXPECT_ERR(ERR_DENIED, port->sign(port, &sig, SIGNER_ENVELOPE, message));
        struct secp256k1_signature tx_sig;
        EXPECT_ERR(ERR_DENIED, keyd_client_sign_transaction(&b.client, &tx_sig, 1, message));
        bench_stop(&b);
    }
    bench_remove(&b);
}

TEST(what_protects_it_and_what_it_weighs)
{
    struct bench b;
    struct keyd_status status;
    bench_init(&b);
    if (bench_start(&b, ALL) && EXPECT_OK(keyd_client_open_identity(&b.client)) &&
        EXPECT_OK(keyd_client_status(&b.client, &status))) {
        EXPECT_EQ(ALL, status.capabilities);
        EXPECT_EQ(1, status.keys_count);
        EXPECT(status.protections & KEYD_NO_DUMP);
        EXPECT(status.protections & KEYD_NO_NEW_PRIVS);
        printf("# protections %#x, Landlock ABI %u; anonymous resident %ld KiB, whole resident %ld "
               "KiB, locked %ld KiB\n",
               status.protections, status.landlock_abi, status_kib(b.process.pid, "RssAnon:"),
               status_kib(b.process.pid, "VmRSS:"), status_kib(b.process.pid, "VmLck:"));
        EXPECT(status_kib(b.process.pid, "RssAnon:") > 0);
    }
    bench_stop(&b);
    bench_remove(&b);
}

TEST(a_round_trip_takes_well_under_a_millisecond)
{
    enum { ROUNDS = 1000 };
    struct bench b;
    struct signature sig;
    struct timespec t0;
    struct timespec t1;
    static const struct span message =
        SPAN_INIT("noise-libp2p-static-key:0123456789abcdef0123456789abcdef");
    bench_init(&b);
    if (bench_start(&b, ALL) && EXPECT_OK(keyd_client_open_identity(&b.client))) {
        struct signer *port = &b.client.signer;
        (void)clock_gettime(CLOCK_MONOTONIC, &t0);
        for (int i = 0; i < ROUNDS; i++) {
            EXPECT_OK(port->sign(port, &sig, SIGNER_NOISE_STATIC_KEY, message));
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &t1);
        long us = ((t1.tv_sec - t0.tv_sec) * 1000000L + (t1.tv_nsec - t0.tv_nsec) / 1000) / ROUNDS;
        printf("# a signature through keyd: %ld microseconds\n",
               us); /* for information: time is never asserted */
    }
    bench_stop(&b);
    bench_remove(&b);
}

TEST(a_second_keyd_on_the_same_store_does_not_start)
{
    struct bench b;
    struct bench second;
    struct keyd_status status;
    bench_init(&b);
    second = b;
    if (bench_start(&b, ALL) && EXPECT_OK(keyd_client_status(&b.client, &status)) &&
        bench_start(&second, ALL)) {
        EXPECT_ERR(ERR_IO, keyd_client_status(&second.client, &status));
        EXPECT_ERR(ERR_IO, keyd_client_status(&second.client, &status)); /* and stays so */
        bench_stop(&second);
        EXPECT_OK(keyd_client_status(&b.client, &status));
    }
    bench_stop(&b);
    bench_remove(&b);
}

TEST(a_store_whose_key_is_gone_is_not_overwritten)
{
    struct bench b;
    struct keyd_status status;
    char path[300];
    char store[300];
    struct stat before;
    struct stat after;
    bench_init(&b);
    (void)snprintf(path, sizeof path, "%s/store.key", b.dir);
    (void)snprintf(store, sizeof store, "%s/store", b.dir);
    if (bench_start(&b, ALL) && EXPECT_OK(keyd_client_open_identity(&b.client))) {
        bench_stop(&b);
        EXPECT(stat(path, &before) == 0 && (before.st_mode & 0777) == 0600);
        EXPECT(stat(store, &before) == 0 && (before.st_mode & 0777) == 0600);
        EXPECT(unlink(path) == 0);
        if (bench_start(&b, ALL)) {
            EXPECT_ERR(ERR_IO, keyd_client_status(&b.client, &status));
        }
        EXPECT(stat(store, &after) == 0 && after.st_ino == before.st_ino &&
               after.st_size == before.st_size);
        EXPECT(access(path, F_OK) != 0);
    }
    bench_stop(&b);
    bench_remove(&b);
}

/* A client that breaks the bounds gets an answer or loses its connection; keyd stays. */
TEST(a_hostile_client)
{
    static uint8_t junk[KEYD_REQUEST_MAX + 100];
    struct bench b;
    struct keyd_status status;
    uint8_t reply[64];
    bench_init(&b);
    if (bench_start(&b, 0)) {
        for (size_t n = 1; n <= sizeof junk; n = n * 3 + 1) {
            memset(junk, (int)n, n);
            EXPECT_EQ(n, send(b.process.fd, junk, n, MSG_NOSIGNAL));
            EXPECT_EQ(7, recv(b.process.fd, reply, sizeof reply, 0));
        }
        EXPECT_EQ(sizeof junk, send(b.process.fd, junk, sizeof junk, MSG_NOSIGNAL));
        EXPECT_EQ(7, recv(b.process.fd, reply, sizeof reply, 0));
        EXPECT_OK(keyd_client_status(&b.client, &status));
    }
    bench_stop(&b);
    bench_remove(&b);
}

static void nap_us(long us)
{
    const struct timespec t = {.tv_sec = 0, .tv_nsec = us * 1000};
    (void)nanosleep(&t, NULL);
}

/* Kills keyd after delay_us from a second process while keys are created; returns how many were acknowledged. */
static size_t
create_until_killed(struct bench *b, long delay_us, struct keyd_key *acknowledged, size_t count)
{
    pid_t killer = fork();
    if (killer == 0) {
        nap_us(delay_us);
        (void)kill(b->process.pid, SIGKILL);
        _exit(0);
    }
    while (count < KEYD_KEYS_MAX &&
           keyd_client_create(&b->client, &acknowledged[count], KEYD_BUNDLER) == OK) {
        count++;
    }
    int status;
    check(killer > 0);
    check(waitpid(killer, &status, 0) == killer);
    return count;
}

static bool has_key(const struct keyd_key *keys, size_t count, const struct keyd_key *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&keys[i], wanted, sizeof *wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* Every key that was ever acknowledged is there after each kill. */
TEST(killed_at_any_time_it_loses_no_key)
{
    static struct keyd_key acknowledged[KEYD_KEYS_MAX];
    static struct keyd_key found[KEYD_KEYS_MAX];
    const char *is_long = getenv("PASSMESH_LONG");
    int kills_wanted = is_long ? 1000 : 40;
    int kills = 0;
    struct rng_seeded rng;
    rng_seeded_init(&rng, test_seed());
    while (kills < kills_wanted) {
        struct bench b;
        size_t count = 0;
        bench_init(&b);
        for (bool is_full = false; !is_full && kills < kills_wanted; kills++) {
            size_t found_count = 0;
            if (!bench_start(&b, ALL) ||
                !EXPECT_OK(keyd_client_list(&b.client, found, &found_count))) {
                kills = kills_wanted;
                break;
            }
            for (size_t i = 0; i < count; i++) {
                test_note("kill %d, key %zu of %zu", kills, i, count);
                EXPECT(has_key(found, found_count, &acknowledged[i]));
            }
            is_full = found_count == KEYD_KEYS_MAX;
            /* Keys that were saved but not acknowledged count from now on too. */
            memcpy(acknowledged, found, found_count * sizeof found[0]);
            count =
                create_until_killed(&b, (long)rng_below(&rng.rng, 6000), acknowledged, found_count);
            bench_stop(&b);
        }
        bench_remove(&b);
    }
    printf("# %d kills\n", kills);
}

TEST(capability_words)
{
    static const struct {
        const char *text;
        uint32_t mask;
        enum err want;
    } cases[] = {
        {"identity",                KEYD_MAY_IDENTITY,                   OK           },
        {"identity,bundler,manage", ALL,                                 OK           },
        {"manage,identity",         KEYD_MAY_IDENTITY | KEYD_MAY_MANAGE, OK           },
        {"",                        0,                                   OK           },
        {"all",                     0,                                   ERR_MALFORMED},
        {"identity,",               KEYD_MAY_IDENTITY,                   OK           },
        {",identity",               0,                                   ERR_MALFORMED},
        {"identity, bundler",       0,                                   ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t mask = 0;
        test_note("%s", cases[i].text);
        EXPECT_ERR(cases[i].want, keyd_capabilities_parse(&mask, span_str(cases[i].text)));
        EXPECT_EQ(cases[i].mask, mask);
    }
    char text[KEYD_CAPABILITIES_MAX];
    keyd_capabilities_print(text, ALL);
    EXPECT_STR("identity,bundler,manage", text);
}

TEST_MAIN
