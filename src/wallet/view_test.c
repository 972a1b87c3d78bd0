/* What is asked with a proof, and what it is taken for. */
#include "wallet/view.h"

#include "base/test.h"
#include "service/proof.h"
#include "service/proof_world_test.h"

#include <string.h>

static struct network n;

static void net(void)
{
    static const char ini[] =
        "[network]\nid = local\nname = Local\nchain_id = 31337\nkind = local\nsymbol = ETH\n"
        "native_name = Ether\nblock_ms = 1000\nfinal_after = 2\nanchor = http://127.0.0.1:1\n"
        "[token T]\naddress = 0x1111111111111111111111111111111111111111\nsymbol = TOK\n"
        "name = Token\ndecimals = 6\nbalance_slot = 9\nbalance_bits = 255\n";
    EXPECT_OK(network_parse(&n, span_str(ini), NULL));
}

/* Values of solc's layout for the account 0x11..11: keccak256(pad(account) . pad(slot)), and keccak256(pad(0) . that),
 * computed with viem. */
TEST(slots)
{
    net();
    struct view_subject s = {.network = &n, .anchor = ANCHOR_HEADER_SOURCE};
    struct view_proof_ask ask;
    memset(s.account.bytes, 0x11, sizeof s.account.bytes);
    view_prove(&ask, VIEW_PROVE_ACCOUNT, &s);
    EXPECT_EQ(0, ask.slots_count);
    EXPECT(address_equal(s.account, ask.address));
    view_prove(&ask, VIEW_PROVE_TOKEN, &s);
    EXPECT_EQ(1, ask.slots_count);
    EXPECT(view_has_slot(&n, 0));
    EXPECT_SPAN(test_hex("233b1b49de63438bb1ac1a57ef81babcc52ccd4555c968bb144593ea539bbebc"),
                SPAN_OF(ask.slots[0]));
    view_prove(&ask, VIEW_PROVE_ENTRY_POINT, &s);
    EXPECT_EQ(2, ask.slots_count);
    EXPECT(address_equal(n.entry_point, ask.address));
    EXPECT_SPAN(test_hex("f043c50fe795c69f30b8ff78b84032dc53a9d87ca283ae10a1dacfbb648e83ef"),
                SPAN_OF(ask.slots[0]));
    EXPECT_SPAN(test_hex("53576231d24dd226f8944f9473fe29cd80ca059775ce9d983d1726c8fe5174a6"),
                SPAN_OF(ask.slots[1]));
}

static bool prove(struct proven_account *ret, struct proof_world *w)
{
    static const struct proven_known nothing;
    struct buf b;
    struct service_proof p;
    buf_init(&b, test_budget(), 4096);
    proof_world_body(w, &b);
    bool ok =
        EXPECT_OK(service_proof_decode(&p, buf_span(&b))) &&
        EXPECT_OK(proven_account_verify(ret, &w->request.block_hash, &w->request, &nothing, &p));
    buf_done(&b);
    return ok;
}

TEST(a_proof_is_of_this_account_and_this_block)
{
    net();
    struct proof_world w;
    struct proven_account p;
    static struct view v;
    v = (struct view){0};
    struct view_subject s = {.network = &n, .anchor = ANCHOR_HEADER_SOURCE, .as_of_ms = 1};
    proof_world_init(&w);
    TEST_REQUIRE(prove(&p, &w));
    s.account = w.request.address;
    EXPECT_ERR(ERR_STATE, view_learn_proof(&v, VIEW_PROVE_ACCOUNT, &p, &s)); /* another block */
    v.block_hash = w.request.block_hash;
    s.account.bytes[0] ^= 1;
    EXPECT_ERR(ERR_STATE, view_learn_proof(&v, VIEW_PROVE_ACCOUNT, &p, &s));
    s.account.bytes[0] ^= 1;
    EXPECT_ERR(ERR_STATE, view_learn_proof(&v, VIEW_PROVE_FACTORY, &p, &s));
    EXPECT_EQ(GRADE_REPORTED, figure_grade(&v.balance));
    EXPECT_OK(view_learn_proof(&v, VIEW_PROVE_ACCOUNT, &p, &s));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&v.balance));
    EXPECT_EQ(GRADE_PROVEN, figure_grade(&v.base_fee));
    EXPECT(!v.is_deployed);
    /* the token of this network stands at the same address, but its slot was not asked for */
    EXPECT_ERR(ERR_NOT_FOUND, view_learn_proof(&v, VIEW_PROVE_TOKEN, &p, &s));
    proof_world_done(&w);
}

TEST(code_is_told_by_its_hash)
{
    net();
    struct proof_world w;
    struct proven_account p;
    static struct view v;
    v = (struct view){0};
    struct view_subject s = {.network = &n, .anchor = ANCHOR_HEADER_SOURCE};
    proof_world_init(&w);
    TEST_REQUIRE(prove(&p, &w));
    v.block_hash = w.request.block_hash;
    n.factory = w.request.address;
    EXPECT_OK(view_learn_proof(&v, VIEW_PROVE_FACTORY, &p, &s));
    EXPECT_EQ(CONTRACTS_MISSING, v.contracts);
    v.contracts = CONTRACTS_UNKNOWN;
    memcpy(n.factory_code_hash, proven_account_state(&p)->code_hash.bytes, 32);
    EXPECT_OK(view_learn_proof(&v, VIEW_PROVE_FACTORY, &p, &s));
    EXPECT_EQ(CONTRACTS_READY, v.contracts);
    proof_world_done(&w);
}

/* A wallet that asks for what is pending is given the newest block by some servers, and uses a nonce twice. Everything is asked at the block that
 * was read first. */
TEST(hole_pending_is_never_asked)
{
    net();
    struct buf params;
    struct view_subject s = {.network = &n, .is_smart = true, .block = 77};
    size_t asked = 0;
    buf_init(&params, test_budget(), 64 * 1024);
    for (unsigned q = 0; q < VIEW_TOKEN; q++) {
        const char *method = "";
        buf_clear(&params);
        if (view_ask(&params, &method, q, &s) != OK || strncmp(method, "eth_get", 7) != 0) {
            continue;
        }
        asked++;
        test_note("%s", method);
        EXPECT_OK(buf_append(&params, SPAN_LIT("\0")));
        const char *text = (const char *)params.p;
        EXPECT(!strstr(text, "pending"));
        EXPECT(q == VIEW_BLOCK || strstr(text, "0x4d"));
    }
    EXPECT(asked > 3);
    buf_done(&params);
}

TEST_MAIN
