#ifndef P2P_PEER_STORE_H
#define P2P_PEER_STORE_H

#include "base/budget.h"
#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "base/span.h"
#include "p2p/peer_id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* peer_store: where peers can be met, kept over a restart. For each peer its addresses, each with the time until which its
 * source is believed, and when it last worked; and the signed record that the peer made of itself.
 *
 *     source      believed for      says
 *     WORKED      30 days           we dialled it there ourselves
 *     RECORD      7 days            the peer, under its signature
 *     IDENTIFY    1 day             the peer, while connected
 *     HEARD       1 hour            somebody else
 *
 * Bounded: peers_max peers with PEER_STORE_ADDRS_MAX addresses each. A full store forgets who was never met by a dial of
 * ours, the longest unseen first, so that strangers who come with many names drive out strangers. A record is taken only
 * from the peer that it speaks of, and only if its number is above that of the last: who replays an old one changes nothing.
 *
 * An engine without input or output: what is to be kept comes out of peer_store_next_change as bytes, and goes back in by
 * peer_store_load. Time is that of the calendar, in seconds since 1970; a clock that was set back lengthens nothing, since no
 * time is believed that lies further ahead than its source allows. */

enum {
    PEER_STORE_ADDRS_MAX = 8,
    PEER_STORE_ADDR_LEN_MAX = 128,    /* bytes of a multiaddr that is kept; most have 8 to 60 */
    PEER_STORE_SEALED_LEN_MAX = 2048, /* of a sealed record that is kept */
    PEER_STORE_BYTES_MAX = 4096,      /* of a peer, encoded */
};

enum peer_source {
    PEER_SOURCE_HEARD,
    PEER_SOURCE_IDENTIFY,
    PEER_SOURCE_RECORD,
    PEER_SOURCE_WORKED,
    PEER_SOURCE_COUNT
};

struct peer_store_addr {
    enum peer_source source; /* the best that said so */
    uint64_t expires_s;
    uint64_t worked_s; /* when it was last dialled with success; 0 = never */
    uint8_t len;
    uint8_t bytes[PEER_STORE_ADDR_LEN_MAX];
};

struct peer_store_peer {
    struct peer_id id;
    uint64_t seq;    /* of the record; 0 = none */
    uint64_t seen_s; /* when anything was last learned */
    uint8_t *sealed; /* the record as it was signed; sealed_len bytes */
    size_t sealed_len;
    size_t addrs_count;
    struct peer_store_addr addrs[PEER_STORE_ADDRS_MAX];
    bool is_written; /* there are bytes of it outside */
    struct list in_dirty;
};

struct peer_store_cfg {
    size_t peers_max;
    struct budget *budget;
    uint64_t seed[2];
};

struct peer_store {
    struct peer_store_cfg cfg;
    struct map peers;
    struct list dirty;
    struct list gone; /* struct peer_store_gone, of peer_store.c */
};

void peer_store_init(struct peer_store *ps, const struct peer_store_cfg *cfg);
void peer_store_done(struct peer_store *ps);

/* ---- what is learned ---- */

/* peer_store_heard takes an address that source names, not WORKED. One that is too long, or for which there is no room, is
 * passed over. */
void peer_store_heard(struct peer_store *ps,
                      const struct peer_id *peer,
                      struct span addr,
                      enum peer_source source,
                      uint64_t now_s);

/* peer_store_worked: a dial of ours met the peer there. It takes the place of the address that is worth least. */
void peer_store_worked(struct peer_store *ps,
                       const struct peer_id *peer,
                       struct span addr,
                       uint64_t now_s);

/* peer_store_take_record verifies a sealed record that peer gave of itself, and has its addresses replace those of the one
 * before. ERR_AUTH: somebody else's, or forged. ERR_STATE: its number is not above that of the one that is kept. Others
 * as peer_record_open's, and ERR_LIMIT: too long, or no room. Then nothing has changed. */
MUST_CHECK enum err peer_store_take_record(struct peer_store *ps,
                                           const struct peer_id *peer,
                                           struct span sealed,
                                           uint64_t now_s);

void peer_store_forget(struct peer_store *ps, const struct peer_id *peer);

/* ---- what is known ---- */

/* peer_store_find gives what is known of a peer, until the next call that learns; NULL. */
const struct peer_store_peer *peer_store_find(const struct peer_store *ps,
                                              const struct peer_id *peer);

/* peer_store_addrs fills ret with the addresses of a peer that are believed now, those that worked first, the latest in
 * front; *ret_worked_count of them worked. They live until the next call that learns. */
size_t peer_store_addrs(const struct peer_store *ps,
                        struct span ret[static PEER_STORE_ADDRS_MAX],
                        size_t *ret_worked_count,
                        const struct peer_id *peer,
                        uint64_t now_s);

/* ---- on the disk ---- */

struct peer_store_change {
    struct peer_id peer; /* the key */
    bool is_gone;        /* remove it */
    size_t len;          /* else put these */
    uint8_t bytes[PEER_STORE_BYTES_MAX];
};

/* peer_store_has_changes: has peer_store_next_change something? */
bool peer_store_has_changes(const struct peer_store *ps);

/* peer_store_next_change gives what is to be written down next; false if all is. */
bool peer_store_next_change(struct peer_store *ps, struct peer_store_change *ret);

/* peer_store_load takes bytes back in that came out above, from whatever wrote them. What is no longer believed at now_s
 * is left out, the record is verified again. ERR_MALFORMED: remove them. ERR_NOT_FOUND: nothing in them is believed: remove
 * them, too. ERR_LIMIT: no room. */
MUST_CHECK enum err peer_store_load(struct peer_store *ps, struct span bytes, uint64_t now_s);

#endif
