#ifndef NODE_SERVERS_INSIDE_H
#define NODE_SERVERS_INSIDE_H

#include "node/daemon/servers.h"

/* Shared by servers*.c only. */

/* ---- servers.c ---- */
struct server *servers_find(struct servers *s, const struct peer_id *peer); /* NULL: gone */
struct server *servers_choose(struct servers *s, instant now); /* NULL: none can be asked now */
/* servers_tell tells wallet and API how many servers there are. */
void servers_tell(struct servers *s, struct wallet_time t);
/* servers_learn_status takes a status, or NULL if none came. */
void servers_learn_status(struct servers *s,
                          struct wallet_time t,
                          struct server *one,
                          const struct service_status *status);

/* ---- servers_heard.c ---- */
/* servers_found: how was this peer found? What was named comes before what was heard. */
enum found servers_found(const struct servers *s, const struct peer_id *peer);
/* servers_is_named: by the person, or by the release. */
bool servers_is_named(const struct servers *s, const struct peer_id *peer);
/* servers_drop_useless ends the connection to a peer that was heard of and serves no wallets. */
void servers_drop_useless(struct servers *s, const struct peer_id *peer);

/* ---- servers_call.c ---- */
bool call_host_event(struct servers *s,
                     instant now,
                     struct wallet_time t,
                     const struct host_event *e);
void call_status(struct servers *s, struct wallet_time t, struct server *one);
void call_heads(struct servers *s, struct wallet_time t, struct server *one);
void call_drop_heads(struct servers *s);
void call_tick(struct servers *s, struct wallet_time t);
instant call_deadline(const struct servers *s);

#endif
