#ifndef SERVICE_NODE_TEST_H
#define SERVICE_NODE_TEST_H

#include "base/buf.h"
#include "base/span.h"
#include "evm/address.h"
#include "evm/tx.h"
#include "service/bundler.h"

#include <stdbool.h>
#include <stdint.h>

/* An Ethereum node for tests: answers JSON-RPC from a little state that the test sets. It keeps transactions in a
 * pool until the test mines. Only tests link this. */
enum { SCRIPTED_TXS_MAX = 32, SCRIPTED_RAW_LEN_MAX = 12000 };

struct scripted_tx {
    struct hash32 hash;
    uint64_t nonce;
    struct u256 fee;
    struct hash32 userop; /* zero: pays its sender */
    bool is_mined;
    uint64_t block;
};

struct scripted_node {
    uint64_t block;
    uint64_t fork; /* changes the hash of every block */
    uint64_t base_fee;
    uint64_t nonce; /* of the bundler's account: transactions mined */
    bool account_exists;
    bool other_implementation;
    bool other_verifier_code;
    const char *sim_error;   /* eth_call fails with this FailedOp reason */
    const char *plain_error; /* eth_call fails with this message, no data */
    const char *send_error;
    bool forgets_sends; /* eth_sendRawTransaction is answered but nothing kept */
    bool op_reverts;    /* receipts say success = false */
    bool bundle_reverts;
    struct scripted_tx txs[SCRIPTED_TXS_MAX];
    size_t txs_count;
    unsigned asks_count;
    unsigned sends_count;
    uint64_t chain_id;
    struct address entry_point;
    struct address self;
};

/* The known code that the node's accounts have. */
extern struct bundler_known scripted_known_ready[4]; /* with code hashes after scripted_node_init */

void scripted_node_init(struct scripted_node *n);

/* scripted_node_answer appends the answer to ask to out. */
void scripted_node_answer(struct scripted_node *n, struct span ask, struct buf *out);

/* scripted_node_mine makes one block with the transaction of the next nonce that pays most, if there is one. */
bool scripted_node_mine(struct scripted_node *n);

/* scripted_node_executed counts how often an operation is in a block. */
unsigned scripted_node_executed(const struct scripted_node *n, const struct hash32 *userop);

/* scripted_node_head is its newest block. */
struct service_head scripted_node_head(const struct scripted_node *n);

/* scripted_signer signs with the key 46..46, whose address is self. */
extern struct bundler_signer scripted_signer;
extern const struct address scripted_self;

/* scripted_store keeps records in memory; fails while is_broken. */
struct scripted_store {
    struct bundler_store port;
    bool is_broken;
    unsigned puts_count;
    size_t count;
    struct {
        struct hash32 key;
        uint8_t record[SCRIPTED_RAW_LEN_MAX * 2];
        size_t n;
    } records[8];
};
void scripted_store_init(struct scripted_store *s);

/* scripted_userop writes an operation of account `account` with this nonce; variant changes its call. */
void scripted_userop(
    struct buf *out, uint8_t account, uint64_t nonce, uint64_t fee, uint8_t variant);

#endif
