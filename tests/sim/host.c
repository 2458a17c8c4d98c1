/* SPDX-License-Identifier: MIT */
/* The scripted host: see host.h. A call that a correct device model never makes aborts. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/host.h"

static void require(bool what)
{
	if (!what)
		abort();
}

void host_open(struct host *host, size_t ram_size)
{
	memset(host, 0, sizeof(*host));
	host->ram = aligned_alloc(4096, ram_size);
	require(host->ram != NULL);
	memset(host->ram, 0, ram_size);
	host->ram_size = ram_size;
	host->alarm_ns = UINT64_MAX;
	for (unsigned i = 0; i < HOST_PORTS; i++) {
		host->port[i].send.then = host->port[i].recv.then = SIZE_MAX;
		host->port[i].disk = (struct dm_disk){.size = 1 << 20, .block_size = 512};
	}
}

void host_close(struct host *host)
{
	for (unsigned i = 0; i < HOST_PORTS; i++) {
		free(host->port[i].output);
		for (unsigned q = 0; q < HOST_QUEUES; q++)
			free(host->port[i].posted[q].buffer);
	}
	free(host->ram);
	memset(host, 0, sizeof(*host));
}

gpa_t host_alloc(struct host *host, size_t size, size_t align)
{
	size_t at = (host->ram_taken + align - 1) / align * align;
	require(at <= host->ram_size && size <= host->ram_size - at);
	host->ram_taken = at + size;
	memset(host->ram + at, 0, size);
	return gpa(GUEST_RAM_BASE + at);
}

void host_free_all(struct host *host)
{
	host->ram_taken = 0;
}

void host_input(struct host *host, unsigned port, const void *data, size_t len)
{
	host->port[port].input = data;
	host->port[port].input_len = len;
	host->port[port].input_at = 0;
}

struct host_script host_limit(size_t limit)
{
	return (struct host_script){.then = limit};
}

static size_t script_next(struct host_script *script)
{
	if (script->at == script->n && script->loop)
		script->at = 0;
	return script->at < script->n ? script->limit[script->at++] : script->then;
}

void *host_ram(struct host *host, gpa_t addr, size_t len)
{
	host->ram_calls++;
	if (host->meddle)
		host->meddle(host);
	if (!range_inside(addr.a, len, GUEST_RAM_BASE, host->ram_size))
		return NULL;
	return host->ram + (addr.a - GUEST_RAM_BASE);
}

bool host_is_ram(struct host *host, gpa_t addr, size_t len)
{
	return range_inside(addr.a, len, GUEST_RAM_BASE, host->ram_size);
}

void *host_pin(struct host *host, gpa_t addr, size_t len)
{
	void *at = host_ram(host, addr, len);

	if (!at)
		return NULL;
	require(host->n_pins < HOST_PINS_MAX && len <= UINT32_MAX);
	host->pin[host->n_pins++] = (struct slice){addr, (uint32_t)len};
	return at;
}

void host_unpin(struct host *host, gpa_t addr, size_t len)
{
	unsigned i = 0;

	while (i < host->n_pins && (host->pin[i].addr.a != addr.a || host->pin[i].len != len))
		i++;
	require(i < host->n_pins);
	host->pin[i] = host->pin[--host->n_pins];
}

bool host_has_msi(struct host *host)
{
	return host->has_msi;
}

void host_msi(struct host *host, gpa_t addr, uint32_t data)
{
	require(host->has_msi);
	host->msi[host->msis++ % HOST_MSIS_MAX] = (struct host_msi){addr, data};
}

void host_irq(struct host *host, unsigned line, bool level)
{
	require(line < HOST_IRQS);
	if (level && !host->irq[line])
		host->irq_rises[line]++;
	host->irq[line] = level;
}

static void output_append(struct host_port *port, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (port->output_len + len > port->output_max) {
		port->output_max = 2 * (port->output_len + len);
		port->output = realloc(port->output, port->output_max);
		require(port->output != NULL);
	}
	memcpy(port->output + port->output_len, data, len);
	port->output_len += len;
}

static uint8_t *slice_data(struct host *host, const struct slice *slice)
{
	require(range_inside(slice->addr.a, slice->len, GUEST_RAM_BASE, host->ram_size));
	return host->ram + (slice->addr.a - GUEST_RAM_BASE);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t host_send_bytes(struct host *host, unsigned port, const void *data, size_t len)
{
	require(port < HOST_PORTS);
	struct host_port *p = &host->port[port];
	size_t done = smaller(len, script_next(&p->send));

	p->sends++;
	output_append(p, data, done);
	return done;
}

size_t host_recv_bytes(struct host *host, unsigned port, void *data, size_t len)
{
	require(port < HOST_PORTS);
	struct host_port *p = &host->port[port];
	size_t done = smaller(len, smaller(script_next(&p->recv), p->input_len - p->input_at));

	p->recvs++;
	if (done)
		memcpy(data, p->input + p->input_at, done);
	p->input_at += done;
	return done;
}

bool host_has_input(struct host *host, unsigned port)
{
	require(port < HOST_PORTS);
	return host->port[port].input_at < host->port[port].input_len;
}

size_t host_send(struct host *host, unsigned port, const struct slice *slices, unsigned n)
{
	require(port < HOST_PORTS);
	struct host_port *p = &host->port[port];
	size_t room = script_next(&p->send), done = 0;

	p->sends++;
	for (unsigned i = 0; i < n && done < room; i++) {
		size_t len = smaller(slices[i].len, room - done);
		output_append(p, slice_data(host, &slices[i]), len);
		done += len;
	}
	return done;
}

size_t host_recv(struct host *host, unsigned port, const struct slice *slices, unsigned n)
{
	require(port < HOST_PORTS);
	struct host_port *p = &host->port[port];
	size_t have = smaller(script_next(&p->recv), p->input_len - p->input_at), done = 0;

	p->recvs++;
	for (unsigned i = 0; i < n && done < have; i++) {
		size_t len = smaller(slices[i].len, have - done);
		memcpy(slice_data(host, &slices[i]), p->input + p->input_at, len);
		p->input_at += len;
		done += len;
	}
	return done;
}

uint64_t host_time_ns(struct host *host)
{
	return host->time_ns;
}

void host_alarm(struct host *host, uint64_t time_ns)
{
	host->alarm_ns = time_ns;
}

void host_end(struct host *host, enum dm_end how, unsigned status)
{
	host->ends++;
	host->end_how = how;
	host->end_status = status;
}

void host_trace(struct host *host, enum dm_event event, uint64_t a, uint64_t b)
{
	require((unsigned)event < HOST_EVENTS);
	host->traces[event]++;
	host->trace_a = a;
	host->trace_b = b;
}
