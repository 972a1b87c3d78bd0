#ifndef NODE_SERVER_SIDECAR_H
#define NODE_SERVER_SIDECAR_H

#include "base/budget.h"
#include "codec/frame.h"
#include "node/net/loop.h"
#include "plugin/sidecar.h"

/* The plugin's end of the talk with a supervisor (plugin/sidecar.h), if one started us: W3_IPC_FD=3 in the environment. It ends the server by the signals
 * that end it otherwise: once for an orderly end, twice when the supervisor is gone. */
enum { SERVER_SIDECAR_TEXT_LEN = 256 };

struct server_sidecar {
    uv_poll_t poll;
    int fd; /* 0: nobody supervises us */
    struct frame_reader frames;
    char nonce[SERVER_SIDECAR_TEXT_LEN];
    char listen[SERVER_SIDECAR_TEXT_LEN];
    bool has_told; /* that we are ready */
    struct sidecar_limits limits;
    bool has_limits; /* others than before: for whoever takes them up */
};

/* server_sidecar_begin says hello. The budget bounds what is heard. */
void server_sidecar_begin(struct server_sidecar *s, struct loop *loop, struct budget *budget);

/* server_sidecar_ready tells where we listen, as soon as the nonce is known too. */
void server_sidecar_ready(struct server_sidecar *s, const char *listen);

/* server_sidecar_say sends one message, text of JSON. */
void server_sidecar_say(const struct server_sidecar *s, const char *text);

/* server_sidecar_end closes; before loop_done. */
void server_sidecar_end(struct server_sidecar *s);

#endif
