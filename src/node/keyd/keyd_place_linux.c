/* The directory, the store, and what its key is kept by. */
#include "node/keyd/keyd_place.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char keyd_store_name[] = "store";
const char keyd_store_aside_name[] = "store.new";

static const struct seal_names names = {
    .seal = "store.seal",
    .seal_aside = "store.seal.new",
    .key = "store.key",
    .key_aside = "store.key.new",
};

enum { PATH_LEN_MAX = 512, TPM_TIMEOUT_MS = 120000 };

static enum err say(char *text, enum err e, const char *what)
{
    (void)snprintf(text, KEYD_PLACE_TEXT_LEN, "%s", what);
    return e;
}

const char *keyd_place_why(enum err e)
{
    switch (e) {
    case ERR_NOT_FOUND:
        return "its key was sealed by another TPM, or this one was cleared: the command seal "
               "recover takes this one, with the recovery phrase";
    case ERR_STATE:
        return "what the machine measures of its start has changed since the store was sealed (an "
               "update of firmware or boot loader?): the command seal approve takes it, with the "
               "recovery phrase";
    case ERR_DENIED:
        return "the TPM refuses (its owner has set a password?): take that off, or "
               "the command seal recover none, with the recovery phrase";
    case ERR_AUTH:
        return "store.seal was changed from outside: put it back from the backup, or "
               "the command seal recover, with the recovery phrase";
    case ERR_IO:
        return "the TPM does not answer (is there one, and is this user in the group tss?): "
               "the command seal recover none opens the store without it, with the recovery "
               "phrase";
    case ERR_MALFORMED:
    case ERR_UNSUPPORTED:
        return "store.seal is damaged, or of a newer version: put it back from the backup";
    case OK:
    case ERR_LIMIT:
    case ERR_TRUNCATED:
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_INTERNAL:
    case ERR_COUNT:     break;
    }
    return "its key cannot be had";
}

static enum err open_dir(struct keyd_place *p, const char *path, char *text)
{
    enum err e = store_dir_open(&p->dir, path);
    if (e == ERR_STATE) {
        return say(text, e, "another keyd is running on this store");
    }
    if (e == ERR_DENIED) {
        return say(text, e, "must belong to you and be closed to others: chmod 700");
    }
    return e == OK ? OK : say(text, e, "cannot open the store's directory");
}

enum err keyd_place_find_tpm(struct keyd_place *p, const char *device)
{
    char program[PATH_LEN_MAX];
    static const char name[] = "/passmesh-tpm";
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - sizeof name);
    program[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (!slash) {
        return ERR_IO;
    }
    memcpy(slash, name, sizeof name);
    TRY(tpm_spawn(&p->tpm_process, program, device ? device : TPM_DEVICE_DEFAULT, TPM_FOR_SEAL));
    tpm_client_init(&p->tpm, p->tpm_process.fd, TPM_TIMEOUT_MS);
    p->seal.sealer = &p->tpm.sealer;
    struct hash32 state;
    return p->seal.sealer->state(p->seal.sealer, &state, 1, SPAN_EMPTY); /* does it answer? */
}

enum err keyd_place_init(struct keyd_place *p,
                         const struct keyd_place_cfg *cfg,
                         char ret_text[static KEYD_PLACE_TEXT_LEN])
{
    *p = (struct keyd_place){.dir.fd = -1, .tpm_process.fd = -1};
    TRY(open_dir(p, cfg->path, ret_text));
    p->file = (struct store_file){.fs = &p->dir.fs,
                                  .rng = cfg->rng,
                                  .budget = cfg->budget,
                                  .name = keyd_store_name,
                                  .name_aside = keyd_store_aside_name};
    const struct seal seal = {.fs = &p->dir.fs,
                              .rng = cfg->rng,
                              .budget = cfg->budget,
                              .names = &names,
                              .store = &p->file};
    seal_init(&p->seal, &seal);
    enum err e = seal_read(&p->seal);
    if (e != OK) {
        return say(ret_text, e, keyd_place_why(e == ERR_IO ? ERR_MALFORMED : e));
    }
    if (!p->seal.has_file && cfg->needs_seal) {
        return say(ret_text, ERR_DENIED,
                   "the configuration wants a sealed store (seal = required), and this one is not: "
                   "the command seal tpm does it");
    }
    if (p->seal.has_file) {
        e = keyd_place_find_tpm(p, cfg->tpm_device);
        (void)e; /* seal_open tells */
    }
    return OK;
}

enum err keyd_place_open(struct keyd_place *p,
                         struct buf *content,
                         char ret_text[static KEYD_PLACE_TEXT_LEN])
{
    enum err e = seal_open(&p->seal, keyd_store_name);
    if (e != OK && p->seal.has_file) {
        return say(ret_text, e, keyd_place_why(e));
    }
    if (e != OK) {
        return say(ret_text, e,
                   "the key of the store is missing or damaged; the keys in it cannot be read");
    }
    e = seal_load(&p->seal, content);
    if (e == OK || e == ERR_NOT_FOUND) {
        return OK;
    }
    if (e == ERR_STATE) {
        return say(ret_text, e,
                   "the store is gone or is an older one that was put back: put the newest one "
                   "back; if there is none, the command seal recover takes this one");
    }
    return say(ret_text, e, "the store is damaged or was changed from outside");
}

void keyd_place_done(struct keyd_place *p)
{
    seal_done(&p->seal);
}
