/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_PEER_H_
#define _VSVM_PEER_H_

struct vsvm_vram;

int vsvm_peer_join(struct vsvm_vram *vram);
void vsvm_peer_close(struct vsvm_vram *vram);
void vsvm_peer_leave(struct vsvm_vram *vram);
unsigned int vsvm_peer_count(const struct vsvm_vram *vram);

#endif
