/* Keys that a device holds: what they sign counts like that of any other key, and what they get wrong leaves nothing behind. */
#include "plugin/tuf_make.h"

#include "base/test.h"

#include <string.h>

struct device {
    struct tuf_token token; /* first */
    struct secret32 secret;
    bool is_wrong;
    bool is_gone;
};

static enum err
device_sign(struct tuf_token *self, struct p256_signature *ret_sig, const struct hash32 *hash)
{
    struct device *d = (struct device *)(void *)self;
    struct hash32 other = *hash;
    if (d->is_gone) {
        return ERR_IO;
    }
    other.bytes[0] ^= d->is_wrong;
    return p256_sign(ret_sig, &d->secret, &other);
}

static struct device make(void)
{
    struct device d = {.token = {.sign = device_sign}};
    memset(d.secret.bytes, 5, sizeof d.secret.bytes);
    EXPECT_OK(p256_public_of(&d.token.public, &d.secret));
    return d;
}

static const char document[] = "{\"signatures\":[],\"signed\":{\"_type\":\"x\",\"version\":1}}";

static enum err sign(struct device *d, struct wr *out)
{
    static struct tuf_work work;
    struct tuf_signer signer;
    tuf_signer_init_token(&signer, &d->token);
    EXPECT_OK(tuf_work_init(&work, test_budget(), sizeof document));
    enum err e = tuf_sign(out, span_of(document, sizeof document - 1), &signer, &work);
    tuf_work_done(&work);
    tuf_signer_wipe(&signer);
    return e;
}

TEST(the_public_half_is_that_of_the_same_key_in_a_file)
{
    struct device d = make();
    struct tuf_signer in_device;
    struct tuf_signer in_file;
    char ids[2][TUF_KEY_ID_LEN + 1];
    tuf_signer_init_token(&in_device, &d.token);
    EXPECT_OK(tuf_signer_init(&in_file, TUF_KEY_P256, &d.secret));
    tuf_signer_id(ids[0], &in_device);
    tuf_signer_id(ids[1], &in_file);
    EXPECT_STR(ids[1], ids[0]);
    tuf_signer_wipe(&in_file);
}

TEST(what_a_device_signs)
{
    struct device d = make();
    uint8_t text[1024];
    struct wr w = wr_init(MSPAN_OF(text));
    EXPECT_OK(sign(&d, &w));
    struct json v;
    EXPECT_OK(json_parse(&v, span_of(text, w.n), NULL));
    EXPECT(json_find(&v, v, "signatures"));
    EXPECT_EQ(1, json_count(v));
}

TEST(a_device_that_signs_wrongly_or_not_at_all)
{
    struct device d = make();
    uint8_t text[1024];
    struct wr w = wr_init(MSPAN_OF(text));
    d.is_wrong = true;
    EXPECT_ERR(ERR_AUTH, sign(&d, &w));
    d.is_gone = true;
    EXPECT_ERR(ERR_IO, sign(&d, &w));
    EXPECT_EQ(0, w.n);
}

TEST_MAIN
