#ifndef WALLET_ACCOUNT_H
#define WALLET_ACCOUNT_H

#include "base/buf.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "evm/account_session.h"
#include "evm/account_setting.h"
#include "evm/address.h"
#include "evm/owner_change.h"
#include "wallet/cosigner.h"
#include "wallet/figure.h"
#include "wallet/guardian_record.h"
#include "wallet/text.h"

/* An account of the person as the store keeps it: a smart account with the passkeys that own it; an ordinary account, whose key keyd holds
 * in the vault; an address that is only watched. */
enum {
    ACCOUNT_COUNT_MAX = 32,
    OWNER_COUNT_MAX = 16,
    ACCOUNT_CHANGE_COUNT_MAX = 4,  /* that wait, on all chains together */
    ACCOUNT_SETTING_COUNT_MAX = 8, /* the same of settings */
    ACCOUNT_SESSION_COUNT_MAX =
        6, /* session keys, on all chains together: one proof holds their slots */
    ACCOUNT_KEPT_COUNT_MAX = 16, /* changes of the owner list, kept for chains that lack them */
    ACCOUNT_CHAIN_COUNT_MAX = 16,
    KEPT_SIGNATURES_LEN_MAX =
        2816,                  /* four of a passkey, each with its owner; one takes about 700 */
    CREDENTIAL_LEN_MAX = 1023, /* WebAuthn Level 3 §"credential id": at most 1023 bytes */
    ORIGIN_LEN_MAX = 255,
    ACCOUNT_SERVER_LEN_MAX = 64, /* of a peer id as text */
    ACCOUNT_PATH_LEN_MAX = 40,   /* of a derivation path as text, such as "m/44'/60'/0'/0/0" */
};

enum owner_kind {
    OWNER_PASSKEY,
    OWNER_SECURITY_KEY,
    OWNER_TPM,
    OWNER_TEST_KEY,
    OWNER_COSIGNER, /* no passkey: an ordinary key that a server's keyd keeps (wallet/cosigner.h) */
};

const char *owner_kind_name(enum owner_kind kind);

/* How an authenticator can be reached, one bit each (WebAuthn Level 3 §"AuthenticatorTransport"). */
enum transport {
    TRANSPORT_USB = 1 << 0,
    TRANSPORT_NFC = 1 << 1,
    TRANSPORT_BLE = 1 << 2,
    TRANSPORT_SMART_CARD = 1 << 3,
    TRANSPORT_HYBRID = 1 << 4,
    TRANSPORT_INTERNAL = 1 << 5,
};
enum { TRANSPORT_COUNT = 6 };

/* transport_name names bit 1 << i. */
const char *transport_name(size_t i);

/* transport_parse gives the bit of a name, or 0 for one that we do not know. */
unsigned transport_parse(struct span name);

/* Where an owner stands, on the chain that was read last. */
enum owner_standing {
    OWNER_NEW,    /* its passkey was made, and no chain knows it yet */
    OWNER_ACTIVE, /* it may sign */
    OWNER_GONE,   /* it was removed */
};

struct owner {
    struct id id;
    struct name name;
    enum owner_kind kind;
    char rp_id[ORIGIN_LEN_MAX + 1];
    char origin[ORIGIN_LEN_MAX + 1]; /* the verifier on chain requires it */
    uint8_t public_key[64]; /* qx then qy, on P-256; of a co-signer: its address, then zeros */
    uint8_t credential[CREDENTIAL_LEN_MAX];
    uint16_t credential_len;
    uint8_t transports;
    bool is_synced;      /* the authenticator may copy it to other devices (flag BE) */
    uint32_t sign_count; /* of its last use; 0: it does not count */
    uint64_t created_ms;
    uint64_t last_used_ms; /* 0: never */
    uint64_t tested_ms;    /* 0: never */
    bool is_added;         /* after the account was made: its address does not depend on this one */
    enum owner_standing standing;
};

/* The removal of an owner, or another threshold, that was signed here: what carrying it out, or a veto, needs
 * (evm/owner_change.h). */
struct account_change {
    struct id network;
    struct hash32 id;
    struct id owner; /* unset: another threshold */
    uint64_t sequence;
    uint8_t previous[32];
    uint64_t attempt;
    uint64_t threshold;
};

/* A setting of version 2 that was scheduled: what carrying it out, or a veto, needs. */
struct known_setting {
    struct id network;
    struct hash32 id;
    uint64_t attempt;
    uint8_t head[32]; /* the owner list for which it holds */
    struct account_setting setting;
};

/* The co-signer that a server made for an account, which has it as an owner from the moment on that a chain says so. */
struct account_cosigner {
    struct id owner;                         /* of the account's owners; unset: there is none */
    char server[ACCOUNT_SERVER_LEN_MAX + 1]; /* its peer id */
    struct address address;
    struct cosigner_terms terms;
};

/* A session key that was signed here: the contract has no list of them. */
struct known_session {
    struct id network;
    bool is_seen; /* it was read on the chain: if it is not there, it has ended */
    struct account_session session;
};

/* A step of the owner list that was signed here, or found waiting, with the owners' signatures over its id: the same on every chain, so that it
 * can be carried to those that lack it (wallet/owner_chains.h). */
struct kept_change {
    struct hash32 id;
    uint64_t sequence;
    uint8_t previous[32];
    uint64_t attempt;
    uint64_t threshold;
    struct smart_owner added; /* len 0: nobody; as the next */
    struct smart_owner removed;
    size_t signatures_len;
    uint8_t
        signatures[KEPT_SIGNATURES_LEN_MAX]; /* for each: length (1) owner, length (2) signature */
};

/* What was read last of the owner list on one chain. */
struct owner_chain {
    struct id network;
    struct figure said; /* of no value: when that was read, and how far it can be trusted */
    bool is_there;      /* the account stands on that chain */
    uint64_t sequence;
    uint8_t head[32];
    uint64_t threshold;
    size_t owner_count;
    struct id owners[OWNER_COUNT_MAX]; /* of the account's owners, those that may sign there */
    uint64_t unknown_count;            /* owners there that this wallet does not know */
    struct hash32 pending;             /* a kept change that waits there, or was vetoed */
    uint64_t ready_at;                 /* of it, Unix time; 0: none; 1: vetoed */
};

enum account_kind {
    ACCOUNT_PASSKEY,
    ACCOUNT_WATCH,
    ACCOUNT_PHRASE, /* ordinary: derived from a phrase in the vault */
    ACCOUNT_KEY,    /* ordinary: a single key in the vault */
    ACCOUNT_KIND_COUNT
};

const char *account_kind_name(enum account_kind kind);

struct account {
    struct id id;
    struct name name;
    enum account_kind kind;
    struct address address;
    uint32_t threshold;      /* with which it is made: the address depends on it */
    uint32_t threshold_read; /* what a chain said last; 0: none has */
    uint8_t salt[32];
    uint64_t created_ms;
    uint32_t entry;                      /* of an ordinary account: its number in the vault */
    char path[ACCOUNT_PATH_LEN_MAX + 1]; /* of ACCOUNT_PHRASE; else "" */
    size_t owner_count;
    struct owner owners[OWNER_COUNT_MAX]; /* in the order of their making */
    size_t change_count;
    struct account_change changes[ACCOUNT_CHANGE_COUNT_MAX];
    size_t setting_count;
    struct known_setting settings[ACCOUNT_SETTING_COUNT_MAX];
    struct account_cosigner cosigner;
    size_t session_count;
    struct known_session sessions[ACCOUNT_SESSION_COUNT_MAX];
    size_t kept_count;
    struct kept_change kept[ACCOUNT_KEPT_COUNT_MAX]; /* in the order in which they were signed */
    size_t chain_count;
    struct owner_chain chains[ACCOUNT_CHAIN_COUNT_MAX];
    size_t guardian_name_count;
    struct guardian_name guardian_names[GUARDIAN_NAME_COUNT_MAX]; /* the newest last */
    size_t guardian_way_count;
    struct guardian_way guardian_ways[GUARDIAN_WAY_COUNT_MAX]; /* one for each network */
};

/* account_is_ordinary: it signs transactions, with a key of the vault. */
bool account_is_ordinary(const struct account *a);

/* account_encode appends the record; account_decode refuses what it cannot hold: ERR_MALFORMED, ERR_LIMIT. */
MUST_CHECK enum err account_encode(struct buf *out, const struct account *a);
MUST_CHECK enum err account_decode(struct account *ret, struct span record);

/* account_write_chains and account_read_chains are the fields 16 (a kept change) and 17 (a chain) of the record (account_chains.c).
 * Errors as above. */
struct wr;
struct protobuf_field;
MUST_CHECK enum err account_write_chains(struct wr *w, const struct account *a);
MUST_CHECK enum err account_read_chains(struct account *a, const struct protobuf_field *f);

/* account_owner finds an owner by credential id; NULL if there is none. */
struct owner *account_owner(struct account *a, struct span credential);

#endif
