#ifndef NODE_API_OPTIONS_H
#define NODE_API_OPTIONS_H

#include "node/api/api_inside.h"

/* What the page asks an authenticator: the types creation_options and request_options of api/types.json ("Web Authentication"
 * Level 3, §5.4 and §5.5), each written from its begin to its end, with the list that is the caller's between them. */

struct options_creation {
    struct span user_id;
    const char *user_name;
    struct span challenge;
};

/* options_begin_creation ends with the name "exclude", whose array the caller writes. options_end_creation reads the parameter
 * where of the call. */
void options_begin_creation(struct json_writer *j, const struct options_creation *x);
void options_end_creation(struct api_call *c);

/* options_begin_request opens the array "allow", options_end_request closes it. */
void options_begin_request(struct json_writer *j, const char *rp_id, struct span challenge);
void options_end_request(struct json_writer *j);

/* A descriptor of which nobody knows how it is reached; the caller writes the value of its id between the two. */
void options_begin_descriptor(struct json_writer *j);
void options_end_descriptor(struct json_writer *j);

#endif
