#ifndef WALLET_CONTACT_H
#define WALLET_CONTACT_H

#include "base/buf.h"
#include "base/err.h"
#include "evm/address.h"
#include "wallet/text.h"

/* An address that the person gave a name. */
enum { CONTACT_COUNT_MAX = 1024 };

struct contact {
    struct id id;
    struct name name;
    struct address address;
    uint64_t sent_count;
    uint64_t created_ms;
};

MUST_CHECK enum err contact_encode(struct buf *out, const struct contact *c);
MUST_CHECK enum err contact_decode(struct contact *ret, struct span record);

#endif
