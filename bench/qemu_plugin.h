/* SPDX-License-Identifier: MIT */
/*
 * The part of QEMU's TCG plugin interface (version 4, QEMU 9.2 and later) that
 * count.c uses, declared here because distributions do not install the header.
 * The symbols, GLib's byte array among them, resolve when QEMU loads the plugin.
 */
#ifndef VESPER_BENCH_QEMU_PLUGIN_H
#define VESPER_BENCH_QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;

struct qemu_plugin_tb;       /* a translation block */
struct qemu_plugin_insn;     /* an instruction in it */
struct qemu_plugin_register; /* a CPU register's handle */
struct qemu_plugin_scoreboard;
struct qemu_info; /* what QEMU tells about itself; not read here */

typedef struct {
	struct qemu_plugin_scoreboard *score;
	size_t offset;
} qemu_plugin_u64; /* one counter per vCPU */

typedef struct {
	struct qemu_plugin_register *handle;
	const char *name;
	const char *feature;
} qemu_plugin_reg_descriptor;

enum qemu_plugin_op {
	QEMU_PLUGIN_INLINE_ADD_U64,
};

enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
	QEMU_PLUGIN_CB_R_REGS,
};

/* GLib's GArray and GByteArray. */
typedef struct {
	char *data;
	unsigned len;
} glib_array;

typedef struct {
	uint8_t *data;
	unsigned len;
} glib_byte_array;

glib_byte_array *g_byte_array_new(void);
glib_byte_array *g_byte_array_set_size(glib_byte_array *array, unsigned len);
char *g_array_free(glib_array *array, int free_data);

typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_cb)(qemu_plugin_id_t id, unsigned vcpu);
typedef void (*vcpu_data_cb)(unsigned vcpu, void *data);

void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, vcpu_cb cb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_data_cb cb,
	enum qemu_plugin_cb_flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn,
	enum qemu_plugin_op op, qemu_plugin_u64 entry, uint64_t immediate);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *out, size_t len);

glib_array *qemu_plugin_get_registers(void);
int qemu_plugin_read_register(struct qemu_plugin_register *handle, glib_byte_array *out);

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry);

#endif
