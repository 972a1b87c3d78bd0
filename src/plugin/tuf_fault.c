/* The steps of the client workflow that can refuse, in words. */
#include "plugin/tuf_fault.h"

#include "base/check.h"

#include <stdio.h>

struct row {
    const char *section;
    const char *attack;
    const char *rule;
    enum err err;
};

#define ARBITRARY "arbitrary software"
#define ENDLESS   "endless data"
#define FREEZE    "freeze"
#define MIX       "mix and match"
#define ROLLBACK  "rollback"
#define WITHHELD  "withholding"

static const struct row rows[] = {
    [TUF_OK] = {"5",       "none",    "nothing is wrong",                                     OK           },
    [TUF_CLOCK] = {"5.1",     FREEZE,
                "this machine's clock is earlier than a time that has surely passed",         ERR_STATE    },
    [TUF_MEMORY] = {"5",       "none",    "out of the memory set aside for updates",              ERR_LIMIT    },
    [TUF_ROOT_TRUSTED] = {"5.2",     ARBITRARY, "the trusted root is missing or broken",                ERR_STATE    },
    [TUF_ROOT_FETCH] = {"5.3.3",   WITHHELD,  "the next root could not be fetched",                   ERR_IO       },
    [TUF_ROOT_CAP] = {"5.3.3",   ENDLESS,   "the root is longer than allowed",                      ERR_AUTH     },
    [TUF_ROOT_FORMAT] = {"5.3.4",   ARBITRARY, "the root is malformed",                                ERR_AUTH     },
    [TUF_ROOT_SIGNED_BY_OLD] = {"5.3.4",   ARBITRARY,
                "too few keys of the trusted root signed the new one",                        ERR_AUTH     },
    [TUF_ROOT_SIGNED_BY_NEW] = {"5.3.4",   ARBITRARY, "too few keys of the new root signed it",
                ERR_AUTH                                                                                   },
    [TUF_ROOT_VERSION] = {"5.3.5",   ROLLBACK,  "the root's version is not the next one",               ERR_AUTH     },
    [TUF_ROOT_EXPIRED] = {"5.3.10",  FREEZE,    "the root has expired",                                 ERR_AUTH     },
    [TUF_TIMESTAMP_FETCH] = {"5.4.1",   WITHHELD,  "the timestamp could not be fetched",                   ERR_IO       },
    [TUF_TIMESTAMP_CAP] = {"5.4.1",   ENDLESS,   "the timestamp is longer than allowed",                 ERR_AUTH     },
    [TUF_TIMESTAMP_FORMAT] = {"5.4.2",   ARBITRARY, "the timestamp is malformed",                           ERR_AUTH     },
    [TUF_TIMESTAMP_SIGNED] = {"5.4.2",   ARBITRARY, "too few keys signed the timestamp",                    ERR_AUTH     },
    [TUF_TIMESTAMP_VERSION] = {"5.4.3.1", ROLLBACK,  "the timestamp's version is lower than before",
                ERR_AUTH                                                                                   },
    [TUF_TIMESTAMP_SNAPSHOT] = {"5.4.3.2", ROLLBACK,
                "the timestamp names a lower version of the snapshot than before",            ERR_AUTH     },
    [TUF_TIMESTAMP_EXPIRED] = {"5.4.4",   FREEZE,    "the timestamp has expired",                            ERR_AUTH     },
    [TUF_SNAPSHOT_FETCH] = {"5.5.1",   WITHHELD,  "the snapshot could not be fetched",                    ERR_IO       },
    [TUF_SNAPSHOT_CAP] = {"5.5.1",   ENDLESS,   "the snapshot is longer than allowed",                  ERR_AUTH     },
    [TUF_SNAPSHOT_HASH] = {"5.5.2",   MIX,       "the snapshot is not the one that the timestamp names",
                ERR_AUTH                                                                                   },
    [TUF_SNAPSHOT_FORMAT] = {"5.5.3",   ARBITRARY, "the snapshot is malformed",                            ERR_AUTH     },
    [TUF_SNAPSHOT_SIGNED] = {"5.5.3",   ARBITRARY, "too few keys signed the snapshot",                     ERR_AUTH     },
    [TUF_SNAPSHOT_VERSION] = {"5.5.4",   MIX,
                "the snapshot's version is not the one that the timestamp names",             ERR_AUTH     },
    [TUF_SNAPSHOT_ROLLBACK] = {"5.5.5",   ROLLBACK,
                "the snapshot names a lower version of a role than before",                   ERR_AUTH     },
    [TUF_SNAPSHOT_MISSING] = {"5.5.5",   ROLLBACK,
                "the snapshot has lost a role that it listed before",                         ERR_AUTH     },
    [TUF_SNAPSHOT_EXPIRED] = {"5.5.6",   FREEZE,    "the snapshot has expired",                             ERR_AUTH     },
    [TUF_TARGETS_UNLISTED] = {"5.6.1",   MIX,       "the snapshot does not list a role that is needed",
                ERR_AUTH                                                                                   },
    [TUF_TARGETS_FETCH] = {"5.6.1",   WITHHELD,  "the targets could not be fetched",                     ERR_IO       },
    [TUF_TARGETS_CAP] = {"5.6.1",   ENDLESS,   "the targets are longer than allowed",                  ERR_AUTH     },
    [TUF_TARGETS_HASH] = {"5.6.2",   MIX,       "the targets are not those that the snapshot names",
                ERR_AUTH                                                                                   },
    [TUF_TARGETS_FORMAT] = {"5.6.3",   ARBITRARY, "the targets are malformed",                            ERR_AUTH     },
    [TUF_TARGETS_SIGNED] = {"5.6.3",   ARBITRARY, "too few keys signed the targets",                      ERR_AUTH     },
    [TUF_TARGETS_VERSION] = {"5.6.4",   MIX,
                "the version of the targets is not the one that the snapshot names",          ERR_AUTH     },
    [TUF_TARGETS_EXPIRED] = {"5.6.5",   FREEZE,    "the targets have expired",                             ERR_AUTH     },
    [TUF_DELEGATIONS_COUNT] = {"5.6.7.1", ENDLESS,
                "too many delegated roles on the way to the target",                          ERR_AUTH     },
    [TUF_DELEGATION_NAME] = {"5.6.7",   ARBITRARY, "a delegated role has a name that is not allowed",
                ERR_AUTH                                                                                   },
    [TUF_TARGET_ABSENT] = {"5.7.2",   "none",    "no role lists the target",                             ERR_NOT_FOUND},
    [TUF_TARGET_NAME] = {"5.7.3",   ARBITRARY, "the target has a name that is not allowed",            ERR_AUTH     },
    [TUF_TARGET_FETCH] = {"5.7.3",   WITHHELD,  "the target could not be fetched",                      ERR_IO       },
    [TUF_TARGET_CAP] = {"5.7.3",   ENDLESS,   "the target is longer than was signed",                 ERR_AUTH     },
    [TUF_TARGET_LENGTH] = {"5.7.3",   ARBITRARY, "the target is shorter than was signed",                ERR_AUTH     },
    [TUF_TARGET_HASH] = {"5.7.3",   ARBITRARY, "the target is not what was signed",                    ERR_AUTH     },
};
static_assert(sizeof rows / sizeof rows[0] == TUF_CODE_COUNT, "a row for each code");

static const struct row *row_of(enum tuf_code code)
{
    check((unsigned)code < TUF_CODE_COUNT);
    return &rows[code];
}

const char *tuf_code_section(enum tuf_code code)
{
    return row_of(code)->section;
}

const char *tuf_code_attack(enum tuf_code code)
{
    return row_of(code)->attack;
}

const char *tuf_code_rule(enum tuf_code code)
{
    return row_of(code)->rule;
}

enum err tuf_code_err(enum tuf_code code)
{
    return row_of(code)->err;
}

void tuf_fault_print(char text[static TUF_FAULT_TEXT_LEN], const struct tuf_fault *fault)
{
    const struct row *r = row_of(fault->code);
    (void)snprintf(text, TUF_FAULT_TEXT_LEN, "%s (%s): %s%s%s%s%s", r->section, r->attack, r->rule,
                   fault->role[0] ? ", role " : "", fault->role, fault->why.rule ? ": " : "",
                   fault->why.rule ? fault->why.rule : "");
}
