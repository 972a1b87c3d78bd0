#ifndef NODE_JOURNAL_H
#define NODE_JOURNAL_H

#include "base/log.h"

#include <stdbool.h>

/* Lines on stderr for a person or for systemd's journal. */

/* journal_is_stderr: does the journal read our stderr? JOURNAL_STREAM names the device and inode of its stream
 * (systemd.exec(5)). Before any thread. */
bool journal_is_stderr(void);

/* journal_prefix is what stands before a line of this level so that the journal knows its priority (sd-daemon(3)): "<6>". */
const char *journal_prefix(enum log_level level);

#endif
