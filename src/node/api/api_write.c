/* Types of the local API as JSON. */
#include "node/api/api_write.h"

#include "base/check.h"
#include "codec/base64.h"
#include "node/api/api_options.h"
#include "wallet/owner_chains.h"

#include <string.h>

void api_write_u256(struct json_writer *j, struct u256 v)
{
    char text[U256_TEXT_LEN];
    (void)u256_print_decimal(text, v);
    json_put_str(j, text);
}

void api_write_address(struct json_writer *j, struct address a)
{
    char text[ADDRESS_TEXT_LEN];
    address_print(text, a);
    json_put_str(j, text);
}

void api_write_base64url(struct json_writer *j, struct span bytes)
{
    char text
        [1400]; /* a credential id at its largest, 1,023 bytes, takes 1,364; a sealed phrase 1,216 */
    struct wr w = wr_init(MSPAN_OF(text));
    base64_encode(&w, BASE64_URL_BARE, bytes);
    check(wr_ok(&w));
    json_put_string(j, span_of(text, w.n));
}

static void put_params(struct json_writer *j, const struct coded *c)
{
    json_put_name(j, "params");
    json_put_object(j);
    for (size_t i = 0; i < c->param_count; i++) {
        json_put_name(j, c->params[i].key);
        json_put_str(j, c->params[i].value);
    }
    json_end_object(j);
}

void api_write_coded(struct json_writer *j, const struct coded *c)
{
    json_put_object(j);
    json_put_name(j, "code");
    json_put_str(j, c->code);
    put_params(j, c);
    json_end_object(j);
}

void api_write_code(struct json_writer *j, const char *code)
{
    struct coded c;
    coded_set(&c, code);
    api_write_coded(j, &c);
}

/* How a figure was checked: the members of the type checked. */
static void put_checked(struct json_writer *j, const struct figure *f)
{
    json_put_name(j, "grade");
    json_put_str(j, grade_name(figure_grade(f)));
    json_put_name(j, "k");
    json_put_u64(j, figure_k(f));
    json_put_name(j, "n");
    json_put_u64(j, figure_n(f));
    json_put_name(j, "block");
    json_put_u64(j, figure_block(f));
    json_put_name(j, "as_of_ms");
    json_put_u64(j, figure_as_of_ms(f));
    json_put_name(j, "why");
    json_put_str(j, figure_why(f));
    json_put_name(j, "anchor");
    json_put_str(j, anchor_name(figure_anchor(f)));
}

void api_write_checked(struct json_writer *j, const struct figure *f)
{
    json_put_object(j);
    put_checked(j, f);
    json_end_object(j);
}

void api_write_figure(struct json_writer *j, const struct figure *f, struct api_unit unit)
{
    json_put_object(j);
    json_put_name(j, "value");
    api_write_u256(j, figure_value(f));
    json_put_name(j, "decimals");
    json_put_u64(j, unit.decimals);
    json_put_name(j, "unit");
    json_put_str(j, unit.symbol);
    put_checked(j, f);
    json_end_object(j);
}

const struct figure *
api_balance(const struct view *v, const struct network *n, const struct token *token)
{
    return token ? &v->tokens[token - n->tokens] : &v->balance;
}

struct figure api_worked_out(const struct api_writing *w,
                             const struct network *n,
                             struct u256 value,
                             struct api_when when)
{
    struct id account = wallet_settings(w->wallet)->account;
    const struct view *v = wallet_view(w->wallet, account, n->id);
    struct figure_said said = {.k = 1,
                               .n = 1,
                               .is_own_node = v && v->is_own_node,
                               .is_local = n->kind == NETWORK_LOCAL,
                               .block = v ? v->block : 0,
                               .as_of_ms = v ? v->as_of_ms : w->t.unix_ms};
    said.block = when.block ? when.block : said.block;
    said.as_of_ms = when.as_of_ms ? when.as_of_ms : said.as_of_ms;
    return figure_say(value, &said);
}

struct figure api_reported(const struct api_writing *w, const struct network *n, struct u256 value)
{
    return api_worked_out(w, n, value, (struct api_when){0});
}

struct figure api_own_figure(const struct api_writing *w, struct u256 value)
{
    return figure_own(value, w->t.unix_ms);
}

void api_write_asset(struct json_writer *j, const struct network *n, const struct token *token)
{
    json_put_object(j);
    json_put_name(j, "id");
    if (token) {
        api_write_address(j, token->address);
    } else {
        json_put_str(j, "native");
    }
    json_put_name(j, "kind");
    json_put_str(j, token ? "erc20" : "native");
    json_put_name(j, "symbol");
    json_put_str(j, token ? token->symbol : n->symbol);
    json_put_name(j, "name");
    json_put_str(j, token ? token->name.text : n->native_name.text);
    json_put_name(j, "decimals");
    json_put_u64(j, token ? token->decimals : U256_DECIMALS_ETHER);
    json_put_name(j, "listed");
    json_put_bool(j, true);
    json_end_object(j);
}

void api_write_party(const struct api_writing *w, const struct network *n, struct address a)
{
    struct party p = wallet_party(w->wallet, n, a);
    json_put_object(w->j);
    json_put_name(w->j, "address");
    api_write_address(w->j, a);
    if (p.name.text[0]) {
        json_put_name(w->j, "name");
        json_put_str(w->j, p.name.text);
    }
    json_put_name(w->j, "known");
    json_put_str(w->j, known_name(p.known));
    json_end_object(w->j);
}

void api_write_transports(struct json_writer *j, unsigned transports)
{
    json_put_array(j);
    for (size_t i = 0; i < TRANSPORT_COUNT; i++) {
        if (transports >> i & 1) {
            json_put_str(j, transport_name(i));
        }
    }
    json_end_array(j);
}

static const char *standing_name(const struct owner_state *s)
{
    switch (s->standing) {
    case OWNER_NEW:    return s->ready_ms ? "joining" : "waiting";
    case OWNER_ACTIVE: return s->ready_ms ? "leaving" : "active";
    case OWNER_GONE:   return "gone";
    }
    return "waiting";
}

/* Where the owner stands: on the selected network, and on each that was read. */
static void
put_standing(const struct api_writing *w, const struct account *a, const struct owner *o)
{
    struct json_writer *j = w->j;
    struct owner_state here =
        wallet_owner_state(w->wallet, a, o, wallet_settings(w->wallet)->network);
    json_put_name(j, "state");
    json_put_str(j, standing_name(&here));
    json_put_name(j, "added");
    json_put_bool(j, o->is_added);
    json_put_name(j, "ready_ms");
    json_put_u64(j, here.ready_ms);
    json_put_name(j, "chains");
    json_put_array(j);
    for (size_t i = 0; i < wallet_network_count(w->wallet); i++) {
        const struct network *n = wallet_network_at(w->wallet, i);
        struct owner_state s = wallet_owner_state(w->wallet, a, o, n->id);
        if (s.is_read) {
            json_put_object(j);
            json_put_name(j, "network_id");
            json_put_str(j, n->id.text);
            json_put_name(j, "state");
            json_put_str(j, standing_name(&s));
            json_end_object(j);
        }
    }
    json_end_array(j);
}

static void put_owner(const struct api_writing *w, const struct account *a, const struct owner *o)
{
    struct json_writer *j = w->j;
    json_put_object(j);
    json_put_name(j, "id");
    json_put_str(j, o->id.text);
    json_put_name(j, "name");
    json_put_str(j, o->name.text);
    json_put_name(j, "kind");
    json_put_str(j, owner_kind_name(o->kind));
    json_put_name(j, "rp_id");
    json_put_str(j, o->rp_id);
    json_put_name(j, "credential_id");
    api_write_base64url(j, span_of(o->credential, o->credential_len));
    json_put_name(j, "transports");
    api_write_transports(j, o->transports);
    json_put_name(j, "synced");
    json_put_bool(j, o->is_synced);
    json_put_name(j, "created_ms");
    json_put_u64(j, o->created_ms);
    json_put_name(j, "last_used_ms");
    json_put_u64(j, o->last_used_ms);
    json_put_name(j, "tested_ms");
    json_put_u64(j, o->tested_ms);
    put_standing(w, a, o);
    json_end_object(j);
}

static bool is_on_chain(const struct api_writing *w, const struct account *a)
{
    const struct view *v = wallet_view(w->wallet, a->id, wallet_settings(w->wallet)->network);
    return v && v->is_deployed;
}

/* Nothing, if it was not read or is not there. */
static void put_version(const struct api_writing *w, const struct account *a)
{
    static const char *const words[] = {
        [UPGRADE_NONE] = "none", [UPGRADE_OFFERED] = "offered", [UPGRADE_WAITS] = "waits"};
    struct json_writer *j = w->j;
    struct version_state s =
        wallet_version_state(w->wallet, a, wallet_settings(w->wallet)->network);
    if (s.version == ACCOUNT_VERSION_UNREAD || !is_on_chain(w, a)) {
        return;
    }
    json_put_name(j, "version");
    json_put_object(j);
    json_put_name(j, "number");
    json_put_u64(j, s.version == ACCOUNT_VERSION_OTHER ? 0
                    : s.version == ACCOUNT_VERSION_2   ? 2
                                                       : 1);
    json_put_name(j, "checked");
    api_write_checked(j, &s.implementation);
    json_put_name(j, "upgrade");
    json_put_str(j, words[s.upgrade]);
    json_put_name(j, "ready_ms");
    json_put_u64(j, s.ready_ms);
    json_end_object(j);
}

void api_write_account(const struct api_writing *w, const struct account *a)
{
    struct json_writer *j = w->j;
    json_put_object(j);
    json_put_name(j, "id");
    json_put_str(j, a->id.text);
    json_put_name(j, "name");
    json_put_str(j, a->name.text);
    json_put_name(j, "address");
    api_write_address(j, a->address);
    json_put_name(j, "kind");
    json_put_str(j, account_kind_name(a->kind));
    if (account_is_ordinary(a)) {
        json_put_name(j, "entry");
        json_put_u64(j, a->entry);
    }
    if (a->path[0]) {
        json_put_name(j, "path");
        json_put_str(j, a->path);
    }
    json_put_name(j, "owners");
    json_put_array(j);
    for (size_t i = 0; i < a->owner_count; i++) {
        put_owner(w, a, &a->owners[i]);
    }
    json_end_array(j);
    size_t unknown = wallet_unknown_owners(w->wallet, a, wallet_settings(w->wallet)->network);
    if (unknown > 0) {
        json_put_name(j, "unknown_owners");
        json_put_u64(j, unknown);
    }
    size_t revoked = wallet_revoked_count(w->wallet, a);
    if (revoked > 0) {
        json_put_name(j, "revoked");
        json_put_u64(j, revoked);
    }
    json_put_name(j, "threshold");
    struct id network = wallet_settings(w->wallet)->network;
    json_put_u64(j, wallet_threshold(w->wallet, a, network));
    struct threshold_change change = wallet_threshold_change(w->wallet, a, network);
    if (change.threshold > 0) {
        json_put_name(j, "threshold_change");
        json_put_object(j);
        json_put_name(j, "threshold");
        json_put_u64(j, change.threshold);
        json_put_name(j, "ready_ms");
        json_put_u64(j, change.ready_ms);
        json_end_object(j);
    }
    json_put_name(j, "on_chain");
    json_put_bool(j, is_on_chain(w, a));
    put_version(w, a);
    if (wallet_network(w->wallet, network)) {
        api_write_limits(w, a, wallet_network(w->wallet, network));
        api_write_sessions(w, a, wallet_network(w->wallet, network));
    }
    api_write_cosigner(w, a);
    api_write_guardian_way(w, a, network);
    json_put_name(j, "safe");
    json_put_bool(j, wallet_account_safety(w->wallet, a, w->t.unix_ms).safe);
    json_put_name(j, "selected");
    json_put_bool(j, id_equal(a->id, wallet_settings(w->wallet)->account));
    json_put_name(j, "created_ms");
    json_put_u64(j, a->created_ms);
    json_end_object(j);
}

void api_write_contact(struct json_writer *j, const struct contact *c)
{
    json_put_object(j);
    json_put_name(j, "id");
    json_put_str(j, c->id.text);
    json_put_name(j, "name");
    json_put_str(j, c->name.text);
    json_put_name(j, "address");
    api_write_address(j, c->address);
    json_put_name(j, "sent_count");
    json_put_u64(j, c->sent_count);
    json_put_name(j, "created_ms");
    json_put_u64(j, c->created_ms);
    json_end_object(j);
}

void api_write_settings(struct json_writer *j, const struct settings *s)
{
    json_put_object(j);
    json_put_name(j, "language");
    json_put_str(j, language_name(s->language));
    json_put_name(j, "theme");
    json_put_str(j, theme_name(s->theme));
    json_put_name(j, "density");
    json_put_str(j, density_name(s->density));
    json_put_name(j, "history");
    json_put_str(j, history_view_name(s->history));
    json_put_name(j, "public_dht");
    json_put_str(j, public_dht_choice_name(s->public_dht));
    json_put_name(j, "shortcuts");
    json_put_bool(j, s->shortcuts);
    json_put_name(j, "lock_after_min");
    json_put_u64(j, s->lock_after_min);
    json_put_name(j, "hide_unknown_tokens");
    json_put_bool(j, s->hide_unknown_tokens);
    json_end_object(j);
}

static const char *chain_state_name(enum chain_state s)
{
    switch (s) {
    case CHAIN_OK:         return "ok";
    case CHAIN_DEGRADED:   return "degraded";
    case CHAIN_DOUBTFUL:   return "doubtful";
    case CHAIN_NO_SERVER:  return "no_server";
    case CHAIN_NO_NETWORK: return "no_network";
    case CHAIN_SYNCING:    return "syncing";
    }
    return "syncing";
}

static const char *doubt_name(enum doubt d)
{
    switch (d) {
    case DOUBT_NONE:     return "none";
    case DOUBT_UNPROVEN: return "unproven";
    case DOUBT_DISPUTED: return "disputed";
    case DOUBT_ANCHOR:   return "anchor_silent";
    }
    return "none";
}

void api_write_chain(const struct api_writing *w)
{
    struct chain_health h = wallet_chain_health(w->wallet, w->t);
    struct json_writer *j = w->j;
    json_put_object(j);
    json_put_name(j, "state");
    json_put_str(j, chain_state_name(h.state));
    json_put_name(j, "block");
    json_put_u64(j, h.block);
    json_put_name(j, "block_ms");
    json_put_u64(j, h.block_ms);
    json_put_name(j, "as_of_ms");
    json_put_u64(j, h.as_of_ms);
    json_put_name(j, "grade");
    json_put_str(j, grade_name(h.grade));
    json_put_name(j, "k");
    json_put_u64(j, h.k);
    json_put_name(j, "n");
    json_put_u64(j, h.n);
    json_put_name(j, "tried");
    json_put_u64(j, h.tried);
    json_put_name(j, "anchor");
    json_put_str(j, anchor_name(h.anchor));
    json_put_name(j, "doubt");
    json_put_str(j, doubt_name(h.doubt));
    json_end_object(j);
}

void api_write_ceremony(struct json_writer *j, const struct ceremony *c)
{
    json_put_object(j);
    json_put_name(j, "id");
    json_put_str(j, c->id.text);
    json_put_name(j, "kind");
    json_put_str(j, c->is_unlock ? "unlock" : id_is_set(c->account) ? "owner" : "create");
    if (id_is_set(c->account)) {
        json_put_name(j, "account_id");
        json_put_str(j, c->account.text);
    }
    json_put_name(j, "name");
    json_put_str(j, c->name.text);
    json_put_name(j, "created_ms");
    json_put_u64(j, c->created_ms);
    json_put_name(j, "expires_ms");
    json_put_u64(j, c->expires_ms);
    json_end_object(j);
}

static const char *risk_level_name(enum risk_level level)
{
    switch (level) {
    case RISK_BLOCKED: return "blocked";
    case RISK_DANGER:  return "danger";
    case RISK_CAUTION: return "caution";
    case RISK_INFO:    return "info";
    }
    return "danger";
}

void api_write_risk(struct json_writer *j, const struct risk *r)
{
    json_put_object(j);
    json_put_name(j, "id");
    json_put_str(j, r->what.code);
    json_put_name(j, "level");
    json_put_str(j, risk_level_name(r->level));
    json_put_name(j, "code");
    json_put_str(j, r->what.code);
    put_params(j, &r->what);
    json_put_name(j, "tick");
    json_put_bool(j, r->tick);
    json_end_object(j);
}

enum { ALLOW_COUNT_MAX = 32 };

static void put_descriptor(struct json_writer *j, const struct owner *o)
{
    json_put_object(j);
    json_put_name(j, "id");
    api_write_base64url(j, span_of(o->credential, o->credential_len));
    json_put_name(j, "transports");
    api_write_transports(j, o->transports);
    json_end_object(j);
}

/* Who has signed op (NULL: nobody) cannot do so again. */
static bool may_sign(const struct api_writing *w,
                     const struct account *a,
                     const struct owner *o,
                     const struct operation *op)
{
    const struct owner *signers[OPERATION_SIGNER_COUNT_MAX];
    size_t count = op ? wallet_signers(w->wallet, op, signers) : 0;
    if (o->kind == OWNER_COSIGNER) {
        return false; /* no passkey: it is asked for otherwise */
    }
    for (size_t i = 0; i < count; i++) {
        if (signers[i] == o) {
            return false;
        }
    }
    struct id here = wallet_settings(w->wallet)->network;
    return wallet_owner_state(w->wallet, a, o, here).standing == OWNER_ACTIVE;
}

static size_t put_descriptors(const struct api_writing *w,
                              const struct account *a,
                              const struct operation *op,
                              size_t room)
{
    struct json_writer *j = w->j;
    size_t count = 0;
    for (size_t i = 0; i < a->owner_count && count < room; i++) {
        if (!may_sign(w, a, &a->owners[i], op)) {
            continue;
        }
        count++;
        put_descriptor(j, &a->owners[i]);
    }
    return count;
}

void api_write_descriptors(const struct api_writing *w, const struct account *a)
{
    json_put_array(w->j);
    if (a) {
        for (size_t i = 0; i < a->owner_count; i++) {
            if (a->owners[i].kind != OWNER_COSIGNER) {
                put_descriptor(w->j, &a->owners[i]);
            }
        }
    }
    json_end_array(w->j);
}

void api_write_request_options(const struct api_writing *w,
                               const struct account *a,
                               const struct operation *op,
                               struct span challenge)
{
    struct json_writer *j = w->j;
    options_begin_request(j, a && a->owner_count > 0 ? a->owners[0].rp_id : "passmesh.localhost",
                          challenge);
    size_t room = ALLOW_COUNT_MAX;
    if (a) {
        (void)put_descriptors(w, a, op, room);
    } else {
        for (size_t i = 0; i < wallet_account_count(w->wallet); i++) {
            room -= put_descriptors(w, wallet_account_at(w->wallet, i), NULL, room);
        }
    }
    options_end_request(j);
}

void api_write_owner_options(const struct api_writing *w,
                             const struct owner *o,
                             struct span challenge)
{
    options_begin_request(w->j, o ? o->rp_id : "passmesh.localhost", challenge);
    if (o) {
        put_descriptor(w->j, o);
    }
    options_end_request(w->j);
}
