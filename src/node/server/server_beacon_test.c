/* Addresses and answers of a beacon node's REST interface. */
#include "node/server/server_beacon.h"

#include "base/test.h"

#include <string.h>

TEST(paths)
{
    char url[200];
    struct service_request r = {.type = SERVICE_LC_BOOTSTRAP, .root = {{0xab, 0x01}}};
    EXPECT_OK(server_beacon_path(url, sizeof url, "http://a:5052", &r));
    EXPECT_STR("http://a:5052/eth/v1/beacon/light_client/bootstrap/"
               "0xab01000000000000000000000000000000000000000000000000000000000000",
               url);
    EXPECT_ERR(ERR_LIMIT, server_beacon_path(url, strlen(url), "http://a:5052", &r));
    r = (struct service_request){.type = SERVICE_LC_UPDATES, .period = 7, .count = 16};
    EXPECT_OK(server_beacon_path(url, sizeof url, "http://a/", &r));
    EXPECT_STR("http://a/eth/v1/beacon/light_client/updates?start_period=7&count=16", url);
    r.type = SERVICE_LC_FINALITY;
    EXPECT_OK(server_beacon_path(url, sizeof url, "http://a", &r));
    EXPECT_STR("http://a/eth/v1/beacon/light_client/finality_update", url);
    r.type = SERVICE_LC_OPTIMISTIC;
    EXPECT_OK(server_beacon_path(url, sizeof url, "http://a", &r));
    EXPECT_STR("http://a/eth/v1/beacon/light_client/optimistic_update", url);
    r.type = SERVICE_STATUS;
    EXPECT_ERR(ERR_LIMIT, server_beacon_path(url, sizeof url, "http://a", &r));
}

TEST(forks)
{
    EXPECT_EQ(1, server_beacon_fork("altair"));
    EXPECT_EQ(6, server_beacon_fork("fulu"));
    EXPECT_EQ(0, server_beacon_fork("phase0"));
    EXPECT_EQ(0, server_beacon_fork(""));
}

/* As a beacon node of mainnet gave it in Deneb. */
TEST(updates_of_a_real_node)
{
    struct span text;
    struct service_light l;
    if (!test_fixture("chain/e2e-mainnet-electra-colibri/eth_call_electra/"
                      "eth_v1_beacon_light_client_updates_start_period_1421_count_1.ssz",
                      &text)) {
        return;
    }
    EXPECT_OK(server_beacon_updates(&l, &chain_mainnet, text));
    EXPECT_EQ(1, l.count);
    EXPECT_EQ(FORK_DENEB + 1, (int)l.parts[0].fork);
    EXPECT_EQ(text.n - 12, l.parts[0].ssz.n);
    EXPECT_ERR(ERR_NOT_FOUND, server_beacon_updates(&l, &chain_sepolia, text));
    for (size_t n = 1; n < text.n; n += 997) {
        EXPECT_ERR(ERR_MALFORMED, server_beacon_updates(&l, &chain_mainnet, span_first(text, n)));
    }
    EXPECT_ERR(ERR_NOT_FOUND, server_beacon_updates(&l, &chain_mainnet, SPAN_EMPTY));
}

TEST_MAIN
