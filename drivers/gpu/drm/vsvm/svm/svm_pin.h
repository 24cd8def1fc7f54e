/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef _VSVM_SVM_PIN_H_
#define _VSVM_SVM_PIN_H_

#include <linux/mmu_notifier.h>

#include "svm_interval.h"

struct vsvm_request;
struct vsvm_svm;

void vsvm_pin_init(struct vsvm_svm *svm);
void vsvm_pin_fini(struct vsvm_svm *svm);
struct vsvm_span vsvm_pin_window(const struct vsvm_request *req, struct vsvm_span bounds);
void vsvm_pin_reserve(struct vsvm_svm *svm, struct vsvm_span span);
void vsvm_pin_release(struct vsvm_svm *svm, struct vsvm_span span);
void vsvm_pin_enter(struct vsvm_svm *svm, struct vsvm_span span);
void vsvm_pin_forget(struct vsvm_svm *svm, struct vsvm_span span);
void vsvm_pin_event(struct vsvm_svm *svm, struct vsvm_span span, enum mmu_notifier_event event);
void vsvm_pin_range(struct vsvm_svm *svm, struct vsvm_span span);

#endif
