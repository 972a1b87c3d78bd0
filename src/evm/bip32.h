#ifndef EVM_BIP32_H
#define EVM_BIP32_H

#include "base/err.h"
#include "base/secret.h"
#include "base/span.h"
#include "crypto/secp256k1.h"

#include <stdint.h>

/* Hierarchical keys, BIP-32, and the paths by which wallets find the accounts of a phrase (BIP-44). */

#define BIP32_HARDENED ((uint32_t)1 << 31)
enum {
    BIP32_SEED_MIN = 16,
    BIP32_SEED_MAX = 64,
    BIP32_PATH_MAX = 10,       /* steps */
    BIP32_PATH_TEXT_MAX = 128, /* with its NUL */
    BIP32_TEXT_MAX = 113,      /* of an extended key, with its NUL */
};

/* Where a key stands in the tree. */
struct bip32_place {
    uint8_t depth;
    uint8_t parent_fingerprint[4];
    uint32_t index;
};

/* A private key that can have children; a secret, wiped by bip32_key_wipe. */
struct bip32_key {
    struct secret32 secret;
    struct secret32 chain_code;
    struct bip32_place place;
};
void bip32_key_wipe(struct bip32_key *key);

/* A public key that can have children that are not hardened. Whoever has it and one such child's secret
 * has the parent's: hand it out as carefully as a secret. */
struct bip32_public {
    struct secp256k1_public key;
    struct secret32 chain_code;
    struct bip32_place place;
};

/* bip32_master: ERR_LIMIT if seed has not BIP32_SEED_MIN to BIP32_SEED_MAX bytes. ERR_MALFORMED: this seed has no key (one
 * in 2^127). */
MUST_CHECK enum err bip32_master(struct bip32_key *ret, struct span seed);

/* bip32_derive makes a child; index has BIP32_HARDENED or not; ret may be parent. ERR_LIMIT: parent is 255 deep already.
 * ERR_MALFORMED: this index has no key (one in 2^127): take the next. */
MUST_CHECK enum err
bip32_derive(struct bip32_key *ret, const struct bip32_key *parent, uint32_t index);

/* bip32_public gives the public half; bip32_public_derive its child. ERR_DENIED: index is hardened. */
MUST_CHECK enum err bip32_public_of(struct bip32_public *ret, const struct bip32_key *key);
MUST_CHECK enum err
bip32_public_derive(struct bip32_public *ret, const struct bip32_public *parent, uint32_t index);

/* The text forms, xprv... and xpub..., NUL-terminated. Writing and reading a private one takes time that depends on it: for
 * import and export by the person's own hand. bip32_print: ERR_MALFORMED if the secret is out of range. The others: ERR_MALFORMED: not such a text, a key out of range, a master with a
 * parent, or a wrong checksum. */
MUST_CHECK enum err bip32_print(char ret[static BIP32_TEXT_MAX], const struct bip32_key *key);
void bip32_public_print(char ret[static BIP32_TEXT_MAX], const struct bip32_public *key);
MUST_CHECK enum err bip32_parse(struct bip32_key *ret, struct span text);
MUST_CHECK enum err bip32_public_parse(struct bip32_public *ret, struct span text);

struct bip32_path {
    uint32_t steps[BIP32_PATH_MAX];
    size_t count;
};

/* bip32_path_parse reads "m/44'/60'/0'/0/0"; a hardened step ends in ', h or H. ERR_MALFORMED. ERR_LIMIT: more than
 * BIP32_PATH_MAX steps. bip32_path_print writes it back with '. */
MUST_CHECK enum err bip32_path_parse(struct bip32_path *ret, struct span text);
void bip32_path_print(char ret[static BIP32_PATH_TEXT_MAX], const struct bip32_path *path);

/* bip32_derive_path goes down from the master of seed. Errors of bip32_master and bip32_derive. */
MUST_CHECK enum err
bip32_derive_path(struct bip32_key *ret, struct span seed, const struct bip32_path *path);

/* The ways in which wallets number Ethereum accounts. */
enum bip44_style {
    BIP44_ADDRESS, /* m/44'/60'/0'/0/i   most wallets */
    BIP44_ACCOUNT, /* m/44'/60'/i'/0/0   Ledger Live */
    BIP44_LEGACY,  /* m/44'/60'/0'/i     older Ledger and MyEtherWallet accounts */
    BIP44_STYLE_COUNT
};

/* bip44_path gives account i, below 2^31, else ERR_LIMIT. */
MUST_CHECK enum err bip44_path(struct bip32_path *ret, enum bip44_style style, uint32_t i);

#endif
