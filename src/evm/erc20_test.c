#include "evm/erc20.h"

#include "base/test.h"
#include "crypto/keccak.h"

#define SELECTOR "a9059cbb"
#define TO       "0000000000000000000000001111111111111111111111111111111111111111"
#define SEVEN    "0000000000000000000000000000000000000000000000000000000000000007"

TEST(a_transfer_is_read)
{
    struct erc20_transfer t;
    TEST_REQUIRE(erc20_transfer_decode(&t, test_hex(SELECTOR TO SEVEN)));
    EXPECT_SPAN(test_hex("1111111111111111111111111111111111111111"), SPAN_OF(t.to.bytes));
    EXPECT(u256_equal(u256_from_u64(7), t.amount));
}

/* What a token might take all the same, and what means something else. */
TEST(another_form_is_none)
{
    static const char *const bad[] = {
        "",
        SELECTOR,
        SELECTOR TO,
        SELECTOR TO SEVEN "00",
        "095ea7b3" TO SEVEN, /* approve */
        "23b872dd" TO SEVEN, /* transferFrom */
        SELECTOR "0100000000000000000000001111111111111111111111111111111111111111" SEVEN,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct erc20_transfer t;
        test_note("case %zu", i);
        EXPECT(!erc20_transfer_decode(&t, test_hex(bad[i])));
    }
}

static struct event_log log_of(const char *data)
{
    struct event_log log = {.topics = {erc20_event_topic}, .topics_count = 3};
    span_copy(MSPAN_OF(log.topics[1].bytes),
              test_hex("0000000000000000000000002222222222222222222222222222222222222222"));
    span_copy(MSPAN_OF(log.topics[2].bytes), test_hex(TO));
    log.data = test_hex(data);
    return log;
}

TEST(an_event_is_read)
{
    struct erc20_event e;
    struct hash32 topic;
    struct event_log log = log_of(SEVEN);
    keccak256(&topic, SPAN_LIT("Transfer(address,address,uint256)"));
    EXPECT_SPAN(SPAN_OF(topic.bytes), SPAN_OF(erc20_event_topic.bytes));
    TEST_REQUIRE(erc20_event_decode(&e, &log));
    EXPECT_SPAN(test_hex("2222222222222222222222222222222222222222"), SPAN_OF(e.from.bytes));
    EXPECT_SPAN(test_hex("1111111111111111111111111111111111111111"), SPAN_OF(e.to.bytes));
    EXPECT(u256_equal(u256_from_u64(7), e.amount));
}

TEST(another_log_is_none)
{
    struct erc20_event e;
    struct event_log log = log_of("");
    EXPECT(!erc20_event_decode(&e, &log));
    log = log_of(SEVEN "00");
    EXPECT(!erc20_event_decode(&e, &log));
    log = log_of(SEVEN);
    log.topics_count = 4; /* ERC-721: the number of the token */
    EXPECT(!erc20_event_decode(&e, &log));
    log = log_of(SEVEN);
    log.topics[0].bytes[0] ^= 1;
    EXPECT(!erc20_event_decode(&e, &log));
    log = log_of(SEVEN);
    log.topics[1].bytes[0] = 1; /* more than an address */
    EXPECT(!erc20_event_decode(&e, &log));
}

TEST_MAIN
