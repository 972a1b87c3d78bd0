/* A security key in software. The transport is at the end, the commands before it. */
#include "node/authenticator/ctap_device_test.h"

#include "base/check.h"
#include "base/rd.h"
#include "codec/cbor.h"
#include "crypto/hash.h"
#include "node/authenticator/ctap_pin_test.h"
#include "webauthn/auth_data.h"
#include "webauthn/cose_key.h"

#include <string.h>

enum {
    MAKE_CREDENTIAL = 0x01,
    GET_ASSERTION = 0x02,
    GET_INFO = 0x04,
    CLIENT_PIN = 0x06,
    GET_NEXT_ASSERTION = 0x08,
    HID_INIT = 0x06,
    HID_CBOR = 0x10,
    HID_ERROR = 0x3f,
    HID_START = 0x80,
    GOOD = 0x00,
    MISSING_PARAMETER = 0x14,
    INVALID_CBOR = 0x12,
    CREDENTIAL_EXCLUDED = 0x19,
    UNSUPPORTED_ALGORITHM = 0x26,
    OPERATION_DENIED = 0x27,
    KEY_STORE_FULL = 0x28,
    UNSUPPORTED_OPTION = 0x2b,
    NO_CREDENTIALS = 0x2e,
    PIN_INVALID = 0x31,
    PIN_BLOCKED = 0x32,
    PIN_AUTH_INVALID = 0x33,
    PIN_NOT_SET = 0x35,
    PIN_REQUIRED = 0x36,
    NOT_ALLOWED = 0x30,
    INVALID_COMMAND = 0x01,
    HMAC_SECRET_WANTED = 1,
};

void ctap_device_power_cycle(struct ctap_device *d)
{
    d->has_token = false;
    d->channel = 0;
    d->has_out = false;
    d->in_want = 0;
    d->more.count = 0;
    rng_fill(&d->rng.rng, MSPAN_OF(d->agreement.bytes));
    d->agreement.bytes[0] &= 0x7f; /* below the order */
    rng_fill(&d->rng.rng, MSPAN_OF(d->token));
}

void ctap_device_init(struct ctap_device *d, uint64_t seed)
{
    memset(d, 0, sizeof *d);
    rng_seeded_init(&d->rng, seed);
    d->pin_tries = CTAP_PIN_TRIES;
    ctap_device_power_cycle(d);
}

/* ---- getInfo ---- */

static uint8_t get_info(struct ctap_device *d, struct wr *w)
{
    static const uint8_t aaguid[16] = {'p', 'a', 's', 's', 'm', 'e', 's', 'h'};
    cbor_write_map(w, 5);
    cbor_write_u64(w, 1);
    cbor_write_array(w, 2);
    cbor_write_text(w, "FIDO_2_0");
    cbor_write_text(w, "FIDO_2_1");
    cbor_write_u64(w, 2);
    cbor_write_array(w, 2);
    cbor_write_text(w, "credProtect");
    cbor_write_text(w, "hmac-secret");
    cbor_write_u64(w, 3);
    cbor_write_bytes(w, SPAN_OF(aaguid));
    cbor_write_u64(w, 4);
    cbor_write_map(w, d->has_builtin_uv ? 5 : 4);
    cbor_write_text(w, "rk");
    cbor_write_bool(w, true);
    cbor_write_text(w, "up");
    cbor_write_bool(w, true);
    if (d->has_builtin_uv) {
        cbor_write_text(w, "uv");
        cbor_write_bool(w, true);
    }
    cbor_write_text(w, "clientPin");
    cbor_write_bool(w, d->has_pin);
    cbor_write_text(w, "pinUvAuthToken");
    cbor_write_bool(w, !d->has_builtin_uv);
    cbor_write_u64(w, 6);
    cbor_write_array(w, d->has_protocol_2 ? 2 : 1);
    if (d->has_protocol_2) {
        cbor_write_u64(w, 2);
    }
    cbor_write_u64(w, 1);
    return GOOD;
}

/* ---- clientPIN ---- */

static bool find_bytes(struct span *ret, struct cbor map, int64_t key)
{
    struct cbor item;
    return cbor_find_int(&item, map, key) && cbor_get_bytes(ret, item) == OK;
}

static bool find_i64(int64_t *ret, struct cbor map, int64_t key)
{
    struct cbor item;
    return cbor_find_int(&item, map, key) && cbor_get_i64(ret, item) == OK;
}

/* A platform's key agreement key says alg -25 (ECDH), so it is read field by field. */
static bool
shared_of(struct ctap_device *d, struct ctap_shared *ret, int64_t protocol, struct cbor key)
{
    struct span x;
    struct span y;
    uint8_t xy[64];
    struct p256_public theirs;
    if (!find_bytes(&x, key, -2) || !find_bytes(&y, key, -3) || x.n != 32 || y.n != 32) {
        return false;
    }
    memcpy(xy, x.p, 32);
    memcpy(xy + 32, y.p, 32);
    return p256_public_init(&theirs, SPAN_OF(xy)) == OK &&
           ctap_shared_of(ret, (int)protocol, &d->agreement, &theirs);
}

static uint8_t key_agreement(struct ctap_device *d, struct wr *w)
{
    struct p256_public ours;
    check(p256_public_of(&ours, &d->agreement) == OK);
    cbor_write_map(w, 1);
    cbor_write_u64(w, 1);
    cbor_write_map(w, 5);
    cbor_write_u64(w, 1);
    cbor_write_u64(w, 2);
    cbor_write_u64(w, 3);
    cbor_write_i64(w, -25);
    cbor_write_i64(w, -1);
    cbor_write_u64(w, 1);
    cbor_write_i64(w, -2);
    cbor_write_bytes(w, span_of(ours.xy, 32));
    cbor_write_i64(w, -3);
    cbor_write_bytes(w, span_of(ours.xy + 32, 32));
    return GOOD;
}

static uint8_t set_pin(struct ctap_device *d, const struct ctap_shared *s, struct cbor map)
{
    struct span sealed;
    struct span tag;
    uint8_t pin[64];
    struct hash32 hash;
    if (d->has_pin) {
        return PIN_AUTH_INVALID;
    }
    if (!find_bytes(&sealed, map, 5) || !find_bytes(&tag, map, 4)) {
        return MISSING_PARAMETER;
    }
    if (!ctap_authenticates(s->protocol, SPAN_OF(s->hmac_key.bytes), sealed, tag) ||
        ctap_decrypt(s, MSPAN_OF(pin), sealed) != sizeof pin) {
        return PIN_AUTH_INVALID;
    }
    sha256(&hash, span_of(pin, span_find(SPAN_OF(pin), 0)));
    memcpy(d->pin_hash, hash.bytes, sizeof d->pin_hash);
    d->has_pin = true;
    d->pin_tries = CTAP_PIN_TRIES;
    return GOOD;
}

static uint8_t
get_token(struct ctap_device *d, struct wr *w, const struct ctap_shared *s, struct cbor map)
{
    struct span sealed;
    uint8_t hash[16];
    uint8_t iv[16];
    if (!d->has_pin) {
        return PIN_NOT_SET;
    }
    if (d->pin_tries == 0) {
        return PIN_BLOCKED;
    }
    if (!find_bytes(&sealed, map, 6)) {
        return MISSING_PARAMETER;
    }
    d->pin_tries--; /* before it is looked at, so that pulling the plug gains nothing */
    if (ctap_decrypt(s, MSPAN_OF(hash), sealed) != sizeof hash ||
        !ct_equal(SPAN_OF(hash), SPAN_OF(d->pin_hash))) {
        rng_fill(&d->rng.rng, MSPAN_OF(d->agreement.bytes));
        d->agreement.bytes[0] &= 0x7f;
        return d->pin_tries == 0 ? PIN_BLOCKED : PIN_INVALID;
    }
    d->pin_tries = CTAP_PIN_TRIES;
    d->has_token = true;
    rng_fill(&d->rng.rng, MSPAN_OF(d->token));
    rng_fill(&d->rng.rng, MSPAN_OF(iv));
    cbor_write_map(w, 1);
    cbor_write_u64(w, 2);
    uint8_t room[64];
    struct wr token = wr_init(MSPAN_OF(room));
    ctap_encrypt(s, &token, iv, SPAN_OF(d->token));
    cbor_write_bytes(w, span_of(room, token.n));
    return GOOD;
}

static uint8_t client_pin(struct ctap_device *d, struct wr *w, struct cbor map)
{
    enum { RETRIES = 1, AGREEMENT = 2, SET = 3, TOKEN = 5, TOKEN_WITH_PERMISSIONS = 9 };
    int64_t protocol = 0;
    int64_t sub = 0;
    struct cbor key;
    struct ctap_shared s;
    if (!find_i64(&sub, map, 2)) {
        return MISSING_PARAMETER;
    }
    if (sub == RETRIES) {
        cbor_write_map(w, 1);
        cbor_write_u64(w, 3);
        cbor_write_u64(w, (uint64_t)d->pin_tries);
        return GOOD;
    }
    if (!find_i64(&protocol, map, 1) || protocol < 1 || protocol > (d->has_protocol_2 ? 2 : 1)) {
        return MISSING_PARAMETER;
    }
    if (sub == AGREEMENT) {
        return key_agreement(d, w);
    }
    if (!cbor_find_int(&key, map, 3) || !shared_of(d, &s, protocol, key)) {
        return MISSING_PARAMETER;
    }
    if (sub == SET) {
        return set_pin(d, &s, map);
    }
    return sub == TOKEN || sub == TOKEN_WITH_PERMISSIONS ? get_token(d, w, &s, map)
                                                         : UNSUPPORTED_OPTION;
}

/* ---- makeCredential and getAssertion ---- */

/* What both ask for. */
struct asked {
    struct span client_data_hash;
    uint8_t rp_id_hash[32];
    bool is_verified;
    struct cbor extensions;
    bool has_extensions;
};

struct keys {
    int64_t hash;
    int64_t rp;
    int64_t extensions;
    int64_t options;
    int64_t tag;
    int64_t protocol;
};

static const struct keys create_keys = {1, 2, 6, 7, 8, 9};
static const struct keys assert_keys = {2, 1, 4, 5, 6, 7};

static bool wants_uv(struct cbor map, int64_t options_key)
{
    struct cbor options;
    struct cbor uv;
    return cbor_find_int(&options, map, options_key) && cbor_find_text(&uv, options, "uv") &&
           uv.type == CBOR_BOOL && uv.arg == 1;
}

static uint8_t
verify_user(struct ctap_device *d, struct asked *a, struct cbor map, const struct keys *k)
{
    struct span tag;
    int64_t protocol = 1;
    if (find_bytes(&tag, map, k->tag)) {
        (void)find_i64(&protocol, map, k->protocol);
        a->is_verified = d->has_token && ctap_authenticates((int)protocol, SPAN_OF(d->token),
                                                            a->client_data_hash, tag);
        return a->is_verified ? GOOD : PIN_AUTH_INVALID;
    }
    if (wants_uv(map, k->options)) {
        a->is_verified = d->has_builtin_uv;
        return d->has_builtin_uv ? GOOD : UNSUPPORTED_OPTION;
    }
    return GOOD;
}

static uint8_t
read_asked(struct ctap_device *d, struct asked *a, struct cbor map, const struct keys *k)
{
    struct cbor rp;
    struct span rp_id;
    struct hash32 hash;
    if (!find_bytes(&a->client_data_hash, map, k->hash) || !cbor_find_int(&rp, map, k->rp)) {
        return MISSING_PARAMETER;
    }
    struct cbor id = rp;
    if (rp.type == CBOR_MAP && !cbor_find_text(&id, rp, "id")) {
        return MISSING_PARAMETER;
    }
    if (cbor_get_text(&rp_id, id) != OK) {
        return INVALID_CBOR;
    }
    sha256(&hash, rp_id);
    memcpy(a->rp_id_hash, hash.bytes, sizeof a->rp_id_hash);
    a->has_extensions = cbor_find_int(&a->extensions, map, k->extensions);
    if (d->denies) {
        return OPERATION_DENIED;
    }
    return verify_user(d, a, map, k);
}

static struct ctap_credential *
find_credential(struct ctap_device *d, const struct asked *a, struct span id)
{
    for (size_t i = 0; i < CTAP_CREDENTIALS_MAX; i++) {
        struct ctap_credential *c = &d->credentials[i];
        bool is_rp = c->is_used && memcmp(c->rp_id_hash, a->rp_id_hash, 32) == 0;
        bool is_id = span_equal(SPAN_OF(c->id), id);
        bool needs_uv = c->protection == 3;
        if (is_rp && is_id && (a->is_verified || !needs_uv)) {
            return c;
        }
    }
    return NULL;
}

/* Without a list: the at-th from the newest, CTAP 2.1 §6.2.2 step 12; NULL past the last. */
static struct ctap_credential *
find_resident(struct ctap_device *d, const struct asked *a, size_t at)
{
    for (size_t i = CTAP_CREDENTIALS_MAX; i-- > 0;) {
        struct ctap_credential *c = &d->credentials[i];
        bool is_rp = c->is_used && memcmp(c->rp_id_hash, a->rp_id_hash, 32) == 0;
        if (is_rp && (a->is_verified || c->protection == 1) && at-- == 0) {
            return c;
        }
    }
    return NULL;
}

/* The first known credential of a list of descriptors. */
static struct ctap_credential *
find_listed(struct ctap_device *d, const struct asked *a, struct cbor list)
{
    struct span rest = list.content;
    struct cbor entry;
    struct cbor id;
    while (cbor_next(&entry, &rest)) {
        if (cbor_find_text(&id, entry, "id")) {
            struct ctap_credential *c = find_credential(d, a, id.content);
            if (c) {
                return c;
            }
        }
    }
    return NULL;
}

static void
write_auth_data_head(struct ctap_device *d, struct wr *w, const struct asked *a, uint8_t more_flags)
{
    bool is_verified = a->is_verified && d->fault != CTAP_FAULT_NO_UV;
    wr_bytes(w, SPAN_OF(a->rp_id_hash));
    wr_u8(w, (uint8_t)(AUTH_DATA_UP | (is_verified ? AUTH_DATA_UV : 0) | more_flags));
    wr_be32(w, ++d->sign_count);
}

static void write_signature(struct ctap_device *d,
                            struct wr *w,
                            const struct ctap_credential *c,
                            struct span auth_data,
                            struct span client_data_hash)
{
    struct hash32 hash;
    struct p256_signature sig;
    uint8_t der[P256_DER_MAX];
    const struct span parts[] = {auth_data, client_data_hash, SPAN_LIT("?")};
    sha256_of(&hash, parts, d->fault == CTAP_FAULT_SIGNATURE ? 3 : 2);
    check(p256_sign(&sig, &c->key, &hash) == OK);
    cbor_write_bytes(w, span_of(der, p256_der_encode(der, &sig)));
}

static int64_t protection_of(const struct asked *a)
{
    struct cbor item;
    int64_t level = 1;
    bool has_level = a->has_extensions && cbor_find_text(&item, a->extensions, "credProtect") &&
                     cbor_get_i64(&level, item) == OK;
    return has_level ? level : 1;
}

static struct ctap_credential *
new_credential(struct ctap_device *d, const struct asked *a, struct cbor map)
{
    struct cbor user;
    struct cbor id;
    for (size_t i = 0; i < CTAP_CREDENTIALS_MAX; i++) {
        struct ctap_credential *c = &d->credentials[i];
        if (c->is_used) {
            continue;
        }
        c->is_used = true;
        rng_fill(&d->rng.rng, MSPAN_OF(c->id));
        rng_fill(&d->rng.rng, MSPAN_OF(c->key.bytes));
        rng_fill(&d->rng.rng, MSPAN_OF(c->secret));
        c->key.bytes[0] &= 0x7f;
        memcpy(c->rp_id_hash, a->rp_id_hash, sizeof c->rp_id_hash);
        c->protection = protection_of(a);
        if (cbor_find_int(&user, map, 3) && cbor_find_text(&id, user, "id")) {
            c->user_id_len = span_copy(MSPAN_OF(c->user_id), id.content);
        }
        if (cbor_find_int(&user, map, 3) && cbor_find_text(&id, user, "name")) {
            (void)span_copy(mspan_of(c->user_name, sizeof c->user_name - 1), id.content);
        }
        return c;
    }
    return NULL;
}

static void write_new_auth_data(struct ctap_device *d,
                                struct wr *w,
                                const struct asked *a,
                                const struct ctap_credential *c)
{
    struct p256_public key;
    check(p256_public_of(&key, &c->key) == OK);
    write_auth_data_head(d, w, a, AUTH_DATA_AT | (a->has_extensions ? AUTH_DATA_ED : 0));
    wr_zeros(w, 16);
    wr_be16(w, sizeof c->id);
    wr_bytes(w, SPAN_OF(c->id));
    cose_key_write_es256(w, &key);
    if (a->has_extensions) {
        cbor_write_map(w, 2);
        cbor_write_text(w, "credProtect");
        cbor_write_i64(w, c->protection);
        cbor_write_text(w, "hmac-secret");
        cbor_write_bool(w, true);
    }
}

static uint8_t make_credential(struct ctap_device *d, struct wr *w, struct cbor map)
{
    struct asked a = {.is_verified = false};
    struct cbor excluded;
    uint8_t room[512];
    uint8_t status = read_asked(d, &a, map, &create_keys);
    if (status != GOOD) {
        return status;
    }
    if (!a.is_verified && (d->has_pin || d->has_builtin_uv)) {
        return PIN_REQUIRED;
    }
    if (cbor_find_int(&excluded, map, 5) && find_listed(d, &a, excluded)) {
        return CREDENTIAL_EXCLUDED;
    }
    const struct ctap_credential *c = new_credential(d, &a, map);
    if (!c) {
        return KEY_STORE_FULL;
    }
    struct wr data = wr_init(MSPAN_OF(room));
    write_new_auth_data(d, &data, &a, c);
    check(wr_ok(&data));
    cbor_write_map(w, 3);
    cbor_write_u64(w, 1);
    cbor_write_text(w, "packed");
    cbor_write_u64(w, 2);
    cbor_write_bytes(w, span_of(room, data.n));
    cbor_write_u64(w, 3);
    cbor_write_map(w, 2);
    cbor_write_text(w, "alg");
    cbor_write_i64(w, COSE_ALG_ES256);
    cbor_write_text(w, "sig");
    write_signature(d, w, c, span_of(room, data.n), a.client_data_hash);
    return GOOD;
}

/* hmac-secret, CTAP 2.1 §12.5: CredRandom differs with and without user verification. */
static uint8_t hmac_secret(struct ctap_device *d,
                           struct wr *w,
                           const struct asked *a,
                           const struct ctap_credential *c,
                           struct cbor request)
{
    struct cbor key;
    struct span sealed;
    struct span tag;
    struct ctap_shared s;
    int64_t protocol = 1;
    uint8_t salts[64];
    uint8_t out[64];
    uint8_t iv[16];
    (void)find_i64(&protocol, request, 4);
    if (!cbor_find_int(&key, request, 1) || !find_bytes(&sealed, request, 2) ||
        !find_bytes(&tag, request, 3) || !shared_of(d, &s, protocol, key)) {
        return MISSING_PARAMETER;
    }
    if (!ctap_authenticates((int)protocol, SPAN_OF(s.hmac_key.bytes), sealed, tag)) {
        return PIN_AUTH_INVALID;
    }
    size_t n = ctap_decrypt(&s, MSPAN_OF(salts), sealed);
    if (n != 32 && n != 64) {
        return MISSING_PARAMETER;
    }
    bool is_verified = a->is_verified && d->fault != CTAP_FAULT_NO_UV;
    uint8_t variant[5] = {is_verified};
    if (d->fault == CTAP_FAULT_CHANGING) {
        variant[1] = (uint8_t)d->sign_count;
    }
    struct secret32 random;
    struct span variant_span = SPAN_OF(variant);
    hmac_sha256(&random, SPAN_OF(c->secret), &variant_span, 1);
    for (size_t i = 0; i < n; i += 32) {
        struct secret32 mac;
        struct span salt = span_of(salts + i, 32);
        hmac_sha256(&mac, SPAN_OF(random.bytes), &salt, 1);
        memcpy(out + i, mac.bytes, 32);
    }
    rng_fill(&d->rng.rng, MSPAN_OF(iv));
    ctap_encrypt(&s, w, iv, span_of(out, n));
    return GOOD;
}

static uint8_t write_assertion_data(struct ctap_device *d,
                                    struct wr *data,
                                    const struct asked *a,
                                    const struct ctap_credential *c)
{
    struct cbor request = {.arg = 0};
    uint8_t room[96];
    struct wr secret = wr_init(MSPAN_OF(room));
    bool has_secret = a->has_extensions && cbor_find_text(&request, a->extensions, "hmac-secret");
    write_auth_data_head(d, data, a, has_secret ? AUTH_DATA_ED : 0);
    if (!has_secret) {
        return GOOD;
    }
    uint8_t status = hmac_secret(d, &secret, a, c, request);
    cbor_write_map(data, 1);
    cbor_write_text(data, "hmac-secret");
    cbor_write_bytes(data, span_of(room, secret.n));
    return status;
}

/* count: how many there are, in the first answer of several; 0: not said. Users are named where there are several and the person was verified. */
static uint8_t write_assertion(struct ctap_device *d,
                               struct wr *w,
                               const struct asked *a,
                               const struct ctap_credential *c,
                               size_t count)
{
    uint8_t room[256];
    struct wr data = wr_init(MSPAN_OF(room));
    bool is_named = a->is_verified && d->more.count > 1;
    uint8_t status = write_assertion_data(d, &data, a, c);
    if (status != GOOD) {
        return status;
    }
    check(wr_ok(&data));
    cbor_write_map(w, count > 0 ? 5 : 4);
    cbor_write_u64(w, 1);
    cbor_write_map(w, 2);
    cbor_write_text(w, "id");
    cbor_write_bytes(w, SPAN_OF(c->id));
    cbor_write_text(w, "type");
    cbor_write_text(w, "public-key");
    cbor_write_u64(w, 2);
    cbor_write_bytes(w, span_of(room, data.n));
    cbor_write_u64(w, 3);
    write_signature(d, w, c, span_of(room, data.n), a->client_data_hash);
    cbor_write_u64(w, 4);
    cbor_write_map(w, is_named ? 2 : 1);
    cbor_write_text(w, "id");
    cbor_write_bytes(w, span_of(c->user_id, c->user_id_len));
    if (is_named) {
        cbor_write_text(w, "name");
        cbor_write_text(w, c->user_name);
    }
    if (count > 0) {
        cbor_write_u64(w, 5);
        cbor_write_u64(w, count);
    }
    return GOOD;
}

/* Keeps what getNextAssertion needs, and counts the passkeys that answer. */
static size_t begin_more(struct ctap_device *d, const struct asked *a)
{
    size_t count = 0;
    while (find_resident(d, a, count)) {
        count++;
    }
    d->more = (struct ctap_more){.is_verified = a->is_verified, .at = 1, .count = count};
    memcpy(d->more.rp_id_hash, a->rp_id_hash, sizeof d->more.rp_id_hash);
    (void)span_copy(MSPAN_OF(d->more.client_data_hash), a->client_data_hash);
    return count;
}

static uint8_t get_assertion(struct ctap_device *d, struct wr *w, struct cbor map)
{
    struct asked a = {.is_verified = false};
    struct cbor list;
    size_t count = 0;
    d->more.count = 0;
    uint8_t status = read_asked(d, &a, map, &assert_keys);
    if (status != GOOD) {
        return status;
    }
    bool has_list = cbor_find_int(&list, map, 3);
    count = has_list ? 0 : begin_more(d, &a);
    const struct ctap_credential *c = has_list ? find_listed(d, &a, list) : find_resident(d, &a, 0);
    return c ? write_assertion(d, w, &a, c, count > 1 ? count : 0) : NO_CREDENTIALS;
}

static uint8_t get_next_assertion(struct ctap_device *d, struct wr *w)
{
    struct asked a = {.client_data_hash = SPAN_OF(d->more.client_data_hash),
                      .is_verified = d->more.is_verified};
    memcpy(a.rp_id_hash, d->more.rp_id_hash, sizeof a.rp_id_hash);
    const struct ctap_credential *c =
        d->more.at < d->more.count ? find_resident(d, &a, d->more.at) : NULL;
    d->more.at++;
    return c ? write_assertion(d, w, &a, c, 0) : NOT_ALLOWED;
}

uint8_t ctap_device_command(struct ctap_device *d, struct wr *out, struct span request)
{
    struct cbor map;
    struct rd r = rd_init(request);
    uint8_t command = rd_u8(&r);
    struct span body = rd_rest(&r);
    d->commands_count++;
    if (command == GET_INFO) {
        return get_info(d, out);
    }
    if (d->fault == CTAP_FAULT_STATUS && (d->fault_command == 0 || d->fault_command == command)) {
        return d->fault_status;
    }
    if (command == GET_NEXT_ASSERTION) { /* it has no parameters */
        return get_next_assertion(d, out);
    }
    if (cbor_decode(&map, body, CBOR_ANY_ORDER) != OK || map.type != CBOR_MAP) {
        return INVALID_CBOR;
    }
    switch (command) {
    case MAKE_CREDENTIAL: return make_credential(d, out, map);
    case GET_ASSERTION:   return get_assertion(d, out, map);
    case CLIENT_PIN:      return client_pin(d, out, map);
    default:              return INVALID_COMMAND; /* any byte may come */
    }
}

/* ---- transport: CTAP HID ---- */

static void reply(struct ctap_device *d, uint8_t command, size_t n)
{
    d->out_command = command;
    d->out_len = n;
    d->out_sent = 0;
    d->out_sequence = 0;
    d->has_out = true;
}

static bool is_struck(const struct ctap_device *d)
{
    return d->in[0] != GET_INFO && (d->fault_command == 0 || d->fault_command == d->in[0]);
}

static void answer(struct ctap_device *d)
{
    struct wr w = wr_init(MSPAN_OF(d->out));
    if (d->in_command == HID_INIT) {
        d->channel = 0x01020304;
        wr_bytes(&w, span_of(d->in, 8));
        wr_be32(&w, d->channel);
        wr_bytes(&w, SPAN_LIT("\x02\x01\x00\x00\x0c")); /* version 2; CBOR, no U2F */
        reply(d, HID_INIT, w.n);
        return;
    }
    if (d->in_command != HID_CBOR) {
        d->out[0] = INVALID_COMMAND;
        reply(d, HID_ERROR, 1);
        return;
    }
    if (d->fault == CTAP_FAULT_SILENT && is_struck(d)) {
        return;
    }
    wr_u8(&w, GOOD);
    uint8_t status = ctap_device_command(d, &w, span_of(d->in, d->in_want));
    check(wr_ok(&w));
    d->out[0] = status;
    size_t n = status == GOOD ? w.n : 1;
    if (d->fault == CTAP_FAULT_GARBAGE && is_struck(d)) {
        memset(d->out + 1, 0xff, n - 1);
    }
    if (d->fault == CTAP_FAULT_CUT && is_struck(d) && n > 1) {
        d->out[n - 1] = 0;
        n--;
    }
    reply(d, HID_CBOR, n);
}

void ctap_device_write(struct ctap_device *d, const uint8_t report[static CTAP_REPORT_LEN])
{
    struct rd r = rd_init(span_of(report, CTAP_REPORT_LEN));
    (void)rd_be32(&r);
    uint8_t mark = rd_u8(&r);
    if ((mark & HID_START) != 0) {
        d->in_command = mark & (HID_START - 1);
        d->in_want = rd_be16(&r);
        d->in_len = 0;
        d->has_out = false;
    }
    if (d->in_want > sizeof d->in) {
        d->in_want = 0;
        return;
    }
    struct span data = span_first(rd_rest(&r), d->in_want - d->in_len);
    (void)span_copy(mspan_of(d->in + d->in_len, data.n), data);
    d->in_len += data.n;
    if (d->in_len == d->in_want) {
        answer(d);
    }
}

bool ctap_device_read(struct ctap_device *d, uint8_t ret_report[static CTAP_REPORT_LEN])
{
    struct wr w = wr_init(mspan_of(ret_report, CTAP_REPORT_LEN));
    if (!d->has_out) {
        return false;
    }
    wr_be32(&w, d->in_command == HID_INIT ? UINT32_MAX : d->channel);
    if (d->out_sent == 0) {
        wr_u8(&w, (uint8_t)(d->out_command | HID_START));
        wr_be16(&w, (uint16_t)d->out_len);
    } else {
        wr_u8(&w, d->out_sequence++);
    }
    size_t n = CTAP_REPORT_LEN - w.n;
    n = n < d->out_len - d->out_sent ? n : d->out_len - d->out_sent;
    wr_bytes(&w, span_of(d->out + d->out_sent, n));
    d->out_sent += n;
    wr_zeros(&w, CTAP_REPORT_LEN - w.n);
    check(wr_ok(&w));
    d->has_out = d->out_sent < d->out_len;
    return true;
}
