/* Peer ids: the strings that belong to the keys of libp2p/peer-ids, both text forms, and what must be refused. */
#include "p2p/peer_id.h"

#include "base/test.h"
#include "p2p/key.h"

#include <string.h>

/* Keys: libp2p/specs, peer-ids/peer-ids.md, "Test vectors". The strings are what go-libp2p and js-libp2p print for them. */
static const struct {
    const char *key;
    const char *text;
} known[] = {
    {"080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e",
     "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"                                                                        },
    {"08021221037777e994e452c21604f91de093ce415f5432f701dd8cd1a7a6fea0e630bfca99",
     "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY"                                                                       },
    {"0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5d530899d83aba"
     "b"
     "44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47c646a597fb4dcec034e9f77c409"
     "e62",                                                                   "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgDk"},
};

TEST(ids_of_keys_print_and_parse_in_both_forms)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct peer_id id;
        struct peer_id back;
        char text[PEER_ID_TEXT_MAX];
        char cid[PEER_ID_CID_MAX];
        test_note("%s", known[i].text);
        peer_id_of_key(&id, test_hex(known[i].key));
        peer_id_print(text, &id);
        EXPECT_STR(known[i].text, text);
        EXPECT_OK(peer_id_parse(&back, span_str(text)));
        EXPECT(peer_id_equal(&id, &back));
        EXPECT(memcmp(&id, &back, sizeof id) == 0); /* compares whole */
        peer_id_print_cid(cid, &id);
        EXPECT(cid[0] == 'b');
        EXPECT_OK(peer_id_parse(&back, span_str(cid)));
        EXPECT(peer_id_equal(&id, &back));
        EXPECT_OK(peer_id_decode(&back, peer_id_span(&id)));
        EXPECT(peer_id_equal(&id, &back));
    }
}

/* Source: libp2p/specs, peer-ids/peer-ids.md, "String representation": one id in both forms. */
TEST(the_specs_pair_of_base58_and_cid_is_one_id)
{
    struct peer_id a;
    struct peer_id b;
    EXPECT_OK(peer_id_parse(&a, SPAN_LIT("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N")));
    EXPECT_OK(
        peer_id_parse(&b, SPAN_LIT("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe")));
    EXPECT(peer_id_equal(&a, &b));
}

TEST(an_inline_id_gives_its_key_and_a_hash_does_not)
{
    struct peer_id id;
    struct span key;
    EXPECT_OK(peer_id_parse(&id, span_str(known[0].text)));
    EXPECT_OK(peer_id_key(&id, &key));
    EXPECT_SPAN(test_hex(known[0].key), key);
    EXPECT_OK(peer_id_parse(&id, span_str(known[2].text)));
    EXPECT_ERR(ERR_NOT_FOUND, peer_id_key(&id, &key));
    id = (struct peer_id){0};
    EXPECT_ERR(ERR_NOT_FOUND, peer_id_key(&id, &key));
    char text[PEER_ID_TEXT_MAX];
    peer_id_print(text, &id);
    EXPECT_STR("", text);
}

TEST(the_key_stands_in_the_id_up_to_42_bytes)
{
    uint8_t bytes[PEER_ID_INLINE_MAX + 1] = {0};
    struct peer_id id;
    peer_id_of_key(&id, span_of(bytes, PEER_ID_INLINE_MAX));
    EXPECT_EQ(PEER_ID_LEN_MAX, id.n);
    EXPECT_EQ(0, id.bytes[0]);
    peer_id_of_key(&id, span_of(bytes, PEER_ID_INLINE_MAX + 1));
    EXPECT_EQ(34, id.n);
    EXPECT_EQ(0x12, id.bytes[0]);
}

TEST(what_is_no_peer_id_is_refused)
{
    static const struct {
        const char *name;
        const char *text;
        enum err want;
    } cases[] = {
        {"nothing",                          "",                                                            ERR_MALFORMED},
        {"a character outside the alphabet", "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p0",
         ERR_MALFORMED                                                                                                   },
        {"cut",                              "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3p",         ERR_MALFORMED},
        {"cut, and so another hash",         "QmVMT29id3TUASyfZZ6k9hmNyc2nYabCo4uMSpDw4zrgD",
         ERR_UNSUPPORTED                                                                                                 },
        {"a CID of a file (dag-pb)",         "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",
         ERR_UNSUPPORTED                                                                                                 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer_id id;
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].want, peer_id_parse(&id, span_str(cases[i].text)));
    }
    struct peer_id id;
    EXPECT_ERR(ERR_MALFORMED, peer_id_decode(&id, test_hex("000108")));     /* inline, and no key */
    EXPECT_ERR(ERR_UNSUPPORTED, peer_id_decode(&id, test_hex("13020000"))); /* SHA2-512 */
    char long_text[300];
    memset(long_text, '1', sizeof long_text);
    EXPECT_ERR(ERR_MALFORMED, peer_id_parse(&id, span_of(long_text, sizeof long_text)));
}

TEST_MAIN
