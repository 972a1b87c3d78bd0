/* Handlers that change something, and the table of all handlers. */
#include "node/api/api_inside.h"
#include "node/api/api_methods.h"
#include "node/api/api_options.h"
#include "node/api/api_vault.h"

#include <string.h>

static enum api_done done_empty(struct api_call *c)
{
    json_put_object(c->w.j);
    json_end_object(c->w.j);
    return API_DONE;
}

/* ---- accounts ---- */

enum api_done api_answer_ceremony(struct api_call *c, const struct ceremony *e)
{
    struct json_writer *j = c->w.j;
    const struct options_creation x = {.user_id = SPAN_OF(e->user_id),
                                       .user_name = e->name.text,
                                       .challenge = SPAN_OF(e->challenge)};
    json_put_object(j);
    json_put_name(j, "ceremony");
    api_write_ceremony(j, e);
    json_put_name(j, "options");
    options_begin_creation(j, &x);
    api_write_descriptors(&c->w, wallet_account(c->w.wallet, e->account));
    options_end_creation(c);
    json_end_object(j);
    return API_DONE;
}

static enum api_done do_account_create_begin(struct api_call *c)
{
    uint8_t room[256];
    struct enroll_args args = {.name = api_param_text(c, "name", MSPAN_OF(room)),
                               .resume = api_param_id(c, "resume")};
    struct ceremony e;
    if (wallet_enroll_begin(c->w.wallet, c->t, &args, &e, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_answer_ceremony(c, &e);
}

static enum api_done do_account_create_cancel(struct api_call *c)
{
    if (wallet_enroll_cancel(c->w.wallet, api_param_id(c, "ceremony_id"), &c->why) != OK) {
        return API_REFUSED;
    }
    return done_empty(c);
}

static unsigned read_transports(struct json response)
{
    struct json list;
    struct json one;
    unsigned transports = 0;
    if (!json_find(&list, response, "transports")) {
        return 0;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        struct span name;
        if (json_get_plain(&name, one) == OK) {
            transports |= transport_parse(name);
        }
    }
    return transports;
}

enum api_done api_broken_answer(struct api_call *c)
{
    coded_set(&c->why, "ceremony_refused");
    coded_add_str(&c->why, "rule", "base64url");
    return API_REFUSED;
}

bool api_read_enroll_answer(struct api_call *c, struct buf *bytes, struct enroll_answer *args)
{
    struct json response;
    args->ceremony = api_param_id(c, "ceremony_id");
    /* Reserved whole at first, so that the spans into it stay where they are. */
    if (!api_param(c, &response, "response") || buf_reserve(bytes, CEREMONY_BYTES_MAX) != OK ||
        api_member_bytes(response, "credential_id", bytes, &args->credential_id) != OK ||
        api_member_bytes(response, "client_data_json", bytes, &args->client_data) != OK ||
        api_member_bytes(response, "attestation_object", bytes, &args->attestation) != OK) {
        return false;
    }
    args->transports = read_transports(response);
    return true;
}

static enum api_done do_account_create_finish(struct api_call *c)
{
    uint8_t room[256];
    AUTO(buf_done) struct buf bytes;
    buf_init(&bytes, &c->api->budget, CEREMONY_BYTES_MAX);
    struct enroll_answer args = {.passkey_name = api_param_text(c, "passkey_name", MSPAN_OF(room))};
    if (!api_read_enroll_answer(c, &bytes, &args)) {
        return api_broken_answer(c);
    }
    const struct account *a = NULL;
    if (wallet_enroll_finish(c->w.wallet, c->t, &args, &a, &c->why) != OK) {
        return API_REFUSED;
    }
    api_write_account(&c->w, a);
    return API_DONE;
}

static enum api_done do_account_rename(struct api_call *c)
{
    uint8_t room[256];
    struct id id = api_param_id(c, "account_id");
    if (wallet_account_rename(c->w.wallet, id, api_param_text(c, "name", MSPAN_OF(room)),
                              &c->why) != OK) {
        return API_REFUSED;
    }
    api_write_account(&c->w, wallet_account(c->w.wallet, id));
    return API_DONE;
}

static enum api_done do_account_select(struct api_call *c)
{
    struct id id = api_param_id(c, "account_id");
    if (wallet_account_select(c->w.wallet, c->t, id, &c->why) != OK) {
        return API_REFUSED;
    }
    c->api->is_stale[API_TOPIC_STATUS] = true; /* the tick sends fresh snapshots */
    api_write_account(&c->w, wallet_account(c->w.wallet, id));
    return API_DONE;
}

/* ---- contacts, network, settings ---- */

static enum api_done do_contacts_add(struct api_call *c)
{
    uint8_t room[256];
    struct address a;
    enum address_checksum sum;
    const struct contact *contact = NULL;
    char exact[ADDRESS_TEXT_LEN];
    struct span text = api_param_plain(c, "address");
    if (address_parse(&a, &sum, text) != OK) {
        return api_refuse(c, "address_checksum");
    }
    address_print(exact, a); /* an address of digits alone is in EIP-55 case too */
    if (!span_equal(span_str(exact), text)) {
        return api_refuse(c, "address_checksum");
    }
    struct span name = api_param_text(c, "name", MSPAN_OF(room));
    if (wallet_contact_add(c->w.wallet, c->t, name, a, &contact, &c->why) != OK) {
        return API_REFUSED;
    }
    api_write_contact(c->w.j, contact);
    return API_DONE;
}

static enum api_done do_contacts_remove(struct api_call *c)
{
    if (wallet_contact_remove(c->w.wallet, api_param_id(c, "contact_id"), &c->why) != OK) {
        return API_REFUSED;
    }
    return done_empty(c);
}

static enum api_done do_network_select(struct api_call *c)
{
    struct id id = api_param_id(c, "network_id");
    if (wallet_network_select(c->w.wallet, c->t, id, &c->why) != OK) {
        return API_REFUSED;
    }
    c->api->is_stale[API_TOPIC_STATUS] = true; /* the tick sends fresh snapshots */
    api_write_network(c, wallet_network(c->w.wallet, id));
    return API_DONE;
}

static int
choice_of(struct json changes, const char *name, const char *(*word)(int), int count, int old)
{
    struct json v;
    if (!json_find(&v, changes, name)) {
        return old;
    }
    for (int i = 0; i < count; i++) {
        if (json_string_equal(v, span_str(word(i)))) {
            return i;
        }
    }
    return old;
}

static const char *language_word(int i)
{
    return language_name((enum language)i);
}

static const char *theme_word(int i)
{
    return theme_name((enum theme)i);
}

static const char *density_word(int i)
{
    return density_name((enum density)i);
}

static const char *history_word(int i)
{
    return history_view_name((enum history_view)i);
}

static const char *public_dht_word(int i)
{
    return public_dht_choice_name((enum public_dht_choice)i);
}

static void change_bool(bool *value, struct json changes, const char *name)
{
    bool v;
    if (json_find_bool(&v, changes, name) == OK) {
        *value = v;
    }
}

static enum api_done do_settings_set(struct api_call *c)
{
    struct json changes;
    struct settings s = *wallet_settings(c->w.wallet);
    if (!api_param(c, &changes, "changes")) {
        return api_refuse(c, "internal");
    }
    s.language = (enum language)choice_of(changes, "language", language_word, LANGUAGE_COUNT,
                                          (int)s.language);
    s.theme = (enum theme)choice_of(changes, "theme", theme_word, THEME_COUNT, (int)s.theme);
    s.density =
        (enum density)choice_of(changes, "density", density_word, DENSITY_COUNT, (int)s.density);
    s.history = (enum history_view)choice_of(changes, "history", history_word, HISTORY_COUNT,
                                             (int)s.history);
    s.public_dht = (enum public_dht_choice)choice_of(changes, "public_dht", public_dht_word,
                                                     PUBLIC_DHT_COUNT, (int)s.public_dht);
    change_bool(&s.shortcuts, changes, "shortcuts");
    change_bool(&s.hide_unknown_tokens, changes, "hide_unknown_tokens");
    uint64_t minutes;
    if (json_find_u64(&minutes, changes, "lock_after_min") == OK && minutes <= 1440) {
        s.lock_after_min = (uint32_t)minutes;
    }
    if (wallet_settings_set(c->w.wallet, &s, &c->why) != OK) {
        return API_REFUSED;
    }
    api_write_settings(c->w.j, wallet_settings(c->w.wallet));
    return API_DONE;
}

/* ---- lock ---- */

static enum api_done do_lock(struct api_call *c)
{
    wallet_lock(c->w.wallet);
    return done_empty(c);
}

static enum api_done do_unlock_begin(struct api_call *c)
{
    struct ceremony e;
    if (wallet_unlock_begin(c->w.wallet, c->t, &e, &c->why) != OK) {
        return API_REFUSED;
    }
    json_put_object(c->w.j);
    json_put_name(c->w.j, "ceremony");
    api_write_ceremony(c->w.j, &e);
    json_put_name(c->w.j, "options");
    api_write_request_options(&c->w, NULL, NULL, SPAN_OF(e.challenge));
    json_end_object(c->w.j);
    return API_DONE;
}

bool api_read_passkey_answer(struct api_call *c, struct buf *bytes, struct passkey_answer *ret)
{
    struct json a;
    return api_param(c, &a, "assertion") && buf_reserve(bytes, CEREMONY_BYTES_MAX) == OK &&
           api_member_bytes(a, "credential_id", bytes, &ret->credential_id) == OK &&
           api_member_bytes(a, "client_data_json", bytes, &ret->client_data) == OK &&
           api_member_bytes(a, "authenticator_data", bytes, &ret->authenticator_data) == OK &&
           api_member_bytes(a, "signature", bytes, &ret->signature) == OK;
}

static enum api_done do_unlock_finish(struct api_call *c)
{
    AUTO(buf_done) struct buf bytes;
    buf_init(&bytes, &c->api->budget, CEREMONY_BYTES_MAX);
    struct passkey_answer answer;
    if (!api_read_passkey_answer(c, &bytes, &answer)) {
        return api_broken_answer(c);
    }
    if (wallet_unlock_finish(c->w.wallet, c->t, api_param_id(c, "ceremony_id"), &answer, &c->why) !=
        OK) {
        return API_REFUSED;
    }
    return done_empty(c);
}

/* ---- sending ---- */

enum api_done api_wait_for_task(struct api_call *c, uint64_t task)
{
    return api_pend(c, task) ? API_LATER : API_REFUSED;
}

static enum api_done do_send_prepare(struct api_call *c)
{
    struct wallet *w = c->w.wallet;
    struct transfer x = {.account = api_param_id(c, "account_id"),
                         .network = api_param_id(c, "network_id"),
                         .speed = api_param_is(c, "speed", "fast") ? FEE_FAST : FEE_NORMAL,
                         .by_command_line = c->caller.way == API_WAY_LOCAL};
    const struct network *n = wallet_network(w, x.network);
    if (!n) {
        return api_refuse(c, "unknown_network");
    }
    if (api_param_asset(c, "asset", n, &x.token) != OK) {
        return api_refuse(c, "unknown_asset");
    }
    enum address_checksum sum;
    if (address_parse(&x.to, &sum, api_param_plain(c, "to")) != OK ||
        sum == ADDRESS_CHECKSUM_WRONG) {
        return api_refuse(c, "address_checksum");
    }
    if (u256_parse_decimal(&x.amount, api_param_plain(c, "amount")) != OK) {
        return api_refuse(c, "amount_zero");
    }
    uint64_t task;
    if (wallet_prepare(w, c->t, &x, &task, &c->why) != OK) {
        return API_REFUSED;
    }
    return api_wait_for_task(c, task);
}

/* The wallet knows open operations alone: for one that is over the refusal says so. code NULL: its state. */
static enum api_done refuse_closed(struct api_call *c, struct id id, const char *code)
{
    AUTO(operation_auto) struct operation *op = NULL;
    bool is_unknown = strcmp(c->why.code, "unknown_operation") == 0;
    if (!is_unknown || operation_new(&op, &c->api->budget) != OK ||
        wallet_operation(c->w.wallet, id, op) != OK) {
        return API_REFUSED;
    }
    coded_set(&c->why, code ? code : "operation_state");
    if (!code) {
        coded_add_str(&c->why, "state", operation_state_name(op->state));
    }
    return API_REFUSED;
}

static enum api_done prepare_replacement(struct api_call *c, enum operation_kind kind)
{
    struct replace_args args = {.operation = api_param_id(c, "operation_id"),
                                .kind = kind,
                                .by_command_line = c->caller.way == API_WAY_LOCAL};
    uint64_t task;
    if (wallet_replace(c->w.wallet, c->t, &args, &task, &c->why) != OK) {
        return refuse_closed(c, args.operation, "not_replaceable");
    }
    return api_wait_for_task(c, task);
}

static enum api_done do_speed_up_prepare(struct api_call *c)
{
    return prepare_replacement(c, OPERATION_SPEED_UP);
}

static enum api_done do_cancel_prepare(struct api_call *c)
{
    return prepare_replacement(c, OPERATION_CANCEL);
}

static enum api_done write_operation(struct api_call *c, struct id id)
{
    AUTO(operation_auto) struct operation *op = NULL;
    if (operation_new(&op, &c->api->budget) != OK || wallet_operation(c->w.wallet, id, op) != OK) {
        return api_refuse(c, "unknown_operation");
    }
    api_write_operation(&c->w, op);
    return API_DONE;
}

enum api_done api_finish_operation(struct api_call *c, const struct task_result *r)
{
    return write_operation(c, r->operation);
}

enum { TICK_COUNT_MAX = 16 };

static bool is_transaction(struct api_call *c, struct id id)
{
    AUTO(operation_auto) struct operation *op = NULL;
    return operation_new(&op, &c->api->budget) == OK &&
           wallet_operation(c->w.wallet, id, op) == OK && op->is_transaction;
}

static enum api_done do_send_approve(struct api_call *c)
{
    struct span ticks[TICK_COUNT_MAX];
    struct json list;
    struct json one;
    struct approve_args args = {.operation = api_param_id(c, "operation_id"), .ticks = ticks};
    AUTO(buf_done) struct buf bytes;
    buf_init(&bytes, &c->api->budget, CEREMONY_BYTES_MAX);
    if (!api_param(c, &list, "ticks") ||
        json_find_u64(&args.revision, c->params, "revision") != OK ||
        !api_read_passkey_answer(c, &bytes, &args.answer)) {
        return api_broken_answer(c);
    }
    struct json_iter it = json_iterate(list);
    while (args.tick_count < TICK_COUNT_MAX && json_next(&it, NULL, &one)) {
        if (json_get_plain(&ticks[args.tick_count], one) == OK) {
            args.tick_count++;
        }
    }
    if (is_transaction(c, args.operation)) {
        if (vault_approve_operation(c, &args) != API_DONE) {
            return API_REFUSED;
        }
    } else if (wallet_approve(c->w.wallet, c->t, &args, &c->why) != OK) {
        return API_REFUSED;
    }
    return write_operation(c, args.operation);
}

static enum api_done do_send_cancel(struct api_call *c)
{
    struct id id = api_param_id(c, "operation_id");
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    if (wallet_reject(c->w.wallet, c->t, id, &c->why) != OK) {
        return refuse_closed(c, id, NULL);
    }
    return write_operation(c, id);
}

static enum api_done do_faucet_request(struct api_call *c)
{
    struct api *a = c->api;
    const struct account *account = wallet_account(c->w.wallet, api_param_id(c, "account_id"));
    const struct network *n = wallet_network(c->w.wallet, api_param_id(c, "network_id"));
    if (wallet_is_locked(c->w.wallet)) {
        return api_refuse(c, "locked");
    }
    if (!account) {
        return api_refuse(c, "unknown_account");
    }
    if (!n) {
        return api_refuse(c, "unknown_network");
    }
    if (!n->faucet[0] || !a->cfg.node->faucet) {
        return api_refuse(c, "faucet_absent");
    }
    struct api_pending *p = api_pend_of_node(c);
    if (!p) {
        return API_REFUSED;
    }
    p->network = n->id;
    a->cfg.node->faucet(a->cfg.node, p->task, n, account->address);
    return API_LATER;
}

/* session_end ends every session of this API's page: there is one person here. */
static enum api_done do_session_end(struct api_call *c)
{
    for (size_t i = 0; i < API_SESSION_COUNT_MAX; i++) {
        wipe(mspan_of(&c->api->sessions[i], sizeof c->api->sessions[i]));
    }
    c->api->is_stale[API_TOPIC_STATUS] =
        true; /* what is pushed now finds the WebSockets without a session */
    return done_empty(c);
}

/* Methods without a handler are not offered: version lists what there is. */
enum api_done (*const api_handlers[API_METHOD_COUNT])(struct api_call *c) = {
    [API_METHOD_ACCOUNTS_LIST] = api_do_accounts_list,
    [API_METHOD_ACCOUNT_CREATE_BEGIN] = do_account_create_begin,
    [API_METHOD_ACCOUNT_CREATE_CANCEL] = do_account_create_cancel,
    [API_METHOD_ACCOUNT_CREATE_FINISH] = do_account_create_finish,
    [API_METHOD_ACCOUNT_RENAME] = do_account_rename,
    [API_METHOD_ACCOUNT_SELECT] = do_account_select,
    [API_METHOD_ADDRESS_CHECK] = api_do_address_check,
    [API_METHOD_BALANCES_GET] = api_do_balances_get,
    [API_METHOD_BRAKE_BEGIN] = api_do_brake_begin,
    [API_METHOD_BRAKE_FINISH] = api_do_brake_finish,
    [API_METHOD_CHANGE_PREPARE] = api_do_change_prepare,
    [API_METHOD_CHANGE_SIGN_BEGIN] = api_do_change_sign_begin,
    [API_METHOD_CHANGE_SIGN_FINISH] = api_do_change_sign_finish,
    [API_METHOD_OWNER_CHAINS] = api_do_owner_chains,
    [API_METHOD_CANCEL_PREPARE] = do_cancel_prepare,
    [API_METHOD_CONTACTS_ADD] = do_contacts_add,
    [API_METHOD_CONTACTS_LIST] = api_do_contacts_list,
    [API_METHOD_CONTACTS_REMOVE] = do_contacts_remove,
    [API_METHOD_COSIGNER_BEGIN] = api_do_cosigner_begin,
    [API_METHOD_COSIGNER_FINISH] = api_do_cosigner_finish,
    [API_METHOD_EXPORT_BEGIN] = api_do_export_begin,
    [API_METHOD_EXPORT_FINISH] = api_do_export_finish,
    [API_METHOD_FAUCET_REQUEST] = do_faucet_request,
    [API_METHOD_FEE_QUOTE] = api_do_fee_quote,
    [API_METHOD_GUARDIANS_ASK] = api_do_guardians_ask,
    [API_METHOD_GUARDIAN_NAME] = api_do_guardian_name,
    [API_METHOD_GUARDIANS_PREPARE] = api_do_guardians_prepare,
    [API_METHOD_GUARDIAN_READ] = api_do_guardian_read,
    [API_METHOD_GUARDIAN_TEXT] = api_do_guardian_text,
    [API_METHOD_HARDWARE] = api_do_hardware,
    [API_METHOD_HELP_OPEN] = api_do_help_open,
    [API_METHOD_HELP_SIGN_BEGIN] = api_do_help_sign_begin,
    [API_METHOD_HELP_SIGN_FINISH] = api_do_help_sign_finish,
    [API_METHOD_HISTORY_LIST] = api_do_history_list,
    [API_METHOD_LOCK] = do_lock,
    [API_METHOD_LOG_TAIL] = api_do_log_tail,
    [API_METHOD_MESSAGE_SIGN_BEGIN] = api_do_message_sign_begin,
    [API_METHOD_MESSAGE_SIGN_FINISH] = api_do_message_sign_finish,
    [API_METHOD_NET_PROBE] = api_do_net_probe,
    [API_METHOD_NET_STATUS] = api_do_net_status,
    [API_METHOD_NETWORKS_LIST] = api_do_networks_list,
    [API_METHOD_NETWORK_NODE_SET] = api_do_network_node_set,
    [API_METHOD_NETWORK_SELECT] = do_network_select,
    [API_METHOD_NETWORK_STATUS] = api_do_network_status,
    [API_METHOD_OPERATION_GET] = api_do_operation_get,
    [API_METHOD_ORDINARY_CREATE] = api_do_ordinary_create,
    [API_METHOD_ORDINARY_DERIVE] = api_do_ordinary_derive,
    [API_METHOD_ORDINARY_IMPORT] = api_do_ordinary_import,
    [API_METHOD_OWNER_ADD_BEGIN] = api_do_owner_add_begin,
    [API_METHOD_OWNER_ADD_FINISH] = api_do_owner_add_finish,
    [API_METHOD_OWNER_FORGET] = api_do_owner_forget,
    [API_METHOD_OWNER_PREPARE] = api_do_owner_prepare,
    [API_METHOD_OWNER_RENAME] = api_do_owner_rename,
    [API_METHOD_PARTIAL_GATHER] = api_do_partial_gather,
    [API_METHOD_PARTIAL_OPEN] = api_do_partial_open,
    [API_METHOD_PARTIAL_SIGN_BEGIN] = api_do_partial_sign_begin,
    [API_METHOD_PARTIAL_SIGN_FINISH] = api_do_partial_sign_finish,
    [API_METHOD_PARTIAL_TEXT] = api_do_partial_text,
    [API_METHOD_PEERS_LIST] = api_do_peers_list,
    [API_METHOD_PLUGIN_CANCEL] = api_do_plugin,
    [API_METHOD_PLUGIN_CHECK] = api_do_plugin,
    [API_METHOD_PLUGIN_INSTALL] = api_do_plugin,
    [API_METHOD_PLUGIN_LOG] = api_do_plugin_log,
    [API_METHOD_PLUGIN_REMOVE] = api_do_plugin,
    [API_METHOD_PLUGIN_REPOSITORY_ADD] = api_do_plugin,
    [API_METHOD_PLUGIN_REPOSITORY_AGREE] = api_do_plugin,
    [API_METHOD_PLUGIN_REPOSITORY_FORGET] = api_do_plugin,
    [API_METHOD_PLUGIN_SETTINGS_SET] = api_do_plugin,
    [API_METHOD_PLUGIN_START] = api_do_plugin,
    [API_METHOD_PLUGIN_STATUS] = api_do_plugin_status,
    [API_METHOD_PLUGIN_STOP] = api_do_plugin,
    [API_METHOD_RECEIVE_INFO] = api_do_receive_info,
    [API_METHOD_RECOVERY_ASK] = api_do_recovery_ask,
    [API_METHOD_RECOVERY_FORGET] = api_do_recovery_forget,
    [API_METHOD_RECOVERY_GATHER] = api_do_recovery_gather,
    [API_METHOD_RECOVERY_PREPARE] = api_do_recovery_prepare,
    [API_METHOD_RECOVERY_STATUS] = api_do_recovery_status,
    [API_METHOD_SEND_APPROVE] = do_send_approve,
    [API_METHOD_SEND_CANCEL] = do_send_cancel,
    [API_METHOD_SEND_PREPARE] = do_send_prepare,
    [API_METHOD_SERVERS_LIST] = api_do_servers_list,
    [API_METHOD_EVIDENCE_LIST] = api_do_evidence_list,
    [API_METHOD_SESSION_END] = do_session_end,
    [API_METHOD_SETTINGS_GET] = api_do_settings_get,
    [API_METHOD_SETTINGS_SET] = do_settings_set,
    [API_METHOD_SIGN_BEGIN] = api_do_sign_begin,
    [API_METHOD_SPEED_UP_PREPARE] = do_speed_up_prepare,
    [API_METHOD_STATUS] = api_do_status,
    [API_METHOD_SUBSCRIBE] = api_subscribe,
    [API_METHOD_LIMIT_PREPARE] = api_do_limit_prepare,
    [API_METHOD_KNOWN_PREPARE] = api_do_known_prepare,
    [API_METHOD_SETTING_PREPARE] = api_do_setting_prepare,
    [API_METHOD_SESSION_PREPARE] = api_do_session_prepare,
    [API_METHOD_THRESHOLD_PREPARE] = api_do_threshold_prepare,
    [API_METHOD_TOKENS_LIST] = api_do_tokens_list,
    [API_METHOD_UNLOCK_BEGIN] = do_unlock_begin,
    [API_METHOD_UNLOCK_FINISH] = do_unlock_finish,
    [API_METHOD_UPGRADE_PREPARE] = api_do_upgrade_prepare,
    [API_METHOD_VAULT_CHANGE_BEGIN] = api_do_vault_change_begin,
    [API_METHOD_VAULT_CHANGE_FINISH] = api_do_vault_change_finish,
    [API_METHOD_VAULT_CHANNEL] = api_do_vault_channel,
    [API_METHOD_VAULT_ENROL_ASSERTED] = api_do_vault_enrol_asserted,
    [API_METHOD_VAULT_ENROL_BEGIN] = api_do_vault_enrol_begin,
    [API_METHOD_VAULT_ENROL_CREATED] = api_do_vault_enrol_created,
    [API_METHOD_VAULT_LOCK] = api_do_vault_lock,
    [API_METHOD_VAULT_RECOVERY] = api_do_vault_recovery,
    [API_METHOD_VAULT_STATUS] = api_do_vault_status,
    [API_METHOD_BACKUP_MAKE] = api_do_backup_make,
    [API_METHOD_BACKUP_READ] = api_do_backup_read,
    [API_METHOD_BACKUP_PART] = api_do_backup_part,
    [API_METHOD_BACKUP_CHECK] = api_do_backup_check,
    [API_METHOD_RESTORE_BEGIN] = api_do_restore_begin,
    [API_METHOD_VAULT_FIND_BEGIN] = api_do_vault_find_begin,
    [API_METHOD_VAULT_FIND_FINISH] = api_do_vault_find_finish,
    [API_METHOD_RESTORE_FINISH] = api_do_restore_finish,
    [API_METHOD_VAULT_UNLOCK] = api_do_vault_unlock,
    [API_METHOD_VAULT_UNLOCK_PHRASE] = api_do_vault_unlock_phrase,
    [API_METHOD_VERSION] = api_do_version,
    [API_METHOD_WATCH_ADD] = api_do_watch_add,
};
