/* passmesh net: this node among its peers, and probes of one of them. */
#include "commands.h"

#include "codec/json.h"
#include "node/net/net_json.h"
#include "node/net/reach_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PINGS_DEFAULT = 3, PINGS_MAX = 10, KIB = 1024 };

static int help(FILE *to)
{
    (void)fputs(
        "usage: passmesh net [status | ping PEER [COUNT] | find PEER | trace PEER] [--json]\n\n"
        "  status             can strangers reach this node, at which addresses and why; peers, "
        "and what each connection is\n"
        "                     made of; the DHT's routing table, gossip topics, and what is used of "
        "each budget\n"
        "  ping PEER [COUNT]  how long a round trip takes; connects for it if need be (COUNT: 3, "
        "at most 10)\n"
        "  find PEER          asks the DHT where the peer is, and dials nobody for it but whom it "
        "asks\n"
        "  trace PEER         the way to it: whom the DHT asked, who answered and named how many; "
        "then each address that was\n"
        "                     dialled, in order, and why it did or did not work\n\n"
        "PEER is a peer id (12D3Koo...), or an address that ends with one: "
        "/ip4/192.0.2.1/tcp/4001/p2p/12D3Koo...\n"
        "A client of the DHT, as wallets are, is found only by whom it is connected to. Exit "
        "codes: 0 found, connected or\n"
        "answered; 1 not; 2 wrong usage.\n",
        to);
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

static uint64_t number(struct json v, const char *name)
{
    uint64_t n = 0;
    return json_find_u64(&n, v, name) == OK ? n : 0;
}

static bool is_set(struct json v, const char *name)
{
    bool b;
    return json_find_bool(&b, v, name) == OK && b;
}

/* list_of iterates over an array member; over nothing if there is none. */
static struct json_iter list_of(struct json v, const char *name)
{
    struct json list;
    static const struct json none = {.type = JSON_NULL};
    return json_iterate(json_find(&list, v, name) ? list : none);
}

/* word_of is an element of an array; empty if it is no plain string. */
static struct span word_of(struct json v)
{
    struct span word;
    return json_get_plain(&word, v) == OK ? word : SPAN_EMPTY;
}

static void print_ms(uint64_t us)
{
    (void)printf("%llu.%03llu ms", (unsigned long long)(us / 1000),
                 (unsigned long long)(us % 1000));
}

/* ---- status ---- */

static void print_word(struct json v)
{
    struct reach_word word;
    if (reach_json_get(&word, v) == OK) {
        (void)printf("%s: %s", reach_text(word.reach), reach_reason_text(word.reason));
    }
}

static void print_addresses(struct json r)
{
    char text[COMMAND_TEXT_LEN];
    struct json one;
    struct json part;
    struct json source;
    struct json_iter it = list_of(r, "addresses");
    while (json_next(&it, NULL, &one)) {
        (void)printf("  %s  (", command_text(one, "address", text));
        struct json_iter sources = list_of(one, "sources");
        for (int i = 0; json_next(&sources, NULL, &source); i++) {
            struct span word = word_of(source);
            (void)printf("%s%.*s", i > 0 ? ", " : "", (int)word.n, (const char *)word.p);
        }
        (void)printf(")");
        if (json_find(&part, one, "reach")) {
            (void)printf("  ");
            print_word(part);
            (void)printf("; %llu arrived, %llu did not", (unsigned long long)number(one, "arrived"),
                         (unsigned long long)number(one, "failed"));
        }
        (void)putchar('\n');
    }
}

static void print_protocols(struct json peer)
{
    struct json protocol;
    struct json_iter it = list_of(peer, "protocols");
    (void)printf("    speaks");
    while (json_next(&it, NULL, &protocol)) {
        struct span word = word_of(protocol);
        (void)printf(" %.*s", (int)word.n, (const char *)word.p);
    }
    (void)putchar('\n');
}

/* What a connection is made of, on two lines. */
static void print_connection(struct json peer)
{
    char a[COMMAND_TEXT_LEN];
    char b[COMMAND_TEXT_LEN];
    char c[COMMAND_TEXT_LEN];
    (void)printf("    %s, ", command_text(peer, "address", a));
    (void)printf("%s, %s, ", command_text(peer, "direction", a),
                 command_text(peer, "transport", b));
    (void)printf("%s, %s", command_text(peer, "security", a), command_text(peer, "muxer", b));
    if (number(peer, "rtt_us") > 0) {
        (void)printf(", round trip ");
        print_ms(number(peer, "rtt_us"));
    }
    (void)printf("\n    %llu streams, %llu KiB, for %llu s, %s%s%s\n",
                 (unsigned long long)number(peer, "streams"),
                 (unsigned long long)(number(peer, "memory_used") / KIB),
                 (unsigned long long)number(peer, "since_s"), command_text(peer, "agent", a),
                 command_text(peer, "observed", c)[0] ? ", sees us at " : "", c);
    print_protocols(peer);
}

static void print_peers(struct json r)
{
    char id[COMMAND_TEXT_LEN];
    struct json list;
    struct json one;
    struct json_iter it = list_of(r, "peers");
    (void)printf("Peers      %zu\n", json_find(&list, r, "peers") ? json_count(list) : 0);
    while (json_next(&it, NULL, &one)) {
        (void)printf("  %s\n", command_text(one, "id", id));
        print_connection(one);
    }
}

static void print_dht(struct json r)
{
    char mode[COMMAND_TEXT_LEN];
    struct json dht;
    struct json one;
    if (!json_find(&dht, r, "dht")) {
        return;
    }
    (void)printf("DHT        %s, %llu peers in the routing table", command_text(dht, "mode", mode),
                 (unsigned long long)number(dht, "peers"));
    if (number(dht, "network_size") > 0) {
        (void)printf(", about %llu in the network",
                     (unsigned long long)number(dht, "network_size"));
    }
    (void)putchar('\n');
    struct json_iter it = list_of(dht, "buckets");
    while (json_next(&it, NULL, &one)) {
        (void)printf("  %3llu bits like ours: %llu peers\n",
                     (unsigned long long)number(one, "bits"),
                     (unsigned long long)number(one, "peers"));
    }
}

static void print_topics(struct json r)
{
    char topic[COMMAND_TEXT_LEN];
    struct json mesh;
    struct json one;
    struct json id;
    struct json_iter it = list_of(r, "topics");
    bool any = false;
    while (json_next(&it, NULL, &one)) {
        (void)printf("%s%s: %llu peers, in the mesh %zu\n", any ? "           " : "Gossip     ",
                     command_text(one, "topic", topic), (unsigned long long)number(one, "peers"),
                     json_find(&mesh, one, "mesh") ? json_count(mesh) : 0);
        any = true;
        struct json_iter members = list_of(one, "mesh");
        while (json_next(&members, NULL, &id)) {
            struct span word = word_of(id);
            (void)printf("  %.*s\n", (int)word.n, (const char *)word.p);
        }
    }
    if (!any) {
        (void)puts("Gossip     no topic");
    }
}

static void print_budget(struct json r)
{
    char name[COMMAND_TEXT_LEN];
    struct json one;
    struct json_iter it = list_of(r, "budget");
    (void)puts("Budget     in KiB: used, at most so far, limit, times refused");
    while (json_next(&it, NULL, &one)) {
        (void)printf("  %-12s %8llu %8llu %8llu %6llu\n", command_text(one, "scope", name),
                     (unsigned long long)(number(one, "used") / KIB),
                     (unsigned long long)(number(one, "used_max") / KIB),
                     (unsigned long long)(number(one, "limit") / KIB),
                     (unsigned long long)number(one, "refused"));
    }
    struct json_iter counts = list_of(r, "counts");
    while (json_next(&counts, NULL, &one)) {
        (void)printf("  %-22s %llu of %llu\n", command_text(one, "what", name),
                     (unsigned long long)number(one, "used"),
                     (unsigned long long)number(one, "limit"));
    }
}

static void print_state(struct json r)
{
    char text[COMMAND_TEXT_LEN];
    struct json reach;
    (void)printf("Peer id    %s\n", command_text(r, "id", text));
    if (json_find(&reach, r, "reach")) {
        (void)printf("Outside    ");
        print_word(reach);
        (void)printf("\n");
    }
    print_addresses(r);
    print_peers(r);
    print_dht(r);
    print_topics(r);
    print_budget(r);
}

/* ---- probes ---- */

static void print_lookup(struct json r)
{
    char id[COMMAND_TEXT_LEN];
    char state[COMMAND_TEXT_LEN];
    struct json lookup;
    struct json one;
    if (!json_find(&lookup, r, "lookup")) {
        if (is_set(r, "in_table")) {
            (void)puts("Lookup     nobody was asked: it stands in our own routing table");
        }
        return;
    }
    (void)printf(
        "Lookup     %llu asked, %llu answered, %llu hops, %llu ms\n",
        (unsigned long long)number(lookup, "asked"), (unsigned long long)number(lookup, "answered"),
        (unsigned long long)number(lookup, "hops"), (unsigned long long)number(lookup, "took_ms"));
    struct json_iter it = list_of(lookup, "steps");
    while (json_next(&it, NULL, &one)) {
        (void)printf(
            "  %6llu ms  %s  hop %llu, path %llu: ", (unsigned long long)number(one, "at_ms"),
            command_text(one, "peer", id), (unsigned long long)number(one, "hops"),
            (unsigned long long)number(one, "path"));
        if (strcmp(command_text(one, "state", state), "left") == 0) {
            (void)puts("not waited for");
            continue;
        }
        (void)printf("%s after %llu ms, named %llu peers\n", state,
                     (unsigned long long)number(one, "took_ms"),
                     (unsigned long long)number(one, "named"));
    }
}

static void print_found(struct json r)
{
    struct json one;
    struct json_iter it = list_of(r, "addresses");
    while (json_next(&it, NULL, &one)) {
        struct span address = word_of(one);
        (void)printf("Address    %.*s\n", (int)address.n, (const char *)address.p);
    }
}

static void print_dial(struct json r)
{
    char address[COMMAND_TEXT_LEN];
    char state[COMMAND_TEXT_LEN];
    char why[COMMAND_TEXT_LEN];
    struct json one;
    struct json_iter it = list_of(r, "dial");
    bool any = false;
    while (json_next(&it, NULL, &one)) {
        if (!any) {
            (void)puts("Dial");
        }
        any = true;
        (void)printf("  %6llu ms  %s  %s after %llu ms%s%s\n",
                     (unsigned long long)number(one, "at_ms"),
                     command_text(one, "address", address), command_text(one, "state", state),
                     (unsigned long long)number(one, "took_ms"),
                     command_text(one, "why", why)[0] ? ": " : "", why);
    }
}

static void print_pings(struct json r)
{
    struct json one;
    struct json_iter it = list_of(r, "pings");
    while (json_next(&it, NULL, &one)) {
        (void)printf("Ping       ");
        if (is_set(one, "answered")) {
            print_ms(number(one, "rtt_us"));
        } else {
            (void)printf("no answer");
        }
        (void)putchar('\n');
    }
}

static const char *outcome_words(const char *outcome)
{
    static const char *const words[][2] = {
        {"not_found",   "not found: nobody who was asked knows an address of it"},
        {"found",       "found"                                                 },
        {"unreachable", "unreachable: no address worked"                        },
        {"connected",   "connected"                                             },
        {"answered",    "it answers"                                            },
        {"silent",      "connected, but it answers no ping"                     },
        {"late",        "given up after 25 s"                                   },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(outcome, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return outcome;
}

static void print_probe(struct json r)
{
    char text[COMMAND_TEXT_LEN];
    struct json connection;
    (void)printf("Peer       %s\n", command_text(r, "peer", text));
    print_lookup(r);
    print_found(r);
    print_dial(r);
    if (json_find(&connection, r, "connection")) {
        (void)puts(is_set(r, "was_connected") ? "Connection, which was there before"
                                              : "Connection");
        print_connection(connection);
    }
    print_pings(r);
    (void)printf("Result     %s, in %llu ms\n", outcome_words(command_text(r, "outcome", text)),
                 (unsigned long long)number(r, "took_ms"));
}

static bool is_good(struct json r)
{
    char outcome[COMMAND_TEXT_LEN];
    (void)command_text(r, "outcome", outcome);
    return strcmp(outcome, "found") == 0 || strcmp(outcome, "connected") == 0 ||
           strcmp(outcome, "answered") == 0;
}

static int probe(const struct command_args *args, const char *goal, unsigned pings)
{
    char room[COMMAND_PARAMS_LEN];
    const char *const pairs[] = {"peer", args->argv[1], "goal", goal};
    struct span params = command_params(room, pairs, sizeof pairs / sizeof pairs[0]);
    struct local_client c;
    struct json result;
    struct net_target target;
    if (params.n == 0 || net_target_read(&target, span_str(args->argv[1])) != OK) {
        command_say("\"%s\" is no peer: give its id (12D3Koo...), or an address that ends with "
                    "/p2p/ID. `passmesh peers` lists those that are connected.",
                    args->argv[1]);
        return EXIT_USAGE;
    }
    size_t at = params.n - 1; /* in place of the last brace */
    int n = snprintf(room + at, sizeof room - at, ",\"pings\":%u}", pings);
    if (n < 0 || (size_t)n >= sizeof room - at) {
        command_say("That is too long for a peer.");
        return EXIT_USAGE;
    }
    if (local_client_open(&c, args->config->socket) != OK) {
        command_say("No wallet is running. Start one with: passmesh daemon");
        return EXIT_FAILED;
    }
    bool done = commands_ask(&c, "net_probe", span_str(room), &result);
    if (done && args->is_json) {
        (void)printf("%.*s\n", (int)result.raw.n, (const char *)result.raw.p);
    } else if (done) {
        print_probe(result);
    }
    int status = done && is_good(result) ? EXIT_DONE : EXIT_FAILED;
    local_client_close(&c);
    return status;
}

static int ping(const struct command_args *args)
{
    unsigned long count = PINGS_DEFAULT;
    if (args->argc == 3) {
        char *end;
        count = strtoul(args->argv[2], &end, 10);
        if (*end != '\0' || count < 1 || count > PINGS_MAX) {
            command_say("%s is no number of pings: 1 to %d.", args->argv[2], PINGS_MAX);
            return EXIT_USAGE;
        }
    }
    return probe(args, "ping", (unsigned)count);
}

int command_net(const struct command_args *args)
{
    const char *what = args->argc > 0 ? args->argv[0] : "status";
    if (strcmp(what, "--help") == 0 || strcmp(what, "help") == 0) {
        return help(stdout);
    }
    if (args->argc <= 1 && strcmp(what, "status") == 0) {
        return commands_call(args, "net_status", SPAN_LIT("{}"), print_state);
    }
    if ((args->argc == 2 || args->argc == 3) && strcmp(what, "ping") == 0) {
        return ping(args);
    }
    if (args->argc == 2 && (strcmp(what, "find") == 0 || strcmp(what, "trace") == 0)) {
        return probe(args, what, 1);
    }
    return help(stderr);
}
