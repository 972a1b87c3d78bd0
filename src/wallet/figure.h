#ifndef WALLET_FIGURE_H
#define WALLET_FIGURE_H

#include "evm/u256.h"

#include <stdint.h>

/* How a figure was checked. There is no way to make a proven one yet: that takes the light client. */
enum grade {
    GRADE_PROVEN,   /* a Merkle proof against a header that we follow */
    GRADE_AGREED,   /* k independent servers gave the same answer */
    GRADE_REPORTED, /* one server's word, or this wallet's own arithmetic on it */
};

const char *grade_name(enum grade g);

/* The least of two: what rests on both is worth no more than the worse. */
enum grade grade_worse(enum grade a, enum grade b);

/* A number and how far it can be trusted. why is a code of kind "why" (api/codes.json). */
struct figure {
    struct u256 value; /* of the smallest unit */
    enum grade grade;
    uint8_t k;
    uint8_t n;
    uint64_t block;    /* 0: belongs to none */
    uint64_t as_of_ms; /* Unix time */
    const char *why;   /* static text */
};

#endif
