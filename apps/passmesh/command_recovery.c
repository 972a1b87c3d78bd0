/* passmesh recovery: which ways in there are, when each was proven last, and whether that is safe enough for money. With words behind it is
 * about guardians: command_guardians.c. */
#include "commands.h"

#include "codec/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void print_day(const char *word, uint64_t ms)
{
    char when[32];
    time_t s = (time_t)(ms / 1000);
    struct tm t;
    (void)strftime(when, sizeof when, "%Y-%m-%d", gmtime_r(&s, &t));
    (void)printf("%s %s\n", word, when);
}

static void print_proven(uint64_t ms)
{
    if (ms == 0) {
        (void)puts("never proven");
        return;
    }
    print_day("proven", ms);
}

static void print_dated(struct json way, const char *what, const char *date)
{
    uint64_t ms = 0;
    (void)printf("  %-40s ", what);
    print_proven(json_find_u64(&ms, way, date) == OK ? ms : 0);
}

/* Where the vault is besides this computer. */
static void print_kept(struct json vault)
{
    char line[COMMAND_TEXT_LEN];
    struct json backup;
    struct json copies;
    uint64_t servers = 0;
    uint64_t until_ms = 0;
    bool is_current = false;
    if (json_find(&backup, vault, "backup")) {
        bool is_old = json_find_bool(&is_current, backup, "current") == OK && !is_current;
        print_dated(backup, is_old ? "backup file of the vault as it is now" : "backup file",
                    is_old ? "" : "proven_ms");
    }
    if (json_find(&copies, vault, "copies") && json_find_u64(&servers, copies, "servers") == OK) {
        (void)snprintf(line, sizeof line, "copies with servers: %llu", (unsigned long long)servers);
        (void)printf("  %-40s ", line);
        if (json_find_u64(&until_ms, copies, "until_ms") == OK && until_ms > 0) {
            print_day("kept until", until_ms);
        } else {
            (void)puts("the vault as it is now is with none");
        }
    }
}

static void print_vault(struct json vault)
{
    char state[COMMAND_TEXT_LEN];
    char name[COMMAND_TEXT_LEN];
    char line[COMMAND_TEXT_LEN + 16];
    struct json passkeys = {.type = JSON_NULL};
    struct json phrase;
    struct json passkey;
    if (strcmp(command_text(vault, "state", state), "none") == 0 ||
        !json_find(&passkeys, vault, "passkeys")) {
        return;
    }
    (void)puts("The vault of ordinary accounts:");
    struct json_iter it = json_iterate(passkeys);
    while (json_next(&it, NULL, &passkey)) {
        (void)snprintf(line, sizeof line, "passkey %.16s", command_text(passkey, "id", name));
        print_dated(passkey, line, "proven_ms");
    }
    if (json_find(&phrase, vault, "phrase")) {
        print_dated(phrase, "recovery phrase", "proven_ms");
    }
    print_kept(vault);
}

static void print_guardians(struct json way)
{
    char line[COMMAND_TEXT_LEN];
    uint64_t count = 0;
    uint64_t threshold = 0;
    bool counts = false;
    (void)!json_find_u64(&count, way, "number");
    (void)!json_find_u64(&threshold, way, "threshold");
    bool is_way = json_find_bool(&counts, way, "counts") == OK && counts;
    (void)snprintf(line, sizeof line, "guardians, any %llu of %llu%s",
                   (unsigned long long)threshold, (unsigned long long)count,
                   is_way ? "" : " (no way in)");
    print_dated(way, line, "proven_ms");
}

static void print_account(struct json account)
{
    char name[COMMAND_TEXT_LEN];
    char kind[COMMAND_TEXT_LEN];
    bool is_safe = false;
    struct json owners;
    struct json owner;
    struct json guardians;
    if (strcmp(command_text(account, "kind", kind), "watch") == 0) {
        return;
    }
    bool is_said = json_find_bool(&is_safe, account, "safe") == OK;
    (void)printf("%s: %s\n", command_text(account, "name", name),
                 is_said && is_safe ? "safe for money" : "not yet safe for money");
    if (strcmp(kind, "passkey") != 0 || !json_find(&owners, account, "owners")) {
        (void)puts("  its ways in are those of the vault");
        return;
    }
    struct json_iter it = json_iterate(owners);
    while (json_next(&it, NULL, &owner)) {
        if (strcmp(command_text(owner, "state", kind), "gone") != 0) {
            print_dated(owner, command_text(owner, "name", name), "tested_ms");
        }
    }
    if (json_find(&guardians, account, "guardians")) {
        print_guardians(guardians);
    }
}

static void print_accounts(struct json r)
{
    struct json accounts = {.type = JSON_NULL};
    struct json account;
    (void)json_find(&accounts, r, "accounts");
    struct json_iter it = json_iterate(accounts);
    while (json_next(&it, NULL, &account)) {
        print_account(account);
    }
    (void)puts("Each way is proven by using it: passmesh open, then Ways in; guardians by "
               "passmesh recovery practice ADDRESS.");
}

int command_recovery(const struct command_args *args)
{
    if (args->argc != 0) {
        return command_recovery_of(args);
    }
    int code = commands_call(args, "vault_status", SPAN_LIT("{}"), print_vault);
    return code == EXIT_DONE ? commands_call(args, "accounts_list", SPAN_LIT("{}"), print_accounts)
                             : code;
}
