/* The owners of the account that is used on every chain: where a removed key is still valid, and carrying the change that a chain lacks. What a passkey
 * signs is signed in the page. */
#include "commands.h"

#include "codec/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NETWORK_WAIT_S = 20 };

static uint64_t number_of(struct json v, const char *name)
{
    uint64_t n = 0;
    return json_find_u64(&n, v, name) == OK ? n : 0;
}

static size_t count_of(struct json v, const char *name)
{
    struct json list = {.type = JSON_NULL};
    struct json one;
    size_t count = 0;
    (void)json_find(&list, v, name);
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        count++;
    }
    return count;
}

static void print_change(struct json change)
{
    char added[COMMAND_TEXT_LEN];
    char removed[COMMAND_TEXT_LEN];
    (void)printf("#%llu", (unsigned long long)number_of(change, "sequence"));
    if (command_text(change, "added", added)[0]) {
        (void)printf(" adds %s", added);
    }
    if (command_text(change, "removed", removed)[0]) {
        (void)printf(" removes %s", removed);
    }
    if (!added[0] && !removed[0]) {
        (void)printf(" asks for %llu signatures",
                     (unsigned long long)number_of(change, "threshold"));
    }
    (void)printf(", signed by %zu", count_of(change, "signatures"));
}

static void print_chain(struct json chain)
{
    char network[COMMAND_TEXT_LEN];
    char state[COMMAND_TEXT_LEN];
    char grade[COMMAND_TEXT_LEN];
    char when[COMMAND_TIME_LEN];
    struct json checked;
    struct json next;
    (void)printf("%-10s %-8s", command_text(chain, "network_id", network),
                 command_text(chain, "state", state));
    if (!json_find(&checked, chain, "checked")) {
        (void)printf("  passmesh network use %s reads it\n", network);
        return;
    }
    (void)printf("  %s, %s", command_text(checked, "grade", grade),
                 command_time(number_of(checked, "as_of_ms"), when));
    if (strcmp(state, "absent") != 0) {
        (void)printf("  change %llu, %zu owners, %llu must sign",
                     (unsigned long long)number_of(chain, "sequence"),
                     count_of(chain, "owners") + (size_t)number_of(chain, "unknown"),
                     (unsigned long long)number_of(chain, "threshold"));
    }
    (void)putchar('\n');
    if (count_of(chain, "revoked") > 0) {
        (void)printf("           %zu that were removed elsewhere may still sign here: passmesh "
                     "owners carry %s\n",
                     count_of(chain, "revoked"), network);
    }
    if (json_find(&next, chain, "next")) {
        (void)fputs("           next ", stdout);
        print_change(next);
        (void)putchar('\n');
    }
    if (number_of(chain, "ready_ms") > 0) {
        (void)printf("           it may be applied from %s: passmesh owners carry %s\n",
                     command_time(number_of(chain, "ready_ms"), when), network);
    }
}

static void print_chains(struct json r)
{
    struct json chains = {.type = JSON_NULL};
    struct json one;
    (void)json_find(&chains, r, "chains");
    struct json_iter it = json_iterate(chains);
    while (json_next(&it, NULL, &one)) {
        print_chain(one);
    }
}

static bool
ask_chains(struct local_client *c, const struct command_selection *s, bool reads, struct json *ret)
{
    char room[COMMAND_PARAMS_LEN];
    const char *const pairs[] = {"account_id", s->account, "network_id", s->network};
    struct span params = command_params_in(MSPAN_OF(room), pairs, reads ? 4 : 2, false);
    return commands_ask(c, "owner_chains", params, ret);
}

/* The network that is used is read; of the others it says what was read when they were. */
static int show(const struct command_args *args)
{
    struct local_client c;
    struct command_selection s;
    struct json r;
    int code = EXIT_FAILED;
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    if (commands_select(&c, &s) &&
        (ask_chains(&c, &s, true, &r) || ask_chains(&c, &s, false, &r))) {
        code = command_print_result(args, r, print_chains);
    }
    local_client_close(&c);
    return code;
}

/* Operations go by the servers of the network that is used. */
static bool use_network(struct local_client *c, const char *network)
{
    char room[COMMAND_PARAMS_LEN];
    char state[COMMAND_TEXT_LEN];
    const char *const pairs[] = {"network_id", network};
    struct json r;
    struct json chain;
    if (!commands_ask(c, "network_select", command_params(room, pairs, 2), &r)) {
        return false;
    }
    for (int i = 0; i < NETWORK_WAIT_S; i++) {
        if (!commands_ask(c, "status", SPAN_LIT("{}"), &r) || !json_find(&chain, r, "chain")) {
            return false;
        }
        if (strcmp(command_text(chain, "state", state), "ok") == 0) {
            return true;
        }
        (void)sleep(1);
    }
    return true; /* what is asked next says why not */
}

/* What the chain needs next: the change, or that it is applied. */
static const char *wish_of(struct json chains, const char *network)
{
    char text[COMMAND_TEXT_LEN];
    struct json list = {.type = JSON_NULL};
    struct json one;
    (void)json_find(&list, chains, "chains");
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        if (strcmp(command_text(one, "network_id", text), network) == 0) {
            return strcmp(command_text(one, "state", text), "waits") == 0 ? "apply" : "carry";
        }
    }
    return "carry";
}

static bool prepare(struct local_client *c,
                    const struct command_args *args,
                    const struct command_selection *s,
                    struct json *ret)
{
    char room[COMMAND_PARAMS_LEN];
    bool is_veto = args->argc > 2 && strcmp(args->argv[2], "veto") == 0;
    const char *payer = args->argc > 2 && !is_veto ? args->argv[2] : s->account;
    if (!use_network(c, s->network) || !ask_chains(c, s, true, ret)) {
        return false;
    }
    const char *what = is_veto ? "veto" : wish_of(*ret, s->network);
    const char *const pairs[] = {"account_id", s->account, "network_id", s->network, "payer_id",
                                 payer,        "what",     what,         "speed",    "normal"};
    return commands_ask(c, "change_prepare", command_params_in(MSPAN_OF(room), pairs, 10, true),
                        ret);
}

static int carry(const struct command_args *args)
{
    struct local_client c;
    struct command_selection s;
    struct json r;
    int code = EXIT_FAILED;
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    if (commands_select(&c, &s)) {
        (void)snprintf(s.network, sizeof s.network, "%s", args->argv[1]);
        if (prepare(&c, args, &s, &r)) {
            code = command_print_result(args, r, command_print_prepared);
        }
    }
    local_client_close(&c);
    return code;
}

int command_owner_chains(const struct command_args *args)
{
    return strcmp(args->argv[0], "chains") == 0 ? show(args) : carry(args);
}
