/* SPDX-License-Identifier: MIT */
/*
 * The guest's machine looks like QEMU's `virt`, as far as Vesper emulates it.
 * The tree is written front to back with libfdt's sequential functions; the
 * first error sticks and is looked at once, at the end.
 */
#include "config/guest_fdt.h"

#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#define PLIC_PHANDLE 1
#define INTC_PHANDLE 2 /* of vCPU 0; vCPU n has + n */

#define INTERRUPT_S_EXTERNAL 9
#define INTERRUPT_NONE       0xffffffffu

#define ISA_TEXT_MAX 1024 /* bytes of all names in isa_table.c together, and some */

struct writer {
	void *fdt;
	int error;
};

static void keep(struct writer *w, int result)
{
	if (!w->error)
		w->error = result;
}

__attribute__((format(printf, 2, 3))) static void begin(struct writer *w, const char *format, ...)
{
	char name[40];
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	keep(w, fdt_begin_node(w->fdt, name));
}

static void end(struct writer *w)
{
	keep(w, fdt_end_node(w->fdt));
}

static void bytes(struct writer *w, const char *name, const void *data, size_t size)
{
	keep(w, fdt_property(w->fdt, name, data, (int)size));
}

static void flag(struct writer *w, const char *name)
{
	bytes(w, name, NULL, 0);
}

static void text(struct writer *w, const char *name, const char *value)
{
	bytes(w, name, value, strlen(value) + 1);
}

static void number(struct writer *w, const char *name, uint32_t value)
{
	keep(w, fdt_property_u32(w->fdt, name, value));
}

static void number64(struct writer *w, const char *name, uint64_t value)
{
	keep(w, fdt_property_u64(w->fdt, name, value));
}

static void reg(struct writer *w, uint64_t base, uint64_t size)
{
	fdt64_t value[2] = {cpu_to_fdt64(base), cpu_to_fdt64(size)};

	bytes(w, "reg", value, sizeof(value));
}

static void cells(struct writer *w, uint32_t address, uint32_t size)
{
	number(w, "#address-cells", address);
	number(w, "#size-cells", size);
}

static void write_chosen(struct writer *w, const struct guest_fdt_input *in)
{
	begin(w, "chosen");
	text(w, "bootargs", in->spec->bootargs);
	if (in->initrd_end > in->initrd_start) {
		number64(w, "linux,initrd-start", in->initrd_start);
		number64(w, "linux,initrd-end", in->initrd_end);
	}
	bytes(w, "rng-seed", in->rng_seed, sizeof(in->rng_seed));
	end(w);
}

static void write_memory(struct writer *w, const struct guest_fdt_input *in)
{
	begin(w, "memory@%lx", (unsigned long)GUEST_RAM_BASE);
	text(w, "device_type", "memory");
	reg(w, GUEST_RAM_BASE, in->spec->memory);
	end(w);
}

/* Both forms of the ISA: kernels before 6.7 read only the string. */
static void write_isa(struct writer *w, const struct isa *isa)
{
	char buf[ISA_TEXT_MAX];
	size_t size = isa_to_list(isa, buf, sizeof(buf));

	if (!size)
		keep(w, -FDT_ERR_NOSPACE);
	text(w, "riscv,isa-base", "rv64i");
	bytes(w, "riscv,isa-extensions", buf, size);
	if (!isa_to_string(isa, buf, sizeof(buf)))
		keep(w, -FDT_ERR_NOSPACE);
	text(w, "riscv,isa", buf);
	if (isa_has(isa, ISA_ZICBOM))
		number(w, "riscv,cbom-block-size", isa->cbom_block);
	if (isa_has(isa, ISA_ZICBOZ))
		number(w, "riscv,cboz-block-size", isa->cboz_block);
	if (isa_has(isa, ISA_ZICBOP) && isa->cbop_block)
		number(w, "riscv,cbop-block-size", isa->cbop_block);
}

static void write_cpu(struct writer *w, const struct guest_fdt_input *in, unsigned cpu)
{
	begin(w, "cpu@%x", cpu);
	text(w, "device_type", "cpu");
	number(w, "reg", cpu);
	text(w, "status", "okay");
	text(w, "compatible", "riscv");
	text(w, "mmu-type", in->mmu_type);
	write_isa(w, &in->isa);
	begin(w, "interrupt-controller");
	text(w, "compatible", "riscv,cpu-intc");
	number(w, "#interrupt-cells", 1);
	number(w, "#address-cells", 0);
	flag(w, "interrupt-controller");
	number(w, "phandle", INTC_PHANDLE + cpu);
	end(w);
	end(w);
}

static void write_cpus(struct writer *w, const struct guest_fdt_input *in)
{
	begin(w, "cpus");
	cells(w, 1, 0);
	/* One cell is what every kernel understands. */
	number(w, "timebase-frequency", (uint32_t)in->timebase_hz);
	for (unsigned cpu = 0; cpu < in->spec->vcpus; cpu++)
		write_cpu(w, in, cpu);
	end(w);
}

/* Context 2h is M-mode, which a guest does not have; 2h+1 is S-mode. */
static void write_plic_contexts(struct writer *w, unsigned vcpus)
{
	fdt32_t list[VM_VCPUS_MAX][4];

	for (unsigned cpu = 0; cpu < vcpus; cpu++) {
		list[cpu][0] = list[cpu][2] = cpu_to_fdt32(INTC_PHANDLE + cpu);
		list[cpu][1] = cpu_to_fdt32(INTERRUPT_NONE);
		list[cpu][3] = cpu_to_fdt32(INTERRUPT_S_EXTERNAL);
	}
	bytes(w, "interrupts-extended", list, vcpus * sizeof(list[0]));
}

static void write_plic(struct writer *w, const struct guest_fdt_input *in)
{
	static const char compatible[] = "sifive,plic-1.0.0\0riscv,plic0";

	begin(w, "plic@%lx", (unsigned long)GUEST_PLIC_BASE);
	bytes(w, "compatible", compatible, sizeof(compatible));
	reg(w, GUEST_PLIC_BASE, GUEST_PLIC_SIZE);
	flag(w, "interrupt-controller");
	number(w, "#interrupt-cells", 1);
	number(w, "#address-cells", 0);
	number(w, "riscv,ndev", GUEST_PLIC_SOURCES - 1);
	write_plic_contexts(w, in->spec->vcpus);
	number(w, "phandle", PLIC_PHANDLE);
	end(w);
}

static void write_finisher(struct writer *w)
{
	static const char compatible[] = "sifive,test1\0sifive,test0";

	begin(w, "test@%lx", (unsigned long)GUEST_FINISHER_BASE);
	bytes(w, "compatible", compatible, sizeof(compatible));
	reg(w, GUEST_FINISHER_BASE, GUEST_FINISHER_SIZE);
	end(w);
}

static void write_rtc(struct writer *w)
{
	begin(w, "rtc@%lx", (unsigned long)GUEST_RTC_BASE);
	text(w, "compatible", "google,goldfish-rtc");
	reg(w, GUEST_RTC_BASE, GUEST_RTC_SIZE);
	number(w, "interrupt-parent", PLIC_PHANDLE);
	number(w, "interrupts", GUEST_RTC_IRQ);
	end(w);
}

static void write_virtio(struct writer *w, unsigned device)
{
	uint64_t base = GUEST_VIRTIO_BASE + device * GUEST_VIRTIO_SIZE;

	begin(w, "virtio_mmio@%lx", (unsigned long)base);
	text(w, "compatible", "virtio,mmio");
	reg(w, base, GUEST_VIRTIO_SIZE);
	number(w, "interrupt-parent", PLIC_PHANDLE);
	number(w, "interrupts", GUEST_VIRTIO_IRQ + device);
	end(w);
}

static void write_soc(struct writer *w, const struct guest_fdt_input *in)
{
	begin(w, "soc");
	text(w, "compatible", "simple-bus");
	cells(w, 2, 2);
	flag(w, "ranges");
	write_finisher(w);
	write_rtc(w);
	write_plic(w, in);
	for (unsigned i = 0; i < in->spec->n_devices; i++)
		write_virtio(w, i);
	end(w);
}

enum status guest_fdt_build(void *buf, size_t size, const struct guest_fdt_input *in)
{
	struct writer w = {.fdt = buf};

	if (fdt_create(buf, (int)size))
		return ERR_NO_SPACE;
	keep(&w, fdt_finish_reservemap(buf));
	begin(&w, "%s", "");
	cells(&w, 2, 2);
	text(&w, "compatible", "riscv-virtio");
	text(&w, "model", "vesper,virt");
	write_chosen(&w, in);
	write_memory(&w, in);
	write_cpus(&w, in);
	write_soc(&w, in);
	end(&w);
	keep(&w, fdt_finish(buf));
	return w.error ? ERR_NO_SPACE : OK;
}
