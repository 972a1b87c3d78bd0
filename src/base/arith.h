#ifndef BASE_ARITH_H
#define BASE_ARITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Checked and saturating arithmetic for numbers from outside. *_ok return false on overflow and then
 * leave *ret untouched. */

#define ARITH_DEFINE(suffix, type, max)                                                            \
    static inline bool add_ok_##suffix(type *ret, type a, type b)                                  \
    {                                                                                              \
        type r;                                                                                    \
        if (__builtin_add_overflow(a, b, &r)) {                                                    \
            return false;                                                                          \
        }                                                                                          \
        *ret = r;                                                                                  \
        return true;                                                                               \
    }                                                                                              \
    static inline bool mul_ok_##suffix(type *ret, type a, type b)                                  \
    {                                                                                              \
        type r;                                                                                    \
        if (__builtin_mul_overflow(a, b, &r)) {                                                    \
            return false;                                                                          \
        }                                                                                          \
        *ret = r;                                                                                  \
        return true;                                                                               \
    }                                                                                              \
    static inline type add_sat_##suffix(type a, type b)                                            \
    {                                                                                              \
        type r;                                                                                    \
        return __builtin_add_overflow(a, b, &r) ? (type)(max) : r;                                 \
    }                                                                                              \
    static inline type sub_sat_##suffix(type a, type b)                                            \
    {                                                                                              \
        return a > b ? (type)(a - b) : (type)0;                                                    \
    }                                                                                              \
    static inline type mul_sat_##suffix(type a, type b)                                            \
    {                                                                                              \
        type r;                                                                                    \
        return __builtin_mul_overflow(a, b, &r) ? (type)(max) : r;                                 \
    }                                                                                              \
    static inline type min_##suffix(type a, type b)                                                \
    {                                                                                              \
        return a < b ? a : b;                                                                      \
    }                                                                                              \
    static inline type max_##suffix(type a, type b)                                                \
    {                                                                                              \
        return a > b ? a : b;                                                                      \
    }

ARITH_DEFINE(size, size_t, SIZE_MAX)
ARITH_DEFINE(u64, uint64_t, UINT64_MAX)
ARITH_DEFINE(u32, uint32_t, UINT32_MAX)

#undef ARITH_DEFINE

#endif
