#ifndef PLUGIN_PACKAGE_H
#define PLUGIN_PACKAGE_H

#include "base/err.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "plugin/tuf_metadata.h"

/* A package is no archive: its files are targets of the repository, side by side in one folder of names, and the custom field of its entry, the
 * program that is started, says what it is and what it needs. docs/plugin.md shows one. There is nothing to unpack. */
enum {
    PACKAGE_FILES_MAX = 32,
    PACKAGE_NEEDS_MAX = 8,
    PACKAGE_CHUNK_LEN = 64 << 10,
    PACKAGE_TEXT_LEN = 160,
    PACKAGE_WORD_LEN = 32,
    PACKAGE_VARIANTS_MAX = 8
};

struct package_version {
    uint32_t major;
    uint32_t minor;
    uint32_t patch;
};

/* package_version_parse reads "1.2.3", exactly so. */
MUST_CHECK enum err package_version_parse(struct package_version *ret, struct span text);
int package_version_compare(struct package_version a, struct package_version b);

/* What a package asks of a machine; 0 or empty: nothing. */
struct package_needs {
    uint64_t cores;
    uint64_t memory_mib;
    uint64_t disk_mib;
    uint64_t tpm;    /* at least this version, 2 */
    struct span tee; /* one kind: "sgx", "tdx", "sev-snp", "nitro" */
    bool reachable;  /* from outside */
};

/* Spans into the metadata that it was read from. */
struct package {
    struct span name;   /* "server" */
    struct span folder; /* of target names, with its slash */
    struct span entry;  /* file within the folder */
    struct span platform;
    struct span notes;
    struct package_version version;
    struct package_version client_min;
    uint64_t abi;
    struct package_needs needs;
    struct json files; /* names within the folder */
};

/* One file of a package. */
struct package_file {
    struct span name; /* within the folder: one part, safe */
    uint64_t length;
    struct hash32 hash;
    uint32_t mode;      /* 0644 or 0755 */
    struct json chunks; /* SHA-256 of each PACKAGE_CHUNK_LEN bytes, the last may be shorter */
};

/* package_parse reads the target called name with its custom field. ERR_NOT_FOUND: it is no entry of a package; ERR_MALFORMED, with the rule in
 * why: it says that it is one, and is wrong. */
MUST_CHECK enum err
package_parse(struct package *ret, struct span name, struct json custom, struct diag *why);

/* package_files reads all of a package's files from the targets of m: exactly those that it lists, each a target with length, SHA-256, mode and chunk
 * hashes, the entry among them and executable. ERR_MALFORMED. */
MUST_CHECK enum err package_files(struct package_file ret_files[static PACKAGE_FILES_MAX],
                                  size_t *ret_count,
                                  const struct package *package,
                                  const struct tuf_metadata *m,
                                  struct diag *why);

/* package_file_chunk gives hash i; false beyond the last. */
bool package_file_chunk(const struct package_file *file, size_t i, struct hash32 *ret_hash);

/* What a machine has. */
struct package_machine {
    struct span platform;
    struct package_version client;
    uint64_t abi;
    uint64_t cores;
    uint64_t memory_mib;
    uint64_t disk_mib;
    uint64_t tpm;
    struct span tee; /* empty: none */
    bool reachable;
};

/* Why a package does or does not suit: a sentence for each need, and what would help where it is not met. */
struct package_reason {
    bool is_met;
    const char *code; /* the same for whoever says it in a language; the figures that go with it: */
    char need[PACKAGE_WORD_LEN];
    char has[PACKAGE_WORD_LEN];
    char text[PACKAGE_TEXT_LEN];
    char help[PACKAGE_TEXT_LEN]; /* empty if nothing helps, or nothing has to */
};
struct package_match {
    bool is_met; /* all of them */
    size_t count;
    struct package_reason reasons[PACKAGE_NEEDS_MAX];
};
void package_match(struct package_match *ret,
                   const struct package *p,
                   const struct package_machine *m);

/* package_choose goes over the targets of m for packages of that name: the newest that the machine meets is *ret, with its match. If there is none, the
 * one that lacks least: then ret_match says what. ERR_NOT_FOUND: no package of that name. */
MUST_CHECK enum err package_choose(struct package *ret,
                                   struct package_match *ret_match,
                                   const struct tuf_metadata *m,
                                   struct span name,
                                   const struct package_machine *machine);

/* package_is_better: does a come before b? One that suits before one that does not; then the one that lacks less; then the newer. */
bool package_is_better(const struct package *a,
                       const struct package_match *am,
                       const struct package *b,
                       const struct package_match *bm);

/* package_list gives the packages of that name, each with its match: those that suit first, then the newest. What is beyond PACKAGE_VARIANTS_MAX is left out. */
struct package_variant {
    struct package package;
    struct package_match match;
};
size_t package_list(struct package_variant ret[static PACKAGE_VARIANTS_MAX],
                    const struct tuf_metadata *m,
                    struct span name,
                    const struct package_machine *machine);

#endif
