/* The browser's part of a ceremony. */
#include "node/authenticator/client_side.h"

#include "codec/base64.h"
#include "codec/cbor.h"

void security_key_answer_wipe(struct security_key_answer *a)
{
    wipe(mspan_of(a, sizeof *a));
}

struct registration_response security_key_registration(const struct security_key_answer *a)
{
    return (struct registration_response){.client_data_json =
                                              span_of(a->client_data, a->client_data_len),
                                          .attestation_object = span_of(a->object, a->object_len)};
}

struct assertion_response security_key_assertion(const struct security_key_answer *a)
{
    return (struct assertion_response){
        .client_data_json = span_of(a->client_data, a->client_data_len),
        .authenticator_data = span_of(a->auth_data, a->auth_data_len),
        .signature = span_of(a->signature, a->signature_len)};
}

/* SPEC webauthn-3 §"Serialization": the members of clientDataJSON in this order, without white space. */
enum err client_side_write_client_data(struct security_key_answer *a,
                                       const char *type,
                                       const struct security_key_ask *ask)
{
    struct wr w = wr_init(MSPAN_OF(a->client_data));
    wr_str(&w, "{\"type\":\"");
    wr_str(&w, type);
    wr_str(&w, "\",\"challenge\":\"");
    base64_encode(&w, BASE64_URL_BARE, ask->challenge);
    wr_str(&w, "\",\"origin\":\"");
    wr_bytes(&w, ask->origin);
    wr_str(&w, "\",\"crossOrigin\":false}");
    a->client_data_len = w.n;
    return wr_end(&w);
}

/* An origin goes into JSON as it is: so nothing that would have to be escaped. */
static bool is_plain(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x21 || s.p[i] > 0x7e || s.p[i] == '"' || s.p[i] == '\\') {
            return false;
        }
    }
    return s.n > 0;
}

enum err client_side_check(const struct security_key_ask *ask)
{
    bool is_good = ask->challenge.n > 0 && ask->challenge.n <= 64 &&
                   ask->origin.n <= SECURITY_KEY_TEXT_MAX && is_plain(ask->origin) &&
                   is_plain(ask->rp_id) && ask->credential_id.n <= 255;
    return is_good ? OK : ERR_LIMIT;
}

enum err client_side_write_object(struct security_key_answer *a)
{
    struct wr w = wr_init(MSPAN_OF(a->object));
    cbor_write_map(&w, 3);
    cbor_write_text(&w, "fmt");
    cbor_write_text(&w, "none");
    cbor_write_text(&w, "attStmt");
    cbor_write_map(&w, 0);
    cbor_write_text(&w, "authData");
    cbor_write_bytes(&w, span_of(a->auth_data, a->auth_data_len));
    a->object_len = w.n;
    return wr_end(&w);
}
