#ifndef NODE_COPIES_INSIDE_H
#define NODE_COPIES_INSIDE_H

#include "node/daemon/copies.h"

/* Shared by copies*.c only. */

uint64_t copies_tag(struct copies *c); /* never 0 */

/* ---- copies_find.c ---- */
void copies_found_answered(struct copies *c, struct wallet_time t, const struct copies_answer *a);
void copies_find_tick(struct copies *c, struct wallet_time t);

#endif
