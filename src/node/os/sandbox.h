#ifndef NODE_SANDBOX_H
#define NODE_SANDBOX_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes away from the calling process what a holder of keys does not need: after sandbox_enter it can
 * compute, talk over the descriptors that it has, and replace one file in one directory. There is no
 * way back. A call that is not allowed ends the process (SIGSYS). */

enum {
    SANDBOX_IOCTLS_MAX = 4,
    SANDBOX_FILES_MAX = 12,
};

/* What may be done with a further file or directory: open it, or make it and remove it. */
enum sandbox_what { SANDBOX_FILE, SANDBOX_DIR };

struct sandbox_cfg {
    int dir_fd; /* the only directory; -1: no file at all */
    const char
        *file; /* the file that may be replaced: static text. The filter compares the address of */
    const char
        *file_aside; /* the text, so the store must pass exactly these pointers to the system */
    /* Devices and directories of a collector of evidence; sandbox_allow_ioctl, sandbox_allow_file. */
    size_t ioctls_count;
    struct {
        int fd;
        unsigned long request;
    } ioctls[SANDBOX_IOCTLS_MAX];
    size_t files_count;
    struct {
        int dir_fd;
        const char *name; /* its address is compared, as above */
        enum sandbox_what what;
    } files[SANDBOX_FILES_MAX];
};

/* sandbox_allow_ioctl leaves one ioctl open on a descriptor, sandbox_allow_file one name in a directory; fd -1: there is none, and nothing is added. */
void sandbox_allow_ioctl(struct sandbox_cfg *cfg, int fd, unsigned long request);
void sandbox_allow_file(struct sandbox_cfg *cfg,
                        int dir_fd,
                        const char *name,
                        enum sandbox_what what);

/* What the kernel really gave. */
struct sandbox_report {
    bool no_dump;      /* no core, no ptrace by others of the same user, /proc/self of root */
    bool no_new_privs; /* no set-user-id program can lift us */
    bool limits;       /* RLIMIT_CORE 0, NPROC 0, FSIZE 1 MiB, NOFILE 32 */
    bool seccomp;      /* the system-call filter */
    int landlock_abi;  /* 0: the kernel has none; else its version, and the rule is in force */
};

/* sandbox_enter takes all that it can get and says what that was. ERR_IO: not even no_new_privs. What to do
 * about a missing part is the caller's decision. */
MUST_CHECK enum err sandbox_enter(struct sandbox_report *ret_report, const struct sandbox_cfg *cfg);

/* sandbox_landlock is the second wall alone: every path and port is denied, but for making, writing, replacing
 * and removing files in dir_fd (-1: nowhere). Needs no_new_privs. Returns the ABI in force, 0 for none.
 * sandbox_enter calls it. */
int sandbox_landlock(int dir_fd);

/* sandbox_print writes one line such as "no dump, no new privileges, limits, seccomp, Landlock ABI 4" into
 * ret_text, which has n bytes (SANDBOX_TEXT_MAX is enough). What is missing is named as missing. */
#define SANDBOX_TEXT_MAX 160
void sandbox_print(char *ret_text, size_t n, const struct sandbox_report *report);

#endif
