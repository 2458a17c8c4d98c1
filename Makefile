# SPDX-License-Identifier: MIT
# Vesper. Two commands matter: `make run` and `make test`. `make help` lists the rest.

BUILD := build
SETUP := $(BUILD)/.setup
DEBIAN := $(BUILD)/debian

.DELETE_ON_ERROR:
.PHONY: all help run debug test fuzz bench check format clean

# Everything that a user runs.
all: $(SETUP)
	@$(MAKE) --no-print-directory $(BUILD)/vesper $(BUILD)/vesper.bin $(BUILD)/root.erofs

help:
	@echo "make run      build, and start a Linux VM: you get its root shell, which 'exit' leaves"
	@echo "make test     all tests (under 20 minutes)"
	@echo "make debug    the same VM, halted, under gdb"
	@echo "make fuzz     fuzz for FUZZ_SECONDS (600) a target"
	@echo "make bench    instruction counts, beside those of other hypervisors"
	@echo "make check    layers, licence lines, formatting, clang-tidy"
	@echo "make format   format the sources"
	@echo "make clean    remove $(BUILD)/, but not the download cache"

run: all
	@$(BUILD)/vesper run

debug: all
	@$(BUILD)/vesper debug

# Installs packages and fetches the guest's kernel; quick when that is done.
$(SETUP): scripts/setup.sh scripts/fetch-debian.sh
	@scripts/setup.sh $(BUILD)
	@touch $@

$(DEBIAN)/libfdt.a $(DEBIAN)/busybox $(DEBIAN)/vmlinuz $(DEBIAN)/modules: $(SETUP)

clean:
	rm -rf $(BUILD)

# ---- the hypervisor ----

CC := riscv64-unknown-elf-gcc
LD := riscv64-linux-gnu-ld
AR := riscv64-unknown-elf-ar
OBJCOPY := riscv64-unknown-elf-objcopy
PICOLIBC := /usr/lib/picolibc/riscv64-unknown-elf

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Werror
CFLAGS := -std=gnu11 -O2 -g -march=rv64gc -mabi=lp64d -mcmodel=medany -fPIE -ffreestanding -fbuiltin \
	-fstack-protector-strong -ffunction-sections -fdata-sections \
	-fvisibility=hidden $(WARNINGS) -I. -isystem $(PICOLIBC)/include \
	-isystem $(DEBIAN)/include
ASFLAGS := -g -march=rv64gc -mabi=lp64d -fPIE -I.
LDFLAGS := -pie --no-dynamic-linker -z text -z noexecstack --no-warn-rwx-segments --gc-sections \
	--build-id=none -T boot/image.ld --defsym=vfprintf=__i_vfprintf

DM_OBJS := devices/dm.o devices/virtqueue.o devices/virtqueue_packed.o devices/virtqueue_split.o devices/blk.o devices/blk_request.o devices/device.o devices/device_queue.o devices/dm_layout.o devices/kinds.o devices/net.o devices/net_ctrl.o devices/net_rx.o devices/net_tx.o devices/fixed.o devices/pci.o devices/virtio_mmio.o devices/virtio_pci.o devices/virtio_pci_config.o devices/virtio_pci_msix.o devices/console.o \
	devices/rng.o devices/vsock.o devices/balloon.o devices/balloon_pages.o devices/finisher.o devices/rtc.o devices/uart16550.o \
	$(addprefix devices/fs/,arena.o dir.o erofs.o erofs_dir.o erofs_xattr.o file.o fs.o fuse.o fuse_attr.o fuse_data.o \
	fuse_dir.o fuse_file.o fuse_session.o fuse_xattr.o map.o node.o rename.o tree.o trie.o \
	xattr.o)
OBJS := boot/entry.o boot/start.o \
	core/trap_entry.o core/trap.o core/hart.o core/host_irq.o core/driver_env.o core/sched.o core/fp.o core/fp_regs.o \
	core/vcpu.o core/vcpu_event.o core/vcpu_sbi.o core/vcpu_switch.o core/vcpu_wait.o \
	core/vm.o core/vm_create.o core/vm_devices.o core/vm_load.o core/vm_memory.o core/vm_place.o core/vm_ports.o core/vm_release.o core/request.o core/request_disk.o core/request_send.o core/gstage.o core/page.o core/zero.o core/copy.o core/own.o \
	core/insn.o core/mmio.o core/csr_trap.o core/aia.o core/aia_file.o core/walk.o core/guest_access.o core/trying.o core/dm_host.o core/features.o core/pmu.o core/clock.o \
	core/firmware.o core/power.o core/panic.o \
	sbi/base.o sbi/dbcn.o sbi/fwft.o sbi/hsm.o sbi/ipi.o sbi/legacy.o sbi/pmu.o sbi/pmu_event.o sbi/rfence.o sbi/sbi.o sbi/srst.o sbi/sse.o sbi/sse_attr.o sbi/sta.o sbi/susp.o sbi/time.o \
	irq/plic.o irq/vplic.o irq/aplic.o irq/imsic.o irq/vaplic.o irq/vimsic.o \
	backends/console.o backends/console_input.o backends/cow.o backends/disk.o backends/disk_find.o backends/entropy.o backends/checksum.o backends/gpt.o backends/mailbox.o backends/packet.o backends/segment.o backends/switch.o backends/switch_deliver.o backends/switch_job.o backends/switch_send.o backends/switch_uplink.o backends/escape.o backends/terminal.o backends/vsock.o backends/vsock_send.o backends/vsock_service.o backends/vsock_command.o drivers/uart.o drivers/goldfish_rtc.o drivers/sifive_test.o drivers/io.o drivers/iommu.o drivers/pci.o drivers/probe.o drivers/virtio.o drivers/virtio_blk.o drivers/virtio_blk_issue.o drivers/virtio_blk_start.o drivers/virtio_mmio.o drivers/virtio_net.o drivers/virtio_net_rx.o drivers/virtio_net_tx.o drivers/virtio_pci.o drivers/virtio_ring.o drivers/virtio_rng.o \
	config/bundle.o config/config_error.o config/dt.o config/elf.o config/fdtw.o config/guest_fdt.o config/guest_pci.o config/isa.o config/isa_table.o config/machine.o config/machine_cpu.o config/machine_devices.o config/machine_imsic.o config/machine_bus.o config/machine_irq.o config/machine_memory.o config/vm_config.o config/vm_devices.o config/vm_disk.o config/vm_net.o config/vm_shared.o config/vm_kernel.o config/vm_layout.o config/vm_rules.o config/vm_spec.o \
	monitor/commands.o monitor/editor.o monitor/monitor.o monitor/print.o monitor/report.o monitor/report_devices.o \
	lib/log.o lib/random.o
RV := $(BUILD)/rv

$(RV)/%.o: %.c Makefile | $(SETUP)
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(RV)/%.o: %.S Makefile | $(SETUP)
	@mkdir -p $(@D)
	@echo "  AS    $<"
	@$(CC) $(ASFLAGS) -MMD -MP -c -o $@ $<

$(RV)/dm.a: $(addprefix $(RV)/,$(DM_OBJS))
	@echo "  AR    $@"
	@rm -f $@ && $(AR) rcs $@ $^
	@scripts/check_symbols.sh $@

$(BUILD)/vesper.elf: $(addprefix $(RV)/,$(OBJS)) $(RV)/dm.a $(DEBIAN)/libfdt.a boot/image.ld
	@echo "  LD    $@"
	@$(LD) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(PICOLIBC)/lib/release/rv64imafdc/lp64d/libc.a \
		$$($(CC) -march=rv64gc -mabi=lp64d -print-libgcc-file-name)
	@scripts/check_nofp.sh $@

$(BUILD)/vesper.bin: $(BUILD)/vesper.elf
	@$(OBJCOPY) -O binary $< $@

-include $(patsubst %.o,$(RV)/%.d,$(OBJS) $(DM_OBJS))

# ---- the command, and the default root ----

CLI_SRC := $(wildcard cli/*.c)

$(BUILD)/vesper: $(CLI_SRC) $(wildcard cli/*.h) scripts/vesper-gdb.py | $(SETUP)
	@echo "  GCC   $@"
	@gcc -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARNINGS) -I. -o $@ $(CLI_SRC) -lfdt

# $(BUILD)/init comes with it.
$(BUILD)/root.erofs: scripts/mkroot.sh cli/applets.txt $(wildcard guest/*) $(DEBIAN)/busybox $(DEBIAN)/modules
	@echo "  EROFS $@"
	@scripts/mkroot.sh $(BUILD)

# ---- tests on the developer's machine ----

include tests/tests.mk
include tests/guest/guest.mk

X86_CFLAGS := -std=c11 -g -O1 -Wall -Wextra -Wshadow -Wconversion -Werror -I. -D_GNU_SOURCE \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

# What is tested is compiled once for all programs of a kind, tests/ for each program.
$(BUILD)/x86/gcc/%.o: %.c | $(SETUP)
	@mkdir -p $(@D)
	@gcc $(X86_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/x86/clang/%.o: %.c | $(SETUP)
	@mkdir -p $(@D)
	@clang $(X86_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

x86_objects = $(patsubst %.c,$(BUILD)/x86/$(1)/%.o,$(filter-out tests/%,$(2))) $(filter tests/%,$(2))

define cmocka_test
$(BUILD)/x86/$(1)/$(2): tests/$(1)/$(3)$(2).c $$(call x86_objects,gcc,$$($(1)_$(2)_SRC)) | $(SETUP)
	@mkdir -p $$(@D)
	@echo "  GCC   $$@"
	@gcc $$(X86_CFLAGS) -MMD -MP -MF $$@.d -o $$@ $$(filter %.c %.o,$$^) -lcmocka $$($(1)_$(2)_LIB)
-include $(BUILD)/x86/$(1)/$(2).d
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call cmocka_test,unit,$(t),test_)))
$(foreach t,$(SIM_TESTS),$(eval $(call cmocka_test,sim,$(t),sim_)))

define fuzzer
$(BUILD)/x86/fuzz/$(1): tests/fuzz/fuzz_$(1).c $$(call x86_objects,clang,$$(fuzz_$(1)_SRC)) | $(SETUP)
	@mkdir -p $$(@D)
	@echo "  CLANG $$@"
	@clang $$(X86_CFLAGS) -fsanitize=fuzzer -MMD -MP -MF $$@.d -o $$@ $$(filter %.c %.o,$$^) $$(fuzz_$(1)_LIB)
-include $(BUILD)/x86/fuzz/$(1).d
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzzer,$(f))))
-include $(shell find $(BUILD)/x86/gcc $(BUILD)/x86/clang -name '*.d' 2>/dev/null)

X86_PROGRAMS := $(UNIT_TESTS:%=$(BUILD)/x86/unit/%) $(SIM_TESTS:%=$(BUILD)/x86/sim/%) \
	$(FUZZERS:%=$(BUILD)/x86/fuzz/%)

# A short run of one fuzzer from its corpus; `make fuzz` runs the same for longer.
fuzz_command = scripts/fuzz.sh $(BUILD)/x86/fuzz/$(1) $(2) $(fuzz_$(1)_SEED)
# Several system tests at once, but for those that look at the clock. tests/run.py reads what it prints.
PYTEST := /usr/bin/python3 -m pytest -v --no-summary -p no:cacheprovider --dist loadgroup --max-worker-restart 0 tests/system

.PHONY: test-programs
test-programs: $(X86_PROGRAMS) guest-payloads $(BUILD)/vesper $(BUILD)/vesper.bin $(BUILD)/root.erofs

test: $(SETUP)
	@$(MAKE) --no-print-directory -j2 test-programs >$(BUILD)/test-build.log 2>&1 || \
		{ cat $(BUILD)/test-build.log; echo "0 passed, 1 failed"; exit 1; }
	@/usr/bin/python3 tests/run.py \
		$(foreach t,$(UNIT_TESTS),'unit:$(t):$(BUILD)/x86/unit/$(t)') \
		$(foreach t,$(SIM_TESTS),'sim:$(t):$(BUILD)/x86/sim/$(t)') \
		$(foreach c,$(CHECKS),'check:$(c):$(MAKE) -s check-$(c)') \
		$(foreach f,$(FUZZERS),'fuzz:$(f):$(call fuzz_command,$(f),4)') \
		'system:together:$(PYTEST) -n $(shell nproc) -m "not alone and not soak"' \
		'system:alone:$(PYTEST) -n 1 -m "alone and not soak"'

FUZZ_SECONDS ?= 600
fuzz: $(SETUP)
	@$(MAKE) --no-print-directory -j2 $(FUZZERS:%=$(BUILD)/x86/fuzz/%)
	@set -e; $(foreach f,$(FUZZERS),$(call fuzz_command,$(f),$(FUZZ_SECONDS));)

# What takes too long for each time: many power cuts, the same tests on more machines.
.PHONY: soak
soak: $(SETUP)
	@$(MAKE) --no-print-directory -j2 test-programs
	$(PYTEST) -n $(shell nproc) -m soak

bench: all
	/usr/bin/python3 bench/run.py

# ---- checks ----

CHECKS := layers spdx format tidy
C_FILES = $(shell git ls-files -co --exclude-standard '*.c' '*.h')
TIDY_FILES := $(OBJS:.o=.c) $(DM_OBJS:.o=.c)

.PHONY: $(CHECKS:%=check-%)
check: $(CHECKS:%=check-%)

check-layers:
	/usr/bin/python3 scripts/check_layers.py

check-spdx:
	scripts/check_spdx.sh

check-format:
	clang-format --dry-run -Werror $(C_FILES)

check-tidy: | $(SETUP)
	clang-tidy --quiet $(wildcard $(TIDY_FILES)) -- --target=riscv64-unknown-elf -std=gnu11 -march=rv64gc \
		-mabi=lp64d -ffreestanding -I. -isystem $(PICOLIBC)/include -isystem $(DEBIAN)/include
	clang-tidy --quiet $(CLI_SRC) -- -std=gnu11 -D_GNU_SOURCE -I.

format:
	clang-format -i $(C_FILES)
