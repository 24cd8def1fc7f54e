// SPDX-License-Identifier: GPL-2.0-only OR MIT

#ifndef __CHECKER__
#define CREATE_TRACE_POINTS
#include "vsvm_trace.h"
#endif
