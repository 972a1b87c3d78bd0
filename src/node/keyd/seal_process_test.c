/* The real keyd and the real passmesh-tpm on swtpm: sealed by the tool, opened at each start, and every way in which chip, registers or store may
 * not be what they were. Then restarts by kill -9, of all three at once, as when the power goes. */
#define _GNU_SOURCE
#include "base/check.h"
#include "base/rng.h"
#include "base/test.h"
#include "base/wr.h"
#include "node/keyd/keyd_client.h"
#include "node/keyd/keyd_tool.h"
#include "node/tpm/tpm_chip.h"
#include "node/tpm/tpm_rig_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 60000, PHRASE_MAX = 512, REGISTER = 7, FILE_MAX = 64 * 1024 };

#define ALL (KEYD_MAY_IDENTITY | KEYD_MAY_BUNDLER | KEYD_MAY_MANAGE)

struct bench {
    struct tpm_rig rig;
    struct process process;
    struct keyd_client client;
    char dir[256];
    char phrase[PHRASE_MAX];
    char text[1024]; /* the tool's last */
};

static struct bench b;

static bool bench_begin(void)
{
    const char *base = getenv("TMPDIR");
    memset(&b, 0, sizeof b);
    if (!tpm_rig_start(&b.rig, true)) {
        return false;
    }
    (void)snprintf(b.dir, sizeof b.dir, "%s/passmesh-seal-XXXXXX", base ? base : "/tmp");
    return EXPECT(mkdtemp(b.dir) != NULL);
}

static void bench_end(void)
{
    process_stop(&b.process, TIMEOUT_MS);
    tpm_rig_done(&b.rig);
    int fd = b.dir[0] ? open(b.dir, O_RDONLY | O_DIRECTORY) : -1;
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        (void)unlinkat(fd, e->d_name, 0);
    }
    if (d) {
        (void)closedir(d);
        EXPECT(rmdir(b.dir) == 0);
    }
}

static const char *keyd(void)
{
    const char *path = getenv("PASSMESH_KEYD");
    check(path);
    return path;
}

/* ---- the tool ---- */

static void copy_text(char *to, size_t cap, const char *from)
{
    size_t n = span_copy(mspan_of(to, cap - 1), span_str(from));
    to[n] = '\0';
}

/* The other side's messages until the last; true if it ended well. */
static bool hear_tool(int fd, bool confirms)
{
    static char in[KEYD_TOOL_MESSAGE_MAX];
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n = poll(&p, 1, TIMEOUT_MS) > 0 ? recv(fd, in, sizeof in - 1, 0) : -1;
        if (n <= 0) {
            (void)snprintf(b.text, sizeof b.text, "(gone)");
            return false;
        }
        in[n] = '\0';
        if (in[0] == 'P') {
            copy_text(b.phrase, sizeof b.phrase, in + 1);
            EXPECT_EQ(1, send(fd, confirms ? "y" : "n", 1, MSG_NOSIGNAL));
        } else {
            copy_text(b.text, sizeof b.text, in[0] == 'E' ? in + 2 : in + 1);
            if (in[0] != 'T') {
                return in[0] == 'D';
            }
        }
    }
}

static bool tool(enum keyd_tool_verb verb, struct span values, const char *phrase)
{
    struct process p;
    static uint8_t message[KEYD_TOOL_MESSAGE_MAX];
    struct wr w = wr_init(MSPAN_OF(message));
    const char *const argv[] = {"passmesh-keyd", "--store", b.dir,  "--tpm",
                                b.rig.socket,    "--seal",  "tool", NULL};
    const char *const env[] = {NULL};
    const struct process_args args = {
        .path = keyd(), .argv = argv, .env = env, .is_datagram = true};
    if (!EXPECT_OK(process_spawn(&p, &args))) {
        return false;
    }
    wr_u8(&w, (uint8_t)verb);
    wr_be32(&w, values.n > 0 ? 1U << REGISTER : 0);
    wr_be16_sized(&w, values);
    wr_str(&w, phrase);
    EXPECT_EQ(w.n, send(p.fd, message, w.n, MSG_NOSIGNAL));
    bool held = hear_tool(p.fd, true);
    test_note("the tool says: %s", b.text);
    process_stop(&p, TIMEOUT_MS);
    return held;
}

/* ---- keyd ---- */

static bool keyd_start(bool needs_seal)
{
    const struct keyd_spawn_args args = {.path = keyd(),
                                         .store_dir = b.dir,
                                         .capabilities = ALL,
                                         .tpm_device = b.rig.socket,
                                         .needs_seal = needs_seal};
    if (!EXPECT_OK(keyd_spawn_as(&b.process, &args))) {
        return false;
    }
    keyd_client_init(&b.client, b.process.fd, TIMEOUT_MS);
    return true;
}

static void keyd_stop(void)
{
    process_stop(&b.process, TIMEOUT_MS);
}

/* Starts, compares the identity with the first one (or takes it), stops. */
static bool opens(void)
{
    static uint8_t first[KEY_ED25519_ENCODED_LEN];
    static char first_dir[sizeof b.dir];
    bool held = keyd_start(false) && keyd_client_open_identity(&b.client) == OK;
    if (held && strcmp(first_dir, b.dir) != 0) {
        memcpy(first_dir, b.dir, sizeof first_dir);
        memcpy(first, b.client.identity, sizeof first);
    }
    held = held && EXPECT_SPAN(SPAN_OF(first), SPAN_OF(b.client.identity));
    keyd_stop();
    return held;
}

static bool sealed(void)
{
    return EXPECT(opens()) && EXPECT(tool(KEYD_TOOL_SEAL, SPAN_EMPTY, "")) && EXPECT(opens());
}

static bool exists(const char *name)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", b.dir, name);
    return access(path, F_OK) == 0;
}

struct content {
    size_t n;
    uint8_t bytes[FILE_MAX];
};

static void file_take(const char *name, struct content *ret)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", b.dir, name);
    int fd = open(path, O_RDONLY);
    ssize_t n = fd >= 0 ? read(fd, ret->bytes, sizeof ret->bytes) : 0;
    ret->n = n > 0 ? (size_t)n : 0;
    (void)close(fd);
    EXPECT(ret->n > 0);
}

static void file_put(const char *name, const struct content *c)
{
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%s", b.dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    EXPECT_EQ(c->n, write(fd, c->bytes, c->n));
    (void)close(fd);
}

/* Firmware that measures something else, since the machine was started. */
static void extend(const char *what)
{
    struct tpm_chip chip;
    static struct tpm_fd way;
    struct hash32 event;
    TPML_DIGEST_VALUES values = {.count = 1, .digests = {{.hashAlg = TPM2_ALG_SHA256}}};
    int fd = -1;
    sha256(&event, span_str(what));
    memcpy(values.digests[0].digest.sha256, event.bytes, 32);
    if (EXPECT_OK(tpm_fd_open(&fd, b.rig.socket))) {
        tpm_fd_init(&way, fd, TIMEOUT_MS);
        EXPECT_OK(tpm_chip_open(&chip, tpm_fd_tcti(&way)));
        EXPECT_EQ(0, Esys_PCR_Extend(chip.ctx, ESYS_TR_PCR0 + REGISTER, ESYS_TR_PASSWORD,
                                     ESYS_TR_NONE, ESYS_TR_NONE, &values));
        tpm_chip_done(&chip);
        (void)close(fd);
    }
}

TEST(sealed_by_the_tool_and_opened_at_each_start)
{
    struct keyd_status status = {0};
    if (bench_begin() && sealed()) {
        EXPECT(!exists("store.key") && exists("store.seal"));
        EXPECT(tpm_rig_restart(&b.rig));
        EXPECT(keyd_start(true));
        EXPECT_OK(keyd_client_status(&b.client, &status));
        EXPECT(status.protections & KEYD_KEY_IN_HARDWARE);
        EXPECT(status.protections & KEYD_SECCOMP);
        struct keyd_key key;
        EXPECT_OK(keyd_client_create(&b.client, &key, KEYD_BUNDLER)); /* the counter, from within */
        keyd_stop();
        EXPECT(opens());
        EXPECT(tool(KEYD_TOOL_STATUS, SPAN_EMPTY, ""));
        EXPECT_STR("opens       yes", b.text);
        EXPECT(!tool(KEYD_TOOL_SEAL, SPAN_EMPTY, ""));
        EXPECT(tool(KEYD_TOOL_END, SPAN_EMPTY, ""));
        EXPECT(exists("store.key") && !exists("store.seal"));
        EXPECT(opens());
        EXPECT(keyd_start(true)); /* and one that must be sealed */
        EXPECT_ERR(ERR_IO, keyd_client_status(&b.client, &status));
        keyd_stop();
    }
    bench_end();
}

TEST(registers_that_changed_and_an_approval)
{
    if (bench_begin() && sealed()) {
        extend("a boot loader of tomorrow");
        EXPECT(!opens());
        EXPECT(!tool(KEYD_TOOL_APPROVE, SPAN_EMPTY, "not a phrase"));
        EXPECT(tool(KEYD_TOOL_APPROVE, SPAN_EMPTY, b.phrase));
        EXPECT(opens());
        EXPECT(tpm_rig_restart(&b.rig));
        EXPECT(opens()); /* with those of before too */
        /* The next update is approved before it comes. */
        struct hash32 next = {{0}};
        struct hash32 event;
        sha256(&event, SPAN_LIT("an update"));
        const struct span parts[] = {SPAN_OF(next.bytes), SPAN_OF(event.bytes)};
        sha256_of(&next, parts, 2);
        EXPECT(tool(KEYD_TOOL_APPROVE, SPAN_OF(next.bytes), b.phrase));
        extend("an update");
        EXPECT(opens());
    }
    bench_end();
}

TEST(another_chip_and_none_at_all)
{
    char path[600];
    struct keyd_status status;
    if (bench_begin() && sealed()) {
        char phrase[PHRASE_MAX];
        memcpy(phrase, b.phrase, sizeof phrase);
        /* The board is replaced. */
        tpm_rig_stop(&b.rig);
        (void)snprintf(path, sizeof path, "%s/tpm2-00.permall", b.rig.dir);
        EXPECT(unlink(path) == 0);
        EXPECT(tpm_rig_restart(&b.rig));
        EXPECT(!opens());
        EXPECT(tool(KEYD_TOOL_RECOVER, SPAN_EMPTY, phrase));
        EXPECT(opens());
        /* Taken away while keyd runs: it goes on signing, and saves nothing. */
        struct keyd_key key;
        EXPECT(keyd_start(false));
        EXPECT_OK(keyd_client_status(&b.client, &status));
        tpm_rig_stop(&b.rig);
        EXPECT_ERR(ERR_IO, keyd_client_create(&b.client, &key, KEYD_BUNDLER));
        EXPECT_OK(keyd_client_open_identity(&b.client));
        keyd_stop();
        EXPECT(!opens());
        EXPECT(!tool(KEYD_TOOL_RECOVER, SPAN_EMPTY, phrase));
        EXPECT(tool(KEYD_TOOL_RECOVER_NONE, SPAN_EMPTY, phrase));
        EXPECT(opens());
        EXPECT(exists("store.key"));
    }
    bench_end();
}

TEST(an_older_store_is_refused)
{
    static struct content store;
    static struct content newest;
    static struct content seal;
    static struct content key;
    if (bench_begin() && EXPECT(opens())) {
        struct keyd_key made;
        file_take("store.key", &key);
        EXPECT(tool(KEYD_TOOL_SEAL, SPAN_EMPTY, ""));
        file_take("store", &store);
        file_take("store.seal", &seal);
        EXPECT(keyd_start(false));
        EXPECT_OK(keyd_client_create(&b.client, &made, KEYD_BUNDLER));
        keyd_stop();
        file_take("store", &newest);
        file_put("store", &store);
        EXPECT(!opens());
        file_put("store.seal", &seal);
        file_put("store.key", &key);
        EXPECT(!opens());
        file_put("store", &newest);
        EXPECT(opens());
        EXPECT(!exists("store.key"));
    }
    bench_end();
}

static void nap_us(long us)
{
    const struct timespec t = {.tv_nsec = us * 1000};
    (void)nanosleep(&t, NULL);
}

/* The power goes after delay_us: keyd, passmesh-tpm and the chip. Returns how many keys were made and answered. */
static size_t create_until_power_goes(long delay_us, struct keyd_key *keys, size_t count)
{
    check(b.rig.process.pid > 0 && b.process.pid > 0);
    pid_t killer = fork();
    if (killer == 0) {
        nap_us(delay_us);
        (void)kill(b.rig.process.pid, SIGKILL);
        (void)kill(b.process.pid, SIGKILL);
        _exit(0);
    }
    while (count < KEYD_KEYS_MAX &&
           keyd_client_create(&b.client, &keys[count], KEYD_BUNDLER) == OK) {
        count++;
    }
    int status;
    check(killer > 0);
    check(waitpid(killer, &status, 0) == killer);
    return count;
}

static bool
all_there(const struct keyd_key *keys, size_t count, struct keyd_key *ret, size_t *ret_count)
{
    static struct keyd_key found[KEYD_KEYS_MAX];
    bool held =
        EXPECT(keyd_start(false)) && EXPECT_OK(keyd_client_list(&b.client, found, ret_count));
    for (size_t i = 0; held && i < count; i++) {
        held = EXPECT(i < *ret_count && memcmp(&found[i], &keys[i], sizeof keys[i]) == 0);
    }
    if (held) { /* keys that were saved but not answered count from now on too */
        memcpy(ret, found, *ret_count * sizeof found[0]);
    }
    return held;
}

TEST(the_power_goes_at_any_time_and_no_key_is_lost)
{
    static struct keyd_key keys[KEYD_KEYS_MAX];
    struct rng_seeded rng;
    int wanted = getenv("PASSMESH_LONG") ? 1000 : 12;
    int cuts = 0;
    bool goes_on = true;
    rng_seeded_init(&rng, test_seed());
    while (goes_on && cuts < wanted) {
        size_t count = 0;
        goes_on = bench_begin() && sealed();
        for (bool is_full = false; goes_on && !is_full && cuts < wanted; cuts++) {
            size_t found = 0;
            test_note("cut %d", cuts);
            goes_on = all_there(keys, count, keys, &found);
            is_full = found == KEYD_KEYS_MAX;
            count = create_until_power_goes((long)rng_below(&rng.rng, 120000), keys, found);
            keyd_stop();
            goes_on = goes_on && EXPECT(tpm_rig_restart(&b.rig));
        }
        bench_end();
    }
    printf("# %d cuts\n", cuts);
}

TEST_MAIN
