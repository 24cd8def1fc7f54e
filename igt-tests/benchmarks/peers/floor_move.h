/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef VSVM_PEER_FLOOR_MOVE_H
#define VSVM_PEER_FLOOR_MOVE_H

#include <linux/types.h>

int floor_move(u64 start, u64 end, bool to_device, unsigned int order);
int floor_move_init(void);
void floor_move_exit(void);

#endif
