/* The API as its transports see it. */
#include "node/api/api_inside.h"

#include <stddef.h>

static struct api *of(struct door *self)
{
    return (struct api *)(void *)((char *)self - offsetof(struct api, door));
}

static void
request(struct door *self, struct wallet_time t, struct api_caller caller, struct span text)
{
    api_request(of(self), t, caller, text);
}

static void caller_gone(struct door *self, uint64_t caller)
{
    api_caller_gone(of(self), caller);
}

static bool session_check(struct door *self, struct wallet_time t, const struct api_bearer *bearer)
{
    return api_session_check(of(self), t, bearer);
}

static struct span error_text(struct door *self, const struct coded *why, uint16_t *ret_http)
{
    return api_error_text(of(self), why, ret_http);
}

static void session_open(struct door *self,
                         struct wallet_time t,
                         const struct api_session_args *args,
                         struct span *ret_text,
                         uint16_t *ret_http)
{
    api_session_open(of(self), t, args, ret_text, ret_http);
}

static void
code_make(struct door *self, struct wallet_time t, char ret_code[static API_CODE_LEN + 1])
{
    api_code_make(of(self), t, ret_code);
}

struct door *api_door(struct api *a)
{
    a->door = (struct door){.request = request,
                            .caller_gone = caller_gone,
                            .session_check = session_check,
                            .error_text = error_text,
                            .session_open = session_open,
                            .code_make = code_make};
    return &a->door;
}
