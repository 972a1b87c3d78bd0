/* The command line of passmesh-server, word by word. */
#include "words.h"

#include <string.h>

int words_help(FILE *to)
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
        "  --check-config      say whether it would start so, and start nothing\n"
        "  --help, --version\n\n"
        "passmesh-server [--home DIR] [--json] status | peers | net | metrics | reload | drain "
        "[SECONDS]\n"
        "  asks the server that runs there, or the system's; reload reads server.ini again, drain "
        "ends it\n"
        "  when all that is under way is done, in 60 s at the latest\n\n"
        "passmesh-server [--home DIR] [--json] net [ping PEER [COUNT] | find PEER | trace PEER]\n"
        "  this node among its peers; or how one of them is found and reached, step by step: "
        "docs/cli.md, net\n\n"
        "passmesh-server [...] withdraw ADDRESS [AMOUNT] [--yes]\n"
        "  takes AMOUNT ether (or all, but for the gas) out of the bundler's account, while no "
        "server runs;\n"
        "  asks before it signs, or does not with --yes\n\n"
        "passmesh-server [--home DIR] seal status|tpm|none|approve|recover [none] "
        "[--registers=7,11] [--yes]\n"
        "  what keeps the keys' store, while no server runs: a file beside it (none), or this "
        "machine's TPM 2.0;\n"
        "  approve a change of firmware, or recover, with the recovery phrase on stdin: "
        "docs/keyd.md\n\n"
        "server.ini may hold all of it, and the limits: docs/config.md. The bundler's address, "
        "printed at the\n"
        "start, needs ether for gas: docs/server.md. Ctrl-C ends it when what is under way is "
        "answered.\n"
        "Exit codes: 0 ended as told, 1 failed, 2 wrong usage.\n");
    return to == stdout ? EXIT_GOOD : EXIT_USAGE;
}

static bool take_withdraw_word(struct withdraw_words *w, const char *word)
{
    if (strcmp(word, "--yes") == 0) {
        w->is_sure = true;
    } else if (word[0] != '-' && !w->address) {
        w->address = word;
    } else if (word[0] != '-' && !w->amount) {
        w->amount = word;
    } else {
        return false;
    }
    return true;
}

/* net [ping PEER [COUNT] | find PEER | trace PEER] */
static bool take_net_word(struct ask_words *a, const char *word)
{
    if (!a->argument) {
        a->argument = word;
    } else if (!a->peer) {
        a->peer = word;
    } else if (!a->pings && strcmp(a->argument, "ping") == 0) {
        a->pings = word;
    } else {
        return false;
    }
    return true;
}

bool words_take(struct words *w, struct server_config_args *args, const char *word)
{
    bool is_free = !w->withdraw.is_withdrawal && !w->ask.command;
    if (is_free && seal_take(&w->seal, word)) {
        return true;
    }
    if (strcmp(word, "--json") == 0) {
        w->withdraw.is_json = true;
        w->ask.is_json = true;
    } else if (strcmp(word, "--sandbox-optional") == 0) {
        args->is_sandbox_optional = true;
    } else if (strcmp(word, "--check-config") == 0) {
        w->is_check = true;
    } else if (strcmp(word, "withdraw") == 0 && is_free) {
        w->withdraw.is_withdrawal = true;
        args->listen = args->listen ? args->listen : "-"; /* nobody comes in */
    } else if (is_free && ask_is_command(word)) {
        w->ask.command = word;
    } else if (w->ask.command && strcmp(w->ask.command, "drain") == 0 && !w->ask.argument &&
               word[0] != '-') {
        w->ask.argument = word;
    } else if (w->ask.command && strcmp(w->ask.command, "net") == 0 && word[0] != '-') {
        return take_net_word(&w->ask, word);
    } else {
        return w->withdraw.is_withdrawal && take_withdraw_word(&w->withdraw, word);
    }
    return true;
}
