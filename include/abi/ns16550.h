/* SPDX-License-Identifier: MIT */
/* The 16550A UART: registers by number, and the bits that both sides of it use. */
#ifndef VESPER_ABI_NS16550_H
#define VESPER_ABI_NS16550_H

#define NS16550_RBR 0 /* read */
#define NS16550_THR 0 /* written */
#define NS16550_IER 1
#define NS16550_IIR 2 /* read */
#define NS16550_FCR 2 /* written */
#define NS16550_LCR 3
#define NS16550_MCR 4
#define NS16550_LSR 5
#define NS16550_MSR 6
#define NS16550_SCR 7
/* With LCR.DLAB, in the place of the first two. */
#define NS16550_DLL 0
#define NS16550_DLM 1

#define NS16550_FIFO_SIZE 16

#define NS16550_IER_RECEIVE  0x01
#define NS16550_IER_TRANSMIT 0x02
#define NS16550_IER_LINE     0x04
#define NS16550_IER_MODEM    0x08

/* What is reported, the most urgent first; the reasons of a line that is low are NONE. */
#define NS16550_IIR_NONE     0x01
#define NS16550_IIR_LINE     0x06
#define NS16550_IIR_RECEIVE  0x04
#define NS16550_IIR_TIMEOUT  0x0c
#define NS16550_IIR_TRANSMIT 0x02
#define NS16550_IIR_MODEM    0x00
#define NS16550_IIR_FIFOS    0xc0 /* they are on */

#define NS16550_FCR_ENABLE         0x01
#define NS16550_FCR_CLEAR_RECEIVE  0x02
#define NS16550_FCR_CLEAR_TRANSMIT 0x04
#define NS16550_FCR_TRIGGER_SHIFT  6 /* 1, 4, 8 or 14 bytes */

#define NS16550_LCR_DLAB 0x80

#define NS16550_MCR_DTR  0x01
#define NS16550_MCR_RTS  0x02
#define NS16550_MCR_OUT1 0x04
#define NS16550_MCR_OUT2 0x08
#define NS16550_MCR_LOOP 0x10

#define NS16550_LSR_READY   0x01
#define NS16550_LSR_OVERRUN 0x02
#define NS16550_LSR_THRE    0x20
#define NS16550_LSR_TEMT    0x40

/* The lower half says which of the upper half has changed since it was read; for RI, that it fell. */
#define NS16550_MSR_DELTA_CTS 0x01
#define NS16550_MSR_DELTA_DSR 0x02
#define NS16550_MSR_RI_FELL   0x04
#define NS16550_MSR_DELTA_DCD 0x08
#define NS16550_MSR_CTS       0x10
#define NS16550_MSR_DSR       0x20
#define NS16550_MSR_RI        0x40
#define NS16550_MSR_DCD       0x80

#endif
