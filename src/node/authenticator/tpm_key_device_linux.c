/* The kernel's TPM device. */
#include "node/authenticator/tpm_key_device.h"

#include <tss2/tss2_tctildr.h>

enum err tpm_key_device_open(struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB **ret_tcti)
{
    TSS2_RC rc = Tss2_TctiLdr_Initialize("device:/dev/tpmrm0", ret_tcti);
    return rc == TSS2_RC_SUCCESS ? OK : ERR_NOT_FOUND;
}

void tpm_key_device_close(struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB *tcti)
{
    if (tcti) {
        Tss2_TctiLdr_Finalize(&tcti);
    }
}
