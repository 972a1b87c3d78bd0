#ifndef P2P_CONN_SECURE_H
#define P2P_CONN_SECURE_H

#include "p2p/conn.h"

/* The secured channel of a connection, whichever was agreed: a switch over noise and TLS. Shared by conn.c only. */

enum conn_secure_event_kind {
    CONN_SECURE_READY,  /* peer; has_muxer: it was chosen in the handshake */
    CONN_SECURE_DATA,   /* data, until the next call */
    CONN_SECURE_ENDED,  /* the peer said that it sends no more */
    CONN_SECURE_FAILED, /* err, rule */
};

struct conn_secure_event {
    enum conn_secure_event_kind kind;
    struct peer_id peer;
    bool has_muxer;
    struct span data;
    enum err err;
    const char *rule;
};

struct conn_secure_args {
    const struct span *muxers;
    size_t muxers_count;
};

/* conn_secure_ids fills c's list of protocol ids from its configuration, in order of preference. */
void conn_secure_ids(struct conn *c);

/* conn_secure_start begins the handshake of c->security; after an error conn_secure_done copes. */
MUST_CHECK enum err conn_secure_start(struct conn *c, struct conn_secure_args args);
void conn_secure_done(struct conn *c);

/* The engine's verbs, as in noise.h and tls.h. */
void conn_secure_recv(struct conn *c, struct span *in);
size_t conn_secure_send(struct conn *c, struct mspan out);
bool conn_secure_has_output(const struct conn *c);
bool conn_secure_poll(struct conn *c, struct conn_secure_event *ret_event);
bool conn_secure_can_seal(const struct conn *c);
struct mspan conn_secure_plain_room(const struct conn *c, struct mspan out);
size_t conn_secure_seal(struct conn *c, struct mspan out, size_t plain_len);

/* conn_secure_channel: as conn_channel, where there is no QUIC. */
MUST_CHECK enum err conn_secure_channel(const struct conn *c, struct hash32 *ret);

/* conn_secure_close says goodbye if the channel has a word for it, once; conn_secure_owes_goodbye: it has not yet. */
void conn_secure_close(struct conn *c);
bool conn_secure_owes_goodbye(const struct conn *c);

#endif
