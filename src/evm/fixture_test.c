#include "evm/fixture_test.h"

#include "base/test.h"

#include <string.h>

struct json fixture_member(struct json v, const char *name)
{
    struct json member = {.type = JSON_NULL};
    bool is_there = json_find(&member, v, name);
    if (!is_there) {
        test_note("member %s", name);
    }
    (void)EXPECT(is_there);
    return member;
}

bool fixture_vectors(struct json *ret, const char *name)
{
    struct span text;
    struct json root;
    struct json vectors;
    return test_file("contracts/deployments.json", &text) &&
           EXPECT_OK(json_parse(&root, text, NULL)) &&
           EXPECT(json_find(&vectors, root, "vectors")) && EXPECT(json_find(ret, vectors, name));
}

struct span fixture_text(struct json v)
{
    struct span text = SPAN_EMPTY;
    (void)EXPECT_OK(json_get_plain(&text, v));
    return text;
}

struct span fixture_hex(struct json v)
{
    static char text[1 << 20];
    struct span s = fixture_text(v);
    if (!EXPECT(span_starts_with(s, SPAN_LIT("0x"))) || !EXPECT(s.n < sizeof text - 1)) {
        return SPAN_EMPTY;
    }
    s = span_from(s, 2);
    size_t odd = s.n % 2;
    text[0] = '0';
    memcpy(text + odd, s.p, s.n);
    text[odd + s.n] = '\0';
    return test_hex(text);
}

struct span fixture_bytes(struct json v, const char *name)
{
    return fixture_hex(fixture_member(v, name));
}

struct u256 fixture_u256(struct json v, const char *name)
{
    struct u256 n = U256_ZERO;
    (void)EXPECT_OK(u256_from_be(&n, fixture_bytes(v, name)));
    return n;
}

uint64_t fixture_u64(struct json v, const char *name)
{
    uint64_t n = 0;
    (void)EXPECT_OK(u256_to_u64(&n, fixture_u256(v, name)));
    return n;
}

void fixture_fill(struct mspan out, struct json v, const char *name)
{
    struct span s = fixture_bytes(v, name);
    memset(out.p, 0, out.n);
    if (EXPECT_EQ(out.n, s.n)) {
        (void)span_copy(out, s);
    }
}

struct hash32 fixture_hash(struct json v, const char *name)
{
    struct hash32 h;
    fixture_fill(MSPAN_OF(h.bytes), v, name);
    return h;
}

struct mpt_proof fixture_proof(struct span room[static FIXTURE_NODES_MAX], struct json array)
{
    struct mpt_proof proof = {.nodes = room};
    struct json_iter it = json_iterate(array);
    struct json node;
    while (json_next(&it, NULL, &node) && EXPECT(proof.nodes_count < FIXTURE_NODES_MAX)) {
        room[proof.nodes_count++] = fixture_hex(node);
    }
    return proof;
}
