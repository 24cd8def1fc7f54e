// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * DOC: Simple arithmetic, compiled for AVX2.
 */
#define VSVM_HW_LANE_BY_LANE
#define VSVM_HW_LEVEL(name)	name##_avx2
#include "hw_alu_simple.c"
