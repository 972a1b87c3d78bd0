#ifndef NODE_FOLDER_H
#define NODE_FOLDER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* Files below one open folder. Names are relative and checked by whoever made them; no link is ever followed. */

/* folder_open opens a folder, making the last part of path if need be with mode 0700. ERR_IO, with errno set. */
MUST_CHECK enum err folder_open(int *ret_fd, const char *path);

/* folder_open_at makes the folders of name, "a/b/file" without its last part, below fd and opens the last one; ERR_DENIED if a link or a file
 * stands in the way. *ret_base is the last part, within name. */
MUST_CHECK enum err folder_open_at(int *ret_fd, const char **ret_base, int fd, const char *name);

/* folder_read appends a regular file of at most len_max bytes. ERR_NOT_FOUND; ERR_LIMIT; ERR_DENIED: a link or no regular file; ERR_IO. */
MUST_CHECK enum err folder_read(int fd, struct buf *ret, const char *name, size_t len_max);

/* folder_write replaces a file: written aside, synced, renamed, the folder synced. After OK it is on the disk whole; otherwise the old one
 * stands. */
MUST_CHECK enum err folder_write(int fd, const char *name, struct span bytes, uint32_t mode);

/* folder_remove: OK too if there is none. The folder is synced. */
MUST_CHECK enum err folder_remove(int fd, const char *name);

/* folder_remove_tree removes what stands under a name, whatever it is, eight folders deep at most. OK too if there is nothing. */
MUST_CHECK enum err folder_remove_tree(int fd, const char *name);

/* A file mapped for reading; bytes is empty for an empty file. */
struct folder_map {
    struct span bytes;
};
MUST_CHECK enum err folder_map(int fd, struct folder_map *ret, const char *name, size_t len_max);
/* The same of an open regular file of that length. */
MUST_CHECK enum err folder_map_fd(int file, struct folder_map *ret, size_t len);
void folder_unmap(struct folder_map *m);

#endif
