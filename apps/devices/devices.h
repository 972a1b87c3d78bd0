#ifndef DEVICES_H
#define DEVICES_H

#include "node/api/local_client.h"
#include "node/authenticator/device_vault.h"
#include "node/os/entropy.h"

/* What the files of passmesh-devices share. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };
enum { TEXT_LEN = 256 };

/* say prints a sentence to stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

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

/* ---- approve.c ---- */
/* approve_operation shows what is to be signed and asks. ERR_CLOSED: the person said no; else as device_vault.h. */
MUST_CHECK enum err approve_operation(struct device_vault *d, const char *id);

#endif
