#ifndef TEE_ENDORSEMENT_H
#define TEE_ENDORSEMENT_H

#include "tee/evidence.h"

/* Endorsements that come from their makers' services, for attesters that staple them: which ones evidence lacks, where they are, and how answers are read. Nothing here is verified: an attester
 * appraises evidence with what it puts in (evidence.h) before anybody is given it.
 *
 * Intel's service is the Provisioning Certification Service (PCS, version 4), and caches of it that answer alike (PCCS); AMD's is the Key Distribution Service (KDS, "VCEK Certificate
 * and KDS Interface Specification", 57230). */
enum endorsement_item {
    ENDORSEMENT_TCB_INFO,
    ENDORSEMENT_QE_IDENTITY,
    ENDORSEMENT_PCK_CRL,
    ENDORSEMENT_ROOT_CRL,
    ENDORSEMENT_VCEK,
    ENDORSEMENT_ISSUERS, /* ASK and ARK */
    ENDORSEMENT_ARK_CRL,
    ENDORSEMENT_ITEM_COUNT
};

enum {
    ENDORSEMENTS_MAX = 4, /* of one piece of evidence */
    ENDORSEMENT_URL_LEN_MAX = 512,
    ENDORSEMENT_BODY_LEN_MAX = 32 * 1024,  /* longer ones would not fit into evidence */
    ENDORSEMENT_HEADER_LEN_MAX = 8 * 1024, /* two certificates are below 3 KiB */
    ENDORSEMENT_KEY_LEN_MAX = 80,
};

/* Where the operator wants them from: the first part of URLs, without a slash at the end. NULL or "": from nowhere. */
struct endorsement_sources {
    const char *pcs;
    const char
        *root_crl; /* the whole URL: the PCS does not have Intel's root CRL, another host does */
    const char *kds;
};

struct endorsement_ask {
    enum endorsement_item item;
    char url[ENDORSEMENT_URL_LEN_MAX + 1];
};

/* What evidence lacks. The key says for which platform the endorsements are: evidence with the same key may have the same ones. */
struct endorsements_wanted {
    enum tee_kind kind;
    size_t key_len;
    uint8_t key[ENDORSEMENT_KEY_LEN_MAX];
    size_t count;
    struct endorsement_ask asks[ENDORSEMENTS_MAX];
};

/* endorsements_want: a and work are used meanwhile. guess counts from 0, for the product's name, which reports of version 2 do not have. OK with count 0: nothing is lacking, or this kind has no such service. ERR_NOT_FOUND: no
 * source. ERR_UNSUPPORTED: no service gives what is lacking (a VLEK, a chip that hides its number, an unknown product). ERR_MALFORMED: the evidence cannot be read. ERR_LIMIT: a URL is too long. */
MUST_CHECK enum err endorsements_want(struct endorsements_wanted *ret,
                                      struct appraiser *work,
                                      struct appraisal *a,
                                      const struct evidence *evidence,
                                      const struct endorsement_sources *from,
                                      unsigned guess);

/* endorsement_name is for logs; endorsement_header the header that an answer must have, or NULL. */
const char *endorsement_name(enum endorsement_item item);
const char *endorsement_header(enum endorsement_item item);

/* Room for what is no piece of an answer's text. Zero it before the first answer of a set. */
struct endorsement_room {
    uint8_t text[ENDORSEMENT_HEADER_LEN_MAX];
    uint8_t bytes[ENDORSEMENT_BODY_LEN_MAX];
    size_t n;
};

/* endorsement_read puts the parts of one answer into ret; spans point into body and room. ERR_NOT_FOUND: the header with the issuers' certificates is missing, or there is no certificate in it.
 * ERR_MALFORMED; ERR_LIMIT. */
struct endorsement_answer {
    struct span body;
    struct span header;
};
MUST_CHECK enum err endorsement_read(struct evidence *ret,
                                     struct endorsement_room *room,
                                     enum endorsement_item item,
                                     const struct endorsement_answer *answer);

/* endorsements_fail: did evidence with stapled endorsements fail for their sake, rather than for what the machine is? Then who appraises is not helped by them. */
bool endorsements_fail(const struct appraisal *a);

#endif
