/* /dev/nsm on Linux. Debian 12 has no <linux/nsm.h> (Linux 6.8, include/uapi/linux/nsm.h), so its one ioctl is declared here. */
#include "node/attest/attribute.h"
#include "node/attest/collector_devices.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>

/* Addresses and lengths; the kernel writes back the answer's length. */
struct nsm_message {
    uint64_t request_address;
    uint64_t request_len;
    uint64_t response_address;
    uint64_t response_len;
};
static_assert(sizeof(struct nsm_message) == 32, "the kernel's struct nsm_raw");

#define NSM_IOCTL_RAW _IOWR(0x0A, 0x0, struct nsm_message)

const unsigned long nsm_device_request = NSM_IOCTL_RAW;

static enum err file_exchange(struct nsm_device_ops *ops,
                              struct mspan response,
                              size_t *ret_len,
                              struct span request)
{
    struct nsm_device_file *f = (struct nsm_device_file *)(void *)ops;
    struct nsm_message message = {
        .request_address = (uintptr_t)request.p,
        .request_len = request.n,
        .response_address = (uintptr_t)response.p,
        .response_len = response.n,
    };
    if (ioctl(f->fd, nsm_device_request, &message) != 0) {
        return errno == ENOTTY || errno == EINVAL ? ERR_UNSUPPORTED
               : errno == EBUSY                   ? ERR_TIMEOUT
                                                  : attribute_err(errno);
    }
    *ret_len = (size_t)message.response_len;
    return OK;
}

void nsm_device_file_open(struct nsm_device_file *f, const char *root)
{
    char path[256];
    *f = (struct nsm_device_file){.ops = {.exchange = file_exchange}};
    int n = snprintf(path, sizeof path, "%s/dev/nsm", root);
    f->fd = n > 0 && (size_t)n < sizeof path ? open(path, O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
}
