/* The operator's commands, over the socket of a running server. */
#include "ask.h"

#include "codec/json.h"
#include "node/api/local_client.h"
#include "node/net/net_json.h"
#include "node/net/net_print.h"
#include "withdraw.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the system's server, as the package starts it. */
static const char system_socket[] = "/run/passmesh-server/server.sock";

enum { LOOK_MS = 250, PARAMS_LEN_MAX = 700, NUMBER_LEN_MAX = 12, PINGS_DEFAULT = 3 };

bool ask_is_command(const char *word)
{
    static const char *const commands[] = {"status", "peers", "net", "drain", "reload", "metrics"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- printing ---- */

static void print_text(struct json object, const char *name, const char *label)
{
    struct json v;
    struct span text;
    if (!json_find(&v, object, name)) {
        return;
    }
    text = v.raw;
    if (v.type == JSON_STRING && json_get_plain(&text, v) != OK) {
        return;
    }
    (void)printf("%-12s%.*s\n", label, (int)text.n, (const char *)text.p);
}

/* print_reach: can strangers dial it, and why. */
static void print_reach(struct json r)
{
    struct json reach;
    if (json_find(&reach, r, "reach")) {
        print_text(reach, "words", "Outside");
        print_text(reach, "why_words", "");
    }
}

static void print_status(struct json r)
{
    static const char *const rows[][2] = {
        {"state",   "State"   },
        {"network", "Network" },
        {"peer_id", "Peer id" },
        {"node",    "Node"    },
        {"level",   "Bundling"},
        {"peers",   "Peers"   },
        {"streams", "Requests"},
        {"answers", "Answered"},
        {"dht",     "DHT"     },
        {"sandbox", "Sandbox" },
        {"up_s",    "Up for s"},
        {"version", "Version" },
    };
    struct json inner;
    struct json item;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_text(r, rows[i][0], rows[i][1]);
    }
    print_reach(r);
    if (json_find(&inner, r, "head")) {
        print_text(inner, "number", "Block");
        print_text(inner, "age_s", "  old, s");
    }
    if (json_find(&inner, r, "bundler")) {
        print_text(inner, "address", "Bundler");
        print_text(inner, "balance_wei", "  wei");
        print_text(inner, "operations", "  open");
    }
    struct json_iter it = json_iterate(json_find(&inner, r, "listen") ? inner : r);
    struct json_iter bad = json_iterate(json_find(&inner, r, "problems") ? inner : r);
    struct span text;
    while (json_next(&it, NULL, &item) && json_get_plain(&text, item) == OK) {
        (void)printf("%-12s%.*s\n", "Listens", (int)text.n, (const char *)text.p);
    }
    while (json_next(&bad, NULL, &item)) {
        print_text(item, "words", "Problem");
    }
}

static void print_names(struct json r, const char *name, const char *sentence)
{
    struct json list;
    struct json item;
    struct span text;
    if (!json_find(&list, r, name) || json_count(list) == 0) {
        return;
    }
    struct json_iter it = json_iterate(list);
    (void)fputs(sentence, stdout);
    while (json_next(&it, NULL, &item) && json_get_plain(&text, item) == OK) {
        (void)printf(" %.*s", (int)text.n, (const char *)text.p);
    }
    (void)fputc('\n', stdout);
}

static void print_reload(struct json r)
{
    (void)puts("server.ini was read again.");
    print_names(r, "changed", "Changed:");
    print_names(r, "needs_restart", "Only after a restart:");
}

static void print_metrics(struct json r)
{
    struct json text;
    size_t n = json_find(&text, r, "text") ? json_string_len(text) : 0;
    uint8_t *room = malloc(n + 1);
    if (!room) {
        abort();
    }
    struct wr w = wr_init(mspan_of(room, n));
    if (n > 0 && json_get_string(&w, text) == OK) {
        (void)fwrite(room, 1, n, stdout);
    }
    free(room);
}

static void print_result(const struct ask_words *words, struct json r)
{
    if (strcmp(words->command, "metrics") == 0) {
        print_metrics(r); /* their form is fixed */
    } else if (words->is_json) {
        (void)printf("%.*s\n", (int)r.raw.n, (const char *)r.raw.p);
    } else if (strcmp(words->command, "status") == 0) {
        print_status(r);
    } else if (words->peer) {
        net_print_probe(r);
    } else if (strcmp(words->command, "net") == 0) {
        net_print_state(r);
    } else if (strcmp(words->command, "peers") == 0) {
        net_print_peers(r);
    } else if (strcmp(words->command, "reload") == 0) {
        print_reload(r);
    }
}

static void print_error(struct json error)
{
    struct json data;
    struct json params;
    struct span field = SPAN_EMPTY;
    struct span rule = SPAN_EMPTY;
    if (json_find(&data, error, "data") && json_find(&params, data, "params") &&
        json_find_plain(&field, params, "field") == OK &&
        json_find_plain(&rule, params, "rule") == OK) {
        (void)fprintf(stderr, "passmesh-server: nothing was changed: %.*s: %.*s.\n", (int)field.n,
                      (const char *)field.p, (int)rule.n, (const char *)rule.p);
        return;
    }
    (void)fprintf(stderr, "passmesh-server: the server refuses it: %.*s\n", (int)error.raw.n,
                  (const char *)error.raw.p);
}

/* ---- asking ---- */

static enum err open_client(struct local_client *c, const struct server_config_args *args)
{
    static struct server_config config;
    struct diag diag = {0};
    enum err err = server_config_find(&config, args, &diag);
    if (err == OK) {
        err = local_client_open(c, config.places.socket);
    }
    return err != OK && !args->home ? local_client_open(c, system_socket) : err;
}

/* Draining is done when the server has gone. */
static int wait_for_end(struct local_client *c)
{
    struct span answer;
    while (local_client_call(c, "status", SPAN_LIT("{}"), &answer) == OK) {
        (void)poll(NULL, 0, LOOK_MS);
    }
    return EXIT_GOOD;
}

/* probe_params says in words what is wrong. */
static bool probe_params(char ret[static PARAMS_LEN_MAX], const struct ask_words *words)
{
    struct net_target target;
    enum host_probe_goal goal;
    uint64_t pings = PINGS_DEFAULT;
    struct wr w = wr_init(mspan_of(ret, PARAMS_LEN_MAX - 1));
    struct json_writer j = json_writer_init(&w);
    if (host_probe_goal_parse(&goal, span_str(words->argument)) != OK || !words->peer ||
        net_target_read(&target, span_str(words->peer)) != OK) {
        (void)fprintf(stderr, "usage: passmesh-server net [ping PEER [COUNT] | find PEER | trace "
                              "PEER], where PEER is an id (12D3Koo...) or an address that ends "
                              "with /p2p/ID\n");
        return false;
    }
    if (words->pings) {
        char *end;
        pings = strtoul(words->pings, &end, 10);
        if (*end != '\0' || pings < 1 || pings > HOST_PROBE_PINGS_MAX) {
            (void)fprintf(stderr, "passmesh-server: %s is no number of pings: 1 to %d.\n",
                          words->pings, HOST_PROBE_PINGS_MAX);
            return false;
        }
    }
    json_put_object(&j);
    json_put_name(&j, "goal");
    json_put_str(&j, words->argument);
    json_put_name(&j, "peer");
    json_put_str(&j, words->peer);
    json_put_name(&j, "pings");
    json_put_u64(&j, pings);
    json_end_object(&j);
    ret[json_writer_end(&j) == OK ? w.n : 0] = '\0';
    return ret[0] != '\0';
}

/* drain_params says in words what is wrong. */
static bool drain_params(char ret[static PARAMS_LEN_MAX], const struct ask_words *words)
{
    const char *a = words->argument;
    (void)snprintf(ret, PARAMS_LEN_MAX, "{}");
    if (!a) {
        return true;
    }
    size_t n = strspn(a, "0123456789");
    (void)snprintf(ret, PARAMS_LEN_MAX, "{\"deadline_s\":%.*s}", NUMBER_LEN_MAX, a);
    bool is_good = n > 0 && n < NUMBER_LEN_MAX && a[n] == '\0' && a[0] != '0';
    if (!is_good) {
        (void)fprintf(stderr, "passmesh-server: %s is no whole number of seconds.\n", a);
    }
    return is_good;
}

int ask(const struct server_config_args *args, const struct ask_words *words)
{
    struct local_client c = {.fd = -1};
    char params[PARAMS_LEN_MAX];
    struct span answer;
    struct json root;
    struct json result;
    bool is_probe = strcmp(words->command, "net") == 0 && words->argument;
    if (!(is_probe ? probe_params(params, words) : drain_params(params, words))) {
        return EXIT_USAGE;
    }
    enum err err = open_client(&c, args);
    if (err != OK) {
        (void)fprintf(
            stderr,
            "passmesh-server: no server is running here%s. Name its --home, or ask as the "
            "user that it runs as.\n",
            err == ERR_NOT_FOUND ? "" : " that we can reach");
        return EXIT_FAILED;
    }
    err = local_client_call(&c, is_probe ? "probe" : words->command, span_str(params), &answer);
    int code = EXIT_FAILED;
    if (err != OK || json_parse(&root, answer, NULL) != OK) {
        (void)fprintf(stderr, "passmesh-server: the server did not answer; see its log.\n");
    } else if (json_find(&result, root, "result")) {
        print_result(words, result);
        bool drains = strcmp(words->command, "drain") == 0;
        code = drains                                   ? wait_for_end(&c)
               : is_probe && !net_print_is_good(result) ? EXIT_FAILED
                                                        : EXIT_GOOD;
    } else if (json_find(&result, root, "error")) {
        print_error(result);
    }
    local_client_close(&c);
    return code;
}

void print_checked(const struct server_checked *c, bool is_json)
{
    if (is_json) {
        (void)printf("{\"network\":\"%s\",\"chain_id\":%llu,\"listen\":%zu,\"bundler\":%s}\n",
                     c->network, (unsigned long long)c->chain_id, c->listen_count,
                     c->is_bundler ? "true" : "false");
    } else {
        (void)printf("The configuration is good: %s (chain %llu), %zu address%s for peers, %s.\n",
                     c->network, (unsigned long long)c->chain_id, c->listen_count,
                     c->listen_count == 1 ? "" : "es", c->is_bundler ? "bundling" : "no bundling");
    }
}
