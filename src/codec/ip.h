#ifndef CODEC_IP_H
#define CODEC_IP_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

/* Text of IP addresses. The bytes are in network order. */
enum { IP4_LEN = 4, IP6_LEN = 16 };

/* ip4_parse takes exactly four decimal numbers of 0 to 255 without leading zeros: ERR_MALFORMED otherwise. */
MUST_CHECK enum err ip4_parse(uint8_t out[static IP4_LEN], struct span text);

/* ip6_parse takes the forms of RFC 4291 section 2.2, without a zone: ERR_MALFORMED otherwise. */
MUST_CHECK enum err ip6_parse(uint8_t out[static IP6_LEN], struct span text);

void ip4_print(struct wr *w, const uint8_t in[static IP4_LEN]);
void ip6_print(struct wr *w, const uint8_t in[static IP6_LEN]); /* as RFC 5952 wants it */

#endif
