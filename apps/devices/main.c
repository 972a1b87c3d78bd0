/* passmesh-devices: security keys for the vault, without a browser. It asks the daemon over its socket and the key through libfido2;
 * the PIN is typed at the terminal and goes to the key alone. */
#include "devices.h"

#include "base/budget.h"
#include "base/secret.h"
#include "crypto/backend.h"
#include "node/authenticator/libfido2.h"
#include "node/config/config.h"
#include "node/os/prompt.h"

#include <stdio.h>
#include <string.h>

enum { BUDGET_MAX = 256 * 1024 };

static int run(struct device_vault *d, const struct door *door, const char *what, const char *id)
{
    if (strcmp(what, "approve") == 0) {
        return tell(approve_operation(d, id), door, "Signed.");
    }
    say("Touch the key when it blinks.");
    bool is_enrol = strcmp(what, "enrol") == 0;
    enum err e = is_enrol ? device_vault_enrol(d) : device_vault_unlock(d);
    return tell(e, door, is_enrol ? "The vault is made and open." : "The vault is open.");
}

/* With the key open: its PIN, and then what was asked for. */
static int
with_key(struct device_vault *d, const struct door *door, const char *what, const char *id)
{
    uint8_t pin[SECURITY_KEY_PIN_MAX];
    size_t n = 0;
    if (fido_dev_has_pin(d->key->dev) && !fido_dev_has_uv(d->key->dev)) {
        if (prompt_secret(MSPAN_OF(pin), &n, "PIN of the security key") != OK) {
            say("There is no terminal to type the PIN at, or it is too long.");
            return EXIT_FAILED;
        }
        d->pin = span_of(pin, n);
    }
    int code = run(d, door, what, id);
    wipe(MSPAN_OF(pin));
    device_vault_done(d);
    return code;
}

static int
with_daemon(const struct config *config, const char *named, const char *what, const char *id)
{
    static struct door door;
    static struct device_vault d;
    struct security_key key = {0};
    struct budget budget;
    struct entropy entropy;
    char origin[64];
    char path[TEXT_LEN];
    budget_init(&budget, NULL, "devices", BUDGET_MAX);
    if (crypto_init() != OK || entropy_init(&entropy) != OK) {
        say("This system gives no randomness, or lacks a library.");
        return EXIT_FAILED;
    }
    if (!keys_find(path, named) || security_key_open(&key, path) != OK) {
        say("No security key was found, or it cannot be opened. `passmesh-devices list` tells.");
        return EXIT_FAILED;
    }
    if (local_client_open(&door.client, config->socket) != OK) {
        say("No wallet is running. Start one with: passmesh daemon");
        security_key_done(&key);
        return EXIT_FAILED;
    }
    int n = snprintf(origin, sizeof origin, "http://passmesh.localhost:%u", config->port);
    door.api.call = door_call;
    door.entropy = &entropy;
    d = (struct device_vault){.api = &door.api,
                              .key = &key,
                              .rng = &entropy.rng,
                              .budget = &budget,
                              .origin = span_of(origin, (size_t)n)};
    int code = with_key(&d, &door, what, id);
    security_key_done(&key);
    local_client_close(&door.client);
    return code;
}

static int usage(void)
{
    say("usage: passmesh-devices [--home DIR] [--device PATH] (list | enrol | unlock | approve "
        "OPERATION)\n"
        "Security keys for the vault, without a browser; the PIN is typed here. docs/vault.md "
        "tells more.");
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static struct config config;
    struct diag diag = {0};
    struct config_args where = {.exe_dir = ""};
    const char *device = NULL;
    int i = 1;
    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--home") == 0) {
            where.home = argv[i + 1];
        } else if (strcmp(argv[i], "--device") == 0) {
            device = argv[i + 1];
        } else {
            return usage();
        }
    }
    const char *what = i < argc ? argv[i] : "";
    bool is_approve = strcmp(what, "approve") == 0;
    bool is_plain = strcmp(what, "enrol") == 0 || strcmp(what, "unlock") == 0;
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    if (strcmp(what, "list") == 0 && i + 1 == argc) {
        return keys_list();
    }
    if (!(is_plain && i + 1 == argc) && !(is_approve && i + 2 == argc)) {
        return usage();
    }
    if (config_load(&config, &where, &diag) != OK) {
        say("The configuration is not right: %s.", diag.rule ? diag.rule : "it cannot be read");
        return EXIT_FAILED;
    }
    return with_daemon(&config, device, what, is_approve ? argv[i + 1] : NULL);
}
