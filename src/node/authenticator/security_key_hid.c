/* The way to a real device: libfido2's own, by USB and NFC. */
#include "node/authenticator/libfido2.h"
#include "node/authenticator/security_key.h"

enum err security_key_open(struct security_key *k, const char *path)
{
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    k->dev = fido_dev_new();
    if (!k->dev || fido_dev_open(k->dev, path) != FIDO_OK) {
        security_key_done(k);
        return ERR_IO;
    }
    return OK;
}
