#include "wallet/vault_content.h"

#include "base/test.h"
#include "crypto/backend.h"

#include <string.h>

static struct {
    struct vault_content in;
    struct vault_content out;
    uint8_t bytes[CAPSULE_LEN];
    uint8_t again[CAPSULE_LEN];
} t;

static void start(void)
{
    memset(&t, 0, sizeof t);
    EXPECT_OK(crypto_init());
    struct vault_content *c = &t.in;
    memset(c->seed.bytes, 7, sizeof c->seed.bytes);
    c->next_number = 4;
    c->passkeys_count = 1;
    struct vault_passkey *p = &c->passkeys[0];
    struct secret32 secret = {{5}};
    EXPECT_OK(p256_public_of(&p->credential.key, &secret));
    p->credential_id_len = 3;
    memcpy(p->credential_id, "abc", 3);
    p->origin_len = (uint8_t)span_copy(MSPAN_OF(p->origin), SPAN_LIT("http://passmesh.localhost"));
    p->credential.sign_count = 9;
    p->credential.is_backup_eligible = true;
    c->entries_count = 2;
    c->entries[0] = (struct vault_entry){
        .kind = VAULT_PHRASE,
        .number = 1,
        .entropy = {.n = 16, .language = BIP39_KOREAN},
        .passphrase = "pass",
        .passphrase_len = 4
    };
    c->entries[1] = (struct vault_entry){.kind = VAULT_KEY, .number = 3, .key = {{8}}};
    EXPECT_OK(vault_content_encode(MSPAN_OF(t.bytes), c));
}

TEST(comes_back_the_same)
{
    start();
    memset(t.out.data_key.bytes, 0x77, 32);
    EXPECT_OK(vault_content_decode(&t.out, SPAN_OF(t.bytes)));
    EXPECT_EQ(0x77, t.out.data_key.bytes[31]);
    EXPECT_EQ(4, t.out.next_number);
    EXPECT_EQ(9, t.out.passkeys[0].credential.sign_count);
    EXPECT(t.out.passkeys[0].credential.is_backup_eligible);
    EXPECT_EQ(BIP39_KOREAN, t.out.entries[0].entropy.language);
    EXPECT_EQ(8, t.out.entries[1].key.bytes[0]);
    EXPECT_OK(vault_content_encode(MSPAN_OF(t.again), &t.out));
    EXPECT(memcmp(t.bytes, t.again, sizeof t.bytes) == 0);
}

/* The length is exact: each cut and each byte behind it is refused. */
TEST(lengths_and_filler)
{
    start();
    size_t n = (size_t)(t.bytes[0] << 8 | t.bytes[1]);
    for (size_t i = 0; i < n; i++) {
        memcpy(t.again, t.bytes, sizeof t.bytes);
        t.again[0] = (uint8_t)(i >> 8);
        t.again[1] = (uint8_t)i;
        test_note("length %zu of %zu", i, n);
        EXPECT_ERR(ERR_MALFORMED, vault_content_decode(&t.out, SPAN_OF(t.again)));
    }
    static const size_t places[] = {0, 1, 100};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        memcpy(t.again, t.bytes, sizeof t.bytes);
        t.again[2 + n + places[i]] = 1;
        EXPECT_ERR(ERR_MALFORMED, vault_content_decode(&t.out, SPAN_OF(t.again)));
    }
    EXPECT_ERR(ERR_MALFORMED, vault_content_decode(&t.out, span_of(t.bytes, n + 1)));
    EXPECT_OK(vault_content_decode(&t.out, span_of(t.bytes, n + 2)));
    EXPECT_ERR(ERR_LIMIT, vault_content_encode(mspan_of(t.again, n + 1), &t.in));
    EXPECT_OK(vault_content_encode(mspan_of(t.again, n + 2), &t.in));
}

TEST(values_out_of_range)
{
    struct {
        const char *name;
        uint8_t *at;
        uint8_t value;
    } cases[] = {
        {"language",              (uint8_t *)&t.in.entries[0].entropy.language, BIP39_LANGUAGE_COUNT},
        {"entropy of 17 bytes",   (uint8_t *)&t.in.entries[0].entropy.n,        17                  },
        {"entropy of 12 bytes",   (uint8_t *)&t.in.entries[0].entropy.n,        12                  },
        {"number to come",        (uint8_t *)&t.in.entries[1].number,           4                   },
        {"no credential id",      &t.in.passkeys[0].credential_id_len,          0                   },
        {"no origin",             &t.in.passkeys[0].origin_len,                 0                   },
        {"a point off the curve", &t.in.passkeys[0].credential.key.xy[3],       0xee                },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start();
        test_note("%s", cases[i].name);
        *cases[i].at = cases[i].value;
        EXPECT_OK(vault_content_encode(MSPAN_OF(t.bytes), &t.in));
        EXPECT_ERR(ERR_MALFORMED, vault_content_decode(&t.out, SPAN_OF(t.bytes)));
        EXPECT_EQ(0, t.out.seed.bytes[0]);
    }
}

TEST_MAIN
