/* /dev/sev-guest against a model of the kernel's driver, the firmware and a host: room for certificates, levels, throttling, a key that is gone. */
#include "node/attest/sev_guest.h"

#include "base/test.h"
#include "tee/sev_snp.h"

#include <string.h>

enum { AT_USER_DATA = 0x50, AT_VMPL = 0x30, HEAD_LEN = 32, FOR_EVER = 1000 };

struct model {
    struct sev_guest_ops ops; /* first */
    bool has_no_key;          /* the kernel has thrown it away */
    bool has_no_extended;     /* a host of version 1 of the GHCB */
    bool tells_by_error;      /* a refused level is EIO, else a message with a status */
    uint32_t own_level;
    uint32_t need; /* bytes of certificates that the host has */
    uint32_t asks; /* what it says instead of need */
    uint32_t status;
    uint32_t firmware_error;
    bool has_table;
    unsigned throttled;   /* so many requests are answered VMM error 2 */
    unsigned interrupted; /* and so many EINTR, EAGAIN or ETIMEDOUT */
    bool is_torn;         /* the message is not one */
    bool is_refused;      /* EACCES */
    unsigned requests;
    unsigned plain;
    unsigned pauses;
    size_t room_last;
};

static struct model m;
static struct sev_guest guest;
static struct collected got;
static uint8_t binding[64];

static void write_message(struct model *k, const struct sev_guest_call *call)
{
    struct wr w = wr_init(call->response);
    memset(call->response.p, 0, call->response.n);
    wr_le32(&w, k->status);
    wr_le32(&w, k->is_torn ? 1 : SEV_SNP_REPORT_LEN);
    call->response.p[HEAD_LEN] = 3; /* version */
    call->response.p[HEAD_LEN + AT_VMPL] = (uint8_t)call->level;
    memcpy(call->response.p + HEAD_LEN + AT_USER_DATA, call->user_data, 64);
}

/* VCEK and ASK, and then the end. */
static void write_table(const struct sev_guest_call *call)
{
    struct wr w = wr_init(call->certs);
    wr_bytes(&w, test_hex("63da758de6644564adc5f4b93be8accd"));
    wr_le32(&w, 100);
    wr_le32(&w, 4);
    wr_bytes(&w, test_hex("4ab7b379bbac4fe4a02f05aef327c782"));
    wr_le32(&w, 200);
    wr_le32(&w, 3);
    memcpy(call->certs.p + 100, "vcek", 4);
    memcpy(call->certs.p + 200, "ask", 3);
}

static enum err refuse(struct sev_guest_call *call, uint32_t firmware, uint32_t vmm)
{
    call->firmware_error = firmware;
    call->vmm_error = vmm;
    return ERR_IO;
}

/* Before a message leaves for the firmware. */
static enum err check_call(struct model *k, struct sev_guest_call *call)
{
    if (k->is_refused) {
        return ERR_DENIED;
    }
    if (k->has_no_key) {
        return ERR_CLOSED;
    }
    if (call->is_extended && (k->has_no_extended || call->certs.n % SEV_GUEST_PAGE != 0 ||
                              call->certs.n > SNP_GUEST_TABLE_LEN_MAX)) {
        return ERR_UNSUPPORTED; /* EINVAL */
    }
    if (k->interrupted > 0) {
        k->interrupted--;
        return ERR_TIMEOUT;
    }
    return OK;
}

static enum err model_request(struct sev_guest_ops *ops, struct sev_guest_call *call)
{
    struct model *k = (struct model *)(void *)ops;
    k->requests++;
    k->plain += !call->is_extended;
    k->room_last = call->is_extended ? call->certs.n : 0;
    EXPECT_EQ(SNP_GUEST_RESPONSE_LEN, call->response.n);
    TRY(check_call(k, call));
    if (k->throttled > 0) {
        k->throttled--;
        return refuse(call, 0, SEV_GUEST_VMM_BUSY);
    }
    if (call->is_extended && call->certs.n < k->need) {
        call->certs_len = k->asks ? k->asks : k->need;
        return refuse(call, 0, SEV_GUEST_VMM_LENGTH);
    }
    if (k->firmware_error) {
        return refuse(call, k->firmware_error, 0);
    }
    if (call->level < k->own_level) {
        if (k->tells_by_error) {
            return refuse(call, SNP_GUEST_STATUS_PARAMETER, 0);
        }
        memset(call->response.p, 0, call->response.n);
        call->response.p[0] = SNP_GUEST_STATUS_PARAMETER;
        return OK;
    }
    write_message(k, call);
    if (call->is_extended && k->has_table) {
        write_table(call);
    }
    return OK;
}

static void model_pause(struct sev_guest_ops *ops, uint32_t ms)
{
    EXPECT_EQ(SEV_GUEST_PAUSE_MS, ms);
    ((struct model *)(void *)ops)->pauses++;
}

/* Runs the model as it stands; on success the evidence is bound, and got is the caller's to give back. */
static enum err run(void)
{
    m.ops = (struct sev_guest_ops){.request = model_request, .pause = model_pause};
    memset(binding, 9, sizeof binding);
    sev_guest_init(&guest, &m.ops);
    collected_init(&got, test_budget());
    enum err e = guest.collector.collect(&guest.collector, &got, binding);
    if (e == OK) {
        EXPECT_EQ(TEE_SEV_SNP, got.evidence.kind);
        EXPECT(evidence_carries(&got.evidence, binding));
    }
    return e;
}

TEST(a_report_with_its_certificates)
{
    m = (struct model){.has_table = true};
    EXPECT_OK(run());
    EXPECT_SPAN(SPAN_LIT("vcekask"), got.evidence.parts[EVIDENCE_CHAIN]);
    EXPECT_EQ(0, got.evidence.parts[EVIDENCE_ROOT_CRL].n);
    EXPECT_EQ(1, m.requests);
    EXPECT_STR("never run on hardware", guest.collector.note);
    collected_done(&got);
}

TEST(what_kernel_host_and_firmware_may_do)
{
    static const struct {
        const char *name;
        struct model model;
        enum err want;
        unsigned requests;
        unsigned plain;
        unsigned pauses;
        size_t room; /* of the last request */
    } rows[] = {
        {"a host without certificates",   {.need = 0},                    OK,              1, 0, 0, 8192 },
        {"just enough room",              {.need = 8192},                 OK,              1, 0, 0, 8192 },
        {"a page more",                   {.need = 12288},                OK,              2, 0, 0, 12288},
        {"all that the kernel takes",     {.need = 16384},                OK,              2, 0, 0, 16384},
        {"more than that",                {.need = 20480},                OK,              2, 1, 0, 0    },
        {"a length that is no page",      {.need = 9000},                 OK,              2, 1, 0, 0    },
        {"a length below what there was", {.need = 12288, .asks = 4096},  OK,              2, 1, 0, 0    },
        {"always a page more",            {.need = 16385, .asks = 12288}, OK,              3, 1, 0, 0    },
        {"no extended requests",          {.has_no_extended = true},      OK,              2, 1, 0, 0    },
        {"interrupted",                   {.interrupted = 2},             OK,              3, 0, 2, 8192 },
        {"throttled",                     {.throttled = 4},               OK,              5, 0, 4, 8192 },
        {"throttled for ever",            {.throttled = FOR_EVER},        ERR_TIMEOUT,     5, 0, 5, 8192 },
        {"interrupted for ever",          {.interrupted = FOR_EVER},      ERR_TIMEOUT,     5, 0, 5, 8192 },
        {"the key is gone",               {.has_no_key = true},           ERR_CLOSED,      1, 0, 0, 8192 },
        {"below another, by the message", {.own_level = 1},               OK,              2, 0, 0, 8192 },
        {"below another, by the error",
         {.own_level = 2, .tells_by_error = true},
         OK,                                                                               3,
         0,                                                                                      0,
         8192                                                                                            },
        {"at no level",                   {.own_level = 4},               ERR_DENIED,      4, 0, 0, 8192 },
        {"another firmware error",        {.firmware_error = 0x0f},       ERR_IO,          1, 0, 0, 8192 },
        {"a key that is not loaded",      {.status = 0x27},               ERR_UNSUPPORTED, 1, 0, 0, 8192 },
        {"a message that is none",        {.is_torn = true},              ERR_MALFORMED,   1, 0, 0, 8192 },
        {"not for this user",             {.is_refused = true},           ERR_DENIED,      4, 0, 0, 8192 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        m = rows[i].model;
        test_note("%s", rows[i].name);
        EXPECT_ERR(rows[i].want, run());
        EXPECT_EQ(rows[i].requests, m.requests);
        EXPECT_EQ(rows[i].plain, m.plain);
        EXPECT_EQ(rows[i].pauses, m.pauses);
        EXPECT_EQ(rows[i].room, m.room_last);
        collected_done(&got);
    }
}

TEST(the_firmwares_number_is_kept_for_the_log)
{
    m = (struct model){.firmware_error = 0x1f};
    EXPECT_ERR(ERR_IO, run());
    EXPECT_EQ(0x1f, guest.firmware_error);
    collected_done(&got);
}

TEST(a_table_that_cannot_be_read_takes_nothing_away)
{
    collected_init(&got, test_budget());
    got.evidence.kind = TEE_SEV_SNP;
    EXPECT_OK(sev_guest_put_certs(&got, SPAN_LIT("no table")));
    EXPECT_EQ(0, got.evidence.parts[EVIDENCE_CHAIN].n);
    collected_done(&got);
}

TEST(without_memory_nothing_is_asked)
{
    struct budget small;
    budget_init(&small, test_budget(), "small", 1000);
    m = (struct model){.has_table = true};
    m.ops = (struct sev_guest_ops){.request = model_request, .pause = model_pause};
    sev_guest_init(&guest, &m.ops);
    collected_init(&got, &small);
    EXPECT_ERR(ERR_LIMIT, guest.collector.collect(&guest.collector, &got, binding));
    EXPECT_EQ(0, m.requests);
    collected_done(&got);
    budget_done(&small);
}

TEST_MAIN
