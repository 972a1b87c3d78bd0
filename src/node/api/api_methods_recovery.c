/* Handlers about guardians and recovery, on both sides (docs/recovery.md). */
#include "codec/base16.h"
#include "evm/account_domain.h"
#include "node/api/api_methods.h"
#include "node/api/api_vault.h"
#include "wallet/recovery.h"

#include <stdio.h>
#include <string.h>

enum { HELP_SIGNERS_MAX = 8, TYPED_DATA_LEN_MAX = 1024 };

static void put_name(struct json_writer *j, const char *name)
{
    json_put_name(j, name);
}

static void put_number(struct json_writer *j, const char *name, uint64_t v)
{
    json_put_name(j, name);
    json_put_u64(j, v);
}

static uint64_t ms_of(uint64_t s)
{
    return s > UINT64_MAX / 1000 ? UINT64_MAX : s * 1000;
}

static struct span help_text(const struct api_call *c)
{
    return api_param_plain(c, "text");
}

/* ---- the types guardian and recovery ---- */

/* The account of this wallet that is this guardian; NULL: none. */
static const struct account *own_guardian(const struct api_writing *w,
                                          const struct smart_owner *guardian)
{
    for (size_t i = 0; i < wallet_account_count(w->wallet); i++) {
        const struct account *a = wallet_account_at(w->wallet, i);
        for (size_t k = 0; k < (a->owner_count ? a->owner_count : 1); k++) {
            struct smart_owner own;
            struct coded why;
            struct id owner = a->owner_count ? a->owners[k].id : (struct id){0};
            if (wallet_guardian_of(w->wallet, a->id, owner, &own, &why) == OK &&
                span_equal(span_of(own.bytes, own.len), span_of(guardian->bytes, guardian->len))) {
                return a;
            }
        }
    }
    return NULL;
}

/* of: the account whose guardian it is, if it is in this wallet, and its request of another kind than help; both may be NULL. */
struct guardian_context {
    const struct account *of;
    const struct recovery_help *asks;
    const struct recovery_help *help;
};

static const struct guardian_context nobody = {.of = NULL};

static bool has_answered(const struct recovery_help *h, const struct smart_owner *guardian)
{
    for (size_t i = 0; h && i < h->answer_count; i++) {
        const struct smart_owner *g = &h->answers[i].guardian;
        if (span_equal(span_of(g->bytes, g->len), span_of(guardian->bytes, guardian->len))) {
            return true;
        }
    }
    return false;
}

static void write_guardian(const struct api_writing *w,
                           const struct smart_owner *guardian,
                           const struct guardian_context *x)
{
    static const char *const words[] = {
        [GUARDIAN_PASSKEY] = "passkey", [GUARDIAN_KEY] = "key", [GUARDIAN_OTHER] = "other"};
    struct address address;
    enum guardian_kind kind = guardian_kind(guardian, &address);
    const struct account *own = own_guardian(w, guardian);
    struct span name = wallet_guardian_name(x->of, guardian);
    json_put_object(w->j);
    put_name(w->j, "key");
    json_put_hex(w->j, span_of(guardian->bytes, guardian->len));
    put_name(w->j, "kind");
    json_put_str(w->j, words[kind]);
    if (kind == GUARDIAN_KEY) {
        put_name(w->j, "address");
        api_write_address(w->j, address);
    }
    if (own) {
        put_name(w->j, "account_id");
        json_put_str(w->j, own->id.text);
    }
    if (name.n > 0) {
        put_name(w->j, "name");
        json_put_string(w->j, name);
    }
    put_name(w->j, "answered");
    json_put_bool(w->j, has_answered(x->help, guardian));
    if (x->asks) {
        put_name(w->j, "agreed");
        json_put_bool(w->j, has_answered(x->asks, guardian));
    }
    json_end_object(w->j);
}

static void put_code(struct json_writer *j, const struct hash32 *hash)
{
    char code[HELP_CODE_LEN];
    help_code(code, hash);
    put_name(j, "code");
    json_put_str(j, code);
}

static void put_text(struct api_call *c, const struct help *h)
{
    AUTO(buf_done) struct buf text;
    buf_init(&text, &c->api->budget, HELP_TEXT_LEN_MAX);
    put_name(c->w.j, "text");
    json_put_string(c->w.j, help_print(&text, h) == OK ? buf_span(&text) : SPAN_EMPTY);
}

static const char *word_of(enum recovery_act act)
{
    switch (act) {
    case RECOVERY_RECOVER:  return "recover";
    case RECOVERY_PRACTICE: return "practice";
    case RECOVERY_CANCEL:   return "cancel";
    case RECOVERY_HOLD:     return "hold";
    case RECOVERY_PUT_OFF:
    case RECOVERY_FREEZE:   break; /* an owner's */
    }
    return "recover";
}

/* A request that was made here, as the member `name`. */
static void put_help(struct api_call *c,
                     const char *name,
                     const struct recovery_view *v,
                     const struct recovery_help *h)
{
    const struct help request = {.kind = HELP_REQUEST, .request = h->request};
    struct hash32 hash;
    help_request_hash(&hash, &h->request);
    bool is_outdated = wallet_help_is_outdated(v, &h->request);
    bool is_enough = h->answer_count > 0 && h->answer_count >= v->guardians.threshold;
    put_name(c->w.j, name);
    json_put_object(c->w.j);
    if (h->request.act != RECOVERY_RECOVER) {
        put_name(c->w.j, "what");
        json_put_str(c->w.j, word_of(h->request.act));
    }
    put_text(c, &request);
    put_code(c->w.j, &hash);
    put_number(c->w.j, "answers", h->answer_count);
    put_name(c->w.j, "state");
    json_put_str(c->w.j, is_outdated ? "outdated" : is_enough ? "enough" : "open");
    json_end_object(c->w.j);
}

static const char *state_of(const struct recovery_view *v)
{
    if (!v->is_there) {
        return "no_account";
    }
    if (!v->is_version_2) {
        return "version_1";
    }
    if (v->recovery.is_pending) {
        return "under_way";
    }
    return v->guardians.count > 0 ? "quiet" : "no_guardians";
}

static bool is_asked(const struct recovery_view *v, const struct recovery_help *h)
{
    struct hash32 id;
    if (!h || !v->recovery.is_pending) {
        return false;
    }
    owner_change_id(&id, v->address, &h->request.change);
    return span_equal(SPAN_OF(id.bytes), SPAN_OF(v->recovery.pending.bytes));
}

static void put_under_way(struct json_writer *j, const struct recovery_view *v, bool asked)
{
    const struct account_recovery *r = &v->recovery;
    uint64_t ready_ms = r->is_pending ? ms_of(r->ready_at) : 0;
    put_number(j, "ready_ms", ready_ms);
    put_number(j, "lapses_ms", r->is_pending ? ready_ms + ms_of(RECOVERY_LAPSE_S) : 0);
    put_number(j, "put_offs_left", (uint64_t)RECOVERY_VETOES_MAX - r->vetoes);
    put_name(j, "asked");
    json_put_bool(j, asked);
    put_number(j, "frozen_ms", ms_of(r->frozen_until));
    put_number(j, "held_ms", ms_of(r->held_until));
}

static const struct account *account_at(const struct wallet *w, struct address address)
{
    for (size_t i = 0; i < wallet_account_count(w); i++) {
        const struct account *a = wallet_account_at(w, i);
        if (address_equal(a->address, address)) {
            return a;
        }
    }
    return NULL;
}

enum api_done api_write_recovery(struct api_call *c, struct address address, struct id network)
{
    const struct recovery_view *v = wallet_recovery_view(c->w.wallet, address, network);
    const struct account *a = account_at(c->w.wallet, address);
    const struct recovery_help *h = a ? wallet_recovery_help(c->w.wallet, a->id) : NULL;
    struct json_writer *j = c->w.j;
    if (!v) {
        return api_refuse(c, "recovery_unread");
    }
    h = h && id_equal(h->network, network) ? h : NULL;
    const struct recovery_help *asks = a ? wallet_guardians_asked(c->w.wallet, a->id) : NULL;
    asks = asks && id_equal(asks->network, network) ? asks : NULL;
    const struct guardian_context x = {.of = a, .asks = asks, .help = h};
    json_put_object(j);
    put_name(j, "address");
    api_write_address(j, address);
    put_name(j, "network_id");
    json_put_str(j, network.text);
    if (a) {
        put_name(j, "account_id");
        json_put_str(j, a->id.text);
    }
    put_name(j, "state");
    json_put_str(j, state_of(v));
    put_name(j, "checked");
    api_write_checked(j, &v->said);
    put_number(j, "owners", v->owners.count);
    put_name(j, "guardians");
    json_put_array(j);
    for (size_t i = 0; i < v->guardians.count; i++) {
        write_guardian(&c->w, &v->guardians.list[i], &x);
    }
    json_end_array(j);
    put_number(j, "threshold", v->guardians.threshold);
    put_number(j, "delay_s", v->guardians.delay_s);
    put_under_way(j, v, is_asked(v, h));
    if (h) {
        put_help(c, "help", v, h);
    }
    if (asks) {
        put_help(c, "asks", v, asks);
    }
    json_end_object(j);
    return API_DONE;
}

/* ---- reading ---- */

static struct address param_address(const struct api_call *c)
{
    struct address a = {{0}};
    enum address_checksum sum;
    enum err err = address_parse(&a, &sum, api_param_plain(c, "address"));
    return err == OK ? a : (struct address){{0}};
}

enum api_done api_do_recovery_status(struct api_call *c)
{
    const struct recovery_look_args args = {.address = param_address(c),
                                            .network = api_param_id(c, "network_id")};
    uint64_t task = 0;
    if (wallet_recovery_look(c->w.wallet, c->t, &args, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    struct api_pending *p = api_pend(c, task);
    if (!p) {
        return API_REFUSED;
    }
    p->network = args.network;
    p->token = args.address;
    return API_LATER;
}

enum api_done api_finish_recovery(struct api_call *c, const struct api_pending *p)
{
    return api_write_recovery(c, p->token, p->network);
}

enum api_done api_do_guardian_text(struct api_call *c)
{
    struct help h = {.kind = HELP_GUARDIAN};
    uint8_t room[256];
    struct span name = api_param_text(c, "name", MSPAN_OF(room));
    if (name.n > 0 && name_parse(&h.guardian.name, name) != OK) {
        coded_set(&c->why, "name_bad");
        coded_add_u64(&c->why, "max", NAME_LEN_MAX);
        return API_REFUSED;
    }
    if (wallet_guardian_of(c->w.wallet, api_param_id(c, "account_id"), api_param_id(c, "owner_id"),
                           &h.guardian.guardian, &c->why) != OK) {
        return API_REFUSED;
    }
    json_put_object(c->w.j);
    put_text(c, &h);
    put_name(c->w.j, "guardian");
    write_guardian(&c->w, &h.guardian.guardian, &nobody);
    json_end_object(c->w.j);
    return API_DONE;
}

bool api_read_guardian(struct help *ret, struct span text)
{
    struct address a;
    enum address_checksum sum;
    if (address_parse(&a, &sum, text) == OK) {
        *ret = (struct help){.kind = HELP_GUARDIAN};
        ret->guardian.guardian = guardian_of_address(a);
        return sum != ADDRESS_CHECKSUM_WRONG;
    }
    return help_parse(ret, text) == OK && ret->kind == HELP_GUARDIAN;
}

enum api_done api_do_guardian_read(struct api_call *c)
{
    struct help h;
    if (!api_read_guardian(&h, help_text(c))) {
        return api_refuse(c, "help_bad");
    }
    json_put_object(c->w.j);
    put_name(c->w.j, "guardian");
    write_guardian(&c->w, &h.guardian.guardian, &nobody);
    if (h.guardian.name.text[0]) {
        put_name(c->w.j, "name");
        json_put_str(c->w.j, h.guardian.name.text);
    }
    json_end_object(c->w.j);
    return API_DONE;
}

/* ---- the person ---- */

enum api_done api_do_recovery_ask(struct api_call *c)
{
    uint8_t room[256];
    const struct account *a = NULL;
    const struct recovery_ask_args args = {.address = param_address(c),
                                           .network = api_param_id(c, "network_id"),
                                           .by = api_param_id(c, "account_id"),
                                           .name = api_param_text(c, "name", MSPAN_OF(room))};
    if (wallet_recovery_ask(c->w.wallet, c->t, &args, &a, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_write_recovery(c, args.address, args.network);
}

enum api_done api_do_recovery_gather(struct api_call *c)
{
    struct id id = api_param_id(c, "account_id");
    const struct account *a = wallet_account(c->w.wallet, id);
    if (!a) {
        return api_refuse(c, "unknown_account");
    }
    if (wallet_recovery_gather(c->w.wallet, c->t, id, help_text(c), &c->why) != OK) {
        return API_REFUSED;
    }
    const struct recovery_help *h = wallet_recovery_help(c->w.wallet, id);
    h = h ? h : wallet_guardians_asked(c->w.wallet, id);
    return h ? api_write_recovery(c, a->address, h->network) : api_refuse(c, "recovery_unread");
}

enum api_done api_do_recovery_forget(struct api_call *c)
{
    struct id id = api_param_id(c, "account_id");
    enum err err = api_param_is(c, "what", "asks")
                       ? wallet_guardians_forget(c->w.wallet, id, &c->why)
                       : wallet_recovery_forget(c->w.wallet, id, &c->why);
    if (err != OK) {
        return API_REFUSED;
    }
    json_put_object(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

static enum recovery_wish wish_of(struct api_call *c)
{
    if (api_param_is(c, "what", "begin")) {
        return RECOVERY_WISH_BEGIN;
    }
    if (api_param_is(c, "what", "apply")) {
        return RECOVERY_WISH_APPLY;
    }
    if (api_param_is(c, "what", "cancel")) {
        return RECOVERY_WISH_CANCEL;
    }
    if (api_param_is(c, "what", "hold")) {
        return RECOVERY_WISH_HOLD;
    }
    return api_param_is(c, "what", "put_off") ? RECOVERY_WISH_PUT_OFF : RECOVERY_WISH_FREEZE;
}

enum api_done api_do_recovery_prepare(struct api_call *c)
{
    const struct recovery_args args = {.account = api_param_id(c, "account_id"),
                                       .network = api_param_id(c, "network_id"),
                                       .payer = api_param_id(c, "payer_id"),
                                       .what = wish_of(c),
                                       .speed =
                                           api_param_is(c, "speed", "fast") ? FEE_FAST : FEE_NORMAL,
                                       .by_command_line = c->caller.way == API_WAY_LOCAL};
    uint64_t task;
    if (wallet_recovery_prepare(c->w.wallet, c->t, &args, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_wait_for_task(c, task);
}

/* ---- the guardian ---- */

static void put_request(struct api_call *c, const struct help_request *r)
{
    struct json_writer *j = c->w.j;
    put_name(j, "new_owners");
    json_put_array(j);
    for (size_t i = 0; i < r->change.added_count; i++) {
        write_guardian(&c->w, &r->change.added[i], &nobody);
    }
    json_end_array(j);
    put_number(j, "removed", r->change.removed_count);
    put_number(j, "threshold", r->change.threshold);
}

/* Owners only leave: it is made and answered in one wallet (docs/cosigner.md). */
static bool helps_nobody(const struct help_request *r)
{
    return r->act == RECOVERY_RECOVER && r->change.added_count == 0;
}

enum api_done api_do_help_open(struct api_call *c)
{
    const struct account *signers[HELP_SIGNERS_MAX];
    const struct network *n = NULL;
    struct help h;
    struct hash32 hash;
    struct json_writer *j = c->w.j;
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    if (wallet_help_open(c->w.wallet, &h, &n, help_text(c), &c->why) != OK) {
        return API_REFUSED;
    }
    if (helps_nobody(&h.request)) {
        return api_refuse(c, "help_bad");
    }
    const char *state = wallet_help_state(c->w.wallet, c->t, &h.request, n->id);
    size_t count = wallet_help_signers(c->w.wallet, &h.request, n->id, signers, HELP_SIGNERS_MAX);
    help_request_hash(&hash, &h.request);
    json_put_object(j);
    put_name(j, "address");
    api_write_address(j, h.request.account);
    put_name(j, "network_id");
    json_put_str(j, n->id.text);
    put_name(j, "what");
    json_put_str(j, word_of(h.request.act));
    put_code(j, &hash);
    put_name(j, "state");
    json_put_str(j, state[0] ? state : "open");
    put_request(c, &h.request);
    put_name(j, "signers");
    json_put_array(j);
    for (size_t i = 0; i < count; i++) {
        json_put_str(j, signers[i]->id.text);
    }
    json_end_array(j);
    json_end_object(j);
    return API_DONE;
}

static void put_member(struct json_writer *j, const char *name, const char *type)
{
    json_put_object(j);
    put_name(j, "name");
    json_put_str(j, name);
    put_name(j, "type");
    json_put_str(j, type);
    json_end_object(j);
}

/* What keyd reads, decodes and signs for an ordinary account: EIP-712 as its JSON. */
static enum err write_typed_data(struct buf *out, const struct help_request *r)
{
    static const struct {
        const char *type;
        const char *member;
        const char *domain;
    } words[] = {
        [RECOVERY_RECOVER] = {"Recover",        "change", ACCOUNT_DOMAIN_NAME  },
        [RECOVERY_CANCEL] = {"CancelRecovery", "change", ACCOUNT_DOMAIN_NAME  },
        [RECOVERY_HOLD] = {"Hold",           "zero",   ACCOUNT_DOMAIN_NAME  },
        [RECOVERY_PRACTICE] = {"Practice",       "number", ACCOUNT_PRACTICE_NAME},
    };
    struct hash32 what = r->what;
    struct wr w = wr_init_buf(out);
    struct json_writer j = json_writer_init(&w);
    if (r->act == RECOVERY_RECOVER) {
        owner_change_id(&what, r->account, &r->change);
    }
    json_put_object(&j);
    put_name(&j, "types");
    json_put_object(&j);
    put_name(&j, words[r->act].type);
    json_put_array(&j);
    put_member(&j, words[r->act].member, "bytes32");
    put_member(&j, "round", "uint64");
    json_end_array(&j);
    json_end_object(&j);
    put_name(&j, "primaryType");
    json_put_str(&j, words[r->act].type);
    put_name(&j, "domain");
    json_put_object(&j);
    put_name(&j, "name");
    json_put_str(&j, words[r->act].domain);
    put_name(&j, "version");
    json_put_str(&j, "1");
    put_number(&j, "chainId", r->chain_id);
    put_name(&j, "verifyingContract");
    json_put_hex(&j, SPAN_OF(r->account.bytes));
    json_end_object(&j);
    put_name(&j, "message");
    json_put_object(&j);
    put_name(&j, words[r->act].member);
    json_put_hex(&j, SPAN_OF(what.bytes));
    char round[24];
    (void)snprintf(round, sizeof round, "%llu", (unsigned long long)r->round);
    put_name(&j, "round");
    json_put_str(&j, round);
    json_end_object(&j);
    json_end_object(&j);
    return json_writer_end(&j);
}

/* The challenge of an ordinary account's signature is keyd's, which has read the payload itself. */
static enum err
put_key_options(struct api_call *c, const struct account *a, const struct help_request *r)
{
    AUTO(buf_done) struct buf payload;
    struct span answer;
    buf_init(&payload, &c->api->budget, TYPED_DATA_LEN_MAX);
    TRY(write_typed_data(&payload, r));
    const struct vault_wish wish = {.kind = VAULT_SIGN_TYPED_DATA,
                                    .entry = a->entry,
                                    .path = span_str(a->path),
                                    .payload = buf_span(&payload)};
    TRY(vault_prepare_request(c, &answer, &wish));
    return vault_put_options(c, span_first(answer, 32));
}

enum api_done api_do_help_sign_begin(struct api_call *c)
{
    struct id id = api_param_id(c, "account_id");
    const struct account *a = wallet_account(c->w.wallet, id);
    struct help h;
    struct hash32 hash;
    bool is_confirmed = false;
    enum err err = OK;
    if (wallet_help_hash(c->w.wallet, c->t, id, help_text(c), &h, &hash, &c->why) != OK) {
        return API_REFUSED;
    }
    if (helps_nobody(&h.request)) {
        return api_refuse(c, "help_bad");
    }
    if (json_find_bool(&is_confirmed, c->params, "confirmed") != OK || !is_confirmed) {
        return api_refuse(c, "help_unconfirmed");
    }
    json_put_object(c->w.j);
    put_code(c->w.j, &hash);
    if (account_is_ordinary(a)) {
        err = put_key_options(c, a, &h.request);
    } else {
        put_name(c->w.j, "options");
        api_write_request_options(&c->w, a, NULL, SPAN_OF(hash.bytes));
    }
    json_end_object(c->w.j);
    return err == OK ? API_DONE : vault_refused(c, err);
}

enum api_done api_do_help_sign_finish(struct api_call *c)
{
    struct id id = api_param_id(c, "account_id");
    const struct account *a = wallet_account(c->w.wallet, id);
    struct passkey_answer answer;
    struct secp256k1_signature sig;
    AUTO(buf_done) struct buf bytes;
    AUTO(buf_done) struct buf text;
    buf_init(&bytes, &c->api->budget, CEREMONY_BYTES_MAX);
    buf_init(&text, &c->api->budget, HELP_TEXT_LEN_MAX);
    if (!api_read_passkey_answer(c, &bytes, &answer)) {
        return api_broken_answer(c);
    }
    struct help_sign_args args = {.account = id, .text = help_text(c), .answer = &answer};
    if (a && account_is_ordinary(a)) {
        enum err err = wallet_is_locked(c->w.wallet) ? ERR_DENIED : vault_sign_request(c, &sig);
        if (err != OK) {
            return wallet_is_locked(c->w.wallet) ? api_refuse(c, "locked") : vault_refused(c, err);
        }
        args.key_signature = &sig;
    }
    if (wallet_help_sign(c->w.wallet, c->t, &args, &text, &c->why) != OK) {
        return API_REFUSED;
    }
    json_put_object(c->w.j);
    put_name(c->w.j, "text");
    json_put_string(c->w.j, buf_span(&text));
    json_end_object(c->w.j);
    return API_DONE;
}

/* ---- the brake ---- */

static struct brake_args brake_of(struct api_call *c)
{
    return (struct brake_args){.account = api_param_id(c, "account_id"),
                               .network = api_param_id(c, "network_id"),
                               .act = api_param_is(c, "what", "freeze") ? RECOVERY_FREEZE
                                                                        : RECOVERY_PUT_OFF};
}

enum api_done api_do_brake_begin(struct api_call *c)
{
    const struct brake_args args = brake_of(c);
    struct hash32 hash;
    if (wallet_brake_hash(c->w.wallet, c->t, &args, &hash, &c->why) != OK) {
        return API_REFUSED;
    }
    json_put_object(c->w.j);
    put_name(c->w.j, "options");
    api_write_request_options(&c->w, wallet_account(c->w.wallet, args.account), NULL,
                              SPAN_OF(hash.bytes));
    json_end_object(c->w.j);
    return API_DONE;
}

enum api_done api_do_brake_finish(struct api_call *c)
{
    struct brake_args args = brake_of(c);
    struct passkey_answer answer;
    AUTO(buf_done) struct buf bytes;
    buf_init(&bytes, &c->api->budget, CEREMONY_BYTES_MAX);
    if (!api_read_passkey_answer(c, &bytes, &answer)) {
        return api_broken_answer(c);
    }
    args.answer = &answer;
    if (wallet_brake_sign(c->w.wallet, c->t, &args, &c->why) != OK) {
        return API_REFUSED;
    }
    json_put_object(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}
