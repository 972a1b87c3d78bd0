/* What the wallet knows by itself: accounts, contacts, settings, and the operations that are not over. */
#include "base/check.h"
#include "base/mem.h"
#include "wallet/engine.h"

#include <string.h>

enum err refuse(struct coded *ret_why, enum err err, const char *code)
{
    coded_set(ret_why, code);
    return err;
}

enum err refuse_state(struct coded *ret_why, const char *code, const char *state)
{
    coded_set(ret_why, code);
    coded_add_str(ret_why, "state", state);
    return ERR_STATE;
}

enum err store_refused(struct coded *ret_why, enum err err)
{
    return refuse(ret_why, err, err == ERR_LIMIT ? "storage_full" : "storage_failed");
}

/* ---- loading ---- */

/* Calls load for each record of a table. */
static enum err load_table(struct wallet *w,
                           enum store_table table,
                           enum err (*load)(struct wallet *, struct span),
                           struct coded *ret_why)
{
    AUTO(buf_done) struct buf key;
    AUTO(buf_done) struct buf next_key;
    AUTO(buf_done) struct buf value;
    buf_init(&key, &w->budget, STORE_KEY_LEN_MAX);
    buf_init(&next_key, &w->budget, STORE_KEY_LEN_MAX);
    buf_init(&value, &w->budget, STORE_VALUE_LEN_MAX);
    for (;;) {
        buf_clear(&next_key);
        buf_clear(&value);
        enum err err = w->cfg.store->next(w->cfg.store, table, buf_span(&key), &next_key, &value);
        if (err == ERR_NOT_FOUND) {
            return OK;
        }
        if (err == OK) {
            err = load(w, buf_span(&value));
        }
        if (err != OK) {
            coded_set(ret_why, "storage_failed");
            coded_add_u64(ret_why, "table", (uint64_t)table);
            return err;
        }
        buf_clear(&key);
        TRY(buf_append(&key, buf_span(&next_key)));
    }
}

enum err book_add_account(struct wallet *w, const struct account *a)
{
    if (w->account_count >= ACCOUNT_COUNT_MAX) {
        return ERR_LIMIT;
    }
    void *p;
    TRY(mem_alloc(&w->budget, &p, sizeof *a));
    memcpy(p, a, sizeof *a);
    size_t i = w->account_count;
    while (i > 0 && w->accounts[i - 1]->created_ms > a->created_ms) {
        w->accounts[i] = w->accounts[i - 1];
        i--;
    }
    w->accounts[i] = p;
    w->account_count++;
    return OK;
}

static enum err load_account(struct wallet *w, struct span record)
{
    void *p;
    TRY(mem_alloc(&w->budget, &p, sizeof(struct account)));
    enum err err = account_decode(p, record);
    if (err == OK) {
        err = book_add_account(w, p);
    }
    mem_free(&w->budget, p, sizeof(struct account));
    return err;
}

enum err book_insert_contact(struct wallet *w, const struct contact *c)
{
    if (w->contact_count >= CONTACT_COUNT_MAX) {
        return ERR_LIMIT;
    }
    if (w->contact_count == w->contact_cap) {
        size_t cap = w->contact_cap ? w->contact_cap * 2 : 8;
        void *p = w->contacts;
        struct mem_resize_args args = {.n_old = w->contact_cap * sizeof *c,
                                       .n_new = cap * sizeof *c};
        TRY(mem_resize(&w->budget, &p, args));
        w->contacts = p;
        w->contact_cap = cap;
    }
    size_t i = w->contact_count;
    while (i > 0 && strcmp(w->contacts[i - 1].name.text, c->name.text) > 0) {
        w->contacts[i] = w->contacts[i - 1];
        i--;
    }
    w->contacts[i] = *c;
    w->contact_count++;
    return OK;
}

static enum err load_contact(struct wallet *w, struct span record)
{
    struct contact c;
    TRY(contact_decode(&c, record));
    return book_insert_contact(w, &c);
}

static enum err load_ways(struct wallet *w, struct span record)
{
    return way_list_decode(&w->ways, record);
}

static enum err load_settings(struct wallet *w, struct span record)
{
    return settings_decode(&w->settings, record);
}

static enum err load_operation(struct wallet *w, struct span record)
{
    struct operation *op = NULL;
    TRY(operation_new(&op, &w->budget));
    enum err err = operation_decode(op, record);
    if (err == OK && op->kind == OPERATION_SEND &&
        (op->state == OPERATION_INCLUDED || op->state == OPERATION_FINAL)) {
        book_know_sent(w, op->to);
    }
    if (err == OK && op->kind != OPERATION_RECEIVE && !operation_is_over(op->state)) {
        err = track_add(w, op);
        if (err == OK) {
            return OK;
        }
    }
    operation_free(op);
    return err;
}

enum err book_load(struct wallet *w, struct coded *ret_why)
{
    struct map_cfg cfg = {
        .count_max = SENT_TO_COUNT_MAX, .seed = {rng_u64(w->cfg.rng), rng_u64(w->cfg.rng)}
    };
    map_init(&w->sent_to, &w->budget, cfg);
    w->settings = settings_default();
    TRY(load_table(w, STORE_SETTING, load_settings, ret_why));
    TRY(load_table(w, STORE_WAY, load_ways, ret_why));
    TRY(load_table(w, STORE_ACCOUNT, load_account, ret_why));
    TRY(load_table(w, STORE_RECOVERY, recovery_load, ret_why));
    TRY(load_table(w, STORE_CONTACT, load_contact, ret_why));
    TRY(load_table(w, STORE_OPERATION, load_operation, ret_why));
    TRY(load_table(w, STORE_SEARCH, trace_load, ret_why));
    if (!wallet_network(w, w->settings.network)) {
        w->settings.network = w->cfg.networks[0].id;
    }
    if (!book_account(w, w->settings.account)) {
        w->settings.account = w->account_count ? w->accounts[0]->id : (struct id){0};
    }
    return OK;
}

void book_done(struct wallet *w)
{
    for (size_t i = 0; i < w->account_count; i++) {
        mem_free(&w->budget, w->accounts[i], sizeof(struct account));
    }
    mem_free(&w->budget, w->contacts, w->contact_cap * sizeof(struct contact));
    map_done(&w->sent_to);
}

/* ---- saving ---- */

enum err book_save_account(struct wallet *w, const struct account *a)
{
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    TRY(account_encode(&record, a));
    return w->cfg.store->put(w->cfg.store, STORE_ACCOUNT, id_span(&a->id), buf_span(&record));
}

enum err book_save_settings(struct wallet *w)
{
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    TRY(settings_encode(&record, &w->settings));
    return w->cfg.store->put(w->cfg.store, STORE_SETTING, SPAN_LIT("page"), buf_span(&record));
}

enum err book_save_operation(struct wallet *w, const struct operation *op)
{
    uint8_t key[16];
    TRY(operation_key(key, op->id));
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    TRY(operation_encode(&record, op));
    return w->cfg.store->put(w->cfg.store, STORE_OPERATION, SPAN_OF(key), buf_span(&record));
}

enum err book_save_contact(struct wallet *w, const struct contact *c)
{
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    TRY(contact_encode(&record, c));
    return w->cfg.store->put(w->cfg.store, STORE_CONTACT, id_span(&c->id), buf_span(&record));
}

void book_know_sent(struct wallet *w, struct address to)
{
    enum err err = map_add(&w->sent_to, SPAN_OF(to.bytes), w);
    if (err != OK && err != ERR_STATE) {
        log_line(w->cfg.log, LOG_DEBUG, "wallet", "no room to remember who was sent to");
    }
}

void book_note_sent(struct wallet *w, struct address to)
{
    book_know_sent(w, to);
    for (size_t i = 0; i < w->contact_count; i++) {
        if (address_equal(w->contacts[i].address, to)) {
            w->contacts[i].sent_count++;
            if (book_save_contact(w, &w->contacts[i]) != OK) {
                log_line(w->cfg.log, LOG_DEBUG, "wallet", "a contact's count could not be stored");
            }
        }
    }
}

/* ---- accounts ---- */

struct account *book_account(struct wallet *w, struct id id)
{
    for (size_t i = 0; i < w->account_count; i++) {
        if (id_equal(w->accounts[i]->id, id)) {
            return w->accounts[i];
        }
    }
    return NULL;
}

size_t wallet_account_count(const struct wallet *w)
{
    return w->account_count;
}

const struct account *wallet_account_at(const struct wallet *w, size_t i)
{
    check(i < w->account_count);
    return w->accounts[i];
}

const struct account *wallet_account(const struct wallet *w, struct id id)
{
    for (size_t i = 0; i < w->account_count; i++) {
        if (id_equal(w->accounts[i]->id, id)) {
            return w->accounts[i];
        }
    }
    return NULL;
}

enum err book_check_name(const struct wallet *w,
                         struct name *ret,
                         struct span name,
                         const struct account *but,
                         struct coded *ret_why)
{
    if (name_parse(ret, name) != OK) {
        coded_set(ret_why, "name_bad");
        coded_add_u64(ret_why, "max", NAME_LEN_MAX);
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < w->account_count; i++) {
        if (w->accounts[i] != but && name_equal(&w->accounts[i]->name, ret)) {
            coded_set(ret_why, "name_taken");
            coded_add(ret_why, "name", name_span(ret));
            return ERR_STATE;
        }
    }
    return OK;
}

enum err refuse_limit(struct coded *ret_why, const char *what, uint64_t max)
{
    coded_set(ret_why, "limit_reached");
    coded_add_str(ret_why, "what", what);
    coded_add_u64(ret_why, "max", max);
    return ERR_LIMIT;
}

enum err
wallet_account_rename(struct wallet *w, struct id id, struct span name, struct coded *ret_why)
{
    struct account *a = book_account(w, id);
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!a) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    struct name fresh;
    TRY(book_check_name(w, &fresh, name, a, ret_why));
    struct name old = a->name;
    a->name = fresh;
    enum err err = book_save_account(w, a);
    if (err != OK) {
        a->name = old;
        return store_refused(ret_why, err);
    }
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    return OK;
}

enum err
wallet_account_select(struct wallet *w, struct wallet_time t, struct id id, struct coded *ret_why)
{
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!book_account(w, id)) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_account");
    }
    w->settings.account = id;
    enum err err = book_save_settings(w);
    if (err != OK) {
        return store_refused(ret_why, err);
    }
    w->read_again_at = t.mono;
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    queue_note(w, WALLET_STATUS_CHANGED);
    queue_note(w, WALLET_BALANCES_CHANGED);
    return OK;
}

/* ---- networks and settings ---- */

size_t wallet_network_count(const struct wallet *w)
{
    return w->cfg.network_count;
}

const struct network *wallet_network_at(const struct wallet *w, size_t i)
{
    check(i < w->cfg.network_count);
    return &w->cfg.networks[i];
}

const struct network *wallet_network(const struct wallet *w, struct id id)
{
    for (size_t i = 0; i < w->cfg.network_count; i++) {
        if (id_equal(w->cfg.networks[i].id, id)) {
            return &w->cfg.networks[i];
        }
    }
    return NULL;
}

enum err
wallet_network_select(struct wallet *w, struct wallet_time t, struct id id, struct coded *ret_why)
{
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    if (!wallet_network(w, id)) {
        return refuse(ret_why, ERR_NOT_FOUND, "unknown_network");
    }
    if (id_equal(w->settings.network, id)) {
        return OK; /* nobody tells how many servers there are, because nothing changes */
    }
    w->settings.network = id;
    enum err err = book_save_settings(w);
    if (err != OK) {
        return store_refused(ret_why, err);
    }
    w->read_again_at = t.mono;
    w->servers = 0;
    queue_note(w, WALLET_STATUS_CHANGED);
    queue_note(w, WALLET_BALANCES_CHANGED);
    return OK;
}

const struct settings *wallet_settings(const struct wallet *w)
{
    return &w->settings;
}

enum err wallet_settings_set(struct wallet *w, const struct settings *s, struct coded *ret_why)
{
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    struct settings old = w->settings;
    w->settings = *s;
    w->settings.account = old.account;
    w->settings.network = old.network;
    enum err err = book_save_settings(w);
    if (err != OK) {
        w->settings = old;
        return store_refused(ret_why, err);
    }
    queue_note(w, WALLET_SETTINGS_CHANGED);
    return OK;
}

/* ---- contacts ---- */

size_t wallet_contact_count(const struct wallet *w)
{
    return w->contact_count;
}

const struct contact *wallet_contact_at(const struct wallet *w, size_t i)
{
    check(i < w->contact_count);
    return &w->contacts[i];
}

enum err wallet_contact_add(struct wallet *w,
                            struct wallet_time t,
                            struct span name,
                            struct address address,
                            const struct contact **ret_contact,
                            struct coded *ret_why)
{
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    struct contact c = {.id = id_make(w->cfg.rng), .address = address, .created_ms = t.unix_ms};
    if (name_parse(&c.name, name) != OK) {
        coded_set(ret_why, "name_bad");
        coded_add_u64(ret_why, "max", NAME_LEN_MAX);
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < w->contact_count; i++) {
        if (name_equal(&w->contacts[i].name, &c.name)) {
            coded_set(ret_why, "name_taken");
            coded_add(ret_why, "name", name_span(&c.name));
            return ERR_STATE;
        }
    }
    if (w->contact_count >= CONTACT_COUNT_MAX) {
        return refuse_limit(ret_why, "contacts", CONTACT_COUNT_MAX);
    }
    enum err err = book_save_contact(w, &c);
    if (err == OK) {
        err = book_insert_contact(w, &c);
    }
    if (err != OK) {
        return store_refused(ret_why, err);
    }
    for (size_t i = 0; i < w->contact_count; i++) {
        if (id_equal(w->contacts[i].id, c.id)) {
            *ret_contact = &w->contacts[i];
        }
    }
    return OK;
}

enum err wallet_contact_remove(struct wallet *w, struct id id, struct coded *ret_why)
{
    if (w->is_locked) {
        return refuse(ret_why, ERR_DENIED, "locked");
    }
    for (size_t i = 0; i < w->contact_count; i++) {
        if (id_equal(w->contacts[i].id, id)) {
            enum err err = w->cfg.store->remove(w->cfg.store, STORE_CONTACT, id_span(&id));
            if (err != OK) {
                return store_refused(ret_why, err);
            }
            memmove(&w->contacts[i], &w->contacts[i + 1],
                    (w->contact_count - i - 1) * sizeof w->contacts[0]);
            w->contact_count--;
            return OK;
        }
    }
    return refuse(ret_why, ERR_NOT_FOUND, "unknown_contact");
}
