#ifndef NODE_REPOSITORY_H
#define NODE_REPOSITORY_H

#include "node/plugin/tuf_run.h"

/* One signed repository that this machine trusts, in a folder of its own:
 *
 *     FOLDER/mirrors       URLs, one a line; metadata/ and targets/ lie below each
 *     FOLDER/first.json    the root that was added
 *     FOLDER/metadata/     what of TUF is trusted by now */
enum {
    REPOSITORY_MIRRORS_MAX = 8,
    REPOSITORY_URL_LEN_MAX = 512,
    REPOSITORY_ID_LEN = 16,
    REPOSITORY_TEXT_LEN = 400,
    REPOSITORY_ROOT_LEN_MAX = 512000
};

struct repository {
    struct budget *budget;
    int dir;
    int metadata;
    char id[REPOSITORY_ID_LEN + 1]; /* of the first root: the beginning of its SHA-256 */
    char mirrors[REPOSITORY_MIRRORS_MAX][REPOSITORY_URL_LEN_MAX];
    size_t mirrors_count;
    bool is_development; /* its root says that it is for developing alone */
    bool is_current;     /* the metadata was brought up to date */
    struct tuf_run run;
    char metadata_url[DOWNLOAD_URL_LEN_MAX]; /* of the mirror that was asked last */
    char text[REPOSITORY_TEXT_LEN];          /* what was wrong, in a sentence */
    const char *code; /* the same as a code of kind plugin (api/codes.json); NULL: nothing was */
    const char *step; /* of TUF's specification, if it was there; else empty */
};

/* repository_id is that of a first root. */
void repository_id(char ret[static REPOSITORY_ID_LEN + 1], struct span root);

/* repository_open opens or makes the folder called id below parent. ERR_IO, ERR_DENIED: text says why, as with all of these. repository_close is safe after a failed open. */
MUST_CHECK enum err
repository_open(struct repository *r, int parent, const char *id, struct budget *budget);
void repository_close(struct repository *r);

/* repository_trust trusts a root in a folder that has none. ERR_AUTH: its own keys did not sign it. */
MUST_CHECK enum err repository_trust(struct repository *r, struct span root);

/* repository_add_mirror: ERR_MALFORMED: no URL; ERR_LIMIT: there are REPOSITORY_MIRRORS_MAX. OK too if it is known. */
MUST_CHECK enum err repository_add_mirror(struct repository *r, const char *url);

/* repository_shares_key: is one of the keys of this root also one of r's, as it is trusted now? Such two are no two: whoever holds that key speaks in both. */
bool repository_shares_key(struct repository *r, struct span root);

/* repository_update brings the metadata up to date from the first mirror that has it. Errors of tuf_run_update, by the last mirror. */
MUST_CHECK enum err repository_update(struct repository *r, struct download *download);

/* repository_target_url is where a mirror has the target called path, after an update. */
MUST_CHECK enum err repository_target_url(struct repository *r,
                                          char url[static DOWNLOAD_URL_LEN_MAX],
                                          size_t mirror,
                                          struct span path);

#endif
