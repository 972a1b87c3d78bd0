/* Commands that show something. */
#include "command_secret.h"
#include "commands.h"

#include "codec/json.h"
#include "evm/u256.h"
#include "node/net/reach_json.h"

#include <stdio.h>
#include <string.h>

enum { HISTORY_DEFAULT = 20, EVIDENCE_COUNT = 10, EVIDENCE_COUNT_MAX = 64 };

const char *command_text(struct json v, const char *name, char out[static COMMAND_TEXT_LEN])
{
    struct json member;
    out[0] = '\0';
    if (!json_find(&member, v, name)) {
        return out;
    }
    struct wr w = wr_init(mspan_of(out, COMMAND_TEXT_LEN - 1));
    if (json_get_string(&w, member) != OK) {
        w = wr_init(mspan_of(out, COMMAND_TEXT_LEN - 1));
        wr_bytes(&w, span_first(member.raw, COMMAND_TEXT_LEN - 1));
    }
    out[w.n] = '\0';
    return out;
}

/* How a figure was checked, in words. */
static const char *grade_words(const char *why)
{
    static const char *const words[][2] = {
        {"merkle_proof",
         "a Merkle proof, under a block that two thirds of the sync committee signed"                             },
        {"merkle_proof_trusted_block",
         "a Merkle proof, under a block that the network's header source named"                                   },
        {"complete_logs",              "the token's own log, proven under a trusted block; no log was left out"   },
        {"inclusion_only",
         "the token's own log, proven under a trusted block; older blocks were not searched"                      },
        {"quorum",                     "independent servers gave the same answer"                                 },
        {"majority",                   "most of the servers that were asked gave this answer, another one did not"},
        {"middle",                     "the middle of what several servers said"                                  },
        {"servers_disagree",           "servers disagree"                                                         },
        {"own_node",                   "the node that you named said so"                                          },
        {"local_network",              "the local network's one server said so"                                   },
        {"this_wallet",                "made or entered here"                                                     },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(why, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return "one server said so, and nobody checked it";
}

static void print_why(struct json figure)
{
    char why[COMMAND_TEXT_LEN];
    char block[COMMAND_TEXT_LEN];
    char k[COMMAND_TEXT_LEN];
    char n[COMMAND_TEXT_LEN];
    (void)printf("    %s", grade_words(command_text(figure, "why", why)));
    if (strcmp(command_text(figure, "grade", k), "proven") != 0) {
        (void)printf("; %s of %s servers", command_text(figure, "k", k),
                     command_text(figure, "n", n));
    }
    (void)printf("; block %s\n", command_text(figure, "block", block));
}

void command_print_figure(struct json figure)
{
    char value[COMMAND_TEXT_LEN];
    char unit[COMMAND_TEXT_LEN];
    char grade[COMMAND_TEXT_LEN];
    char text[U256_TEXT_LEN];
    struct u256 v;
    uint64_t decimals = 0;
    if (u256_parse_decimal(&v, span_str(command_text(figure, "value", value))) != OK ||
        json_find_u64(&decimals, figure, "decimals") != OK || decimals > U256_DECIMALS_MAX) {
        return;
    }
    (void)u256_print_units(text, v, (unsigned)decimals);
    (void)printf("%s %s (%s)", text, command_text(figure, "unit", unit),
                 command_text(figure, "grade", grade));
}

static void print_status(struct json r)
{
    char a[COMMAND_TEXT_LEN];
    char b[COMMAND_TEXT_LEN];
    struct json chain;
    struct json sandbox;
    (void)printf("Wallet     %s, %s\n", command_text(r, "version", a),
                 strcmp(command_text(r, "locked", b), "true") == 0 ? "locked" : "unlocked");
    (void)printf("Network    %s\n", command_text(r, "network_id", a));
    if (json_find(&chain, r, "chain")) {
        (void)printf("Chain      %s, block %s\n", command_text(chain, "state", a),
                     command_text(chain, "block", b));
        if (strcmp(command_text(chain, "doubt", a), "none") != 0 && a[0]) {
            (void)printf("Doubt      %s: nothing is signed that depends on it\n", a);
        }
        (void)printf("Anchor     %s\n", command_text(chain, "anchor", a));
    }
    (void)printf("Peers      %s, of them servers %s\n", command_text(r, "peers", a),
                 command_text(r, "servers", b));
    (void)printf("Requests   %s waiting\n", command_text(r, "requests", a));
    (void)printf("Keys       %s\n", command_text(r, "keys", a));
    if (json_find(&sandbox, r, "sandbox")) {
        (void)printf("Sandbox    %s\n", command_text(sandbox, "level", a));
    }
}

int command_status(const struct command_args *args)
{
    return commands_call(args, "status", SPAN_LIT("{}"), print_status);
}

static void print_accounts(struct json r)
{
    struct json list;
    struct json one;
    char id[COMMAND_TEXT_LEN];
    char name[COMMAND_TEXT_LEN];
    char address[COMMAND_TEXT_LEN];
    char selected[COMMAND_TEXT_LEN];
    char kind[COMMAND_TEXT_LEN];
    if (!json_find(&list, r, "accounts") || json_count(list) == 0) {
        (void)puts("No account yet. Make one in the page: passmesh open");
        return;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        bool is_used = strcmp(command_text(one, "selected", selected), "true") == 0;
        (void)printf("%s %s  %s  %-7s  %s\n", is_used ? "*" : " ", command_text(one, "id", id),
                     command_text(one, "address", address), command_text(one, "kind", kind),
                     command_text(one, "name", name));
    }
}

static void print_done(struct json r)
{
    (void)r;
    (void)puts("Done.");
}

int command_account(const struct command_args *args)
{
    char room[COMMAND_PARAMS_LEN];
    if (args->argc == 0 || (args->argc == 1 && strcmp(args->argv[0], "list") == 0)) {
        return commands_call(args, "accounts_list", SPAN_LIT("{}"), print_accounts);
    }
    if (args->argc == 2 && strcmp(args->argv[0], "use") == 0) {
        const char *const pairs[] = {"account_id", args->argv[1]};
        return commands_call(args, "account_select", command_params(room, pairs, 2), print_done);
    }
    if (args->argc == 3 && strcmp(args->argv[0], "rename") == 0) {
        const char *const pairs[] = {"account_id", args->argv[1], "name", args->argv[2]};
        return commands_call(args, "account_rename", command_params(room, pairs, 4), print_done);
    }
    command_say("usage: passmesh account [list | use ID | rename ID NAME]");
    return EXIT_USAGE;
}

static void print_networks(struct json r)
{
    struct json list;
    struct json one;
    char id[COMMAND_TEXT_LEN];
    char name[COMMAND_TEXT_LEN];
    char chain[COMMAND_TEXT_LEN];
    char selected[COMMAND_TEXT_LEN];
    if (!json_find(&list, r, "networks")) {
        return;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        (void)printf("%s %-12s chain %-10s %s\n",
                     strcmp(command_text(one, "selected", selected), "true") == 0 ? "*" : " ",
                     command_text(one, "id", id), command_text(one, "chain_id", chain),
                     command_text(one, "name", name));
    }
}

/* The question is asked where the answer can be given: nothing is sent before. */
static void print_public_dht(struct json r)
{
    char state[COMMAND_TEXT_LEN];
    static const char *const words[][2] = {
        {"off", "not used: the configuration says so, or this network is a local one"},
        {"no",  "not asked for servers, as you said"                                 },
        {"yes", "asked for servers while fewer than three are ready"                 },
        {"ask", "not asked for servers until you allow it"                           },
    };
    (void)command_text(r, "public_dht", state);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(state, words[i][0]) == 0) {
            (void)printf("Public DHT %s\n", words[i][1]);
        }
    }
    if (strcmp(state, "ask") == 0) {
        (void)puts("           It is IPFS's, and helps where no server is known yet. Strangers "
                   "there would learn this\n"
                   "           machine's IP address, and that somebody here looks for servers of "
                   "Passmesh; nothing of your\n"
                   "           accounts. Say: passmesh network public-dht yes, or: no.");
    }
}

static bool is_yes_or_no(const char *word)
{
    return strcmp(word, "yes") == 0 || strcmp(word, "no") == 0;
}

static int set_public_dht(const struct command_args *args, const char *word)
{
    char key[COMMAND_KEY_LEN + 1];
    char params[COMMAND_TEXT_LEN];
    if (!command_key(key)) {
        return EXIT_FAILED;
    }
    int n = snprintf(params, sizeof params, "{\"key\":\"%s\",\"changes\":{\"public_dht\":\"%s\"}}",
                     key, word);
    return commands_call(args, "settings_set", span_of(params, (size_t)n), print_done);
}

/* The network as this machine sees it: can strangers reach it and why, who is there, what it takes. */
static void print_network(struct json r)
{
    char a[COMMAND_TEXT_LEN];
    char b[COMMAND_TEXT_LEN];
    struct json part;
    struct reach_word word;
    uint64_t used = 0;
    uint64_t max = 0;
    if (json_find(&part, r, "reach") && reach_json_get(&word, part) == OK) {
        (void)printf("Outside    %s: %s\n", reach_text(word.reach), reach_reason_text(word.reason));
    }
    (void)printf("Peers      %s, of them servers %s\n", command_text(r, "peers", a),
                 command_text(r, "servers", b));
    if (json_find_u64(&used, r, "memory_used") == OK &&
        json_find_u64(&max, r, "memory_max") == OK) {
        (void)printf("Memory     %llu of %llu KiB\n", (unsigned long long)(used / 1024),
                     (unsigned long long)(max / 1024));
    }
    if (json_find(&part, r, "chain")) {
        (void)printf("Chain      %s, block %s\n", command_text(part, "state", a),
                     command_text(part, "block", b));
    }
    print_public_dht(r);
    if (json_find(&part, r, "own_node")) {
        (void)printf("Own node   %s\n", command_text(r, "own_node", a));
    }
}

int command_network(const struct command_args *args)
{
    char room[COMMAND_PARAMS_LEN];
    if (args->argc == 0) {
        return commands_call(args, "network_status", SPAN_LIT("{}"), print_network);
    }
    if (args->argc == 1 && strcmp(args->argv[0], "list") == 0) {
        return commands_call(args, "networks_list", SPAN_LIT("{}"), print_networks);
    }
    if (args->argc == 2 && strcmp(args->argv[0], "use") == 0) {
        const char *const pairs[] = {"network_id", args->argv[1]};
        return commands_call(args, "network_select", command_params(room, pairs, 2), print_done);
    }
    if (args->argc == 2 && strcmp(args->argv[0], "public-dht") == 0 &&
        is_yes_or_no(args->argv[1])) {
        return set_public_dht(args, args->argv[1]);
    }
    command_say("usage: passmesh network [list | use ID | public-dht yes | public-dht no]");
    return EXIT_USAGE;
}

/* ---- what needs the selected account and network ---- */

bool commands_select(struct local_client *c, struct command_selection *ret)
{
    struct json status;
    if (!commands_ask(c, "status", SPAN_LIT("{}"), &status)) {
        return false;
    }
    (void)command_text(status, "network_id", ret->network);
    if (command_text(status, "account_id", ret->account)[0] == '\0') {
        command_say("No account yet, or the wallet is locked. Open the page: passmesh open");
        return false;
    }
    return true;
}

bool command_select(const struct command_args *args, struct command_selection *ret)
{
    struct local_client c;
    if (!commands_open(args, &c)) {
        return false;
    }
    bool found = commands_select(&c, ret);
    local_client_close(&c);
    return found;
}

/* Asks something of the selected network. */
int command_call_network(const struct command_args *args, const char *method, print_fn print)
{
    struct local_client c;
    struct json status;
    char network[COMMAND_TEXT_LEN];
    char params[2 * COMMAND_TEXT_LEN];
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    bool found = commands_ask(&c, "status", SPAN_LIT("{}"), &status);
    int n = found ? snprintf(params, sizeof params, "{\"network_id\":\"%s\"}",
                             command_text(status, "network_id", network))
                  : 0;
    local_client_close(&c);
    return found ? commands_call(args, method, span_of(params, n > 0 ? (size_t)n : 0), print)
                 : EXIT_FAILED;
}

static int
call_selected(const struct command_args *args, const char *method, const char *more, print_fn print)
{
    struct command_selection s;
    char params[3 * COMMAND_TEXT_LEN];
    if (!command_select(args, &s)) {
        return EXIT_FAILED;
    }
    int n = snprintf(params, sizeof params, "{\"account_id\":\"%s\",\"network_id\":\"%s\"%s}",
                     s.account, s.network, more);
    return commands_call(args, method, span_of(params, n > 0 ? (size_t)n : 0), print);
}

static void print_items(struct json r, bool has_why)
{
    struct json list;
    struct json one;
    struct json amount;
    if (!json_find(&list, r, "items") || json_count(list) == 0) {
        (void)puts("No balance is known yet.");
        return;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        if (json_find(&amount, one, "amount")) {
            command_print_figure(amount);
            (void)putchar('\n');
            if (has_why) {
                print_why(amount);
            }
        }
    }
}

static void print_balances(struct json r)
{
    print_items(r, false);
}

static void print_balances_why(struct json r)
{
    print_items(r, true);
}

int command_balance(const struct command_args *args)
{
    bool has_why = args->argc == 1 && strcmp(args->argv[0], "--why") == 0;
    if (args->argc > 0 && !has_why) {
        command_say("usage: passmesh balance [--why]");
        return EXIT_USAGE;
    }
    return call_selected(args, "balances_get", "", has_why ? print_balances_why : print_balances);
}

void command_print_proof(struct json one)
{
    static const char *const levels[][2] = {
        {"none",           "no hardware proof"                  },
        {"tpm",            "key bound to a TPM"                 },
        {"hardware",       "hardware attested"                  },
        {"code",           "code attested"                      },
        {"code_and_place", "code attested, place or owner known"},
    };
    static const char *const codes[][2] = {
        {"evidence_unasked",  ", not asked yet"       },
        {"evidence_none",     ": it shows no evidence"},
        {"evidence_broken",   ": it did not answer"   },
        {"evidence_refused",  ": evidence refused at "},
        {"evidence_accepted", " by "                  },
    };
    char word[COMMAND_TEXT_LEN];
    struct json evidence;
    struct json params;
    const char *level = command_text(one, "attested", word);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(level, levels[i][0]) == 0) {
            (void)printf("  %s", levels[i][1]);
        }
    }
    if (!json_find(&evidence, one, "evidence") || !json_find(&params, evidence, "params")) {
        return;
    }
    const char *code = command_text(evidence, "code", word);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(code, codes[i][0]) == 0) {
            (void)printf("%s", codes[i][1]);
        }
    }
    struct json param;
    if (json_find(&param, params, "step")) {
        (void)printf("%s of ", command_text(params, "step", word));
    }
    if (json_find(&param, params, "kind")) {
        (void)printf("%s", command_text(params, "kind", word));
    }
}

static void print_servers(struct json r)
{
    struct json list;
    struct json one;
    char id[COMMAND_TEXT_LEN];
    char state[COMMAND_TEXT_LEN];
    char rtt[COMMAND_TEXT_LEN];
    if (!json_find(&list, r, "servers") || json_count(list) == 0) {
        (void)puts("No server is known.");
        return;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        bool is_blocked = strcmp(command_text(one, "state", state), "blocked") == 0;
        (void)printf("%s  %s%s", command_text(one, "id", id), state,
                     is_blocked ? ": gave a false proof" : "");
        if (!is_blocked) {
            (void)printf("  %s ms", command_text(one, "rtt_ms", rtt));
            command_print_proof(one);
        }
        (void)putchar('\n');
    }
}

/* What a record is about, in words. */
static void print_question(struct json one)
{
    static const char *const questions[][2] = {
        {"account_proof",
         "asked to prove an account, it gave a proof that does not lead to the block"          },
        {"inclusion",
         "asked to prove a transaction, it gave a proof that does not lead to the block"       },
        {"logs",
         "asked for all logs of a token, it left some out, or gave others than the blocks hold"},
        {"light_client",
         "it passed on a message of the consensus chain whose signature or proof is false"     },
        {"rpc",           "servers gave different answers to"                                  },
    };
    char word[COMMAND_TEXT_LEN];
    char more[COMMAND_TEXT_LEN];
    command_text(one, "question", word);
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        if (strcmp(word, questions[i][0]) == 0) {
            (void)printf("%s", questions[i][1]);
        }
    }
    (void)printf(" %s\n",
                 command_text(one, strcmp(word, "rpc") == 0 ? "method" : "block_hash", more));
}

static void print_evidence(struct json r)
{
    struct json list;
    struct json one;
    struct json said;
    struct json answer;
    uint64_t at_ms;
    char when[COMMAND_TIME_LEN];
    char text[COMMAND_TEXT_LEN];
    char len[COMMAND_TEXT_LEN];
    if (!json_find(&list, r, "evidence") || json_count(list) == 0) {
        (void)puts("Nothing is kept: no server was caught lying, and none disagreed.");
        return;
    }
    for (struct json_iter it = json_iterate(list); json_next(&it, NULL, &one);) {
        if (json_find_u64(&at_ms, one, "at_ms") == OK) {
            (void)printf("%s: ", command_time(at_ms, when));
        }
        print_question(one);
        if (!json_find(&said, one, "said")) {
            continue;
        }
        for (struct json_iter s = json_iterate(said); json_next(&s, NULL, &answer);) {
            (void)printf("  %s", command_text(answer, "server", text));
            (void)printf(": %s bytes: %.60s\n", command_text(answer, "len", len),
                         command_text(answer, "answer", text));
        }
        if (strcmp(command_text(one, "kind", text), "lie") == 0) {
            (void)puts("  Nothing of it was used: the wallet shows only what leads to that block. "
                       "It is never asked again.");
        }
    }
    (void)puts("Answers are not signed, so this convinces nobody but you.");
}

static int command_evidence(const struct command_args *args)
{
    char params[64];
    struct u256 count = u256_from_u64(EVIDENCE_COUNT);
    uint64_t limit = EVIDENCE_COUNT;
    bool bad = args->argc > 2 ||
               (args->argc == 2 && u256_parse_decimal(&count, span_str(args->argv[1])) != OK);
    if (bad || u256_to_u64(&limit, count) != OK || limit == 0 || limit > EVIDENCE_COUNT_MAX) {
        command_say("usage: passmesh servers evidence [COUNT], COUNT 1 to 64");
        return EXIT_USAGE;
    }
    int n = snprintf(params, sizeof params, "{\"limit\":%llu}", (unsigned long long)limit);
    return commands_call(args, "evidence_list", span_of(params, n > 0 ? (size_t)n : 0),
                         print_evidence);
}

int command_servers(const struct command_args *args)
{
    if (args->argc > 0 && strcmp(args->argv[0], "evidence") == 0) {
        return command_evidence(args);
    }
    return command_call_network(args, "servers_list", print_servers);
}

static void print_receive(struct json r)
{
    char address[COMMAND_TEXT_LEN];
    char network[COMMAND_TEXT_LEN];
    (void)printf("%s\nOnly assets of %s; others may be lost.\n",
                 command_text(r, "address", address), command_text(r, "network", network));
}

int command_receive(const struct command_args *args)
{
    return call_selected(args, "receive_info", "", print_receive);
}

static void print_rows(struct json r, bool has_why)
{
    struct json list;
    struct json one;
    struct json amount;
    struct json party;
    char direction[COMMAND_TEXT_LEN];
    char state[COMMAND_TEXT_LEN];
    char address[COMMAND_TEXT_LEN];
    if (!json_find(&list, r, "rows") || json_count(list) == 0) {
        (void)puts("Nothing here yet.");
        return;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        bool is_in = strcmp(command_text(one, "direction", direction), "in") == 0;
        (void)printf("%-9s %s ", command_text(one, "state", state),
                     is_in ? "received" : "sent    ");
        if (json_find(&amount, one, "amount")) {
            command_print_figure(amount);
        }
        if (json_find(&party, one, "party")) {
            (void)printf(" %s %s", is_in ? "from" : "to", command_text(party, "address", address));
        }
        (void)putchar('\n');
        if (has_why && is_in) {
            print_why(amount);
        }
    }
}

static void print_history(struct json r)
{
    print_rows(r, false);
}

static void print_history_why(struct json r)
{
    print_rows(r, true);
}

int command_history(const struct command_args *args)
{
    char more[64];
    struct u256 count = u256_from_u64(HISTORY_DEFAULT);
    uint64_t limit = HISTORY_DEFAULT;
    bool has_why = args->argc > 0 && strcmp(args->argv[args->argc - 1], "--why") == 0;
    int numbers = args->argc - has_why;
    bool bad =
        numbers > 1 || (numbers == 1 && u256_parse_decimal(&count, span_str(args->argv[0])) != OK);
    if (bad || u256_to_u64(&limit, count) != OK || limit == 0 || limit > 200) {
        command_say("usage: passmesh history [COUNT] [--why], COUNT 1 to 200");
        return EXIT_USAGE;
    }
    (void)snprintf(more, sizeof more, ",\"limit\":%llu", (unsigned long long)limit);
    return call_selected(args, "history_list", more, has_why ? print_history_why : print_history);
}

/* How a peer was found, in words for people. */
static const char *found_words(const char *found)
{
    static const char *const words[][2] = {
        {"mdns",       "found on this network"           },
        {"dht",        "found in the DHT"                },
        {"gossip",     "told of by a server"             },
        {"rendezvous", "registered at a rendezvous point"},
        {"public_dht", "found in the public DHT of IPFS" },
        {"bootstrap",  "first contact"                   },
        {"manual",     "named by you"                    },
        {"inbound",    "came by itself"                  },
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(found, words[i][0]) == 0) {
            return words[i][1];
        }
    }
    return found;
}

static void print_peers(struct json r)
{
    char found[COMMAND_TEXT_LEN];
    struct json list;
    struct json one;
    char id[COMMAND_TEXT_LEN];
    char address[COMMAND_TEXT_LEN];
    char server[COMMAND_TEXT_LEN];
    char rtt[COMMAND_TEXT_LEN];
    if (!json_find(&list, r, "peers") || json_count(list) == 0) {
        (void)puts("No peer is connected.");
        return;
    }
    struct json_iter it = json_iterate(list);
    while (json_next(&it, NULL, &one)) {
        (void)printf("%s  %s  %s ms  %s%s\n", command_text(one, "id", id),
                     command_text(one, "address", address), command_text(one, "rtt_ms", rtt),
                     found_words(command_text(one, "found", found)),
                     strcmp(command_text(one, "server", server), "true") == 0 ? "  server" : "");
    }
}

int command_peers(const struct command_args *args)
{
    return commands_call(args, "peers_list", SPAN_LIT("{}"), print_peers);
}

static void print_version(struct json r)
{
    char text[COMMAND_TEXT_LEN];
    (void)printf("passmesh " PASSMESH_VERSION "\ndaemon   %s\n", command_text(r, "version", text));
}

int command_version(const struct command_args *args)
{
    struct local_client c;
    if (local_client_open(&c, args->config->socket) != OK) {
        (void)puts(args->is_json ? "{\"version\":\"" PASSMESH_VERSION "\"}"
                                 : "passmesh " PASSMESH_VERSION);
        return EXIT_DONE;
    }
    local_client_close(&c);
    return commands_call(args, "version", SPAN_LIT("{}"), print_version);
}

/* ---- send ---- */

static bool find_asset(struct local_client *c,
                       const struct command_selection *s,
                       const char *symbol,
                       char asset[static COMMAND_TEXT_LEN],
                       unsigned *ret_decimals)
{
    struct json result;
    struct json tokens;
    struct json one;
    char params[COMMAND_TEXT_LEN + 64];
    char text[COMMAND_TEXT_LEN];
    uint64_t decimals = 0;
    int n = snprintf(params, sizeof params, "{\"network_id\":\"%s\"}", s->network);
    if (!commands_ask(c, "tokens_list", span_of(params, n > 0 ? (size_t)n : 0), &result) ||
        !json_find(&tokens, result, "tokens")) {
        return false;
    }
    struct json_iter it = json_iterate(tokens);
    while (json_next(&it, NULL, &one)) {
        bool is_it = symbol ? strcmp(command_text(one, "symbol", text), symbol) == 0
                            : strcmp(command_text(one, "id", text), "native") == 0;
        if (is_it && json_find_u64(&decimals, one, "decimals") == OK) {
            (void)command_text(one, "id", asset);
            *ret_decimals = (unsigned)decimals;
            return true;
        }
    }
    command_say("There is no token \"%s\" on this network.", symbol ? symbol : "");
    return false;
}

void command_print_prepared(struct json r)
{
    struct json fee;
    struct json max;
    char code[COMMAND_TEXT_LEN];
    if (json_find(&fee, r, "fee") && json_find(&max, fee, "max")) {
        (void)fputs("Fee at most ", stdout);
        command_print_figure(max);
        (void)putchar('\n');
    }
    (void)printf("Check code %s: the page and your passkey must show the same.\n"
                 "Approve it in the page within 5 minutes: passmesh open\n",
                 command_text(r, "check_code", code));
}

/* An asset's id and an amount of it in its smallest unit; symbol NULL: the native one. Or says why not, with the exit code. */
static int amount_of(struct local_client *c,
                     const struct command_selection *s,
                     const char *symbol,
                     const char *text,
                     char asset[static COMMAND_TEXT_LEN],
                     char amount[static COMMAND_TEXT_LEN])
{
    unsigned decimals = 0;
    struct u256 value;
    if (!find_asset(c, s, symbol, asset, &decimals)) {
        return EXIT_FAILED;
    }
    if (u256_parse_units(&value, span_str(text), decimals) != OK) {
        command_say("\"%s\" is no amount: use a point for decimals, at most %u of them.", text,
                    decimals);
        return EXIT_USAGE;
    }
    (void)u256_print_decimal(amount, value);
    return EXIT_DONE;
}

int command_amount(const struct command_args *args,
                   const char *symbol,
                   const char *text,
                   char asset[static COMMAND_TEXT_LEN],
                   char amount[static COMMAND_TEXT_LEN])
{
    struct local_client c;
    struct command_selection s;
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    int status =
        commands_select(&c, &s) ? amount_of(&c, &s, symbol, text, asset, amount) : EXIT_FAILED;
    local_client_close(&c);
    return status;
}

static int send_prepared(const struct command_args *args, struct local_client *c)
{
    struct command_selection s;
    char asset[COMMAND_TEXT_LEN];
    char room[COMMAND_PARAMS_LEN];
    char amount[COMMAND_TEXT_LEN];
    if (!commands_select(c, &s)) {
        return EXIT_FAILED;
    }
    const char *symbol = args->argc == 3 ? args->argv[2] : NULL;
    int status = amount_of(c, &s, symbol, args->argv[1], asset, amount);
    if (status != EXIT_DONE) {
        return status;
    }
    const char *const pairs[] = {"account_id", s.account, "network_id", s.network,
                                 "asset",      asset,     "to",         args->argv[0],
                                 "amount",     amount,    "speed",      "normal"};
    struct span params = command_params(room, pairs, sizeof pairs / sizeof pairs[0]);
    return commands_call(args, "send_prepare", params, command_print_prepared);
}

int command_send(const struct command_args *args)
{
    struct local_client c;
    if (args->argc != 2 && args->argc != 3) {
        command_say("usage: passmesh send TO AMOUNT [TOKEN]");
        return EXIT_USAGE;
    }
    if (!commands_open(args, &c)) {
        return EXIT_FAILED;
    }
    int status = send_prepared(args, &c);
    local_client_close(&c);
    return status;
}
