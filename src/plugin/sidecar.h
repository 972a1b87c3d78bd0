#ifndef PLUGIN_SIDECAR_H
#define PLUGIN_SIDECAR_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "codec/frame.h"

/* The talk between the program that supervises a plugin and the plugin, over one socket: JSON-RPC 2.0 notifications, each with its length in four
 * bytes in front, most significant first.
 *
 *     supervisor                              plugin
 *                 <-- hello {proto, build, abi}           within 5 s of its start
 *     init {nonce, state_dir} -->
 *                 <-- progress {text}                     as often as it likes, while it gets ready
 *                 <-- ready {nonce, listen}               within 60 s of init, or of the last progress
 *     ping {n}    -->
 *                 <-- pong {n}                            every 5 s; three missing are a hang
 *                 <-- status {...}                        at most one a second counts
 *     shutdown {deadline_ms} -->
 *                                              it withdraws, drains and exits
 *
 * The nonce is fresh for each start, so nobody can be taken for the process that was just started. Whatever breaks these rules ends the talk: the
 * supervisor stops the process, and tells why in words. End of the stream is for the plugin the order to exit within two seconds. */
enum {
    SIDECAR_PROTO = 1,
    SIDECAR_FRAME_LEN_MAX = 1 << 20,
    SIDECAR_OUT_LEN_MAX = 64 << 10,
    SIDECAR_TEXT_LEN = 256,
    SIDECAR_NONCE_LEN = 32, /* hexadecimal digits */
    SIDECAR_PATH_LEN = 512,
    SIDECAR_MISSES_MAX = 3
};

enum sidecar_state {
    SIDECAR_STARTING,  /* waits for hello */
    SIDECAR_PREPARING, /* waits for ready */
    SIDECAR_READY,
    SIDECAR_DRAINING, /* was told to shut down */
    SIDECAR_STOPPING, /* SIGTERM was asked for */
    SIDECAR_KILLED,   /* SIGKILL was asked for */
    SIDECAR_ENDED     /* the process is gone */
};

enum sidecar_event_type {
    SIDECAR_EVENT_READY,    /* text: where it listens */
    SIDECAR_EVENT_PROGRESS, /* text */
    SIDECAR_EVENT_STATUS,   /* json: the parameters; they live until the next call */
    SIDECAR_EVENT_TERM,     /* send it SIGTERM */
    SIDECAR_EVENT_KILL      /* send SIGKILL to its process group */
};

struct sidecar_event {
    enum sidecar_event_type type;
    struct span text;
};

/* What is to be done after its end. */
enum sidecar_verdict {
    SIDECAR_STAY_DOWN,   /* it was told to end, or says that its configuration is wrong */
    SIDECAR_START_AGAIN, /* after the back-off of journal_died */
    SIDECAR_INCOMPATIBLE /* another nonce, protocol or interface: go back to the version before, never try again */
};

struct sidecar_cfg {
    struct budget *budget;
    uint64_t abi; /* the interface that we speak */
    char nonce[SIDECAR_NONCE_LEN + 1];
    char state_dir[SIDECAR_PATH_LEN];
};

struct sidecar {
    struct sidecar_cfg cfg;
    enum sidecar_state state;
    struct frame_reader frames;
    struct buf out;
    instant deadline; /* of the present state */
    instant next_ping;
    instant next_status; /* earlier ones are dropped */
    uint64_t pings;      /* sent */
    uint64_t pongs;      /* the highest that came back */
    bool is_incompatible;
    bool was_told;
    struct sidecar_event event;
    bool has_event;
    bool has_kill;              /* TERM or KILL waits behind an event */
    char why[SIDECAR_TEXT_LEN]; /* what went wrong, in words; empty: nothing */
};

/* sidecar_init begins at the start of the process. */
void sidecar_init(struct sidecar *s, const struct sidecar_cfg *cfg, instant now);
MUST_CHECK enum err sidecar_recv(struct sidecar *s, instant now, struct span *in);
size_t sidecar_send(struct sidecar *s, instant now, struct mspan out);
bool sidecar_poll(struct sidecar *s, struct sidecar_event *ret_event);
instant sidecar_deadline(const struct sidecar *s);
void sidecar_tick(struct sidecar *s, instant now);
void sidecar_done(struct sidecar *s);

/* sidecar_shutdown asks it to drain and end within drain_ms; then come SIGTERM and, five seconds later, SIGKILL. */
void sidecar_shutdown(struct sidecar *s, instant now, uint32_t drain_ms);

/* sidecar_ended takes the status of the process as a shell shows it (128 + signal) and says what to do; s->why then is a sentence. */
enum sidecar_verdict sidecar_ended(struct sidecar *s, int status);

/* Exit statuses with a meaning. */
enum {
    SIDECAR_EXIT_GOOD = 0,
    SIDECAR_EXIT_WORDS = 2, /* wrong words on its command line */
    SIDECAR_EXIT_USAGE = 64,
    SIDECAR_EXIT_CONFIG = 78,
    SIDECAR_EXIT_INCOMPATIBLE = 100
};

#endif
