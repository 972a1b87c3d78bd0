#ifndef NODE_TPM_WIRE_H
#define NODE_TPM_WIRE_H

#include "node/os/sealer.h"

/* What passmesh-tpm and the process that started it say to each other over a SOCK_SEQPACKET pair: one message is one request or one reply, in
 * order; numbers are big-endian. passmesh-tpm alone links the library that talks to the chip, and alone opens what else makes
 * evidence.
 *
 *     request = op 1 | body        reply = err 1 | body, empty unless err is OK
 *
 *     op        for         request body                                         reply body
 *     SEAL      seal        key 32 | authority 64                                blob
 *     UNSEAL    seal        authority 64 | approvals (sealer.h) | blob           key 32
 *     STATE     seal        registers 4 | values, or nothing                     state 32
 *     COUNTER   seal        enum sealer_counter 1 | key 32 | blob                value 8
 *     EVIDENCE  evidence    what it is bound to 64                               length 1 | name of the collector | evidence (tee/evidence.h)
 *     ACTIVATE  evidence    credential (tee/tpm2_credential.h)                   secret 32
 */
enum tpm_op {
    TPM_SEAL = 1,
    TPM_UNSEAL = 2,
    TPM_STATE = 3,
    TPM_COUNTER = 4,
    TPM_EVIDENCE = 5,
    TPM_ACTIVATE = 6
};

enum {
    TPM_REQUEST_MAX = 4096,
    TPM_REPLY_MAX = 25 * 1024, /* evidence is the longest */
};

/* What it may be asked: fixed by its command line. */
enum tpm_use { TPM_FOR_SEAL = 1, TPM_FOR_EVIDENCE = 2 };

#endif
