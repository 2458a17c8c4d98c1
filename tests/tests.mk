# SPDX-License-Identifier: MIT
# What runs on the developer's machine, a block a test:
#   unit:  cmocka, tests/unit/test_NAME.c with $(unit_NAME_SRC) and $(unit_NAME_LIB)
#   sim:   cmocka, the device model against a scripted host, tests/sim/sim_NAME.c with $(sim_NAME_SRC)
#   fuzz:  libFuzzer with ASan and UBSan, tests/fuzz/fuzz_NAME.c with $(fuzz_NAME_SRC) and $(fuzz_NAME_LIB)


EROFS_SRC := devices/fs/erofs.c devices/fs/erofs_dir.c devices/fs/erofs_xattr.c
UNIT_TESTS += erofs erofs_corrupt
unit_erofs_SRC := $(EROFS_SRC) tests/unit/erofs_sample.c tests/unit/erofs_compare.c
unit_erofs_corrupt_SRC := $(EROFS_SRC) tests/unit/erofs_handmade.c
UNIT_TESTS += erofs_names
unit_erofs_names_SRC := $(EROFS_SRC) tests/unit/erofs_handmade.c
FUZZERS += erofs
fuzz_erofs_SRC := $(EROFS_SRC) tests/fuzz/erofs_walk.c
# A program that fills the directory it is given with seeds for the fuzzer's corpus.
fuzz_erofs_SEED := tests/fuzz/seed_erofs.sh

UNIT_TESTS += insn
unit_insn_SRC := core/insn.c
FUZZERS += insn
fuzz_insn_SRC := core/insn.c
# The decoder's table of forms is what the assembler makes of insn_forms.S.
$(BUILD)/gen/insn_forms.h: tests/unit/insn_forms.S tests/unit/insn_forms.py | $(SETUP)
	@mkdir -p $(@D)
	riscv64-unknown-elf-gcc -c -o $(@D)/insn_forms.o $<
	riscv64-unknown-elf-objcopy -O binary -j .forms $(@D)/insn_forms.o $(@D)/insn_forms.bin
	python3 tests/unit/insn_forms.py <$(@D)/insn_forms.bin >$@
$(BUILD)/x86/unit/insn: $(BUILD)/gen/insn_forms.h
$(BUILD)/x86/unit/insn: X86_CFLAGS += -I$(BUILD)/gen

UNIT_TESTS += erofs_mutate
unit_erofs_mutate_SRC := $(EROFS_SRC) tests/fuzz/erofs_walk.c
UNIT_TESTS += page gstage random log
unit_page_SRC := core/page.c tests/unit/stub_core.c
unit_gstage_SRC := core/gstage.c core/page.c tests/unit/stub_core.c
unit_random_SRC :=
unit_log_SRC := lib/log.c


# The configuration: host device tree, bundle, VM spec, guest device tree.
CONFIG_ISA := config/isa.c config/isa_table.c
CONFIG_BUNDLE := config/bundle.c config/dt.c config/config_error.c
CONFIG_MACHINE := config/machine.c config/machine_memory.c config/machine_cpu.c config/machine_devices.c \
	config/dt.c config/config_error.c $(CONFIG_ISA)
CONFIG_VM := config/vm_spec.c config/vm_rules.c $(CONFIG_BUNDLE)
UNIT_TESTS += isa machine bundle vm_config guest_fdt
FUZZERS += bundle vm_config machine
unit_isa_SRC := $(CONFIG_ISA)
unit_machine_SRC := $(CONFIG_MACHINE) tests/unit/dts.c
unit_machine_LIB := -lfdt
unit_bundle_SRC := $(CONFIG_BUNDLE) tests/unit/dts.c tests/unit/fit.c
unit_bundle_LIB := -lfdt
unit_vm_config_SRC := $(CONFIG_VM) tests/unit/dts.c tests/unit/fit.c
unit_vm_config_LIB := -lfdt
unit_guest_fdt_SRC := config/guest_fdt.c $(CONFIG_ISA) tests/unit/dts.c
unit_guest_fdt_LIB := -lfdt
fuzz_bundle_SRC := $(CONFIG_BUNDLE)
fuzz_bundle_LIB := -lfdt
fuzz_vm_config_SRC := $(CONFIG_VM) tests/unit/fit.c
fuzz_vm_config_LIB := -lfdt
fuzz_machine_SRC := $(CONFIG_MACHINE)
fuzz_machine_LIB := -lfdt

# The device model without its file server, and the host and driver that tests put around it.
SIM_BASE_SRC := devices/dm.c devices/virtio_mmio.c devices/virtqueue.c devices/console.c devices/finisher.c devices/rtc.c tests/sim/host.c tests/sim/driver.c
SIM_CONSOLE_SRC := $(SIM_BASE_SRC) tests/sim/no_fs.c tests/sim/console_vm.c
SIM_TESTS += virtio virtio_broken console
sim_virtio_SRC := $(SIM_CONSOLE_SRC)
sim_virtio_broken_SRC := $(SIM_CONSOLE_SRC)
sim_console_SRC := $(SIM_CONSOLE_SRC)
FUZZERS += virtqueue virtio_mmio
fuzz_virtqueue_SRC := devices/virtqueue.c tests/sim/host.c
fuzz_virtio_mmio_SRC := $(SIM_CONSOLE_SRC)
fuzz_bundle_SEED := tests/fuzz/seed_config.sh
fuzz_vm_config_SEED := tests/fuzz/seed_config.sh
fuzz_machine_SEED := tests/fuzz/seed_config.sh

SBI_SRC := sbi/sbi.c sbi/base.c sbi/time.c sbi/ipi.c sbi/rfence.c sbi/hsm.c sbi/srst.c sbi/dbcn.c sbi/legacy.c
UNIT_TESTS += sbi vplic plic
unit_sbi_SRC := $(SBI_SRC) tests/unit/sbi_mock.c
unit_vplic_SRC := irq/vplic.c tests/unit/vplic_model.c
unit_plic_SRC := irq/plic.c
UNIT_TESTS += terminal
unit_terminal_SRC := backends/terminal.c
FUZZERS += sbi vplic
fuzz_sbi_SRC := $(SBI_SRC) tests/unit/sbi_mock.c
fuzz_vplic_SRC := irq/vplic.c tests/unit/vplic_model.c

# The file server, with and without its device; its images are linked into the tests.
FS_SRC := $(addprefix devices/fs/,arena.c trie.c node.c dir.c map.c file.c xattr.c tree.c rename.c \
	fuse.c fuse_dir.c fuse_file.c fuse_data.c fuse_attr.c fuse_xattr.c fuse_session.c fs.c) $(EROFS_SRC)
SIM_FS_SRC := $(FS_SRC) devices/virtqueue.c tests/sim/host.c tests/sim/fuse_client.c tests/sim/fuse_server.c tests/sim/fs_check.c tests/sim/fs_image.c
SIM_TESTS += fs fs_once fs_model fs_attr fs_names fs_data fs_space fs_hostile
sim_fs_SRC := $(SIM_FS_SRC) devices/dm.c devices/virtio_mmio.c devices/console.c devices/finisher.c devices/rtc.c tests/sim/driver.c
sim_fs_attr_SRC := $(SIM_FS_SRC)
sim_fs_model_SRC := $(SIM_FS_SRC) tests/sim/fs_model.c
sim_fs_once_SRC := $(filter-out devices/virtqueue.c,$(SIM_FS_SRC))
sim_fs_names_SRC := $(SIM_FS_SRC)
sim_fs_data_SRC := $(SIM_FS_SRC)
sim_fs_space_SRC := $(SIM_FS_SRC)
sim_fs_hostile_SRC := $(SIM_FS_SRC)
FUZZERS += fuse
fuzz_fuse_SRC := $(SIM_FS_SRC)
fuzz_fuse_SEED := tests/fuzz/seed_fuse.sh
FS_IMAGES := $(BUILD)/gen/fs.img $(BUILD)/gen/fs_chunk.img
$(BUILD)/gen/fs.img: tests/sim/fs_image.sh
	$< $@
$(BUILD)/gen/fs_chunk.img: tests/sim/fs_image.sh
	$< $@ --chunksize=4096
FS_PROGRAMS := $(addprefix $(BUILD)/x86/,fuzz/fuse sim/fs sim/fs_once sim/fs_model sim/fs_attr sim/fs_names sim/fs_data sim/fs_space sim/fs_hostile)
$(FS_PROGRAMS): $(FS_IMAGES)
$(FS_PROGRAMS): X86_CFLAGS += -DFS_IMAGES='"$(BUILD)/gen"'

# The command on the developer's machine.
UNIT_TESTS += cli
unit_cli_SRC := cli/text.c cli/error.c cli/cpio.c cli/config.c cli/options.c cli/qemu.c cli/process.c \
	cli/parts.c cli/workdir.c

UNIT_TESTS += trie
unit_trie_SRC := devices/fs/trie.c

SIM_TESTS += finisher rtc
sim_finisher_SRC := $(SIM_CONSOLE_SRC)
sim_rtc_SRC := $(SIM_CONSOLE_SRC)
