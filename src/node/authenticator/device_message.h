#ifndef NODE_DEVICE_MESSAGE_H
#define NODE_DEVICE_MESSAGE_H

#include "base/buf.h"
#include "base/wr.h"
#include "node/authenticator/device_vault.h"

/* Requests to the daemon's API and what is found in its answers; shared by device_*.c only. */

/* What stands between the braces of a request's params. */
struct device_message {
    struct buf text;
    struct wr w;
    bool has_member;
};
void device_message_init(struct device_message *m, struct device_vault *d);
void device_message_done(struct device_message *m);

/* Each writes one member. name and text are words and ids: nothing in them is escaped. device_put_assertion writes "assertion" from what an authenticator gave. */
void device_put_name(struct device_message *m, const char *name);
void device_put_bytes(struct device_message *m, const char *name, struct span bytes);
void device_put_text(struct device_message *m, const char *name, struct span text);
void device_put_assertion(struct device_message *m, const struct security_key_answer *a);

/* device_call sends the message; device_ask one without members. The result lives until the next call. Errors of device_api.call; ERR_LIMIT: the message is too long. */
MUST_CHECK enum err device_call(struct device_vault *d,
                                struct device_message *m,
                                struct json *ret_result,
                                const char *method);
MUST_CHECK enum err device_ask(struct device_vault *d, struct json *ret_result, const char *method);

/* device_find_bytes gives the bytes of a base64url member, of v itself or of its member outer (NULL: v). ERR_MALFORMED: there is none; ERR_LIMIT: it is longer. */
enum { DEVICE_BYTES_MAX = 256 }; /* of a credential id, a challenge, a PRF input */
struct device_bytes {
    uint8_t p[DEVICE_BYTES_MAX];
    size_t n;
};
MUST_CHECK enum err
device_find_bytes(struct device_bytes *ret, struct json v, const char *outer, const char *name);

/* The user's name of a vault's passkey, as the page gives it too. */
extern const char device_vault_user[];

/* device_asking: a ceremony of the wallet's page with the authenticator's PIN. */
struct security_key_ask device_asking(const struct device_vault *d);

#endif
