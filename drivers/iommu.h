/* SPDX-License-Identifier: MIT */
/* The RISC-V IOMMU (specification 1.0), which after a reset may let no device reach memory. */
#ifndef VESPER_DRIVERS_IOMMU_H
#define VESPER_DRIVERS_IOMMU_H

#include <stdint.h>

/* Lets devices reach memory and interrupt files at their physical addresses, unless it does something already. */
void iommu_pass_through(uint64_t base);

#endif
