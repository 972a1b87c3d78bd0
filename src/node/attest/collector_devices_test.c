/* Collectors of a machine made of files, inside the sandbox that passmesh-tpm closes: what they do is let through, and what their devices are not they say. */
#define _GNU_SOURCE
#include "node/attest/collector_devices.h"

#include "base/check.h"
#include "base/test.h"
#include "node/attest/attribute.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_SANDBOX = 99, GAVE_EVIDENCE = 50 };

static char root[256];
static uint8_t binding[64];

static const char *const dirs[] = {"sys",
                                   "sys/kernel",
                                   "sys/kernel/config",
                                   "sys/kernel/config/tsm",
                                   "sys/kernel/config/tsm/report",
                                   "dev",
                                   "dev/attestation"};
static const struct {
    const char *path;
    const char *text;
} files[] = {
    {"dev/sev-guest",                    ""           },
    {"dev/nsm",                          ""           },
    {"dev/attestation/attestation_type", "dcap\n"     },
    {"dev/attestation/user_report_data", ""           },
    {"dev/attestation/quote",            "not a quote"},
};

static const char *below(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static void make_machine(void)
{
    const char *base = getenv("TMPDIR");
    (void)snprintf(root, sizeof root, "%s/passmesh-devices-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(root));
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        check(mkdir(below(dirs[i]), 0700) == 0);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int fd = open(below(files[i].path), O_WRONLY | O_CREAT | O_EXCL, 0600);
        check(fd >= 0);
        check(write(fd, files[i].text, strlen(files[i].text)) == (ssize_t)strlen(files[i].text));
        check(close(fd) == 0);
    }
}

static void remove_machine(void)
{
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        EXPECT(unlink(below(files[i].path)) == 0);
    }
    for (size_t i = sizeof dirs / sizeof dirs[0]; i > 0; i--) {
        EXPECT(rmdir(below(dirs[i - 1])) == 0); /* so nothing of a request is left either */
    }
    EXPECT(rmdir(root) == 0);
}

/* What collector i says inside the sandbox, as an exit code; 128 and more: a signal. */
static int inside(size_t i)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        static struct collector_devices d;
        static struct collected c;
        struct sandbox_report report;
        struct sandbox_cfg cfg = {.dir_fd = -1};
        collector_devices_open(&d, root);
        collector_devices_allow(&d, &cfg);
        collected_init(&c, test_budget());
        if (sandbox_enter(&report, &cfg) != OK || !report.seccomp) {
            _exit(NO_SANDBOX);
        }
        enum err e = d.list[i]->collect(d.list[i], &c, binding);
        _exit(e == OK ? GAVE_EVIDENCE : (int)e);
    }
    int status = 0;
    check(pid > 0);
    check(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(each_collector_does_its_work_inside_the_sandbox)
{
    static const struct {
        const char *name;
        int want;
    } rows[] = {
        {"configfs-tsm", ERR_NOT_FOUND  }, /* a directory of files has no provider */
        {"sev-guest",    ERR_CLOSED     }, /* ENOTTY */
        {"nsm",          ERR_UNSUPPORTED},
        {"gramine",      GAVE_EVIDENCE  }, /* which the door would not take: it is bound to nothing */
    };
    static struct collector_devices d;
    make_machine();
    memset(binding, 7, sizeof binding);
    collector_devices_open(&d, root);
    EXPECT_EQ(4, d.count);
    for (size_t i = 0; i < d.count && i < 4; i++) {
        EXPECT_STR(rows[i].name, d.list[i]->name);
        EXPECT_STR("never run on hardware", d.list[i]->note);
        int got = inside(i);
        if (got == NO_SANDBOX) {
            test_skip("this kernel gives no seccomp filter");
            break;
        }
        test_note("%s", rows[i].name);
        EXPECT_EQ(rows[i].want, got);
    }
    collector_devices_close(&d);
    EXPECT_EQ(0, d.count);
    remove_machine();
}

/* No process has such a number: the highest that Linux gives is 4194304. */
TEST(what_killed_processes_left_is_removed_and_nothing_else)
{
    static const char report[] = "sys/kernel/config/tsm/report";
    static struct collector_devices d;
    char own[400];
    char gone[400];
    char other[400];
    make_machine();
    (void)snprintf(own, sizeof own, "%s/%s/passmesh-%d", root, report, (int)getpid());
    (void)snprintf(gone, sizeof gone, "%s/%s/passmesh-4194305", root, report);
    (void)snprintf(other, sizeof other, "%s/%s/passmesh-x", root, report);
    check(mkdir(own, 0700) == 0);
    check(mkdir(gone, 0700) == 0);
    check(mkdir(other, 0700) == 0);
    collector_devices_open(&d, root);
    EXPECT(access(gone, F_OK) != 0);
    EXPECT(rmdir(own) == 0);
    EXPECT(rmdir(other) == 0);
    collector_devices_close(&d);
    remove_machine();
}

TEST(a_machine_without_any)
{
    static struct collector_devices d;
    struct sandbox_cfg cfg = {.dir_fd = -1};
    collector_devices_open(&d, "/nonexistent");
    EXPECT_EQ(0, d.count);
    collector_devices_allow(&d, &cfg);
    EXPECT_EQ(0, cfg.files_count + cfg.ioctls_count);
    collector_devices_close(&d);
}

TEST(files_that_are_written_and_read_whole)
{
    struct span data = test_hex("0102030405060708");
    AUTO(buf_done) struct buf b = {0};
    make_machine();
    int fd = open(below("dev/attestation"), O_RDONLY | O_DIRECTORY);
    TEST_REQUIRE(fd >= 0);
    EXPECT_OK(attribute_write(fd, "user_report_data", data));
    buf_init(&b, test_budget(), 8);
    EXPECT_OK(attribute_read(fd, "user_report_data", &b));
    EXPECT_SPAN(data, buf_span(&b));
    buf_done(&b);
    buf_init(&b, test_budget(), 7);
    EXPECT_ERR(ERR_LIMIT, attribute_read(fd, "user_report_data", &b));
    EXPECT_ERR(ERR_NOT_FOUND, attribute_read(fd, "keys", &b));
    EXPECT_ERR(ERR_NOT_FOUND, attribute_write(fd, "keys", data));
    EXPECT(close(fd) == 0);
    remove_machine();
    EXPECT_EQ(ERR_UNSUPPORTED, attribute_err(ENXIO));
    EXPECT_EQ(ERR_STATE, attribute_err(EBUSY));
    EXPECT_EQ(ERR_TIMEOUT, attribute_err(EINTR));
    EXPECT_EQ(ERR_DENIED, attribute_err(EPERM));
    EXPECT_EQ(ERR_LIMIT, attribute_err(EMSGSIZE));
    EXPECT_EQ(ERR_IO, attribute_err(EFBIG));
}

TEST_MAIN
