#ifndef NODE_SERVERS_INSIDE_H
#define NODE_SERVERS_INSIDE_H

#include "node/daemon/servers.h"

/* Shared by servers*.c only. */

/* ---- servers.c ---- */
struct server *servers_find(struct servers *s, const struct peer_id *peer); /* NULL: gone */
/* servers_remove takes a peer out of the list of servers. */
void servers_remove(struct servers *s, const struct peer_id *peer);
/* servers_tell tells wallet and API how many servers there are. */
void servers_tell(struct servers *s, struct wallet_time t);
/* servers_note_rtt: a round trip took so long. What it takes on the whole moves slowly. */
void servers_note_rtt(struct server *one, uint64_t us);
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
/* call_host_event takes a stream's event of the host that a call runs on. */
bool call_host_event(struct servers *s,
                     struct host *host,
                     struct wallet_time t,
                     const struct host_event *e);
void call_status(struct servers *s, struct wallet_time t, struct server *one);
void call_heads(struct servers *s, struct wallet_time t, struct server *one);
void call_drop_heads(struct servers *s);
void call_tick(struct servers *s, struct wallet_time t);
instant call_deadline(const struct servers *s);

/* call_question opens the request of a question to one server. ERR_LIMIT. */
MUST_CHECK enum err
call_question(struct servers *s, struct wallet_time t, struct question *q, struct server *one);
/* call_drop_question ends what still runs for a question, without telling it. */
void call_drop_question(struct servers *s, const struct question *q);
/* call_request is what is asked for a question; its spans are the question's. */
struct service_request call_request(struct servers *s, const struct question *q);
/* call_kept notes whether a server kept its promise. What it says about itself (status, heads) makes up for no answer
 * that it owed: else who answers nothing else would never lose its place. */
void call_kept(
    struct servers *s, instant now, const struct peer_id *peer, enum call_kind kind, bool kept);
/* call_proved does, of a proof, which also makes a server known. */
void call_proved(struct servers *s, instant now, const struct peer_id *peer, bool is_proven);

/* ---- servers_account.c ---- */
/* account_host sets c->host for c->account. ERR_LIMIT: there is none now. */
MUST_CHECK enum err account_host(struct servers *s, struct wallet_time t, struct call *c);
/* account_dial has c->host dial the server. ERR_UNSUPPORTED: it is not known where; ERR_CLOSED: the daemon is not connected to it. */
MUST_CHECK enum err account_dial(struct servers *s, struct call *c);
/* account_gone notes, of a call whose stream was reset or never was, whether the daemon's identity may ask instead. */
void account_gone(struct servers *s, struct wallet_time t, struct call *c);

/* ---- servers_ask.c ---- */
bool ask_has_room(const struct servers *s);
void ask_begin(struct servers *s, struct wallet_time t, const struct wallet_event *e);
/* ask_answered and ask_failed: how one of its calls ended. The call is over for the question. */
void ask_answered(struct servers *s,
                  struct wallet_time t,
                  struct question *q,
                  const struct peer_id *peer,
                  const struct service_client_event *e);
void ask_failed(struct servers *s, struct wallet_time t, struct question *q, enum err err);
/* ask_anew: a call ended before the server could hear it, and may go to the same one by another way. */
void ask_anew(struct servers *s,
              struct wallet_time t,
              struct question *q,
              const struct peer_id *peer);
void ask_tick(struct servers *s, struct wallet_time t);
instant ask_deadline(const struct servers *s);
void ask_done(struct servers *s);

/* ---- servers_attest.c ---- */
void attest_tick_servers(struct servers *s, struct wallet_time t);
instant attest_servers_deadline(const struct servers *s);
/* attest_write writes the members attested and evidence. */
void attest_write(const struct server *one, struct json_writer *j);

/* ---- servers_tally.c ---- */
/* tally_best: what the several answers of a question come to. */
struct tally {
    const struct said *best; /* NULL: nobody said anything */
    uint8_t k;
    bool is_disputed;
    bool is_middle;
};
struct tally tally_of(const struct question *q);
/* tally_text appends an answer in the form that is compared: of logs, what nodes agree on. ERR_LIMIT. */
MUST_CHECK enum err tally_text(struct buf *out, const char *method, struct span text);

/* ---- servers_evidence.c ---- */
void evidence_keep_lie(struct servers *s,
                       struct wallet_time t,
                       const struct question *q,
                       const struct peer_id *liar,
                       struct span answer);
/* evidence_keep_disagreement: s has a store. */
void evidence_keep_disagreement(struct servers *s, struct wallet_time t, const struct question *q);

/* ---- servers_trust.c ---- */
void trust_load(struct servers *s);
bool trust_is_banned(const struct servers *s, const struct peer_id *peer);

/* trust_pick gives the next server for an account's question; NULL: none can be asked now. tried are those that were. */
struct trust_tried {
    const struct peer_id *peers;
    size_t count;
    bool is_unchecked; /* nothing will show whether the answer is true: rather none that is new */
};
struct server *
trust_pick(struct servers *s, instant now, struct id account, struct trust_tried tried);
/* trust_turn gives each server of an account its turn, whatever it did before, however good it looks: by that an
 * operation that one keeps back reaches whoever is honest. turn counts from 1; NULL: none can be asked now. */
struct server *trust_turn(struct servers *s, instant now, struct id account, unsigned turn);

/* trust_witness gives a server outside of every account's set, that the light client has not learnt from, and that is no neighbour of
 * any of those nor of who was tried; NULL: there is none now. trust_learnt notes whom it learnt from. */
struct server *trust_witness(struct servers *s, instant now, struct trust_tried tried);
void trust_learnt(struct servers *s, const struct peer_id *peer);

/* trust_lied: a server's answer is proven to be false. It is never used again, and what shows it is kept. */
void trust_lied(struct servers *s,
                struct wallet_time t,
                const struct question *q,
                const struct peer_id *peer,
                struct span answer);
/* trust_disputed keeps who said what, when servers disagree. */
void trust_disputed(struct servers *s, struct wallet_time t, const struct question *q);

#endif
