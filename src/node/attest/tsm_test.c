/* configfs-tsm against a model of the kernel: generation counters, EBUSY, a second writer, an empty outblob, no provider, one write. */
#include "node/attest/tsm.h"

#include "base/test.h"
#include "tee/sev_snp.h"

#include <stdio.h>
#include <string.h>

struct model {
    struct tsm_ops ops; /* first */
    const char *provider;
    const char *generation_text; /* in place of a number */
    bool has_dir;
    bool has_aux;
    bool is_empty;   /* the host's quoting service is silent */
    unsigned busy;   /* so many writes are answered EBUSY */
    unsigned others; /* so many times somebody else writes too, right behind us */
    unsigned late;   /* the same, while outblob is read */
    uint64_t generation;
    uint8_t inblob[TSM_INBLOB_LEN];
    unsigned writes;
};

static struct model *model_of(struct tsm_ops *ops)
{
    return (struct model *)(void *)ops;
}

static enum err model_make(struct tsm_ops *ops, const char *dir)
{
    struct model *m = model_of(ops);
    EXPECT_STR("passmesh-1", dir);
    if (!m->provider) {
        return ERR_UNSUPPORTED; /* ENXIO */
    }
    if (m->has_dir) {
        return ERR_STATE; /* EEXIST */
    }
    m->has_dir = true;
    m->generation = 0;
    return OK;
}

static enum err model_remove(struct tsm_ops *ops, const char *dir)
{
    (void)dir;
    EXPECT(model_of(ops)->has_dir);
    model_of(ops)->has_dir = false;
    return OK;
}

static enum err
model_write(struct tsm_ops *ops, const char *dir, const char *file, struct span whole)
{
    struct model *m = model_of(ops);
    (void)dir;
    EXPECT_STR("inblob", file);
    EXPECT_EQ(TSM_INBLOB_LEN, whole.n); /* a part of it would be a request of its own */
    if (m->busy > 0) {
        m->busy--;
        return ERR_STATE; /* EBUSY */
    }
    memcpy(m->inblob, whole.p, whole.n);
    m->generation++;
    m->writes++;
    if (m->others > 0) {
        m->others--;
        memset(m->inblob, 0xee, sizeof m->inblob);
        m->generation++;
    }
    return OK;
}

static enum err put(struct buf *ret, const char *text)
{
    return buf_append(ret, span_str(text));
}

static enum err model_read(struct tsm_ops *ops, const char *dir, const char *file, struct buf *ret)
{
    struct model *m = model_of(ops);
    char line[32];
    (void)dir;
    if (strcmp(file, "provider") == 0) {
        return put(ret, m->provider);
    }
    if (strcmp(file, "generation") == 0) {
        (void)snprintf(line, sizeof line, "%llu\n", (unsigned long long)m->generation);
        return put(ret, m->generation_text ? m->generation_text : line);
    }
    if (strcmp(file, "auxblob") == 0) {
        return m->has_aux ? put(ret, "certificates") : ERR_NOT_FOUND;
    }
    if (m->late > 0) {
        m->late--;
        m->generation++;
    }
    if (m->is_empty) {
        return OK;
    }
    TRY(put(ret, "report of "));
    return buf_append(ret, SPAN_OF(m->inblob));
}

static struct model m;
static struct tsm_report report;
static uint8_t binding[TSM_INBLOB_LEN];

static enum err collect(void)
{
    m.ops = (struct tsm_ops){
        .make = model_make, .remove = model_remove, .write = model_write, .read = model_read};
    memset(binding, 7, sizeof binding);
    memset(&report, 0, sizeof report);
    buf_init(&report.outblob, test_budget(), TSM_OUTBLOB_LEN_MAX);
    buf_init(&report.auxblob, test_budget(), TSM_AUXBLOB_LEN_MAX);
    enum err e = tsm_collect(&m.ops, &report, "passmesh-1", SPAN_OF(binding));
    EXPECT(!m.has_dir); /* nothing is left behind */
    if (e == OK) {
        EXPECT_SPAN(SPAN_OF(binding), span_from(buf_span(&report.outblob), 10));
    } else {
        EXPECT_EQ(0, report.outblob.n);
    }
    buf_done(&report.outblob);
    buf_done(&report.auxblob);
    return e;
}

TEST(a_report_of_each_provider)
{
    static const char *const words[] = {"tdx_guest\n", "sev_guest\n", "arm_cca_guest\n"};
    for (size_t i = 0; i < 3; i++) {
        m = (struct model){.provider = words[i], .has_aux = i == 1};
        EXPECT_OK(collect());
        EXPECT_EQ(i, report.provider);
        EXPECT_EQ(1, m.writes);
    }
}

TEST(what_the_kernel_may_do)
{
    static const struct {
        const char *name;
        struct model model;
        enum err want;
        unsigned writes;
    } cases[] = {
        {"no provider",                    {.provider = NULL},                                   ERR_UNSUPPORTED, 0            },
        {"a provider of tomorrow",         {.provider = "riscv_cove\n"},                         ERR_UNSUPPORTED, 0            },
        {"a directory that a crash left",  {.provider = "tdx_guest\n", .has_dir = true},         OK,              1            },
        {"busy at first",                  {.provider = "tdx_guest\n", .busy = 4},               OK,              1            },
        {"busy for ever",                  {.provider = "tdx_guest\n", .busy = 1000},            ERR_STATE,       0            },
        {"somebody else writes, twice",    {.provider = "sev_guest\n", .others = 2},             OK,              3            },
        {"and always",                     {.provider = "sev_guest\n", .others = 1000},          ERR_STATE,       TSM_TRIES_MAX},
        {"while the report is read",       {.provider = "sev_guest\n", .late = 1},               OK,              2            },
        {"no evidence from the host",      {.provider = "tdx_guest\n", .is_empty = true},        ERR_CLOSED,      1            },
        {"a generation that is no number",
         {.provider = "tdx_guest\n", .generation_text = "x\n"},
         ERR_MALFORMED,                                                                                           0            },
        {"one that is too large",
         {.provider = "tdx_guest\n", .generation_text = "99999999999999999999\n"},
         ERR_MALFORMED,                                                                                           0            },
        {"an empty one",                   {.provider = "tdx_guest\n", .generation_text = "\n"}, ERR_MALFORMED,   0            },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        m = cases[i].model;
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, collect());
        EXPECT_EQ(cases[i].writes, m.writes);
    }
}

/* A report of SEV-SNP that the door may take, and the host's table beside it. */
static enum err snp_read(struct tsm_ops *ops, const char *dir, const char *file, struct buf *ret)
{
    uint8_t out[SEV_SNP_REPORT_LEN] = {3};
    if (strcmp(file, "outblob") == 0) {
        memcpy(out + 0x50, m.inblob, sizeof m.inblob);
        return buf_append(ret, SPAN_OF(out));
    }
    if (strcmp(file, "auxblob") == 0) {
        TRY(buf_append(ret, test_hex("63da758de6644564adc5f4b93be8accd 30000000 02000000")));
        return buf_append(ret, test_hex("00000000000000000000000000000000 0000000000000000 abcd"));
    }
    return model_read(ops, dir, file, ret);
}

TEST(as_a_collector)
{
    struct tsm tsm;
    struct collected c;
    collected_init(&c, test_budget());
    m = (struct model){.provider = "sev_guest\n"};
    m.ops = (struct tsm_ops){
        .make = model_make, .remove = model_remove, .write = model_write, .read = snp_read};
    memset(binding, 8, sizeof binding);
    tsm_init(&tsm, &m.ops, "passmesh-1");
    EXPECT_STR("never run on hardware", tsm.collector.note);
    TEST_REQUIRE(EXPECT_OK(tsm.collector.collect(&tsm.collector, &c, binding)));
    EXPECT_EQ(TEE_SEV_SNP, c.evidence.kind);
    EXPECT(evidence_carries(&c.evidence, binding));
    EXPECT_SPAN(test_hex("abcd"), c.evidence.parts[EVIDENCE_CHAIN]);
    m.ops.read = model_read;
    m.provider = "tdx_guest\n";
    TEST_REQUIRE(EXPECT_OK(tsm.collector.collect(&tsm.collector, &c, binding)));
    EXPECT_EQ(TEE_TDX, c.evidence.kind);
    EXPECT_EQ(0, c.evidence.parts[EVIDENCE_CHAIN].n);
    m.is_empty = true;
    EXPECT_ERR(ERR_CLOSED, tsm.collector.collect(&tsm.collector, &c, binding));
    collected_done(&c);
}

TEST(a_binding_of_another_length_is_not_asked_for)
{
    m = (struct model){.provider = "tdx_guest\n"};
    buf_init(&report.outblob, test_budget(), 64);
    buf_init(&report.auxblob, test_budget(), 64);
    EXPECT_ERR(ERR_MALFORMED, tsm_collect(&m.ops, &report, "passmesh-1", SPAN_LIT("short")));
}

TEST_MAIN
