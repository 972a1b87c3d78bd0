/* Asking the daemon, and saying in words why not. */
#include "command_secret.h"
#include "commands.h"

#include "codec/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void command_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
}

/* The sentence for an error of the API: its code in words, and its values. */
static void say_error(struct json error)
{
    struct json data;
    struct json params;
    struct span code = SPAN_LIT("unknown");
    if (!json_find(&data, error, "data") || json_find_plain(&code, data, "code") != OK) {
        code = SPAN_LIT("unknown");
    }
    (void)fputs("Not done: ", stderr);
    for (size_t i = 0; i < code.n; i++) {
        (void)fputc(code.p[i] == '_' ? ' ' : code.p[i], stderr);
    }
    struct json_iter it = json_iterate(json_find(&params, data, "params") ? params : error);
    struct json name;
    struct json value;
    while (json_next(&it, &name, &value) && value.type == JSON_STRING) {
        (void)fprintf(stderr, ", %.*s %.*s", (int)name.raw.n, (const char *)name.raw.p,
                      (int)value.raw.n, (const char *)value.raw.p);
    }
    (void)fputs(".\n", stderr);
}

bool commands_ask(struct local_client *c,
                  const char *method,
                  struct span params,
                  struct json *ret_result)
{
    struct span answer;
    struct json root;
    struct json error;
    enum err err = local_client_call(c, method, params, &answer);
    if (err != OK || json_parse(&root, answer, NULL) != OK) {
        command_say("The daemon did not answer (%s). See its log.", err_name(err));
        return false;
    }
    if (json_find(&error, root, "error")) {
        say_error(error);
        return false;
    }
    return json_find(ret_result, root, "result");
}

bool commands_open(const struct command_args *args, struct local_client *ret_client)
{
    enum err err = local_client_open(ret_client, args->config->socket);
    if (err != OK) {
        command_say("No wallet is running%s. Start one with: passmesh daemon",
                    err == ERR_NOT_FOUND ? "" : " that we can reach");
    }
    return err == OK;
}

int command_print_result(const struct command_args *args, struct json result, print_fn print)
{
    if (args->is_json || !print) {
        (void)printf("%.*s\n", (int)result.raw.n, (const char *)result.raw.p);
    } else {
        print(result);
    }
    return EXIT_DONE;
}

const char *command_time(uint64_t ms, char ret[static COMMAND_TIME_LEN])
{
    time_t s = (time_t)(ms / 1000);
    struct tm t;
    ret[0] = '\0';
    if (gmtime_r(&s, &t)) {
        (void)strftime(ret, COMMAND_TIME_LEN, "%Y-%m-%d %H:%M UTC", &t);
    }
    return ret;
}

bool command_account_used(struct json accounts_list, struct json *ret)
{
    struct json list;
    char word[COMMAND_TEXT_LEN];
    if (!json_find(&list, accounts_list, "accounts")) {
        return false;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, ret)) {
        if (strcmp(command_text(*ret, "selected", word), "true") == 0) {
            return true;
        }
    }
    return false;
}

int commands_call(const struct command_args *args,
                  const char *method,
                  struct span params,
                  print_fn print)
{
    struct local_client c;
    struct json result;
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    bool done = commands_ask(&c, method, params, &result);
    int code = done ? command_print_result(args, result, print) : EXIT_FAILED;
    local_client_close(&c);
    return code;
}

struct span
command_params_in(struct mspan room, const char *const *pairs, size_t count, bool has_key)
{
    char key[COMMAND_KEY_LEN + 1];
    struct wr w = wr_init(room);
    struct json_writer j = json_writer_init(&w);
    if (has_key && !command_key(key)) {
        return SPAN_EMPTY;
    }
    json_put_object(&j);
    if (has_key) {
        json_put_name(&j, "key");
        json_put_str(&j, key);
    }
    for (size_t i = 0; i + 1 < count; i += 2) {
        json_put_name(&j, pairs[i]);
        json_put_str(&j, pairs[i + 1]);
    }
    json_end_object(&j);
    return span_of(room.p, json_writer_end(&j) == OK ? w.n : 0);
}

struct span
command_params(char room[static COMMAND_PARAMS_LEN], const char *const *pairs, size_t count)
{
    return command_params_in(mspan_of(room, COMMAND_PARAMS_LEN), pairs, count, true);
}

int commands_call_account(const struct command_args *args, const struct command_of_account *what)
{
    enum { ADDED = 6, PAIRS_MAX = 16 };
    struct command_selection s;
    char room[COMMAND_PARAMS_LEN];
    const char *pairs[PAIRS_MAX + ADDED];
    size_t count = 0;
    if (!command_select(args, &s)) {
        return EXIT_FAILED;
    }
    for (; count < what->count && count < PAIRS_MAX; count++) {
        pairs[count] = what->pairs[count];
    }
    pairs[count++] = "account_id";
    pairs[count++] = s.account;
    if (what->prepares) {
        pairs[count++] = "network_id";
        pairs[count++] = s.network;
        pairs[count++] = "speed";
        pairs[count++] = "normal";
    }
    return commands_call(args, what->method, command_params(room, pairs, count), what->print);
}
