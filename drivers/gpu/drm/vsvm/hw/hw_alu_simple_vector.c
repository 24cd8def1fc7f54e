// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * DOC: Simple arithmetic, compiled for the vectors of each processor.
 */
#define VSVM_HW_LANE_BY_LANE
#define VSVM_HW_LEVEL(name)	name##_vector
#include "hw_alu_simple.c"
