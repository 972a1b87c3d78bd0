/* Test support: registration, TAP, fixtures. */
#include "base/test.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TESTS_MAX = 512, KEPT_MAX = 4096, FAILURES_SHOWN_MAX = 20 };

static struct {
    struct {
        const char *name;
        test_fn fn;
    } tests[TESTS_MAX];
    size_t count;
    void *kept[KEPT_MAX]; /* memory of the running test */
    size_t kept_count;
    unsigned failures; /* of the running test */
    bool skipped;
    char skip_reason[512];
    char note[512];
    struct budget budget;
} t;

void test_register(const char *name, test_fn fn)
{
    check(t.count < TESTS_MAX);
    t.tests[t.count].name = name;
    t.tests[t.count].fn = fn;
    t.count++;
}

static void *keep(void *p)
{
    check(p);
    check(t.kept_count < KEPT_MAX);
    t.kept[t.kept_count++] = p;
    return p;
}

static bool fail_begin(const char *text, const char *file, int line)
{
    t.failures++;
    if (t.failures > FAILURES_SHOWN_MAX) {
        return false;
    }
    printf("# %s:%d: %s\n", file, line, text);
    if (t.note[0]) {
        printf("#   case: %s\n", t.note);
    }
    return true;
}

bool test_expect(bool held, const char *text, const char *file, int line)
{
    if (!held) {
        (void)fail_begin(text, file, line);
    }
    return held;
}

bool test_expect_err(enum err want, enum err got, const char *text, const char *file, int line)
{
    if (want == got) {
        return true;
    }
    if (fail_begin(text, file, line)) {
        printf("#   expected %s, got %s\n", err_name(want), err_name(got));
    }
    return false;
}

bool test_expect_u64(uint64_t want, uint64_t got, const char *text, const char *file, int line)
{
    if (want == got) {
        return true;
    }
    if (fail_begin(text, file, line)) {
        printf("#   expected %llu (0x%llx), got %llu (0x%llx)\n", (unsigned long long)want,
               (unsigned long long)want, (unsigned long long)got, (unsigned long long)got);
    }
    return false;
}

bool test_expect_str(
    const char *want, const char *got, const char *text, const char *file, int line)
{
    if (want && got && strcmp(want, got) == 0) {
        return true;
    }
    if (fail_begin(text, file, line)) {
        printf("#   expected \"%s\"\n#   got      \"%s\"\n", want ? want : "(null)",
               got ? got : "(null)");
    }
    return false;
}

static void print_hex(const char *label, struct span s)
{
    printf("#   %s %zu bytes ", label, s.n);
    for (size_t i = 0; i < s.n && i < 96; i++) {
        printf("%02x", s.p[i]);
    }
    printf("%s\n", s.n > 96 ? "..." : "");
}

bool test_expect_span(
    struct span want, struct span got, const char *text, const char *file, int line)
{
    if (span_equal(want, got)) {
        return true;
    }
    if (fail_begin(text, file, line)) {
        print_hex("expected", want);
        print_hex("got     ", got);
    }
    return false;
}

void test_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(t.note, sizeof t.note, format, args);
    va_end(args);
}

void test_skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(t.skip_reason, sizeof t.skip_reason, format, args);
    va_end(args);
    t.skipped = true;
}

uint64_t test_seed(void)
{
    const char *text = getenv("PASSMESH_TEST_SEED");
    return text ? strtoull(text, NULL, 0) : 1;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

struct span test_hex(const char *hex)
{
    uint8_t *out = keep(malloc(strlen(hex) / 2 + 1));
    size_t n = 0;
    int high = -1;
    for (const char *c = hex; *c; c++) {
        int d = hex_digit(*c);
        if (d < 0) {
            check(*c == ' ' || *c == '\n'); /* the test's own text is wrong */
            continue;
        }
        if (high < 0) {
            high = d;
        } else {
            out[n++] = (uint8_t)(high << 4 | d);
            high = -1;
        }
    }
    check(high < 0);
    return span_of(out, n);
}

static bool read_file(const char *path, struct span *ret_content)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        return false;
    }
    size_t cap = 1 << 16;
    size_t n = 0;
    uint8_t *data = malloc(cap);
    check(data);
    for (size_t got; (got = fread(data + n, 1, cap - n, f)) > 0;) {
        n += got;
        if (n == cap) {
            cap *= 2;
            data = realloc(data, cap);
            check(data);
        }
    }
    (void)fclose(f);
    *ret_content = span_of(keep(data), n);
    return true;
}

bool test_file(const char *path, struct span *ret_content)
{
    return EXPECT(read_file(path, ret_content));
}

bool test_fixture(const char *name, struct span *ret_content)
{
    const char *root = getenv("PASSMESH_FIXTURES");
    char path[1024];
    int n = snprintf(path, sizeof path, "%s/%s", root ? root : "../shared/fixtures", name);
    check(n > 0);
    check((size_t)n < sizeof path);
    if (!read_file(path, ret_content)) {
        test_skip("fixture %s is absent: set PASSMESH_FIXTURES", name);
        return false;
    }
    return true;
}

struct budget *test_budget(void)
{
    return &t.budget;
}

static bool run_one(size_t number, const char *name, test_fn fn)
{
    t.failures = 0;
    t.skipped = false;
    t.note[0] = '\0';
    budget_init(&t.budget, NULL, "test", (size_t)64 << 20);
    fn();
    if (t.budget.used != 0) {
        t.failures++;
        printf("# %zu bytes are still reserved at the end of the test\n", t.budget.used);
    }
    while (t.kept_count > 0) {
        free(t.kept[--t.kept_count]);
    }
    if (t.failures) {
        printf("# repeat with: PASSMESH_TEST_SEED=%llu and this test's name as argument\n",
               (unsigned long long)test_seed());
        printf("not ok %zu - %s\n", number, name);
    } else if (t.skipped) {
        printf("ok %zu - %s # SKIP %s\n", number, name, t.skip_reason);
    } else {
        printf("ok %zu - %s\n", number, name);
    }
    (void)fflush(stdout);
    return t.failures == 0;
}

int test_run_all(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    size_t number = 0;
    bool all = true;
    printf("TAP version 13\n");
    for (size_t i = 0; i < t.count; i++) {
        if (!only || strcmp(only, t.tests[i].name) == 0) {
            number++;
            all = run_one(number, t.tests[i].name, t.tests[i].fn) && all;
        }
    }
    printf("1..%zu\n", number);
    return all && number > 0 ? 0 : 1;
}
