#ifndef NODE_HEADS_TOPIC_H
#define NODE_HEADS_TOPIC_H

#include "base/buf.h"
#include "beacon/lc_store.h"
#include "p2p/host_gossip.h"
#include "service/light.h"

/* The topic of a chain's newest blocks, "web3-wallet/<chain id>/heads/1", for a server that has a beacon node: a light client of its own,
 * which starts from what that node calls final and follows its committees, so that it can judge what others publish.
 *
 *     own beacon node ── heads_topic_request, heads_topic_answered ──▶ lc_store ──▶ published, if nobody was faster
 *     the topic ── heads_topic_take ──▶ lc_store ──▶ passed on
 *
 * A message is the body of an answer to LC_OPTIMISTIC with one part (service/light.h). Passed on is only what is newer than all before and
 * signed by two thirds of the committee; less, or what does not verify, counts against whoever sent it. What a light client has no
 * committee for, or a clock no slot, is neither. Two signed blocks of one slot stay in the store as evidence, and the second goes no further.
 *
 * Messages bear no signature of gossipsub's: the committee's is within. */
enum {
    HEADS_TOPIC_DATA_LEN_MAX = 2048,  /* an optimistic update has about 1,200 bytes */
    HEADS_TOPIC_CHECKS_PER_SLOT = 16, /* signatures verified, 4 ms each; more are passed over */
};

struct heads_topic_cfg {
    struct host_gossip *gossip; /* all three outlive it */
    struct budget *budget;      /* of the store, 180 KiB */
    const struct chain_spec *chain;
    uint64_t chain_id;
};

struct heads_topic_counts {
    uint64_t published;
    uint64_t accepted;
    uint64_t rejected; /* false, or signed by too few */
    uint64_t ignored;  /* old, too many, or not to be judged here */
    uint64_t checked;  /* signatures */
};

struct heads_topic {
    struct heads_topic_cfg cfg;
    uint8_t name[GOSSIP_TOPIC_LEN_MAX];
    size_t name_len;
    bool has_root;
    struct hash32 root;        /* of the block that the own node calls final */
    struct lc_store *store;    /* NULL until its bootstrap was taken */
    struct lc_update *scratch; /* of the store's size class: not for the stack */
    uint64_t slot;             /* of the newest head; 0: none yet */
    struct hash32 head;        /* its root */
    struct buf newest;         /* its message */
    uint64_t updates_slot;     /* when the next committee is asked for again */
    uint64_t checks_slot;
    unsigned checks;
    struct heads_topic_counts counts;
};

/* heads_topic_init joins the topic; heads_topic_done before host_gossip_done. ERR_LIMIT. */
MUST_CHECK enum err heads_topic_init(struct heads_topic *t, const struct heads_topic_cfg *cfg);
void heads_topic_done(struct heads_topic *t);

/* heads_topic_take judges a message of this topic and tells gossipsub; false: it is of another one. */
bool heads_topic_take(struct heads_topic *t, const struct gossip_event *e);

/* heads_topic_request is what the own beacon node is to be asked next: once a slot, and at once after an answer that was of use and was no
 * LC_OPTIMISTIC. chain_id and id are left to the caller. */
void heads_topic_request(const struct heads_topic *t, struct service_request *ret);

/* heads_topic_answered takes the node's answer, and publishes a head that nobody else has published yet. Errors: those of lc_store.h: the node
 * is not of this chain, or behind it (ERR_STATE). */
MUST_CHECK enum err heads_topic_answered(struct heads_topic *t,
                                         const struct service_request *asked,
                                         const struct service_light *answer);

/* heads_topic_missed: the node does not have what was asked. What it called final once may be gone, so it is asked anew what is. */
void heads_topic_missed(struct heads_topic *t, const struct service_request *asked);

/* heads_topic_newest is the newest head's message; empty: none. Until the next call that changes t. */
struct span heads_topic_newest(const struct heads_topic *t);

/* heads_topic_mesh_count is how many peers listen to us directly. */
uint32_t heads_topic_mesh_count(const struct heads_topic *t);

#endif
