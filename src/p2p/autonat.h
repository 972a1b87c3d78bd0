#ifndef P2P_AUTONAT_H
#define P2P_AUTONAT_H

#include "base/buf.h"
#include "base/instant.h"
#include "codec/frame.h"
#include "p2p/autonat_message.h"
#include "p2p/net_addr.h"
#include "p2p/peer_id.h"

/* AutoNAT (libp2p specs, autonat/): a node asks another to dial it, to learn which of its addresses strangers reach. Three
 * engines, each for one stream:
 *
 *   autonat_client   /libp2p/autonat/2/dial-request, asking
 *   autonat_server   the same, answering; and /libp2p/autonat/1.0.0 for old peers
 *   autonat_back     /libp2p/autonat/2/dial-back: the dialler tells the nonce, the dialled one confirms it
 *
 *     client                     server                          dialler (another identity, another port)
 *       DialRequest(addrs, nonce) -->
 *       <-- DialDataRequest        if the address has another IP than the client
 *       DialDataResponse... -->
 *                                  DIAL event -> the owner dials ---> DialBack(nonce) to the client
 *                                  autonat_server_dialled      <----  DialBackResponse
 *       <-- DialResponse
 *
 * Which of them a server may ask of is for the owner to decide (autonat_quota.h). Memory: a client holds its request, at
 * most AUTONAT_LEN_MAX; a server a partial message of the same bound; both are charged to the budget. */

#define AUTONAT_PROTOCOL      "/libp2p/autonat/2/dial-request"
#define AUTONAT_BACK_PROTOCOL "/libp2p/autonat/2/dial-back"
#define AUTONAT1_PROTOCOL     "/libp2p/autonat/1.0.0"

enum {
    AUTONAT_PAYLOAD_MIN = 30000,  /* bytes that a server asks for before it dials another IP */
    AUTONAT_PAYLOAD_MAX = 100000, /* and that a client gives at most */
    AUTONAT1_DIALS_MAX = 4,       /* addresses tried for one request of version 1 */
    AUTONAT_ASKED_MAX = 8,        /* addresses in a request of ours */
};

/* What a server dials. */
struct autonat_policy {
    bool private_too; /* of a local network: private addresses are as good as others */
    bool no_ip4;      /* the server has none itself */
    bool no_ip6;
    bool no_quic;
};

bool autonat_policy_allows(const struct autonat_policy *p, const struct net_addr *a);

enum autonat_state {
    AUTONAT_READING, /* server: the request; client: the answer */
    AUTONAT_PAYING,  /* server: takes data; client: gives it */
    AUTONAT_DIALLING,
    AUTONAT_SENDING, /* the last message */
    AUTONAT_FINISHED,
    AUTONAT_FAILED,
};

/* ---- server ---- */

struct autonat_server_cfg {
    bool is_v1;
    bool is_over_limit; /* answer that the request is refused, whatever it is */
    struct peer_id peer;
    struct net_addr observed; /* how the peer is seen */
    struct autonat_policy policy;
    uint32_t payload_len; /* bytes asked for; 0 = AUTONAT_PAYLOAD_MIN */
    struct budget *budget;
};

enum autonat_server_event_kind {
    AUTONAT_SERVER_DIAL,   /* addrs, addrs_count, nonce: dial one after the other until one works */
    AUTONAT_SERVER_SENT,   /* the answer is out: close the writing side */
    AUTONAT_SERVER_FAILED, /* err, diag: reset the stream */
};

struct autonat_server_event {
    enum autonat_server_event_kind kind;
    const struct net_addr *addrs; /* live as long as the engine */
    size_t addrs_count;
    uint64_t nonce;
    enum err err;
    struct diag diag;
};

/* What became of a dial. */
enum autonat_dialled {
    AUTONAT_DIALLED_OK,
    AUTONAT_DIALLED_NOT,     /* no connection, or another peer */
    AUTONAT_DIALLED_NO_BACK, /* connected, but the nonce did not arrive */
    AUTONAT_DIALLED_LOCAL,   /* it was us: no memory, no socket */
};

struct autonat_server {
    struct autonat_server_cfg cfg;
    struct frame_reader frames;
    struct buf out;
    enum autonat_state state;
    instant deadline;
    struct net_addr addrs[AUTONAT1_DIALS_MAX]; /* version 2: one */
    size_t addrs_count;
    uint32_t addr_index; /* in the request */
    uint64_t nonce;
    uint64_t paid_len;
    bool dial_waits; /* events */
    bool sent_waits;
    bool failed_waits;
    enum err err;
    struct diag diag;
};

void autonat_server_init(struct autonat_server *s,
                         const struct autonat_server_cfg *cfg,
                         instant now);

/* autonat_server_dialled answers a DIAL event; i is the address that worked. */
void autonat_server_dialled(struct autonat_server *s, enum autonat_dialled how, size_t i);

enum err autonat_server_recv(struct autonat_server *s, instant now, struct span *in);
void autonat_server_recv_end(struct autonat_server *s);
size_t autonat_server_send(struct autonat_server *s, instant now, struct mspan out);
bool autonat_server_poll(struct autonat_server *s, struct autonat_server_event *ret_event);
instant autonat_server_deadline(const struct autonat_server *s);
void autonat_server_tick(struct autonat_server *s, instant now);
void autonat_server_done(struct autonat_server *s);

/* ---- client ---- */

struct autonat_client_cfg {
    const struct net_addr *addrs; /* best first; copied */
    size_t addrs_count;           /* 1 to AUTONAT_ASKED_MAX */
    uint64_t nonce;
    struct budget *budget;
};

enum autonat_client_event_kind {
    AUTONAT_CLIENT_ANSWERED, /* status, and if it is OK addr_index and dial_status: what the server says, no more */
    AUTONAT_CLIENT_FAILED, /* err, diag: reset the stream */
};

struct autonat_client_event {
    enum autonat_client_event_kind kind;
    enum autonat_status status;
    enum autonat_dial_status dial_status;
    size_t addr_index;
    enum err err;
    struct diag diag;
};

struct autonat_client {
    struct autonat_client_cfg cfg;
    struct frame_reader frames;
    struct buf out;
    enum autonat_state state;
    instant deadline;
    uint64_t owed_len; /* bytes of data still to be given */
    bool has_paid;     /* once is enough */
    bool event_waits;
    enum autonat_status status;
    enum autonat_dial_status dial_status;
    size_t addr_index;
    enum err err;
    struct diag diag;
};

/* autonat_client_init: ERR_LIMIT: the budget. */
MUST_CHECK enum err
autonat_client_init(struct autonat_client *c, const struct autonat_client_cfg *cfg, instant now);
enum err autonat_client_recv(struct autonat_client *c, instant now, struct span *in);
void autonat_client_recv_end(struct autonat_client *c);
size_t autonat_client_send(struct autonat_client *c, instant now, struct mspan out);
bool autonat_client_poll(struct autonat_client *c, struct autonat_client_event *ret_event);
instant autonat_client_deadline(const struct autonat_client *c);
void autonat_client_tick(struct autonat_client *c, instant now);
void autonat_client_done(struct autonat_client *c);

/* ---- the dial back ---- */

enum autonat_back_event_kind {
    AUTONAT_BACK_NONCE, /* the dialled one: nonce; then autonat_back_accept, or reset the stream */
    AUTONAT_BACK_SENT,  /* all of ours is out: close the writing side */
    AUTONAT_BACK_CONFIRMED, /* the dialler: the nonce arrived */
    AUTONAT_BACK_FAILED,
};

struct autonat_back_event {
    enum autonat_back_event_kind kind;
    uint64_t nonce;
    enum err err;
};

struct autonat_back {
    bool is_dialler;
    struct frame_reader frames;
    uint8_t out[16];
    size_t out_len;
    size_t out_at;
    uint64_t nonce;
    instant deadline;
    enum autonat_state state;
    bool nonce_waits;
    bool sent_waits;
    bool end_waits;
    enum err err;
};

/* autonat_back_tell_init is for the dialler, autonat_back_hear_init for the dialled one. */
void autonat_back_tell_init(struct autonat_back *b,
                            uint64_t nonce,
                            struct budget *budget,
                            instant now);
void autonat_back_hear_init(struct autonat_back *b, struct budget *budget, instant now);
void autonat_back_accept(struct autonat_back *b);
enum err autonat_back_recv(struct autonat_back *b, instant now, struct span *in);
void autonat_back_recv_end(struct autonat_back *b);
size_t autonat_back_send(struct autonat_back *b, instant now, struct mspan out);
bool autonat_back_poll(struct autonat_back *b, struct autonat_back_event *ret_event);
instant autonat_back_deadline(const struct autonat_back *b);
void autonat_back_tick(struct autonat_back *b, instant now);
void autonat_back_done(struct autonat_back *b);

#endif
