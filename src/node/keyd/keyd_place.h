#ifndef NODE_KEYD_PLACE_H
#define NODE_KEYD_PLACE_H

#include "node/keyd/seal.h"
#include "node/os/entropy.h"
#include "node/os/process.h"
#include "node/tpm/tpm_client.h"

/* keyd's directory, its store, and passmesh-tpm if the store is sealed: all that is opened before the sandbox closes. */

/* The sandbox compares these addresses. */
extern const char keyd_store_name[];
extern const char keyd_store_aside_name[];

struct keyd_place {
    struct store_dir dir;
    struct store_file file;
    struct seal seal;
    struct process tpm_process;
    struct tpm_client tpm;
};

struct keyd_place_cfg {
    const char *path;
    const char *tpm_device; /* NULL: TPM_DEVICE_DEFAULT */
    bool needs_seal;        /* a store under a key file is refused */
    struct rng *rng;
    struct budget *budget;
};

enum { KEYD_PLACE_TEXT_LEN = 400 };

/* keyd_place_init opens and locks the directory and reads what the store's key is kept by. keyd_place_open gets the key and reads the store (empty if there is none yet);
 * nothing is made new where a store stood. After an error ret_text says why, and what to do. */
MUST_CHECK enum err keyd_place_init(struct keyd_place *p,
                                    const struct keyd_place_cfg *cfg,
                                    char ret_text[static KEYD_PLACE_TEXT_LEN]);
MUST_CHECK enum err keyd_place_open(struct keyd_place *p,
                                    struct buf *content,
                                    char ret_text[static KEYD_PLACE_TEXT_LEN]);

/* keyd_place_find_tpm starts passmesh-tpm, which lies beside this program. ERR_IO: it does not answer. */
MUST_CHECK enum err keyd_place_find_tpm(struct keyd_place *p, const char *device);

/* keyd_place_done wipes; passmesh-tpm sees its socket close. */
void keyd_place_done(struct keyd_place *p);

/* What an error of the seal means, for people: a sentence without a period. */
const char *keyd_place_why(enum err e);

#endif
