/* keyd on Linux. All that needs a path is done before the sandbox closes. */
#include "node/keyd/keyd_serve.h"

#include "crypto/backend.h"
#include "node/keyd/keyd_place.h"
#include "node/os/entropy.h"
#include "node/os/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

enum { BUDGET_MAX = 1024 * 1024, SLEEP_US_MIN = 1000 * 1000 };
#define WORK_MAX                                                                                   \
    ((size_t)288 * 1024 *                                                                          \
     1024) /* bytes: Argon2id of a phrase, scrypt of a key file, for a moment */

struct server {
    struct keyd_store store; /* first: the engine's port */
    struct keyd_place place;
    struct entropy entropy;
    struct budget budget;
    struct budget work;
    uint64_t asleep_us; /* how long the machine has slept since it started */
    struct keyd engine;
    struct pollfd polls[KEYD_CLIENTS_MAX];
    uint32_t capabilities[KEYD_CLIENTS_MAX];
    size_t clients_count;
    uint8_t request[KEYD_REQUEST_MAX + 1];
    uint8_t reply[KEYD_REPLY_MAX];
};

static enum err server_save(struct keyd_store *self, struct span content)
{
    return store_file_save(&((struct server *)(void *)self)->place.file, content);
}

static enum err complain(enum err e, const char *what, const char *path)
{
    (void)fprintf(stderr, "passmesh-keyd: %s: %s (%s)\n", path, what, err_name(e));
    return e;
}

/* Opens the store, whose content the caller's buf then holds. */
static enum err open_store(struct server *s, struct buf *content, const struct keyd_serve_cfg *cfg)
{
    char text[KEYD_PLACE_TEXT_LEN];
    const struct keyd_place_cfg place = {.path = cfg->store_dir,
                                         .tpm_device = cfg->tpm_device,
                                         .needs_seal = cfg->needs_seal,
                                         .rng = &s->entropy.rng,
                                         .budget = &s->budget};
    enum err e = keyd_place_init(&s->place, &place, text);
    e = e == OK ? keyd_place_open(&s->place, content, text) : e;
    return e == OK ? OK : complain(e, text, cfg->store_dir);
}

static uint32_t protections_of(const struct sandbox_report *r)
{
    return (r->no_dump ? KEYD_NO_DUMP : 0U) | (r->no_new_privs ? KEYD_NO_NEW_PRIVS : 0U) |
           (r->limits ? KEYD_LIMITS : 0U) | (r->seccomp ? KEYD_SECCOMP : 0U) |
           (r->landlock_abi > 0 ? KEYD_LANDLOCK : 0U);
}

static enum err enter_sandbox(struct server *s, struct sandbox_report *ret_report)
{
    const struct sandbox_cfg cfg = {
        .dir_fd = s->place.dir.fd, .file = keyd_store_name, .file_aside = keyd_store_aside_name};
    char text[SANDBOX_TEXT_MAX];
    TRY(sandbox_enter(ret_report, &cfg));
    sandbox_print(text, sizeof text, ret_report);
    (void)fprintf(stderr, "passmesh-keyd: protected by: %s\n", text);
    return OK;
}

static uint64_t clock_us(clockid_t id)
{
    struct timespec t = {0};
    (void)clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Tells the engine the time, which goes on while the machine sleeps, and whether it has slept. */
static void tick(struct server *s)
{
    uint64_t now = clock_us(CLOCK_BOOTTIME);
    uint64_t awake = clock_us(CLOCK_MONOTONIC);
    uint64_t asleep = now > awake ? now - awake : 0;
    if (asleep > s->asleep_us + SLEEP_US_MIN) {
        keyd_slept(&s->engine); /* also at the start, where it is locked anyway */
    }
    s->asleep_us = asleep > s->asleep_us ? asleep : s->asleep_us;
    keyd_tick(&s->engine, (instant){.us = now});
    keyd_set_clock(&s->engine, (walltime){clock_us(CLOCK_REALTIME) / US_PER_S});
}

/* For poll: until the engine's deadline, in milliseconds, rounded up. */
static int wait_ms(const struct server *s)
{
    instant deadline = keyd_deadline(&s->engine);
    if (instant_is_never(deadline)) {
        return -1;
    }
    uint64_t left = instant_since(s->engine.now, deadline) / 1000 + 1;
    return left < INT_MAX ? (int)left : INT_MAX;
}

static enum err server_start(struct server *s, const struct keyd_serve_cfg *cfg)
{
    struct sandbox_report report;
    AUTO(buf_done) struct buf content;
    budget_init(&s->budget, NULL, "keyd", BUDGET_MAX);
    budget_init(&s->work, NULL, "work", WORK_MAX);
    buf_init_secret(&content, &s->budget, STORE_FILE_CONTENT_MAX);
    TRY(crypto_init());
    TRY(entropy_init(&s->entropy));
    TRY(open_store(s, &content, cfg));
    enum err e = enter_sandbox(s, &report);
    if (e != OK) {
        return complain(e, "no sandbox at all: not starting", cfg->store_dir);
    }
    s->store.save = server_save;
    const struct keyd_cfg engine = {
        .budget = &s->budget,
        .rng = &s->entropy.rng,
        .store = &s->store,
        .protections =
            protections_of(&report) | (s->place.seal.has_file ? KEYD_KEY_IN_HARDWARE : 0U),
        .landlock_abi = (uint8_t)report.landlock_abi,
        .work = &s->work,
        .phrase_cost = VAULT_PHRASE_COST,
        .key_file_log2_n = KEYD_KEY_FILE_LOG2_N,
        .idle_us = VAULT_IDLE_US,
    };
    e = keyd_init(&s->engine, &engine, buf_span(&content));
    return e == OK ? OK : complain(e, "the store's content is damaged", cfg->store_dir);
}

/* One request of one client; false if the client is gone or breaks the message bounds. */
static bool serve_one(struct server *s, size_t i)
{
    int fd = s->polls[i].fd;
    ssize_t n = recv(fd, s->request, sizeof s->request, 0);
    if (n < 0 && errno == EINTR) {
        return true;
    }
    if (n <= 0) {
        return false;
    }
    size_t len = keyd_answer(&s->engine, MSPAN_OF(s->reply), s->capabilities[i],
                             span_of(s->request, (size_t)n));
    ssize_t sent;
    do {
        sent = send(fd, s->reply, len, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)len;
}

static void serve(struct server *s)
{
    size_t open_count = s->clients_count;
    while (open_count > 0) {
        tick(s);
        if (poll(s->polls, s->clients_count, wait_ms(s)) < 0 && errno != EINTR) {
            return;
        }
        tick(s);
        for (size_t i = 0; i < s->clients_count; i++) {
            if (s->polls[i].fd >= 0 && s->polls[i].revents != 0 && !serve_one(s, i)) {
                s->polls[i].fd = -1; /* poll leaves it out; the process's end closes it */
                open_count--;
            }
            s->polls[i].revents = 0;
        }
    }
}

enum err keyd_serve(const struct keyd_serve_cfg *cfg)
{
    static struct server s; /* large, and there is one in a process */
    for (size_t i = 0; i < cfg->clients_count; i++) {
        s.polls[i] = (struct pollfd){.fd = cfg->clients[i].fd, .events = POLLIN};
        s.capabilities[i] = cfg->clients[i].capabilities;
    }
    s.clients_count = cfg->clients_count;
    enum err e = server_start(&s, cfg);
    if (e == OK) {
        serve(&s);
    }
    keyd_done(&s.engine);
    keyd_place_done(&s.place);
    return e;
}
