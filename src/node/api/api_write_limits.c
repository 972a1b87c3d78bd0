/* Limits, known addresses and settings of an account as JSON. */
#include "node/api/api_write.h"

enum { HOUR_S = 3600 };

static const struct token *token_of(const struct network *n, struct address token)
{
    return address_is_zero(token) ? NULL : network_token(n, token);
}

static struct api_unit unit_of(const struct network *n, const struct token *token)
{
    return token ? (struct api_unit){.symbol = token->symbol, .decimals = token->decimals}
                 : (struct api_unit){.symbol = n->symbol, .decimals = U256_DECIMALS_ETHER};
}

static void put_number(struct json_writer *j, const char *name, uint64_t v)
{
    json_put_name(j, name);
    json_put_u64(j, v);
}

static void put_figure(struct json_writer *j,
                       const char *name,
                       const struct figure *f,
                       const struct network *n,
                       const struct token *token)
{
    json_put_name(j, name);
    api_write_figure(j, f, unit_of(n, token));
}

static void put_limit(const struct api_writing *w,
                      const struct account *a,
                      const struct network *n,
                      const struct limit_view *l,
                      size_t i)
{
    struct json_writer *j = w->j;
    struct u256 window = figure_value(&l->of[i].window);
    const struct token *token = token_of(n, limit_view_token(n, i));
    uint64_t period_s = account_limit_period_s(window);
    json_put_object(j);
    json_put_name(j, "asset");
    api_write_asset(j, n, token);
    put_figure(j, "amount", &l->of[i].amount, n, token);
    put_figure(j, "spent", &l->of[i].spent, n, token);
    json_put_name(j, "left");
    api_write_u256(j, wallet_limit_left(w->wallet, a, n->id, i));
    put_number(j, "hours", period_s / HOUR_S);
    put_number(j, "ends_ms", period_s ? (account_limit_since(window) + period_s) * 1000 : 0);
    json_end_object(j);
}

static void
put_known(const struct api_writing *w, const struct network *n, const struct limit_view *l)
{
    struct json_writer *j = w->j;
    json_put_name(j, "known");
    json_put_array(j);
    for (size_t i = 0; i < l->known_count; i++) {
        const struct figure *f = &l->is_known[i];
        if (limit_view_find(l, l->known[i]) == i && !u256_is_zero(figure_value(f))) {
            json_put_object(j);
            json_put_name(j, "party");
            api_write_party(w, n, l->known[i]);
            json_put_name(j, "checked");
            api_write_checked(j, f);
            json_end_object(j);
        }
    }
    json_end_array(j);
}

static void
put_limits(const struct api_writing *w, const struct account *a, const struct network *n)
{
    struct json_writer *j = w->j;
    const struct limit_view *l = wallet_limits(w->wallet, a, n->id);
    if (!l) {
        return;
    }
    json_put_name(j, "limits");
    json_put_object(j);
    json_put_name(j, "list");
    json_put_array(j);
    for (size_t i = 0; i < l->count; i++) {
        put_limit(w, a, n, l, i);
    }
    json_end_array(j);
    put_figure(j, "fees", &l->fees, n, NULL);
    put_known(w, n, l);
    json_end_object(j);
}

static void
put_setting(const struct api_writing *w, const struct network *n, const struct setting_waiting *s)
{
    static const char *const kinds[] = {[ACCOUNT_SETTING_GUARDIANS] = "guardians",
                                        [ACCOUNT_SETTING_LIMIT] = "limit",
                                        [ACCOUNT_SETTING_KNOWN] = "known"};
    struct json_writer *j = w->j;
    const struct account_setting *of = &s->what->setting;
    json_put_object(j);
    json_put_name(j, "id");
    json_put_hex(j, SPAN_OF(s->what->id.bytes));
    json_put_name(j, "kind");
    json_put_str(j, kinds[of->kind]);
    put_number(j, "ready_ms", s->ready_ms);
    if (of->kind == ACCOUNT_SETTING_LIMIT) {
        const struct token *token = token_of(n, of->token);
        struct figure amount = api_own_figure(w, of->amount);
        put_figure(j, "amount", &amount, n, token);
        put_number(j, "hours", of->period_s / HOUR_S);
    } else if (of->kind == ACCOUNT_SETTING_KNOWN) {
        json_put_name(j, "party");
        api_write_party(w, n, of->to);
    } else {
        put_number(j, "guardians", of->guardians.count);
        put_number(j, "threshold", of->guardians.threshold);
    }
    json_end_object(j);
}

void api_write_limits(const struct api_writing *w, const struct account *a, const struct network *n)
{
    struct setting_waiting all[ACCOUNT_SETTING_COUNT_MAX];
    size_t count = wallet_settings_waiting(w->wallet, a, n->id, all);
    put_limits(w, a, n);
    if (count > 0) {
        json_put_name(w->j, "settings");
        json_put_array(w->j);
        for (size_t i = 0; i < count; i++) {
            put_setting(w, n, &all[i]);
        }
        json_end_array(w->j);
    }
}
