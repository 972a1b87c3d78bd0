#ifndef FUZZ_FIRST_HEAD_H
#define FUZZ_FIRST_HEAD_H

/* What a node says to the first question of a server, which is for the head; the id is the first number that a server gives. */
static const char first_head[] =
    "{\"jsonrpc\":\"2.0\",\"id\":2305843009213693952,\"result\":{\"number\":\"0x5\",\"hash\":"
    "\"0x1111111111111111111111111111111111111111111111111111111111111111\",\"parentHash\":"
    "\"0x1111111111111111111111111111111111111111111111111111111111111111\",\"timestamp\":\"0x1\"}"
    "}";

#endif
