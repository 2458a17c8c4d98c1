/* SPDX-License-Identifier: MIT */
/*
 * What two devices cannot both have, as far as the text tells: an Ethernet
 * address, a context ID, a disk that one of them writes to, an uplink. Each is
 * held against all before it. Values that are no good are passed over: whoever
 * reads the node says so.
 */
#include <libfdt.h>
#include <string.h>

#include "config/dt.h"
#include "config/vm_parts.h"

/* One device, and where it stands. */
struct claim {
	struct vm_node node;
	unsigned device; /* among its VM's */
};

static const void *property(const struct claim *c, const char *name, int *len)
{
	return fdt_getprop(c->node.bundle->config.data, c->node.offset, name, len);
}

static bool has(const struct claim *c, const char *name)
{
	return property(c, name, NULL) != NULL;
}

static const char *text(const struct claim *c, const char *name)
{
	return dt_string(c->node.bundle->config.data, c->node.offset, name);
}

static uint32_t number(const struct claim *c, const char *name, uint32_t absent)
{
	return dt_u32(c->node.bundle->config.data, c->node.offset, name, absent);
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* ---- one function a kind: does `b` conflict with `a`? Then err is set ---- */

static void mac_of(const struct claim *c, uint8_t mac[6])
{
	int len;
	const void *given = property(c, "mac", &len);

	vm_devices_mac(c->node.vm, c->device, mac);
	if (given && len == 6)
		memcpy(mac, given, 6);
}

static bool check_net(const struct claim *a, const struct claim *b)
{
	uint8_t of_a[6], mac[6];

	mac_of(a, of_a);
	mac_of(b, mac);
	if (memcmp(of_a, mac, 6) != 0)
		return true;
	return vm_rules_fail(&b->node,
		"mac = [%02x %02x %02x %02x %02x %02x] is also %s's: give one of them another",
		mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], a->node.path);
}

static bool check_vsock(const struct claim *a, const struct claim *b)
{
	uint32_t cid = number(b, "cid", vm_devices_cid(b->node.vm));

	/* Two of one VM are one too many anyhow. */
	if (a->node.vm == b->node.vm || number(a, "cid", vm_devices_cid(a->node.vm)) != cid)
		return true;
	return vm_rules_fail(
		&b->node, "cid = <%u> is also %s's: give one of them another", cid, a->node.path);
}

static bool ranges_overlap(const struct claim *a, const struct claim *b)
{
	uint64_t start_a = number(a, "offset-mib", 0), start_b = number(b, "offset-mib", 0);

	return start_a < start_b + number(b, "size-mib", 0) &&
	       start_b < start_a + number(a, "size-mib", 0);
}

/* Of two claims to one disk: do they meet? A name and a number, or a partition and a range, only the machine can tell. */
static bool meet(const struct claim *a, const struct claim *b)
{
	bool part_a = has(a, "partition") || has(a, "partition-number"),
	     range_a = has(a, "size-mib");
	bool part_b = has(b, "partition") || has(b, "partition-number"),
	     range_b = has(b, "size-mib");

	if ((!part_a && !range_a) || (!part_b && !range_b))
		return true;
	if (range_a && range_b)
		return ranges_overlap(a, b);
	return same(text(a, "partition"), text(b, "partition")) ||
	       (has(a, "partition-number") &&
		       number(a, "partition-number", 0) == number(b, "partition-number", 0));
}

static bool check_disk(const struct claim *a, const struct claim *b)
{
	const char *disk = text(b, "disk");

	if (!same(text(a, "disk"), disk) || (has(a, "read-only") && has(b, "read-only")) ||
		!meet(a, b))
		return true;
	return vm_rules_fail(&b->node,
		"disk = \"%.40s\": the same data is %s's too; make both read-only or give each a "
		"partition",
		disk, a->node.path);
}

static bool check_network(const struct claim *a, const struct claim *b)
{
	const char *uplink = text(b, "uplink");

	if (!same(text(a, "uplink"), uplink))
		return true;
	return vm_rules_fail(&b->node,
		"uplink = \"%.40s\" is also %s's: an interface serves one network", uplink,
		a->node.path);
}

/* ---- all pairs ---- */

typedef bool (*check)(const struct claim *a, const struct claim *b);

static check check_of(const char *compatible)
{
	static const struct {
		const char *compatible;
		check check;
	} kinds[] = {
		{"vesper,net", check_net},
		{"vesper,vsock", check_vsock},
		{"vesper,disk", check_disk},
		{"vesper,network", check_network},
	};

	for (unsigned i = 0; compatible && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(compatible, kinds[i].compatible))
			return kinds[i].check;
	return NULL;
}

/* Calls visit() for each network and each device, in the order of the text, until it returns false. */
static bool each(const struct vm_node *root,
	bool (*visit)(const struct claim *c, const struct claim *later), const struct claim *later)
{
	const void *tree = root->bundle->config.data;
	struct claim c;
	unsigned vm = 0;
	int child, device;

	fdt_for_each_subnode(child, tree, root->offset)
	{
		struct vm_node node = vm_rules_child(root, child);

		c = (struct claim){.node = node};
		if (vm_net_is_network(&node)) {
			if (!visit(&c, later))
				return false;
			continue;
		}
		node.vm = vm++;
		fdt_for_each_subnode(device, tree, child)
		{
			c.node = vm_rules_child(&node, device);
			if (!visit(&c, later))
				return false;
			c.device++;
		}
	}
	return true;
}

/* Compares one with `later`; it ends the walk, well or not, at that very one. */
static bool compare(const struct claim *c, const struct claim *later)
{
	const char *compatible = text(later, "compatible");

	if (c->node.offset >= later->node.offset)
		return false;
	return !same(text(c, "compatible"), compatible) || check_of(compatible)(c, later);
}

static bool check_before(const struct claim *later, const struct claim *unused)
{
	(void)unused;
	if (!check_of(text(later, "compatible")))
		return true;
	later->node.err->text[0] = 0;
	return each(&(struct vm_node){.bundle = later->node.bundle,
			    .path = "/",
			    .source = later->node.source,
			    .err = later->node.err},
		       compare, later) ||
	       !later->node.err->text[0];
}

bool vm_shared_check(const struct vm_node *root)
{
	return each(root, check_before, NULL);
}
