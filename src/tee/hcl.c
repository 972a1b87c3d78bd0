/* Azure's report of a paravisor. All numbers are little-endian. */
#include "tee/hcl.h"

#include "base/rd.h"
#include "base/wr.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "crypto/rsa.h"

#include <string.h>

enum {
    REPORT_LEN = 1184,
    TYPE_SNP = 2,
    TYPE_TDX = 4,
    HASH_SHA256 = 1,
    VERSION = 1,
    MODULUS_LEN_MAX = 512,
    EXPONENT_LEN_MAX = 8,
};

enum err hcl_decode(struct hcl *ret, struct span in)
{
    struct hcl h = {0};
    struct rd r = rd_init(in);
    if (in.n > HCL_LEN_MAX) {
        return ERR_LIMIT;
    }
    struct span magic = rd_bytes(&r, 4);
    (void)rd_bytes(&r, 28); /* version, size, request type, status, reserved */
    h.report = rd_bytes(&r, REPORT_LEN);
    (void)rd_le32(&r); /* size of what follows, filled up to its page by some versions */
    uint32_t version = rd_le32(&r);
    uint32_t type = rd_le32(&r);
    uint32_t hash = rd_le32(&r);
    h.runtime = rd_bytes(&r, rd_le32(&r));
    if (!rd_ok(&r) || !span_equal(magic, SPAN_LIT("HCLA"))) {
        return ERR_MALFORMED;
    }
    if (version != VERSION || hash != HASH_SHA256 || (type != TYPE_SNP && type != TYPE_TDX)) {
        return ERR_UNSUPPORTED;
    }
    h.is_tdx = type == TYPE_TDX;
    *ret = h;
    return OK;
}

void hcl_binding(uint8_t ret_binding[static 64], const struct hcl *h)
{
    struct hash32 hash;
    sha256(&hash, h->runtime);
    memset(ret_binding, 0, 64);
    memcpy(ret_binding, hash.bytes, sizeof hash.bytes);
}

static enum err find_number(struct wr *w, struct json key, const char *name)
{
    struct span text;
    TRY(json_find_plain(&text, key, name));
    return base64_decode(w, BASE64_URL_BARE, text);
}

static enum err key_to_spki(uint8_t room[static HCL_SPKI_LEN_MAX], size_t *ret_len, struct json key)
{
    uint8_t modulus[MODULUS_LEN_MAX];
    uint8_t exponent[EXPONENT_LEN_MAX];
    struct json kty;
    struct wr n = wr_init(MSPAN_OF(modulus));
    struct wr e = wr_init(MSPAN_OF(exponent));
    struct wr w = wr_init(mspan_of(room, HCL_SPKI_LEN_MAX));
    if (!json_find(&kty, key, "kty") || !json_string_equal(kty, SPAN_LIT("RSA"))) {
        return ERR_UNSUPPORTED;
    }
    TRY(find_number(&n, key, "n"));
    TRY(find_number(&e, key, "e"));
    rsa_spki_write(&w, span_of(modulus, n.n), span_of(exponent, e.n));
    TRY(wr_end(&w));
    *ret_len = w.n;
    return OK;
}

enum err hcl_key(uint8_t room[static HCL_SPKI_LEN_MAX], size_t *ret_len, const struct hcl *h)
{
    struct json root;
    struct json keys;
    struct json key;
    struct json kid;
    TRY(json_parse(&root, h->runtime, NULL));
    if (!json_find(&keys, root, "keys")) {
        return ERR_NOT_FOUND;
    }
    struct json_iter it = json_iterate(keys);
    while (json_next(&it, NULL, &key)) {
        if (json_find(&kid, key, "kid") && json_string_equal(kid, SPAN_LIT("HCLAkPub"))) {
            return key_to_spki(room, ret_len, key);
        }
    }
    return ERR_NOT_FOUND;
}
