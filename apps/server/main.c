/* passmesh-server: a node that serves wallets. This file reads the command line. */
#include "ready.h"
#include "withdraw.h"

#include "node/os/process.h"
#include "node/os/sandbox_node.h"
#include "node/server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int help(FILE *to)
{
    (void)fprintf(
        to,
        "passmesh-server: serves wallets over libp2p, from your own Ethereum node.\n\n"
        "usage: passmesh-server [--home DIR] --network NAME|FILE --node URL --listen MULTIADDR "
        "[--json] [--sandbox-optional]\n\n"
        "  --home DIR          keep keys, records and server.ini below DIR (else the XDG "
        "directories)\n"
        "  --network NAME      ethereum, sepolia, base, op or arbitrum; or the file of a local "
        "network\n"
        "  --node URL          your Ethereum node: http://127.0.0.1:8545\n"
        "  --listen MULTIADDR  where peers come in: /ip4/0.0.0.0/tcp/4001 (port 0: a free one)\n"
        "  --json              say in one line of JSON, on stdout, that the server is up\n"
        "  --sandbox-optional  start also where the system does not give the whole sandbox\n"
        "  --help, --version\n\n"
        "passmesh-server [...] withdraw ADDRESS [AMOUNT] [--yes]\n"
        "  takes AMOUNT ether (or all, but for the gas) out of the bundler's account, while no "
        "server runs;\n"
        "  asks before it signs, or does not with --yes\n\n"
        "server.ini may hold all of it, and the limits: docs/config.md. The bundler's address, "
        "printed at the\n"
        "start, needs ether for gas: docs/server.md. Ctrl-C ends it when what is under way is "
        "answered.\n"
        "Exit codes: 0 ended as told, 1 failed, 2 wrong usage.\n");
    return to == stdout ? EXIT_GOOD : EXIT_USAGE;
}

/* The directory of this program, where its siblings lie. */
static void find_exe_dir(char out[static CONFIG_PATH_LEN_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, CONFIG_PATH_LEN_MAX - 1);
    out[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash) {
        *slash = '\0';
    }
}

static int run(const struct server_config_args *args, struct withdraw_words *words)
{
    static struct server_config config;
    char text[SERVER_TEXT_LEN] = "";
    struct diag diag = {0};
    enum err err = server_config_load(&config, args, &diag);
    if (err != OK) {
        const char *rule = diag.rule ? diag.rule : "the configuration cannot be read";
        (void)fprintf(stderr, "passmesh-server: %s.\n", rule);
        if (diag.offset > 0) {
            (void)fprintf(stderr, "See line %zu of server.ini.\n", diag.offset);
        }
        return diag.offset > 0 || err == ERR_IO ? EXIT_FAILED : EXIT_USAGE;
    }
    if (words->is_withdrawal) {
        return withdraw(&config, words);
    }
    if (server_run(&config, text, ready_say, &words->is_json) == OK) {
        return EXIT_GOOD;
    }
    (void)fprintf(stderr, "passmesh-server: %s\n", text);
    return EXIT_FAILED;
}

/* A word that is no flag with a value: false if there is none such. */
static bool take_word(struct withdraw_words *w, struct server_config_args *args, const char *word)
{
    if (strcmp(word, "--json") == 0) {
        w->is_json = true;
    } else if (strcmp(word, "--sandbox-optional") == 0) {
        args->is_sandbox_optional = true;
    } else if (strcmp(word, "withdraw") == 0 && !w->is_withdrawal) {
        w->is_withdrawal = true;
        args->listen = args->listen ? args->listen : "-"; /* nobody comes in */
    } else if (w->is_withdrawal && strcmp(word, "--yes") == 0) {
        w->is_sure = true;
    } else if (w->is_withdrawal && word[0] != '-' && !w->address) {
        w->address = word;
    } else if (w->is_withdrawal && word[0] != '-' && !w->amount) {
        w->amount = word;
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    char exe_dir[CONFIG_PATH_LEN_MAX];
    struct server_config_args args = {.exe_dir = exe_dir};
    const struct {
        const char *flag;
        const char **place;
    } flags[] = {
        {"--home",    &args.home   },
        {"--network", &args.network},
        {"--node",    &args.node   },
        {"--listen",  &args.listen },
    };
    struct withdraw_words words = {.is_json = false};
    /* A supervisor's end of the talk stays (server_sidecar.h). */
    bool is_supervised =
        getenv("W3_IPC_FD") != NULL; /* NOLINT(concurrency-mt-unsafe): before any thread */
    sandbox_node_prepare(is_supervised ? PROCESS_CHILD_FD + 1 : PROCESS_CHILD_FD);
    find_exe_dir(exe_dir);
    for (int i = 1; i < argc; i++) {
        bool is_known = false;
        for (size_t k = 0; k < sizeof flags / sizeof flags[0] && !is_known; k++) {
            if (strcmp(argv[i], flags[k].flag) == 0 && i + 1 < argc) {
                *flags[k].place = argv[++i];
                is_known = true;
            }
        }
        if (strcmp(argv[i], "--version") == 0) {
            (void)puts("passmesh-server " PASSMESH_VERSION);
            return EXIT_GOOD;
        }
        if (!is_known && !take_word(&words, &args, argv[i])) {
            return help(strcmp(argv[i], "--help") == 0 ? stdout : stderr);
        }
    }
    return words.is_withdrawal && !words.address ? help(stderr) : run(&args, &words);
}
