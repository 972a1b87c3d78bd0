#ifndef SERVICE_CLIENT_H
#define SERVICE_CLIENT_H

#include "base/budget.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/instant.h"
#include "base/span.h"
#include "codec/frame.h"
#include "service/chain.h"
#include "service/cosign.h"
#include "service/keep.h"
#include "service/light.h"
#include "service/message.h"
#include "service/proof.h"
#include "service/witness.h"

#include <stdbool.h>

/* The asking side of one stream of /web3-wallet/1.0. It writes one request and reads its answer, or, of a
 * subscription, one answer after the other.
 *
 *     init -> SENDING -> WAITING -> (answers) -> CLOSED
 *
 * When service_client_is_sent, close the writing side. Memory: the request while it is sent, and an answer
 * while it is partial. */

enum service_client_event_kind {
    SERVICE_CLIENT_ANSWER, /* response: its code may be any; with OK the body of the type is good */
    SERVICE_CLIENT_HEAD,   /* head: of a subscription, after its first answer */
    SERVICE_CLIENT_CLOSED, /* err, rule, blame: nothing more comes; end the stream. OK after a whole answer */
};

struct service_client_event {
    enum service_client_event_kind kind;
    struct service_response response;
    union {
        struct service_status status;
        struct service_rpc_result rpc;
        struct service_userop_status userop; /* of SEND_USER_OPERATION and USER_OPERATION_STATUS */
        struct service_sent sent;
        struct service_head head;
        struct service_proof proof;     /* well-formed; nothing in it is proven yet */
        struct service_light light;     /* as it is: nothing of the SSZ was read */
        struct service_chain chain;     /* well-formed; nothing in it is proven yet */
        struct service_witness witness; /* the same */
        struct service_cosigned cosigned;
        struct span kept; /* as long as keep.h says */
    } body; /* with ANSWER of code OK (status, rpc, userop, sent, head, proof, light, chain, witness, cosigned, kept by the request's type), and with HEAD */
    enum err err;
    const char *rule; /* static text, or NULL */
    enum service_blame blame;
};

struct service_client {
    enum service_type type;
    uint64_t chain_id;
    size_t slots_count; /* of ACCOUNT_PROOF */
    size_t light_max;   /* parts that an answer of LC_* may have */
    struct hash32 request_hash;
    struct buf out;
    size_t out_at; /* bytes of out that are sent */
    struct frame_reader frames;
    size_t body_len_max;   /* of a body that may come in several answers; 0: it may not */
    struct buf parts;      /* of such a one, those that came */
    uint64_t rest;         /* bytes that are still to come; 0: none were announced */
    struct hash32 running; /* of those that came */
    instant deadline;
    bool is_answered; /* a first answer has come */
    bool is_closed;   /* CLOSED is due or was given */
    bool is_close_told;
    bool has_answer; /* an event waits */
    struct service_client_event waiting;
    enum err err;
    const char *rule;
    enum service_blame blame;
};

/* service_client_init: request's spans are copied. ERR_LIMIT: the request is too long, or the budget refuses. The
 * deadline is the request's deadline_ms and a tenth more for the way. */
MUST_CHECK enum err service_client_init(struct service_client *c,
                                        struct budget *budget,
                                        const struct service_request *request,
                                        instant now);
void service_client_done(struct service_client *c);

/* service_client_recv takes bytes off *in; it stops early when an event waits: poll, call again. ERR_CLOSED: after
 * CLOSED; ignore the rest. service_client_end tells that the server sends no more, or that the stream was reset. */
MUST_CHECK enum err service_client_recv(struct service_client *c, instant now, struct span *in);
void service_client_end(struct service_client *c, instant now);
size_t service_client_send(struct service_client *c, instant now, struct mspan out);

/* The same without a copy, for a driver whose stream takes less than it announced: service_client_waiting is what is to
 * be sent, a span that lives until the next call; service_client_sent tells how much of it went. */
struct span service_client_waiting(const struct service_client *c);
void service_client_sent(struct service_client *c, size_t n);
bool service_client_is_sent(const struct service_client *c);

/* service_client_poll: the event's spans live until the next call. */
bool service_client_poll(struct service_client *c, struct service_client_event *ret_event);
instant service_client_deadline(const struct service_client *c);
void service_client_tick(struct service_client *c, instant now);

#endif
