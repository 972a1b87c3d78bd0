/* Signing TUF metadata: sections 4.2 and 4.2.1 of the specification. */
#include "plugin/tuf_make.h"

#include "base/check.h"
#include "codec/base16.h"
#include "codec/pem.h"
#include "plugin/canonical.h"

#include <string.h>

enum { PEM_LEN_MAX = 256, KEY_LEN_MAX = 512 };

enum err
tuf_signer_init(struct tuf_signer *ret, enum tuf_key_kind kind, const struct secret32 *seed)
{
    struct p256_public unused;
    ret->token = NULL;
    if (kind == TUF_KEY_ED25519) {
        ret->kind = kind;
        ed25519_key_init(&ret->ed25519, seed);
        return OK;
    }
    if (kind != TUF_KEY_P256) {
        return ERR_UNSUPPORTED;
    }
    TRY(p256_public_of(&unused, seed));
    ret->kind = kind;
    memcpy(ret->p256.bytes, seed->bytes, sizeof seed->bytes);
    return OK;
}

void tuf_signer_init_token(struct tuf_signer *ret, struct tuf_token *token)
{
    *ret = (struct tuf_signer){.kind = TUF_KEY_P256, .token = token};
}

void tuf_signer_wipe(struct tuf_signer *signer)
{
    ed25519_key_wipe(&signer->ed25519);
    secret32_wipe(&signer->p256);
}

static void public_of(struct p256_public *ret, const struct tuf_signer *signer)
{
    if (signer->token) {
        *ret = signer->token->public;
        return;
    }
    enum err e = p256_public_of(ret, &signer->p256);
    check(e == OK); /* tuf_signer_init saw to it */
}

static void put_public(struct json_writer *j, const struct tuf_signer *signer)
{
    uint8_t text[PEM_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(text));
    if (signer->kind == TUF_KEY_ED25519) {
        struct ed25519_public public;
        ed25519_key_public(&public, &signer->ed25519);
        base16_encode(&w, SPAN_OF(public.bytes));
    } else {
        struct p256_public public;
        uint8_t spki[P256_SPKI_LEN];
        public_of(&public, signer);
        p256_spki_encode(spki, &public);
        pem_write(&w, "PUBLIC KEY", SPAN_OF(spki));
    }
    check(wr_ok(&w));
    json_put_string(j, span_of(text, w.n));
}

/* Members in the order of the canonical form. */
void tuf_signer_print(struct wr *w, const struct tuf_signer *signer)
{
    bool is_ed25519 = signer->kind == TUF_KEY_ED25519;
    struct json_writer j = json_writer_init(w);
    json_put_object(&j);
    json_put_name(&j, "keytype");
    json_put_str(&j, is_ed25519 ? "ed25519" : "ecdsa");
    json_put_name(&j, "keyval");
    json_put_object(&j);
    json_put_name(&j, "public");
    put_public(&j, signer);
    json_end_object(&j);
    json_put_name(&j, "scheme");
    json_put_str(&j, is_ed25519 ? "ed25519" : "ecdsa-sha2-nistp256");
    json_end_object(&j);
}

/* The only escape of a key is the line end of PEM, which the canonical form writes raw. */
static size_t canonical_key(struct mspan out, const struct tuf_signer *signer)
{
    size_t n = 0;
    struct wr w = wr_init(out);
    tuf_signer_print(&w, signer);
    check(wr_ok(&w));
    for (size_t i = 0; i < w.n; i++) {
        bool is_line_end = out.p[i] == '\\' && i + 1 < w.n && out.p[i + 1] == 'n';
        out.p[n++] = is_line_end ? '\n' : out.p[i];
        i += is_line_end;
    }
    return n;
}

void tuf_signer_id(char ret_id[static TUF_KEY_ID_LEN + 1], const struct tuf_signer *signer)
{
    uint8_t text[KEY_LEN_MAX];
    struct hash32 hash;
    sha256(&hash, span_of(text, canonical_key(MSPAN_OF(text), signer)));
    struct wr w = wr_init(mspan_of(ret_id, TUF_KEY_ID_LEN));
    base16_encode(&w, SPAN_OF(hash.bytes));
    ret_id[TUF_KEY_ID_LEN] = '\0';
}

static enum err sign(struct wr *w, const struct tuf_signer *signer, struct span message)
{
    if (signer->kind == TUF_KEY_ED25519) {
        struct ed25519_signature sig;
        ed25519_sign(&sig, &signer->ed25519, message);
        base16_encode(w, SPAN_OF(sig.bytes));
        return wr_end(w);
    }
    struct p256_signature sig;
    struct hash32 hash;
    uint8_t der[P256_DER_MAX];
    sha256(&hash, message);
    if (signer->token) {
        TRY(signer->token->sign(signer->token, &sig, &hash));
        TRY(p256_verify(&signer->token->public, &hash, &sig));
    } else {
        TRY(p256_sign(&sig, &signer->p256, &hash));
    }
    base16_encode(w, span_of(der, p256_der_encode(der, &sig)));
    return wr_end(w);
}

static void put_signature(struct json_writer *j, struct span id, struct span sig)
{
    json_put_object(j);
    json_put_name(j, "keyid");
    json_put_string(j, id);
    json_put_name(j, "sig");
    json_put_string(j, sig);
    json_end_object(j);
}

static enum err make_signature(struct wr *w,
                               struct json body,
                               const struct tuf_signer *signer,
                               struct tuf_work *work)
{
    struct mspan room;
    buf_clear(&work->canonical);
    arena_reset(&work->scratch);
    TRY(buf_extend(&work->canonical, &room, body.raw.n));
    struct wr canonical = wr_init(room);
    TRY(canonical_write(&canonical, body, &work->scratch));
    return sign(w, signer, span_of(room.p, canonical.n));
}

enum err tuf_sign(struct wr *out,
                  struct span document,
                  const struct tuf_signer *signer,
                  struct tuf_work *work)
{
    struct json_names names = {.marks = work->marks, .count_max = TUF_NAMES_MAX};
    char id[TUF_KEY_ID_LEN + 1];
    uint8_t sig[2 * P256_DER_MAX];
    struct json root;
    struct json signatures;
    struct json body;
    struct json v;
    TRY(json_parse_wide(&root, document, names, NULL));
    if (!json_find(&signatures, root, "signatures") || !json_find(&body, root, "signed") ||
        signatures.type != JSON_ARRAY || body.type != JSON_OBJECT) {
        return ERR_MALFORMED;
    }
    struct wr w = wr_init(MSPAN_OF(sig));
    TRY(make_signature(&w, body, signer, work));
    tuf_signer_id(id, signer);
    struct json_writer j = json_writer_init(out);
    json_put_object(&j);
    json_put_name(&j, "signatures");
    json_put_array(&j);
    struct json_iter it = json_iterate(signatures);
    while (json_next(&it, NULL, &v)) {
        struct json keyid;
        if (!json_find(&keyid, v, "keyid") || !json_string_equal(keyid, span_str(id))) {
            json_put_raw(&j, v.raw);
        }
    }
    put_signature(&j, span_str(id), span_of(sig, w.n));
    json_end_array(&j);
    json_put_name(&j, "signed");
    json_put_raw(&j, body.raw);
    json_end_object(&j);
    return json_writer_end(&j);
}
