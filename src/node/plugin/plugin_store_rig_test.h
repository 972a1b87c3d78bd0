#ifndef NODE_PLUGIN_STORE_RIG_TEST_H
#define NODE_PLUGIN_STORE_RIG_TEST_H

#include "node/plugin/plugin_store.h"

/* Packages of two files, made from a version number, and a source that gives their bytes. */
enum {
    STORE_RIG_FILES = 2,
    STORE_RIG_LEN = 200000,
    STORE_RIG_ROOM = 1 << 20,
    STORE_RIG_PATH = 128,
    STORE_RIG_CHUNKS = 2048
};

struct store_rig_file {
    uint8_t *bytes;
    size_t len;
    char chunks[STORE_RIG_CHUNKS];
};

struct store_rig {
    char path[STORE_RIG_PATH];
    struct store_rig_file content[STORE_RIG_FILES];
    struct package package;
    struct package_file files[STORE_RIG_FILES];
    struct plugin_source source;
    struct plugin_install install;
    /* What the source does. */
    uint64_t fetched;     /* bytes that it gave */
    uint64_t give_up_at;  /* ends with ERR_IO after so many bytes in all; 0: never */
    size_t honest_source; /* those before it lie */
    size_t asked;
    uint64_t progress; /* the last report */
};

/* store_rig_init makes a folder below the temporary one, and version 1. */
void store_rig_init(struct store_rig *r);
void store_rig_done(struct store_rig *r);
void store_rig_version(struct store_rig *r, unsigned version);

/* store_rig_program makes a program the entry, and text the other file. */
void store_rig_program(struct store_rig *r, const char *path, const char *text);

/* store_rig_id is the id that the rig's present version will have. */
void store_rig_id(const struct store_rig *r, struct journal_id *ret);

/* store_rig_run has a shell run a script in the rig's folder, with $ID; 0 if it went well. */
int store_rig_run(const struct store_rig *r, const char *script, const char *id);

#endif
