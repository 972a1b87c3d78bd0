#ifndef NODE_TPM_SERVE_H
#define NODE_TPM_SERVE_H

#include "base/err.h"

#include <stdint.h>

/* passmesh-tpm on a real system: opens the chip, and for evidence the collectors' devices (node/attest/collector_devices.h), closes its sandbox, answers on fd until the other side has gone: then OK. ERR_NOT_FOUND: no
 * chip at device, and for evidence nothing else either. Errors come before the first answer, with a line on standard error. */
struct tpm_serve_cfg {
    const char *device;
    uint32_t uses; /* of enum tpm_use */
    int fd;        /* one end of a SOCK_SEQPACKET pair */
};
MUST_CHECK enum err tpm_serve(const struct tpm_serve_cfg *cfg);

#endif
