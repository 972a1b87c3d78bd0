#ifndef NODE_PLUGIN_STORE_H
#define NODE_PLUGIN_STORE_H

#include "base/budget.h"
#include "base/err.h"
#include "node/plugin/download.h"
#include "plugin/journal.h"
#include "plugin/manifest.h"
#include "plugin/package.h"

/* The versions of a plugin on disk, for one user:
 *
 *     ROOT/LOCK             held while open: one writer
 *     ROOT/journal          which version is current; replacing it is the switch
 *     ROOT/partial/SHA256   files that are being received: verified chunks, each a whole one
 *     ROOT/staging/ID       a version that is being put together
 *     ROOT/versions/ID      manifest and files of a version; ID is the hash of the manifest
 *
 * Whatever a crash leaves behind, the journal names a version that is there whole; the rest is cleared away at the next open, but for
 * partial files, which the next download goes on with. */
enum { PLUGIN_WORDS_LEN = 200 };

struct plugin_store {
    int dir;
    int versions;
    int partial;
    int staging;
    int lock;
    struct budget *budget;
    struct journal journal;
    char words[PLUGIN_WORDS_LEN]; /* what was wrong */
};

/* plugin_store_open makes the folders if need be. ERR_DENIED: they belong to someone else, others may enter, or something was planted; ERR_STATE: another
 * process has it open; ERR_IO. plugin_store_close is safe after a failed open. */
MUST_CHECK enum err
plugin_store_open(struct plugin_store *s, const char *path, struct budget *budget);
void plugin_store_close(struct plugin_store *s);

/* Where files come from: sources in the order in which they are tried. fetch gives the bytes of a file from offset on to take, until take refuses
 * or the file ends; OK only if it ended. Bytes that turn out wrong cost the source its turn. */
struct plugin_source {
    enum err (*fetch)(void *user,
                      size_t source,
                      const struct package_file *file,
                      const struct download_args *to);
    void (*progress)(void *user,
                     uint64_t verified,
                     uint64_t length); /* may be NULL: bytes of the whole package */
    void *user;
    size_t sources_count;
};

/* plugin_store_install receives what is missing, puts the version together, and makes it current, on trial. ERR_DENIED: it failed here before; ERR_AUTH: no
 * source gave the right bytes; ERR_IO. */
struct plugin_install {
    const struct package *package;
    const struct package_file *files;
    size_t files_count;
    const struct plugin_source *source;
};
MUST_CHECK enum err plugin_store_install(struct plugin_store *s,
                                         const struct plugin_install *install);

/* plugin_store_verify reads all of a version anew: manifest, names, modes, lengths and hashes, and nothing beside them. ERR_AUTH: something is not as it was
 * installed; ERR_NOT_FOUND. With ret_entry the entry's descriptor is given: run that, so that nothing can come in between. */
MUST_CHECK enum err
plugin_store_verify(struct plugin_store *s, const struct journal_id *id, int *ret_entry);

/* The trial of the current version: it passed, or it failed and the last good one is current again (plugin_store_fail tells whether there was one). */
MUST_CHECK enum err plugin_store_pass(struct plugin_store *s);
MUST_CHECK enum err plugin_store_fail(struct plugin_store *s, bool *ret_is_back);

/* plugin_store_manifest reads a version's manifest into text, checked against its id. */
MUST_CHECK enum err plugin_store_manifest(struct plugin_store *s,
                                          const struct journal_id *id,
                                          struct buf *text,
                                          struct manifest *ret);

/* plugin_store_remove takes away all versions, partial files and the journal. */
MUST_CHECK enum err plugin_store_remove(struct plugin_store *s);

/* plugin_partial_fetch brings partial/SHA256 of a file to its whole length. Chunks that are there already are checked, not fetched. done_before is what
 * of the package was verified before this file, for progress. */
struct plugin_partial {
    int folder;
    const struct package_file *file;
    const struct plugin_source *source;
    uint64_t done_before;
    uint64_t total;
};
MUST_CHECK enum err plugin_partial_fetch(const struct plugin_partial *p);

/* The name of a file of that hash. */
#define PLUGIN_HASH_TEXT_LEN 65
void plugin_hash_text(char text[static PLUGIN_HASH_TEXT_LEN], const struct hash32 *hash);

#endif
