#ifndef NODE_DAEMON_H
#define NODE_DAEMON_H

#include "base/err.h"
#include "node/config/config.h"

/*~ The daemon: everything that a person runs, joined on one loop.
 *
 *     page, command line ── web, local ── api ── wallet ── servers ── host ── tcp ── peers
 *                                          |        |                   |
 *                                        page     db (SQLite)        keyd (a process of its own)
 *
 * daemon_run starts it, turns until it is told to stop (SIGINT, SIGTERM, stop), and takes everything down again. */
enum { DAEMON_TEXT_LEN = 512 };

/* Returns OK after an orderly end; else the error, and in ret_text the one sentence that says what is wrong and what to
 * do about it. */
MUST_CHECK enum err daemon_run(const struct config *config, char ret_text[static DAEMON_TEXT_LEN]);

#endif
