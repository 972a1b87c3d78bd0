/* Intel's endorsements: a TDX guest whose kernel is a model, a service that stands in for the PCS, and what a wallet makes of the evidence. */
#include "node/attest/collector.h"
#include "node/attest/tsm.h"
#include "node/server/endorser_rig_test.h"

#include "base/test.h"
#include "tee/forge_test.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_TCB_INFO, PAGE_QE_IDENTITY, PAGE_PCK_CRL, PAGE_ROOT_CRL };

static const struct rig_sources both = {.uses_intel = true, .uses_amd = true};

/* ---- the guest ---- */

static struct forge platform;
static struct forged made;
static uint8_t binding[64];
static uint8_t text[EVIDENCE_LEN_MAX];

static enum err model_make(struct tsm_ops *ops, const char *dir)
{
    (void)ops;
    (void)dir;
    return OK;
}

static enum err
model_write(struct tsm_ops *ops, const char *dir, const char *file, struct span whole)
{
    (void)ops;
    (void)dir;
    EXPECT_STR("inblob", file);
    (void)span_copy(MSPAN_OF(platform.report_data), whole);
    return OK;
}

static enum err model_read(struct tsm_ops *ops, const char *dir, const char *file, struct buf *ret)
{
    (void)ops;
    (void)dir;
    if (strcmp(file, "provider") == 0) {
        return buf_append(ret, SPAN_LIT("tdx_guest\n"));
    }
    if (strcmp(file, "generation") == 0) {
        return buf_append(ret, platform.report_data[0] ? SPAN_LIT("1\n") : SPAN_LIT("0\n"));
    }
    forge(&made, &platform);
    return strcmp(file, "outblob") == 0 ? buf_append(ret, made.quote) : ERR_NOT_FOUND;
}

/* Evidence of this guest for binding, by the collector. */
static bool collect(struct evidence *ret, const struct forge *f)
{
    struct tsm tsm;
    struct tsm_ops ops = {
        .make = model_make, .remove = model_make, .write = model_write, .read = model_read};
    struct collector *list[] = {&tsm.collector};
    struct wr w = wr_init(MSPAN_OF(text));
    platform = *f;
    memset(binding, 5, sizeof binding);
    tsm_init(&tsm, &ops, "passmesh-1");
    return EXPECT_OK(collectors_write(&w, list, 1, test_budget(), binding, NULL)) &&
           EXPECT_OK(evidence_decode(ret, span_of(text, w.n)));
}

/* ---- the service ---- */

/* What Intel would publish for this platform. */
static void publish(const struct forge *f)
{
    struct forged m;
    forge(&m, f);
    rig_anchor = m.anchor;
    rig.pages[PAGE_TCB_INFO] = (struct rig_page){
        .path = "/tdx/certification/v4/tcb?fmspc=",
        .field = "TCB-Info-Issuer-Chain",
        .value = forge_issuer_header(m.texts.signing_chain),
        .body = forge_signed_body("tcbInfo", m.texts.tcb_info, m.texts.tcb_info_signature)};
    rig.pages[PAGE_QE_IDENTITY] =
        (struct rig_page){.path = "/tdx/certification/v4/qe/identity",
                          .field = "SGX-Enclave-Identity-Issuer-Chain",
                          .value = rig.pages[PAGE_TCB_INFO].value,
                          .body = forge_signed_body("enclaveIdentity", m.texts.qe_identity,
                                                    m.texts.qe_identity_signature)};
    rig.pages[PAGE_PCK_CRL] =
        (struct rig_page){.path = "/sgx/certification/v4/pckcrl?ca=platform&encoding=der",
                          .field = "SGX-PCK-CRL-Issuer-Chain",
                          .value = forge_issuer_header(m.texts.pck_crl_chain),
                          .body = m.texts.pck_crl};
    rig.pages[PAGE_ROOT_CRL] = (struct rig_page){.path = "/root.crl", .body = m.texts.root_crl};
}

static void guest(struct forge *f)
{
    memset(f, 0, sizeof *f);
    f->kind = TEE_TDX;
    f->attributes = UINT64_C(1) << 28;
    memset(f->tee_tcb_svn, 5, sizeof f->tee_tcb_svn);
    f->tee_tcb_svn[1] = 1; /* the module's version */
}

/* A guest with its evidence, and the service of its maker. */
static bool begin(struct evidence *ret)
{
    static struct forge f;
    guest(&f);
    rig_begin();
    rig.now_s = FORGE_NOW.s;
    publish(&f);
    rig_restart(both);
    return collect(ret, &f);
}

static void staple_first(const struct evidence *e)
{
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(e, binding));
    rig_round();
    EXPECT_EQ(ENDORSER_STAPLED, rig_staple(e, binding));
}

/* ---- tests ---- */

TEST(a_wallet_accepts_what_was_fetched)
{
    static struct appraisal a;
    struct evidence e;
    TEST_REQUIRE(begin(&e));
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    EXPECT_SPAN(span_of(text, evidence_encoded_len(&e)), rig.got.text);
    EXPECT(rig_judge(&a, binding) != OK); /* as it was collected */
    rig_round();
    EXPECT_EQ(4, rig.requests_count);
    EXPECT_EQ(0, rig.missed_count);
    EXPECT_EQ(1, rig.saves_count);
    EXPECT_EQ(ENDORSER_STAPLED, rig_staple(&e, binding));
    EXPECT_EQ(4, rig.requests_count); /* nothing is asked twice */
    EXPECT_OK(rig_judge(&a, binding));
    EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, a.level);
    EXPECT_EQ(TCB_UP_TO_DATE, a.tcb);
    struct endorser_report r = endorser_report(rig.endorser);
    EXPECT_EQ(a.expires.s, r.expires_s);
    EXPECT(strstr(r.verdict, "UpToDate") != NULL);
    EXPECT(rig_why(""));
    binding[0] ^= 1; /* an answer to somebody else's question stays one */
    EXPECT(rig_judge(&a, binding) != OK);
    rig_end();
}

TEST(what_was_written_down_outlives_service_and_process)
{
    static struct appraisal a;
    struct evidence e;
    TEST_REQUIRE(begin(&e));
    staple_first(&e);
    memset(rig.pages, 0, sizeof rig.pages);
    rig_restart(both);
    EXPECT_EQ(ENDORSER_STAPLED, rig_staple(&e, binding));
    EXPECT_OK(rig_judge(&a, binding));
    rig_round(); /* nobody knows how old they are */
    EXPECT_EQ(4, rig.missed_count);
    EXPECT(rig_why("the service answers 404"));
    EXPECT_EQ(ENDORSER_STAPLED, rig_staple(&e, binding));
    rig.now_s += 40 * UINT64_C(86400); /* until they end */
    EXPECT_EQ(ENDORSER_LACKING, rig_staple(&e, binding));
    EXPECT(rig_why("time"));
    EXPECT_SPAN(span_of(text, evidence_encoded_len(&e)), rig.got.text);
    rig_end();
}

static void refreshed_before_the_end(unsigned days_left, uint64_t within_s)
{
    struct evidence e;
    TEST_REQUIRE(begin(&e));
    staple_first(&e);
    uint64_t expires = endorser_report(rig.endorser).expires_s;
    rig_end();
    TEST_REQUIRE(begin(&e));
    rig.now_s = expires - days_left * UINT64_C(86400);
    struct loop clock;
    EXPECT_OK(loop_init(&clock));
    staple_first(&e);
    uint64_t wait_us = instant_since(loop_now(&clock), endorser_deadline(rig.endorser));
    EXPECT(wait_us > within_s * US_PER_S / 2);
    EXPECT(wait_us <= within_s * US_PER_S);
    loop_done(&clock);
    rig_end();
}

TEST(they_are_fetched_again_before_they_end)
{
    refreshed_before_the_end(15, ENDORSER_REFRESH_S);
    refreshed_before_the_end(1, ENDORSER_REFRESH_S / 2);
    refreshed_before_the_end(0, ENDORSER_REFRESH_S_MIN);
}

/* ---- what is refused ---- */

static void break_fmspc(void)
{
    static struct forge f;
    guest(&f);
    struct rig_page *p = &rig.pages[PAGE_TCB_INFO];
    struct forged m;
    static char wrong[16384];
    forge(&m, &f);
    (void)snprintf(wrong, sizeof wrong, "%.*s", (int)m.texts.tcb_info.n,
                   (const char *)m.texts.tcb_info.p);
    char *at = strstr(wrong, "00606A000000");
    TEST_REQUIRE(at != NULL);
    at[0] = '1';
    struct span changed = pki_keep(span_str(wrong));
    p->body = forge_signed_body("tcbInfo", changed,
                                pki_sign(pki_key("signing", PKI_P256), "SHA256", changed));
}
static void break_signature(void)
{
    struct span body = rig.pages[PAGE_TCB_INFO].body;
    uint8_t *last = (uint8_t *)(uintptr_t)(body.p + body.n - 3);
    *last = *last == '0' ? '1' : '0';
}
static void break_expired(void)
{
    static struct forge f;
    guest(&f);
    f.tcb_issue = "2024-11-01T00:00:00Z";
    f.tcb_next = "2024-12-01T00:00:00Z";
    publish(&f);
}
static void break_future(void)
{
    static struct forge f;
    guest(&f);
    f.tcb_issue = "2025-11-01T00:00:00Z";
    f.tcb_next = "2025-12-01T00:00:00Z";
    publish(&f);
}
static void break_crl_expired(void)
{
    static struct forge f;
    guest(&f);
    f.pck_crl.this_update = pki_year(2023);
    f.pck_crl.next_update = pki_year(2024);
    publish(&f);
}
static void break_crl_other(void)
{
    rig.pages[PAGE_ROOT_CRL].body = rig.pages[PAGE_PCK_CRL].body;
}
static void break_kind(void)
{
    static struct forge f;
    guest(&f);
    struct forged m;
    f.kind = TEE_SGX;
    forge(&m, &f);
    rig.pages[PAGE_TCB_INFO].body =
        forge_signed_body("tcbInfo", m.texts.tcb_info, m.texts.tcb_info_signature);
}
static void break_truncated(void)
{
    rig.pages[PAGE_TCB_INFO].body.n -= 1;
}
static void break_cut(void)
{
    rig.pages[PAGE_QE_IDENTITY].cut = 100;
}
static void break_crl_truncated(void)
{
    rig.pages[PAGE_PCK_CRL].body.n -= 1;
}
static void break_oversize(void)
{
    static uint8_t large[40 * 1024];
    memset(large, ' ', sizeof large);
    rig.pages[PAGE_TCB_INFO].body = SPAN_OF(large);
}
static void break_no_header(void)
{
    rig.pages[PAGE_TCB_INFO].field = NULL;
}
static void break_no_crl_header(void)
{
    rig.pages[PAGE_PCK_CRL].value.n = 0;
}
static void break_long_header(void)
{
    static uint8_t large[10 * 1024];
    memset(large, 'a', sizeof large);
    rig.pages[PAGE_TCB_INFO].value = SPAN_OF(large);
}
static void break_endless_headers(void)
{
    static uint8_t large[90 * 1024];
    memset(large, 'a', sizeof large);
    rig.pages[PAGE_TCB_INFO].value = SPAN_OF(large);
}
static void break_redirect(void)
{
    rig.pages[PAGE_ROOT_CRL].status = 302;
}
static void break_missing(void)
{
    rig.pages[PAGE_QE_IDENTITY].status = 404;
}
static void break_stalled(void)
{
    rig.pages[PAGE_PCK_CRL].stalls = true;
}
static void break_chain(void)
{
    rig.pages[PAGE_TCB_INFO].value = rig.pages[PAGE_PCK_CRL].value;
}

static const struct {
    const char *name;
    void (*break_it)(void);
    const char *why;
} bad[] = {
    {"another platform's TCB info",    break_fmspc,           "refused at fmspc"                               },
    {"a signature that does not hold", break_signature,       "refused at collateral_signature"                },
    {"TCB info past its end",          break_expired,         "refused at collateral_time"                     },
    {"TCB info of the future",         break_future,          "refused at collateral_time"                     },
    {"a list past its end",            break_crl_expired,     "refused at crl_time"                            },
    {"the other list",                 break_crl_other,       "refused at crl_"                                },
    {"TCB info of SGX",                break_kind,            "refused at collateral_kind"                     },
    {"a text that ends early",         break_truncated,       "TCB info: the answer cannot be read"            },
    {"a body that ends early",         break_cut,             "QE identity: "                                  },
    {"a list that ends early",         break_crl_truncated,   "refused at crl_format"                          },
    {"a long body",                    break_oversize,        "TCB info: the answer is too long"               },
    {"no issuers",                     break_no_header,       "TCB info: the issuers' certificates are missing"},
    {"no issuers of the list",         break_no_crl_header,
     "PCK CRL: the issuers' certificates are missing"                                                          },
    {"issuers that are too long",      break_long_header,
     "TCB info: the issuers' certificates are missing"                                                         },
    {"headers that are too long",      break_endless_headers, "TCB info: "                                     },
    {"a redirect",                     break_redirect,        "Intel's root CRL: the service answers 302"      },
    {"nothing there",                  break_missing,         "QE identity: the service answers 404"           },
    {"an answer that does not come",   break_stalled,         "PCK CRL: "                                      },
    {"other issuers",                  break_chain,           "refused at cert_name"                           },
};

TEST(a_bad_answer_at_the_start)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct evidence e;
        test_note("%s", bad[i].name);
        TEST_REQUIRE(begin(&e));
        bad[i].break_it();
        EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
        rig_round();
        EXPECT(rig_why(bad[i].why));
        EXPECT_EQ(0, rig.saves_count);
        EXPECT_EQ(ENDORSER_LACKING, rig_staple(&e, binding));
        EXPECT_SPAN(span_of(text, evidence_encoded_len(&e)), rig.got.text);
        EXPECT_EQ(0, strstr(rig.last, "elsewhere") != NULL);
        static struct forge f; /* and it is asked again, and again */
        guest(&f);
        publish(&f);
        rig_refresh();
        EXPECT(rig_why(""));
        EXPECT_EQ(ENDORSER_STAPLED, rig_staple(&e, binding));
        rig_end();
    }
}

TEST(a_bad_answer_later)
{
    static struct appraisal a;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct evidence e;
        test_note("%s", bad[i].name);
        TEST_REQUIRE(begin(&e));
        staple_first(&e);
        bad[i].break_it();
        rig_refresh();
        EXPECT(rig_why(bad[i].why));
        EXPECT_EQ(1, rig.saves_count);
        EXPECT_EQ(ENDORSER_STAPLED, rig_staple(&e, binding));
        EXPECT_OK(rig_judge(&a, binding)); /* by the old one */
        rig_end();
    }
}

/* An answer of before a weakness was known. */
TEST(an_older_evaluation_is_refused)
{
    static struct appraisal a;
    struct evidence e;
    static struct forge f;
    guest(&f);
    TEST_REQUIRE(begin(&e));
    f.evaluation = 18;
    publish(&f);
    staple_first(&e);
    f.evaluation = 17;
    publish(&f);
    rig_refresh();
    EXPECT(rig_why("evaluation 17 after 18"));
    EXPECT_EQ(ENDORSER_STAPLED, rig_staple(&e, binding));
    EXPECT_OK(rig_judge(&a, binding));
    EXPECT_EQ(18, a.evaluation);
    f.evaluation = 19;
    publish(&f);
    rig_refresh();
    EXPECT_EQ(ENDORSER_STAPLED, rig_staple(&e, binding));
    EXPECT_OK(rig_judge(&a, binding));
    EXPECT_EQ(19, a.evaluation);
    rig_end();
}

/* Endorsements say what the machine is, also where that is nothing good: that is for wallets to refuse. */
TEST(an_old_machine_is_endorsed_all_the_same)
{
    static const struct {
        const char *status;
        const char *step;
    } rows[] = {
        {"OutOfDate", "policy_status"},
        {"Revoked",   "policy_status"},
    };
    static struct appraisal a;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct evidence e;
        static struct forge f;
        guest(&f);
        TEST_REQUIRE(begin(&e));
        f.status = rows[i].status;
        publish(&f);
        staple_first(&e);
        EXPECT(rig_judge(&a, binding) != OK);
        EXPECT_STR(rows[i].step, appraisal_step_name(a.failed));
        rig_end();
    }
    static const uint64_t listed[] = {3};
    struct evidence e;
    static struct forge f;
    guest(&f);
    TEST_REQUIRE(begin(&e));
    f.pck_crl.serials = listed;
    f.pck_crl.serials_count = 1;
    f.pck.serial = listed[0];
    publish(&f);
    TEST_REQUIRE(collect(&e, &f));
    staple_first(&e);
    EXPECT(rig_judge(&a, binding) != OK);
    EXPECT_STR("cert_revoked", appraisal_step_name(a.failed));
    rig_end();
}

TEST(without_a_source_nothing_is_asked)
{
    struct evidence e;
    TEST_REQUIRE(begin(&e));
    rig_restart((struct rig_sources){.uses_amd = true});
    EXPECT_EQ(ENDORSER_LACKING, rig_staple(&e, binding));
    EXPECT(rig_why("server.ini names no service"));
    EXPECT(instant_is_never(endorser_deadline(rig.endorser)));
    EXPECT_EQ(0, rig.requests_count);
    rig_end();
}

TEST(evidence_that_needs_none)
{
    static const uint8_t junk[] = {9, 9, 9};
    struct evidence e;
    struct evidence tpm = {.kind = TEE_TPM2};
    struct span out;
    TEST_REQUIRE(begin(&e));
    size_t whole_len = evidence_encoded_len(&e);
    tpm.parts[EVIDENCE_MAIN] = SPAN_LIT("quote");
    EXPECT_EQ(ENDORSER_UNNEEDED, rig_staple(&tpm, binding));
    EXPECT_EQ(ENDORSER_UNNEEDED, endorser_staple(rig.endorser, &out, binding, SPAN_OF(junk)));
    EXPECT_SPAN(SPAN_OF(junk), out);
    e.parts[EVIDENCE_MAIN] = span_first(e.parts[EVIDENCE_MAIN], 700); /* no quote */
    EXPECT_EQ(ENDORSER_LACKING, rig_staple(&e, binding));
    EXPECT(rig_why("does not say for which platform"));
    EXPECT_EQ(0, rig.requests_count);
    /* Answers for who is gone. */
    EXPECT_OK(evidence_decode(&e, span_of(text, whole_len)));
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    EXPECT_EQ(ENDORSER_UNNEEDED, endorser_staple(rig.endorser, &out, binding, SPAN_OF(junk)));
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    rig_round();
    EXPECT_EQ(ENDORSER_STAPLED, rig_staple(&e, binding));
    EXPECT_STR("unneeded", endorser_state_name(ENDORSER_UNNEEDED));
    EXPECT_STR("waiting", endorser_state_name(ENDORSER_WAITING));
    EXPECT_STR("stapled", endorser_state_name(ENDORSER_STAPLED));
    EXPECT_STR("lacking", endorser_state_name(ENDORSER_LACKING));
    rig_end();
}

/* The machine was moved while a round was under way, and back: each time its own are asked for. */
TEST(another_platform_asks_for_its_own)
{
    struct evidence e;
    static struct forge f;
    guest(&f);
    TEST_REQUIRE(begin(&e));
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    f.fmspc = 0x10;
    TEST_REQUIRE(collect(&e, &f));
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    rig_round(); /* the stand-in has only the other's */
    EXPECT(rig_why("refused at fmspc"));
    EXPECT_EQ(ENDORSER_LACKING, rig_staple(&e, binding));
    guest(&f);
    TEST_REQUIRE(collect(&e, &f));
    staple_first(&e);
    rig_end();
}

TEST_MAIN
