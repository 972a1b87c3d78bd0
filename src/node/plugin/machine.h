#ifndef NODE_MACHINE_H
#define NODE_MACHINE_H

#include "plugin/package.h"

/* machine_look asks the system what it has for a package that would live below dir: processors that we may use, memory that is available, disk that
 * is free, a TPM. Whether others can reach it is not known here, and so is false. The spans are static. */
void machine_look(struct package_machine *ret, const char *dir);

/* The interface between client and server program that this client speaks. */
enum { MACHINE_ABI = 1 };

#endif
