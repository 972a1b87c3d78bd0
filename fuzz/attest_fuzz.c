/* The attestation protocol: whatever comes, a verifier accepts nothing, and cutting the input elsewhere changes nothing. Each side gets the input as the first message, and as what comes after a
 * good first round trip: there a TPM's key waits for a credential to be opened. */
#include "base/check.h"
#include "tee/attest.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Evidence of a TPM lacks a credential; all other is refused. */
static enum err refuse(struct attest_judge *self,
                       struct appraisal *ret,
                       const struct evidence *evidence,
                       const uint8_t binding[static 64],
                       struct span activated_name)
{
    (void)self;
    (void)binding;
    appraisal_init(ret, evidence->kind);
    ret->has_hardware_id = true;
    check(activated_name.n == 0);
    return appraisal_fail(ret, ERR_AUTH,
                          evidence->kind == TEE_TPM2 ? STEP_KEY_ORIGIN : STEP_BINDING,
                          PART_EVIDENCE, 0);
}

/* A secret that no input knows: its first half is the hash of its second, and that of a constant. */
static enum err challenge(struct attest_judge *self,
                          struct tpm2_credential *ret,
                          struct secret32 *ret_secret,
                          const struct appraisal *failed,
                          const struct evidence *evidence,
                          struct span name)
{
    struct hash32 hash;
    (void)self;
    (void)failed;
    (void)evidence;
    sha256(&hash, name);
    (void)span_copy(MSPAN_OF(ret_secret->bytes), SPAN_OF(hash.bytes));
    memcpy(ret->bytes, "\0\1x\0\1y", 6);
    ret->n = 6;
    return OK;
}

static struct attest_judge judge = {refuse, challenge};

/* TPM2B_PUBLIC of a P-256 key: what names it. */
static const uint8_t ak[90] = {0, 0x58, 0, 0x23, 0, 0x0b, 0, 5,    0, 0x72, 0,        0, 0, 0x10,
                               0, 0x18, 0, 0x0b, 0, 3,    0, 0x10, 0, 32,   [56] = 0, 32};

static enum attest_outcome feed(struct attest *a, struct span data, size_t step)
{
    uint8_t out[64];
    struct attest_event e = {0};
    struct span credential;
    struct secret32 secret = {{0}};
    while (data.n > 0) {
        struct span in = span_take(&data, step);
        if (attest_recv(a, (instant){0}, &in) != OK) {
            break;
        }
    }
    if (attest_is_opening(a, &credential)) {
        check(credential.n <= TPM2_CREDENTIAL_LEN_MAX);
        attest_open(a, (instant){0}, OK, &secret);
    }
    while (attest_send(a, (instant){0}, MSPAN_OF(out)) > 0) {}
    (void)attest_poll(a, &e);
    attest_done(a);
    return e.outcome;
}

static void pass(struct attest *from, struct attest *to)
{
    uint8_t out[1024];
    size_t n;
    do {
        n = attest_send(from, (instant){0}, MSPAN_OF(out));
        struct span in = span_of(out, n);
        check(attest_recv(to, (instant){0}, &in) == OK);
    } while (n > 0);
}

static void fuzz_first(const struct attest_cfg *cfg, struct span data)
{
    static struct attest a;
    check(attest_init(&a, cfg, (instant){0}) == OK);
    enum attest_outcome whole = feed(&a, data, data.n + 1);
    check(attest_init(&a, cfg, (instant){0}) == OK);
    check(whole == feed(&a, data, 3));
    check(!cfg->is_verifier || whole != ATTEST_ACCEPTED);
}

static void
fuzz_second(const struct attest_cfg *verifier, const struct attest_cfg *attester, struct span data)
{
    static struct attest v;
    static struct attest a;
    enum attest_outcome whole[2] = {ATTEST_PENDING, ATTEST_PENDING};
    const size_t steps[] = {data.n + 1, 3};
    for (size_t i = 0; i < 2; i++) {
        check(attest_init(&v, verifier, (instant){0}) == OK);
        check(attest_init(&a, attester, (instant){0}) == OK);
        pass(&v, &a);
        pass(&a, &v);
        check(v.stage == ATTEST_STAGE_CREDENTIAL);
        check(a.stage == ATTEST_STAGE_CREDENTIAL);
        enum attest_outcome said = feed(&v, data, steps[i]);
        enum attest_outcome opened = feed(&a, data, steps[i]);
        check(said != ATTEST_ACCEPTED);
        check(i == 0 || (said == whole[0] && opened == whole[1]));
        whole[0] = said;
        whole[1] = opened;
    }
}

static void make_identity(struct attest_identity *ret, struct ed25519_key *key)
{
    static uint8_t text[512];
    struct secret32 seed = {{1}};
    struct evidence e = {.kind = TEE_TPM2};
    struct wr w = wr_init(MSPAN_OF(text));
    ed25519_key_init(key, &seed);
    e.parts[EVIDENCE_MAIN] = SPAN_LIT("a quote");
    e.parts[EVIDENCE_TPM_KEY] = SPAN_OF(ak);
    evidence_encode(&w, &e);
    *ret = (struct attest_identity){.kind = TEE_TPM2,
                                    .evidence = span_of(text, w.n),
                                    .evidence_ek = span_of(text, w.n),
                                    .session_key = key};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget;
    struct attest_identity identity;
    struct ed25519_key key;
    budget_init(&budget, NULL, "fuzz", 1 << 20);
    make_identity(&identity, &key);
    struct attest_cfg verifier = {.is_verifier = true,
                                  .self_id = SPAN_LIT("one"),
                                  .remote_id = SPAN_LIT("two"),
                                  .channel = SPAN_LIT("a channel of thirty-two bytes ..."),
                                  .budget = &budget,
                                  .timeout_us = 1,
                                  .open_timeout_us = 1,
                                  .kinds = 0x7f,
                                  .judge = &judge};
    struct attest_cfg attester = {.self_id = SPAN_LIT("two"),
                                  .remote_id = SPAN_LIT("one"),
                                  .channel = verifier.channel,
                                  .budget = &budget,
                                  .timeout_us = 1,
                                  .open_timeout_us = 1};
    fuzz_first(&verifier, span_of(data, size));
    fuzz_first(&attester, span_of(data, size));
    attester.identity = &identity;
    fuzz_second(&verifier, &attester, span_of(data, size));
    return 0;
}
