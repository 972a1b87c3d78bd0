#ifndef NODE_GRAMINE_H
#define NODE_GRAMINE_H

#include "node/attest/collector.h"

/* Quotes of SGX from within Gramine, which shows them as files below /dev/attestation (Gramine's documentation, "Attestation and Secret Provisioning"):
 *
 *     attestation_type holds "none", "epid" or "dcap" · user_report_data takes 64 bytes, all in one write, which counts when the file is closed · quote, opened after that, holds
 *     a quote over them
 *
 * With "none", and in gramine-direct, there are no quotes. The files belong to the whole process: the door (collector.h) sees when the quote is of another request. */
enum {
    GRAMINE_TRIES_MAX = 3,
    GRAMINE_TYPE_LEN_MAX = 16,
};

/* Embed as first member. Each call opens file, does its one thing and closes it. ERR_NOT_FOUND: ENOENT; ERR_TIMEOUT: EINTR, EAGAIN; ERR_DENIED: EACCES, EPERM, which is also what Gramine says when
 * the quoting enclave does not answer; ERR_LIMIT: longer than ret takes; ERR_IO. */
struct gramine_ops {
    enum err (*write)(struct gramine_ops *self, const char *file, struct span whole);
    enum err (*read)(struct gramine_ops *self, const char *file, struct buf *ret);
};

struct gramine {
    struct collector collector; /* first */
    struct gramine_ops *ops;
};
void gramine_init(struct gramine *g, struct gramine_ops *ops);

#endif
