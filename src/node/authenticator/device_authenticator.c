/* A security key and the TPM behind one port. */
#include "node/authenticator/device_authenticator.h"

#include <string.h>

enum { CREDENTIAL_LEN = 32 };

/* ---- the security key ---- */

static struct security_key *key_of(struct device_authenticator *self)
{
    return ((struct device_key *)(void *)self)->key; /* the port is the first member */
}

static enum err key_create(struct device_authenticator *self,
                           struct security_key_answer *ret,
                           const struct security_key_ask *ask)
{
    return security_key_create(key_of(self), ret, ask);
}

static enum err key_assert(struct device_authenticator *self,
                           struct security_key_answer *ret,
                           const struct security_key_ask *ask)
{
    return security_key_assert(key_of(self), ret, ask);
}

void device_key_init(struct device_key *d, struct security_key *key)
{
    d->authenticator = (struct device_authenticator){
        .create = key_create, .use = key_assert, .where = "security_key", .transport = "usb"};
    d->key = key;
}

/* ---- the TPM ---- */

static struct device_tpm *tpm_of(struct device_authenticator *self)
{
    return (struct device_tpm *)(void *)self; /* the port is the first member */
}

/* A passkey that could not be kept was never made: the chip forgets it with the blob. */
static enum err tpm_create(struct device_authenticator *self,
                           struct security_key_answer *ret,
                           const struct security_key_ask *ask)
{
    struct device_tpm *d = tpm_of(self);
    TRY(tpm_key_create(d->key, ret, &d->blob, ask));
    if (ret->credential_id_len != CREDENTIAL_LEN) {
        return ERR_MALFORMED;
    }
    memcpy(d->bytes, ret->credential_id, CREDENTIAL_LEN);
    memcpy(d->bytes + CREDENTIAL_LEN, d->blob.bytes, d->blob.n);
    return d->blobs->save(d->blobs, span_of(d->bytes, CREDENTIAL_LEN + d->blob.n));
}

static enum err tpm_assert(struct device_authenticator *self,
                           struct security_key_answer *ret,
                           const struct security_key_ask *ask)
{
    struct device_tpm *d = tpm_of(self);
    size_t n = 0;
    TRY(d->blobs->load(d->blobs, MSPAN_OF(d->bytes), &n));
    if (n <= CREDENTIAL_LEN || n > sizeof d->bytes) {
        return ERR_MALFORMED;
    }
    if (ask->credential_id.n > 0 &&
        !span_equal(ask->credential_id, span_of(d->bytes, CREDENTIAL_LEN))) {
        return ERR_NOT_FOUND;
    }
    d->blob.n = n - CREDENTIAL_LEN;
    memcpy(d->blob.bytes, d->bytes + CREDENTIAL_LEN, d->blob.n);
    return tpm_key_assert(d->key, ret, &d->blob, ask);
}

void device_tpm_init(struct device_tpm *d, struct tpm_key *key, struct device_blobs *blobs)
{
    d->authenticator = (struct device_authenticator){
        .create = tpm_create, .use = tpm_assert, .where = "this_device", .transport = "internal"};
    d->key = key;
    d->blobs = blobs;
}
