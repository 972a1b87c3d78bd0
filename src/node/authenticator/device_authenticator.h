#ifndef NODE_DEVICE_AUTHENTICATOR_H
#define NODE_DEVICE_AUTHENTICATOR_H

#include "node/authenticator/security_key.h"
#include "node/authenticator/tpm_key.h"

/* Where a passkey is, for those who do not care: a security key, or this machine's TPM. Embed as first member. Errors as in security_key.h; ERR_NOT_FOUND: it has no
 * such passkey. */
struct device_authenticator {
    enum err (*create)(struct device_authenticator *self,
                       struct security_key_answer *ret,
                       const struct security_key_ask *ask);
    enum err (*use)(struct device_authenticator *self,
                    struct security_key_answer *ret,
                    const struct security_key_ask *ask);
    const char *where; /* as the API's vault_enrol_begin takes it */
    const char *transport;
};

/* A security key that is open. */
struct device_key {
    struct device_authenticator authenticator;
    struct security_key *key;
};
void device_key_init(struct device_key *d, struct security_key *key);

/* The chip keeps nothing: its passkey is a blob that somebody keeps, with the credential id in front of it. Embed as first member. */
enum { DEVICE_BLOB_MAX = 32 + TPM_KEY_BLOB_MAX };
struct device_blobs {
    /* load gives what was saved last; ERR_NOT_FOUND. save: OK means that it survives a loss of power. */
    enum err (*load)(struct device_blobs *self, struct mspan room, size_t *ret_n);
    enum err (*save)(struct device_blobs *self, struct span bytes);
};

/* A TPM that is open: one passkey of the vault. create replaces it only when the new one is kept. */
struct device_tpm {
    struct device_authenticator authenticator;
    struct tpm_key *key;
    struct device_blobs *blobs;
    struct tpm_key_blob blob;
    uint8_t bytes[DEVICE_BLOB_MAX];
};
void device_tpm_init(struct device_tpm *d, struct tpm_key *key, struct device_blobs *blobs);

#endif
