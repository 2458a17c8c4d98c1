/* SPDX-License-Identifier: MIT */
/*
 * The guest's machine looks like QEMU's `virt`, as far as Vesper emulates it,
 * with one of two interrupt controllers: the PLIC, or APLIC and IMSIC.
 */
#include "config/guest_fdt.h"

#include <libfdt.h>
#include <string.h>

#include "config/fdtw.h"
#include "config/guest_pci.h"

#define IRQCHIP_PHANDLE 1 /* the PLIC, or the APLIC */
#define IMSIC_PHANDLE   2
#define INTC_PHANDLE    3 /* of vCPU 0; vCPU n has + n */

#define INTERRUPT_S_EXTERNAL 9
#define INTERRUPT_NONE       0xffffffffu
#define INTERRUPT_LEVEL_HIGH 4

#define IMSIC_PAGE 0x1000ull

#define UART_PATH  "/soc/serial@10000000" /* GUEST_UART_BASE */
#define UART_CLOCK 3686400

#define ISA_TEXT_MAX 1024 /* bytes of all names in isa_table.c together, and some */

/* What every interrupt controller has; an interrupt there takes `interrupt_cells`. */
static void write_controller(struct fdtw *w, uint32_t interrupt_cells, uint32_t phandle)
{
	fdtw_flag(w, "interrupt-controller");
	fdtw_number(w, "#interrupt-cells", interrupt_cells);
	fdtw_number(w, "#address-cells", 0);
	fdtw_number(w, "phandle", phandle);
}

/* The interrupt of a device: a PLIC wants its number, an APLIC also how it is signalled. */
static void write_interrupt(struct fdtw *w, const struct guest_fdt_input *in, uint32_t irq)
{
	fdt32_t value[2] = {cpu_to_fdt32(irq), cpu_to_fdt32(INTERRUPT_LEVEL_HIGH)};

	fdtw_number(w, "interrupt-parent", IRQCHIP_PHANDLE);
	fdtw_bytes(w, "interrupts", value, in->aia ? sizeof(value) : sizeof(value[0]));
}

static void write_aliases(struct fdtw *w)
{
	fdtw_begin(w, "aliases");
	fdtw_text(w, "serial0", UART_PATH);
	fdtw_end(w);
}

static void write_chosen(struct fdtw *w, const struct guest_fdt_input *in)
{
	fdtw_begin(w, "chosen");
	fdtw_text(w, "bootargs", in->spec->bootargs);
	fdtw_text(w, "stdout-path", UART_PATH);
	if (in->initrd_end > in->initrd_start) {
		fdtw_number64(w, "linux,initrd-start", in->initrd_start);
		fdtw_number64(w, "linux,initrd-end", in->initrd_end);
	}
	fdtw_bytes(w, "rng-seed", in->rng_seed, sizeof(in->rng_seed));
	fdtw_end(w);
}

static void write_memory(struct fdtw *w, const struct guest_fdt_input *in)
{
	fdtw_begin(w, "memory@%lx", (unsigned long)GUEST_RAM_BASE);
	fdtw_text(w, "device_type", "memory");
	fdtw_reg(w, GUEST_RAM_BASE, in->spec->memory);
	fdtw_end(w);
}

/* Both forms of the ISA: kernels before 6.7 read only the string. */
static void write_isa(struct fdtw *w, const struct isa *isa)
{
	char buf[ISA_TEXT_MAX];
	size_t size = isa_to_list(isa, buf, sizeof(buf));

	if (!size)
		fdtw_keep(w, -FDT_ERR_NOSPACE);
	fdtw_text(w, "riscv,isa-base", "rv64i");
	fdtw_bytes(w, "riscv,isa-extensions", buf, size);
	if (!isa_to_string(isa, buf, sizeof(buf)))
		fdtw_keep(w, -FDT_ERR_NOSPACE);
	fdtw_text(w, "riscv,isa", buf);
	if (isa_has(isa, ISA_ZICBOM))
		fdtw_number(w, "riscv,cbom-block-size", isa->cbom_block);
	if (isa_has(isa, ISA_ZICBOZ))
		fdtw_number(w, "riscv,cboz-block-size", isa->cboz_block);
	if (isa_has(isa, ISA_ZICBOP) && isa->cbop_block)
		fdtw_number(w, "riscv,cbop-block-size", isa->cbop_block);
}

static void write_intc(struct fdtw *w, unsigned cpu)
{
	fdtw_begin(w, "interrupt-controller");
	fdtw_text(w, "compatible", "riscv,cpu-intc");
	write_controller(w, 1, INTC_PHANDLE + cpu);
	fdtw_end(w);
}

static void write_cpu(
	struct fdtw *w, const struct guest_fdt_input *in, const struct isa *isa, unsigned cpu)
{
	fdtw_begin(w, "cpu@%x", cpu);
	fdtw_text(w, "device_type", "cpu");
	fdtw_number(w, "reg", cpu);
	fdtw_text(w, "status", "okay");
	fdtw_text(w, "compatible", "riscv");
	fdtw_text(w, "mmu-type", in->mmu_type);
	write_isa(w, isa);
	write_intc(w, cpu);
	fdtw_end(w);
}

static void write_cpus(struct fdtw *w, const struct guest_fdt_input *in)
{
	struct isa isa = in->isa;

	if (in->aia)
		isa_add_name(&isa, "ssaia");
	fdtw_begin(w, "cpus");
	fdtw_cells(w, 1, 0);
	/* One cell is what every kernel understands. */
	fdtw_number(w, "timebase-frequency", (uint32_t)in->timebase_hz);
	for (unsigned cpu = 0; cpu < in->spec->vcpus; cpu++)
		write_cpu(w, in, &isa, cpu);
	fdtw_end(w);
}

/* Context 2h is M-mode, which a guest does not have; 2h+1 is S-mode. */
static void write_plic_contexts(struct fdtw *w, unsigned vcpus)
{
	fdt32_t list[VM_VCPUS_MAX][4];

	for (unsigned cpu = 0; cpu < vcpus; cpu++) {
		list[cpu][0] = list[cpu][2] = cpu_to_fdt32(INTC_PHANDLE + cpu);
		list[cpu][1] = cpu_to_fdt32(INTERRUPT_NONE);
		list[cpu][3] = cpu_to_fdt32(INTERRUPT_S_EXTERNAL);
	}
	fdtw_bytes(w, "interrupts-extended", list, vcpus * sizeof(list[0]));
}

static void write_plic(struct fdtw *w, const struct guest_fdt_input *in)
{
	static const char compatible[] = "sifive,plic-1.0.0\0riscv,plic0";

	fdtw_begin(w, "plic@%lx", (unsigned long)GUEST_PLIC_BASE);
	fdtw_bytes(w, "compatible", compatible, sizeof(compatible));
	fdtw_reg(w, GUEST_PLIC_BASE, GUEST_PLIC_SIZE);
	fdtw_number(w, "riscv,ndev", GUEST_PLIC_SOURCES - 1);
	write_plic_contexts(w, in->spec->vcpus);
	write_controller(w, 1, IRQCHIP_PHANDLE);
	fdtw_end(w);
}

static void write_imsics(struct fdtw *w, const struct guest_fdt_input *in)
{
	fdt32_t list[VM_VCPUS_MAX][2];
	unsigned vcpus = in->spec->vcpus;

	for (unsigned cpu = 0; cpu < vcpus; cpu++) {
		list[cpu][0] = cpu_to_fdt32(INTC_PHANDLE + cpu);
		list[cpu][1] = cpu_to_fdt32(INTERRUPT_S_EXTERNAL);
	}
	fdtw_begin(w, "imsics@%lx", (unsigned long)GUEST_IMSIC_BASE);
	fdtw_text(w, "compatible", "riscv,imsics");
	fdtw_reg(w, GUEST_IMSIC_BASE, vcpus * IMSIC_PAGE);
	fdtw_bytes(w, "interrupts-extended", list, vcpus * sizeof(list[0]));
	fdtw_number(w, "riscv,num-ids", GUEST_IMSIC_IDS);
	fdtw_flag(w, "msi-controller");
	fdtw_number(w, "#msi-cells", 0);
	write_controller(w, 0, IMSIC_PHANDLE);
	fdtw_end(w);
}

static void write_aplic(struct fdtw *w)
{
	fdtw_begin(w, "aplic@%lx", (unsigned long)GUEST_APLIC_BASE);
	fdtw_text(w, "compatible", "riscv,aplic");
	fdtw_reg(w, GUEST_APLIC_BASE, GUEST_APLIC_SIZE);
	fdtw_number(w, "msi-parent", IMSIC_PHANDLE);
	fdtw_number(w, "riscv,num-sources", GUEST_APLIC_SOURCES - 1);
	write_controller(w, 2, IRQCHIP_PHANDLE);
	fdtw_end(w);
}

static void write_finisher(struct fdtw *w)
{
	static const char compatible[] = "sifive,test1\0sifive,test0";

	fdtw_begin(w, "test@%lx", (unsigned long)GUEST_FINISHER_BASE);
	fdtw_bytes(w, "compatible", compatible, sizeof(compatible));
	fdtw_reg(w, GUEST_FINISHER_BASE, GUEST_FINISHER_SIZE);
	fdtw_end(w);
}

static void write_rtc(struct fdtw *w, const struct guest_fdt_input *in)
{
	fdtw_begin(w, "rtc@%lx", (unsigned long)GUEST_RTC_BASE);
	fdtw_text(w, "compatible", "google,goldfish-rtc");
	fdtw_reg(w, GUEST_RTC_BASE, GUEST_RTC_SIZE);
	write_interrupt(w, in, GUEST_RTC_IRQ);
	fdtw_end(w);
}

static void write_uart(struct fdtw *w, const struct guest_fdt_input *in)
{
	fdtw_begin(w, "serial@%lx", (unsigned long)GUEST_UART_BASE);
	fdtw_text(w, "compatible", "ns16550a");
	fdtw_reg(w, GUEST_UART_BASE, GUEST_UART_SIZE);
	fdtw_number(w, "clock-frequency", UART_CLOCK);
	write_interrupt(w, in, GUEST_UART_IRQ);
	fdtw_end(w);
}

static void write_virtio(struct fdtw *w, const struct guest_fdt_input *in, unsigned device)
{
	uint64_t base = GUEST_VIRTIO_BASE + device * GUEST_VIRTIO_SIZE;

	fdtw_begin(w, "virtio_mmio@%lx", (unsigned long)base);
	fdtw_text(w, "compatible", "virtio,mmio");
	fdtw_reg(w, base, GUEST_VIRTIO_SIZE);
	fdtw_flag(w, "dma-coherent");
	write_interrupt(w, in, GUEST_VIRTIO_IRQ + device);
	fdtw_end(w);
}

static void write_devices(struct fdtw *w, const struct guest_fdt_input *in)
{
	if (in->spec->transport == VM_TRANSPORT_PCI) {
		guest_pci_write(w, IRQCHIP_PHANDLE, in->aia ? IMSIC_PHANDLE : 0);
		return;
	}
	for (unsigned i = 0; i < in->spec->n_devices; i++)
		write_virtio(w, in, i);
}

static void write_soc(struct fdtw *w, const struct guest_fdt_input *in)
{
	fdtw_begin(w, "soc");
	fdtw_text(w, "compatible", "simple-bus");
	fdtw_cells(w, 2, 2);
	fdtw_flag(w, "ranges");
	write_finisher(w);
	write_rtc(w, in);
	if (in->aia) {
		write_imsics(w, in);
		write_aplic(w);
	} else {
		write_plic(w, in);
	}
	write_uart(w, in);
	write_devices(w, in);
	fdtw_end(w);
}

enum status guest_fdt_build(void *buf, size_t size, const struct guest_fdt_input *in)
{
	struct fdtw w = {.fdt = buf};

	if (fdt_create(buf, (int)size))
		return ERR_NO_SPACE;
	fdtw_keep(&w, fdt_finish_reservemap(buf));
	fdtw_begin(&w, "%s", "");
	fdtw_cells(&w, 2, 2);
	fdtw_text(&w, "compatible", "riscv-virtio");
	fdtw_text(&w, "model", "vesper,virt");
	write_aliases(&w);
	write_chosen(&w, in);
	write_memory(&w, in);
	write_cpus(&w, in);
	write_soc(&w, in);
	fdtw_end(&w);
	fdtw_keep(&w, fdt_finish(buf));
	return w.error ? ERR_NO_SPACE : OK;
}
