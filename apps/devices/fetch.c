/* passmesh-devices fetch: the vault back from the servers that keep it, with a passkey and nothing else. */
#include "devices.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A wallet that has just been started is still looking for servers. */
enum { LOOK_TRIES = 15, LOOK_PAUSE_S = 2 };

static bool is_refused(const struct door *door, enum err e, const char *code)
{
    return e == ERR_DENIED && strcmp(door->api.code, code) == 0;
}

static enum err bring(struct device_vault *d, const struct door *door, struct device_fetch *f)
{
    const struct timespec pause = {.tv_sec = LOOK_PAUSE_S};
    enum err e = device_vault_fetch(d, f);
    for (int i = 1; i < LOOK_TRIES && is_refused(door, e, "copies_none"); i++) {
        if (i == 1) {
            say("Looking for servers that keep vaults.");
        }
        (void)nanosleep(&pause, NULL);
        e = device_vault_fetch(d, f);
    }
    return e;
}

static const char *name_of(const struct device_fetch *f, size_t i)
{
    return f->names[i].text[0] ? f->names[i].text : "a passkey without a name";
}

static void list_passkeys(const struct device_fetch *f)
{
    for (size_t i = 0; i < f->count; i++) {
        say("  %zu  %s", i + 1, name_of(f, i));
    }
}

/* The passkey that asked, as far as it has a name here. */
static void say_passkey(const struct device_vault *d, const struct device_fetch *f)
{
    char id[2 * 8 + 1] = "";
    size_t n = d->answer.credential_id_len < 8 ? d->answer.credential_id_len : 8;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(id + 2 * i, 3, "%02x", d->answer.credential_id[i]);
    }
    if (f->taken > 0) {
        say("It was asked for with passkey %zu of %zu, \"%s\" (%s).", f->taken, f->count,
            name_of(f, f->taken - 1), id);
    } else {
        say("It was asked for with the only passkey of the wallet that is there (%s).", id);
    }
    if (f->count > 1) {
        say("These are there; `fetch NUMBER` asks with another:");
        list_passkeys(f);
    }
}

static int not_chosen(const struct device_fetch *f)
{
    if (f->number > 0) {
        say("There is no passkey %zu. These are there:", f->number);
    } else {
        say("Several passkeys are there. Say which: `passmesh-devices fetch NUMBER`");
    }
    list_passkeys(f);
    return EXIT_FAILED;
}

static int
not_brought(const struct device_vault *d, const struct door *door, const struct device_fetch *f)
{
    const char *code = door->api.code;
    if (strcmp(code, "copies_none") == 0) {
        say("No server that keeps vaults can be reached now. Is this computer connected?");
    } else if (strcmp(code, "copies_not_found") == 0) {
        say("None of the %llu servers that were asked has a vault of this passkey.",
            (unsigned long long)f->servers);
        say_passkey(d, f);
        say("Servers forget a vault 90 days after it was brought last, and give it only to a "
            "wallet whose page has the same port ([page] port in passmesh.ini). A backup file "
            "brings it back, too: `passmesh restore FILE`.");
    } else if (strcmp(code, "copies_silent") == 0) {
        say("The servers that keep vaults did not answer. Try again later.");
    } else if (strcmp(code, "vault_exists") == 0) {
        say("There is a vault here already: `passmesh vault status`. It is not replaced.");
    } else if (strcmp(code, "locked") == 0) {
        say("The wallet is locked: unlock it first.");
    } else {
        return tell(ERR_DENIED, door, "");
    }
    return EXIT_FAILED;
}

/* What came is here now and locked, whatever happens next. */
static int open_it(struct device_vault *d,
                   const struct door *door,
                   const struct device_fetch *f,
                   const struct wish *w)
{
    (void)printf("The vault is here, and locked: %llu servers were asked.\n",
                 (unsigned long long)f->servers);
    (void)fflush(stdout);
    if (!w->in_tpm) {
        say("Touch the key once more, to open it.");
    }
    enum err e = device_vault_unlock(d);
    if (is_refused(door, e, "vault_wrong")) {
        say("This passkey does not open what the servers gave: it is another vault. Another home "
            "directory (--home) can ask again, when other servers are there.");
        return EXIT_FAILED;
    }
    return tell(e, door, "The vault is open, and its accounts are here.");
}

int fetch_vault(struct device_vault *d, const struct door *door, const struct wish *w)
{
    static struct device_fetch f;
    f.number = w->number;
    enum err e = bring(d, door, &f);
    switch (e) {
    case OK: return open_it(d, door, &f, w);
    case ERR_NOT_FOUND:
        if (f.count > 0) {
            return not_chosen(&f);
        }
        say("There is no passkey of the wallet: not on this key, or not in this computer's TPM.");
        return EXIT_FAILED;
    case ERR_UNSUPPORTED:
        say("This passkey does not say whose it is, so its vault cannot be looked for.");
        return EXIT_FAILED;
    case ERR_DENIED:    return not_brought(d, door, &f);
    case ERR_AUTH:
    case ERR_STATE:
    case ERR_TIMEOUT:
    case ERR_MALFORMED:
    case ERR_TRUNCATED:
    case ERR_LIMIT:
    case ERR_CLOSED:
    case ERR_IO:
    case ERR_INTERNAL:
    case ERR_COUNT:     break;
    }
    return tell(e, door, "");
}
