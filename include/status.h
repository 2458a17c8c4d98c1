/* SPDX-License-Identifier: MIT */
/*
 * The one error enum. A function that can fail returns it and is MUST_CHECK;
 * a guest's own error has no code here: it is answered in the guest's terms.
 */
#ifndef VESPER_STATUS_H
#define VESPER_STATUS_H

#define MUST_CHECK __attribute__((warn_unused_result))

enum status {
	OK = 0,
	ERR_INVALID,   /* malformed input */
	ERR_NO_MEMORY, /* out of pages or past a VM's own limit */
	ERR_NOT_FOUND, /* no such node, image, name or attribute */
	ERR_NO_SPACE,  /* the caller's buffer or the VM's arena is full */
	ERR_IO,        /* a backend or a device failed */
	ERR_FAULT,     /* a guest address that is not RAM, or an access that trapped */
	ERR_BUSY,      /* not in this state */
	ERR_UNSUPPORTED,
};

#endif
