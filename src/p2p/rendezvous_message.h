#ifndef P2P_RENDEZVOUS_MESSAGE_H
#define P2P_RENDEZVOUS_MESSAGE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages of the rendezvous protocol (libp2p specs, rendezvous/README.md), without length prefix.
 *
 *     message = { 1 type, 2 register, 3 registerResponse, 4 unregister, 5 discover, 6 discoverResponse }
 *     register          = { 1 ns, 2 signedPeerRecord, 3 ttl }
 *     registerResponse  = { 1 status, 2 statusText, 3 ttl }
 *     unregister        = { 1 ns }
 *     discover          = { 1 ns, 2 limit, 3 cookie }
 *     discoverResponse  = { 1 registrations, repeated, 2 cookie, 3 status, 4 statusText } */

#define RENDEZVOUS_PROTOCOL "/rendezvous/1.0.0"

enum {
    RENDEZVOUS_LEN_MAX = 256 * 1024,     /* bytes of a message that we read */
    RENDEZVOUS_SENT_LEN_MAX = 64 * 1024, /* and that we write */
    RENDEZVOUS_NS_LEN_MAX = 255,
    RENDEZVOUS_COOKIE_LEN_MAX = 64,
    RENDEZVOUS_TTL_S = 7200,
    RENDEZVOUS_TTL_S_MAX = 72 * 3600,
};

enum rendezvous_type {
    RENDEZVOUS_REGISTER = 0,
    RENDEZVOUS_REGISTER_RESPONSE = 1,
    RENDEZVOUS_UNREGISTER = 2,
    RENDEZVOUS_DISCOVER = 3,
    RENDEZVOUS_DISCOVER_RESPONSE = 4,
};

enum rendezvous_status {
    RENDEZVOUS_OK = 0,
    RENDEZVOUS_INVALID_NAMESPACE = 100,
    RENDEZVOUS_INVALID_RECORD = 101,
    RENDEZVOUS_INVALID_TTL = 102,
    RENDEZVOUS_INVALID_COOKIE = 103,
    RENDEZVOUS_NOT_AUTHORIZED = 200,
    RENDEZVOUS_INTERNAL = 300,
    RENDEZVOUS_UNAVAILABLE = 400,
};

/* One message, whichever it is; what it has not is empty or 0. */
struct rendezvous_message {
    enum rendezvous_type type;
    struct span ns;
    struct span record; /* sealed peer record */
    uint64_t ttl_s;     /* 0 = not given */
    uint64_t limit;     /* 0 = not given */
    struct span cookie;
    uint64_t status;
    struct span status_text;
    struct span body; /* of a DISCOVER_RESPONSE: registrations with rendezvous_next */
};

/* rendezvous_decode: ERR_MALFORMED, ERR_LIMIT; ERR_UNSUPPORTED: another type. Spans are into the input. */
MUST_CHECK enum err rendezvous_decode(struct rendezvous_message *ret_message, struct span in);

/* rendezvous_next takes the next registration off *body: ns, record and ttl_s. */
bool rendezvous_next(struct rendezvous_message *ret_registration, struct span *body);

/* rendezvous_encode writes a message; registrations of a DISCOVER_RESPONSE are m->body, as
 * rendezvous_write_registration has written them. */
void rendezvous_encode(struct wr *w, const struct rendezvous_message *m);
void rendezvous_write_registration(struct wr *w, const struct rendezvous_message *registration);

#endif
