/* Client data: whatever we let through to the chain, the verifier contract reads in the same way. The contract's walk over
 * the top level is written again here, from contracts/src/ClientData.sol, and must find the same members at the same places. */
#include "base/check.h"
#include "webauthn/client_data.h"
#include "webauthn/relying_party.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct relying_party rp = {
    .id = {(const uint8_t *)"passmesh.localhost",             18},
    .origin = {(const uint8_t *)"http://passmesh.localhost:7878", 30},
};

static const uint8_t challenge[2] = {0xfb, 0xff}; /* -_8 */

static uint8_t at(struct span json, size_t i)
{
    return i < json.n ? json.p[i] : 0;
}

/* The index after the string that starts at i, or 0. */
static size_t string_end(struct span json, size_t i, bool escapes)
{
    if (at(json, i) != '"') {
        return 0;
    }
    for (i++; i < json.n; i++) {
        if (json.p[i] == '"') {
            return i + 1;
        }
        if (json.p[i] == '\\') {
            if (!escapes) {
                return 0;
            }
            i++;
        }
    }
    return 0;
}

/* The index after the value that starts at i, or 0. */
static size_t value_end(struct span json, size_t i)
{
    size_t start = i;
    size_t depth = 0;
    while (i < json.n) {
        uint8_t c = json.p[i];
        if (c == '"') {
            i = string_end(json, i, true);
            if (i == 0 || depth == 0) {
                return i;
            }
            continue;
        }
        bool closes = c == '}' || c == ']';
        if (depth == 0 && (closes || c == ',')) {
            return i == start ? 0 : i;
        }
        depth += c == '{' || c == '[';
        depth -= closes;
        i++;
    }
    return 0;
}

struct found {
    size_t type;
    size_t challenge;
    struct span origin;
    bool is_cross;
};

static void note(struct found *f, struct span name, size_t name_index, struct span value)
{
    if (span_equal(name, SPAN_LIT("\"type\""))) {
        check(f->type == 0);
        f->type = name_index;
    } else if (span_equal(name, SPAN_LIT("\"challenge\""))) {
        check(f->challenge == 0);
        f->challenge = name_index;
    } else if (span_equal(name, SPAN_LIT("\"origin\""))) {
        check(f->origin.n == 0);
        f->origin = span_first(span_from(value, 1), value.n - 2);
    } else if (span_equal(name, SPAN_LIT("\"crossOrigin\""))) {
        f->is_cross = f->is_cross || !span_equal(value, SPAN_LIT("false"));
    }
}

static bool walk(struct found *f, struct span json)
{
    if (at(json, 0) != '{') {
        return false;
    }
    for (size_t name = 1;;) {
        size_t colon = string_end(json, name, false);
        if (colon == 0 || at(json, colon) != ':') {
            return false;
        }
        size_t end = value_end(json, colon + 1);
        if (end == 0) {
            return false;
        }
        note(f, span_of(json.p + name, colon - name), name,
             span_of(json.p + colon + 1, end - colon - 1));
        name = end + 1;
        if (at(json, end) != ',') {
            return at(json, end) == '}' && name == json.n;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span json = span_of(data, size);
    struct client_data client;
    struct diag why = {0};
    if (client_data_verify(&client, CLIENT_DATA_GET, SPAN_OF(challenge), &rp, json, &why) != OK) {
        check(why.rule != NULL);
        return 0;
    }
    if (client_data_check_chain_form(json, &why) != OK) {
        return 0;
    }
    struct found f = {0};
    check(walk(&f, json));
    check(f.type == client.type_index);
    check(f.challenge == client.challenge_index);
    check(span_equal(f.origin, rp.origin));
    check(!f.is_cross);
    check(span_starts_with(span_from(json, f.type), SPAN_LIT("\"type\":\"webauthn.get\"")));
    check(span_starts_with(span_from(json, f.challenge), SPAN_LIT("\"challenge\":\"-_8\"")));
    return 0;
}
