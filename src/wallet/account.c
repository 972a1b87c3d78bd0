/* Accounts and their owners as records. Field numbers are for ever: a new field takes a new number. */
#include "wallet/account.h"

#include "base/check.h"
#include "wallet/record.h"

const char *owner_kind_name(enum owner_kind kind)
{
    switch (kind) {
    case OWNER_PASSKEY:      return "passkey";
    case OWNER_SECURITY_KEY: return "security_key";
    case OWNER_TPM:          return "tpm";
    case OWNER_TEST_KEY:     return "test_key";
    case OWNER_COSIGNER:     return "cosigner";
    }
    return "passkey";
}

const char *transport_name(size_t i)
{
    static const char *const names[TRANSPORT_COUNT] = {"usb",        "nfc",    "ble",
                                                       "smart-card", "hybrid", "internal"};
    check(i < TRANSPORT_COUNT);
    return names[i];
}

unsigned transport_parse(struct span name)
{
    for (size_t i = 0; i < TRANSPORT_COUNT; i++) {
        if (span_equal(name, span_str(transport_name(i)))) {
            return 1u << i;
        }
    }
    return 0;
}

static void write_owner(struct wr *w, const struct owner *o)
{
    protobuf_write_bytes(w, 1, id_span(&o->id));
    protobuf_write_bytes(w, 2, name_span(&o->name));
    protobuf_write_varint(w, 3, (uint64_t)o->kind);
    protobuf_write_bytes(w, 4, span_str(o->rp_id));
    protobuf_write_bytes(w, 5, span_str(o->origin));
    protobuf_write_bytes(w, 6, SPAN_OF(o->public_key));
    protobuf_write_bytes(w, 7, span_of(o->credential, o->credential_len));
    protobuf_write_varint(w, 8, o->transports);
    protobuf_write_bool(w, 9, o->is_synced);
    protobuf_write_varint(w, 10, o->created_ms);
    protobuf_write_varint(w, 11, o->last_used_ms);
    protobuf_write_varint(w, 12, o->tested_ms);
    protobuf_write_varint(w, 13, o->sign_count);
    protobuf_write_bool(w, 14, o->is_added);
    protobuf_write_varint(w, 15, (uint64_t)o->standing);
}

static enum err write_change(struct wr *w, const struct account_change *c)
{
    uint8_t room[512];
    struct wr one = wr_init(MSPAN_OF(room));
    protobuf_write_bytes(&one, 1, id_span(&c->network));
    protobuf_write_bytes(&one, 2, SPAN_OF(c->id.bytes));
    protobuf_write_bytes(&one, 3, id_span(&c->owner));
    protobuf_write_varint(&one, 4, c->sequence);
    protobuf_write_bytes(&one, 5, SPAN_OF(c->previous));
    protobuf_write_varint(&one, 6, c->attempt);
    protobuf_write_varint(&one, 7, c->threshold);
    TRY(wr_end(&one));
    protobuf_write_bytes(w, 11, span_of(room, one.n));
    return OK;
}

static enum err write_setting(struct wr *w, const struct known_setting *k)
{
    /* At its largest: 16 guardians of 116 bytes, each with two bytes in front, and 200 bytes besides. */
    uint8_t room[2304];
    const struct account_setting *s = &k->setting;
    struct wr one = wr_init(MSPAN_OF(room));
    protobuf_write_bytes(&one, 1, id_span(&k->network));
    protobuf_write_bytes(&one, 2, SPAN_OF(k->id.bytes));
    protobuf_write_varint(&one, 3, k->attempt);
    protobuf_write_bytes(&one, 4, SPAN_OF(k->head));
    protobuf_write_varint(&one, 5, (uint64_t)s->kind);
    for (size_t i = 0; i < s->guardians.count; i++) {
        protobuf_write_bytes(&one, 6,
                             span_of(s->guardians.list[i].bytes, s->guardians.list[i].len));
    }
    protobuf_write_varint(&one, 7, s->guardians.threshold);
    protobuf_write_varint(&one, 8, s->guardians.delay_s);
    protobuf_write_bytes(&one, 9, SPAN_OF(s->token.bytes));
    record_write_u256(&one, 10, s->amount);
    protobuf_write_varint(&one, 11, s->period_s);
    protobuf_write_bytes(&one, 12, SPAN_OF(s->to.bytes));
    TRY(wr_end(&one));
    protobuf_write_bytes(w, 13, span_of(room, one.n));
    return OK;
}

static enum err write_cosigner(struct wr *w, const struct account_cosigner *c)
{
    uint8_t room[COSIGNER_TERMS_LEN_MAX + 256];
    uint8_t terms_room[COSIGNER_TERMS_LEN_MAX];
    struct wr one = wr_init(MSPAN_OF(room));
    struct wr terms = wr_init(MSPAN_OF(terms_room));
    cosigner_terms_write(&terms, &c->terms);
    TRY(wr_end(&terms));
    protobuf_write_bytes(&one, 1, id_span(&c->owner));
    protobuf_write_bytes(&one, 2, span_str(c->server));
    protobuf_write_bytes(&one, 3, SPAN_OF(c->address.bytes));
    protobuf_write_bytes(&one, 4, span_of(terms_room, terms.n));
    TRY(wr_end(&one));
    protobuf_write_bytes(w, 14, span_of(room, one.n));
    return OK;
}

static enum err write_session(struct wr *w, const struct known_session *k)
{
    uint8_t room[512];
    const struct account_session *s = &k->session;
    struct wr one = wr_init(MSPAN_OF(room));
    protobuf_write_bytes(&one, 1, id_span(&k->network));
    protobuf_write_bytes(&one, 2, SPAN_OF(s->id));
    protobuf_write_bytes(&one, 3, SPAN_OF(s->key.bytes));
    protobuf_write_varint(&one, 4, s->valid_until);
    protobuf_write_bytes(&one, 5, SPAN_OF(s->target.bytes));
    protobuf_write_bytes(&one, 6, SPAN_OF(s->selector));
    protobuf_write_bytes(&one, 7, SPAN_OF(s->recipient.bytes));
    record_write_u256(&one, 8, s->amount);
    record_write_u256(&one, 9, s->ether);
    protobuf_write_bool(&one, 10, k->is_seen);
    TRY(wr_end(&one));
    protobuf_write_bytes(w, 15, span_of(room, one.n));
    return OK;
}

enum err account_encode(struct buf *out, const struct account *a)
{
    struct wr w = wr_init_buf(out);
    protobuf_write_bytes(&w, 1, id_span(&a->id));
    protobuf_write_bytes(&w, 2, name_span(&a->name));
    protobuf_write_varint(&w, 3, (uint64_t)a->kind);
    protobuf_write_bytes(&w, 4, SPAN_OF(a->address.bytes));
    protobuf_write_varint(&w, 5, a->threshold);
    protobuf_write_bytes(&w, 6, SPAN_OF(a->salt));
    protobuf_write_varint(&w, 7, a->created_ms);
    protobuf_write_varint(&w, 9, a->entry);
    protobuf_write_bytes(&w, 10, span_str(a->path));
    protobuf_write_varint(&w, 12, a->threshold_read);
    for (size_t i = 0; i < a->owner_count; i++) {
        uint8_t room[2048]; /* an owner at its largest: 1,023 + 2 × 255 + 64 + names */
        struct wr one = wr_init(MSPAN_OF(room));
        write_owner(&one, &a->owners[i]);
        TRY(wr_end(&one));
        protobuf_write_bytes(&w, 8, span_of(room, one.n));
    }
    for (size_t i = 0; i < a->change_count; i++) {
        TRY(write_change(&w, &a->changes[i]));
    }
    for (size_t i = 0; i < a->setting_count; i++) {
        TRY(write_setting(&w, &a->settings[i]));
    }
    if (id_is_set(a->cosigner.owner)) {
        TRY(write_cosigner(&w, &a->cosigner));
    }
    for (size_t i = 0; i < a->session_count; i++) {
        TRY(write_session(&w, &a->sessions[i]));
    }
    TRY(account_write_chains(&w, a));
    for (size_t i = 0; i < a->guardian_name_count; i++) {
        TRY(guardian_name_write(&w, 18, &a->guardian_names[i]));
    }
    for (size_t i = 0; i < a->guardian_way_count; i++) {
        TRY(guardian_way_write(&w, 19, &a->guardian_ways[i]));
    }
    return wr_end(&w);
}

static enum err read_owner_credential(struct owner *o, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (s.n > CREDENTIAL_LEN_MAX) {
        return ERR_LIMIT;
    }
    span_copy(MSPAN_OF(o->credential), s);
    o->credential_len = (uint16_t)s.n;
    return OK;
}

static enum err read_owner_field(struct owner *o, const struct protobuf_field *f)
{
    uint64_t v = 0;
    switch (f->number) {
    case 1: return record_id(&o->id, f);
    case 2: return record_text(o->name.text, sizeof o->name.text, f);
    case 3:
        TRY(record_u64_max(&v, f, OWNER_COSIGNER));
        o->kind = (enum owner_kind)v;
        return OK;
    case 4: return record_text(o->rp_id, sizeof o->rp_id, f);
    case 5: return record_text(o->origin, sizeof o->origin, f);
    case 6: return record_fixed(MSPAN_OF(o->public_key), f);
    case 7: return read_owner_credential(o, f);
    case 8:
        TRY(record_u64_max(&v, f, (1u << TRANSPORT_COUNT) - 1));
        o->transports = (uint8_t)v;
        return OK;
    case 9:  return protobuf_get_bool(&o->is_synced, f);
    case 10: return protobuf_get_u64(&o->created_ms, f);
    case 11: return protobuf_get_u64(&o->last_used_ms, f);
    case 12: return protobuf_get_u64(&o->tested_ms, f);
    case 13: return protobuf_get_u32(&o->sign_count, f);
    case 14: return protobuf_get_bool(&o->is_added, f);
    case 15:
        TRY(record_u64_max(&v, f, OWNER_GONE));
        o->standing = (enum owner_standing)v;
        return OK;
    default: return OK; /* a later version's field */
    }
}

static enum err read_owner(struct account *a, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (a->owner_count >= OWNER_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct owner *o = &a->owners[a->owner_count];
    o->standing = OWNER_ACTIVE; /* what older records do not say: all were the account's first */
    struct protobuf_reader r = protobuf_read(s);
    struct protobuf_field inner;
    while (protobuf_next(&r, &inner)) {
        TRY(read_owner_field(o, &inner));
    }
    TRY(protobuf_end(&r));
    a->owner_count++;
    return OK;
}

static enum err read_change_field(struct account_change *c, const struct protobuf_field *f)
{
    switch (f->number) {
    case 1:  return record_id(&c->network, f);
    case 2:  return record_fixed(MSPAN_OF(c->id.bytes), f);
    case 3:  return record_id(&c->owner, f);
    case 4:  return protobuf_get_u64(&c->sequence, f);
    case 5:  return record_fixed(MSPAN_OF(c->previous), f);
    case 6:  return protobuf_get_u64(&c->attempt, f);
    case 7:  return protobuf_get_u64(&c->threshold, f);
    default: return OK; /* a later version's field */
    }
}

static enum err read_change(struct account *a, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (a->change_count >= ACCOUNT_CHANGE_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct protobuf_reader r = protobuf_read(s);
    struct protobuf_field inner;
    while (protobuf_next(&r, &inner)) {
        TRY(read_change_field(&a->changes[a->change_count], &inner));
    }
    TRY(protobuf_end(&r));
    a->change_count++;
    return OK;
}

static enum err read_guardian(struct account_setting *s, const struct protobuf_field *f)
{
    struct span key;
    TRY(protobuf_get_bytes(&key, f));
    if (s->guardians.count == GUARDIAN_COUNT_MAX || key.n > SMART_ACCOUNT_OWNER_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct smart_owner *g = &s->guardians.list[s->guardians.count++];
    g->len = span_copy(MSPAN_OF(g->bytes), key);
    return OK;
}

static enum err read_setting_field(struct known_setting *k, const struct protobuf_field *f)
{
    uint64_t v = 0;
    struct account_setting *s = &k->setting;
    switch (f->number) {
    case 1: return record_id(&k->network, f);
    case 2: return record_fixed(MSPAN_OF(k->id.bytes), f);
    case 3: return protobuf_get_u64(&k->attempt, f);
    case 4: return record_fixed(MSPAN_OF(k->head), f);
    case 5:
        TRY(record_u64_max(&v, f, ACCOUNT_SETTING_KIND_COUNT - 1));
        s->kind = (enum account_setting_kind)v;
        return OK;
    case 6:  return read_guardian(s, f);
    case 7:  return protobuf_get_u64(&s->guardians.threshold, f);
    case 8:  return protobuf_get_u32(&s->guardians.delay_s, f);
    case 9:  return record_fixed(MSPAN_OF(s->token.bytes), f);
    case 10: return record_u256(&s->amount, f);
    case 11: return protobuf_get_u32(&s->period_s, f);
    case 12: return record_fixed(MSPAN_OF(s->to.bytes), f);
    default: return OK; /* a later version's field */
    }
}

static enum err read_setting(struct account *a, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (a->setting_count >= ACCOUNT_SETTING_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct protobuf_reader r = protobuf_read(s);
    struct protobuf_field inner;
    while (protobuf_next(&r, &inner)) {
        TRY(read_setting_field(&a->settings[a->setting_count], &inner));
    }
    TRY(protobuf_end(&r));
    a->setting_count++;
    return OK;
}

static enum err read_cosigner_field(struct account_cosigner *c, const struct protobuf_field *f)
{
    struct span s;
    switch (f->number) {
    case 1: return record_id(&c->owner, f);
    case 2: return record_text(c->server, sizeof c->server, f);
    case 3: return record_fixed(MSPAN_OF(c->address.bytes), f);
    case 4: {
        TRY(protobuf_get_bytes(&s, f));
        struct rd r = rd_init(s);
        TRY(cosigner_terms_read(&c->terms, &r));
        return rd_end(&r) ? OK : ERR_MALFORMED;
    }
    default: return OK; /* a later version's field */
    }
}

static enum err read_session_field(struct known_session *k, const struct protobuf_field *f)
{
    struct account_session *s = &k->session;
    switch (f->number) {
    case 1:  return record_id(&k->network, f);
    case 2:  return record_fixed(MSPAN_OF(s->id), f);
    case 3:  return record_fixed(MSPAN_OF(s->key.bytes), f);
    case 4:  return record_u64_max(&s->valid_until, f, (UINT64_C(1) << 48) - 1);
    case 5:  return record_fixed(MSPAN_OF(s->target.bytes), f);
    case 6:  return record_fixed(MSPAN_OF(s->selector), f);
    case 7:  return record_fixed(MSPAN_OF(s->recipient.bytes), f);
    case 8:  return record_u256(&s->amount, f);
    case 9:  return record_u256(&s->ether, f);
    case 10: return protobuf_get_bool(&k->is_seen, f);
    default: return OK; /* a later version's field */
    }
}

static enum err read_cosigner(struct account *a, const struct protobuf_field *f)
{
    struct span s;
    struct account_cosigner c = {.server = ""};
    TRY(protobuf_get_bytes(&s, f));
    struct protobuf_reader r = protobuf_read(s);
    struct protobuf_field inner;
    while (protobuf_next(&r, &inner)) {
        TRY(read_cosigner_field(&c, &inner));
    }
    TRY(protobuf_end(&r));
    if (!id_is_set(c.owner) || c.terms.limits_count == 0) {
        return ERR_MALFORMED;
    }
    a->cosigner = c;
    return OK;
}

static enum err read_session(struct account *a, const struct protobuf_field *f)
{
    struct span s;
    TRY(protobuf_get_bytes(&s, f));
    if (a->session_count >= ACCOUNT_SESSION_COUNT_MAX) {
        return ERR_LIMIT;
    }
    struct protobuf_reader r = protobuf_read(s);
    struct protobuf_field inner;
    while (protobuf_next(&r, &inner)) {
        TRY(read_session_field(&a->sessions[a->session_count], &inner));
    }
    TRY(protobuf_end(&r));
    a->session_count++;
    return OK;
}

static enum err read_guardian_name(struct account *a, const struct protobuf_field *f)
{
    if (a->guardian_name_count >= GUARDIAN_NAME_COUNT_MAX) {
        return ERR_LIMIT;
    }
    TRY(guardian_name_read(&a->guardian_names[a->guardian_name_count], f));
    a->guardian_name_count++;
    return OK;
}

static enum err read_guardian_way(struct account *a, const struct protobuf_field *f)
{
    if (a->guardian_way_count >= GUARDIAN_WAY_COUNT_MAX) {
        return ERR_LIMIT;
    }
    TRY(guardian_way_read(&a->guardian_ways[a->guardian_way_count], f));
    a->guardian_way_count++;
    return OK;
}

static enum err read_account_field(struct account *a, const struct protobuf_field *f)
{
    uint64_t v = 0;
    switch (f->number) {
    case 1: return record_id(&a->id, f);
    case 2: return record_text(a->name.text, sizeof a->name.text, f);
    case 3:
        TRY(record_u64_max(&v, f, ACCOUNT_KIND_COUNT - 1));
        a->kind = (enum account_kind)v;
        return OK;
    case 4:  return record_fixed(MSPAN_OF(a->address.bytes), f);
    case 5:  return protobuf_get_u32(&a->threshold, f);
    case 6:  return record_fixed(MSPAN_OF(a->salt), f);
    case 7:  return protobuf_get_u64(&a->created_ms, f);
    case 8:  return read_owner(a, f);
    case 9:  return protobuf_get_u32(&a->entry, f);
    case 10: return record_text(a->path, sizeof a->path, f);
    case 11: return read_change(a, f);
    case 12: return protobuf_get_u32(&a->threshold_read, f);
    case 13: return read_setting(a, f);
    case 14: return read_cosigner(a, f);
    case 15: return read_session(a, f);
    case 16:
    case 17: return account_read_chains(a, f);
    case 18: return read_guardian_name(a, f);
    case 19: return read_guardian_way(a, f);
    default: return OK; /* a later version's field */
    }
}

enum err account_decode(struct account *ret, struct span record)
{
    *ret = (struct account){0};
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read_account_field(ret, &f));
    }
    TRY(protobuf_end(&r));
    return id_is_set(ret->id) && ret->name.text[0] ? OK : ERR_MALFORMED;
}

struct owner *account_owner(struct account *a, struct span credential)
{
    for (size_t i = 0; i < a->owner_count; i++) {
        if (span_equal(credential, span_of(a->owners[i].credential, a->owners[i].credential_len))) {
            return &a->owners[i];
        }
    }
    return NULL;
}

const char *account_kind_name(enum account_kind kind)
{
    static const char *const names[ACCOUNT_KIND_COUNT] = {"passkey", "watch", "phrase", "key"};
    check(kind < ACCOUNT_KIND_COUNT);
    return names[kind];
}

bool account_is_ordinary(const struct account *a)
{
    return a->kind == ACCOUNT_PHRASE || a->kind == ACCOUNT_KEY;
}
