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
		assert_int_equal(machine.hart_id[i], i);
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

static void assert_plic(unsigned context)
{
	assert_range(machine.plic, 0xc000000, 0x600000);
	assert_int_equal(machine.plic_sources, 95);
	assert_int_equal(machine.plic_context, context);
	assert_int_equal(machine.uart_irq, 10);
}

static void test_qemu_default(void **state)
{
	(void)state;
	parse_qemu("", "-cpu rv64,h=true -smp 4 -m 3G", 2);
	assert_common();
	assert_int_equal(machine.boot_hart, 2);
	assert_plic(5);
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
	assert_plic(1);
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
	assert_int_equal(machine.plic.size, 0);
	assert_int_equal(machine.uart_irq, 0);
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

/* Two sockets give two memory nodes and two PLICs. */
static void test_qemu_numa(void **state)
{
	(void)state;
	parse_qemu("",
		"-smp 4 -m 2G -object memory-backend-ram,size=1G,id=a -object "
		"memory-backend-ram,size=1G,id=b -numa node,memdev=a -numa node,memdev=b",
		0);
	assert_int_equal(machine.n_ram, 1);
	assert_range(machine.ram[0], 0x80000000, 0x80000000);
	assert_range(machine.plic, 0xc000000, 0x600000);
	assert_int_equal(machine.plic_context, 1);
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

/* The boot hart's own properties count, and the list wins over the string. */
static void test_cpu(void **state)
{
	(void)state;
	assert_int_equal(
		parse(tree(RAM, "cpu@0 { device_type = \"cpu\"; reg = <0>; status = \"disabled\";"
				" riscv,isa = \"rv64imac\"; };"
				"cpu@1 { device_type = \"cpu\"; reg = <1>; riscv,isa = "
				"\"rv64imafdcv\";"
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
	assert_int_equal(machine.hart_id[0], 1);
	assert_int_equal(machine.boot_hart, 1);
	assert_int_equal(machine.timebase_hz, 24000000);
	assert_string_equal(machine.mmu_type, "riscv,sv39");
	assert_true(isa_has(&machine.isa, ISA_ZICBOM));
	assert_false(isa_has(&machine.isa, ISA_V));
	assert_int_equal(machine.isa.cbom_block, 32);
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
	assert_int_equal(machine.plic_context, 2);
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

/* The boot hart has no S-mode context: as good as no PLIC. */
static void test_plic_without_context(void **state)
{
	(void)state;
	assert_int_equal(parse(tree(board, board_cpus), 0), OK);
	assert_int_equal(machine.plic.size, 0);
	assert_int_equal(machine.uart_irq, 0);
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
		cmocka_unit_test(test_qemu_numa),
		cmocka_unit_test(test_qemu_initrd),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_not_a_tree),
		cmocka_unit_test(test_ram),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_board),
		cmocka_unit_test(test_stdout),
		cmocka_unit_test(test_plic_without_context),
		cmocka_unit_test(test_chosen),
		cmocka_unit_test(test_long_strings_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
