#ifndef PLUGIN_TUF_CLIENT_H
#define PLUGIN_TUF_CLIENT_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "plugin/tuf_delegation.h"
#include "plugin/tuf_fault.h"
#include "plugin/tuf_metadata.h"

/* A client of The Update Framework, specification 1.0.34 section 5, without input or output.
 *
 *     driver                         client
 *       poll   ------------------->  ASK_LOCAL root.json        the file that was stored before
 *       recv, end  --------------->
 *       poll   ------------------->  ASK_REMOTE 2.root.json     at most len_max bytes
 *       recv, end (or absent) ---->
 *       poll   ------------------->  STORE root.json ...        keep these bytes durably, then poll on
 *                                    DONE, or FAILED with the step, the attack and the rule
 *
 * The driver answers each ASK by any number of recv and one end, carries out each STORE and REMOVE, and polls again until nothing
 * comes. Files are stored as they were received, byte for byte. After DONE the driver may search for targets.
 *
 * Expired metadata fails an update. It says nothing about what is installed: that may go on running. */
enum { TUF_DELEGATIONS_MAX = 32, TUF_DELEGATION_STACK_MAX = 256, TUF_FILE_NAME_MAX = 256 };

struct tuf_cfg {
    walltime start; /* SPEC tuf §"5.1": the time of the whole update, fixed once */
    walltime
        time_min; /* a clock before this is wrong: when we were built, or what was seen before */
    size_t root_len_max;
    size_t timestamp_len_max;
    size_t snapshot_len_max; /* where the timestamp lists no length */
    size_t targets_len_max;
    uint32_t rotations_max;   /* roots in one update */
    uint32_t delegations_max; /* roles on the way to one target, at most TUF_DELEGATIONS_MAX */
};

/* tuf_cfg_default: the bounds of the reference implementation. */
struct tuf_cfg tuf_cfg_default(walltime start);

enum tuf_event_type {
    TUF_EVENT_ASK_LOCAL, /* name; give its bytes, or absent */
    TUF_EVENT_ASK_REMOTE, /* name below the metadata URL, len_max; give its bytes, absent, or failed */
    TUF_EVENT_STORE,      /* name, bytes */
    TUF_EVENT_REMOVE,     /* name */
    TUF_EVENT_DONE,       /* the metadata is current */
    TUF_EVENT_FOUND,      /* tuf_client_target tells what */
    TUF_EVENT_FAILED      /* tuf_client_fault tells why */
};

struct tuf_event {
    enum tuf_event_type type;
    char name
        [TUF_FILE_NAME_MAX]; /* a plain file name: no slash, no leading dot, nothing to escape in a URL */
    size_t len_max;
    struct span bytes; /* live until the next answer or search */
};

enum tuf_answer {
    TUF_ANSWER_WHOLE,
    TUF_ANSWER_ABSENT, /* the server says that there is none */
    TUF_ANSWER_FAILED  /* it could not be had; try again later */
};

/* A target that a role of the repository vouches for. */
struct tuf_target {
    uint64_t length;
    struct tuf_listing listing; /* hashes and custom; live until the next search */
    char role[TUF_ROLE_NAME_MAX + 12];
};

struct tuf_doc {
    struct buf raw;
    struct tuf_metadata m;
    bool is_set;
};

struct tuf_visit {
    char name[TUF_ROLE_NAME_MAX + 12];
    size_t name_len;
    struct tuf_doc doc;
};

enum tuf_step {
    TUF_STEP_LOCAL_ROOT,
    TUF_STEP_ROOT,
    TUF_STEP_LOCAL_TIMESTAMP,
    TUF_STEP_TIMESTAMP,
    TUF_STEP_LOCAL_SNAPSHOT,
    TUF_STEP_SNAPSHOT,
    TUF_STEP_LOCAL_TARGETS,
    TUF_STEP_TARGETS,
    TUF_STEP_CURRENT, /* may search */
    TUF_STEP_LOCAL_DELEGATED,
    TUF_STEP_DELEGATED,
    TUF_STEP_FAILED
};

struct tuf_client {
    struct budget budget;
    struct tuf_cfg cfg;
    struct tuf_work work;
    enum tuf_step step;
    struct tuf_fault fault;
    struct tuf_doc root;
    struct tuf_doc timestamp;
    struct tuf_doc snapshot;
    struct tuf_doc targets;
    struct tuf_event events[5]; /* what poll will give, in order */
    size_t events_first;
    size_t events_count;
    bool is_asking;
    bool is_over; /* more bytes came than the ask allows */
    struct buf body;
    size_t body_len_max;
    uint32_t rotations;
    bool is_changed;
    uint64_t bytes_fetched;
    /* The search: section 5.6.7. */
    uint8_t path[TUF_TARGET_NAME_MAX];
    size_t path_len;
    struct tuf_visit visits[TUF_DELEGATIONS_MAX];
    size_t visits_count;
    struct tuf_delegation *stack; /* TUF_DELEGATION_STACK_MAX of them */
    size_t stack_count;
    struct tuf_target target;
};

/* tuf_client_init starts an update; c must not move. ERR_LIMIT: budget. tuf_client_done is safe on a zeroed object. */
MUST_CHECK enum err
tuf_client_init(struct tuf_client *c, struct budget *budget, const struct tuf_cfg *cfg);
void tuf_client_done(struct tuf_client *c);

bool tuf_client_poll(struct tuf_client *c, struct tuf_event *ret_event);

/* tuf_client_recv takes bytes of the answer to the last ASK. ERR_LIMIT: that is more than it may be: stop the transfer, and end it with
 * TUF_ANSWER_WHOLE. ERR_STATE: nothing was asked. */
MUST_CHECK enum err tuf_client_recv(struct tuf_client *c, struct span in);
MUST_CHECK enum err tuf_client_end(struct tuf_client *c, enum tuf_answer answer);

/* tuf_client_search looks for the target called path, after DONE, FOUND, or a search that found nothing. ERR_STATE: not now. ERR_LIMIT: path
 * is too long. The client goes on to FOUND or FAILED; after FAILED with TUF_TARGET_ABSENT one may search again. */
MUST_CHECK enum err tuf_client_search(struct tuf_client *c, struct span path);

const struct tuf_target *tuf_client_target(const struct tuf_client *c);
const struct tuf_fault *tuf_client_fault(const struct tuf_client *c);

/* tuf_target_url writes where a target lies below the targets URL, percent-encoded: with consistent snapshots its hash stands before
 * the last part of the path. ERR_LIMIT: out is full. */
MUST_CHECK enum err tuf_target_url(const struct tuf_client *c,
                                   struct wr *out,
                                   struct span path,
                                   const struct tuf_target *target);

/* tuf_target_check: are these bytes the target? Otherwise the code says why not. */
MUST_CHECK enum err
tuf_target_check(const struct tuf_target *target, struct span bytes, struct tuf_fault *ret_fault);

#endif
