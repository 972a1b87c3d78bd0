/* passmesh plugin ... while a daemon runs: asked over its socket. */
#include "command_plugin.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "node/net/reach_json.h"
#include "node/os/entropy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_LEN = 22, PARAMS_LEN_MAX = 160 << 10, STEP_MS = 200, ROOT_LEN_MAX = 64 << 10 };

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

static bool flag_of(struct json v, const char *name)
{
    bool is_true = false;
    return json_find_bool(&is_true, v, name) == OK && is_true;
}

/* What stands between the quotes. */
static struct span inside(struct json text)
{
    struct span s = SPAN_EMPTY;
    return json_get_plain(&s, text) == OK ? s : SPAN_EMPTY;
}

/* A code as words, with its values. */
static void print_coded(struct json coded)
{
    struct json params;
    struct json name;
    struct json value;
    struct span code = text_of(coded, "code");
    for (size_t i = 0; i < code.n; i++) {
        (void)putchar(code.p[i] == '_' ? ' ' : code.p[i]);
    }
    if (json_find(&params, coded, "params")) {
        struct json_iter it = json_iterate(params);
        while (json_next(&it, &name, &value)) {
            struct span n = inside(name);
            struct span v = inside(value);
            (void)printf(", %.*s %.*s", (int)n.n, (const char *)n.p, (int)v.n, (const char *)v.p);
        }
    }
}

static void print_run(struct json state)
{
    struct json run;
    struct json reach;
    struct reach_word word = {.reach = REACH_UNKNOWN, .reason = REACH_NOBODY_TO_ASK};
    if (!json_find(&run, state, "run")) {
        return;
    }
    if (json_find(&reach, run, "reach") && reach_json_get(&word, reach) != OK) {
        word.reach = REACH_UNKNOWN; /* words of a newer daemon */
    }
    struct span listen = text_of(run, "listen");
    (void)printf("Providing wallet services: %llu clients, %llu requests a minute, %s\n"
                 "Outside: %s\nListens: %.*s\n",
                 (unsigned long long)number_of(run, "clients"),
                 (unsigned long long)number_of(run, "requests_min"),
                 word.reach == REACH_UNKNOWN ? "reachability not known yet"
                                             : reach_text(word.reach),
                 reach_reason_text(word.reason), (int)listen.n, (const char *)listen.p);
    if (!flag_of(run, "node")) {
        (void)puts("Its Ethereum node does not answer.");
    }
}

static void print_variants(struct json state)
{
    struct json list;
    struct json v;
    struct json reasons;
    struct json r;
    if (!json_find(&list, state, "variants")) {
        return;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &v)) {
        struct span version = text_of(v, "version");
        struct span platform = text_of(v, "platform");
        (void)printf("Package: server %.*s for %.*s: %s\n", (int)version.n, (const char *)version.p,
                     (int)platform.n, (const char *)platform.p,
                     flag_of(v, "suits") ? "suits this machine" : "does not suit");
        struct json_iter each = json_iterate(json_find(&reasons, v, "reasons") ? reasons : v);
        while (json_next(&each, NULL, &r)) {
            (void)printf("  %s ", flag_of(r, "met") ? "+" : "-");
            print_coded(r);
            (void)puts("");
        }
    }
}

static void print_repository(struct json repository)
{
    struct json mirrors = {0};
    struct json one;
    struct json fault;
    struct span id = text_of(repository, "id");
    (void)json_find(&mirrors, repository, "mirrors");
    struct json_iter it = json_iterate(mirrors);
    while (json_next(&it, NULL, &one)) {
        struct span url = inside(one);
        (void)printf("%s %.*s: %.*s\n",
                     flag_of(repository, "development") ? "Development repository" : "Repository",
                     (int)id.n, (const char *)id.p, (int)url.n, (const char *)url.p);
    }
    if (json_find(&fault, repository, "fault")) {
        (void)printf("  refused: ");
        print_coded(fault);
        (void)puts("");
    }
}

static void print_repositories(struct json state)
{
    struct json list;
    struct json one;
    if (!json_find(&list, state, "repositories")) {
        return;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        print_repository(one);
    }
    if (json_count(list) > 1 || number_of(state, "agree") > 1) {
        (void)printf("%llu of %zu repositories have to agree.\n",
                     (unsigned long long)number_of(state, "agree"), json_count(list));
    }
}

static void print_status(struct json state)
{
    struct json part;
    struct span name = text_of(state, "state");
    (void)printf("Server: %.*s\n", (int)name.n, (const char *)name.p);
    if (json_find(&part, state, "installed")) {
        struct span version = text_of(part, "version");
        (void)printf("Installed: server %.*s%s\n", (int)version.n, (const char *)version.p,
                     flag_of(part, "trial") ? ", on trial" : "");
    }
    print_run(state);
    print_repositories(state);
    if (json_find(&part, state, "client")) {
        struct span version = text_of(part, "version");
        struct span notes = text_of(part, "notes");
        (void)printf("A newer Passmesh is available: %.*s. %.*s\n", (int)version.n,
                     (const char *)version.p, (int)notes.n, (const char *)notes.p);
    }
    if (json_find(&part, state, "fault")) {
        (void)printf("Last fault: ");
        print_coded(part);
        (void)puts("");
    }
}

/* Writes {"key": ..., and what put adds}. */
typedef void (*put_fn)(struct json_writer *j, const struct command_args *args);
static bool make_params(struct wr *w, const struct command_args *args, put_fn put)
{
    struct entropy entropy;
    uint8_t random[16];
    char key[KEY_LEN + 1];
    if (entropy_init(&entropy) != OK) {
        return false;
    }
    rng_fill(&entropy.rng, MSPAN_OF(random));
    struct wr text = wr_init(mspan_of(key, KEY_LEN));
    base64_encode(&text, BASE64_URL_BARE, SPAN_OF(random));
    key[KEY_LEN] = '\0';
    struct json_writer j = json_writer_init(w);
    json_put_object(&j);
    json_put_name(&j, "key");
    json_put_str(&j, key);
    if (put) {
        put(&j, args);
    }
    json_end_object(&j);
    return json_writer_end(&j) == OK;
}

static bool
order(const struct command_args *args, struct local_client *c, const char *method, put_fn put)
{
    static uint8_t text[PARAMS_LEN_MAX];
    struct json result;
    struct wr w = wr_init(MSPAN_OF(text));
    if (!make_params(&w, args, put)) {
        command_say("What is asked for does not fit.");
        return false;
    }
    return commands_ask(c, method, span_of(text, w.n), &result);
}

static bool ask_state(struct local_client *c, struct json *ret)
{
    return commands_ask(c, "plugin_status", SPAN_LIT("{}"), ret);
}

static int show(const struct command_args *args, struct local_client *c)
{
    struct json state;
    if (!ask_state(c, &state)) {
        return EXIT_FAILED;
    }
    if (args->is_json) {
        (void)printf("%.*s\n", (int)state.raw.n, (const char *)state.raw.p);
    } else {
        print_status(state);
    }
    return EXIT_DONE;
}

static void print_job(struct json job, unsigned *last)
{
    uint64_t length = number_of(job, "length");
    unsigned percent = length > 0 ? (unsigned)(number_of(job, "verified") * 100 / length) : 0;
    if (length > 0 && percent != *last) {
        (void)fprintf(stderr, "\r%3u %% verified", percent);
        *last = percent;
    }
}

/* Waits for what is under way. False: it went wrong, and that was told. */
static bool follow(struct local_client *c, struct json *ret_state)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    struct json job;
    struct json fault;
    unsigned last = 101;
    do {
        (void)nanosleep(&step, NULL);
        if (!ask_state(c, ret_state)) {
            return false;
        }
        if (json_find(&job, *ret_state, "job")) {
            print_job(job, &last);
        }
    } while (json_find(&job, *ret_state, "job"));
    if (last <= 100) {
        (void)fputs("\n", stderr);
    }
    if (json_find(&fault, *ret_state, "fault")) {
        (void)printf("Not done: ");
        print_coded(fault);
        (void)puts(".");
        return false;
    }
    return true;
}

static int begin(const struct command_args *args, struct local_client *c, const char *method)
{
    struct json state;
    if (!order(args, c, method, NULL)) {
        return EXIT_FAILED;
    }
    bool is_good = follow(c, &state);
    if (strcmp(method, "plugin_check") == 0) {
        print_variants(state);
    } else if (is_good) {
        print_status(state);
    }
    return is_good ? EXIT_DONE : EXIT_FAILED;
}

static int simple(const struct command_args *args, struct local_client *c, const char *method)
{
    return order(args, c, method, NULL) ? show(args, c) : EXIT_FAILED;
}

static void put_root(struct json_writer *j, const struct command_args *args)
{
    static char text[ROOT_LEN_MAX];
    FILE *f = fopen(args->argv[2], "re");
    size_t n = f ? fread(text, 1, sizeof text, f) : 0;
    if (f) {
        (void)fclose(f);
    }
    static char encoded[ROOT_LEN_MAX / 3 * 4 + 4];
    struct wr w = wr_init(MSPAN_OF(encoded));
    base64_encode(&w, BASE64_URL_BARE, span_of(text, n));
    json_put_name(j, "url");
    json_put_str(j, args->argv[1]);
    json_put_name(j, "root");
    json_put_string(j, span_of(encoded, w.n));
}

static void put_id(struct json_writer *j, const struct command_args *args)
{
    if (args->argc == 2) {
        json_put_name(j, "id");
        json_put_str(j, args->argv[1]);
    }
}

static void put_count(struct json_writer *j, const struct command_args *args)
{
    json_put_name(j, "count");
    json_put_u64(j, strtoul(args->argv[1], NULL, 10));
}

static void put_keep(struct json_writer *j, const struct command_args *args)
{
    json_put_name(j, "keep_data");
    json_put_bool(j, !(args->argc == 2 && strcmp(args->argv[1], "--all") == 0));
}

/* NAME=VALUE: text for some, a number for the others. */
static void put_settings(struct json_writer *j, const struct command_args *args)
{
    for (int i = 1; i < args->argc; i++) {
        char *equals = strchr(args->argv[i], '=');
        struct span name = span_of(args->argv[i], equals ? (size_t)(equals - args->argv[i]) : 0);
        const char *value = equals ? equals + 1 : "";
        bool is_text = span_equal(name, SPAN_LIT("network_id")) ||
                       span_equal(name, SPAN_LIT("node")) || span_equal(name, SPAN_LIT("listen"));
        json_put_name_span(j, name);
        if (is_text) {
            json_put_str(j, value);
        } else {
            json_put_u64(j, strtoul(value, NULL, 10));
        }
    }
}

static int show_log(const struct command_args *args, struct local_client *c)
{
    struct json result;
    struct json lines;
    struct json line;
    (void)args;
    if (!commands_ask(c, "plugin_log", SPAN_LIT("{}"), &result) ||
        !json_find(&lines, result, "lines")) {
        return EXIT_FAILED;
    }
    struct json_iter it = json_iterate(lines);
    while (json_next(&it, NULL, &line)) {
        struct span text = text_of(line, "text");
        (void)printf("%.*s\n", (int)text.n, (const char *)text.p);
    }
    return EXIT_DONE;
}

int command_plugin_daemon(const struct command_args *args, struct local_client *c)
{
    static const struct {
        const char *word;
        const char *method;
        int (*run)(const struct command_args *args, struct local_client *c, const char *method);
    } words[] = {
        {"check",   "plugin_check",   begin },
        {"install", "plugin_install", begin },
        {"update",  "plugin_install", begin },
        {"cancel",  "plugin_cancel",  simple},
        {"start",   "plugin_start",   simple},
        {"stop",    "plugin_stop",    simple}
    };
    const char *what = args->argc > 0 ? args->argv[0] : "status";
    for (size_t i = 0; i < sizeof words / sizeof words[0] && args->argc == 1; i++) {
        if (strcmp(what, words[i].word) == 0) {
            return words[i].run(args, c, words[i].method);
        }
    }
    if (strcmp(what, "status") == 0 && args->argc <= 1) {
        return show(args, c);
    }
    if (strcmp(what, "log") == 0 && args->argc == 1) {
        return show_log(args, c);
    }
    if (strcmp(what, "add") == 0 && args->argc == 3) {
        return order(args, c, "plugin_repository_add", put_root) ? show(args, c) : EXIT_FAILED;
    }
    if (strcmp(what, "forget") == 0 && args->argc <= 2) {
        return order(args, c, "plugin_repository_forget", put_id) ? show(args, c) : EXIT_FAILED;
    }
    if (strcmp(what, "agree") == 0 && args->argc == 2) {
        return order(args, c, "plugin_repository_agree", put_count) ? show(args, c) : EXIT_FAILED;
    }
    if (strcmp(what, "remove") == 0 && args->argc <= 2) {
        return order(args, c, "plugin_remove", put_keep) ? show(args, c) : EXIT_FAILED;
    }
    if (strcmp(what, "set") == 0 && args->argc >= 2) {
        return order(args, c, "plugin_settings_set", put_settings) ? show(args, c) : EXIT_FAILED;
    }
    if (strcmp(what, "run") == 0) {
        command_say("The wallet keeps the server while it runs: passmesh plugin start");
        return EXIT_FAILED;
    }
    return command_plugin_usage();
}
