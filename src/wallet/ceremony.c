/* From a passkey to an account, and unlocking with one.
 *
 * SPEC webauthn-3 §"7.1. Registering a New Credential": what was asked for is written down before the authenticator is asked, so that a passkey that
 * was made and not finished is found again after a crash, and made anew under the same user handle, which replaces it. */
#include "base/check.h"
#include "base/mem.h"
#include "evm/deployments.h"
#include "evm/smart_account.h"
#include "wallet/engine.h"
#include "wallet/record.h"
#include "webauthn/auth_data.h"
#include "webauthn/registration.h"
#include "webauthn/relying_party.h"

#include <string.h>

enum {
    ENROLL_MS = 10 * 60 * 1000,
    UNFINISHED_MS = 24 * 3600 * 1000, /* a ceremony that a crash cut short can be resumed so long */
    UNLOCK_MS = 2 * 60 * 1000,
    UNLOCK_FREE_TRIES = 3,
};

/* ---- records ---- */

static enum err ceremony_save(struct wallet *w, const struct ceremony *c)
{
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    struct wr wr = wr_init_buf(&record);
    protobuf_write_bytes(&wr, 1, id_span(&c->id));
    protobuf_write_bytes(&wr, 2, name_span(&c->name));
    protobuf_write_varint(&wr, 3, c->created_ms);
    protobuf_write_varint(&wr, 4, c->expires_ms);
    protobuf_write_bytes(&wr, 5, SPAN_OF(c->user_id));
    protobuf_write_bytes(&wr, 6, SPAN_OF(c->challenge));
    if (id_is_set(c->account)) {
        protobuf_write_bytes(&wr, 7, id_span(&c->account));
    }
    TRY(wr_end(&wr));
    return w->cfg.store->put(w->cfg.store, STORE_CEREMONY, id_span(&c->id), buf_span(&record));
}

static enum err read_field(struct ceremony *c, const struct protobuf_field *f)
{
    switch (f->number) {
    case 1:  return record_id(&c->id, f);
    case 2:  return record_text(c->name.text, sizeof c->name.text, f);
    case 3:  return protobuf_get_u64(&c->created_ms, f);
    case 4:  return protobuf_get_u64(&c->expires_ms, f);
    case 5:  return record_fixed(MSPAN_OF(c->user_id), f);
    case 6:  return record_fixed(MSPAN_OF(c->challenge), f);
    case 7:  return record_id(&c->account, f);
    default: return OK; /* a later version's field */
    }
}

static enum err ceremony_decode(struct ceremony *ret, struct span record)
{
    *ret = (struct ceremony){0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read_field(ret, &f));
    }
    TRY(protobuf_end(&r));
    return id_is_set(ret->id) ? OK : ERR_MALFORMED;
}

static void forget(struct wallet *w, size_t i)
{
    struct ceremony *c = &w->ceremonies[i];
    if (!c->is_unlock &&
        w->cfg.store->remove(w->cfg.store, STORE_CEREMONY, id_span(&c->id)) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet",
                 "a finished ceremony could not be taken out of the store");
    }
    memmove(c, c + 1, (w->ceremony_count - i - 1) * sizeof *c);
    w->ceremony_count--;
    queue_note(w, WALLET_STATUS_CHANGED);
}

enum err ceremony_load(struct wallet *w, struct wallet_time t, struct coded *ret_why)
{
    AUTO(buf_done) struct buf key;
    AUTO(buf_done) struct buf next_key;
    AUTO(buf_done) struct buf record;
    buf_init(&key, &w->budget, STORE_KEY_LEN_MAX);
    buf_init(&next_key, &w->budget, STORE_KEY_LEN_MAX);
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    while (w->ceremony_count < WALLET_CEREMONY_COUNT_MAX) {
        buf_clear(&next_key);
        buf_clear(&record);
        enum err err =
            w->cfg.store->next(w->cfg.store, STORE_CEREMONY, buf_span(&key), &next_key, &record);
        if (err == ERR_NOT_FOUND) {
            break;
        }
        struct ceremony *c = &w->ceremonies[w->ceremony_count];
        if (err != OK || ceremony_decode(c, buf_span(&record)) != OK) {
            return store_refused(ret_why, err == OK ? ERR_MALFORMED : err);
        }
        w->ceremony_count++;
        c->expires_ms = c->created_ms + UNFINISHED_MS;
        buf_clear(&key);
        TRY(buf_append(&key, buf_span(&next_key)));
    }
    ceremony_expire(w, t);
    return OK;
}

void ceremony_expire(struct wallet *w, struct wallet_time t)
{
    for (size_t i = w->ceremony_count; i > 0; i--) {
        const struct ceremony *c = &w->ceremonies[i - 1];
        uint64_t end = c->is_unlock ? c->expires_ms : c->created_ms + UNFINISHED_MS;
        if (t.unix_ms >= end) {
            forget(w, i - 1);
        }
    }
}

size_t wallet_ceremony_count(const struct wallet *w)
{
    return w->ceremony_count;
}

const struct ceremony *wallet_ceremony_at(const struct wallet *w, size_t i)
{
    check(i < w->ceremony_count);
    return &w->ceremonies[i];
}

static bool find_ceremony(const struct wallet *w, size_t *ret, struct id id, bool is_unlock)
{
    for (size_t i = 0; i < w->ceremony_count; i++) {
        if (id_equal(w->ceremonies[i].id, id) && w->ceremonies[i].is_unlock == is_unlock) {
            *ret = i;
            return true;
        }
    }
    return false;
}

/* What a ceremony is for: an account, one more owner, or to unlock. */
static bool is_for_owner(const struct wallet *w, size_t i)
{
    return id_is_set(w->ceremonies[i].account);
}

/* ---- enrolling ---- */

static void fill_new(struct wallet *w, struct wallet_time t, struct ceremony *c)
{
    if (w->ceremony_count >= WALLET_CEREMONY_COUNT_MAX) {
        forget(w, 0); /* the oldest; whoever still wants it begins anew */
    }
    c->id = id_make(w->cfg.rng);
    c->created_ms = t.unix_ms;
    rng_fill(w->cfg.rng, MSPAN_OF(c->user_id));
}

static enum err begin_new(struct wallet *w,
                          struct wallet_time t,
                          const struct enroll_args *args,
                          struct ceremony *c,
                          struct coded *ret_why)
{
    TRY(book_check_name(w, &c->name, args->name, NULL, ret_why));
    if (w->account_count >= ACCOUNT_COUNT_MAX) {
        return refuse_limit(ret_why, "accounts", ACCOUNT_COUNT_MAX);
    }
    fill_new(w, t, c);
    return OK;
}

/* Writes the ceremony down, at place i or as one more, and only then gives it. */
static enum err keep_ceremony(
    struct wallet *w, struct wallet_time t, struct ceremony *c, size_t i, struct coded *ret_why)
{
    c->expires_ms = t.unix_ms + ENROLL_MS;
    rng_fill(w->cfg.rng, MSPAN_OF(c->challenge));
    enum err err = ceremony_save(w, c);
    if (err != OK) {
        return store_refused(ret_why, err);
    }
    w->ceremonies[i] = *c;
    w->ceremony_count += i == w->ceremony_count;
    queue_note(w, WALLET_STATUS_CHANGED);
    return OK;
}

enum err wallet_enroll_begin(struct wallet *w,
                             struct wallet_time t,
                             const struct enroll_args *args,
                             struct ceremony *ret_ceremony,
                             struct coded *ret_why)
{
    struct ceremony c = {0};
    size_t i = 0;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (id_is_set(args->resume)) {
        if (!find_ceremony(w, &i, args->resume, false) || is_for_owner(w, i)) {
            return refuse(ret_why, ERR_NOT_FOUND, "unknown_ceremony");
        }
        c = w->ceremonies[i];
    } else {
        TRY(begin_new(w, t, args, &c, ret_why));
        i = w->ceremony_count;
    }
    TRY(keep_ceremony(w, t, &c, i, ret_why));
    *ret_ceremony = c;
    return OK;
}

enum err wallet_owner_begin(struct wallet *w,
                            struct wallet_time t,
                            const struct owner_begin_args *args,
                            struct ceremony *ret_ceremony,
                            struct coded *ret_why)
{
    const struct account *a = wallet_account(w, args->account);
    struct ceremony c = {0};
    size_t i = 0;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    if (a->kind != ACCOUNT_PASSKEY) {
        return refuse(ret_why, ERR_DENIED, "account_kind");
    }
    if (a->owner_count >= OWNER_COUNT_MAX) {
        return refuse_limit(ret_why, "owners", OWNER_COUNT_MAX);
    }
    if (id_is_set(args->resume)) {
        if (!find_ceremony(w, &i, args->resume, false) ||
            !id_equal(w->ceremonies[i].account, a->id)) {
            return refuse(ret_why, ERR_NOT_FOUND, "unknown_ceremony");
        }
        c = w->ceremonies[i];
    } else {
        fill_new(w, t, &c);
        c.account = a->id;
        c.name = a->name;
        i = w->ceremony_count;
    }
    TRY(keep_ceremony(w, t, &c, i, ret_why));
    *ret_ceremony = c;
    return OK;
}

enum err wallet_enroll_cancel(struct wallet *w, struct id ceremony, struct coded *ret_why)
{
    size_t i;
    if (!find_ceremony(w, &i, ceremony, false)) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_ceremony");
    }
    forget(w, i);
    return OK;
}

static enum err verify_new(struct wallet *w,
                           const struct ceremony *c,
                           const struct enroll_answer *args,
                           struct registration *ret,
                           struct coded *ret_why)
{
    struct relying_party rp = {.id = span_str(w->cfg.rp_id),
                               .origin = span_str(w->cfg.origin),
                               .requires_user_verification = true};
    struct registration_response response = {.client_data_json = args->client_data,
                                             .attestation_object = args->attestation};
    struct diag diag = {0};
    enum err err = registration_verify(ret, &rp, SPAN_OF(c->challenge), &response, &diag);
    if (err != OK) {
        return passkey_refused(w, args->client_data, &diag, ret_why);
    }
    if (!span_equal(ret->credential_id, args->credential_id)) {
        coded_set(ret_why, "ceremony_refused");
        coded_add_str(ret_why, "rule", "credential_id");
        return ERR_AUTH;
    }
    for (size_t i = 0; i < w->account_count; i++) {
        if (account_owner(w->accounts[i], ret->credential_id)) {
            return refuse(ret_why, ERR_STATE, "ceremony_already");
        }
    }
    return OK;
}

static void fill_owner(struct wallet *w,
                       struct wallet_time t,
                       struct owner *o,
                       const struct registration *r,
                       const struct enroll_answer *args)
{
    o->id = id_make(w->cfg.rng);
    if (name_parse(&o->name, args->passkey_name) != OK) {
        text_set(o->name.text, sizeof o->name.text, SPAN_LIT("Passkey"));
    }
    o->kind = w->cfg.software_key ? OWNER_TEST_KEY : OWNER_PASSKEY;
    if (o->kind == OWNER_PASSKEY && !r->is_backup_eligible && (args->transports & TRANSPORT_USB)) {
        o->kind = OWNER_SECURITY_KEY;
    }
    text_set(o->rp_id, sizeof o->rp_id, span_str(w->cfg.rp_id));
    text_set(o->origin, sizeof o->origin, span_str(w->cfg.origin));
    span_copy(MSPAN_OF(o->public_key), SPAN_OF(r->key.xy));
    o->credential_len = (uint16_t)span_copy(MSPAN_OF(o->credential), r->credential_id);
    o->transports = (uint8_t)args->transports;
    o->is_synced = r->is_backup_eligible;
    o->sign_count = r->sign_count;
    o->created_ms = t.unix_ms;
    o->tested_ms = t.unix_ms;
    o->standing = OWNER_ACTIVE;
}

/* The address is the same on every chain: factory and verifier stand at the same place everywhere. */
static enum err fill_address(struct wallet *w, struct account *a)
{
    struct smart_owner owner = smart_owner_passkey(
        deployments.verifier.address, a->owners[0].public_key, span_str(a->owners[0].origin));
    struct smart_account makeup = {.owners = &owner, .owner_count = 1, .threshold = a->threshold};
    span_copy(MSPAN_OF(makeup.salt), SPAN_OF(a->salt));
    return smart_account_address(&a->address, &makeup, deployments.factory.address, &w->scratch);
}

static enum err make_account(struct wallet *w,
                             struct wallet_time t,
                             const struct ceremony *c,
                             const struct enroll_answer *args,
                             struct account *a,
                             struct coded *ret_why)
{
    struct registration r;
    TRY(verify_new(w, c, args, &r, ret_why));
    a->id = c->id; /* so that finishing twice finds the account that was made */
    a->name = c->name;
    a->kind = ACCOUNT_PASSKEY;
    a->threshold = 1;
    a->created_ms = t.unix_ms;
    a->owner_count = 1;
    fill_owner(w, t, &a->owners[0], &r, args);
    TRY(fill_address(w, a));
    enum err err = book_save_account(w, a);
    if (err == OK) {
        err = book_add_account(w, a);
    }
    return err == OK ? OK : store_refused(ret_why, err);
}

/* The account that has just come is the one that is used. */
static void choose(struct wallet *w, struct wallet_time t, struct id account)
{
    w->settings.account = account;
    if (book_save_settings(w) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "the choice of account could not be stored");
    }
    w->read_again_at = t.mono;
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    queue_note(w, WALLET_BALANCES_CHANGED);
    queue_note(w, WALLET_STATUS_CHANGED);
}

enum err wallet_enroll_finish(struct wallet *w,
                              struct wallet_time t,
                              const struct enroll_answer *args,
                              const struct account **ret_account,
                              struct coded *ret_why)
{
    size_t i;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    *ret_account = wallet_account(w, args->ceremony);
    if (*ret_account) {
        return OK;
    }
    if (!find_ceremony(w, &i, args->ceremony, false) || is_for_owner(w, i)) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_ceremony");
    }
    if (t.unix_ms >= w->ceremonies[i].expires_ms) {
        return refuse(ret_why, ERR_TIMEOUT, "ceremony_expired");
    }
    void *fresh = NULL;
    TRY(mem_alloc(&w->budget, &fresh, sizeof(struct account)));
    enum err err = make_account(w, t, &w->ceremonies[i], args, fresh, ret_why);
    mem_free(&w->budget, fresh, sizeof(struct account));
    TRY(err);
    *ret_account = wallet_account(w, args->ceremony);
    forget(w, i);
    choose(w, t, args->ceremony);
    return OK;
}

/* ---- accounts without a ceremony ---- */

enum err wallet_account_may_add(struct wallet *w, struct span name, struct coded *ret_why)
{
    struct name checked;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (w->account_count >= ACCOUNT_COUNT_MAX) {
        return refuse_limit(ret_why, "accounts", ACCOUNT_COUNT_MAX);
    }
    return book_check_name(w, &checked, name, NULL, ret_why);
}

static enum err check_new_address(const struct wallet *w, struct address a, struct coded *ret_why)
{
    for (size_t i = 0; i < w->account_count; i++) {
        if (address_equal(w->accounts[i]->address, a)) {
            coded_set(ret_why, "account_known");
            coded_add(ret_why, "name", name_span(&w->accounts[i]->name));
            return ERR_STATE;
        }
    }
    return OK;
}

static enum err add_account(struct wallet *w, struct account *a, struct coded *ret_why)
{
    enum err err = book_save_account(w, a);
    if (err != OK) {
        return store_refused(ret_why, err);
    }
    err = book_add_account(w, a);
    return err == OK ? OK : refuse_limit(ret_why, "accounts", ACCOUNT_COUNT_MAX);
}

enum err wallet_account_add(struct wallet *w,
                            struct wallet_time t,
                            const struct account_args *args,
                            const struct account **ret_account,
                            struct coded *ret_why)
{
    void *fresh = NULL;
    TRY(wallet_account_may_add(w, args->name, ret_why));
    TRY(check_new_address(w, args->address, ret_why));
    TRY(mem_alloc(&w->budget, &fresh, sizeof(struct account)));
    struct account *a = fresh;
    *a = (struct account){.id = id_make(w->cfg.rng),
                          .kind = args->kind,
                          .address = args->address,
                          .threshold = 1,
                          .created_ms = t.unix_ms,
                          .entry = args->entry};
    text_set(a->path, sizeof a->path, args->path);
    const struct id id = a->id;
    enum err err = book_check_name(w, &a->name, args->name, NULL, ret_why);
    if (err == OK) {
        err = add_account(w, a, ret_why);
    }
    mem_free(&w->budget, fresh, sizeof(struct account));
    TRY(err);
    choose(w, t, id);
    *ret_account = wallet_account(w, id);
    return OK;
}

/* The ceremony's id becomes the owner's, so that finishing twice finds the owner that was made. */
enum err wallet_owner_finish(struct wallet *w,
                             struct wallet_time t,
                             const struct enroll_answer *args,
                             const struct account **ret_account,
                             struct coded *ret_why)
{
    size_t i;
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    for (size_t k = 0; k < w->account_count; k++) {
        if (wallet_owner(w, w->accounts[k]->id, args->ceremony)) {
            *ret_account = w->accounts[k];
            return OK;
        }
    }
    if (!find_ceremony(w, &i, args->ceremony, false) || !is_for_owner(w, i)) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_ceremony");
    }
    if (t.unix_ms >= w->ceremonies[i].expires_ms) {
        return refuse(ret_why, ERR_TIMEOUT, "ceremony_expired");
    }
    struct account *a = book_account(w, w->ceremonies[i].account);
    if (!a || a->owner_count >= OWNER_COUNT_MAX) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    struct registration r;
    TRY(verify_new(w, &w->ceremonies[i], args, &r, ret_why));
    struct owner *o = &a->owners[a->owner_count];
    *o = (struct owner){0};
    fill_owner(w, t, o, &r, args);
    o->id = args->ceremony;
    o->is_added = true;
    o->standing = OWNER_NEW;
    a->owner_count++;
    enum err err = book_save_account(w, a);
    if (err != OK) {
        a->owner_count--;
        return store_refused(ret_why, err);
    }
    forget(w, i);
    *ret_account = a;
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

/* ---- lock ---- */

bool wallet_is_locked(const struct wallet *w)
{
    return w->is_locked;
}

void wallet_lock(struct wallet *w)
{
    if (w->account_count > 0 && !w->is_locked) {
        w->is_locked = true;
        queue_note(w, WALLET_STATUS_CHANGED);
    }
}

void wallet_touch(struct wallet *w, struct wallet_time t)
{
    w->touched_ms = t.unix_ms;
}

enum err wallet_unlock_begin(struct wallet *w,
                             struct wallet_time t,
                             struct ceremony *ret_ceremony,
                             struct coded *ret_why)
{
    if (w->account_count == 0) {
        return refuse(ret_why, ERR_NOT_FOUND, "no_account");
    }
    if (!instant_reached(w->unlock_from, t.mono) && w->unlock_from.us != 0) {
        coded_set(ret_why, "rate_limited");
        coded_add_u64(ret_why, "wait_ms", instant_since(t.mono, w->unlock_from) / US_PER_MS);
        return ERR_LIMIT;
    }
    for (size_t i = w->ceremony_count; i > 0; i--) {
        if (w->ceremonies[i - 1].is_unlock) {
            forget(w, i - 1); /* one at a time */
        }
    }
    if (w->ceremony_count >= WALLET_CEREMONY_COUNT_MAX) {
        forget(w, 0);
    }
    struct ceremony c = {.id = id_make(w->cfg.rng), .is_unlock = true, .created_ms = t.unix_ms};
    text_set(c.name.text, sizeof c.name.text, SPAN_LIT("Unlock"));
    c.expires_ms = t.unix_ms + UNLOCK_MS;
    rng_fill(w->cfg.rng, MSPAN_OF(c.challenge));
    w->ceremonies[w->ceremony_count++] = c;
    *ret_ceremony = c;
    return OK;
}

/* Wrong tries are slowed down: after three, 1, 2, 4 ... 64 s. */
static void note_unlock_failure(struct wallet *w, struct wallet_time t)
{
    w->unlock_failures++;
    if (w->unlock_failures > UNLOCK_FREE_TRIES) {
        unsigned doublings = w->unlock_failures - UNLOCK_FREE_TRIES - 1;
        uint64_t wait_us = US_PER_S << (doublings > 6 ? 6 : doublings);
        w->unlock_from = instant_add(t.mono, wait_us);
    }
}

void wallet_unlocked(struct wallet *w, struct wallet_time t)
{
    w->unlock_failures = 0;
    w->unlock_from = (instant){0};
    w->is_locked = false;
    w->touched_ms = t.unix_ms;
    queue_note(w, WALLET_STATUS_CHANGED);
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    queue_note(w, WALLET_BALANCES_CHANGED);
}

enum err wallet_unlock_finish(struct wallet *w,
                              struct wallet_time t,
                              struct id ceremony,
                              const struct passkey_answer *answer,
                              struct coded *ret_why)
{
    size_t i;
    if (!find_ceremony(w, &i, ceremony, true)) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_ceremony");
    }
    struct ceremony c = w->ceremonies[i];
    forget(w, i); /* a challenge is good for one try */
    if (t.unix_ms >= c.expires_ms) {
        return refuse(ret_why, ERR_TIMEOUT, "ceremony_expired");
    }
    struct account *account = w->accounts[0];
    for (size_t k = 0; k < w->account_count; k++) {
        if (account_owner(w->accounts[k], answer->credential_id)) {
            account = w->accounts[k];
        }
    }
    struct passkey_args args = {
        .account = account, .challenge = SPAN_OF(c.challenge), .answer = answer};
    struct owner *owner = NULL;
    enum err err = passkey_verify(w, t, &args, &owner, NULL, ret_why);
    if (err != OK) {
        note_unlock_failure(w, t);
        return err;
    }
    if (book_save_account(w, account) != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet", "the use of a passkey could not be stored");
    }
    wallet_unlocked(w, t);
    return OK;
}
