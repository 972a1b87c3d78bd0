/* Servers are asked which others they know, while there are few. A wallet is not in the topic in which servers tell of themselves:
 * docs/protocol.md, "For wallets: asking". */
#include "node/daemon/daemon_inside.h"

#include <stdio.h>

enum {
    HELD_MAX = 256,       /* descriptors */
    ADDRS_PER_SERVER = 2, /* of each that are tried: no one takes all places */
};

/* As long as one who came to nothing keeps its place (servers_heard.c). */
static const uint64_t LOOK_US = 60 * US_PER_S;

static void on_taken(void *user, const struct descriptor *descriptor)
{
    struct daemon *d = user;
    (void)descriptor; /* it is in the store now */
    d->directory.look_at = loop_now(&d->loop);
    alarm_set(&d->alarm, d->directory.look_at); /* the dial is not the host's to do, from inside */
}

enum err daemon_directory_start(struct daemon *d)
{
    struct rng *rng = &d->entropy.rng;
    struct directory_host_cfg cfg = {
        .list = {.host = &d->host,
                 .parent = &d->budget,
                 .count_max = HELD_MAX,
                 .is_local = d->servers.cfg.is_local,
                 .seed = {rng_u64(rng), rng_u64(rng)},
                 .on_taken = on_taken,
                 .user = d},
        .rng = rng
    };
    d->directory.look_at = INSTANT_NEVER;
    if (!d->config->is_directory) {
        return OK;
    }
    if (directory_host_init(&d->directory.host, &d->host, &cfg) != OK) {
        (void)snprintf(d->text, DAEMON_TEXT_LEN,
                       "The memory for peers is too small: raise memory_mib in passmesh.ini.");
        return ERR_LIMIT;
    }
    d->directory.is_on = true;
    return OK;
}

void daemon_directory_stop(struct daemon *d)
{
    d->directory.is_on = false;
    directory_host_done(&d->directory.host);
}

struct span daemon_directory_operator(void *user, const struct peer_id *peer)
{
    struct daemon *d = user;
    struct descriptor said;
    const struct descriptor_entry *e =
        d->directory.is_on
            ? descriptor_store_find(&d->directory.host.list.store, peer_id_span(peer))
            : NULL;
    if (!e) {
        return SPAN_EMPTY;
    }
    descriptor_entry_open(&said, e);
    return said.operator_name;
}

void daemon_hear(struct daemon *d,
                 struct servers_heard heard,
                 const struct span *addrs,
                 size_t count)
{
    size_t taken = 0;
    for (size_t i = 0; i < count && taken < ADDRS_PER_SERVER; i++) {
        heard.addr = addrs[i];
        taken += daemon_may_dial(d, heard.addr) &&
                 servers_hear(&d->servers, loop_now(&d->loop), &heard) == OK;
    }
}

static void hear(struct daemon *d, const struct descriptor_entry *e)
{
    struct descriptor said;
    struct servers_heard heard = {.found = FOUND_GOSSIP};
    descriptor_entry_open(&said, e);
    if (peer_id_decode(&heard.peer, said.peer) == OK) {
        daemon_hear(d, heard, said.addrs, said.addrs_count);
    }
}

/* Chance chooses among what is held, so that nobody comes first by coming early. Who did not answer has a turn only when nobody else
 * is left. */
static void look(struct daemon *d, uint64_t chain, struct wallet_time t)
{
    const struct descriptor_entry *found[DIRECTORY_ANSWER_MAX];
    size_t count = descriptor_store_sample(&d->directory.host.list.store, found, &d->entropy.rng,
                                           chain, t.unix_ms / 1000);
    for (int unanswered = 0; unanswered < 2; unanswered++) {
        for (size_t i = 0; i < count; i++) {
            if ((found[i]->unanswered_s > 0) == unanswered) {
                hear(d, found[i]);
            }
        }
    }
}

void daemon_directory_tick(struct daemon *d, struct wallet_time t)
{
    const struct network *n = wallet_network(d->wallet, wallet_settings(d->wallet)->network);
    struct daemon_directory *x = &d->directory;
    if (!x->is_on || !n) {
        return;
    }
    if (servers_usable_count(&d->servers) >= SERVERS_ENOUGH) {
        directory_host_rest(&x->host);
        x->look_at = INSTANT_NEVER;
        return;
    }
    if (!x->host.is_wanting || x->host.chain != n->chain_id) {
        directory_host_want(&x->host, n->chain_id);
        x->look_at = t.mono;
    }
    if (instant_reached(x->look_at, t.mono)) {
        look(d, n->chain_id, t);
        x->look_at = instant_add(t.mono, LOOK_US);
    }
}

instant daemon_directory_deadline(const struct daemon *d)
{
    return d->directory.look_at;
}
