/* Calendar time to seconds since 1970-01-01. */
#include "tee/utc.h"

bool utc_seconds(walltime *ret, const struct utc *t)
{
    static const uint16_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool is_good = t->year >= 1970 && t->year <= 9999 && t->month >= 1 && t->month <= 12 &&
                   t->day >= 1 && t->day <= 31 && t->hour <= 23 && t->minute <= 59 &&
                   t->second <= 59;
    if (!is_good) {
        return false;
    }
    unsigned y = t->year - 1;
    uint64_t leap_days = y / 4 - y / 100 + y / 400 - 477; /* 477 of them before 1970 */
    bool is_leap = (t->year % 4 == 0 && t->year % 100 != 0) || t->year % 400 == 0;
    uint64_t days = (uint64_t)(t->year - 1970) * 365 + leap_days + before[t->month - 1] +
                    (is_leap && t->month > 2) + t->day - 1;
    ret->s = ((days * 24 + t->hour) * 60 + t->minute) * 60 + t->second;
    return true;
}

/* count digits at text[at]; 10000 (more than any field allows) if one is none. */
static unsigned number(struct span text, size_t at, size_t count)
{
    unsigned n = 0;
    for (size_t i = at; i < at + count; i++) {
        unsigned digit = text.p[i] - (unsigned)'0';
        if (digit > 9) {
            return 10000;
        }
        n = n * 10 + digit;
    }
    return n;
}

bool utc_parse(walltime *ret, struct span text)
{
    static const char form[] = "....-..-..T..:..:..Z";
    if (text.n != sizeof form - 1) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (form[i] != '.' && text.p[i] != (uint8_t)form[i]) {
            return false;
        }
    }
    struct utc t = {.year = number(text, 0, 4),
                    .month = number(text, 5, 2),
                    .day = number(text, 8, 2),
                    .hour = number(text, 11, 2),
                    .minute = number(text, 14, 2),
                    .second = number(text, 17, 2)};
    return utc_seconds(ret, &t);
}
