/* What the words of the command line ask for. */
#include "devices.h"

#include <string.h>

static bool usage(void)
{
    say("usage: passmesh-devices [--home DIR] [--device PATH] [--pinentry PROGRAM]\n"
        "       [--tpm | --tpm-device PATH]\n"
        "       (list | enrol | unlock | approve OPERATION | add | fetch [NUMBER] | cosigner)\n"
        "The vault with a security key, or with --tpm this computer's TPM, without a browser.\n"
        "docs/vault.md tells more.");
    return false;
}

/* The options; how many words they took, or -1. */
static int read_options(struct wish *w, struct config_args *where, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--tpm") == 0) {
            w->in_tpm = true;
            continue;
        }
        if (strcmp(argv[i], "--home") == 0 && value) {
            where->home = value;
        } else if (strcmp(argv[i], "--device") == 0 && value) {
            w->device = value;
        } else if (strcmp(argv[i], "--tpm-device") == 0 && value) {
            w->in_tpm = true;
            w->tpm = value;
        } else if (strcmp(argv[i], "--pinentry") == 0 && value) {
            w->pinentry = value;
        } else {
            return -1;
        }
        i++;
    }
    return i;
}

/* One or two digits, not zero. */
static bool read_number(unsigned *ret, const char *word)
{
    size_t n = strlen(word);
    unsigned number = 0;
    if (n == 0 || n > 2 || strspn(word, "0123456789") != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        number = number * 10 + (unsigned)(word[i] - '0');
    }
    *ret = number;
    return number > 0;
}

/* What stands behind the act: an operation, or the number of a passkey. */
static bool read_rest(struct wish *w, int argc, char **argv)
{
    if (w->act == ACT_APPROVE && argc == 1) {
        w->operation = argv[0];
        return true;
    }
    if (w->act == ACT_FETCH && argc == 1) {
        return read_number(&w->number, argv[0]);
    }
    return argc == 0 && w->act != ACT_APPROVE;
}

static bool read_act(struct wish *w, int argc, char **argv)
{
    static const char *const names[] = {
        [ACT_LIST] = "list",        [ACT_ENROL] = "enrol", [ACT_UNLOCK] = "unlock",
        [ACT_APPROVE] = "approve",  [ACT_ADD] = "add",     [ACT_FETCH] = "fetch",
        [ACT_COSIGNER] = "cosigner"};
    for (size_t i = 0; argc > 0 && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(argv[0], names[i]) == 0) {
            w->act = (enum act)i;
            return read_rest(w, argc - 1, argv + 1);
        }
    }
    return false;
}

bool wish_read(struct wish *ret, struct config_args *where, int argc, char **argv)
{
    int i = read_options(ret, where, argc, argv);
    return (i > 0 && read_act(ret, argc - i, argv + i)) || usage();
}
