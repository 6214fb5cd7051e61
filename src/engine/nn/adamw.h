/*
 * adamw.h: one weight's step of AdamW (rpm_nn_train.h has the source), shared by optimiser.c and the GPU's kernel.
 */
#ifndef RPM_NN_ADAMW_H
#define RPM_NN_ADAMW_H

#include "rpm_math.h"

/* What is the same for all weights of a step. */
typedef struct nn_adamw_factors
{
	float		keep,			/* 1 - rate x decay */
				beta1,
				rest1,
				beta2,
				rest2,
				pace,			/* rate / (1 - beta1^step) */
				root,			/* 1 / sqrt(1 - beta2^step) */
				epsilon;
} nn_adamw_factors;

static inline nn_adamw_factors nn_adamw_factors_of(double beta1, double beta2, double epsilon, double weight_decay, double rate, double step)
{
	nn_adamw_factors f;

	f.keep = (float) (1 - rate * weight_decay);
	f.beta1 = (float) beta1;
	f.rest1 = (float) (1 - beta1);
	f.beta2 = (float) beta2;
	f.rest2 = (float) (1 - beta2);
	f.pace = (float) (rate / (1 - pow(beta1, step)));
	f.root = (float) (1 / sqrt(1 - pow(beta2, step)));
	f.epsilon = (float) epsilon;
	return f;
}

RPM_INLINE void nn_adamw_update(const nn_adamw_factors *f, float g, float *first, float *second, float *weight)
{
	*first = f->beta1 * *first + f->rest1 * g;
	*second = f->beta2 * *second + f->rest2 * g * g;
	*weight = *weight * f->keep - f->pace * *first / (sqrtf(*second) * f->root + f->epsilon);
}

#endif
