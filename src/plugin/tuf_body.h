#ifndef PLUGIN_TUF_BODY_H
#define PLUGIN_TUF_BODY_H

#include "base/err.h"
#include "base/wr.h"
#include "plugin/tuf_metadata.h"

/* The maker's side of a repository: documents without signatures, {"signatures":[],"signed":{...}}, for tuf_sign. */
enum { TUF_BODY_KEYS_MAX = 16 };

struct tuf_body_role {
    struct span keys[TUF_BODY_KEYS_MAX]; /* key objects, as tuf_signer_print makes them */
    size_t keys_count;
    uint64_t threshold;
};

struct tuf_body_root {
    struct tuf_body_role roles[TUF_ROLE_COUNT];
    bool is_development; /* the document says so; clients do too, wherever they use it */
};

/* tuf_body_is_development tells whether a root says of itself that its repository is for developing alone. */
bool tuf_body_is_development(const struct tuf_metadata *root);

struct tuf_body_head {
    uint64_t version;
    walltime expires;
};

/* tuf_body_key_id is the hash of the canonical form of a key object: 64 digits. ERR_MALFORMED: it is none. */
#define TUF_BODY_KEY_ID_LEN 64
MUST_CHECK enum err tuf_body_key_id(char ret_id[static TUF_BODY_KEY_ID_LEN + 1],
                                    struct span key,
                                    struct tuf_work *work);

/* tuf_body_root_read gives the roles of a root that was parsed; spans into it. ERR_LIMIT: more keys than we make. */
MUST_CHECK enum err tuf_body_root_read(struct tuf_body_root *ret, const struct tuf_metadata *root);
MUST_CHECK enum err tuf_body_root_write(struct wr *w,
                                        struct tuf_body_head head,
                                        const struct tuf_body_root *root,
                                        struct tuf_work *work);

/* tuf_body_targets writes the targets of old, which may be NULL, with one entry put in or, if entry is empty, taken out. name may be empty:
 * nothing changes but the head. */
struct tuf_body_edit {
    struct span name;
    struct span entry; /* {"length": ..., "hashes": ..., "custom": ...} */
};
MUST_CHECK enum err tuf_body_targets(struct wr *w,
                                     struct tuf_body_head head,
                                     const struct tuf_metadata *old,
                                     struct tuf_body_edit edit);

/* tuf_body_list writes a snapshot (of targets) or a timestamp (of a snapshot): it names the document listed, whose bytes are whole. */
struct tuf_body_listed {
    uint64_t version;
    struct span bytes;
};
MUST_CHECK enum err tuf_body_list(struct wr *w,
                                  enum tuf_role role,
                                  struct tuf_body_head head,
                                  struct tuf_body_listed listed);

#endif
