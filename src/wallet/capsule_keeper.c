/* Keeping strangers' capsules. A record: version 1 · seconds since 1970 when it was brought (64 bits) · the message that brought it. */
#include "wallet/capsule_keeper.h"

#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "webauthn/relying_party.h"

#include <string.h>

enum { RECORD_VERSION = 1, SWEEP_S = 3600, RETRY_FULL_MS = 3600 * 1000, LOCATORS_MAX = 4096 };

static uint64_t now_s(const struct capsule_keeper *k)
{
    return k->cfg.unix_s(k->cfg.user);
}

/* ---- records ---- */

struct copy {
    uint64_t stored_s;
    struct capsule_put put; /* its spans point into the record */
};

MUST_CHECK static enum err copy_decode(struct copy *ret, struct span record)
{
    struct rd r = rd_init(record);
    uint8_t version = rd_u8(&r);
    ret->stored_s = rd_be64(&r);
    struct span put = rd_rest(&r);
    if (!rd_ok(&r) || version != RECORD_VERSION) {
        return ERR_MALFORMED;
    }
    return capsule_put_decode(&ret->put, put);
}

MUST_CHECK static enum err
copy_load(struct capsule_keeper *k, struct copy *ret, const struct hash32 *locator)
{
    buf_clear(&k->record);
    TRY(k->cfg.shelf->load(k->cfg.shelf, locator, &k->record));
    return copy_decode(ret, buf_span(&k->record));
}

MUST_CHECK static enum err
copy_save(struct capsule_keeper *k, const struct hash32 *locator, struct span put)
{
    buf_clear(&k->record);
    struct wr w = wr_init_buf(&k->record);
    wr_u8(&w, RECORD_VERSION);
    wr_be64(&w, now_s(k));
    wr_bytes(&w, put);
    TRY(wr_end(&w));
    return k->cfg.shelf->put(k->cfg.shelf, locator, buf_span(&k->record));
}

static bool is_too_old(const struct capsule_keeper *k, const struct copy *c)
{
    uint64_t now = now_s(k);
    return now > c->stored_s && now - c->stored_s > KEEPER_LIFE_S;
}

/* Counts the shelf, and takes away what is too old or cannot be read. */
MUST_CHECK static enum err sweep(struct capsule_keeper *k)
{
    struct hash32 after = {{0}};
    struct hash32 locator;
    struct copy c;
    enum err e = OK;
    uint32_t copies = 0;
    while ((e = k->cfg.shelf->next(k->cfg.shelf, &after, &locator)) == OK) {
        enum err read = copy_load(k, &c, &locator);
        if (read != OK && read != ERR_MALFORMED) {
            return read;
        }
        if (read == OK && !is_too_old(k, &c)) {
            copies++;
        } else {
            TRY(k->cfg.shelf->remove(k->cfg.shelf, &locator));
        }
        after = locator;
    }
    k->copies = copies;
    k->swept_s = now_s(k);
    return e == ERR_NOT_FOUND ? OK : e;
}

static void sweep_if_due(struct capsule_keeper *k)
{
    if (now_s(k) >= k->swept_s && now_s(k) - k->swept_s < SWEEP_S) {
        return;
    }
    if (sweep(k) != OK) {
        k->swept_s = now_s(k); /* the disk's trouble shows in what is asked next */
    }
}

/* ---- nonces ---- */

static void nonce_of(uint8_t ret[static COPY_NONCE_LEN],
                     const struct capsule_keeper *k,
                     struct span peer,
                     uint64_t at)
{
    struct secret32 mac;
    uint8_t text[8];
    struct wr w = wr_init(MSPAN_OF(text));
    wr_be64(&w, at);
    const struct span parts[] = {SPAN_OF(text), peer};
    hmac_sha256(&mac, SPAN_OF(k->nonce_key.bytes), parts, 2);
    memcpy(ret, mac.bytes, COPY_NONCE_LEN);
}

/* Is one of them ours, for this peer, and not old? */
static bool has_own_nonce(const struct capsule_keeper *k, struct span peer, struct span nonces)
{
    uint64_t at = now_s(k) / KEEPER_NONCE_S;
    uint8_t own[2][COPY_NONCE_LEN];
    bool found = false;
    nonce_of(own[0], k, peer, at);
    nonce_of(own[1], k, peer, at - 1);
    while (nonces.n > 0) {
        struct span one = span_take(&nonces, COPY_NONCE_LEN);
        found |= ct_equal(one, SPAN_OF(own[0]));
        found |= ct_equal(one, SPAN_OF(own[1]));
    }
    return found;
}

/* ---- what is asked ---- */

static enum service_code
refuse(struct service_kept *ret, enum service_code code, const char *why, uint32_t retry_ms)
{
    *ret = (struct service_kept){.why = why, .retry_ms = retry_ms};
    return code;
}

static enum service_code broken(struct service_kept *ret)
{
    return refuse(ret, SERVICE_INTERNAL, "this server's disk fails", 0);
}

/* What stands there goes for a newer one of the same vault and passkey alone; whoever brings the same again makes it last. */
static bool may_replace(const struct copy *old,
                        const struct capsule_head *old_head,
                        const struct capsule_put *put,
                        const struct capsule_head *head)
{
    bool is_same_vault = span_equal(SPAN_OF(old_head->key.bytes), SPAN_OF(head->key.bytes)) &&
                         span_equal(SPAN_OF(old_head->id), SPAN_OF(head->id));
    bool is_same_passkey = span_equal(SPAN_OF(old->put.key.xy), SPAN_OF(put->key.xy)) &&
                           span_equal(old->put.credential_id, put->credential_id);
    bool is_newer =
        head->generation > old_head->generation || span_equal(old->put.capsule, put->capsule);
    return is_same_vault && is_same_passkey && is_newer;
}

static bool take_put_quota(struct capsule_keeper *k,
                           struct service_kept *ret,
                           const struct service_keep_asker *asker,
                           instant now)
{
    struct quota_answer a = {0};
    enum err e = quota_take(&k->puts, &a, asker->id, KEEPER_BACK_S, now);
    if (e == OK && asker->group.n > 0) {
        e = quota_take(&k->group_puts, &a, asker->group, KEEPER_BACK_S, now);
    }
    ret->retry_ms = a.retry_ms;
    return e == OK;
}

static enum service_code kept_until(struct capsule_keeper *k, struct service_kept *ret)
{
    buf_clear(&k->body);
    struct wr w = wr_init_buf(&k->body);
    wr_be64(&w, now_s(k) + KEEPER_LIFE_S);
    if (!wr_ok(&w)) {
        return refuse(ret, SERVICE_BUSY, "no memory now", 1000);
    }
    *ret = (struct service_kept){.body = buf_span(&k->body)};
    return SERVICE_OK;
}

static enum service_code put(struct capsule_keeper *k,
                             struct service_kept *ret,
                             const struct service_keep_asker *asker,
                             struct span request,
                             instant now)
{
    struct capsule_put p;
    struct copy old;
    if (capsule_put_decode(&p, request) != OK || capsule_decode(&k->head, p.capsule) != OK ||
        !capsule_find_passkey(&k->head, p.credential_id)) {
        return refuse(ret, SERVICE_BAD_REQUEST, "this is no sealed vault of that passkey", 0);
    }
    if (!take_put_quota(k, ret, asker, now)) {
        return refuse(ret, SERVICE_QUOTA, "this peer or its network brought too many",
                      ret->retry_ms);
    }
    enum err e = copy_load(k, &old, &p.locator);
    bool is_known = e == OK && !is_too_old(k, &old);
    if (e != OK && e != ERR_NOT_FOUND && e != ERR_MALFORMED) {
        return broken(ret);
    }
    if (is_known && (capsule_decode(&k->old_head, old.put.capsule) != OK ||
                     !may_replace(&old, &k->old_head, &p, &k->head))) {
        return refuse(ret, SERVICE_DENIED, "another vault, or a newer one, stands there", 0);
    }
    if (e == ERR_NOT_FOUND && k->copies >= k->cfg.copies_max) {
        return refuse(ret, SERVICE_BUSY, "this server has no room for another sealed vault",
                      RETRY_FULL_MS);
    }
    if (copy_save(k, &p.locator, request) != OK) {
        return broken(ret);
    }
    k->copies += e == ERR_NOT_FOUND;
    return kept_until(k, ret);
}

static bool holds(struct capsule_keeper *k, const struct copy *c, const struct capsule_get *g)
{
    struct assertion assertion;
    struct hash32 challenge;
    if (capsule_decode(&k->head, c->put.capsule) != OK) {
        return false;
    }
    const struct capsule_recipient *r = capsule_find_passkey(&k->head, c->put.credential_id);
    if (!r) {
        return false;
    }
    const struct relying_party rp = {.id = span_of(r->rp_id, r->rp_id_len),
                                     .origin = c->put.origin,
                                     .requires_user_verification = true};
    const struct assertion_credential credential = {
        .key = c->put.key, .is_backup_eligible = c->put.is_backup_eligible};
    capsule_copy_challenge(&challenge, g->nonces);
    return assertion_verify(&assertion, &rp, SPAN_OF(challenge.bytes), &credential, &g->response,
                            NULL) == OK;
}

static enum service_code get(struct capsule_keeper *k,
                             struct service_kept *ret,
                             const struct service_keep_asker *asker,
                             struct span request,
                             instant now)
{
    struct capsule_get g;
    struct copy c;
    struct quota_answer a = {0};
    if (capsule_get_decode(&g, request) != OK) {
        return refuse(ret, SERVICE_BAD_REQUEST, "the question cannot be read", 0);
    }
    if (!has_own_nonce(k, asker->id, g.nonces)) {
        return refuse(ret, SERVICE_DENIED, "the passkey has not signed for this server and now", 0);
    }
    enum err e = copy_load(k, &c, &g.locator);
    if (e == ERR_NOT_FOUND || e == ERR_MALFORMED || (e == OK && is_too_old(k, &c))) {
        return refuse(ret, SERVICE_NOT_FOUND, "there is no sealed vault of that passkey here", 0);
    }
    if (e != OK) {
        return broken(ret);
    }
    if (quota_take(&k->gets, &a, SPAN_OF(g.locator.bytes), KEEPER_BACK_S, now) != OK) {
        return refuse(ret, SERVICE_QUOTA, "it was asked for too often: wait", a.retry_ms);
    }
    if (!holds(k, &c, &g)) {
        return refuse(ret, SERVICE_DENIED, "the passkey has not signed for this", 0);
    }
    *ret = (struct service_kept){.body = c.put.capsule};
    return SERVICE_OK;
}

static enum service_code
nonce(struct capsule_keeper *k, struct service_kept *ret, const struct service_keep_asker *asker)
{
    uint8_t one[COPY_NONCE_LEN];
    nonce_of(one, k, asker->id, now_s(k) / KEEPER_NONCE_S);
    buf_clear(&k->body);
    if (buf_append(&k->body, SPAN_OF(one)) != OK) {
        return refuse(ret, SERVICE_BUSY, "no memory now", 1000);
    }
    *ret = (struct service_kept){.body = buf_span(&k->body)};
    return SERVICE_OK;
}

static enum service_code ask(struct service_keeper *self,
                             struct service_kept *ret,
                             enum service_type type,
                             const struct service_keep_asker *asker,
                             struct span request,
                             instant now)
{
    struct capsule_keeper *k = (struct capsule_keeper *)(void *)self;
    sweep_if_due(k);
    switch ((int)type) {
    case SERVICE_CAPSULE_NONCE: return nonce(k, ret, asker);
    case SERVICE_CAPSULE_PUT:   return put(k, ret, asker, request, now);
    case SERVICE_CAPSULE_GET:   return get(k, ret, asker, request, now);
    default:                    return refuse(ret, SERVICE_UNSUPPORTED, "unknown", 0);
    }
}

/* ---- life ---- */

static void start_quota(struct capsule_keeper *k, struct quota *q, uint32_t times, uint32_t keys)
{
    /* A unit a second, so that one use, of KEEPER_BACK_S units, comes back in as many seconds. */
    struct quota_cfg cfg = {.keys_max = keys, .units_max = times * KEEPER_BACK_S, .units_per_s = 1};
    rng_fill(k->cfg.rng, mspan_of(cfg.seed, sizeof cfg.seed));
    quota_init(q, k->cfg.budget, cfg);
}

enum err capsule_keeper_init(struct capsule_keeper *k, const struct capsule_keeper_cfg *cfg)
{
    *k = (struct capsule_keeper){.port = {.ask = ask}, .cfg = *cfg};
    rng_fill(cfg->rng, MSPAN_OF(k->nonce_key.bytes));
    start_quota(k, &k->puts, KEEPER_PUTS_MAX, LOCATORS_MAX);
    start_quota(k, &k->group_puts, KEEPER_GROUP_PUTS_MAX, LOCATORS_MAX);
    start_quota(k, &k->gets, KEEPER_GETS_MAX, LOCATORS_MAX);
    buf_init(&k->record, cfg->budget, KEEPER_RECORD_LEN_MAX);
    buf_init(&k->body, cfg->budget, 64);
    enum err e = sweep(k);
    if (e != OK) {
        capsule_keeper_done(k);
    }
    return e;
}

void capsule_keeper_done(struct capsule_keeper *k)
{
    quota_done(&k->puts);
    quota_done(&k->group_puts);
    quota_done(&k->gets);
    buf_done(&k->record);
    buf_done(&k->body);
    secret32_wipe(&k->nonce_key);
}
