#include "p2p/certificate.h"

#include "base/test.h"
#include "codec/der.h"
#include "crypto/p256.h"
#include "p2p/key_signer.h"

#include <string.h>

enum { NOW = 1800000000 }; /* 2027 */

struct maker {
    struct key_signer signer;
    struct rng_seeded rng;
    struct certificate_identity id;
    struct peer_id peer;
};

static void maker_init(struct maker *m)
{
    struct secret32 seed = {.bytes = {5}};
    key_signer_init(&m->signer, &seed);
    rng_seeded_init(&m->rng, test_seed());
    peer_id_of_key(&m->peer, m->signer.signer.public_key);
    EXPECT_OK(certificate_identity_init(&m->id, &m->signer.signer, &m->rng.rng));
}

static void maker_done(struct maker *m)
{
    certificate_identity_done(&m->id);
    key_signer_done(&m->signer);
}

TEST(what_we_make_verifies)
{
    struct maker m;
    struct peer_id peer;
    maker_init(&m);
    struct span der = span_of(m.id.bytes, m.id.len);
    EXPECT_OK(certificate_verify(&peer, NULL, der, NOW));
    EXPECT(peer_id_equal(&peer, &m.peer));
    EXPECT(m.id.len < 500);
    uint8_t key[CERTIFICATE_KEY_LEN];
    certificate_key_encode(key, &m.id);
    EXPECT_SPAN(SPAN_OF(m.id.key.bytes), span_of(key + 7, 32));
    maker_done(&m);
}

TEST(time_is_held_to_the_second)
{
    /* 2020-01-01T00:00:00Z and 2120-01-01T00:00:00Z */
    static const struct {
        uint64_t unix_s;
        enum err err;
    } cases[] = {
        {1577836799, ERR_TIMEOUT},
        {1577836800, OK         },
        {4733510400, OK         },
        {4733510401, ERR_TIMEOUT},
        {0,          ERR_TIMEOUT},
        {UINT64_MAX, ERR_TIMEOUT},
    };
    struct maker m;
    struct peer_id peer;
    maker_init(&m);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("case %zu", i);
        EXPECT_ERR(cases[i].err,
                   certificate_verify(&peer, NULL, span_of(m.id.bytes, m.id.len), cases[i].unix_s));
    }
    maker_done(&m);
}

TEST(no_changed_or_cut_certificate_verifies)
{
    struct maker m;
    struct peer_id peer = {0};
    maker_init(&m);
    for (size_t i = 0; i < m.id.len; i++) {
        m.id.bytes[i] ^= (uint8_t)(1U << (i % 8));
        test_note("byte %zu changed", i);
        EXPECT(certificate_verify(&peer, NULL, span_of(m.id.bytes, m.id.len), NOW) != OK);
        m.id.bytes[i] ^= (uint8_t)(1U << (i % 8));
        test_note("cut at %zu", i);
        EXPECT(certificate_verify(&peer, NULL, span_of(m.id.bytes, i), NOW) != OK);
    }
    EXPECT_EQ(0, peer.n);
    EXPECT_ERR(ERR_LIMIT, certificate_verify(
                              &peer, NULL, span_of(m.id.bytes, CERTIFICATE_PEER_LEN_MAX + 1), NOW));
    maker_done(&m);
}

/* resign puts other extensions (content of the list) behind the fields of m's certificate, and signs it anew. */
static struct span resign(const struct maker *m, struct span before, struct span extensions)
{
    static uint8_t out[CERTIFICATE_LEN_MAX];
    static uint8_t a[CERTIFICATE_LEN_MAX];
    static uint8_t b[CERTIFICATE_LEN_MAX];
    struct rd r = rd_init(span_of(m->id.bytes, m->id.len));
    struct rd whole = der_enter(&r, DER_SEQUENCE);
    struct span content = der_read(&whole, DER_SEQUENCE);
    struct span algorithm;
    uint8_t tag;
    (void)der_read_any(&whole, &tag, &algorithm);
    struct rd fields = rd_init(content);
    for (int i = 0; i < 7; i++) {
        (void)der_read_any(&fields, &tag, NULL);
    }
    size_t kept = content.n - fields.rest.n;
    struct wr w = wr_init(MSPAN_OF(a));
    wr_bytes(&w, span_first(content, kept));
    wr_bytes(&w, before);
    if (extensions.n > 0) {
        der_write_header(&w, der_context(3), der_len(extensions.n));
        der_write(&w, DER_SEQUENCE, extensions);
    }
    struct wr tbs = wr_init(MSPAN_OF(b));
    der_write(&tbs, DER_SEQUENCE, span_of(a, w.n));
    struct hash32 hash;
    struct p256_signature sig;
    uint8_t der[P256_DER_MAX];
    sha256(&hash, span_of(b, tbs.n));
    EXPECT_OK(p256_sign(&sig, &m->id.key, &hash));
    wr_bytes(&tbs, algorithm);
    der_write_bits(&tbs, span_of(der, p256_der_encode(der, &sig)));
    struct wr last = wr_init(MSPAN_OF(out));
    der_write(&last, DER_SEQUENCE, span_of(b, tbs.n));
    EXPECT_OK(wr_end(&last));
    return span_of(out, last.n);
}

/* The one extension of m's certificate, whole. */
static struct span extension_of(const struct maker *m)
{
    struct rd r = rd_init(span_of(m->id.bytes, m->id.len));
    struct rd whole = der_enter(&r, DER_SEQUENCE);
    struct rd fields = der_enter(&whole, DER_SEQUENCE);
    uint8_t tag;
    for (int i = 0; i < 7; i++) {
        (void)der_read_any(&fields, &tag, NULL);
    }
    struct rd wrapper = der_enter(&fields, der_context(3));
    return der_read(&wrapper, DER_SEQUENCE);
}

static struct span join(const char *before, struct span middle, const char *after)
{
    static uint8_t bytes[CERTIFICATE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(bytes));
    wr_bytes(&w, test_hex(before));
    wr_bytes(&w, middle);
    wr_bytes(&w, test_hex(after));
    return span_of(bytes, w.n);
}

/* Extensions: SEQUENCE { OID 2.5.29.15, [critical,] OCTET STRING }. */
#define KEY_USAGE          "300b0603551d0f0404030205a0"
#define KEY_USAGE_CRITICAL "300e0603551d0f0101ff0404030205a0"
#define KEY_USAGE_FALSE    "300e0603551d0f0101000404030205a0"

TEST(extensions)
{
    static const struct {
        const char *name;
        const char *unique_id;
        const char *before;
        bool has_ours;
        const char *after;
        enum err err;
    } cases[] = {
        {"as we make it",             "",       "",                 true,  "",                 OK             },
        {"an unknown one behind",     "",       "",                 true,  KEY_USAGE,          OK             },
        {"an unknown one in front",   "",       KEY_USAGE,          true,  "",                 OK             },
        {"critical said to be false", "",       KEY_USAGE_FALSE,    true,  "",                 OK             },
        {"a critical unknown one",    "",       KEY_USAGE_CRITICAL, true,  "",                 ERR_UNSUPPORTED},
        {"the same behind",           "",       "",                 true,  KEY_USAGE_CRITICAL, ERR_UNSUPPORTED},
        {"none of ours",              "",       KEY_USAGE,          false, "",                 ERR_AUTH       },
        {"none at all",               "",       "",                 false, "",                 ERR_AUTH       },
        {"half an extension",         "",       "",                 true,  "300b0603551d0f",   ERR_MALFORMED  },
        {"an issuer's unique id",     "810100", "",                 true,  "",                 ERR_MALFORMED  },
        {"a subject's unique id",     "820100", "",                 true,  "",                 ERR_MALFORMED  },
    };
    struct maker m;
    maker_init(&m);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer_id peer = {0};
        const char *rule = NULL;
        struct span ours = cases[i].has_ours ? extension_of(&m) : SPAN_EMPTY;
        struct span der =
            resign(&m, test_hex(cases[i].unique_id), join(cases[i].before, ours, cases[i].after));
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].err, certificate_verify(&peer, &rule, der, NOW));
        EXPECT_EQ(cases[i].err == OK, peer_id_equal(&peer, &m.peer));
        EXPECT_EQ(cases[i].err != OK, rule != NULL);
    }
    struct peer_id peer;
    uint8_t twice[CERTIFICATE_LEN_MAX];
    struct wr w = wr_init(MSPAN_OF(twice));
    wr_bytes(&w, extension_of(&m));
    wr_bytes(&w, extension_of(&m));
    test_note("ours twice");
    EXPECT_ERR(ERR_MALFORMED,
               certificate_verify(&peer, NULL, resign(&m, SPAN_EMPTY, span_of(twice, w.n)), NOW));
    maker_done(&m);
}

/* libp2p specs, tls/tls.md, "Test vectors": valid from 1975 to 4096. */
TEST(vectors_of_the_specification)
{
    static const struct {
        const char *name;
        const char *peer; /* NULL: to be refused */
        const char *hex;
    } cases[] = {
        {"Ed25519",                    "12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv",
         "308201ae30820156a0030201020204499602d2300a06082a8648ce3d040302302031123010060355"
         "040a13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030"
         "305a180f34303936303130313133303030305a302031123010060355040a13096c69627032702e69"
         "6f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d03010703420004"
         "0c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec8785"
         "04c174144fa4b14b66a651691606d8173e55bd37e381569ea37c307a3078060a2b0601040183a25a"
         "0101046a3068042408011220a77f1d92fedb59dddaea5a1c4abd1ac2fbde7d7b879ed36450180992"
         "3d7c11b90440d90d2769db992d5e6195dbb08e706b6651e024fda6cfb8846694a435519941cac215"
         "a8207792e42849cccc6cd8136c6e4bde92a58c5e08cfd4206eb5fe0bf909300a06082a8648ce3d04"
         "03020346003043021f50f6b6c52711a881778718238f650c9fb48943ae6ee6d28427dc6071ae55e7"
         "02203625f116a7a454db9c56986c82a25682f7248ea1cb764d322ea983ed36a31b77"},
        {"ECDSA",                      "QmfXbAwNjJLXfesgztEHe8HwgVDCMMpZ9Eax1HYq6hn9uE",
         "308201f63082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355"
         "040a13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030"
         "305a180f34303936303130313133303030305a302031123010060355040a13096c69627032702e69"
         "6f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d03010703420004"
         "0c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec8785"
         "04c174144fa4b14b66a651691606d8173e55bd37e381569ea381c23081bf3081bc060a2b06010401"
         "83a25a01010481ad3081aa045f0803125b3059301306072a8648ce3d020106082a8648ce3d030107"
         "03420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a96fedf6cb5d52da7"
         "563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f2044730450220064ea8124774"
         "caf8f50e57f436aa62350ce652418c019df5d98a3ac666c9386a022100aa59d704a931b5f72fb922"
         "2cb6cc51f954d04a4e2e5450f8805fe8918f71eaae300a06082a8648ce3d04030203470030440220"
         "799395b0b6c1e940a7e4484705f610ab51ed376f19ff9d7c16757cfbf61b8d4302206205c03fbb0f"
         "95205c779be86581d3e31c01871ad5d1f3435bcf375cb0e5088a"                },
        {"secp256k1",                  "16Uiu2HAkutTMoTzDw1tCvSRtu6YoixJwS46S1ZFxW8hSx9fWHiPs",
         "308201ba3082015fa0030201020204499602d2300a06082a8648ce3d040302302031123010060355"
         "040a13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030"
         "305a180f34303936303130313133303030305a302031123010060355040a13096c69627032702e69"
         "6f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d03010703420004"
         "0c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec8785"
         "04c174144fa4b14b66a651691606d8173e55bd37e381569ea38184308181307f060a2b0601040183"
         "a25a01010471306f0425080212210206dc6968726765b820f050263ececf7f71e4955892776c0970"
         "542efd689d2382044630440220145e15a991961f0d08cd15425bb95ec93f6ffa03c5a385eedc34ec"
         "f464c7a8ab022026b3109b8a3f40ef833169777eb2aa337cfb6282f188de0666d1bcec2a4690dd30"
         "0a06082a8648ce3d0403020349003046022100e1a217eeef9ec9204b3f774a08b70849646b6a1e6b"
         "8b27f93dc00ed58545d9fe022100b00dafa549d0f03547878338c7b15e7502888f6d45db387e5ae6"
         "b5d46899cef0"                                                        },
        {"signed by another identity", NULL,
         "308201f73082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355"
         "040a13096c69627032702e696f310a300806035504051301313020170d3735303130313133303030"
         "305a180f34303936303130313133303030305a302031123010060355040a13096c69627032702e69"
         "6f310a300806035504051301313059301306072a8648ce3d020106082a8648ce3d03010703420004"
         "0c901d423c831ca85e27c73c263ba132721bb9d7a84c4f0380b2a6756fd601331c8870234dec8785"
         "04c174144fa4b14b66a651691606d8173e55bd37e381569ea381c23081bf3081bc060a2b06010401"
         "83a25a01010481ad3081aa045f0803125b3059301306072a8648ce3d020106082a8648ce3d030107"
         "03420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a96fedf6cb5d52da7"
         "563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f204473045022100bb6e03577b"
         "7cc7a3cd1558df0da2b117dfdcc0399bc2504ebe7de6f65cade72802206de96e2a5be9b6202adba2"
         "4ee0362e490641ac45c240db71fe955f2c5cf8df6e300a06082a8648ce3d04030203480030450221"
         "00e847f267f43717358f850355bdcabbefb2cfbf8a3c043b203a14788a092fe8db022027c1d04a2d"
         "41fd6b57a7e8b3989e470325de4406e52e084e34a3fd56eef0d0df"              },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer_id peer = {0};
        char text[PEER_ID_TEXT_MAX];
        enum err e = certificate_verify(&peer, NULL, test_hex(cases[i].hex), NOW);
        peer_id_print(text, &peer);
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].peer ? OK : ERR_AUTH, e);
        EXPECT_STR(cases[i].peer ? cases[i].peer : "", text);
        EXPECT_ERR(ERR_TIMEOUT, certificate_verify(&peer, NULL, test_hex(cases[i].hex), 157813199));
    }
}

/* Made with the openssl program, 3.0: certificates whose own key is of another kind; an Ed25519 identity. */
TEST(keys_of_other_kinds)
{
    static const struct {
        const char *name;
        enum err err;
        const char *hex;
    } cases[] = {
        {"Ed25519",          OK,
         "308201893082013ba00302010202141f5e92c2e13610dc5d45960a184e9329339a9bba300506032b"
         "6570301431123010060355040a0c096c69627032702e696f3020170d323631313236303433383137"
         "5a180f32313236313130323034333831375a301431123010060355040a0c096c69627032702e696f"
         "302a300506032b6570032100e6962c9573177b58d7b7c21f80b25f769e3bef63fb69dd1aa72b2741"
         "3a4bd067a3819c3081993078060a2b0601040183a25a0101046a30680424080112208bdd27843742"
         "50bac09bd812a4ea502ba3d75d576100b9df60341b0f1909f4fa0440ccda3cb5d28a8f8c921de4e0"
         "b987248351233f39919fecf8f21d1385cad9e4eb94654767653a8291bca44c1e0573237821f95bfa"
         "ba66a0b50c447ed2ce46ad0d301d0603551d0e04160414b39087f666105356af9da514866423b297"
         "919bd7300506032b6570034100e874dfc1ff023c7c818d1b929b826486a03c6eee0337358be7b2bd"
         "071e06871d93df60887ebba56ec596282221aafe994120f0323f20894e2adb40755e39f004"},
        {"RSA of 2048 bits", OK,
         "308203553082023da00302010202141918fb0b25ca5a9ffe567704a6589901eb94071f300d06092a"
         "864886f70d01010b0500301431123010060355040a0c096c69627032702e696f3020170d32363131"
         "32363034333831375a180f32313236313130323034333831375a301431123010060355040a0c096c"
         "69627032702e696f30820122300d06092a864886f70d01010105000382010f003082010a02820101"
         "00c6ef4180033dfedb77cc726b1dc5ddaee9d7a38a90b8ac52e58fe73fcabbd06524ded922c76d4f"
         "b787d2c5efda0b3c5da2eb3d54e212b5d524576ef961afc0c22cef8b139b710453f6eb9e4c8df752"
         "1b05b00178f7d3c2ff11bae5906972549b8a4e3b3a836808164369d9e62d707d124419741ef221d7"
         "22fd28ad026cd5d3c1d2c8550e08c79499ba967723fa84630acfa1fb8ce690d115bf5c9eac62fe14"
         "1e7649d3162720b2492b5384b18024c6b25d9c9ad93ea77e6bf0a4893800147d2f312b038a2d0ed5"
         "708618b27ed4db00184f078084ae0d50fc798efe1aded8fcc1cb2fe674e448c8f53633cedec74f5d"
         "f1863aff56426f2c59d1ba2060613fc21d0203010001a3819c3081993078060a2b0601040183a25a"
         "0101046a30680424080112208bdd2784374250bac09bd812a4ea502ba3d75d576100b9df60341b0f"
         "1909f4fa044017f49abbaa3542d8509fbd790f7dd0aa7979c994e7cc7a3e2150e530f4fd01de1ef0"
         "15ab52f9003e964c52b8220f56a67cc2c3a486d5e079771ccb793e71ad08301d0603551d0e041604"
         "14e14c2c6b4f650a35ccf1b5fbf4b2656c5ec9c0ad300d06092a864886f70d01010b050003820101"
         "004e32052de4613a125844699b62a5a1be3fd11c2092281b00a21c451418b810d509f643a1299623"
         "16ce1f964d0ef4c2393cd89c4d490a20dc62e24b2c5bd7b304b45e3e6aa770e1b9947dce33f2b67f"
         "d711c7e2b8a6cd132d4654b49f3a2459594bd2231ac7bff41a95636f4795701929ecd365fdb505c2"
         "82a8830458e9b3ee420b93ced6d5205e239131880bd02bb81c74c14322e6677df221bf3e14cdbfd3"
         "0148b6c1987f9064807d451302e3b1e382bba965bf2fedb1b098db83bbe1647b8e54fb5799e049cd"
         "999307f0a21e0656eaa7a6b1c6023734b662857e9b6fd4d8484432e5462a3663432c93b725e72c9a"
         "51b0d77a9326545eb17526fcdc998cc866"                                        },
        {"P-384",            ERR_UNSUPPORTED,
         "308202063082018ca003020102021444e1b88ac302e2bdc41fcb8fb70fb3d1e01ad50b300a06082a"
         "8648ce3d040303301431123010060355040a0c096c69627032702e696f3020170d32363131323630"
         "34333831375a180f32313236313130323034333831375a301431123010060355040a0c096c696270"
         "32702e696f3076301006072a8648ce3d020106052b8104002203620004fe8b8c27181954a436e293"
         "5b3588fb020eb30854e0387ba36bab925b56202045826a2189a6bb8b2e9338259ed15bac4b56106b"
         "c83d5b270297ce128ca06c571d3932f7b0b6722511dff7e38103a702a5289ef5778a0783e52786e3"
         "bb7c7291f9a3819c3081993078060a2b0601040183a25a0101046a30680424080112208bdd278437"
         "4250bac09bd812a4ea502ba3d75d576100b9df60341b0f1909f4fa0440cfd5019a0821f2e2525c40"
         "500bcbe84004ad6f03d4b5f182369f58f156889834f5b1fa9681c4d1407ec2f2c44734a7b0342add"
         "c02dc980b9b845f5d722123f02301d0603551d0e04160414e2d2f1812355ef29242cd191d50100c2"
         "81a6809e300a06082a8648ce3d040303036800306502302ea117b63a1b8039d3e4afed1f5cce6711"
         "3aeedf5f566383168e3b89fc04460cad2a79e080a38fcd1b0381dc4fe74019023100f48288696ff3"
         "e0da34f8d937fbe0f37d1d54254a9fbeddc78799468632787548e998b60cbc7ff4184e2a27f0b43a"
         "4fba"                                                                      },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct peer_id peer = {0};
        struct span der = test_hex(cases[i].hex);
        uint8_t changed[2048];
        memcpy(changed, der.p, der.n);
        test_note("%s", cases[i].name);
        EXPECT_ERR(cases[i].err, certificate_verify(&peer, NULL, der, NOW));
        changed[der.n - 9] ^= 1; /* within the signature */
        EXPECT(certificate_verify(&peer, NULL, span_of(changed, der.n), NOW) != OK);
    }
}

TEST_MAIN
