/* What was done, or why not, in words. */
#include "devices.h"

#include <stdarg.h>
#include <stdio.h>

void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

int tell(enum err e, const struct door *d, const char *what)
{
    switch (e) {
    case OK:       (void)printf("%s\n", what); return EXIT_DONE;
    case ERR_AUTH: say("The PIN is wrong."); break;
    case ERR_STATE:
        say("Not now: see `passmesh vault status`. A vault that is there is not made again: `add` "
            "makes another passkey of an open one.");
        break;
    case ERR_NOT_FOUND:
        say("No passkey of the vault is there: not on this key, or not in this computer's TPM.");
        break;
    case ERR_UNSUPPORTED: say("This key gives no secret for the vault (hmac-secret)."); break;
    case ERR_TIMEOUT:     say("Nobody touched the key."); break;
    case ERR_DENIED:
        say("Not done: %s.",
            d->api.code[0] ? d->api.code : "the key refused, or its PIN is blocked");
        break;
    case ERR_MALFORMED:
    case ERR_TRUNCATED:
    case ERR_LIMIT:
    case ERR_CLOSED:
    case ERR_IO:
    case ERR_INTERNAL:
    case ERR_COUNT:
        say("Not done: the key or the daemon did not answer as it should (%s).", err_name(e));
        break;
    }
    return EXIT_FAILED;
}
