#ifndef NODE_TPM_CLIENT_H
#define NODE_TPM_CLIENT_H

#include "node/os/process.h"
#include "node/tpm/tpm_wire.h"

/* The other end of passmesh-tpm's socket. A call waits for its reply, milliseconds to seconds. ERR_IO: it is gone, and stays so. */
struct tpm_client {
    struct sealer sealer; /* first: give &c.sealer */
    int fd;               /* borrowed; -1: broken */
    int timeout_ms;
    uint8_t message[TPM_REPLY_MAX];
};

void tpm_client_init(struct tpm_client *c, int fd, int timeout_ms);

/* tpm_client_ask sends op and body, and gives the reply's body, which lives until the next call: wipe c->message when it holds a secret. */
MUST_CHECK enum err
tpm_client_ask(struct tpm_client *c, struct span *ret_body, enum tpm_op op, struct span body);

/* tpm_spawn starts the program at path for these uses (of enum tpm_use) of the chip at device. */
#define TPM_DEVICE_DEFAULT "/dev/tpmrm0"
MUST_CHECK enum err
tpm_spawn(struct process *ret, const char *path, const char *device, uint32_t uses);

#endif
