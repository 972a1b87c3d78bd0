#ifndef NODE_KEYD_TOOL_H
#define NODE_KEYD_TOOL_H

#include "base/err.h"
#include "base/span.h"

#include <stdint.h>

/* passmesh-keyd as a tool: it changes what keeps the store's key, says so over its socket, and ends. One message is
 *
 *     to it     verb 1 | registers 4 (bit i: register i; 0: as before) | length 2, values | recovery phrase or nothing
 *     from it   'T' text                            to show
 *               'P' phrase                          to show; it goes on only after a message "y"
 *               'E' err 1 | text   or   'D' text    the last one */
enum keyd_tool_verb {
    KEYD_TOOL_NOTHING = 0, /* no request */
    KEYD_TOOL_STATUS = 1,
    KEYD_TOOL_SEAL = 2,
    KEYD_TOOL_END = 3,
    KEYD_TOOL_APPROVE = 4,
    KEYD_TOOL_RECOVER = 5,     /* and seal on the TPM that is there */
    KEYD_TOOL_RECOVER_NONE = 6 /* and go on with a key file */
};

enum {
    KEYD_TOOL_MESSAGE_MAX = 4096,
    KEYD_TOOL_REGISTERS = 1 << 7, /* unless said: secure boot's policy */
};

struct keyd_tool_request {
    enum keyd_tool_verb verb;
    uint32_t registers;
    struct span values;
    struct span phrase;
};

/* Errors: ERR_MALFORMED. */
MUST_CHECK enum err keyd_tool_read(struct keyd_tool_request *ret, struct span message);

/* keyd_tool_run serves one request on fd. */
MUST_CHECK enum err keyd_tool_run(const char *store_dir, const char *tpm_device, int fd);

#endif
