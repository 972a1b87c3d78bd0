/* passmesh-repo: makes and signs a TUF repository of one's own. */
#include "codec/decimal.h"
#include "node/plugin/repo.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int help(FILE *to)
{
    (void)fprintf(
        to,
        "passmesh-repo: makes and signs a repository of packages.\n\n"
        "usage: passmesh-repo keygen [--p256] KEY_FILE\n"
        "       passmesh-repo public PKCS11_URI\n"
        "       passmesh-repo init DIR [--development] root=PUB[,PUB]...[:THRESHOLD] "
        "targets=... snapshot=... "
        "timestamp=...\n"
        "       passmesh-repo add DIR NAME FILE [--custom JSON_FILE]\n"
        "       passmesh-repo remove DIR NAME\n"
        "       passmesh-repo rotate DIR ROLE=PUB[,PUB]...[:THRESHOLD]...\n"
        "       passmesh-repo sign DIR root|targets KEY...\n"
        "       passmesh-repo publish DIR [--snapshot KEY]... --timestamp KEY...\n\n"
        "A KEY is a KEY_FILE, or a key in a token: pkcs11:token=NAME;object=NAME. Its PIN is asked "
        "at the terminal, or, with\n"
        "--pin-fd N in front of all words, read from descriptor N, one line for each token.\n"
        "keygen writes KEY_FILE, which is secret, and KEY_FILE.pub, which the others take. "
        "Changes wait in DIR/draft until\n"
        "enough keys have signed; publish checks that and writes DIR/metadata. Serve "
        "DIR/metadata and DIR/targets.\n"
        "Without --snapshot publish renews the timestamp alone. docs/release.md tells how "
        "several persons do it.\n"
        "Exit codes: 0 done, 1 refused or failed, 2 wrong usage.\n");
    return to == stdout ? EXIT_GOOD : EXIT_USAGE;
}

static int keygen(int argc, char **argv)
{
    bool is_p256 = argc == 2 && strcmp(argv[0], "--p256") == 0;
    if (argc != 1 + is_p256) {
        return help(stderr);
    }
    enum err e = repo_key_new(is_p256 ? TUF_KEY_P256 : TUF_KEY_ED25519, argv[argc - 1]);
    if (e != OK) {
        (void)fprintf(stderr, "passmesh-repo: the key cannot be written: %s\n",
                      e == ERR_STATE ? "there is such a file" : err_name(e));
    }
    return e == OK ? EXIT_GOOD : EXIT_FAILED;
}

static bool take_publish(struct repo_publish *keys, int argc, char **argv)
{
    for (int i = 0; i < argc; i += 2) {
        bool is_snapshot = strcmp(argv[i], "--snapshot") == 0;
        if (i + 1 == argc || (!is_snapshot && strcmp(argv[i], "--timestamp") != 0)) {
            return false;
        }
        size_t *count = is_snapshot ? &keys->snapshot_count : &keys->timestamp_count;
        if (*count == REPO_KEYS_MAX) {
            return false;
        }
        (is_snapshot ? keys->snapshot_keys : keys->timestamp_keys)[(*count)++] = argv[i + 1];
    }
    return keys->timestamp_count > 0;
}

/* The commands on an open repository; false: wrong usage. */
static bool run(enum err *ret, struct repo *r, const char *command, int argc, char **argv)
{
    const char *const *words = (const char *const *)argv;
    size_t count = argc > 0 ? (size_t)argc : 0;
    struct repo_publish keys = {0};
    bool is_init = strcmp(command, "init") == 0;
    r->is_development = is_init && count > 0 && strcmp(words[0], "--development") == 0;
    if (is_init && count == (size_t)TUF_ROLE_COUNT + r->is_development) {
        *ret = repo_init(r, words + r->is_development, TUF_ROLE_COUNT);
    } else if (strcmp(command, "rotate") == 0 && count > 0) {
        *ret = repo_rotate(r, words, count);
    } else if (strcmp(command, "add") == 0 && count == 2) {
        *ret = repo_add(r, words[0], words[1], NULL);
    } else if (strcmp(command, "add") == 0 && count == 4 && strcmp(words[2], "--custom") == 0) {
        *ret = repo_add(r, words[0], words[1], words[3]);
    } else if (strcmp(command, "remove") == 0 && count == 1) {
        *ret = repo_remove(r, words[0]);
    } else if (strcmp(command, "sign") == 0 && count > 1) {
        *ret = repo_sign(r, words[0], words + 1, count - 1);
    } else if (strcmp(command, "publish") == 0 && take_publish(&keys, argc, argv)) {
        *ret = repo_publish(r, &keys);
    } else {
        return false;
    }
    return true;
}

/* Takes --pin-fd N off the front; -1: there is none, -2: it is no number. */
static int take_pin_fd(int *argc, char ***argv)
{
    uint64_t fd;
    if (*argc < 3 || strcmp((*argv)[1], "--pin-fd") != 0) {
        return -1;
    }
    if (decimal_parse(&fd, span_str((*argv)[2]), INT_MAX) != OK) {
        return -2;
    }
    *argc -= 2;
    *argv += 2;
    return (int)fd;
}

int main(int argc, char **argv)
{
    static struct repo repo;
    enum err e = OK;
    int pin_fd = take_pin_fd(&argc, &argv);
    if (pin_fd < -1) {
        return help(stderr);
    }
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        return help(stdout);
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        (void)puts("passmesh-repo " PASSMESH_VERSION);
        return EXIT_GOOD;
    }
    if (argc >= 3 && strcmp(argv[1], "keygen") == 0) {
        return keygen(argc - 2, argv + 2);
    }
    if (argc == 3 && strcmp(argv[1], "public") == 0) {
        return repo_token_show(argv[2], pin_fd) == OK ? EXIT_GOOD : EXIT_FAILED;
    }
    if (argc < 4) {
        return help(stderr);
    }
    e = repo_open(&repo, argv[2]);
    repo.pin_fd = pin_fd;
    bool is_known = e != OK || run(&e, &repo, argv[1], argc - 3, argv + 3);
    if (e != OK) {
        (void)fprintf(stderr, "passmesh-repo: %s\n", repo.words[0] ? repo.words : err_name(e));
    }
    repo_close(&repo);
    if (!is_known) {
        return help(stderr);
    }
    return e == OK ? EXIT_GOOD : EXIT_FAILED;
}
