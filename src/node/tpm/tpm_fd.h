#ifndef NODE_TPM_FD_H
#define NODE_TPM_FD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tss2/tss2_tcti.h>

/* The way to a TPM over a descriptor that is open already: the kernel's device, or a socket on which a TPM in software takes
 * commands as they are. So a process can close its sandbox and still talk to the chip. */

enum { TPM_MESSAGE_LEN_MAX = 4096 /* bytes of a command or an answer */ };

struct tpm_fd {
    TSS2_TCTI_CONTEXT_COMMON_V2 common; /* first */
    int fd;                             /* borrowed */
    int timeout_ms;                     /* for an answer; a chip may take seconds to make a key */
    uint8_t answer[TPM_MESSAGE_LEN_MAX];
    size_t answer_len;
};

/* tpm_fd_init: t must not move afterwards. tpm_fd_tcti is what ESYS takes. */
void tpm_fd_init(struct tpm_fd *t, int fd, int timeout_ms);
struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB *tpm_fd_tcti(struct tpm_fd *t);

/* tpm_fd_open opens path: a device, or a Unix socket that it connects to. ERR_NOT_FOUND: nothing there, or this user may not use it (group tss
 * for /dev/tpmrm0). */
MUST_CHECK enum err tpm_fd_open(int *ret_fd, const char *path);

#endif
