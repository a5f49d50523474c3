/* Says what a worker found, and runs its checks one after the other, whether they fail or not. */

#include "worker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char findings[16384];
static size_t length;
static jmp_buf next_check;

static void append(const char *format, va_list values)
{
	char text[1024];

	vsnprintf(text, sizeof text, format, values);
	if (length > 0)
		findings[length++] = ',';
	findings[length++] = '"';
	for (const char *c = text; *c != '\0' && length < sizeof findings - 8; c++) {
		if (*c == '"' || *c == '\\')
			findings[length++] = '\\';
		findings[length++] = *c == '\n' || *c == '\t' ? ' ' : *c;
	}
	findings[length++] = '"';
	findings[length] = '\0';
}

void found(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	append(format, values);
	va_end(values);
}

void fail(const char *format, ...)
{
	va_list values;

	length = 0;
	va_start(values, format);
	append(format, values);
	va_end(values);
	longjmp(next_check, 1);
}

/* Whether it is among the names of CHECKS. */
static int is_wanted(const char *name)
{
	const char *names = getenv("CHECKS");
	size_t size = strlen(name);

	for (const char *found = names; (found = strstr(found, name)) != NULL; found += size)
		if ((found == names || found[-1] == ' ') && (found[size] == ' ' || found[size] == '\0'))
			return 1;
	return 0;
}

void check(const char *name, void (*act)(PGconn *), PGconn *connection)
{
	if (!is_wanted(name))
		return;
	length = 0;
	findings[0] = '\0';
	if (setjmp(next_check) == 0) {
		act(connection);
		printf("{\"check\":\"%s\",\"value\":[%s]}\n", name, findings);
	} else {
		printf("{\"check\":\"%s\",\"failure\":%s}\n", name, findings);
	}
	fflush(stdout);
}

void meet(const char *name)
{
	char line[16];

	printf("{\"meet\":\"%s\"}\n", name);
	fflush(stdout);
	if (fgets(line, sizeof line, stdin) == NULL)
		exit(1);
}
