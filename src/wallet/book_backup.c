/* What the wallet puts into a backup file, and takes back from one. */
#include "base/mem.h"
#include "wallet/backup.h"
#include "wallet/engine.h"

static enum err write_accounts(const struct wallet *w, struct wr *wr, struct buf *record)
{
    for (size_t i = 0; i < w->account_count; i++) {
        buf_clear(record);
        TRY(account_encode(record, w->accounts[i]));
        backup_write_record(wr, BACKUP_ACCOUNT, buf_span(record));
    }
    return OK;
}

static enum err write_contacts(const struct wallet *w, struct wr *wr, struct buf *record)
{
    for (size_t i = 0; i < w->contact_count; i++) {
        buf_clear(record);
        TRY(contact_encode(record, &w->contacts[i]));
        backup_write_record(wr, BACKUP_CONTACT, buf_span(record));
    }
    return OK;
}

enum err wallet_backup_write(struct wallet *w, struct wallet_time t, struct buf *out)
{
    AUTO(buf_done) struct buf record;
    struct wr wr = wr_init_buf(out);
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    backup_write_made(&wr, t.unix_ms);
    TRY(write_accounts(w, &wr, &record));
    TRY(write_contacts(w, &wr, &record));
    buf_clear(&record);
    TRY(settings_encode(&record, &w->settings));
    backup_write_record(&wr, BACKUP_SETTINGS, buf_span(&record));
    return wr_end(&wr);
}

/* ---- back ---- */

static bool has_account(const struct wallet *w, const struct account *a)
{
    for (size_t i = 0; i < w->account_count; i++) {
        if (id_equal(w->accounts[i]->id, a->id) ||
            address_equal(w->accounts[i]->address, a->address)) {
            return true;
        }
    }
    return false;
}

static bool has_contact(const struct wallet *w, const struct contact *c)
{
    for (size_t i = 0; i < w->contact_count; i++) {
        if (id_equal(w->contacts[i].id, c->id) || name_equal(&w->contacts[i].name, &c->name)) {
            return true;
        }
    }
    return false;
}

static enum err restore_account(struct wallet *w, struct backup_counts *n, const struct account *a)
{
    if (has_account(w, a)) {
        return OK;
    }
    if (w->account_count == ACCOUNT_COUNT_MAX) {
        return ERR_LIMIT;
    }
    TRY(book_save_account(w, a));
    n->accounts++;
    return book_add_account(w, a);
}

static enum err restore_contact(struct wallet *w, struct backup_counts *n, const struct contact *c)
{
    if (has_contact(w, c)) {
        return OK;
    }
    if (w->contact_count == CONTACT_COUNT_MAX) {
        return ERR_LIMIT;
    }
    TRY(book_save_contact(w, c));
    n->contacts++;
    return book_insert_contact(w, c);
}

static enum err restore_item(struct wallet *w,
                             struct backup_counts *n,
                             const struct backup_item *item,
                             bool takes_settings)
{
    switch (item->kind) {
    case BACKUP_MADE:     n->made_ms = item->made_ms; return OK;
    case BACKUP_ACCOUNT:  return restore_account(w, n, &item->account);
    case BACKUP_CONTACT:  return restore_contact(w, n, &item->contact);
    case BACKUP_SETTINGS: break;
    }
    if (!takes_settings) {
        return OK;
    }
    struct id network = w->settings.network;
    w->settings = item->settings;
    if (!wallet_network(w, w->settings.network)) {
        w->settings.network = network;
    }
    if (!book_account(w, w->settings.account)) {
        w->settings.account = w->account_count ? w->accounts[0]->id : (struct id){0};
    }
    return book_save_settings(w);
}

static void count_item(struct backup_counts *n, const struct backup_item *item)
{
    n->accounts += item->kind == BACKUP_ACCOUNT;
    n->contacts += item->kind == BACKUP_CONTACT;
    n->made_ms = item->kind == BACKUP_MADE ? item->made_ms : n->made_ms;
}

static enum err look(struct backup_item *item, struct backup_counts *ret, struct span content)
{
    struct backup_counts n = {0};
    struct backup_reader r = backup_read(content);
    while (backup_next(&r, item)) {
        count_item(&n, item);
    }
    TRY(backup_read_end(&r));
    if (n.accounts > ACCOUNT_COUNT_MAX || n.contacts > CONTACT_COUNT_MAX) {
        return ERR_LIMIT;
    }
    *ret = n;
    return OK;
}

/* The settings come last in a file: the account that they choose is there by then. */
static enum err
restore(struct wallet *w, struct backup_item *item, struct backup_counts *ret, struct span content)
{
    struct backup_counts n = {0};
    const bool takes_settings = w->account_count == 0;
    enum err e = look(item, &n, content); /* whole and sound, before anything is taken */
    n = (struct backup_counts){0};
    struct backup_reader r = backup_read(content);
    while (e == OK && backup_next(&r, item)) {
        e = restore_item(w, &n, item, takes_settings);
    }
    TRY(e);
    *ret = n;
    return OK;
}

enum err wallet_backup_look(struct wallet *w, struct backup_counts *ret, struct span content)
{
    void *item = NULL;
    TRY(mem_alloc(&w->budget, &item, sizeof(struct backup_item)));
    enum err e = look(item, ret, content);
    mem_free(&w->budget, item, sizeof(struct backup_item));
    return e;
}

enum err wallet_backup_restore(struct wallet *w,
                               struct wallet_time t,
                               struct backup_counts *ret,
                               struct span content)
{
    void *item = NULL;
    TRY(mem_alloc(&w->budget, &item, sizeof(struct backup_item)));
    enum err e = restore(w, item, ret, content);
    mem_free(&w->budget, item, sizeof(struct backup_item));
    w->read_again_at = t.mono;
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
    queue_note(w, WALLET_BALANCES_CHANGED);
    queue_note(w, WALLET_SETTINGS_CHANGED);
    queue_note(w, WALLET_STATUS_CHANGED);
    return e;
}
