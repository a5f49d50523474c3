/* How a worker says what it found: JSON, a line for each check; where it says `meet`, it waits for a line until all are there. */

#ifndef WORKER_H
#define WORKER_H

#include <libpq-fe.h>

/* Appends to what the check of the moment has found, as printf(3) formats it. */
void found(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The check cannot go on: it reports this in place of what it found, and the next one begins. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

void check(const char *name, void (*act)(PGconn *), PGconn *connection);
void meet(const char *name);

#endif
