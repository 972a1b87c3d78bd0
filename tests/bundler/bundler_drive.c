/* The bundler on a pipe, for the test with a real node: one command a line on stdin, its words parted by a tab; what the bundler
 * wants comes as lines on stdout, and a line with a dot ends each command. A test program: it may use stdio.
 *
 *   known ROLE ADDRESS HASH | begin CHAIN_ID SELF SECRET | head NUMBER BASE_FEE | time MS
 *   submit OP -> refused CODE WHY, or hash HASH | gas OP -> gas N | status HASH -> status STATE TX SUCCESS REASON
 *   answer TOKEN TEXT | fail TOKEN
 *   of itself: ask TOKEN TEXT | verdict CODE REASON */
#include "base/check.h"
#include "codec/base16.h"
#include "crypto/backend.h"
#include "crypto/keccak.h"
#include "service/bundler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 5, LEN_MAX = 1 << 20 };

static struct drive {
    struct bundler bundler;
    struct budget budget;
    struct bundler_known known[8];
    size_t known_count;
    struct secret32 key;
    instant now;
    bool is_begun;
} d;

static enum err
sign(struct bundler_signer *self, struct secp256k1_signature *ret_sig, struct span unsigned_tx)
{
    (void)self;
    struct hash32 hash;
    keccak256(&hash, unsigned_tx);
    return secp256k1_sign(ret_sig, &d.key, &hash);
}

static enum err put(struct bundler_store *self, const struct hash32 *key, struct span record)
{
    (void)self;
    (void)key;
    (void)record;
    return OK;
}

static void remove_record(struct bundler_store *self, const struct hash32 *key)
{
    (void)self;
    (void)key;
}

static struct bundler_signer signer = {.sign = sign};
static struct bundler_store store = {.put = put, .remove = remove_record};

static uint64_t number(struct span text)
{
    struct u256 v;
    check(u256_parse_decimal(&v, text) == OK);
    return v.w[0];
}

static void fixed(struct mspan out, struct span text)
{
    check(base16_decode_fixed_0x(out, text) == OK);
}

static void print_hex(const char *word, struct span bytes)
{
    (void)printf("%s\t0x", word);
    for (size_t i = 0; i < bytes.n; i++) {
        (void)printf("%02x", bytes.p[i]);
    }
}

static void begin(const struct span *words)
{
    struct bundler_cfg cfg = {.budget = &d.budget,
                              .chain_id = number(words[1]),
                              .entry_point = userop_entry_point_08,
                              .known = d.known,
                              .known_count = d.known_count,
                              .signer = &signer,
                              .store = &store,
                              .limits = bundler_limits_default()};
    fixed(MSPAN_OF(cfg.self.bytes), words[2]);
    fixed(MSPAN_OF(d.key.bytes), words[3]);
    check(bundler_init(&d.bundler, &cfg) == OK);
    d.is_begun = true;
}

static void known(const struct span *words)
{
    struct bundler_known *k = &d.known[d.known_count++];
    k->role = (enum bundler_role)number(words[1]);
    fixed(MSPAN_OF(k->address.bytes), words[2]);
    fixed(MSPAN_OF(k->code_hash.bytes), words[3]);
}

static void head(const struct span *words)
{
    struct service_head h = {.number = number(words[1]),
                             .base_fee_per_gas = u256_from_u64(number(words[2]))};
    memcpy(h.hash.bytes, &h.number, sizeof h.number);
    bundler_head(&d.bundler, &h, d.now);
}

static void submit(struct span text, bool only_gas)
{
    struct buf op;
    struct buf call;
    struct userop u;
    buf_init(&op, &d.budget, LEN_MAX);
    buf_init(&call, &d.budget, LEN_MAX);
    struct wr w = wr_init_buf(&op);
    check(base16_decode_0x(&w, text) == OK);
    if (only_gas) {
        check(userop_decode(&u, buf_span(&op)) == OK);
        check(userop_encode_handle_ops(&u, d.bundler.cfg.self, &call) == OK);
        (void)printf("gas\t%llu\n", (unsigned long long)userop_calldata_gas(buf_span(&call)));
    } else {
        struct bundler_submission s = {.entry_point = userop_entry_point_08,
                                       .userop = buf_span(&op),
                                       .peer = SPAN_LIT("peer"),
                                       .waiter = 1};
        struct hash32 hash;
        const char *why = "";
        enum service_code code = bundler_submit(&d.bundler, &hash, &why, &s, d.now);
        if (code != SERVICE_OK) {
            (void)printf("refused\t%s\t%s\n", service_code_name(code), why);
        } else {
            print_hex("hash", SPAN_OF(hash.bytes));
            (void)printf("\n");
        }
    }
    buf_done(&op);
    buf_done(&call);
}

static void status(struct span text)
{
    struct service_userop_status s;
    struct hash32 hash;
    fixed(MSPAN_OF(hash.bytes), text);
    if (bundler_find(&d.bundler, &s, &hash) != OK) {
        (void)printf("status\t0\n");
        return;
    }
    (void)printf("status\t%d\t%d\t%.*s\n", (int)s.state, (int)s.success, (int)s.reason.n,
                 (const char *)s.reason.p);
}

static void poll_all(void)
{
    struct bundler_event e;
    while (d.is_begun && bundler_poll(&d.bundler, &e, d.now)) {
        if (e.kind == BUNDLER_ASK) {
            (void)printf("ask\t%llu\t%.*s\n", (unsigned long long)e.token, (int)e.text.n,
                         (const char *)e.text.p);
        } else {
            (void)printf("verdict\t%s\t%.*s\n", service_code_name(e.code), (int)e.reason.n,
                         (const char *)e.reason.p);
        }
    }
    (void)printf(".\n");
    (void)fflush(stdout);
}

static void run_line(struct span line)
{
    struct span words[WORDS_MAX] = {0};
    for (size_t i = 0; i < WORDS_MAX && line.n > 0; i++) {
        size_t n = span_find(line, '\t');
        words[i] = span_first(line, n);
        line = span_from(line, n + 1);
    }
    struct span verb = words[0];
    if (span_equal(verb, SPAN_LIT("known"))) {
        known(words);
    } else if (span_equal(verb, SPAN_LIT("begin"))) {
        begin(words);
    } else if (span_equal(verb, SPAN_LIT("head"))) {
        head(words);
    } else if (span_equal(verb, SPAN_LIT("time"))) {
        d.now = (instant){.us = number(words[1]) * US_PER_MS};
    } else if (span_equal(verb, SPAN_LIT("submit")) || span_equal(verb, SPAN_LIT("gas"))) {
        submit(words[1], verb.p[0] == 'g');
    } else if (span_equal(verb, SPAN_LIT("status"))) {
        status(words[1]);
    } else if (span_equal(verb, SPAN_LIT("answer"))) {
        bundler_answer(&d.bundler, number(words[1]), words[2], d.now);
    } else if (span_equal(verb, SPAN_LIT("fail"))) {
        bundler_answer_failed(&d.bundler, number(words[1]), d.now);
    }
    poll_all();
}

int main(void)
{
    budget_init(&d.budget, NULL, "drive", 16 * LEN_MAX);
    if (crypto_init() != OK) {
        return 1;
    }
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while ((n = getline(&line, &cap, stdin)) > 0) {
        struct span s = span_of(line, (size_t)n);
        run_line(s.p[s.n - 1] == '\n' ? span_first(s, s.n - 1) : s);
    }
    free(line);
    if (d.is_begun) {
        bundler_done(&d.bundler);
    }
    return 0;
}
