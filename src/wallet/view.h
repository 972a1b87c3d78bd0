#ifndef WALLET_VIEW_H
#define WALLET_VIEW_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "evm/address.h"
#include "evm/u256.h"
#include "wallet/network.h"
#include "wallet/text.h"

/* What a chain said about an account at one block: the newest block is asked for first, and then everything else at
 * that block's number, so that the figures fit together. */
enum view_question {
    VIEW_BLOCK,        /* eth_getBlockByNumber latest: number, time, base fee */
    VIEW_PRIORITY_FEE, /* eth_maxPriorityFeePerGas */
    VIEW_BALANCE,      /* eth_getBalance */
    VIEW_DEPOSIT,      /* EntryPoint.balanceOf: what earlier operations left there */
    VIEW_NONCE,        /* EntryPoint.getNonce(account, 0) */
    VIEW_CODE,         /* eth_getCode: is the account there? */
    VIEW_FACTORY_CODE, /* eth_getCode of the factory: are our contracts there, and are they ours? */
    VIEW_VERIFIER_CODE, /* eth_getCode of the verifier */
    VIEW_P256,          /* P256VERIFY with a known-good vector */
    VIEW_TOKEN,         /* balanceOf of each listed token: slot = place in the network's list */
    VIEW_QUESTION_COUNT = VIEW_TOKEN + NETWORK_TOKEN_COUNT_MAX,
};

enum contracts_state { CONTRACTS_UNKNOWN, CONTRACTS_MISSING, CONTRACTS_READY };

struct view {
    struct id account;
    struct id network;
    uint64_t as_of_ms; /* when it was whole; 0: never yet */
    uint64_t block;
    uint64_t block_ms; /* the block's own time */
    struct u256 base_fee;
    struct u256 priority_fee;
    struct u256 balance;
    struct u256 deposit;
    struct u256 nonce;
    bool is_deployed;
    bool has_p256;
    enum contracts_state contracts;
    bool is_own_node; /* read from the node that the person named */
    struct u256 tokens[NETWORK_TOKEN_COUNT_MAX];
};

/* What a question needs to be put into words. */
struct view_subject {
    const struct network *network;
    struct address account;
    uint64_t block; /* of VIEW_BLOCK's answer; unused for VIEW_BLOCK itself */
};

/* view_ask appends the params (JSON array) of question q and gives its method. */
MUST_CHECK enum err
view_ask(struct buf *out, const char **ret_method, unsigned q, const struct view_subject *subject);

/* view_learn takes the answer to question q: ERR_MALFORMED if it is not of the form that the question demands; then
 * v is untouched. */
MUST_CHECK enum err
view_learn(struct view *v, unsigned q, struct json result, const struct view_subject *subject);

/* Results of Ethereum's JSON-RPC: a quantity ("0x1", no leading zeros) and data of at most out's room. */
MUST_CHECK enum err view_quantity(struct u256 *ret, struct json v);
MUST_CHECK enum err view_quantity_u64(uint64_t *ret, struct json v);

#endif
