#ifndef CODEC_DNS_TXT_H
#define CODEC_DNS_TXT_H

#include "base/err.h"
#include "base/rd.h"
#include "base/span.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The texts of a DNS answer (RFC 1035 sections 3.3.14 and 4): its TXT records, each put together from its strings. Names
 * are skipped, not followed, so no pointer can lead in circles. */
enum { DNS_TXT_LEN_MAX = 1024, DNS_TXT_RECORDS_MAX = 64 };

struct dns_txt {
    struct rd r;
    unsigned left; /* records of the answer still to come */
};

/* dns_txt_begin reads to the first record. ERR_MALFORMED: no answer; ERR_LIMIT: more than DNS_TXT_RECORDS_MAX;
 * ERR_NOT_FOUND: the server says that there is none, or failed. */
MUST_CHECK enum err dns_txt_begin(struct dns_txt *t, struct span message);

/* dns_txt_next gives the next text; false at the end, or at what is malformed. Texts longer than DNS_TXT_LEN_MAX are
 * passed over. */
bool dns_txt_next(struct dns_txt *t, uint8_t ret_text[static DNS_TXT_LEN_MAX], size_t *ret_len);

#endif
