/* swtpm in place of a chip. */
#define _GNU_SOURCE
#include "node/tpm/tpm_rig_test.h"

#include "base/check.h"
#include "base/test.h"
#include "base/wr.h"
#include "codec/pem.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 10000, ANSWER_MS = 60000, STEP_MS = 5, STEPS_MAX = 2000 };

/* A socket has its name before it listens, and refuses who connects between. The kernel's list tells. */
static bool is_listening(const char *path)
{
    enum { LINE_LEN_MAX = 512 };
    static const char accepts[] = " 00010000 ";
    char line[LINE_LEN_MAX];
    bool found = false;
    FILE *f = fopen("/proc/net/unix", "re");
    check(f);
    while (!found && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        const char *name = strrchr(line, ' ');
        found = name && strcmp(name + 1, path) == 0 && strstr(line, accepts);
    }
    (void)fclose(f);
    return found;
}

static bool wait_for(const char *path)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    for (int i = 0; i < STEPS_MAX; i++) {
        if (is_listening(path)) {
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

static bool prepare(struct tpm_rig *rig, const char *program, bool has_socket)
{
    const char *base = getenv("TMPDIR");
    memset(rig, 0, sizeof *rig);
    if (access(program, X_OK) != 0) {
        test_skip("%s is missing: make deps GROUP=test", program);
        return false;
    }
    (void)snprintf(rig->dir, sizeof rig->dir, "%s/passmesh-tpm-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(rig->dir));
    if (has_socket) {
        (void)snprintf(rig->socket, sizeof rig->socket, "%s/tpm", rig->dir);
    }
    return true;
}

bool tpm_rig_start(struct tpm_rig *rig, bool has_socket)
{
    return prepare(rig, "/usr/bin/swtpm", has_socket) && start(rig);
}

static FILE *file_of(const struct tpm_rig *rig, const char *name, const char *mode)
{
    char path[320];
    (void)snprintf(path, sizeof path, "%s/%s", rig->dir, name);
    FILE *f = fopen(path, mode);
    check(f);
    return f;
}

/* Everything of the CA lies in the rig's directory. */
static void write_settings(const struct tpm_rig *rig)
{
    const char *d = rig->dir;
    FILE *f = file_of(rig, "localca.conf", "w");
    (void)fprintf(f,
                  "statedir = %s\nsigningkey = %s/signkey.pem\nissuercert = %s/issuercert.pem\n"
                  "certserial = %s/certserial\n",
                  d, d, d, d);
    (void)fclose(f);
    f = file_of(rig, "localca.options", "w");
    (void)fclose(f);
    f = file_of(rig, "setup.conf", "w");
    (void)fprintf(f,
                  "create_certs_tool = /usr/bin/swtpm_localca\n"
                  "create_certs_tool_config = %s/localca.conf\n"
                  "create_certs_tool_options = %s/localca.options\nactive_pcr_banks = sha256\n",
                  d, d);
    (void)fclose(f);
}

static bool set_up(const struct tpm_rig *rig)
{
    char state[300];
    char config[320];
    char log[320];
    struct process process;
    const struct passwd *user = getpwuid(geteuid());
    const char *const argv[] = {"swtpm_setup",      "--tpm2",
                                "--tpmstate",       state,
                                "--config",         config,
                                "--logfile",        log,
                                "--runas",          user ? user->pw_name : "root",
                                "--create-ek-cert", NULL};
    const char *const env[] = {"PATH=/usr/bin:/bin", NULL};
    (void)snprintf(state, sizeof state, "dir://%s", rig->dir);
    (void)snprintf(config, sizeof config, "%s/setup.conf", rig->dir);
    (void)snprintf(log, sizeof log, "%s/log", rig->dir);
    FILE *said = file_of(rig, "said", "w");
    const struct process_args args = {
        .path = "/usr/bin/swtpm_setup", .argv = argv, .env = env, .log_fd = fileno(said)};
    bool is_started = EXPECT_OK(process_spawn(&process, &args));
    if (is_started) {
        process_stop(&process, ANSWER_MS);
    }
    (void)fclose(said);
    return is_started;
}

static size_t read_pem(const struct tpm_rig *rig, const char *name, struct mspan out)
{
    static uint8_t text[8192];
    FILE *f = file_of(rig, name, "r");
    struct span rest = span_of(text, fread(text, 1, sizeof text, f));
    struct wr w = wr_init(out);
    (void)fclose(f);
    return EXPECT_OK(pem_take(&w, &rest, "CERTIFICATE")) ? w.n : 0;
}

bool tpm_rig_manufacture(struct tpm_rig *rig, struct tpm_rig_ca *ret, bool has_socket)
{
    if (!prepare(rig, "/usr/bin/swtpm_setup", has_socket)) {
        return false;
    }
    write_settings(rig);
    if (!set_up(rig)) {
        return false;
    }
    ret->issuer_len = read_pem(rig, "issuercert.pem", MSPAN_OF(ret->issuer));
    ret->root_len = read_pem(rig, "swtpm-localca-rootca-cert.pem", MSPAN_OF(ret->root));
    return ret->issuer_len > 0 && ret->root_len > 0 && start(rig);
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
