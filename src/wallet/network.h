#ifndef WALLET_NETWORK_H
#define WALLET_NETWORK_H

#include "base/err.h"
#include "base/span.h"
#include "beacon/chain_spec.h"
#include "evm/address.h"
#include "wallet/text.h"

/* A chain that the wallet knows, as a file networks/NAME.ini says it. The files of the release are built into
 * the program, so that they are signed with it; only networks of kind local may come from outside. */
enum network_kind { NETWORK_LOCAL, NETWORK_TEST, NETWORK_MAIN };

enum {
    NETWORK_COUNT_MAX = 64,
    NETWORK_TOKEN_COUNT_MAX = 64,
    NETWORK_BOOTSTRAP_COUNT_MAX = 16,
    NETWORK_BOOTSTRAP_LEN_MAX = 255,
    SYMBOL_LEN_MAX = 32,
    URL_LEN_MAX = 255,
};

struct token {
    struct address address;
    char symbol[SYMBOL_LEN_MAX + 1];
    struct name name;
    uint8_t decimals; /* 0 to 77 */
    bool has_balance_slot;
    uint8_t balance_slot;  /* of the mapping from address to balance in the contract's storage */
    uint16_t balance_bits; /* of a value that are the balance, the low ones; 0: all */
};

/* A finalized block of a consensus chain that is trusted. */
struct network_checkpoint {
    struct hash32 root;
    uint64_t epoch; /* that it is the checkpoint of; 0 = not known */
};

struct network {
    struct id id;
    struct name name;
    uint64_t chain_id;
    enum network_kind kind;
    char symbol[SYMBOL_LEN_MAX + 1]; /* of the native asset, 18 decimals */
    struct name native_name;
    uint32_t block_time_ms; /* usual time between blocks */
    uint32_t final_after;   /* blocks on top until a block counts as final */
    struct address entry_point;
    struct address factory;
    struct address verifier;
    uint8_t factory_code_hash[32]; /* keccak-256 of what must stand there */
    uint8_t verifier_code_hash[32];
    struct address implementation;   /* of an account of version 1 */
    struct address implementation_2; /* of one of version 2, which also needs guardians_2 */
    struct address guardians_2;
    bool has_version_2; /* the hashes below are known of this chain */
    uint8_t implementation_2_code_hash[32];
    uint8_t guardians_2_code_hash[32];
    bool has_p256;                /* P256VERIFY (EIP-7951) is expected there; probed all the same */
    char faucet[URL_LEN_MAX + 1]; /* "" = none; only kind local may have one */
    bool has_checkpoint;
    struct network_checkpoint checkpoint; /* of the light client */
    char anchor[URL_LEN_MAX +
                1]; /* the header source: a node whose word names trusted blocks; "" = none */
    bool has_beacon;
    struct chain_spec beacon; /* its consensus chain; a light client needs a checkpoint beside it */
    uint8_t bootstrap_count;
    uint8_t token_count;
    char bootstrap[NETWORK_BOOTSTRAP_COUNT_MAX]
                  [NETWORK_BOOTSTRAP_LEN_MAX + 1]; /* multiaddrs with /p2p */
    struct token tokens[NETWORK_TOKEN_COUNT_MAX];
};

/* network_parse reads one file. Every key that a [network] needs must be there, none may be unknown:
 * ERR_MALFORMED with the rule and the line; ERR_LIMIT for too many tokens or peers; ERR_DENIED for a faucet on
 * a network that is not local. */
MUST_CHECK enum err network_parse(struct network *ret, struct span ini, struct diag *diag);

/* network_checkpoint_parse takes "0xROOT" or "0xROOT:EPOCH" (consensus specs, phase0/weak-subjectivity.md). ERR_MALFORMED. */
MUST_CHECK enum err network_checkpoint_parse(struct network_checkpoint *ret, struct span text);

/* network_beacon_key reads one key of [beacon] (network_beacon.c); network_beacon_check looks whether all is there. */
struct ini_entry;
MUST_CHECK enum err
network_beacon_key(struct network *n, const struct ini_entry *e, struct diag *diag);
MUST_CHECK enum err network_beacon_check(const struct network *n, struct diag *diag);

const char *network_kind_name(enum network_kind kind);

/* network_token gives NULL if the address is not in the list. */
const struct token *network_token(const struct network *n, struct address token);

#endif
