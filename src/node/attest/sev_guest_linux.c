/* /dev/sev-guest on Linux (<linux/sev-guest.h>, which Debian 12 has). */
#include "node/attest/attribute.h"
#include "node/attest/collector_devices.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sev-guest.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static_assert(sizeof(struct snp_report_resp) == SNP_GUEST_RESPONSE_LEN, "the firmware's message");
static_assert((int)SEV_GUEST_VMM_LENGTH == (int)SNP_GUEST_VMM_ERR_INVALID_LEN, "the kernel's");
static_assert((int)SEV_GUEST_VMM_BUSY == (int)SNP_GUEST_VMM_ERR_BUSY, "the kernel's");

const unsigned long sev_guest_requests[2] = {SNP_GET_REPORT, SNP_GET_EXT_REPORT};

static enum err ioctl_err(int errno_value)
{
    return errno_value == ENOTTY   ? ERR_CLOSED
           : errno_value == EINVAL ? ERR_UNSUPPORTED
           : errno_value == EBUSY  ? ERR_TIMEOUT
                                   : attribute_err(errno_value);
}

static enum err file_request(struct sev_guest_ops *ops, struct sev_guest_call *call)
{
    struct sev_guest_file *f = (struct sev_guest_file *)(void *)ops;
    struct snp_ext_report_req request = {
        .data = {.vmpl = call->level},
        .certs_address = (uintptr_t)call->certs.p,
        .certs_len = (uint32_t)call->certs.n,
    };
    struct snp_guest_request_ioctl message = {
        .msg_version = 1,
        .req_data = (uintptr_t)&request, /* the plain request is how the extended one begins */
        .resp_data = (uintptr_t)call->response.p,
    };
    memcpy(request.data.user_data, call->user_data, sizeof request.data.user_data);
    int failed = ioctl(f->fd, sev_guest_requests[call->is_extended], &message);
    int why = errno;
    /* A kernel before the split of exitinfo2 says here that no call reached the firmware. */
    call->firmware_error = failed ? message.fw_error : 0;
    call->vmm_error = failed ? message.vmm_error : 0;
    call->certs_len = request.certs_len;
    return failed ? ioctl_err(why) : OK;
}

static void file_pause(struct sev_guest_ops *ops, uint32_t ms)
{
    (void)ops;
    (void)poll(NULL, 0, (int)ms);
}

void sev_guest_file_open(struct sev_guest_file *f, const char *root)
{
    char path[256];
    *f = (struct sev_guest_file){
        .ops = {.request = file_request, .pause = file_pause}
    };
    int n = snprintf(path, sizeof path, "%s/dev/sev-guest", root);
    f->fd = n > 0 && (size_t)n < sizeof path ? open(path, O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
}
