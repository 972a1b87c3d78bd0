#ifndef SERVICE_CHAIN_H
#define SERVICE_CHAIN_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "evm/log_range.h"
#include "evm/mpt.h"
#include "service/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bodies of answers to HEADERS, CODE, INCLUSION and LOGS: what proves something of the chain that ends in a block whose
 * hash the client trusts. docs/protocol.md has the fields. Nothing here is checked against a hash; proven_chain.h does that.
 *
 *     HEADERS    headers, newest first
 *     CODE       code
 *     INCLUSION  headers down to the block that holds the transaction; its index; the paths of the transaction, of its
 *                receipt, and of the receipt before it
 *     LOGS       headers, then the lists of each block whose bloom may hold a match, newest first
 *
 * A block's lists are its transactions and its receipts, encoded as their tries hold them. */
enum service_chain_field {
    SERVICE_CHAIN_HEADER = 1,
    SERVICE_CHAIN_CODE = 2,
    SERVICE_CHAIN_INDEX = 3,
    SERVICE_CHAIN_TX_NODE = 4, /* of a path, root first */
    SERVICE_CHAIN_RECEIPT_NODE = 5,
    SERVICE_CHAIN_BEFORE_NODE = 6, /* of the receipt before: what it says of gas is taken off */
    SERVICE_CHAIN_LISTS = 7,       /* a message of the two below, each repeated */
};
enum service_lists_field { SERVICE_LISTS_TX = 1, SERVICE_LISTS_RECEIPT = 2 };

/* A body that is well-formed: fields in rising order, each as often as its type may have it. */
struct service_chain {
    struct span body;
    size_t headers_count;
    struct span code;
    uint64_t index;
    size_t lists_count;
    size_t items_count; /* transactions in all lists */
};

/* service_chain_decode reads the body of an answer to a request of this type; spans point into it. ERR_MALFORMED. */
MUST_CHECK enum err
service_chain_decode(struct service_chain *ret, enum service_type type, struct span body);

/* service_chain_next gives the next field of this number and cuts what was read off *rest, which starts as the body (or, for
 * lists, as the message of one block); false if there is none. */
bool service_chain_next(struct span *ret, struct span *rest, uint32_t number);

/* service_chain_path gathers the nodes of a path. ERR_LIMIT: more than a list's trie can have. */
MUST_CHECK enum err service_chain_path(struct mpt_proof *ret,
                                       struct span room[static MPT_INDEX_PROOF_MAX],
                                       struct span body,
                                       enum service_chain_field field);

/* service_chain_key names what an answer to r depends on: all of it but id and deadline. */
void service_chain_key(struct hash32 *ret, const struct service_request *r);

/* service_chain_filter is what a request for logs asks for; it points into the request's spans. */
void service_chain_filter(struct log_filter *ret, const struct service_request *r);

#endif
