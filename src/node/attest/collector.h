#ifndef NODE_COLLECTOR_H
#define NODE_COLLECTOR_H

#include "base/buf.h"
#include "base/wr.h"
#include "tee/evidence.h"

/* One door to all that can make evidence on this machine. Each kind of hardware has a collector over an injected table of operations: sev_guest.h, nsm_device.h, gramine.h,
 * azure_vtpm.h, tsm.h (collector_of_tsm), and the TPM (node/tpm/tpm_collector.h). Who wants evidence puts those that are there into a list, best first, and asks the list.
 *
 * What a collector gives is the machine's word: the door only looks whether it is bound to what was asked for, so that another program's request that slipped in between (Gramine's
 * files and the paravisor's index belong to everybody) is not handed out as ours. */

enum {
    COLLECTED_MAIN_LEN_MAX = 16 * 1024,
    COLLECTED_MORE_LEN_MAX = 16 * 1024,
    COLLECTORS_MAX = 8,
};

/* Room for one piece of evidence. Its spans point into main and more, or into the collector. */
struct collected {
    struct evidence evidence;
    struct buf main;
    struct buf more;
};
void collected_init(struct collected *c, struct budget *budget);
void collected_done(struct collected *c); /* safe on a zeroed object */

/* Embed as first member. collect makes evidence for binding; what c held is gone, also after a failure. It may wait, from milliseconds to minutes: never on an event
 * loop. Errors: ERR_UNSUPPORTED: this machine has none after all; ERR_CLOSED: whoever signs does not answer; ERR_STATE, ERR_TIMEOUT: busy, for longer than we try;
 * ERR_DENIED: not for us; ERR_MALFORMED, ERR_LIMIT, ERR_IO. */
struct collector {
    const char *name; /* "sev-guest" */
    const char *note; /* "never run on hardware", or "" */
    enum err (*collect)(struct collector *self,
                        struct collected *c,
                        const uint8_t binding[static 64]);
};

/* What became of each of a list. */
struct collector_outcome {
    size_t used;                   /* the one that gave evidence */
    enum err errs[COLLECTORS_MAX]; /* of those before it; of all, if none did */
};

/* collectors_write asks one after the other and writes the first evidence that is bound to binding, as evidence_encode does. Errors: ERR_UNSUPPORTED: the list is empty; else the first
 * collector's. ret may be NULL. */
MUST_CHECK enum err collectors_write(struct wr *w,
                                     struct collector *const *list,
                                     size_t count,
                                     struct budget *budget,
                                     const uint8_t binding[static 64],
                                     struct collector_outcome *ret);

/* Of every collector that nobody has reported a run of. */
extern const char collector_note[22]; /* "never run on hardware" */

#endif
