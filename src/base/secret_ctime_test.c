/* Runs under valgrind: the secret bytes are marked undefined, so any branch or index on them is
 * reported. Only the verdict may become public. */
#include "base/secret.h"
#include "base/test.h"

#include <valgrind/memcheck.h>

TEST(ct_equal_does_not_branch)
{
    struct secret32 a = {{1}};
    struct secret32 b = {{2}};
    VALGRIND_MAKE_MEM_UNDEFINED(&a, sizeof a);
    VALGRIND_MAKE_MEM_UNDEFINED(&b, sizeof b);
    bool equal = ct_equal(SPAN_OF(a.bytes), SPAN_OF(b.bytes));
    VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);
    EXPECT(!equal);
    EXPECT(RUNNING_ON_VALGRIND); /* else this test says nothing */
}

TEST_MAIN
