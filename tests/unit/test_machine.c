/* SPDX-License-Identifier: MIT */
/* Host device trees: those of QEMU's machines that stand for real boards, and written ones that lack things. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/machine.h"
#include "tests/unit/dts.h"

static struct machine machine;
static struct config_error error;

static enum status parse(const char *source, uint64_t boot_hart)
{
	size_t size;
	void *dtb = dts_compile(source, &size);
	enum status status = machine_parse(dtb, boot_hart, &machine, &error);

	free(dtb);
	return status;
}

static void parse_qemu(const char *machine_options, const char *options, uint64_t boot_hart)
{
	size_t size;
	void *dtb = dts_qemu(machine_options, options, &size);

	assert_int_equal(machine_parse(dtb, boot_hart, &machine, &error), OK);
	free(dtb);
}

static void assert_range(struct machine_range range, uint64_t base, uint64_t size)
{
	assert_int_equal(range.base, base);
	assert_int_equal(range.size, size);
}

/* ---- QEMU ---- */

static void assert_common(void)
{
	assert_string_equal(machine.model, "riscv-virtio,qemu");
	assert_int_equal(machine.n_ram, 1);
	assert_range(machine.ram[0], 0x80000000, 0xc0000000);
	assert_int_equal(machine.n_harts, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(machine.hart[i].id, i);
	assert_int_equal(machine.timebase_hz, 10000000);
	assert_range(machine.uart, 0x10000000, 0x100);
	assert_int_equal(machine.uart_reg_shift, 0);
	assert_int_equal(machine.uart_reg_io_width, 1);
	assert_range(machine.rtc, 0x101000, 0x1000);
	assert_true(isa_has(&machine.isa, ISA_H));
	assert_int_equal(machine.isa.cboz_block, 64);
	assert_int_equal(machine.isa.cbom_block, 64);
	assert_int_equal(machine.rng_seed_len, 32);
}

static void assert_uart(enum machine_irqchip irqchip, unsigned irq)
{
	assert_int_equal(machine.uart_irqchip, irqchip);
	assert_int_equal(machine.uart_irq, irq);
}

static void assert_no_aia(void)
{
	assert_int_equal(machine.aplic.size, 0);
	assert_int_equal(machine.imsic_ids, 0);
	for (unsigned i = 0; i < machine.n_harts; i++) {
		assert_int_equal(machine.hart[i].imsic, 0);
		assert_int_equal(machine.hart[i].guest_files, 0);
		assert_int_equal(machine.hart[i].aplic_hart, MACHINE_NO_CONTEXT);
	}
}

static void assert_plic(void)
{
	assert_range(machine.plic, 0xc000000, 0x600000);
	assert_int_equal(machine.plic_sources, 95);
	for (unsigned i = 0; i < machine.n_harts; i++)
		assert_int_equal(machine.hart[i].plic_context, 2 * i + 1);
	assert_uart(MACHINE_IRQCHIP_PLIC, 10);
	assert_no_aia();
}

/* The APLIC with the console; `index` and `page` (0: no IMSIC) of the harts 0 to 3. */
static void assert_aplic(uint64_t base, const uint32_t index[4], const uint64_t page[4])
{
	assert_range(machine.aplic, base, 0x8000);
	assert_int_equal(machine.aplic_sources, 96);
	assert_int_equal(machine.plic.size, 0);
	assert_uart(MACHINE_IRQCHIP_APLIC, 10);
	assert_int_equal(machine.n_harts, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(machine.hart[i].id, i);
		assert_int_equal(machine.hart[i].aplic_hart, index[i]);
		assert_int_equal(machine.hart[i].imsic, page[i]);
		assert_int_equal(machine.hart[i].plic_context, MACHINE_NO_CONTEXT);
	}
}

static void test_qemu_default(void **state)
{
	(void)state;
	parse_qemu("", "-cpu rv64,h=true -smp 4 -m 3G", 2);
	assert_common();
	assert_int_equal(machine.boot_hart, 2);
	assert_plic();
	assert_string_equal(machine.mmu_type, "riscv,sv57");
	assert_true(isa_has(&machine.isa, ISA_SSTC));
	assert_false(isa_has(&machine.isa, ISA_V));
	assert_int_equal(machine.bundle.size, 0);
}

static void test_qemu_p550(void **state)
{
	(void)state;
	parse_qemu("",
		"-cpu "
		"rv64,h=on,v=off,sstc=off,svadu=off,svade=on,svpbmt=off,sscofpmf=on,sv57=off,sv48="
		"on "
		"-smp 4 -m 3G",
		0);
	assert_common();
	assert_plic();
	assert_string_equal(machine.mmu_type, "riscv,sv48");
	assert_false(isa_has(&machine.isa, ISA_SSTC));
	assert_true(isa_has(&machine.isa, ISA_SVADE));
	assert_true(isa_has(&machine.isa, ISA_SSCOFPMF));
}

static void test_qemu_k3(void **state)
{
	(void)state;
	parse_qemu(",aia=aplic-imsic,aia-guests=7",
		"-cpu rva23s64,sv39=on,sv48=off,sv57=off,smaia=on,ssaia=on -smp 4 -m 3G", 0);
	assert_common();
	assert_aplic(0xd000000, (const uint32_t[]){0, 1, 2, 3},
		(const uint64_t[]){0x28000000, 0x28008000, 0x28010000, 0x28018000});
	assert_true(machine.aplic_msi);
	assert_int_equal(machine.imsic_ids, 255);
	assert_int_equal(machine.hart[3].guest_files, 7);
	assert_string_equal(machine.mmu_type, "riscv,sv39");
	assert_true(isa_has(&machine.isa, ISA_V));
	assert_true(isa_has(&machine.isa, ISA_SSAIA));
	assert_true(isa_has(&machine.isa, ISA_SMSTATEEN));
}

static void test_qemu_all(void **state)
{
	(void)state;
	parse_qemu(",aia=aplic-imsic,aia-guests=7,iommu-sys=on",
		"-cpu max,zicfiss=on,zicfilp=on,ssdbltrp=on,smctr=on,ssctr=on,svadu=on -smp 4 -m "
		"3G",
		3);
	assert_common();
	assert_int_equal(machine.boot_hart, 3);
	assert_true(isa_has(&machine.isa, ISA_SVADU));
	assert_true(isa_has(&machine.isa, ISA_SVPBMT));
}

#define TWO_SOCKETS                                                                        \
	"-smp 4,sockets=2 -cpu max -m 2G"                                                  \
	" -object memory-backend-ram,size=1G,id=a -object memory-backend-ram,size=1G,id=b" \
	" -numa node,memdev=a,cpus=0-1 -numa node,memdev=b,cpus=2-3"

static void test_qemu_aia(void **state)
{
	(void)state;
	parse_qemu(",aia=aplic-imsic", "-smp 4 -cpu max -m 1G", 1);
	assert_aplic(0xd000000, (const uint32_t[]){0, 1, 2, 3},
		(const uint64_t[]){0x28000000, 0x28001000, 0x28002000, 0x28003000});
	assert_true(machine.aplic_msi);
	assert_int_equal(machine.hart[0].guest_files, 0);
	assert_true(isa_has(&machine.isa, ISA_SSDBLTRP));
	assert_true(isa_has(&machine.isa, ISA_ZICFISS));
}

/* A socket is a group: its harts' pages have a range of their own, and the APLIC of the console counts. */
static void test_qemu_aia_numa(void **state)
{
	(void)state;
	for (unsigned boot = 0; boot < 4; boot++) {
		parse_qemu(",aia=aplic-imsic,aia-guests=7", TWO_SOCKETS, boot);
		assert_aplic(0xd000000, (const uint32_t[]){0, 1, 2, 3},
			(const uint64_t[]){0x28000000, 0x28008000, 0x29000000, 0x29008000});
		assert_int_equal(machine.boot_hart, boot);
		assert_int_equal(machine.hart[2].guest_files, 7);
		assert_int_equal(machine.imsic_ids, 255);
	}
}

/* No IMSIC: the APLIC has wires to the harts of its socket. */
static void test_qemu_aplic(void **state)
{
	static const uint64_t none[4];

	(void)state;
	parse_qemu(",aia=aplic", "-smp 4 -cpu max -m 1G", 0);
	assert_aplic(0xd000000, (const uint32_t[]){0, 1, 2, 3}, none);
	assert_false(machine.aplic_msi);
	assert_int_equal(machine.imsic_ids, 0);
	parse_qemu(",aia=aplic", TWO_SOCKETS, 3);
	assert_aplic(
		0xd000000, (const uint32_t[]){0, 1, MACHINE_NO_CONTEXT, MACHINE_NO_CONTEXT}, none);
	assert_false(machine.aplic_msi);
}

/* Two sockets give two memory nodes and two PLICs: the console's is the first one, whoever boots. */
static void test_qemu_numa(void **state)
{
	(void)state;
	for (unsigned boot = 0; boot < 4; boot += 3) {
		parse_qemu("", TWO_SOCKETS, boot);
		assert_int_equal(machine.n_ram, 1);
		assert_range(machine.ram[0], 0x80000000, 0x80000000);
		assert_range(machine.plic, 0xc000000, 0x600000);
		assert_int_equal(machine.n_harts, 4);
		assert_int_equal(machine.hart[0].plic_context, 1);
		assert_int_equal(machine.hart[1].plic_context, 3);
		assert_int_equal(machine.hart[2].plic_context, MACHINE_NO_CONTEXT);
		assert_int_equal(machine.hart[3].plic_context, MACHINE_NO_CONTEXT);
		assert_uart(MACHINE_IRQCHIP_PLIC, 10);
		assert_no_aia();
	}
}

static void test_qemu_initrd(void **state)
{
	(void)state;
	parse_qemu("",
		"-m 1G -kernel $(head -c 70000 /dev/zero >raw; echo raw) -initrd raw -append 'a=b "
		"htinst=off'",
		0);
	assert_true(machine.bundle.base >= 0x80000000);
	assert_int_equal(machine.bundle.size, 70000);
	assert_string_equal(machine.bootargs, "a=b htinst=off");
}

/* ---- written trees ---- */

/* A whole tree: `root` inside of /, `cpus` inside of /cpus. */
static const char *tree(const char *root, const char *cpus)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		"/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; %s\n"
		"cpus { #address-cells = <1>; #size-cells = <0>; %s }; };",
		root, cpus);
	return text;
}

#define RAM      "memory@80000000 { device_type = \"memory\"; reg = <0x80000000 0x10000000>; };"
#define TIMEBASE "timebase-frequency = <1000000>;"
#define CPU0                                                                                    \
	"cpu@0 { device_type = \"cpu\"; reg = <0>; riscv,isa = \"rv64imach_sstc\";"             \
	" ic0: interrupt-controller { compatible = \"riscv,cpu-intc\"; #interrupt-cells = <1>;" \
	" interrupt-controller; }; };"

static void test_small(void **state)
{
	(void)state;
	assert_int_equal(parse(tree(RAM, TIMEBASE CPU0), 0), OK);
	assert_range(machine.ram[0], 0x80000000, 0x10000000);
	assert_int_equal(machine.timebase_hz, 1000000);
	assert_true(isa_has(&machine.isa, ISA_SSTC));
	assert_string_equal(machine.mmu_type, "");
	assert_string_equal(machine.model, "");
	assert_int_equal(machine.plic.size + machine.uart.size + machine.rtc.size, 0);
}

static void test_messages(void **state)
{
	static const struct {
		const char *root, *cpus, *text;
		uint64_t boot_hart;
	} cases[] = {
		{"", TIMEBASE CPU0, "no RAM: it needs a memory node with a reg", 0},
		{"memory@0 { device_type = \"memory\"; reg = <0 0x1000000>; status = \"disabled\"; "
		 "};",
			TIMEBASE CPU0, "no RAM: it needs a memory node with a reg", 0},
		{RAM, CPU0, "no timebase-frequency in /cpus", 0},
		{RAM, TIMEBASE CPU0,
			"no enabled cpu with reg = <7>, the hart that Vesper was started on", 7},
		{RAM, TIMEBASE,
			"no enabled cpu with reg = <0>, the hart that Vesper was started on", 0},
		{RAM,
			TIMEBASE
			"cpu@1 { device_type = \"cpu\"; reg = <1>; status = \"disabled\"; };" CPU0,
			"no enabled cpu with reg = <1>, the hart that Vesper was started on", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			parse(tree(cases[i].root, cases[i].cpus), cases[i].boot_hart), ERR_INVALID);
		assert_string_equal(error.text, cases[i].text);
	}
}

static void test_too_many(void **state)
{
	char root[4096];
	size_t at = 0;

	(void)state;
	for (unsigned i = 0; i <= MACHINE_RAM_MAX; i++)
		at += (size_t)snprintf(root + at, sizeof(root) - at,
			"memory@%x { device_type = \"memory\"; reg = <0x%x 0x1000>; };", i * 0x2000,
			i * 0x2000);
	assert_int_equal(parse(tree(root, TIMEBASE CPU0), 0), ERR_INVALID);
	assert_string_equal(error.text, "more than 16 ranges of RAM");

	at = (size_t)snprintf(root, sizeof(root),
		RAM "reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;");
	for (unsigned i = 0; i <= MACHINE_RESERVED_MAX; i++)
		at += (size_t)snprintf(
			root + at, sizeof(root) - at, "r@%x { reg = <0x%x 1>; };", i + 1, i + 1);
	snprintf(root + at, sizeof(root) - at, "};");
	assert_int_equal(parse(tree(root, TIMEBASE CPU0), 0), ERR_INVALID);
	assert_string_equal(error.text, "more than 32 reserved ranges of memory");
}

static void test_not_a_tree(void **state)
{
	static const uint64_t zeros[8];
	size_t size;
	char *dtb = dts_compile(tree(RAM, TIMEBASE CPU0), &size);

	(void)state;
	assert_int_equal(machine_parse(zeros, 0, &machine, &error), ERR_INVALID);
	assert_string_equal(error.text, "damaged (FDT_ERR_TRUNCATED)");
	memset(dtb + 0x40, 0xff, 16);
	assert_int_equal(machine_parse(dtb, 0, &machine, &error), ERR_INVALID);
	assert_non_null(strstr(error.text, "damaged (FDT_ERR_"));
	free(dtb);
}

/* Holes, several nodes and entries, out of order, overlapping, not in whole pages. */
static void test_ram(void **state)
{
	(void)state;
	assert_int_equal(
		parse(tree("memory@c0000000 { device_type = \"memory\"; reg = <0xc0000000 "
			   "0x1000000 "
			   "0x80000000 0x200000 0x80300000 0x100000>; };"
			   "memory@80200000 { device_type = \"memory\"; status = \"okay\";"
			   " reg = <0x80200000 0x180000 0x1000800 0x2000 0x5000 0x800>; };",
			      TIMEBASE CPU0),
			0),
		OK);
	assert_int_equal(machine.n_ram, 3);
	assert_range(machine.ram[0], 0x1001000, 0x1000);
	assert_range(machine.ram[1], 0x80000000, 0x400000);
	assert_range(machine.ram[2], 0xc0000000, 0x1000000);
}

static void test_reserved(void **state)
{
	static const char source[] =
		"/dts-v1/; /memreserve/ 0x80000000 0x20000; / { #address-cells = <2>; #size-cells "
		"= <2>;"
		"memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 1 0>; };"
		"reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;"
		" fw@1 { reg = <0 0x80040000 0 0x1000 0 0x90000000 0 0x234>; no-map; };"
		" off@2 { reg = <0 0x81000000 0 0x1000>; status = \"disabled\"; };"
		" pool { size = <0 0x100000>; }; };"
		"cpus { #address-cells = <2>; #size-cells = <0>; timebase-frequency = <0 5>;"
		" cpu@100000003 { device_type = \"cpu\"; reg = <1 3>; riscv,isa = \"rv64i\"; }; }; "
		"};";

	(void)state;
	assert_int_equal(parse(source, 0x100000003), OK);
	assert_range(machine.ram[0], 0x80000000, 0x100000000);
	assert_int_equal(machine.n_reserved, 3);
	assert_range(machine.reserved[0], 0x80000000, 0x20000);
	assert_range(machine.reserved[1], 0x80040000, 0x1000);
	assert_range(machine.reserved[2], 0x90000000, 0x234);
	assert_int_equal(machine.timebase_hz, 5);
}

/* A disabled hart does not count, and the list wins over the string. */
static void test_cpu(void **state)
{
	(void)state;
	assert_int_equal(
		parse(tree(RAM, "cpu@0 { device_type = \"cpu\"; reg = <0>; status = \"disabled\";"
				" riscv,isa = \"rv64imac\"; };"
				"cpu@1 { device_type = \"cpu\"; reg = <1>; riscv,isa = "
				"\"rv64imafdcv_zicbom\"; riscv,cbom-block-size = <32>;"
				" mmu-type = \"riscv,sv57\"; };"
				"cpu@2 { device_type = \"cpu\"; reg = <2>; status = \"okay\";"
				" timebase-frequency = <24000000>; mmu-type = \"riscv,sv39\";"
				" riscv,isa = \"rv64imafdcv\"; riscv,isa-base = \"rv64i\";"
				" riscv,isa-extensions = \"i\", \"m\", \"zicbom\";"
				" riscv,cbom-block-size = <32>; };"
				"cpu-map { cluster0 { }; };"),
			2),
		OK);
	assert_int_equal(machine.n_harts, 2);
	assert_int_equal(machine.hart[0].id, 1);
	assert_int_equal(machine.boot_hart, 1);
	assert_int_equal(machine.timebase_hz, 24000000);
	assert_string_equal(machine.mmu_type, "riscv,sv39");
	assert_true(isa_has(&machine.isa, ISA_ZICBOM));
	assert_false(isa_has(&machine.isa, ISA_V));
	assert_int_equal(machine.isa.cbom_block, 32);
}

/* What all have is what counts, a hart without H aside; the same ID a second time is nothing new. */
static void test_harts_that_differ(void **state)
{
	static const char cpus[] =
		TIMEBASE "cpu@0 { device_type = \"cpu\"; reg = <0>; riscv,isa = \"rv64imac\"; };"
			 "cpu@1 { device_type = \"cpu\"; reg = <1>; riscv,isa = "
			 "\"rv64imafdcvh_sstc_zicboz\";"
			 " riscv,cboz-block-size = <64>; mmu-type = \"riscv,sv57\"; };"
			 "cpu@2 { device_type = \"cpu\"; reg = <2>; riscv,isa = "
			 "\"rv64imafdch_sstc_svpbmt_zicboz\";"
			 " riscv,cboz-block-size = <128>; mmu-type = \"riscv,sv48\"; };"
			 "cpu@3 { device_type = \"cpu\"; reg = <2>; riscv,isa = \"rv64ih\"; };";

	(void)state;
	for (unsigned boot = 1; boot < 3; boot++) {
		assert_int_equal(parse(tree(RAM, cpus), boot), OK);
		assert_int_equal(machine.n_harts, 2);
		assert_int_equal(machine.hart[0].id, 1);
		assert_int_equal(machine.hart[1].id, 2);
		assert_int_equal(machine.boot_hart, boot - 1);
		assert_true(isa_has(&machine.isa, ISA_SSTC));
		assert_true(isa_has(&machine.isa, ISA_H));
		assert_false(isa_has(&machine.isa, ISA_V));
		assert_false(isa_has(&machine.isa, ISA_SVPBMT));
		assert_int_equal(machine.isa.cboz_block, 0);
		assert_string_equal(machine.mmu_type, "riscv,sv48");
	}
	/* Without H in the boot hart all of them are listed. */
	assert_int_equal(parse(tree(RAM, cpus), 0), OK);
	assert_int_equal(machine.n_harts, 3);
	assert_false(isa_has(&machine.isa, ISA_H));
	assert_string_equal(machine.mmu_type, "");
}

/* As a JH7110-like board has it: a monitor hart with one context, a DesignWare UART, a bus with an offset. */
static const char board[] =
	RAM "aliases { serial0 = &uart; loop = \"loop\"; };"
	    "soc { #address-cells = <2>; #size-cells = <2>; compatible = \"simple-bus\"; "
	    "interrupt-parent = <&plic>;"
	    " ranges = <0 0 0x40000000 0 0x1000000>, <0 0x10000000 0x10000000 0 0x10000000>;"
	    " serial@10010000 { compatible = \"ns16550a\"; reg = <0 0x10010000 0 0x100>; "
	    "interrupts = <33>; };"
	    " uart: serial@20000 { compatible = \"vendor,uart\", \"snps,dw-apb-uart\"; reg = <0 "
	    "0x20000 0 0x10000>;"
	    " reg-shift = <2>; reg-io-width = <4>; interrupts = <32>; };"
	    " plic: interrupt-controller@1c000000 { compatible = \"thead,c900-plic\"; reg = <0 "
	    "0x1c000000 0 0x4000000>;"
	    " interrupt-controller; #interrupt-cells = <1>; riscv,ndev = <136>;"
	    " interrupts-extended = <&ic0 11>, <&ic1 11>, <&ic1 9>; }; };";

static const char board_cpus[] = TIMEBASE CPU0
	"cpu@1 { device_type = \"cpu\"; reg = <1>; ic1: interrupt-controller { "
	"compatible = \"riscv,cpu-intc\"; #interrupt-cells = <1>; interrupt-controller; }; };";

static void parse_board(const char *stdout_path)
{
	char root[4096];

	snprintf(root, sizeof(root), "%s chosen { stdout-path = \"%s\"; };", board, stdout_path);
	assert_int_equal(parse(tree(root, board_cpus), 1), OK);
}

static void test_board(void **state)
{
	(void)state;
	parse_board("serial0:115200n8");
	assert_range(machine.plic, 0x1c000000, 0x4000000);
	assert_int_equal(machine.hart[0].plic_context, MACHINE_NO_CONTEXT);
	assert_int_equal(machine.hart[1].plic_context, 2);
	assert_int_equal(machine.plic_sources, 136);
	assert_range(machine.uart, 0x40020000, 0x10000);
	assert_int_equal(machine.uart_irq, 32);
	assert_int_equal(machine.uart_reg_shift, 2);
	assert_int_equal(machine.uart_reg_io_width, 4);
}

static void test_stdout(void **state)
{
	static const char *const elsewhere[] = {"/soc/serial@10010000", "/soc/serial@10010000:9600",
		"", ":", "loop", "nothing", "/soc/nothing", "/"};

	(void)state;
	parse_board("/soc/serial@20000:115200");
	assert_range(machine.uart, 0x40020000, 0x10000);
	/* The first one where the path names none. */
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++) {
		parse_board(elsewhere[i]);
		assert_range(machine.uart, 0x10010000, 0x100);
		assert_int_equal(machine.uart_irq, 33);
		assert_int_equal(machine.uart_reg_io_width, 1);
	}
}

/* No hart has an S-mode context: as good as no PLIC. */
static void test_plic_without_context(void **state)
{
	static const char cpus[] =
		TIMEBASE CPU0 "cpu@1 { device_type = \"cpu\"; reg = <1>; status = \"disabled\"; "
			      "ic1: interrupt-controller { "
			      "compatible = \"riscv,cpu-intc\"; #interrupt-cells = <1>; "
			      "interrupt-controller; }; };";

	(void)state;
	assert_int_equal(parse(tree(board, cpus), 0), OK);
	assert_int_equal(machine.plic.size, 0);
	assert_int_equal(machine.hart[0].plic_context, MACHINE_NO_CONTEXT);
	assert_uart(MACHINE_IRQCHIP_NONE, 0);
}

#define IC(n)                                                                             \
	"cpu@" #n " { device_type = \"cpu\"; reg = <" #n "0>; riscv,isa = \"rv64imach\";" \
	" ic" #n ": interrupt-controller { compatible = \"riscv,cpu-intc\";"              \
	" #interrupt-cells = <1>; interrupt-controller; }; };"

/* Two groups of two harts, listed out of order; `imsic` and `aplic` say more of these nodes. */
static void parse_aia(const char *reg, const char *imsic, const char *aplic)
{
	static const char cpus[] = TIMEBASE IC(1) IC(2) IC(3) IC(4);
	char source[8192];
	const char *root =
		RAM "s: imsics@28000000 { compatible = \"riscv,imsics\"; interrupt-controller;"
		    " #interrupt-cells = <0>; msi-controller; riscv,num-ids = <63>;"
		    " interrupts-extended = <&ic3 9>, <&ic1 9>, <&ic2 9>, <&ic4 9>;};"
		    "m: imsics@24000000 { compatible = \"riscv,imsics\"; interrupt-controller;"
		    " #interrupt-cells = <0>; msi-controller; reg = <0x24000000 0x4000>;"
		    " riscv,num-ids = <255>; interrupts-extended = <&ic1 11>, <&ic2 11>; };"
		    "aplic@c000000 { compatible = \"riscv,aplic\"; interrupt-controller;"
		    " #interrupt-cells = <2>; reg = <0xc000000 0x4000>; msi-parent = <&m>;"
		    " riscv,num-sources = <7>; };"
		    "a: aplic@d000000 { compatible = \"riscv,aplic\"; interrupt-controller;"
		    " #interrupt-cells = <2>; reg = <0xd000000 0x4000>; msi-parent = <&s>;"
		    " riscv,num-sources = <9>;};"
		    "serial@1000 { compatible = \"ns16550a\"; reg = <0x1000 0x100>;"
		    " interrupt-parent = <&a>; interrupts = <9 4>; };";

	snprintf(source, sizeof(source), "%s &s { reg = <%s>; %s }; &a { %s };", tree(root, cpus),
		reg, imsic, aplic);
	assert_int_equal(parse(source, 20), OK);
	assert_int_equal(machine.n_harts, 4);
}

#define GROUPS                                                       \
	"riscv,guest-index-bits = <1>; riscv,hart-index-bits = <2>;" \
	" riscv,group-index-bits = <1>; riscv,group-index-shift = <25>;"

static void test_imsic(void **state)
{
	static const uint64_t page[4] = {0x28002000, 0x2a000000, 0x28000000, 0x2a002000};
	static const uint32_t index[4] = {1, 4, 0, 5};

	(void)state;
	parse_aia("0x28000000 0x4000 0x2a000000 0x4000", GROUPS, "");
	assert_range(machine.aplic, 0xd000000, 0x4000);
	assert_int_equal(machine.aplic_sources, 9);
	assert_true(machine.aplic_msi);
	assert_int_equal(machine.imsic_ids, 63);
	assert_uart(MACHINE_IRQCHIP_APLIC, 9);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(machine.hart[i].imsic, page[i]);
		assert_int_equal(machine.hart[i].guest_files, 1);
		assert_int_equal(machine.hart[i].aplic_hart, index[i]);
	}
	/* The number of harts tells the bits where the tree does not. */
	parse_aia("0x28000000 0x4000", "", "");
	assert_int_equal(machine.hart[3].imsic, 0x28003000);
	assert_int_equal(machine.hart[3].aplic_hart, 3);
	assert_int_equal(machine.hart[2].aplic_hart, 0);
}

/* What does not agree with itself is as good as absent, and then the APLIC has no way to a hart. */
static void test_imsic_that_is_wrong(void **state)
{
	static const struct {
		const char *reg, *imsic;
	} cases[] = {
		/* too few pages; a hart's pages cut in two; not aligned; at different bases; at 0 */
		{"0x28000000 0x3000", ""},
		{"0x28000000 0x4000 0x2a000000 0x3000", GROUPS},
		{"0x28001000 0x4000 0x2a001000 0x4000", GROUPS},
		{"0x28000000 0x4000 0x40000000 0x4000", GROUPS},
		{"0 0x4000", ""},
		/* more harts than the bits can tell; bits out of range; groups inside of a hart's pages */
		{"0x28000000 0x4000", "riscv,hart-index-bits = <1>;"},
		{"0x28000000 0x400000", "riscv,guest-index-bits = <7>;"},
		{"0x28000000 0x4000", "riscv,hart-index-bits = <15>;"},
		{"0x28000000 0x4000", "riscv,group-index-bits = <8>;"},
		{"0x28000000 0x4000",
			"riscv,group-index-bits = <1>; riscv,group-index-shift = <23>;"},
		{"0x28000000 0x4000",
			"riscv,group-index-bits = <1>; riscv,group-index-shift = <56>;"},
		{"0x28000000 0x4000",
			"riscv,hart-index-bits = <14>; riscv,group-index-bits = <1>;"},
		/* identities */
		{"0x28000000 0x4000", "riscv,num-ids = <0>;"},
		{"0x28000000 0x4000", "riscv,num-ids = <64>;"},
		{"0x28000000 0x4000", "riscv,num-ids = <2111>;"},
		{"0x28000000 0x4000", "status = \"disabled\";"},
		{"0x28000000 0x4000", "interrupts-extended = <&ic1 11>, <&ic2 11>;"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse_aia(cases[i].reg, cases[i].imsic, "");
		assert_no_aia();
		assert_uart(MACHINE_IRQCHIP_NONE, 0);
	}
}

/* A hart that the IMSIC does not list has no page. */
static void test_imsic_of_some(void **state)
{
	(void)state;
	parse_aia("0x28000000 0x4000",
		"interrupts-extended = <&ic3 9>, <&ic1 9>, <&ic2 11>, <&ic4 9>;", "");
	assert_int_equal(machine.hart[1].imsic, 0);
	assert_int_equal(machine.hart[1].aplic_hart, MACHINE_NO_CONTEXT);
	assert_int_equal(machine.hart[3].imsic, 0x28003000);
}

static void test_aplic_that_is_wrong(void **state)
{
	static const char *const cases[] = {"riscv,num-sources = <0>;",
		"riscv,num-sources = <1024>;", "reg = <0xd000000 0x3000>;", "msi-parent = <99>;",
		"status = \"disabled\";"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse_aia("0x28000000 0x4000", "", cases[i]);
		assert_int_equal(machine.aplic.size, 0);
		assert_int_equal(machine.imsic_ids, 63);
		assert_uart(MACHINE_IRQCHIP_NONE, 0);
	}
	parse_aia("0x28000000 0x4000", "", "riscv,num-sources = <8>;");
	assert_int_equal(machine.aplic_sources, 8);
	assert_uart(MACHINE_IRQCHIP_NONE, 0);
}

/* Wires only to the harts whose delivery control lies in `reg`. */
static void test_aplic_wired(void **state)
{
	(void)state;
	parse_aia("0x28000000 0x4000", "",
		"/delete-property/ msi-parent; reg = <0xd000000 0x4040>;"
		" interrupts-extended = <&ic2 9>, <&ic4 9>, <&ic1 9>;");
	assert_int_equal(machine.aplic.base, 0xd000000);
	assert_false(machine.aplic_msi);
	assert_int_equal(machine.hart[1].aplic_hart, 0);
	assert_int_equal(machine.hart[3].aplic_hart, 1);
	assert_int_equal(machine.hart[0].aplic_hart, MACHINE_NO_CONTEXT);
	assert_uart(MACHINE_IRQCHIP_APLIC, 9);
}

static void test_chosen(void **state)
{
	(void)state;
	assert_int_equal(parse(tree(RAM "chosen { linux,initrd-start = <0x88000000>; "
					"linux,initrd-end = <0 0x88001234>;"
					" bootargs = \"x\"; rng-seed = [01 02 03]; };",
				       TIMEBASE CPU0),
				 0),
		OK);
	assert_range(machine.bundle, 0x88000000, 0x1234);
	assert_int_equal(machine.rng_seed_len, 3);
	assert_int_equal(machine.rng_seed[2], 3);

	assert_int_equal(parse(tree(RAM "chosen { linux,initrd-start = <0x88000000>;"
					" linux,initrd-end = <0x88000000>; };",
				       TIMEBASE CPU0),
				 0),
		OK);
	assert_int_equal(machine.bundle.size, 0);
}

static void test_long_strings_are_cut(void **state)
{
	char root[2048], text[512];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[400] = 0;
	snprintf(root, sizeof(root), "model = \"%s\"; " RAM "chosen { bootargs = \"%s\"; };", text,
		text);
	assert_int_equal(parse(tree(root, TIMEBASE CPU0), 0), OK);
	assert_int_equal(strlen(machine.model), sizeof(machine.model) - 1);
	assert_int_equal(strlen(machine.bootargs), sizeof(machine.bootargs) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qemu_default),
		cmocka_unit_test(test_qemu_p550),
		cmocka_unit_test(test_qemu_k3),
		cmocka_unit_test(test_qemu_all),
		cmocka_unit_test(test_qemu_aia),
		cmocka_unit_test(test_qemu_aia_numa),
		cmocka_unit_test(test_qemu_aplic),
		cmocka_unit_test(test_qemu_numa),
		cmocka_unit_test(test_qemu_initrd),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_not_a_tree),
		cmocka_unit_test(test_ram),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_harts_that_differ),
		cmocka_unit_test(test_board),
		cmocka_unit_test(test_stdout),
		cmocka_unit_test(test_plic_without_context),
		cmocka_unit_test(test_imsic),
		cmocka_unit_test(test_imsic_that_is_wrong),
		cmocka_unit_test(test_imsic_of_some),
		cmocka_unit_test(test_aplic_that_is_wrong),
		cmocka_unit_test(test_aplic_wired),
		cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_long_strings_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
