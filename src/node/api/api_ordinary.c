/* Ordinary accounts: made, brought in, derived, watched; their signatures; their phrases and keys on the way out. */
#include "base/rd.h"
#include "evm/bip32.h"
#include "node/api/api_vault.h"

#include <stdio.h>
#include <string.h>

enum { HASH_LEN = 32, IMPORT_FILE = 3, NUMBER_TEXT_LEN = 24 };

static const char path_prefix[] = "m/44'/60'/0'/0/"; /* BIP-44, as most wallets */

static bool is_locked(struct api_call *c)
{
    return wallet_is_locked(c->w.wallet);
}

/* ---- making ---- */

static void path_print(char ret[static ACCOUNT_PATH_LEN_MAX + 1], uint32_t index)
{
    (void)snprintf(ret, ACCOUNT_PATH_LEN_MAX + 1, "%s%u", path_prefix, (unsigned)index);
}

static enum err
ask_address(struct api_call *c, struct address *ret, uint32_t entry, const char *path)
{
    AUTO(vault_message_done) struct vault_message m;
    vault_message_init(&m, c);
    wr_be32(&m.w, entry);
    vault_message_text(&m, span_str(path));
    TRY(vault_message_ask(&m, c, KEYD_VAULT_ADDRESS));
    struct rd r = rd_init(m.answer);
    rd_copy(&r, MSPAN_OF(ret->bytes));
    return rd_end(&r) ? OK : ERR_IO;
}

/* The account of an entry that is in the vault, stored and shown. */
static enum api_done
add_account(struct api_call *c, enum account_kind kind, uint32_t entry, const char *path)
{
    uint8_t room[256];
    const struct account *a = NULL;
    struct account_args args = {.name = api_param_text(c, "name", MSPAN_OF(room)),
                                .kind = kind,
                                .entry = entry,
                                .path = span_str(path)};
    enum err e = ask_address(c, &args.address, entry, path);
    if (e != OK) {
        return vault_refused(c, e);
    }
    if (wallet_account_add(c->w.wallet, c->t, &args, &a, &c->why) != OK) {
        return API_REFUSED;
    }
    api_write_account(&c->w, a);
    return API_DONE;
}

static bool may_add(struct api_call *c)
{
    uint8_t room[256];
    struct span name = api_param_text(c, "name", MSPAN_OF(room));
    return wallet_account_may_add(c->w.wallet, name, &c->why) == OK;
}

static enum err read_entry(uint32_t *ret, struct span body)
{
    struct rd r = rd_init(body);
    *ret = rd_be32(&r);
    return rd_end(&r) ? OK : ERR_IO;
}

enum api_done api_do_ordinary_create(struct api_call *c)
{
    uint64_t words = 0;
    uint32_t entry = 0;
    struct span body;
    char path[ACCOUNT_PATH_LEN_MAX + 1];
    if (json_find_u64(&words, c->params, "words") != OK || (words != 12 && words != 24)) {
        coded_set(&c->why, "invalid_params");
        coded_add_str(&c->why, "field", "words");
        coded_add_str(&c->why, "rule", "enum");
        return API_REFUSED;
    }
    if (!may_add(c)) {
        return API_REFUSED;
    }
    const uint8_t count[1] = {(uint8_t)words};
    enum err e = vault_ask(c->api, &body, KEYD_VAULT_DRAW, SPAN_OF(count));
    e = e == OK ? read_entry(&entry, body) : e;
    if (e != OK) {
        return vault_refused(c, e);
    }
    vault_tell_changed(c);
    path_print(path, 0);
    return add_account(c, ACCOUNT_PHRASE, entry, path);
}

static enum api_done refused_import(struct api_call *c, enum err e, uint8_t kind)
{
    struct vault_seen seen;
    bool is_open = vault_see(c->api, &seen) == OK && seen.state == VAULT_OPEN;
    if (e == ERR_AUTH && kind == IMPORT_FILE) {
        return api_refuse(c, "secret_password");
    }
    if (e == ERR_LIMIT && is_open && kind != IMPORT_FILE) {
        return api_refuse(c, "vault_full");
    }
    if (is_open && (e == ERR_MALFORMED || e == ERR_UNSUPPORTED || e == ERR_LIMIT)) {
        return api_refuse(c, kind == VAULT_PHRASE  ? "secret_phrase"
                             : kind == IMPORT_FILE ? "secret_file"
                                                   : "secret_key");
    }
    return vault_refused(c, e);
}

enum api_done api_do_ordinary_import(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message m;
    uint32_t entry = 0;
    char path[ACCOUNT_PATH_LEN_MAX + 1] = "";
    uint8_t kind = api_param_is(c, "kind", "phrase") ? VAULT_PHRASE
                   : api_param_is(c, "kind", "file") ? IMPORT_FILE
                                                     : VAULT_KEY;
    vault_message_init(&m, c);
    if (!may_add(c)) {
        return API_REFUSED;
    }
    wr_u8(&m.w, kind);
    enum err e = vault_message_param(&m, c, "sealed");
    e = e == OK ? vault_message_ask(&m, c, KEYD_VAULT_IMPORT) : e;
    e = e == OK ? read_entry(&entry, m.answer) : e;
    if (e != OK) {
        return refused_import(c, e, kind);
    }
    vault_tell_changed(c);
    if (kind == VAULT_PHRASE) {
        path_print(path, 0);
    }
    return add_account(c, kind == VAULT_PHRASE ? ACCOUNT_PHRASE : ACCOUNT_KEY, entry, path);
}

static bool has_account(const struct api_call *c, uint32_t entry)
{
    for (size_t i = 0; i < wallet_account_count(c->w.wallet); i++) {
        const struct account *a = wallet_account_at(c->w.wallet, i);
        if ((a->kind == ACCOUNT_PHRASE || a->kind == ACCOUNT_KEY) && a->entry == entry) {
            return true;
        }
    }
    return false;
}

static void adopt(struct api_call *c, uint32_t entry, bool is_phrase)
{
    char path[ACCOUNT_PATH_LEN_MAX + 1] = "";
    char name[NUMBER_TEXT_LEN];
    const struct account *a = NULL;
    struct coded unused = {0};
    if (is_phrase) {
        path_print(path, 0);
    }
    (void)snprintf(name, sizeof name, "%s %u", is_phrase ? "Phrase" : "Key", (unsigned)entry);
    struct account_args args = {.name = span_str(name),
                                .kind = is_phrase ? ACCOUNT_PHRASE : ACCOUNT_KEY,
                                .entry = entry,
                                .path = span_str(path)};
    if (ask_address(c, &args.address, entry, path) == OK) {
        (void)!wallet_account_add(c->w.wallet, c->t, &args, &a,
                                  &unused); /* there is no place: it can be derived later */
    }
}

void vault_adopt(struct api_call *c)
{
    struct vault_seen seen;
    /* A backup file that was brought has the accounts itself. */
    bool is_bare = wallet_account_count(c->w.wallet) == 0 && c->api->backup.size == 0;
    bool is_wanted = wallet_ways(c->w.wallet)->lacks_accounts || is_bare;
    if (!is_wanted || vault_see(c->api, &seen) != OK) {
        return;
    }
    for (size_t i = 0; i < seen.entries_count; i++) {
        if (!has_account(c, seen.entries[i])) {
            adopt(c, seen.entries[i], seen.kinds[i] == VAULT_PHRASE);
        }
    }
    wallet_vault_lacks_accounts(c->w.wallet, false);
}

/* The index at the end of a path that this wallet made; false for another path. */
static bool path_index(uint32_t *ret, const char *path)
{
    struct bip32_path parsed;
    struct span text = span_str(path);
    if (!span_starts_with(text, span_str(path_prefix)) || bip32_path_parse(&parsed, text) != OK) {
        return false;
    }
    *ret = parsed.steps[parsed.count - 1];
    return true;
}

enum api_done api_do_ordinary_derive(struct api_call *c)
{
    const struct account *from = wallet_account(c->w.wallet, api_param_id(c, "account_id"));
    uint32_t next = 0;
    char path[ACCOUNT_PATH_LEN_MAX + 1];
    if (!from) {
        return api_refuse(c, is_locked(c) ? "locked" : "unknown_account");
    }
    if (from->kind != ACCOUNT_PHRASE) {
        return api_refuse(c, "account_kind");
    }
    if (!may_add(c)) {
        return API_REFUSED;
    }
    for (size_t i = 0; i < wallet_account_count(c->w.wallet); i++) {
        const struct account *a = wallet_account_at(c->w.wallet, i);
        uint32_t index = 0;
        bool is_sister = a->kind == ACCOUNT_PHRASE && a->entry == from->entry;
        if (is_sister && path_index(&index, a->path) && index >= next) {
            next = index + 1;
        }
    }
    path_print(path, next);
    return add_account(c, ACCOUNT_PHRASE, from->entry, path);
}

enum api_done api_do_watch_add(struct api_call *c)
{
    uint8_t room[256];
    const struct account *a = NULL;
    enum address_checksum sum;
    struct account_args args = {.name = api_param_text(c, "name", MSPAN_OF(room)),
                                .kind = ACCOUNT_WATCH,
                                .path = SPAN_EMPTY};
    if (address_parse(&args.address, &sum, api_param_plain(c, "address")) != OK ||
        sum == ADDRESS_CHECKSUM_WRONG) {
        return api_refuse(c, "address_checksum");
    }
    if (wallet_account_add(c->w.wallet, c->t, &args, &a, &c->why) != OK) {
        return API_REFUSED;
    }
    api_write_account(&c->w, a);
    return API_DONE;
}

/* ---- what keyd has read ---- */

static void put_number(struct json_writer *j, const char *name, uint64_t v)
{
    char text[NUMBER_TEXT_LEN];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)v);
    json_put_name(j, name);
    json_put_str(j, text);
}

static void put_u256(struct json_writer *j, const char *name, struct u256 v)
{
    json_put_name(j, name);
    api_write_u256(j, v);
}

static struct u256 read_u256(struct rd *r)
{
    struct u256 v = U256_ZERO;
    struct span s = rd_bytes(r, HASH_LEN);
    return rd_ok(r) && u256_from_be(&v, s) == OK ? v : U256_ZERO;
}

static struct address read_address(struct rd *r)
{
    struct address a = {{0}};
    rd_copy(r, MSPAN_OF(a.bytes));
    return a;
}

static void put_address(struct json_writer *j, const char *name, struct address a)
{
    json_put_name(j, name);
    api_write_address(j, a);
}

static void put_transaction(struct json_writer *j, struct rd *r)
{
    json_put_str(j, "transaction");
    (void)rd_u8(r); /* its type */
    json_put_name(j, "chain_id");
    json_put_u64(j, rd_be64(r));
    put_number(j, "nonce", rd_be64(r));
    uint64_t gas = rd_be64(r);
    put_number(j, "gas_limit", gas);
    struct u256 max_fee = read_u256(r);
    put_u256(j, "max_fee_per_gas", max_fee);
    put_u256(j, "max_priority_fee_per_gas", read_u256(r));
    put_u256(j, "fee_max", u256_mul_sat(max_fee, u256_from_u64(gas)));
    bool has_to = rd_u8(r) == 1;
    struct address to = read_address(r);
    if (has_to) {
        put_address(j, "to", to);
    }
    put_u256(j, "value", read_u256(r));
    json_put_name(j, "data_bytes");
    json_put_u64(j, rd_be32(r));
    bool is_transfer = rd_u8(r) == 1;
    struct address receiver = read_address(r);
    struct u256 amount = read_u256(r);
    if (is_transfer) {
        put_address(j, "token_to", receiver);
        put_u256(j, "token_amount", amount);
    }
}

static void put_typed_data(struct json_writer *j, struct rd *r)
{
    json_put_str(j, "typed_data");
    json_put_name(j, "primary_type");
    json_put_string(j, rd_be16_sized(r));
    json_put_name(j, "domain_name");
    json_put_string(j, rd_be16_sized(r));
    bool has_chain = rd_u8(r) == 1;
    uint64_t chain = rd_be64(r);
    if (has_chain && chain < UINT64_C(1) << 53) {
        json_put_name(j, "domain_chain_id");
        json_put_u64(j, chain);
    }
    bool has_contract = rd_u8(r) == 1;
    struct address contract = read_address(r);
    if (has_contract) {
        put_address(j, "contract", contract);
    }
}

static enum err put_reading(struct json_writer *j, struct rd *r)
{
    json_put_name(j, "reading");
    json_put_object(j);
    json_put_name(j, "kind");
    uint8_t kind = rd_u8(r);
    if (kind == VAULT_SIGN_TRANSACTION) {
        put_transaction(j, r);
    } else if (kind == VAULT_SIGN_MESSAGE) {
        json_put_str(j, "message");
        json_put_name(j, "bytes");
        json_put_u64(j, rd_be32(r));
        json_put_name(j, "is_text");
        json_put_bool(j, rd_u8(r) == 1);
    } else {
        put_typed_data(j, r);
    }
    json_end_object(j);
    return rd_end(r) ? OK : ERR_IO;
}

/* {options, reading, check_code} of an answer to VAULT_PREPARE. */
static enum err put_prepared(struct api_call *c, struct span answer)
{
    char code[10];
    struct json_writer *j = c->w.j;
    struct rd r = rd_init(answer);
    struct span challenge = rd_bytes(&r, HASH_LEN);
    struct span hash = rd_bytes(&r, HASH_LEN);
    (void)read_address(&r);
    if (!rd_ok(&r)) {
        return ERR_IO;
    }
    (void)snprintf(code, sizeof code, "%02X%02X-%02X%02X", hash.p[0], hash.p[1], hash.p[2],
                   hash.p[3]);
    json_put_object(j);
    TRY(put_reading(j, &r));
    json_put_name(j, "check_code");
    json_put_str(j, code);
    TRY(vault_put_options(c, challenge)); /* last: it asks again, and the answer is gone */
    json_end_object(j);
    return OK;
}

static enum api_done prepare_and_put(struct api_call *c, const struct vault_wish *wish)
{
    struct span answer;
    enum err e = vault_prepare_request(c, &answer, wish);
    e = e == OK ? put_prepared(c, answer) : e;
    return e == OK ? API_DONE : vault_refused(c, e);
}

/* ---- signing ---- */

enum api_done api_do_sign_begin(struct api_call *c)
{
    AUTO(operation_auto) struct operation *op = NULL;
    struct id id = api_param_id(c, "operation_id");
    uint64_t revision = 0;
    if (is_locked(c)) {
        return api_refuse(c, "locked");
    }
    if (operation_new(&op, &c->api->budget) != OK || wallet_operation(c->w.wallet, id, op) != OK) {
        return api_refuse(c, "unknown_operation");
    }
    const struct account *a = wallet_account(c->w.wallet, op->account);
    if (!a || !op->is_transaction) {
        return api_refuse(c, "account_kind");
    }
    if (op->state != OPERATION_PREPARED) {
        coded_set(&c->why, "operation_state");
        coded_add_str(&c->why, "state", operation_state_name(op->state));
        return API_REFUSED;
    }
    if (json_find_u64(&revision, c->params, "revision") != OK || revision != op->revision) {
        return api_refuse(c, "operation_changed");
    }
    const struct vault_wish wish = {.kind = VAULT_SIGN_TRANSACTION,
                                    .entry = a->entry,
                                    .path = span_str(a->path),
                                    .payload = buf_span(&op->userop)};
    return prepare_and_put(c, &wish);
}

enum api_done vault_approve_operation(struct api_call *c, const struct approve_args *args)
{
    struct secp256k1_signature sig;
    if (wallet_approvable(c->w.wallet, c->t, args, &c->why) != OK) {
        return API_REFUSED;
    }
    enum err e = vault_sign_request(c, &sig);
    if (e != OK) {
        return vault_refused(c, e);
    }
    return wallet_approve_signed(c->w.wallet, c->t, args, &sig, &c->why) == OK ? API_DONE
                                                                               : API_REFUSED;
}

static const struct account *ordinary_account(struct api_call *c)
{
    const struct account *a = wallet_account(c->w.wallet, api_param_id(c, "account_id"));
    if (is_locked(c)) {
        coded_set(&c->why, "locked");
        return NULL;
    }
    if (!a || !account_is_ordinary(a)) {
        coded_set(&c->why, a ? "account_kind" : "unknown_account");
        return NULL;
    }
    return a;
}

enum api_done api_do_message_sign_begin(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message payload;
    const struct account *a = ordinary_account(c);
    bool is_typed = api_param_is(c, "kind", "typed_data");
    struct span answer;
    vault_message_init(&payload, c);
    if (!a) {
        return API_REFUSED;
    }
    if (vault_message_param(&payload, c, "payload") != OK || wr_end(&payload.w) != OK) {
        return api_refuse(c, "message_bad");
    }
    const struct vault_wish wish = {.kind = is_typed ? VAULT_SIGN_TYPED_DATA : VAULT_SIGN_MESSAGE,
                                    .entry = a->entry,
                                    .path = span_str(a->path),
                                    .payload = buf_span(&payload.bytes)};
    enum err e = vault_prepare_request(c, &answer, &wish);
    if (e == ERR_MALFORMED || e == ERR_UNSUPPORTED || e == ERR_LIMIT) {
        return api_refuse(c, "message_bad");
    }
    e = e == OK ? put_prepared(c, answer) : e;
    return e == OK ? API_DONE : vault_refused(c, e);
}

enum api_done api_do_message_sign_finish(struct api_call *c)
{
    struct secp256k1_signature sig;
    uint8_t bytes[65];
    if (is_locked(c)) {
        return api_refuse(c, "locked");
    }
    enum err e = vault_sign_request(c, &sig);
    if (e != OK) {
        return vault_refused(c, e);
    }
    memcpy(bytes, sig.rs, sizeof sig.rs);
    bytes[64] = (uint8_t)(27 + sig.recovery_id);
    json_put_object(c->w.j);
    json_put_name(c->w.j, "signature");
    json_put_hex(c->w.j, SPAN_OF(bytes));
    json_end_object(c->w.j);
    return API_DONE;
}

/* ---- phrases and keys on the way out ---- */

enum api_done api_do_export_begin(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message receiver;
    const struct account *a = ordinary_account(c);
    bool wants_phrase = api_param_is(c, "what", "phrase");
    struct span answer;
    vault_message_init(&receiver, c);
    if (!a) {
        return API_REFUSED;
    }
    if (wants_phrase && a->kind != ACCOUNT_PHRASE) {
        return api_refuse(c, "account_kind");
    }
    if (vault_message_param(&receiver, c, "receiver") != OK || wr_end(&receiver.w) != OK) {
        return vault_refused(c, ERR_MALFORMED);
    }
    const struct vault_wish wish = {.kind = VAULT_EXPORT,
                                    .entry = a->entry,
                                    .path = wants_phrase ? SPAN_EMPTY : span_str(a->path),
                                    .payload = buf_span(&receiver.bytes)};
    enum err e = vault_prepare_request(c, &answer, &wish);
    if (e == OK) {
        json_put_object(c->w.j);
        e = vault_put_options(c, span_first(answer, HASH_LEN));
        json_end_object(c->w.j);
    }
    return e == OK ? API_DONE : vault_refused(c, e);
}

enum api_done api_do_export_finish(struct api_call *c)
{
    AUTO(vault_message_done) struct vault_message m;
    static const char *const kinds[] = {"", "phrase", "key", "file"};
    vault_message_init(&m, c);
    if (is_locked(c)) {
        return api_refuse(c, "locked");
    }
    enum err e = vault_message_assertion(&m, c, true);
    e = e == OK ? vault_message_param(&m, c, "sealed") : e;
    e = e == OK ? vault_message_ask(&m, c, KEYD_VAULT_EXPORT) : e;
    if (e == OK &&
        (m.answer.n < 2 || m.answer.p[0] < VAULT_PHRASE || m.answer.p[0] > IMPORT_FILE)) {
        e = ERR_IO;
    }
    if (e != OK) {
        return vault_refused(c, e);
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "kind");
    json_put_str(c->w.j, kinds[m.answer.p[0]]);
    json_put_name(c->w.j, "sealed");
    api_write_base64url(c->w.j, span_from(m.answer, 1));
    json_end_object(c->w.j);
    return API_DONE;
}
