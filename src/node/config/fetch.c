/* HTTP requests: libcurl's multi interface on libuv. */
#include "node/config/fetch.h"

#include "base/check.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

struct fetch_one {
    struct fetch *fetch;
    struct fetch_one *next;
    CURL *easy;
    struct fetch_args args;
    char *request;
    uint8_t *answer;
    size_t answer_len;
    size_t answer_cap;
    size_t headers_len;
    bool is_too_long;
    bool is_get;
    char words[CURL_ERROR_SIZE];
};

/* A socket that libcurl wants watched. */
struct fetch_socket {
    uv_poll_t poll;
    struct fetch *fetch;
    curl_socket_t fd;
};

struct fetch {
    struct loop *loop;
    CURLM *multi;
    struct curl_slist *headers;
    struct curl_slist *headers_of_get;
    struct curl_slist *headers_of_any;
    struct alarm alarm;
    struct fetch_one *all;
    size_t count;
    bool is_ending;
};

static void collect(struct fetch *f);

static void on_alarm(void *user)
{
    struct fetch *f = user;
    int running = 0;
    (void)curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect(f);
}

static int on_timer(CURLM *multi, long timeout_ms, void *user)
{
    (void)multi;
    struct fetch *f = user;
    instant at = INSTANT_NEVER;
    if (timeout_ms >= 0) {
        at = instant_add(loop_now(f->loop), (uint64_t)timeout_ms * US_PER_MS);
    }
    alarm_set(&f->alarm, at);
    return 0;
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct fetch_socket *s = poll->data;
    int what = 0;
    int running = 0;
    if (status < 0) {
        what = CURL_CSELECT_ERR;
    }
    what |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
    what |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
    struct fetch *f = s->fetch; /* s may be gone after the call */
    (void)curl_multi_socket_action(f->multi, s->fd, what, &running);
    collect(f);
}

static void on_socket_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user)
{
    (void)easy;
    struct fetch *f = user;
    struct fetch_socket *s = socket_user;
    if (what == CURL_POLL_REMOVE) {
        if (s) {
            (void)curl_multi_assign(f->multi, fd, NULL);
            (void)uv_poll_stop(&s->poll);
            uv_close((uv_handle_t *)&s->poll, on_socket_closed);
        }
        return 0;
    }
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s) {
            abort();
        }
        s->fetch = f;
        s->fd = fd;
        s->poll.data = s;
        if (uv_poll_init_socket(&f->loop->uv, &s->poll, fd) != 0) {
            free(s);
            return -1;
        }
        (void)curl_multi_assign(f->multi, fd, s);
    }
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&s->poll, events, on_ready) == 0 ? 0 : -1;
}

static size_t on_answer(char *data, size_t size, size_t count, void *user)
{
    struct fetch_one *one = user;
    size_t n = size * count;
    if (n > one->args.answer_len_max - one->answer_len) {
        one->is_too_long = true;
        return 0; /* ends the transfer */
    }
    if (one->answer_len + n > one->answer_cap) {
        size_t cap = (one->answer_len + n) * 2;
        cap = cap > one->args.answer_len_max ? one->args.answer_len_max : cap;
        uint8_t *p = realloc(one->answer, cap);
        if (!p) {
            abort();
        }
        one->answer = p;
        one->answer_cap = cap;
    }
    memcpy(one->answer + one->answer_len, data, n);
    one->answer_len += n;
    return n;
}

/* libcurl keeps all headers of an answer. */
static size_t on_header(char *data, size_t size, size_t count, void *user)
{
    struct fetch_one *one = user;
    size_t n = size * count;
    (void)data;
    if (n > FETCH_HEADERS_LEN_MAX - one->headers_len) {
        one->is_too_long = true;
        return 0;
    }
    one->headers_len += n;
    return n;
}

enum err fetch_new(struct fetch **ret, struct loop *loop)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return ERR_IO;
    }
    struct fetch *f = calloc(1, sizeof *f);
    if (!f) {
        abort();
    }
    f->loop = loop;
    f->multi = curl_multi_init();
    f->headers = curl_slist_append(NULL, "Content-Type: application/json");
    f->headers_of_get = curl_slist_append(NULL, "Accept: application/octet-stream");
    f->headers_of_any = curl_slist_append(NULL, "Accept: */*");
    if (!f->multi || !f->headers || !f->headers_of_get || !f->headers_of_any) {
        curl_slist_free_all(f->headers);
        curl_slist_free_all(f->headers_of_get);
        curl_slist_free_all(f->headers_of_any);
        (void)curl_multi_cleanup(f->multi);
        free(f);
        return ERR_IO;
    }
    alarm_init(&f->alarm, loop, on_alarm, f);
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    (void)curl_multi_setopt(f->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 16L);
    *ret = f;
    return OK;
}

static void unlink_one(struct fetch *f, struct fetch_one *one)
{
    for (struct fetch_one **p = &f->all; *p; p = &(*p)->next) {
        if (*p == one) {
            *p = one->next;
            f->count--;
            return;
        }
    }
}

static void free_one(struct fetch_one *one)
{
    unlink_one(one->fetch, one);
    (void)curl_multi_remove_handle(one->fetch->multi, one->easy);
    curl_easy_cleanup(one->easy);
    free(one->request);
    free(one->answer);
    free(one);
}

static const char *header_of(struct fetch_one *one)
{
    struct curl_header *h = NULL;
    bool has = one->args.header &&
               curl_easy_header(one->easy, one->args.header, 0, CURLH_HEADER, -1, &h) == CURLHE_OK;
    size_t max = one->args.header_len_max > 0 ? one->args.header_len_max : FETCH_HEADER_LEN_MAX;
    return has && strlen(h->value) <= max ? h->value : "";
}

static void finish(struct fetch_one *one, CURLcode code)
{
    struct fetch_result r = {.err = OK,
                             .words = one->words,
                             .body = span_of(one->answer, one->answer_len),
                             .header = header_of(one)};
    if (one->is_too_long) {
        r.err = ERR_LIMIT;
        r.words = "the answer is too long";
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        r.err = ERR_TIMEOUT;
    } else if (code != CURLE_OK) {
        r.err = ERR_IO;
    }
    if (r.err != OK && r.words[0] == '\0') {
        r.words = curl_easy_strerror(code);
    }
    (void)curl_easy_getinfo(one->easy, CURLINFO_RESPONSE_CODE, &r.status);
    one->args.done(one->args.user, one->args.tag, &r);
}

/* Hands out what has ended. */
static void collect(struct fetch *f)
{
    int left = 0;
    for (CURLMsg *m = curl_multi_info_read(f->multi, &left); m;
         m = curl_multi_info_read(f->multi, &left)) {
        if (m->msg != CURLMSG_DONE) {
            continue;
        }
        char *user = NULL;
        CURLcode code = m->data.result;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &user);
        struct fetch_one *one = (struct fetch_one *)(void *)user;
        finish(one, code);
        free_one(one);
    }
}

void fetch_stop(struct fetch *f)
{
    if (!f) {
        return;
    }
    while (f->all) {
        free_one(f->all);
    }
    (void)curl_multi_cleanup(f->multi);
    curl_slist_free_all(f->headers);
    curl_slist_free_all(f->headers_of_get);
    curl_slist_free_all(f->headers_of_any);
    alarm_done(&f->alarm);
}

void fetch_free(struct fetch *f)
{
    free(f);
}

static void set_up(struct fetch_one *one, struct fetch *f)
{
    CURL *e = one->easy;
    (void)curl_easy_setopt(e, CURLOPT_URL, one->args.url);
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(e, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    if (one->is_get) {
        (void)curl_easy_setopt(e, CURLOPT_HTTPHEADER,
                               one->args.is_any_type ? f->headers_of_any : f->headers_of_get);
        (void)curl_easy_setopt(e, CURLOPT_HTTPGET, 1L);
    } else {
        (void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, f->headers);
        (void)curl_easy_setopt(e, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, one->request);
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)one->args.body.n);
    }
    (void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)one->args.timeout_ms);
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)one->args.timeout_ms);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_answer);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, one);
    (void)curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(e, CURLOPT_HEADERDATA, one);
    (void)curl_easy_setopt(e, CURLOPT_PRIVATE, one);
    (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, one->words);
}

static enum err begin(struct fetch *f, const struct fetch_args *args, bool is_get)
{
    check(args->done);
    if (f->count >= FETCH_COUNT_MAX) {
        return ERR_LIMIT;
    }
    bool is_http = strncmp(args->url, "http://", 7) == 0 || strncmp(args->url, "https://", 8) == 0;
    if (!is_http || strlen(args->url) > FETCH_URL_LEN_MAX) {
        return ERR_MALFORMED;
    }
    struct fetch_one *one = calloc(1, sizeof *one);
    char *request = malloc(args->body.n ? args->body.n : 1);
    CURL *easy = curl_easy_init();
    if (!one || !request || !easy) {
        abort();
    }
    span_copy(mspan_of(request, args->body.n), args->body);
    one->fetch = f;
    one->args = *args;
    one->request = request;
    one->is_get = is_get;
    one->easy = easy;
    set_up(one, f);
    if (curl_multi_add_handle(f->multi, easy) != CURLM_OK) {
        curl_easy_cleanup(easy);
        free(request);
        free(one);
        return ERR_IO;
    }
    one->next = f->all;
    f->all = one;
    f->count++;
    return OK;
}

enum err fetch_post(struct fetch *f, const struct fetch_args *args)
{
    return begin(f, args, false);
}

enum err fetch_get(struct fetch *f, const struct fetch_args *args)
{
    return begin(f, args, true);
}
