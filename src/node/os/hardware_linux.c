/* This machine, asked through Linux. */
#include "node/os/hardware.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

static bool ask_cpuid(void *self, uint32_t leaf, uint32_t subleaf, uint32_t ret_out[4])
{
    (void)self;
    __cpuid_count(leaf, subleaf, ret_out[0], ret_out[1], ret_out[2], ret_out[3]);
    return true;
}
#else
static bool ask_cpuid(void *self, uint32_t leaf, uint32_t subleaf, uint32_t ret_out[4])
{
    (void)self;
    (void)leaf;
    (void)subleaf;
    (void)ret_out;
    return false;
}
#endif

static size_t read_file(void *self, const char *path, struct mspan out)
{
    (void)self;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0) {
        return 0;
    }
    struct stat st;
    ssize_t n = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? read(fd, out.p, out.n) : 0;
    (void)close(fd);
    return n > 0 ? (size_t)n : 0;
}

/* Rights are asked for, the device is not opened: opening can load a module, and /dev/tpm0 has room for one user only. */
static enum hardware_access ask_access(void *self, const char *path)
{
    (void)self;
    if (access(path, F_OK) != 0) {
        return errno == EACCES ? HARDWARE_REFUSED : HARDWARE_ABSENT;
    }
    return access(path, R_OK | W_OK) == 0 ? HARDWARE_OPEN : HARDWARE_REFUSED;
}

static uint64_t ask_disk_free_kib(void *self, const char *path)
{
    (void)self;
    struct statvfs st;
    return statvfs(path, &st) == 0 ? (uint64_t)st.f_bavail * st.f_frsize / 1024 : 0;
}

struct hardware_ops hardware_this_machine(void)
{
    return (struct hardware_ops){.cpuid = ask_cpuid,
                                 .read = read_file,
                                 .access = ask_access,
                                 .disk_free_kib = ask_disk_free_kib};
}

void hardware_detect_here(struct hardware *ret, const char *dir)
{
    struct hardware_ops ops = hardware_this_machine();
    hardware_detect(ret, &ops, access(dir, F_OK) == 0 ? dir : "/");
}
