#ifndef NODE_SUPERVISE_H
#define NODE_SUPERVISE_H

#include "base/rng.h"
#include "node/plugin/plugin_store.h"
#include "plugin/sidecar.h"

/* Runs the installed version of a plugin: verifies it, starts it by the descriptor that was verified, talks with it (sidecar.h), starts it again after a
 * back-off when it falls over, and goes back to the version before when a new one does not work. */
enum { SUPERVISE_LINES_MAX = 200, SUPERVISE_LINE_LEN = 512, SUPERVISE_ARGS_MAX = 16 };

enum supervise_news {
    SUPERVISE_STARTED,
    SUPERVISE_PROGRESS, /* text */
    SUPERVISE_READY,    /* text: where it listens */
    SUPERVISE_STATUS,   /* text: JSON */
    SUPERVISE_LOG,      /* text: a line that it wrote, control bytes shown as dots */
    SUPERVISE_DIED,     /* text: why */
    SUPERVISE_BACK,     /* the version before is current again; text: why */
    SUPERVISE_TRIAL_PASSED
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
    int stop_fd; /* readable: end it */
    void (*news)(void *user, enum supervise_news what, struct span text);
    void *user;
};

/* supervise_run returns when it was told to end (OK), or when there is nothing that could run: ERR_NOT_FOUND: nothing is installed; ERR_AUTH: the files were
 * changed; ERR_DENIED: the last version fell over too often, or asks not to be started again. The reason is in words. */
MUST_CHECK enum err supervise_run(const struct supervise_cfg *cfg,
                                  char words[static SIDECAR_TEXT_LEN]);

#endif
