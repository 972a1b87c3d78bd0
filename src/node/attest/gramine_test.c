/* Gramine's files against a model of them: kinds of attestation, a quote of another request, an enclave that does not answer. */
#include "node/attest/gramine.h"

#include "base/test.h"

#include <string.h>

struct model {
    struct gramine_ops ops; /* first */
    const char *type;       /* NULL: no such file */
    enum err quote_err;
    unsigned quote_errs; /* so many times */
    bool is_empty;
    bool others;  /* another thread writes its data behind ours */
    bool is_long; /* more than a quote has */
    bool has_data;
    uint8_t data[64];
    unsigned quotes;
};

static struct model m;
static struct gramine files;
static struct collected got;
static uint8_t binding[64];

static enum err model_write(struct gramine_ops *ops, const char *file, struct span whole)
{
    struct model *k = (struct model *)(void *)ops;
    EXPECT_STR("user_report_data", file);
    EXPECT_EQ(sizeof k->data, whole.n); /* in one write, or what counts is the last part */
    memcpy(k->data, whole.p, whole.n);
    if (k->others) {
        memset(k->data, 0xee, sizeof k->data);
    }
    k->has_data = true;
    return OK;
}

static enum err model_read(struct gramine_ops *ops, const char *file, struct buf *ret)
{
    struct model *k = (struct model *)(void *)ops;
    struct mspan room;
    if (strcmp(file, "attestation_type") == 0) {
        return k->type ? buf_append(ret, span_str(k->type)) : ERR_NOT_FOUND;
    }
    EXPECT_STR("quote", file);
    EXPECT(k->has_data);
    k->quotes++;
    if (k->quote_errs > 0) {
        k->quote_errs--;
        return k->quote_err;
    }
    if (k->is_long) {
        TRY(buf_extend(ret, &room, COLLECTED_MAIN_LEN_MAX + 1));
    }
    return k->is_empty ? OK : buf_append(ret, SPAN_OF(k->data));
}

static enum err run(void)
{
    m.ops = (struct gramine_ops){.write = model_write, .read = model_read};
    memset(binding, 4, sizeof binding);
    gramine_init(&files, &m.ops);
    collected_init(&got, test_budget());
    return files.collector.collect(&files.collector, &got, binding);
}

TEST(a_quote)
{
    m = (struct model){.type = "dcap\n"};
    EXPECT_OK(run());
    EXPECT_EQ(TEE_SGX, got.evidence.kind);
    EXPECT_SPAN(SPAN_OF(binding), got.evidence.parts[EVIDENCE_MAIN]);
    EXPECT_STR("never run on hardware", files.collector.note);
    collected_done(&got);
}

TEST(what_gramine_may_do)
{
    static const struct {
        const char *name;
        struct model model;
        enum err want;
        unsigned quotes;
    } rows[] = {
        {"without a line's end",                {.type = "dcap"},                                            OK,              1                },
        {"none",                                {.type = "none"},                                            ERR_UNSUPPORTED, 0                },
        {"epid, whose service is gone",         {.type = "epid\n"},                                          ERR_UNSUPPORTED, 0                },
        {"gramine-direct",                      {.type = NULL},                                              ERR_UNSUPPORTED, 0                },
        {"an empty kind",                       {.type = ""},                                                ERR_UNSUPPORTED, 0                },
        {"a long kind",                         {.type = "dcap\nand much more"},                             ERR_MALFORMED,   0                },
        {"interrupted",                         {.type = "dcap", .quote_err = ERR_TIMEOUT, .quote_errs = 2}, OK,              3                },
        {"for ever",
         {.type = "dcap", .quote_err = ERR_TIMEOUT, .quote_errs = 1000},
         ERR_TIMEOUT,                                                                                                         GRAMINE_TRIES_MAX},
        {"the quoting enclave does not answer",
         {.type = "dcap", .quote_err = ERR_DENIED, .quote_errs = 1},
         ERR_DENIED,                                                                                                          1                },
        {"an empty quote",                      {.type = "dcap", .is_empty = true},                          ERR_CLOSED,      1                },
        {"more than a quote",                   {.type = "dcap", .is_long = true},                           ERR_LIMIT,       1                },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        m = rows[i].model;
        test_note("%s", rows[i].name);
        EXPECT_ERR(rows[i].want, run());
        EXPECT_EQ(rows[i].quotes, m.quotes);
        collected_done(&got);
    }
}

/* The collector hands out what the files give; the door sees whose it is (collector_test.c). */
TEST(another_request_that_slipped_in)
{
    m = (struct model){.type = "dcap", .others = true};
    EXPECT_OK(run());
    EXPECT(!span_equal(SPAN_OF(binding), got.evidence.parts[EVIDENCE_MAIN]));
    EXPECT(!evidence_carries(&got.evidence, binding));
    collected_done(&got);
}

TEST_MAIN
