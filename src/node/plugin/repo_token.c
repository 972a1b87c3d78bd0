/* Keys in PKCS #11 tokens: p11-kit and what stands behind it. */
#include "node/plugin/repo_token.h"

#include "base/secret.h"
#include "node/os/prompt.h"

#include <errno.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIN_LEN_MAX = 128, SLOTS_MAX = 32, ATTRIBUTES_MAX = 8, POINT_LEN_MAX = 80, ID_LEN_MAX = 64 };

/* The OID of P-256 as CKA_EC_PARAMS has it. */
static const uint8_t p256_params[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

/* An opening under way. */
struct opening {
    struct repo_token *t;
    P11KitUri *uri;
    int pin_fd;
    char *words;
    CK_SLOT_ID slot;
    size_t slots_count; /* that the URI matches */
    bool needs_login;
};

static enum err fail(struct opening *o, enum err e, const char *words)
{
    (void)snprintf(o->words, REPO_TOKEN_WORDS_LEN, "%s", words);
    return e;
}

bool repo_token_is_uri(const char *text)
{
    return strncmp(text, "pkcs11:", 7) == 0;
}

static CK_FUNCTION_LIST *module_of(const struct repo_token *t)
{
    return t->module;
}

/* Looks at the tokens of one module. */
static void look_for_token(struct opening *o, CK_FUNCTION_LIST *module)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_TOKEN_INFO info;
    if (module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK) {
        return;
    }
    for (CK_ULONG i = 0; i < count; i++) {
        if (module->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            p11_kit_uri_match_token_info(o->uri, &info) == 1) {
            o->slots_count++;
            o->slot = slots[i];
            o->needs_login = (info.flags & CKF_LOGIN_REQUIRED) != 0;
            o->t->module = module;
        }
    }
}

static enum err find_token(struct opening *o)
{
    const char *path = p11_kit_uri_get_module_path(o->uri);
    CK_FUNCTION_LIST *one = path ? p11_kit_module_load(path, 0) : NULL;
    if (path && (!one || p11_kit_module_initialize(one) != CKR_OK)) {
        return fail(o, ERR_IO, "its module cannot be loaded");
    }
    if (one) {
        look_for_token(o, one);
    } else {
        CK_FUNCTION_LIST **all = p11_kit_modules_load_and_initialize(0);
        o->t->modules = (void **)all;
        for (size_t i = 0; all && all[i]; i++) {
            look_for_token(o, all[i]);
        }
    }
    if (o->slots_count == 0) {
        return fail(o, ERR_NOT_FOUND, "there is no such token");
    }
    return o->slots_count == 1 ? OK : fail(o, ERR_STATE, "several tokens are called so");
}

/* ---- the PIN ---- */

static enum err read_pin(struct mspan room, size_t *ret_n, int fd)
{
    size_t n = 0;
    for (;;) {
        uint8_t c;
        ssize_t got = read(fd, &c, 1); /* not a byte beyond the line: the next PIN may follow */
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 || (got == 0 && n == 0)) {
            return ERR_IO;
        }
        if (got == 0 || c == '\n') {
            *ret_n = n;
            return OK;
        }
        if (n == room.n) {
            return ERR_LIMIT;
        }
        room.p[n++] = c;
    }
}

static enum err log_in(struct opening *o)
{
    uint8_t pin[PIN_LEN_MAX];
    size_t n = 0;
    if (!o->needs_login) {
        return OK;
    }
    enum err e = o->pin_fd >= 0 ? read_pin(MSPAN_OF(pin), &n, o->pin_fd)
                                : prompt_secret(MSPAN_OF(pin), &n, "PIN of the token: ");
    CK_RV rv = CKR_PIN_INCORRECT;
    if (e == OK) {
        rv = module_of(o->t)->C_Login(o->t->session, CKU_USER, pin, n);
    }
    wipe(MSPAN_OF(pin));
    if (e != OK) {
        return fail(o, ERR_DENIED, "there is no PIN: give one with --pin-fd, or at a terminal");
    }
    return rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN
               ? OK
               : fail(o, ERR_DENIED, "the token does not take the PIN");
}

/* ---- the key ---- */

/* Exactly one object. */
static enum err
find_one(struct opening *o, CK_OBJECT_HANDLE *ret, CK_ATTRIBUTE *like, CK_ULONG count)
{
    CK_FUNCTION_LIST *m = module_of(o->t);
    CK_OBJECT_HANDLE found[2];
    CK_ULONG found_count = 0;
    if (m->C_FindObjectsInit(o->t->session, like, count) != CKR_OK) {
        return fail(o, ERR_IO, "the token does not look for keys");
    }
    CK_RV rv = m->C_FindObjects(o->t->session, found, 2, &found_count);
    (void)m->C_FindObjectsFinal(o->t->session);
    if (rv != CKR_OK || found_count == 0) {
        return fail(o, ERR_NOT_FOUND, "the token has no such key, or not its public half");
    }
    if (found_count > 1) {
        return fail(o, ERR_STATE, "the token has several keys of this name");
    }
    *ret = found[0];
    return OK;
}

static bool is_class(const CK_ATTRIBUTE *a)
{
    return a->type == CKA_CLASS;
}

static enum err find_private(struct opening *o)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE like[ATTRIBUTES_MAX] = {
        {CKA_CLASS, &class, sizeof class}
    };
    CK_ULONG count = 0;
    CK_ULONG like_count = 1;
    CK_ATTRIBUTE *named = p11_kit_uri_get_attributes(o->uri, &count);
    for (CK_ULONG i = 0; i < count && like_count < ATTRIBUTES_MAX; i++) {
        if (!is_class(&named[i])) {
            like[like_count++] = named[i];
        }
    }
    return find_one(o, &o->t->key, like, like_count);
}

/* The point as an octet string in DER, or, of some tokens, bare. */
static enum err take_point(struct opening *o, struct span point)
{
    if (point.n == 67 && point.p[0] == 0x04 && point.p[1] == 0x41) {
        point = span_from(point, 2);
    }
    return p256_public_parse(&o->t->token.public, point) == OK
               ? OK
               : fail(o, ERR_UNSUPPORTED, "it is no key on P-256");
}

/* The public half has the id of the private one. */
static enum err read_public(struct opening *o)
{
    CK_FUNCTION_LIST *m = module_of(o->t);
    uint8_t id[ID_LEN_MAX];
    uint8_t point[POINT_LEN_MAX];
    uint8_t params[ID_LEN_MAX];
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_OBJECT_HANDLE public;
    CK_ATTRIBUTE like[2] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_ID,    id,     sizeof id   }
    };
    CK_ATTRIBUTE of_key[2] = {
        {CKA_EC_POINT,  point,  sizeof point },
        {CKA_EC_PARAMS, params, sizeof params}
    };
    if (m->C_GetAttributeValue(o->t->session, o->t->key, &like[1], 1) != CKR_OK) {
        return fail(o, ERR_UNSUPPORTED, "the token's key has no id");
    }
    TRY(find_one(o, &public, like, 2));
    if (m->C_GetAttributeValue(o->t->session, public, of_key, 2) != CKR_OK ||
        !span_equal(span_of(params, of_key[1].ulValueLen), SPAN_OF(p256_params))) {
        return fail(o, ERR_UNSUPPORTED, "it is no key on P-256");
    }
    return take_point(o, span_of(point, of_key[0].ulValueLen));
}

static enum err
token_sign(struct tuf_token *self, struct p256_signature *ret_sig, const struct hash32 *hash)
{
    struct repo_token *t = (struct repo_token *)(void *)self;
    CK_FUNCTION_LIST *m = module_of(t);
    CK_MECHANISM way = {CKM_ECDSA, NULL, 0};
    struct p256_signature sig;
    uint8_t digest[sizeof hash->bytes];
    CK_ULONG n = sizeof sig.rs;
    memcpy(digest, hash->bytes, sizeof digest);
    if (m->C_SignInit(t->session, &way, t->key) != CKR_OK ||
        m->C_Sign(t->session, digest, sizeof digest, sig.rs, &n) != CKR_OK || n != sizeof sig.rs) {
        return ERR_IO;
    }
    *ret_sig = sig;
    return OK;
}

static enum err open_key(struct opening *o)
{
    TRY(find_token(o));
    if (module_of(o->t)->C_OpenSession(o->slot, CKF_SERIAL_SESSION, NULL, NULL, &o->t->session) !=
        CKR_OK) {
        return fail(o, ERR_IO, "the token does not answer");
    }
    TRY(log_in(o));
    TRY(find_private(o));
    return read_public(o);
}

enum err repo_token_open(struct repo_token *t,
                         const char *uri,
                         int pin_fd,
                         char words[static REPO_TOKEN_WORDS_LEN])
{
    struct opening o = {.t = t, .uri = p11_kit_uri_new(), .pin_fd = pin_fd, .words = words};
    enum err e = OK;
    *t = (struct repo_token){.token = {.sign = token_sign}};
    if (!o.uri || p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, o.uri) != P11_KIT_URI_OK ||
        p11_kit_uri_any_unrecognized(o.uri)) {
        e = fail(&o, ERR_MALFORMED, "that is no URI of RFC 7512");
    } else if (p11_kit_uri_get_pin_value(o.uri) || p11_kit_uri_get_pin_source(o.uri)) {
        e = fail(&o, ERR_MALFORMED, "a PIN does not belong into a URI: others see it");
    } else {
        e = open_key(&o);
    }
    p11_kit_uri_free(o.uri);
    return e;
}

void repo_token_close(struct repo_token *t)
{
    if (t->module && t->session) {
        (void)module_of(t)->C_CloseSession(t->session);
    }
    if (t->modules) {
        p11_kit_modules_finalize_and_release((CK_FUNCTION_LIST **)t->modules);
    } else if (t->module) {
        (void)p11_kit_module_finalize(t->module);
        p11_kit_module_release(t->module);
    }
    *t = (struct repo_token){.module = NULL};
}
