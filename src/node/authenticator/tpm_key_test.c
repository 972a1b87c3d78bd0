/* Passkeys in a TPM, over swtpm: created, used, the PRF, wrong PINs up to the chip's lockout, a cleared chip, a chip that is taken away. */
#define _GNU_SOURCE
#include "node/authenticator/tpm_key.h"

#include "base/check.h"
#include "base/test.h"
#include "crypto/backend.h"
#include "node/os/process.h"
#include "webauthn/auth_data.h"
#include "webauthn/relying_party.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tcti.h>
#include <unistd.h>

enum { GRACE_MS = 10000, ANSWER_MS = 60000, MESSAGE_MAX = 4096 };

/* A chip: swtpm on a directory of its own, and the way to it. common must be first. */
struct chip {
    TSS2_TCTI_CONTEXT_COMMON_V2 common;
    struct process process;
    char dir[256];
    uint8_t answer[MESSAGE_MAX];
    size_t answer_len;
};

static struct chip *chip_of(TSS2_TCTI_CONTEXT *tcti)
{
    return (struct chip *)(void *)tcti;
}

static TSS2_RC chip_transmit(TSS2_TCTI_CONTEXT *tcti, size_t n, const uint8_t *command)
{
    struct chip *c = chip_of(tcti);
    c->answer_len = 0;
    return write(c->process.fd, command, n) == (ssize_t)n ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_IO_ERROR;
}

static bool read_whole(int fd, uint8_t *out, size_t n)
{
    for (size_t got = 0; got < n;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, ANSWER_MS) <= 0) {
            return false;
        }
        ssize_t r = read(fd, out + got, n - got);
        if (r <= 0) {
            return false;
        }
        got += (size_t)r;
    }
    return true;
}

/* ESYS asks twice: for the length, then for the bytes. */
static TSS2_RC chip_receive(TSS2_TCTI_CONTEXT *tcti, size_t *n, uint8_t *out, int32_t timeout)
{
    struct chip *c = chip_of(tcti);
    (void)timeout;
    if (c->answer_len == 0) {
        if (!read_whole(c->process.fd, c->answer, 10)) {
            return TSS2_TCTI_RC_IO_ERROR;
        }
        size_t len = (size_t)c->answer[2] << 24 | (size_t)c->answer[3] << 16 |
                     (size_t)c->answer[4] << 8 | c->answer[5];
        if (len < 10 || len > MESSAGE_MAX || !read_whole(c->process.fd, c->answer + 10, len - 10)) {
            return TSS2_TCTI_RC_IO_ERROR;
        }
        c->answer_len = len;
    }
    if (!out) {
        *n = c->answer_len;
        return TSS2_RC_SUCCESS;
    }
    if (*n < c->answer_len) {
        return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
    }
    memcpy(out, c->answer, c->answer_len);
    *n = c->answer_len;
    c->answer_len = 0;
    return TSS2_RC_SUCCESS;
}

static bool chip_start(struct chip *c)
{
    char state[300];
    (void)snprintf(state, sizeof state, "dir=%s", c->dir);
    const char *const argv[] = {"swtpm", "socket", "--tpm2",  "--tpmstate",    state,
                                "--fd",  "3",      "--flags", "not-need-init", NULL};
    const char *const env[] = {NULL};
    const struct process_args args = {.path = "/usr/bin/swtpm", .argv = argv, .env = env};
    if (access(args.path, X_OK) != 0) {
        test_skip("swtpm is missing: make deps GROUP=test");
        return false;
    }
    c->common = (TSS2_TCTI_CONTEXT_COMMON_V2){
        .v1 = {.magic = 0x7061737370617373,
               .version = 2,
               .transmit = chip_transmit,
               .receive = chip_receive}
    };
    return EXPECT_OK(process_spawn(&c->process, &args));
}

static bool chip_init(struct chip *c)
{
    const char *base = getenv("TMPDIR");
    memset(c, 0, sizeof *c);
    EXPECT_OK(crypto_init());
    (void)snprintf(c->dir, sizeof c->dir, "%s/passmesh-tpm-XXXXXX", base ? base : "/tmp");
    check(mkdtemp(c->dir));
    return chip_start(c);
}

static TSS2_TCTI_CONTEXT *chip_tcti(struct chip *c)
{
    return (TSS2_TCTI_CONTEXT *)(void *)&c->common;
}

static void chip_done(struct chip *c)
{
    process_stop(&c->process, GRACE_MS);
    int fd = open(c->dir, O_RDONLY | O_DIRECTORY);
    DIR *d = fdopendir(fd);
    check(d);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        (void)unlinkat(fd, e->d_name, 0);
    }
    (void)closedir(d);
    EXPECT(rmdir(c->dir) == 0);
}

static struct chip chip;
static struct security_key_answer made;
static struct security_key_answer used;
static struct tpm_key_blob blob;

static const struct relying_party rp = {
    .id = SPAN_INIT("passmesh.localhost"),
    .origin = SPAN_INIT("http://passmesh.localhost:7878"),
    .requires_user_verification = true,
};

static struct security_key_ask asking(const char *pin)
{
    return (struct security_key_ask){.rp_id = rp.id,
                                     .origin = rp.origin,
                                     .challenge = SPAN_LIT("0123456789abcdef0123456789abcdef"),
                                     .pin = span_str(pin),
                                     .user_id = SPAN_LIT("whose it is")};
}

static bool start(struct tpm_key *k)
{
    if (!chip_init(&chip)) {
        if (chip.process.pid == 0) {
            chip_done(&chip);
        }
        return false;
    }
    return EXPECT_OK(tpm_key_open(k, chip_tcti(&chip)));
}

static enum err verify_used(const struct registration *reg, const struct security_key_ask *ask)
{
    const struct assertion_response response = security_key_assertion(&used);
    const struct assertion_credential credential = {.key = reg->key};
    struct assertion a;
    TRY(assertion_verify(&a, &rp, ask->challenge, &credential, &response, NULL));
    return a.is_user_verified ? OK : ERR_DENIED;
}

TEST(made_in_the_chip_and_used_after_a_restart)
{
    struct tpm_key k;
    struct registration reg;
    struct secret32 first;
    if (!start(&k)) {
        return;
    }
    struct security_key_ask ask = asking("1234");
    EXPECT_OK(tpm_key_create(&k, &made, &blob, &ask));
    const struct registration_response response = security_key_registration(&made);
    EXPECT_OK(registration_verify(&reg, &rp, ask.challenge, &response, NULL));
    EXPECT(reg.is_user_verified);
    printf("# a blob has %zu bytes\n", blob.n);
    EXPECT_OK(tpm_key_assert(&k, &used, &blob, &ask));
    EXPECT_OK(verify_used(&reg, &ask));
    EXPECT(!used.has_prf);
    EXPECT_SPAN(reg.credential_id, span_of(used.credential_id, used.credential_id_len));
    EXPECT_SPAN(ask.user_id, span_of(used.user_id, used.user_id_len));
    ask.prf_input = SPAN_LIT("an input of the vault");
    EXPECT_OK(tpm_key_assert(&k, &used, &blob, &ask));
    EXPECT_OK(verify_used(&reg, &ask));
    memcpy(first.bytes, used.prf.bytes, sizeof first.bytes);
    tpm_key_done(&k);
    process_stop(&chip.process, GRACE_MS);
    TEST_REQUIRE(chip_start(&chip)); /* the machine was off */
    EXPECT_OK(tpm_key_open(&k, chip_tcti(&chip)));
    EXPECT_OK(tpm_key_assert(&k, &used, &blob, &ask));
    EXPECT_OK(verify_used(&reg, &ask));
    EXPECT(used.has_prf);
    EXPECT_SPAN(SPAN_OF(first.bytes), SPAN_OF(used.prf.bytes));
    ask.prf_input = SPAN_LIT("another");
    EXPECT_OK(tpm_key_assert(&k, &used, &blob, &ask));
    EXPECT(!ct_equal(SPAN_OF(first.bytes), SPAN_OF(used.prf.bytes)));
    tpm_key_done(&k);
    chip_done(&chip);
}

TEST(wrong_pins_until_the_chip_locks)
{
    enum { TRIES_MAX = 64 };
    struct tpm_key k;
    if (!start(&k)) {
        return;
    }
    struct security_key_ask good = asking("1234");
    struct security_key_ask bad = asking("1235");
    EXPECT_OK(tpm_key_create(&k, &made, &blob, &good));
    EXPECT_ERR(ERR_AUTH, tpm_key_assert(&k, &used, &blob, &bad));
    EXPECT_OK(tpm_key_assert(&k, &used, &blob, &good));
    enum err e = ERR_AUTH;
    int tries = 0;
    while (e == ERR_AUTH && tries < TRIES_MAX) {
        e = tpm_key_assert(&k, &used, &blob, &bad);
        tries++;
    }
    printf("# locked at try %d\n", tries);
    EXPECT_ERR(ERR_DENIED, e);
    EXPECT_ERR(ERR_DENIED, tpm_key_assert(&k, &used, &blob, &good)); /* the right one too */
    tpm_key_done(&k);
    chip_done(&chip);
}

TEST(pins_out_of_range_do_not_reach_the_chip)
{
    struct tpm_key k = {0};
    struct security_key_ask ask = asking("123");
    EXPECT_OK(crypto_init());
    EXPECT_ERR(ERR_LIMIT, tpm_key_create(&k, &made, &blob, &ask));
    static const uint8_t long_pin[SECURITY_KEY_PIN_MAX + 1] = {'1'};
    ask.pin = SPAN_OF(long_pin);
    EXPECT_ERR(ERR_LIMIT, tpm_key_create(&k, &made, &blob, &ask));
    EXPECT_ERR(ERR_LIMIT, tpm_key_assert(&k, &used, &blob, &ask));
}

TEST(blobs_that_are_not_of_this_passkey)
{
    struct tpm_key k;
    if (!start(&k)) {
        return;
    }
    struct security_key_ask ask = asking("1234");
    EXPECT_OK(tpm_key_create(&k, &made, &blob, &ask));
    struct tpm_key_blob good = blob;
    ask.rp_id = SPAN_LIT("example.org");
    EXPECT_ERR(ERR_MALFORMED, tpm_key_assert(&k, &used, &blob, &ask));
    ask = asking("1234");
    for (size_t n = 0; n < good.n; n += n < 40 ? 1 : 53) {
        blob.n = n;
        test_note("cut to %zu", n);
        EXPECT(tpm_key_assert(&k, &used, &blob, &ask) != OK);
        ask.prf_input = SPAN_LIT("x");
        EXPECT(tpm_key_assert(&k, &used, &blob, &ask) != OK);
        ask.prf_input = SPAN_EMPTY;
    }
    blob = good;
    blob.bytes[0] = 1; /* as it was written before the user id stood in it */
    EXPECT_OK(tpm_key_assert(&k, &used, &blob, &ask));
    EXPECT_EQ(0, used.user_id_len);
    blob = good;
    blob.bytes[200] ^= 1; /* within what the chip wrapped, or its name: another object */
    EXPECT(tpm_key_assert(&k, &used, &blob, &ask) != OK);
    tpm_key_done(&k);
    chip_done(&chip);
}

TEST(a_cleared_chip_opens_nothing)
{
    struct tpm_key k;
    if (!start(&k)) {
        return;
    }
    struct security_key_ask ask = asking("1234");
    EXPECT_OK(tpm_key_create(&k, &made, &blob, &ask));
    EXPECT_EQ(TSS2_RC_SUCCESS, Esys_Clear(k.chip.ctx, ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD,
                                          ESYS_TR_NONE, ESYS_TR_NONE));
    tpm_key_done(&k);
    EXPECT_OK(tpm_key_open(&k, chip_tcti(&chip)));
    EXPECT_ERR(ERR_NOT_FOUND, tpm_key_assert(&k, &used, &blob, &ask));
    tpm_key_done(&k);
    chip_done(&chip);
}

TEST(a_chip_that_is_taken_away)
{
    struct tpm_key k;
    if (!start(&k)) {
        return;
    }
    struct security_key_ask ask = asking("1234");
    EXPECT_OK(tpm_key_create(&k, &made, &blob, &ask));
    process_stop(&chip.process, GRACE_MS);
    EXPECT_ERR(ERR_IO, tpm_key_assert(&k, &used, &blob, &ask));
    EXPECT_ERR(ERR_IO, tpm_key_create(&k, &made, &blob, &ask));
    tpm_key_done(&k);
    EXPECT_ERR(ERR_IO, tpm_key_open(&k, chip_tcti(&chip)));
    chip_done(&chip);
}

/* Nothing is left in the chip: far more rounds than it has room for. */
TEST(the_chip_does_not_fill_up)
{
    enum { ROUNDS = 12 };
    struct tpm_key k;
    struct timespec from;
    struct timespec to;
    if (!start(&k)) {
        return;
    }
    struct security_key_ask good = asking("1234");
    EXPECT_OK(tpm_key_create(&k, &made, &blob, &good));
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < ROUNDS; i++) {
        EXPECT_OK(tpm_key_assert(&k, &used, &blob, &good));
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    long long took_us = (to.tv_sec - from.tv_sec) * 1000000LL + (to.tv_nsec - from.tv_nsec) / 1000;
    printf("# tpm_signature_us %lld (swtpm)\n", took_us / ROUNDS);
    tpm_key_done(&k);
    for (int i = 0; i < ROUNDS; i++) {
        EXPECT_OK(tpm_key_open(&k, chip_tcti(&chip)));
        tpm_key_done(&k);
    }
    chip_done(&chip);
}

TEST_MAIN
