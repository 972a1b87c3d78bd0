#ifndef DEVICES_H
#define DEVICES_H

#include "node/api/local_client.h"
#include "node/authenticator/device_vault.h"
#include "node/config/config.h"
#include "node/os/entropy.h"
#include "node/os/store_fs.h"
#include "node/tpm/tpm_fd.h"

/* What the files of passmesh-devices share. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };
enum { TEXT_LEN = 256 };

/* say prints a sentence to stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- wish.c: what the words of the command line ask for ---- */
enum act { ACT_LIST, ACT_ENROL, ACT_UNLOCK, ACT_APPROVE, ACT_ADD, ACT_FETCH, ACT_COSIGNER };

struct wish {
    enum act act;
    bool in_tpm;
    const char *operation; /* of ACT_APPROVE */
    unsigned number;       /* of ACT_FETCH: which of the passkeys, from 1; 0: not said */
    const char *device;    /* the security key's path; NULL: the first */
    const char *tpm;       /* the TPM's */
    const char *pinentry;  /* NULL: the usual one */
};

/* wish_read says how it is used, and returns false, if the words make no sense. */
bool wish_read(struct wish *ret, struct config_args *where, int argc, char **argv);

/* ---- door.c: the daemon's API over its socket ---- */
struct door {
    struct device_api api; /* first */
    struct local_client client;
    struct entropy *entropy;
};
enum err door_call(struct device_api *self,
                   struct json *ret_result,
                   const char *method,
                   struct span members);

/* ---- tell.c ---- */
/* tell prints what was done, or why it was not, and gives the exit code. */
int tell(enum err e, const struct door *d, const char *what);

/* ---- keys.c: which security keys there are ---- */
int keys_list(void);
/* keys_find: the first key, unless one was named. */
bool keys_find(char out[static TEXT_LEN], const char *named);

/* ---- pins.c: a PIN, asked by pinentry, or at the terminal where there is none; it goes to the key or the chip alone ---- */
struct pin {
    uint8_t bytes[SECURITY_KEY_PIN_MAX];
    size_t n;
};
void pin_wipe(struct pin *p);

/* pin_ask says why not. program: NULL is the usual one. pin_choose asks twice: nobody else knows what was chosen. */
bool pin_ask(struct pin *ret, const char *program, const char *what);
bool pin_choose(struct pin *ret, const char *program, const char *what);

/* ---- places.c: what makes passkeys here ---- */
struct places {
    struct security_key key;
    struct device_key on_key;
    bool has_key;
    struct tpm_key chip;
    struct device_tpm on_chip;
    struct tpm_fd way; /* to the chip */
    int chip_fd;
    bool has_chip;
    struct device_blobs blobs;
    struct store_dir dir;
    struct budget *budget;
};

/* places_open_key opens the security key of a path (NULL: the first); places_open_chip the TPM behind a path, whose passkey lies in DATA/devices. Both say why not. */
bool places_open_key(struct places *p, const char *named);
bool places_open_chip(struct places *p, const struct config *config, const char *device);
void places_done(struct places *p);

/* ---- fetch.c ---- */
/* fetch_vault brings the vault back from servers, opens it, and says what came of it; gives the exit code. */
int fetch_vault(struct device_vault *d, const struct door *door, const struct wish *w);

/* ---- cosigner.c ---- */
/* cosigner_sign shows what waits for the passkey about a co-signer, asks, signs it, and says what came of it; gives the exit code. */
int cosigner_sign(struct device_vault *d, const struct door *door);

/* ---- approve.c ---- */
/* approve_operation shows what is to be signed and asks. ERR_CLOSED: the person said no; else as device_vault.h. */
MUST_CHECK enum err approve_operation(struct device_vault *d, const char *id);

#endif
