#ifndef NODE_SEV_GUEST_H
#define NODE_SEV_GUEST_H

#include "node/attest/collector.h"
#include "tee/snp_guest.h"

/* Reports of SEV-SNP from the kernel's /dev/sev-guest (Documentation/virt/coco/sev-guest.rst, Linux 5.19 and later), with the certificates that the host laid beside them:
 *
 *     SNP_GET_EXT_REPORT with room for certificates · too little room: EIO, VMM error 1, and the length that it takes: once more with that · more than the kernel
 *     takes, or an old host: SNP_GET_REPORT, without certificates
 *
 * A host may throttle its guests (VMM error 2, or the kernel's own EAGAIN and ETIMEDOUT) and a signal may come in between: a pause, and again, a bounded number of times. ENOTTY: the kernel has thrown the
 * guest's key away, as it does when a message was lost, and no report comes before the next start. The firmware refuses a privilege level (VMPL) above the kernel's own, so who stands below
 * another at level 0 asks for the next one. */
enum {
    SEV_GUEST_TRIES_MAX = 5, /* for each level, and each length */
    SEV_GUEST_PAUSE_MS = 2000,
    SEV_GUEST_PAGE = 4096,           /* lengths of certificates are whole pages */
    SEV_GUEST_ROOM_FIRST = 8 * 1024, /* a chain of three fits most often */
    SEV_GUEST_LEVEL_MAX = 3,         /* VMPL */
    SEV_GUEST_VMM_LENGTH = 1,        /* SNP_GUEST_VMM_ERR_INVALID_LEN */
    SEV_GUEST_VMM_BUSY = 2,          /* SNP_GUEST_VMM_ERR_BUSY */
};

/* One ioctl. */
struct sev_guest_call {
    bool is_extended;
    uint32_t level;
    const uint8_t *user_data; /* 64 bytes */
    struct mspan response;    /* SNP_GUEST_RESPONSE_LEN bytes */
    struct mspan certs;       /* extended: whole pages */
    uint32_t certs_len;       /* what the kernel says that it takes, after VMM error 1 */
    uint32_t firmware_error;  /* exitinfo2, both halves; 0 unless the kernel wrote it */
    uint32_t vmm_error;
};

/* Embed as first member. request: OK; ERR_IO: EIO, with the errors above; ERR_TIMEOUT: EINTR, EAGAIN, ETIMEDOUT, EBUSY; ERR_CLOSED: ENOTTY; ERR_UNSUPPORTED: EINVAL; ERR_DENIED. */
struct sev_guest_ops {
    enum err (*request)(struct sev_guest_ops *self, struct sev_guest_call *call);
    void (*pause)(struct sev_guest_ops *self, uint32_t ms);
};

struct sev_guest {
    struct collector collector; /* first */
    struct sev_guest_ops *ops;
    uint32_t firmware_error; /* of the last request */
};
void sev_guest_init(struct sev_guest *g, struct sev_guest_ops *ops);

/* For auxblob of configfs-tsm too, which is the same table: puts what it holds into c->more and the parts of c. A table that cannot be read is left out: the report is good without
 * it. ERR_LIMIT. */
MUST_CHECK enum err sev_guest_put_certs(struct collected *c, struct span table);

#endif
