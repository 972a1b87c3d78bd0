#include "base/log.h"

#include "base/test.h"

#include <string.h>

struct sink {
    struct log log;
    unsigned lines;
    enum log_level level;
    char part[16];
    char text[600];
};

static void sink_write(struct log *self, enum log_level level, const char *part, const char *text)
{
    struct sink *s = (struct sink *)(void *)self;
    s->lines++;
    s->level = level;
    (void)span_copy(MSPAN_OF(s->part), span_of(part, strlen(part) + 1));
    (void)span_copy(MSPAN_OF(s->text), span_of(text, strlen(text) + 1));
}

TEST(levels)
{
    struct sink s = {
        .log = {.write = sink_write, .level = LOG_WARN}
    };
    log_line(&s.log, LOG_INFO, "net", "no");
    EXPECT_EQ(0, s.lines);
    log_line(&s.log, LOG_WARN, "net", "peer %d", 7);
    log_line(NULL, LOG_ERROR, "net", "nobody listens");
    EXPECT_EQ(1, s.lines);
    EXPECT_EQ(LOG_WARN, s.level);
    EXPECT_STR("net", s.part);
    EXPECT_STR("peer 7", s.text);
}

TEST(text_from_outside_cannot_forge_a_line)
{
    struct sink s = {.log = {.write = sink_write}};
    log_line(&s.log, LOG_DEBUG, "net", "agent %s", "a\nerror: b\r\x1b[2J\x7f\xc3\xa9");
    EXPECT_STR("agent a?error: b??[2J?\xc3\xa9", s.text);
}

TEST(cut_at_512_bytes)
{
    struct sink s = {.log = {.write = sink_write}};
    char text[601];
    memset(text, 'x', 600);
    text[511] = '\0';
    log_line(&s.log, LOG_DEBUG, "net", "%s", text);
    EXPECT_EQ(511, strlen(s.text));
    text[511] = 'x';
    text[600] = '\0';
    log_line(&s.log, LOG_DEBUG, "net", "%s", text);
    EXPECT_EQ(511, strlen(s.text));
}

TEST(names)
{
    EXPECT_STR("debug", log_level_name(LOG_DEBUG));
    EXPECT_STR("info", log_level_name(LOG_INFO));
    EXPECT_STR("warn", log_level_name(LOG_WARN));
    EXPECT_STR("error", log_level_name(LOG_ERROR));
}

TEST_MAIN
