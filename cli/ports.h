/* SPDX-License-Identifier: MIT */
/* Ports of this computer that lead to a VM: -p [ADDRESS:]PORT:[VM-ADDRESS:]VM-PORT[/udp]. */
#ifndef VESPER_CLI_PORTS_H
#define VESPER_CLI_PORTS_H

#include <stdbool.h>
#include <stdint.h>

#define PORTS_MAX 16

struct port {
	const char *text; /* as the user gave it */
	uint32_t address,
		inside; /* IPv4, host's byte order; inside 0: whoever got an address first */
	uint16_t outer, inner;
	bool udp;
};

/* Reads one. false: it is none. */
bool ports_read(const char *text, struct port *port);

/* Would both listen at the same place? */
bool ports_same(const struct port *a, const struct port *b);

/* Ends the program, with the way out, if one is not to be had. */
void ports_check(const struct port *ports, unsigned n);

/* What QEMU's -netdev gets for it: ",hostfwd=...". */
char *ports_forward(const struct port *port);

#endif
