#ifndef SERVICE_DESCRIPTOR_H
#define SERVICE_DESCRIPTOR_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a server says of itself to peers that it never met: docs/protocol.md, "Descriptors". It travels in a signed envelope
 * (p2p/envelope.h) of DESCRIPTOR_DOMAIN and DESCRIPTOR_TYPE; here is what the envelope holds:
 *
 *     protobuf { 1 peer id, 2 sequence, 3 issued, 4 expires (Unix s), 5 address, repeated,
 *                6 chain { 1 id, 2 services, 3 level }, repeated, 7 operator }
 *
 * All of it is the server's own word. It says whom to try, never whom to trust. */

#define DESCRIPTOR_DOMAIN "web3-wallet-server-descriptor"
#define DESCRIPTOR_TYPE   "/web3-wallet/server-descriptor"
#define DESCRIPTOR_TOPIC  "web3-wallet/servers/1"

enum {
    DESCRIPTOR_SEALED_LEN_MAX = 1024, /* bytes of the whole envelope */
    DESCRIPTOR_PEER_LEN_MAX = 44,     /* of a peer id */
    DESCRIPTOR_ADDRS_MAX = 8,
    DESCRIPTOR_ADDR_LEN_MAX = 128, /* bytes of a multiaddr */
    DESCRIPTOR_CHAINS_MAX = 8,
    DESCRIPTOR_OPERATOR_LEN_MAX = 64,
    DESCRIPTOR_VALID_S_MAX = 86400, /* from issued to expires */
    DESCRIPTOR_CLOCK_S_MAX = 600,   /* so far may the clocks of two nodes be apart */
};

/* What is served of a chain: bits. */
enum descriptor_service {
    DESCRIPTOR_PROOFS = 1,    /* proofs of accounts, and what a block proves */
    DESCRIPTOR_LIGHT = 2,     /* data for light clients of the consensus chain */
    DESCRIPTOR_BUNDLER = 4,   /* user operations; the level says which */
    DESCRIPTOR_COSIGNER = 8,  /* keys of a co-signer */
    DESCRIPTOR_CAPSULES = 16, /* wallets' sealed vaults */
};

struct descriptor_chain {
    uint64_t id;       /* not 0 */
    uint32_t services; /* bits; those that are not known are kept */
    uint32_t level;    /* of bundling, as in a status: a hint */
};

/* Spans into what was decoded, or into what is to be encoded. */
struct descriptor {
    struct span peer; /* multihash; not looked into */
    uint64_t seq;     /* rises with each that the server issues */
    uint64_t issued_s;
    uint64_t expires_s;
    size_t addrs_count; /* at least 1 */
    struct span addrs[DESCRIPTOR_ADDRS_MAX];
    size_t chains_count; /* at least 1, no id twice */
    struct descriptor_chain chains[DESCRIPTOR_CHAINS_MAX];
    struct span operator_name; /* printable ASCII; empty: unsaid */
};

/* descriptor_operator_is_good: others may be shown that name: printable ASCII, not too long. */
bool descriptor_operator_is_good(struct span name);

/* descriptor_decode: ERR_MALFORMED: not of that form, or a figure out of its bounds; ERR_LIMIT: too many of something.
 * Proves nothing, and looks at no clock. */
MUST_CHECK enum err descriptor_decode(struct descriptor *ret, struct span payload);

/* descriptor_encode writes it. The errors of descriptor_decode, for one that nobody would take, stick to w. */
void descriptor_encode(struct wr *w, const struct descriptor *d);

/* descriptor_serves gives what it says of one chain; NULL: nothing. */
const struct descriptor_chain *descriptor_serves(const struct descriptor *d, uint64_t chain_id);

/* ---- asking a server which others it knows: DIRECTORY_PROTOCOL ----
 *
 * A stream is one question and one answer, each a protobuf message behind its length as an unsigned varint:
 *
 *     question { 1 chain id }            answer { 1 sealed descriptor, repeated } */

#define DIRECTORY_PROTOCOL "/web3-wallet/directory/1.0"

enum {
    DIRECTORY_QUESTION_LEN_MAX = 32, /* bytes of the message */
    DIRECTORY_ANSWER_MAX = 16,       /* descriptors */
    DIRECTORY_ANSWER_LEN_MAX = DIRECTORY_ANSWER_MAX * (DESCRIPTOR_SEALED_LEN_MAX + 4),
};

/* directory_question_parse: ERR_MALFORMED: no chain. directory_question_write writes length and message. */
MUST_CHECK enum err directory_question_parse(uint64_t *ret_chain, struct span message);
void directory_question_write(struct wr *w, uint64_t chain);

/* directory_answer_parse gives the sealed descriptors, unread, as spans into message. ERR_LIMIT: more or longer ones than were
 * asked for; ERR_MALFORMED. directory_answer_write writes length and message. */
struct directory_answer {
    size_t count;
    struct span sealed[DIRECTORY_ANSWER_MAX];
};
MUST_CHECK enum err directory_answer_parse(struct directory_answer *ret, struct span message);
void directory_answer_write(struct wr *w, const struct directory_answer *a);

#endif
