#ifndef BEACON_PAIRING_H
#define BEACON_PAIRING_H

#include "beacon/fp12.h"
#include "beacon/g1.h"
#include "beacon/g2.h"

#include <stdbool.h>
#include <stddef.h>

/* The optimal ate pairing of G1 and G2. Points must lie in their groups: what lies outside gives no error and means
 * nothing. */
enum { PAIRING_PAIRS_MAX = 2 };

struct pairing_pair {
    struct g1 p;
    struct g2 q;
};

/* pairing_is_one: the product of the pairings is one. pairs_count is at most PAIRING_PAIRS_MAX. */
bool pairing_is_one(const struct pairing_pair *pairs, size_t pairs_count);

/* pairing_value is the cube of the product of the pairings: as good as the product, for the group's order is no multiple
 * of three. */
void pairing_value(struct fp12 *ret, const struct pairing_pair *pairs, size_t pairs_count);

#endif
