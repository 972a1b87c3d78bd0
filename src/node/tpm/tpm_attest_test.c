/* A server with a TPM that its maker vouches for, asked by a wallet under the policy that is built in: what the two programs do, on hosts of the test's own network, with swtpm as swtpm_setup has
 * made it. The root of that CA stands in for the vendors': roots_of is this test's, and in no program. */
#include "base/rd.h"
#include "base/test.h"
#include "base/wr.h"
#include "crypto/backend.h"
#include "node/attest/attest_answerer.h"
#include "node/attest/attest_asker.h"
#include "node/attest/attest_host.h"
#include "node/tpm/tpm_answer.h"
#include "node/tpm/tpm_collector.h"
#include "node/tpm/tpm_rig_test.h"
#include "p2p/host_net_test.h"
#include "tee/cert.h"
#include "tee/roots.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SERVER, WALLET, NODES, MINUTE_S = 60 };

static struct anchor anchor;
static struct anchors trusted;

struct anchors roots_of(enum tee_kind kind)
{
    return kind == TEE_TPM2 ? trusted : (struct anchors){0};
}

/* What becomes of a credential at the server. */
enum chip_way { CHIP_OPENS, CHIP_IS_ANOTHER, CHIP_SAYS_ANOTHER_SECRET, CHIP_IS_SILENT };

static struct tpm_rig rig;
static struct tpm_rig other_rig;
static struct tpm_rig_ca ca;
static struct tpm_rig_ca other_ca;
static struct tpm_chip chip;
static struct tpm_chip other_chip;
static struct host_net net;
static struct attest_answerer *answerer;
static struct attest_asker *asker;
static uint8_t issuers[2 * sizeof ca.issuer];
static size_t issuers_len;
static enum chip_way way;
static unsigned opened_count;
static unsigned ends_count;
static struct attest_verdict verdict;

static uint64_t unix_s(void *user)
{
    (void)user;
    return (uint64_t)time(NULL) + MINUTE_S; /* the CA goes by the clock */
}

static void on_end(void *user, const struct peer_id *peer, const struct attest_verdict *v)
{
    (void)user;
    (void)peer;
    verdict = *v;
    ends_count++;
}

/* passmesh-tpm's reply; empty: an error. */
static struct span chip_says(struct tpm_chip *c, enum tpm_op op, struct span body, enum err *ret)
{
    static uint8_t reply[TPM_REPLY_MAX];
    uint8_t request[TPM_REQUEST_MAX / 4];
    struct tpm_collector tpm;
    struct collector *const list[] = {&tpm.collector};
    struct tpm_answerer a = {.chip = c,
                             .rng = &net.nodes[SERVER].rng.rng,
                             .uses = TPM_FOR_EVIDENCE,
                             .collectors = list,
                             .collectors_count = 1,
                             .budget = test_budget()};
    tpm_collector_init(&tpm, c);
    struct wr w = wr_init(MSPAN_OF(request));
    wr_u8(&w, (uint8_t)op);
    wr_bytes(&w, body);
    EXPECT_OK(wr_end(&w));
    size_t n = tpm_answer(&a, MSPAN_OF(reply), span_of(request, w.n));
    *ret = (enum err)reply[0];
    return span_of(reply + 1, n - 1);
}

static void on_credential(void *user)
{
    struct span credential;
    struct secret32 secret = {{0}};
    enum err e = OK;
    (void)user;
    if (way == CHIP_IS_SILENT || !attest_answerer_next(answerer, &credential)) {
        return;
    }
    opened_count++;
    struct span body =
        chip_says(way == CHIP_IS_ANOTHER ? &other_chip : &chip, TPM_ACTIVATE, credential, &e);
    (void)span_copy(MSPAN_OF(secret.bytes), body);
    secret.bytes[0] ^= way == CHIP_SAYS_ANOTHER_SECRET;
    attest_answerer_open(answerer, e, &secret);
}

/* A fresh session key, and evidence that names it, as the server makes it twice an hour. */
static bool renew(void)
{
    uint8_t binding[64];
    enum err e = OK;
    attest_answerer_prepare(answerer, binding, (walltime){unix_s(NULL)});
    struct span reply = chip_says(&chip, TPM_EVIDENCE, SPAN_OF(binding), &e);
    struct rd r = rd_init(reply);
    struct span name = rd_bytes(&r, rd_u8(&r));
    struct span evidence = rd_rest(&r);
    EXPECT_SPAN(SPAN_LIT("tpm"), name);
    return EXPECT_OK(e) && EXPECT_OK(attest_answerer_adopt(answerer, evidence));
}

static bool open_chip(struct tpm_rig *r, struct tpm_rig_ca *c, struct tpm_chip *ret)
{
    return tpm_rig_manufacture(r, c, false) && EXPECT_OK(tpm_chip_open(ret, tpm_fd_tcti(&r->fd)));
}

static bool trust(void)
{
    struct cert root;
    struct wr w = wr_init(MSPAN_OF(issuers));
    wr_bytes(&w, span_of(ca.issuer, ca.issuer_len));
    wr_bytes(&w, span_of(ca.root, ca.root_len));
    issuers_len = w.n;
    trusted = (struct anchors){.list = &anchor, .count = 1};
    if (!EXPECT_OK(wr_end(&w)) ||
        !EXPECT_OK(cert_decode(&root, span_of(ca.root, ca.root_len), NULL))) {
        return false;
    }
    sha256(&anchor.spki, root.spki);
    sha256(&anchor.certificate, root.der);
    return true;
}

static bool start_nodes(const char *policy)
{
    host_net_init(&net, NODES);
    const struct attest_answerer_cfg server = {.host = &net.nodes[SERVER].host,
                                               .budget = test_budget(),
                                               .rng = &net.nodes[SERVER].rng.rng,
                                               .issuers = span_of(issuers, issuers_len),
                                               .on_credential = on_credential};
    const struct attest_asker_cfg wallet = {.host = &net.nodes[WALLET].host,
                                            .budget = test_budget(),
                                            .rng = &net.nodes[WALLET].rng.rng,
                                            .policy = span_str(policy),
                                            .unix_s = unix_s,
                                            .on_end = on_end};
    bool is_good = EXPECT_OK(attest_answerer_new(&answerer, &server)) &&
                   EXPECT_OK(attest_asker_new(&asker, &wallet, NULL));
    host_net_connect(&net, WALLET, SERVER);
    host_net_run(&net);
    return is_good;
}

static bool start(void)
{
    EXPECT_OK(crypto_init());
    way = CHIP_OPENS;
    opened_count = 0;
    ends_count = 0;
    return open_chip(&rig, &ca, &chip) && trust() && start_nodes("") && renew();
}

static void stop_nodes(void)
{
    attest_asker_free(asker);
    attest_answerer_free(answerer);
    asker = NULL;
    answerer = NULL;
    if (net.count > 0) {
        host_net_done(&net);
    }
    net.count = 0;
}

static void stop(void)
{
    stop_nodes();
    tpm_chip_done(&chip);
    tpm_rig_done(&rig);
}

static enum attest_end ask(void)
{
    unsigned before = ends_count;
    EXPECT_OK(attest_asker_ask(asker, host_self(&net.nodes[SERVER].host)));
    host_net_run(&net);
    if (ends_count == before) {
        host_net_pass(&net, (uint64_t)ATTEST_HOST_OPEN_TIMEOUT_MS * US_PER_MS + 1);
    }
    EXPECT_EQ(before + 1, ends_count);
    return verdict.end;
}

TEST(a_key_bound_to_a_tpm_and_the_next_time_without_asking_it)
{
    if (start()) {
        EXPECT_EQ(ATTEST_END_ACCEPTED, ask());
        EXPECT_EQ(TEE_LEVEL_TPM_BOUND_KEY, verdict.level);
        EXPECT_EQ(TEE_TPM2, verdict.kind);
        EXPECT_EQ(1, opened_count);
        EXPECT_EQ(ATTEST_END_ACCEPTED, ask());
        EXPECT(renew());               /* half an hour later: other evidence of the same key */
        for (int i = 0; i < 20; i++) { /* more than there are places */
            EXPECT_EQ(ATTEST_END_ACCEPTED, ask());
        }
        EXPECT_EQ(TEE_LEVEL_TPM_BOUND_KEY, verdict.level);
        EXPECT_EQ(1, opened_count);
        /* Another wallet knows nothing of it. */
        stop_nodes();
        EXPECT(start_nodes("") && renew());
        EXPECT_EQ(ATTEST_END_ACCEPTED, ask());
        EXPECT_EQ(2, opened_count);
    }
    stop();
}

TEST(what_a_chip_must_show_itself)
{
    static const struct {
        const char *name;
        enum chip_way way;
        enum attest_end end;
        unsigned opened_count;
    } rows[] = {
        {"another chip",   CHIP_IS_ANOTHER,          ATTEST_END_REFUSED, 1},
        {"another secret", CHIP_SAYS_ANOTHER_SECRET, ATTEST_END_REFUSED, 1},
        {"silence",        CHIP_IS_SILENT,           ATTEST_END_BROKEN,  0},
    };
    if (start() && open_chip(&other_rig, &other_ca, &other_chip)) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            test_note("%s", rows[i].name);
            way = rows[i].way;
            opened_count = 0;
            EXPECT_EQ(rows[i].end, ask());
            EXPECT_EQ(TEE_LEVEL_NONE, verdict.level);
            EXPECT_EQ(rows[i].opened_count, opened_count);
            EXPECT(verdict.end != ATTEST_END_REFUSED || verdict.step == STEP_KEY_ORIGIN);
            stop_nodes();
            EXPECT(start_nodes("") && renew());
        }
        way = CHIP_OPENS;
        EXPECT_EQ(ATTEST_END_ACCEPTED, ask());
    }
    tpm_chip_done(&other_chip);
    tpm_rig_done(&other_rig);
    stop();
}

TEST(a_chip_is_not_asked_more_than_so_often)
{
    if (start()) {
        way = CHIP_SAYS_ANOTHER_SECRET; /* so that nothing is kept */
        for (unsigned i = 1; i <= ATTEST_ANSWERER_OPENINGS_PER_MINUTE + 1; i++) {
            EXPECT_EQ(ATTEST_END_REFUSED, ask());
        }
        EXPECT_EQ(ATTEST_ANSWERER_OPENINGS_PER_MINUTE, opened_count);
        host_net_pass(&net, 60 * US_PER_S);
        way = CHIP_OPENS;
        EXPECT_EQ(ATTEST_END_ACCEPTED, ask());
    }
    stop();
}

TEST(what_stands_above_the_certificate)
{
    if (start()) {
        trusted = (struct anchors){0}; /* a maker whom nobody has let in */
        EXPECT_EQ(ATTEST_END_REFUSED, ask());
        EXPECT_EQ(STEP_ROOT, verdict.step);
        trusted = (struct anchors){.list = &anchor, .count = 1};
        stop_nodes();
        issuers_len = 0; /* the operator has named none */
        EXPECT(start_nodes("") && renew());
        EXPECT_EQ(ATTEST_END_REFUSED, ask());
        EXPECT_EQ(STEP_ROOT, verdict.step);
        EXPECT_EQ(0, opened_count);
        /* Who takes a TPM that nothing vouches for takes this one too, and asks nothing of it. */
        stop_nodes();
        EXPECT(start_nodes("{\"version\":1,\"rules\":[{\"kind\":\"tpm2\",\"measurements\":\"any\","
                           "\"allow\":[\"no_ek\"]}]}") &&
               renew());
        EXPECT_EQ(ATTEST_END_ACCEPTED, ask());
        EXPECT_EQ(TEE_LEVEL_TPM_BOUND_KEY, verdict.level);
        EXPECT_EQ(0, opened_count);
    }
    stop();
}

TEST_MAIN
