/* passmesh net: this node among its peers, and probes of one of them. */
#include "commands.h"

#include "codec/json.h"
#include "node/net/net_json.h"
#include "node/net/net_print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PINGS_DEFAULT = 3, PINGS_MAX = 10 };

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
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    bool done = commands_ask(&c, "net_probe", span_str(room), &result);
    if (done && args->is_json) {
        (void)printf("%.*s\n", (int)result.raw.n, (const char *)result.raw.p);
    } else if (done) {
        net_print_probe(result);
    }
    int status = done && net_print_is_good(result) ? EXIT_DONE : EXIT_FAILED;
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
        return commands_call(args, "net_status", SPAN_LIT("{}"), net_print_state);
    }
    if ((args->argc == 2 || args->argc == 3) && strcmp(what, "ping") == 0) {
        return ping(args);
    }
    if (args->argc == 2 && (strcmp(what, "find") == 0 || strcmp(what, "trace") == 0)) {
        return probe(args, what, 1);
    }
    return help(stderr);
}
