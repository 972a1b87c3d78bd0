#ifndef NODE_TPM_RIG_TEST_H
#define NODE_TPM_RIG_TEST_H

#include "node/os/process.h"
#include "node/tpm/tpm_fd.h"

#include <stdbool.h>

/* A chip for tests: swtpm on a directory of its own, and the way to it. What it keeps outlives a restart, as in a machine. */
struct tpm_rig {
    struct tpm_fd fd;
    struct process process;
    char dir[256];
    char socket[300]; /* for programs that open their TPM by a path; empty: the chip is ours */
};

/* tpm_rig_start makes the directory and starts the chip; false, and the test is skipped, where swtpm is missing. With has_socket it listens at
 * rig->socket, else it talks over rig->fd. */
bool tpm_rig_start(struct tpm_rig *rig, bool has_socket);

/* tpm_rig_manufacture is the same for a chip that swtpm_setup has made as a maker does: with EKs of RSA and P-384, and certificates of them in its memory, by a local CA. ret_chain gets that
 * CA's two certificates, DER, the issuer of the EKs' before its root; both are false, and the test is skipped, where swtpm-tools is missing. */
struct tpm_rig_ca {
    size_t issuer_len;
    size_t root_len;
    uint8_t issuer[2048];
    uint8_t root[2048];
};
bool tpm_rig_manufacture(struct tpm_rig *rig, struct tpm_rig_ca *ret, bool has_socket);

/* tpm_rig_restart is a loss of power: the chip is killed, and starts with what it had on its disk. */
bool tpm_rig_restart(struct tpm_rig *rig);

/* tpm_rig_stop takes the chip away; tpm_rig_done also its directory. Both are safe after a start that failed. */
void tpm_rig_stop(struct tpm_rig *rig);
void tpm_rig_done(struct tpm_rig *rig);

#endif
