#ifndef PLUGIN_TUF_FAULT_H
#define PLUGIN_TUF_FAULT_H

#include "base/err.h"
#include "base/wr.h"

/* Why an update was refused: the step of the specification (section 5, "Detailed client workflow"), the attack that the step is there against,
 * and the rule in words. */
enum tuf_code {
    TUF_OK,
    TUF_CLOCK,
    TUF_MEMORY,
    TUF_ROOT_TRUSTED,
    TUF_ROOT_FETCH,
    TUF_ROOT_CAP,
    TUF_ROOT_FORMAT,
    TUF_ROOT_SIGNED_BY_OLD,
    TUF_ROOT_SIGNED_BY_NEW,
    TUF_ROOT_VERSION,
    TUF_ROOT_EXPIRED,
    TUF_TIMESTAMP_FETCH,
    TUF_TIMESTAMP_CAP,
    TUF_TIMESTAMP_FORMAT,
    TUF_TIMESTAMP_SIGNED,
    TUF_TIMESTAMP_VERSION,
    TUF_TIMESTAMP_SNAPSHOT,
    TUF_TIMESTAMP_EXPIRED,
    TUF_SNAPSHOT_FETCH,
    TUF_SNAPSHOT_CAP,
    TUF_SNAPSHOT_HASH,
    TUF_SNAPSHOT_FORMAT,
    TUF_SNAPSHOT_SIGNED,
    TUF_SNAPSHOT_VERSION,
    TUF_SNAPSHOT_ROLLBACK,
    TUF_SNAPSHOT_MISSING,
    TUF_SNAPSHOT_EXPIRED,
    TUF_TARGETS_UNLISTED,
    TUF_TARGETS_FETCH,
    TUF_TARGETS_CAP,
    TUF_TARGETS_HASH,
    TUF_TARGETS_FORMAT,
    TUF_TARGETS_SIGNED,
    TUF_TARGETS_VERSION,
    TUF_TARGETS_EXPIRED,
    TUF_DELEGATIONS_COUNT,
    TUF_DELEGATION_NAME,
    TUF_TARGET_ABSENT,
    TUF_TARGET_NAME,
    TUF_TARGET_FETCH,
    TUF_TARGET_CAP,
    TUF_TARGET_LENGTH,
    TUF_TARGET_HASH,
    TUF_CODE_COUNT
};

enum { TUF_FAULT_ROLE_LEN = 48, TUF_FAULT_TEXT_LEN = 320 };

struct tuf_fault {
    enum tuf_code code;
    struct diag why;               /* what was wrong inside, or no rule */
    char role[TUF_FAULT_ROLE_LEN]; /* of a delegated role, cut; else empty */
};

/* The parts of a code; never NULL. section is such as "5.4.3.1"; attack such as "rollback". */
const char *tuf_code_section(enum tuf_code code);
const char *tuf_code_attack(enum tuf_code code);
const char *tuf_code_rule(enum tuf_code code);

/* What a caller can do about it: ERR_AUTH for whatever a hostile or broken repository shows, ERR_IO for what could not be fetched,
 * ERR_LIMIT for memory, ERR_NOT_FOUND for a target that nobody lists. */
enum err tuf_code_err(enum tuf_code code);

/* tuf_fault_print writes one line: "5.4.3.1 (rollback): the version is lower than before". Cut at the end of text. */
void tuf_fault_print(char text[static TUF_FAULT_TEXT_LEN], const struct tuf_fault *fault);

#endif
