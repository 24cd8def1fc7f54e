/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_QUERY_H_
#define _VSVM_QUERY_H_

#include <linux/types.h>

struct drm_vsvm_array;

int vsvm_query_answer(u64 pointer, u64 *size, const void *answer, size_t answer_size);
int vsvm_array_put(const struct drm_vsvm_array *array, const void *elements, size_t size);
void *vsvm_array_get(const struct drm_vsvm_array *array, size_t size, unsigned int max);

#endif
