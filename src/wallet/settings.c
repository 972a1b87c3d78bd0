/* Settings as a record. Field numbers are for ever. */
#include "wallet/settings.h"

#include "base/check.h"
#include "wallet/record.h"

enum { LOCK_AFTER_MIN_MAX = 1440 };

struct settings settings_default(void)
{
    return (struct settings){.shortcuts = true, .hide_unknown_tokens = true, .lock_after_min = 15};
}

const char *language_name(enum language v)
{
    static const char *const names[LANGUAGE_COUNT] = {"auto", "en", "zh-Hans"};
    check(v < LANGUAGE_COUNT);
    return names[v];
}

const char *theme_name(enum theme v)
{
    static const char *const names[THEME_COUNT] = {"system", "light", "dark"};
    check(v < THEME_COUNT);
    return names[v];
}

const char *density_name(enum density v)
{
    static const char *const names[DENSITY_COUNT] = {"comfortable", "compact"};
    check(v < DENSITY_COUNT);
    return names[v];
}

const char *history_view_name(enum history_view v)
{
    static const char *const names[HISTORY_COUNT] = {"scroll", "pages"};
    check(v < HISTORY_COUNT);
    return names[v];
}

const char *public_dht_choice_name(enum public_dht_choice v)
{
    static const char *const names[PUBLIC_DHT_COUNT] = {"ask", "yes", "no"};
    check(v < PUBLIC_DHT_COUNT);
    return names[v];
}

enum err settings_encode(struct buf *out, const struct settings *s)
{
    struct wr w = wr_init_buf(out);
    protobuf_write_varint(&w, 1, (uint64_t)s->language);
    protobuf_write_varint(&w, 2, (uint64_t)s->theme);
    protobuf_write_varint(&w, 3, (uint64_t)s->density);
    protobuf_write_varint(&w, 4, (uint64_t)s->history);
    protobuf_write_bool(&w, 5, s->shortcuts);
    protobuf_write_bool(&w, 6, s->hide_unknown_tokens);
    protobuf_write_varint(&w, 7, s->lock_after_min);
    if (id_is_set(s->network)) {
        protobuf_write_bytes(&w, 8, id_span(&s->network));
    }
    if (id_is_set(s->account)) {
        protobuf_write_bytes(&w, 9, id_span(&s->account));
    }
    protobuf_write_varint(&w, 10, (uint64_t)s->public_dht);
    return wr_end(&w);
}

static enum err read_field(struct settings *s, const struct protobuf_field *f)
{
    uint64_t v = 0;
    switch (f->number) {
    case 1:
        TRY(record_u64_max(&v, f, LANGUAGE_COUNT - 1));
        s->language = (enum language)v;
        return OK;
    case 2:
        TRY(record_u64_max(&v, f, THEME_COUNT - 1));
        s->theme = (enum theme)v;
        return OK;
    case 3:
        TRY(record_u64_max(&v, f, DENSITY_COUNT - 1));
        s->density = (enum density)v;
        return OK;
    case 4:
        TRY(record_u64_max(&v, f, HISTORY_COUNT - 1));
        s->history = (enum history_view)v;
        return OK;
    case 5: return protobuf_get_bool(&s->shortcuts, f);
    case 6: return protobuf_get_bool(&s->hide_unknown_tokens, f);
    case 7:
        TRY(record_u64_max(&v, f, LOCK_AFTER_MIN_MAX));
        s->lock_after_min = (uint32_t)v;
        return OK;
    case 8: return record_id(&s->network, f);
    case 9: return record_id(&s->account, f);
    case 10:
        TRY(record_u64_max(&v, f, PUBLIC_DHT_COUNT - 1));
        s->public_dht = (enum public_dht_choice)v;
        return OK;
    default: return OK; /* a later version's field */
    }
}

enum err settings_decode(struct settings *ret, struct span record)
{
    *ret = settings_default();
    struct protobuf_reader r = protobuf_read(record);
    struct protobuf_field f;
    while (protobuf_next(&r, &f)) {
        TRY(read_field(ret, &f));
    }
    return protobuf_end(&r);
}
