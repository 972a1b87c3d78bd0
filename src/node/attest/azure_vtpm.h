#ifndef NODE_AZURE_VTPM_H
#define NODE_AZURE_VTPM_H

#include "node/attest/collector.h"

/* Evidence of a confidential VM of Azure, where a paravisor stands between the guest and the hardware (Hyper-V isolation), and speaks through a virtual TPM (Azure's documentation, "Guest attestation
 * for confidential VMs", and tee/hcl.h):
 *
 *     write the binding to NV index 0x01400002, which the guest makes if it is not there · read NV index 0x01400001: the hardware's report, made anew, and the text whose hash it
 *     carries, with the TPM's key and the binding as "user-data" · a quote by that key, at handle 0x81000003, over the binding's SHA-256
 *
 * The report takes a moment, and an older paravisor keeps that of the start whatever is written: then the quote alone is fresh, which is what a verifier relies on. TDX: what stands in the index is a
 * report for this machine alone, which a service of Azure's network turns into a quote; nothing here asks it. */
#define AZURE_VTPM_KEY_HANDLE UINT32_C(0x81000003)
enum {
    AZURE_VTPM_REPORT_INDEX = 0x01400001,
    AZURE_VTPM_DATA_INDEX = 0x01400002,
    AZURE_VTPM_REGISTERS = 0xff,
    AZURE_VTPM_TRIES_MAX = 4, /* of reading, until the report carries what was written */
    AZURE_VTPM_PAUSE_MS = 1000,
};

/* Embed as first member; errors as tpm_chip.h has them. read and quote: ERR_NOT_FOUND: no such index, no such key. write makes an index that is missing, for the owner, of data's
 * length. quote fills the parts of a TPM's evidence that are its own: main, signature, registers; they live until the next call. */
struct azure_vtpm_ops {
    enum err (*read)(struct azure_vtpm_ops *self, uint32_t index, struct buf *ret);
    enum err (*write)(struct azure_vtpm_ops *self, uint32_t index, struct span data);
    enum err (*quote)(struct azure_vtpm_ops *self,
                      struct evidence *ret,
                      uint32_t handle,
                      struct span extra_data,
                      uint32_t registers);
    void (*pause)(struct azure_vtpm_ops *self, uint32_t ms);
};

struct azure_vtpm {
    struct collector collector; /* first */
    struct azure_vtpm_ops *ops;
};
void azure_vtpm_init(struct azure_vtpm *v, struct azure_vtpm_ops *ops);

#endif
