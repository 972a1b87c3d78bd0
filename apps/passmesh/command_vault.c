/* passmesh vault, passmesh accounts: the vault and ordinary accounts without the page. A secret is typed at the terminal or read from a
 * descriptor, sealed here for the key process, and never an argument, an environment variable or a line of the daemon's. */
#include "command_secret.h"
#include "commands.h"

#include "base/secret.h"
#include "base/wr.h"
#include "codec/base16.h"
#include "codec/json.h"
#include "node/keyd/keyd_wire.h"
#include "wallet/vault_content.h"

#include <stdio.h>
#include <string.h>

enum {
    PASSWORD_MAX = 256,
    SEALED_MAX = 4 + PASSWORD_MAX + COMMAND_SECRET_MAX,
    PARAMS_MAX = 2 * SEALED_MAX + 512,
    NEW_WORDS = 12
};

/* ---- passmesh vault ---- */

static void print_vault(struct json v)
{
    struct span state = SPAN_EMPTY;
    struct json passkeys = {.type = JSON_NULL};
    bool has_phrase = false;
    uint64_t wait_ms = 0;
    if (json_find_plain(&state, v, "state") != OK || !json_find(&passkeys, v, "passkeys") ||
        json_find_bool(&has_phrase, v, "has_phrase") != OK ||
        json_find_u64(&wait_ms, v, "wait_ms") != OK) {
        return;
    }
    (void)printf("%.*s, %zu passkeys, %s\n", (int)state.n, (const char *)state.p,
                 json_count(passkeys), has_phrase ? "a recovery phrase" : "no recovery phrase");
    if (span_equal(state, SPAN_LIT("none"))) {
        (void)puts("It is made in the page or by `passmesh-devices enrol`; `passmesh-devices "
                   "fetch` brings one back from servers.");
    }
    if (wait_ms > 0) {
        (void)printf("after wrong tries the next is taken in %llu s\n",
                     (unsigned long long)(wait_ms + 999) / 1000);
    }
}

static void print_nothing(struct json v)
{
    (void)v;
}

int command_vault(const struct command_args *args)
{
    char key[COMMAND_KEY_LEN + 1];
    char params[64];
    if (args->argc == 0 || (args->argc == 1 && strcmp(args->argv[0], "status") == 0)) {
        return commands_call(args, "vault_status", SPAN_LIT("{}"), print_vault);
    }
    if (args->argc != 1 || strcmp(args->argv[0], "lock") != 0) {
        command_say("usage: passmesh vault [status | lock]");
        return EXIT_USAGE;
    }
    if (!command_key(key)) {
        return EXIT_FAILED;
    }
    int n = snprintf(params, sizeof params, "{\"key\":\"%s\"}", key);
    return commands_call(args, "vault_lock", span_of(params, (size_t)n), print_nothing);
}

/* ---- passmesh accounts add ---- */

struct adding {
    const char *name;
    const char *kind; /* "phrase", "key", "file"; "new"; "watch" */
    const char *address;
    int fd; /* -1: the terminal */
    unsigned words;
};

static int usage(void)
{
    command_say(
        "usage: passmesh accounts add NAME (--new [--words 24] | --phrase | --key | --file | "
        "--watch ADDRESS) [--fd N]");
    return EXIT_USAGE;
}

static bool read_option(const struct command_args *args, int *i, struct adding *a)
{
    static const char *const kinds[] = {"--new", "--phrase", "--key", "--file", "--watch"};
    const char *word = args->argv[*i];
    int number = 0;
    if (strcmp(word, "--fd") == 0 && *i + 1 < args->argc) {
        return command_number(&a->fd, args->argv[++*i], 1023);
    }
    if (strcmp(word, "--words") == 0 && *i + 1 < args->argc) {
        bool is_number = command_number(&number, args->argv[++*i], 24);
        a->words = (unsigned)number;
        return is_number;
    }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (strcmp(word, kinds[k]) != 0 || a->kind) {
            continue;
        }
        a->kind = kinds[k] + 2;
        if (strcmp(word, "--watch") == 0) {
            a->address = *i + 1 < args->argc ? args->argv[++*i] : NULL;
            return a->address != NULL;
        }
        return true;
    }
    return false;
}

static bool read_adding(const struct command_args *args, struct adding *ret)
{
    *ret = (struct adding){.fd = -1, .words = NEW_WORDS};
    if (args->argc < 3 || strcmp(args->argv[0], "add") != 0) {
        return false;
    }
    ret->name = args->argv[1];
    for (int i = 2; i < args->argc; i++) {
        if (!read_option(args, &i, ret)) {
            return false;
        }
    }
    return ret->kind != NULL;
}

static void put_text16(struct wr *w, const struct typed *t)
{
    wr_be16(w, (uint16_t)t->n);
    wr_bytes(w, span_of(t->bytes, t->n));
}

/* The bytes that keyd wants for this kind, written to w. */
static bool gather(const struct adding *a, struct wr *w)
{
    static struct typed secret; /* large; wiped below */
    static struct typed password;
    const char *what = a->kind[0] == 'p' ? "Recovery phrase" : "Private key";
    bool is_file = strcmp(a->kind, "file") == 0;
    bool is_read = a->fd >= 0 ? typed_read(&secret, a->fd)
                   : is_file  ? false
                              : typed_prompt(&secret, what);
    if (is_file && a->fd < 0) {
        command_say("A key file is read from a descriptor: --fd 3 3<FILE. Its password is typed.");
    } else if (is_read && is_file) {
        is_read = typed_prompt(&password, "Password of the key file") && password.n <= PASSWORD_MAX;
        put_text16(w, &password);
        put_text16(w, &secret);
    } else if (is_read && strcmp(a->kind, "key") == 0) {
        size_t skip = secret.n > 2 && memcmp(secret.bytes, "0x", 2) == 0 ? 2 : 0;
        is_read = base16_decode(w, span_of(secret.bytes + skip, secret.n - skip)) == OK;
    } else if (is_read) {
        wr_bytes(w, span_of(secret.bytes, secret.n));
    }
    typed_wipe(&secret);
    typed_wipe(&password);
    return is_read && wr_ok(w);
}

static void put_head(struct json_writer *j, const struct adding *a, const char *key)
{
    json_put_object(j);
    json_put_name(j, "key");
    json_put_str(j, key);
    json_put_name(j, "name");
    json_put_str(j, a->name);
}

static void print_account(struct json v)
{
    struct span address = SPAN_EMPTY;
    struct span id = SPAN_EMPTY;
    if (json_find_plain(&address, v, "address") == OK && json_find_plain(&id, v, "id") == OK) {
        (void)printf("%.*s  %.*s\n", (int)id.n, (const char *)id.p, (int)address.n,
                     (const char *)address.p);
    }
}

/* {key, name, kind, sealed}: the secret is sealed to a key that the key process makes for this one message. */
static bool put_import(struct wr *params, const struct command_args *args, const struct adding *a)
{
    static uint8_t secret[SEALED_MAX];
    static char sealed[2 * SEALED_MAX];
    char key[COMMAND_KEY_LEN + 1];
    struct local_client c;
    struct wr plain = wr_init(MSPAN_OF(secret));
    struct wr text = wr_init(MSPAN_OF(sealed));
    struct json_writer j = json_writer_init(params);
    if (!gather(a, &plain)) {
        wipe(MSPAN_OF(secret));
        command_say("Nothing was added.");
        return false;
    }
    bool is_open = commands_open(args, &c);
    bool is_sealed = is_open &&
                     command_secret_seal(&c, &text, KEYD_VAULT_IMPORT, span_of(secret, plain.n)) &&
                     command_key(key);
    wipe(MSPAN_OF(secret));
    if (is_open) {
        local_client_close(&c);
    }
    if (!is_sealed) {
        return false;
    }
    put_head(&j, a, key);
    json_put_name(&j, "kind");
    json_put_str(&j, a->kind);
    json_put_name(&j, "sealed");
    json_put_string(&j, span_of(sealed, text.n));
    json_end_object(&j);
    return json_writer_end(&j) == OK;
}

static int add_plain(const struct command_args *args, const struct adding *a)
{
    char room[512];
    char key[COMMAND_KEY_LEN + 1];
    struct wr params = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&params);
    bool is_watch = strcmp(a->kind, "watch") == 0;
    if (!command_key(key)) {
        return EXIT_FAILED;
    }
    put_head(&j, a, key);
    if (is_watch) {
        json_put_name(&j, "address");
        json_put_str(&j, a->address);
    } else {
        json_put_name(&j, "words");
        json_put_u64(&j, a->words);
    }
    json_end_object(&j);
    if (json_writer_end(&j) != OK) {
        return usage();
    }
    return commands_call(args, is_watch ? "watch_add" : "ordinary_create", span_of(room, params.n),
                         print_account);
}

int command_accounts(const struct command_args *args)
{
    static char room[PARAMS_MAX];
    struct adding a;
    if (!read_adding(args, &a)) {
        return usage();
    }
    if (strcmp(a.kind, "watch") == 0 || strcmp(a.kind, "new") == 0) {
        return add_plain(args, &a);
    }
    struct wr params = wr_init(MSPAN_OF(room));
    if (!put_import(&params, args, &a)) {
        return EXIT_FAILED;
    }
    return commands_call(args, "ordinary_import", span_of(room, params.n), print_account);
}
