#ifndef SERVICE_BUNDLER_PARTS_H
#define SERVICE_BUNDLER_PARTS_H

#include "service/bundler.h"

#include "codec/json.h"
#include "evm/jsonrpc.h"

/* What the files of the bundler share; nobody else includes it. */

/* bundler_check_shape looks at an operation by itself: its factory, paymaster, owners' verifiers, gas and fee. OK, or
 * the code and *ret_why. *ret_known_needed gets the bits of the known code that takes part; b->call holds
 * the handleOps call afterwards. */
MUST_CHECK enum service_code bundler_check_shape(struct bundler *b,
                                                 uint32_t *ret_known_needed,
                                                 const char **ret_why,
                                                 const struct userop *op);

/* bundler_known_find gives the index of known code by role and address, or cfg.known_count. */
size_t bundler_known_find(const struct bundler *b, enum bundler_role role, struct address address);

/* bundler_tx_gas is the gas limit of op's transaction; b->call holds its call. U64_MAX if it passes 64 bits. */
uint64_t bundler_tx_gas(const struct bundler *b, const struct userop *op);

/* bundler_step goes on with the node's answer to op's question; bundler_step_failed without one. bundler_sign makes,
 * keeps and sends on the next transaction of op. */
void bundler_step(struct bundler *b,
                  struct bundler_op *op,
                  const struct jsonrpc_response *r,
                  instant now);
void bundler_step_failed(struct bundler *b, struct bundler_op *op, instant now);
void bundler_sign(struct bundler *b, struct bundler_op *op, instant now);

/* bundler_ask_write fills b->text with the question of op's step. */
MUST_CHECK enum err
bundler_ask_write(struct bundler *b, const struct bundler_op *op, uint64_t token);

/* What a receipt says about an operation. */
struct bundler_receipt {
    bool is_there;
    bool is_reverted; /* the transaction as a whole */
    uint64_t block_number;
    struct u256 gas_used;  /* of the transaction */
    struct u256 gas_price; /* that it paid; 0: the node does not tell */
    bool has_event;        /* UserOperationEvent of this operation */
    bool success;
    struct u256 actual_gas_cost;
    struct u256 actual_gas_used;
};
MUST_CHECK enum err bundler_receipt_read(const struct bundler *b,
                                         struct bundler_receipt *ret,
                                         struct json result,
                                         const struct hash32 *tx_hash,
                                         const struct hash32 *userop_hash);

/* bundler_record_put keeps op in the store. */
MUST_CHECK enum err bundler_record_put(struct bundler *b, struct bundler_op *op);

/* bundler_record_read fills a place from a record. The place is empty again on failure. */
MUST_CHECK enum err
bundler_record_read(struct bundler *b, struct bundler_op *op, struct span record);

/* A place begins with its bufs, and is emptied. */
void bundler_op_init(struct bundler *b, struct bundler_op *op);
void bundler_op_clear(struct bundler_op *op);

#endif
