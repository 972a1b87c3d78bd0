#ifndef SERVICE_CHAIN_WORLD_TEST_H
#define SERVICE_CHAIN_WORLD_TEST_H

#include "base/buf.h"
#include "evm/header.h"
#include "service/client.h"
#include "service/message.h"
#include "service/proven_chain.h"
#include "service/server.h"

#include <stdint.h>

/* A small chain of our own, with transactions, receipts and logs, and a node that tells of it by JSON-RPC. Each transaction
 * has one log; those at CHAIN_WORLD_PAID are transfers of the token to the payee. Only tests link this. */
enum {
    CHAIN_WORLD_BLOCKS = 6,
    CHAIN_WORLD_FIRST = 100, /* number of the oldest */
    CHAIN_WORLD_ITEMS_MAX = 3,
    CHAIN_WORLD_PAID_COUNT = 2,
};

/* A user operation that the EntryPoint logs that it ran. */
struct chain_world_userop {
    struct hash32 hash;
    struct address entry_point;
    bool is_success;
};

/* Payments of a token as it logs them, one for each of CHAIN_WORLD_PAID, oldest first. */
struct chain_world_payments {
    struct address token;
    struct address payee;
    struct address payers[CHAIN_WORLD_PAID_COUNT];
    uint8_t amounts[CHAIN_WORLD_PAID_COUNT];
};

struct chain_world {
    struct header headers[CHAIN_WORLD_BLOCKS]; /* oldest first */
    struct buf rlp[CHAIN_WORLD_BLOCKS];
    struct buf txs[CHAIN_WORLD_BLOCKS][CHAIN_WORLD_ITEMS_MAX];
    struct buf receipts[CHAIN_WORLD_BLOCKS][CHAIN_WORLD_ITEMS_MAX];
    size_t counts[CHAIN_WORLD_BLOCKS];
    size_t data_len; /* of each log */
    struct address token;
    struct hash32 transfer;
    struct hash32 payee;
    bool is_userop; /* those at CHAIN_WORLD_PAID are of userop instead */
    struct chain_world_userop userop;
    bool is_payments; /* or these */
    struct chain_world_payments payments;
};

/* What a user operation of the world cost, wei. */
enum { CHAIN_WORLD_COST = 7777 };

/* What the node does wrong. */
enum chain_fault {
    CHAIN_FAULT_NONE,
    CHAIN_FAULT_ERROR,       /* an error in the batch */
    CHAIN_FAULT_OTHER_CHAIN, /* its blocks have other parents */
    CHAIN_FAULT_HEADER,      /* a field of an older header is another */
    CHAIN_FAULT_TX_MISSING,
    CHAIN_FAULT_RECEIPT,      /* another receipt */
    CHAIN_FAULT_RECEIPT_LAST, /* the last receipt left out, and its transaction */
    CHAIN_FAULT_TYPE,         /* a transaction of a type that is not known */
    CHAIN_FAULT_PLACE,        /* the transaction is said to be in another block */
    CHAIN_FAULT_CODE,
    CHAIN_FAULT_TEXT,
};

void chain_world_init(struct chain_world *w, size_t data_len);

/* chain_world_init_userop has the EntryPoint log this operation where else the token has its transfers. */
void chain_world_init_userop(struct chain_world *w, const struct chain_world_userop *what);
/* chain_world_init_payments has the transfers be these, in ERC-20's form. */
void chain_world_init_payments(struct chain_world *w, const struct chain_world_payments *what);
void chain_world_done(struct chain_world *w);

/* chain_world_request asks about the newest block: of LOGS all blocks, for transfers to the payee; of HEADERS all; of INCLUSION
 * the last transaction of block 103; of CODE "\x60\x00". It points into w. */
struct service_request chain_world_request(const struct chain_world *w, enum service_type type);
struct hash32 chain_world_tx(const struct chain_world *w, size_t block, size_t index);

/* chain_world_answer appends what the node says to a question. */
void chain_world_answer(const struct chain_world *w,
                        struct span ask,
                        struct buf *out,
                        enum chain_fault fault);

/* chain_world_turn answers what the server asks its node: how many questions there were, but for those after the head. */
size_t chain_world_turn(struct service_server *s,
                        const struct chain_world *w,
                        enum chain_fault fault,
                        instant now);

/* chain_world_carry takes what the server has to say to the client, 1,000 bytes at a time. */
void chain_world_carry(struct service_server *s,
                       struct service_stream *st,
                       struct service_client *c);

/* chain_world_exchange sends r to a server in front of this node and gives the code of the answer, the body of which goes to ret_body
 * (a buf of SERVICE_BODY_LEN_MAX, emptied first). */
enum service_code chain_world_exchange(const struct chain_world *w,
                                       struct buf *ret_body,
                                       const struct service_request *r,
                                       enum chain_fault fault);

#endif
