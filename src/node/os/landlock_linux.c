/* Landlock by its system calls: Debian 12's headers know a part of them, its C library none. */
#define _GNU_SOURCE
#include "node/os/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of Debian 12; each is set only from the ABI that has it. */
#define FS_TRUNCATE           (1ULL << 14)
#define FS_IOCTL_DEV          (1ULL << 15)
#define NET_BIND              1ULL
#define NET_CONNECT           2ULL
#define SCOPE_ABSTRACT_SOCKET 1ULL
#define SCOPE_SIGNAL          2ULL

struct ruleset_attr {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

static struct ruleset_attr ruleset_for(int abi, const struct landlock_cfg *cfg)
{
    struct ruleset_attr a = {.fs = (1ULL << 13) - 1}; /* ABI 1: execute ... make symlink */
    if (abi >= 2) {
        a.fs |= LANDLOCK_ACCESS_FS_REFER;
    }
    if (abi >= 3) {
        a.fs |= FS_TRUNCATE;
    }
    if (abi >= 4 && cfg->denies_tcp) {
        a.net = NET_BIND | NET_CONNECT;
    }
    if (abi >= 5) {
        a.fs |= FS_IOCTL_DEV;
    }
    if (abi >= 6) {
        a.scoped = SCOPE_ABSTRACT_SOCKET | (cfg->denies_signals ? SCOPE_SIGNAL : 0);
    }
    return a;
}

static size_t ruleset_len(int abi)
{
    if (abi >= 6) {
        return 24;
    }
    return abi >= 4 ? 16 : 8; /* an older kernel knows a shorter form */
}

static uint64_t fs_rights(uint32_t rights)
{
    uint64_t fs = 0;
    if (rights & LANDLOCK_READ) {
        fs |= LANDLOCK_ACCESS_FS_READ_FILE;
    }
    if (rights & LANDLOCK_LIST) {
        fs |= LANDLOCK_ACCESS_FS_READ_DIR;
    }
    if (rights & LANDLOCK_WRITE) {
        fs |= LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE;
    }
    if (rights & LANDLOCK_MAKE_FILE) {
        fs |= LANDLOCK_ACCESS_FS_MAKE_REG;
    }
    if (rights & LANDLOCK_REMOVE_FILE) {
        fs |= LANDLOCK_ACCESS_FS_REMOVE_FILE;
    }
    if (rights & LANDLOCK_DIRS) {
        fs |=
            LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REFER;
    }
    if (rights & LANDLOCK_EXECUTE) {
        fs |= LANDLOCK_ACCESS_FS_EXECUTE;
    }
    return fs;
}

static bool rules_add(int ruleset, const struct ruleset_attr *attr, const struct landlock_cfg *cfg)
{
    bool added = true;
    for (size_t i = 0; i < cfg->paths_count; i++) {
        const struct landlock_path_beneath_attr rule = {
            .allowed_access = fs_rights(cfg->paths[i].rights) & attr->fs,
            .parent_fd = cfg->paths[i].fd};
        added = added &&
                syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    }
    return added;
}

int landlock_abi(void)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi < 1 ? 0 : abi;
}

int landlock_enter(const struct landlock_cfg *cfg)
{
    int abi = landlock_abi();
    if (abi < 1) {
        return 0;
    }
    struct ruleset_attr attr = ruleset_for(abi, cfg);
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, ruleset_len(abi), 0);
    if (ruleset < 0) {
        return 0;
    }
    bool is_in_force =
        rules_add(ruleset, &attr, cfg) && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    (void)close(ruleset);
    return is_in_force ? abi : 0;
}

void landlock_list_add(struct landlock_list *l, const char *path, uint32_t rights)
{
    if (l->count == LANDLOCK_LIST_MAX) {
        return;
    }
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd >= 0) {
        l->paths[l->count++] = (struct landlock_path){.fd = fd, .rights = rights};
    }
}

void landlock_list_close(struct landlock_list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        (void)close(l->paths[i].fd);
    }
    l->count = 0;
}
