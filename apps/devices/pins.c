/* PINs. */
#include "devices.h"

#include "base/secret.h"
#include "node/os/pinentry.h"
#include "node/os/prompt.h"

#include <string.h>

void pin_wipe(struct pin *p)
{
    wipe(mspan_of(p, sizeof *p));
}

bool pin_ask(struct pin *ret, const char *program, const char *what)
{
    const struct pinentry_ask ask = {
        .program = program, .title = "Passmesh", .what = what, .prompt = "PIN:"};
    enum err e = pinentry_get(MSPAN_OF(ret->bytes), &ret->n, &ask);
    if (e == ERR_NOT_FOUND && !program) {
        e = prompt_secret(MSPAN_OF(ret->bytes), &ret->n, what);
    }
    if (e == ERR_CLOSED) {
        say("No PIN was given. Nothing was done.");
    } else if (e == ERR_LIMIT) {
        say("The PIN is too long.");
    } else if (e != OK) {
        say("There is neither a pinentry program nor a terminal to type the PIN at.");
    }
    return e == OK;
}

bool pin_choose(struct pin *ret, const char *program, const char *what)
{
    AUTO(pin_wipe) struct pin again = {.n = 0};
    if (!pin_ask(ret, program, what) || !pin_ask(&again, program, "The same PIN once more")) {
        return false;
    }
    if (ret->n < TPM_KEY_PIN_MIN) {
        say("The PIN needs at least %d characters.", TPM_KEY_PIN_MIN);
        return false;
    }
    if (ret->n != again.n ||
        !ct_equal(span_of(ret->bytes, ret->n), span_of(again.bytes, again.n))) {
        say("The two are not the same. Nothing was done.");
        return false;
    }
    return true;
}
