#ifndef NODE_PLUGIN_H
#define NODE_PLUGIN_H

#include "node/plugin/plugin_store.h"
#include "node/plugin/tuf_run.h"

/* The server plugin of one user, from repository to installed version:
 *
 *     DIR/repository    where it comes from: the URLs of mirrors, one a line; metadata/ and targets/ lie below each
 *     DIR/metadata/     what of TUF is trusted
 *     DIR/store/        versions: plugin_store.h */
enum { PLUGIN_MIRRORS_MAX = 8, PLUGIN_TEXT_LEN = 400, PLUGIN_URL_LEN_MAX = 512 };

struct plugin {
    struct budget budget;
    int dir;
    int metadata;
    struct plugin_store store;
    struct download download;
    char mirrors[PLUGIN_MIRRORS_MAX][PLUGIN_URL_LEN_MAX];
    size_t mirrors_count;
    /* Files from peers, behind all mirrors: as fetch of plugin_source. NULL: there are none. */
    enum err (*peers)(void *user, const struct package_file *file, const struct download_args *to);
    void *peers_user;
    bool is_from_peers; /* the file that is being received */
    struct tuf_run run;
    bool is_development;    /* the repository's root says that it is for developing alone */
    bool is_current;        /* the metadata was brought up to date */
    struct package package; /* of the metadata */
    struct package_machine machine;
    struct package_match match;
    struct package_file files[PACKAGE_FILES_MAX];
    size_t files_count;
    struct package_variant
        variants[PACKAGE_VARIANTS_MAX]; /* all that there are, the chosen one among them */
    size_t variants_count;
    char text[PLUGIN_TEXT_LEN]; /* what was wrong, in a sentence */
    const char *code;           /* the same as a code of kind plugin (api/codes.json) */
    const char *step;           /* of TUF's specification, if it was there; else empty */
};

/* plugin_open opens what there is below path, making folders if need be. ERR_STATE: another process works on it. plugin_close is safe after a failed
 * open. p is large: keep it static or on the heap. */
MUST_CHECK enum err plugin_open(struct plugin *p, const char *path);
void plugin_close(struct plugin *p);

/* plugin_add_repository trusts the root in a file, and goes to url from now on; further calls with the same root add mirrors. ERR_STATE: there is a
 * repository with another root: forget that one first. plugin_forget_repository keeps what is installed. */
MUST_CHECK enum err plugin_add_repository(struct plugin *p, const char *url, const char *root_file);
MUST_CHECK enum err plugin_add_root(struct plugin *p, const char *url, struct span root);
MUST_CHECK enum err plugin_forget_repository(struct plugin *p);

/* plugin_check brings the metadata up to date from the first mirror that has it, and chooses the package for this machine: p->package, p->match, p->files. With
 * ERR_DENIED there is a package, and p->match says why it does not suit. ERR_NOT_FOUND: no repository, or no package. */
MUST_CHECK enum err plugin_check(struct plugin *p);

/* plugin_install gets and installs what plugin_check chose. ERR_DENIED: it failed here before. */
typedef void (*plugin_progress_fn)(void *user, uint64_t verified, uint64_t length);
MUST_CHECK enum err plugin_install(struct plugin *p, plugin_progress_fn progress, void *user);

/* plugin_package_len is the length of all files of what plugin_check chose. */
uint64_t plugin_package_len(const struct plugin *p);

/* plugin_is_installed: the package that plugin_check chose is the current version already. */
bool plugin_is_installed(struct plugin *p);

#endif
