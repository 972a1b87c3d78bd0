/* Dates of expiry: section 4.2 of the specification, ISO 8601 in UTC. */
#include "plugin/tuf_metadata.h"

#include "codec/decimal.h"

#include <stdio.h>

/* Days since 1970-01-01 of a date of the Gregorian calendar, counted from March so that the leap day is the last. */
static uint64_t days_of(uint64_t year, uint64_t month, uint64_t day)
{
    uint64_t y = month <= 2 ? year - 1 : year;
    uint64_t era = y / 400;
    uint64_t year_of_era = y % 400;
    uint64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static uint64_t days_in(uint64_t year, uint64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/* Takes digits of a fixed width and the character behind them. */
static bool take(struct span *text, uint64_t *ret, size_t width, char behind)
{
    struct span digits = span_take(text, width);
    uint64_t v = 0;
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9') {
            return false;
        }
        v = v * 10 + (uint64_t)(digits.p[i] - '0');
    }
    *ret = v;
    struct span c = span_take(text, 1);
    return digits.n == width && c.n == 1 && c.p[0] == (uint8_t)behind;
}

enum err tuf_time_parse(walltime *ret, struct span text)
{
    uint64_t year;
    uint64_t month;
    uint64_t day;
    uint64_t hour;
    uint64_t minute;
    uint64_t second;
    if (!take(&text, &year, 4, '-') || !take(&text, &month, 2, '-') || !take(&text, &day, 2, 'T') ||
        !take(&text, &hour, 2, ':') || !take(&text, &minute, 2, ':') ||
        !take(&text, &second, 2, 'Z') || text.n != 0) {
        return ERR_MALFORMED;
    }
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
        hour > 23 || minute > 59 || second > 59) {
        return ERR_MALFORMED;
    }
    ret->s = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return OK;
}

void tuf_time_print(char text[static TUF_TIME_TEXT_LEN], walltime time)
{
    uint64_t days = time.s / 86400;
    uint64_t rest = time.s % 86400;
    uint64_t year = 1970 + days / 366;
    while (year < 9999 && days_of(year + 1, 1, 1) <= days) {
        year++;
    }
    uint64_t month = 1;
    while (month < 12 && days_of(year, month + 1, 1) <= days) {
        month++;
    }
    uint64_t day = days - days_of(year, month, 1) + 1;
    (void)snprintf(text, TUF_TIME_TEXT_LEN, "%04u-%02u-%02uT%02u:%02u:%02uZ",
                   (unsigned)year % 10000, (unsigned)month, (unsigned)day % 100,
                   (unsigned)(rest / 3600), (unsigned)(rest / 60 % 60), (unsigned)(rest % 60));
}
