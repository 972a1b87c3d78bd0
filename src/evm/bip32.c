/* Hierarchical keys. */
#include "evm/bip32.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "codec/base58.h"
#include "codec/decimal.h"
#include "crypto/hash.h"
#include "crypto/ripemd160.h"

#include <string.h>

enum {
    EXTENDED_LEN = 78,
    CHECKSUM_LEN = 4,
    VERSION_PRIVATE = 0x0488ade4,
    VERSION_PUBLIC = 0x0488b21e
};

void bip32_key_wipe(struct bip32_key *key)
{
    wipe(mspan_of(key, sizeof *key));
}

enum err bip32_master(struct bip32_key *ret, struct span seed)
{
    if (seed.n < BIP32_SEED_MIN || seed.n > BIP32_SEED_MAX) {
        return ERR_LIMIT;
    }
    /* SPEC bips/BIP-32 §"Master key generation": HMAC-SHA512 under "Bitcoin seed": the left half is the key, the right the
     * chain code. */
    AUTO(secret64_wipe) struct secret64 mac;
    AUTO(bip32_key_wipe) struct bip32_key key = {.place = {0}};
    struct secp256k1_public in_range;
    hmac_sha512(&mac, SPAN_LIT("Bitcoin seed"), &seed, 1);
    memcpy(key.secret.bytes, mac.bytes, 32);
    memcpy(key.chain_code.bytes, mac.bytes + 32, 32);
    TRY(secp256k1_public_init(&in_range, &key.secret));
    *ret = key;
    return OK;
}

static enum err fingerprint_of(uint8_t ret[static 4], const struct secp256k1_public *key)
{
    uint8_t compressed[33];
    struct hash32 hash;
    uint8_t id[RIPEMD160_LEN];
    secp256k1_public_compress(compressed, key);
    sha256(&hash, SPAN_OF(compressed));
    TRY(ripemd160(id, SPAN_OF(hash.bytes)));
    memcpy(ret, id, 4);
    return OK;
}

static enum err place_below(struct bip32_place *ret,
                            const struct bip32_place *parent,
                            const struct secp256k1_public *parent_key,
                            uint32_t index)
{
    if (parent->depth == UINT8_MAX) {
        return ERR_LIMIT;
    }
    ret->depth = (uint8_t)(parent->depth + 1);
    ret->index = index;
    return fingerprint_of(ret->parent_fingerprint, parent_key);
}

/* The HMAC of a child: data is 33 bytes of a key, then the index. */
static void
child_mac(struct secret64 *ret, const struct secret32 *chain_code, struct span data, uint32_t index)
{
    uint8_t number[4];
    struct wr w = wr_init(MSPAN_OF(number));
    wr_be32(&w, index);
    const struct span parts[] = {data, SPAN_OF(number)};
    hmac_sha512(ret, SPAN_OF(chain_code->bytes), parts, 2);
}

enum err bip32_derive(struct bip32_key *ret, const struct bip32_key *parent, uint32_t index)
{
    AUTO(secret64_wipe) struct secret64 mac;
    AUTO(bip32_key_wipe) struct bip32_key child = {.place = {0}};
    struct secp256k1_public public_key;
    struct {
        uint8_t bytes[33];
    } data = {{0}};
    TRY(secp256k1_public_init(&public_key, &parent->secret));
    TRY(place_below(&child.place, &parent->place, &public_key, index));
    /* SPEC bips/BIP-32 §"Private parent key → private child key": a hardened child comes from the parent's secret behind a zero
     * byte, another from its compressed public key. */
    if ((index & BIP32_HARDENED) != 0) {
        memcpy(data.bytes + 1, parent->secret.bytes, 32);
    } else {
        secp256k1_public_compress(data.bytes, &public_key);
    }
    child_mac(&mac, &parent->chain_code, SPAN_OF(data.bytes), index);
    wipe(MSPAN_OF(data.bytes));
    AUTO(secret32_wipe) struct secret32 tweak;
    memcpy(tweak.bytes, mac.bytes, 32);
    memcpy(child.chain_code.bytes, mac.bytes + 32, 32);
    memcpy(child.secret.bytes, parent->secret.bytes, 32);
    TRY(secp256k1_secret_add(&child.secret, &tweak));
    *ret = child;
    return OK;
}

enum err bip32_public_of(struct bip32_public *ret, const struct bip32_key *key)
{
    struct bip32_public out = {.place = key->place};
    TRY(secp256k1_public_init(&out.key, &key->secret));
    memcpy(out.chain_code.bytes, key->chain_code.bytes, 32);
    *ret = out;
    return OK;
}

enum err
bip32_public_derive(struct bip32_public *ret, const struct bip32_public *parent, uint32_t index)
{
    if ((index & BIP32_HARDENED) != 0) {
        return ERR_DENIED;
    }
    AUTO(secret64_wipe) struct secret64 mac;
    AUTO(secret32_wipe) struct secret32 tweak;
    struct bip32_public child = {.key = parent->key};
    uint8_t compressed[33];
    TRY(place_below(&child.place, &parent->place, &parent->key, index));
    secp256k1_public_compress(compressed, &parent->key);
    child_mac(&mac, &parent->chain_code, SPAN_OF(compressed), index);
    memcpy(tweak.bytes, mac.bytes, 32);
    memcpy(child.chain_code.bytes, mac.bytes + 32, 32);
    TRY(secp256k1_public_add(&child.key, &tweak));
    *ret = child;
    return OK;
}

/* An extended key's 78 bytes and their checksum. */
struct extended {
    uint8_t bytes[EXTENDED_LEN + CHECKSUM_LEN];
};

static void extended_wipe(struct extended *x)
{
    wipe(MSPAN_OF(x->bytes));
}

static void checksum_of(uint8_t ret[static CHECKSUM_LEN], const struct extended *x)
{
    struct hash32 once;
    struct hash32 twice;
    sha256(&once, span_of(x->bytes, EXTENDED_LEN));
    sha256(&twice, SPAN_OF(once.bytes));
    memcpy(ret, twice.bytes, CHECKSUM_LEN);
}

/* SPEC bips/BIP-32 §"Serialization format": version, depth, parent's fingerprint, index, chain code, 33 bytes of key; Base58 with four
 * bytes of a double SHA-256 behind. */
static void print(char ret[static BIP32_TEXT_MAX],
                  uint32_t version,
                  const struct bip32_place *place,
                  const struct secret32 *chain_code,
                  struct span key)
{
    AUTO(extended_wipe) struct extended x;
    struct wr w = wr_init(MSPAN_OF(x.bytes));
    wr_be32(&w, version);
    wr_u8(&w, place->depth);
    wr_bytes(&w, SPAN_OF(place->parent_fingerprint));
    wr_be32(&w, place->index);
    wr_bytes(&w, SPAN_OF(chain_code->bytes));
    wr_bytes(&w, key);
    check(wr_ok(&w));
    check(w.n == EXTENDED_LEN);
    checksum_of(x.bytes + EXTENDED_LEN, &x);
    struct wr text = wr_init(mspan_of(ret, BIP32_TEXT_MAX - 1));
    base58_encode(&text, SPAN_OF(x.bytes));
    check(wr_ok(&text));
    ret[text.n] = 0;
}

enum err bip32_print(char ret[static BIP32_TEXT_MAX], const struct bip32_key *key)
{
    struct secp256k1_public in_range;
    TRY(secp256k1_public_init(&in_range, &key->secret));
    struct extended data = {{0}};
    memcpy(data.bytes + 1, key->secret.bytes, 32);
    print(ret, VERSION_PRIVATE, &key->place, &key->chain_code, span_of(data.bytes, 33));
    extended_wipe(&data);
    return OK;
}

void bip32_public_print(char ret[static BIP32_TEXT_MAX], const struct bip32_public *key)
{
    uint8_t compressed[33];
    secp256k1_public_compress(compressed, &key->key);
    print(ret, VERSION_PUBLIC, &key->place, &key->chain_code, SPAN_OF(compressed));
}

static enum err parse(struct extended *x,
                      struct bip32_place *place,
                      struct secret32 *chain_code,
                      uint32_t version,
                      struct span text)
{
    static const uint8_t none[4];
    struct wr w = wr_init(MSPAN_OF(x->bytes));
    uint8_t sum[CHECKSUM_LEN];
    if (text.n >= BIP32_TEXT_MAX || base58_decode(&w, text) != OK || w.n != sizeof x->bytes) {
        return ERR_MALFORMED;
    }
    checksum_of(sum, x);
    struct rd r = rd_init(SPAN_OF(x->bytes));
    uint32_t got = rd_be32(&r);
    place->depth = rd_u8(&r);
    rd_copy(&r, MSPAN_OF(place->parent_fingerprint));
    place->index = rd_be32(&r);
    rd_copy(&r, MSPAN_OF(chain_code->bytes));
    bool is_sound_root = place->depth > 0 || (place->index == 0 && memcmp(place->parent_fingerprint,
                                                                          none, sizeof none) == 0);
    bool is_good =
        got == version && is_sound_root && memcmp(sum, x->bytes + EXTENDED_LEN, CHECKSUM_LEN) == 0;
    return is_good ? OK : ERR_MALFORMED;
}

enum { KEY_AT = EXTENDED_LEN - 33 };

enum err bip32_parse(struct bip32_key *ret, struct span text)
{
    AUTO(extended_wipe) struct extended x;
    AUTO(bip32_key_wipe) struct bip32_key key = {.place = {0}};
    struct secp256k1_public in_range;
    TRY(parse(&x, &key.place, &key.chain_code, VERSION_PRIVATE, text));
    memcpy(key.secret.bytes, x.bytes + KEY_AT + 1, 32);
    if (x.bytes[KEY_AT] != 0 || secp256k1_public_init(&in_range, &key.secret) != OK) {
        return ERR_MALFORMED;
    }
    *ret = key;
    return OK;
}

enum err bip32_public_parse(struct bip32_public *ret, struct span text)
{
    struct extended x;
    struct bip32_public key = {.place = {0}};
    TRY(parse(&x, &key.place, &key.chain_code, VERSION_PUBLIC, text));
    TRY(secp256k1_public_parse(&key.key, span_of(x.bytes + KEY_AT, 33)));
    *ret = key;
    return OK;
}

static enum err step_parse(uint32_t *ret, struct span step)
{
    uint64_t number = 0;
    uint32_t mark = 0;
    if (step.n > 0) {
        uint8_t last = step.p[step.n - 1];
        mark = last == '\'' || last == 'h' || last == 'H' ? BIP32_HARDENED : 0;
    }
    TRY(decimal_parse(&number, span_first(step, step.n - (mark != 0)), BIP32_HARDENED - 1));
    *ret = (uint32_t)number | mark;
    return OK;
}

enum err bip32_path_parse(struct bip32_path *ret, struct span text)
{
    struct bip32_path path = {.count = 0};
    if (text.n == 0 || text.p[0] != 'm') {
        return ERR_MALFORMED;
    }
    struct span rest = span_from(text, 1);
    while (rest.n > 0) {
        if (rest.p[0] != '/') {
            return ERR_MALFORMED;
        }
        if (path.count == BIP32_PATH_MAX) {
            return ERR_LIMIT;
        }
        rest = span_from(rest, 1);
        struct span step = span_take(&rest, span_find(rest, '/'));
        TRY(step_parse(&path.steps[path.count++], step));
    }
    *ret = path;
    return OK;
}

void bip32_path_print(char ret[static BIP32_PATH_TEXT_MAX], const struct bip32_path *path)
{
    check(path->count <= BIP32_PATH_MAX);
    struct wr w = wr_init(mspan_of(ret, BIP32_PATH_TEXT_MAX - 1));
    wr_u8(&w, 'm');
    for (size_t i = 0; i < path->count; i++) {
        wr_u8(&w, '/');
        decimal_print(&w, path->steps[i] & ~BIP32_HARDENED);
        wr_str(&w, (path->steps[i] & BIP32_HARDENED) != 0 ? "'" : "");
    }
    check(wr_ok(&w));
    ret[w.n] = 0;
}

enum err bip32_derive_path(struct bip32_key *ret, struct span seed, const struct bip32_path *path)
{
    AUTO(bip32_key_wipe) struct bip32_key key;
    check(path->count <= BIP32_PATH_MAX);
    TRY(bip32_master(&key, seed));
    for (size_t i = 0; i < path->count; i++) {
        TRY(bip32_derive(&key, &key, path->steps[i]));
    }
    *ret = key;
    return OK;
}

/* SPEC bips/BIP-44 §"Path levels": purpose 44, the coin of SLIP-44 (60 for Ether), the account, then change and address. */
enum err bip44_path(struct bip32_path *ret, enum bip44_style style, uint32_t i)
{
    if (i >= BIP32_HARDENED) {
        return ERR_LIMIT;
    }
    struct bip32_path path = {
        .steps = {44 | BIP32_HARDENED, 60 | BIP32_HARDENED, BIP32_HARDENED}
    };
    switch (style) {
    case BIP44_ADDRESS:
        path.steps[4] = i;
        path.count = 5;
        break;
    case BIP44_ACCOUNT:
        path.steps[2] = i | BIP32_HARDENED;
        path.count = 5;
        break;
    case BIP44_LEGACY:
        path.steps[3] = i;
        path.count = 4;
        break;
    case BIP44_STYLE_COUNT: check(style < BIP44_STYLE_COUNT);
    }
    *ret = path;
    return OK;
}
