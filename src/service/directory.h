#ifndef SERVICE_DIRECTORY_H
#define SERVICE_DIRECTORY_H

#include "base/span.h"

#include <stdint.h>

/* Under which name, and which key of the DHT, the servers of a chain are found: docs/protocol.md, "Finding servers". They change
 * every day, so that whoever wants to sit around them must do so anew. */

enum { DIRECTORY_NAME_LEN_MAX = 72, DIRECTORY_KEY_LEN = 34, DIRECTORY_DAY_S = 86400 };

/* A server stands under the names of so many days: clocks differ, and nobody waits at midnight. */
enum { DIRECTORY_DAYS_TOLD = 2 };

/* directory_name writes the name for one chain on one day, counted from 1970, and gives it. */
struct span
directory_name(char ret_room[static DIRECTORY_NAME_LEN_MAX], uint64_t chain_id, uint64_t day);

/* directory_key writes the multihash of that name. */
void directory_key(uint8_t ret_key[static DIRECTORY_KEY_LEN], uint64_t chain_id, uint64_t day);

#endif
