#ifndef NODE_API_METHODS_H
#define NODE_API_METHODS_H

#include "node/api/api_inside.h"

/* The handlers that read (api_methods_read.c), for the table in api_methods_do.c. */
enum api_done api_do_accounts_list(struct api_call *c);
enum api_done api_do_address_check(struct api_call *c);
enum api_done api_do_balances_get(struct api_call *c);
enum api_done api_do_contacts_list(struct api_call *c);
enum api_done api_do_fee_quote(struct api_call *c);
enum api_done api_do_hardware(struct api_call *c); /* api_methods_node.c */
enum api_done api_do_history_list(struct api_call *c);
enum api_done api_do_log_tail(struct api_call *c);
enum api_done api_do_network_status(struct api_call *c);
enum api_done api_do_network_node_set(struct api_call *c); /* api_methods_node.c */
enum api_done api_do_networks_list(struct api_call *c);
enum api_done api_do_operation_get(struct api_call *c);
enum api_done api_do_peers_list(struct api_call *c);
enum api_done api_do_plugin(
    struct api_call *c); /* api_methods_plugin.c, as the next two: all that change something */
enum api_done api_do_plugin_log(struct api_call *c);
enum api_done api_do_plugin_status(struct api_call *c);
enum api_done api_do_receive_info(struct api_call *c);
enum api_done api_do_servers_list(struct api_call *c);
enum api_done api_do_settings_get(struct api_call *c);
enum api_done api_do_status(struct api_call *c);
enum api_done api_do_tokens_list(struct api_call *c);
enum api_done api_do_version(struct api_call *c);

/* api_write_network writes the type network. */
void api_write_network(struct api_call *c, const struct network *n);

#endif
