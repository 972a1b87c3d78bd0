#ifndef PLUGIN_MANIFEST_H
#define PLUGIN_MANIFEST_H

#include "plugin/journal.h"
#include "plugin/package.h"

/* What an installed version consists of, as one text that lies beside its files: taken from signed metadata when it is installed. The hash of the text is the
 * version's id, so whoever has the id from the journal can check everything without the network and without dates. */
enum { MANIFEST_LEN_MAX = 16384 };

struct manifest_file {
    struct span name;
    uint64_t length;
    struct hash32 hash;
    uint32_t mode;
};

/* Spans into the text. */
struct manifest {
    struct span name;
    struct package_version version;
    struct span entry;
    uint64_t abi;
    struct span notes;
    struct manifest_file files[PACKAGE_FILES_MAX];
    size_t files_count;
};

/* manifest_print writes the text for a package and its files. */
MUST_CHECK enum err manifest_print(struct wr *w,
                                   const struct package *p,
                                   const struct package_file *files,
                                   size_t count);

/* manifest_id is the id of a text. */
void manifest_id(struct journal_id *ret, struct span text);

/* manifest_parse: ERR_MALFORMED, ERR_LIMIT. Check the id first. */
MUST_CHECK enum err manifest_parse(struct manifest *ret, struct span text, struct diag *why);

#endif
