/* Networks: built in, and some from files. */
#include "node/config/networks.h"

#include "codec/base16.h"
#include "node/config/config.h"
#include "node/config/networks_built_in.h"

#include <stdlib.h>
#include <string.h>

enum { NETWORK_FILE_LEN_MAX = 64 * 1024, FILE_COUNT_MAX = 8 };

static enum err add_file(struct networks *n, const char *file, struct diag *diag)
{
    char *text = NULL;
    size_t len = 0;
    enum err err = config_read_file(file, NETWORK_FILE_LEN_MAX, &text, &len);
    if (err != OK) {
        return diag_set(diag, err, "the file cannot be read", 0);
    }
    err = network_parse(&n->list[n->count], span_of(text, len), diag);
    free(text);
    if (err == OK && n->list[n->count].kind != NETWORK_LOCAL) {
        return diag_set(diag, ERR_DENIED, "only a network of kind local may come from a file", 0);
    }
    n->count += err == OK;
    return err;
}

/* Paths with ':' between them. */
static enum err add_files(struct networks *n, const char *files, struct diag *diag)
{
    char path[CONFIG_PATH_LEN_MAX];
    while (files[0]) {
        size_t len = strcspn(files, ":");
        if (len >= sizeof path || n->count == FILE_COUNT_MAX) {
            return diag_set(diag, ERR_LIMIT, "too many files", 0);
        }
        memcpy(path, files, len);
        path[len] = '\0';
        TRY(add_file(n, path, diag));
        files += len + (files[len] == ':');
    }
    return OK;
}

enum err
networks_load(struct networks *ret, const char *file, const char **ret_which, struct diag *diag)
{
    ret->count = 0;
    ret->list = calloc(NETWORK_COUNT_MAX, sizeof *ret->list);
    if (!ret->list) {
        abort();
    }
    *ret_which = file;
    if (file[0]) {
        TRY(add_files(ret, file, diag));
    }
    for (size_t i = 0; i < networks_built_in_count; i++) {
        *ret_which = networks_built_in[i].name;
        TRY(network_parse(&ret->list[ret->count], span_str(networks_built_in[i].text), diag));
        ret->count++;
    }
    return OK;
}

enum err networks_set_checkpoint(struct networks *n, struct span text)
{
    struct network_checkpoint checkpoint;
    size_t blank = 0;
    while (blank < text.n && text.p[blank] != ' ') {
        blank++;
    }
    TRY(network_checkpoint_parse(&checkpoint,
                                 span_from(text, blank < text.n ? blank + 1 : text.n)));
    for (size_t i = 0; i < n->count; i++) {
        struct network *one = &n->list[i];
        if (span_equal(id_span(&one->id), span_first(text, blank)) && one->has_beacon) {
            one->checkpoint = checkpoint;
            one->has_checkpoint = true;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

void networks_done(struct networks *n)
{
    free(n->list);
    *n = (struct networks){0};
}
