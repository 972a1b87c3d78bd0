/* The co-signer of the account that is used: which servers offer one, having one made within limits, its way onto the chain, its signature, and its
 * end. Nothing is signed here: what is begun waits for the passkey in the page. */
#include "commands.h"

#include "base/wr.h"
#include "codec/json.h"

#include <stdio.h>
#include <string.h>

enum { PARAMS_LEN = 4096, LIMITS_MAX = 8 };

/* ---- what there is ---- */

static void print_offers(struct json r)
{
    struct json list;
    struct json one;
    char text[COMMAND_TEXT_LEN];
    char how[COMMAND_TEXT_LEN];
    bool has_any = false;
    struct json_iter it =
        json_iterate(json_find(&list, r, "servers") ? list : (struct json){.type = JSON_NULL});
    while (json_next(&it, NULL, &one)) {
        if (command_text(one, "cosigning", how)[0] == '\0') {
            continue;
        }
        has_any = true;
        (void)printf("%s ", command_text(one, "id", text));
        command_print_proof(one);
        (void)printf("; says that it keeps the keys %s\n",
                     strcmp(how, "sealed") == 0 ? "sealed by its TPM" : "in a file");
    }
    (void)puts(has_any
                   ? "A co-signer bounds what a thief of your passkey's device spends in a day. "
                     "It moves nothing without the passkey."
                   : "No connected server offers to be a co-signer.");
}

/* Whether it is an owner, and what to do about it. */
static void print_standing(struct json account, const char *owner)
{
    struct json owners;
    struct json one;
    char text[COMMAND_TEXT_LEN];
    char when[COMMAND_TIME_LEN];
    uint64_t ready_ms = 0;
    struct json_iter it = json_iterate(
        json_find(&owners, account, "owners") ? owners : (struct json){.type = JSON_NULL});
    while (json_next(&it, NULL, &one)) {
        if (strcmp(command_text(one, "id", text), owner) != 0) {
            continue;
        }
        (void)command_text(one, "state", text);
        if (strcmp(text, "waiting") == 0) {
            (void)puts("It is no owner yet: passmesh cosigner join");
        } else if (strcmp(text, "joining") == 0 &&
                   json_find_u64(&ready_ms, one, "ready_ms") == OK) {
            (void)printf("It becomes an owner, with one signature more, from %s: passmesh cosigner "
                         "join apply; stop it: passmesh cosigner join veto\n",
                         command_time(ready_ms, when));
        }
    }
}

static void print_limit(struct json limit)
{
    char text[COMMAND_TEXT_LEN];
    bool is_token = command_text(limit, "token", text)[0] != '\0';
    (void)printf("  %s of ", is_token ? "token" : "ether");
    if (is_token) {
        (void)printf("%s: ", text);
    }
    (void)printf("%s (smallest units) a day to ", command_text(limit, "amount", text));
    (void)puts(command_text(limit, "to", text)[0] ? text : "all together");
}

static void print_wish(struct json account)
{
    struct json wish;
    char what[COMMAND_TEXT_LEN];
    uint64_t ms = 0;
    char when[COMMAND_TIME_LEN];
    if (json_find(&wish, account, "cosigner_wish") &&
        json_find_u64(&ms, wish, "expires_ms") == OK) {
        (void)printf("\"%s\" waits for the passkey until %s: passmesh open\n",
                     command_text(wish, "what", what), command_time(ms, when));
    }
}

static void print_shown(struct json r)
{
    struct json account;
    struct json cosigner;
    struct json limits;
    struct json one;
    char text[COMMAND_TEXT_LEN];
    if (!command_account_used(r, &account)) {
        (void)puts("No account yet. Make one in the page: passmesh open");
        return;
    }
    print_wish(account);
    if (!json_find(&cosigner, account, "cosigner")) {
        (void)puts("The account has no co-signer. See: passmesh cosigner offers");
        return;
    }
    (void)printf("Server %s\n", command_text(cosigner, "server", text));
    (void)printf("Key    %s\n", command_text(cosigner, "address", text));
    (void)printf("Owner  %s (passmesh owners)\n", command_text(cosigner, "owner_id", text));
    print_standing(account, text);
    (void)puts("It signs payments within these limits, greatest fees as ether, and nothing else:");
    struct json_iter it = json_iterate(
        json_find(&limits, cosigner, "limits") ? limits : (struct json){.type = JSON_NULL});
    while (json_next(&it, NULL, &one)) {
        print_limit(one);
    }
}

/* ---- what is begun ---- */

static void print_begun(struct json r)
{
    char what[COMMAND_TEXT_LEN];
    uint64_t ms = 0;
    char when[COMMAND_TIME_LEN];
    if (json_find_u64(&ms, r, "expires_ms") == OK) {
        (void)printf("\"%s\" waits for the passkey until %s. Sign it in the page, under Accounts: "
                     "passmesh open\n",
                     command_text(r, "what", what), command_time(ms, when));
    }
}

/* One limit: AMOUNT[:TOKEN[:ADDRESS]]. Not EXIT_DONE: why not was said. */
static int put_limit(const struct command_args *args, struct json_writer *j, const char *word)
{
    char parts[COMMAND_TEXT_LEN];
    char asset[COMMAND_TEXT_LEN];
    char amount[COMMAND_TEXT_LEN];
    if (strlen(word) >= sizeof parts) {
        command_say("\"%.40s...\" is no limit: AMOUNT[:TOKEN[:ADDRESS]].", word);
        return EXIT_USAGE;
    }
    (void)snprintf(parts, sizeof parts, "%s", word);
    char *symbol = strchr(parts, ':');
    char *to = symbol ? strchr(symbol + 1, ':') : NULL;
    if (symbol) {
        *symbol++ = '\0';
    }
    if (to) {
        *to++ = '\0';
    }
    int status = command_amount(args, symbol && symbol[0] ? symbol : NULL, parts, asset, amount);
    if (status != EXIT_DONE) {
        return status;
    }
    json_put_object(j);
    json_put_name(j, "amount");
    json_put_str(j, amount);
    if (strcmp(asset, "native") != 0) {
        json_put_name(j, "token");
        json_put_str(j, asset);
    }
    if (to) {
        json_put_name(j, "to");
        json_put_str(j, to);
    }
    json_end_object(j);
    return EXIT_DONE;
}

static int put_make(const struct command_args *args, struct json_writer *j)
{
    json_put_name(j, "server");
    json_put_str(j, args->argv[1]);
    json_put_name(j, "limits");
    json_put_array(j);
    for (int i = 2; i < args->argc; i++) {
        int status = put_limit(args, j, args->argv[i]);
        if (status != EXIT_DONE) {
            return status;
        }
    }
    json_end_array(j);
    return EXIT_DONE;
}

/* Guardians and owners of the account as they are now: what the wallet goes by. ret_owner: its co-signer as an owner, or empty. */
static bool read_account(struct local_client *c,
                         const struct command_selection *s,
                         char ret_owner[static COMMAND_TEXT_LEN])
{
    struct json r;
    struct json account;
    struct json cosigner;
    char address[COMMAND_TEXT_LEN];
    char room[COMMAND_PARAMS_LEN];
    if (!commands_ask(c, "accounts_list", SPAN_LIT("{}"), &r) ||
        !command_account_used(r, &account)) {
        return false;
    }
    (void)command_text(account, "address", address);
    ret_owner[0] = '\0';
    if (json_find(&cosigner, account, "cosigner")) {
        (void)command_text(cosigner, "owner_id", ret_owner);
    }
    const char *const pairs[] = {"address", address, "network_id", s->network};
    return commands_ask(c, "recovery_status", command_params_in(MSPAN_OF(room), pairs, 4, false),
                        &r);
}

/* What is prepared waits in the page as any change of owners does. */
static int join(const struct command_args *args, const char *what)
{
    struct command_selection s;
    struct local_client c;
    char owner[COMMAND_TEXT_LEN];
    if (!command_select(args, &s) || !commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    bool is_read = read_account(&c, &s, owner);
    local_client_close(&c);
    if (!is_read) {
        return EXIT_FAILED;
    }
    if (owner[0] == '\0') {
        command_say("The account has no co-signer. See: passmesh cosigner offers");
        return EXIT_FAILED;
    }
    const char *const pairs[] = {"owner_id", owner, "what", what};
    const struct command_of_account ask = {.method = "owner_prepare",
                                           .pairs = pairs,
                                           .count = 4,
                                           .prepares = true,
                                           .print = command_print_prepared};
    return commands_call_account(args, &ask);
}

static int begin(const struct command_args *args, const char *what, const char *operation)
{
    static char room[PARAMS_LEN];
    struct command_selection s;
    struct local_client c;
    struct json r = {.type = JSON_NULL};
    bool is_make = strcmp(what, "make") == 0;
    char key[COMMAND_PARAMS_LEN];
    char unused[COMMAND_TEXT_LEN];
    if (!command_select(args, &s)) {
        return EXIT_FAILED;
    }
    const char *const pairs[] = {"account_id", s.account, "what", what, "operation_id", operation};
    struct span head = command_params(key, pairs, operation ? 6 : 4);
    struct wr w = wr_init(mspan_of(room, sizeof room - 1));
    struct json_writer j = json_writer_init(&w);
    /* The object of the pairs goes on with what is no text. */
    json_put_object(&j);
    json_put_name(&j, "network_ids");
    json_put_array(&j);
    json_put_str(&j, s.network);
    json_end_array(&j);
    int status = is_make ? put_make(args, &j) : EXIT_DONE;
    json_end_object(&j);
    if (status != EXIT_DONE) {
        return status;
    }
    if (head.n == 0 || json_writer_end(&j) != OK || !commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    static char whole[PARAMS_LEN + COMMAND_PARAMS_LEN];
    int n = snprintf(whole, sizeof whole, "%.*s,%.*s", (int)head.n - 1, (const char *)head.p,
                     (int)w.n - 1, room + 1);
    bool needs_reading = is_make || strcmp(what, "leave") == 0;
    bool done = (!needs_reading || read_account(&c, &s, unused)) &&
                commands_ask(&c, "cosigner_begin", span_of(whole, (size_t)n), &r);
    int code = done ? command_print_result(args, r, print_begun) : EXIT_FAILED;
    local_client_close(&c);
    return code;
}

int command_cosigner(const struct command_args *args)
{
    const char *word = args->argc > 0 ? args->argv[0] : "show";
    if (args->argc <= 1 && strcmp(word, "show") == 0) {
        return commands_call(args, "accounts_list", SPAN_LIT("{}"), print_shown);
    }
    if (args->argc == 1 && strcmp(word, "offers") == 0) {
        return command_call_network(args, "servers_list", print_offers);
    }
    if (args->argc >= 3 && args->argc <= 2 + LIMITS_MAX && strcmp(word, "add") == 0) {
        return begin(args, "make", NULL);
    }
    const char *end = args->argc == 2 ? args->argv[1] : "";
    if (args->argc == 1 && strcmp(word, "join") == 0) {
        return join(args, "add");
    }
    if (strcmp(word, "join") == 0 && (strcmp(end, "apply") == 0 || strcmp(end, "veto") == 0)) {
        return join(args, end);
    }
    if (args->argc == 2 && strcmp(word, "sign") == 0) {
        return begin(args, "sign", args->argv[1]);
    }
    if (args->argc == 1 && strcmp(word, "remove") == 0) {
        return begin(args, "leave", NULL);
    }
    if (args->argc == 1 && strcmp(word, "release") == 0) {
        return begin(args, "release", NULL);
    }
    command_say("usage: passmesh cosigner [show | offers | add SERVER LIMIT... | join | "
                "join apply | join veto | sign OPERATION | remove | release], LIMIT: "
                "AMOUNT[:TOKEN[:ADDRESS]] a day");
    return EXIT_USAGE;
}
