#ifndef WALLET_COSIGNER_RIG_TEST_H
#define WALLET_COSIGNER_RIG_TEST_H

#include "evm/smart_account.h"
#include "evm/userop.h"
#include "wallet/cosigner.h"
#include "webauthn/software_passkey_test.h"

/* The wallet's side of a co-signer, for tests: terms, an operation with its calls, and a passkey that signs for both. */

enum { COSIGNER_RIG_NOW = 1800000000, COSIGNER_RIG_GAS = 300000 };

struct cosigner_rig {
    struct software_passkey key;
    struct cosigner_terms terms;
    walltime now;
    struct made made;
    uint8_t call_data[4096];
    uint8_t userop[COSIGNER_USEROP_MAX];
    uint8_t request[COSIGNER_REQUEST_MAX + 64];
};

/* Account 0xacac…; chains 1 and 10; ether: 1,000,000 in all, 600,000 to 0x1111…; token 0x7070…: 500. */
void cosigner_rig_init(struct cosigner_rig *r, uint8_t seed);

struct address cosigner_rig_address(uint8_t byte);

/* The calldata of a token's transfer, a span into room of 68 bytes. */
struct span cosigner_rig_transfer(uint8_t *room, struct address to, uint64_t amount);

/* What is asked: an operation of these calls whose greatest fee is fee_wei gas price times COSIGNER_RIG_GAS, and how it is asked wrongly. */
struct cosigner_rig_ask {
    struct address cosigner;
    uint64_t chain_id; /* 0: 1 */
    uint64_t nonce;
    uint64_t gas_price; /* wei */
    const struct smart_call *calls;
    size_t calls_count;
    struct span call_data;             /* instead of calls */
    const struct userop *other;        /* the operation that is sent, another than the signed one */
    void (*change)(struct userop *op); /* before it is signed */
    const struct cosigner_terms *terms; /* that the passkey signs for; NULL: the rig's */
    uint64_t expires_s;                 /* 0: in a minute */
    const struct making *how;           /* NULL: as usual */
};

/* The requests, as keyd takes them; spans into the rig. cosigner_rig_op gives the operation of an ask. */
struct span cosigner_rig_create(struct cosigner_rig *r, uint64_t expires_s);
struct span cosigner_rig_remove(struct cosigner_rig *r, uint64_t expires_s);
struct span cosigner_rig_sign(struct cosigner_rig *r, const struct cosigner_rig_ask *ask);
struct userop cosigner_rig_op(struct cosigner_rig *r, const struct cosigner_rig_ask *ask);

#endif
