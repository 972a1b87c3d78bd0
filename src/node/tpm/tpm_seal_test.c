/* Sealing on swtpm: round trips, other registers, an approval made before an update, wrong authorization values, a locked chip, many losses of power, a cleared chip,
 * another chip, a chip that is taken away, and the counter. */
#include "node/tpm/tpm_seal.h"

#include "base/check.h"
#include "base/test.h"
#include "crypto/backend.h"
#include "node/tpm/tpm_rig_test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { REGISTER = 7, MASK = 1 << REGISTER };

struct bench {
    struct tpm_rig rig;
    struct tpm_chip chip;
    struct rng_seeded rng;
    struct secret32 key;
    struct secret32 authority_secret;
    struct p256_public authority;
    struct sealer_blob blob;
    struct sealer_approvals approvals;
};

static struct bench b;

/* Each with its index in the blob: version 1, name 34, index 4, then the authorization value. */
enum { AUTH_AT = 39 };

static bool approve(struct span values)
{
    struct sealer_approval *a = &b.approvals.list[b.approvals.count++];
    a->registers = MASK;
    return EXPECT_OK(tpm_seal_state(&b.chip, &a->state, MASK, values)) &&
           EXPECT_OK(sealer_approve(a, &b.authority_secret));
}

static bool begin(void)
{
    memset(&b, 0, sizeof b);
    EXPECT_OK(crypto_init());
    rng_seeded_init(&b.rng, test_seed());
    rng_fill(&b.rng.rng, MSPAN_OF(b.key.bytes));
    memset(b.authority_secret.bytes, 7, 32);
    EXPECT_OK(p256_public_of(&b.authority, &b.authority_secret));
    return tpm_rig_start(&b.rig, false) &&
           EXPECT_OK(tpm_chip_open(&b.chip, tpm_fd_tcti(&b.rig.fd)));
}

static bool seal(void)
{
    return EXPECT_OK(tpm_seal_make(&b.chip, &b.blob, &b.rng.rng, &b.key, &b.authority)) &&
           approve(SPAN_EMPTY);
}

static void end(void)
{
    tpm_chip_done(&b.chip);
    tpm_rig_done(&b.rig);
}

static enum err unseal(void)
{
    struct secret32 got = {{0}};
    TRY(tpm_seal_open(&b.chip, &got, &b.blob, &b.authority, &b.approvals));
    return ct_equal(SPAN_OF(got.bytes), SPAN_OF(b.key.bytes)) ? OK : ERR_INTERNAL;
}

static bool restart(void)
{
    tpm_chip_done(&b.chip);
    return tpm_rig_restart(&b.rig) && EXPECT_OK(tpm_chip_open(&b.chip, tpm_fd_tcti(&b.rig.fd)));
}

/* Register 7 as firmware changes it; returns its value then, from zeros. */
static void extend(struct hash32 *ret_value, const char *what)
{
    TPML_DIGEST_VALUES values = {.count = 1, .digests = {{.hashAlg = TPM2_ALG_SHA256}}};
    struct hash32 event;
    sha256(&event, span_str(what));
    memcpy(values.digests[0].digest.sha256, event.bytes, 32);
    EXPECT_EQ(TSS2_RC_SUCCESS,
              Esys_PCR_Extend(b.chip.ctx, ESYS_TR_PCR0 + REGISTER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                              ESYS_TR_NONE, &values));
    const struct span parts[] = {SPAN_OF(ret_value->bytes), SPAN_OF(event.bytes)};
    sha256_of(ret_value, parts, 2);
}

TEST(opens_again_and_after_a_restart)
{
    enum { ROUNDS = 20 };
    struct timespec from;
    struct timespec to;
    if (begin() && seal()) {
        printf("# a blob has %zu bytes\n", b.blob.n);
        EXPECT_OK(unseal());
        EXPECT(restart());
        (void)clock_gettime(CLOCK_MONOTONIC, &from);
        for (int i = 0; i < ROUNDS; i++) { /* more than the chip has room for */
            EXPECT_OK(unseal());
        }
        (void)clock_gettime(CLOCK_MONOTONIC, &to);
        long us = (to.tv_sec - from.tv_sec) * 1000000L + (to.tv_nsec - from.tv_nsec) / 1000;
        printf("# tpm_unseal_us %ld (swtpm)\n", us / ROUNDS);
    }
    end();
}

TEST(other_registers_open_nothing)
{
    struct hash32 value = {{0}};
    if (begin() && seal()) {
        extend(&value, "another boot loader");
        EXPECT_ERR(ERR_STATE, unseal());
        EXPECT(restart()); /* the machine starts as before */
        EXPECT_OK(unseal());
        b.approvals.count = 0;
        EXPECT_ERR(ERR_STATE, unseal());
    }
    end();
}

TEST(an_update_that_was_signed_before_locks_nobody_out)
{
    struct hash32 value = {{0}};
    struct hash32 next = {{0}};
    struct hash32 event;
    sha256(&event, SPAN_LIT("the next release"));
    const struct span parts[] = {SPAN_OF(next.bytes), SPAN_OF(event.bytes)};
    sha256_of(&next, parts, 2);
    if (begin() && seal() && approve(SPAN_OF(next.bytes))) {
        EXPECT_OK(unseal());
        extend(&value, "the next release");
        EXPECT_SPAN(SPAN_OF(next.bytes), SPAN_OF(value.bytes));
        EXPECT_OK(unseal());
        extend(&value, "and one that nobody signed");
        EXPECT_ERR(ERR_STATE, unseal());
    }
    end();
}

TEST(an_approval_by_anybody_else_does_not_count)
{
    struct hash32 value = {{0}};
    struct secret32 other;
    memset(other.bytes, 9, sizeof other.bytes);
    if (begin() && seal()) {
        extend(&value, "evil");
        struct sealer_approval *a = &b.approvals.list[b.approvals.count++];
        a->registers = MASK;
        EXPECT_OK(tpm_seal_state(&b.chip, &a->state, MASK, SPAN_EMPTY));
        EXPECT_OK(sealer_approve(a, &other));
        EXPECT(!sealer_is_approved(a, &b.authority));
        EXPECT_ERR(ERR_AUTH, unseal());
        /* Nor does another authority that the file names: the sealed object knows its own. */
        struct p256_public mine = b.authority;
        EXPECT_OK(p256_public_of(&b.authority, &other));
        EXPECT_ERR(ERR_STATE, unseal());
        b.authority = mine;
        /* Nor fewer registers than were approved. */
        EXPECT_OK(sealer_approve(a, &b.authority_secret));
        EXPECT_OK(unseal());
        a->registers = 1 << 23;
        EXPECT_ERR(ERR_STATE, unseal());
    }
    end();
}

/* Another program's object, whose wrong tries count. */
static TSS2_RC try_wrong(ESYS_TR *object)
{
    static const TPM2B_DATA outside = {.size = 0};
    static const TPML_PCR_SELECTION no_pcr = {.count = 0};
    static const TPM2B_AUTH wrong = {.size = 1, .buffer = {'x'}};
    TPM2B_SENSITIVE_DATA *data = NULL;
    if (*object == ESYS_TR_NONE) {
        TPM2B_SENSITIVE_CREATE sensitive = {
            .sensitive = {.userAuth = {.size = 1, .buffer = {'a'}},
                          .data = {.size = 1, .buffer = {'b'}}}
        };
        TPM2B_PUBLIC area = {
            .publicArea = {.type = TPM2_ALG_KEYEDHASH,
                           .nameAlg = TPM2_ALG_SHA256,
                           .objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                               TPMA_OBJECT_USERWITHAUTH, .parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL}
        };
        EXPECT_EQ(0, Esys_CreatePrimary(b.chip.ctx, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
                                        ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &area, &outside,
                                        &no_pcr, object, NULL, NULL, NULL, NULL));
        EXPECT_EQ(0, Esys_TR_SetAuth(b.chip.ctx, *object, &wrong));
    }
    return Esys_Unseal(b.chip.ctx, *object, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data);
}

TEST(a_chip_that_others_have_locked_still_opens)
{
    enum { TRIES_MAX = 64 };
    if (begin() && seal()) {
        ESYS_TR object = ESYS_TR_NONE;
        int tries = 0;
        while ((try_wrong(&object) & 0xffff) != TPM2_RC_LOCKOUT && tries < TRIES_MAX) {
            tries++;
        }
        printf("# locked at try %d\n", tries);
        EXPECT(tries < TRIES_MAX);
        EXPECT_OK(unseal());
        uint64_t n = 0;
        EXPECT_OK(tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_ADD, &b.blob, &b.key));
    }
    end();
}

TEST(many_losses_of_power_lock_nothing)
{
    enum { LOSSES = 40 };
    if (begin() && seal()) {
        for (int i = 0; i < LOSSES; i++) {
            test_note("loss %d", i);
            TEST_REQUIRE(restart());
            TEST_REQUIRE(EXPECT_OK(unseal()));
        }
    }
    end();
}

TEST(a_wrong_authorization_value_opens_nothing)
{
    if (begin() && seal()) {
        b.blob.bytes[AUTH_AT] ^= 1;
        EXPECT_ERR(ERR_AUTH, unseal());
        b.blob.bytes[AUTH_AT] ^= 1;
        EXPECT_OK(unseal());
    }
    end();
}

TEST(blobs_that_were_cut_or_changed)
{
    if (begin() && seal()) {
        struct sealer_blob good = b.blob;
        for (size_t n = 0; n < good.n; n += n < AUTH_AT ? 1 : 37) {
            test_note("cut to %zu", n);
            b.blob.n = n;
            EXPECT_ERR(ERR_AUTH, unseal());
        }
        b.blob = good;
        b.blob.bytes[2] ^= 1; /* the parent's name */
        EXPECT_ERR(ERR_NOT_FOUND, unseal());
        b.blob = good;
        b.blob.bytes[good.n - 1] ^= 1;
        EXPECT(unseal() != OK);
    }
    end();
}

TEST(a_cleared_chip_opens_nothing)
{
    uint64_t n = 0;
    if (begin() && seal()) {
        EXPECT_EQ(TSS2_RC_SUCCESS, Esys_Clear(b.chip.ctx, ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD,
                                              ESYS_TR_NONE, ESYS_TR_NONE));
        EXPECT_ERR(ERR_NOT_FOUND, unseal());
        EXPECT_ERR(ERR_NOT_FOUND,
                   tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_READ, &b.blob, &b.key));
        EXPECT_OK(tpm_seal_make(&b.chip, &b.blob, &b.rng.rng, &b.key, &b.authority));
        EXPECT_OK(unseal());
    }
    end();
}

TEST(a_chip_that_is_taken_away)
{
    uint64_t n = 0;
    if (begin() && seal()) {
        tpm_rig_stop(&b.rig);
        EXPECT_ERR(ERR_IO, unseal());
        EXPECT_ERR(ERR_IO, tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_ADD, &b.blob, &b.key));
    }
    end();
}

TEST(the_counter_only_goes_up_and_only_for_the_keys_holder)
{
    uint64_t first = 0;
    uint64_t n = 0;
    struct sealer_blob second;
    struct secret32 other = {{0}};
    if (begin() && seal()) {
        EXPECT_OK(tpm_seal_counter(&b.chip, &first, SEALER_COUNTER_READ, &b.blob, &b.key));
        for (uint64_t i = 1; i <= 3; i++) {
            EXPECT_OK(tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_ADD, &b.blob, &b.key));
            EXPECT_EQ(first + i, n);
        }
        EXPECT(restart());
        EXPECT_OK(tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_READ, &b.blob, &b.key));
        EXPECT_EQ(first + 3, n);
        EXPECT_ERR(ERR_AUTH, tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_ADD, &b.blob, &other));
        /* Another store of the machine has one of its own; one that is made again begins above. */
        EXPECT_OK(tpm_seal_make(&b.chip, &second, &b.rng.rng, &other, &b.authority));
        EXPECT_ERR(ERR_AUTH, tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_REMOVE, &b.blob, &other));
        EXPECT_OK(tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_REMOVE, &b.blob, &b.key));
        EXPECT_ERR(ERR_NOT_FOUND,
                   tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_READ, &b.blob, &b.key));
        EXPECT_OK(tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_READ, &second, &other));
        EXPECT_OK(tpm_seal_make(&b.chip, &b.blob, &b.rng.rng, &b.key, &b.authority));
        EXPECT_OK(tpm_seal_counter(&b.chip, &n, SEALER_COUNTER_READ, &b.blob, &b.key));
        EXPECT(n > first + 3);
    }
    end();
}

TEST_MAIN
