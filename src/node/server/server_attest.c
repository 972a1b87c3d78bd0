/* What this machine proves of itself: evidence by whatever it has (node/attest/collector.h), made twice an hour by passmesh-tpm, and handed to who asks. */
#include "base/check.h"
#include "base/rd.h"
#include "base/wr.h"
#include "codec/pem.h"
#include "node/attest/collector_places.h"
#include "node/config/config.h"
#include "node/server/server_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    BINDING_LEN = 64,
    GRACE_MS = 500,
    RETRY_S = 60,
    RENEW_S = ATTEST_ANSWERER_LIFE_S / 2,
    ISSUERS_TEXT_LEN_MAX = 32 * 1024,
};

static walltime wall_now(void)
{
    struct timeval tv = {0};
    (void)gettimeofday(&tv, NULL);
    return (walltime){(uint64_t)tv.tv_sec};
}

static bool say(struct server_attest *a, struct span request)
{
    a->is_waiting = send(a->process.fd, request.p, request.n, MSG_NOSIGNAL | MSG_DONTWAIT) ==
                    (ssize_t)request.n;
    return a->is_waiting;
}

/* Peers that wait for the chip to open what they made. */
static void open_next(struct server_attest *a)
{
    uint8_t request[1 + ATTEST_ANSWERER_CREDENTIAL_LEN_MAX];
    struct span credential;
    while (!a->is_waiting && attest_answerer_next(a->answerer, &credential)) {
        struct wr w = wr_init(MSPAN_OF(request));
        wr_u8(&w, TPM_ACTIVATE);
        wr_bytes(&w, credential);
        a->is_opening = a->process.pid > 0 && wr_ok(&w) && say(a, span_of(request, w.n));
        if (!a->is_opening) {
            attest_answerer_open(a->answerer, ERR_IO, NULL);
        }
    }
}

static void on_credential(void *user)
{
    struct server *s = user;
    open_next(&s->attest);
    server_wake(s);
}

static void give_up(struct server_attest *a)
{
    a->is_waiting = false;
    a->has_ended = true;
    a->renew_at = INSTANT_NEVER;
    (void)uv_poll_stop(&a->poll);
    if (a->is_opening) {
        a->is_opening = false;
        attest_answerer_open(a->answerer, ERR_IO, NULL);
    }
    open_next(a); /* who waits is told */
}

/* A fresh session key, and the question for evidence that names it. */
static void ask(struct server *s, instant now)
{
    struct server_attest *a = &s->attest;
    uint8_t request[1 + BINDING_LEN];
    attest_answerer_prepare(a->answerer, a->binding, wall_now());
    struct wr w = wr_init(MSPAN_OF(request));
    wr_u8(&w, TPM_EVIDENCE);
    wr_bytes(&w, SPAN_OF(a->binding));
    a->is_opening = false;
    a->renew_at =
        say(a, span_of(request, w.n)) ? INSTANT_NEVER : instant_add(now, RETRY_S * US_PER_S);
}

static void adopted(struct server *s, struct span name, enum err e)
{
    struct server_attest *a = &s->attest;
    if (e != OK) {
        log_line(&s->log, LOG_WARN, "attest", "no evidence: %s", err_name(e));
    } else if (!a->has_evidence) {
        const char *note = collector_note_of(name);
        log_line(&s->log, LOG_INFO, "attest",
                 "evidence by %.*s%s%s; what it is worth the wallets' policies decide", (int)name.n,
                 (const char *)name.p, note[0] ? ": " : "", note);
    }
    a->has_evidence |= e == OK;
    a->renew_at = instant_add(loop_now(&s->loop), (e == OK ? RENEW_S : RETRY_S) * US_PER_S);
}

void server_attest_take(struct server *s, struct span reply, bool may_wait)
{
    struct rd r = rd_init(reply);
    struct span name = rd_bytes(&r, rd_u8(&r)); /* who gave it */
    struct span evidence = rd_rest(&r);
    struct span text;
    if (!rd_ok(&r)) {
        adopted(s, SPAN_EMPTY, ERR_MALFORMED);
    } else if (server_endorse(s, &text, evidence, may_wait)) {
        adopted(s, name, attest_answerer_adopt(s->attest.answerer, text));
    } else if (buf_append(&s->attest.held, reply) != OK) {
        adopted(s, name, attest_answerer_adopt(s->attest.answerer, evidence));
    }
}

static void on_quote(struct server *s, enum err e, struct span evidence)
{
    buf_clear(&s->attest.held); /* of a request before */
    if (e == OK) {
        server_attest_take(s, evidence, true);
    } else {
        adopted(s, SPAN_EMPTY, e);
    }
}

static void on_secret(struct server_attest *a, enum err e, struct span body)
{
    AUTO(secret32_wipe) struct secret32 secret;
    bool is_good = e == OK && body.n == sizeof secret.bytes;
    (void)span_copy(MSPAN_OF(secret.bytes), body);
    a->is_opening = false;
    attest_answerer_open(a->answerer, is_good || e != OK ? e : ERR_IO, &secret);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct server *s = poll->data;
    struct server_attest *a = &s->attest;
    static uint8_t reply[TPM_REPLY_MAX];
    (void)events;
    ssize_t n = status == 0 ? recv(a->process.fd, reply, sizeof reply, MSG_DONTWAIT) : -1;
    if (n < 0 && status == 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        log_line(&s->log, LOG_WARN, "attest", "passmesh-tpm has ended: no evidence");
        give_up(a);
        return;
    }
    a->is_waiting = false;
    enum err e = reply[0] < ERR_COUNT ? (enum err)reply[0] : ERR_IO;
    struct span body = span_of(reply + 1, (size_t)n - 1);
    if (a->is_opening) {
        on_secret(a, e, body);
        wipe(MSPAN_OF(reply));
    } else {
        on_quote(s, e, body);
    }
    open_next(a);
    server_wake(s);
}

/* passmesh-tpm lies beside keyd. */
static void start_tpm(struct server *s, const char *device)
{
    struct server_attest *a = &s->attest;
    char program[CONFIG_PATH_LEN_MAX];
    const char *slash = strrchr(s->config->places.keyd, '/');
    int n = snprintf(program, sizeof program, "%.*s/passmesh-tpm",
                     slash ? (int)(slash - s->config->places.keyd) : 1,
                     slash ? s->config->places.keyd : ".");
    if (n < 0 || (size_t)n >= sizeof program ||
        tpm_spawn(&a->process, program, device, TPM_FOR_EVIDENCE) != OK) {
        log_line(&s->log, LOG_WARN, "attest", "passmesh-tpm cannot be started: no evidence");
        a->process = (struct process){.fd = -1};
        return;
    }
    check(uv_poll_init(&s->loop.uv, &a->poll, a->process.fd) == 0);
    a->poll.data = s;
    (void)uv_poll_start(&a->poll, UV_READABLE | UV_DISCONNECT, on_readable);
    ask(s, loop_now(&s->loop));
}

/* The certificates between the EK's and its root, and the root, which the chip does not have. */
static void read_issuers(struct server *s)
{
    struct server_attest *a = &s->attest;
    char *text = NULL;
    size_t n = 0;
    if (!s->config->attest_issuers[0]) {
        return;
    }
    enum err e = config_read_file(s->config->attest_issuers, ISSUERS_TEXT_LEN_MAX, &text, &n);
    struct span rest = span_of(text, n);
    struct wr w = wr_init(MSPAN_OF(a->issuers));
    while (e == OK) {
        e = pem_take(&w, &rest, "CERTIFICATE");
    }
    free(text);
    bool is_good = e == ERR_NOT_FOUND && text && w.n > 0;
    a->issuers_len = is_good ? w.n : 0;
    if (!is_good) {
        log_line(&s->log, LOG_WARN, "attest",
                 "the issuers of the EK's certificate are not used: %s: %s",
                 s->config->attest_issuers, err_name(e));
    }
}

enum err server_attest_start(struct server *s)
{
    struct server_attest *a = &s->attest;
    const char *device = s->config->places.tpm[0] ? s->config->places.tpm : TPM_DEVICE_DEFAULT;
    read_issuers(s);
    const struct attest_answerer_cfg cfg = {.host = &s->host,
                                            .budget = &s->service_budget,
                                            .rng = &s->entropy.rng,
                                            .issuers = span_of(a->issuers, a->issuers_len),
                                            .on_credential = on_credential,
                                            .user = s};
    a->process.fd = -1;
    a->renew_at = INSTANT_NEVER;
    TRY(attest_answerer_new(&a->answerer, &cfg));
    if (s->config->is_attested && collector_places_any(device)) {
        server_endorse_start(s);
        start_tpm(s, device);
    }
    return OK;
}

void server_attest_stop(struct server *s)
{
    struct server_attest *a = &s->attest;
    if (a->process.pid > 0) {
        (void)uv_poll_stop(&a->poll);
        uv_close((uv_handle_t *)&a->poll, NULL);
    }
}

void server_attest_done(struct server *s)
{
    attest_answerer_free(s->attest.answerer);
    s->attest.answerer = NULL;
    server_endorse_done(s);
    process_stop(&s->attest.process, GRACE_MS);
}

/* While it waits the reply wakes it. */
static bool is_free(const struct server_attest *a)
{
    return a->process.pid > 0 && !a->is_waiting && !a->has_ended;
}

void server_attest_tick(struct server *s, instant now)
{
    if (is_free(&s->attest) && instant_reached(s->attest.renew_at, now)) {
        ask(s, now);
    }
    if (s->attest.endorser) {
        endorser_tick(s->attest.endorser, now);
    }
}

instant server_attest_deadline(const struct server *s)
{
    instant at = s->attest.endorser ? endorser_deadline(s->attest.endorser) : INSTANT_NEVER;
    return is_free(&s->attest) ? instant_min(at, s->attest.renew_at) : at;
}
