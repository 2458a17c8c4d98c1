# SPDX-License-Identifier: MIT
# What runs on the developer's machine, a block a test:
#   unit:  cmocka, tests/unit/test_NAME.c with $(unit_NAME_SRC) and $(unit_NAME_LIB)
#   sim:   cmocka, the device model against a scripted host, tests/sim/sim_NAME.c with $(sim_NAME_SRC)
#   fuzz:  libFuzzer with ASan and UBSan, tests/fuzz/fuzz_NAME.c with $(fuzz_NAME_SRC) and $(fuzz_NAME_LIB)


VQ_SRC := devices/virtqueue.c devices/virtqueue_packed.c devices/virtqueue_split.c
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
$(BUILD)/x86/unit/insn: private X86_CFLAGS += -I$(BUILD)/gen

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
unit_guest_fdt_SRC := config/guest_fdt.c config/guest_pci.c $(CONFIG_ISA) tests/unit/dts.c
unit_guest_fdt_LIB := -lfdt
fuzz_bundle_SRC := $(CONFIG_BUNDLE)
fuzz_bundle_LIB := -lfdt
fuzz_vm_config_SRC := $(CONFIG_VM) tests/unit/fit.c
fuzz_vm_config_LIB := -lfdt
fuzz_machine_SRC := $(CONFIG_MACHINE)
fuzz_machine_LIB := -lfdt

# The device model without its kinds of devices, and the host and driver that tests put around it: a test adds the devices
# that it is about and a table of kinds (devices/kinds.h) that has only those.
SIM_BASE_SRC := $(addprefix devices/,dm.c dm_layout.c device.c device_queue.c fixed.c pci.c virtio_mmio.c virtio_pci.c virtio_pci_config.c virtio_pci_msix.c finisher.c rtc.c uart16550.c) \
	$(VQ_SRC) $(addprefix tests/sim/,host.c host_lent.c driver.c driver_ring.c driver_pci.c)
SIM_CONSOLE_SRC := $(SIM_BASE_SRC) devices/console.c tests/sim/kinds_console.c tests/sim/console_vm.c
SIM_TESTS += virtio virtio_broken console
sim_virtio_SRC := $(SIM_CONSOLE_SRC)
sim_virtio_broken_SRC := $(SIM_CONSOLE_SRC)
sim_console_SRC := $(SIM_CONSOLE_SRC)
FUZZERS += virtqueue virtio_mmio
fuzz_virtqueue_SRC := $(VQ_SRC) tests/sim/host.c
fuzz_virtio_mmio_SRC := $(SIM_CONSOLE_SRC)
fuzz_bundle_SEED := tests/fuzz/seed_config.sh
fuzz_vm_config_SEED := tests/fuzz/seed_config.sh
fuzz_machine_SEED := tests/fuzz/seed_config.sh

SBI_SRC := $(addprefix sbi/,sbi.c base.c time.c ipi.c rfence.c hsm.c srst.c dbcn.c susp.c sta.c fwft.c pmu.c pmu_event.c \
	sse.c sse_attr.c legacy.c)
UNIT_TESTS += sbi vplic plic
UNIT_TESTS += sbi_harts sbi_console sbi_legacy sbi_sta sbi_fwft sbi_pmu sbi_sse
unit_sbi_SRC := $(SBI_SRC) tests/unit/sbi_mock.c
unit_sbi_harts_SRC := $(unit_sbi_SRC)
unit_sbi_console_SRC := $(unit_sbi_SRC)
unit_sbi_legacy_SRC := $(unit_sbi_SRC)
unit_sbi_sta_SRC := $(unit_sbi_SRC)
unit_sbi_fwft_SRC := $(unit_sbi_SRC)
unit_sbi_pmu_SRC := $(unit_sbi_SRC)
unit_sbi_sse_SRC := $(unit_sbi_SRC)
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
SIM_FS_SRC := $(FS_SRC) $(VQ_SRC) tests/sim/host.c tests/sim/fuse_client.c tests/sim/fuse_server.c tests/sim/fs_check.c tests/sim/fs_image.c
SIM_TESTS += fs fs_once fs_model fs_attr fs_names fs_data fs_space fs_hostile
sim_fs_SRC := $(sort $(SIM_FS_SRC) $(SIM_BASE_SRC)) devices/console.c tests/sim/kinds_fs.c
sim_fs_attr_SRC := $(SIM_FS_SRC)
sim_fs_model_SRC := $(SIM_FS_SRC) tests/sim/fs_model.c
sim_fs_once_SRC := $(filter-out $(VQ_SRC),$(SIM_FS_SRC))
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
$(FS_PROGRAMS): private X86_CFLAGS += -DFS_IMAGES='"$(BUILD)/gen"'

# The command on the developer's machine.
UNIT_TESTS += cli
unit_cli_SRC := cli/text.c cli/error.c cli/cpio.c cli/config.c

UNIT_TESTS += trie
unit_trie_SRC := devices/fs/trie.c

SIM_TESTS += finisher rtc
sim_finisher_SRC := $(SIM_CONSOLE_SRC)
sim_rtc_SRC := $(SIM_CONSOLE_SRC)

SIM_TESTS += uart16550
sim_uart16550_SRC := $(SIM_CONSOLE_SRC)
FUZZERS += uart16550
fuzz_uart16550_SRC := $(SIM_CONSOLE_SRC)

UNIT_TESTS += sched
unit_sched_SRC := core/sched.c tests/unit/sched_sim.c

# The AIA.
UNIT_TESTS += vaplic vimsic aplic
unit_vaplic_SRC := irq/vaplic.c tests/unit/vaplic_model.c
unit_vimsic_SRC := irq/vimsic.c tests/unit/vimsic_model.c
unit_vimsic_LIB := -lpthread
unit_aplic_SRC := irq/aplic.c
FUZZERS += vaplic vimsic
fuzz_vaplic_SRC := irq/vaplic.c tests/unit/vaplic_model.c
fuzz_vimsic_SRC := irq/vimsic.c tests/unit/vimsic_model.c

# The configuration: several VMs, kernels of several kinds, AIA.
CONFIG_VM_MORE := config/vm_config.c config/vm_devices.c config/vm_disk.c config/vm_net.c config/vm_shared.c config/vm_kernel.c config/vm_layout.c config/elf.c
unit_machine_SRC += config/machine_irq.c config/machine_imsic.c
fuzz_machine_SRC += config/machine_irq.c config/machine_imsic.c
unit_vm_config_SRC += $(CONFIG_VM_MORE) tests/unit/elf_file.c
fuzz_vm_config_SRC += $(CONFIG_VM_MORE) tests/unit/elf_file.c
unit_guest_fdt_SRC += config/fdtw.c $(filter-out $(unit_guest_fdt_SRC),$(unit_machine_SRC))
UNIT_TESTS += elf vm_layout
unit_elf_SRC := config/elf.c config/config_error.c tests/unit/elf_file.c
unit_vm_layout_SRC := config/vm_layout.c config/elf.c config/config_error.c tests/unit/elf_file.c
FUZZERS += elf
fuzz_elf_SRC := config/elf.c config/config_error.c
fuzz_elf_SEED := tests/fuzz/seed_elf.sh

UNIT_TESTS += cli_options cli_up
unit_cli_options_SRC := cli/options.c cli/qemu.c cli/text.c cli/error.c cli/parts.c cli/process.c cli/workdir.c cli/ports.c cli/disks.c
unit_cli_up_SRC := $(addprefix cli/,bundle.c config.c cpio.c embedded.c erofs.c error.c images.c init.c \
	parts.c process.c text.c tree.c workdir.c)
unit_cli_up_LIB := -lfdt

# The terminal, the consoles on it, and the monitor with the VMs that it asks.
UNIT_TESTS += console monitor
unit_terminal_SRC += tests/unit/uart_mock.c lib/log.c
unit_console_SRC := $(addprefix backends/,console.c console_input.c escape.c terminal.c) lib/log.c tests/unit/uart_mock.c
MONITOR_SRC := $(addprefix monitor/,monitor.c commands.c editor.c print.c report.c report_devices.c) $(unit_console_SRC) \
	tests/unit/monitor_mock.c config/vm_rules.c $(CONFIG_BUNDLE)
unit_monitor_SRC := $(MONITOR_SRC)
unit_monitor_LIB := -lfdt
FUZZERS += monitor
fuzz_monitor_SRC := $(MONITOR_SRC)
fuzz_monitor_LIB := -lfdt

UNIT_TESTS += walk
unit_walk_SRC := core/walk.c

# Rings without a device.
SIM_TESTS += virtqueue
sim_virtqueue_SRC := $(VQ_SRC) tests/sim/ring.c tests/sim/host.c

# The devices of a configuration.
UNIT_TESTS += vm_devices
unit_vm_devices_SRC = $(CONFIG_VM) $(CONFIG_VM_MORE) tests/unit/dts.c tests/unit/fit.c
unit_vm_devices_LIB := -lfdt

# What disks are made of.
UNIT_TESTS += gpt cow disk entropy
unit_gpt_SRC := backends/gpt.c tests/unit/block_mock.c
unit_cow_SRC := backends/cow.c
unit_disk_SRC := $(addprefix backends/,disk.c disk_find.c gpt.c cow.c) lib/log.c tests/unit/block_mock.c
unit_entropy_SRC := lib/random.c
FUZZERS += gpt cow
fuzz_gpt_SRC := backends/gpt.c tests/unit/block_mock.c
fuzz_cow_SRC := backends/cow.c

# Where the host has devices for Vesper itself.
unit_machine_SRC += config/machine_bus.c
fuzz_machine_SRC += config/machine_bus.c
unit_guest_fdt_SRC += config/machine_bus.c

# Disks.
SIM_BLK_SRC := $(SIM_BASE_SRC) devices/blk.c devices/blk_request.c tests/sim/blk_vm.c
SIM_TESTS += blk blk_hostile
sim_blk_SRC := $(SIM_BLK_SRC)
sim_blk_hostile_SRC := $(SIM_BLK_SRC)
FUZZERS += blk
fuzz_blk_SRC := $(SIM_BLK_SRC)
UNIT_TESTS += machine_bus
unit_machine_bus_SRC := $(unit_machine_SRC)
unit_machine_bus_LIB := -lfdt

# Networks.
NET_FRAMES_SRC := $(addprefix backends/,checksum.c packet.c segment.c) tests/unit/frames.c
UNIT_TESTS += mailbox segment
unit_mailbox_SRC := backends/mailbox.c
unit_mailbox_LIB := -lpthread
unit_segment_SRC := $(NET_FRAMES_SRC)
SWITCH_SRC := $(addprefix backends/,switch.c switch_deliver.c switch_job.c switch_send.c switch_uplink.c mailbox.c) $(NET_FRAMES_SRC) \
	tests/unit/nic_mock.c tests/unit/switch_vm.c
UNIT_TESTS += switch
unit_switch_SRC := $(SWITCH_SRC)
unit_switch_LIB := -lpthread

# Drivers of the host's own devices, against a device that the test plays.
HOST_VIRTIO_SRC := drivers/virtio.c drivers/virtio_ring.c drivers/virtio_mmio.c tests/unit/virtio_mock.c
UNIT_TESTS += virtio_blk
unit_virtio_blk_SRC := $(HOST_VIRTIO_SRC) drivers/virtio_blk.c drivers/virtio_blk_issue.c drivers/virtio_blk_start.c

# Random bytes and the balloon.
SIM_SMALL_SRC := $(SIM_BASE_SRC) devices/rng.c devices/balloon.c devices/balloon_pages.c tests/sim/small_vm.c
SIM_TESTS += rng balloon
sim_rng_SRC := $(SIM_SMALL_SRC)
sim_balloon_SRC := $(SIM_SMALL_SRC)
FUZZERS += balloon
fuzz_balloon_SRC := $(SIM_SMALL_SRC)
UNIT_TESTS += switch_uplink
unit_switch_uplink_SRC := $(SWITCH_SRC)

# What the command takes from the developer's machine.
UNIT_TESTS += cli_host
unit_cli_host_SRC := cli/ports.c cli/disks.c cli/text.c cli/error.c
SIM_NET_SRC := $(SIM_BASE_SRC) $(addprefix devices/,net.c net_ctrl.c net_rx.c net_tx.c) tests/sim/net_vm.c
SIM_TESTS += net
sim_net_SRC := $(SIM_NET_SRC)

# The transports, with a device that lends what it gets.
SIM_LENDER_SRC := $(SIM_BASE_SRC) tests/sim/lender.c
SIM_TESTS += transport pci pci_irq
sim_transport_SRC := $(SIM_LENDER_SRC)
sim_pci_SRC := $(SIM_LENDER_SRC) tests/sim/pci_access.c
sim_pci_irq_SRC := $(SIM_LENDER_SRC) tests/sim/pci_access.c
FUZZERS += pci
fuzz_pci_SRC := $(SIM_LENDER_SRC)
SIM_TESTS += net_hostile
sim_net_hostile_SRC := $(SIM_NET_SRC)
FUZZERS += net
fuzz_net_SRC := $(SIM_NET_SRC)
UNIT_TESTS += virtio_net pci
unit_virtio_net_SRC := $(HOST_VIRTIO_SRC) drivers/virtio_net.c drivers/virtio_net_rx.c drivers/virtio_net_tx.c drivers/virtio_rng.c
unit_pci_SRC := drivers/pci.c drivers/virtio_pci.c
FUZZERS += switch
fuzz_switch_SRC := $(SWITCH_SRC)

# Sockets.
VSOCK_SRC := $(addprefix backends/,vsock.c vsock_send.c vsock_service.c vsock_command.c mailbox.c) tests/unit/vsock_vm.c
UNIT_TESTS += vsock vsock_service
unit_vsock_SRC := $(VSOCK_SRC)
unit_vsock_service_SRC := $(VSOCK_SRC)
SIM_VSOCK_SRC := $(SIM_BASE_SRC) devices/vsock.c tests/sim/sock_vm.c
SIM_TESTS += vsock
sim_vsock_SRC := $(SIM_VSOCK_SRC)
FUZZERS += vsock vsock_ports
fuzz_vsock_SRC := $(SIM_VSOCK_SRC)
fuzz_vsock_ports_SRC := $(VSOCK_SRC)

unit_cli_host_SRC += tests/unit/cli_folder.c
unit_cli_up_SRC += tests/unit/cli_folder.c
