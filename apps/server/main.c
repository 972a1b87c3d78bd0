/* passmesh-server: a node that serves wallets. This file reads the command line. */
#include "ready.h"
#include "words.h"

#include "node/os/journal.h"
#include "node/os/process.h"
#include "node/os/sandbox_node.h"
#include "node/server/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* One sentence on stderr; for systemd's journal with the priority of an error. */
static void say_failure(const char *text)
{
    (void)fprintf(stderr, "%spassmesh-server: %s\n",
                  journal_is_stderr() ? journal_prefix(LOG_ERROR) : "", text);
}

static int run(const struct server_config_args *args, struct words *words)
{
    static struct server_config config;
    char text[SERVER_TEXT_LEN] = "";
    struct diag diag = {0};
    struct server_checked checked;
    if (words->ask.command) {
        return ask(args, &words->ask);
    }
    enum err err = server_config_load(&config, args, &diag);
    if (err != OK) {
        const char *rule = diag.rule ? diag.rule : "the configuration cannot be read";
        (void)snprintf(text, sizeof text, "%s.", rule);
        if (diag.offset > 0) {
            (void)snprintf(text, sizeof text, "%s. See line %zu of server.ini.", rule, diag.offset);
        }
        say_failure(text);
        return err == ERR_IO ? EXIT_FAILED : EXIT_USAGE;
    }
    if (words->withdraw.is_withdrawal) {
        return withdraw(&config, &words->withdraw);
    }
    if (words->seal.is_seal) {
        enum seal_exit code = seal_run("passmesh-server", &config.places, &words->seal);
        return code == SEAL_WORDS ? words_help(stderr) : (int)code;
    }
    if (server_check(&config, &checked, text) != OK) {
        say_failure(text);
        return EXIT_USAGE;
    }
    if (words->is_check) {
        print_checked(&checked, words->ask.is_json);
        return EXIT_GOOD;
    }
    if (server_run(&config, text, ready_say, &words->ask.is_json) == OK) {
        return EXIT_GOOD;
    }
    say_failure(text);
    return EXIT_FAILED;
}

/* Names a network, a node and an address where none is said: nobody comes in, and nobody is asked. */
static void fill_unsaid(struct server_config_args *args)
{
    args->network = args->network ? args->network : "-";
    args->node = args->node ? args->node : "-";
    args->listen = args->listen ? args->listen : "-";
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
    struct words words = {.is_check = false};
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
        if (!is_known && !words_take(&words, &args, argv[i])) {
            return words_help(strcmp(argv[i], "--help") == 0 ? stdout : stderr);
        }
    }
    if (words.seal.is_seal) {
        fill_unsaid(&args);
    }
    bool is_half = words.withdraw.is_withdrawal && !words.withdraw.address;
    return is_half ? words_help(stderr) : run(&args, &words);
}
