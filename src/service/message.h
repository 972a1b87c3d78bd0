#ifndef SERVICE_MESSAGE_H
#define SERVICE_MESSAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "crypto/hash.h"
#include "evm/address.h"
#include "evm/u256.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The messages of /web3-wallet/1.0, as docs/protocol.md describes them: one stream a request, each message a
 * frame (unsigned varint length, then Protocol Buffers fields). Decoders take unknown fields, so that a
 * later version can add some; spans point into the message. */
#define SERVICE_PROTOCOL_ID "/web3-wallet/1.0"

enum service_type {
    SERVICE_STATUS = 1,
    SERVICE_RPC = 2,
    SERVICE_SEND_USER_OPERATION = 3,
    SERVICE_USER_OPERATION_STATUS = 4,
    SERVICE_SUBSCRIBE = 5,
    SERVICE_ACCOUNT_PROOF = 6,
    SERVICE_LC_BOOTSTRAP =
        7, /* the four messages of the consensus light client protocol: light.h */
    SERVICE_LC_UPDATES = 8,
    SERVICE_LC_FINALITY = 9,
    SERVICE_LC_OPTIMISTIC = 10,
    SERVICE_HEADERS = 11, /* these four: what a block that the client trusts proves: chain.h */
    SERVICE_CODE = 12,
    SERVICE_INCLUSION = 13,
    SERVICE_LOGS = 14,
    SERVICE_COSIGN_CREATE = 15, /* of a co-signer: cosign.h */
    SERVICE_COSIGN_SIGN = 16,
    SERVICE_COSIGN_REMOVE = 17,
    SERVICE_CAPSULE_NONCE = 18, /* of sealed vaults that a server keeps: keep.h */
    SERVICE_CAPSULE_PUT = 19,
    SERVICE_CAPSULE_GET = 20,
    SERVICE_CALL_WITNESS = 21, /* what a call reads, for whoever runs it himself: witness.h */
    SERVICE_SEND_TRANSACTION = 22,
};

enum {
    SERVICE_TYPES_MAX = 23,               /* numbers below this are types */
    SERVICE_REQUEST_LEN_MAX = 128 * 1024, /* bytes, of the longest type */
    SERVICE_RESPONSE_LEN_MAX = 4 << 20,
    SERVICE_TEXT_LEN_MAX = 256, /* bytes of a message to a person */
    SERVICE_METHOD_LEN_MAX = 64,
    SERVICE_ENTRY_POINTS_MAX = 4,
    SERVICE_RETRY_MS_MAX = 3600 * 1000,
    SERVICE_SLOTS_MAX = 32,   /* in one account proof */
    SERVICE_LIGHT_MAX = 16,   /* updates in one answer */
    SERVICE_KNOWN_MAX = 64,   /* hashes that an account proof's request names as known */
    SERVICE_BLOCKS_MAX = 256, /* in one chain of headers */
    SERVICE_FILTER_MAX = 16,  /* addresses in a filter of logs, and topics in one position */
    SERVICE_TOPICS_MAX = 4,   /* positions */
    SERVICE_WITNESS_ACCOUNTS_MAX = 15, /* in one witness: with the block, a batch of questions */
    SERVICE_TX_LEN_MAX = 60 * 1024,    /* bytes: its question to the node is twice as long */
    SERVICE_CODE_LEN_MAX = 256 * 1024, /* bytes: ten times what EIP-170 allows */
    SERVICE_PART_LEN_MAX = 512 * 1024, /* bytes of the body in one of several answers */
    SERVICE_BODY_LEN_MAX = 16 << 20,   /* bytes of all of them together */
};

/* What a type may cost. service_limits gives NULL for an unknown type. */
struct service_limits {
    size_t request_len_max;  /* bytes of the request message */
    size_t response_len_max; /* bytes of one response message */
    size_t body_len_max;     /* bytes of a body that may come in several; 0: it comes in one */
    uint32_t
        deadline_ms_max; /* from the last byte of the request; 0: it lasts until one side ends it */
    uint32_t
        units; /* of the peer's quota; rpc adds what its method costs, account_proof one for each 4 slots */
};
const struct service_limits *service_limits(enum service_type type);

enum service_topic {
    SERVICE_TOPIC_HEADS = 1,
};

struct service_request {
    enum service_type type;
    uint64_t chain_id;
    uint64_t id;          /* random, so that no two requests are alike */
    uint32_t deadline_ms; /* what the client will wait; 0: the type's most */
    uint32_t
        response_max; /* bytes that the client will take (in all, if the body may come in several); 0: the type's most */

    struct span method; /* RPC: "eth_getBalance" */
    struct span params; /* RPC: the text of a JSON array */

    struct address entry_point; /* SEND_USER_OPERATION */
    struct span userop;         /* SEND_USER_OPERATION: as userop_encode writes it */

    struct hash32 userop_hash; /* USER_OPERATION_STATUS */

    enum service_topic topic; /* SUBSCRIBE */

    struct hash32
        block_hash; /* ACCOUNT_PROOF, HEADERS, CODE, INCLUSION, LOGS, CALL_WITNESS: a block that the client trusts */
    struct address address; /* ACCOUNT_PROOF, CODE; CALL_WITNESS: who is called */
    struct span slots;      /* ACCOUNT_PROOF: 32 bytes each */
    struct span
        known; /* 32 bytes each: hashes of nodes, code and perhaps the block that need not be sent */

    struct hash32 root; /* LC_BOOTSTRAP: of a finalized block of the consensus chain */
    uint64_t period;    /* LC_UPDATES: of the first sync committee */
    uint64_t count;     /* LC_UPDATES: 1 to SERVICE_LIGHT_MAX */

    struct hash32 code_hash; /* CODE */
    uint64_t number;         /* HEADERS, INCLUSION, LOGS: of the block that block_hash names */
    uint64_t blocks; /* HEADERS, LOGS: that block and those before it, 1 to SERVICE_BLOCKS_MAX */
    struct hash32 tx_hash; /* INCLUSION */
    struct span addresses; /* LOGS: any of these, 20 bytes each; empty: any at all */
    struct span topics[SERVICE_TOPICS_MAX]; /* LOGS: the same, 32 bytes each, for each position */

    struct span data;    /* CALL_WITNESS: the call's */
    struct address from; /* CALL_WITNESS */
    struct u256 value;   /* CALL_WITNESS: wei */
    uint64_t gas;        /* CALL_WITNESS: 0: as much as the node gives */

    struct span transaction; /* SEND_TRANSACTION: as eth_sendRawTransaction takes it */

    struct span cosign;  /* COSIGN_*: what keyd reads */
    struct span capsule; /* CAPSULE_PUT, CAPSULE_GET: what the keeper reads */
};

/* service_request_encode appends the message (without its frame) to out. */
MUST_CHECK enum err service_request_encode(const struct service_request *r, struct buf *out);

/* service_request_decode: ERR_UNSUPPORTED: a type or topic that we do not know; ERR_MALFORMED; ERR_LIMIT: longer
 * than its type allows. */
MUST_CHECK enum err
service_request_decode(struct service_request *ret, struct span message, struct diag *why);

/* service_request_hash names a request; each answer carries it, so no answer passes for another's. */
void service_request_hash(struct hash32 *ret, struct span message);

/* How a request ended. */
enum service_code {
    SERVICE_OK = 0,
    SERVICE_BAD_REQUEST = 1, /* not understood: a bug of the client */
    SERVICE_UNSUPPORTED = 2, /* understood, not offered here */
    SERVICE_DENIED = 3,      /* against this server's rules, which the text names */
    SERVICE_NOT_FOUND = 4,
    SERVICE_TOO_LARGE = 5, /* the answer passes what the client takes */
    SERVICE_BUSY = 6,      /* the server has no room now: retry_after_ms */
    SERVICE_QUOTA = 7,     /* the client used its share: retry_after_ms */
    SERVICE_TIMEOUT = 8,   /* the deadline passed */
    SERVICE_UPSTREAM = 9,  /* the server's Ethereum node failed */
    SERVICE_STALE = 10,    /* the server's node is behind */
    SERVICE_INTERNAL = 11, /* the server failed */
};
enum { SERVICE_CODES_MAX = 12 };

/* Whose fault a failure is, so that a client scores its servers rightly. */
enum service_blame {
    SERVICE_BLAME_NOBODY,
    SERVICE_BLAME_CLIENT,
    SERVICE_BLAME_SERVER,
    SERVICE_BLAME_UPSTREAM, /* of the server all the same, seen from the client */
    SERVICE_BLAME_LOAD,     /* nobody's: come back later */
};
enum service_blame service_code_blame(enum service_code code);

/* service_code_name is a word such as "busy"; never NULL. */
const char *service_code_name(enum service_code code);

struct service_response {
    struct hash32 request_hash;
    enum service_code code;
    uint32_t retry_after_ms; /* with BUSY and QUOTA; else 0 */
    uint32_t units_left;     /* of the peer's quota */
    struct span text;        /* why, for a person; untrusted, UTF-8, at most SERVICE_TEXT_LEN_MAX */
    struct span body;        /* with OK: one of the bodies below, or a part of it */
    /* Of a body that comes in several answers: */
    bool is_part;
    uint64_t rest;         /* bytes of it that come after this part */
    struct hash32 running; /* service_part_hash */
};

/* service_part_hash carries the hash of a body in parts on: it starts with the request's hash and covers each part. */
void service_part_hash(struct hash32 *running, struct span part);

MUST_CHECK enum err service_response_encode(const struct service_response *r, struct buf *out);
MUST_CHECK enum err
service_response_decode(struct service_response *ret, struct span message, struct diag *why);

/* How far a server's bundling goes (ERC-4337). */
enum service_level {
    SERVICE_LEVEL_NONE = 0,       /* no user operations */
    SERVICE_LEVEL_OWN_ONLY = 1,   /* only its operator's */
    SERVICE_LEVEL_KNOWN_CODE = 2, /* accounts, verifiers and factories whose code it knows */
    SERVICE_LEVEL_FULL = 3,       /* any, traced */
};
/* service_level_name is "known-code" and so on; never NULL. */
const char *service_level_name(enum service_level level);

struct service_head {
    uint64_t number;
    struct hash32 hash;
    struct hash32 parent_hash;
    uint64_t time_s;              /* Unix time */
    struct u256 base_fee_per_gas; /* wei; zero if the chain has none */
};

/* Does a server keep keys as a co-signer, and how well? */
enum service_cosigning {
    SERVICE_COSIGNING_NONE = 0,
    SERVICE_COSIGNING_UNSEALED = 1, /* in a file */
    SERVICE_COSIGNING_SEALED = 2,   /* by its machine's TPM, as it says itself */
};

struct service_status {
    uint64_t chain_id;
    bool has_head; /* false: the server has not reached its node yet */
    struct service_head head;
    enum service_level level;
    struct address entry_points[SERVICE_ENTRY_POINTS_MAX];
    size_t entry_points_count;
    struct address bundler; /* zero if level is NONE */
    uint32_t units_max;     /* of a peer's quota */
    uint32_t units_per_s;   /* that come back */
    uint32_t load_percent;  /* of its places for requests, 0 to 100 */
    struct span agent;      /* "passmesh-server/0.1.0"; untrusted text */
    enum service_cosigning cosigning;
    bool keeps_capsules; /* it takes CAPSULE_* */
};

/* rpc: what the node said, result or error, as JSON text. */
struct service_rpc_result {
    bool is_error;
    struct span json; /* of one value; with is_error: {"code","message","data"} */
};

/* What has become of a user operation. */
enum service_userop_state {
    SERVICE_USEROP_CHECKING = 1, /* being checked and simulated */
    SERVICE_USEROP_ACCEPTED = 2, /* promised, not yet sent */
    SERVICE_USEROP_SENT = 3,     /* in a transaction that waits */
    SERVICE_USEROP_INCLUDED = 4, /* in a block: see success */
    SERVICE_USEROP_FINAL = 5,    /* in a block with enough behind it */
    SERVICE_USEROP_DROPPED = 6,  /* will not be sent any more: reason */
    SERVICE_USEROP_REPLACED = 7, /* by another of the same sender and nonce */
};

struct service_userop_status {
    struct hash32 hash;
    enum service_userop_state state;
    bool has_tx;
    struct hash32 tx_hash;
    uint64_t block_number;       /* with INCLUDED and FINAL, as the next three */
    bool success;                /* the account's call did not revert */
    struct u256 actual_gas_cost; /* wei that the account paid */
    struct u256 actual_gas_used;
    struct span reason; /* of DROPPED; untrusted text */
};

/* What the server's node said to a transaction. */
enum service_sent_state {
    SERVICE_SENT_TAKEN = 1,
    SERVICE_SENT_KNOWN = 2, /* it had it already */
    SERVICE_SENT_REFUSED = 3,
};

struct service_sent {
    struct hash32 hash; /* Keccak-256 of the transaction */
    enum service_sent_state state;
    struct span reason; /* of REFUSED; untrusted text */
};

MUST_CHECK enum err service_sent_encode(const struct service_sent *s, struct buf *out);
MUST_CHECK enum err service_sent_decode(struct service_sent *ret, struct span body);
MUST_CHECK enum err service_status_encode(const struct service_status *s, struct buf *out);
MUST_CHECK enum err service_status_decode(struct service_status *ret, struct span body);
MUST_CHECK enum err service_rpc_result_encode(const struct service_rpc_result *r, struct buf *out);
MUST_CHECK enum err service_rpc_result_decode(struct service_rpc_result *ret, struct span body);
MUST_CHECK enum err service_userop_status_encode(const struct service_userop_status *s,
                                                 struct buf *out);
MUST_CHECK enum err service_userop_status_decode(struct service_userop_status *ret,
                                                 struct span body);
MUST_CHECK enum err service_head_encode(const struct service_head *h, struct buf *out);
MUST_CHECK enum err service_head_decode(struct service_head *ret, struct span body);

#endif
