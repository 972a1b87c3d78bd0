/* Limits and known addresses of the account that is used: what one passkey may do alone where several must sign. Changes are only
 * prepared here; a passkey approves them in the page. */
#include "commands.h"

#include "codec/json.h"
#include "evm/u256.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *time_text(struct json v, const char *name, char ret[static COMMAND_TIME_LEN])
{
    uint64_t ms = 0;
    ret[0] = '\0';
    return json_find_u64(&ms, v, name) == OK ? command_time(ms, ret) : ret;
}

static void print_limit(struct json limit)
{
    struct json asset;
    struct json amount;
    char text[COMMAND_TEXT_LEN];
    char when[COMMAND_TIME_LEN];
    char units[U256_TEXT_LEN] = "";
    uint64_t hours = 0;
    uint64_t decimals = 0;
    struct u256 left;
    if (!json_find(&asset, limit, "asset") || !json_find(&amount, limit, "amount") ||
        json_find_u64(&hours, limit, "hours") != OK) {
        return;
    }
    (void)printf("%-8s ", command_text(asset, "symbol", text));
    if (hours == 0) {
        (void)puts("no limit is set: all must sign");
        return;
    }
    command_print_figure(amount);
    if (u256_parse_decimal(&left, span_str(command_text(limit, "left", text))) == OK &&
        json_find_u64(&decimals, asset, "decimals") == OK && decimals <= U256_DECIMALS_MAX) {
        (void)u256_print_units(units, left, (unsigned)decimals);
    }
    (void)printf(" in %u h; %s left; the period ends %s\n", (unsigned)hours, units,
                 time_text(limit, "ends_ms", when));
}

void command_print_party(struct json v, const char *member)
{
    struct json party;
    char name[COMMAND_TEXT_LEN];
    char address[COMMAND_TEXT_LEN];
    if (json_find(&party, v, member)) {
        (void)printf("%s %s", command_text(party, "address", address),
                     command_text(party, "name", name));
    }
}

static void print_setting(struct json setting)
{
    struct json amount;
    char kind[COMMAND_TEXT_LEN];
    char text[COMMAND_TEXT_LEN];
    char when[COMMAND_TIME_LEN];
    (void)printf("Waits until %s: ", time_text(setting, "ready_ms", when));
    (void)command_text(setting, "kind", kind);
    if (strcmp(kind, "limit") == 0 && json_find(&amount, setting, "amount")) {
        (void)fputs("a limit of ", stdout);
        command_print_figure(amount);
        (void)printf(" in %s h", command_text(setting, "hours", text));
    } else if (strcmp(kind, "known") == 0) {
        (void)fputs("the address ", stdout);
        command_print_party(setting, "party");
        (void)fputs(" becomes known", stdout);
    } else {
        (void)fputs("other guardians", stdout);
    }
    (void)printf("\n  passmesh limits apply|veto %s\n", command_text(setting, "id", text));
}

static void print_list(struct json limits)
{
    struct json list;
    struct json one;
    struct json checked;
    char grade[COMMAND_TEXT_LEN];
    struct json_iter it = json_iterate(json_find(&list, limits, "list") ? list : limits);
    while (json_next(&it, NULL, &one)) {
        print_limit(one);
    }
    it = json_iterate(json_find(&list, limits, "known") ? list : limits);
    while (json_next(&it, NULL, &one)) {
        if (json_find(&checked, one, "checked")) {
            (void)fputs("Known    ", stdout);
            command_print_party(one, "party");
            (void)printf(" (%s)\n", command_text(checked, "grade", grade));
        }
    }
}

static void print_limits(struct json r)
{
    struct json account;
    struct json limits;
    struct json settings;
    struct json one;
    char word[COMMAND_TEXT_LEN];
    if (!command_account_used(r, &account)) {
        (void)puts("No account yet. Make one in the page: passmesh open");
        return;
    }
    if (!json_find(&limits, account, "limits")) {
        (void)puts("The account has no limits on this chain, or they were not read yet: they "
                   "need version 2 of its contract. See: passmesh upgrade");
        return;
    }
    print_list(limits);
    if (json_find(&settings, account, "settings")) {
        struct json_iter each = json_iterate(settings);
        while (json_next(&each, NULL, &one)) {
            print_setting(one);
        }
    }
    if (strcmp(command_text(account, "threshold", word), "1") == 0) {
        (void)puts("One passkey may do everything: limits count once two must sign. See: "
                   "passmesh owners threshold 2");
    }
}

static int
ask(const struct command_args *args, const char *method, const char *const *pairs, size_t count)
{
    const struct command_of_account what = {.method = method,
                                            .pairs = pairs,
                                            .count = count,
                                            .prepares = true,
                                            .print = command_print_prepared};
    return commands_call_account(args, &what);
}

/* A period: hour, day, week, month of 30 days, or a number of hours. */
static const char *hours_of(const char *word)
{
    static const char *const names[][2] = {
        {"hour",  "1"  },
        {"day",   "24" },
        {"week",  "168"},
        {"month", "720"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(word, names[i][0]) == 0) {
            return names[i][1];
        }
    }
    return word[strspn(word, "0123456789")] == '\0' && word[0] >= '1' ? word : NULL;
}

/* per NULL: the period stays. */
static int change_limit(const struct command_args *args, const char *what, const char *per)
{
    char asset[COMMAND_TEXT_LEN];
    char amount[COMMAND_TEXT_LEN];
    const char *hours = per ? hours_of(per) : NULL;
    if (per && !hours) {
        command_say("\"%s\" is no period: hour, day, week, month, or a number of hours.", per);
        return EXIT_USAGE;
    }
    int status = command_amount(args, args->argv[1], args->argv[2], asset, amount);
    if (status != EXIT_DONE) {
        return status;
    }
    const char *const pairs[] = {"what",   what,   "asset", asset,
                                 "amount", amount, "hours", hours ? hours : ""};
    return ask(args, "limit_prepare", pairs, hours ? 8 : 6);
}

static bool is_end(const struct command_args *args)
{
    return args->argc == 2 &&
           (strcmp(args->argv[0], "apply") == 0 || strcmp(args->argv[0], "veto") == 0);
}

static int end_setting(const struct command_args *args)
{
    const char *const pairs[] = {"what", args->argv[0], "setting_id", args->argv[1]};
    return ask(args, "setting_prepare", pairs, 4);
}

int command_limits(const struct command_args *args)
{
    const char *word = args->argc > 0 ? args->argv[0] : "list";
    if (args->argc <= 1 && strcmp(word, "list") == 0) {
        return commands_call(args, "accounts_list", SPAN_LIT("{}"), print_limits);
    }
    if (args->argc == 4 && strcmp(word, "set") == 0) {
        return change_limit(args, "set", args->argv[3]);
    }
    if ((args->argc == 3 || args->argc == 4) && strcmp(word, "lower") == 0) {
        return change_limit(args, "lower", args->argc == 4 ? args->argv[3] : NULL);
    }
    if (is_end(args)) {
        return end_setting(args);
    }
    command_say("usage: passmesh limits [list | set TOKEN AMOUNT PER | lower TOKEN AMOUNT [PER] | "
                "apply ID | veto ID]");
    return EXIT_USAGE;
}

int command_known(const struct command_args *args)
{
    const char *word = args->argc > 0 ? args->argv[0] : "list";
    if (args->argc <= 1 && strcmp(word, "list") == 0) {
        return commands_call(args, "accounts_list", SPAN_LIT("{}"), print_limits);
    }
    if (args->argc == 2 && (strcmp(word, "add") == 0 || strcmp(word, "forget") == 0)) {
        const char *const pairs[] = {"what", word, "address", args->argv[1]};
        return ask(args, "known_prepare", pairs, 4);
    }
    if (is_end(args)) {
        return end_setting(args);
    }
    command_say("usage: passmesh known [list | add ADDRESS | forget ADDRESS | apply ID | veto ID]");
    return EXIT_USAGE;
}
