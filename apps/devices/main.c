/* passmesh-devices: the vault with a security key or this computer's TPM, without a browser. It asks the daemon over its socket, the key through libfido2,
 * the chip through ESYS; a PIN is asked by pinentry, or at the terminal, and goes to the key or the chip alone. */
#include "devices.h"

#include "base/budget.h"
#include "base/secret.h"
#include "crypto/backend.h"
#include "node/authenticator/libfido2.h"

#include <stdio.h>

enum { BUDGET_MAX = 256 * 1024 };

static bool ask_key_pin(const struct places *p, struct pin *ret, const struct wish *w)
{
    bool needs_pin = fido_dev_has_pin(p->key.dev) && !fido_dev_has_uv(p->key.dev);
    return !needs_pin || pin_ask(ret, w->pinentry, "PIN of the security key");
}

/* A new passkey in the chip gets a PIN that is chosen now. */
static bool
ask_pins(const struct places *p, struct pin *ret_key, struct pin *ret_chip, const struct wish *w)
{
    const char *what = "PIN of the passkey in this computer's TPM";
    bool is_new = w->in_tpm && (w->act == ACT_ENROL || w->act == ACT_ADD);
    if (p->has_key && !ask_key_pin(p, ret_key, w)) {
        return false;
    }
    return !p->has_chip ||
           (is_new ? pin_choose(ret_chip, w->pinentry, "A new PIN, for a passkey in the TPM")
                   : pin_ask(ret_chip, w->pinentry, what));
}

static int act(struct device_vault *d,
               const struct door *door,
               struct device_authenticator *other,
               struct span other_pin,
               const struct wish *w)
{
    if (!w->in_tpm || other) {
        say("Touch the key when it blinks.");
    }
    switch (w->act) {
    case ACT_ENROL:    return tell(device_vault_enrol(d), door, "The vault is made and open.");
    case ACT_UNLOCK:   return tell(device_vault_unlock(d), door, "The vault is open.");
    case ACT_APPROVE:  return tell(approve_operation(d, w->operation), door, "Signed.");
    case ACT_FETCH:    return fetch_vault(d, door, w);
    case ACT_COSIGNER: return cosigner_sign(d, door);
    case ACT_LIST:
    case ACT_ADD:      break;
    }
    return tell(device_vault_add(d, other, other_pin), door, "The passkey opens the vault now.");
}

/* With what is needed open: the PINs, and then what was asked for. */
static int
with_places(struct places *p, struct device_vault *d, const struct door *door, const struct wish *w)
{
    AUTO(pin_wipe) struct pin key_pin = {.n = 0};
    AUTO(pin_wipe) struct pin chip_pin = {.n = 0};
    if (!ask_pins(p, &key_pin, &chip_pin, w)) {
        return EXIT_FAILED;
    }
    struct device_authenticator *on_key = p->has_key ? &p->on_key.authenticator : NULL;
    struct device_authenticator *on_chip = p->has_chip ? &p->on_chip.authenticator : NULL;
    struct span of_key = span_of(key_pin.bytes, key_pin.n);
    struct span of_chip = span_of(chip_pin.bytes, chip_pin.n);
    d->authenticator = w->in_tpm ? on_chip : on_key;
    d->pin = w->in_tpm ? of_chip : of_key;
    int code = act(d, door, w->in_tpm ? on_key : on_chip, w->in_tpm ? of_key : of_chip, w);
    device_vault_done(d);
    return code;
}

static int with_daemon(const struct config *config, const struct wish *w)
{
    static struct door door;
    static struct device_vault d;
    static struct places places;
    struct budget budget;
    struct entropy entropy;
    char origin[64];
    bool is_both = w->act == ACT_ADD;
    budget_init(&budget, NULL, "devices", BUDGET_MAX);
    if (crypto_init() != OK || entropy_init(&entropy) != OK) {
        say("This system gives no randomness, or lacks a library.");
        return EXIT_FAILED;
    }
    if (local_client_open(&door.client, config->socket) != OK) {
        say("No wallet is running. Start one with: passmesh daemon");
        return EXIT_FAILED;
    }
    places.budget = &budget;
    bool is_open = (w->in_tpm && !is_both) || places_open_key(&places, w->device);
    is_open = is_open && ((!w->in_tpm && !is_both) || places_open_chip(&places, config, w->tpm));
    int n = snprintf(origin, sizeof origin, "http://passmesh.localhost:%u", config->port);
    door.api.call = door_call;
    door.entropy = &entropy;
    d = (struct device_vault){.api = &door.api,
                              .rng = &entropy.rng,
                              .budget = &budget,
                              .origin = span_of(origin, (size_t)n)};
    int code = is_open ? with_places(&places, &d, &door, w) : EXIT_FAILED;
    places_done(&places);
    local_client_close(&door.client);
    return code;
}

int main(int argc, char **argv)
{
    static struct config config;
    struct diag diag = {0};
    struct config_args where = {.exe_dir = ""};
    struct wish w = {.tpm = "/dev/tpmrm0"};
    if (!wish_read(&w, &where, argc, argv)) {
        return EXIT_USAGE;
    }
    fido_init(FIDO_DISABLE_U2F_FALLBACK);
    if (w.act == ACT_LIST) {
        return keys_list();
    }
    if (config_load(&config, &where, &diag) != OK) {
        say("The configuration is not right: %s.", diag.rule ? diag.rule : "it cannot be read");
        return EXIT_FAILED;
    }
    return with_daemon(&config, &w);
}
