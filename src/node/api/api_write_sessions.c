/* Session keys of an account as JSON. */
#include "node/api/api_write.h"
#include "wallet/session.h"

static void put_text(struct json_writer *j, const char *name, const char *text)
{
    json_put_name(j, name);
    json_put_str(j, text);
}

static void put_figure(struct json_writer *j,
                       const char *name,
                       const struct figure *f,
                       const struct network *n,
                       const struct token *token)
{
    const struct api_unit unit = {.symbol = token ? token->symbol : n->symbol,
                                  .decimals = token ? token->decimals : U256_DECIMALS_ETHER};
    json_put_name(j, name);
    api_write_figure(j, f, unit);
}

/* What it may spend, and what is left of it. */
static void put_amounts(const struct api_writing *w,
                        const struct network *n,
                        const struct session_state *state,
                        const struct token *token)
{
    struct json_writer *j = w->j;
    const struct account_session *s = state->what;
    bool is_token = token != NULL;
    struct figure ether = api_own_figure(w, s->ether);
    struct figure amount = is_token ? api_own_figure(w, s->amount) : ether;
    const struct figure *left = is_token ? state->amount : state->ether;
    json_put_name(j, "asset");
    api_write_asset(j, n, token);
    put_figure(j, "amount", &amount, n, token);
    if (left) {
        put_figure(j, "left", left, n, token);
    }
    if (is_token) {
        put_figure(j, "fees", &ether, n, NULL);
    }
    if (is_token && state->ether) {
        put_figure(j, "fees_left", state->ether, n, NULL);
    }
}

static void
put_session(const struct api_writing *w, const struct network *n, const struct session_state *state)
{
    struct json_writer *j = w->j;
    const struct account_session *s = state->what;
    bool is_ether = account_session_is_ether(s);
    /* A token that the network's list has no longer is shown as the contract that it is. */
    const struct token *token = account_session_is_token(s) ? network_token(n, s->target) : NULL;
    bool is_token = token != NULL;
    json_put_object(j);
    json_put_name(j, "id");
    json_put_hex(j, SPAN_OF(s->id));
    put_text(j, "state", session_standing_name(state->standing));
    put_text(j, "kind", is_ether ? "ether" : is_token ? "token" : "function");
    json_put_name(j, "job_key");
    api_write_address(j, s->key);
    json_put_name(j, "to");
    api_write_party(w, n, is_token ? s->recipient : s->target);
    put_amounts(w, n, state, token);
    if (!is_ether && !is_token) {
        json_put_name(j, "function");
        json_put_hex(j, SPAN_OF(s->selector));
    }
    json_put_name(j, "until_ms");
    json_put_u64(j, s->valid_until * 1000);
    json_end_object(j);
}

void api_write_sessions(const struct api_writing *w,
                        const struct account *a,
                        const struct network *n)
{
    struct session_state all[ACCOUNT_SESSION_COUNT_MAX];
    size_t count = wallet_sessions(w->wallet, a, n->id, all);
    if (count == 0) {
        return;
    }
    json_put_name(w->j, "sessions");
    json_put_array(w->j);
    for (size_t i = 0; i < count; i++) {
        put_session(w, n, &all[i]);
    }
    json_end_array(w->j);
}
