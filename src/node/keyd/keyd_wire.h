#ifndef NODE_KEYD_WIRE_H
#define NODE_KEYD_WIRE_H

#include "base/err.h"
#include "base/span.h"

#include <stddef.h>
#include <stdint.h>

/* What a client and keyd say to each other over a SOCK_SEQPACKET pair: one message is one request or one
 * reply, numbers are big-endian.
 *
 *     request = version 1 | op 1 | id 4 | body
 *     reply   = version 1 | op 1, its high bit set | id 4 | err 1 | body, empty unless err is OK
 *
 *     op               capability   request body                       reply body
 *     STATUS           any          -                                  see struct keyd_status
 *     LIST             any          -                                  key records
 *     CREATE           MANAGE       purpose 1                          key record
 *     SIGN_NOISE_KEY   IDENTITY     24 bytes prefix, 32 bytes key      signature 64
 *     SIGN_TLS_KEY     IDENTITY     21 bytes prefix, 91 bytes P-256 key   signature 64
 *     SIGN_ENVELOPE    IDENTITY     signed form of an envelope         signature 64
 *     SIGN_PUBSUB      IDENTITY     14 bytes prefix, message           signature 64
 *     SIGN_TRANSACTION BUNDLER      key id 4 | unsigned transaction    r 32 | s 32 | recovery id 1
 *     SIGN_WITHDRAWAL  WITHDRAW     the same                           the same
 *     COSIGN_CREATE    COSIGN       create                             address 20 | hash of the terms 32
 *     COSIGN_SIGN      COSIGN       sign                               r 32 | s 32 | recovery id 1
 *     COSIGN_REMOVE    COSIGN       remove                             -
 *       create, sign, remove: src/wallet/cosigner.h
 *
 *     VAULT_STATUS     VAULT        -                                  state 1 | wait in ms 4 | generation 8 | recipients | entries
 *     VAULT_CHANNEL    VAULT        -                                  public key 32, for the next request with a secret
 *     VAULT_ENROL      VAULT        -                                  verdict
 *     VAULT_CREATED    VAULT        text RP ID | text origin | text client data | text attestation object      verdict
 *     VAULT_ASSERTED   VAULT        assertion | sealed PRF output 80   verdict
 *     VAULT_UNLOCK     VAULT        text credential id | sealed PRF output 80    -
 *     VAULT_UNLOCK_PHRASE  VAULT    sealed phrase                      -
 *     VAULT_LOCK       VAULT        -                                  -
 *     VAULT_RECOVERY   VAULT        public key 32 of who shows it      sealed phrase
 *     VAULT_REMOVE     VAULT        text credential id                 -
 *     VAULT_DRAW       VAULT        words 1: 12 or 24                  entry 4
 *     VAULT_IMPORT     VAULT        kind 1 | sealed secret             entry 4
 *     VAULT_ADDRESS    VAULT        entry 4 | text path                address 20
 *     VAULT_PREPARE    VAULT        kind 1 | entry 4 | text path | payload     challenge 32 | hash 32 | address 20 | reading
 *     VAULT_SIGN       VAULT        text credential id | assertion     r 32 | s 32 | recovery id 1
 *     VAULT_EXPORT     VAULT        text credential id | assertion | sealed password or nothing    kind 1 | sealed secret
 *     VAULT_APPROVE    VAULT        text credential id | assertion     -
 *     VAULT_CAPSULE    VAULT        part 1, 0 to 7                     1,024 bytes
 *     VAULT_RESTORE    VAULT        capsule                            -
 *     VAULT_BACKUP_KEY VAULT        salt 32                            key 32 of one backup file; the vault is open
 *     VAULT_PASSKEY    VAULT        text credential id                 x 32 | y 32 | may be backed up 1 | text origin; the vault is open
 *
 *     text = length 2 | bytes        assertion = text client data | text authenticator data | text signature
 *     verdict = refusal 1 (enum vault_refusal) | done 1 | challenge 32 | PRF input 32
 *     recipients = count 1, each: kind 1 | text credential id | text RP ID | PRF input 32;  entries = count 1, each: kind 1 | entry 4
 *     path: as text, empty for a single key
 *     secret, when imported: a phrase (kind 1), a key of 32 bytes (2), or text password | text key file (3)
 *     secret, when exported: to the receiver of PREPARE; a phrase (kind 1), a key (2), or a key file under the password (3)
 *     reading = kind 1, then of
 *       a transaction (1): type 1 | chain 8 | nonce 8 | gas 8 | max fee 32 | priority fee 32 | has receiver 1 | receiver 20 | value 32 |
 *         length of data 4 | is a token transfer 1 | its receiver 20 | its amount 32
 *       a message (2): length 4 | is text 1
 *       typed data (3): text primary type | text domain name | has chain 1 | chain 8 | has contract 1 | contract 20
 *       an export (4), a change (5): nothing
 *     A change of an open vault needs a passkey's assertion over it: PREPARE of kind 5, entry 0, no path, with the op's byte and its body
 *     as payload; then APPROVE; then the op itself. So with ENROL, RECOVERY and REMOVE.
 *     sealed: src/wallet/vault_channel.h, to the key of the last VAULT_CHANNEL, which it uses up; the use is the op's byte
 *
 *     key record = id 4 | purpose 1 | public key length 1 | public key
 */

#define KEYD_VERSION 1
/* bytes: a transaction of 128 KiB, which is what nodes take, and its head */
#define KEYD_REQUEST_MAX ((size_t)130 * 1024)
#define KEYD_REPLY_MAX   4096

#define KEYD_CAPSULE_PART ((size_t)1024) /* bytes of a reply to VAULT_CAPSULE */

enum keyd_op {
    KEYD_STATUS = 1,
    KEYD_LIST = 2,
    KEYD_CREATE = 3,
    KEYD_SIGN_NOISE_KEY = 4,
    KEYD_SIGN_ENVELOPE = 5,
    KEYD_SIGN_TRANSACTION = 6,
    KEYD_SIGN_TLS_KEY = 7,
    KEYD_SIGN_PUBSUB = 8,
    KEYD_SIGN_WITHDRAWAL = 9,
    KEYD_COSIGN_CREATE = 10,
    KEYD_COSIGN_SIGN = 11,
    KEYD_COSIGN_REMOVE = 12,
    KEYD_VAULT_STATUS = 16,
    KEYD_VAULT_CHANNEL = 17,
    KEYD_VAULT_ENROL = 18,
    KEYD_VAULT_CREATED = 19,
    KEYD_VAULT_ASSERTED = 20,
    KEYD_VAULT_UNLOCK = 21,
    KEYD_VAULT_UNLOCK_PHRASE = 22,
    KEYD_VAULT_LOCK = 23,
    KEYD_VAULT_RECOVERY = 24,
    KEYD_VAULT_REMOVE = 25,
    KEYD_VAULT_DRAW = 26,
    KEYD_VAULT_IMPORT = 27,
    KEYD_VAULT_ADDRESS = 28,
    KEYD_VAULT_PREPARE = 29,
    KEYD_VAULT_SIGN = 30,
    KEYD_VAULT_CAPSULE = 31,
    KEYD_VAULT_RESTORE = 32,
    KEYD_VAULT_EXPORT = 33,
    KEYD_VAULT_APPROVE = 34,
    KEYD_VAULT_BACKUP_KEY = 35,
    KEYD_VAULT_PASSKEY = 36
};
#define KEYD_REPLY_BIT 0x80

/* What a client may ask for: a mask, given to each descriptor when keyd starts. */
enum keyd_capability {
    KEYD_MAY_IDENTITY = 1, /* sign as the node */
    KEYD_MAY_BUNDLER = 2,  /* sign the bundler's transactions */
    KEYD_MAY_MANAGE = 4,   /* create keys */
    KEYD_MAY_VAULT = 8,    /* ask for the person's vault; what it signs needs a passkey each time */
    KEYD_MAY_WITHDRAW = 16, /* move the bundler's ether: never given to a server that serves */
    KEYD_MAY_COSIGN = 32    /* have co-signers made and used; each use needs the person's passkey */
};

/* What a key is for. A key signs for its purpose and nothing else. */
enum keyd_purpose {
    KEYD_IDENTITY = 1, /* Ed25519, one in each store */
    KEYD_BUNDLER = 2   /* secp256k1 */
};

/* The public half: Ed25519 32 bytes; secp256k1 x and y, 64 bytes. */
struct keyd_key {
    uint32_t id; /* never given twice in one store */
    enum keyd_purpose purpose;
    uint8_t public_len;
    uint8_t public_bytes[64];
};

#define KEYD_KEYS_MAX      32
#define KEYD_COSIGNERS_MAX 24 /* their records fill the better part of a store's 64 KiB */

/* How well the keys are protected: what keyd really got when it started. */
enum keyd_protection {
    KEYD_NO_DUMP = 1,
    KEYD_NO_NEW_PRIVS = 2,
    KEYD_LIMITS = 4,
    KEYD_SECCOMP = 8,
    KEYD_LANDLOCK = 16,
    KEYD_LOCKED_MEMORY = 32,
    KEYD_KEY_IN_HARDWARE = 64 /* the store's key is not a mere file beside it */
};

struct keyd_status {
    uint32_t capabilities; /* of the asking client */
    uint32_t protections;  /* mask of enum keyd_protection */
    uint8_t landlock_abi;
    uint16_t keys_count;
    uint64_t signed_count; /* since keyd started */
    uint64_t denied_count;
};
#define KEYD_STATUS_LEN 27

#endif
