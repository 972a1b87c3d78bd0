/* What this machine has: Linux. */
#define _GNU_SOURCE /* CPU_COUNT */
#include "node/plugin/machine.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

enum { KIB_PER_MIB = 1024, TPM_MAX = 9, DIGITS_MAX = 18 };
#define BYTES_PER_MIB (UINT64_C(1) << 20)

#if defined(__x86_64__)
#define PLATFORM "x86_64-linux"
#elif defined(__aarch64__)
#define PLATFORM "aarch64-linux"
#else
#define PLATFORM "other-linux"
#endif

static uint64_t count_cores(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint64_t)CPU_COUNT(&set) : 1;
}

/* The number in "MemAvailable:   123 kB". */
static uint64_t number_in(const char *line)
{
    uint64_t v = 0;
    line += strcspn(line, "0123456789");
    for (size_t i = 0; line[i] >= '0' && line[i] <= '9' && i < DIGITS_MAX; i++) {
        v = v * 10 + (uint64_t)(line[i] - '0');
    }
    return v;
}

static uint64_t available_memory(void)
{
    static const char name[] = "MemAvailable:";
    char line[128];
    uint64_t kib = 0;
    FILE *f = fopen("/proc/meminfo", "re");
    while (f && kib == 0 && fgets(line, sizeof line, f)) {
        kib = strncmp(line, name, sizeof name - 1) == 0 ? number_in(line) : 0;
    }
    if (f) {
        (void)fclose(f);
    }
    return kib / KIB_PER_MIB;
}

static uint64_t free_disk(const char *dir)
{
    struct statvfs st;
    return statvfs(dir, &st) == 0 ? (uint64_t)st.f_bavail * st.f_frsize / BYTES_PER_MIB : 0;
}

static uint64_t tpm_version(void)
{
    FILE *f = fopen("/sys/class/tpm/tpm0/tpm_version_major", "re");
    int c = f ? fgetc(f) : EOF;
    if (f) {
        (void)fclose(f);
    }
    return c >= '1' && c <= '0' + TPM_MAX ? (uint64_t)(c - '0') : 0;
}

void machine_look(struct package_machine *ret, const char *dir)
{
    struct package_machine m = {.platform = SPAN_LIT(PLATFORM), .abi = MACHINE_ABI};
    if (package_version_parse(&m.client, SPAN_LIT(PASSMESH_VERSION)) != OK) {
        m.client = (struct package_version){0};
    }
    m.cores = count_cores();
    m.memory_mib = available_memory();
    m.disk_mib = free_disk(dir);
    m.tpm = tpm_version();
    *ret = m;
}
