#include "service/light.h"

#include "base/test.h"
#include "service/client.h"
#include "service/server.h"

#include <string.h>

TEST(a_body_goes_there_and_back)
{
    struct buf b;
    struct service_light l = {.count = SERVICE_LIGHT_MAX};
    struct service_light back;
    static uint8_t ssz[SERVICE_LIGHT_LEN_MAX];
    for (size_t i = 0; i < l.count; i++) {
        l.parts[i] =
            (struct service_light_part){.fork = (unsigned)i + 1, .ssz = span_of(ssz, 1000 + i)};
    }
    l.parts[3].ssz = SPAN_OF(ssz);
    buf_init(&b, test_budget(), 512 * 1024);
    EXPECT_OK(service_light_encode(&l, &b));
    EXPECT_OK(service_light_decode(&back, buf_span(&b)));
    EXPECT_EQ(l.count, back.count);
    for (size_t i = 0; i < l.count; i++) {
        EXPECT_EQ(i + 1, back.parts[i].fork);
        EXPECT_EQ(l.parts[i].ssz.n, back.parts[i].ssz.n);
    }
    l.parts[0].ssz.n = 0;
    EXPECT_ERR(ERR_MALFORMED, service_light_encode(&l, &b));
    buf_done(&b);
}

/* docs/protocol.md has this one. */
TEST(the_vector)
{
    struct service_light l;
    EXPECT_OK(service_light_decode(&l, test_hex("08041203616263")));
    EXPECT_EQ(1, l.count);
    EXPECT_EQ(4, l.parts[0].fork);
    EXPECT_SPAN(SPAN_LIT("abc"), l.parts[0].ssz);
}

TEST(broken_bodies)
{
    static const struct {
        const char *name;
        const char *hex;
    } cases[] = {
        {"nothing",             ""                  },
        {"a fork alone",        "0804"              },
        {"a message alone",     "1203616263"        },
        {"two forks",           "080408041203616263"},
        {"no fork",             "08001203616263"    },
        {"a fork too far",      "08201203616263"    },
        {"an empty message",    "08041200"          },
        {"cut",                 "080412036162"      },
        {"a fork behind",       "080412036162630804"},
        {"a message as number", "08041003"          },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct service_light l;
        test_note("%s", cases[i].name);
        EXPECT_ERR(ERR_MALFORMED, service_light_decode(&l, test_hex(cases[i].hex)));
    }
    /* more than may be */
    uint8_t many[(SERVICE_LIGHT_MAX + 1) * 5];
    for (size_t i = 0; i < sizeof many; i += 5) {
        static const uint8_t one[5] = {0x08, 0x04, 0x12, 0x01, 0x61};
        memcpy(many + i, one, 5);
    }
    struct service_light l;
    EXPECT_ERR(ERR_MALFORMED, service_light_decode(&l, SPAN_OF(many)));
    EXPECT_OK(service_light_decode(&l, span_of(many, sizeof many - 5)));
}

/* ---- asked of a server ---- */

struct rig {
    struct service_server server;
    struct service_client client;
    struct service_stream *stream;
    uint64_t token;
};
static struct rig r; /* too large for a stack */
static const instant now = {.us = 1000000};

static bool ask(const struct service_request *request, bool has_light)
{
    const struct service_server_cfg cfg = {.budget = test_budget(),
                                           .chain_id = 1,
                                           .agent = "test",
                                           .limits = service_server_limits_default(),
                                           .has_light = has_light};
    struct service_server_event e;
    struct service_peer peer = {.id = SPAN_LIT("peer"), .group = SPAN_LIT("net")};
    r = (struct rig){0};
    if (!EXPECT_OK(service_server_init(&r.server, &cfg, now)) ||
        !EXPECT_OK(service_client_init(&r.client, test_budget(), request, now)) ||
        !EXPECT_OK(service_server_open(&r.server, &r.stream, peer, NULL, now))) {
        return false;
    }
    service_server_recv(&r.server, r.stream, service_client_waiting(&r.client), now);
    while (service_server_poll(&r.server, &e, now)) {
        if (e.kind == SERVICE_SERVER_LIGHT) {
            EXPECT_EQ(request->type, e.request->type);
            EXPECT_SPAN(SPAN_OF(request->root.bytes), SPAN_OF(e.request->root.bytes));
            EXPECT_EQ(request->period, e.request->period);
            EXPECT_EQ(request->count, e.request->count);
            r.token = e.token;
        }
    }
    return true;
}

static enum service_code answered(struct service_client_event *e)
{
    struct span out = service_server_waiting(r.stream);
    EXPECT_OK(service_client_recv(&r.client, now, &out));
    return service_client_poll(&r.client, e) && EXPECT_EQ(SERVICE_CLIENT_ANSWER, e->kind)
               ? e->response.code
               : SERVICE_INTERNAL;
}

static void end(void)
{
    service_client_done(&r.client);
    service_server_done(&r.server);
}

TEST(each_type_is_asked_of_the_beacon_node)
{
    struct service_request requests[] = {
        {.type = SERVICE_LC_BOOTSTRAP, .chain_id = 1, .root = {{7, 8}}},
        {.type = SERVICE_LC_UPDATES, .chain_id = 1, .period = 9, .count = 2},
        {.type = SERVICE_LC_FINALITY, .chain_id = 1},
        {.type = SERVICE_LC_OPTIMISTIC, .chain_id = 1},
    };
    struct service_light light = {.count = 1, .parts = {{.fork = 6, .ssz = SPAN_LIT("abc")}}};
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct service_client_event e;
        requests[i].id = i + 1;
        test_note("type %u", (unsigned)requests[i].type);
        TEST_REQUIRE(ask(&requests[i], true));
        TEST_REQUIRE(r.token != 0);
        service_server_light(&r.server, r.token, OK, &light);
        EXPECT_EQ(SERVICE_OK, answered(&e));
        EXPECT_EQ(1, e.body.light.count);
        EXPECT_SPAN(SPAN_LIT("abc"), e.body.light.parts[0].ssz);
        end();
        TEST_REQUIRE(ask(&requests[i], true));
        service_server_light(&r.server, r.token, ERR_NOT_FOUND, NULL);
        EXPECT_EQ(SERVICE_NOT_FOUND, answered(&e));
        end();
        TEST_REQUIRE(ask(&requests[i], true));
        service_server_light(&r.server, r.token, ERR_IO, NULL);
        EXPECT_EQ(SERVICE_UPSTREAM, answered(&e));
        end();
        TEST_REQUIRE(ask(&requests[i], false));
        EXPECT_EQ(0, r.token);
        EXPECT_EQ(SERVICE_UNSUPPORTED, answered(&e));
        end();
    }
}

TEST(more_than_was_asked_for_is_no_answer)
{
    struct service_request request = {.type = SERVICE_LC_UPDATES, .chain_id = 1, .count = 1};
    struct service_light light = {
        .count = 2,
        .parts = {{.fork = 6, .ssz = SPAN_LIT("abc")}, {.fork = 6, .ssz = SPAN_LIT("d")}}
    };
    struct service_client_event e;
    TEST_REQUIRE(ask(&request, true));
    service_server_light(&r.server, r.token, OK, &light);
    struct span out = service_server_waiting(r.stream);
    EXPECT_OK(service_client_recv(&r.client, now, &out) == ERR_CLOSED ? OK : ERR_STATE);
    TEST_REQUIRE(service_client_poll(&r.client, &e));
    EXPECT_EQ(SERVICE_CLIENT_CLOSED, e.kind);
    EXPECT_ERR(ERR_MALFORMED, e.err);
    end();
}

TEST_MAIN
