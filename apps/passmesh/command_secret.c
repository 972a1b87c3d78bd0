/* Secrets typed or read, and sealed for the key process. */
#include "command_secret.h"

#include "base/budget.h"
#include "base/secret.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "commands.h"
#include "crypto/aead.h"
#include "crypto/backend.h"
#include "node/os/entropy.h"
#include "node/os/prompt.h"
#include "wallet/vault_channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SEALED_MAX = 2 * COMMAND_SECRET_MAX };

bool command_key(char ret[static COMMAND_KEY_LEN + 1])
{
    struct entropy entropy;
    uint8_t bytes[16];
    struct wr w = wr_init(mspan_of(ret, COMMAND_KEY_LEN));
    if (entropy_init(&entropy) != OK) {
        command_say("This system gives no randomness.");
        return false;
    }
    rng_fill(&entropy.rng, MSPAN_OF(bytes));
    base64_encode(&w, BASE64_URL_BARE, SPAN_OF(bytes));
    ret[w.n] = '\0';
    return wr_ok(&w);
}

/* ---- secrets from the terminal or a descriptor ---- */

void typed_wipe(struct typed *t)
{
    wipe(mspan_of(t, sizeof *t));
}

bool typed_read(struct typed *ret, int fd)
{
    ret->n = 0;
    for (;;) {
        ssize_t n = read(fd, ret->bytes + ret->n, COMMAND_SECRET_MAX - ret->n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 || (n > 0 && ret->n + (size_t)n == COMMAND_SECRET_MAX)) {
            command_say("What was read is too long, or could not be read.");
            return false;
        }
        if (n == 0) {
            break;
        }
        ret->n += (size_t)n;
    }
    while (ret->n > 0 && (ret->bytes[ret->n - 1] == '\n' || ret->bytes[ret->n - 1] == '\r')) {
        ret->n--;
    }
    return ret->n > 0;
}

bool typed_prompt(struct typed *ret, const char *what)
{
    enum err e = prompt_secret(mspan_of(ret->bytes, COMMAND_SECRET_MAX), &ret->n, what);
    if (e == ERR_NOT_FOUND) {
        command_say("There is no terminal to type at. Give --fd N, a descriptor to read from.");
    } else if (e != OK) {
        command_say("What was typed is too long, or could not be read.");
    }
    return e == OK && ret->n > 0;
}

/* ---- sealing ---- */

static bool ask_channel(struct local_client *c, uint8_t ret_key[static 32])
{
    char params[64];
    char key[COMMAND_KEY_LEN + 1];
    struct json result;
    struct span text;
    struct wr w = wr_init(mspan_of(ret_key, 32));
    if (!command_key(key)) {
        return false;
    }
    int n = snprintf(params, sizeof params, "{\"key\":\"%s\"}", key);
    if (!commands_ask(c, "vault_channel", span_of(params, (size_t)n), &result)) {
        return false;
    }
    return json_find_plain(&text, result, "public_key") == OK &&
           base64_decode(&w, BASE64_URL_BARE, text) == OK && w.n == 32;
}

bool command_secret_seal(struct local_client *c,
                         struct wr *out,
                         enum keyd_op op,
                         struct span secret)
{
    static uint8_t sealed[SEALED_MAX];
    const uint8_t use[1] = {(uint8_t)op};
    AUTO(secret32_wipe) struct secret32 ephemeral;
    struct budget budget;
    struct entropy entropy;
    uint8_t receiver[32];
    if (secret.n > sizeof sealed - VAULT_CHANNEL_OVERHEAD) {
        command_say("The secret is too long.");
        return false;
    }
    budget_init(&budget, NULL, "seal", AEAD_MEM);
    if (crypto_init() != OK || entropy_init(&entropy) != OK || !ask_channel(c, receiver)) {
        return false;
    }
    rng_fill(&entropy.rng, MSPAN_OF(ephemeral.bytes));
    const struct vault_use of = {.budget = &budget, .name = SPAN_OF(use)};
    struct mspan room = mspan_of(sealed, secret.n + VAULT_CHANNEL_OVERHEAD);
    if (vault_channel_seal(room, receiver, &ephemeral, of, secret) != OK) {
        command_say("The secret could not be sealed for the key process.");
        return false;
    }
    base64_encode(out, BASE64_URL_BARE, span_const(room));
    return wr_ok(out);
}

bool command_number(int *ret, const char *text, int max)
{
    char *end = NULL;
    long v = strtol(text, &end, 10);
    if (!end || *end || v < 0 || v > max) {
        return false;
    }
    *ret = (int)v;
    return true;
}
