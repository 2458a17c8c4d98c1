/* SPDX-License-Identifier: MIT */
/* Numbers and layouts of the memory balloon (virtio 1.2, section 5.5). Little-endian. */
#ifndef VESPER_ABI_VIRTIO_BALLOON_H
#define VESPER_ABI_VIRTIO_BALLOON_H

#include <stdint.h>

/* Queues. A driver that counts only those it uses has the reporting queue at 3 where there is no hinting. */
#define VIRTIO_BALLOON_INFLATEQ   0
#define VIRTIO_BALLOON_DEFLATEQ   1
#define VIRTIO_BALLOON_STATSQ     2
#define VIRTIO_BALLOON_FREE_PAGEQ 3
#define VIRTIO_BALLOON_REPORTINGQ 4
#define VIRTIO_BALLOON_QUEUES     5

#define VIRTIO_BALLOON_F_MUST_TELL_HOST 0
#define VIRTIO_BALLOON_F_STATS_VQ       1
#define VIRTIO_BALLOON_F_DEFLATE_ON_OOM 2
#define VIRTIO_BALLOON_F_FREE_PAGE_HINT 3
#define VIRTIO_BALLOON_F_PAGE_POISON    4
#define VIRTIO_BALLOON_F_PAGE_REPORTING 5

/* What the features that are offered make of it; all in pages. */
struct virtio_balloon_config {
	uint32_t num_pages; /* that the device wants to have */
	uint32_t actual;    /* that it has, says the driver */
};

#define VIRTIO_BALLOON_PAGE 4096u /* bytes; what the queues carry are 32-bit numbers of such */

/* Statistics: pairs of a 16-bit tag and a 64-bit value with nothing between. */
#define VIRTIO_BALLOON_STAT_SIZE 10u

#define VIRTIO_BALLOON_S_SWAP_IN      0
#define VIRTIO_BALLOON_S_SWAP_OUT     1
#define VIRTIO_BALLOON_S_MAJFLT       2
#define VIRTIO_BALLOON_S_MINFLT       3
#define VIRTIO_BALLOON_S_MEMFREE      4 /* bytes, as the next three */
#define VIRTIO_BALLOON_S_MEMTOT       5
#define VIRTIO_BALLOON_S_AVAIL        6
#define VIRTIO_BALLOON_S_CACHES       7
#define VIRTIO_BALLOON_S_HTLB_PGALLOC 8
#define VIRTIO_BALLOON_S_HTLB_PGFAIL  9

_Static_assert(sizeof(struct virtio_balloon_config) == 8, "virtio_balloon_config");

#endif
