/* What came of the sandbox, in words. */
#include "node/os/sandbox_node.h"

#include <stdio.h>

enum sandbox_level sandbox_node_level(const struct sandbox_node_report *report)
{
    bool has_files = report->landlock_abi > 0;
    if (report->no_new_privs && report->limits && report->seccomp && has_files) {
        return SANDBOX_FULL;
    }
    return report->seccomp || has_files ? SANDBOX_PARTIAL : SANDBOX_NONE;
}

const char *sandbox_level_name(enum sandbox_level level)
{
    switch (level) {
    case SANDBOX_NONE:    return "none";
    case SANDBOX_PARTIAL: return "partial";
    case SANDBOX_FULL:    return "full";
    }
    return "none";
}

void sandbox_node_print(char *ret_text, size_t n, const struct sandbox_node_report *report)
{
    char landlock[24] = "LANDLOCK MISSING";
    if (report->landlock_abi > 0) {
        (void)snprintf(landlock, sizeof landlock, "Landlock ABI %d", report->landlock_abi);
    }
    (void)snprintf(ret_text, n, "%s: %s, %s, %s, %s",
                   sandbox_level_name(sandbox_node_level(report)),
                   report->no_new_privs ? "no new privileges" : "NO-NEW-PRIVILEGES MISSING",
                   report->limits ? "limits" : "LIMITS MISSING",
                   report->seccomp ? "seccomp" : "SECCOMP MISSING", landlock);
}

enum err sandbox_node_require(const struct sandbox_node_report *report,
                              bool is_optional,
                              struct log *log,
                              char ret_text[static SANDBOX_NODE_REFUSAL_MAX])
{
    char text[SANDBOX_NODE_TEXT_MAX];
    bool is_whole = sandbox_node_level(report) == SANDBOX_FULL;
    sandbox_node_print(text, sizeof text, report);
    log_line(log, is_whole ? LOG_INFO : LOG_WARN, "sandbox", "%s", text);
    if (is_whole || is_optional) {
        return OK;
    }
    (void)snprintf(ret_text, SANDBOX_NODE_REFUSAL_MAX,
                   "This system does not give the whole sandbox (%s), and without it a fault in "
                   "this program could reach all your files. Use a kernel from 5.13 on, or allow "
                   "Landlock and seccomp in the container; or start with --sandbox-optional.",
                   text);
    return ERR_UNSUPPORTED;
}
