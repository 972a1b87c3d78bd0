#ifndef P2P_MDNS_MESSAGE_H
#define P2P_MDNS_MESSAGE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* DNS messages as multicast DNS uses them (RFC 1035 section 4, RFC 6762): enough of them for discovery of peers
 * (libp2p specs, discovery/mdns.md). Names are in the form of the wire without compression: labels behind their
 * lengths and a zero; letters are made lower case on reading. */

enum {
    MDNS_LEN_MAX = 9000, /* bytes of a datagram that we read */
    MDNS_SENT_LEN_MAX = 1400,
    MDNS_NAME_LEN_MAX = 255, /* bytes, with the last zero */
    MDNS_RECORDS_MAX = 64,   /* questions and records of a message, looked at; more refuse it */
    MDNS_TEXT_LEN_MAX = 255, /* bytes of one string of a TXT record */
};

enum mdns_type { MDNS_A = 1, MDNS_PTR = 12, MDNS_TXT = 16, MDNS_AAAA = 28, MDNS_SRV = 33 };

struct mdns_name {
    uint8_t n; /* bytes in use; 0 = no name */
    uint8_t bytes[MDNS_NAME_LEN_MAX];
};

/* mdns_name_parse makes a name of dotted text: ERR_MALFORMED for an empty or long label, ERR_LIMIT. */
MUST_CHECK enum err mdns_name_parse(struct mdns_name *ret_name, struct span text);
bool mdns_name_equal(const struct mdns_name *a, const struct mdns_name *b);

struct mdns_record {
    bool is_question;
    struct mdns_name name;
    uint16_t type;
    struct mdns_name target; /* of a PTR */
    struct span data;        /* of any other: as it stands; TXT: walk it with mdns_next_text */
};

struct mdns_cursor {
    struct span message;
    size_t at;
    uint16_t questions;
    uint16_t records;
};

/* mdns_open reads the head. ERR_MALFORMED, ERR_LIMIT: not worth looking at. */
MUST_CHECK enum err
mdns_open(struct mdns_cursor *ret_cursor, bool *ret_is_response, struct span message);

/* mdns_next gives the next question or record. ERR_NOT_FOUND at the end; ERR_MALFORMED: the rest is lost. */
MUST_CHECK enum err mdns_next(struct mdns_record *ret_record, struct mdns_cursor *cursor);

/* mdns_next_text takes one string off the data of a TXT record. */
bool mdns_next_text(struct span *ret_text, struct span *data);

/* Writers; each fails w if it is full. A message is a head and then as many questions and records as it says. */
struct mdns_head {
    bool is_response;
    uint16_t questions;
    uint16_t answers;
    uint16_t extras;
};
void mdns_write_head(struct wr *w, struct mdns_head head);
void mdns_write_question(struct wr *w, const struct mdns_name *name, enum mdns_type type);
void mdns_write_ptr(struct wr *w,
                    const struct mdns_name *name,
                    const struct mdns_name *target,
                    uint32_t ttl_s);
void mdns_write_txt(struct wr *w, const struct mdns_name *name, struct span data, uint32_t ttl_s);
/* mdns_write_srv: RFC 2782, with priority and weight 0. */
void mdns_write_srv(struct wr *w,
                    const struct mdns_name *name,
                    const struct mdns_name *host,
                    uint16_t port,
                    uint32_t ttl_s);
/* mdns_write_ip writes an A (4 bytes) or AAAA (16 bytes) record of the host. */
void mdns_write_ip(struct wr *w, const struct mdns_name *host, struct span ip, uint32_t ttl_s);

#endif
