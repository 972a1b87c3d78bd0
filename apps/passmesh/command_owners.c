/* The owners of the account that is used: who may sign, who is new, who leaves. What changes the chain is only prepared here;
 * a passkey approves it in the page. */
#include "commands.h"

#include "codec/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void print_owner(struct json o)
{
    char id[COMMAND_TEXT_LEN];
    char name[COMMAND_TEXT_LEN];
    char state[COMMAND_TEXT_LEN];
    char kind[COMMAND_TEXT_LEN];
    char rp[COMMAND_TEXT_LEN];
    uint64_t ready_ms = 0;
    uint64_t used_ms = 0;
    char when[COMMAND_TIME_LEN] = "never used";
    (void)printf("%-8s %s  %s, at %s  %s", command_text(o, "state", state),
                 command_text(o, "id", id), command_text(o, "kind", kind),
                 command_text(o, "rp_id", rp), command_text(o, "name", name));
    if (json_find_u64(&used_ms, o, "last_used_ms") == OK && used_ms > 0) {
        time_t s = (time_t)(used_ms / 1000);
        struct tm t;
        (void)strftime(when, sizeof when, "used %Y-%m-%d", gmtime_r(&s, &t));
    }
    (void)printf("  %s", when);
    if (json_find_u64(&ready_ms, o, "ready_ms") == OK && ready_ms > 0) {
        bool is_joining = strcmp(state, "joining") == 0;
        (void)printf(is_joining ? "  becomes an owner, with one signature more, from %s; stop it: "
                                  "passmesh owners veto %s"
                                : "  may be removed from %s; stop it: passmesh owners veto %s",
                     command_time(ready_ms, when), id);
    }
    (void)putchar('\n');
}

static void print_owners(struct json r)
{
    struct json account;
    struct json owners;
    struct json owner;
    char word[COMMAND_TEXT_LEN];
    size_t active = 0;
    if (!command_account_used(r, &account) || !json_find(&owners, account, "owners")) {
        (void)puts("No account yet. Make one in the page: passmesh open");
        return;
    }
    struct json_iter each = json_iterate(owners);
    while (json_next(&each, NULL, &owner)) {
        print_owner(owner);
        (void)command_text(owner, "state", word);
        active += strcmp(word, "active") == 0 || strcmp(word, "leaving") == 0;
    }
    if (active < 2) {
        (void)puts("Only one way in: not safe for money yet. Add a passkey on another device "
                   "in the page:\n"
                   "passmesh open");
    }
}

static void print_done(struct json r)
{
    (void)r;
    (void)puts("Done.");
}

static int usage(void)
{
    command_say("usage: passmesh owners [list | add [ID] | remove ID | apply ID | veto ID | "
                "rename ID NAME | forget ID | threshold N | threshold apply | threshold veto | "
                "chains | carry NETWORK [PAYER | veto]]");
    return EXIT_USAGE;
}

/* A method of one owner of the account that is used; more is one more pair, or NULL. */
static int
ask(const struct command_args *args, const char *method, const char *const more[2], print_fn print)
{
    const char *const pairs[] = {"owner_id", args->argv[1], more ? more[0] : NULL,
                                 more ? more[1] : NULL};
    const struct command_of_account what = {.method = method,
                                            .pairs = pairs,
                                            .count = more ? 4 : 2,
                                            .prepares = strcmp(method, "owner_prepare") == 0,
                                            .print = print};
    return commands_call_account(args, &what);
}

/* How many must sign: a number begins the change. */
static int threshold(const struct command_args *args)
{
    const char *word = args->argv[1];
    bool is_begin = strcmp(word, "apply") != 0 && strcmp(word, "veto") != 0;
    if (is_begin && (word[0] < '1' || word[0] > '4' || word[1] != '\0')) {
        return usage();
    }
    const char *const pairs[] = {"what", is_begin ? "begin" : word, "threshold", word};
    const struct command_of_account what = {.method = "threshold_prepare",
                                            .pairs = pairs,
                                            .count = is_begin ? 4 : 2,
                                            .prepares = true,
                                            .print = command_print_prepared};
    return commands_call_account(args, &what);
}

int command_owners(const struct command_args *args)
{
    static const char *const wishes[] = {"add", "remove", "apply", "veto"};
    const char *word = args->argc > 0 ? args->argv[0] : "list";
    if (args->argc <= 1 && strcmp(word, "list") == 0) {
        return commands_call(args, "accounts_list", SPAN_LIT("{}"), print_owners);
    }
    if ((args->argc == 1 && strcmp(word, "chains") == 0) ||
        ((args->argc == 2 || args->argc == 3) && strcmp(word, "carry") == 0)) {
        return command_owner_chains(args);
    }
    if (args->argc == 1 && strcmp(word, "add") == 0) {
        command_say("A passkey is made in the page: passmesh open. Then `passmesh owners add ID` "
                    "puts it on the chain.");
        return EXIT_FAILED;
    }
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0] && args->argc == 2; i++) {
        if (strcmp(word, wishes[i]) == 0) {
            const char *const what[2] = {"what", wishes[i]};
            return ask(args, "owner_prepare", what, command_print_prepared);
        }
    }
    if (args->argc == 2 && strcmp(word, "threshold") == 0) {
        return threshold(args);
    }
    if (args->argc == 3 && strcmp(word, "rename") == 0) {
        const char *const name[2] = {"name", args->argv[2]};
        return ask(args, "owner_rename", name, print_done);
    }
    if (args->argc == 2 && strcmp(word, "forget") == 0) {
        return ask(args, "owner_forget", NULL, print_done);
    }
    return usage();
}
