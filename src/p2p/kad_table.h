#ifndef P2P_KAD_TABLE_H
#define P2P_KAD_TABLE_H

#include "base/budget.h"
#include "base/instant.h"
#include "p2p/kad_message.h"

/* The routing table of the DHT: of each distance from ourselves at most k peers that have answered.
 *
 * A peer enters only when it has answered a query; one that stops answering gives its place to the next
 * that does, and a full bucket of good peers stays as it is, so a newcomer cannot push anybody out. Of one
 * IP group (IPv4 /16, IPv6 /32, all DNS names) few get in, so whoever owns a network owns no bucket. */

/* A place in the key space: the SHA-256 of a key, or of a peer id's bytes. */
struct kad_id {
    uint8_t bytes[32];
};

void kad_id_of(struct kad_id *ret_id, struct span key);

/* kad_common_prefix counts the leading bits that a and b share: 0 to 256. */
unsigned kad_common_prefix(const struct kad_id *a, const struct kad_id *b);

/* kad_compare: which of a and b is closer to target? <0 a, >0 b, 0 the same. */
int kad_compare(const struct kad_id *target, const struct kad_id *a, const struct kad_id *b);

/* A peer and how to reach it; addrs is kept memory, in the form of kad_write_addrs. */
struct kad_contact {
    struct kad_id id;
    struct peer_id peer;
    uint16_t addrs_len;
    uint8_t *addrs;
};

/* kad_contact_init copies what is kept of peer; kad_contact_done gives it back. */
MUST_CHECK enum err
kad_contact_init(struct kad_contact *c, const struct kad_peer *peer, struct budget *budget);
void kad_contact_done(struct kad_contact *c, struct budget *budget);
struct kad_peer kad_contact_peer(const struct kad_contact *c);

enum {
    KAD_K = 20,           /* replication: size of a bucket and of an answer */
    KAD_BUCKETS_MAX = 40, /* deeper ones share the last: no network has 2^40 peers */
};

struct kad_table_cfg {
    struct kad_id self;
    struct budget *budget;
    uint32_t bucket_max;       /* peers; 0 = KAD_K */
    uint32_t group_max;        /* of one IP group in the whole table; 0 = 3 */
    uint32_t group_bucket_max; /* of one IP group in one bucket; 0 = 2 */
    bool private_too; /* also peers that only have private addresses, which belong to no group */
};

struct kad_entry {
    struct kad_contact contact;
    uint32_t group; /* 0 = none */
    uint8_t bucket;
    uint8_t failures; /* queries unanswered in a row */
    instant answered_at;
};

struct kad_table {
    struct kad_table_cfg cfg;
    struct kad_entry *entries;
    size_t count;
    size_t cap;
    uint32_t bucket_counts[KAD_BUCKETS_MAX];
    instant refreshed_at[KAD_BUCKETS_MAX]; /* 0 = never */
};

void kad_table_init(struct kad_table *t, struct kad_table_cfg cfg);
void kad_table_done(struct kad_table *t);

/* kad_table_answered admits a peer that has just answered, or notes that it is well. ERR_DENIED: ourselves, or
 * no address that we would use; ERR_LIMIT: its bucket is full of good peers, its group has enough, or no
 * memory. Both are ordinary. */
MUST_CHECK enum err
kad_table_answered(struct kad_table *t, instant now, const struct kad_peer *peer);

/* kad_table_failed notes a query without answer: the second in a row removes the peer. */
void kad_table_failed(struct kad_table *t, const struct peer_id *peer);
void kad_table_remove(struct kad_table *t, const struct peer_id *peer);

/* kad_table_wants: would this peer get in, if it answered? */
bool kad_table_wants(const struct kad_table *t, const struct kad_peer *peer);
const struct kad_entry *kad_table_find(const struct kad_table *t, const struct peer_id *peer);

/* kad_table_closest fills ret (of max <= KAD_PEERS_MAX places) with the entries closest to target, closest
 * first, without `but` (may be NULL). They live until the table changes. */
size_t kad_table_closest(const struct kad_table *t,
                         const struct kad_entry **ret,
                         size_t max,
                         const struct kad_id *target,
                         const struct peer_id *but);

/* kad_table_stale gives a bucket not looked up for age_us, and marks it as looked up now; the number of
 * buckets in use bounds it. False if all are fresh. */
bool kad_table_stale(struct kad_table *t, unsigned *ret_bucket, instant now, uint64_t age_us);

/* kad_addrs_group is the IP group of the first public address: 0 if there is none; then *ret_is_usable says
 * whether there is any address at all. */
uint32_t kad_addrs_group(struct span addrs, bool *ret_has_addr);

#endif
