#ifndef NODE_COLLECTOR_PLACES_H
#define NODE_COLLECTOR_PLACES_H

#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>

/* Where collectors find what they ask: for whoever starts passmesh-tpm, and for people. Opens nothing. */
struct collector_place {
    const char *name; /* of the collector */
    const char *path;
    const char *gives;       /* kinds of evidence, in words */
    const char *note;        /* collector_note, or "" */
    bool is_below_paravisor; /* only in a machine below one (hyperv_isolation of tee/hardware.h) */
};

size_t collector_places_count(void);
const struct collector_place *
collector_place(size_t i); /* i < the count; in the order in which they are asked */

/* collector_place_is_there: may this user use it? has_paravisor: does one stand between this machine and its hardware? */
bool collector_place_is_there(const struct collector_place *p, bool has_paravisor);

/* collector_note_of is the note of the collector with this name; "" if there is none. */
const char *collector_note_of(struct span name);

/* collector_places_any: is there one of them, or a TPM at tpm (a path)? */
bool collector_places_any(const char *tpm);

#endif
