#ifndef NODE_LOCAL_H
#define NODE_LOCAL_H

#include "base/list.h"
#include "base/log.h"
#include "codec/frame.h"
#include "node/api/door.h"
#include "node/net/loop.h"

/* A local API over a Unix socket, for the command line: each message is a JSON-RPC text behind its length (32 bits,
 * big-endian). Only processes of the same user, and of root, are let in (SO_PEERCRED). Beside the methods behind the door a daemon
 * has two here:
 *   open_code {}   -> {"url": ...}   a single-use address of the page; it goes to no process's arguments
 *   stop {}        -> {}             it ends in an orderly way */
enum { LOCAL_CONN_COUNT_MAX = 16 };

struct local_cfg {
    struct loop *loop;
    struct budget *budget;
    struct log *log;
    struct door *door;
    const char *path;   /* of the socket, in a directory of mode 0700 */
    const char *origin; /* of the page; NULL: no open_code */
    void (*pump)(void *user);
    void (*stop)(void *user); /* NULL: no such method */
    void *user;
};

struct local {
    struct local_cfg cfg;
    uv_pipe_t listener;
    bool is_listening;
    struct list conns;
    size_t conn_count;
    uint64_t next_id;
};

/* local_is_taken: is anybody listening on the socket at path? */
bool local_is_taken(const char *path);

/* local_start: ERR_STATE: another daemon listens there; ERR_IO. A socket that nobody listens on is replaced. */
MUST_CHECK enum err local_start(struct local *l, const struct local_cfg *cfg);
void local_stop(struct local *l);
bool local_deliver(struct local *l, const struct api_event *e);

#endif
