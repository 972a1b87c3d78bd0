/* What a co-signer signs. Start at cosigner_allow, at the end. */
#include "wallet/cosigner.h"

#include "evm/erc20.h"
#include "evm/smart_account.h"
#include "evm/userop.h"
#include "webauthn/auth_data.h"
#include "webauthn/relying_party.h"

#include <string.h>

enum { TERMS_VERSION = 1 };

static const uint8_t end[1]; /* behind a label */

static bool is_ether_to_all(const struct cosigner_limit *l)
{
    return address_is_zero(l->token) && address_is_zero(l->to);
}

static bool is_same_limit(const struct cosigner_limit *a, const struct cosigner_limit *b)
{
    return address_equal(a->token, b->token) && address_equal(a->to, b->to);
}

/* The account would be a token of its own, or the EntryPoint one: a payment of such a token would be something else. */
static bool is_strange_limit(const struct cosigner_terms *t, const struct cosigner_limit *l)
{
    return address_equal(l->token, t->account) || address_equal(l->token, userop_entry_point_08);
}

static bool are_limits_good(const struct cosigner_terms *t)
{
    bool has_ether = false;
    for (size_t i = 0; i < t->limits_count; i++) {
        has_ether = has_ether || is_ether_to_all(&t->limits[i]);
        if (is_strange_limit(t, &t->limits[i])) {
            return false;
        }
        for (size_t k = 0; k < i; k++) {
            if (is_same_limit(&t->limits[i], &t->limits[k])) {
                return false;
            }
        }
    }
    return has_ether;
}

static void read_address(struct rd *r, struct address *ret)
{
    rd_copy(r, MSPAN_OF(ret->bytes));
}

static struct u256 read_amount(struct rd *r)
{
    uint8_t be[32] = {0};
    struct u256 v = U256_ZERO;
    rd_copy(r, MSPAN_OF(be));
    if (u256_from_be(&v, SPAN_OF(be)) != OK) {
        rd_fail(r);
    }
    return v;
}

/* A count that is 1 to max, or the reader fails. */
static size_t read_count(struct rd *r, size_t max)
{
    size_t n = rd_u8(r);
    if (n == 0 || n > max) {
        rd_fail(r);
        return 0;
    }
    return n;
}

static size_t read_text(struct rd *r, struct mspan out)
{
    size_t n = read_count(r, out.n);
    rd_copy(r, mspan_first(out, n));
    return n;
}

static void read_chains(struct rd *r, struct cosigner_terms *t)
{
    uint64_t last = 0;
    t->chains_count = read_count(r, COSIGNER_CHAINS_MAX);
    for (size_t i = 0; i < t->chains_count; i++) {
        t->chains[i] = rd_be64(r);
        if (t->chains[i] <= last) {
            rd_fail(r);
        }
        last = t->chains[i];
    }
}

enum err cosigner_terms_read(struct cosigner_terms *ret, struct rd *r)
{
    struct cosigner_terms t = {.chains_count = 0};
    uint8_t xy[64] = {0};
    uint8_t version = rd_u8(r);
    if (rd_ok(r) && version != TERMS_VERSION) {
        return ERR_UNSUPPORTED;
    }
    read_address(r, &t.account);
    read_chains(r, &t);
    t.rp_id_len = read_text(r, MSPAN_OF(t.rp_id));
    t.origin_len = read_text(r, MSPAN_OF(t.origin));
    rd_copy(r, MSPAN_OF(xy));
    t.limits_count = read_count(r, COSIGNER_LIMITS_MAX);
    for (size_t i = 0; i < t.limits_count; i++) {
        read_address(r, &t.limits[i].token);
        read_address(r, &t.limits[i].to);
        t.limits[i].amount = read_amount(r);
    }
    if (!rd_ok(r) || address_is_zero(t.account) || !are_limits_good(&t)) {
        return ERR_MALFORMED;
    }
    TRY(p256_public_init(&t.passkey, SPAN_OF(xy)));
    *ret = t;
    return OK;
}

static void write_amount(struct wr *w, struct u256 v)
{
    uint8_t be[32];
    u256_to_be(be, v);
    wr_bytes(w, SPAN_OF(be));
}

void cosigner_terms_write(struct wr *w, const struct cosigner_terms *t)
{
    wr_u8(w, TERMS_VERSION);
    wr_bytes(w, SPAN_OF(t->account.bytes));
    wr_u8(w, (uint8_t)t->chains_count);
    for (size_t i = 0; i < t->chains_count; i++) {
        wr_be64(w, t->chains[i]);
    }
    wr_u8(w, (uint8_t)t->rp_id_len);
    wr_bytes(w, span_of(t->rp_id, t->rp_id_len));
    wr_u8(w, (uint8_t)t->origin_len);
    wr_bytes(w, span_of(t->origin, t->origin_len));
    wr_bytes(w, SPAN_OF(t->passkey.xy));
    wr_u8(w, (uint8_t)t->limits_count);
    for (size_t i = 0; i < t->limits_count; i++) {
        wr_bytes(w, SPAN_OF(t->limits[i].token.bytes));
        wr_bytes(w, SPAN_OF(t->limits[i].to.bytes));
        write_amount(w, t->limits[i].amount);
    }
}

void cosigner_terms_hash(struct hash32 *ret, const struct cosigner_terms *t)
{
    uint8_t text[COSIGNER_TERMS_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    cosigner_terms_write(&w, t);
    const struct span parts[] = {SPAN_LIT("passmesh cosigner 1 terms"), SPAN_OF(end),
                                 span_of(text, w.n)};
    sha256_of(ret, parts, 3);
}

/* What a passkey signs about terms as a whole. */
static void terms_challenge(struct hash32 *ret,
                            struct span label,
                            const struct cosigner_terms *t,
                            walltime expires)
{
    uint8_t time[8];
    struct hash32 terms;
    struct wr w = wr_init(MSPAN_OF(time));
    cosigner_terms_hash(&terms, t);
    wr_be64(&w, expires.s);
    const struct span parts[] = {label, SPAN_OF(end), SPAN_OF(terms.bytes), SPAN_OF(time)};
    sha256_of(ret, parts, 4);
}

void cosigner_create_challenge(struct hash32 *ret, const struct cosigner_terms *t, walltime expires)
{
    terms_challenge(ret, SPAN_LIT("passmesh cosigner 1 create"), t, expires);
}

void cosigner_remove_challenge(struct hash32 *ret, const struct cosigner_terms *t, walltime expires)
{
    terms_challenge(ret, SPAN_LIT("passmesh cosigner 1 remove"), t, expires);
}

void cosigner_sign_challenge(struct hash32 *ret,
                             const struct cosigner_terms *t,
                             const struct cosigner_ask *ask,
                             const struct hash32 *userop_hash)
{
    uint8_t text[20 + 20 + 8 + 32 + 32 + 8];
    struct hash32 terms;
    struct wr w = wr_init(MSPAN_OF(text));
    cosigner_terms_hash(&terms, t);
    wr_bytes(&w, SPAN_OF(ask->cosigner.bytes));
    wr_bytes(&w, SPAN_OF(t->account.bytes));
    wr_be64(&w, ask->chain_id);
    wr_bytes(&w, SPAN_OF(userop_hash->bytes));
    wr_bytes(&w, SPAN_OF(terms.bytes));
    wr_be64(&w, ask->expires.s);
    const struct span parts[] = {SPAN_LIT("passmesh cosigner 1 sign"), SPAN_OF(end), SPAN_OF(text)};
    sha256_of(ret, parts, 3);
}

static void read_assertion(struct rd *r, struct assertion_response *ret)
{
    ret->client_data_json = rd_be16_sized(r);
    ret->authenticator_data = rd_be16_sized(r);
    ret->signature = rd_be16_sized(r);
}

static void write_assertion(struct wr *w, const struct assertion_response *a)
{
    wr_be16_sized(w, a->client_data_json);
    wr_be16_sized(w, a->authenticator_data);
    wr_be16_sized(w, a->signature);
}

enum err cosigner_create_decode(struct cosigner_create *ret, struct span in)
{
    struct cosigner_create c;
    struct rd r = rd_init(in);
    if (in.n > COSIGNER_REQUEST_MAX) {
        return ERR_LIMIT;
    }
    TRY(cosigner_terms_read(&c.terms, &r));
    c.expires = (walltime){rd_be64(&r)};
    read_assertion(&r, &c.assertion);
    if (!rd_end(&r)) {
        return ERR_MALFORMED;
    }
    *ret = c;
    return OK;
}

void cosigner_create_encode(struct wr *w, const struct cosigner_create *c)
{
    cosigner_terms_write(w, &c->terms);
    wr_be64(w, c->expires.s);
    write_assertion(w, &c->assertion);
}

enum err cosigner_ask_decode(struct cosigner_ask *ret, struct span in)
{
    struct cosigner_ask a = {.chain_id = 0};
    struct rd r = rd_init(in);
    if (in.n > COSIGNER_REQUEST_MAX) {
        return ERR_LIMIT;
    }
    read_address(&r, &a.cosigner);
    a.chain_id = rd_be64(&r);
    a.expires = (walltime){rd_be64(&r)};
    a.userop = rd_be16_sized(&r);
    read_assertion(&r, &a.assertion);
    if (!rd_end(&r) || a.userop.n > COSIGNER_USEROP_MAX) {
        return ERR_MALFORMED;
    }
    *ret = a;
    return OK;
}

void cosigner_ask_encode(struct wr *w, const struct cosigner_ask *ask)
{
    wr_bytes(w, SPAN_OF(ask->cosigner.bytes));
    wr_be64(w, ask->chain_id);
    wr_be64(w, ask->expires.s);
    wr_be16_sized(w, ask->userop);
    write_assertion(w, &ask->assertion);
}

enum err cosigner_read(struct cosigner *ret, struct rd *r)
{
    struct cosigner c = {.recent_at = 0};
    TRY(cosigner_terms_read(&c.terms, r));
    for (size_t i = 0; i < c.terms.limits_count; i++) {
        c.spent[i].since = (walltime){rd_be64(r)};
        c.spent[i].amount = read_amount(r);
    }
    c.seen = (walltime){rd_be64(r)};
    c.rests_until = (walltime){rd_be64(r)};
    c.recent_at = rd_u8(r);
    for (size_t i = 0; i < COSIGNER_RECENT; i++) {
        rd_copy(r, MSPAN_OF(c.recent[i].bytes));
    }
    if (!rd_ok(r) || c.recent_at >= COSIGNER_RECENT) {
        return ERR_MALFORMED;
    }
    *ret = c;
    return OK;
}

void cosigner_write(struct wr *w, const struct cosigner *c)
{
    cosigner_terms_write(w, &c->terms);
    for (size_t i = 0; i < c->terms.limits_count; i++) {
        wr_be64(w, c->spent[i].since.s);
        write_amount(w, c->spent[i].amount);
    }
    wr_be64(w, c->seen.s);
    wr_be64(w, c->rests_until.s);
    wr_u8(w, (uint8_t)c->recent_at);
    for (size_t i = 0; i < COSIGNER_RECENT; i++) {
        wr_bytes(w, SPAN_OF(c->recent[i].bytes));
    }
}

/* Neither used up nor so long that it could be kept for another day. */
static enum err check_expiry(walltime expires, walltime now)
{
    bool is_good = expires.s > now.s && expires.s - now.s <= COSIGNER_LIFE_S;
    return is_good ? OK : ERR_TIMEOUT;
}

/* The person has answered for exactly this challenge, with the passkey of the terms, verified. */
static enum err check_assertion(const struct cosigner_terms *t,
                                const struct hash32 *challenge,
                                const struct assertion_response *response)
{
    struct assertion a;
    const struct relying_party rp = {.id = span_of(t->rp_id, t->rp_id_len),
                                     .origin = span_of(t->origin, t->origin_len),
                                     .requires_user_verification = true};
    struct assertion_credential credential = {.key = t->passkey};
    struct auth_data data;
    if (auth_data_decode(&data, response->authenticator_data, NULL) != OK) {
        return ERR_AUTH;
    }
    /* Whether it may be backed up was said at its registration, which is not known here; the key counts. */
    credential.is_backup_eligible = auth_data_has(&data, AUTH_DATA_BE);
    enum err e = assertion_verify(&a, &rp, SPAN_OF(challenge->bytes), &credential, response, NULL);
    return e == OK ? OK : ERR_AUTH;
}

enum err cosigner_init(struct cosigner *ret, const struct cosigner_create *create, walltime now)
{
    struct hash32 challenge;
    TRY(check_expiry(create->expires, now));
    cosigner_create_challenge(&challenge, &create->terms, create->expires);
    TRY(check_assertion(&create->terms, &challenge, &create->assertion));
    *ret = (struct cosigner){.terms = create->terms, .seen = now};
    return OK;
}

enum err cosigner_remove(struct cosigner *c, const struct cosigner_create *remove, walltime now)
{
    struct hash32 challenge;
    TRY(check_expiry(remove->expires, now));
    cosigner_remove_challenge(&challenge, &c->terms, remove->expires);
    TRY(check_assertion(&c->terms, &challenge, &remove->assertion));
    if (c->rests_until.s == 0) {
        c->rests_until =
            (walltime){now.s + COSIGNER_REST_S}; /* now is below an expiry, far from the end */
    }
    return OK;
}

bool cosigner_is_gone(const struct cosigner *c, walltime now)
{
    return c->rests_until.s != 0 && c->rests_until.s <= now.s;
}

static bool has_chain(const struct cosigner_terms *t, uint64_t chain_id)
{
    for (size_t i = 0; i < t->chains_count; i++) {
        if (t->chains[i] == chain_id) {
            return true;
        }
    }
    return false;
}

/* One payment under every limit that fits it; there must be one. */
static enum err charge(struct cosigner *c, const struct cosigner_limit *payment, walltime now)
{
    bool is_named = false;
    for (size_t i = 0; i < c->terms.limits_count; i++) {
        const struct cosigner_limit *l = &c->terms.limits[i];
        bool fits = address_equal(l->token, payment->token) &&
                    (address_is_zero(l->to) || address_equal(l->to, payment->to));
        if (!fits) {
            continue;
        }
        is_named = true;
        if (now.s - c->spent[i].since.s >= COSIGNER_PERIOD_S) {
            c->spent[i].since = now;
            c->spent[i].amount = U256_ZERO;
        }
        struct u256 sum = u256_add_sat(c->spent[i].amount, payment->amount);
        if (u256_compare(sum, l->amount) > 0) {
            return ERR_LIMIT;
        }
        c->spent[i].amount = sum;
    }
    return is_named ? OK : ERR_DENIED;
}

/* A call that pays somebody, and does nothing else. */
static enum err read_payment(struct cosigner_limit *ret,
                             const struct cosigner_terms *t,
                             const struct smart_call *call)
{
    struct erc20_transfer transfer;
    /* The account itself, under both of its names: its owners and settings are not for us to change. */
    if (address_is_zero(call->to) || address_equal(call->to, t->account)) {
        return ERR_DENIED;
    }
    if (call->data.n == 0) {
        *ret = (struct cosigner_limit){.to = call->to, .amount = call->value};
        return OK;
    }
    if (!u256_is_zero(call->value) || !erc20_transfer_decode(&transfer, call->data) ||
        address_is_zero(transfer.to)) {
        return ERR_DENIED;
    }
    *ret = (struct cosigner_limit){.token = call->to, .to = transfer.to, .amount = transfer.amount};
    return OK;
}

static enum err charge_calls(struct cosigner *c, struct span call_data, walltime now)
{
    struct smart_call calls[COSIGNER_CALLS_MAX];
    struct cosigner_limit payment;
    size_t count = 0;
    if (smart_account_calls(calls, &count, COSIGNER_CALLS_MAX, call_data) != OK) {
        return ERR_DENIED; /* another function of the account, or too many */
    }
    for (size_t i = 0; i < count; i++) {
        TRY(read_payment(&payment, &c->terms, &calls[i]));
        TRY(charge(c, &payment, now));
    }
    return OK;
}

static enum err charge_operation(struct cosigner *c, const struct userop *op, walltime now)
{
    /* A nonce key with its top 32 bits set means something else to the account (docs/account.md, "Nonce keys"). */
    bool is_plain = op->nonce.w[3] >> 32 == 0;
    if (!is_plain || op->paymaster_and_data.n > 0) {
        return ERR_DENIED;
    }
    const struct cosigner_limit fee = {.amount = userop_fee_max(op)};
    TRY(charge(c, &fee, now));
    return charge_calls(c, op->call_data, now);
}

static bool was_signed(const struct cosigner *c, const struct hash32 *hash)
{
    for (size_t i = 0; i < COSIGNER_RECENT; i++) {
        if (span_equal(SPAN_OF(c->recent[i].bytes), SPAN_OF(hash->bytes))) {
            return true;
        }
    }
    return false;
}

enum err cosigner_allow(struct cosigner *c,
                        struct hash32 *ret_hash,
                        const struct cosigner_ask *ask,
                        walltime now)
{
    const struct userop_domain domain = {.entry_point = userop_entry_point_08,
                                         .chain_id = u256_from_u64(ask->chain_id)};
    struct userop op;
    struct hash32 hash;
    struct hash32 challenge;
    TRY(userop_decode(&op, ask->userop));
    TRY(userop_hash(&hash, &op, &domain));
    if (!address_equal(op.sender, c->terms.account) || !has_chain(&c->terms, ask->chain_id)) {
        return ERR_DENIED;
    }
    TRY(check_expiry(ask->expires, now));
    cosigner_sign_challenge(&challenge, &c->terms, ask, &hash);
    TRY(check_assertion(&c->terms, &challenge, &ask->assertion));
    struct cosigner after = *c;
    after.seen.s = now.s > c->seen.s ? now.s : c->seen.s;
    after.rests_until.s = 0; /* it is needed after all */
    if (!was_signed(c, &hash)) {
        TRY(charge_operation(&after, &op, after.seen));
        after.recent[after.recent_at] = hash;
        after.recent_at = (after.recent_at + 1) % COSIGNER_RECENT;
    }
    *c = after;
    *ret_hash = hash;
    return OK;
}
