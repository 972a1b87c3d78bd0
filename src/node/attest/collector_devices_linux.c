/* The collectors of this machine. */
#include "node/attest/collector_devices.h"

#include <assert.h>
#include <unistd.h>

static_assert((int)COLLECTOR_DEVICES_MAX <= (int)COLLECTORS_MAX, "all in one list");

static void add(struct collector_devices *d, struct collector *c)
{
    d->list[d->count++] = c;
}

void collector_devices_open(struct collector_devices *d, const char *root)
{
    *d = (struct collector_devices){.count = 0};
    tsm_files_open(&d->tsm_files, root);
    sev_guest_file_open(&d->sev_guest_file, root);
    nsm_device_file_open(&d->nsm_device_file, root);
    gramine_files_open(&d->gramine_files, root);
    if (d->tsm_files.fd >= 0) {
        tsm_init(&d->tsm, &d->tsm_files.ops, d->tsm_files.dir);
        add(d, &d->tsm.collector);
    }
    if (d->sev_guest_file.fd >= 0) {
        sev_guest_init(&d->sev_guest, &d->sev_guest_file.ops);
        add(d, &d->sev_guest.collector);
    }
    if (d->nsm_device_file.fd >= 0) {
        nsm_device_init(&d->nsm_device, &d->nsm_device_file.ops);
        add(d, &d->nsm_device.collector);
    }
    if (d->gramine_files.fd >= 0) {
        gramine_init(&d->gramine, &d->gramine_files.ops);
        add(d, &d->gramine.collector);
    }
}

void collector_devices_allow(const struct collector_devices *d, struct sandbox_cfg *cfg)
{
    sandbox_allow_ioctl(cfg, d->sev_guest_file.fd, sev_guest_requests[0]);
    sandbox_allow_ioctl(cfg, d->sev_guest_file.fd, sev_guest_requests[1]);
    sandbox_allow_ioctl(cfg, d->nsm_device_file.fd, nsm_device_request);
    sandbox_allow_file(cfg, d->tsm_files.fd, d->tsm_files.dir, SANDBOX_DIR);
    for (size_t i = 0; i < sizeof d->tsm_files.paths / sizeof d->tsm_files.paths[0]; i++) {
        sandbox_allow_file(cfg, d->tsm_files.fd, d->tsm_files.paths[i], SANDBOX_FILE);
    }
    for (size_t i = 0; i < GRAMINE_FILES; i++) {
        sandbox_allow_file(cfg, d->gramine_files.fd, gramine_file_names[i], SANDBOX_FILE);
    }
}

static void close_fd(int fd)
{
    if (fd > 0) {
        (void)close(fd);
    }
}

void collector_devices_close(struct collector_devices *d)
{
    close_fd(d->tsm_files.fd);
    close_fd(d->sev_guest_file.fd);
    close_fd(d->nsm_device_file.fd);
    close_fd(d->gramine_files.fd);
    *d = (struct collector_devices){.count = 0};
}
