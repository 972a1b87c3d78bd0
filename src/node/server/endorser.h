#ifndef NODE_ENDORSER_H
#define NODE_ENDORSER_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/instant.h"

/* Staples endorsements to a server's evidence: asks the makers' services for what is lacking (tee/endorsement.h), appraises the evidence with it under the roots that are built in and a policy
 * that takes every status but Revoked, and keeps what was found good, in memory and in a store. A bad answer changes nothing: what was kept before stays until it expires.
 *
 *                     endorser_staple                            answers are good
 *     nothing known ------------------> WAITING (fetching) ---------------------> STAPLED --a day, or half its life--> fetches again
 *                                            \--bad or late--> LACKING --a minute, doubled up to an hour--> fetches again
 *
 * Evidence is one at a time, the newest. Its inside stays its own, as the names of src/tee and of src/wallet meet. */
struct endorser;
struct fetch;
struct loop;

enum {
    ENDORSER_WHY_LEN = 200,
    ENDORSER_VERDICT_LEN = 200,
    ENDORSER_TIMEOUT_MS = 20000, /* of each request; all of a round go at once */
    ENDORSER_REFRESH_S = 24 * 3600,
    ENDORSER_REFRESH_S_MIN = 600,
    ENDORSER_RETRY_S = 60,
    ENDORSER_RETRY_S_MAX = 3600,
};

/* Where the last good set is kept, as one text of at most 24 KiB. Embed as first member. load appends it: ERR_NOT_FOUND: there is none. */
struct endorser_store {
    enum err (*load)(struct endorser_store *self, struct buf *ret);
    enum err (*save)(struct endorser_store *self, struct span text);
};

struct endorser_cfg {
    struct budget *budget;
    struct loop *loop;
    struct fetch *fetch;          /* all must outlive the endorser */
    struct endorser_store *store; /* NULL: none */
    const char *pcs;              /* of struct endorsement_sources; borrowed */
    const char *root_crl;
    const char *kds;
    uint32_t timeout_ms; /* 0: ENDORSER_TIMEOUT_MS */
    uint64_t (*unix_s)(void *user);
    void (*on_end)(void *user); /* a round has ended: endorser_report tells how */
    void *user;
};

enum endorser_state {
    ENDORSER_UNNEEDED, /* this evidence needs none, or brings them */
    ENDORSER_WAITING,  /* on_end follows: staple again then */
    ENDORSER_STAPLED,
    ENDORSER_LACKING /* why says what is missing */
};
const char *endorser_state_name(enum endorser_state state); /* "unneeded", ... */

/* What is known. Texts live until the next call. */
struct endorser_report {
    enum endorser_state state;
    uint64_t expires_s;  /* STAPLED: the earliest end, Unix time */
    const char *why;     /* of the last round that failed; "" since one was good */
    const char *verdict; /* STAPLED: what the appraisal says of the machine */
};

/* endorser_new: ERR_LIMIT. endorser_free before fetch_stop only when no round is under way; NULL is allowed. */
MUST_CHECK enum err endorser_new(struct endorser **ret, const struct endorser_cfg *cfg);
void endorser_free(struct endorser *e);

/* endorser_staple takes evidence (tee/evidence.h) for this binding, and gives what is to be handed out: evidence itself, or with STAPLED a text that lives until the next call. It begins a round if that is due.
 * on_end is never called from inside. */
enum endorser_state endorser_staple(struct endorser *e,
                                    struct span *ret_text,
                                    const uint8_t binding[static 64],
                                    struct span evidence);

/* endorser_tick begins rounds that are due. */
void endorser_tick(struct endorser *e, instant now);
instant endorser_deadline(const struct endorser *e);

struct endorser_report endorser_report(const struct endorser *e);

#endif
