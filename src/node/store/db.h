#ifndef NODE_DB_H
#define NODE_DB_H

#include "base/err.h"
#include "base/log.h"
#include "wallet/store.h"

/* The wallet's store in SQLite: one file, write-ahead log, synchronous=FULL, so that what put returned OK for is on
 * the disk. One process at a time: the file is locked for as long as it is open. */
struct db;

/* db_open opens or makes the file (mode 0600). ERR_STATE: another process has it open. ERR_MALFORMED: it is no
 * database, or of a later version; it is left as it is. ERR_IO. */
MUST_CHECK enum err db_open(struct db **ret, const char *path, struct log *log);
void db_close(struct db *db);

/* db_store is the port, valid until db_close. */
struct store *db_store(struct db *db);

#endif
