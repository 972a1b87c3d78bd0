/* An operation that owners with different wallets sign (docs/partial.md): given out, opened in another wallet, gathered. What a passkey signs is
 * signed in the page. */
#include "command_secret.h"
#include "commands.h"

#include "codec/json.h"
#include "wallet/guardian_help.h"
#include "wallet/partial_text.h"

#include <stdio.h>
#include <string.h>

enum { PARAMS_LEN = 16 * 1024 };

/* One command, one request at a time. */
static char params_room[PARAMS_LEN];
static char text_room[PARTIAL_TEXT_LEN_MAX + 1];

static struct span text_of(struct json v, const char *name)
{
    struct span s = SPAN_EMPTY;
    return json_find_plain(&s, v, name) == OK ? s : SPAN_EMPTY;
}

static uint64_t number_of(struct json v, const char *name)
{
    uint64_t n = 0;
    return json_find_u64(&n, v, name) == OK ? n : 0;
}

static bool is_true(struct json v, const char *name)
{
    bool is = false;
    return json_find_bool(&is, v, name) == OK && is;
}

/* The text of a file, or of stdin for "-", without its white space; empty if there is none, which it says. */
static const char *read_text(const char *path)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    size_t n = 0;
    int ch;
    if (!f) {
        command_say("%s cannot be read.", path);
        return "";
    }
    while ((ch = fgetc(f)) != EOF && n < sizeof text_room) {
        if (ch > ' ' && ch < 0x7f) {
            text_room[n++] = (char)ch;
        }
    }
    if (f != stdin) {
        (void)fclose(f);
    }
    if (n == 0 || n == sizeof text_room) {
        command_say("%s holds no such text.", path);
        return "";
    }
    text_room[n] = '\0';
    return text_room;
}

/* ---- the wallet that prepared it ---- */

/* With the newest revision of the operation, and a text if there is one. */
static struct span operation_params(struct local_client *c, const char *id, const char *text)
{
    char key[COMMAND_KEY_LEN + 1];
    struct json operation;
    const char *const pairs[] = {"operation_id", id};
    struct span ask = command_params_in(MSPAN_OF(params_room), pairs, 2, false);
    if (!commands_ask(c, "operation_get", ask, &operation) || !command_key(key)) {
        return SPAN_EMPTY;
    }
    uint64_t revision = number_of(operation, "revision");
    struct wr w = wr_init(MSPAN_OF(params_room));
    struct json_writer j = json_writer_init(&w);
    json_put_object(&j);
    json_put_name(&j, "key");
    json_put_str(&j, key);
    json_put_name(&j, "operation_id");
    json_put_str(&j, id);
    json_put_name(&j, "revision");
    json_put_u64(&j, revision);
    if (text) {
        json_put_name(&j, "text");
        json_put_str(&j, text);
    }
    json_end_object(&j);
    return span_of(params_room, json_writer_end(&j) == OK ? w.n : 0);
}

static void print_text(struct json r)
{
    char when[COMMAND_TIME_LEN];
    struct json operation = {.type = JSON_NULL};
    struct span text = text_of(r, "text");
    struct span code = text_of(r, "code");
    (void)json_find(&operation, r, "operation");
    (void)printf("%.*s\n\ncode %.*s\nThe other owners open it in their wallets: passmesh sign open "
                 "FILE. It waits until %s.\n",
                 (int)text.n, (const char *)text.p, (int)code.n, (const char *)code.p,
                 command_time(number_of(operation, "expires_ms"), when));
}

static void print_gathered(struct json r)
{
    struct json signers;
    size_t count = json_find(&signers, r, "signers") ? json_count(signers) : 0;
    char state[COMMAND_TEXT_LEN];
    (void)command_text(r, "state", state);
    if (strcmp(state, "prepared") == 0) {
        (void)printf("%llu of %llu have signed.\n",
                     (unsigned long long)(count + number_of(r, "signed_elsewhere")),
                     (unsigned long long)number_of(r, "signers_needed"));
    } else {
        (void)printf("All have signed: %s.\n", state);
    }
}

static int of_operation(const struct command_args *args, const char *text)
{
    struct local_client c;
    struct json r;
    int code = EXIT_FAILED;
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    struct span params = operation_params(&c, args->argv[1], text);
    if (params.n > 0 && commands_ask(&c, text ? "partial_gather" : "partial_text", params, &r)) {
        code = command_print_result(args, r, text ? print_gathered : print_text);
    }
    local_client_close(&c);
    return code;
}

/* ---- the other owner's ---- */

static void print_call(struct json one)
{
    struct span what = text_of(one, "what");
    struct span to = text_of(one, "to");
    struct span amount = text_of(one, "amount");
    struct span symbol = text_of(one, "symbol");
    struct span data = text_of(one, "data");
    struct json list;
    (void)printf("  %s%.*s: to %.*s", is_true(one, "danger") ? "DANGER " : "", (int)what.n,
                 (const char *)what.p, (int)to.n, (const char *)to.p);
    (void)printf(", %.*s of the smallest unit of %.*s", (int)amount.n, (const char *)amount.p,
                 (int)symbol.n, (const char *)symbol.p);
    if (symbol.n == 0) {
        struct span token = text_of(one, "token");
        (void)printf("the unknown token %.*s", (int)token.n, (const char *)token.p);
    }
    if (json_find(&list, one, "added")) {
        (void)printf(", %zu owners come", json_count(list));
    }
    if (json_find(&list, one, "removed")) {
        (void)printf(", %zu go, and %llu must sign then", json_count(list),
                     (unsigned long long)number_of(one, "threshold"));
    }
    (void)printf("%s%.*s\n", data.n > 0 ? "\n    " : "", (int)data.n, (const char *)data.p);
}

static void print_opened(struct json r)
{
    char state[COMMAND_TEXT_LEN];
    struct json list;
    struct json one;
    struct span address = text_of(r, "address");
    struct span code = text_of(r, "code");
    struct span fee = text_of(r, "fee_max");
    (void)printf("The account %.*s would do this, for a fee of at most %.*s wei:\n", (int)address.n,
                 (const char *)address.p, (int)fee.n, (const char *)fee.p);
    struct json_iter it =
        json_iterate(json_find(&list, r, "calls") ? list : (struct json){.type = JSON_NULL});
    while (json_next(&it, NULL, &one)) {
        print_call(one);
    }
    (void)printf("code %.*s\n", (int)code.n, (const char *)code.p);
    bool is_owner = json_find(&list, r, "signers") && json_count(list) > 0;
    if (strcmp(command_text(r, "state", state), "open") != 0) {
        (void)printf("It cannot be signed now: %s.\n", state);
    } else {
        (void)puts(is_owner ? "A passkey of this wallet owns that account. Sign it in the page: "
                              "passmesh open"
                            : "No passkey of this wallet owns that account.");
    }
}

static int open_text(const struct command_args *args, struct local_client *c, const char *text)
{
    char address[COMMAND_TEXT_LEN];
    char network[COMMAND_TEXT_LEN];
    struct json r;
    const char *const text_pairs[] = {"text", text};
    struct span params = command_params_in(MSPAN_OF(params_room), text_pairs, 2, false);
    if (!commands_ask(c, "partial_open", params, &r)) {
        return EXIT_FAILED;
    }
    const char *const pairs[] = {"address", command_text(r, "address", address), "network_id",
                                 command_text(r, "network_id", network)};
    params = command_params_in(MSPAN_OF(params_room), pairs, 4, false);
    if (!commands_ask(c, "recovery_status", params, &r)) {
        return EXIT_FAILED;
    }
    params = command_params_in(MSPAN_OF(params_room), text_pairs, 2, false);
    return commands_ask(c, "partial_open", params, &r) ? command_print_result(args, r, print_opened)
                                                       : EXIT_FAILED;
}

static int open_file(const struct command_args *args)
{
    struct local_client c;
    const char *text = read_text(args->argv[1]);
    if (text[0] == '\0' || !commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    int code = open_text(args, &c, text);
    local_client_close(&c);
    return code;
}

int command_sign(const struct command_args *args)
{
    const char *word = args->argc > 0 ? args->argv[0] : "";
    if (args->argc == 2 && strcmp(word, "text") == 0) {
        return of_operation(args, NULL);
    }
    if (args->argc == 2 && strcmp(word, "open") == 0) {
        return open_file(args);
    }
    if (args->argc == 3 && strcmp(word, "answer") == 0) {
        const char *text = read_text(args->argv[2]);
        return text[0] ? of_operation(args, text) : EXIT_FAILED;
    }
    command_say("usage: passmesh sign [text OPERATION | open FILE | answer OPERATION FILE]");
    return EXIT_USAGE;
}
