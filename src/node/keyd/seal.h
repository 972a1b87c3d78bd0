#ifndef NODE_SEAL_H
#define NODE_SEAL_H

#include "base/budget.h"
#include "base/rng.h"
#include "crypto/guarded.h"
#include "node/keyd/seal_file.h"
#include "node/os/store_file.h"
#include "node/os/store_fs.h"

/* keyd's store and what its key is kept by: a file (no seal), or a sealer. All that changes which key the store is under happens here, in an order in
 * which a crash at any point leaves a store that opens.
 *
 * Where a sealer's chip was replaced, cleared, or the machine's start has changed, the recovery phrase opens: 24 words, drawn when
 * the store is sealed, shown once, kept nowhere. It also gives the authority's key, which approves states (sealer.h). */

struct seal_names { /* static texts, names in the directory */
    const char *seal;
    const char *seal_aside;
    const char *key;
    const char *key_aside;
};

struct seal {
    struct store_counter counter; /* first: the store's, while it is sealed */
    struct store_fs *fs;          /* must outlive the seal, as all here */
    struct rng *rng;
    struct budget *budget;
    struct sealer *sealer; /* NULL: this machine has none */
    const struct seal_names *names;
    struct store_file *store; /* its key and counter are set here */
    struct guarded key;       /* of the store */
    struct seal_file file;    /* if has_file */
    bool has_file;            /* the store is sealed */
};

/* What a recovery phrase stands for. */
struct seal_recovery {
    struct secret32 entropy;
};

/* seal_init takes the first seven fields from *cfg, and gives the store key and counter. seal_done wipes; safe on a zeroed object. */
void seal_init(struct seal *s, const struct seal *cfg);
void seal_done(struct seal *s);

/* seal_read looks for the file. OK also if there is none: then has_file is false. ERR_MALFORMED, ERR_UNSUPPORTED, ERR_IO. */
MUST_CHECK enum err seal_read(struct seal *s);

/* seal_open gets the key from the sealer, or without a seal from the key file. Errors of sealer.h and of store_key_file; ERR_IO without a sealer. */
MUST_CHECK enum err seal_open(struct seal *s, const char *store_name);

/* seal_load reads the store and ends what a crash left half done. Errors of store_file_load; ERR_NOT_FOUND: there is no store yet, and only
 * a store without a seal begins so; ERR_STATE: the store is not the newest one. */
MUST_CHECK enum err seal_load(struct seal *s, struct buf *content);

/* seal_enrol seals an open store, whose content is given, under a fresh key; registers are those that count. ERR_STATE: it is sealed already. */
MUST_CHECK enum err seal_enrol(struct seal *s,
                               const struct seal_recovery *recovery,
                               uint32_t registers,
                               struct span content);

/* seal_end puts an open store back under a key file. The counter is taken out of the chip if it still answers. */
MUST_CHECK enum err seal_end(struct seal *s);

/* seal_recover opens a store with the phrase, without the sealer: it cannot know whether the store is the newest one. Then seal_enrol_again seals it on
 * the sealer that is there, or seal_end puts it under a key file. ERR_AUTH: another phrase. */
MUST_CHECK enum err
seal_recover(struct seal *s, const struct seal_recovery *recovery, struct buf *content);
MUST_CHECK enum err seal_enrol_again(struct seal *s,
                                     const struct seal_recovery *recovery,
                                     uint32_t registers,
                                     struct span content);

/* seal_approve adds an approval: of the state now, or of the one that these values (32 bytes for each register) will make. The oldest goes when there are
 * SEALER_APPROVALS_MAX. ERR_AUTH: another phrase. */
MUST_CHECK enum err seal_approve(struct seal *s,
                                 const struct seal_recovery *recovery,
                                 uint32_t registers,
                                 struct span values);

/* The registers of the newest approval; 0 without a seal. */
uint32_t seal_registers(const struct seal *s);

#endif
