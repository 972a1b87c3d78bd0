/* passmesh backup, passmesh restore: the backup file, between the daemon and a file of the person's (docs/vault.md "The backup file"). */
#include "command_secret.h"
#include "commands.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "wallet/backup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PART_LEN = 8192, PARAMS_LEN_MAX = 2 * PART_LEN, WAIT_S = 600 };

static uint8_t file_bytes[BACKUP_LEN_MAX];

static uint64_t number_of(struct json v, const char *name)
{
    uint64_t n = 0;
    return json_find_u64(&n, v, name) == OK ? n : 0;
}

/* A method whose only parameter is its key. */
static bool ask_plain(struct local_client *c, const char *method, struct json *ret)
{
    char key[COMMAND_KEY_LEN + 1];
    char params[64];
    if (!command_key(key)) {
        return false;
    }
    int n = snprintf(params, sizeof params, "{\"key\":\"%s\"}", key);
    return commands_ask(c, method, span_of(params, (size_t)n), ret);
}

static void print_counts(struct json r, const char *what)
{
    (void)printf("%s: %llu accounts, %llu contacts\n", what,
                 (unsigned long long)number_of(r, "accounts"),
                 (unsigned long long)number_of(r, "contacts"));
}

/* ---- out ---- */

/* A file that is there already is left alone. */
static bool write_file(const char *path, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t at = 0;
    if (fd < 0) {
        command_say("%s cannot be made: is there a file of that name already?", path);
        return false;
    }
    while (at < n) {
        ssize_t put = write(fd, file_bytes + at, n - at);
        if (put <= 0) {
            break;
        }
        at += (size_t)put;
    }
    bool is_whole = at == n && fsync(fd) == 0;
    is_whole = close(fd) == 0 && is_whole;
    if (!is_whole) {
        command_say("%s could not be written whole, and was taken away.", path);
        (void)unlink(path);
    }
    return is_whole;
}

static bool read_part(struct local_client *c, size_t at, size_t size, size_t *ret_n)
{
    char params[48];
    struct json r;
    struct span text;
    struct wr w = wr_init(mspan_of(file_bytes + at, size - at));
    int n = snprintf(params, sizeof params, "{\"offset\":%zu}", at);
    if (!commands_ask(c, "backup_read", span_of(params, (size_t)n), &r)) {
        return false;
    }
    if (json_find_plain(&text, r, "data") != OK || base64_decode(&w, BASE64_URL_BARE, text) != OK ||
        w.n == 0) {
        command_say("What the wallet gave is no part of a backup file.");
        return false;
    }
    *ret_n = w.n;
    return true;
}

static bool make(struct local_client *c, const char *path)
{
    struct json r;
    size_t part = 0;
    if (!ask_plain(c, "backup_make", &r)) {
        return false;
    }
    const size_t size = (size_t)number_of(r, "size");
    if (size == 0 || size > sizeof file_bytes) {
        command_say("What the wallet gave is no backup file.");
        return false;
    }
    print_counts(r, "In the file");
    for (size_t at = 0; at < size; at += part) {
        if (!read_part(c, at, size, &part)) {
            return false;
        }
    }
    return write_file(path, size);
}

/* ---- back ---- */

static bool read_file(const char *path, size_t *ret_n)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t at = 0;
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && at < sizeof file_bytes) {
        got = read(fd, file_bytes + at, sizeof file_bytes - at);
        at += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (got < 0 || at == 0) {
        command_say("%s cannot be read.", path);
        return false;
    }
    *ret_n = at;
    return true;
}

static bool put_part(struct local_client *c, size_t at, size_t size)
{
    static char room[PARAMS_LEN_MAX];
    static char data[PARAMS_LEN_MAX];
    char key[COMMAND_KEY_LEN + 1];
    struct json r;
    const size_t n = size - at < PART_LEN ? size - at : PART_LEN;
    struct wr text = wr_init(MSPAN_OF(data));
    struct wr params = wr_init(MSPAN_OF(room));
    struct json_writer j = json_writer_init(&params);
    base64_encode(&text, BASE64_URL_BARE, span_of(file_bytes + at, n));
    if (!wr_ok(&text) || !command_key(key)) {
        return false;
    }
    json_put_object(&j);
    json_put_name(&j, "key");
    json_put_str(&j, key);
    json_put_name(&j, "offset");
    json_put_u64(&j, at);
    json_put_name(&j, "size");
    json_put_u64(&j, size);
    json_put_name(&j, "data");
    json_put_string(&j, span_of(data, text.n));
    json_end_object(&j);
    return json_writer_end(&j) == OK && commands_ask(c, "backup_part", span_of(room, params.n), &r);
}

static bool bring(struct local_client *c, const char *path)
{
    size_t size = 0;
    if (!read_file(path, &size)) {
        return false;
    }
    for (size_t at = 0; at < size; at += PART_LEN) {
        if (!put_part(c, at, size)) {
            return false;
        }
    }
    return true;
}

static bool unlock_by_phrase(struct local_client *c, int fd)
{
    static struct typed phrase;
    static char sealed[4 * COMMAND_SECRET_MAX];
    static char params[4 * COMMAND_SECRET_MAX + 128];
    char key[COMMAND_KEY_LEN + 1];
    struct json r;
    struct wr text = wr_init(mspan_of(sealed, sizeof sealed - 1));
    bool done = fd >= 0 ? typed_read(&phrase, fd) : typed_prompt(&phrase, "Recovery phrase");
    done = done &&
           command_secret_seal(c, &text, KEYD_VAULT_UNLOCK_PHRASE, span_of(phrase.bytes, phrase.n));
    typed_wipe(&phrase);
    if (!done || !command_key(key)) {
        return false;
    }
    int n = snprintf(params, sizeof params, "{\"key\":\"%s\",\"sealed\":\"%.*s\"}", key,
                     (int)text.n, sealed);
    return commands_ask(c, "vault_unlock_phrase", span_of(params, (size_t)n), &r);
}

/* The passkey is asked by the page, or by passmesh-devices; here it is waited for. */
static bool wait_for_passkey(struct local_client *c)
{
    char state[COMMAND_TEXT_LEN];
    struct json r;
    (void)puts(
        "Open the vault with a passkey now: in the page (passmesh open, then Vault), or with "
        "a security key: passmesh-devices unlock");
    (void)fflush(stdout);
    for (int i = 0; i < WAIT_S; i++) {
        if (!commands_ask(c, "vault_status", SPAN_LIT("{}"), &r)) {
            return false;
        }
        if (strcmp(command_text(r, "state", state), "open") == 0) {
            return true;
        }
        (void)sleep(1);
    }
    command_say("No passkey has opened the vault. Run this again when one is at hand.");
    return false;
}

struct restoring {
    const char *path;
    bool by_passkey;
    int fd; /* -1: the terminal */
};

static bool restore(struct local_client *c, const struct restoring *what)
{
    struct json r;
    if (!bring(c, what->path) || !ask_plain(c, "restore_begin", &r)) {
        return false;
    }
    bool is_open = what->by_passkey ? wait_for_passkey(c) : unlock_by_phrase(c, what->fd);
    if (!is_open || !ask_plain(c, "restore_finish", &r)) {
        return false;
    }
    print_counts(r, "Back");
    return true;
}

static bool check_file(struct local_client *c, const char *path)
{
    struct json r;
    if (!bring(c, path) || !ask_plain(c, "backup_check", &r)) {
        return false;
    }
    print_counts(r, "The file opens");
    return true;
}

int command_backup(const struct command_args *args)
{
    struct local_client c;
    const bool is_check = args->argc == 2 && strcmp(args->argv[0], "--check") == 0;
    if ((args->argc != 1 && !is_check) || args->argv[args->argc - 1][0] == '-') {
        command_say("usage: passmesh backup [--check] FILE");
        return EXIT_USAGE;
    }
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    const char *path = args->argv[args->argc - 1];
    bool done = is_check ? check_file(&c, path) : make(&c, path);
    local_client_close(&c);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static bool read_words(const struct command_args *args, struct restoring *ret)
{
    *ret = (struct restoring){.fd = -1};
    for (int i = 0; i < args->argc; i++) {
        const char *word = args->argv[i];
        if (strcmp(word, "--passkey") == 0) {
            ret->by_passkey = true;
        } else if (strcmp(word, "--fd") == 0 && i + 1 < args->argc) {
            if (!command_number(&ret->fd, args->argv[++i], 1023)) {
                return false;
            }
        } else if (word[0] == '-' || ret->path) {
            return false;
        } else {
            ret->path = word;
        }
    }
    return ret->path && !(ret->by_passkey && ret->fd >= 0);
}

int command_restore(const struct command_args *args)
{
    struct local_client c;
    struct restoring what;
    if (!read_words(args, &what)) {
        command_say("usage: passmesh restore FILE [--passkey | --fd N]");
        return EXIT_USAGE;
    }
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    bool done = restore(&c, &what);
    local_client_close(&c);
    return done ? EXIT_DONE : EXIT_FAILED;
}
