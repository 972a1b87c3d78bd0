/* Guardians asked for something else than help, their names, and whether they are a way in (docs/recovery.md). */
#include "codec/base16.h"
#include "evm/account_setting.h"
#include "node/api/api_inside.h"
#include "node/api/api_methods.h"
#include "node/api/api_write.h"
#include "wallet/recovery.h"

enum api_done api_do_guardians_ask(struct api_call *c)
{
    const struct guardians_ask_args args = {
        .account = api_param_id(c, "account_id"),
        .network = api_param_id(c, "network_id"),
        .act = api_param_is(c, "what", "practice") ? RECOVERY_PRACTICE
               : api_param_is(c, "what", "cancel") ? RECOVERY_CANCEL
                                                   : RECOVERY_HOLD};
    if (wallet_guardians_ask(c->w.wallet, c->t, &args, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_write_recovery(c, wallet_account(c->w.wallet, args.account)->address, args.network);
}

enum api_done api_do_guardian_name(struct api_call *c)
{
    enum { KEY_LEN_MIN = 20 };
    uint8_t room[256];
    struct smart_owner guardian = {.len = 0};
    struct wr key = wr_init(MSPAN_OF(guardian.bytes));
    if (base16_decode_0x(&key, api_param_plain(c, "guardian")) != OK || key.n < KEY_LEN_MIN) {
        return api_refuse(c, "help_bad");
    }
    guardian.len = key.n;
    if (wallet_guardian_name_set(c->w.wallet, api_param_id(c, "account_id"), &guardian,
                                 api_param_text(c, "name", MSPAN_OF(room)), &c->why) != OK) {
        return API_REFUSED;
    }
    json_put_object(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

static void put_number(struct json_writer *j, const char *name, uint64_t v)
{
    json_put_name(j, name);
    json_put_u64(j, v);
}

void api_write_guardian_way(const struct api_writing *w, const struct account *a, struct id network)
{
    const struct guardian_way *way = wallet_guardian_way(a, network);
    struct json_writer *j = w->j;
    if (!way) {
        return;
    }
    json_put_name(j, "guardians");
    json_put_object(j);
    put_number(j, "number", way->count);
    put_number(j, "threshold", way->threshold);
    json_put_name(j, "counts");
    json_put_bool(j, wallet_account_safety(w->wallet, a, w->t.unix_ms).by_guardians);
    put_number(j, "read_ms", way->read_ms);
    put_number(j, "proven_ms", way->proven_ms);
    put_number(j, "proven_by", way->proven_by);
    json_end_object(j);
}

/* ---- setting them ---- */

static bool add_guardian(struct account_setting *s, struct span text)
{
    struct help h;
    if (s->guardians.count == GUARDIAN_COUNT_MAX || !api_read_guardian(&h, text)) {
        return false;
    }
    s->guardians.list[s->guardians.count++] = h.guardian.guardian;
    return true;
}

/* The contract looks at a setting when it is carried out, days later: what it would refuse is refused here. */
static const char *wrong_field(const struct account_setting *s)
{
    for (size_t i = 0; i < s->guardians.count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct smart_owner *a = &s->guardians.list[i];
            const struct smart_owner *b = &s->guardians.list[k];
            if (span_equal(span_of(a->bytes, a->len), span_of(b->bytes, b->len))) {
                return "guardians";
            }
        }
    }
    bool is_quorum = s->guardians.count == 0 ? s->guardians.threshold == 0
                                             : s->guardians.threshold >= 1 &&
                                                   s->guardians.threshold <= s->guardians.count;
    return is_quorum && s->guardians.threshold <= RECOVERY_ANSWER_COUNT_MAX ? NULL : "threshold";
}

static enum api_done refuse_field(struct api_call *c, const char *field)
{
    coded_set(&c->why, "invalid_params");
    coded_add_str(&c->why, "field", field);
    coded_add_str(&c->why, "rule", "range");
    return API_REFUSED;
}

/* What the owner calls a guardian; or, without that, what the guardian calls himself. false: no name is like that. */
static bool read_name(struct name *ret, struct json given, struct span text)
{
    struct help h;
    uint8_t room[256];
    struct wr w = wr_init(MSPAN_OF(room));
    *ret = (struct name){""};
    if (given.type == JSON_STRING && json_get_string(&w, given) != OK) {
        return false;
    }
    if (w.n > 0) {
        return name_parse(ret, span_of(room, w.n)) == OK;
    }
    if (api_read_guardian(&h, text)) {
        *ret = h.guardian.name;
    }
    return true;
}

/* Checks all names, or keeps them. */
static enum err each_name(struct api_call *c, const struct account_setting *s, bool keep)
{
    struct json list = {.type = JSON_NULL};
    struct json names = {.type = JSON_NULL};
    struct json one;
    (void)api_param(c, &list, "guardians");
    (void)api_param(c, &names, "names");
    struct json_iter it = json_iterate(list);
    struct json_iter names_it = json_iterate(names);
    for (size_t i = 0; i < s->guardians.count && json_next(&it, NULL, &one); i++) {
        struct json given = {.type = JSON_NULL};
        struct span text;
        struct name name;
        if (!json_next(&names_it, NULL, &given)) {
            given = (struct json){.type = JSON_NULL};
        }
        if (json_get_plain(&text, one) != OK || !read_name(&name, given, text)) {
            coded_set(&c->why, "name_bad");
            coded_add_u64(&c->why, "max", NAME_LEN_MAX);
            return ERR_MALFORMED;
        }
        if (keep && name.text[0]) {
            TRY(wallet_guardian_name_set(c->w.wallet, api_param_id(c, "account_id"),
                                         &s->guardians.list[i], name_span(&name), &c->why));
        }
    }
    return OK;
}

enum api_done api_do_guardians_prepare(struct api_call *c)
{
    struct account_setting s = {.kind = ACCOUNT_SETTING_GUARDIANS};
    struct json list;
    struct json one;
    uint64_t days = 0;
    uint64_t task = 0;
    if (!api_param(c, &list, "guardians") || json_find_u64(&days, c->params, "days") != OK ||
        json_find_u64(&s.guardians.threshold, c->params, "threshold") != OK) {
        return api_refuse(c, "help_bad");
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        struct span text;
        if (json_get_plain(&text, one) != OK || !add_guardian(&s, text)) {
            return api_refuse(c, "help_bad");
        }
    }
    const char *field = wrong_field(&s);
    if (field || days < 1 || days > 30) {
        return refuse_field(c, field ? field : "days");
    }
    if (each_name(c, &s, false) != OK) {
        return API_REFUSED;
    }
    s.guardians.delay_s = (uint32_t)days * 86400;
    const struct setting_args args = {
        .own = {.account = api_param_id(c, "account_id"),
                .network = api_param_id(c, "network_id"),
                .speed = api_param_is(c, "speed", "fast") ? FEE_FAST : FEE_NORMAL,
                .by_command_line = c->caller.way == API_WAY_LOCAL},
        .what = SETTING_WISH_BEGIN,
        .setting = &s
    };
    if (wallet_setting_prepare(c->w.wallet, c->t, &args, &task, &c->why) != OK ||
        each_name(c, &s, true) != OK) {
        return API_REFUSED;
    }
    return api_wait_for_task(c, task);
}
