#ifndef NODE_DESCRIPTORS_H
#define NODE_DESCRIPTORS_H

#include "p2p/host.h"
#include "p2p/signer.h"
#include "service/descriptor_store.h"

/* Sealed descriptors of servers, from wherever they come: opened, judged, and held in a store. Cheap questions come first, the
 * signature last. */

struct descriptors_cfg {
    struct host *host;     /* whose clock and id count; outlives it */
    struct budget *parent; /* DESCRIPTOR_ENTRY_MEMORY for each of count_max */
    size_t count_max;
    bool is_local;    /* a network on one machine: any address will do */
    uint64_t seed[2]; /* random */
    /* One was taken; its spans die with the call. NULL: nobody is told. */
    void (*on_taken)(void *user, const struct descriptor *d);
    void *user;
};

struct descriptors {
    struct descriptors_cfg cfg;
    struct descriptor_store store;
    uint64_t counts[DESCRIPTOR_VERDICT_COUNT]; /* ever, by verdict */
};

void descriptors_init(struct descriptors *ds, const struct descriptors_cfg *cfg);
void descriptors_done(struct descriptors *ds); /* safe on a zeroed object */

/* descriptors_take opens a sealed one and has the store take it, if it is good. */
enum descriptor_verdict descriptors_take(struct descriptors *ds, struct span sealed);

/* descriptors_seal writes d, of the signer's own peer, in its envelope. ERR_LIMIT: longer than DESCRIPTOR_SEALED_LEN_MAX, or no
 * memory; ERR_MALFORMED: nobody would take it; the signer's. */
MUST_CHECK enum err descriptors_seal(struct wr *w,
                                     const struct descriptor *d,
                                     struct signer *signer,
                                     struct budget *budget);

/* descriptors_place gives the place of an address, or of the relay that it leads through (p2p/net_addr.h); false: it has none that the
 * internet knows. */
bool descriptors_place(uint64_t *ret, struct span addr);

#endif
