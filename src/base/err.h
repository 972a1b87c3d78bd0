#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stddef.h>

/* What a call can answer, named for what the caller can do about it. Why it happened stands in a
 * struct diag and in the log. */
enum err {
    OK = 0,
    ERR_LIMIT, /* a declared limit or budget is reached: wait, free something, or refuse the peer */
    ERR_TRUNCATED, /* the input ends too early: read more, or treat as malformed if there is no more */
    ERR_MALFORMED,   /* the input breaks its format: refuse it */
    ERR_UNSUPPORTED, /* well-formed, but not something that we do */
    ERR_STATE,       /* not now: the object is in a state where this cannot be asked */
    ERR_AUTH,   /* a signature, tag or proof does not hold: the other side is broken or hostile */
    ERR_DENIED, /* a policy or a person says no */
    ERR_NOT_FOUND, /* there is no such thing */
    ERR_TIMEOUT,   /* its time is over */
    ERR_CLOSED,    /* the other side has gone */
    ERR_IO,        /* the operating system failed us */
    ERR_INTERNAL,  /* our own bug, contained */
    ERR_COUNT
};

#define MUST_CHECK __attribute__((warn_unused_result))

/* AUTO(fn) runs fn(&variable) when the variable leaves its scope, on every path. */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* TRY returns from the calling function with the error of expr. The only control-flow macro. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum err try_err_ = (expr);                                                                \
        if (try_err_ != OK) {                                                                      \
            return try_err_;                                                                       \
        }                                                                                          \
    } while (0)

/* Why an operation failed: a rule in words and the byte offset where it was broken. Fixed size, so
 * it can live in any object. rule points to static text or is NULL. */
struct diag {
    const char *rule;
    size_t offset;
};

/* err_name returns a static word such as "limit"; never NULL. */
const char *err_name(enum err e);

/* diag_set fills d, which may be NULL, and returns e, so that a parser can write
 * `return diag_set(d, ERR_MALFORMED, "length beyond end", off);`. rule must be static text. */
enum err diag_set(struct diag *d, enum err e, const char *rule, size_t offset);

#endif
