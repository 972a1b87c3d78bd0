#ifndef P2P_GOSSIP_STATE_H
#define P2P_GOSSIP_STATE_H

#include "p2p/gossip.h"

/* What the files of gossipsub share among themselves; others use gossip.h. */

/* A peer that another one told of. */
struct gossip_connect {
    struct list in_connects;
    struct peer_id peer;
    struct buf record;
};

/* Members chosen for something, in an order drawn at random. */
struct gossip_picks {
    struct gossip_member **members;
    size_t count;
    size_t cap;
};

typedef bool (*gossip_pick_fn)(const struct gossip *g, const struct gossip_member *m);

/* ---- gossip.c ---- */
struct gossip_topic *gossip_topic_find(const struct gossip *g, struct span name);
MUST_CHECK enum err
gossip_topic_get(struct gossip *g, struct gossip_topic **ret_topic, struct span name);
void gossip_topic_maybe_free(struct gossip *g, struct gossip_topic *t);
struct span gossip_topic_name(const struct gossip_topic *t);
struct gossip_member *gossip_member_find(const struct gossip_topic *t, const struct gossip_peer *p);
MUST_CHECK enum err gossip_member_get(struct gossip *g,
                                      struct gossip_member **ret_member,
                                      struct gossip_topic *t,
                                      struct gossip_peer *p);
void gossip_member_maybe_free(struct gossip *g, struct gossip_member *m);
struct gossip_peer *gossip_peer_of(const struct gossip *g, const struct peer_id *id);
struct gossip_peer *gossip_peer_number(const struct gossip *g, uint32_t number);
void gossip_rescore(struct gossip *g, struct gossip_peer *p);
void gossip_misbehaved(struct gossip *g, struct gossip_peer *p, unsigned times);
void gossip_forget_peer(struct gossip *g, struct gossip_peer *p);

/* ---- gossip_seen.c ---- */
struct gossip_seen *gossip_seen_find(const struct gossip *g, struct span id);
void gossip_take_message(struct gossip *g, struct gossip_peer *from, struct span raw);
void gossip_seen_expire(struct gossip *g);
void gossip_seen_done(struct gossip *g);
bool gossip_heard_from(const struct gossip_seen *s, const struct gossip_peer *p);
void gossip_seen_unref(struct gossip *g, struct gossip_seen *s);

/* ---- gossip_control.c ---- */
bool gossip_is_unwanted(const struct gossip *g, const struct gossip_peer *p, struct span id);
void gossip_unwanted_expire(struct gossip *g);
void gossip_promise_kept(struct gossip *g, struct span id);
void gossip_promises_expire(struct gossip *g);
void gossip_control_done(struct gossip *g);
void gossip_connect_free(struct gossip *g, struct gossip_connect *c);

/* ---- gossip_mesh.c ---- */

/* gossip_graft and gossip_prune move a member into and out of our mesh, and tell it. */
void gossip_graft(struct gossip *g, struct gossip_member *m);

struct gossip_prune_args {
    bool px;     /* tell it of others */
    bool leaves; /* because we leave the topic */
};
void gossip_prune(struct gossip *g, struct gossip_member *m, struct gossip_prune_args args);

/* gossip_leave_mesh is the same without a word: it said so itself, or is gone. */
void gossip_leave_mesh(struct gossip *g, struct gossip_member *m);
bool gossip_may_graft(const struct gossip *g, const struct gossip_member *m);
uint32_t gossip_count_mesh(const struct gossip_topic *t);

/* gossip_pick fills picks with the members that fit, shuffled. ERR_LIMIT. */
MUST_CHECK enum err gossip_pick(struct gossip *g,
                                struct gossip_picks *picks,
                                const struct gossip_topic *t,
                                gossip_pick_fn fits);
void gossip_picks_done(struct gossip *g, struct gossip_picks *picks);

/* ---- gossip_heartbeat.c ---- */
void gossip_heartbeat(struct gossip *g);
void gossip_fill_fanout(struct gossip *g, struct gossip_topic *t);

/* ---- gossip_out.c ---- */
void gossip_talk(struct gossip *g, struct gossip_peer *p);
void gossip_queue(struct gossip *g, struct gossip_peer *p, struct gossip_seen *s);
void gossip_queue_clear(struct gossip *g, struct gossip_peer *p);
void gossip_say_subscription(struct gossip *g, struct gossip_peer *p, struct span topic, bool on);
void gossip_say_ids(struct gossip *g, struct gossip_peer *p, const struct gossip_ids_out *ids);

#endif
