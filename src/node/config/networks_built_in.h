#ifndef NODE_NETWORKS_BUILT_IN_H
#define NODE_NETWORKS_BUILT_IN_H

#include <stddef.h>

/* The text of each networks/NAME.ini; made by tools/networks_gen.py. */
struct network_built_in {
    const char *name; /* of the file */
    const char *text;
};

extern const struct network_built_in networks_built_in[];
extern const size_t networks_built_in_count;

#endif
