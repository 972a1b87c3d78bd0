/* passmesh-keyd: the only process that holds long-lived keys. It is started by a daemon or a server, which
 * passes it one end of a socket pair as descriptor 3:
 *
 *     passmesh-keyd --store DIR --client CAPABILITIES [--client CAPABILITIES]...
 *
 * The clients' descriptors are 3, 4, ... in that order. No secret is an argument or in the environment. */
#include "node/keyd/keyd_client.h"
#include "node/keyd/keyd_serve.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static int usage(void)
{
    (void)fprintf(
        stderr,
        "usage: passmesh-keyd --store DIR --client CAPABILITIES ...\n"
        "capabilities: identity, bundler, manage, vault, withdraw, joined by commas.\n"
        "Started by the daemon or the server, with their sockets as descriptors 3, 4, ...\n");
    return EXIT_USAGE;
}

static bool parse_args(struct keyd_serve_cfg *cfg, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) {
            return false;
        }
        if (strcmp(argv[i], "--store") == 0) {
            cfg->store_dir = argv[i + 1];
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
    return cfg->store_dir && cfg->clients_count > 0;
}

int main(int argc, char **argv)
{
    struct keyd_serve_cfg cfg = {0};
    if (!parse_args(&cfg, argc, argv)) {
        return usage();
    }
    /* The sandbox has taken away what handlers at exit might want. */
    _exit(keyd_serve(&cfg) == OK ? EXIT_GOOD : EXIT_FAILED);
}
