#ifndef NODE_REPO_H
#define NODE_REPO_H

#include "base/err.h"
#include "plugin/tuf_body.h"
#include "plugin/tuf_make.h"

/* Making and signing a TUF repository in a folder, for its owner:
 *
 *     draft/root.json draft/targets.json    the newest documents, perhaps still gathering signatures
 *     metadata/                             what is served: N.root.json, N.targets.json, N.snapshot.json, timestamp.json
 *     targets/                              what is served: DIR/HASH.NAME
 *
 * A document is changed only as a draft; signatures are gathered one by one, on different machines if need be; publish checks the thresholds, as
 * a client will, before anything is served. Keys are files of their owners, or lie in tokens (repo_token.h), and never in the repository. */
enum { REPO_WORDS_LEN = 320, REPO_KEYS_MAX = 16, REPO_PATH_LEN_MAX = 1024 };

struct repo {
    struct budget budget;
    struct tuf_work *work;
    int dir;
    int draft;
    int metadata;
    int targets;
    walltime now;
    bool is_development;        /* of a new one: its root says so */
    int pin_fd;                 /* PINs of tokens, one a line; -1: they are asked at the terminal */
    char words[REPO_WORDS_LEN]; /* what went wrong */
};

/* repo_open makes the folders if need be. repo_close is safe after a failed repo_open. */
MUST_CHECK enum err repo_open(struct repo *r, const char *path);
void repo_close(struct repo *r);

/* repo_key_new writes a new secret key to path (0600; an unencrypted PKCS #8 PEM file) and its public half, a key object, to path with ".pub"
 * behind it. Neither may exist. */
MUST_CHECK enum err repo_key_new(enum tuf_key_kind kind, const char *path);
/* repo_key_load reads a secret key: ERR_DENIED if others may read the file, ERR_MALFORMED if it is none. Wipe it. */
MUST_CHECK enum err repo_key_load(struct tuf_signer *ret, const char *path);

/* repo_token_show writes the public half of a token's key, a key object, to standard output, or a sentence why not to standard error. */
MUST_CHECK enum err repo_token_show(const char *uri, int pin_fd);

/* A role's keys: "ROLE=PUBLIC_KEY_FILE[,FILE]...[:THRESHOLD]". */
MUST_CHECK enum err repo_init(struct repo *r, const char *const *roles, size_t count);
MUST_CHECK enum err repo_rotate(struct repo *r, const char *const *roles, size_t count);

/* repo_add copies file among the targets and lists it, with the JSON object in custom_file (may be NULL). repo_remove takes a target off the
 * list; its bytes stay, for clients that are on their way. */
MUST_CHECK enum err
repo_add(struct repo *r, const char *name, const char *file, const char *custom_file);
MUST_CHECK enum err repo_remove(struct repo *r, const char *name);

/* repo_sign adds signatures to the draft of root or targets. */
MUST_CHECK enum err
repo_sign(struct repo *r, const char *role, const char *const *keys, size_t count);

/* repo_publish serves what is in the drafts. snapshot_keys may be empty if only the timestamp is to be renewed. */
struct repo_publish {
    const char *snapshot_keys[REPO_KEYS_MAX];
    size_t snapshot_count;
    const char *timestamp_keys[REPO_KEYS_MAX];
    size_t timestamp_count;
};
MUST_CHECK enum err repo_publish(struct repo *r, const struct repo_publish *keys);

#endif
