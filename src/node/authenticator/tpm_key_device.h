#ifndef NODE_TPM_KEY_DEVICE_H
#define NODE_TPM_KEY_DEVICE_H

#include "base/err.h"

struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB;

/* The way to this machine's chip: /dev/tpmrm0, the kernel's resource manager. ERR_NOT_FOUND: there is no TPM, or this user may not
 * use it (group tss). tpm_key_device_close gives it back; NULL is allowed. */
MUST_CHECK enum err tpm_key_device_open(struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB **ret_tcti);
void tpm_key_device_close(struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB *tcti);

#endif
