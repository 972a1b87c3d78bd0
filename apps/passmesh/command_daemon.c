/* passmesh daemon, passmesh stop. */
#include "commands.h"

#include "codec/json.h"
#include "node/daemon/daemon.h"
#include "node/os/process.h"
#include "node/os/sandbox_node.h"

#include <stdio.h>
#include <string.h>

int command_daemon(const struct command_args *args)
{
    char text[DAEMON_TEXT_LEN] = "";
    static struct config config; /* too large for the stack */
    config = *args->config;
    for (int i = 0; i < args->argc; i++) {
        if (strcmp(args->argv[i], "--sandbox-optional") != 0) {
            command_say("usage: passmesh daemon [--sandbox-optional]");
            return EXIT_USAGE;
        }
        config.is_sandbox_optional = true;
    }
    sandbox_node_prepare(PROCESS_CHILD_FD);
    if (daemon_run(&config, text) == OK) {
        return EXIT_DONE;
    }
    command_say("%s", text[0] ? text : "The wallet could not start; the log above says why.");
    return EXIT_FAILED;
}

static void print_stopped(struct json result)
{
    (void)result;
    (void)puts("Stopping.");
}

int command_stop(const struct command_args *args)
{
    return commands_call(args, "stop", SPAN_LIT("{}"), print_stopped);
}
