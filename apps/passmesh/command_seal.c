/* passmesh seal: what keeps the store of the wallet's key process. */
#include "commands.h"

#include "node/config/seal_talk.h"

int command_seal(const struct command_args *args)
{
    struct seal_words words = {.is_seal = true};
    for (int i = 0; i < args->argc; i++) {
        if (!seal_take(&words, args->argv[i])) {
            return EXIT_USAGE;
        }
    }
    words.verb = words.verb ? words.verb : "status";
    enum seal_exit code = seal_run("passmesh", args->config, &words);
    if (code == SEAL_WORDS) {
        command_say("seal takes status, tpm, none, approve or recover: docs/keyd.md.");
    }
    return (int)code;
}
