/* SPDX-License-Identifier: MIT */
#include "cli/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/error.h"
#include "cli/text.h"

#define PARTS_MAX 4

static bool read_port(const char *text, uint16_t *port)
{
	uint64_t number;

	if (!text_number(text, UINT16_MAX, &number) || !number)
		return false;
	*port = (uint16_t)number;
	return true;
}

/* Takes the next part if it is an address. */
static bool read_address(char ***part, uint32_t *address)
{
	struct in_addr in;

	if (!**part || !strchr(**part, '.'))
		return true;
	if (!inet_pton(AF_INET, **part, &in))
		return false;
	*address = ntohl(in.s_addr);
	++*part;
	return true;
}

/* Cuts the end off. false: it is no protocol. */
static bool read_protocol(char *text, bool *udp)
{
	char *slash = strchr(text, '/');

	if (!slash)
		return true;
	*slash = 0;
	*udp = !strcmp(slash + 1, "udp");
	return *udp || !strcmp(slash + 1, "tcp");
}

static bool read_parts(char **part, struct port *port)
{
	if (!read_address(&part, &port->address) || !*part || !read_port(*part++, &port->outer))
		return false;
	if (!read_address(&part, &port->inside) || !*part || !read_port(*part++, &port->inner))
		return false;
	return !*part;
}

bool ports_read(const char *text, struct port *port)
{
	char *copy = text_format("%s", text), *rest = copy;
	char *parts[PARTS_MAX + 2] = {NULL};
	bool good;

	*port = (struct port){.text = text, .address = INADDR_LOOPBACK};
	good = read_protocol(copy, &port->udp);
	for (unsigned i = 0; i <= PARTS_MAX && rest; i++)
		parts[i] = strsep(&rest, ":");
	good = good && read_parts(parts, port);
	free(copy);
	return good;
}

bool ports_same(const struct port *a, const struct port *b)
{
	return a->udp == b->udp && a->outer == b->outer &&
	       (a->address == b->address || a->address == INADDR_ANY || b->address == INADDR_ANY);
}

/* 0, or the errno why QEMU could not listen there. */
static int try_port(const struct port *port)
{
	const struct sockaddr_in place = {.sin_family = AF_INET,
		.sin_port = htons(port->outer),
		.sin_addr.s_addr = htonl(port->address)};
	const int type = port->udp ? SOCK_DGRAM : SOCK_STREAM, reuse = 1;
	const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	int failed = 0;

	if (fd < 0)
		return errno;
	/* As QEMU does: connections that are over don't count. Of UDP two could listen then. */
	if (!port->udp)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof(reuse));
	if (bind(fd, (const struct sockaddr *)&place, sizeof(place)) ||
		(!port->udp && listen(fd, 1)))
		failed = errno;
	close(fd);
	return failed;
}

void ports_check(const struct port *ports, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct port *port = &ports[i];
		const int failed = try_port(port);

		if (failed == EADDRINUSE)
			error_exit("-p %s: port %u of this computer is in use: choose another, "
				   "such as -p %u:%u",
				port->text, port->outer,
				port->outer < 60000 ? port->outer + 1 : 8080, port->inner);
		if (failed == EACCES)
			error_exit("-p %s: port %u is the system's own: choose one from 1024 on, "
				   "such as -p 8080:%u",
				port->text, port->outer, port->inner);
		if (failed == EADDRNOTAVAIL)
			error_exit("-p %s: this computer has no such address: leave it out, or "
				   "0.0.0.0 for all",
				port->text);
		if (failed)
			error_exit("-p %s: %s", port->text, strerror(failed));
	}
}

static char *address_text(uint32_t address)
{
	return text_format("%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
		address & 255);
}

char *ports_forward(const struct port *port)
{
	char *outer = address_text(port->address),
	     *inner = port->inside ? address_text(port->inside) : NULL;
	char *text = text_format(",hostfwd=%s:%s:%u-%s:%u", port->udp ? "udp" : "tcp", outer,
		port->outer, inner ? inner : "", port->inner);

	free(outer);
	free(inner);
	return text;
}
