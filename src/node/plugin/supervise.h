#ifndef NODE_SUPERVISE_H
#define NODE_SUPERVISE_H

#include "base/rng.h"
#include "node/os/process.h"
#include "node/plugin/plugin_store.h"
#include "plugin/sidecar.h"

#include <poll.h>

/* Runs the installed version of a plugin: verifies it, starts it by the descriptor that was verified, talks with it (sidecar.h), starts it again after a
 * back-off when it falls over, and goes back to the version before when a new one does not work. One turn at a time, for a program that does other things
 * too; supervise_run does nothing else. */
enum { SUPERVISE_LINES_MAX = 200, SUPERVISE_LINE_LEN = 512, SUPERVISE_ARGS_MAX = 16 };

enum supervise_news {
    SUPERVISE_STARTED,
    SUPERVISE_PROGRESS, /* text */
    SUPERVISE_READY,    /* text: where it listens */
    SUPERVISE_STATUS,   /* text: JSON */
    SUPERVISE_LOG,      /* text: a line that it wrote, control bytes shown as dots */
    SUPERVISE_DIED,     /* text: why; the talk's reason stands in s->sidecar */
    SUPERVISE_BACK,     /* the version before is current again; text: why */
    SUPERVISE_TRIAL_PASSED,
    SUPERVISE_OVER /* it does not run any more; s->result and s->words say why */
};

enum supervise_state {
    SUPERVISE_IDLE,    /* nothing runs: before the start, and when it is over */
    SUPERVISE_RUNNING, /* s->sidecar.state says how far */
    SUPERVISE_WAITING  /* for the back-off to end */
};

struct supervise_cfg {
    struct plugin_store *store;
    struct budget *budget;
    struct rng *rng; /* nonces */
    const char *state_dir;
    uint64_t abi;
    const char *args[SUPERVISE_ARGS_MAX + 1]; /* behind the name; ends with NULL */
    uint64_t trial_us;                        /* so long it has to run before it is the good one */
    uint64_t backoff_us;                      /* of one second of back-off: less in tests */
    uint32_t drain_ms;
    struct sidecar_limits limits;
    int stop_fd; /* supervise_run: readable: end it */
    void (*news)(void *user, enum supervise_news what, struct span text);
    void *user;
};

struct supervise {
    struct supervise_cfg cfg;
    enum supervise_state state;
    struct process process;
    struct sidecar sidecar;
    struct journal_deaths deaths;
    struct journal_id version; /* that runs: another may have become current meanwhile */
    int log;
    bool is_open; /* its end of the socket */
    bool is_told; /* to end */
    instant started;
    instant ready; /* INSTANT_NEVER: not yet */
    instant again; /* WAITING: the next start */
    enum err result;
    char words[SIDECAR_TEXT_LEN];
    char line[SUPERVISE_LINE_LEN];
    size_t line_len;
    instant log_second;
    unsigned log_count;
};

/* supervise_start verifies and starts; in IDLE only. Whatever is wrong: state stays IDLE, OVER was told, result and words are set. What args point to has to
 * last until it is over. */
void supervise_start(struct supervise *s, const struct supervise_cfg *cfg);

/* supervise_stop has it drain and end; OVER follows, with OK. */
void supervise_stop(struct supervise *s);

/* supervise_allow changes the limits of what runs. */
void supervise_allow(struct supervise *s, const struct sidecar_limits *limits);

/* supervise_turn does what is due and never waits. To be called when one of the descriptors of supervise_fds is ready, and at the latest after
 * supervise_wait_ms. */
enum { SUPERVISE_FDS = 2 };
void supervise_fds(const struct supervise *s, struct pollfd ret_fds[static SUPERVISE_FDS]);
int supervise_wait_ms(const struct supervise *s);
void supervise_turn(struct supervise *s);

/* supervise_kill ends it at once, with all that it started. */
void supervise_kill(struct supervise *s);

/* supervise_run returns when it was told to end (OK), or when there is nothing that could run: ERR_NOT_FOUND: nothing is installed; ERR_AUTH: the files were
 * changed; ERR_DENIED: the last version fell over too often, or asks not to be started again. The reason is in words. */
MUST_CHECK enum err supervise_run(const struct supervise_cfg *cfg,
                                  char words[static SIDECAR_TEXT_LEN]);

#endif
