#ifndef P2P_GOSSIP_SCORE_H
#define P2P_GOSSIP_SCORE_H

#include "base/instant.h"

#include <stdbool.h>
#include <stdint.h>

/* Peer scoring (libp2p specs, gossipsub-v1.1.md, "Peer Scoring"): what each peer has done for us, as a number. Fixed
 * point throughout, a thousand to one, so that the same events give the same scores everywhere. */

enum { GOSSIP_ONE = 1000 }; /* 1.0 */

/* Weights are thousandths; those of P1, P2 and the application are positive, the others negative or 0 (off).
 * Decays are what remains after a second, in thousandths. */
struct gossip_topic_score {
    int64_t weight;           /* of the topic in the whole */
    int64_t mesh_time_weight; /* P1: for each quantum in the mesh */
    uint64_t mesh_time_quantum_us;
    int64_t mesh_time_cap; /* quanta, thousandths */
    int64_t first_weight;  /* P2: for each message that came from it first */
    int64_t first_decay;
    int64_t first_cap;
    int64_t deficit_weight; /* P3: for the square of what is missing to deliveries_min */
    int64_t deliveries_decay;
    int64_t deliveries_cap;
    int64_t deliveries_min;
    uint64_t deliveries_window_us; /* after the first copy: still counts */
    uint64_t activation_us;        /* in the mesh, before P3 applies */
    int64_t failure_weight;        /* P3b: what P3 was when it left the mesh */
    int64_t failure_decay;
    int64_t invalid_weight; /* P4: for the square of invalid messages */
    int64_t invalid_decay;
};

struct gossip_score_cfg {
    int64_t topics_cap; /* of all topics together; 0 = none */
    int64_t app_weight; /* P5 */
    int64_t
        colocation_weight; /* P6: for the square of peers of one IP group beyond the threshold */
    uint32_t colocation_threshold;
    int64_t behaviour_weight; /* P7: for the square of what is beyond the threshold */
    int64_t behaviour_threshold;
    int64_t behaviour_decay;
    int64_t decay_to_zero;           /* counters below this are 0 */
    int64_t gossip_threshold;        /* below: no gossip to or from it; <= 0 */
    int64_t publish_threshold;       /* below: our own messages do not go to it */
    int64_t graylist_threshold;      /* below: it is not heard at all */
    int64_t accept_px_threshold;     /* at least: its peer exchange is believed; >= 0 */
    int64_t opportunistic_threshold; /* median of a mesh below this: new peers are tried */
    uint64_t retain_us;              /* a score outlives its connection so long */
};

struct gossip_topic_score gossip_topic_score_default(void);
struct gossip_score_cfg gossip_score_default(void);

/* What a peer did in one topic. */
struct gossip_topic_record {
    bool in_mesh;
    instant grafted_at;
    int64_t first;
    int64_t deliveries;
    int64_t failure;
    int64_t invalid;
};

int64_t gossip_topic_score(const struct gossip_topic_score *cfg,
                           const struct gossip_topic_record *r,
                           instant now);
void gossip_topic_decay(const struct gossip_topic_score *cfg,
                        struct gossip_topic_record *r,
                        int64_t decay_to_zero);
void gossip_topic_grafted(struct gossip_topic_record *r, instant now);

/* gossip_topic_pruned: what was missing when it left stays with it (P3b). */
void gossip_topic_pruned(const struct gossip_topic_score *cfg,
                         struct gossip_topic_record *r,
                         instant now);
void gossip_topic_first(const struct gossip_topic_score *cfg, struct gossip_topic_record *r);
void gossip_topic_delivered(const struct gossip_topic_score *cfg, struct gossip_topic_record *r);
void gossip_topic_invalid(struct gossip_topic_record *r);

/* gossip_square_over is the square of what value has beyond threshold, 0 if nothing. */
int64_t gossip_square_over(int64_t value, int64_t threshold);
int64_t gossip_decayed(int64_t value, int64_t decay, int64_t to_zero);

#endif
