/* AMD's endorsements: guests of SEV-SNP with chips made here, and a service that stands in for the KDS. */
#include "node/server/endorser_rig_test.h"

#include "base/test.h"
#include "codec/pem.h"
#include "tee/pki_test.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_VCEK, PAGE_ISSUERS, PAGE_CRL };

static const struct rig_sources both = {.uses_intel = true, .uses_amd = true};
static const uint8_t chip_id[64] = {0x4f, 0xfb, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t tcb[8] = {4, 0, 0, 0, 0, 0, 24, 219};
static uint8_t binding[64];

static struct appraisal result;

static struct span make_report(uint32_t version)
{
    static uint8_t room[1184];
    struct wr w = wr_init(MSPAN_OF(room));
    memset(room, 0, sizeof room);
    memset(binding, 7, sizeof binding);
    wr_le32(&w, version);
    wr_le32(&w, 0);
    wr_le64(&w, 0x30000); /* policy */
    wr_zeros(&w, 32);
    wr_le32(&w, 0); /* VMPL */
    wr_le32(&w, 1); /* algorithm */
    wr_bytes(&w, SPAN_OF(tcb));
    wr_zeros(&w, 16);
    wr_bytes(&w, SPAN_OF(binding));
    wr_zeros(&w, 48 + 32 + 48 + 48 + 64);
    wr_bytes(&w, SPAN_OF(tcb)); /* reported */
    wr_u8(&w, version < 3 ? 0 : 0x19);
    wr_u8(&w, version < 3 ? 0 : 0x11); /* Genoa */
    wr_zeros(&w, 0x1a0 - 0x18a);
    wr_bytes(&w, SPAN_OF(chip_id));
    wr_bytes(&w, SPAN_OF(tcb)); /* committed */
    struct span rs = pki_sign(pki_key("chip", PKI_P384), "SHA384", span_of(room, 0x2a0));
    for (size_t i = 0; i < 48; i++) {
        room[0x2a0 + i] = rs.p[47 - i];
        room[0x2a0 + 72 + i] = rs.p[95 - i];
    }
    return pki_keep(SPAN_OF(room));
}

static struct pki_extension number(const char *oid, uint8_t v)
{
    uint8_t wide[4] = {2, 2, 0, v};
    uint8_t narrow[3] = {2, 1, v};
    return (struct pki_extension){.oid = oid,
                                  .value = pki_keep(v & 0x80 ? SPAN_OF(wide) : SPAN_OF(narrow))};
}

/* What AMD would publish for this chip, with microcode as said. */
struct published {
    struct span vcek;
    struct span issuers; /* DER */
    struct span crl;
};

static void publish(struct published *ret, uint8_t microcode, unsigned crl_year)
{
    static uint8_t text[16384];
    struct wr pem = wr_init(MSPAN_OF(text));
    struct pki_key *ark = pki_key("ark", PKI_RSA);
    struct pki_key *ask = pki_key("ask", PKI_RSA);
    struct pki_cert c = {.subject = "ARK-Genoa",
                         .issuer = "ARK-Genoa",
                         .key = ark,
                         .signer = ark,
                         .serial = 1,
                         .is_ca = true,
                         .is_pss = true,
                         .digest = "SHA384"};
    struct span root = pki_cert(&c);
    c.subject = "SEV-Genoa";
    c.key = ask;
    c.serial = 2;
    struct span middle = pki_cert(&c);
    c = (struct pki_cert){.subject = "SEV-VCEK",
                          .issuer = "SEV-Genoa",
                          .key = pki_key("chip", PKI_P384),
                          .signer = ask,
                          .is_pss = true,
                          .digest = "SHA384"};
    c.extensions[0] = number("1.3.6.1.4.1.3704.1.1", 0);
    c.extensions[1] = number("1.3.6.1.4.1.3704.1.3.1", tcb[0]);
    c.extensions[2] = number("1.3.6.1.4.1.3704.1.3.2", tcb[1]);
    c.extensions[3] = number("1.3.6.1.4.1.3704.1.3.3", tcb[6]);
    c.extensions[4] = number("1.3.6.1.4.1.3704.1.3.8", microcode);
    c.extensions[5] = (struct pki_extension){"1.3.6.1.4.1.3704.1.4", SPAN_OF(chip_id), false};
    const struct pki_crl crl = {.issuer = "ARK-Genoa",
                                .signer = ark,
                                .is_pss = true,
                                .digest = "SHA384",
                                .this_update = pki_year(crl_year),
                                .next_update = pki_year(crl_year + 1)};
    struct span both_issuers[] = {middle, root};
    *ret = (struct published){
        .vcek = pki_cert(&c), .issuers = pki_join(both_issuers, 2), .crl = pki_crl(&crl)};
    pem_write(&pem, "CERTIFICATE", middle);
    pem_write(&pem, "CERTIFICATE", root);
    rig_anchor = pki_anchor(root);
    rig.pages[PAGE_VCEK] = (struct rig_page){.path = "/vcek/v1/Genoa/4ffb0102", .body = ret->vcek};
    rig.pages[PAGE_ISSUERS] = (struct rig_page){.path = "/vcek/v1/Genoa/cert_chain",
                                                .body = pki_keep(span_of(text, pem.n))};
    rig.pages[PAGE_CRL] = (struct rig_page){.path = "/vcek/v1/Genoa/crl", .body = ret->crl};
}

static struct published made;

static void begin(struct evidence *ret, uint32_t version)
{
    rig_begin();
    rig.now_s = pki_year(2025).s + 1000;
    publish(&made, tcb[7], 2025);
    rig_restart(both);
    *ret = (struct evidence){.kind = TEE_SEV_SNP};
    ret->parts[EVIDENCE_MAIN] = make_report(version);
}

static void expect_accepted(const struct evidence *e)
{
    EXPECT_EQ(ENDORSER_STAPLED, rig_staple(e, binding));
    EXPECT_OK(rig_judge(&result, binding));
    EXPECT_EQ(TEE_LEVEL_HARDWARE_ATTESTED, result.level);
}

TEST(a_wallet_accepts_what_was_fetched)
{
    struct evidence e;
    begin(&e, 3);
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    EXPECT(rig_judge(&result, binding) != OK);
    rig_round();
    EXPECT_EQ(3, rig.requests_count);
    EXPECT_EQ(0, rig.missed_count);
    expect_accepted(&e);
    rig_end();
}

/* The service is asked little: what holds for the chip's life is kept. */
TEST(only_the_list_is_asked_for_again)
{
    struct evidence e;
    begin(&e, 3);
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    rig_round();
    rig_refresh();
    EXPECT_EQ(4, rig.requests_count);
    EXPECT_STR("/vcek/v1/Genoa/crl", rig.last);
    EXPECT_EQ(2, rig.saves_count);
    expect_accepted(&e);
    rig.pages[PAGE_VCEK].path = NULL;
    rig_restart(both); /* another process, later */
    expect_accepted(&e);
    rig_round();
    EXPECT_EQ(5, rig.requests_count);
    EXPECT(rig_why(""));
    expect_accepted(&e);
    rig_end();
}

TEST(a_host_with_certificates_lacks_the_list_alone)
{
    struct evidence e;
    begin(&e, 2); /* of which the root names the product */
    struct span parts[] = {made.vcek, made.issuers};
    e.parts[EVIDENCE_CHAIN] = pki_join(parts, 2);
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    rig_round();
    EXPECT_EQ(1, rig.requests_count);
    expect_accepted(&e);
    rig_end();
}

/* A report of version 2 does not name its product: it is looked for with one name after the other. */
TEST(the_product_is_guessed)
{
    struct evidence e;
    begin(&e, 2);
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    rig_round();
    EXPECT_EQ(3, rig.missed_count);
    EXPECT(strstr(rig.last, "Milan") != NULL);
    EXPECT(rig_why("the service answers 404"));
    EXPECT_EQ(ENDORSER_LACKING, rig_staple(&e, binding));
    rig_refresh();
    EXPECT_EQ(6, rig.requests_count);
    EXPECT_EQ(3, rig.missed_count);
    expect_accepted(&e);
    rig_end();
}

TEST(bad_answers)
{
    static const struct {
        const char *name;
        const char *why;
    } rows[] = {
        {"a certificate for other firmware", "refused at tcb_mismatch"                           },
        {"a list past its end",              "refused at crl_time"                               },
        {"a list that ends early",           "refused at crl_format"                             },
        {"a certificate that ends early",    "refused at cert_"                                  },
        {"a page",                           "VCEK: the answer cannot"                           },
        {"too many questions",               "VCEK: the service answers 429"                     },
        {"no issuers",                       "ASK and ARK: the issuers' certificates are missing"},
        {"an answer that does not come",     "ASK and ARK: "                                     },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct evidence e;
        test_note("%s", rows[i].name);
        begin(&e, 3);
        switch (i) {
        case 0:  publish(&made, tcb[7] - 1, 2025); break;
        case 1:  publish(&made, tcb[7], 2023); break;
        case 2:  rig.pages[PAGE_CRL].body.n--; break;
        case 3:  rig.pages[PAGE_VCEK].body.n--; break;
        case 4:  rig.pages[PAGE_VCEK].body = SPAN_LIT("<html>"); break;
        case 5:  rig.pages[PAGE_VCEK].status = 429; break;
        case 6:  rig.pages[PAGE_ISSUERS].body = SPAN_LIT("<html>"); break;
        default: rig.pages[PAGE_ISSUERS].stalls = true; break;
        }
        EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
        rig_round();
        EXPECT(rig_why(rows[i].why));
        EXPECT_EQ(ENDORSER_LACKING, rig_staple(&e, binding));
        publish(&made, tcb[7], 2025);
        rig_refresh();
        EXPECT(rig_why(""));
        expect_accepted(&e);
        rig_end();
    }
}

/* New firmware has another certificate: the old one is of no use then. */
TEST(new_firmware_asks_anew)
{
    struct evidence e;
    begin(&e, 3);
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    rig_round();
    expect_accepted(&e);
    uint8_t *report = (uint8_t *)(uintptr_t)e.parts[EVIDENCE_MAIN].p;
    report[0x187]++;
    EXPECT_EQ(ENDORSER_WAITING, rig_staple(&e, binding));
    rig_round();
    EXPECT_EQ(6, rig.requests_count);
    rig_end();
}

TEST(nobody_has_a_vlek)
{
    struct evidence e;
    begin(&e, 3);
    uint8_t *report = (uint8_t *)(uintptr_t)e.parts[EVIDENCE_MAIN].p;
    report[0x48] = 1 << 2;
    EXPECT_EQ(ENDORSER_LACKING, rig_staple(&e, binding));
    EXPECT(rig_why("no service has them for this machine"));
    EXPECT_EQ(0, rig.requests_count);
    rig_end();
}

TEST_MAIN
