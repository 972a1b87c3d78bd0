/* The page's files. */
#include "node/api/page.h"

#include "codec/base16.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "node/config/config.h"
#include "wallet/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANIFEST_LEN_MAX = 64 * 1024 };

void page_done(struct page *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->files[i].data);
    }
    p->count = 0;
}

static bool is_plain_name(struct span name)
{
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '_' || (c == '.' && i > 0);
        if (!plain) {
            return false;
        }
    }
    return name.n > 0 && name.n < PAGE_PATH_LEN_MAX;
}

static enum err
read_file(struct page_file *f, const char *dir, struct json entry, struct diag *diag)
{
    struct span name;
    struct span type;
    struct span hex;
    struct hash32 want;
    struct hash32 got;
    char path[CONFIG_PATH_LEN_MAX];
    char *text = NULL;
    if (json_find_plain(&name, entry, "file") != OK || !is_plain_name(name) ||
        json_find_plain(&type, entry, "type") != OK || type.n > PAGE_TYPE_LEN_MAX ||
        json_find_plain(&hex, entry, "sha256") != OK ||
        base16_decode_fixed(MSPAN_OF(want.bytes), hex) != OK) {
        return diag_set(diag, ERR_MALFORMED, "an entry of the page's manifest is broken", 0);
    }
    int n = snprintf(path, sizeof path, "%s/%.*s", dir, (int)name.n, (const char *)name.p);
    if (n < 0 || (size_t)n >= sizeof path) {
        return diag_set(diag, ERR_LIMIT, "the page's directory has too long a path", 0);
    }
    enum err err = config_read_file(path, PAGE_LEN_MAX, &text, &f->len);
    if (err != OK) {
        return diag_set(diag, err, "a file of the page cannot be read", 0);
    }
    f->data = (uint8_t *)text;
    sha256(&got, span_of(f->data, f->len));
    if (memcmp(got.bytes, want.bytes, sizeof got.bytes) != 0) {
        free(text);
        f->data = NULL;
        return diag_set(diag, ERR_AUTH, "a file of the page is not the one that was built", 0);
    }
    f->path[0] = '/';
    text_set(f->path + 1, sizeof f->path - 1, name);
    text_set(f->type, sizeof f->type, type);
    return OK;
}

static enum err read_files(struct page *p, const char *dir, struct span manifest, struct diag *diag)
{
    struct json root;
    struct json files;
    struct json entry;
    if (json_parse(&root, manifest, NULL) != OK || !json_find(&files, root, "files")) {
        return diag_set(diag, ERR_MALFORMED, "the page's manifest is broken", 0);
    }
    struct json_iter it = json_iterate(files);
    while (json_next(&it, NULL, &entry)) {
        if (p->count >= PAGE_FILE_COUNT_MAX) {
            return diag_set(diag, ERR_LIMIT, "the page has too many files", 0);
        }
        TRY(read_file(&p->files[p->count], dir, entry, diag));
        p->count++;
    }
    return page_find(p, SPAN_LIT("/"))
               ? OK
               : diag_set(diag, ERR_MALFORMED, "the page has no index.html", 0);
}

enum err page_load(struct page *ret, const char *dir, struct diag *diag)
{
    char path[CONFIG_PATH_LEN_MAX];
    char *manifest = NULL;
    size_t len = 0;
    ret->count = 0;
    int n = snprintf(path, sizeof path, "%s/manifest.json", dir);
    if (n < 0 || (size_t)n >= sizeof path) {
        return diag_set(diag, ERR_LIMIT, "the page's directory has too long a path", 0);
    }
    enum err err = config_read_file(path, MANIFEST_LEN_MAX, &manifest, &len);
    if (err != OK) {
        return diag_set(diag, err, "the built page is not there: run make", 0);
    }
    err = read_files(ret, dir, span_of(manifest, len), diag);
    free(manifest);
    if (err != OK) {
        page_done(ret);
    }
    return err;
}

const struct page_file *page_find(const struct page *p, struct span path)
{
    struct span wanted = span_equal(path, SPAN_LIT("/")) ? SPAN_LIT("/index.html") : path;
    for (size_t i = 0; i < p->count; i++) {
        if (span_equal(span_str(p->files[i].path), wanted)) {
            return &p->files[i];
        }
    }
    return NULL;
}
