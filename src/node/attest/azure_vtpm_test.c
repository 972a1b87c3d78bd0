/* A paravisor's virtual TPM against a model of it: reports that follow what is written, late, or never; other kinds; no paravisor at all. */
#include "node/attest/azure_vtpm.h"

#include "base/test.h"
#include "codec/base16.h"
#include "tee/hcl.h"
#include "tee/sev_snp.h"

#include <string.h>

enum { REPORT_AT = 32, USER_DATA_AT = 0x50, FOR_EVER = 1000 };

struct model {
    struct azure_vtpm_ops ops; /* first */
    bool has_no_report;        /* a TPM of another make */
    bool has_no_key;
    bool is_old; /* takes no data: the report is that of the start */
    bool is_tdx;
    bool is_torn;     /* the report is of another moment than the text */
    bool is_junk;     /* the index holds something else */
    bool is_empty;    /* or nothing */
    unsigned late;    /* so many readings still show what was there before */
    uint8_t data[64]; /* what the text names */
    uint8_t written[64];
    unsigned pauses;
    unsigned reads;
    unsigned quotes;
};

static struct model m;
static struct azure_vtpm vtpm;
static struct collected got;
static uint8_t binding[64];

static struct model *of(struct azure_vtpm_ops *ops)
{
    return (struct model *)(void *)ops;
}

/* "HCLA", the report, the text. */
static enum err write_index(struct model *k, struct wr *w)
{
    uint8_t text[256];
    uint8_t report[SEV_SNP_REPORT_LEN] = {3};
    struct wr t = wr_init(MSPAN_OF(text));
    wr_str(&t, "{\"keys\":[],\"user-data\":\"");
    base16_encode(&t, SPAN_OF(k->data));
    wr_str(&t, "\"}");
    struct hcl h = {.runtime = span_of(text, t.n)};
    hcl_binding(report + USER_DATA_AT, &h);
    report[USER_DATA_AT] ^= k->is_torn;
    wr_str(w, "HCLA");
    wr_zeros(w, REPORT_AT - 4);
    wr_bytes(w, SPAN_OF(report));
    wr_le32(w, (uint32_t)(20 + t.n));
    wr_le32(w, 1);
    wr_le32(w, k->is_tdx ? 4 : 2);
    wr_le32(w, 1);
    wr_le32(w, (uint32_t)t.n);
    wr_bytes(w, span_of(text, t.n));
    wr_zeros(w, 100); /* an index is larger than what it holds */
    return wr_end(w);
}

static enum err model_read(struct azure_vtpm_ops *ops, uint32_t index, struct buf *ret)
{
    struct model *k = of(ops);
    uint8_t room[2048];
    struct wr w = wr_init(MSPAN_OF(room));
    EXPECT_EQ(AZURE_VTPM_REPORT_INDEX, index);
    k->reads++;
    if (k->has_no_report) {
        return ERR_NOT_FOUND;
    }
    if (k->is_empty) {
        return OK;
    }
    if (k->late > 0) {
        k->late--;
    } else if (!k->is_old) {
        memcpy(k->data, k->written, sizeof k->data);
    }
    if (k->is_junk) {
        wr_str(&w, "something else");
    } else {
        TRY(write_index(k, &w));
    }
    return buf_append(ret, span_of(room, w.n));
}

static enum err model_write(struct azure_vtpm_ops *ops, uint32_t index, struct span data)
{
    struct model *k = of(ops);
    EXPECT_EQ(AZURE_VTPM_DATA_INDEX, index);
    EXPECT_EQ(sizeof k->written, data.n);
    if (k->is_old) {
        return ERR_IO;
    }
    memcpy(k->written, data.p, data.n);
    return OK;
}

static enum err model_quote(struct azure_vtpm_ops *ops,
                            struct evidence *ret,
                            uint32_t handle,
                            struct span extra_data,
                            uint32_t registers)
{
    static uint8_t attest[256];
    struct wr w = wr_init(MSPAN_OF(attest));
    EXPECT_EQ(AZURE_VTPM_KEY_HANDLE, handle);
    EXPECT_EQ(AZURE_VTPM_REGISTERS, registers);
    EXPECT_EQ(32, extra_data.n);
    of(ops)->quotes++;
    if (of(ops)->has_no_key) {
        return ERR_NOT_FOUND;
    }
    wr_bytes(&w, test_hex("ff544347 8018 0001 aa"));
    wr_be16(&w, 32);
    wr_bytes(&w, extra_data);
    wr_zeros(&w, 8 + 4 + 4);
    wr_u8(&w, 1);
    wr_zeros(&w, 8);
    wr_bytes(&w, test_hex("00000001 000b 03 ff0000 0001 bb"));
    *ret = (struct evidence){.kind = TEE_TPM2};
    ret->parts[EVIDENCE_MAIN] = span_of(attest, w.n);
    ret->parts[EVIDENCE_TPM_SIGNATURE] = SPAN_LIT("signature");
    ret->parts[EVIDENCE_TPM_PCRS] = SPAN_LIT("registers");
    return wr_end(&w);
}

static void model_pause(struct azure_vtpm_ops *ops, uint32_t ms)
{
    EXPECT_EQ(AZURE_VTPM_PAUSE_MS, ms);
    of(ops)->pauses++;
}

static enum err run(void)
{
    m.ops = (struct azure_vtpm_ops){
        .read = model_read, .write = model_write, .quote = model_quote, .pause = model_pause};
    memset(binding, 0xb1, sizeof binding);
    azure_vtpm_init(&vtpm, &m.ops);
    collected_init(&got, test_budget());
    return vtpm.collector.collect(&vtpm.collector, &got, binding);
}

TEST(a_report_its_text_and_a_quote)
{
    m = (struct model){.late = 0};
    TEST_REQUIRE(EXPECT_OK(run()));
    EXPECT_EQ(TEE_SEV_SNP, got.evidence.kind);
    EXPECT_EQ(SEV_SNP_REPORT_LEN, got.evidence.parts[EVIDENCE_MAIN].n);
    EXPECT_SPAN(SPAN_LIT("signature"), got.evidence.parts[EVIDENCE_TPM_SIGNATURE]);
    EXPECT(evidence_carries(&got.evidence, binding));
    binding[0] ^= 1;
    EXPECT(!evidence_carries(&got.evidence, binding));
    EXPECT_STR("never run on hardware", vtpm.collector.note);
    collected_done(&got);
}

TEST(what_a_paravisor_may_do)
{
    static const struct {
        const char *name;
        struct model model;
        enum err want;
        unsigned reads;
        unsigned pauses;
        unsigned quotes;
    } rows[] = {
        {"at once",                       {.late = 0},             OK,              2, 0, 1},
        {"late",                          {.late = 3},             OK,              4, 2, 1},
        {"never: the quote is fresh",     {.late = FOR_EVER},      OK,              5, 4, 1},
        {"an old one that takes no data", {.is_old = true},        OK,              1, 0, 1},
        {"a TPM without a paravisor",     {.has_no_report = true}, ERR_UNSUPPORTED, 1, 0, 0},
        {"TDX",                           {.is_tdx = true},        ERR_UNSUPPORTED, 2, 0, 0},
        {"report and text do not belong", {.is_torn = true},       ERR_STATE,       2, 0, 0},
        {"something else in the index",   {.is_junk = true},       ERR_MALFORMED,   1, 0, 0},
        {"nothing in the index",          {.is_empty = true},      ERR_CLOSED,      1, 0, 0},
        {"no key",                        {.has_no_key = true},    ERR_NOT_FOUND,   2, 0, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        m = rows[i].model;
        test_note("%s", rows[i].name);
        EXPECT_ERR(rows[i].want, run());
        EXPECT_EQ(rows[i].reads, m.reads);
        EXPECT_EQ(rows[i].pauses, m.pauses);
        EXPECT_EQ(rows[i].quotes, m.quotes);
        EXPECT(rows[i].want != OK || evidence_carries(&got.evidence, binding));
        collected_done(&got);
    }
}

TEST_MAIN
