#ifndef NODE_LANDLOCK_H
#define NODE_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Landlock: what the calling thread, and the threads and programs that it starts, may still reach by path and port. All
 * that no rule names is denied; descriptors that are open stay good. There is no way back. */

enum landlock_right {
    LANDLOCK_READ = 1,         /* read files */
    LANDLOCK_WRITE = 2,        /* write to files, cut them off */
    LANDLOCK_LIST = 4,         /* of directories alone, as those below */
    LANDLOCK_MAKE_FILE = 8,    /* regular ones; with the next also renaming within the directory */
    LANDLOCK_REMOVE_FILE = 16, /* what is no directory */
    LANDLOCK_DIRS =
        32, /* make and remove directories, and move things between them (that from ABI 2 on) */
    LANDLOCK_EXECUTE = 64,
};

struct landlock_path {
    int fd;          /* of a directory (with all below it) or a file; O_PATH suffices */
    uint32_t rights; /* of enum landlock_right */
};

struct landlock_cfg {
    const struct landlock_path *paths;
    size_t paths_count;
    bool denies_tcp;     /* no port may be bound or connected to */
    bool denies_signals; /* to processes outside */
};

/* landlock_enter puts it in force; needs no_new_privs. Returns the kernel's ABI, 0 if there is none or it refused. What an
 * older ABI lacks is left out: below 3 cutting files off, below 4 ports, below 5 ioctl on devices, below 6 abstract sockets
 * and signals. */
int landlock_enter(const struct landlock_cfg *cfg);

/* landlock_abi asks the kernel; 0: it has none. */
int landlock_abi(void);

enum { LANDLOCK_LIST_MAX = 24 };

/* Paths, opened one after the other for landlock_enter. Starts zeroed. */
struct landlock_list {
    struct landlock_path paths[LANDLOCK_LIST_MAX];
    size_t count;
};

/* landlock_list_add leaves out what is not there, and what finds no place. landlock_list_close closes all. */
void landlock_list_add(struct landlock_list *l, const char *path, uint32_t rights);
void landlock_list_close(struct landlock_list *l);

#endif
