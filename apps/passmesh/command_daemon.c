/* passmesh daemon, passmesh stop. */
#include "commands.h"

#include "codec/json.h"
#include "node/daemon.h"

#include <stdio.h>

int command_daemon(const struct command_args *args)
{
    char text[DAEMON_TEXT_LEN] = "";
    if (args->argc != 0) {
        command_say("usage: passmesh daemon");
        return EXIT_USAGE;
    }
    if (daemon_run(args->config, text) == OK) {
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
