/* passmesh: the daemon and the command line of the wallet. What it can be told to do is in commands.c. */
#include "commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int help(FILE *to)
{
    (void)fprintf(to,
                  "Passmesh: a wallet whose key is a passkey and whose servers are anyone's.\n\n"
                  "usage: passmesh [--home DIR] [--json] COMMAND ...\n\n");
    for (size_t i = 0; i < commands_count; i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].words);
        (void)fprintf(to, "  %-42s %s\n", left, commands[i].what);
    }
    (void)fprintf(
        to,
        "\nStart with `passmesh daemon`, then `passmesh open`. Exit codes: 0 done, 1 failed, 2 "
        "wrong usage.\n"
        "--home DIR keeps everything below DIR; --json answers in JSON; docs/cli.md tells more.\n");
    return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* The directory of this program, where its siblings lie. */
static void find_exe_dir(char out[static CONFIG_PATH_LEN_MAX])
{
    ssize_t n = readlink("/proc/self/exe", out, CONFIG_PATH_LEN_MAX - 1);
    out[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(out, '/');
    if (slash) {
        *slash = '\0';
    }
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < commands_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int run(const struct command *command, struct command_args *args, const char *home)
{
    static struct config config;
    char exe_dir[CONFIG_PATH_LEN_MAX];
    struct diag diag = {0};
    find_exe_dir(exe_dir);
    struct config_args where = {.home = home, .exe_dir = exe_dir};
    if (config_load(&config, &where, &diag) != OK) {
        command_say("The configuration is not right: %s%s",
                    diag.rule ? diag.rule : "it cannot be read", ".");
        if (diag.offset) {
            command_say("See line %zu of passmesh.ini.", diag.offset);
        }
        return EXIT_FAILED;
    }
    args->config = &config;
    args->home = home;
    return command->run(args);
}

int main(int argc, char **argv)
{
    struct command_args args = {0};
    const char *home = NULL;
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            args.is_json = true;
        } else if (strcmp(argv[i], "--home") == 0 && i + 1 < argc) {
            home = argv[++i];
        } else if (strcmp(argv[i], "--version") == 0) {
            (void)puts("passmesh " PASSMESH_VERSION);
            return EXIT_DONE;
        } else {
            return help(strcmp(argv[i], "--help") == 0 ? stdout : stderr);
        }
    }
    if (i >= argc || strcmp(argv[i], "help") == 0) {
        return help(i >= argc ? stderr : stdout);
    }
    const struct command *command = find_command(argv[i]);
    if (!command) {
        command_say("There is no command \"%s\". `passmesh help` lists them.", argv[i]);
        return EXIT_USAGE;
    }
    args.argc = argc - i - 1;
    args.argv = argv + i + 1;
    if (args.argc > 0 && strcmp(args.argv[args.argc - 1], "--json") == 0) {
        args.is_json = true;
        args.argc--;
    }
    return run(command, &args, home);
}
