/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sections in which the CPU's floating point unit is the engine's.
 *
 * Within one the thread neither sleeps nor is preempted, so a section is entered when the first
 * instruction comes that needs it, goes on over what follows, and ends before anything that may
 * take long or sleep: memory, a barrier, the end of the slice, and after VSVM_HW_FPU_COST simple
 * instructions in any case. A kernel thread has no state of its own in the unit, so that to enter
 * is cheap.
 */
#ifndef _VSVM_HW_FPU_H_
#define _VSVM_HW_FPU_H_

#include <linux/types.h>

/*
 * What a section may cost, in simple instructions: with 32 lanes a simple one takes some 10 ns, so
 * these are some 10 us.
 */
#define VSVM_HW_FPU_COST	256

#ifdef CONFIG_ARCH_HAS_KERNEL_FPU_SUPPORT
#include <linux/fpu.h>
#ifdef CONFIG_X86
#include <asm/cpufeature.h>

/*
 * MXCSR: no exception traps, rounding is to nearest, and an inexact result has been seen. So it is
 * after the first few instructions anyway. But an emulator may compute with its host's unit only
 * from then on (QEMU's does), and each section begins anew.
 */
#define VSVM_HW_MXCSR	0x1fa0
#endif

static inline bool vsvm_hw_fpu_available(void)
{
	return kernel_fpu_available();
}

/* Is there AVX2, with FMA as all but a few have it, and does the kernel save its registers? */
static inline bool vsvm_hw_fpu_has_avx2(void)
{
#ifdef CONFIG_X86
	return boot_cpu_has(X86_FEATURE_AVX2) && boot_cpu_has(X86_FEATURE_FMA) &&
	       cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL);
#else
	return false;
#endif
}

static inline void vsvm_hw_fpu_begin(void)
{
	kernel_fpu_begin();
#ifdef CONFIG_X86
	const u32 mxcsr = VSVM_HW_MXCSR;

	asm volatile("ldmxcsr %0" : : "m" (mxcsr));
#endif
}

static inline void vsvm_hw_fpu_end(void)
{
	kernel_fpu_end();
}
#else
static inline bool vsvm_hw_fpu_available(void)
{
	return false;
}

static inline bool vsvm_hw_fpu_has_avx2(void)
{
	return false;
}

static inline void vsvm_hw_fpu_begin(void)
{
}

static inline void vsvm_hw_fpu_end(void)
{
}
#endif

#endif /* _VSVM_HW_FPU_H_ */
