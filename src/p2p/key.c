/* Public keys of peers, libp2p/peer-ids "Keys". The protobuf is
 *
 *     08 <type> 12 <length of data> <data>
 *
 * and because ids are hashes of these bytes there is only this one form, with the type present even
 * where it is 0. */
#include "p2p/key.h"

#include "base/check.h"
#include "codec/protobuf.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/p256.h"
#include "crypto/rsa.h"
#include "crypto/secp256k1.h"

#include <string.h>

enum { FIELD_TYPE = 1, FIELD_DATA = 2, ED25519_LEN = 32, SECP256K1_LEN = 33 };

/* Checks that data is a key of its type, as far as that costs no more than reading it. */
static enum err key_check(const struct public_key *key)
{
    struct secp256k1_public secp256k1;
    struct p256_public p256;
    switch (key->type) {
    case KEY_RSA:     return rsa_spki_check(key->data);
    case KEY_ED25519: return key->data.n == ED25519_LEN ? OK : ERR_MALFORMED;
    case KEY_SECP256K1:
        if (key->data.n != SECP256K1_LEN) {
            return ERR_MALFORMED;
        }
        return secp256k1_public_parse(&secp256k1, key->data);
    case KEY_ECDSA: return p256_spki_decode(&p256, key->data);
    }
    return ERR_UNSUPPORTED;
}

enum err key_decode(struct public_key *ret_key, struct span encoded)
{
    if (encoded.n > KEY_ENCODED_MAX) {
        return ERR_LIMIT;
    }
    struct protobuf_reader r = protobuf_read(encoded);
    struct protobuf_field f;
    uint64_t type = 0;
    struct public_key key = {.data = SPAN_EMPTY};
    if (!protobuf_next(&r, &f) || f.number != FIELD_TYPE || protobuf_get_u64(&type, &f) != OK) {
        return ERR_MALFORMED;
    }
    if (!protobuf_next(&r, &f) || f.number != FIELD_DATA ||
        protobuf_get_bytes(&key.data, &f) != OK) {
        return ERR_MALFORMED;
    }
    if (protobuf_next(&r, &f) || protobuf_end(&r) != OK) {
        return ERR_MALFORMED;
    }
    if (type > KEY_ECDSA) {
        return ERR_UNSUPPORTED;
    }
    key.type = (enum key_type)type;
    /* SPEC libp2p/peer-ids §"Keys": encoding is deterministic; other spellings of the same fields (long
     * varints) would give one key several ids, so what does not encode to itself is refused. */
    uint8_t again[KEY_ENCODED_MAX];
    struct wr w = wr_init(MSPAN_OF(again));
    key_encode(&w, &key);
    if (!wr_ok(&w) || !span_equal(span_of(again, w.n), encoded)) {
        return ERR_MALFORMED;
    }
    TRY(key_check(&key));
    *ret_key = key;
    return OK;
}

void key_encode(struct wr *w, const struct public_key *key)
{
    protobuf_write_varint(w, FIELD_TYPE, (uint64_t)key->type);
    protobuf_write_bytes(w, FIELD_DATA, key->data);
}

void key_encode_ed25519(uint8_t ret_out[static KEY_ED25519_ENCODED_LEN],
                        const uint8_t public_bytes[static 32])
{
    static const uint8_t head[4] = {0x08, KEY_ED25519, 0x12, ED25519_LEN};
    memcpy(ret_out, head, sizeof head);
    memcpy(ret_out + sizeof head, public_bytes, ED25519_LEN);
}

static enum err verify_secp256k1(struct span data, const struct hash32 *hash, struct span sig)
{
    struct secp256k1_public key;
    struct secp256k1_signature parsed;
    TRY(secp256k1_public_parse(&key, data));
    TRY(secp256k1_der_decode(&parsed, sig));
    (void)secp256k1_normalize(&parsed); /* no rule of libp2p forbids a high s */
    return secp256k1_verify(&key, hash, &parsed);
}

static enum err verify_p256(struct span data, const struct hash32 *hash, struct span sig)
{
    struct p256_public key;
    struct p256_signature parsed;
    TRY(p256_spki_decode(&key, data));
    TRY(p256_der_decode(&parsed, sig));
    return p256_verify(&key, hash, &parsed);
}

enum err key_verify(const struct public_key *key, struct span message, struct span sig)
{
    struct hash32 hash;
    struct ed25519_public ed25519;
    switch (key->type) {
    case KEY_RSA: return rsa_verify(key->data, message, sig);
    case KEY_ED25519:
        if (key->data.n != ED25519_LEN) {
            return ERR_MALFORMED;
        }
        memcpy(ed25519.bytes, key->data.p, sizeof ed25519.bytes);
        return ed25519_verify(&ed25519, message, sig);
    case KEY_SECP256K1: sha256(&hash, message); return verify_secp256k1(key->data, &hash, sig);
    case KEY_ECDSA:     sha256(&hash, message); return verify_p256(key->data, &hash, sig);
    }
    return ERR_UNSUPPORTED;
}

const char *key_type_name(enum key_type type)
{
    switch (type) {
    case KEY_RSA:       return "RSA";
    case KEY_ED25519:   return "Ed25519";
    case KEY_SECP256K1: return "secp256k1";
    case KEY_ECDSA:     return "ECDSA";
    }
    return "unknown";
}
