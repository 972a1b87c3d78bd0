#ifndef NODE_SANDBOX_KEEPER_H
#define NODE_SANDBOX_KEEPER_H

#include "node/os/sandbox_node.h"

/* The sandbox of the process that keeps the server plugin (plugin/keeper.h). Unlike a node it has to start programs, and what it starts inherits all of this
 * before it puts on a sandbox of its own: even a plugin that never does stays inside.
 *
 *     files    read the system (/usr, /etc, /proc, /sys); write and run programs below dir alone; nothing of the person's
 *     sockets  TCP, UDP, routes; no Unix socket by path, so neither D-Bus nor systemd --user starts anything for it
 *     calls    no debugging, mounting, namespaces, io_uring, keys, modules, truncate by path: they fail with EPERM */

/* sandbox_keeper_enter takes away what it can and says what that was. One thread. Landlock needs ABI 2 here: the one before could not move a version to its
 * place; with it landlock_abi is 0. */
void sandbox_keeper_enter(struct sandbox_node_report *ret_report, const char *dir);

#endif
