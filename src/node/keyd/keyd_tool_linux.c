/* Sealing, approving, recovering. Its own process, on a store that no other holds; without the sandbox, as it ends at once. */
#include "node/keyd/keyd_tool.h"

#include "base/rd.h"
#include "crypto/backend.h"
#include "evm/bip39.h"
#include "node/keyd/keyd_place.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { BUDGET_MAX = 4 * 1024 * 1024, VALUES_MAX = 32 * SEALER_REGISTERS_MAX };

struct tool {
    struct keyd_place place;
    struct entropy entropy;
    struct budget budget;
    const char *device;
    int fd;
    bool is_told; /* the last message was sent */
    uint8_t message[KEYD_TOOL_MESSAGE_MAX];
};

enum err keyd_tool_read(struct keyd_tool_request *ret, struct span message)
{
    struct rd r = rd_init(message);
    uint8_t verb = rd_u8(&r);
    struct keyd_tool_request q = {.registers = rd_be32(&r)};
    q.values = rd_be16_sized(&r);
    q.phrase = rd_rest(&r);
    bool is_good = rd_ok(&r) && verb >= KEYD_TOOL_STATUS && verb <= KEYD_TOOL_RECOVER_NONE &&
                   q.values.n <= VALUES_MAX && q.registers >> SEALER_REGISTERS_MAX == 0;
    if (!is_good) {
        return ERR_MALFORMED;
    }
    q.verb = (enum keyd_tool_verb)verb;
    *ret = q;
    return OK;
}

static void tell(struct tool *t, char kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(struct tool *t, char kind, const char *format, ...)
{
    char out[1024];
    va_list args;
    va_start(args, format);
    out[0] = kind;
    int n = vsnprintf(out + 1, sizeof out - 1, format, args);
    va_end(args);
    size_t len = n < 0 ? 1 : 1 + ((size_t)n < sizeof out - 2 ? (size_t)n : sizeof out - 2);
    t->is_told |= kind == 'E' || kind == 'D';
    ssize_t sent = send(t->fd, out, len, MSG_NOSIGNAL);
    (void)sent; /* who does not listen is not told */
}

static enum err fail(struct tool *t, enum err e, const char *text)
{
    tell(t, 'E', "%c%s", (char)e, text);
    return e;
}

/* ---- the phrase ---- */

MUST_CHECK static enum err
read_phrase(struct tool *t, struct seal_recovery *ret, struct span phrase)
{
    AUTO(bip39_entropy_wipe) struct bip39_entropy e = {.n = 0};
    struct diag why = {0};
    if (bip39_parse(&e, &t->budget, phrase, &why) != OK || e.n != sizeof ret->entropy.bytes) {
        return fail(t, ERR_MALFORMED, "that is no recovery phrase: 24 words, as they were shown");
    }
    memcpy(ret->entropy.bytes, e.bytes, sizeof ret->entropy.bytes);
    return OK;
}

/* Draws a phrase, shows it, and waits until whoever reads it says that they have it. */
MUST_CHECK static enum err draw_phrase(struct tool *t, struct seal_recovery *ret)
{
    AUTO(bip39_entropy_wipe)
    struct bip39_entropy e = {.n = sizeof ret->entropy.bytes, .language = BIP39_ENGLISH};
    AUTO(buf_done) struct buf text = {0};
    uint8_t answer[4] = {0};
    rng_fill(&t->entropy.rng, MSPAN_OF(e.bytes));
    buf_init_secret(&text, &t->budget, KEYD_TOOL_MESSAGE_MAX);
    TRY(buf_reserve(&text, KEYD_TOOL_MESSAGE_MAX)); /* once: growing would leave copies */
    TRY(buf_append(&text, SPAN_LIT("P")));
    TRY(bip39_print(&text, &e));
    memcpy(ret->entropy.bytes, e.bytes, sizeof ret->entropy.bytes);
    if (send(t->fd, text.p, text.n, MSG_NOSIGNAL) != (ssize_t)text.n) {
        return ERR_CLOSED;
    }
    ssize_t n;
    do {
        n = recv(t->fd, answer, sizeof answer, 0);
    } while (n < 0 && errno == EINTR);
    return n == 1 && answer[0] == 'y'
               ? OK
               : fail(t, ERR_DENIED, "nothing was changed: the recovery phrase was not confirmed");
}

/* ---- what it does ---- */

static void print_registers(char *out, size_t n, uint32_t registers)
{
    size_t at = 0;
    out[0] = '\0';
    for (int i = 0; i < SEALER_REGISTERS_MAX && at + 5 < n; i++) {
        if (registers >> i & 1) {
            at += (size_t)snprintf(out + at, n - at, at > 0 ? ",%d" : "%d", i);
        }
    }
}

static enum err do_status(struct tool *t)
{
    struct seal *s = &t->place.seal;
    char registers[80];
    AUTO(buf_done) struct buf content = {0};
    uint64_t count = 0;
    if (!s->has_file) {
        tell(t, 'D',
             "sealed      no: the store's key is a file beside it, so whoever copies the directory "
             "has the keys");
        return OK;
    }
    buf_init_secret(&content, &t->budget, STORE_FILE_CONTENT_MAX);
    print_registers(registers, sizeof registers, seal_registers(s));
    enum err e = seal_open(s, keyd_store_name);
    enum err e_counter = e == OK ? s->counter.read(&s->counter, &count) : e;
    tell(t, 'T', "sealed      by this machine's TPM 2.0, registers %s (SHA-256)", registers);
    tell(t, 'T', "approvals   %zu of %d", s->file.approvals.count, SEALER_APPROVALS_MAX);
    if (e_counter == OK) {
        tell(t, 'T', "counter     %llu", (unsigned long long)count);
    }
    tell(t, 'D', "opens       %s%s", e == OK ? "yes" : "no: ", e == OK ? "" : keyd_place_why(e));
    return OK;
}

MUST_CHECK static enum err find_tpm(struct tool *t)
{
    if (t->place.seal.sealer) {
        return OK;
    }
    enum err e = keyd_place_find_tpm(&t->place, t->device);
    return e == OK ? OK
                   : fail(t, e,
                          "no TPM 2.0 answers: is there one, is this user in the group tss, and "
                          "does passmesh-tpm lie beside passmesh-keyd?");
}

MUST_CHECK static enum err open_place(struct tool *t, struct buf *content)
{
    char text[KEYD_PLACE_TEXT_LEN];
    enum err e = keyd_place_open(&t->place, content, text);
    return e == OK ? OK : fail(t, e, text);
}

MUST_CHECK static enum err enrol(struct tool *t, uint32_t registers, struct span content)
{
    struct seal_recovery recovery;
    enum err e = draw_phrase(t, &recovery);
    if (e == OK) {
        e = seal_enrol(&t->place.seal, &recovery, registers, content);
        e = e == OK ? OK : fail(t, e, keyd_place_why(e));
    }
    secret32_wipe(&recovery.entropy);
    return e;
}

static enum err do_seal(struct tool *t, const struct keyd_tool_request *q)
{
    AUTO(buf_done) struct buf content = {0};
    buf_init_secret(&content, &t->budget, STORE_FILE_CONTENT_MAX);
    if (t->place.seal.has_file) {
        return fail(t, ERR_STATE, "the store is sealed already: see seal status");
    }
    TRY(find_tpm(t));
    TRY(open_place(t, &content));
    TRY(enrol(t, q->registers ? q->registers : KEYD_TOOL_REGISTERS, buf_span(&content)));
    tell(t, 'D', "The store's key is sealed by the TPM; the key file is gone.");
    return OK;
}

static enum err do_end(struct tool *t)
{
    AUTO(buf_done) struct buf content = {0};
    buf_init_secret(&content, &t->budget, STORE_FILE_CONTENT_MAX);
    if (!t->place.seal.has_file) {
        return fail(t, ERR_STATE, "the store is not sealed");
    }
    TRY(open_place(t, &content));
    TRY(seal_end(&t->place.seal));
    tell(t, 'D', "The store's key is a file beside it again.");
    return OK;
}

static enum err do_approve(struct tool *t, const struct keyd_tool_request *q)
{
    struct seal_recovery recovery;
    uint32_t registers = q->registers ? q->registers : seal_registers(&t->place.seal);
    if (!t->place.seal.has_file) {
        return fail(t, ERR_STATE, "the store is not sealed");
    }
    TRY(read_phrase(t, &recovery, q->phrase));
    enum err e = seal_approve(&t->place.seal, &recovery, registers, q->values);
    secret32_wipe(&recovery.entropy);
    if (e == ERR_AUTH) {
        return fail(t, e, "that is the recovery phrase of another store");
    }
    if (e != OK) {
        return fail(t, e, keyd_place_why(e));
    }
    tell(t, 'D', "%s",
         q->values.n > 0 ? "The state that these registers will show is approved."
                         : "The state that the machine is in is approved.");
    return OK;
}

MUST_CHECK static enum err
recover(struct tool *t, const struct keyd_tool_request *q, const struct seal_recovery *recovery)
{
    AUTO(buf_done) struct buf content = {0};
    struct seal *s = &t->place.seal;
    uint32_t registers = q->registers ? q->registers : seal_registers(s);
    buf_init_secret(&content, &t->budget, STORE_FILE_CONTENT_MAX);
    enum err e = seal_recover(s, recovery, &content);
    if (e != OK) {
        return fail(t, e,
                    e == ERR_AUTH ? "that is the recovery phrase of another store, or the store "
                                    "was changed from outside"
                                  : "the store cannot be read: put it back from the backup");
    }
    e = q->verb == KEYD_TOOL_RECOVER
            ? seal_enrol_again(s, recovery, registers ? registers : KEYD_TOOL_REGISTERS,
                               buf_span(&content))
            : seal_end(s);
    return e == OK ? OK : fail(t, e, keyd_place_why(e));
}

static enum err do_recover(struct tool *t, const struct keyd_tool_request *q)
{
    struct seal_recovery recovery;
    if (!t->place.seal.has_file) {
        return fail(t, ERR_STATE, "the store is not sealed");
    }
    if (q->verb == KEYD_TOOL_RECOVER) {
        TRY(find_tpm(t));
    }
    TRY(read_phrase(t, &recovery, q->phrase));
    enum err e = recover(t, q, &recovery);
    secret32_wipe(&recovery.entropy);
    TRY(e);
    tell(t, 'D', "%s",
         q->verb == KEYD_TOOL_RECOVER
             ? "The store is sealed by the TPM that is there, under the same recovery phrase. "
               "Whether it was the newest one nobody could tell."
             : "The store's key is a file beside it again. Whether the store was the newest one "
               "nobody could tell.");
    return OK;
}

static enum err do_one(struct tool *t, const struct keyd_tool_request *q)
{
    switch (q->verb) {
    case KEYD_TOOL_NOTHING:      break;
    case KEYD_TOOL_STATUS:       return do_status(t);
    case KEYD_TOOL_SEAL:         return do_seal(t, q);
    case KEYD_TOOL_END:          return do_end(t);
    case KEYD_TOOL_APPROVE:      return do_approve(t, q);
    case KEYD_TOOL_RECOVER:
    case KEYD_TOOL_RECOVER_NONE: return do_recover(t, q);
    }
    return ERR_INTERNAL;
}

MUST_CHECK static enum err start(struct tool *t, const char *store_dir)
{
    char text[KEYD_PLACE_TEXT_LEN];
    const struct rlimit none = {0, 0};
    budget_init(&t->budget, NULL, "keyd tool", BUDGET_MAX);
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return ERR_IO;
    }
    TRY(crypto_init());
    TRY(entropy_init(&t->entropy));
    const struct keyd_place_cfg cfg = {
        .path = store_dir, .tpm_device = t->device, .rng = &t->entropy.rng, .budget = &t->budget};
    enum err e = keyd_place_init(&t->place, &cfg, text);
    return e == OK ? OK : fail(t, e, text);
}

enum err keyd_tool_run(const char *store_dir, const char *tpm_device, int fd)
{
    static struct tool t; /* large, and there is one in a process */
    struct keyd_tool_request q;
    t.fd = fd;
    t.device = tpm_device;
    ssize_t n;
    do {
        n = recv(fd, t.message, sizeof t.message, 0);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return ERR_CLOSED;
    }
    enum err e = keyd_tool_read(&q, span_of(t.message, (size_t)n));
    e = e == OK ? start(&t, store_dir) : fail(&t, e, "no request of ours");
    e = e == OK ? do_one(&t, &q) : e;
    if (e != OK && !t.is_told) {
        (void)fail(&t, e, err_name(e));
    }
    wipe(MSPAN_OF(t.message));
    keyd_place_done(&t.place);
    return e;
}
