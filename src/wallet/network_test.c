#include "wallet/network.h"

#include "base/test.h"
#include "evm/deployments.h"

#include <stdio.h>
#include <string.h>

static const char good[] =
    "[network]\nid = x\nname = X\nchain_id = 5\nkind = test\nsymbol = ETH\nnative_name = Ether\n"
    "block_ms = 12000\nfinal_after = 64\n";

TEST(the_networks_of_the_release)
{
    static const struct {
        const char *file;
        uint64_t chain_id;
        enum network_kind kind;
    } cases[] = {
        {"networks/ethereum.ini", 1,        NETWORK_MAIN},
        {"networks/sepolia.ini",  11155111, NETWORK_TEST},
        {"networks/base.ini",     8453,     NETWORK_MAIN},
        {"networks/op.ini",       10,       NETWORK_MAIN},
        {"networks/arbitrum.ini", 42161,    NETWORK_MAIN},
    };
    static struct network n;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct span text;
        test_note("%s", cases[i].file);
        TEST_REQUIRE(test_file(cases[i].file, &text));
        EXPECT_OK(network_parse(&n, text, NULL));
        EXPECT_EQ(cases[i].chain_id, n.chain_id);
        EXPECT_EQ(cases[i].kind, n.kind);
        EXPECT(address_equal(deployments.factory.address, n.factory));
        EXPECT_STR("", n.faucet);
    }
}

TEST(refusals_name_rule_and_line)
{
    static const struct {
        const char *more;
        enum err err;
    } cases[] = {
        {"unknown = 1\n",                                                     ERR_MALFORMED},
        {"chain_id = 6\n",                                                    ERR_MALFORMED}, /* twice */
        {"faucet = http://127.0.0.1:1/\n",                                    ERR_DENIED   },
        {"p256 = maybe\n",                                                    ERR_MALFORMED},
        {"checkpoint = 0x12\n",                                               ERR_MALFORMED},
        {"checkpoint = 0x12:1\n",                                             ERR_MALFORMED},
        {"[token T]\nsymbol = T\n",                                           ERR_MALFORMED},
        {"[token T]\naddress = 0x1111111111111111111111111111111111111111\n", ERR_MALFORMED},
        {"[token T]\naddress = 0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n",
         ERR_MALFORMED                                                                     }, /* checksum */
        {"[beacon]\nchain = moon\n",                                          ERR_MALFORMED},
        {"[beacon]\ngenesis_time = 5\n",                                      ERR_MALFORMED}, /* not whole */
        {"[beacon]\naltair = 0x01 0\n",                                       ERR_MALFORMED},
        {"[beacon]\nspeed = 1\n",                                             ERR_MALFORMED},
        {"[beacon]\ncommittee_size = 31\n",                                   ERR_MALFORMED},
        {"[other]\nk = v\n",                                                  ERR_MALFORMED},
    };
    static struct network n;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[1024];
        struct diag diag = {0};
        test_note("%s", cases[i].more);
        (void)snprintf(text, sizeof text, "%s%s", good, cases[i].more);
        EXPECT_ERR(cases[i].err, network_parse(&n, span_str(text), &diag));
        EXPECT(diag.rule != NULL);
        EXPECT(diag.offset > 0);
    }
    EXPECT_OK(network_parse(&n, span_str(good), NULL));
}

TEST(consensus_chains)
{
    static struct network n;
    struct span text;
    TEST_REQUIRE(test_file("networks/ethereum.ini", &text));
    EXPECT_OK(network_parse(&n, text, NULL));
    EXPECT(n.has_beacon);
    EXPECT_EQ(chain_mainnet.genesis_time, n.beacon.genesis_time);
    TEST_REQUIRE(test_file("networks/base.ini", &text));
    EXPECT_OK(network_parse(&n, text, NULL));
    EXPECT(!n.has_beacon);
    char own[1024];
    static const char beacon[] =
        "[beacon]\ngenesis_time = 1600000000\n"
        "genesis_validators_root = "
        "0x7701000000000000000000000000000000000000000000000000000000000000\n"
        "seconds_per_slot = 6\nslots_per_epoch = 8\nepochs_per_period = 8\ncommittee_size = 32\n"
        "altair = 0x010000aa 0\ndeneb = 0x040000aa 7\n";
    (void)snprintf(own, sizeof own, "%s%s", good, beacon);
    EXPECT_OK(network_parse(&n, span_str(own), NULL));
    EXPECT(n.has_beacon);
    EXPECT_EQ(32, n.beacon.committee_size);
    EXPECT_EQ(7, n.beacon.forks[FORK_DENEB].epoch);
    EXPECT_EQ(0xaa, n.beacon.forks[FORK_DENEB].version[3]);
    EXPECT(n.beacon.forks[FORK_ELECTRA].epoch == CHAIN_EPOCH_NEVER);
    EXPECT_EQ(0x77, n.beacon.genesis_validators_root.bytes[0]);
}

TEST(every_needed_key_is_needed)
{
    static struct network n;
    for (const char *line = strchr(good, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
        char text[512];
        size_t before = (size_t)(line - good);
        (void)snprintf(text, sizeof text, "%.*s%s", (int)before, good, strchr(line, '\n') + 1);
        test_note("without %.*s", (int)(strchr(line, '\n') - line), line);
        EXPECT_ERR(ERR_MALFORMED, network_parse(&n, span_str(text), NULL));
    }
}

TEST_MAIN
