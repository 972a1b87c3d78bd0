/* The manifest of an installed version. */
#include "plugin/manifest.h"

#include "codec/base16.h"

#include <stdio.h>
#include <string.h>

enum { VERSION_TEXT_LEN = 32 };

static void put_file(struct json_writer *j, const struct package_file *f)
{
    uint8_t digits[64];
    struct wr w = wr_init(MSPAN_OF(digits));
    base16_encode(&w, SPAN_OF(f->hash.bytes));
    json_put_object(j);
    json_put_name(j, "name");
    json_put_string(j, f->name);
    json_put_name(j, "length");
    json_put_u64(j, f->length);
    json_put_name(j, "sha256");
    json_put_string(j, SPAN_OF(digits));
    json_put_name(j, "mode");
    json_put_u64(j, f->mode);
    json_end_object(j);
}

enum err manifest_print(struct wr *w,
                        const struct package *p,
                        const struct package_file *files,
                        size_t count)
{
    char version[VERSION_TEXT_LEN];
    struct json_writer j = json_writer_init(w);
    (void)snprintf(version, sizeof version, "%u.%u.%u", (unsigned)p->version.major,
                   (unsigned)p->version.minor, (unsigned)p->version.patch);
    json_put_object(&j);
    json_put_name(&j, "name");
    json_put_string(&j, p->name);
    json_put_name(&j, "version");
    json_put_str(&j, version);
    json_put_name(&j, "entry");
    json_put_string(&j, p->entry);
    json_put_name(&j, "abi");
    json_put_u64(&j, p->abi);
    json_put_name(&j, "notes");
    json_put_string(&j, p->notes);
    json_put_name(&j, "files");
    json_put_array(&j);
    for (size_t i = 0; i < count; i++) {
        put_file(&j, &files[i]);
    }
    json_end_array(&j);
    json_end_object(&j);
    return json_writer_end(&j);
}

void manifest_id(struct journal_id *ret, struct span text)
{
    struct hash32 hash;
    struct wr w = wr_init(mspan_of(ret->text, JOURNAL_ID_LEN));
    sha256(&hash, text);
    base16_encode(&w, SPAN_OF(hash.bytes));
    ret->text[JOURNAL_ID_LEN] = '\0';
}

static enum err take_file(struct manifest_file *f, struct json v)
{
    struct span digits;
    uint64_t mode;
    TRY(json_find_plain(&f->name, v, "name"));
    TRY(json_find_u64(&f->length, v, "length"));
    TRY(json_find_plain(&digits, v, "sha256"));
    TRY(base16_decode_fixed(MSPAN_OF(f->hash.bytes), digits));
    TRY(json_find_u64(&mode, v, "mode"));
    f->mode = (uint32_t)mode;
    return mode == 0755 || mode == 0644 ? OK : ERR_MALFORMED;
}

enum err manifest_parse(struct manifest *ret, struct span text, struct diag *why)
{
    struct json root;
    struct json files;
    struct json v;
    struct span version;
    TRY(json_parse(&root, text, why));
    if (json_find_plain(&ret->name, root, "name") != OK ||
        json_find_plain(&version, root, "version") != OK ||
        package_version_parse(&ret->version, version) != OK ||
        json_find_plain(&ret->entry, root, "entry") != OK ||
        json_find_u64(&ret->abi, root, "abi") != OK ||
        json_find_plain(&ret->notes, root, "notes") != OK || !json_find(&files, root, "files") ||
        files.type != JSON_ARRAY) {
        return diag_set(why, ERR_MALFORMED, "manifest: a member is missing or malformed", 0);
    }
    struct json_iter it = json_iterate(files);
    ret->files_count = 0;
    while (json_next(&it, NULL, &v)) {
        if (ret->files_count == PACKAGE_FILES_MAX ||
            take_file(&ret->files[ret->files_count], v) != OK) {
            return diag_set(why, ERR_MALFORMED,
                            "manifest: a file is malformed, or there are too many", 0);
        }
        ret->files_count++;
    }
    return OK;
}
