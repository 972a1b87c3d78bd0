#ifndef NODE_DESCRIPTOR_TOPIC_H
#define NODE_DESCRIPTOR_TOPIC_H

#include "node/net/descriptors.h"
#include "p2p/host_gossip.h"

/* The topic in which servers tell of themselves (DESCRIPTOR_TOPIC), for a server. It judges what others publish, passes on what is new
 * and good, and publishes its own descriptor: as soon as somebody is there to hear it, once more after ten minutes, then each
 * hour; and when it has changed or more peers listen, ten minutes after the last at the earliest, since nobody takes it sooner.
 *
 * Messages bear no signature of gossipsub's: the envelope within has one, whoever publishes it. */

enum {
    DESCRIPTOR_TOPIC_RETRY_S = 60, /* after one that could not be made */
    DESCRIPTOR_TOPIC_EVERY_S = 3600,
    DESCRIPTOR_TOPIC_VALID_S = 4 * DESCRIPTOR_TOPIC_EVERY_S,
};

struct descriptor_topic_cfg {
    struct host_gossip *gossip; /* both outlive it */
    struct descriptors *list;
    struct signer *signer;
};

struct descriptor_topic {
    struct descriptor_topic_cfg cfg;
    uint64_t seq; /* of the last */
    uint64_t tried_s;
    uint64_t published_count;
    uint32_t told; /* peers in the mesh then */
    bool is_changed;
};

/* descriptor_topic_init joins the topic. ERR_LIMIT. */
MUST_CHECK enum err descriptor_topic_init(struct descriptor_topic *t,
                                          const struct descriptor_topic_cfg *cfg);

/* descriptor_topic_take judges a message of this topic and tells gossipsub; false: it is of another one. */
bool descriptor_topic_take(struct descriptor_topic *t, const struct gossip_event *e);

/* descriptor_topic_changed: what is said next will differ from the last. */
void descriptor_topic_changed(struct descriptor_topic *t);

/* descriptor_topic_is_due: publish now? Looked at once a second, or at descriptor_topic_deadline. */
bool descriptor_topic_is_due(const struct descriptor_topic *t);
instant descriptor_topic_deadline(const struct descriptor_topic *t);

/* descriptor_topic_publish says d of ourselves; peer, sequence and times are filled in. Errors of descriptors_seal, gossip_publish. */
MUST_CHECK enum err descriptor_topic_publish(struct descriptor_topic *t,
                                             const struct descriptor *d);

#endif
