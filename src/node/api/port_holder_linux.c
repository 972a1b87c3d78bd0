/* Who holds a port: /proc/net/tcp gives the socket's inode, /proc/PID/fd who has it open. */
#include "node/api/port_holder.h"

#include "base/span.h"
#include "codec/base16.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LISTEN_STATE = 0x0a };

/* Token i of a line, cut at blanks. */
static struct span token(struct span line, size_t i)
{
    for (;;) {
        while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\n')) {
            line = span_from(line, 1);
        }
        struct span word = span_first(line, span_find(line, ' '));
        if (i == 0 || line.n == 0) {
            return word;
        }
        line = span_from(line, word.n);
        i--;
    }
}

static bool read_hex(uint64_t *ret, struct span digits)
{
    *ret = 0;
    for (size_t i = 0; i < digits.n; i++) {
        int d = base16_digit(digits.p[i]);
        if (d < 0) {
            return false;
        }
        *ret = *ret << 4 | (uint64_t)d;
    }
    return digits.n > 0 && digits.n <= 16;
}

/* "  sl  local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ..." */
static bool line_holds(struct span line, uint16_t port, struct span *ret_inode)
{
    struct span local = token(line, 1);
    uint64_t local_port;
    uint64_t state;
    struct span hex = span_from(local, span_find(local, ':') + 1);
    if (!read_hex(&local_port, hex) || !read_hex(&state, token(line, 3))) {
        return false;
    }
    *ret_inode = token(line, 9);
    return local_port == port && state == LISTEN_STATE;
}

/* Writes "socket:[INODE]" of a listening socket; false if there is none. */
static bool find_socket(char *out, size_t cap, const char *path, uint16_t port)
{
    FILE *f = fopen(path, "re");
    char line[512];
    bool found = false;
    while (f && !found && fgets(line, sizeof line, f)) {
        struct span inode;
        found = line_holds(span_str(line), port, &inode);
        if (found) {
            (void)snprintf(out, cap, "socket:[%.*s]", (int)inode.n, (const char *)inode.p);
        }
    }
    if (f) {
        (void)fclose(f);
    }
    return found;
}

static bool has_socket(const char *pid, const char *want)
{
    char dir[64];
    char path[384];
    char link[64];
    bool found = false;
    (void)snprintf(dir, sizeof dir, "/proc/%.16s/fd", pid);
    DIR *d = opendir(dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e && !found; e = readdir(d)) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        ssize_t n = readlink(path, link, sizeof link - 1);
        if (n > 0) {
            link[n] = '\0';
            found = strcmp(link, want) == 0;
        }
    }
    if (d) {
        (void)closedir(d);
    }
    return found;
}

static void print_name(char *out, size_t cap, const char *pid)
{
    char path[64];
    char name[40] = "";
    (void)snprintf(path, sizeof path, "/proc/%.16s/comm", pid);
    FILE *f = fopen(path, "re");
    if (f) {
        if (!fgets(name, sizeof name, f)) {
            name[0] = '\0';
        }
        (void)fclose(f);
    }
    name[strcspn(name, "\n")] = '\0';
    (void)snprintf(out, cap, "%s (pid %.16s)", name[0] ? name : "a program", pid);
}

void port_holder_find(char *out, size_t cap, uint16_t port)
{
    char want[64];
    out[0] = '\0';
    if (!find_socket(want, sizeof want, "/proc/net/tcp", port) &&
        !find_socket(want, sizeof want, "/proc/net/tcp6", port)) {
        return;
    }
    DIR *d = opendir("/proc");
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && has_socket(e->d_name, want)) {
            print_name(out, cap, e->d_name);
            break;
        }
    }
    if (d) {
        (void)closedir(d);
    }
}
