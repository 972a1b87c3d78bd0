#ifndef SERVICE_WITNESS_H
#define SERVICE_WITNESS_H

#include "base/err.h"
#include "base/span.h"
#include "evm/address.h"
#include "service/message.h"
#include "service/proof.h"

#include <stdbool.h>
#include <stddef.h>

/* The body of an answer to CALL_WITNESS: what a call reads from the state of a block, each account with the slots that it reads
 * and its code. docs/protocol.md has the fields. Nothing here is checked against a hash; proven_witness.h does that. */
enum service_witness_field { SERVICE_WITNESS_HEADER = 1, SERVICE_WITNESS_ACCOUNT = 2 };
enum service_witness_account_field {
    SERVICE_WITNESS_ADDRESS = 1,
    SERVICE_WITNESS_SLOTS = 2,
    SERVICE_WITNESS_PROOF = 3, /* proof.h, without a header */
    SERVICE_WITNESS_CODE = 4,
};

struct service_witness {
    struct span body;
    struct span header; /* RLP; empty: the request named the block's hash as known */
    size_t accounts_count;
};

struct service_witness_account {
    struct address address;
    struct span slots; /* 32 bytes each, rising */
    struct service_proof proof;
    struct span code; /* empty: there is none, or the request named its hash as known */
};

/* service_witness_decode reads a body; spans point into it. ERR_MALFORMED: it is none, its accounts do not rise, there are more than
 * SERVICE_WITNESS_ACCOUNTS_MAX of them, or one has more slots than a proof may. */
MUST_CHECK enum err service_witness_decode(struct service_witness *ret, struct span body);

/* service_witness_next gives the next account and cuts it off *rest, which starts as the body of a decoded witness. */
bool service_witness_next(struct service_witness_account *ret, struct span *rest);

#endif
