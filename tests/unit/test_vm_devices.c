/* SPDX-License-Identifier: MIT */
/* Disks, networks and the other devices of a configuration: what each property gives, and what is said of mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/vm_config.h"
#include "tests/unit/dts.h"
#include "tests/unit/fit.h"

static const uint64_t kernel[16] = {0, 0x200000, 0x400000, 0, 0, 0, 0, 0x05435352};
static const uint8_t data[2048], odd[1000];
static struct bundle bundle;
static struct config_error error;
static void *fit;

static void open_bundle(const char *source)
{
	size_t config_size, size;
	void *config = dts_compile(source, &config_size);
	const struct fit_image images[] = {
		{"config", config, config_size},
		{"kernel", kernel, sizeof(kernel)},
		{"data", data, sizeof(data)},
		{"odd", odd, sizeof(odd)},
	};

	free(fit);
	fit = fit_make(images, 4, 0, &size);
	free(config);
	memset(&error, 0, sizeof(error));
	assert_int_equal(bundle_open(&bundle, fit, size, &error), OK);
}

static int tear_down(void **state)
{
	(void)state;
	free(fit);
	fit = NULL;
	return 0;
}

#define CONFIG(body) "/dts-v1/; / { compatible = \"vesper,config\"; " body " };"
#define VM(name, body)                                                                 \
	name " { compatible = \"vesper,vm\"; memory-mib = <64>; cpus = <1>; kernel = " \
	     "\"kernel\"; " body " };"
#define DEVICE(name, kind, body) name " { compatible = \"vesper," kind "\"; " body " };"
#define DISK(name, body)         DEVICE(name, "disk", body)
#define NET(name, body)          DEVICE(name, "net", body)

/* The spec of VM `i`. */
static struct vm_spec *vm(unsigned i)
{
	static struct vm_spec spec;

	if (vm_config_read(&bundle, i, &spec, &error) != OK)
		fail_msg("%s", error.text);
	return &spec;
}

static unsigned count(void)
{
	unsigned n = 0;

	if (vm_config_count(&bundle, &n, &error) != OK)
		fail_msg("%s", error.text);
	return n;
}

static void disks(void **state)
{
	const struct vm_device *d;

	(void)state;
	open_bundle(CONFIG(VM("a",
		DISK("a", "disk = \"disk0\";") DISK(
			"b", "disk = \"S/N 1\"; partition = \"root fs\"; read-only;") DISK("c",
			"disk = \"disk2\"; partition-number = <128>; serial = "
			"\"12345678901234567890\";") DISK("d",
			"disk = \"disk3\"; offset-mib = <0>; size-mib = <5000000>; queues = <8>;")
			DISK("e", "image = \"data\"; writable-mib = <3>;")
				DISK("f", "image = \"data\"; read-only;"))));
	assert_int_equal(count(), 1);
	d = vm(0)->devices;
	assert_int_equal(vm(0)->n_devices, 6);
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(d[i].kind, VM_DEVICE_DISK);
		assert_int_equal(d[i].port, 1 + i);
	}
	assert_int_equal(d[0].disk.source, VM_DISK_WHOLE);
	assert_string_equal(d[0].disk.disk, "disk0");
	assert_false(d[0].disk.read_only);
	assert_int_equal(d[0].disk.queues, 0);
	assert_int_equal(d[0].disk.serial[0], 0);
	assert_int_equal(d[1].disk.source, VM_DISK_PARTITION);
	assert_string_equal(d[1].disk.disk, "S/N 1");
	assert_string_equal(d[1].disk.partition, "root fs");
	assert_true(d[1].disk.read_only);
	assert_int_equal(d[2].disk.source, VM_DISK_PARTITION);
	assert_int_equal(d[2].disk.number, 128);
	assert_memory_equal(d[2].disk.serial, "12345678901234567890", 20);
	assert_int_equal(d[3].disk.source, VM_DISK_RANGE);
	assert_int_equal(d[3].disk.offset, 0);
	assert_int_equal(d[3].disk.size, 5000000ull << 20);
	assert_int_equal(d[3].disk.queues, 8);
	assert_int_equal(d[4].disk.source, VM_DISK_IMAGE);
	assert_int_equal(d[4].image.size, sizeof(data));
	assert_int_equal(d[4].arena_size, 3 << 20);
	assert_int_equal(d[5].disk.source, VM_DISK_IMAGE);
	assert_int_equal(d[5].arena_size, 0);
	assert_true(d[5].disk.read_only);
}

static void others(void **state)
{
	const struct vm_device *d;

	(void)state;
	open_bundle(CONFIG(
		VM("a", DEVICE("r", "rng", "") DEVICE("c", "console", "") DEVICE("v", "vsock", ""))
			VM("b", DEVICE("b", "balloon", "") DEVICE("v", "vsock",
					"cid = <4294967294>;")) VM("c", DEVICE("v", "vsock", ""))));
	assert_int_equal(count(), 3);
	d = vm(0)->devices;
	assert_int_equal(d[0].kind, VM_DEVICE_RNG);
	assert_int_equal(d[1].kind, VM_DEVICE_CONSOLE);
	assert_int_equal(d[1].port, GUEST_UART_PORT);
	assert_int_equal(d[2].kind, VM_DEVICE_VSOCK);
	assert_int_equal(d[2].port, 3);
	assert_int_equal(d[2].cid, 3);
	d = vm(1)->devices;
	assert_int_equal(d[0].kind, VM_DEVICE_BALLOON);
	assert_int_equal(d[1].cid, 4294967294u);
	assert_int_equal(vm(2)->devices[0].cid, 5);
}

/* Addresses that are chosen differ, in one VM and between VMs. */
static void addresses(void **state)
{
	static const uint8_t given[6] = {0x52, 0x54, 0, 1, 2, 3};
	struct vm_device first[2], *d;

	(void)state;
	open_bundle(CONFIG(VM("a", NET("n", "") NET("m", "queues = <4>;")) VM(
		"b", NET("n", "mac = [52 54 00 01 02 03]; network = \"lan\";") NET("m", ""))
			DEVICE("lan", "network", "")));
	assert_int_equal(count(), 2);
	memcpy(first, vm(0)->devices, sizeof(first));
	d = vm(1)->devices;
	assert_string_equal(first[0].net.network, "default");
	assert_int_equal(first[0].net.queues, 0);
	assert_int_equal(first[1].net.queues, 4);
	assert_string_equal(d[0].net.network, "lan");
	assert_memory_equal(d[0].net.mac, given, 6);
	assert_memory_equal(first[0].net.mac, given, 3);
	assert_memory_not_equal(first[0].net.mac, first[1].net.mac, 6);
	assert_memory_not_equal(first[1].net.mac, d[1].net.mac, 6);
}

static void assert_network(unsigned i, const char *name, const char *uplink, bool optional)
{
	struct vm_network network;

	assert_int_equal(vm_config_network(&bundle, i, &network, &error), OK);
	assert_string_equal(network.name, name);
	assert_string_equal(network.uplink, uplink);
	assert_int_equal(network.uplink_optional, optional);
}

static void networks(void **state)
{
	struct vm_network network;

	(void)state;
	open_bundle(CONFIG(VM("a", "")));
	assert_network(0, "default", "nic0", true);
	assert_int_equal(vm_config_network(&bundle, 1, &network, &error), ERR_NOT_FOUND);

	open_bundle(CONFIG(DEVICE("lan", "network", "uplink = \"nic1\";") VM("a", "") DEVICE(
		"default", "network", "") DEVICE("back", "network", "") VM("b", "")));
	assert_int_equal(count(), 2);
	assert_string_equal(vm(1)->name, "b");
	assert_network(0, "default", "", false);
	assert_network(1, "lan", "nic1", false);
	assert_network(2, "back", "", false);
	assert_int_equal(vm_config_network(&bundle, 3, &network, &error), ERR_NOT_FOUND);

	/* An interface that another network has is not the default's. */
	open_bundle(CONFIG(DEVICE("lan", "network", "uplink = \"nic0\";") VM("a", "")));
	assert_network(0, "default", "", true);
	assert_network(1, "lan", "nic0", false);
}

/* The first error of reading all there is. */
static const char *first_error(void)
{
	static struct vm_spec spec;
	struct vm_network network;
	enum status status;
	unsigned n;

	if (vm_config_count(&bundle, &n, &error) != OK)
		return error.text;
	for (unsigned i = 0;
		(status = vm_config_network(&bundle, i, &network, &error)) != ERR_NOT_FOUND; i++)
		if (status != OK)
			return error.text;
	for (unsigned i = 0; i < n; i++)
		if (vm_config_read(&bundle, i, &spec, &error) != OK)
			return error.text;
	return "";
}

static void messages(void **state)
{
	static const struct {
		const char *source, *text;
	} cases[] = {
		/* disks */
		{CONFIG(VM("a", DISK("d", ""))), "/a/d: disk is missing: disk = \"disk0\", or "
						 "image = \"...\" for one of the bundle"},
		{CONFIG(VM("a", DISK("d", "partition = \"x\";"))),
			"/a/d: partition needs disk: say which one: disk = \"disk0\""},
		{CONFIG(VM("a", DISK("d", "partition-number = <1>;"))),
			"/a/d: partition-number needs disk: say which one: disk = \"disk0\""},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; partition-number = <0>;"))),
			"/a/d: partition-number = <0> is out of range (1 to 1024)"},
		{CONFIG(VM("a",
			 DISK("d", "disk = \"x\"; partition = \"y\"; partition-number = <1>;"))),
			"/a/d: partition cannot stand beside partition-number: give the name or "
			"the number"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; partition = \"y\"; size-mib = <1>; "
					  "offset-mib = <1>;"))),
			"/a/d: partition cannot stand beside size-mib: give a partition or a "
			"range"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; offset-mib = <1>;"))),
			"/a/d: offset-mib needs size-mib: say how long the range is: size-mib = "
			"<1024>"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; size-mib = <1>;"))),
			"/a/d: size-mib needs offset-mib: say where the range begins: offset-mib = "
			"<0>"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; size-mib = <0>; offset-mib = <0>;"))),
			"/a/d: size-mib = <0> is out of range (1 to 4294967295)"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; image = \"data\";"))),
			"/a/d: image cannot stand beside disk: a disk is one or the other"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; writable-mib = <1>;"))),
			"/a/d: writable-mib needs image: what is written to a real disk goes "
			"there"},
		{CONFIG(VM("a", DISK("d", "image = \"data\";"))),
			"/a/d: image needs writable-mib = <64>, room for what is written, or "
			"read-only"},
		{CONFIG(VM("a", DISK("d", "image = \"data\"; writable-mib = <1>; read-only;"))),
			"/a/d: writable-mib cannot stand beside read-only: nothing is written "
			"then"},
		{CONFIG(VM("a", DISK("d", "image = \"odd\"; read-only;"))),
			"/a/d: image has 1000 bytes, no multiple of 512: lengthen it with "
			"truncate"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; serial = \"123456789012345678901\";"))),
			"/a/d: serial has 21 characters (1 to 20 are allowed)"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; queues = <9>;"))),
			"/a/d: queues = <9> is out of range (1 to 8)"},
		/* two disks */
		{CONFIG(VM("a", DISK("d", "disk = \"x\";"))
				 VM("b", DISK("e", "disk = \"x\"; read-only;"))),
			"/b/e: disk = \"x\": the same data is /a/d's too; make both read-only or "
			"give each a "
			"partition"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; read-only;")
					DISK("e", "disk = \"x\"; partition = \"p\";"))),
			"/a/e: disk = \"x\": the same data is /a/d's too; make both read-only or "
			"give each a "
			"partition"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; partition-number = <1>;"))
				 VM("b", DISK("d", "disk = \"x\"; partition-number = <1>;"))),
			"/b/d: disk = \"x\": the same data is /a/d's too; make both read-only or "
			"give each a "
			"partition"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; offset-mib = <1>; size-mib = <2>;") DISK(
					"e", "disk = \"x\"; offset-mib = <2>; size-mib = <1>;"))),
			"/a/e: disk = \"x\": the same data is /a/d's too; make both read-only or "
			"give each a "
			"partition"},
		{CONFIG(VM("a", DISK("d", "disk = \"x\"; offset-mib = <1>; size-mib = <2>;")
					DISK("e", "disk = \"x\"; offset-mib = <3>; size-mib = <1>;")
						DISK("f", "disk = \"x\"; partition = \"p\";") DISK(
							"g", "disk = \"x\"; partition = \"q\";")
							DISK("h", "disk = \"y\"; read-only;") DISK(
								"i", "disk = \"y\"; read-only;"))),
			""},
		/* networks */
		{CONFIG(VM("a", NET("n", "mac = <1 2>;"))),
			"/a/n: mac must be six bytes: mac = [52 54 00 00 00 01]"},
		{CONFIG(VM("a", NET("n", "mac = [53 54 00 00 00 01];"))),
			"/a/n: mac = [53 ...] is a multicast address: its first byte must be even, "
			"such as 52"},
		{CONFIG(VM("a", NET("n", "mac = [00 00 00 00 00 00];"))),
			"/a/n: mac is all zero: give another, or none to have one chosen"},
		{CONFIG(VM("a", NET("n", "mac = [52 54 00 00 00 01];")) VM(
			 "b", DEVICE("c", "console", "") NET("m", "mac = [52 54 00 00 00 01];"))),
			"/b/m: mac = [52 54 00 00 00 01] is also /a/n's: give one of them another"},
		/* One that is given may be one that is chosen. */
		{CONFIG(VM("a", NET("n", "")) VM("b", NET("m", "mac = [52 54 00 80 00 00];"))),
			"/b/m: mac = [52 54 00 80 00 00] is also /a/n's: give one of them another"},
		{CONFIG(VM("a", NET("n", "mac = [52 54 00 80 01 00];")) VM("b", NET("m", ""))),
			"/b/m: mac = [52 54 00 80 01 00] is also /a/n's: give one of them another"},
		{CONFIG(VM("a", NET("n", "network = \"lan\";"))),
			"/a/n: network = \"lan\" is unknown: add a node lan { compatible = "
			"\"vesper,network\"; } "
			"beside the VMs"},
		{CONFIG(VM("a", "") DEVICE("lan", "network", "uplnk = \"nic0\";")),
			"/lan: unknown property \"uplnk\" (did you mean \"uplink\"?)"},
		{CONFIG(VM("a", "") DEVICE("lan", "network", "x { };")),
			"/lan: unknown node \"x\""},
		{CONFIG(VM("a", "") DEVICE("lan", "network", "uplink = \"nic1\";")
				 DEVICE("wan", "network", "uplink = \"nic1\";")),
			"/wan: uplink = \"nic1\" is also /lan's: an interface serves one network"},
		{CONFIG(VM("a", "") DEVICE("lan", "netwrk", "")),
			"/lan: unknown compatible \"vesper,netwrk\" (did you mean "
			"\"vesper,network\"?)"},
		/* others */
		{CONFIG(VM("a", DEVICE("v", "vsock", "cid = <2>;"))),
			"/a/v: cid = <2> is out of range (3 to 4294967294)"},
		{CONFIG(VM("a", DEVICE("v", "vsock", ""))
				 VM("b", DEVICE("v", "vsock", "cid = <3>;"))),
			"/b/v: cid = <3> is also /a/v's: give one of them another"},
		{CONFIG(VM("a", DEVICE("v", "vsock", "") DEVICE("w", "vsock", ""))),
			"/a/w: a VM has one vsock at most"},
		{CONFIG(VM("a", DEVICE("v", "balloon", "") DEVICE("w", "balloon", ""))),
			"/a/w: a VM has one balloon at most"},
		{CONFIG(VM("a", DEVICE("v", "rng", "x;"))), "/a/v: unknown property \"x\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		open_bundle(cases[i].source);
		assert_string_equal(first_error(), cases[i].text);
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(disks),
		TEST(others),
		TEST(addresses),
		TEST(networks),
		TEST(messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
