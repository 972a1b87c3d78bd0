/* Options of WebAuthn ceremonies. */
#include "node/api/api_options.h"

enum { CEREMONY_TIMEOUT_MS = 120000 };

void options_begin_creation(struct json_writer *j, const struct options_creation *x)
{
    json_put_object(j);
    json_put_name(j, "rp_id");
    json_put_str(j, "passmesh.localhost");
    json_put_name(j, "rp_name");
    json_put_str(j, "Passmesh");
    json_put_name(j, "user_id");
    api_write_base64url(j, x->user_id);
    json_put_name(j, "user_name");
    json_put_str(j, x->user_name);
    json_put_name(j, "user_display_name");
    json_put_str(j, x->user_name);
    json_put_name(j, "challenge");
    api_write_base64url(j, x->challenge);
    json_put_name(j, "algorithms");
    json_put_array(j);
    json_put_i64(j, -7); /* ES256: the only one that P256VERIFY checks */
    json_end_array(j);
    json_put_name(j, "exclude");
}

/* Where the passkey is to be made; nothing for "any". */
static void put_where(struct api_call *c)
{
    struct json_writer *j = c->w.j;
    const char *hint = NULL;
    if (api_param_is(c, "where", "this_device")) {
        json_put_name(j, "attachment");
        json_put_str(j, "platform");
        hint = "client-device";
    } else if (!api_param_is(c, "where", "any")) {
        json_put_name(j, "attachment");
        json_put_str(j, "cross-platform");
        hint = api_param_is(c, "where", "phone") ? "hybrid" : "security-key";
    }
    json_put_name(j, "hints");
    json_put_array(j);
    if (hint) {
        json_put_str(j, hint);
    }
    json_end_array(j);
}

/* What both kinds end with. */
static void put_end(struct json_writer *j)
{
    json_put_name(j, "timeout_ms");
    json_put_u64(j, CEREMONY_TIMEOUT_MS);
    json_end_object(j);
}

static void put_verification(struct json_writer *j)
{
    json_put_name(j, "user_verification");
    json_put_str(j, "required");
}

void options_end_creation(struct api_call *c)
{
    struct json_writer *j = c->w.j;
    put_where(c);
    json_put_name(j, "resident_key");
    json_put_str(j, "required");
    put_verification(j);
    json_put_name(j, "attestation");
    json_put_str(j, "none");
    put_end(j);
}

void options_begin_request(struct json_writer *j, const char *rp_id, struct span challenge)
{
    json_put_object(j);
    json_put_name(j, "rp_id");
    json_put_str(j, rp_id);
    json_put_name(j, "challenge");
    api_write_base64url(j, challenge);
    json_put_name(j, "allow");
    json_put_array(j);
}

void options_end_request(struct json_writer *j)
{
    json_end_array(j);
    put_verification(j);
    put_end(j);
}

void options_begin_descriptor(struct json_writer *j)
{
    json_put_object(j);
    json_put_name(j, "id");
}

void options_end_descriptor(struct json_writer *j)
{
    json_put_name(j, "transports");
    json_put_array(j);
    json_end_array(j);
    json_end_object(j);
}
