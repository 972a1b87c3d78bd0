#ifndef SERVICE_DIRECTORY_H
#define SERVICE_DIRECTORY_H

#include <stdint.h>

/* Under which key of the DHT the servers of a chain are found: docs/protocol.md, "Finding servers". The key changes every
 * day, so that whoever wants to sit around it must do so anew. */

enum { DIRECTORY_KEY_LEN = 34, DIRECTORY_DAY_S = 86400 };

/* directory_key writes the multihash for one chain on one day, counted from 1970. */
void directory_key(uint8_t ret_key[static DIRECTORY_KEY_LEN], uint64_t chain_id, uint64_t day);

#endif
