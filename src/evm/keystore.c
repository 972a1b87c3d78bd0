/* Key files, Web3 Secret Storage version 3. Reading: the text into its parts, the password into a key, the tag, then the secret. */
#include "evm/keystore.h"

#include "base/check.h"
#include "base/wr.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "crypto/aes_ctr.h"
#include "crypto/keccak.h"
#include "crypto/pbkdf2.h"
#include "crypto/scrypt.h"
#include "crypto/secp256k1.h"

#include <string.h>

enum { SALT_MAX = 64, KEY_LEN = 32, LOG2_N_MIN = 12, LOG2_N_MAX = 18, SEAL_R = 8 };

/* A file in parts. */
struct file {
    uint8_t ciphertext[32];
    uint8_t iv[AES_CTR_IV_LEN];
    uint8_t mac[32];
    uint8_t salt[SALT_MAX];
    size_t salt_len;
    bool is_scrypt;
    struct scrypt_cost scrypt;
    uint32_t rounds;
    bool has_address;
    struct address address;
};

/* Hexadecimal text with or without 0x, as both are about; exactly out.n bytes. */
static enum err get_hex(struct mspan out, struct json v, const char *name)
{
    struct span text;
    if (json_find_plain(&text, v, name) != OK) {
        return ERR_MALFORMED;
    }
    if (span_starts_with(text, SPAN_LIT("0x"))) {
        text = span_from(text, 2);
    }
    return base16_decode_fixed(out, text);
}

static enum err get_salt(struct file *f, struct json params)
{
    struct span text;
    if (json_find_plain(&text, params, "salt") != OK) {
        return ERR_MALFORMED;
    }
    if (span_starts_with(text, SPAN_LIT("0x"))) {
        text = span_from(text, 2);
    }
    f->salt_len = text.n / 2;
    if (f->salt_len > SALT_MAX) {
        return ERR_LIMIT;
    }
    return base16_decode_fixed(mspan_of(f->salt, f->salt_len), text);
}

static enum err get_u32(uint32_t *ret, struct json v, const char *name)
{
    uint64_t n;
    if (json_find_u64(&n, v, name) != OK) {
        return ERR_MALFORMED;
    }
    if (n > UINT32_MAX) {
        return ERR_LIMIT;
    }
    *ret = (uint32_t)n;
    return OK;
}

static bool member_is(struct json v, const char *name, struct span want)
{
    struct json member;
    return json_find(&member, v, name) && json_string_equal(member, want);
}

static enum err parse_derivation(struct file *f, struct json crypto, struct diag *why)
{
    struct json params;
    uint32_t length = 0;
    uint32_t n = 0;
    f->is_scrypt = member_is(crypto, "kdf", SPAN_LIT("scrypt"));
    if (!f->is_scrypt && !member_is(crypto, "kdf", SPAN_LIT("pbkdf2"))) {
        return diag_set(why, ERR_UNSUPPORTED, "a derivation other than scrypt and pbkdf2", 0);
    }
    if (!json_find(&params, crypto, "kdfparams") || get_u32(&length, params, "dklen") != OK) {
        return diag_set(why, ERR_MALFORMED, "parameters of the derivation are missing", 0);
    }
    if (length != KEY_LEN) {
        return diag_set(why, ERR_UNSUPPORTED, "a derived key that is not 32 bytes", 0);
    }
    TRY(get_salt(f, params));
    if (!f->is_scrypt) {
        if (!member_is(params, "prf", SPAN_LIT("hmac-sha256"))) {
            return diag_set(why, ERR_UNSUPPORTED, "pbkdf2 without hmac-sha256", 0);
        }
        return get_u32(&f->rounds, params, "c");
    }
    TRY(get_u32(&n, params, "n"));
    f->scrypt.n = n;
    TRY(get_u32(&f->scrypt.r, params, "r"));
    return get_u32(&f->scrypt.p, params, "p");
}

static enum err parse_crypto(struct file *f, struct json crypto, struct diag *why)
{
    struct json params;
    if (!member_is(crypto, "cipher", SPAN_LIT("aes-128-ctr"))) {
        return diag_set(why, ERR_UNSUPPORTED, "a cipher other than aes-128-ctr", 0);
    }
    if (!json_find(&params, crypto, "cipherparams") ||
        get_hex(MSPAN_OF(f->iv), params, "iv") != OK ||
        get_hex(MSPAN_OF(f->ciphertext), crypto, "ciphertext") != OK ||
        get_hex(MSPAN_OF(f->mac), crypto, "mac") != OK) {
        return diag_set(why, ERR_MALFORMED, "the cipher's parts are missing or misshapen", 0);
    }
    enum err e = parse_derivation(f, crypto, why);
    if (e != OK && why && !why->rule) {
        why->rule = "parameters of the derivation are missing or out of range";
    }
    return e;
}

static enum err parse_file(struct file *f, struct span text, struct diag *why)
{
    struct json root;
    struct json crypto;
    struct json address;
    uint64_t version;
    if (text.n > KEYSTORE_TEXT_MAX) {
        return diag_set(why, ERR_LIMIT, "longer than a key file", 0);
    }
    TRY(json_parse(&root, text, why));
    if (json_find_u64(&version, root, "version") != OK) {
        return diag_set(why, ERR_MALFORMED, "not a key file: no version", 0);
    }
    if (version != 3) {
        return diag_set(why, ERR_UNSUPPORTED, "a key file of another version than 3", 0);
    }
    /* Old programs wrote a capital letter. */
    bool has_crypto = json_find(&crypto, root, "crypto") || json_find(&crypto, root, "Crypto");
    if (!has_crypto || crypto.type != JSON_OBJECT) {
        return diag_set(why, ERR_MALFORMED, "not a key file: no crypto", 0);
    }
    f->has_address = json_find(&address, root, "address");
    if (f->has_address && get_hex(MSPAN_OF(f->address.bytes), root, "address") != OK) {
        return diag_set(why, ERR_MALFORMED, "the address is misshapen", 0);
    }
    return parse_crypto(f, crypto, why);
}

static void tag_of(struct hash32 *ret, const struct secret32 *key, const uint8_t *ciphertext)
{
    const struct span parts[] = {span_of(key->bytes + 16, 16), span_of(ciphertext, 32)};
    keccak256_of(ret, parts, 2);
}

static enum err check_secret(const struct file *f, const struct secret32 *secret, struct diag *why)
{
    struct secp256k1_public key;
    if (secp256k1_public_init(&key, secret) != OK) {
        return diag_set(why, ERR_MALFORMED, "the key is out of range", 0);
    }
    if (f->has_address && !address_equal(address_of_public_key(key.xy), f->address)) {
        return diag_set(why, ERR_MALFORMED, "the key belongs to another address", 0);
    }
    return OK;
}

enum err keystore_open(struct secret32 *ret_secret,
                       struct budget *budget,
                       struct span text,
                       struct span password,
                       struct diag *why)
{
    struct file f = {.salt_len = 0};
    AUTO(secret32_wipe) struct secret32 key;
    AUTO(secret32_wipe) struct secret32 secret;
    struct hash32 tag;
    struct diag ignored = {0};
    why = why ? why : &ignored;
    *why = (struct diag){0};
    TRY(parse_file(&f, text, why));
    struct span salt = span_of(f.salt, f.salt_len);
    enum err e = f.is_scrypt ? scrypt(MSPAN_OF(key.bytes), budget, password, salt, &f.scrypt)
                             : pbkdf2_sha256(MSPAN_OF(key.bytes), password, salt, f.rounds);
    if (e != OK) {
        return diag_set(why, e, "the derivation costs more than is allowed here", 0);
    }
    /* SPEC web3-secret-storage §"Definition": the tag is Keccak-256 over the derived key's second half and the ciphertext;
     * the first half is the cipher's key. */
    tag_of(&tag, &key, f.ciphertext);
    if (!ct_equal(SPAN_OF(tag.bytes), SPAN_OF(f.mac))) {
        return diag_set(why, ERR_AUTH, "the password is wrong", 0);
    }
    TRY(aes_ctr(MSPAN_OF(secret.bytes), key.bytes, f.iv, SPAN_OF(f.ciphertext)));
    TRY(check_secret(&f, &secret, why));
    memcpy(ret_secret->bytes, secret.bytes, sizeof secret.bytes);
    return OK;
}

/* Members and hexadecimal text without 0x, as geth writes them. */
static void put_hex(struct json_writer *j, const char *name, struct span bytes)
{
    uint8_t text[64];
    struct wr w = wr_init(MSPAN_OF(text));
    base16_encode(&w, bytes);
    check(wr_ok(&w));
    json_put_name(j, name);
    json_put_string(j, span_of(text, w.n));
}

static void put_text(struct json_writer *j, const char *name, const char *text)
{
    json_put_name(j, name);
    json_put_str(j, text);
}

static void put_number(struct json_writer *j, const char *name, uint64_t v)
{
    json_put_name(j, name);
    json_put_u64(j, v);
}

/* A version 4 UUID (RFC 9562) of 16 random bytes. */
static void put_id(struct json_writer *j, const uint8_t *random)
{
    static const uint8_t groups[] = {4, 2, 2, 2, 6};
    uint8_t id[16];
    uint8_t text[36];
    struct wr w = wr_init(MSPAN_OF(text));
    memcpy(id, random, sizeof id);
    id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
    id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
    struct span rest = SPAN_OF(id);
    for (size_t i = 0; i < sizeof groups; i++) {
        wr_str(&w, i > 0 ? "-" : "");
        base16_encode(&w, span_take(&rest, groups[i]));
    }
    check(wr_ok(&w));
    json_put_name(j, "id");
    json_put_string(j, SPAN_OF(text));
}

static void
put_file(struct json_writer *j, const struct file *f, const struct keystore_random *random)
{
    json_put_object(j);
    put_hex(j, "address", SPAN_OF(f->address.bytes));
    json_put_name(j, "crypto");
    json_put_object(j);
    put_text(j, "cipher", "aes-128-ctr");
    put_hex(j, "ciphertext", SPAN_OF(f->ciphertext));
    json_put_name(j, "cipherparams");
    json_put_object(j);
    put_hex(j, "iv", SPAN_OF(random->iv));
    json_end_object(j);
    put_text(j, "kdf", "scrypt");
    json_put_name(j, "kdfparams");
    json_put_object(j);
    put_number(j, "dklen", KEY_LEN);
    put_number(j, "n", f->scrypt.n);
    put_number(j, "r", f->scrypt.r);
    put_number(j, "p", f->scrypt.p);
    put_hex(j, "salt", SPAN_OF(random->salt));
    json_end_object(j);
    put_hex(j, "mac", SPAN_OF(f->mac));
    json_end_object(j);
    put_id(j, random->id);
    put_number(j, "version", 3);
    json_end_object(j);
}

enum err keystore_seal(struct buf *out,
                       struct budget *budget,
                       const struct secret32 *secret,
                       struct span password,
                       const struct keystore_random *random,
                       unsigned log2_n)
{
    if (log2_n < LOG2_N_MIN || log2_n > LOG2_N_MAX) {
        return ERR_LIMIT;
    }
    struct file f = {
        .scrypt = {.n = (uint64_t)1 << log2_n, .r = SEAL_R, .p = 1}
    };
    AUTO(secret32_wipe) struct secret32 key;
    struct secp256k1_public public_key;
    struct hash32 tag;
    TRY(secp256k1_public_init(&public_key, secret));
    f.address = address_of_public_key(public_key.xy);
    TRY(scrypt(MSPAN_OF(key.bytes), budget, password, SPAN_OF(random->salt), &f.scrypt));
    TRY(aes_ctr(MSPAN_OF(f.ciphertext), key.bytes, random->iv, SPAN_OF(secret->bytes)));
    tag_of(&tag, &key, f.ciphertext);
    memcpy(f.mac, tag.bytes, sizeof f.mac);
    size_t start = out->n;
    struct wr w = wr_init_buf(out);
    struct json_writer j = json_writer_init(&w);
    put_file(&j, &f, random);
    enum err e = json_writer_end(&j);
    if (e != OK) {
        buf_shrink(out, start);
    }
    return e;
}
