/* The network of a node, as net_json.c wrote it, in words. */
#include "node/net/net_print.h"

#include "node/net/reach_json.h"

#include <stdio.h>
#include <string.h>

enum { KIB = 1024, TEXT_LEN = 544 }; /* a multiaddr's text, and the end of it */

/* text_of gives a member as text, for printing; "" if it is not there. */
static const char *text_of(struct json v, const char *name, char out[static TEXT_LEN])
{
    struct json member;
    struct wr w = wr_init(mspan_of(out, TEXT_LEN - 1));
    bool is_text = json_find(&member, v, name) && json_get_string(&w, member) == OK;
    out[is_text ? w.n : 0] = '\0';
    return out;
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
    char text[TEXT_LEN];
    struct json one;
    struct json part;
    struct json source;
    struct json_iter it = list_of(r, "addresses");
    while (json_next(&it, NULL, &one)) {
        (void)printf("  %s  (", text_of(one, "address", text));
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

static void print_tags(struct json peer)
{
    char tag[TEXT_LEN];
    struct json one;
    struct json_iter it = list_of(peer, "tags");
    bool any = false;
    while (json_next(&it, NULL, &one)) {
        (void)printf("%s %s %llu%s", any ? "," : "    tagged", text_of(one, "tag", tag),
                     (unsigned long long)number(one, "value"),
                     is_set(one, "protects") ? " (protected)" : "");
        any = true;
    }
    if (any) {
        (void)putchar('\n');
    }
}

static void print_score(struct json peer)
{
    int64_t score;
    if (json_find_i64(&score, peer, "gossip_score") == OK) {
        uint64_t size = score < 0 ? 0 - (uint64_t)score : (uint64_t)score;
        (void)printf("    gossip score %s%llu.%03llu\n", score < 0 ? "-" : "",
                     (unsigned long long)(size / 1000), (unsigned long long)(size % 1000));
    }
}

/* What a connection is made of, on two lines. */
static void print_connection(struct json peer)
{
    char a[TEXT_LEN];
    char b[TEXT_LEN];
    char c[TEXT_LEN];
    (void)printf("    %s, ", text_of(peer, "address", a));
    (void)printf("%s, %s, ", text_of(peer, "direction", a), text_of(peer, "transport", b));
    (void)printf("%s, %s", text_of(peer, "security", a), text_of(peer, "muxer", b));
    if (number(peer, "rtt_us") > 0) {
        (void)printf(", round trip ");
        print_ms(number(peer, "rtt_us"));
    }
    (void)printf("\n    %llu streams, %llu KiB, for %llu s, %s%s%s\n",
                 (unsigned long long)number(peer, "streams"),
                 (unsigned long long)(number(peer, "memory_used") / KIB),
                 (unsigned long long)number(peer, "since_s"), text_of(peer, "agent", a),
                 text_of(peer, "observed", c)[0] ? ", sees us at " : "", c);
    print_protocols(peer);
    print_tags(peer);
    print_score(peer);
}

void net_print_peers(struct json r)
{
    char id[TEXT_LEN];
    struct json list;
    struct json one;
    struct json_iter it = list_of(r, "peers");
    (void)printf("Peers      %zu\n", json_find(&list, r, "peers") ? json_count(list) : 0);
    while (json_next(&it, NULL, &one)) {
        (void)printf("  %s\n", text_of(one, "id", id));
        print_connection(one);
    }
}

static void print_reasons(struct json r)
{
    char id[TEXT_LEN];
    char why[TEXT_LEN];
    struct json one;
    struct json_iter it = list_of(r, "endings");
    while (json_next(&it, NULL, &one)) {
        (void)printf("Left       %s, %llu s ago: %s%s\n", text_of(one, "peer", id),
                     (unsigned long long)number(one, "ago_s"), text_of(one, "why", why),
                     is_set(one, "pruned") ? " (let go of)" : "");
    }
    struct json_iter refusals = list_of(r, "refusals");
    while (json_next(&refusals, NULL, &one)) {
        (void)printf("Refused    %llu times: %s, in scope %s\n",
                     (unsigned long long)number(one, "count"), text_of(one, "why", why),
                     text_of(one, "scope", id));
    }
}

static void print_identities(struct json r)
{
    char account[TEXT_LEN];
    char peer[TEXT_LEN];
    struct json one;
    struct json_iter it = list_of(r, "identities");
    for (int i = 0; json_next(&it, NULL, &one); i++) {
        if (i == 0) {
            (void)printf("Identities, by which servers are asked about an account:\n");
        }
        (void)printf("  %s  %s  %llu servers\n", text_of(one, "account_id", account),
                     text_of(one, "peer_id", peer), (unsigned long long)number(one, "servers"));
    }
}

static void print_dht(struct json r)
{
    char mode[TEXT_LEN];
    struct json dht;
    struct json one;
    if (!json_find(&dht, r, "dht")) {
        return;
    }
    (void)printf("DHT        %s, %llu peers in the routing table", text_of(dht, "mode", mode),
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
    char topic[TEXT_LEN];
    struct json mesh;
    struct json one;
    struct json id;
    struct json_iter it = list_of(r, "topics");
    bool any = false;
    while (json_next(&it, NULL, &one)) {
        (void)printf("%s%s: %llu peers, in the mesh %zu\n", any ? "           " : "Gossip     ",
                     text_of(one, "topic", topic), (unsigned long long)number(one, "peers"),
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

static void print_directory(struct json r)
{
    char verdict[TEXT_LEN];
    struct json d;
    struct json one;
    if (!json_find(&d, r, "directory")) {
        return;
    }
    (void)printf("Directory  descriptors of %llu servers, at most %llu",
                 (unsigned long long)number(d, "held"), (unsigned long long)number(d, "held_max"));
    struct json_iter it = list_of(d, "verdicts");
    for (bool any = false; json_next(&it, NULL, &one); any = true) {
        (void)printf("%s%llu %s", any ? ", " : "; came: ", (unsigned long long)number(one, "count"),
                     text_of(one, "verdict", verdict));
    }
    (void)putchar('\n');
}

static void print_budget(struct json r)
{
    char name[TEXT_LEN];
    struct json one;
    struct json_iter it = list_of(r, "budget");
    (void)puts("Budget     in KiB: used, at most so far, limit, times refused");
    while (json_next(&it, NULL, &one)) {
        (void)printf("  %-12s %8llu %8llu %8llu %6llu\n", text_of(one, "scope", name),
                     (unsigned long long)(number(one, "used") / KIB),
                     (unsigned long long)(number(one, "used_max") / KIB),
                     (unsigned long long)(number(one, "limit") / KIB),
                     (unsigned long long)number(one, "refused"));
    }
    struct json_iter counts = list_of(r, "counts");
    while (json_next(&counts, NULL, &one)) {
        (void)printf("  %-22s %llu of %llu\n", text_of(one, "what", name),
                     (unsigned long long)number(one, "used"),
                     (unsigned long long)number(one, "limit"));
    }
}

void net_print_state(struct json r)
{
    char text[TEXT_LEN];
    struct json reach;
    (void)printf("Peer id    %s\n", text_of(r, "id", text));
    if (json_find(&reach, r, "reach")) {
        (void)printf("Outside    ");
        print_word(reach);
        (void)printf("\n");
    }
    print_addresses(r);
    net_print_peers(r);
    print_identities(r);
    print_reasons(r);
    print_dht(r);
    print_topics(r);
    print_directory(r);
    print_budget(r);
}

/* ---- probes ---- */

static void print_lookup(struct json r)
{
    char id[TEXT_LEN];
    char state[TEXT_LEN];
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
            text_of(one, "peer", id), (unsigned long long)number(one, "hops"),
            (unsigned long long)number(one, "path"));
        if (strcmp(text_of(one, "state", state), "left") == 0) {
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
    char address[TEXT_LEN];
    char state[TEXT_LEN];
    char why[TEXT_LEN];
    struct json one;
    struct json_iter it = list_of(r, "dial");
    bool any = false;
    while (json_next(&it, NULL, &one)) {
        if (!any) {
            (void)puts("Dial");
        }
        any = true;
        (void)printf("  %6llu ms  %s  %s after %llu ms%s%s\n",
                     (unsigned long long)number(one, "at_ms"), text_of(one, "address", address),
                     text_of(one, "state", state), (unsigned long long)number(one, "took_ms"),
                     text_of(one, "why", why)[0] ? ": " : "", why);
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

void net_print_probe(struct json r)
{
    char text[TEXT_LEN];
    struct json connection;
    (void)printf("Peer       %s\n", text_of(r, "peer", text));
    print_lookup(r);
    print_found(r);
    print_dial(r);
    if (json_find(&connection, r, "connection")) {
        (void)puts(is_set(r, "was_connected") ? "Connection, which was there before"
                                              : "Connection");
        print_connection(connection);
    }
    print_pings(r);
    (void)printf("Result     %s, in %llu ms\n", outcome_words(text_of(r, "outcome", text)),
                 (unsigned long long)number(r, "took_ms"));
}

bool net_print_is_good(struct json r)
{
    char outcome[TEXT_LEN];
    (void)text_of(r, "outcome", outcome);
    return strcmp(outcome, "found") == 0 || strcmp(outcome, "connected") == 0 ||
           strcmp(outcome, "answered") == 0;
}
