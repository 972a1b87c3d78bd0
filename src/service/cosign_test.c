#include "service/cosign.h"

#include "base/test.h"

#include <string.h>

static struct service_cosigned example(void)
{
    struct service_cosigned c;
    memset(c.cosigner.bytes, 0xc0, sizeof c.cosigner.bytes);
    memset(c.terms.bytes, 0x31, sizeof c.terms.bytes);
    memset(c.signature, 0x55, sizeof c.signature);
    c.signature[64] = 28;
    return c;
}

TEST(answers)
{
    static const enum service_type types[] = {SERVICE_COSIGN_CREATE, SERVICE_COSIGN_SIGN};
    for (size_t i = 0; i < 2; i++) {
        struct buf b;
        struct service_cosigned c = example();
        struct service_cosigned back;
        test_note("type %zu", i);
        buf_init(&b, test_budget(), 256);
        EXPECT_OK(service_cosigned_encode(&c, types[i], &b));
        EXPECT_OK(service_cosigned_decode(&back, types[i], buf_span(&b)));
        if (i == 0) {
            EXPECT(address_equal(c.cosigner, back.cosigner));
            EXPECT_SPAN(SPAN_OF(c.terms.bytes), SPAN_OF(back.terms.bytes));
        } else {
            EXPECT_SPAN(SPAN_OF(c.signature), SPAN_OF(back.signature));
        }
        /* the other type's answer, and half of one, are none */
        EXPECT_ERR(ERR_MALFORMED, service_cosigned_decode(&back, types[1 - i], buf_span(&b)));
        for (size_t n = 0; n < b.n; n++) {
            EXPECT(service_cosigned_decode(&back, types[i], span_first(buf_span(&b), n)) != OK);
        }
        buf_done(&b);
    }
}

/* docs/protocol.md has these bytes. */
TEST(vector)
{
    struct buf b;
    struct service_cosigned c = example();
    buf_init(&b, test_budget(), 256);
    EXPECT_OK(service_cosigned_encode(&c, SERVICE_COSIGN_CREATE, &b));
    EXPECT_SPAN(test_hex("0a14c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c01220"
                         "3131313131313131313131313131313131313131313131313131313131313131"),
                buf_span(&b));
    buf_clear(&b);
    EXPECT_OK(service_cosigned_encode(&c, SERVICE_COSIGN_SIGN, &b));
    EXPECT_SPAN(test_hex("1a41"
                         "5555555555555555555555555555555555555555555555555555555555555555"
                         "5555555555555555555555555555555555555555555555555555555555555555"
                         "1c"),
                buf_span(&b));
    buf_done(&b);
}

TEST(a_removal_has_an_empty_body)
{
    struct buf b;
    struct service_cosigned c = example();
    struct service_cosigned back;
    buf_init(&b, test_budget(), 256);
    EXPECT_OK(service_cosigned_encode(&c, SERVICE_COSIGN_REMOVE, &b));
    EXPECT_EQ(0, b.n);
    EXPECT_OK(service_cosigned_decode(&back, SERVICE_COSIGN_REMOVE, buf_span(&b)));
    buf_done(&b);
}

TEST(a_signature_that_the_account_would_not_take)
{
    struct buf b;
    struct service_cosigned c = example();
    struct service_cosigned back;
    buf_init(&b, test_budget(), 256);
    c.signature[64] = 1; /* a recovery id as it is, without 27 */
    EXPECT_OK(service_cosigned_encode(&c, SERVICE_COSIGN_SIGN, &b));
    EXPECT_ERR(ERR_MALFORMED, service_cosigned_decode(&back, SERVICE_COSIGN_SIGN, buf_span(&b)));
    buf_done(&b);
}

/* Every error of keyd has a code and a sentence, and only OK is OK. */
TEST(codes)
{
    for (unsigned e = 0; e < ERR_COUNT; e++) {
        const char *text = NULL;
        enum service_code code = service_cosign_code(&text, SERVICE_COSIGN_SIGN, (enum err)e);
        EXPECT_EQ(e == OK, code == SERVICE_OK);
        EXPECT(text && (e == OK || strlen(text) > 10));
    }
    const char *text;
    EXPECT_EQ(SERVICE_DENIED, service_cosign_code(&text, SERVICE_COSIGN_CREATE, ERR_LIMIT));
    EXPECT_STR("this server has no place for another co-signer", text);
}

TEST_MAIN
