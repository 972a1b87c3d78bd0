/* The talk about a store's seal. Start at seal_run, at the end. */
#include "node/config/seal_talk.h"

#include "base/secret.h"
#include "base/wr.h"
#include "codec/base16.h"
#include "node/config/config.h"
#include "node/keyd/keyd_tool.h"
#include "node/os/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { PHRASE_MAX = 1024, GRACE_MS = 10000, REGISTERS_COUNT = 24, VALUE_LEN = 32 };

bool seal_take(struct seal_words *w, const char *word)
{
    if (!w->is_seal) {
        w->is_seal = strcmp(word, "seal") == 0;
        return w->is_seal;
    }
    if (strcmp(word, "--yes") == 0) {
        w->is_sure = true;
    } else if (strncmp(word, "--registers=", 12) == 0) {
        w->registers = word + 12;
    } else if (word[0] != '-' && !w->verb) {
        w->verb = word;
    } else if (word[0] != '-' && strchr(word, '=') && !w->values) {
        w->values = word;
    } else if (word[0] != '-' && !w->second) {
        w->second = word;
    } else {
        return false;
    }
    return true;
}

struct request {
    enum keyd_tool_verb verb;
    uint32_t registers;
    uint8_t values[REGISTERS_COUNT * VALUE_LEN];
    size_t values_len;
    bool needs_phrase;
};

/* A register's number at the front of *text; false if there is none. */
static bool take_number(const char **text, uint32_t *mask)
{
    char *end = NULL;
    unsigned long n = strtoul(*text, &end, 10);
    if (end == *text || n >= REGISTERS_COUNT || *mask >> n) {
        return false; /* in ascending order, each once */
    }
    *mask |= 1U << n;
    *text = end;
    return true;
}

static bool read_registers(struct request *q, const char *text)
{
    bool held = take_number(&text, &q->registers);
    while (held && *text == ',') {
        text++;
        held = take_number(&text, &q->registers);
    }
    return held && *text == '\0';
}

/* 7=HEX,11=HEX: what registers will show. */
static bool read_values(struct request *q, const char *text)
{
    q->registers = 0;
    for (bool goes_on = true; goes_on; text++) {
        struct wr w = wr_init(mspan_from(MSPAN_OF(q->values), q->values_len));
        if (!take_number(&text, &q->registers) || *text++ != '=') {
            return false;
        }
        size_t n = strcspn(text, ",");
        if (n != (size_t)2 * VALUE_LEN || base16_decode(&w, span_of(text, n)) != OK) {
            return false;
        }
        q->values_len += VALUE_LEN;
        text += n;
        goes_on = *text == ',';
        if (!goes_on && *text != '\0') {
            return false;
        }
    }
    return true;
}

static bool read_words(struct request *q, const struct seal_words *w)
{
    static const struct {
        const char *word;
        enum keyd_tool_verb verb;
    } verbs[] = {
        {"status",  KEYD_TOOL_STATUS },
        {"tpm",     KEYD_TOOL_SEAL   },
        {"none",    KEYD_TOOL_END    },
        {"approve", KEYD_TOOL_APPROVE},
        {"recover", KEYD_TOOL_RECOVER},
    };
    for (size_t i = 0; w->verb && i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].word, w->verb) == 0) {
            q->verb = verbs[i].verb;
        }
    }
    bool is_recovery = q->verb == KEYD_TOOL_RECOVER;
    bool has_none = w->second && strcmp(w->second, "none") == 0;
    q->needs_phrase = is_recovery || q->verb == KEYD_TOOL_APPROVE;
    if (q->verb == KEYD_TOOL_NOTHING || (w->second && !(is_recovery && has_none)) ||
        (w->values && q->verb != KEYD_TOOL_APPROVE)) {
        return false;
    }
    q->verb = has_none ? KEYD_TOOL_RECOVER_NONE : q->verb;
    return (!w->registers || read_registers(q, w->registers)) &&
           (!w->values || read_values(q, w->values));
}

/* A line from standard input; a terminal does not show it. */
static bool read_phrase(char out[static PHRASE_MAX])
{
    struct termios shown;
    bool is_terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (is_terminal) {
        struct termios hidden = shown;
        hidden.c_lflag &= ~(tcflag_t)ECHO;
        (void)fprintf(stderr, "Recovery phrase (24 words, not shown): ");
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
    }
    bool held = fgets(out, PHRASE_MAX, stdin) != NULL;
    if (is_terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &shown);
        (void)fprintf(stderr, "\n");
    }
    out[strcspn(out, "\n")] = '\0';
    return held;
}

/* The phrase is what a person asked for, and goes to standard output alone. */
static bool show_phrase(const char *phrase, bool is_sure)
{
    char answer[16] = "";
    (void)fprintf(stderr,
                  "This recovery phrase opens the store when the TPM or the machine's start "
                  "has changed. It is shown once, and kept nowhere:\n\n");
    (void)printf("%s\n", phrase);
    (void)fflush(stdout);
    (void)fprintf(stderr, "\n");
    if (is_sure) {
        return true;
    }
    (void)fprintf(stderr, "Have you written it down? Type yes: ");
    return fgets(answer, sizeof answer, stdin) && strcmp(answer, "yes\n") == 0;
}

static enum seal_exit hear(int fd, const char *program, const struct seal_words *words)
{
    static char in[KEYD_TOOL_MESSAGE_MAX];
    for (;;) {
        ssize_t n = recv(fd, in, sizeof in - 1, 0);
        if (n <= 1) {
            (void)fprintf(stderr, "%s: the key process has ended without an answer.\n", program);
            return SEAL_FAILED;
        }
        in[n] = '\0';
        if (in[0] == 'P') {
            bool held = show_phrase(in + 1, words->is_sure);
            wipe(MSPAN_OF(in));
            ssize_t sent = send(fd, held ? "y" : "n", 1, MSG_NOSIGNAL);
            (void)sent;
        } else if (in[0] == 'E') {
            (void)fprintf(stderr, "%s: %s.\n", program, in + 2);
            return SEAL_FAILED;
        } else {
            (void)printf("%s\n", in + 1);
            if (in[0] == 'D') {
                return SEAL_DONE;
            }
        }
    }
}

static bool send_request(int fd, const struct request *q)
{
    static uint8_t message[KEYD_TOOL_MESSAGE_MAX];
    char phrase[PHRASE_MAX] = "";
    struct wr w = wr_init(MSPAN_OF(message));
    if (q->needs_phrase && !read_phrase(phrase)) {
        return false;
    }
    wr_u8(&w, (uint8_t)q->verb);
    wr_be32(&w, q->registers);
    wr_be16(&w, (uint16_t)q->values_len);
    wr_bytes(&w, span_of(q->values, q->values_len));
    wr_str(&w, phrase);
    bool held = wr_ok(&w) && send(fd, message, w.n, MSG_NOSIGNAL) == (ssize_t)w.n;
    wipe(MSPAN_OF(message));
    wipe(MSPAN_OF(phrase));
    return held;
}

enum seal_exit
seal_run(const char *program, const struct config *places, const struct seal_words *words)
{
    char store[CONFIG_PATH_LEN_MAX];
    struct request q = {.verb = KEYD_TOOL_NOTHING};
    struct process p;
    const char *argv[8] = {"passmesh-keyd", "--store", store, "--seal", "tool"};
    const char *const env[] = {NULL};
    if (!read_words(&q, words)) {
        return SEAL_WORDS;
    }
    if (places->tpm[0]) {
        argv[5] = "--tpm";
        argv[6] = places->tpm;
    }
    const char *path = NULL;
    enum err err = config_make_dirs(places, &path);
    if (err != OK) {
        char sentence[CONFIG_SENTENCE_LEN_MAX];
        config_say_dirs(sentence, err, path);
        (void)fprintf(stderr, "%s: %s\n", program, sentence);
        return SEAL_FAILED;
    }
    int n = snprintf(store, sizeof store, "%s/keys", places->data_dir);
    const struct process_args args = {
        .path = places->keyd, .argv = argv, .env = env, .is_datagram = true};
    if (n < 0 || (size_t)n >= sizeof store || process_spawn(&p, &args) != OK) {
        (void)fprintf(stderr, "%s: the key process %s cannot be started.\n", program, places->keyd);
        return SEAL_FAILED;
    }
    enum seal_exit code = send_request(p.fd, &q) ? hear(p.fd, program, words) : SEAL_FAILED;
    process_stop(&p, GRACE_MS);
    return code;
}
