#ifndef SERVICE_DESCRIPTOR_STORE_H
#define SERVICE_DESCRIPTOR_STORE_H

#include "base/budget.h"
#include "base/map.h"
#include "base/rng.h"
#include "service/descriptor.h"

/* The descriptors that a node holds: at most so many, of each peer one, few of one place, and none in the stead of one that
 * has proven itself. Identities cost nothing, addresses do: so three of a /24 or /48 are enough.
 *
 *     descriptor_store_judge  (reads only: before the signature is verified, which costs more)
 *     descriptor_store_put    (after it)
 *     descriptor_store_dialled, descriptor_store_sample
 *
 * A full store, or a full place, takes a new one only for one that is out of date, or else for the one whose dial has been
 * unanswered the longest. Whoever answered, and whoever was not tried yet, stays.
 *
 * Memory: its own budget, DESCRIPTOR_ENTRY_MEMORY for each place. Time is that of the calendar, seconds since 1970. */

enum {
    DESCRIPTOR_STORE_MAX = 10000,
    DESCRIPTOR_PER_GROUP_MAX = 3,
    DESCRIPTOR_EVERY_S = 600, /* of one peer no more than one in such a time */
    DESCRIPTOR_ENTRY_MEMORY = 1664,
};

/* What comes of a descriptor, in the order in which it is looked at. */
enum descriptor_verdict {
    DESCRIPTOR_TAKEN,    /* new: it travels on */
    DESCRIPTOR_OVERSIZE, /* these three count against whoever passes it on: an honest node does not */
    DESCRIPTOR_BROKEN,   /* not of the form */
    DESCRIPTOR_FORGED,   /* not signed by the peer that it speaks of */
    DESCRIPTOR_OWN,      /* our own has come round */
    DESCRIPTOR_EARLY,    /* issued in the future: a clock is wrong */
    DESCRIPTOR_EXPIRED,
    DESCRIPTOR_KNOWN,    /* its sequence is not above that of the last */
    DESCRIPTOR_TOO_SOON, /* after the last of this peer */
    DESCRIPTOR_NOWHERE,  /* it names no place that others can reach */
    DESCRIPTOR_CROWDED,  /* its place has three */
    DESCRIPTOR_FULL,     /* no room, and nobody who must make some */
    DESCRIPTOR_VERDICT_COUNT
};
const char *descriptor_verdict_name(enum descriptor_verdict v);
bool descriptor_verdict_is_fault(enum descriptor_verdict v);

/* The places of a descriptor's addresses, as numbers that the caller gives (p2p/net_addr.h, net_addr_group), each once. */
struct descriptor_places {
    size_t count;
    uint64_t list[DESCRIPTOR_ADDRS_MAX];
};

struct descriptor_entry {
    uint64_t seq;
    uint64_t expires_s;
    uint64_t forget_s; /* until then its sequence is remembered: nobody brings an older one back */
    uint64_t taken_s;  /* when it came */
    uint64_t unanswered_s; /* a dial failed, and none came through since; 0: none did */
    bool is_answered;      /* a dial came through once */
    uint8_t peer_len;
    uint16_t payload_at; /* within sealed */
    uint16_t payload_len;
    uint16_t sealed_len;
    uint8_t peer[DESCRIPTOR_PEER_LEN_MAX];
    struct descriptor_places places;
    size_t chains_count;
    uint64_t chains[DESCRIPTOR_CHAINS_MAX];
    uint8_t *sealed;
};

struct descriptor_store_cfg {
    size_t count_max; /* at most DESCRIPTOR_STORE_MAX */
    struct budget *parent;
    bool is_local; /* a network on one machine: places do not count, and need not be */
    uint64_t seed[2];
};

struct descriptor_store {
    struct descriptor_store_cfg cfg;
    struct budget budget;
    struct map entries; /* peer -> struct descriptor_entry */
    uint64_t sweep_s;   /* when those that are forgotten go */
};

void descriptor_store_init(struct descriptor_store *s, const struct descriptor_store_cfg *cfg);
void descriptor_store_done(struct descriptor_store *s); /* safe on a zeroed object */

/* descriptor_store_judge says whether d would be taken at now_s, were it signed: TAKEN, or why not. */
enum descriptor_verdict descriptor_store_judge(const struct descriptor_store *s,
                                               const struct descriptor *d,
                                               const struct descriptor_places *places,
                                               uint64_t now_s);

/* descriptor_store_put takes one that judge would take, whose signature is proven; sealed and payload, which lies within it, are
 * copied. FULL: there is no memory; then nothing has changed but that another may have gone. */
struct descriptor_put {
    const struct descriptor *descriptor;
    const struct descriptor_places *places;
    struct span sealed;
    struct span payload;
};
enum descriptor_verdict
descriptor_store_put(struct descriptor_store *s, const struct descriptor_put *put, uint64_t now_s);

/* descriptor_store_dialled: a dial of ours to peer came through, or did not. Of others nothing is kept. */
void descriptor_store_dialled(struct descriptor_store *s,
                              struct span peer,
                              bool is_answered,
                              uint64_t now_s);

/* descriptor_store_find gives what is held of peer, until the next call that changes something; NULL. It may be out of date. */
const struct descriptor_entry *descriptor_store_find(const struct descriptor_store *s,
                                                     struct span peer);

/* descriptor_entry_open reads what the peer said; spans live as long as the entry. */
void descriptor_entry_open(struct descriptor *ret, const struct descriptor_entry *e);

/* descriptor_store_sample gives entries that serve a chain and are not out of date, as chance will have it; how many. They live
 * until the next call that changes something. */
size_t descriptor_store_sample(const struct descriptor_store *s,
                               const struct descriptor_entry *ret[static DIRECTORY_ANSWER_MAX],
                               struct rng *rng,
                               uint64_t chain,
                               uint64_t now_s);

#endif
