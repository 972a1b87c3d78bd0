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
 *
 *     key record = id 4 | purpose 1 | public key length 1 | public key
 */

#define KEYD_VERSION 1
/* bytes: a transaction of 128 KiB, which is what nodes take, and its head */
#define KEYD_REQUEST_MAX ((size_t)130 * 1024)
#define KEYD_REPLY_MAX   4096

enum keyd_op {
    KEYD_STATUS = 1,
    KEYD_LIST = 2,
    KEYD_CREATE = 3,
    KEYD_SIGN_NOISE_KEY = 4,
    KEYD_SIGN_ENVELOPE = 5,
    KEYD_SIGN_TRANSACTION = 6,
    KEYD_SIGN_TLS_KEY = 7,
    KEYD_SIGN_PUBSUB = 8
};
#define KEYD_REPLY_BIT 0x80

/* What a client may ask for: a mask, given to each descriptor when keyd starts. */
enum keyd_capability {
    KEYD_MAY_IDENTITY = 1, /* sign as the node */
    KEYD_MAY_BUNDLER = 2,  /* sign the bundler's transactions */
    KEYD_MAY_MANAGE = 4    /* create keys */
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

#define KEYD_KEYS_MAX 32

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
