/* AutoNAT 2 and the answering side of version 1: libp2p specs, autonat/autonat-v2.md and autonat-v1.md. */
#include "p2p/autonat.h"

#include "base/arith.h"
#include "base/check.h"
#include "codec/multiaddr.h"

#include <string.h>

static const uint64_t STREAM_US =
    15 * US_PER_S; /* a server's patience for the request and its data */
static const uint64_t DIAL_US = 20 * US_PER_S;   /* and for its own dial */
static const uint64_t ANSWER_US = 45 * US_PER_S; /* a client's, for all of it */
static const uint64_t BACK_US = 10 * US_PER_S;
enum { OUT_LEN_MAX = AUTONAT_LEN_MAX + 16, PIECE_LEN = AUTONAT_DATA_LEN_MAX / 2 };

bool autonat_policy_allows(const struct autonat_policy *p, const struct net_addr *a)
{
    /* SPEC libp2p/autonat-v2 §"AutoNAT V2 Protocol": no private address is dialled; a network that is private as a whole is
     * the exception, and said so by its owner. */
    bool is_welcome = (p->private_too && !net_addr_is_any(a)) || net_addr_is_public(a);
    /* SPEC libp2p/autonat-v2 §"Implementation Suggestions": who has no IPv6, or no IPv4, does not dial it. */
    bool is_possible =
        !(a->is_ip6 ? p->no_ip6 : p->no_ip4) && !(a->transport == NET_QUIC && p->no_quic);
    return is_welcome && is_possible && a->port != 0;
}

static void reader_init(struct frame_reader *f, size_t len_max, struct budget *budget)
{
    frame_reader_init(
        f, (struct frame_cfg){.prefix = FRAME_UVARINT, .frame_len_max = len_max, .budget = budget});
}

/* send_out moves what there is to write into out. */
static size_t send_out(struct buf *from, struct mspan out)
{
    size_t n = span_copy(out, buf_span(from));
    buf_consume(from, n);
    return n;
}

/* ---- server ---- */

static void server_fail(struct autonat_server *s, enum err err, const char *rule)
{
    if (s->state >= AUTONAT_FINISHED) {
        return;
    }
    s->state = AUTONAT_FAILED;
    s->err = diag_set(&s->diag, err, rule, 0);
    s->dial_waits = false;
    s->failed_waits = true;
    s->deadline = INSTANT_NEVER;
}

void autonat_server_init(struct autonat_server *s,
                         const struct autonat_server_cfg *cfg,
                         instant now)
{
    *s = (struct autonat_server){.cfg = *cfg, .deadline = instant_add(now, STREAM_US)};
    if (cfg->payload_len == 0) {
        s->cfg.payload_len = AUTONAT_PAYLOAD_MIN;
    }
    reader_init(&s->frames, AUTONAT_LEN_MAX, cfg->budget);
    buf_init(&s->out, cfg->budget, OUT_LEN_MAX);
}

/* server_say puts a message into the output. */
static void server_say(struct autonat_server *s, struct span message)
{
    struct wr w = wr_init_buf(&s->out);
    frame_write(&w, FRAME_UVARINT, message);
    if (!wr_ok(&w)) {
        server_fail(s, ERR_LIMIT, "no memory for the answer");
    }
}

static void server_answer(struct autonat_server *s, uint64_t status, uint64_t dial_status)
{
    uint8_t room[64];
    struct wr w = wr_init(MSPAN_OF(room));
    struct autonat_message m = {.kind = AUTONAT_RESPONSE,
                                .status = status,
                                .dial_status = dial_status,
                                .addr_index = s->addr_index};
    autonat_encode(&w, &m, NULL);
    check(wr_ok(&w));
    s->state = AUTONAT_SENDING;
    s->deadline = INSTANT_NEVER; /* the owner's, from here */
    server_say(s, span_of(room, w.n));
}

static void server_answer_v1(struct autonat_server *s, enum autonat1_status status, size_t i)
{
    uint8_t addr[NET_ADDR_LEN_MAX];
    uint8_t room[96];
    struct wr a = wr_init(MSPAN_OF(addr));
    struct wr w = wr_init(MSPAN_OF(room));
    struct autonat1_message m = {.is_response = true, .status = status};
    if (status == AUTONAT1_OK) {
        net_addr_write(&a, &s->addrs[i]);
        m.addr = span_of(addr, a.n);
    }
    autonat1_encode(&w, &m, NULL);
    check(wr_ok(&a) && wr_ok(&w));
    s->state = AUTONAT_SENDING;
    s->deadline = INSTANT_NEVER;
    server_say(s, span_of(room, w.n));
}

static void server_dial(struct autonat_server *s, instant now)
{
    s->state = AUTONAT_DIALLING;
    s->deadline = instant_add(now, DIAL_US);
    s->dial_waits = true;
}

static void demand_payload(struct autonat_server *s)
{
    uint8_t room[32];
    struct wr w = wr_init(MSPAN_OF(room));
    struct autonat_message m = {
        .kind = AUTONAT_DATA_REQUEST, .addr_index = s->addr_index, .data_len = s->cfg.payload_len};
    autonat_encode(&w, &m, NULL);
    check(wr_ok(&w));
    s->state = AUTONAT_PAYING;
    server_say(s, span_of(room, w.n));
}

static void on_request(struct autonat_server *s, instant now, const struct autonat_message *m)
{
    struct span rest = m->body;
    struct span addr;
    s->nonce = m->nonce;
    /* SPEC libp2p/autonat-v2 §"Requirements for ResponseStatus": over a limit the request is rejected, without a dial. */
    if (s->cfg.is_over_limit) {
        server_answer(s, AUTONAT_STATUS_REJECTED, AUTONAT_DIAL_UNUSED);
        return;
    }
    for (uint32_t i = 0; autonat_next_addr(&addr, &rest); i++) {
        /* SPEC libp2p/autonat-v2 §"AutoNAT V2 Protocol": the first address that the server is willing to dial, and no other. */
        if (net_addr_of(&s->addrs[0], addr) != OK ||
            !autonat_policy_allows(&s->cfg.policy, &s->addrs[0])) {
            continue;
        }
        s->addr_index = i;
        s->addrs_count = 1;
        /* SPEC libp2p/autonat-v2 §"Amplification Attack Prevention": for another IP than the client's own the client pays
         * in bytes. */
        if (net_addr_same_ip(&s->addrs[0], &s->cfg.observed)) {
            server_dial(s, now);
        } else {
            demand_payload(s);
        }
        return;
    }
    server_answer(s, AUTONAT_STATUS_REFUSED, AUTONAT_DIAL_UNUSED);
}

static void on_payload(struct autonat_server *s, instant now, const struct autonat_message *m)
{
    if (m->kind != AUTONAT_DATA || m->data.n == 0) {
        server_fail(s, ERR_MALFORMED, "not the data that was asked for");
        return;
    }
    /* SPEC libp2p/autonat-v2 §"Amplification Attack Prevention": only bytes of the field count, and the last piece may be
     * longer than needed. */
    s->paid_len += m->data.n; /* <= AUTONAT_LEN_MAX, and it ends at 100,000 */
    if (s->paid_len >= s->cfg.payload_len) {
        server_dial(s, now);
    }
}

static void on_v1_request(struct autonat_server *s, instant now, struct span frame)
{
    struct autonat1_message m;
    struct peer_id claimed;
    struct span addr;
    if (autonat1_decode(&m, frame) != OK || m.is_response) {
        server_fail(s, ERR_MALFORMED, "not a request");
        return;
    }
    bool is_other = m.peer.n > 0 && (peer_id_decode(&claimed, m.peer) != OK ||
                                     !peer_id_equal(&claimed, &s->cfg.peer));
    if (is_other || s->cfg.is_over_limit) {
        server_answer_v1(s, is_other ? AUTONAT1_BAD_REQUEST : AUTONAT1_REFUSED, 0);
        return;
    }
    struct span rest = m.addrs;
    while (s->addrs_count < AUTONAT1_DIALS_MAX && autonat1_next_addr(&addr, &rest)) {
        struct net_addr a;
        /* SPEC libp2p/autonat-v1 §"AutoNAT Protocol": only the IP that the asker is seen at is dialled. */
        if (net_addr_of(&a, addr) == OK && net_addr_same_ip(&a, &s->cfg.observed) &&
            autonat_policy_allows(&s->cfg.policy, &a)) {
            s->addrs[s->addrs_count++] = a;
        }
    }
    if (s->addrs_count > 0) {
        server_dial(s, now);
    } else {
        server_answer_v1(s, AUTONAT1_REFUSED, 0);
    }
}

static void server_take(struct autonat_server *s, instant now, struct span frame)
{
    struct autonat_message m;
    if (s->cfg.is_v1) {
        on_v1_request(s, now, frame);
    } else if (autonat_decode(&m, frame) != OK) {
        server_fail(s, ERR_MALFORMED, "no message of AutoNAT");
    } else if (s->state == AUTONAT_PAYING) {
        on_payload(s, now, &m);
    } else if (m.kind != AUTONAT_REQUEST) {
        server_fail(s, ERR_MALFORMED, "not a request");
    } else {
        on_request(s, now, &m);
    }
}

enum err autonat_server_recv(struct autonat_server *s, instant now, struct span *in)
{
    while (s->state <= AUTONAT_PAYING) {
        struct span frame;
        enum err e = frame_reader_next(&s->frames, &frame, in);
        if (e == ERR_TRUNCATED) {
            return OK;
        }
        if (e != OK) {
            server_fail(s, e, "too long a message");
        } else {
            server_take(s, now, frame);
        }
    }
    *in = SPAN_EMPTY; /* what comes after the request and its data is of no use */
    return s->err;
}

void autonat_server_recv_end(struct autonat_server *s)
{
    if (s->state <= AUTONAT_PAYING) {
        server_fail(s, ERR_CLOSED, "the stream ended before the request did");
    }
}

void autonat_server_dialled(struct autonat_server *s, enum autonat_dialled how, size_t i)
{
    static const struct {
        enum autonat_status status;
        enum autonat_dial_status dial;
        enum autonat1_status v1;
    } answers[] = {
        [AUTONAT_DIALLED_OK] = {AUTONAT_STATUS_OK,       AUTONAT_DIAL_OK,         AUTONAT1_OK        },
        [AUTONAT_DIALLED_NOT] = {AUTONAT_STATUS_OK,       AUTONAT_DIAL_ERROR,      AUTONAT1_DIAL_ERROR},
        [AUTONAT_DIALLED_NO_BACK] = {AUTONAT_STATUS_OK,       AUTONAT_DIAL_BACK_ERROR,
                                AUTONAT1_DIAL_ERROR                                                  },
        [AUTONAT_DIALLED_LOCAL] = {AUTONAT_STATUS_INTERNAL, AUTONAT_DIAL_UNUSED,     AUTONAT1_INTERNAL  },
    };
    if (s->state != AUTONAT_DIALLING || s->dial_waits) {
        return;
    }
    if (s->cfg.is_v1) {
        server_answer_v1(s, answers[how].v1, i < s->addrs_count ? i : 0);
    } else {
        server_answer(s, answers[how].status, answers[how].dial);
    }
}

size_t autonat_server_send(struct autonat_server *s, instant now, struct mspan out)
{
    (void)now;
    if (s->state >= AUTONAT_FINISHED) {
        return 0;
    }
    size_t n = send_out(&s->out, out);
    if (s->out.n == 0 && s->state == AUTONAT_SENDING) {
        s->state = AUTONAT_FINISHED;
        s->sent_waits = true;
    }
    return n;
}

bool autonat_server_poll(struct autonat_server *s, struct autonat_server_event *ret_event)
{
    *ret_event = (struct autonat_server_event){.err = s->err, .diag = s->diag};
    if (s->dial_waits) {
        s->dial_waits = false;
        ret_event->kind = AUTONAT_SERVER_DIAL;
        ret_event->addrs = s->addrs;
        ret_event->addrs_count = s->addrs_count;
        ret_event->nonce = s->nonce;
        return true;
    }
    if (s->sent_waits || s->failed_waits) {
        ret_event->kind = s->sent_waits ? AUTONAT_SERVER_SENT : AUTONAT_SERVER_FAILED;
        s->sent_waits = false;
        s->failed_waits = false;
        return true;
    }
    return false;
}

instant autonat_server_deadline(const struct autonat_server *s)
{
    return s->deadline;
}

void autonat_server_tick(struct autonat_server *s, instant now)
{
    if (!instant_reached(s->deadline, now)) {
        return;
    }
    if (s->state == AUTONAT_DIALLING && !s->dial_waits) {
        autonat_server_dialled(s, AUTONAT_DIALLED_LOCAL, 0);
    } else {
        server_fail(s, ERR_TIMEOUT, "the request took too long");
    }
}

void autonat_server_done(struct autonat_server *s)
{
    frame_reader_done(&s->frames);
    buf_done(&s->out);
    *s = (struct autonat_server){.state = AUTONAT_FAILED};
}

/* ---- client ---- */

static void client_fail(struct autonat_client *c, enum err err, const char *rule)
{
    if (c->state >= AUTONAT_FINISHED) {
        return;
    }
    c->state = AUTONAT_FAILED;
    c->err = diag_set(&c->diag, err, rule, 0);
    c->event_waits = true;
    c->deadline = INSTANT_NEVER;
}

enum err
autonat_client_init(struct autonat_client *c, const struct autonat_client_cfg *cfg, instant now)
{
    uint8_t bytes[AUTONAT_ASKED_MAX][NET_ADDR_LEN_MAX];
    struct span addrs[AUTONAT_ASKED_MAX];
    uint8_t room[AUTONAT_ASKED_MAX * (NET_ADDR_LEN_MAX + 4) + 32];
    check(cfg->addrs_count > 0);
    check(cfg->addrs_count <= AUTONAT_ASKED_MAX);
    *c = (struct autonat_client){.cfg = *cfg, .deadline = instant_add(now, ANSWER_US)};
    c->cfg.addrs = NULL;
    for (size_t i = 0; i < cfg->addrs_count; i++) {
        struct wr a = wr_init(mspan_of(bytes[i], NET_ADDR_LEN_MAX));
        net_addr_write(&a, &cfg->addrs[i]);
        check(wr_ok(&a));
        addrs[i] = span_of(bytes[i], a.n);
    }
    struct wr w = wr_init(MSPAN_OF(room));
    autonat_encode(&w,
                   &(struct autonat_message){.kind = AUTONAT_REQUEST,
                                             .addrs_count = cfg->addrs_count,
                                             .nonce = cfg->nonce},
                   addrs);
    check(wr_ok(&w));
    reader_init(&c->frames, AUTONAT_LEN_MAX, cfg->budget);
    buf_init(&c->out, cfg->budget, OUT_LEN_MAX);
    struct wr out = wr_init_buf(&c->out);
    frame_write(&out, FRAME_UVARINT, span_of(room, w.n));
    return wr_end(&out);
}

static bool is_known_status(uint64_t status)
{
    return status == AUTONAT_STATUS_INTERNAL || status == AUTONAT_STATUS_REJECTED ||
           status == AUTONAT_STATUS_REFUSED || status == AUTONAT_STATUS_OK;
}

static bool is_known_dial(uint64_t status)
{
    return status == AUTONAT_DIAL_ERROR || status == AUTONAT_DIAL_BACK_ERROR ||
           status == AUTONAT_DIAL_OK;
}

static void on_response(struct autonat_client *c, const struct autonat_message *m)
{
    bool is_ok = m->status == AUTONAT_STATUS_OK;
    /* SPEC libp2p/autonat-v2 §"Requirements for ResponseStatus": an answer with a code that one does not know says nothing. */
    if (!is_known_status(m->status) ||
        (is_ok && (!is_known_dial(m->dial_status) || m->addr_index >= c->cfg.addrs_count))) {
        client_fail(c, ERR_MALFORMED, "an answer that says nothing");
        return;
    }
    c->status = (enum autonat_status)m->status;
    c->dial_status = is_ok ? (enum autonat_dial_status)m->dial_status : AUTONAT_DIAL_UNUSED;
    c->addr_index = is_ok ? m->addr_index : 0;
    c->state = AUTONAT_FINISHED;
    c->deadline = INSTANT_NEVER;
    c->event_waits = true;
}

static void client_take(struct autonat_client *c, struct span frame)
{
    struct autonat_message m;
    if (autonat_decode(&m, frame) != OK) {
        client_fail(c, ERR_MALFORMED, "no message of AutoNAT");
    } else if (m.kind == AUTONAT_RESPONSE) {
        on_response(c, &m);
    } else if (m.kind != AUTONAT_DATA_REQUEST || c->has_paid) {
        client_fail(c, ERR_MALFORMED, "neither an answer nor a first request for data");
    } else if (m.data_len > AUTONAT_PAYLOAD_MAX || m.addr_index >= c->cfg.addrs_count) {
        /* SPEC libp2p/autonat-v2 §"Amplification Attack Prevention": a client may find the price too high, and resets. */
        client_fail(c, ERR_LIMIT, "more data asked for than a dial is worth");
    } else {
        c->has_paid = true;
        c->owed_len = m.data_len;
    }
}

enum err autonat_client_recv(struct autonat_client *c, instant now, struct span *in)
{
    (void)now;
    while (c->state < AUTONAT_FINISHED) {
        struct span frame;
        enum err e = frame_reader_next(&c->frames, &frame, in);
        if (e == ERR_TRUNCATED) {
            return OK;
        }
        if (e != OK) {
            client_fail(c, e, "too long a message");
        } else {
            client_take(c, frame);
        }
    }
    *in = SPAN_EMPTY;
    return c->err;
}

void autonat_client_recv_end(struct autonat_client *c)
{
    client_fail(c, ERR_CLOSED, "the stream ended without an answer");
}

/* next_payload fills the output with one more piece of data, if some is owed. */
static void next_payload(struct autonat_client *c)
{
    static const uint8_t zeros[PIECE_LEN];
    uint8_t room[PIECE_LEN + 16];
    if (c->owed_len == 0) {
        return;
    }
    size_t n = (size_t)min_u64(c->owed_len, sizeof zeros);
    struct wr w = wr_init(MSPAN_OF(room));
    autonat_encode(&w, &(struct autonat_message){.kind = AUTONAT_DATA, .data = span_of(zeros, n)},
                   NULL);
    check(wr_ok(&w));
    struct wr out = wr_init_buf(&c->out);
    frame_write(&out, FRAME_UVARINT, span_of(room, w.n));
    if (!wr_ok(&out)) {
        client_fail(c, ERR_LIMIT, "no memory for the data");
        return;
    }
    c->owed_len -= n;
}

size_t autonat_client_send(struct autonat_client *c, instant now, struct mspan out)
{
    (void)now;
    size_t n = 0;
    while (c->state < AUTONAT_FINISHED && n < out.n) {
        if (c->out.n == 0) {
            next_payload(c);
        }
        size_t more = send_out(&c->out, mspan_from(out, n));
        if (more == 0) {
            break;
        }
        n += more;
    }
    return n;
}

bool autonat_client_poll(struct autonat_client *c, struct autonat_client_event *ret_event)
{
    if (!c->event_waits) {
        return false;
    }
    c->event_waits = false;
    *ret_event = (struct autonat_client_event){
        .kind = c->state == AUTONAT_FAILED ? AUTONAT_CLIENT_FAILED : AUTONAT_CLIENT_ANSWERED,
        .status = c->status,
        .dial_status = c->dial_status,
        .addr_index = c->addr_index,
        .err = c->err,
        .diag = c->diag};
    return true;
}

instant autonat_client_deadline(const struct autonat_client *c)
{
    return c->deadline;
}

void autonat_client_tick(struct autonat_client *c, instant now)
{
    if (instant_reached(c->deadline, now)) {
        client_fail(c, ERR_TIMEOUT, "no answer in time");
    }
}

void autonat_client_done(struct autonat_client *c)
{
    frame_reader_done(&c->frames);
    buf_done(&c->out);
    *c = (struct autonat_client){.state = AUTONAT_FAILED, .deadline = INSTANT_NEVER};
}

/* ---- the dial back ---- */

enum { BACK_LEN_MAX = 64 };

static void back_end(struct autonat_back *b, enum err err)
{
    if (b->state >= AUTONAT_FINISHED) {
        return;
    }
    b->state = err == OK ? AUTONAT_FINISHED : AUTONAT_FAILED;
    b->err = err;
    b->deadline = INSTANT_NEVER;
    b->nonce_waits = false;
    b->end_waits = err != OK || b->is_dialler;
}

void autonat_back_hear_init(struct autonat_back *b, struct budget *budget, instant now)
{
    *b = (struct autonat_back){.deadline = instant_add(now, BACK_US)};
    reader_init(&b->frames, BACK_LEN_MAX, budget);
}

static void back_say(struct autonat_back *b, struct span message)
{
    struct wr w = wr_init(MSPAN_OF(b->out));
    frame_write(&w, FRAME_UVARINT, message);
    check(wr_ok(&w));
    b->out_len = w.n;
}

void autonat_back_tell_init(struct autonat_back *b,
                            uint64_t nonce,
                            struct budget *budget,
                            instant now)
{
    uint8_t room[12];
    struct wr w = wr_init(MSPAN_OF(room));
    autonat_back_hear_init(b, budget, now);
    b->is_dialler = true;
    b->nonce = nonce;
    autonat_back_encode(&w, nonce);
    check(wr_ok(&w));
    back_say(b, span_of(room, w.n));
}

void autonat_back_accept(struct autonat_back *b)
{
    uint8_t room[4];
    struct wr w = wr_init(MSPAN_OF(room));
    if (b->is_dialler || b->state != AUTONAT_PAYING) {
        return;
    }
    autonat_back_response_encode(&w);
    check(wr_ok(&w));
    b->state = AUTONAT_SENDING;
    back_say(b, span_of(room, w.n));
}

static void back_take(struct autonat_back *b, struct span frame)
{
    uint64_t status;
    if (b->is_dialler) {
        enum err e = autonat_back_response_decode(&status, frame);
        back_end(b, e != OK ? e : status == 0 ? OK : ERR_DENIED);
        return;
    }
    if (autonat_back_decode(&b->nonce, frame) != OK) {
        back_end(b, ERR_MALFORMED);
        return;
    }
    b->state = AUTONAT_PAYING; /* waits for the owner's word */
    b->nonce_waits = true;
}

enum err autonat_back_recv(struct autonat_back *b, instant now, struct span *in)
{
    (void)now;
    while (b->state == AUTONAT_READING) {
        struct span frame;
        enum err e = frame_reader_next(&b->frames, &frame, in);
        if (e == ERR_TRUNCATED) {
            return OK;
        }
        if (e != OK) {
            back_end(b, e);
        } else {
            back_take(b, frame);
        }
    }
    *in = SPAN_EMPTY;
    return b->err;
}

void autonat_back_recv_end(struct autonat_back *b)
{
    if (b->state != AUTONAT_READING) {
        return;
    }
    /* An orderly end behind the nonce is what the dialled one says who has no answer of its own. */
    back_end(b, b->is_dialler && b->out_at == b->out_len ? OK : ERR_CLOSED);
}

size_t autonat_back_send(struct autonat_back *b, instant now, struct mspan out)
{
    (void)now;
    if (b->state >= AUTONAT_FINISHED || b->out_at == b->out_len) {
        return 0;
    }
    size_t n = span_copy(out, span_from(span_of(b->out, b->out_len), b->out_at));
    b->out_at += n;
    if (b->out_at == b->out_len) {
        b->sent_waits = true;
        if (!b->is_dialler) {
            back_end(b, OK);
        }
    }
    return n;
}

bool autonat_back_poll(struct autonat_back *b, struct autonat_back_event *ret_event)
{
    *ret_event = (struct autonat_back_event){.nonce = b->nonce, .err = b->err};
    if (b->nonce_waits) {
        b->nonce_waits = false;
        ret_event->kind = AUTONAT_BACK_NONCE;
        return true;
    }
    if (b->sent_waits) {
        b->sent_waits = false;
        ret_event->kind = AUTONAT_BACK_SENT;
        return true;
    }
    if (b->end_waits) {
        b->end_waits = false;
        ret_event->kind = b->err == OK ? AUTONAT_BACK_CONFIRMED : AUTONAT_BACK_FAILED;
        return true;
    }
    return false;
}

instant autonat_back_deadline(const struct autonat_back *b)
{
    return b->deadline;
}

void autonat_back_tick(struct autonat_back *b, instant now)
{
    if (instant_reached(b->deadline, now)) {
        back_end(b, ERR_TIMEOUT);
    }
}

void autonat_back_done(struct autonat_back *b)
{
    frame_reader_done(&b->frames);
    *b = (struct autonat_back){.state = AUTONAT_FAILED, .deadline = INSTANT_NEVER};
}
