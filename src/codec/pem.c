/* PEM: RFC 7468, the strict form of section 3. */
#include "codec/pem.h"

#include "codec/base64.h"

enum { LINE_CHARS = 64, LINE_BYTES = 48 };

/* Takes one line off *text, without its line end. */
static struct span take_line(struct span *text)
{
    struct span line = span_take(text, span_find(*text, '\n'));
    (void)span_take(text, 1);
    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    return line;
}

/* Is this line "-----WORD label-----"? */
static bool is_mark(struct span line, const char *word, const char *label)
{
    const char *parts[] = {"-----", word, label, "-----"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct span part = span_str(parts[i]);
        if (!span_starts_with(line, part)) {
            return false;
        }
        line = span_from(line, part.n);
    }
    return line.n == 0;
}

enum err pem_take(struct wr *w, struct span *text, const char *label)
{
    struct span rest = *text;
    do {
        if (rest.n == 0) {
            return ERR_NOT_FOUND;
        }
    } while (!is_mark(take_line(&rest), "BEGIN ", label));
    bool is_last = false;
    while (rest.n > 0) {
        struct span line = take_line(&rest);
        if (is_mark(line, "END ", label)) {
            *text = rest;
            return wr_end(w);
        }
        /* SPEC RFC7468 §"2. General Considerations": every line but the last has exactly 64 characters. */
        if (is_last || line.n == 0 || line.n > LINE_CHARS) {
            return ERR_MALFORMED;
        }
        is_last = line.n < LINE_CHARS || line.p[line.n - 1] == '=';
        TRY(base64_decode(w, BASE64_STD, line));
    }
    return ERR_MALFORMED;
}

void pem_write(struct wr *w, const char *label, struct span bytes)
{
    wr_str(w, "-----BEGIN ");
    wr_str(w, label);
    wr_str(w, "-----\n");
    while (bytes.n > 0) {
        base64_encode(w, BASE64_STD, span_take(&bytes, LINE_BYTES));
        wr_str(w, "\n");
    }
    wr_str(w, "-----END ");
    wr_str(w, label);
    wr_str(w, "-----\n");
}
