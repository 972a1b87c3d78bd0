#ifndef NODE_API_VAULT_H
#define NODE_API_VAULT_H

#include "base/wr.h"
#include "node/api/api_inside.h"
#include "node/keyd/keyd_wire.h"
#include "wallet/vault.h"

/* The vault in the key process, as the API asks it (keyd_wire.h). What is secret passes here sealed. */

/* vault_ask sends one request; the body of the answer lives until the next. Errors of keyd, ERR_IO if there is none. */
MUST_CHECK enum err
vault_ask(struct api *a, struct span *ret_body, enum keyd_op op, struct span body);

/* vault_refused sets why for an error of vault_ask and returns API_REFUSED. */
enum api_done vault_refused(struct api_call *c, enum err e);

/* A request being written, and its answer. */
struct vault_message {
    struct buf bytes;
    struct wr w;
    struct span answer;
};
void vault_message_init(struct vault_message *m, struct api_call *c);
void vault_message_done(struct vault_message *m);
void vault_message_text(struct vault_message *m, struct span s);
MUST_CHECK enum err vault_message_ask(struct vault_message *m, struct api_call *c, enum keyd_op op);

/* vault_message_param appends the bytes of a base64url parameter; nothing if it is absent. ERR_MALFORMED. */
MUST_CHECK enum err
vault_message_param(struct vault_message *m, const struct api_call *c, const char *name);

/* vault_message_assertion appends the credential id (if so wished) and the assertion of the parameter "assertion". */
MUST_CHECK enum err
vault_message_assertion(struct vault_message *m, const struct api_call *c, bool has_credential);

/* What VAULT_STATUS says; spans live until the next request. */
struct vault_seen {
    enum vault_state state;
    uint32_t wait_ms;
    uint64_t generation; /* 0: no vault */
    bool has_phrase;
    size_t passkeys_count;
    struct {
        struct span id;
        struct span rp_id;
        struct span prf_input;
    } passkeys[CAPSULE_RECIPIENTS_MAX];
    size_t entries_count;
    uint32_t entries[VAULT_ENTRIES_MAX];
    uint8_t kinds[VAULT_ENTRIES_MAX]; /* enum vault_entry_kind */
};
MUST_CHECK enum err vault_see(struct api *a, struct vault_seen *ret);
const char *vault_state_name(enum vault_state state);

/* vault_put_options writes the member "options": request_options for any passkey of the vault. */
MUST_CHECK enum err vault_put_options(struct api_call *c, struct span challenge);

/* vault_prepare_request asks for a challenge (VAULT_PREPARE). ret_answer is the body; lives until the next request. */
struct vault_wish {
    enum vault_signable kind;
    uint32_t entry;
    struct span path;
    struct span payload;
};
MUST_CHECK enum err
vault_prepare_request(struct api_call *c, struct span *ret_answer, const struct vault_wish *wish);

/* vault_sign_request hands the assertion over and gives the signature. */
MUST_CHECK enum err vault_sign_request(struct api_call *c, struct secp256k1_signature *ret);

/* vault_put_copies writes the member "copies"; vault_copies_count is how many servers have one of the vault as it is now. */
void vault_put_copies(struct api_call *c);
uint32_t vault_copies_count(const struct api *a);

/* vault_tell_opened has servers keep copies for a passkey that has just been used; an empty handle: it did not say whose it is. */
void vault_tell_opened(struct api_call *c, struct span credential_id, struct span user_handle);

/* vault_tell_changed takes note of the vault as it is now, and has the copies renewed. The key process is asked: spans of its last answer are gone. */
void vault_tell_changed(struct api_call *c);

/* vault_adopt makes accounts of what a vault holds that was brought here without them. */
void vault_adopt(struct api_call *c);

/* The handlers, for the table in api_methods_do.c: api_vault.c and api_ordinary.c. */
enum api_done api_do_vault_status(struct api_call *c);
enum api_done api_do_vault_channel(struct api_call *c);
enum api_done api_do_vault_enrol_begin(struct api_call *c);
enum api_done api_do_vault_enrol_created(struct api_call *c);
enum api_done api_do_vault_enrol_asserted(struct api_call *c);
enum api_done api_do_vault_unlock(struct api_call *c);
enum api_done api_do_vault_unlock_phrase(struct api_call *c);
enum api_done api_do_vault_lock(struct api_call *c);
enum api_done api_do_vault_change_begin(struct api_call *c);
enum api_done api_do_vault_change_finish(struct api_call *c);
enum api_done api_do_vault_recovery(struct api_call *c);
enum api_done api_do_backup_make(struct api_call *c);
enum api_done api_do_backup_read(struct api_call *c);
enum api_done api_do_backup_part(struct api_call *c);
enum api_done api_do_backup_check(struct api_call *c);
enum api_done api_do_restore_begin(struct api_call *c);
enum api_done api_do_restore_finish(struct api_call *c);
enum api_done api_do_vault_find_begin(struct api_call *c);
enum api_done api_do_vault_find_finish(struct api_call *c);
enum api_done api_do_ordinary_create(struct api_call *c);
enum api_done api_do_ordinary_import(struct api_call *c);
enum api_done api_do_ordinary_derive(struct api_call *c);
enum api_done api_do_watch_add(struct api_call *c);
enum api_done api_do_sign_begin(struct api_call *c);
enum api_done api_do_message_sign_begin(struct api_call *c);
enum api_done api_do_message_sign_finish(struct api_call *c);
enum api_done api_do_export_begin(struct api_call *c);
enum api_done api_do_export_finish(struct api_call *c);

/* vault_approve_operation is send_approve for an operation of an ordinary account. */
enum api_done vault_approve_operation(struct api_call *c, const struct approve_args *args);

#endif
