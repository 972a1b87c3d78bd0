/* The vault in the real passmesh-keyd, whose path is in $PASSMESH_KEYD: what is left in memory and files, killed at any moment, and
 * how long an unlocking and a signature take. */
#define _GNU_SOURCE
#include "base/check.h"
#include "base/rd.h"
#include "base/test.h"
#include "node/keyd/keyd_client.h"
#include "node/keyd/vault_rig_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 20000 };

static struct bench {
    struct process process;
    struct keyd_client client;
    char dir[256];
    uint8_t reply[KEYD_REPLY_MAX];
    struct vault_rig rig;
} bench;

static enum err bench_ask(void *user, struct span *ret_body, uint8_t op, struct span body)
{
    struct bench *b = user;
    return keyd_client_ask(&b->client, MSPAN_OF(b->reply), ret_body, (enum keyd_op)op, body);
}

static bool bench_start(struct bench *b)
{
    const char *path = getenv("PASSMESH_KEYD");
    check(path);
    if (!EXPECT_OK(keyd_spawn(&b->process, path, b->dir, KEYD_MAY_VAULT))) {
        return false;
    }
    keyd_client_init(&b->client, b->process.fd, TIMEOUT_MS);
    return true;
}

static struct bench *bench_init(void)
{
    struct bench *b = &bench;
    const char *base = getenv("TMPDIR");
    memset(b, 0, sizeof *b);
    (void)snprintf(b->dir, sizeof b->dir, "%s/passmesh-vault-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(b->dir));
    vault_rig_init(&b->rig, bench_ask, b, 1);
    return b;
}

typedef void (*file_fn)(int dir, const char *name);

static void each_file(struct bench *b, file_fn fn)
{
    int fd = open(b->dir, O_RDONLY | O_DIRECTORY);
    check(fd >= 0);
    DIR *d = fdopendir(fd);
    check(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (e->d_name[0] != '.') {
            fn(fd, e->d_name);
        }
    }
    (void)closedir(d);
}

static void remove_file(int dir, const char *name)
{
    (void)unlinkat(dir, name, 0);
}

static void bench_done(struct bench *b)
{
    process_stop(&b->process, TIMEOUT_MS);
    each_file(b, remove_file);
    EXPECT(rmdir(b->dir) == 0);
}

/* A key that nothing else looks like; the test itself keeps it in one place. */
static void plant(uint8_t ret[static 32])
{
    for (size_t i = 0; i < 32; i++) {
        ret[i] = (uint8_t)(0x91 + i * 37);
    }
}

static bool holds(const uint8_t *p, size_t n)
{
    uint8_t key[32];
    plant(key);
    for (size_t i = 0; i + 16 <= n; i++) {
        if (memcmp(p + i, key, 16) == 0 || memcmp(p + i, key + 16, 16) == 0) {
            return true;
        }
    }
    return false;
}

static void check_file(int dir, const char *name)
{
    static uint8_t content[1 << 17];
    int fd = openat(dir, name, O_RDONLY);
    ssize_t n = read(fd, content, sizeof content);
    (void)close(fd);
    EXPECT(n > 0);
    EXPECT(!holds(content, n > 0 ? (size_t)n : 0));
}

/* The readable parts of a process's memory; false if the system does not let us. */
static bool scan_memory(int pid, bool *ret_found, size_t *ret_scanned)
{
    char path[64];
    char line[512];
    static uint8_t room[1 << 16];
    (void)snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int mem = open(path, O_RDONLY);
    (void)snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "r");
    *ret_found = false;
    *ret_scanned = 0;
    while (mem >= 0 && maps && fgets(line, sizeof line, maps)) {
        char *rest = NULL;
        unsigned long from = strtoul(line, &rest, 16);
        unsigned long to = rest && *rest == '-' ? strtoul(rest + 1, NULL, 16) : from;
        for (unsigned long at = from; at < to; at += sizeof room - 32) {
            size_t want = to - at < sizeof room ? to - at : sizeof room;
            ssize_t n = pread(mem, room, want, (off_t)at);
            if (n <= 0) {
                break;
            }
            *ret_scanned += (size_t)n;
            *ret_found = *ret_found || holds(room, (size_t)n);
        }
    }
    if (maps) {
        (void)fclose(maps);
    }
    (void)close(mem);
    return mem >= 0 && *ret_scanned > 0;
}

static void scan(struct bench *b, const char *when, bool want)
{
    bool found;
    size_t scanned;
    if (!scan_memory(b->process.pid, &found, &scanned)) {
        printf("# %s: keyd's memory cannot be read by this user: not scanned\n", when);
        return;
    }
    test_note("%s, %zu KiB", when, scanned / 1024);
    EXPECT(found == want);
}

TEST(a_planted_key_is_nowhere_after_each_flow)
{
    struct bench *b = bench_init();
    struct secp256k1_signature sig;
    struct span body;
    uint8_t key[32];
    uint32_t number = 0;
    if (bench_start(b) && vault_rig_enrol(&b->rig)) {
        plant(key);
        EXPECT_OK(vault_rig_import(&b->rig, &number, VAULT_KEY, SPAN_OF(key)));
        EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_SIGN_MESSAGE, "", SPAN_LIT("x")));
        EXPECT_OK(vault_rig_sign(&b->rig, &sig, making_get()));
        scan(b, "open", true); /* in guarded memory: the scan sees what it looks for */
        EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_LOCK, SPAN_EMPTY));
        scan(b, "locked", false);
        EXPECT_OK(vault_rig_unlock(&b->rig));
        EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_SIGN_MESSAGE, "", SPAN_LIT("x")));
        EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_LOCK, SPAN_EMPTY));
        scan(b, "locked again", false);
        each_file(b, check_file);
    }
    bench_done(b);
}

static uint32_t entries_count(struct bench *b)
{
    struct span body;
    if (!EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_STATUS, SPAN_EMPTY))) {
        return 0;
    }
    struct rd r = rd_init(body);
    (void)rd_u8(&r);
    (void)rd_be32(&r);
    (void)rd_be64(&r);
    size_t recipients = rd_u8(&r);
    for (size_t i = 0; i < recipients; i++) {
        (void)rd_u8(&r);
        (void)rd_be16_sized(&r);
        (void)rd_be16_sized(&r);
        (void)rd_bytes(&r, 32);
    }
    uint32_t count = rd_u8(&r);
    EXPECT(rd_ok(&r));
    return count;
}

enum { MOMENT_US_MIN = 3000, MOMENT_US_MAX = 400 * 1000 };

/* Sends a request that changes the vault and kills keyd after a moment, before or after it was stored: moments are drawn from a time that
 * follows how long that takes, on a busy machine too. */
TEST(killed_at_any_moment_it_keeps_what_it_answered)
{
    struct bench *b = bench_init();
    struct rng_seeded rng;
    uint32_t known = 0;
    uint32_t within_us = MOMENT_US_MIN;
    rng_seeded_init(&rng, test_seed());
    if (!bench_start(b) || !vault_rig_enrol(&b->rig)) {
        bench_done(b);
        return;
    }
    for (int round = 0; round < 24; round++) {
        static const uint8_t request[] = {KEYD_VERSION, KEYD_VAULT_DRAW, 0, 0, 0, 9, 12};
        struct timespec moment = {.tv_nsec = (long)rng_below(&rng.rng, within_us) * 1000};
        test_note("round %d, killed after %ld us", round, moment.tv_nsec / 1000);
        EXPECT(write(b->process.fd, request, sizeof request) == sizeof request);
        (void)nanosleep(&moment, NULL);
        (void)kill(b->process.pid, SIGKILL);
        uint8_t reply[64];
        ssize_t n = read(b->process.fd, reply, sizeof reply);
        bool was_answered = n == 11 && reply[6] == OK;
        process_stop(&b->process, TIMEOUT_MS);
        if (!bench_start(b) || !EXPECT_OK(vault_rig_unlock(&b->rig))) {
            break;
        }
        uint32_t count = entries_count(b);
        EXPECT(count == known + 1 || (count == known && !was_answered));
        bool was_late = count > known;
        within_us = was_late && within_us > MOMENT_US_MIN    ? within_us / 2
                    : !was_late && within_us < MOMENT_US_MAX ? within_us * 2
                                                             : within_us;
        known = count;
    }
    EXPECT(known > 0); /* some were stored before the end came */
    bench_done(b);
}

static uint64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The figures of bench.json, here with a bound that a busy machine keeps too: from the sealed PRF output to the signature. */
TEST(from_unlocking_to_a_signature)
{
    struct bench *b = bench_init();
    struct secp256k1_signature sig;
    struct span body;
    uint8_t key[32];
    uint32_t number = 0;
    if (bench_start(b) && vault_rig_enrol(&b->rig)) {
        plant(key);
        EXPECT_OK(vault_rig_import(&b->rig, &number, VAULT_KEY, SPAN_OF(key)));
        EXPECT_OK(bench_ask(b, &body, KEYD_VAULT_LOCK, SPAN_EMPTY));
        uint64_t from = now_us();
        EXPECT_OK(vault_rig_unlock(&b->rig));
        EXPECT_OK(vault_rig_prepare(&b->rig, number, VAULT_SIGN_MESSAGE, "", SPAN_LIT("x")));
        EXPECT_OK(vault_rig_sign(&b->rig, &sig, making_get()));
        uint64_t took_us = now_us() - from;
        printf("# unlock_to_signature_us %llu\n", (unsigned long long)took_us);
        EXPECT(took_us < 500 * 1000);
    }
    bench_done(b);
}

TEST_MAIN
