/* quote_judge: our verifier of quotes, and the cases of its tests, for another verifier to stand beside:
 *
 *     quote_judge write DIR     makes DIR/0, DIR/1 ... each with a quote and its collateral, a file for each text; a line for each: directory, time, step, name, tabs between
 *     quote_judge judge         takes such directories, one a line (directory, tab, time), and answers "status WORD" or "refused STEP"; with "rate COUNT" and a
 *                               tab before that, "rate N": so many a second of the thread's time, all collateral each time
 *
 * Step is where our tests want it refused, or "none". A directory's file "root" is the certificate (DER) that stands in place of Intel's; files that are not there are empty. The policy takes
 * any measurement and each status but Revoked. */
#include "base/check.h"
#include "codec/decimal.h"
#include "crypto/backend.h"
#include "tee/forge_fault_test.h"
#include "tee/roots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum {
    ROUNDS = 3,
    FILE_LEN_MAX = 160 * 1024,
    LINE_LEN_MAX = 1024,
    PATH_LEN_MAX = 2 * LINE_LEN_MAX
};

#define STATUSES                                                                                   \
    "[\"UpToDate\",\"SWHardeningNeeded\",\"ConfigurationNeeded\","                                 \
    "\"ConfigurationAndSWHardeningNeeded\",\"OutOfDate\",\"OutOfDateConfigurationNeeded\"]"

static const char policy_text[] =
    "{\"version\":1,\"rules\":["
    "{\"kind\":\"sgx\",\"measurements\":\"any\",\"tcb\":" STATUSES "},"
    "{\"kind\":\"tdx\",\"measurements\":\"any\",\"tcb\":" STATUSES "}]}";

static const char *const texts_names[] = {"quote",
                                          "tcb_info",
                                          "tcb_info_signature",
                                          "qe_identity",
                                          "qe_identity_signature",
                                          "tcb_info_issuer_chain",
                                          "pck_crl",
                                          "pck_crl_issuer_chain",
                                          "root_ca_crl",
                                          "root"};
enum { TEXTS = sizeof texts_names / sizeof texts_names[0] };

static struct policy policy;
static struct dcap_collateral collateral;
static struct appraisal result;

struct job {
    struct span texts[TEXTS]; /* in the order of their names */
    struct anchor anchor;
    walltime now;
};

/* ---- write ---- */

static void put(const char *dir, const char *name, struct span text)
{
    static char path[PATH_LEN_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    check(f);
    check(fwrite(text.p, 1, text.n, f) == text.n);
    check(fclose(f) == 0);
}

static void write_case(const char *dir, size_t i, const struct forge *f, const char *words)
{
    static char path[LINE_LEN_MAX];
    struct forged made;
    forge(&made, f);
    const struct dcap_texts *t = &made.texts;
    const struct span texts[TEXTS] = {made.quote,
                                      t->tcb_info,
                                      t->tcb_info_signature,
                                      t->qe_identity,
                                      t->qe_identity_signature,
                                      t->signing_chain,
                                      t->pck_crl,
                                      t->pck_crl_chain,
                                      t->root_crl,
                                      made.root};
    (void)snprintf(path, sizeof path, "%s/%zu", dir, i);
    check(mkdir(path, 0700) == 0);
    for (size_t k = 0; k < TEXTS; k++) {
        put(path, texts_names[k], texts[k]);
    }
    (void)printf("%s\t%llu\t%s\n", path, (unsigned long long)FORGE_NOW.s, words);
}

static void write_all(const char *dir)
{
    static char words[LINE_LEN_MAX];
    static struct forge f;
    struct forge_fault fault;
    forge_genuine(&f, TEE_SGX);
    write_case(dir, 0, &f, "none\tgenuine SGX");
    forge_genuine(&f, TEE_TDX);
    write_case(dir, 1, &f, "none\tgenuine TDX");
    for (size_t i = 0; forge_fault(&fault, i); i++) {
        forge_genuine(&f, fault.kind);
        fault.make(&f);
        (void)snprintf(words, sizeof words, "%s\t%s", appraisal_step_name(fault.step), fault.name);
        write_case(dir, i + 2, &f, words);
    }
}

/* ---- judge ---- */

/* What was read lives until the program ends. */
static struct span get(const char *dir, const char *name)
{
    static uint8_t room[FILE_LEN_MAX];
    static char path[PATH_LEN_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    if (!f) {
        return SPAN_EMPTY;
    }
    size_t n = fread(room, 1, sizeof room, f);
    check(fclose(f) == 0);
    check(n < sizeof room);
    return n > 0 ? pki_keep(span_of(room, n)) : SPAN_EMPTY;
}

static void load(struct job *j, char *line)
{
    uint64_t now = 0;
    char *tab = strchr(line, '\t');
    check(tab);
    *tab = 0;
    check(decimal_parse(&now, span_str(tab + 1), UINT32_MAX) == OK);
    *j = (struct job){.now = {now}};
    for (size_t k = 0; k < TEXTS; k++) {
        j->texts[k] = get(line, texts_names[k]);
    }
    if (j->texts[TEXTS - 1].n > 0) {
        j->anchor = pki_anchor(j->texts[TEXTS - 1]);
    }
}

static enum err judge(const struct job *j)
{
    struct quote q = {0};
    const struct span *t = j->texts;
    const struct dcap_texts texts = {.tcb_info = t[1],
                                     .tcb_info_signature = t[2],
                                     .qe_identity = t[3],
                                     .qe_identity_signature = t[4],
                                     .signing_chain = t[5],
                                     .pck_crl = t[6],
                                     .pck_crl_chain = t[7],
                                     .root_crl = t[8]};
    struct anchors anchors =
        t[9].n > 0 ? (struct anchors){.list = &j->anchor, .count = 1} : roots_of(TEE_SGX);
    TRY(quote_decode(&q, t[0], &result));
    struct expectation e = {.anchors = &anchors, .policy = &policy, .now = j->now};
    e.binding = q.kind == TEE_SGX ? q.sgx.report_data : q.td.report_data;
    TRY(dcap_collateral_verify(&collateral, &result, &texts, &anchors, j->now));
    return dcap_verify(&result, t[0], &collateral, &e);
}

static double cpu_s(void)
{
    struct timespec t;
    check(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double rate(const struct job *j, uint64_t count)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double from = cpu_s();
        for (uint64_t i = 0; i < count; i++) {
            check(judge(j) == OK);
        }
        double now = (double)count / (cpu_s() - from);
        best = now > best ? now : best;
    }
    return best;
}

static void answer(char *line)
{
    struct job j;
    uint64_t count = 0;
    if (strncmp(line, "rate ", 5) == 0) {
        char *tab = strchr(line, '\t');
        check(tab);
        *tab = 0;
        check(decimal_parse(&count, span_str(line + 5), UINT32_MAX) == OK);
        load(&j, tab + 1);
        (void)printf("rate %.1f\n", rate(&j, count));
        return;
    }
    load(&j, line);
    if (judge(&j) == OK) {
        (void)printf("status %s\n", tcb_status_name(result.tcb));
    } else {
        (void)printf("refused %s\n", appraisal_step_name(result.failed));
    }
}

int main(int argc, char **argv)
{
    static char line[LINE_LEN_MAX];
    check(crypto_init() == OK);
    check(policy_parse(&policy, span_str(policy_text), NULL) == OK);
    if (argc == 3 && strcmp(argv[1], "write") == 0) {
        write_all(argv[2]);
        return 0;
    }
    if (argc != 2 || strcmp(argv[1], "judge") != 0) {
        return 2;
    }
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        answer(line);
    }
    return 0;
}
