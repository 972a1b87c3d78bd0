#ifndef TEE_NSM_H
#define TEE_NSM_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* What an enclave of AWS Nitro says to its security module, and the answer ("Nitro Enclaves NSM API", aws-nitro-enclaves-nsm-api, whose types go as CBOR):
 *
 *     request    {"Attestation": {"user_data": bytes, "nonce": null, "public_key": null}}
 *     response   {"Attestation": {"document": bytes}}, or {"Error": word}
 *
 * The document is what nitro.h reads. */
enum {
    NSM_REQUEST_LEN_MAX = 0x1000, /* <linux/nsm.h> (Linux 6.8) */
    NSM_RESPONSE_LEN_MAX = 0x3000,
    NSM_USER_DATA_LEN_MAX = 512,
};

/* nsm_write_attestation writes a request; user_data is at most NSM_USER_DATA_LEN_MAX bytes (else w fails with ERR_LIMIT). */
void nsm_write_attestation(struct wr *w, struct span user_data);

/* nsm_read_attestation gives the document, which lies in response and is not empty. What the module answered instead: ERR_LIMIT: InputTooLarge, BufferTooSmall; ERR_DENIED:
 * InvalidArgument, InvalidOperation, InvalidIndex, ReadOnlyIndex; ERR_IO: InternalError, InvalidResponse, or another word. ERR_MALFORMED: it is none of both. */
MUST_CHECK enum err nsm_read_attestation(struct span *ret_document, struct span response);

#endif
