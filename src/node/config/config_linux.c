/* Directories and the configuration file. */
#include "node/config/config.h"

#include "base/check.h"
#include "codec/ini.h"
#include "evm/u256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
    CONFIG_FILE_LEN_MAX = 64 * 1024,
    PORT_DEFAULT = 7878,
    MIB = 1024 * 1024,
    MEMORY_MIB_DEFAULT = 64,
    TRIAL_S_DEFAULT = 600,
    TRIAL_S_MAX = 86400,
    PEERS_MAX = 1000000
};

enum err config_read_file(const char *path, size_t len_max, char **ret_text, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    char *text = malloc(len_max + 1);
    if (!text) {
        abort();
    }
    size_t n = 0;
    ssize_t got = 1;
    while (got > 0 && n <= len_max) {
        got = read(fd, text + n, len_max + 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    if (got < 0 || n > len_max) {
        free(text);
        return got < 0 ? ERR_IO : ERR_LIMIT;
    }
    *ret_text = text;
    *ret_len = n;
    return OK;
}

static enum err set_path(char out[static CONFIG_PATH_LEN_MAX], const char *a, const char *b)
{
    int n = snprintf(out, CONFIG_PATH_LEN_MAX, "%s%s", a, b);
    return n > 0 && n < CONFIG_PATH_LEN_MAX ? OK : ERR_IO;
}

static const char *env(const char *name)
{
    const char *v = getenv(name);
    return v && v[0] ? v : NULL;
}

/* $XDG_X/passmesh, or the fallback below the home directory (XDG Base Directory Specification). */
static enum err set_xdg(char out[static CONFIG_PATH_LEN_MAX],
                        const char *variable,
                        const char *home,
                        const char *below,
                        const char *name)
{
    const char *base = env(variable);
    char parent[CONFIG_PATH_LEN_MAX];
    if (base && base[0] == '/') {
        TRY(set_path(parent, base, "/"));
    } else if (home) {
        TRY(set_path(parent, home, below));
    } else {
        return ERR_IO;
    }
    return set_path(out, parent, name);
}

static enum err set_dirs(struct config *c, const struct config_args *args)
{
    const char *home = args->home ? args->home : env("PASSMESH_HOME");
    const char *name = args->name ? args->name : "passmesh";
    if (home) {
        TRY(set_path(c->data_dir, home, "/data"));
        TRY(set_path(c->config_dir, home, "/config"));
        return set_path(c->runtime_dir, home, "/run");
    }
    const char *user_home = env("HOME");
    TRY(set_xdg(c->data_dir, "XDG_DATA_HOME", user_home, "/.local/share/", name));
    TRY(set_xdg(c->config_dir, "XDG_CONFIG_HOME", user_home, "/.config/", name));
    if (set_xdg(c->runtime_dir, "XDG_RUNTIME_DIR", NULL, "", name) == OK) {
        return OK;
    }
    return set_path(c->runtime_dir, c->data_dir, "/run");
}

static enum err set_programs(struct config *c, const struct config_args *args)
{
    TRY(set_path(c->socket, c->runtime_dir, "/passmesh.sock"));
    TRY(set_path(c->keyd, args->exe_dir, "/passmesh-keyd"));
    if (env("PASSMESH_KEYD")) {
        TRY(set_path(c->keyd, env("PASSMESH_KEYD"), ""));
    }
    TRY(set_path(c->ui_dir, args->exe_dir, "/../share/passmesh/ui"));
    if (access(c->ui_dir, F_OK) != 0) {
        TRY(set_path(c->ui_dir, args->exe_dir, "/../ui")); /* of a build directory */
    }
    if (env("PASSMESH_UI")) {
        TRY(set_path(c->ui_dir, env("PASSMESH_UI"), ""));
    }
    return OK;
}

enum err config_find_places(struct config *ret, const struct config_args *args)
{
    TRY(set_dirs(ret, args));
    return set_programs(ret, args);
}

bool config_is_key(const struct ini_entry *e, const char *section, const char *key)
{
    return span_equal(e->section, span_str(section)) && span_equal(e->key, span_str(key));
}

enum err
config_get_number(uint64_t *ret, const struct ini_entry *e, uint64_t max, struct diag *diag)
{
    struct u256 wide;
    uint64_t v;
    if (u256_parse_decimal(&wide, e->value) != OK || u256_to_u64(&v, wide) != OK || v == 0 ||
        v > max) {
        return diag_set(diag, ERR_MALFORMED, "a whole number above 0 and within its range",
                        e->line);
    }
    *ret = v;
    return OK;
}

enum err config_get_text(char *ret, size_t cap, const struct ini_entry *e, struct diag *diag)
{
    if (e->value.n == 0 || e->value.n >= cap) {
        return diag_set(diag, ERR_MALFORMED, "the value is empty or too long", e->line);
    }
    memcpy(ret, e->value.p, e->value.n);
    ret[e->value.n] = '\0';
    return OK;
}

/* One of two words; *ret: is it the second? */
static enum err read_word(bool *ret,
                          const struct ini_entry *e,
                          const char *const words[static 2],
                          struct diag *diag,
                          const char *rule)
{
    *ret = span_equal(e->value, span_str(words[1]));
    return *ret || span_equal(e->value, span_str(words[0]))
               ? OK
               : diag_set(diag, ERR_MALFORMED, rule, e->line);
}

MUST_CHECK static enum err
add_rule(struct conn_rules *rules, const struct ini_entry *e, struct diag *diag)
{
    enum err err = conn_rules_add(rules, e->value);
    return err == OK
               ? OK
               : diag_set(diag, err,
                          err == ERR_LIMIT ? "at most 128 rules of a kind"
                                           : "a rule is a peer id, an IP address, or a network "
                                             "such as 203.0.113.0/24",
                          e->line);
}

/* read_peer_limits: ERR_NOT_FOUND: another key. */
MUST_CHECK static enum err
read_peer_limits(struct config_peers *p, const struct ini_entry *e, struct diag *diag)
{
    const struct {
        const char *key;
        uint32_t *place;
    } numbers[] = {
        {"high_water",  &p->high       },
        {"low_water",   &p->low        },
        {"grace_s",     &p->grace_s    },
        {"per_address", &p->per_host   },
        {"per_network", &p->per_network},
    };
    if (config_is_key(e, "peers", "allow")) {
        return add_rule(&p->gate.allow, e, diag);
    }
    if (config_is_key(e, "peers", "deny")) {
        return add_rule(&p->gate.deny, e, diag);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (config_is_key(e, "peers", numbers[i].key)) {
            uint64_t number;
            TRY(config_get_number(&number, e, PEERS_MAX, diag));
            *numbers[i].place = (uint32_t)number;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err config_read_common(struct config *c, const struct ini_entry *e, struct diag *diag)
{
    static const char *const levels[] = {"info", "debug"};
    static const char *const needs[] = {"required", "optional"};
    static const char *const seals[] = {"optional", "required"};
    if (config_is_key(e, "log", "level")) {
        return read_word(&c->is_debug, e, levels, diag, "log level is info or debug");
    }
    if (config_is_key(e, "process", "sandbox")) {
        return read_word(&c->is_sandbox_optional, e, needs, diag,
                         "sandbox is required or optional");
    }
    if (config_is_key(e, "keys", "tpm")) {
        return config_get_text(c->tpm, sizeof c->tpm, e, diag);
    }
    if (config_is_key(e, "keys", "seal")) {
        return read_word(&c->is_seal_required, e, seals, diag, "seal is optional or required");
    }
    return read_peer_limits(&c->peer_limits, e, diag);
}

enum err config_get_flag(bool *ret, const struct ini_entry *e, struct diag *diag)
{
    *ret = span_equal(e->value, SPAN_LIT("yes"));
    return *ret || span_equal(e->value, SPAN_LIT("no"))
               ? OK
               : diag_set(diag, ERR_MALFORMED, "the value is yes or no", e->line);
}

enum err
config_get_public_peer(struct config_public_dht *ret, const struct ini_entry *e, struct diag *diag)
{
    if (ret->peers_count >= CONFIG_PUBLIC_PEER_COUNT_MAX) {
        return diag_set(diag, ERR_LIMIT, "at most 8 of these", e->line);
    }
    TRY(config_get_text(ret->peers[ret->peers_count], sizeof ret->peers[0], e, diag));
    ret->peers_count++;
    return OK;
}

MUST_CHECK static enum err
read_public_use(enum config_public_use *ret, const struct ini_entry *e, struct diag *diag)
{
    bool is_yes = false;
    if (span_equal(e->value, SPAN_LIT("ask"))) {
        *ret = CONFIG_PUBLIC_ASK;
        return OK;
    }
    if (config_get_flag(&is_yes, e, NULL) != OK) {
        return diag_set(diag, ERR_MALFORMED, "public_dht is ask, yes or no", e->line);
    }
    *ret = is_yes ? CONFIG_PUBLIC_YES : CONFIG_PUBLIC_NO;
    return OK;
}

/* Where servers are looked for while there are few. ERR_NOT_FOUND: another key. */
MUST_CHECK static enum err
read_search(struct config *c, const struct ini_entry *e, struct diag *diag)
{
    if (config_is_key(e, "peers", "dht")) {
        return config_get_flag(&c->is_dht, e, diag);
    }
    if (config_is_key(e, "peers", "rendezvous")) {
        return config_get_flag(&c->is_rendezvous, e, diag);
    }
    if (config_is_key(e, "peers", "directory")) {
        return config_get_flag(&c->is_directory, e, diag);
    }
    if (config_is_key(e, "peers", "public_dht")) {
        return read_public_use(&c->public_use, e, diag);
    }
    if (config_is_key(e, "peers", "public_dht_peer")) {
        return config_get_public_peer(&c->public_dht, e, diag);
    }
    return ERR_NOT_FOUND;
}

static enum err read_entry(void *user, const struct ini_entry *e, struct diag *diag)
{
    struct config *c = user;
    uint64_t number = 0;
    if (config_is_key(e, "page", "port")) {
        TRY(config_get_number(&number, e, UINT16_MAX, diag));
        c->port = (uint16_t)number;
        return OK;
    }
    if (config_is_key(e, "peers", "listen")) {
        return config_get_text(c->listen, sizeof c->listen, e, diag);
    }
    if (config_is_key(e, "peers", "memory_mib")) {
        TRY(config_get_number(&number, e, 4096, diag));
        c->memory_max = (size_t)number * MIB;
        return OK;
    }
    if (config_is_key(e, "peers", "server")) {
        if (c->peer_count >= CONFIG_PEER_COUNT_MAX) {
            return diag_set(diag, ERR_LIMIT, "at most 16 servers", e->line);
        }
        TRY(config_get_text(c->peers[c->peer_count], sizeof c->peers[0], e, diag));
        c->peer_count++;
        return OK;
    }
    if (config_is_key(e, "light_client", "checkpoint")) {
        if (c->checkpoint_count >= CONFIG_CHECKPOINT_COUNT_MAX) {
            return diag_set(diag, ERR_LIMIT, "at most 8 checkpoints", e->line);
        }
        return config_get_text(c->checkpoints[c->checkpoint_count++], sizeof c->checkpoints[0], e,
                               diag);
    }
    if (config_is_key(e, "peers", "attestation")) {
        return config_get_text(c->attestation, sizeof c->attestation, e, diag);
    }
    if (config_is_key(e, "peers", "mdns")) {
        return config_get_flag(&c->is_mdns, e, diag);
    }
    if (config_is_key(e, "vault", "copies")) {
        return config_get_flag(&c->is_copies, e, diag);
    }
    if (config_is_key(e, "peers", "mdns_port")) {
        TRY(config_get_number(&number, e, UINT16_MAX, diag));
        c->mdns_port = (uint16_t)number;
        return OK;
    }
    if (config_is_key(e, "plugin", "trial_s")) {
        return config_get_number(&c->plugin_trial_s, e, TRIAL_S_MAX, diag);
    }
    enum err err = read_search(c, e, diag);
    err = err == ERR_NOT_FOUND ? config_read_common(c, e, diag) : err;
    return err != ERR_NOT_FOUND
               ? err
               : diag_set(diag, ERR_MALFORMED, "unknown section or key: docs/config.md lists them",
                          e->line);
}

enum err config_read_ini(const char *path, config_entry_fn read, void *user, struct diag *diag)
{
    char *text = NULL;
    size_t len = 0;
    enum err err = config_read_file(path, CONFIG_FILE_LEN_MAX, &text, &len);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    if (err != OK) {
        return diag_set(diag, err, "the file cannot be read", 0);
    }
    struct ini ini = ini_init(span_of(text, len));
    struct ini_entry e;
    while ((err = ini_next(&ini, &e, diag)) == OK) {
        err = read(user, &e, diag);
        if (err != OK) {
            break;
        }
    }
    free(text);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err config_load(struct config *ret, const struct config_args *args, struct diag *diag)
{
    *ret = (struct config){.port = PORT_DEFAULT,
                           .memory_max = (size_t)MEMORY_MIB_DEFAULT * MIB,
                           .is_mdns = true,
                           .is_dht = true,
                           .is_directory = true,
                           .is_rendezvous = true,
                           .is_copies = true,
                           .plugin_trial_s = TRIAL_S_DEFAULT};
    char path[CONFIG_PATH_LEN_MAX];
    enum err err = config_find_places(ret, args);
    if (err == OK) {
        err = set_path(path, ret->config_dir, "/passmesh.ini");
    }
    if (err != OK) {
        return diag_set(diag, err, "no home directory: set HOME, or pass --home DIR (a short one)",
                        0);
    }
    TRY(config_read_ini(path, read_entry, ret, diag));
    if (env("PASSMESH_NETWORK") && set_path(ret->network_file, env("PASSMESH_NETWORK"), "") != OK) {
        return diag_set(diag, ERR_IO, "PASSMESH_NETWORK is too long a path", 0);
    }
    ret->is_software_key = env("PASSMESH_SOFTWARE_KEY") != NULL;
    return OK;
}

/* Makes dir and what is missing above it. */
static bool make_dir(const char *dir)
{
    char path[CONFIG_PATH_LEN_MAX];
    size_t n = strlen(dir);
    check(n < sizeof path);
    memcpy(path, dir, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] == '/' || path[i] == '\0') {
            char kept = path[i];
            path[i] = '\0';
            if (mkdir(path, 0700) != 0 && errno != EEXIST) {
                return false;
            }
            path[i] = kept;
        }
    }
    return true;
}

static bool is_private(const char *dir)
{
    struct stat st;
    if (lstat(dir, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != getuid()) {
        return false;
    }
    return (st.st_mode & 077) == 0 || chmod(dir, 0700) == 0;
}

static bool has_room(const char *dir)
{
    struct statvfs st;
    return statvfs(dir, &st) != 0 ||
           (uint64_t)st.f_bavail * (uint64_t)st.f_frsize >= CONFIG_DISK_LEN_MIN;
}

static enum err make_private_dir(const char *dir)
{
    if (!make_dir(dir)) {
        return errno == ENOSPC || errno == EDQUOT ? ERR_LIMIT : ERR_IO;
    }
    return is_private(dir) ? OK : ERR_DENIED;
}

enum err config_make_dirs(const struct config *c, const char **ret_path)
{
    *ret_path = c->data_dir;
    TRY(make_private_dir(c->data_dir));
    if (!has_room(c->data_dir)) {
        return ERR_LIMIT;
    }
    *ret_path = c->runtime_dir;
    TRY(make_private_dir(c->runtime_dir));
    *ret_path = c->config_dir;
    return make_dir(c->config_dir) ? OK : ERR_IO;
}

void config_say_dirs(char ret[static CONFIG_SENTENCE_LEN_MAX], enum err err, const char *path)
{
    (void)snprintf(ret, CONFIG_SENTENCE_LEN_MAX,
                   err == ERR_LIMIT ? "The disk of %s is full: free some space, then start again. "
                                      "Nothing was changed."
                                    : "The directory %s cannot be made, or is not yours alone.",
                   path);
}
