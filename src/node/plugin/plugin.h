#ifndef NODE_PLUGIN_H
#define NODE_PLUGIN_H

#include "node/plugin/plugin_store.h"
#include "node/plugin/repository.h"

/* The server plugin of one user, from repositories to installed version:
 *
 *     DIR/trusted             which repositories are trusted, and how many of them have to agree
 *     DIR/repositories/ID/    repository.h
 *     DIR/store/              versions: plugin_store.h */
enum { PLUGIN_REPOSITORIES_MAX = 4, PLUGIN_TEXT_LEN = 400 };

struct plugin {
    struct budget budget;
    int dir;
    int folders; /* DIR/repositories */
    struct plugin_store store;
    struct download download;
    struct repository repositories[PLUGIN_REPOSITORIES_MAX];
    size_t repositories_count;
    uint64_t agree; /* so many repositories have to vouch for a package, 1 at least */
    /* Files from peers, behind all mirrors: as fetch of plugin_source. NULL: there are none. */
    enum err (*peers)(void *user, const struct package_file *file, const struct download_args *to);
    void *peers_user;
    bool is_from_peers; /* the file that is being received */
    bool
        is_current; /* there is a package, of current metadata, and enough repositories vouch for it */
    bool vouches[PLUGIN_REPOSITORIES_MAX]; /* which do: its files come from their mirrors */
    struct package package;                /* of the metadata */
    struct package_machine machine;
    struct package_match match;
    struct package_file files[PACKAGE_FILES_MAX];
    size_t files_count;
    struct package_variant variants
        [PACKAGE_VARIANTS_MAX]; /* all that the repository of the package has, the chosen one among them */
    size_t variants_count;
    bool has_newer_client;       /* enough repositories vouch for a newer Passmesh: */
    struct package newer_client; /* of the metadata */
    char text[PLUGIN_TEXT_LEN];  /* what was wrong, in a sentence */
    const char *code;            /* the same as a code of kind plugin (api/codes.json) */
    const char *step;            /* of TUF's specification, if it was there; else empty */
};

/* plugin_open opens what there is below path, making folders if need be. ERR_STATE: another process works on it. plugin_close is safe after a failed
 * open. p is large: keep it static or on the heap. */
MUST_CHECK enum err plugin_open(struct plugin *p, const char *path);
void plugin_close(struct plugin *p);

/* plugin_add_repository trusts the root in a file, and goes to url for it; with a root that is trusted already it adds a mirror. ERR_STATE: the root shares a key with another
 * repository, so that the two would be no two; ERR_LIMIT; ERR_AUTH; ERR_MALFORMED. */
MUST_CHECK enum err plugin_add_repository(struct plugin *p, const char *url, const char *root_file);
MUST_CHECK enum err plugin_add_root(struct plugin *p, const char *url, struct span root);

/* plugin_forget_repository trusts it no more; what is installed stays, and so does the number that has to agree, so that trust never grows by forgetting. Of none, the number is 1 again. id empty: all of
 * them. ERR_NOT_FOUND. */
MUST_CHECK enum err plugin_forget_repository(struct plugin *p, struct span id);

/* plugin_set_agree: count is 1 to PLUGIN_REPOSITORIES_MAX, else ERR_MALFORMED. What was chosen before is chosen no more. */
MUST_CHECK enum err plugin_set_agree(struct plugin *p, uint64_t count);

/* plugin_check brings the metadata of all repositories up to date, and chooses the package for this machine: p->package, p->match, p->files. Only what p->agree repositories without common
 * keys vouch for is looked at. With ERR_DENIED there is a package, and p->match says why it does not suit. ERR_NOT_FOUND: no repository, or no package; ERR_AUTH: they do not agree, or one is refused. */
MUST_CHECK enum err plugin_check(struct plugin *p);

/* A check also says whether there is a newer Passmesh for this platform, a package called "client": p->has_newer_client. It is told, never installed: the client came from
 * somewhere else, which replaces it. */

/* plugin_install gets and installs what plugin_check chose. ERR_DENIED: it failed here before. */
typedef void (*plugin_progress_fn)(void *user, uint64_t verified, uint64_t length);
MUST_CHECK enum err plugin_install(struct plugin *p, plugin_progress_fn progress, void *user);

/* plugin_package_len is the length of all files of what plugin_check chose. */
uint64_t plugin_package_len(const struct plugin *p);

/* plugin_is_installed: the package that plugin_check chose is the current version already. */
bool plugin_is_installed(struct plugin *p);

#endif
