/* A reader of Wycheproof's JSON for the tests of this folder. */
#include "crypto/wycheproof_test.h"

#include "base/test.h"
#include "base/wr.h"
#include "codec/base16.h"

#include <stdio.h>
#include <string.h>

enum { FIELDS_MAX = 8, FIELD_LEN_MAX = 8192, REASONS_MAX = 8 };

static uint8_t fields[FIELDS_MAX][FIELD_LEN_MAX];
static size_t fields_used;

static bool find_member(struct json *ret_value, const struct wycheproof_case *c, const char *name)
{
    if (json_find(ret_value, c->test, name) || json_find(ret_value, c->group, name)) {
        return true;
    }
    struct json key;
    return json_find(&key, c->group, "publicKey") && json_find(ret_value, key, name);
}

struct span wycheproof_hex(const struct wycheproof_case *c, const char *name)
{
    struct json value;
    struct span text = SPAN_EMPTY;
    bool found = find_member(&value, c, name) && json_get_plain(&text, value) == OK;
    if (!EXPECT(found) || !EXPECT(fields_used < FIELDS_MAX)) {
        return SPAN_EMPTY;
    }
    struct wr w = wr_init(mspan_of(fields[fields_used], FIELD_LEN_MAX));
    if (!EXPECT_OK(base16_decode(&w, text))) {
        return SPAN_EMPTY;
    }
    return span_of(fields[fields_used++], w.n);
}

uint64_t wycheproof_number(const struct wycheproof_case *c, const char *name)
{
    struct json value;
    uint64_t number = 0;
    EXPECT(find_member(&value, c, name) && json_get_u64(&number, value) == OK);
    return number;
}

bool wycheproof_has_flag(const struct wycheproof_case *c, const char *flag)
{
    struct json flags;
    struct json value;
    if (!json_find(&flags, c->test, "flags")) {
        return false;
    }
    struct json_iter it = json_iterate(flags);
    while (json_next(&it, NULL, &value)) {
        if (json_string_equal(value, span_str(flag))) {
            return true;
        }
    }
    return false;
}

struct tally {
    unsigned agreed;
    unsigned differed;
    const char *reasons[REASONS_MAX];
    unsigned counts[REASONS_MAX];
};

static void tally_reason(struct tally *t, const char *why)
{
    t->differed++;
    for (size_t i = 0; i < REASONS_MAX; i++) {
        if (!t->reasons[i]) {
            t->reasons[i] = why;
        }
        if (strcmp(t->reasons[i], why) == 0) {
            t->counts[i]++;
            return;
        }
    }
    (void)test_expect(false, "more reasons than the tally has room for", __FILE__, __LINE__);
}

static void
run_case(struct tally *t, struct wycheproof_case *c, wycheproof_fn fn, wycheproof_differ_fn differ)
{
    struct json result;
    TEST_REQUIRE(json_find(&result, c->test, "result"));
    c->id = wycheproof_number(c, "tcId");
    test_note("tcId %llu", (unsigned long long)c->id);
    fields_used = 0;
    bool accepted = fn(c);
    fields_used = 0;
    const char *why = differ ? differ(c) : NULL;
    bool is_valid = !json_string_equal(result, SPAN_LIT("invalid"));
    bool agrees = accepted == is_valid;
    if (why) {
        EXPECT(!agrees); /* a stated difference that is none must be struck from the test */
        tally_reason(t, why);
    } else {
        EXPECT(agrees);
        t->agreed++;
    }
}

void wycheproof_run(const char *file, wycheproof_fn fn, wycheproof_differ_fn differ)
{
    struct span text;
    struct json root;
    struct json groups;
    struct json group;
    if (!test_fixture(file, &text)) {
        return;
    }
    TEST_REQUIRE(json_parse(&root, text, NULL) == OK);
    TEST_REQUIRE(json_find(&groups, root, "testGroups"));
    struct tally t = {0};
    struct json_iter it = json_iterate(groups);
    while (json_next(&it, NULL, &group)) {
        struct json tests;
        TEST_REQUIRE(json_find(&tests, group, "tests"));
        struct wycheproof_case c = {.group = group};
        struct json_iter in_group = json_iterate(tests);
        while (json_next(&in_group, NULL, &c.test)) {
            run_case(&t, &c, fn, differ);
        }
    }
    uint64_t total = 0;
    EXPECT_OK(json_find_u64(&total, root, "numberOfTests"));
    EXPECT_EQ(total, t.agreed + t.differed);
    printf("# %s: %u verdicts as the file says\n", file, t.agreed);
    for (size_t i = 0; i < REASONS_MAX && t.reasons[i]; i++) {
        printf("#   %u otherwise: %s\n", t.counts[i], t.reasons[i]);
    }
}
