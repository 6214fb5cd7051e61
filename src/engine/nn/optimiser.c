/* optimiser.c: AdamW, clipping and learning rates (rpm_nn_train.h). */
#include <math.h>

#include "nn/adamw.h"
#include "nn/model.h"
#include "rpm_nn_train.h"

#define PIECE 262144			/* weights handed out at a time: about a millisecond */

typedef struct step
{
	nn_adamw_factors factors;
	float	   *weights;
	const float *gradients;
	float	   *first,
			   *second;
} step;

static void update(void *context, int64_t begin, int64_t end, int thread);

rpm_code
rpm_nn_adamw_step(const rpm_nn_model *model, const rpm_nn_adamw *adamw, double rate, int64_t number, float *weights,
				  const float *gradients, float *first, float *second, rpm_control *control, rpm_status *status)
{
	for (int i = 0; i < model->tensor_count; i++)
	{
		const rpm_nn_tensor_info *tensor = &model->tensors[i];
		step		s = {nn_adamw_factors_of(adamw->beta1, adamw->beta2, adamw->epsilon, adamw->weight_decay, rate, (double) number),
		weights + tensor->offset, gradients + tensor->offset, first + tensor->offset, second + tensor->offset};

		if (tensor->use != RPM_NN_TRAINED)
			continue;
		if (tensor->count <= PIECE)
			update(&s, 0, tensor->count, 0);
		else if (rpm_parallel_for(control, tensor->count, PIECE, update, &s, status) != RPM_OK)
			return status->code;
	}
	return RPM_OK;
}

static void
update(void *context, int64_t begin, int64_t end, int thread)
{
	const step *s = context;
	const nn_adamw_factors factors = s->factors;

	(void) thread;
	for (int64_t i = begin; i < end; i++)
		nn_adamw_update(&factors, s->gradients[i], &s->first[i], &s->second[i], &s->weights[i]);
}

double
rpm_nn_clip(const rpm_nn_model *model, float *gradients, double most, const rpm_control *control)
{
	double		squares = 0,
				norm,
				factor;

	for (int t = 0; t < model->tensor_count; t++)
		for (int64_t i = 0; i < model->tensors[t].count && model->tensors[t].use == RPM_NN_TRAINED; i++)
		{
			double		g = gradients[model->tensors[t].offset + i];

			if (i % PIECE == 0 && rpm_stopped(control))
				return NAN;
			squares += g * g;
		}
	norm = sqrt(squares);
	/* The constant is torch's. */
	factor = most / (norm + 1e-6);
	if (most <= 0 || factor >= 1 || !isfinite(norm))
		return norm;
	for (int t = 0; t < model->tensor_count; t++)
		for (int64_t i = 0; i < model->tensors[t].count && model->tensors[t].use == RPM_NN_TRAINED; i++)
		{
			if (i % PIECE == 0 && rpm_stopped(control))
				return NAN;
			gradients[model->tensors[t].offset + i] *= (float) factor;
		}
	return norm;
}

double
rpm_nn_rate(const rpm_nn_schedule *schedule, int64_t number)
{
	int64_t		at = number - schedule->warm_up;

	if (at < 0)
		return schedule->rate * (double) (number + 1) / (double) (schedule->warm_up + 1);
	switch (schedule->kind)
	{
		case RPM_NN_COSINE:
			if (at >= schedule->steps)
				return schedule->least;
			return schedule->least + (schedule->rate - schedule->least) *
				(1 + cos(3.14159265358979323846 * (double) at / (double) schedule->steps)) / 2;
		case RPM_NN_STEPS:
			return schedule->rate * pow(schedule->factor, (double) (at / schedule->steps));
		default:
			return schedule->rate;
	}
}
