#ifndef TEE_HARDWARE_H
#define TEE_HARDWARE_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* What this machine can do, found without privilege: nothing is loaded, mounted or written, and no device is opened. Only what
 * the machine says about itself: a hypervisor can lie, so nothing here proves anything to others (evidence.h does). */

/* How the machine is asked. Recorded machines answer in tests; node/os/hardware.h asks the real one. */
enum hardware_access {
    HARDWARE_ABSENT,
    HARDWARE_REFUSED, /* there, but not for this user */
    HARDWARE_OPEN     /* there, and this user may read and write it */
};

struct hardware_ops {
    void *self;
    /* EAX, EBX, ECX, EDX of a leaf; false if the processor has no such instruction. */
    bool (*cpuid)(void *self, uint32_t leaf, uint32_t subleaf, uint32_t ret_out[4]);
    /* The beginning of a small file; 0 if there is none or it may not be read. */
    size_t (*read)(void *self, const char *path, struct mspan out);
    enum hardware_access (*access)(void *self, const char *path);
    /* KiB free where path lies; 0 if not known. */
    uint64_t (*disk_free_kib)(void *self, const char *path);
};

/* What the processor says, each leaf read only if it is not above the stated maximum: above it is junk, which reads as
 * every feature at once on some machines. */
struct hardware_cpu {
    bool is_intel;
    bool is_amd;
    bool has_hypervisor;
    bool has_aes;
    uint32_t signature; /* EAX of leaf 1: family, model and stepping; 0 if not known */
    bool has_sgx;       /* the chip knows it */
    bool has_sgx_flc;
    bool is_sgx_enabled; /* and the firmware switched it on */
    uint64_t sgx_epc_bytes;
    bool has_sme;
    bool has_sev;
    bool has_sev_es;
    bool has_sev_snp;
    bool is_tdx_guest;
    uint8_t hyperv_isolation; /* 0 none, 2 SEV-SNP, 3 TDX: a paravisor stands between */
};
void hardware_cpu_read(struct hardware_cpu *ret, const struct hardware_ops *ops);

enum hardware_technology {
    HARDWARE_SGX,
    HARDWARE_TDX_GUEST,
    HARDWARE_TDX_HOST,
    HARDWARE_SNP_GUEST,
    HARDWARE_SNP_HOST,
    HARDWARE_PARAVISOR,
    HARDWARE_NITRO_GUEST,
    HARDWARE_NITRO_HOST,
    HARDWARE_CCA_REALM,
    HARDWARE_OPTEE,
    HARDWARE_TPM2,
    HARDWARE_TECHNOLOGY_COUNT
};

/* Three answers, because one would mislead: a chip that has it, firmware that leaves it off, a device that is missing. */
struct hardware_state {
    bool is_in_chip;
    bool is_in_firmware; /* switched on, and shown to this system */
    bool is_usable;      /* by this user, now */
    const char *reason;  /* a code: hardware_sentence */
    const char *advice;  /* the code of what to do about it; "" if nothing needs to be done */
};

enum hardware_role { HARDWARE_BARE_METAL, HARDWARE_VM, HARDWARE_CONFIDENTIAL_GUEST };

enum hardware_service {
    HARDWARE_RELAY,    /* relay, bundler, gateway */
    HARDWARE_BACKUP,   /* encrypted backups: a key bound to the machine */
    HARDWARE_COSIGNER, /* keys of wallets: memory closed to the operator */
    HARDWARE_SERVICE_COUNT
};

enum hardware_verdict { HARDWARE_CANNOT, HARDWARE_LIMITED, HARDWARE_CAN };

struct hardware_fitness {
    enum hardware_verdict verdict;
    const char *reason; /* a code, too */
};

struct hardware {
    struct hardware_cpu cpu;
    enum hardware_role role;
    bool is_container;
    uint32_t cores;
    uint64_t memory_kib;
    uint64_t disk_free_kib;
    struct hardware_state states[HARDWARE_TECHNOLOGY_COUNT];
    struct hardware_fitness services[HARDWARE_SERVICE_COUNT];
};

/* hardware_detect asks everything once; disk_path is where data would lie. */
void hardware_detect(struct hardware *ret, const struct hardware_ops *ops, const char *disk_path);

/* Stable names ("sev-snp-guest", "bare-metal", "co-signer", "limited"), and titles for people. */
const char *hardware_technology_name(enum hardware_technology t);
const char *hardware_technology_title(enum hardware_technology t);
const char *hardware_role_name(enum hardware_role r);
const char *hardware_service_name(enum hardware_service s);
const char *hardware_verdict_name(enum hardware_verdict v);

/* hardware_sentence says in English what a code of reason or advice means; "" if there is no such code. */
const char *hardware_sentence(const char *code);
size_t hardware_sentence_count(void);

/* hardware_write_json writes all of it as one value: the result of the local API's method hardware. */
struct json_writer;
void hardware_write_json(struct json_writer *j, const struct hardware *h);

#endif
