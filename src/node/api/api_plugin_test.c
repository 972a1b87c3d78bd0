/* The server on this machine, over the local API: what is passed on to the keeper, and what of its answers. */
#include "node/api/api_rig_test.h"

#include <string.h>

static struct rig rig;

static struct rig *start(void)
{
    struct rig *r = &rig;
    if (!rig_init(r)) {
        return NULL;
    }
    (void)rig_create(r, "Main");
    return r;
}

static const struct {
    const char *method;
    const char *members;
    const char *word;
} commands[] = {
    {"plugin_cancel",            "",                                                       "cancel"  },
    {"plugin_check",             "",                                                       "check"   },
    {"plugin_install",           "",                                                       "install" },
    {"plugin_remove",            "\"keep_data\":true",                                     "remove"  },
    {"plugin_repository_add",    "\"url\":\"https://x\",\"root\":\"e30\"",                 "add"     },
    {"plugin_repository_agree",  "\"count\":2",                                            "agree"   },
    {"plugin_repository_forget", "",                                                       "forget"  },
    {"plugin_settings_set",      "\"clients\":5,\"from_hour\":22,\"node\":\"http://a:1\"", "settings"},
    {"plugin_start",             "",                                                       "start"   },
    {"plugin_stop",              "",                                                       "stop"    },
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static bool ask(struct rig *r, size_t i)
{
    test_note("%s", commands[i].method);
    return commands[i].members[0] ? rig_ask(r, commands[i].method, "%s", commands[i].members)
                                  : rig_ask(r, commands[i].method, " ");
}

TEST(each_command_goes_to_the_keeper_and_its_answer_comes_back)
{
    static const char *const answers[][2] = {
        {"",                  ""              },
        {"plugin_busy",       "plugin_busy"   },
        {"nothing_installed", "plugin_refused"}
    };
    struct rig *r = start();
    TEST_REQUIRE(r);
    r->waits = true;
    for (size_t i = 0; i < COMMANDS; i++) {
        for (size_t k = 0; k < 3; k++) {
            EXPECT(!ask(r, i));
            EXPECT(!r->has_reply);
            EXPECT_STR(commands[i].word, r->node.plugin_what);
            api_plugin_done(r->api, r->node.plugin, span_str(answers[k][0]));
            rig_turn(r, 1);
            EXPECT(r->has_reply);
            EXPECT_STR(answers[k][1], r->error);
        }
    }
    rig_done(r);
}

TEST(without_a_keeper_nothing_is_done)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    r->node.plugin_gone = true;
    for (size_t i = 0; i < COMMANDS; i++) {
        EXPECT(!ask(r, i));
        EXPECT_STR("plugin_unavailable", r->error);
    }
    rig_done(r);
}

TEST(a_page_neither_adds_nor_forgets_a_repository)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    r->caller.way = API_WAY_HTTP;
    r->node.plugin = 0;
    RIG_REFUSED(r, "method_not_found", "plugin_repository_add",
                "\"url\":\"https://x\",\"root\":\"e30\"");
    RIG_REFUSED(r, "method_not_found", "plugin_repository_forget", " ");
    RIG_REFUSED(r, "method_not_found", "plugin_repository_agree", "\"count\":1");
    EXPECT_EQ(0, r->node.plugin);
    rig_done(r);
}

TEST(a_locked_wallet_shows_the_server_and_lets_no_page_change_it)
{
    struct rig *r = start();
    TEST_REQUIRE(r);
    EXPECT(rig_ask(r, "lock", " "));
    EXPECT(rig_ask(r, "plugin_status", " "));
    EXPECT_STR("absent", rig_text(r->result, "state").text);
    EXPECT(rig_ask(r, "plugin_log", "\"after\":0"));
    EXPECT(rig_ask(r, "plugin_log", "\"after\":1"));
    EXPECT(rig_ask(r, "subscribe", "\"topics\":[\"status\",\"plugin\"]"));
    rig_turn(r, 1);
    EXPECT_EQ(1, r->topics[API_TOPIC_PLUGIN].snapshots);
    api_plugin_changed(r->api);
    rig_turn(r, 1);
    EXPECT_EQ(1, r->topics[API_TOPIC_PLUGIN].updates);
    r->caller.way = API_WAY_HTTP;
    RIG_REFUSED(r, "locked", "plugin_install", " ");
    rig_done(r);
}

TEST(settings_that_cannot_be_are_refused)
{
    static const char *const wrong[] = {"\"clients\":4097", "\"from_hour\":24",
                                        "\"node\":\"http://a b\"", "\"listen\":\"a\\nb\"",
                                        "\"wanted\":true"};
    struct rig *r = start();
    TEST_REQUIRE(r);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        test_note("%s", wrong[i]);
        RIG_REFUSED(r, "invalid_params", "plugin_settings_set", "%s", wrong[i]);
    }
    rig_done(r);
}

TEST_MAIN
