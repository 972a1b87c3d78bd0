/* Text of IP addresses: RFC 4291 section 2.2 (reading), RFC 5952 (writing). */
#include "codec/ip.h"

#include "codec/base16.h"
#include "codec/decimal.h"

#include <string.h>

enum { GROUPS = IP6_LEN / 2 };

enum err ip4_parse(uint8_t out[static IP4_LEN], struct span text)
{
    uint8_t bytes[IP4_LEN];
    for (size_t i = 0; i < IP4_LEN; i++) {
        size_t dot = span_find(text, '.');
        bool is_last = i == IP4_LEN - 1;
        if (is_last != (dot == text.n)) {
            return ERR_MALFORMED;
        }
        uint64_t v;
        TRY(decimal_parse(&v, span_take(&text, dot), 255));
        bytes[i] = (uint8_t)v;
        (void)span_take(&text, 1);
    }
    memcpy(out, bytes, sizeof bytes);
    return OK;
}

static enum err parse_group(uint8_t out[static 2], struct span text)
{
    if (text.n == 0 || text.n > 4) {
        return ERR_MALFORMED;
    }
    unsigned v = 0;
    for (size_t i = 0; i < text.n; i++) {
        int d = base16_digit(text.p[i]);
        if (d < 0) {
            return ERR_MALFORMED;
        }
        v = v << 4 | (unsigned)d;
    }
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
    return OK;
}

/* Reads groups separated by single colons into w; dotted decimal may be the last of them if is_tail. */
static enum err parse_groups(struct wr *w, struct span text, bool is_tail)
{
    while (text.n > 0) {
        size_t colon = span_find(text, ':');
        struct span part = span_take(&text, colon);
        uint8_t bytes[IP4_LEN];
        bool is_dotted = span_find(part, '.') < part.n;
        if (is_dotted && !(is_tail && text.n == 0)) {
            return ERR_MALFORMED;
        }
        TRY(is_dotted ? ip4_parse(bytes, part) : parse_group(bytes, part));
        wr_bytes(w, span_of(bytes, is_dotted ? 4 : 2));
        TRY(wr_end(w));
        if (text.n == 1) {
            return ERR_MALFORMED; /* ends with one colon */
        }
        (void)span_take(&text, 1);
    }
    return OK;
}

static size_t find_gap(struct span text)
{
    for (size_t i = 0; i + 1 < text.n; i++) {
        if (text.p[i] == ':' && text.p[i + 1] == ':') {
            return i;
        }
    }
    return text.n;
}

enum err ip6_parse(uint8_t out[static IP6_LEN], struct span text)
{
    uint8_t head_bytes[IP6_LEN];
    uint8_t tail_bytes[IP6_LEN];
    struct wr head = wr_init(MSPAN_OF(head_bytes));
    struct wr tail = wr_init(MSPAN_OF(tail_bytes));
    size_t gap = find_gap(text);
    bool has_gap = gap < text.n;
    if (parse_groups(&head, span_first(text, gap), !has_gap) != OK) {
        return ERR_MALFORMED;
    }
    if (parse_groups(&tail, span_from(text, gap + (has_gap ? 2 : 0)), true) != OK) {
        return ERR_MALFORMED;
    }
    size_t n = head.n + tail.n;
    /* A gap stands for at least one group of zeros; without it all groups are there. */
    if (has_gap ? n > IP6_LEN - 2 : n != IP6_LEN) {
        return ERR_MALFORMED;
    }
    memset(out, 0, IP6_LEN);
    (void)span_copy(mspan_of(out, head.n), span_of(head_bytes, head.n));
    (void)span_copy(mspan_of(out + IP6_LEN - tail.n, tail.n), span_of(tail_bytes, tail.n));
    return OK;
}

void ip4_print(struct wr *w, const uint8_t in[static IP4_LEN])
{
    for (size_t i = 0; i < IP4_LEN; i++) {
        wr_str(w, i > 0 ? "." : "");
        decimal_print(w, in[i]);
    }
}

static void print_group(struct wr *w, unsigned v)
{
    for (unsigned shift = 16; shift > 0; shift -= 4) {
        if (shift == 4 || v >> (shift - 4) != 0) {
            wr_u8(w, (uint8_t)"0123456789abcdef"[v >> (shift - 4) & 15]);
        }
    }
}

/* SPEC RFC5952 §"4.2. Zero Compression": the longest run of two or more zero groups, the first of equals. */
static size_t longest_zeros(const unsigned groups[static GROUPS], size_t *ret_len)
{
    size_t best = GROUPS;
    size_t best_len = 1;
    for (size_t i = 0; i < GROUPS; i++) {
        size_t n = 0;
        while (i + n < GROUPS && groups[i + n] == 0) {
            n++;
        }
        if (n > best_len) {
            best = i;
            best_len = n;
        }
    }
    *ret_len = best_len;
    return best;
}

void ip6_print(struct wr *w, const uint8_t in[static IP6_LEN])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (memcmp(in, mapped, sizeof mapped) == 0) {
        wr_str(w, "::ffff:");
        ip4_print(w, in + sizeof mapped);
        return;
    }
    unsigned groups[GROUPS];
    for (size_t i = 0; i < GROUPS; i++) {
        groups[i] = (unsigned)in[2 * i] << 8 | in[2 * i + 1];
    }
    size_t zeros_len;
    size_t zeros = longest_zeros(groups, &zeros_len);
    for (size_t i = 0; i < GROUPS; i++) {
        if (i == zeros) {
            wr_str(w, "::");
            i += zeros_len - 1;
            continue;
        }
        bool after_gap = i > 0 && i == zeros + zeros_len;
        wr_str(w, i > 0 && !after_gap ? ":" : "");
        print_group(w, groups[i]);
    }
}
