# SPDX-License-Identifier: MIT
# The S-mode payloads of tests/guest, one behaviour each: $(BUILD)/guest/NAME.bin and, to boot Vesper
# with, the bundle $(BUILD)/guest/NAME.fit. `make guest-payloads` builds all.

# Each ends with "PASS name" and a shutdown.
GUEST_PAYLOADS := ecall hi rdtime timer_sbi timer_sstc mmio sbi plic shutdown_legacy \
	hostile_jump hostile_satp hostile_ring hostile_sbi hostile_mmio hostile_csr
# These cannot make progress after their first trap and never pass.
GUEST_ENDLESS := jump_unmapped satp_root
# These have the file server next to the console.
GUEST_WITH_FS := mmio hostile_ring

GUEST_DIR := $(BUILD)/guest
GUEST_LIB := $(addprefix tests/guest/,start.S access.S guest.c access.c paging.c timer.c virtio.c)
GUEST_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Werror -I. -march=rv64imac_zicsr_zifencei -mabi=lp64 \
	-mcmodel=medany -ffreestanding -fno-builtin -fno-tree-loop-distribute-patterns \
	-ffunction-sections -fdata-sections -nostdlib -Wl,--gc-sections -Wl,--build-id=none -Wl,--no-warn-rwx-segments

guest-payloads: $(foreach p,$(GUEST_PAYLOADS) $(GUEST_ENDLESS),$(GUEST_DIR)/$(p).fit)
.PHONY: guest-payloads

$(GUEST_DIR)/%.elf: tests/guest/%.c $(GUEST_LIB) $(wildcard tests/guest/*.h) tests/guest/guest.ld | $(SETUP)
	@mkdir -p $(@D)
	riscv64-unknown-elf-gcc $(GUEST_CFLAGS) -DGUEST_NAME='"$*"' -T tests/guest/guest.ld -o $@ $(GUEST_LIB) $<

$(GUEST_DIR)/%.bin: $(GUEST_DIR)/%.elf
	riscv64-unknown-elf-objcopy -O binary $< $@

# A tiny root, the same bytes on every build.
$(GUEST_DIR)/root.erofs: tests/guest/guest.mk | $(SETUP)
	@rm -rf $(GUEST_DIR)/root && mkdir -p $(GUEST_DIR)/root/etc
	@echo payload >$(GUEST_DIR)/root/etc/hostname
	@ln -s etc/hostname $(GUEST_DIR)/root/link
	mkfs.erofs -T0 -U 00000000-0000-0000-0000-000000000000 --all-root $@ $(GUEST_DIR)/root >/dev/null

$(foreach p,$(GUEST_WITH_FS),$(eval $(GUEST_DIR)/$(p).fit: $(GUEST_DIR)/root.erofs))
$(GUEST_DIR)/%.fit: $(GUEST_DIR)/%.bin tests/guest/payload.dts tests/guest/payload.its tests/guest/guest.mk
	gcc -E -P -x assembler-with-cpp $(if $(filter $*,$(GUEST_WITH_FS)),-DGUEST_FS) tests/guest/payload.dts | \
		dtc -I dts -O dtb -o $(GUEST_DIR)/$*.config.dtb -
	gcc -E -P -x assembler-with-cpp $(if $(filter $*,$(GUEST_WITH_FS)),-DGUEST_FS) -DGUEST_NAME='"$*"' \
		-DGUEST_CONFIG='"$*.config.dtb"' -DGUEST_KERNEL='"$*.bin"' tests/guest/payload.its >$(GUEST_DIR)/$*.its
	cd $(GUEST_DIR) && mkimage -E -B 1000 -f $*.its $*.fit >/dev/null
.PRECIOUS: $(GUEST_DIR)/%.elf $(GUEST_DIR)/%.bin
