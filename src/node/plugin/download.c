/* Downloads: libcurl's easy interface. */
#include "node/plugin/download.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum { REDIRECTS_MAX = 3, SLOW_BYTES_PER_S = 1024, SLOW_S = 30, CONNECT_S = 20, TURN_MS = 100 };

/* What the callback sees of a transfer. */
struct transfer {
    struct download *download;
    const struct download_args *args;
    bool is_refused; /* take said no */
    bool is_whole;   /* the server sends all of it although a part was asked for */
};

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
    struct transfer *t = user;
    long status = 0;
    size_t n = size * count;
    (void)curl_easy_getinfo(t->download->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2) {
        return n; /* the page that says what is wrong: nobody reads it */
    }
    if (t->args->offset > 0 && status != 206) {
        t->is_whole = true;
        return 0;
    }
    t->download->bytes += n;
    if (!t->args->take(t->args->user, span_of(data, n))) {
        t->is_refused = true;
        return 0;
    }
    return n;
}

enum err download_init(struct download *d)
{
    memset(d, 0, sizeof *d);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return ERR_IO;
    }
    d->curl = curl_easy_init();
    d->multi = curl_multi_init();
    return d->curl && d->multi ? OK : ERR_IO;
}

void download_done(struct download *d)
{
    if (d->curl) {
        curl_easy_cleanup(d->curl);
        d->curl = NULL;
    }
    if (d->multi) {
        (void)curl_multi_cleanup(d->multi);
        d->multi = NULL;
    }
}

static void set_up(struct transfer *t)
{
    CURL *c = t->download->curl;
    curl_easy_reset(c);
    (void)curl_easy_setopt(c, CURLOPT_URL, t->args->url);
    (void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    (void)curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    (void)curl_easy_setopt(c, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES_PER_S);
    (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
    (void)curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)t->download->seconds_max);
    (void)curl_easy_setopt(c, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->args->offset);
    (void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
}

static enum err answer(struct download *d, const struct transfer *t, CURLcode code)
{
    long status = 0;
    (void)curl_easy_getinfo(d->curl, CURLINFO_RESPONSE_CODE, &status);
    if (t->is_refused) {
        return ERR_LIMIT;
    }
    if (t->is_whole || status == 416 || code == CURLE_RANGE_ERROR) {
        return ERR_UNSUPPORTED;
    }
    if (code != CURLE_OK) {
        (void)snprintf(d->words, sizeof d->words, "%s", curl_easy_strerror(code));
        return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_IO;
    }
    if (status == 403 || status == 404 || status == 410) {
        return ERR_NOT_FOUND;
    }
    if (status / 100 != 2) {
        (void)snprintf(d->words, sizeof d->words, "the server answered with status %ld", status);
        return ERR_IO;
    }
    return OK;
}

/* The one transfer to its end; false: turn ended it. */
static bool perform(struct download *d, CURLcode *ret)
{
    int running = 1;
    int left = 0;
    *ret = CURLE_FAILED_INIT;
    if (curl_multi_add_handle(d->multi, d->curl) != CURLM_OK) {
        return true;
    }
    bool goes_on = true;
    while (running > 0 && goes_on) {
        bool is_driven = curl_multi_perform(d->multi, &running) == CURLM_OK;
        goes_on = is_driven && (!d->turn || d->turn(d->turn_user));
        if (running > 0 && goes_on) {
            (void)curl_multi_poll(d->multi, NULL, 0, TURN_MS, NULL);
        }
    }
    const CURLMsg *told = curl_multi_info_read(d->multi, &left);
    if (told && told->msg == CURLMSG_DONE) {
        *ret = told->data.result;
        goes_on = true;
    }
    (void)curl_multi_remove_handle(d->multi, d->curl);
    return goes_on;
}

enum err download_get(struct download *d, const struct download_args *args)
{
    struct transfer t = {.download = d, .args = args};
    d->words[0] = '\0';
    CURLcode code;
    set_up(&t);
    return perform(d, &code) ? answer(d, &t, code) : ERR_CLOSED;
}
