/* A copy of the vault fetched with a security key: which of its passkeys is used, and what goes to the API. The real libfido2 over a CTAP device in software. */
#include "node/authenticator/device_vault.h"

#include "base/test.h"
#include "base/wr.h"
#include "crypto/backend.h"
#include "node/authenticator/libfido2.h"
#include "node/authenticator/soft_key_test.h"

#include <string.h>

static const struct span rp_id = SPAN_INIT("passmesh.localhost");
static const struct span origin = SPAN_INIT("http://passmesh.localhost:7878");
static const struct span pin = SPAN_INIT("1234");

/* An API that knows the two methods of a search. */
static struct bench {
    struct device_api api; /* first */
    const char *refused;   /* the method that is */
    char sent[8192];       /* members of vault_find_finish; empty: it was not called */
    struct soft_key soft;
    struct rng_seeded rng;
    struct device_vault d;
    struct device_fetch f;
} bench;

static enum err
call(struct device_api *self, struct json *ret_result, const char *method, struct span members)
{
    static const char begun[] = "{\"servers\":3,\"options\":{\"challenge\":"
                                "\"fzqSwQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw\"}}";
    struct bench *b = (struct bench *)(void *)self;
    if (b->refused && strcmp(method, b->refused) == 0) {
        text_set(self->code, sizeof self->code, SPAN_LIT("copies_none"));
        return ERR_DENIED;
    }
    if (strcmp(method, "vault_find_begin") == 0) {
        return json_parse(ret_result, span_str(begun), NULL);
    }
    EXPECT_STR("vault_find_finish", method);
    EXPECT(members.n < sizeof b->sent);
    (void)span_copy(mspan_of(b->sent, sizeof b->sent - 1), members);
    return json_parse(ret_result, SPAN_LIT("{\"servers\":3}"), NULL);
}

static struct bench *start(void)
{
    struct bench *b = &bench;
    memset(b, 0, sizeof *b);
    EXPECT_OK(crypto_init());
    b->api.call = call;
    soft_key_plug(&b->soft, test_seed());
    rng_seeded_init(&b->rng, test_seed());
    soft_key_vault(&b->d, &b->soft, &b->api, &b->rng.rng);
    return b;
}

static void done(struct bench *b)
{
    device_vault_done(&b->d);
    soft_key_unplug(&b->soft);
}

static void make(struct bench *b, const char *user_id, const char *name)
{
    const struct security_key_ask ask = {.rp_id = rp_id,
                                         .origin = origin,
                                         .challenge = SPAN_LIT("0123456789abcdef"),
                                         .pin = pin,
                                         .user_id = span_str(user_id),
                                         .user_name = span_str(name)};
    EXPECT_OK(security_key_create(&b->soft.key, &b->d.answer, &ask));
}

static enum err fetch(struct bench *b, size_t number)
{
    memset(b->sent, 0, sizeof b->sent);
    b->f = (struct device_fetch){.number = number};
    return device_vault_fetch(&b->d, &b->f);
}

static bool has_handle(const struct bench *b, const char *base64url)
{
    char want[64];
    struct wr w = wr_init(mspan_of(want, sizeof want - 1));
    wr_str(&w, "\"user_handle\":\"");
    wr_str(&w, base64url);
    wr_str(&w, "\"}");
    want[w.n] = '\0';
    return strstr(b->sent, want) != NULL;
}

TEST(the_only_passkey_is_used)
{
    struct bench *b = start();
    EXPECT_ERR(ERR_NOT_FOUND, fetch(b, 0)); /* an empty key */
    EXPECT_EQ(0, b->f.count);
    make(b, "one", "Some name");
    EXPECT_OK(fetch(b, 0));
    EXPECT_EQ(3, b->f.servers);
    EXPECT_EQ(0, b->f.count); /* nothing was to choose */
    EXPECT(has_handle(b, "b25l"));
    EXPECT(!b->d.answer.has_prf); /* what asks gives no secret */
    done(b);
}

TEST(of_several_that_of_the_vault_is_used_or_the_one_that_was_named)
{
    struct bench *b = start();
    make(b, "vault", "Passmesh vault");
    make(b, "spend", "Savings");
    EXPECT_OK(fetch(b, 0));
    EXPECT_EQ(2, b->f.count);
    EXPECT_STR("Savings", b->f.names[0].text); /* the newest is first */
    EXPECT_STR("Passmesh vault", b->f.names[1].text);
    EXPECT_EQ(2, b->f.taken);
    EXPECT(has_handle(b, "dmF1bHQ"));
    EXPECT_OK(fetch(b, 1));
    EXPECT_EQ(1, b->f.taken);
    EXPECT(has_handle(b, "c3BlbmQ"));
    make(b, "other", "Passmesh vault");
    EXPECT_ERR(ERR_NOT_FOUND, fetch(b, 0)); /* two vaults: the person says which */
    EXPECT_EQ(3, b->f.count);
    EXPECT_EQ(0, b->f.taken);
    EXPECT_STR("", b->sent);
    EXPECT_OK(fetch(b, 3));
    EXPECT(has_handle(b, "dmF1bHQ"));
    EXPECT_ERR(ERR_NOT_FOUND, fetch(b, 4));
    done(b);
}

TEST(a_name_that_cannot_be_shown_is_none)
{
    struct bench *b = start();
    make(b, "vault", "Passmesh vault");
    make(b, "spend", "\x1b[2JSavings");
    EXPECT_OK(fetch(b, 0));
    EXPECT_STR("", b->f.names[0].text);
    EXPECT_EQ(2, b->f.taken);
    done(b);
}

TEST(what_is_refused)
{
    struct bench *b = start();
    make(b, "vault", "Passmesh vault");
    b->d.pin = SPAN_LIT("9999");
    EXPECT_ERR(ERR_AUTH, fetch(b, 0));
    b->d.pin = pin;
    b->soft.device.fault = CTAP_FAULT_NO_UV;
    EXPECT_ERR(ERR_DENIED, fetch(b, 0));
    b->soft.device.fault = CTAP_NO_FAULT;
    b->soft.device.credentials[0].user_id_len = 0; /* it does not say whose it is */
    EXPECT_ERR(ERR_UNSUPPORTED, fetch(b, 0));
    EXPECT_STR("", b->sent);
    b->refused = "vault_find_begin";
    uint64_t before = b->soft.device.commands_count;
    EXPECT_ERR(ERR_DENIED, fetch(b, 0));
    EXPECT_STR("copies_none", b->api.code);
    EXPECT_EQ(before, b->soft.device.commands_count); /* nobody was asked to touch it in vain */
    done(b);
}

TEST_MAIN
