#ifndef NODE_NSM_DEVICE_H
#define NODE_NSM_DEVICE_H

#include "node/attest/collector.h"
#include "tee/nsm.h"

/* Documents of AWS Nitro from /dev/nsm inside an enclave (<linux/nsm.h>, Linux 6.8 and later; before that Amazon's own module of the same interface). The kernel carries one message
 * at a time, at most NSM_REQUEST_LEN_MAX bytes there and NSM_RESPONSE_LEN_MAX back, and waits ten seconds. The room for the answer comes back as the length of the answer. */
enum {
    NSM_DEVICE_TRIES_MAX = 3,
};

/* Embed as first member. exchange sends request and gives the length of the answer in response. ERR_TIMEOUT: EINTR, EAGAIN, EBUSY, ETIMEDOUT; ERR_LIMIT: EMSGSIZE; ERR_DENIED: without
 * CAP_SYS_ADMIN; ERR_UNSUPPORTED: ENOTTY, EINVAL; ERR_IO. */
struct nsm_device_ops {
    enum err (*exchange)(struct nsm_device_ops *self,
                         struct mspan response,
                         size_t *ret_len,
                         struct span request);
};

struct nsm_device {
    struct collector collector; /* first */
    struct nsm_device_ops *ops;
};
void nsm_device_init(struct nsm_device *n, struct nsm_device_ops *ops);

#endif
