/* INI text, one line at a time, without allocation. */
#include "codec/ini.h"

struct ini ini_init(struct span text)
{
    return (struct ini){.rest = text};
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct span trim(struct span s)
{
    while (s.n > 0 && is_blank(s.p[0])) {
        s = span_from(s, 1);
    }
    while (s.n > 0 && (is_blank(s.p[s.n - 1]) || s.p[s.n - 1] == '\r')) {
        s.n--;
    }
    return s;
}

static bool is_key_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

static bool is_key(struct span s, bool is_section)
{
    for (size_t i = 0; i < s.n; i++) {
        bool is_upper = s.p[i] >= 'A' && s.p[i] <= 'Z';
        bool extra = is_section && (s.p[i] == ' ' || s.p[i] == '"' || is_upper);
        if (!is_key_char(s.p[i]) && !extra) {
            return false;
        }
    }
    return s.n > 0;
}

static bool has_control(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static struct span next_line(struct ini *ini)
{
    size_t end = span_find(ini->rest, '\n');
    struct span line = span_take(&ini->rest, end);
    ini->rest = span_from(ini->rest, 1);
    ini->line++;
    return line;
}

static enum err read_section(struct ini *ini, struct span line, struct diag *diag)
{
    if (line.p[line.n - 1] != ']') {
        return diag_set(diag, ERR_MALFORMED, "a section ends with ]", ini->line);
    }
    struct span name = trim(span_of(line.p + 1, line.n - 2));
    if (!is_key(name, true)) {
        return diag_set(diag, ERR_MALFORMED,
                        "a section name holds letters, digits, blanks and _ - . only", ini->line);
    }
    ini->section = name;
    return OK;
}

static enum err
read_entry(struct ini *ini, struct span line, struct ini_entry *ret_entry, struct diag *diag)
{
    size_t eq = span_find(line, '=');
    if (eq == line.n) {
        return diag_set(diag, ERR_MALFORMED, "a line is [section], key = value, or # comment",
                        ini->line);
    }
    struct span key = trim(span_first(line, eq));
    if (!is_key(key, false)) {
        return diag_set(diag, ERR_MALFORMED, "a key holds a-z 0-9 _ - . only", ini->line);
    }
    struct span value = trim(span_from(line, eq + 1));
    if (has_control(value)) {
        return diag_set(diag, ERR_MALFORMED, "a value holds no control characters", ini->line);
    }
    *ret_entry =
        (struct ini_entry){.section = ini->section, .key = key, .value = value, .line = ini->line};
    return OK;
}

enum err ini_next(struct ini *ini, struct ini_entry *ret_entry, struct diag *diag)
{
    while (ini->rest.n > 0) {
        if (ini->line >= INI_LINE_COUNT_MAX) {
            return diag_set(diag, ERR_LIMIT, "too many lines", ini->line);
        }
        struct span line = next_line(ini);
        if (line.n > INI_LINE_LEN_MAX) {
            return diag_set(diag, ERR_LIMIT, "a line is too long", ini->line);
        }
        line = trim(line);
        if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';') {
            continue;
        }
        if (line.p[0] != '[') {
            return read_entry(ini, line, ret_entry, diag);
        }
        TRY(read_section(ini, line, diag));
    }
    return ERR_NOT_FOUND;
}
