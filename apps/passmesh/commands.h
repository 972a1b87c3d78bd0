#ifndef PASSMESH_COMMANDS_H
#define PASSMESH_COMMANDS_H

#include "codec/json.h"
#include "node/api/local_client.h"
#include "node/config/config.h"

/* What each command gets: the words after its name, and how to answer. */
struct command_args {
    const struct config *config;
    const char *home; /* as given with --home; NULL: not given */
    int argc;
    char **argv;
    bool is_json;
};

/* Exit codes, as in docs/cli.md. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *words; /* its arguments, for help */
    const char *what;  /* one line */
    int (*run)(const struct command_args *args);
};

extern const struct command commands[];
extern const size_t commands_count;

/* commands_open connects to the running wallet; false if there is none, which it says. Close ret_client with local_client_close. */
bool commands_open(const struct command_args *args, struct local_client *ret_client);

/* commands_call asks the daemon and prints what it answers: as JSON, or with print (NULL: as JSON too). Says in words why not,
 * and returns the exit code. */
typedef void (*print_fn)(struct json result);
int commands_call(const struct command_args *args,
                  const char *method,
                  struct span params,
                  print_fn print);

/* The same on an open client; *ret_result is the result's JSON, until the next call. */
bool commands_ask(struct local_client *c,
                  const char *method,
                  struct span params,
                  struct json *ret_result);

/* command_print_result prints what was answered: as JSON, or with print (NULL: as JSON too). EXIT_DONE. */
int command_print_result(const struct command_args *args, struct json result, print_fn print);

/* command_say prints one sentence to stderr. */
void command_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What commands that ask and print share (command_call.c, command_read.c). */
enum { COMMAND_TEXT_LEN = 300, COMMAND_PARAMS_LEN = 1024 };

/* command_text gives a member as text, for printing; "" if it is not there. */
const char *command_text(struct json v, const char *name, char out[static COMMAND_TEXT_LEN]);

/* command_params: {"key": ..., NAME: VALUE [, NAME2: VALUE2]} with a fresh key: one command, one key. Empty if it cannot be
 * made. */
struct span
command_params(char room[static COMMAND_PARAMS_LEN], const char *const *pairs, size_t count);

/* command_params_in: the same of any length; has_key: with a key, which what only reads does not take. */
struct span
command_params_in(struct mspan room, const char *const *pairs, size_t count, bool has_key);

/* command_time gives a Unix time in milliseconds as a date and a time of day. */
enum { COMMAND_TIME_LEN = 32 };
const char *command_time(uint64_t ms, char ret[static COMMAND_TIME_LEN]);

/* command_account_used finds the account that is used in the answer of accounts_list; false: there is none. */
bool command_account_used(struct json accounts_list, struct json *ret);

/* command_select asks the running wallet for the account and network that are used; false if there is none, which it says. */
struct command_selection {
    char account[COMMAND_TEXT_LEN];
    char network[COMMAND_TEXT_LEN];
};
bool command_select(const struct command_args *args, struct command_selection *ret);

/* commands_select: the same on an open client. */
bool commands_select(struct local_client *c, struct command_selection *ret);

/* commands_call_account asks for something of the account that is used: method with account_id and pairs (at most 16 texts); prepares:
 * an operation on the network that is used. Answers as commands_call. */
struct command_of_account {
    const char *method;
    const char *const *pairs;
    size_t count;
    bool prepares;
    print_fn print;
};
int commands_call_account(const struct command_args *args, const struct command_of_account *what);

/* command_print_party prints the address and the name of v's member of that name; nothing if it has none. */
void command_print_party(struct json v, const char *member);

/* command_print_figure prints an amount with its unit and grade. */
void command_print_figure(struct json figure);

/* command_amount asks the running wallet for the asset of that symbol (NULL: the native one), and gives its id and the amount that text says, in its smallest
 * unit. Not EXIT_DONE: why not was said. */
int command_amount(const struct command_args *args,
                   const char *symbol,
                   const char *text,
                   char asset[static COMMAND_TEXT_LEN],
                   char amount[static COMMAND_TEXT_LEN]);

/* command_print_proof prints, in words and without a line's end, what a server's machine proves, and why not more; server is of the type of that name. */
void command_print_proof(struct json server);

/* command_call_network asks for something that needs the network that is used alone. */
int command_call_network(const struct command_args *args, const char *method, print_fn print);

/* command_print_prepared says what is to be approved in the page. */
void command_print_prepared(struct json r);

/* ---- command_daemon.c, command_open.c, command_read.c, command_send.c, command_hardware.c, command_vault.c,
 * command_completion.c ---- */
int command_daemon(const struct command_args *args);
int command_stop(const struct command_args *args);
int command_open(const struct command_args *args);
int command_status(const struct command_args *args);
int command_account(const struct command_args *args);
int command_owners(const struct command_args *args); /* command_owners.c */
int command_owner_chains(
    const struct command_args *args); /* command_chains.c: of owners, those about other chains */
int command_upgrade(const struct command_args *args); /* command_upgrade.c */
int command_limits(const struct command_args *args);  /* command_limits.c, as the next */
int command_known(const struct command_args *args);
int command_cosigner(const struct command_args *args); /* command_cosigner.c */
int command_sessions(const struct command_args *args); /* command_sessions.c */
int command_balance(const struct command_args *args);
int command_servers(const struct command_args *args);
int command_accounts(const struct command_args *args);
int command_vault(const struct command_args *args);
int command_backup(const struct command_args *args); /* command_backup.c */
int command_restore(const struct command_args *args);
int command_recovery(const struct command_args *args);    /* command_recovery.c */
int command_recovery_of(const struct command_args *args); /* command_guardians.c, as the next one */
int command_guardians(const struct command_args *args);
int command_receive(const struct command_args *args);
int command_history(const struct command_args *args);
int command_peers(const struct command_args *args);
int command_network(const struct command_args *args);
int command_net(const struct command_args *args); /* command_net.c */
int command_version(const struct command_args *args);
int command_plugin(const struct command_args *args);
int command_send(const struct command_args *args);
int command_sign(const struct command_args *args); /* command_sign.c */
int command_seal(const struct command_args *args); /* command_seal.c */
int command_hardware(const struct command_args *args);
int command_completion(const struct command_args *args);

#endif
