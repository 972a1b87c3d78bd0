/* Session keys of the account that is used: a job's own key that may act without a passkey, within an amount, to one target, until a
 * time. Changes are only prepared here; a passkey approves them in the page. */
#include "commands.h"

#include "codec/json.h"
#include "evm/u256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S, DAYS_MAX = 366 };

static void print_figure(struct json session, const char *before, const char *name)
{
    struct json figure;
    if (json_find(&figure, session, name)) {
        (void)fputs(before, stdout);
        command_print_figure(figure);
    }
}

static void print_session(struct json session)
{
    char id[COMMAND_TEXT_LEN];
    char text[COMMAND_TEXT_LEN];
    char when[COMMAND_TIME_LEN];
    uint64_t until_ms = 0;
    if (json_find_u64(&until_ms, session, "until_ms") != OK) {
        return;
    }
    (void)printf("%-8s until %s  key %s\n         ", command_text(session, "state", text),
                 command_time(until_ms, when), command_text(session, "job_key", id));
    print_figure(session, "", "amount");
    (void)fputs(" to ", stdout);
    command_print_party(session, "to");
    (void)command_text(session, "function", text);
    (void)printf("%s%s", text[0] ? " function " : "", text);
    print_figure(session, ", fees ", "fees");
    print_figure(session, "\n         left: ", "left");
    print_figure(session, ", fees ", "fees_left");
    (void)printf("\n         id %s\n", command_text(session, "id", id));
}

static void print_sessions(struct json r)
{
    struct json account;
    struct json sessions;
    struct json one;
    if (!command_account_used(r, &account)) {
        (void)puts("No account yet. Make one in the page: passmesh open");
        return;
    }
    if (!json_find(&sessions, account, "sessions")) {
        (void)puts("No session key of this account on this chain was signed here.");
        return;
    }
    struct json_iter it = json_iterate(sessions);
    while (json_next(&it, NULL, &one)) {
        print_session(one);
    }
}

static int ask(const struct command_args *args, const char *const *pairs, size_t count)
{
    const struct command_of_account what = {.method = "session_prepare",
                                            .pairs = pairs,
                                            .count = count,
                                            .prepares = true,
                                            .print = command_print_prepared};
    return commands_call_account(args, &what);
}

/* A length of time such as 12h or 30d, as a moment from now in milliseconds. false: it is none. */
static bool until_of(const char *word, char ret[static COMMAND_TEXT_LEN])
{
    size_t digits = strspn(word, "0123456789");
    bool is_hours = strcmp(word + digits, "h") == 0;
    if (digits == 0 || digits > 4 || (!is_hours && strcmp(word + digits, "d") != 0)) {
        return false;
    }
    unsigned long number = strtoul(word, NULL, 10);
    unsigned long seconds = number * (is_hours ? (unsigned long)HOUR_S : (unsigned long)DAY_S);
    if (number == 0 || seconds > (unsigned long)DAYS_MAX * DAY_S) {
        return false;
    }
    (void)snprintf(ret, COMMAND_TEXT_LEN, "%llu",
                   ((unsigned long long)time(NULL) + seconds) * 1000);
    return true;
}

static int usage(void)
{
    command_say(
        "usage: passmesh sessions [list | add KEY TO AMOUNT TOKEN FEES FOR | "
        "call KEY CONTRACT FUNCTION FEES FOR | end ID]\n"
        "KEY: the address of the job's key. FEES: of the chain's own asset, on top of AMOUNT; of "
        "call, with what it sends along. FUNCTION: such as \"mint(uint256)\". FOR: such as 12h "
        "or 30d.");
    return EXIT_USAGE;
}

static int add(const struct command_args *args)
{
    char asset[COMMAND_TEXT_LEN];
    char amount[COMMAND_TEXT_LEN];
    char asset_of_fees[COMMAND_TEXT_LEN];
    char fees[COMMAND_TEXT_LEN];
    char until[COMMAND_TEXT_LEN];
    if (!until_of(args->argv[6], until)) {
        return usage();
    }
    int status = command_amount(args, args->argv[4], args->argv[3], asset, amount);
    status = status == EXIT_DONE ? command_amount(args, NULL, args->argv[5], asset_of_fees, fees)
                                 : status;
    if (status != EXIT_DONE) {
        return status;
    }
    const char *const pairs[] = {"what",        "add",   "job_key",  args->argv[1], "to",
                                 args->argv[2], "asset", asset,      "amount",      amount,
                                 "fees",        fees,    "until_ms", until};
    return ask(args, pairs, sizeof pairs / sizeof pairs[0]);
}

static int call(const struct command_args *args)
{
    char asset[COMMAND_TEXT_LEN];
    char fees[COMMAND_TEXT_LEN];
    char until[COMMAND_TEXT_LEN];
    if (!until_of(args->argv[5], until)) {
        return usage();
    }
    int status = command_amount(args, NULL, args->argv[4], asset, fees);
    if (status != EXIT_DONE) {
        return status;
    }
    const char *const pairs[] = {"what", "add",         "job_key",  args->argv[1],
                                 "to",   args->argv[2], "function", args->argv[3],
                                 "fees", fees,          "until_ms", until};
    return ask(args, pairs, sizeof pairs / sizeof pairs[0]);
}

int command_sessions(const struct command_args *args)
{
    const char *word = args->argc > 0 ? args->argv[0] : "list";
    if (args->argc <= 1 && strcmp(word, "list") == 0) {
        return commands_call(args, "accounts_list", SPAN_LIT("{}"), print_sessions);
    }
    if (args->argc == 2 && strcmp(word, "end") == 0) {
        const char *const pairs[] = {"what", "end", "session_id", args->argv[1]};
        return ask(args, pairs, 4);
    }
    if (args->argc == 6 && strcmp(word, "call") == 0) {
        return call(args);
    }
    return args->argc == 7 && strcmp(word, "add") == 0 ? add(args) : usage();
}
