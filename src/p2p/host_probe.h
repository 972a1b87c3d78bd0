#ifndef P2P_HOST_PROBE_H
#define P2P_HOST_PROBE_H

#include "p2p/host_dial_trace.h"
#include "p2p/host_extension.h"
#include "p2p/host_kad.h"
#include "p2p/kad_trace.h"

/* How a peer is reached, step by step, for people who want to know: it is looked up in the DHT, dialled and pinged, and each
 * question and each attempt is written down. One probe at a time.
 *
 *     host_probe_init(&hp, &host, &kad)               kad: NULL without a DHT
 *     host_probe_start(&hp, &args)
 *     each event of host_kad_poll    -> host_probe_kad(&hp, &e)
 *     HOST_EVENT_EXTENSION           -> if (host_probe_poll(&hp)) use hp; host_probe_clear(&hp)
 *
 * What it dialled is closed again by host_probe_clear, unless somebody uses it meanwhile. Memory: the struct. */

enum host_probe_goal {
    HOST_PROBE_FIND,  /* look it up */
    HOST_PROBE_PING,  /* connect, by the shortest way, and ping */
    HOST_PROBE_TRACE, /* look it up and connect: all steps */
};

enum {
    HOST_PROBE_PINGS_MAX = 10,
    HOST_PROBE_STEPS_MAX = 64, /* questions of the lookup that are kept: the first ones */
};

struct host_probe_args {
    enum host_probe_goal goal;
    struct peer_id peer;
    const struct span *addrs; /* multiaddr bytes, dialled before those that are found; copied */
    size_t addrs_count;       /* at most HOST_ADDRS_MAX */
    uint32_t pings;           /* 1 to HOST_PROBE_PINGS_MAX, of HOST_PROBE_PING */
};

enum host_probe_state {
    HOST_PROBE_IDLE,
    HOST_PROBE_LOOKING,
    HOST_PROBE_DIALLING,
    HOST_PROBE_GREETING, /* connected: identify is waited for */
    HOST_PROBE_PINGING,
    HOST_PROBE_OVER,
};

enum host_probe_outcome {
    HOST_PROBE_NOT_FOUND,   /* no address of it is known */
    HOST_PROBE_FOUND,       /* addresses were found; nobody dialled */
    HOST_PROBE_UNREACHABLE, /* no address worked */
    HOST_PROBE_CONNECTED,
    HOST_PROBE_ANSWERED, /* it answered a ping */
    HOST_PROBE_SILENT,   /* connected, and no ping was answered */
    HOST_PROBE_LATE,     /* it took longer than HOST_PROBE_TIMEOUT_US */
};

#define HOST_PROBE_TIMEOUT_US (25 * US_PER_S) /* whoever asks waits for 30 */
#define HOST_PROBE_NO_ANSWER  UINT64_MAX

/* host_probe_goal_parse reads "find", "ping", "trace". ERR_MALFORMED: another word. */
MUST_CHECK enum err host_probe_goal_parse(enum host_probe_goal *ret, struct span word);

/* host_probe_outcome_name is a word for programs. Static. */
const char *host_probe_outcome_name(enum host_probe_outcome o);

struct host_probe {
    struct host_extension extension; /* first member */
    struct host *host;
    struct host_kad *kad;
    enum host_probe_state state;
    struct host_probe_args args; /* its addrs are in tried */
    instant started_at;
    instant ends_at;
    instant step_ends_at; /* of greeting */
    /* What came of it; good from OVER until clear. */
    enum host_probe_outcome outcome;
    bool was_connected; /* before it began */
    bool in_table;      /* our own table of the DHT has it, so nobody was asked first */
    uint64_t took_us;
    bool has_lookup;
    uint64_t op;
    enum err lookup_err;
    uint64_t lookup_us;
    struct kad_op_stats lookup;
    struct kad_step steps[HOST_PROBE_STEPS_MAX];
    size_t steps_count;
    struct span addrs[HOST_ADDRS_MAX]; /* given, then found */
    uint8_t addr_rooms[HOST_ADDRS_MAX][MULTIADDR_LEN_MAX];
    size_t addrs_count;
    size_t addrs_given;   /* of them */
    size_t addrs_dialled; /* likewise, the first so many */
    uint64_t dial;
    struct host_dial_trace trace;
    uint32_t pings_count;
    uint64_t rtts_us[HOST_PROBE_PINGS_MAX]; /* HOST_PROBE_NO_ANSWER */
    bool is_told;
};

void host_probe_init(struct host_probe *hp, struct host *host, struct host_kad *kad);
void host_probe_done(struct host_probe *hp);

/* host_probe_start begins. ERR_STATE: another is under way; ERR_UNSUPPORTED: that is ourselves; ERR_LIMIT: more addresses or pings than may be. */
MUST_CHECK enum err
host_probe_start(struct host_probe *hp, instant now, const struct host_probe_args *args);
void host_probe_kad(struct host_probe *hp, const struct kad_event *e);

/* host_probe_poll: is it over? */
bool host_probe_poll(struct host_probe *hp);

/* host_probe_clear ends it, whatever its state, and closes what it dialled and nobody else uses. */
void host_probe_clear(struct host_probe *hp);

#endif
