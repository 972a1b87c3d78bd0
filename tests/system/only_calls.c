/* Runs a program with no other system calls than those that a file names, one a line; the others answer ENOSYS, as
 * systemd's SystemCallFilter does with SystemCallErrorNumber=ENOSYS. Names that this machine does not have are left out.
 *
 *     only_calls FILE PROGRAM ARGUMENT... */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_LEN_MAX = 64 };

static int allow_all_of(scmp_filter_ctx f, FILE *names)
{
    char name[NAME_LEN_MAX];
    int failed = 0;
    while (fgets(name, sizeof name, names)) {
        name[strcspn(name, "\n")] = '\0';
        int call = seccomp_syscall_resolve_name(name);
        if (call != __NR_SCMP_ERROR) {
            failed |= seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 0);
        }
    }
    return failed;
}

int main(int argc, char **argv)
{
    FILE *names = argc > 2 ? fopen(argv[1], "re") : NULL;
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (!names || !f) {
        (void)fprintf(stderr, "usage: only_calls FILE PROGRAM ARGUMENT...\n");
        return 2;
    }
    int failed = allow_all_of(f, names);
    (void)fclose(names);
    if (failed || seccomp_load(f) != 0) {
        (void)fprintf(stderr, "only_calls: this kernel gives no filter\n");
        return 1;
    }
    seccomp_release(f);
    (void)execv(argv[2], argv + 2);
    return 127;
}
