#ifndef PASSMESH_COMMAND_PLUGIN_H
#define PASSMESH_COMMAND_PLUGIN_H

#include "commands.h"

/* While a daemon runs, its keeper holds the plugin's folder, so the words of `passmesh plugin` go to it (command_plugin_daemon.c); else the command does the
 * work by itself (command_plugin.c). c is open. */
int command_plugin_daemon(const struct command_args *args, struct local_client *c);

int command_plugin_usage(void);

#endif
