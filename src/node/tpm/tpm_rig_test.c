/* swtpm in place of a chip. */
#define _GNU_SOURCE
#include "node/tpm/tpm_rig_test.h"

#include "base/check.h"
#include "base/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 10000, ANSWER_MS = 60000, STEP_MS = 5, STEPS_MAX = 2000 };

static bool wait_for(const char *path)
{
    struct stat st;
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    for (int i = 0; i < STEPS_MAX; i++) {
        if (stat(path, &st) == 0) {
            return true;
        }
        (void)nanosleep(&step, NULL);
    }
    return false;
}

static bool start(struct tpm_rig *rig)
{
    char state[300];
    char server[320];
    const char *argv[16] = {"swtpm", "socket",  "--tpm2",       "--tpmstate",
                            state,   "--flags", "not-need-init"};
    size_t n = 7;
    const char *const env[] = {NULL};
    (void)snprintf(state, sizeof state, "dir=%s", rig->dir);
    (void)snprintf(server, sizeof server, "type=unixio,path=%s", rig->socket);
    if (rig->socket[0]) {
        (void)unlink(rig->socket);
    }
    argv[n++] = rig->socket[0] ? "--server" : "--fd";
    argv[n++] = rig->socket[0] ? server : "3";
    const struct process_args args = {.path = "/usr/bin/swtpm", .argv = argv, .env = env};
    if (!EXPECT_OK(process_spawn(&rig->process, &args))) {
        return false;
    }
    tpm_fd_init(&rig->fd, rig->process.fd, ANSWER_MS);
    return !rig->socket[0] || EXPECT(wait_for(rig->socket));
}

bool tpm_rig_start(struct tpm_rig *rig, bool has_socket)
{
    const char *base = getenv("TMPDIR");
    memset(rig, 0, sizeof *rig);
    if (access("/usr/bin/swtpm", X_OK) != 0) {
        test_skip("swtpm is missing: make deps GROUP=test");
        return false;
    }
    (void)snprintf(rig->dir, sizeof rig->dir, "%s/passmesh-tpm-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(rig->dir));
    if (has_socket) {
        (void)snprintf(rig->socket, sizeof rig->socket, "%s/tpm", rig->dir);
    }
    return start(rig);
}

bool tpm_rig_restart(struct tpm_rig *rig)
{
    if (rig->process.pid > 0) {
        (void)kill(rig->process.pid, SIGKILL);
    }
    tpm_rig_stop(rig);
    return start(rig);
}

void tpm_rig_stop(struct tpm_rig *rig)
{
    /* One that listens does not watch our end: it is told by a signal. */
    if (rig->process.pid > 0 && rig->socket[0]) {
        (void)kill(rig->process.pid, SIGKILL);
    }
    process_stop(&rig->process, GRACE_MS);
}

void tpm_rig_done(struct tpm_rig *rig)
{
    tpm_rig_stop(rig);
    int fd = rig->dir[0] ? open(rig->dir, O_RDONLY | O_DIRECTORY) : -1;
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d) {
        return;
    }
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        (void)unlinkat(fd, e->d_name, 0);
    }
    (void)closedir(d);
    EXPECT(rmdir(rig->dir) == 0);
}
