#ifndef NODE_API_METHODS_H
#define NODE_API_METHODS_H

#include "node/api/api_inside.h"

/* The handlers that read (api_methods_read.c), for the table in api_methods_do.c. */
enum api_done api_do_accounts_list(struct api_call *c);
enum api_done api_do_address_check(struct api_call *c);
enum api_done api_do_balances_get(struct api_call *c);
enum api_done api_do_contacts_list(struct api_call *c);
enum api_done api_do_cosigner_begin(struct api_call *c); /* api_cosigner.c, as the next one */
enum api_done api_do_cosigner_finish(struct api_call *c);
enum api_done api_do_fee_quote(struct api_call *c);
enum api_done api_do_hardware(struct api_call *c); /* api_methods_node.c */
enum api_done api_do_history_list(struct api_call *c);
enum api_done api_do_log_tail(struct api_call *c);
enum api_done api_do_network_status(struct api_call *c);
enum api_done api_do_network_node_set(struct api_call *c); /* api_methods_node.c */
enum api_done api_do_net_probe(struct api_call *c);        /* api_methods_node.c, as the next one */
enum api_done api_do_net_status(struct api_call *c);
enum api_done api_do_networks_list(struct api_call *c);
enum api_done api_do_operation_get(struct api_call *c);
enum api_done
api_do_owner_add_begin(struct api_call *c); /* api_methods_owners.c, as the next four and upgrade */
enum api_done api_do_owner_add_finish(struct api_call *c);
enum api_done api_do_owner_forget(struct api_call *c);
enum api_done api_do_owner_prepare(struct api_call *c);
enum api_done api_do_owner_rename(struct api_call *c);
enum api_done api_do_peers_list(struct api_call *c);
enum api_done api_do_plugin(
    struct api_call *c); /* api_methods_plugin.c, as the next two: all that change something */
enum api_done api_do_plugin_log(struct api_call *c);
enum api_done api_do_plugin_status(struct api_call *c);
enum api_done api_do_receive_info(struct api_call *c);
/* api_methods_chains.c: owners on several chains */
enum api_done api_do_change_prepare(struct api_call *c);
enum api_done api_do_change_sign_begin(struct api_call *c);
enum api_done api_do_change_sign_finish(struct api_call *c);
enum api_done api_do_owner_chains(struct api_call *c);
/* api_methods_partial.c: operations that several wallets sign */
enum api_done api_do_partial_gather(struct api_call *c);
enum api_done api_do_partial_open(struct api_call *c);
enum api_done api_do_partial_sign_begin(struct api_call *c);
enum api_done api_do_partial_sign_finish(struct api_call *c);
enum api_done api_do_partial_text(struct api_call *c);
/* api_methods_recovery.c: guardians, requests for help, the brake */
enum api_done api_do_brake_begin(struct api_call *c);
enum api_done api_do_brake_finish(struct api_call *c);
enum api_done api_do_guardian_read(struct api_call *c);
enum api_done api_do_guardians_prepare(struct api_call *c);
enum api_done api_do_guardian_text(struct api_call *c);
enum api_done api_do_help_open(struct api_call *c);
enum api_done api_do_help_sign_begin(struct api_call *c);
enum api_done api_do_help_sign_finish(struct api_call *c);
enum api_done api_do_recovery_ask(struct api_call *c);
enum api_done api_do_recovery_forget(struct api_call *c);
enum api_done api_do_recovery_gather(struct api_call *c);
enum api_done api_do_recovery_prepare(struct api_call *c);
enum api_done api_do_recovery_status(struct api_call *c);
enum api_done api_do_guardian_name(struct api_call *c); /* api_guardians.c, as the next one */
enum api_done api_do_guardians_ask(struct api_call *c);
enum api_done api_do_servers_list(struct api_call *c);
enum api_done api_do_evidence_list(struct api_call *c);
enum api_done api_do_settings_get(struct api_call *c);
enum api_done api_do_status(struct api_call *c);
enum api_done api_do_threshold_prepare(struct api_call *c); /* api_methods_owners.c */
enum api_done api_do_tokens_list(struct api_call *c);
enum api_done api_do_upgrade_prepare(struct api_call *c);
enum api_done api_do_limit_prepare(struct api_call *c); /* api_methods_limits.c, as the next two */
enum api_done api_do_known_prepare(struct api_call *c);
enum api_done api_do_setting_prepare(struct api_call *c);
enum api_done api_do_session_prepare(struct api_call *c); /* api_methods_sessions.c */

/* What every method about an account's call to itself is asked with (api_methods_owners.c). */
struct own_call api_own_call(const struct api_call *c);
enum api_done api_do_version(struct api_call *c);

/* What the handlers of ceremonies share (api_methods_do.c). api_answer_ceremony writes the ceremony and its
 * options; where is a parameter of the call. api_read_enroll_answer reads ceremony_id and response into bytes, a buf of
 * CEREMONY_BYTES_MAX that args borrows from; false: api_broken_answer is the answer. */
enum { CEREMONY_BYTES_MAX = 32 * 1024 };
enum api_done api_answer_ceremony(struct api_call *c, const struct ceremony *e);
bool api_read_enroll_answer(struct api_call *c, struct buf *bytes, struct enroll_answer *args);
enum api_done api_broken_answer(struct api_call *c);

/* api_read_passkey_answer reads the parameter assertion into bytes, likewise. */
bool api_read_passkey_answer(struct api_call *c, struct buf *bytes, struct passkey_answer *ret);

/* api_wait_for_task: the answer follows when the wallet's task is done. */
enum api_done api_wait_for_task(struct api_call *c, uint64_t task);

/* api_write_network writes the type network. */
void api_write_network(struct api_call *c, const struct network *n);

#endif
