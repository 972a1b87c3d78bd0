#ifndef NODE_SANDBOX_NODE_H
#define NODE_SANDBOX_NODE_H

#include "base/err.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The sandbox of a node, daemon or server, entered when all files, ports and keyd are open. What is left: compute, use what
 * is open, dial and be dialled over TCP and UDP, ask for names, start threads. No program, no process, no debugging, no other
 * socket (raw, Unix, packet), no new listening port, no executable memory; files only where a rule says so. There is
 * no way back.
 *
 * A call that a node never makes and an intruder would (execve, ptrace, mount, ...) ends the process with SIGSYS; any other that
 * is not on the list fails with ENOSYS, so that libraries take the way of an older kernel. docs/server.md has the table. */

struct sandbox_path {
    const char *path; /* what is not there is left out */
    uint32_t rights;  /* of enum landlock_right */
};

struct sandbox_node_cfg {
    const struct sandbox_path *paths; /* besides what names and certificates need below /etc */
    size_t paths_count;
    int child;  /* the process that may be signalled: keyd; 0: none */
    int keeper; /* and a daemon's keeper of the server plugin; 0: none */
};

/* How much of it this kernel gave. */
enum sandbox_level {
    SANDBOX_NONE,    /* neither system calls nor files are filtered */
    SANDBOX_PARTIAL, /* something is missing: sandbox_node_print names it */
    SANDBOX_FULL,
};

struct sandbox_node_report {
    bool no_new_privs;
    bool limits; /* RLIMIT_CORE 0, FSIZE 4 GiB, NOFILE as many as were allowed, 8192 at most */
    bool seccomp;
    int landlock_abi; /* 0: none */
};

/* sandbox_node_prepare is the first thing that a node does: it closes what was inherited from descriptor `first` on: 3, or 4 for
 * a server that a supervisor talks to. */
void sandbox_node_prepare(unsigned first);

/* sandbox_node_enter takes away what it can and says what that was. The process must have one thread: Landlock holds for the
 * calling one and those that it starts, so with more it counts as missing. */
void sandbox_node_enter(struct sandbox_node_report *ret_report, const struct sandbox_node_cfg *cfg);

enum sandbox_level sandbox_node_level(const struct sandbox_node_report *report);
const char *sandbox_level_name(enum sandbox_level level); /* "none", "partial", "full" */

/* sandbox_node_print writes such as "full: no new privileges, limits, seccomp, Landlock ABI 4"; what is missing is named as
 * missing. SANDBOX_NODE_TEXT_MAX is enough. */
#define SANDBOX_NODE_TEXT_MAX 160
void sandbox_node_print(char *ret_text, size_t n, const struct sandbox_node_report *report);

/* sandbox_node_require says in the log what came of it. ERR_UNSUPPORTED: something is missing and is_optional is false; then
 * ret_text is the sentence for the person. */
#define SANDBOX_NODE_REFUSAL_MAX 400
MUST_CHECK enum err sandbox_node_require(const struct sandbox_node_report *report,
                                         bool is_optional,
                                         struct log *log,
                                         char ret_text[static SANDBOX_NODE_REFUSAL_MAX]);

#endif
