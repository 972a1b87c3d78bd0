/* The version of the account that is used, and its move to the next. The move is only prepared here; a passkey approves it in the
 * page. */
#include "commands.h"

#include "codec/json.h"

#include <stdio.h>
#include <string.h>

static void print_move(struct json version)
{
    char word[COMMAND_TEXT_LEN];
    char when[COMMAND_TIME_LEN];
    uint64_t ready_ms = 0;
    (void)command_text(version, "upgrade", word);
    if (strcmp(word, "offered") == 0) {
        (void)puts("It can move to version 2, which can hold limits, guardians and session keys: "
                   "passmesh upgrade begin");
    }
    if (strcmp(word, "waits") == 0 && json_find_u64(&ready_ms, version, "ready_ms") == OK) {
        (void)printf("Its move to version 2 may be carried out from %s: passmesh upgrade apply\n"
                     "Stop it: passmesh upgrade veto\n",
                     command_time(ready_ms, when));
    }
}

static void print_version(struct json r)
{
    struct json account;
    struct json version;
    struct json checked;
    char word[COMMAND_TEXT_LEN];
    if (!command_account_used(r, &account)) {
        (void)puts("No account yet. Make one in the page: passmesh open");
        return;
    }
    if (!json_find(&version, account, "version") || !json_find(&checked, version, "checked")) {
        (void)puts("The account is not on this chain yet, or was not read.");
        return;
    }
    (void)command_text(version, "number", word);
    (void)printf("Version %s", strcmp(word, "0") == 0 ? "unknown to this wallet" : word);
    (void)printf(" (%s)\n", command_text(checked, "grade", word));
    print_move(version);
}

int command_upgrade(const struct command_args *args)
{
    static const char *const wishes[] = {"begin", "apply", "veto"};
    if (args->argc == 0) {
        return commands_call(args, "accounts_list", SPAN_LIT("{}"), print_version);
    }
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0] && args->argc == 1; i++) {
        if (strcmp(args->argv[0], wishes[i]) == 0) {
            const char *const pairs[] = {"what", wishes[i]};
            const struct command_of_account what = {.method = "upgrade_prepare",
                                                    .pairs = pairs,
                                                    .count = 2,
                                                    .prepares = true,
                                                    .print = command_print_prepared};
            return commands_call_account(args, &what);
        }
    }
    command_say("usage: passmesh upgrade [begin | apply | veto]");
    return EXIT_USAGE;
}
