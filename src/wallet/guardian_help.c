/* Requests for help and answers as text; whether a guardian's signature holds (docs/recovery.md). */
#include "wallet/guardian_help.h"

#include "base/rd.h"
#include "base/wr.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "evm/deployments.h"
#include "webauthn/assertion.h"
#include "webauthn/auth_data.h"
#include "webauthn/relying_party.h"

#include <stdio.h>

#define HELP_PREFIX "passmesh-help:"
enum {
    HELP_VERSION = 1,
    CHECK_LEN = 4,
    OWNER_LEN_MIN = 20,
    KEY_OWNER_LEN = 40,
    PASSKEY_OWNER_LEN = 116,
    KEY_SIGNATURE_LEN = 65,
    V_FIRST = 27,
};

/* The number of a request's kind in the text. */
static const struct {
    uint8_t number;
    enum recovery_act act;
} requests[] = {
    {1, RECOVERY_RECOVER },
    {4, RECOVERY_PRACTICE},
    {5, RECOVERY_CANCEL  },
    {6, RECOVERY_HOLD    },
};
enum { REQUEST_COUNT = sizeof requests / sizeof requests[0] };

static uint8_t number_of(const struct help *h)
{
    for (size_t i = 0; h->kind == HELP_REQUEST && i < REQUEST_COUNT; i++) {
        if (requests[i].act == h->request.act) {
            return requests[i].number;
        }
    }
    return (uint8_t)h->kind;
}

/* ---- writing ---- */

static void write_owner(struct wr *w, const struct smart_owner *o)
{
    wr_u8(w, (uint8_t)o->len);
    wr_bytes(w, span_of(o->bytes, o->len));
}

static void write_owners(struct wr *w, const struct smart_owner *owners, size_t count)
{
    wr_u8(w, (uint8_t)count);
    for (size_t i = 0; i < count; i++) {
        write_owner(w, &owners[i]);
    }
}

static void write_request(struct wr *w, const struct help_request *r)
{
    wr_be64(w, r->chain_id);
    wr_bytes(w, SPAN_OF(r->account.bytes));
    wr_be64(w, r->round);
    if (r->act != RECOVERY_RECOVER) {
        wr_bytes(w, r->act == RECOVERY_HOLD ? SPAN_EMPTY : SPAN_OF(r->what.bytes));
        return;
    }
    wr_be64(w, r->change.sequence);
    wr_bytes(w, SPAN_OF(r->change.previous));
    wr_u8(w, (uint8_t)r->change.threshold);
    write_owners(w, r->change.added, r->change.added_count);
    write_owners(w, r->change.removed, r->change.removed_count);
}

static void write_body(struct wr *w, const struct help *h)
{
    switch (h->kind) {
    case HELP_REQUEST: write_request(w, &h->request); break;
    case HELP_ANSWER:
        wr_bytes(w, SPAN_OF(h->answer.hash.bytes));
        write_owner(w, &h->answer.guardian);
        wr_be16(w, (uint16_t)h->answer.signature_len);
        wr_bytes(w, span_of(h->answer.signature, h->answer.signature_len));
        break;
    case HELP_GUARDIAN:
        write_owner(w, &h->guardian.guardian);
        wr_u8(w, (uint8_t)name_span(&h->guardian.name).n);
        wr_bytes(w, name_span(&h->guardian.name));
        break;
    }
}

enum err help_print(struct buf *out, const struct help *h)
{
    uint8_t bytes[HELP_BYTES_MAX];
    struct hash32 check;
    struct wr w = wr_init(MSPAN_OF(bytes));
    wr_u8(&w, HELP_VERSION);
    wr_u8(&w, number_of(h));
    write_body(&w, h);
    TRY(wr_end(&w));
    sha256(&check, span_of(bytes, w.n));
    wr_bytes(&w, span_of(check.bytes, CHECK_LEN));
    TRY(wr_end(&w));
    struct wr text = wr_init_buf(out);
    wr_str(&text, HELP_PREFIX);
    base64_encode(&text, BASE64_URL_BARE, span_of(bytes, w.n));
    return wr_end(&text);
}

/* ---- reading ---- */

static bool read_owner(struct rd *r, struct smart_owner *ret)
{
    *ret = (struct smart_owner){.len = rd_u8(r)};
    struct span bytes = rd_bytes(r, ret->len);
    if (!rd_ok(r) || ret->len < OWNER_LEN_MIN || ret->len > sizeof ret->bytes) {
        return false;
    }
    span_copy(MSPAN_OF(ret->bytes), bytes);
    return true;
}

static bool read_owners(struct rd *r, struct smart_owner *owners, size_t *ret_count)
{
    size_t count = rd_u8(r);
    bool is_ok = rd_ok(r) && count <= OWNER_CHANGE_EACH_MAX;
    for (size_t i = 0; is_ok && i < count; i++) {
        is_ok = read_owner(r, &owners[i]);
    }
    *ret_count = is_ok ? count : 0;
    return is_ok;
}

static enum err read_request(struct rd *r, struct help_request *ret)
{
    struct owner_change *c = &ret->change;
    ret->chain_id = rd_be64(r);
    rd_copy(r, MSPAN_OF(ret->account.bytes));
    ret->round = rd_be64(r);
    if (ret->act != RECOVERY_RECOVER) {
        if (ret->act != RECOVERY_HOLD) {
            rd_copy(r, MSPAN_OF(ret->what.bytes));
        }
        return rd_end(r) && ret->chain_id > 0 && !address_is_zero(ret->account) ? OK
                                                                                : ERR_MALFORMED;
    }
    c->sequence = rd_be64(r);
    rd_copy(r, MSPAN_OF(c->previous));
    c->threshold = rd_u8(r);
    bool is_ok = read_owners(r, c->added, &c->added_count) &&
                 read_owners(r, c->removed, &c->removed_count) && rd_end(r);
    return is_ok && ret->chain_id > 0 && !address_is_zero(ret->account) && c->sequence > 0 &&
                   c->threshold > 0 && c->threshold <= SMART_ACCOUNT_OWNER_COUNT_MAX &&
                   c->added_count + c->removed_count > 0
               ? OK
               : ERR_MALFORMED;
}

static enum err read_answer(struct rd *r, struct help_answer *ret)
{
    rd_copy(r, MSPAN_OF(ret->hash.bytes));
    bool is_ok = read_owner(r, &ret->guardian);
    ret->signature_len = rd_be16(r);
    struct span signature = rd_bytes(r, ret->signature_len);
    if (!is_ok || !rd_end(r) || ret->signature_len == 0 ||
        ret->signature_len > HELP_SIGNATURE_LEN_MAX) {
        return ERR_MALFORMED;
    }
    span_copy(MSPAN_OF(ret->signature), signature);
    return OK;
}

static enum err read_guardian(struct rd *r, struct help_guardian *ret)
{
    bool is_ok = read_owner(r, &ret->guardian);
    struct span name = rd_bytes(r, rd_u8(r));
    if (!is_ok || !rd_end(r)) {
        return ERR_MALFORMED;
    }
    return name.n == 0 ? OK : name_parse(&ret->name, name);
}

static enum err read_bytes(struct help *ret, struct span bytes)
{
    struct hash32 check;
    if (bytes.n < 2 + CHECK_LEN) {
        return ERR_MALFORMED;
    }
    struct span checked = span_first(bytes, bytes.n - CHECK_LEN);
    sha256(&check, checked);
    if (!span_equal(span_from(bytes, checked.n), span_of(check.bytes, CHECK_LEN))) {
        return ERR_MALFORMED;
    }
    struct rd r = rd_init(checked);
    uint8_t version = rd_u8(&r);
    uint8_t kind = rd_u8(&r);
    if (version != HELP_VERSION) {
        return ERR_UNSUPPORTED;
    }
    for (size_t i = 0; i < REQUEST_COUNT; i++) {
        if (requests[i].number == kind) {
            ret->kind = HELP_REQUEST;
            ret->request.act = requests[i].act;
            return read_request(&r, &ret->request);
        }
    }
    ret->kind = (enum help_kind)kind;
    return kind == HELP_ANSWER     ? read_answer(&r, &ret->answer)
           : kind == HELP_GUARDIAN ? read_guardian(&r, &ret->guardian)
                                   : ERR_UNSUPPORTED;
}

static bool is_white(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum err help_parse(struct help *ret, struct span text)
{
    uint8_t dense[HELP_TEXT_LEN_MAX];
    uint8_t bytes[HELP_BYTES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (is_white(text.p[i])) {
            continue;
        }
        if (n == sizeof dense) {
            return ERR_LIMIT;
        }
        dense[n++] = text.p[i];
    }
    struct span whole = span_of(dense, n);
    if (!span_starts_with(whole, SPAN_LIT(HELP_PREFIX))) {
        return ERR_MALFORMED;
    }
    struct wr w = wr_init(MSPAN_OF(bytes));
    TRY(base64_decode(&w, BASE64_URL_BARE, span_from(whole, sizeof HELP_PREFIX - 1)));
    *ret = (struct help){.kind = HELP_REQUEST};
    return read_bytes(ret, span_of(bytes, w.n));
}

void help_request_hash(struct hash32 *ret, const struct help_request *r)
{
    struct recovery_signable s = {.act = r->act, .what = r->what, .round = r->round};
    if (r->act == RECOVERY_RECOVER) {
        owner_change_id(&s.what, r->account, &r->change);
    }
    account_recovery_hash(ret, r->account, r->chain_id, &s);
}

void help_code(char ret[static HELP_CODE_LEN], const struct hash32 *hash)
{
    const uint8_t *b = hash->bytes;
    (void)snprintf(ret, HELP_CODE_LEN, "%02X%02X-%02X%02X-%02X%02X-%02X%02X", b[0], b[1], b[2],
                   b[3], b[4], b[5], b[6], b[7]);
}

/* ---- guardians ---- */

struct smart_owner guardian_of_address(struct address a)
{
    struct smart_owner o = {.len = KEY_OWNER_LEN};
    span_copy(mspan_of(o.bytes, 20), SPAN_OF(deployments.secp256k1_verifier.address.bytes));
    span_copy(mspan_of(o.bytes + 20, 20), SPAN_OF(a.bytes));
    return o;
}

enum guardian_kind guardian_kind(const struct smart_owner *guardian, struct address *ret_address)
{
    struct span verifier = span_of(guardian->bytes, 20);
    if (guardian->len == PASSKEY_OWNER_LEN &&
        span_equal(verifier, SPAN_OF(deployments.verifier.address.bytes))) {
        return GUARDIAN_PASSKEY;
    }
    if (guardian->len == KEY_OWNER_LEN &&
        span_equal(verifier, SPAN_OF(deployments.secp256k1_verifier.address.bytes))) {
        span_copy(MSPAN_OF(ret_address->bytes), span_of(guardian->bytes + 20, 20));
        return GUARDIAN_KEY;
    }
    return GUARDIAN_OTHER;
}

/* The host of an origin: its RP ID, unless the page chose a parent of it, which ours never does. */
static struct span host_of(struct span origin)
{
    size_t start = 0;
    for (size_t i = 0; i + 3 <= origin.n && start == 0; i++) {
        if (span_starts_with(span_from(origin, i), SPAN_LIT("://"))) {
            start = i + 3;
        }
    }
    struct span host = span_from(origin, start);
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] == ':') {
            return span_first(host, i);
        }
    }
    return host;
}

static enum err
verify_passkey(const struct smart_owner *g, const struct hash32 *hash, struct span signature)
{
    struct assertion_response response;
    struct assertion_credential credential = {.sign_count = 0};
    struct assertion a;
    struct auth_data data;
    struct json root;
    struct span origin;
    struct hash32 origin_hash;
    uint8_t der[P256_DER_MAX];
    uint8_t again[HELP_SIGNATURE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(again));
    TRY(assertion_decode(&response, der, signature));
    TRY(p256_public_init(&credential.key, span_of(g->bytes + 20, 64)));
    TRY(auth_data_decode(&data, response.authenticator_data, NULL));
    TRY(json_parse(&root, response.client_data_json, NULL));
    TRY(json_find_plain(&origin, root, "origin"));
    sha256(&origin_hash, origin);
    if (!span_equal(SPAN_OF(origin_hash.bytes), span_of(g->bytes + 84, 32))) {
        return ERR_AUTH;
    }
    const struct relying_party rp = {
        .id = host_of(origin), .origin = origin, .requires_user_verification = true};
    credential.is_backup_eligible = auth_data_has(&data, AUTH_DATA_BE);
    TRY(assertion_verify(&a, &rp, SPAN_OF(hash->bytes), &credential, &response, NULL));
    /* The indices, and that nothing else was put in: there is one form. */
    TRY(assertion_encode(&w, &a, &response, NULL));
    return span_equal(span_of(again, w.n), signature) ? OK : ERR_AUTH;
}

static enum err verify_key(struct address want, const struct hash32 *hash, struct span signature)
{
    struct secp256k1_signature sig;
    struct secp256k1_public key;
    struct hash32 got;
    if (signature.n != KEY_SIGNATURE_LEN || signature.p[64] < V_FIRST ||
        signature.p[64] > V_FIRST + 1) {
        return ERR_AUTH;
    }
    span_copy(MSPAN_OF(sig.rs), span_first(signature, 64));
    sig.recovery_id = (uint8_t)(signature.p[64] - V_FIRST);
    TRY(secp256k1_recover(&key, hash, &sig));
    TRY(secp256k1_verify(&key, hash, &sig)); /* a high s is refused on the chain */
    keccak256(&got, SPAN_OF(key.xy));
    return span_equal(span_of(got.bytes + 12, 20), SPAN_OF(want.bytes)) ? OK : ERR_AUTH;
}

enum err guardian_verify(const struct smart_owner *guardian,
                         const struct hash32 *hash,
                         struct span signature)
{
    struct address address = {{0}};
    switch (guardian_kind(guardian, &address)) {
    case GUARDIAN_PASSKEY: return verify_passkey(guardian, hash, signature) == OK ? OK : ERR_AUTH;
    case GUARDIAN_KEY:     return verify_key(address, hash, signature) == OK ? OK : ERR_AUTH;
    case GUARDIAN_OTHER:   break;
    }
    return ERR_UNSUPPORTED;
}
