/* passmesh: the daemon and the command line of the wallet. This file is the table of contents. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command commands[] = {
    {"daemon",     "[--sandbox-optional]",              "run the wallet: keys, network and page, until Ctrl-C",
     command_daemon                                                                                                                           },
    {"open",       "[--print]",
     "show the wallet in a browser, starting it if need be (--print: only its address)",                                     command_open     },
    {"status",     "",                                  "how the wallet is doing",                                           command_status   },
    {"account",    "[list | use ID | rename ID NAME]",  "accounts, and which one is used",
     command_account                                                                                                                          },
    {"owners",     "[list | add ID | remove ID | ...]",
     "passkeys of the account: who may sign, who leaves; also apply, veto, rename, forget",                                  command_owners   },
    {"upgrade",    "[begin | apply | veto]",
     "version of the account's contract, and its move to the next",                                                          command_upgrade  },
    {"limits",     "[set | lower | apply | veto]",
     "what one passkey may spend alone where two must sign",                                                                 command_limits   },
    {"known",      "[add ADDRESS | forget ADDRESS]",
     "addresses to which one passkey may send any amount",                                                                   command_known    },
    {"balance",    "[--why]",                           "what the account holds, and how each figure was checked",
     command_balance                                                                                                                          },
    {"servers",    "",                                  "servers of the network, and those whose lie is proven",             command_servers  },
    {"accounts",   "add NAME --KIND [--fd N]",
     "another account: ordinary, its key in the vault, or only watched",                                                     command_accounts },
    {"vault",      "[status | lock]",                   "the vault of ordinary accounts; it is opened in the page",
     command_vault                                                                                                                            },
    {"backup",     "[--check] FILE",                    "write an encrypted backup file, or prove one",                      command_backup   },
    {"restore",    "FILE [--passkey | --fd N]",         "take a wallet back from its backup file",
     command_restore                                                                                                                          },
    {"recovery",   "[ask ADDRESS | help FILE | ...]",
     "the ways in, and when each was proven last; or getting an account back through its "
     "guardians: also status, answer, send, apply, stop, forget",                                                            command_recovery },
    {"guardians",  "[name]",
     "guardians of the account that is used; its own name as a guardian of others",                                          command_guardians},
    {"receive",    "",                                  "the address of the account that is used",                           command_receive  },
    {"send",       "TO AMOUNT [TOKEN]",                 "prepare a transfer; it is approved with the passkey in the page",
     command_send                                                                                                                             },
    {"history",    "[COUNT] [--why]",                   "what was sent and received, newest first",                          command_history  },
    {"peers",      "",                                  "connected peers",                                                   command_peers    },
    {"network",    "[list | use ID]",
     "how this machine is reached and connected; networks, and which is used",                                               command_network  },
    {"net",        "[status | ping | find | trace]",
     "this node among its peers; how one of them is found and reached, step by step",                                        command_net      },
    {"hardware",   "[--report [FILE]]",
     "what this machine can do for others, and what would be missing",                                                       command_hardware },
    {"seal",       "[status | tpm | none | ...]",
     "what keeps the keys' store, while no daemon runs: a file, or this machine's TPM; also "
     "approve, recover",                                                                                                     command_seal     },
    {"plugin",     "[check | install | run ...]",
     "the server program: from a signed repository onto this machine",                                                       command_plugin   },
    {"stop",       "",                                  "end the daemon",                                                    command_stop     },
    {"version",    "",                                  "version of the program, and of the daemon if one runs",             command_version  },
    {"completion", "bash",                              "print the completion for bash: source <(passmesh completion bash)",
     command_completion                                                                                                                       },
};
const size_t commands_count = sizeof commands / sizeof commands[0];

static int help(FILE *to)
{
    (void)fprintf(to,
                  "Passmesh: a wallet whose key is a passkey and whose servers are anyone's.\n\n"
                  "usage: passmesh [--home DIR] [--json] COMMAND ...\n\n");
    for (size_t i = 0; i < commands_count; i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].words);
        (void)fprintf(to, "  %-42s %s\n", left, commands[i].what);
    }
    (void)fprintf(
        to,
        "\nStart with `passmesh daemon`, then `passmesh open`. Exit codes: 0 done, 1 failed, 2 "
        "wrong usage.\n"
        "--home DIR keeps everything below DIR; --json answers in JSON; docs/cli.md tells more.\n");
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
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

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < commands_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int run(const struct command *command, struct command_args *args, const char *home)
{
    static struct config config;
    char exe_dir[CONFIG_PATH_LEN_MAX];
    struct diag diag = {0};
    find_exe_dir(exe_dir);
    struct config_args where = {.home = home, .exe_dir = exe_dir};
    if (config_load(&config, &where, &diag) != OK) {
        command_say("The configuration is not right: %s%s",
                    diag.rule ? diag.rule : "it cannot be read", ".");
        if (diag.offset) {
            command_say("See line %zu of passmesh.ini.", diag.offset);
        }
        return EXIT_FAILED;
    }
    args->config = &config;
    args->home = home;
    return command->run(args);
}

int main(int argc, char **argv)
{
    struct command_args args = {0};
    const char *home = NULL;
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            args.is_json = true;
        } else if (strcmp(argv[i], "--home") == 0 && i + 1 < argc) {
            home = argv[++i];
        } else if (strcmp(argv[i], "--version") == 0) {
            (void)puts("passmesh " PASSMESH_VERSION);
            return EXIT_DONE;
        } else {
            return help(strcmp(argv[i], "--help") == 0 ? stdout : stderr);
        }
    }
    if (i >= argc || strcmp(argv[i], "help") == 0) {
        return help(i >= argc ? stderr : stdout);
    }
    const struct command *command = find_command(argv[i]);
    if (!command) {
        command_say("There is no command \"%s\". `passmesh help` lists them.", argv[i]);
        return EXIT_USAGE;
    }
    args.argc = argc - i - 1;
    args.argv = argv + i + 1;
    if (args.argc > 0 && strcmp(args.argv[args.argc - 1], "--json") == 0) {
        args.is_json = true;
        args.argc--;
    }
    return run(command, &args, home);
}
