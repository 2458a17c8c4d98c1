/* SPDX-License-Identifier: MIT */
/* The behaviour of a timer, whichever way its deadline is set. */
#ifndef VESPER_TESTS_GUEST_TIMER_H
#define VESPER_TESTS_GUEST_TIMER_H

#include "tests/guest/guest.h"

void timer_check(void (*set_deadline)(uint64_t time));

#endif
