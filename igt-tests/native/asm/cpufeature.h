/* SPDX-License-Identifier: MIT */
#ifndef NATIVE_CPUFEATURE_H
#define NATIVE_CPUFEATURE_H

/* A program has the vectors that its processor has. */
#define X86_FEATURE_AVX2	"avx2"
#define X86_FEATURE_FMA		"fma"
#define XFEATURE_MASK_SSE	2
#define XFEATURE_MASK_YMM	4
#define boot_cpu_has(name)	(!!__builtin_cpu_supports(name))

static inline bool cpu_has_xfeatures(u64 mask, const char **name)
{
	return true;
}

#endif
