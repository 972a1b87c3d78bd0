#ifndef NODE_PAGE_H
#define NODE_PAGE_H

#include "base/err.h"
#include "base/span.h"

#include <stddef.h>

/* The built page in memory: the files that its manifest.json names, each held against the size and SHA-256 that stand
 * there. Nothing else can be asked for. */
enum {
    PAGE_FILE_COUNT_MAX = 64,
    PAGE_PATH_LEN_MAX = 127,
    PAGE_TYPE_LEN_MAX = 63,
    PAGE_LEN_MAX = 2 * 1024 * 1024
};

struct page_file {
    char path[PAGE_PATH_LEN_MAX + 1]; /* "/main-ABC.js" */
    char type[PAGE_TYPE_LEN_MAX + 1];
    uint8_t *data;
    size_t len;
};

struct page {
    size_t count;
    struct page_file files[PAGE_FILE_COUNT_MAX];
};

/* page_load: ERR_NOT_FOUND: no manifest there; ERR_MALFORMED, ERR_AUTH (a file is not the one that was built), ERR_LIMIT,
 * with words in diag. */
MUST_CHECK enum err page_load(struct page *ret, const char *dir, struct diag *diag);
void page_done(struct page *p);

/* page_find: NULL if there is no such path; "/" is index.html. */
const struct page_file *page_find(const struct page *p, struct span path);

#endif
