/* /dev/nsm against a model of its driver and the module behind it. */
#include "node/attest/nsm_device.h"

#include "base/test.h"
#include "codec/cbor.h"

#include <string.h>

struct model {
    struct nsm_device_ops ops; /* first */
    const char *error;         /* the module's word */
    enum err kernel;           /* what the driver answers, */
    unsigned times;            /* so many times */
    bool is_silent;            /* an answer of no bytes */
    bool is_long;              /* a length above the room */
    bool is_junk;
    unsigned requests;
};

static struct model m;
static struct nsm_device device;
static struct collected got;
static uint8_t binding[64];

static void answer(struct model *k, struct wr *w, struct span request)
{
    struct cbor root;
    struct cbor inner;
    struct cbor data;
    cbor_write_map(w, 1);
    if (k->error) {
        cbor_write_text(w, "Error");
        cbor_write_text(w, k->error);
        return;
    }
    /* A module reads what it is asked. */
    EXPECT_OK(cbor_decode(&root, request, CBOR_ANY_ORDER));
    TEST_REQUIRE(cbor_find_text(&inner, root, "Attestation"));
    TEST_REQUIRE(cbor_find_text(&data, inner, "user_data"));
    EXPECT_SPAN(SPAN_OF(binding), data.content);
    cbor_write_text(w, "Attestation");
    cbor_write_map(w, 1);
    cbor_write_text(w, "document");
    cbor_write_bytes(w, data.content); /* in place of a document that the hypervisor signed */
}

static enum err model_exchange(struct nsm_device_ops *ops,
                               struct mspan response,
                               size_t *ret_len,
                               struct span request)
{
    struct model *k = (struct model *)(void *)ops;
    struct wr w = wr_init(response);
    k->requests++;
    EXPECT_EQ(NSM_RESPONSE_LEN_MAX, response.n);
    if (request.n > NSM_REQUEST_LEN_MAX) {
        return ERR_LIMIT; /* EMSGSIZE */
    }
    if (k->times > 0) {
        k->times--;
        return k->kernel;
    }
    if (k->is_junk) {
        wr_str(&w, "junk");
    } else if (!k->is_silent) {
        answer(k, &w, request);
    }
    *ret_len = k->is_long ? response.n + 1 : w.n;
    return wr_end(&w);
}

static enum err run(void)
{
    m.ops = (struct nsm_device_ops){.exchange = model_exchange};
    memset(binding, 3, sizeof binding);
    nsm_device_init(&device, &m.ops);
    collected_init(&got, test_budget());
    return device.collector.collect(&device.collector, &got, binding);
}

TEST(a_document)
{
    m = (struct model){.error = NULL};
    EXPECT_OK(run());
    EXPECT_EQ(TEE_NITRO, got.evidence.kind);
    EXPECT_SPAN(SPAN_OF(binding), got.evidence.parts[EVIDENCE_MAIN]);
    EXPECT_EQ(1, m.requests);
    EXPECT_STR("never run on hardware", device.collector.note);
    collected_done(&got);
}

TEST(what_driver_and_module_may_do)
{
    static const struct {
        const char *name;
        struct model model;
        enum err want;
        unsigned requests;
    } rows[] = {
        {"interrupted",                 {.kernel = ERR_TIMEOUT, .times = 2},     OK,              3                   },
        {"never answered",
         {.kernel = ERR_TIMEOUT, .times = 1000},
         ERR_TIMEOUT,                                                                             NSM_DEVICE_TRIES_MAX},
        {"no capability",               {.kernel = ERR_DENIED, .times = 1},      ERR_DENIED,      1                   },
        {"another device",              {.kernel = ERR_UNSUPPORTED, .times = 1}, ERR_UNSUPPORTED, 1                   },
        {"an answer that does not fit", {.kernel = ERR_LIMIT, .times = 1},       ERR_LIMIT,       1                   },
        {"a length that cannot be",     {.is_long = true},                       ERR_MALFORMED,   1                   },
        {"an answer of no bytes",       {.is_silent = true},                     ERR_CLOSED,      1                   },
        {"junk",                        {.is_junk = true},                       ERR_MALFORMED,   1                   },
        {"the module says no",          {.error = "InvalidOperation"},           ERR_DENIED,      1                   },
        {"the module has a fault",      {.error = "InternalError"},              ERR_IO,          1                   },
        {"the module has too much",     {.error = "BufferTooSmall"},             ERR_LIMIT,       1                   },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        m = rows[i].model;
        test_note("%s", rows[i].name);
        EXPECT_ERR(rows[i].want, run());
        EXPECT_EQ(rows[i].requests, m.requests);
        collected_done(&got);
    }
}

TEST_MAIN
