# SPDX-License-Identifier: MIT
# The S-mode payloads of tests/guest, one behaviour each: $(BUILD)/guest/NAME.bin and, to boot Vesper
# with, bundles $(BUILD)/guest/NAME.fit. `make guest-payloads` builds all.

# Each ends with "PASS name" and a shutdown. Its bundle has one VM and the payload's name.
GUEST_PAYLOADS := ecall hi rdtime timer_sbi timer_sstc mmio sbi sbi3 plic shutdown_legacy \
	pmu hostile_jump hostile_satp hostile_ring hostile_sbi hostile_mmio hostile_csr fixed_machine
# The same with several vCPUs.
GUEST_SMP_PAYLOADS := smp_hsm smp_ipi smp_rfence smp_timer smp_lock smp_wfi smp_plic fp_state restart burner \
	hostile_smp_fence hostile_smp_ipi hostile_smp_hsm hostile_ring_smp hostile_start_fence smp_populate
# And these need a machine with AIA.
GUEST_AIA_PAYLOADS := aia aia_device
# What a VM sees of those beside it.
GUEST_MEASURES := latency time_shared
# Drivers that do what none would: they need disks and interfaces of the machine (test_hostile_devices.py).
GUEST_DEVICE_PAYLOADS := hostile_blk hostile_net hostile_pci hostile_balloon
# These cannot make progress after their first trap and never pass.
GUEST_ENDLESS := jump_unmapped satp_root
# These end their VM with a failing status.
GUEST_FAILING := fails wild_start

# What payload.dts and payload.its make of a bundle, by its name:
#   GUEST_CPUS GUEST_ARGS (boot arguments) GUEST_WEIGHT GUEST_HARTS GUEST_DEDICATED GUEST_PLIC GUEST_AIA GUEST_FS (a file
#   server next to the console) GUEST_DISK (its properties) GUEST_TRIAL (a disk that is an image) GUEST_NET (its
#   properties) GUEST_BALLOON, in this order; GUEST_PCI (else its devices are on virtio-mmio); and PEER_... of a second VM.
$(foreach p,$(GUEST_SMP_PAYLOADS) $(GUEST_AIA_PAYLOADS) $(GUEST_FAILING),$(eval fit_$(p) := -DGUEST_CPUS=4))
fit_mmio := -DGUEST_FS -DGUEST_PLIC
fit_hostile_ring := -DGUEST_FS
fit_plic := -DGUEST_PLIC
fit_fixed_machine := -DGUEST_PLIC
fit_smp_plic += -DGUEST_PLIC
fit_aia += -DGUEST_AIA
fit_aia_device += -DGUEST_AIA
fit_restart += -DGUEST_FS
fit_hostile_ring_smp := -DGUEST_FS -DGUEST_CPUS=2

fit_hostile_blk := -DGUEST_DISK='disk="disk0";' -DGUEST_TRIAL -DGUEST_BALLOON
fit_hostile_net := -DGUEST_NET='mac=[52 54 00 00 00 01];' -DGUEST_ARGS='"seconds=1"'
fit_hostile_pci := -DGUEST_PCI -DGUEST_CPUS=2 -DGUEST_DISK='disk="disk0";' -DGUEST_NET='mac=[52 54 00 00 00 01];' -DGUEST_BALLOON
fit_hostile_balloon := -DGUEST_BALLOON -DGUEST_CPUS=2

# Bundles of other shapes: NAME=PAYLOAD or NAME=PAYLOAD+PEER, and their fit_NAME.
GUEST_BUNDLES := aia_2=aia aia_hsm=aia+hostile_smp_hsm smp_ipi_64=smp_ipi smp_hsm_16=smp_hsm smp_rfence_16=smp_rfence \
	two_fp=fp_state+fp_state two_restart=latency+restart two_fails=latency+fails \
	share_equal=time_shared+burner share_weight=time_shared+burner \
	latency_burner=latency+burner latency_weight=latency+burner latency_dedicated=latency+burner \
	latency_fence=latency+hostile_smp_fence latency_ipi=latency+hostile_smp_ipi \
	two_pmu=pmu+pmu \
	latency_blk=latency+hostile_blk latency_net=latency+hostile_net latency_balloon=latency+hostile_balloon \
	two_net=hostile_net+hostile_net two_balloon=hostile_balloon+hostile_balloon \
	latency_hsm=latency+hostile_smp_hsm latency_wild=latency+wild_start latency_ring=latency+hostile_ring_smp

fit_smp_ipi_64 := -DGUEST_CPUS=64
fit_aia_2 := -DGUEST_AIA -DGUEST_CPUS=2
fit_aia_hsm := -DGUEST_AIA -DGUEST_CPUS=2 -DGUEST_ARGS='"rounds=2000"' -DPEER_CPUS=2 -DPEER_ARGS='"seconds=2"'
fit_smp_hsm_16 := -DGUEST_CPUS=16
fit_smp_rfence_16 := -DGUEST_CPUS=16
fit_two_pmu := -DGUEST_ARGS='"tag=1 quiet=1"' -DPEER_ARGS='"tag=2"'
fit_two_fp := -DGUEST_CPUS=2 -DGUEST_ARGS='"tag=1"' -DPEER_CPUS=3 -DPEER_ARGS='"tag=2"'
fit_two_restart := -DGUEST_ARGS='"latency-max-ms=20000"' -DPEER_CPUS=2 -DPEER_FS
fit_two_fails := -DGUEST_ARGS='"latency-max-ms=20000"' -DPEER_CPUS=2
# One vCPU against four of another VM: half of one hart, a weight of 3 to 1, a hart for itself. The shares
# are of one hart, and wide enough for what the hypervisor takes of it.
fit_share_equal := -DGUEST_ARGS='"share-min=40 share-max=60"' -DPEER_CPUS=4 -DPEER_ARGS='"seconds=3"'
fit_share_weight := -DGUEST_WEIGHT=300 -DGUEST_ARGS='"share-min=65 share-max=85"' \
	-DPEER_WEIGHT=100 -DPEER_CPUS=4 -DPEER_ARGS='"seconds=3"'
# What is measured is judged by the test.
fit_latency_burner := -DGUEST_ARGS='"seconds=1 latency-max-ms=20000"' -DPEER_CPUS=4 -DPEER_ARGS='"seconds=3"'
fit_latency_weight := -DGUEST_WEIGHT=1000 $(fit_latency_burner)
fit_latency_dedicated := -DGUEST_HARTS=1 -DGUEST_DEDICATED -DPEER_HARTS=0 $(fit_latency_burner)
$(foreach h,fence ipi hsm wild ring,$(eval fit_latency_$(h) := $(fit_latency_burner)))
fit_latency_ring += -DPEER_FS
fit_latency_blk := -DGUEST_ARGS='"seconds=1 latency-max-ms=20000"' -DPEER_ARGS='"seconds=4"' \
	-DPEER_DISK='disk="disk0";' -DPEER_TRIAL -DPEER_BALLOON
fit_latency_net := -DGUEST_NET='mac=[52 54 00 00 00 01];' -DGUEST_ARGS='"seconds=1 latency-max-ms=20000"' \
	-DPEER_NET='mac=[52 54 00 00 00 02];' -DPEER_ARGS='"seconds=4"' -DPEER_CPUS=2
fit_latency_balloon := -DGUEST_ARGS='"seconds=1 latency-max-ms=20000"' -DPEER_BALLOON -DPEER_CPUS=2 -DPEER_ARGS='"seconds=3"'
# The first listens, the second sends.
fit_two_net := -DGUEST_NET='mac=[52 54 00 00 00 01];' -DGUEST_ARGS='"listen=1 seconds=2"' \
	-DPEER_NET='mac=[52 54 00 00 00 02];' -DPEER_ARGS='"seconds=3"'
fit_two_balloon := -DGUEST_BALLOON -DGUEST_CPUS=2 -DGUEST_ARGS='"tag=1"' -DPEER_BALLOON -DPEER_CPUS=2 -DPEER_ARGS='"tag=2"'

GUEST_DIR := $(BUILD)/guest
GUEST_LIB := $(addprefix tests/guest/,start.S smp.S access.S fpv.S guest.c smp.c measure.c access.c paging.c timer.c virtio.c)
GUEST_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Wshadow -Werror -I. -march=rv64imac_zicsr_zifencei -mabi=lp64 \
	-mcmodel=medany -ffreestanding -fno-builtin -fno-tree-loop-distribute-patterns \
	-ffunction-sections -fdata-sections -nostdlib -Wl,--gc-sections -Wl,--build-id=none -Wl,--no-warn-rwx-segments

GUEST_ALL := $(GUEST_PAYLOADS) $(GUEST_SMP_PAYLOADS) $(GUEST_AIA_PAYLOADS) $(GUEST_DEVICE_PAYLOADS) $(GUEST_MEASURES) $(GUEST_ENDLESS) $(GUEST_FAILING)

guest-payloads: $(foreach p,$(GUEST_ALL) $(foreach b,$(GUEST_BUNDLES),$(firstword $(subst =, ,$(b)))),$(GUEST_DIR)/$(p).fit)
.PHONY: guest-payloads

$(GUEST_DIR)/%.elf: tests/guest/%.c $(GUEST_LIB) $(wildcard tests/guest/*.h tests/guest/*.inc) tests/guest/guest.ld | $(SETUP)
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

$(GUEST_DIR)/trial.img: | $(SETUP)
	@mkdir -p $(@D) && truncate -s 16M $@

# $(1): the bundle, $(2): its payload, $(3): the peer's or nothing
define guest_bundle
$(GUEST_DIR)/$(1).fit: GUEST_FLAGS := $(fit_$(1)) $(if $(3),-DPEER_KERNEL='"$(3).bin"') \
	-DGUEST_NAME='"$(1)"' -DGUEST_CONFIG='"$(1).config.dtb"' -DGUEST_KERNEL='"$(2).bin"'
$(GUEST_DIR)/$(1).fit: $(foreach p,$(2) $(3),$(GUEST_DIR)/$(p).bin) $(if $(findstring _FS,$(fit_$(1))),$(GUEST_DIR)/root.erofs) \
	$(if $(findstring _TRIAL,$(fit_$(1))),$(GUEST_DIR)/trial.img)
endef
$(foreach p,$(GUEST_ALL),$(eval $(call guest_bundle,$(p),$(p))))
guest_words = $(subst +, ,$(subst =, ,$(1)))
$(foreach b,$(GUEST_BUNDLES),$(eval $(call guest_bundle,$(firstword $(call guest_words,$(b))),$(word 2,$(call guest_words,$(b))),$(word 3,$(call guest_words,$(b))))))

$(GUEST_DIR)/%.fit: tests/guest/payload.dts tests/guest/payload.its tests/guest/guest.mk
	gcc -E -P -x assembler-with-cpp $(GUEST_FLAGS) tests/guest/payload.dts | \
		dtc -q -I dts -O dtb -o $(GUEST_DIR)/$*.config.dtb -
	gcc -E -P -x assembler-with-cpp $(GUEST_FLAGS) tests/guest/payload.its >$(GUEST_DIR)/$*.its
	cd $(GUEST_DIR) && mkimage -E -B 1000 -f $*.its $*.fit >/dev/null
.PRECIOUS: $(GUEST_DIR)/%.elf $(GUEST_DIR)/%.bin
