/* A security key and the TPM of this computer, opened; and the file that keeps the TPM's passkey. */
#include "devices.h"

#include "node/authenticator/libfido2.h"
#include "node/os/store_file.h"

#include <stdio.h>
#include <unistd.h>

enum {
    ANSWER_MS = 60000, /* a chip may take seconds to make a key */
    FILE_STEP = 1024   /* bytes: a file is read in such steps, the last of which finds its end */
};

static const char file_name[] = "tpm-passkey";
static const char file_aside[] = "tpm-passkey.new";

static struct places *places_of(struct device_blobs *self)
{
    return (struct places *)(void *)((char *)self - offsetof(struct places, blobs));
}

static enum err load(struct device_blobs *self, struct mspan room, size_t *ret_n)
{
    AUTO(buf_done) struct buf bytes;
    struct places *p = places_of(self);
    buf_init(&bytes, p->budget, room.n + FILE_STEP);
    TRY(p->dir.fs.read(&p->dir.fs, &bytes, file_name));
    if (bytes.n > room.n) {
        return ERR_MALFORMED;
    }
    *ret_n = span_copy(room, buf_span(&bytes));
    return OK;
}

static enum err save(struct device_blobs *self, struct span bytes)
{
    struct places *p = places_of(self);
    return store_replace(&p->dir.fs, file_name, file_aside, bytes);
}

bool places_open_key(struct places *p, const char *named)
{
    char path[TEXT_LEN];
    if (!keys_find(path, named) || security_key_open(&p->key, path) != OK) {
        say("No security key was found, or it cannot be opened. `passmesh-devices list` tells.");
        return false;
    }
    p->has_key = true;
    device_key_init(&p->on_key, &p->key);
    return true;
}

bool places_open_chip(struct places *p, const struct config *config, const char *device)
{
    char path[CONFIG_PATH_LEN_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/devices", config->data_dir);
    p->dir.fd = -1;
    if (store_dir_open(&p->dir, path) != OK) {
        say("%s cannot be opened, or another passmesh-devices is running.", path);
        return false;
    }
    p->has_chip = true;
    p->chip_fd = -1;
    enum err e = tpm_fd_open(&p->chip_fd, device);
    if (e == OK) {
        tpm_fd_init(&p->way, p->chip_fd, ANSWER_MS);
        e = tpm_key_open(&p->chip, tpm_fd_tcti(&p->way));
    }
    if (e != OK) {
        say("There is no TPM 2.0 at %s that this user may use (group tss).", device);
        return false;
    }
    p->blobs = (struct device_blobs){.load = load, .save = save};
    device_tpm_init(&p->on_chip, &p->chip, &p->blobs);
    return true;
}

void places_done(struct places *p)
{
    if (p->has_key) {
        security_key_done(&p->key);
    }
    if (p->has_chip) {
        tpm_key_done(&p->chip);
        if (p->chip_fd >= 0) {
            (void)close(p->chip_fd);
        }
        store_dir_done(&p->dir);
    }
}
