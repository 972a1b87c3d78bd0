#ifndef TEE_HCL_H
#define TEE_HCL_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>

/* The report that Azure's paravisor keeps in the virtual TPM of a confidential VM (NV index 0x01400001): a hardware report of boot
 * time, and a JSON text whose hash it carries, with the TPM's attestation key. Fresh is only the TPM's quote; the hardware's
 * report ties that TPM to the guest. */
enum {
    HCL_LEN_MAX = 16 * 1024,
    HCL_SPKI_LEN_MAX = 600,
};

struct hcl {
    struct span report; /* 1184 bytes: of SEV-SNP, or a TD report, by is_tdx */
    bool is_tdx;
    struct span runtime; /* the JSON text */
};

MUST_CHECK enum err hcl_decode(struct hcl *ret, struct span in);

/* hcl_binding is what the hardware's report must carry: SHA-256 of the text, then 32 zeros. */
void hcl_binding(uint8_t ret_binding[static 64], const struct hcl *h);

/* hcl_key writes the attestation key ("HCLAkPub") as a SubjectPublicKeyInfo and gives its length. ERR_NOT_FOUND: no such key;
 * ERR_UNSUPPORTED: not RSA; ERR_MALFORMED. */
MUST_CHECK enum err
hcl_key(uint8_t room[static HCL_SPKI_LEN_MAX], size_t *ret_len, const struct hcl *h);

/* For attesters. hcl_has_user_data: does the text name these bytes as what the guest wrote ("user-data", in base 16)? At most 64. */
bool hcl_has_user_data(const struct hcl *h, struct span data);

#endif
