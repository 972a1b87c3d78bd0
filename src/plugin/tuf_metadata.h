#ifndef PLUGIN_TUF_METADATA_H
#define PLUGIN_TUF_METADATA_H

#include "base/arena.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "codec/json.h"
#include "crypto/hash.h"

/* The four kinds of metadata (TUF specification, section 4), checked whole and then read where they lie. */
enum tuf_role { TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS, TUF_ROLE_COUNT };

enum {
    TUF_NAMES_MAX = 16384,    /* members of open objects: targets, roles of a snapshot */
    TUF_SIGNATURES_MAX = 128, /* each costs a verification */
    TUF_THRESHOLD_MAX = 128,
    TUF_ROLE_NAME_MAX = 100,  /* bytes */
    TUF_TARGET_NAME_MAX = 256 /* bytes */
};

const char *tuf_role_name(enum tuf_role role);

/* Memory that checking needs, used again for each document. */
struct tuf_work {
    struct budget *budget;
    struct json_name_mark *marks; /* TUF_NAMES_MAX of them */
    struct buf canonical;
    struct arena scratch;
    struct hash32 counted[TUF_SIGNATURES_MAX]; /* keys that have signed */
};

/* tuf_work_init: ERR_LIMIT. len_max bounds a document. */
MUST_CHECK enum err tuf_work_init(struct tuf_work *work, struct budget *budget, size_t len_max);
void tuf_work_done(struct tuf_work *work);

/* A document, as views into the bytes that it was parsed from. */
struct tuf_metadata {
    enum tuf_role role;
    struct json signatures;
    struct json body; /* "signed" */
    uint64_t version;
    walltime expires; /* from this second on it has expired */
};

/* tuf_metadata_parse checks that text is metadata of that role and well-formed to its last member; unknown members are let pass.
 * ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT, with the rule in why. The views live as long as text. */
MUST_CHECK enum err tuf_metadata_parse(struct tuf_metadata *ret,
                                       enum tuf_role role,
                                       struct span text,
                                       struct tuf_work *work,
                                       struct diag *why);

/* Whose signatures count: the objects {keyid: key} and {"keyids", "threshold"} of whoever delegates. */
struct tuf_signers {
    struct json keys;
    struct json role;
};

/* tuf_signers_of gives those of a top-level role; root has been parsed. */
struct tuf_signers tuf_signers_of(const struct tuf_metadata *root, enum tuf_role role);

/* tuf_metadata_verify counts the distinct public keys of signers that signed m: ERR_AUTH below the threshold, with the first reason
 * why one did not count; ERR_LIMIT: memory. Two key ids of one public key count once. */
MUST_CHECK enum err tuf_metadata_verify(const struct tuf_metadata *m,
                                        struct tuf_signers signers,
                                        struct tuf_work *work,
                                        struct diag *why);

/* tuf_signers_equal: the same public keys and the same threshold. */
bool tuf_signers_equal(struct tuf_signers a, struct tuf_signers b);

/* Members of what has been checked: 0 or false if there is none. */
static inline uint64_t tuf_number(struct json v, const char *name)
{
    uint64_t number;
    return json_find_u64(&number, v, name) == OK ? number : 0;
}
static inline bool tuf_flag(struct json v, const char *name)
{
    bool flag;
    return json_find_bool(&flag, v, name) == OK && flag;
}

/* What one document says of another, or of a target: {"version", "length", "hashes"}. */
struct tuf_listing {
    uint64_t version; /* 0 for a target */
    uint64_t length;
    bool has_length;
    struct json hashes; /* an object, or of type JSON_NULL if there is none */
    struct json custom; /* the same */
};

/* tuf_listing_find reads the entry name of the object entries ("meta" or "targets"); false if there is none. */
bool tuf_listing_find(struct tuf_listing *ret, struct json entries, struct span name);

/* tuf_listing_hashes_hold: every hash of a kind that we know holds, and at least one is known. */
bool tuf_listing_hashes_hold(const struct tuf_listing *listing, struct span bytes);

/* tuf_time_parse reads "2030-01-31T23:59:59Z", exactly so. ERR_MALFORMED. */
MUST_CHECK enum err tuf_time_parse(walltime *ret, struct span text);
#define TUF_TIME_TEXT_LEN 21 /* with the zero */
void tuf_time_print(char text[static TUF_TIME_TEXT_LEN], walltime time);

#endif
