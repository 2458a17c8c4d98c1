/* SPDX-License-Identifier: MIT */
#include "config/fdtw.h"

#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fdtw_keep(struct fdtw *w, int result)
{
	if (!w->error)
		w->error = result;
}

__attribute__((format(printf, 2, 3))) void fdtw_begin(struct fdtw *w, const char *format, ...)
{
	char name[40];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	fdtw_keep(w, fdt_begin_node(w->fdt, name));
}

void fdtw_end(struct fdtw *w)
{
	fdtw_keep(w, fdt_end_node(w->fdt));
}

void fdtw_bytes(struct fdtw *w, const char *name, const void *data, size_t size)
{
	fdtw_keep(w, fdt_property(w->fdt, name, data, (int)size));
}

void fdtw_flag(struct fdtw *w, const char *name)
{
	fdtw_bytes(w, name, NULL, 0);
}

void fdtw_text(struct fdtw *w, const char *name, const char *value)
{
	fdtw_bytes(w, name, value, strlen(value) + 1);
}

void fdtw_number(struct fdtw *w, const char *name, uint32_t value)
{
	fdtw_keep(w, fdt_property_u32(w->fdt, name, value));
}

void fdtw_number64(struct fdtw *w, const char *name, uint64_t value)
{
	fdtw_keep(w, fdt_property_u64(w->fdt, name, value));
}

void fdtw_reg(struct fdtw *w, uint64_t base, uint64_t size)
{
	fdt64_t value[2] = {cpu_to_fdt64(base), cpu_to_fdt64(size)};

	fdtw_bytes(w, "reg", value, sizeof(value));
}

void fdtw_cells(struct fdtw *w, uint32_t address, uint32_t size)
{
	fdtw_number(w, "#address-cells", address);
	fdtw_number(w, "#size-cells", size);
}
