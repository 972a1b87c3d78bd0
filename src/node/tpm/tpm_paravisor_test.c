/* What a paravisor keeps in its virtual TPM, laid into swtpm: an index with a report, a key at its handle; read, written and quoted as the collector does it. */
#include "node/tpm/tpm_paravisor.h"

#include "base/test.h"
#include "codec/base64.h"
#include "crypto/backend.h"
#include "node/tpm/tpm_rig_test.h"
#include "tee/hcl.h"
#include "tee/sev_snp.h"

#include <string.h>

enum {
    INDEX_LEN = 2048 /* as long as swtpm has them; Azure's is 2600 bytes */,
    REPORT_DATA_AT = 0x50
};

static struct tpm_rig rig;
static struct tpm_chip chip;
static struct tpm_paravisor paravisor;
static struct azure_vtpm vtpm;
static struct collected got;
static uint8_t binding[64];
static uint8_t modulus[256];

static bool begin(void)
{
    EXPECT_OK(crypto_init());
    memset(binding, 0x5a, sizeof binding);
    if (!tpm_rig_start(&rig, false) || !EXPECT_OK(tpm_chip_open(&chip, tpm_fd_tcti(&rig.fd)))) {
        return false;
    }
    tpm_paravisor_init(&paravisor, &chip);
    azure_vtpm_init(&vtpm, &paravisor.ops);
    collected_init(&got, test_budget());
    return true;
}

static void end(void)
{
    collected_done(&got);
    tpm_chip_done(&chip);
    tpm_rig_done(&rig);
}

/* An attestation key of RSA, as Azure's is, kept at its handle. */
static bool make_key(void)
{
    static const TPM2B_SENSITIVE_CREATE sensitive = {.size = 0};
    static const TPM2B_DATA outside = {.size = 0};
    static const TPML_PCR_SELECTION no_pcr = {.count = 0};
    static const TPM2B_PUBLIC area = {
        .publicArea = {
                       .type = TPM2_ALG_RSA,
                       .nameAlg = TPM2_ALG_SHA256,
                       .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                                TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
                       .parameters.rsaDetail = {.symmetric = {.algorithm = TPM2_ALG_NULL},
                                     .scheme = {.scheme = TPM2_ALG_RSASSA,
                                                .details.rsassa.hashAlg = TPM2_ALG_SHA256},
                                     .keyBits = 2048},
                       }
    };
    ESYS_TR key = ESYS_TR_NONE;
    ESYS_TR kept = ESYS_TR_NONE;
    TPM2B_PUBLIC *made = NULL;
    if (!EXPECT_OK(tpm_chip_err(Esys_CreatePrimary(
            chip.ctx, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
            &area, &outside, &no_pcr, &key, &made, NULL, NULL, NULL)))) {
        return false;
    }
    EXPECT_EQ(sizeof modulus, made->publicArea.unique.rsa.size);
    memcpy(modulus, made->publicArea.unique.rsa.buffer, sizeof modulus);
    Esys_Free(made);
    bool is_kept = EXPECT_OK(
        tpm_chip_err(Esys_EvictControl(chip.ctx, ESYS_TR_RH_OWNER, key, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE, AZURE_VTPM_KEY_HANDLE, &kept)));
    (void)Esys_TR_Close(chip.ctx, &kept);
    tpm_chip_flush(&chip, key);
    return is_kept;
}

static struct span index_of(uint8_t room[static INDEX_LEN])
{
    uint8_t text[700];
    uint8_t report[SEV_SNP_REPORT_LEN] = {3};
    struct wr t = wr_init(MSPAN_OF(text));
    struct wr w = wr_init(mspan_of(room, INDEX_LEN));
    wr_str(&t, "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
    base64_encode(&t, BASE64_URL_BARE, SPAN_OF(modulus));
    wr_str(&t, "\"}]}");
    struct hcl h = {.runtime = span_of(text, t.n)};
    hcl_binding(report + REPORT_DATA_AT, &h);
    wr_str(&w, "HCLA");
    wr_zeros(&w, 28);
    wr_bytes(&w, SPAN_OF(report));
    wr_le32(&w, (uint32_t)(20 + t.n));
    wr_le32(&w, 1);
    wr_le32(&w, 2);
    wr_le32(&w, 1);
    wr_le32(&w, (uint32_t)t.n);
    wr_bytes(&w, span_of(text, t.n));
    wr_zeros(&w, INDEX_LEN - w.n);
    EXPECT_OK(wr_end(&w));
    return span_of(room, w.n);
}

/* The index is longer than one step of reading, and than one of writing. */
static bool fill_index(void)
{
    static uint8_t room[INDEX_LEN];
    static const TPM2B_AUTH no_password = {.size = 0};
    struct span all = index_of(room);
    ESYS_TR nv = ESYS_TR_NONE;
    static const TPM2B_NV_PUBLIC area = {
        .nvPublic = {.nvIndex = AZURE_VTPM_REPORT_INDEX,
                     .nameAlg = TPM2_ALG_SHA256,
                     .attributes = TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE | TPMA_NV_NO_DA,
                     .dataSize = INDEX_LEN}
    };
    bool is_good =
        tpm_chip_err(Esys_NV_DefineSpace(chip.ctx, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                         ESYS_TR_NONE, &no_password, &area, &nv)) == OK;
    static TPM2B_MAX_NV_BUFFER part;
    for (size_t at = 0; at < all.n && is_good; at += 512) {
        struct span step = span_first(span_from(all, at), 512);
        part.size = (uint16_t)step.n;
        memcpy(part.buffer, step.p, step.n);
        is_good =
            tpm_chip_err(Esys_NV_Write(chip.ctx, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE, &part, (uint16_t)at)) == OK;
    }
    (void)Esys_TR_Close(chip.ctx, &nv);
    return EXPECT(is_good);
}

TEST(a_chip_without_a_paravisor)
{
    if (begin()) {
        EXPECT_ERR(ERR_UNSUPPORTED, vtpm.collector.collect(&vtpm.collector, &got, binding));
        EXPECT_ERR(ERR_NOT_FOUND,
                   paravisor.ops.quote(&paravisor.ops, &got.evidence, AZURE_VTPM_KEY_HANDLE,
                                       span_of(binding, 32), 1));
    }
    end();
}

TEST(evidence_whose_quote_holds_under_the_key_in_the_text)
{
    uint8_t spki[HCL_SPKI_LEN_MAX];
    size_t spki_len = 0;
    struct span extra;
    static struct appraisal a;
    if (begin() && make_key() && fill_index()) {
        TEST_REQUIRE(EXPECT_OK(vtpm.collector.collect(&vtpm.collector, &got, binding)));
        EXPECT_EQ(TEE_SEV_SNP, got.evidence.kind);
        EXPECT(evidence_carries(&got.evidence, binding));
        struct hcl h = {.runtime = got.evidence.parts[EVIDENCE_RUNTIME]};
        TEST_REQUIRE(EXPECT_OK(hcl_key(spki, &spki_len, &h)));
        const struct tpm2_texts t = {.attest = got.evidence.parts[EVIDENCE_TPM_ATTEST],
                                     .signature = got.evidence.parts[EVIDENCE_TPM_SIGNATURE],
                                     .ak = span_of(spki, spki_len),
                                     .pcrs = got.evidence.parts[EVIDENCE_TPM_PCRS]};
        appraisal_init(&a, TEE_SEV_SNP);
        EXPECT_OK(tpm2_verify_bound(&a, &extra, &t));
        EXPECT_EQ(8, a.measurements_count);
    }
    end();
}

/* What is written stays, over a loss of power and over another's index. */
TEST(the_guests_index_is_made_once_and_then_written)
{
    AUTO(buf_done) struct buf b = {0};
    if (begin()) {
        buf_init(&b, test_budget(), 1024);
        EXPECT_OK(paravisor.ops.write(&paravisor.ops, AZURE_VTPM_DATA_INDEX, SPAN_OF(binding)));
        binding[0] = 1;
        EXPECT_OK(paravisor.ops.write(&paravisor.ops, AZURE_VTPM_DATA_INDEX, SPAN_OF(binding)));
        EXPECT_OK(paravisor.ops.read(&paravisor.ops, AZURE_VTPM_DATA_INDEX, &b));
        EXPECT_SPAN(SPAN_OF(binding), buf_span(&b));
        EXPECT_ERR(ERR_NOT_FOUND, paravisor.ops.read(&paravisor.ops, AZURE_VTPM_REPORT_INDEX, &b));
    }
    end();
}

TEST_MAIN
