/* Guardians of the account that is used, and recovery on both sides (docs/recovery.md). Requests and answers are texts, from files or stdin. What a
 * passkey signs is signed in the page. */
#include "command_secret.h"
#include "commands.h"

#include "codec/json.h"
#include "wallet/guardian_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PARAMS_LEN = 16 * 1024, DAY_S = 86400 };

/* One command, one request at a time. */
static char params_room[PARAMS_LEN];
static char text_room[2 * HELP_TEXT_LEN_MAX];

static struct span params_of(const char *const *pairs, size_t count, bool has_key)
{
    return command_params_in(MSPAN_OF(params_room), pairs, count, has_key);
}

static uint64_t number_of(struct json v, const char *name)
{
    uint64_t n = 0;
    return json_find_u64(&n, v, name) == OK ? n : 0;
}

static struct span text_of(struct json v, const char *name)
{
    struct span s = SPAN_EMPTY;
    return json_find_plain(&s, v, name) == OK ? s : SPAN_EMPTY;
}

static bool is_word(struct json v, const char *name, const char *word)
{
    return span_equal(text_of(v, name), span_str(word));
}

static void print_time(const char *before, uint64_t ms, const char *after)
{
    char when[COMMAND_TIME_LEN];
    (void)printf("%s%s%s\n", before, command_time(ms, when), after);
}

/* ---- what recovery_status says ---- */

static void print_guardians(struct json r)
{
    struct json list = {.type = JSON_NULL};
    struct json one;
    unsigned at = 0;
    bool answered = false;
    (void)json_find(&list, r, "guardians");
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        bool is_key = is_word(one, "kind", "key");
        struct span key = text_of(one, is_key ? "address" : "key");
        char name[COMMAND_TEXT_LEN] = "";
        bool agreed = false;
        bool is_in = (json_find_bool(&answered, one, "answered") == OK && answered) ||
                     (json_find_bool(&agreed, one, "agreed") == OK && agreed);
        (void)command_text(one, "name", name);
        (void)printf("  %2u %s %.*s%s%s%s%s\n", ++at, is_key ? "key    " : "passkey",
                     is_key ? 42 : 24, (const char *)key.p, is_key ? "" : "...",
                     name[0] ? "  " : "", name, is_in ? "  answered" : "");
    }
    (void)printf("%llu of them together, and what they decide waits %llu days.\n",
                 (unsigned long long)number_of(r, "threshold"),
                 (unsigned long long)(number_of(r, "delay_s") / DAY_S));
}

static void print_help(struct json help)
{
    struct span text = text_of(help, "text");
    struct span code = text_of(help, "code");
    (void)printf(
        "Your request, for the guardians to sign; they ask you for the code in another way, by "
        "telephone say:\n\n%.*s\n\ncode %.*s\n",
        (int)text.n, (const char *)text.p, (int)code.n, (const char *)code.p);
    (void)printf("%llu answered.", (unsigned long long)number_of(help, "answers"));
    if (is_word(help, "state", "outdated")) {
        (void)puts(" The account has moved on: ask anew, passmesh recovery ask ADDRESS");
    } else if (is_word(help, "state", "enough")) {
        (void)puts(" That is enough: passmesh recovery send ADDRESS");
    } else {
        (void)puts(" Bring each answer: passmesh recovery answer ADDRESS FILE");
    }
}

/* A request of another kind than help, which passmesh recovery practice, cancel or hold made. */
static void print_asks(struct json asks)
{
    struct span text = text_of(asks, "text");
    struct span code = text_of(asks, "code");
    bool is_practice = is_word(asks, "what", "practice");
    (void)printf("Your request that the guardians %s; they ask you for the code in another way, by "
                 "telephone say:\n\n%.*s\n\ncode %.*s\n",
                 is_practice                       ? "practise, of which nothing comes"
                 : is_word(asks, "what", "cancel") ? "take their recovery back"
                                                   : "hold the account",
                 (int)text.n, (const char *)text.p, (int)code.n, (const char *)code.p);
    (void)printf("%llu answered.", (unsigned long long)number_of(asks, "answers"));
    if (is_word(asks, "state", "outdated")) {
        (void)puts(" The account has moved on: ask anew.");
    } else if (!is_word(asks, "state", "enough")) {
        (void)puts(" Bring each answer: passmesh recovery answer ADDRESS FILE");
    } else if (is_practice) {
        (void)puts(" That is enough: the guardians are proven as a way in.");
    } else {
        (void)puts(" That is enough: passmesh recovery send ADDRESS");
    }
}

static void print_status(struct json r)
{
    struct json help;
    struct json asks;
    struct json checked;
    char grade[COMMAND_TEXT_LEN] = "";
    if (json_find(&checked, r, "checked")) {
        (void)command_text(checked, "grade", grade);
    }
    if (is_word(r, "state", "no_account")) {
        (void)printf("There is no account of ours at that address on this network (%s).\n", grade);
        return;
    }
    if (is_word(r, "state", "version_1")) {
        (void)printf("The account has version 1, which knows no guardians (%s): passmesh upgrade\n",
                     grade);
        return;
    }
    if (is_word(r, "state", "no_guardians")) {
        (void)printf("The account has no guardians (%s).\n", grade);
        return;
    }
    (void)printf("Guardians (%s):\n", grade);
    print_guardians(r);
    uint64_t now_ms = (uint64_t)time(NULL) * 1000;
    if (number_of(r, "frozen_ms") > now_ms) {
        print_time("Frozen until ", number_of(r, "frozen_ms"), ".");
    }
    if (number_of(r, "held_ms") > now_ms) {
        print_time("The guardians hold it until ", number_of(r, "held_ms"), ".");
    }
    if (json_find(&asks, r, "asks")) {
        print_asks(asks);
    }
    if (is_word(r, "state", "under_way")) {
        bool is_asked = false;
        is_asked = json_find_bool(&is_asked, r, "asked") == OK && is_asked;
        print_time(is_asked ? "Your recovery is under way; from "
                            : "They are replacing its owners; from ",
                   number_of(r, "ready_ms"), " it may be applied.");
        (void)printf(
            "Its owners can put that off %llu times more: passmesh recovery stop ADDRESS\n",
            (unsigned long long)number_of(r, "put_offs_left"));
    } else if (json_find(&help, r, "help")) {
        print_help(help);
    }
}

/* ---- asking ---- */

static bool network_used(struct local_client *c, char network[static COMMAND_TEXT_LEN])
{
    struct json status;
    return commands_ask(c, "status", SPAN_LIT("{}"), &status) &&
           command_text(status, "network_id", network)[0] != '\0';
}

static bool
ask_status(struct local_client *c, const char *address, const char *network, struct json *ret)
{
    const char *const pairs[] = {"address", address, "network_id", network};
    return commands_ask(c, "recovery_status", params_of(pairs, 4, false), ret);
}

/* The status of an account that is named by its address; its id in this wallet goes to account ("" if it is not there). */
struct subject {
    char network[COMMAND_TEXT_LEN];
    char account[COMMAND_TEXT_LEN];
};

static bool
look(struct local_client *c, const char *address, struct subject *ret, struct json *ret_r)
{
    if (!network_used(c, ret->network) || !ask_status(c, address, ret->network, ret_r)) {
        return false;
    }
    (void)command_text(*ret_r, "account_id", ret->account);
    return true;
}

/* Does what a command asks of an account; r is the status. */
typedef int (*subject_fn)(const struct command_args *args,
                          struct local_client *c,
                          const struct subject *s,
                          struct json r);

static int with_subject(const struct command_args *args, const char *address, subject_fn then)
{
    struct local_client c;
    struct subject s;
    struct json r;
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    int code = look(&c, address, &s, &r) ? then(args, &c, &s, r) : EXIT_FAILED;
    local_client_close(&c);
    return code;
}

static int do_status(const struct command_args *args,
                     struct local_client *c,
                     const struct subject *s,
                     struct json r)
{
    (void)c;
    (void)s;
    return command_print_result(args, r, print_status);
}

static int do_ask(const struct command_args *args,
                  struct local_client *c,
                  const struct subject *s,
                  struct json r)
{
    struct command_selection by;
    const char *name = args->argc > 2 ? args->argv[2] : "Recovered";
    if (!commands_select(c, &by)) {
        return EXIT_FAILED;
    }
    const char *const pairs[] = {"address",    args->argv[1], "network_id", s->network,
                                 "account_id", by.account,    "name",       name};
    return commands_ask(c, "recovery_ask", params_of(pairs, 8, true), &r)
               ? command_print_result(args, r, print_status)
               : EXIT_FAILED;
}

static int do_forget(const struct command_args *args,
                     struct local_client *c,
                     const struct subject *s,
                     struct json r)
{
    const char *const pairs[] = {"account_id", s->account, "what", "asks"};
    if (!commands_ask(c, "recovery_forget", params_of(pairs, 4, true), &r) ||
        !commands_ask(c, "recovery_forget", params_of(pairs, 2, true), &r)) {
        return EXIT_FAILED;
    }
    (void)args;
    (void)puts("Done.");
    return EXIT_DONE;
}

/* practice, cancel or hold: a request to the guardians. */
static int do_ask_guardians(const struct command_args *args,
                            struct local_client *c,
                            const struct subject *s,
                            struct json r)
{
    if (s->account[0] == '\0') {
        command_say("That account is not in this wallet. Watch it first: passmesh accounts add "
                    "NAME --watch ADDRESS");
        return EXIT_FAILED;
    }
    const char *const pairs[] = {"account_id", s->account, "network_id",
                                 s->network,   "what",     args->argv[0]};
    return commands_ask(c, "guardians_ask", params_of(pairs, 6, true), &r)
               ? command_print_result(args, r, print_status)
               : EXIT_FAILED;
}

/* What the guardians have answered enough to: send carries it. */
static const char *what_to_send(struct json r, char room[static COMMAND_TEXT_LEN])
{
    struct json asks;
    bool is_ready = json_find(&asks, r, "asks") && is_word(asks, "state", "enough") &&
                    !is_word(asks, "what", "practice");
    return is_ready ? command_text(asks, "what", room) : "begin";
}

/* Anyone carries it: the account that is used pays. */
static int do_prepare(const struct command_args *args,
                      struct local_client *c,
                      const struct subject *s,
                      struct json r)
{
    struct command_selection payer;
    const char *word = args->argv[0];
    char room[COMMAND_TEXT_LEN];
    const char *what = strcmp(word, "send") == 0    ? what_to_send(r, room)
                       : strcmp(word, "apply") == 0 ? "apply"
                                                    : "put_off";
    if (!commands_select(c, &payer)) {
        return EXIT_FAILED;
    }
    if (s->account[0] == '\0') {
        command_say("That account is not in this wallet: passmesh recovery ask ADDRESS");
        return EXIT_FAILED;
    }
    const char *const pairs[] = {"account_id",  s->account, "network_id", s->network, "payer_id",
                                 payer.account, "what",     what,         "speed",    "normal"};
    return commands_ask(c, "recovery_prepare", params_of(pairs, 10, true), &r)
               ? command_print_result(args, r, command_print_prepared)
               : EXIT_FAILED;
}

/* ---- texts ---- */

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
    while ((ch = fgetc(f)) != EOF && n + 1 < sizeof text_room) {
        if (ch > ' ' && ch < 0x7f) {
            text_room[n++] = (char)ch;
        }
    }
    text_room[n] = '\0';
    if (f != stdin) {
        (void)fclose(f);
    }
    if (n == 0 || n > HELP_TEXT_LEN_MAX) {
        command_say("%s holds no such text.", path);
        return "";
    }
    return text_room;
}

static int do_answer(const struct command_args *args,
                     struct local_client *c,
                     const struct subject *s,
                     struct json r)
{
    const char *const pairs[] = {"account_id", s->account, "text", text_room};
    return commands_ask(c, "recovery_gather", params_of(pairs, 4, true), &r)
               ? command_print_result(args, r, print_status)
               : EXIT_FAILED;
}

/* What a request is about, in words. */
static void print_wish(struct json r, struct span address)
{
    int n = (int)address.n;
    const char *a = (const char *)address.p;
    if (is_word(r, "what", "practice")) {
        (void)printf("Practice only: the owner of the account %.*s wants to see that his guardians "
                     "can be reached and\nsign. Nothing happens to the account; no contract takes "
                     "what you sign.\n",
                     n, a);
    } else if (is_word(r, "what", "cancel")) {
        (void)printf("The guardians shall take back the recovery of the account %.*s: its owners "
                     "stay.\n",
                     n, a);
    } else if (is_word(r, "what", "hold")) {
        (void)printf(
            "The guardians shall hold the account %.*s: for their delay nothing leaves it, "
            "and its owners\nand settings stay as they are.\n",
            n, a);
    } else {
        (void)printf("A request for help: the account %.*s shall get a new owner, and lose %llu of "
                     "the old ones.\n",
                     n, a, (unsigned long long)number_of(r, "removed"));
    }
}

static void print_request(struct json r)
{
    struct span address = text_of(r, "address");
    struct span code = text_of(r, "code");
    struct json signers;
    struct json one;
    print_wish(r, address);
    (void)printf("code %.*s\n", (int)code.n, (const char *)code.p);
    struct json_iter it = json_iterate(
        json_find(&signers, r, "signers") ? signers : (struct json){.type = JSON_NULL});
    bool is_guardian = json_next(&it, NULL, &one);
    if (!is_word(r, "state", "open")) {
        char state[COMMAND_TEXT_LEN];
        (void)printf("It cannot be signed now: %s.\n", command_text(r, "state", state));
    } else if (!is_guardian) {
        (void)puts("No account of this wallet is a guardian there.");
    } else {
        (void)puts(is_word(r, "what", "recover")
                       ? "Whoever holds that owner's passkey can move everything the account holds."
                       : "Nobody can spend anything by it.");
        (void)puts("Ask the person in another way than the one by which this came, by telephone "
                   "say, and compare\nthe code. Then sign it in the page:\npassmesh open");
    }
}

static int open_request(const struct command_args *args, struct local_client *c, const char *text)
{
    char address[COMMAND_TEXT_LEN];
    char network[COMMAND_TEXT_LEN];
    struct json r;
    const char *const pairs[] = {"text", text};
    if (!commands_ask(c, "help_open", params_of(pairs, 2, false), &r)) {
        return EXIT_FAILED;
    }
    (void)command_text(r, "address", address);
    (void)command_text(r, "network_id", network);
    if (!ask_status(c, address, network, &r) ||
        !commands_ask(c, "help_open", params_of(pairs, 2, false), &r)) {
        return EXIT_FAILED;
    }
    return command_print_result(args, r, print_request);
}

static int help_request_file(const struct command_args *args)
{
    struct local_client c;
    const char *text = read_text(args->argv[1]);
    if (text[0] == '\0' || !commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    int code = open_request(args, &c, text);
    local_client_close(&c);
    return code;
}

/* ---- the commands ---- */

static void print_name(struct json r)
{
    struct span text = text_of(r, "text");
    (void)printf("%.*s\n", (int)text.n, (const char *)text.p);
}

static int own_name(const struct command_args *args)
{
    struct local_client c;
    struct command_selection s;
    struct json r;
    int code = EXIT_FAILED;
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    const char *const pairs[] = {"account_id", s.account, "name",
                                 args->argc == 2 ? args->argv[1] : ""};
    if (commands_select(&c, &s) &&
        commands_ask(&c, "guardian_text", params_of(pairs, 4, false), &r)) {
        code = command_print_result(args, r, print_name);
    }
    local_client_close(&c);
    return code;
}

/* The address of the account that is used. */
static bool address_used(const struct command_args *args, char address[static COMMAND_TEXT_LEN])
{
    struct local_client c;
    struct json r;
    struct json one;
    address[0] = '\0';
    if (!commands_open(args, &c)) {
        return false;
    }
    if (commands_ask(&c, "accounts_list", SPAN_LIT("{}"), &r) && command_account_used(r, &one)) {
        (void)command_text(one, "address", address);
    }
    local_client_close(&c);
    if (address[0] == '\0') {
        command_say("No account yet, or the wallet is locked. Open the page: passmesh open");
        return false;
    }
    return true;
}

/* NAME=GUARDIAN, or a guardian alone: neither a text nor an address has that sign. */
static const char *guardian_in(const char *word)
{
    const char *sign = strrchr(word, '=');
    return sign ? sign + 1 : word;
}

static void put_guardians(struct json_writer *j, const char *const *words, int count)
{
    json_put_name(j, "guardians");
    json_put_array(j);
    for (int i = 2; i < count; i++) {
        json_put_str(j, guardian_in(words[i]));
    }
    json_end_array(j);
    json_put_name(j, "names");
    json_put_array(j);
    for (int i = 2; i < count; i++) {
        size_t n = (size_t)(guardian_in(words[i]) - words[i]);
        json_put_string(j, span_of((const uint8_t *)words[i], n > 0 ? n - 1 : 0));
    }
    json_end_array(j);
}

/* Begins to set them: how many together, after how many days, who. */
static struct span
setting_params(const struct command_selection *s, const char *const *words, int count)
{
    char key[COMMAND_KEY_LEN + 1];
    struct wr w = wr_init(MSPAN_OF(params_room));
    struct json_writer j = json_writer_init(&w);
    if (!command_key(key)) {
        return SPAN_EMPTY;
    }
    const char *const pairs[] = {"key",        key,        "account_id", s->account,
                                 "network_id", s->network, "speed",      "normal"};
    json_put_object(&j);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i += 2) {
        json_put_name(&j, pairs[i]);
        json_put_str(&j, pairs[i + 1]);
    }
    json_put_name(&j, "threshold");
    json_put_u64(&j, count > 2 ? (uint64_t)(words[0][0] - '0') : 0);
    json_put_name(&j, "days");
    json_put_u64(&j, (uint64_t)strtoul(words[1], NULL, 10));
    put_guardians(&j, words, count);
    json_end_object(&j);
    return span_of(params_room, json_writer_end(&j) == OK ? w.n : 0);
}

static int set_guardians(const struct command_args *args, const char *const *words, int count)
{
    struct command_selection s;
    bool is_threshold = strlen(words[0]) == 1 && words[0][0] >= '0' && words[0][0] <= '5';
    size_t digits = strspn(words[1], "0123456789");
    if (!is_threshold || digits == 0 || digits > 2 || words[1][digits] != '\0' ||
        count - 2 > GUARDIAN_COUNT_MAX) {
        command_say(
            "usage: passmesh guardians set HOW_MANY DAYS [NAME=]GUARDIAN... (HOW_MANY 1 to 5, "
            "DAYS 1 to 30)");
        return EXIT_USAGE;
    }
    if (!command_select(args, &s)) {
        return EXIT_FAILED;
    }
    return commands_call(args, "guardians_prepare", setting_params(&s, words, count),
                         command_print_prepared);
}

static int do_rename(const struct command_args *args,
                     struct local_client *c,
                     const struct subject *s,
                     struct json r)
{
    struct json list = {.type = JSON_NULL};
    struct json one = {.type = JSON_NULL};
    char key[COMMAND_TEXT_LEN] = "";
    unsigned long wanted = strtoul(args->argv[1], NULL, 10);
    unsigned long at = 0;
    (void)json_find(&list, r, "guardians");
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        if (++at == wanted) {
            (void)command_text(one, "key", key);
        }
    }
    if (key[0] == '\0') {
        command_say("There is no guardian with the number %s.", args->argv[1]);
        return EXIT_FAILED;
    }
    const char *const pairs[] = {"account_id", s->account, "guardian", key, "name", args->argv[2]};
    if (!commands_ask(c, "guardian_name", params_of(pairs, 6, true), &r)) {
        return EXIT_FAILED;
    }
    (void)puts("Done.");
    return EXIT_DONE;
}

int command_guardians(const struct command_args *args)
{
    static const char *const nobody[] = {"0", "2"};
    char address[COMMAND_TEXT_LEN];
    if (args->argc == 0) {
        return address_used(args, address) ? with_subject(args, address, do_status) : EXIT_FAILED;
    }
    if ((args->argc == 1 || args->argc == 2) && strcmp(args->argv[0], "name") == 0) {
        return own_name(args);
    }
    if (args->argc == 3 && strcmp(args->argv[0], "rename") == 0) {
        return address_used(args, address) ? with_subject(args, address, do_rename) : EXIT_FAILED;
    }
    if (args->argc >= 4 && strcmp(args->argv[0], "set") == 0) {
        return set_guardians(args, (const char *const *)args->argv + 1, args->argc - 1);
    }
    if (args->argc == 1 && strcmp(args->argv[0], "remove") == 0) {
        return set_guardians(args, nobody, 2);
    }
    command_say("usage: passmesh guardians [name [NAME] | set HOW_MANY DAYS [NAME=]GUARDIAN... | "
                "rename NUMBER NAME | remove]");
    return EXIT_USAGE;
}

int command_recovery_of(const struct command_args *args)
{
    static const struct {
        const char *word;
        int argc_min;
        int argc_max;
        subject_fn then;
    } words[] = {
        {"status",   2, 2, do_status       },
        {"ask",      2, 3, do_ask          },
        {"practice", 2, 2, do_ask_guardians},
        {"cancel",   2, 2, do_ask_guardians},
        {"hold",     2, 2, do_ask_guardians},
        {"send",     2, 2, do_prepare      },
        {"apply",    2, 2, do_prepare      },
        {"stop",     2, 2, do_prepare      },
        {"forget",   2, 2, do_forget       },
        {"answer",   3, 3, do_answer       },
    };
    if (args->argc == 2 && strcmp(args->argv[0], "help") == 0) {
        return help_request_file(args);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(args->argv[0], words[i].word) == 0 && args->argc >= words[i].argc_min &&
            args->argc <= words[i].argc_max) {
            bool needs_text = words[i].then == do_answer;
            return needs_text && read_text(args->argv[2])[0] == '\0'
                       ? EXIT_FAILED
                       : with_subject(args, args->argv[1], words[i].then);
        }
    }
    command_say("usage: passmesh recovery [status ADDRESS | ask ADDRESS [NAME] | help FILE | "
                "answer ADDRESS FILE | send ADDRESS | apply ADDRESS | stop ADDRESS | "
                "practice ADDRESS | cancel ADDRESS | hold ADDRESS | forget ADDRESS]");
    return EXIT_USAGE;
}
