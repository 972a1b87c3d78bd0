#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <assert.h>
#include <stdbool.h>

/* check states what we guarantee ourselves; it stays on in release. Nothing that a peer, a user, a
 * file or a clock can cause may be checked this way: that is an error return. */
#define check(cond)                                                                                \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0)) {                                                        \
            check_failed(#cond, __FILE__, __LINE__);                                               \
        }                                                                                          \
    } while (0)

/* BUG(x) is true if our own invariant is broken in a place where limping on is safe:
 * `if (BUG(x)) { return ERR_INTERNAL; }`. It counts what it saw, see bug_count. */
#define BUG(cond) (__builtin_expect(!!(cond), 0) && bug_seen(#cond, __FILE__, __LINE__))

/* check_failed keeps the text where a core or a debugger finds it, then aborts. */
_Noreturn void check_failed(const char *cond, const char *file, int line);

bool bug_seen(const char *cond, const char *file, int line);

/* bug_count returns how many BUG conditions have been true in this process. */
unsigned bug_count(void);

#endif
