#ifndef NODE_PROCESS_H
#define NODE_PROCESS_H

#include "base/err.h"

#include <stdbool.h>

/* Child programs that we talk to over one socket. */

struct process {
    int pid; /* 0: none */
    int fd;  /* our end of the socket pair, close-on-exec; -1: none */
};

/* The child finds its end of the socket here. */
#define PROCESS_CHILD_FD 3

struct process_args {
    const char *path;        /* the program; no search along PATH */
    const char *const *argv; /* ends with NULL; argv[0] is the name */
    const char *const *env;  /* ends with NULL; the child has this and nothing else */
    bool is_datagram;        /* messages keep their bounds (SOCK_SEQPACKET), else a stream */
    int exec_fd; /* a program that is open already, in place of path, so that nobody changes it in between; 0: none */
    int log_fd;  /* what it gets as 1 and 2; 0: ours */
};

/* process_close_above closes every descriptor from first on. */
void process_close_above(unsigned first);

/* process_spawn starts a program with three inherited descriptors (0 is /dev/null; 1 and 2 are ours)
 * and PROCESS_CHILD_FD; every other one is closed. The child starts with default signals, in a session
 * of its own so that Ctrl-C at a terminal reaches only us, and the kernel kills it when the thread that
 * called this ends; it also sees its socket close. ERR_IO: no socket, no process, or the program cannot
 * be executed. */
MUST_CHECK enum err process_spawn(struct process *ret_process, const struct process_args *args);

/* process_poll tells whether the child has ended, and then its status as a shell shows it (128 + signal). */
bool process_poll(struct process *p, int *ret_status);

/* process_stop closes the socket, which asks the child to end, gives it grace_ms, then kills it. Returns
 * when it is gone. Safe on a zeroed or finished process. */
void process_stop(struct process *p, int grace_ms);

#endif
