/* clientDataJSON: WebAuthn Level 3 §5.8.1 and the steps on it of §7.1 and §7.2. */
#include "webauthn/client_data.h"

#include "codec/base64.h"
#include "codec/json.h"
#include "webauthn/relying_party.h"

static const char *type_text(enum client_data_type type)
{
    return type == CLIENT_DATA_CREATE ? "webauthn.create" : "webauthn.get";
}

/* Finds a member of the outermost object with its name, whose place in the text is wanted. */
static bool
find_member(struct json root, const char *name, struct json *ret_name, struct json *ret_value)
{
    struct json_iter it = json_iterate(root);
    struct json n;
    struct json v;
    while (json_next(&it, &n, &v)) {
        if (json_string_equal(n, span_str(name))) {
            *ret_name = n;
            *ret_value = v;
            return true;
        }
    }
    return false;
}

static enum err parse(struct json *ret_root, struct span json, struct diag *why)
{
    if (json.n > CLIENT_DATA_LEN_MAX) {
        return diag_set(why, ERR_LIMIT, "client data: too long", CLIENT_DATA_LEN_MAX);
    }
    /* SPEC webauthn-3 §"7.2. Verifying an Authentication Assertion": the text is read by "UTF-8 decode", which drops a byte order mark. */
    struct span text = span_starts_with(json, SPAN_LIT("\xef\xbb\xbf")) ? span_from(json, 3) : json;
    TRY(json_parse(ret_root, text, why));
    return ret_root->type == JSON_OBJECT
               ? OK
               : diag_set(why, ERR_MALFORMED, "client data: no object", 0);
}

static enum err verify_origin(bool *ret_is_cross,
                              const struct relying_party *rp,
                              struct json root,
                              struct diag *why)
{
    struct json name;
    struct json value;
    if (!find_member(root, "origin", &name, &value) || value.type != JSON_STRING) {
        return diag_set(why, ERR_MALFORMED, "client data: no origin", 0);
    }
    if (!json_string_equal(value, rp->origin)) {
        return diag_set(why, ERR_AUTH, "client data: another origin", 0);
    }
    bool is_cross = false;
    if (find_member(root, "crossOrigin", &name, &value) && json_get_bool(&is_cross, value) != OK) {
        return diag_set(why, ERR_MALFORMED, "client data: crossOrigin is no boolean", 0);
    }
    /* SPEC webauthn-3 §"7.2. Verifying an Authentication Assertion": a ceremony within a foreign page only where the relying party expects it. */
    bool has_top = find_member(root, "topOrigin", &name, &value);
    if ((is_cross || has_top) && !rp->allows_cross_origin) {
        return diag_set(why, ERR_AUTH, "client data: the page was embedded in another origin's", 0);
    }
    *ret_is_cross = is_cross;
    return OK;
}

enum err client_data_verify(struct client_data *ret,
                            enum client_data_type type,
                            struct span challenge,
                            const struct relying_party *rp,
                            struct span json,
                            struct diag *why)
{
    uint8_t text[CLIENT_DATA_CHALLENGE_LEN_MAX * 4 / 3 + 4];
    struct client_data data = {0};
    struct json root;
    struct json name;
    struct json value;
    if (challenge.n == 0 || challenge.n > CLIENT_DATA_CHALLENGE_LEN_MAX) {
        return ERR_INTERNAL; /* ours to choose */
    }
    TRY(parse(&root, json, why));
    if (!find_member(root, "type", &name, &value) || value.type != JSON_STRING) {
        return diag_set(why, ERR_MALFORMED, "client data: no type", 0);
    }
    data.type_index = (size_t)(name.raw.p - json.p);
    if (!json_string_equal(value, span_str(type_text(type)))) {
        return diag_set(why, ERR_AUTH, "client data: another type", data.type_index);
    }
    if (!find_member(root, "challenge", &name, &value) || value.type != JSON_STRING) {
        return diag_set(why, ERR_MALFORMED, "client data: no challenge", 0);
    }
    data.challenge_index = (size_t)(name.raw.p - json.p);
    struct wr w = wr_init(MSPAN_OF(text));
    base64_encode(&w, BASE64_URL_BARE, challenge);
    TRY(wr_end(&w));
    /* SPEC webauthn-3 §"7.2. Verifying an Authentication Assertion": the challenge is compared in its base64url text, which has one form. */
    if (!json_string_equal(value, span_of(text, w.n))) {
        return diag_set(why, ERR_AUTH, "client data: another challenge", data.challenge_index);
    }
    TRY(verify_origin(&data.is_cross_origin, rp, root, why));
    *ret = data;
    return OK;
}

/* White space outside of strings: the offset of the first, or json.n. json is well-formed. */
static size_t find_blank(struct span json)
{
    bool in_string = false;
    for (size_t i = 0; i < json.n; i++) {
        uint8_t c = json.p[i];
        if (in_string && c == '\\') {
            i++; /* the escaped character cannot end the string */
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
            return i;
        }
    }
    return json.n;
}

/* Members of these names must be strings without escapes, so that the contract sees the bytes that we compared. */
static bool is_plain_member(struct json root, const char *member)
{
    struct json name;
    struct json value;
    struct span plain;
    return find_member(root, member, &name, &value) && json_get_plain(&plain, value) == OK;
}

enum err client_data_check_chain_form(struct span json, struct diag *why)
{
    struct json root;
    struct json name;
    struct json value;
    TRY(parse(&root, json, why));
    size_t blank = find_blank(json);
    if (json.p[0] != '{' || blank < json.n) {
        return diag_set(why, ERR_UNSUPPORTED,
                        "client data: white space that the chain does not read", blank % json.n);
    }
    struct json_iter it = json_iterate(root);
    while (json_next(&it, &name, &value)) {
        struct span plain;
        if (json_get_plain(&plain, name) != OK) {
            return diag_set(why, ERR_UNSUPPORTED, "client data: an escape in a name",
                            (size_t)(name.raw.p - json.p));
        }
    }
    if (!is_plain_member(root, "type") || !is_plain_member(root, "challenge") ||
        !is_plain_member(root, "origin")) {
        return diag_set(why, ERR_UNSUPPORTED,
                        "client data: an escape in a value that the chain compares", 0);
    }
    if (find_member(root, "crossOrigin", &name, &value) &&
        !span_equal(value.raw, SPAN_LIT("false"))) {
        return diag_set(why, ERR_UNSUPPORTED, "client data: the chain takes no embedded page",
                        (size_t)(name.raw.p - json.p));
    }
    return OK;
}
