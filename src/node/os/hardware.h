#ifndef NODE_HARDWARE_H
#define NODE_HARDWARE_H

#include "tee/hardware.h"

/* hardware_this_machine asks the machine that runs this program: CPUID, /proc, /sys, and access rights of devices. Nothing is
 * opened for writing and no device is opened at all, so nothing is loaded or changed; a few milliseconds. */
struct hardware_ops hardware_this_machine(void);

/* hardware_detect_here detects with it; dir is where data would lie, or "/" if it is not there yet. */
void hardware_detect_here(struct hardware *ret, const char *dir);

#endif
