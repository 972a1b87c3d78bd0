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
 *     limits {clients, kbit_s} -->                        when it is ready, and whenever they change
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

/* Why it is stopped or has ended, for whoever says it in a language; sidecar_reason_code gives the word. */
enum sidecar_reason {
    SIDECAR_FINE,
    SIDECAR_BROKE_RULES, /* of this talk */
    SIDECAR_OTHER_ABI,   /* another interface than ours */
    SIDECAR_FOREIGN,     /* not the process that was started */
    SIDECAR_NOT_READY,   /* in its time */
    SIDECAR_HUNG,
    SIDECAR_NO_END,       /* did not end in its time */
    SIDECAR_WRONG_CONFIG, /* its own words: they stand in its log */
    SIDECAR_EXITED,       /* number: its status */
    SIDECAR_SIGNALLED,    /* number: the signal */
};
const char *sidecar_reason_code(enum sidecar_reason reason);

/* What a person allows it; 0: no bound but its own. */
struct sidecar_limits {
    uint64_t clients;
    uint64_t kbit_s;
};

struct sidecar_cfg {
    struct budget *budget;
    uint64_t abi; /* the interface that we speak */
    char nonce[SIDECAR_NONCE_LEN + 1];
    char state_dir[SIDECAR_PATH_LEN];
    struct sidecar_limits limits;
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
    enum sidecar_reason reason; /* the same as a code */
    int number;                 /* that goes with it */
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

/* sidecar_limits tells it what it is allowed from now on. */
void sidecar_limits(struct sidecar *s, instant now, const struct sidecar_limits *limits);

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
