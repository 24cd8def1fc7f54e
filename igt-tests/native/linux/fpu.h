/* SPDX-License-Identifier: MIT */
#ifndef NATIVE_FPU_H
#define NATIVE_FPU_H

#define kernel_fpu_available()	true
#define kernel_fpu_begin()	((void)0)
#define kernel_fpu_end()	((void)0)

#endif
