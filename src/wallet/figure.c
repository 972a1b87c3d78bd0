/* Grades. */
#include "wallet/figure.h"

const char *grade_name(enum grade g)
{
    switch (g) {
    case GRADE_PROVEN:   return "proven";
    case GRADE_AGREED:   return "agreed";
    case GRADE_REPORTED: return "reported";
    }
    return "reported";
}

enum grade grade_worse(enum grade a, enum grade b)
{
    return a > b ? a : b;
}
