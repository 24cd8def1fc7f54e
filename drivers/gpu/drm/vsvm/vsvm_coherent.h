/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_COHERENT_H_
#define _VSVM_COHERENT_H_

#include <linux/range.h>
#include <linux/types.h>

int vsvm_coherent_module_init(void);
const struct range *vsvm_coherent_range(void);
int vsvm_coherent_claim(const struct range *range);
void vsvm_coherent_release(const struct range *range);

int vsvm_coherent_parse(const char *text, struct range *range);
int vsvm_coherent_check(const struct range *range);
int vsvm_coherent_split(const struct range *range, unsigned int index, unsigned int count,
			struct range *part);

#endif
