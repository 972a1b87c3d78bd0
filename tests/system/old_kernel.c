/* Runs a program as a kernel would that has no Landlock (landlock), or no filters either (landlock,seccomp): the calls
 * answer as there.
 *
 *     old_kernel landlock[,seccomp] PROGRAM ARGUMENT... */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { LANDLOCK_CREATE_RULESET = 444, LANDLOCK_RESTRICT_SELF = 446 }; /* the same on each machine */

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: old_kernel landlock[,seccomp] PROGRAM ARGUMENT...\n");
        return 2;
    }
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    int failed = f ? 0 : -1;
    for (int call = LANDLOCK_CREATE_RULESET; call <= LANDLOCK_RESTRICT_SELF; call++) {
        failed |= seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), call, 0);
    }
    if (strstr(argv[1], "seccomp")) {
        const struct scmp_arg_cmp set = {.arg = 0, .op = SCMP_CMP_EQ, .datum_a = PR_SET_SECCOMP};
        failed |= seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(seccomp), 0);
        failed |= seccomp_rule_add_array(f, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, &set);
    }
    if (failed || seccomp_load(f) != 0) {
        (void)fprintf(stderr, "old_kernel: this kernel gives no filter\n");
        return 1;
    }
    seccomp_release(f);
    (void)execv(argv[2], argv + 2);
    return 127;
}
