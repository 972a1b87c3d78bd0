/* passmesh-keyd: the only process that holds long-lived keys. It is started by a daemon or a server, which
 * passes it one end of a socket pair as descriptor 3:
 *
 *     passmesh-keyd --store DIR [--tpm PATH] [--seal required] --client CAPABILITIES [--client CAPABILITIES]...
 *     passmesh-keyd --store DIR [--tpm PATH] --seal tool
 *
 * The clients' descriptors are 3, 4, ... in that order; a tool's is 3. No secret is an argument or in the environment. */
#include "node/keyd/keyd_client.h"
#include "node/keyd/keyd_serve.h"
#include "node/keyd/keyd_tool.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int usage(void)
{
    (void)fprintf(
        stderr,
        "usage: passmesh-keyd --store DIR [--tpm PATH] [--seal required] --client CAPABILITIES "
        "...\n"
        "       passmesh-keyd --store DIR [--tpm PATH] --seal tool\n"
        "capabilities: identity, bundler, manage, vault, withdraw, joined by commas.\n"
        "Started by the daemon or the server, with their sockets as descriptors 3, 4, ...\n");
    return EXIT_USAGE;
}

/* A flag and its value; false if it is none of these. */
static bool
take_flag(struct keyd_serve_cfg *cfg, bool *is_tool, const char *flag, const char *value)
{
    if (strcmp(flag, "--store") == 0) {
        cfg->store_dir = value;
    } else if (strcmp(flag, "--tpm") == 0) {
        cfg->tpm_device = value;
    } else if (strcmp(flag, "--seal") == 0 && strcmp(value, "required") == 0) {
        cfg->needs_seal = true;
    } else if (strcmp(flag, "--seal") == 0 && strcmp(value, "tool") == 0) {
        *is_tool = true;
    } else {
        return false;
    }
    return true;
}

static bool parse_args(struct keyd_serve_cfg *cfg, bool *is_tool, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) {
            return false;
        }
        if (take_flag(cfg, is_tool, argv[i], argv[i + 1])) {
            continue;
        }
        if (strcmp(argv[i], "--client") != 0 || cfg->clients_count == KEYD_CLIENTS_MAX) {
            return false;
        }
        struct keyd_client_slot *client = &cfg->clients[cfg->clients_count];
        client->fd = PROCESS_CHILD_FD + (int)cfg->clients_count++;
        if (keyd_capabilities_parse(&client->capabilities, span_str(argv[i + 1])) != OK) {
            return false;
        }
    }
    return cfg->store_dir && *is_tool == (cfg->clients_count == 0);
}

int main(int argc, char **argv)
{
    struct keyd_serve_cfg cfg = {0};
    bool is_tool = false;
    if (!parse_args(&cfg, &is_tool, argc, argv)) {
        return usage();
    }
    if (is_tool) {
        enum err e = keyd_tool_run(cfg.store_dir, cfg.tpm_device, PROCESS_CHILD_FD);
        return e == OK ? EXIT_GOOD : EXIT_FAILED;
    }
    /* The sandbox has taken away what handlers at exit might want. */
    _exit(keyd_serve(&cfg) == OK ? EXIT_GOOD : EXIT_FAILED);
}
