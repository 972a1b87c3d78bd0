#ifndef PLUGIN_TARGET_NAME_H
#define PLUGIN_TARGET_NAME_H

#include "base/span.h"

/* Is name one that may become a path below a folder of ours? Parts between single slashes, none of them empty, "." or "..", none longer
 * than 255 bytes, UTF-8 without control characters or backslashes, at most TUF_TARGET_NAME_MAX bytes in all. */
bool target_name_is_safe(struct span name);

#endif
