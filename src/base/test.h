#ifndef BASE_TEST_H
#define BASE_TEST_H

#include "base/budget.h"
#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

/* The test header: one line a case in TAP. A test is TEST(name) { EXPECT_...; } and a file ends with
 * TEST_MAIN. Failures print expected, got, and the place. Only tests link this. */

typedef void (*test_fn)(void);
void test_register(const char *name, test_fn fn);
int test_run_all(int argc, char **argv);

#define TEST(name)                                                                                 \
    static void test_##name(void);                                                                 \
    __attribute__((constructor)) static void test_register_##name(void)                            \
    {                                                                                              \
        test_register(#name, test_##name);                                                         \
    }                                                                                              \
    static void test_##name(void)

#define TEST_MAIN                                                                                  \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return test_run_all(argc, argv);                                                           \
    }

/* Each EXPECT records a failure and goes on; it returns true if it held, so that a test can stop:
 * `if (!EXPECT(p)) { return; }`. */
#define EXPECT(cond)           test_expect((cond), #cond, __FILE__, __LINE__)
#define EXPECT_OK(expr)        test_expect_err(OK, (expr), #expr, __FILE__, __LINE__)
#define EXPECT_ERR(want, expr) test_expect_err((want), (expr), #expr, __FILE__, __LINE__)
#define EXPECT_EQ(want, got)                                                                       \
    test_expect_u64((uint64_t)(want), (uint64_t)(got), #got, __FILE__, __LINE__)
#define EXPECT_STR(want, got)  test_expect_str((want), (got), #got, __FILE__, __LINE__)
#define EXPECT_SPAN(want, got) test_expect_span((want), (got), #got, __FILE__, __LINE__)

/* TEST_REQUIRE ends the test at once if it does not hold. */
#define TEST_REQUIRE(cond)                                                                         \
    do {                                                                                           \
        if (!EXPECT(cond)) {                                                                       \
            return;                                                                                \
        }                                                                                          \
    } while (0)

bool test_expect(bool held, const char *text, const char *file, int line);
bool test_expect_err(enum err want, enum err got, const char *text, const char *file, int line);
bool test_expect_u64(uint64_t want, uint64_t got, const char *text, const char *file, int line);
bool test_expect_str(
    const char *want, const char *got, const char *text, const char *file, int line);
bool test_expect_span(
    struct span want, struct span got, const char *text, const char *file, int line);

/* test_note adds a word to the next failure lines of this test: the name of a table case, a seed. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* test_skip marks the running test as skipped, with the reason; return afterwards. */
void test_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* test_seed is $PASSMESH_TEST_SEED, or 1; printed with each failure. */
uint64_t test_seed(void);

/* test_hex decodes hex text (blanks allowed) into memory that lives until the test ends. */
struct span test_hex(const char *hex);

/* test_fixture reads a file below $PASSMESH_FIXTURES (default ../shared/fixtures) into memory that lives
 * until the test ends; if it is absent, marks the test skipped and returns false. */
bool test_fixture(const char *name, struct span *ret_content);

/* test_file reads a file of the source tree (the tests run in its root). */
bool test_file(const char *path, struct span *ret_content);

/* test_budget is a root budget of 64 MiB; a test that leaves bytes reserved in it fails. */
struct budget *test_budget(void);

#endif
