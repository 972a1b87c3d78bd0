#ifndef PLUGIN_TUF_RIG_TEST_H
#define PLUGIN_TUF_RIG_TEST_H

#include "base/span.h"
#include "plugin/tuf_client.h"
#include "plugin/tuf_make.h"

/* A repository and a client's folder in memory, with keys of our own. Keys are named by a digit: "012" are three of them. */
enum { RIG_KEYS = 10, RIG_FILES = 96, RIG_LOG = 64 };

struct rig_file {
    char name[TUF_FILE_NAME_MAX];
    struct span bytes;
};

struct rig_files {
    struct rig_file file[RIG_FILES];
    size_t count;
};

/* What differs between the documents of a case; a zeroed member means the usual value. */
struct rig_root {
    unsigned version;
    const char *expires;
    const char *keys[TUF_ROLE_COUNT]; /* usually "012", "3", "4", "56" */
    unsigned threshold[TUF_ROLE_COUNT];
    bool is_plain; /* no consistent snapshots */
    const char *extra;
};

struct rig {
    struct tuf_signer signers[RIG_KEYS];
    struct rig_files remote;
    struct rig_files local;
    char log[RIG_LOG][TUF_FILE_NAME_MAX]; /* remote names that were asked for */
    size_t log_count;
    size_t segment;  /* bytes of one recv; 0: whole */
    bool is_failing; /* what is not there could not be had, instead of being absent */
    struct tuf_cfg cfg;
    struct tuf_work work;
    struct tuf_client client;
    uint64_t fetched;
    char *memory;
    size_t memory_used;
};

#define RIG_NOW     "2026-06-01T00:00:00Z"
#define RIG_EXPIRES "2027-01-01T00:00:00Z"

/* rig_new gives one with an empty repository; rig_free ends it. */
struct rig *rig_new(void);
void rig_free(struct rig *r);

/* Text that lives as long as the rig. */
struct span rig_text(struct rig *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

void rig_put(struct rig *r, const char *name, struct span bytes);
void rig_remove(struct rig_files *files, const char *name);
struct span rig_get(const struct rig_files *files, const char *name); /* empty: not there */
void rig_keep(struct rig *r, const char *name, struct span bytes);    /* in the client's folder */

/* rig_sign makes the document of a body, signed by these keys. */
struct span rig_sign(struct rig *r, struct span body, const char *keys);

struct span rig_root_body(struct rig *r, const struct rig_root *root);
struct span rig_timestamp_body(struct rig *r, unsigned version, unsigned snapshot);
struct span rig_snapshot_body(struct rig *r, unsigned version, unsigned targets, const char *more);
struct span
rig_targets_body(struct rig *r, unsigned version, const char *targets, const char *more);

/* rig_keys writes the members of "keys" for these digits; rig_id is the id of one. */
const char *rig_keys(struct rig *r, const char *keys);
const char *rig_id(struct rig *r, char key);
/* rig_delegation writes one role of "delegations". */
const char *
rig_delegation(struct rig *r, const char *name, char key, const char *path, bool is_terminating);

/* rig_publish puts root 1 if there is none, and the three others in that version, all as usual. The targets list "app/one". */
void rig_publish(struct rig *r, unsigned version);

/* rig_update runs an update from the client's folder: TUF_OK, or why not. rig_search then looks for a target. */
enum tuf_code rig_update(struct rig *r);
enum tuf_code rig_search(struct rig *r, const char *path);

/* rig_replace is the text with the first occurrence of from replaced; it has to be there. */
struct span rig_replace(struct rig *r, struct span text, const char *from, const char *to);

#endif
