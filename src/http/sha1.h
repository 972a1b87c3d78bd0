#ifndef HTTP_SHA1_H
#define HTTP_SHA1_H

#include "base/span.h"

/* SHA-1 (FIPS 180-4), for the WebSocket handshake alone, which asks for it and where nothing depends on its strength. Inputs
 * of up to SHA1_IN_MAX bytes. */
enum { SHA1_LEN = 20, SHA1_IN_MAX = 119 };

void sha1(uint8_t out[static SHA1_LEN], struct span in);

#endif
