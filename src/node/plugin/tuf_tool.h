#ifndef NODE_TUF_TOOL_H
#define NODE_TUF_TOOL_H

#include "base/err.h"

#include <stddef.h>

/* The three commands of passmesh-tuf, which any TUF client has that a conformance suite can drive. What goes wrong is said on stderr, in one line
 * with the section of the specification and the attack. */
enum { TUF_TOOL_TARGETS_MAX = 64 };

struct tuf_tool {
    const char *metadata_dir;
    const char *metadata_url;
    const char *targets_url;
    const char *target_dir;
    const char *targets[TUF_TOOL_TARGETS_MAX];
    size_t targets_count;
};

/* init trusts the root in a file, without asking anybody. refresh brings the metadata up to date. download does that, and gets each target
 * in turn; it stops at the first that cannot be had. */
MUST_CHECK enum err tuf_tool_init(const struct tuf_tool *tool, const char *root_file);
MUST_CHECK enum err tuf_tool_refresh(const struct tuf_tool *tool);
MUST_CHECK enum err tuf_tool_download(const struct tuf_tool *tool);

#endif
