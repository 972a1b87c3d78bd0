#ifndef NODE_KEEPER_H
#define NODE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

/* The keeper: the one process of a wallet that downloads, installs and runs the server plugin. The daemon starts it before it shuts itself in, because a daemon
 * opens no file and makes no process after its start. They are joined by a socketpair: the daemon passes on what the person wants, the keeper tells what is so.
 *
 *     page, command line -- local API -- daemon ==socketpair== keeper ==socketpair== passmesh-server == its own passmesh-keyd
 *
 * Frames with four bytes of length, JSON in each (plugin/keeper_frame.h):
 *
 *     daemon                                          keeper
 *     {"id": 7, "do": "install", "params": {}} -->
 *                                                 <-- {"id": 7} or {"id": 7, "code": "plugin_busy"}
 *                                                 <-- {"state": {...}}      type plugin_state of api/types.json, whenever it is another, 4 a second at most
 *                                                 <-- {"line": "...", "at_ms": ...}     of the server's log
 *
 * do: add {url, root}, forget {id}, agree {count}, check, install, cancel, start, stop, remove {keep}, settings {...}. What takes long is answered when it has begun; how it goes
 * stands in the state. The end of the stream has the keeper stop the server within two seconds and end; the kernel ends both with the daemon anyway. */
enum { KEEPER_FRAME_LEN_MAX = 1 << 20 };

struct keeper_cfg {
    int fd;                   /* the socket to the daemon */
    const char *dir;          /* DATA/plugin: all files are below it */
    uint64_t trial_s;         /* of a new version */
    bool is_sandbox_optional; /* else nothing is fetched or run without the whole sandbox */
    const char *local_id;     /* the network of kind local; "": none */
    const char *local_file;   /* its file, copied below dir before the sandbox */
};

/* keeper_run returns the exit status. */
int keeper_run(const struct keeper_cfg *cfg);

#endif
