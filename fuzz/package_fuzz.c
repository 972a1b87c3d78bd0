/* Custom fields of targets: whatever a repository signs, choosing a package and reading its files ends with a package that is sound, or a reason; the
 * manifest made of it reads back the same. */
#include "plugin/manifest.h"
#include "plugin/package.h"
#include "plugin/target_name.h"

#include "base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1 << 15 };

static void check_files(const struct package *p, const struct tuf_metadata *m)
{
    static struct package_file files[PACKAGE_FILES_MAX];
    static uint8_t text[MANIFEST_LEN_MAX];
    static struct manifest manifest;
    struct diag why = {0};
    size_t count = 0;
    if (package_files(files, &count, p, m, &why) != OK) {
        check(why.rule != NULL);
        return;
    }
    check(count > 0);
    check(count <= PACKAGE_FILES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct hash32 hash;
        size_t chunks = (size_t)(files[i].length / PACKAGE_CHUNK_LEN +
                                 (files[i].length % PACKAGE_CHUNK_LEN != 0));
        check(target_name_is_safe(files[i].name));
        check(files[i].mode == 0755 || files[i].mode == 0644);
        check(chunks == 0 || package_file_chunk(&files[i], chunks - 1, &hash));
        check(!package_file_chunk(&files[i], chunks, &hash));
    }
    struct wr w = wr_init(MSPAN_OF(text));
    if (manifest_print(&w, p, files, count) == OK) {
        check(manifest_parse(&manifest, span_of(text, w.n), NULL) == OK);
        check(manifest.files_count == count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json root;
    struct package p;
    static struct package_match match;
    struct tuf_metadata m = {.role = TUF_TARGETS};
    const struct package_machine machine = {
        .platform = SPAN_LIT("x86_64-linux"),
        .client = {0, 1, 0},
        .abi = 1,
        .cores = 2,
        .memory_mib = 1024,
        .disk_mib = 1024
    };
    if (size > TEXT_MAX || json_parse(&root, span_of(data, size), NULL) != OK ||
        root.type != JSON_OBJECT) {
        return 0;
    }
    m.body = root;
    if (package_choose(&p, &match, &m, SPAN_LIT("server"), &machine) == OK) {
        check(match.count > 0);
        check(match.count <= PACKAGE_NEEDS_MAX);
        check_files(&p, &m);
    }
    return 0;
}
