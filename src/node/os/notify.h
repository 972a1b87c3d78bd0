#ifndef NODE_NOTIFY_H
#define NODE_NOTIFY_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Telling a service manager how we are (sd_notify(3): datagrams to the Unix socket that NOTIFY_SOCKET names).
 *
 *     the node, in its sandbox ── a pair of its own ──> teller ── datagrams ──> the service manager
 *
 * A datagram socket can be led to any Unix socket by its path, so an intruder in the node may not have one. The teller holds it: a
 * process that is forked before the sandbox, can do nothing but read from the pair and send, and says nothing but the
 * lines below. It ends with the node. A manager has to take its word too: NotifyAccess=all. */
struct notify {
    int fd;               /* to the teller; -1: nobody wants to be told */
    int teller;           /* its process; 0: none */
    uint64_t watchdog_us; /* how often NOTIFY_WATCHDOG is expected at the latest; 0: not at all */
};

enum notify_state {
    NOTIFY_READY,     /* also at the end of a reload */
    NOTIFY_RELOADING, /* with the monotonic time, as Type=notify-reload wants it */
    NOTIFY_STOPPING,
    NOTIFY_WATCHDOG, /* we are alive */
};

enum { NOTIFY_TEXT_LEN_MAX = 200 };

/* notify_start reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and takes them out of the environment. Before any thread and
 * before the sandbox. OK also if there is nobody to tell. ERR_IO: a manager waits, but cannot be told; ERR_MALFORMED: what it
 * named is no socket that we know how to reach. */
MUST_CHECK enum err notify_start(struct notify *ret);

/* notify_tell never waits; a manager that does not read misses something. */
void notify_tell(const struct notify *n, enum notify_state state);

/* notify_status says in one line of text what we are doing: cut to NOTIFY_TEXT_LEN_MAX bytes, control characters become "?". */
void notify_status(const struct notify *n, const char *text);

/* notify_end has the teller end, after all that it was told has gone. Safe on {.fd = -1}. */
void notify_end(struct notify *n);

#endif
