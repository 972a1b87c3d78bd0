#ifndef NODE_COLLECTOR_DEVICES_H
#define NODE_COLLECTOR_DEVICES_H

#include "node/attest/gramine.h"
#include "node/attest/nsm_device.h"
#include "node/attest/sev_guest.h"
#include "node/attest/tsm.h"
#include "node/os/sandbox.h"

/* The collectors of a real machine, opened before the sandbox closes. What they do afterwards is one ioctl on a descriptor that is open (sev-guest, NSM), or files of one directory each, by names
 * that the sandbox knows (configfs-tsm, Gramine). */

/* configfs-tsm: the request's directory, which bears our process's number, and its files. */
struct tsm_files {
    struct tsm_ops ops; /* first */
    int fd;             /* of tsm/report; -1: none */
    char dir[32];
    char paths[5][64];
};

struct gramine_files {
    struct gramine_ops ops; /* first */
    int fd;                 /* of /dev/attestation; -1: none */
};

struct sev_guest_file {
    struct sev_guest_ops ops; /* first */
    int fd;                   /* -1: none */
};

struct nsm_device_file {
    struct nsm_device_ops ops; /* first */
    int fd;                    /* -1: none */
};

enum { COLLECTOR_DEVICES_MAX = 4, GRAMINE_FILES = 3 };

struct collector_devices {
    struct tsm_files tsm_files;
    struct gramine_files gramine_files;
    struct sev_guest_file sev_guest_file;
    struct nsm_device_file nsm_device_file;
    struct tsm tsm;
    struct gramine gramine;
    struct sev_guest sev_guest;
    struct nsm_device nsm_device;
    struct collector *list[COLLECTOR_DEVICES_MAX]; /* those that are there, best first */
    size_t count;
};

/* collector_devices_open opens what is there for this user, below root ("" for the machine; tests have their own). d must not move afterwards. collector_devices_allow adds to cfg what the sandbox
 * must leave open. collector_devices_close: safe on a zeroed object that was never opened too. */
void collector_devices_open(struct collector_devices *d, const char *root);
void collector_devices_allow(const struct collector_devices *d, struct sandbox_cfg *cfg);
void collector_devices_close(struct collector_devices *d);

/* Each opens its device below root; fd is -1 where there is none. */
void tsm_files_open(struct tsm_files *f, const char *root);
void gramine_files_open(struct gramine_files *f, const char *root);
void sev_guest_file_open(struct sev_guest_file *f, const char *root);
void nsm_device_file_open(struct nsm_device_file *f, const char *root);

/* For the sandbox: the numbers of their ioctls, and names of files. */
extern const char *const gramine_file_names[GRAMINE_FILES];
extern const unsigned long sev_guest_requests[2];
extern const unsigned long nsm_device_request;

#endif
