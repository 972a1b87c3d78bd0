/* The ways into the vault and what they say of an account's safety. */
#include "wallet/way.h"

#include "wallet/engine.h"
#include "wallet/record.h"

#include <string.h>

enum { PROVEN_FOR_DAYS = 180, WAY_RECORD_LEN = 1 + 32 + 8 };

struct way way_of_passkey(struct span credential_id)
{
    struct way way = {.kind = WAY_PASSKEY};
    sha256_of(&way.name, &credential_id, 1);
    return way;
}

struct way way_of_phrase(void)
{
    return (struct way){.kind = WAY_PHRASE};
}

struct way *way_find(struct way_list *list, const struct way *way)
{
    for (size_t i = 0; i < list->count; i++) {
        struct way *w = &list->items[i];
        if (w->kind == way->kind && span_equal(SPAN_OF(w->name.bytes), SPAN_OF(way->name.bytes))) {
            return w;
        }
    }
    return NULL;
}

bool way_is_due(uint64_t proven_ms, uint64_t unix_ms)
{
    const uint64_t proven_for_ms = (uint64_t)PROVEN_FOR_DAYS * 24 * 3600 * 1000;
    return proven_ms == 0 || (unix_ms > proven_ms && unix_ms - proven_ms > proven_for_ms);
}

bool way_backup_is_due(const struct way_list *list, uint64_t unix_ms)
{
    return way_is_due(list->backup_ms, unix_ms) || list->backup_generation != list->generation;
}

enum err way_list_encode(struct buf *out, const struct way_list *list)
{
    struct wr wr = wr_init_buf(out);
    for (size_t i = 0; i < list->count; i++) {
        uint8_t bytes[WAY_RECORD_LEN];
        struct wr w = wr_init(MSPAN_OF(bytes));
        wr_u8(&w, (uint8_t)list->items[i].kind);
        wr_bytes(&w, SPAN_OF(list->items[i].name.bytes));
        wr_be64(&w, list->items[i].proven_ms);
        protobuf_write_bytes(&wr, 1, SPAN_OF(bytes));
    }
    protobuf_write_varint(&wr, 2, list->generation);
    protobuf_write_varint(&wr, 3, list->backup_ms);
    protobuf_write_varint(&wr, 4, list->backup_generation);
    if (list->lacks_accounts) {
        protobuf_write_varint(&wr, 5, 1);
    }
    return wr_end(&wr);
}

static enum err read_way(struct way_list *list, const struct protobuf_field *f)
{
    uint8_t bytes[WAY_RECORD_LEN];
    TRY(record_fixed(MSPAN_OF(bytes), f));
    struct rd r = rd_init(SPAN_OF(bytes));
    uint8_t kind = rd_u8(&r);
    if (kind != WAY_PASSKEY && kind != WAY_PHRASE) {
        return OK; /* a later version's way */
    }
    if (list->count == WAY_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct way *way = &list->items[list->count++];
    way->kind = (enum way_kind)kind;
    rd_copy(&r, MSPAN_OF(way->name.bytes));
    way->proven_ms = rd_be64(&r);
    return OK;
}

static enum err read_field(struct way_list *list, const struct protobuf_field *f)
{
    uint64_t number = 0;
    switch (f->number) {
    case 1: return read_way(list, f);
    case 2: return protobuf_get_u64(&list->generation, f);
    case 3: return protobuf_get_u64(&list->backup_ms, f);
    case 4: return protobuf_get_u64(&list->backup_generation, f);
    case 5:
        TRY(protobuf_get_u64(&number, f));
        list->lacks_accounts = number != 0;
        return OK;
    default: return OK; /* a later version's field */
    }
}

enum err way_list_decode(struct way_list *ret, struct span record)
{
    struct way_list list = {.count = 0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read_field(&list, &f));
    }
    TRY(protobuf_end(&r));
    *ret = list;
    return OK;
}

/* ---- of the wallet ---- */

static void save(struct wallet *w)
{
    AUTO(buf_done) struct buf record;
    buf_init(&record, &w->budget, STORE_VALUE_LEN_MAX);
    enum err e = way_list_encode(&record, &w->ways);
    e = e == OK ? w->cfg.store->put(w->cfg.store, STORE_WAY, SPAN_LIT("vault"), buf_span(&record))
                : e;
    if (e != OK) {
        log_line(w->cfg.log, LOG_WARN, "wallet",
                 "what is known of the ways in could not be stored");
    }
    queue_note(w, WALLET_ACCOUNTS_CHANGED);
}

void wallet_ways_seen(struct wallet *w, const struct way_list *seen)
{
    struct way_list list = *seen;
    bool is_same = list.count == w->ways.count && list.generation == w->ways.generation;
    list.backup_ms = list.count > 0 ? w->ways.backup_ms : 0;
    list.backup_generation = w->ways.backup_generation;
    list.lacks_accounts = list.count > 0 && w->ways.lacks_accounts;
    is_same = is_same && list.lacks_accounts == w->ways.lacks_accounts;
    for (size_t i = 0; i < list.count; i++) {
        const struct way *known = way_find(&w->ways, &list.items[i]);
        list.items[i].proven_ms = known ? known->proven_ms : 0;
        is_same = is_same && known;
    }
    if (!is_same) {
        w->ways = list;
        save(w);
    }
}

void wallet_way_proven(struct wallet *w, struct wallet_time t, const struct way *way)
{
    struct way *known = way_find(&w->ways, way);
    if (!known && w->ways.count < WAY_COUNT_MAX) {
        known = &w->ways.items[w->ways.count++];
        *known = *way;
    }
    if (known) {
        known->proven_ms = t.unix_ms;
        save(w);
    }
}

void wallet_backup_proven(struct wallet *w, struct wallet_time t, uint64_t generation)
{
    w->ways.backup_ms = t.unix_ms;
    w->ways.backup_generation = generation;
    save(w);
}

void wallet_vault_lacks_accounts(struct wallet *w, bool lacks)
{
    if (w->ways.lacks_accounts != lacks) {
        w->ways.lacks_accounts = lacks;
        save(w);
    }
}

const struct way_list *wallet_ways(const struct wallet *w)
{
    return &w->ways;
}

uint64_t wallet_way_proven_ms(struct wallet *w, const struct way *way)
{
    const struct way *known = way_find(&w->ways, way);
    return known ? known->proven_ms : 0;
}

static void count_way(struct safety *s, uint64_t proven_ms, uint64_t unix_ms)
{
    s->ways_in++;
    s->tested += !way_is_due(proven_ms, unix_ms);
}

struct safety
wallet_account_safety(const struct wallet *w, const struct account *a, uint64_t unix_ms)
{
    struct safety s = {0};
    for (size_t i = 0; i < a->owner_count; i++) {
        /* Else on no chain yet, or no more; or a co-signer, which is no way in. */
        if (a->owners[i].standing == OWNER_ACTIVE && a->owners[i].kind != OWNER_COSIGNER) {
            count_way(&s, a->owners[i].tested_ms, unix_ms);
        }
    }
    for (size_t i = 0; i < w->ways.count && account_is_ordinary(a); i++) {
        count_way(&s, w->ways.items[i].proven_ms, unix_ms);
    }
    uint32_t needed = a->threshold_read ? a->threshold_read : a->threshold;
    s.has_spare = account_is_ordinary(a) ? s.ways_in > 1 : needed < s.ways_in;
    const struct guardian_way *guardians = wallet_guardian_way(a, w->settings.network);
    if (a->kind == ACCOUNT_PASSKEY && guardian_way_counts(guardians, unix_ms)) {
        /* An owner more or less is nothing to them: whichever one way is lost, the others suffice. */
        s.has_spare = needed <= s.ways_in;
        count_way(&s, guardians->proven_ms, unix_ms);
        s.by_guardians = true;
    }
    s.is_kept = !account_is_ordinary(a) || !way_backup_is_due(&w->ways, unix_ms);
    s.safe = s.ways_in >= 2 && s.tested >= 2 && s.has_spare && s.is_kept;
    return s;
}
