#include "evm/abi.h"

#include "base/test.h"

#include <string.h>

/* Solidity documentation, "Contract ABI Specification", Examples: sam(bytes,bool,uint256[]) with "dave", true, [1,2,3]. */
static const char sam[] = "0000000000000000000000000000000000000000000000000000000000000060"
                          "0000000000000000000000000000000000000000000000000000000000000001"
                          "00000000000000000000000000000000000000000000000000000000000000a0"
                          "0000000000000000000000000000000000000000000000000000000000000004"
                          "6461766500000000000000000000000000000000000000000000000000000000"
                          "0000000000000000000000000000000000000000000000000000000000000003"
                          "0000000000000000000000000000000000000000000000000000000000000001"
                          "0000000000000000000000000000000000000000000000000000000000000002"
                          "0000000000000000000000000000000000000000000000000000000000000003";

TEST(selectors)
{
    static const struct {
        const char *signature;
        const char *hex;
    } cases[] = {
        {"sam(bytes,bool,uint256[])",                                                              "a5643bf2"},
        {"transfer(address,uint256)",                                                              "a9059cbb"},
        {"Error(string)",                                                                          "08c379a0"},
        {"Panic(uint256)",                                                                         "4e487b71"},
        {"FailedOp(uint256,string)",                                                               "220266b6"},
        {"FailedOpWithRevert(uint256,string,bytes)",                                               "65c8fd4d"},
        {"handleOps((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes)[],address)",
         "765e827f"                                                                                          },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t selector[ABI_SELECTOR_LEN];
        abi_selector(selector, span_str(cases[i].signature));
        EXPECT_SPAN(test_hex(cases[i].hex), SPAN_OF(selector));
    }
}

TEST(write_sam)
{
    struct buf b;
    buf_init(&b, test_budget(), 4096);
    struct abi_wr w = abi_wr_init(&b, 3);
    abi_wr_bytes(&w, SPAN_LIT("dave"));
    abi_wr_bool(&w, true);
    abi_wr_array_begin(&w, 3, 3);
    for (uint64_t i = 1; i <= 3; i++) {
        abi_wr_u64(&w, i);
    }
    abi_wr_close(&w);
    EXPECT_OK(abi_wr_end(&w));
    EXPECT_SPAN(test_hex(sam), buf_span(&b));
    buf_done(&b);
}

/* read_sam is true if in is a good encoding; it checks the values then. */
static bool read_sam(struct span in)
{
    struct abi_rd r = abi_rd_init(in);
    struct span name = abi_rd_bytes(&r);
    bool yes = abi_rd_bool(&r);
    size_t count;
    struct abi_rd numbers = abi_rd_array(&r, &count, 1, 3);
    for (uint64_t i = 1; i <= 3; i++) {
        uint64_t v = abi_rd_uint(&numbers, 8);
        if (abi_rd_ok(&numbers)) {
            EXPECT_EQ(i, v);
        }
    }
    if (!abi_rd_ok(&r) || !abi_rd_ok(&numbers)) {
        return false;
    }
    EXPECT_SPAN(SPAN_LIT("dave"), name);
    EXPECT(yes);
    return true;
}

TEST(read_sam_and_broken_ones)
{
    EXPECT(read_sam(test_hex(sam)));
    static const struct {
        size_t at;
        uint8_t byte;
        const char *why;
    } cases[] = {
        {31,  0x61, "offset not a multiple of 32"    },
        {31,  0xe0, "offset to a length that is text"},
        {0,   0x01, "offset over 64 bits"            },
        {30,  0x10, "offset beyond the end"          },
        {63,  2,    "bool of 2"                      },
        {32,  1,    "bool with a high bit"           },
        {132, 1,    "padding not zero"               },
        {159, 1,    "last padding byte not zero"     },
        {191, 4,    "more elements than there are"   },
        {160, 1,    "count over 64 bits"             },
        {222, 1,    "uint8 of 257"                   },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t copy[288];
        (void)span_copy(MSPAN_OF(copy), test_hex(sam));
        copy[cases[i].at] = cases[i].byte;
        test_note("%s", cases[i].why);
        EXPECT(!read_sam(SPAN_OF(copy)));
    }
    for (size_t n = 0; n < 288; n++) {
        test_note("cut to %zu bytes", n);
        EXPECT(!read_sam(span_first(test_hex(sam), n)));
    }
}

TEST(types)
{
    static const struct {
        const char *name;
        enum err err;
        enum abi_kind kind;
        unsigned size;
    } cases[] = {
        {"uint256",  OK,            ABI_UINT,        256},
        {"uint8",    OK,            ABI_UINT,        8  },
        {"int128",   OK,            ABI_INT,         128},
        {"address",  OK,            ABI_ADDRESS,     0  },
        {"bool",     OK,            ABI_BOOL,        0  },
        {"bytes",    OK,            ABI_BYTES,       0  },
        {"bytes1",   OK,            ABI_FIXED_BYTES, 1  },
        {"bytes32",  OK,            ABI_FIXED_BYTES, 32 },
        {"string",   OK,            ABI_STRING,      0  },
        {"uint",     ERR_NOT_FOUND, ABI_UINT,        0  },
        {"uint0",    ERR_NOT_FOUND, ABI_UINT,        0  },
        {"uint7",    ERR_NOT_FOUND, ABI_UINT,        0  },
        {"uint08",   ERR_NOT_FOUND, ABI_UINT,        0  },
        {"uint264",  ERR_NOT_FOUND, ABI_UINT,        0  },
        {"bytes0",   ERR_NOT_FOUND, ABI_UINT,        0  },
        {"bytes33",  ERR_NOT_FOUND, ABI_UINT,        0  },
        {"Person",   ERR_NOT_FOUND, ABI_UINT,        0  },
        {"uint256 ", ERR_NOT_FOUND, ABI_UINT,        0  },
        {"",         ERR_NOT_FOUND, ABI_UINT,        0  },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_note("%s", cases[i].name);
        struct abi_type t = {0};
        EXPECT_ERR(cases[i].err, abi_type_parse(&t, span_str(cases[i].name)));
        if (cases[i].err == OK) {
            EXPECT_EQ(cases[i].kind, t.kind);
            EXPECT_EQ(cases[i].size, t.size);
        }
    }
    struct abi_array_type a;
    EXPECT_OK(abi_type_array(&a, SPAN_LIT("uint256[3][]")));
    EXPECT_EQ(0, a.count);
    EXPECT_SPAN(SPAN_LIT("uint256[3]"), a.element);
    EXPECT_OK(abi_type_array(&a, a.element));
    EXPECT_EQ(3, a.count);
    EXPECT_ERR(ERR_NOT_FOUND, abi_type_array(&a, a.element));
    EXPECT_ERR(ERR_MALFORMED, abi_type_array(&a, SPAN_LIT("uint256[0]")));
    EXPECT_ERR(ERR_MALFORMED, abi_type_array(&a, SPAN_LIT("uint256[x]")));
    EXPECT_ERR(ERR_MALFORMED, abi_type_array(&a, SPAN_LIT("[]")));
    EXPECT_ERR(ERR_MALFORMED, abi_type_array(&a, SPAN_LIT("]")));
}

TEST(full_buf)
{
    for (size_t max = 0; max < 288; max += 16) {
        struct buf b;
        buf_init(&b, test_budget(), max);
        struct abi_wr w = abi_wr_init(&b, 2);
        abi_wr_tuple_begin(&w, 1);
        abi_wr_bytes(&w, SPAN_LIT("dave"));
        abi_wr_close(&w);
        abi_wr_u64(&w, 1);
        EXPECT_ERR(max < 160 ? ERR_LIMIT : OK, abi_wr_end(&w));
        buf_done(&b);
    }
}

TEST_MAIN
