/* Appraisals per second of one core, by the thread's CPU time: a real TDX quote with its collateral, as bench/tee/dcap_qvl.mjs has it, and a real SEV-SNP report, if the samples are there
 * ($PASSMESH_FIXTURES); else such as this program makes itself. Each line: name, value. Limits are what the same signatures cost by themselves. */
#include "base/check.h"
#include "base/test.h"
#include "codec/base16.h"
#include "crypto/backend.h"
#include "crypto/ecdsa.h"
#include "crypto/openssl.h"
#include "crypto/rsa.h"
#include "node/os/hardware.h"
#include "tee/dcap.h"
#include "tee/forge_test.h"
#include "tee/roots.h"
#include "tee/sample_test.h"
#include "tee/sev_snp.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 3, COUNT = 300, SMALL_COUNT = 20000, MALFORMED_LEN = 8192 };

static double cpu_s(void)
{
    struct timespec t;
    check(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char policy_text[] =
    "{\"version\":1,\"rules\":[{\"kind\":\"tdx\",\"measurements\":\"any\",\"tcb\":[\"UpToDate\"]},"
    "{\"kind\":\"sev-snp\",\"measurements\":\"any\",\"crl\":\"optional\"}]}";

static struct dcap_collateral collateral;
static struct chain work;
static struct appraisal result;
static struct policy policy;

struct tdx {
    bool is_real;
    struct span quote;
    struct dcap_texts texts;
    struct forged made;
    struct forge forge;
    struct anchors anchors;
    struct expectation e;
};

/* The sample that is up to date, at its own time. */
static bool tdx_find(struct tdx *t)
{
    static uint8_t report_data[64];
    struct json c;
    size_t next = 0;
    do {
        if (!sample_next(&next, &c, "tdx")) {
            return false;
        }
    } while (strcmp(sample_text(c, "id"), "tdx4-uptodate") != 0);
    if (!sample_file(&t->quote, c, "quote") || !sample_collateral(&t->texts, c)) {
        return false;
    }
    check(base16_decode_fixed(MSPAN_OF(report_data), span_str(sample_text(c, "report_data"))) ==
          OK);
    t->is_real = true;
    t->anchors = roots_of(TEE_TDX);
    t->e = (struct expectation){&t->anchors, &policy, NULL, sample_time(c), SPAN_OF(report_data)};
    return true;
}

static void tdx_make(struct tdx *t)
{
    *t = (struct tdx){
        .forge = {.kind = TEE_TDX, .attributes = UINT64_C(1) << 28, .tee_tcb_svn = {5, 1}}
    };
    memset(t->forge.tee_tcb_svn + 2, 5, 14);
    forge(&t->made, &t->forge);
    t->quote = t->made.quote;
    t->texts = t->made.texts;
    t->anchors = (struct anchors){.list = &t->made.anchor, .count = 1};
    t->e =
        (struct expectation){&t->anchors, &policy, NULL, FORGE_NOW, SPAN_OF(t->forge.report_data)};
}

static void tdx_cold(const struct tdx *t)
{
    check(dcap_collateral_verify(&collateral, &result, &t->texts, &t->anchors, t->e.now) == OK);
    check(dcap_verify(&result, t->quote, &collateral, &t->e) == OK);
}

static void tdx_cached(const struct tdx *t)
{
    check(dcap_verify(&result, t->quote, &collateral, &t->e) == OK);
}

static double best_rate(void (*run)(const struct tdx *t), const struct tdx *t)
{
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        double from = cpu_s();
        for (int i = 0; i < COUNT; i++) {
            run(t);
        }
        double rate = (double)COUNT / (cpu_s() - from);
        best = rate > best ? rate : best;
    }
    return best;
}

/* A quote whose header is good and whose rest is not, and one that is nothing at all. */
static double malformed_us(const struct tdx *t)
{
    static uint8_t junk[MALFORMED_LEN];
    double worst = 0;
    for (int kind = 0; kind < 3; kind++) {
        memset(junk, kind == 2 ? 0xff : 0, sizeof junk);
        if (kind > 0) {
            memcpy(junk, t->quote.p, kind == 1 ? 48 : 1300);
        }
        double from = cpu_s();
        for (int i = 0; i < SMALL_COUNT; i++) {
            check(dcap_verify(&result, SPAN_OF(junk), &collateral, &t->e) != OK);
        }
        double us = (cpu_s() - from) / (double)SMALL_COUNT * 1e6;
        worst = us > worst ? us : worst;
    }
    return worst;
}

/* ---- SEV-SNP ---- */

struct snp {
    bool is_real;
    struct span report;
    struct sev_snp_texts texts;
    struct anchor anchor;
    struct anchors anchors;
    struct expectation e;
};

static struct pki_extension number(const char *oid, uint8_t v)
{
    uint8_t der[3] = {2, 1, v};
    return (struct pki_extension){.oid = oid, .value = pki_keep(SPAN_OF(der))};
}

static void snp_make_chain(struct snp *s)
{
    static const uint8_t id[64] = {7};
    struct pki_key *ark = pki_key("ark", PKI_RSA_4096);
    struct pki_key *ask = pki_key("ask", PKI_RSA_4096);
    struct pki_cert root = {.subject = "ARK-Milan",
                            .issuer = "ARK-Milan",
                            .key = ark,
                            .signer = ark,
                            .serial = 1,
                            .is_ca = true,
                            .is_pss = true,
                            .digest = "SHA384"};
    struct pki_cert middle = {.subject = "SEV-Milan",
                              .issuer = "ARK-Milan",
                              .key = ask,
                              .signer = ark,
                              .serial = 2,
                              .is_ca = true,
                              .is_pss = true,
                              .digest = "SHA384"};
    struct pki_cert leaf = {
        .subject = "SEV-VCEK",
        .issuer = "SEV-Milan",
        .key = pki_key("chip", PKI_P384),
        .signer = ask,
        .is_pss = true,
        .digest = "SHA384",
        .extensions = {number("1.3.6.1.4.1.3704.1.1", 0),
                       number("1.3.6.1.4.1.3704.1.3.1", 4),
                       number("1.3.6.1.4.1.3704.1.3.2", 0),
                       number("1.3.6.1.4.1.3704.1.3.3", 24),
                       number("1.3.6.1.4.1.3704.1.3.8", 100),
                       {"1.3.6.1.4.1.3704.1.4", SPAN_OF(id), false}}
    };
    struct span root_der = pki_cert(&root);
    struct span parts[] = {pki_cert(&middle), root_der};
    s->texts = (struct sev_snp_texts){.key_cert = pki_cert(&leaf), .chain = pki_join(parts, 2)};
    s->anchor = pki_anchor(root_der);
}

/* A published report of a genuine chip. */
static bool snp_find(struct snp *s)
{
    static uint8_t report_data[64];
    struct json c;
    size_t next = 0;
    do {
        if (!sample_next(&next, &c, "snp")) {
            return false;
        }
    } while (strcmp(sample_text(c, "id"), "milan-v3") != 0);
    if (!sample_file(&s->report, c, "report") || !sample_file(&s->texts.key_cert, c, "ek") ||
        !test_fixture("tee/roots/amd-ask_ark_milan.pem", &s->texts.chain)) {
        return false;
    }
    check(base16_decode_fixed(MSPAN_OF(report_data), span_str(sample_text(c, "report_data"))) ==
          OK);
    const walltime now = {pki_year(2026).s + 60 * 86400}; /* as of its index */
    s->is_real = true;
    s->anchors = roots_of(TEE_SEV_SNP);
    s->e = (struct expectation){&s->anchors, &policy, NULL, now, SPAN_OF(report_data)};
    return true;
}

static void snp_make(struct snp *s)
{
    static uint8_t room[SEV_SNP_REPORT_LEN];
    static const uint8_t tcb[8] = {4, 0, 0, 0, 0, 0, 24, 100};
    memset(s, 0, sizeof *s);
    snp_make_chain(s);
    room[0] = 3;
    room[0x0a] = 3; /* policy: SMT, and the bit that is always set */
    room[0x34] = 1;
    memcpy(room + 0x38, tcb, 8);
    memcpy(room + 0x180, tcb, 8);
    memcpy(room + 0x1e0, tcb, 8);
    room[0x188] = 0x19;
    room[0x1a0] = 7;
    struct span rs = pki_sign(pki_key("chip", PKI_P384), "SHA384", span_of(room, 0x2a0));
    for (size_t i = 0; i < 48; i++) {
        room[0x2a0 + i] = rs.p[47 - i];
        room[0x2a0 + 72 + i] = rs.p[95 - i];
    }
    s->report = SPAN_OF(room);
    s->anchors = (struct anchors){.list = &s->anchor, .count = 1};
    s->e = (struct expectation){&s->anchors, &policy, NULL, FORGE_NOW, span_of(room + 0x50, 64)};
}

static double snp_rate(const struct snp *s)
{
    double best = 0;
    for (int r = 0; r < ROUNDS; r++) {
        double from = cpu_s();
        for (int i = 0; i < COUNT; i++) {
            check(sev_snp_verify(&result, &work, s->report, &s->texts, &s->e) == OK);
        }
        double rate = (double)COUNT / (cpu_s() - from);
        best = rate > best ? rate : best;
    }
    return best;
}

static double detect_ms(void)
{
    struct hardware h;
    struct hardware_ops ops = hardware_this_machine();
    double best = 1e9;
    for (int i = 0; i < 20; i++) {
        double from = cpu_s();
        hardware_detect(&h, &ops, "/");
        double ms = (cpu_s() - from) * 1e3;
        best = ms < best ? ms : best;
    }
    return best;
}

/* ---- memory of one appraisal: OpenSSL's heap, the stack, and what the caller lends ---- */

enum { STACK_LEN = 256 * 1024, PAINT = 0xa5 };

static size_t heap_now;
static size_t heap_most;

static void heap_count(size_t more)
{
    heap_now += more;
    heap_most = heap_now > heap_most ? heap_now : heap_most;
}

static void *counted_malloc(size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    void *p = malloc(n);
    heap_count(malloc_usable_size(p));
    return p;
}

static void counted_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    heap_now -= malloc_usable_size(p);
    free(p);
}

static void *counted_realloc(void *p, size_t n, const char *file, int line)
{
    (void)file;
    (void)line;
    heap_now -= malloc_usable_size(p);
    void *q = realloc(p, n);
    heap_count(malloc_usable_size(q));
    return q;
}

static void *run_one(void *arg)
{
    tdx_cold(arg);
    return NULL;
}

static double peak_kib(struct tdx *t)
{
    static uint8_t stack[STACK_LEN] __attribute__((aligned(4096)));
    pthread_attr_t attr;
    pthread_t thread;
    size_t untouched = 0;
    memset(stack, PAINT, sizeof stack);
    size_t heap_before = heap_now;
    heap_most = heap_now;
    check(pthread_attr_init(&attr) == 0);
    check(pthread_attr_setstack(&attr, stack, sizeof stack) == 0);
    check(pthread_create(&thread, &attr, run_one, t) == 0);
    check(pthread_join(thread, NULL) == 0);
    while (untouched < sizeof stack && stack[untouched] == PAINT) {
        untouched++;
    }
    return (double)(heap_most - heap_before + sizeof stack - untouched + sizeof collateral +
                    sizeof result) /
           1024;
}

/* ---- what the signatures cost by themselves ---- */

static double ecdsa_us(enum pki_kind kind, int count)
{
    struct pki_key *key = pki_key("limit", kind);
    struct span message = SPAN_LIT("limit");
    struct hash32 digest;
    uint8_t long_digest[48];
    sha256(&digest, message);
    sha384_of(long_digest, &message, 1);
    bool is_long = kind == PKI_P384;
    struct span rs = pki_sign(key, is_long ? "SHA384" : "SHA256", message);
    struct span xy = pki_point(key);
    double from = cpu_s();
    for (int i = 0; i < count; i++) {
        check(ecdsa_verify(is_long ? ECDSA_P384 : ECDSA_P256, xy,
                           is_long ? SPAN_OF(long_digest) : SPAN_OF(digest.bytes), rs) == OK);
    }
    return (cpu_s() - from) / count * 1e6;
}

static double rsa_us(int count)
{
    struct pki_key *key = pki_key("limit", PKI_RSA_4096);
    struct span spki = pki_spki(key);
    struct span sig = pki_sign(key, "SHA384", SPAN_LIT("limit"));
    double from = cpu_s();
    for (int i = 0; i < count; i++) {
        check(rsa_verify_as(RSA_PKCS1_SHA384, spki, SPAN_LIT("limit"), sig) == OK);
    }
    return (cpu_s() - from) / count * 1e6;
}

int main(void)
{
    static struct tdx tdx;
    static struct snp snp;
    check(CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) == 1);
    check(crypto_init() == OK);
    check(policy_parse(&policy, span_str(policy_text), NULL) == OK);
    if (!tdx_find(&tdx)) {
        tdx_make(&tdx);
    }
    if (!snp_find(&snp)) {
        snp_make(&snp);
    }
    (void)printf("tdx_quote_is_real %d\n", tdx.is_real);
    (void)printf("tdx_quotes_cold_per_s %.0f\n", best_rate(tdx_cold, &tdx));
    (void)printf("tdx_quotes_cached_per_s %.0f\n", best_rate(tdx_cached, &tdx));
    (void)printf("snp_reports_cold_per_s %.0f\n", snp_rate(&snp));
    (void)printf("malformed_quote_us %.2f\n", malformed_us(&tdx));
    (void)printf("detect_ms %.3f\n", detect_ms());
    (void)printf("quote_peak_kib %.1f\n", peak_kib(&tdx));
    double p256 = ecdsa_us(PKI_P256, 3000);
    (void)printf("tdx_quotes_cold_limit %.0f\n", 1e6 / (9 * p256));
    (void)printf("tdx_quotes_cached_limit %.0f\n", 1e6 / (3 * p256));
    (void)printf("snp_reports_cold_limit %.0f\n",
                 1e6 / (ecdsa_us(PKI_P384, 300) + (snp.is_real ? 1 : 2) * rsa_us(1000)));
    return 0;
}
