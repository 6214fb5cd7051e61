/*
 * fit_choice.c: which parameters of a site are fitted: the method's, where some fitted cell depends on them; and how much each cell counts.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/fit.h"

/* A building whose cells say less of it than this share of what its prior does keeps the prior; and at most so many are fitted. */
#define LEAST_INFORMATION 0.02
#define MOST_BUILDINGS 256

typedef struct choice_task
{
	rpm_fit_work *work;
	double	   *information;	/* threads x parameters: sum of weight (gradient sd / scale)^2 */
} choice_task;

typedef struct informed
{
	double		information;
	uint32_t	building;
} informed;

static bool of_method(const rpm_fit_work *work, const rpm_parameter *parameter);
static void information_range(void *context, int64_t begin, int64_t end, int thread);
static rpm_code choose_buildings(rpm_fit_work *work, const double *information, rpm_status *status);
static int	compare_informed(const void *a, const void *b);
static rpm_code take_arrays(rpm_fit_work *work, rpm_status *status);
static int	compare_squares(const void *a, const void *b, void *argument);

rpm_code
rpm_fit_choose(rpm_fit_work *work, rpm_status *status)
{
	rpm_calibration *calibration = work->calibration;
	size_t		parameters = calibration->parameter_count;
	choice_task task = {work, NULL};
	rpm_code	code = rpm_reserve(work->control, (size_t) work->threads * parameters * sizeof(double), "what cells say of parameters", status);

	if (code != RPM_OK)
		return code;
	task.information = calloc((size_t) work->threads * parameters, sizeof(double));
	if (task.information == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for what cells say of %zu parameters", parameters);
	code = rpm_store_tables_fill(&work->tables, &work->values, work->want & RPM_WANT_WALLS, work->control, status);
	if (code == RPM_OK)
		code = rpm_parallel_for(work->control, (int64_t) work->store->input.cell_count, 64, information_range, &task, status);
	for (int t = 1; t < work->threads; t++)
		for (size_t i = 0; i < parameters; i++)
			task.information[i] += task.information[(size_t) t * parameters + i];
	for (size_t i = 0; i < parameters && code == RPM_OK; i++)
	{
		rpm_parameter *parameter = &calibration->parameters[i];

		parameter->fitted = of_method(work, parameter) && task.information[i] > 0 && parameter->kind < RPM_PARAMETER_BUILDING_PERMITTIVITY;
		parameter->standard_error = parameter->prior_sd;
		parameter->learned = 0;
		parameter->identifiable = parameter->at_bound = false;
	}
	if (code == RPM_OK && work->options->method == RPM_CALIBRATE_BUILDING)
		code = choose_buildings(work, task.information, status);
	free(task.information);
	return code == RPM_OK ? take_arrays(work, status) : code;
}

static bool
of_method(const rpm_fit_work *work, const rpm_parameter *parameter)
{
	int			method = work->options->method, kind = parameter->kind, pattern;

	if (kind >= RPM_PARAMETER_THICKNESS)
		return method == RPM_CALIBRATE_BUILDING;
	if (kind >= RPM_PARAMETER_PERMITTIVITY)
		return method != RPM_CALIBRATE_A;
	if (method == RPM_CALIBRATE_M)
		return false;
	if (kind >= RPM_PARAMETER_GAIN_DBI)
		return true;
	pattern = work->store->input.antennas[parameter->owner].antenna.pattern.kind;
	if (kind >= RPM_PARAMETER_HORIZONTAL_BEAMWIDTH_DEG)
		return pattern == RPM_PATTERN_TR38901;
	return pattern != RPM_PATTERN_ISOTROPIC;
}

static void
information_range(void *context, int64_t begin, int64_t end, int thread)
{
	choice_task *task = context;
	rpm_fit_work *work = task->work;
	const rpm_parameter *parameters = work->calibration->parameters;
	rpm_store_gradient *gradient = &work->scratch[thread].gradient;
	double	   *information = task->information + (size_t) thread * work->calibration->parameter_count, level;

	for (int64_t i = begin; i < end; i++)
	{
		if (!(work->weights[i] > 0)
			|| !rpm_store_level(work->store, &work->values, (size_t) i, work->want, &work->scratch[thread], &level))
			continue;
		for (size_t k = 0; k < gradient->count; k++)
		{
			uint32_t	index = gradient->touched[k];
			double		said = gradient->by[index] * parameters[index].prior_sd / work->scale_db;

			information[index] += work->weights[i] * said * said;
		}
	}
}

/* Both constants of a building or none. */
static rpm_code
choose_buildings(rpm_fit_work *work, const double *information, rpm_status *status)
{
	size_t		buildings = work->store->input.scene->building_count, count = 0;
	informed   *list = malloc((buildings + 1) * sizeof(informed));

	if (list == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu buildings", buildings);
	for (size_t b = 0; b < buildings; b++)
	{
		const double *own = information + rpm_building_parameter(work->store, (int32_t) b, RPM_PARAMETER_BUILDING_PERMITTIVITY);

		if (own[0] + own[1] >= LEAST_INFORMATION)
			list[count++] = (informed) {own[0] + own[1], (uint32_t) b};
	}
	qsort(list, count, sizeof(informed), compare_informed);
	for (size_t i = 0; i < count && i < MOST_BUILDINGS; i++)
	{
		rpm_parameter *own = work->calibration->parameters
			+ rpm_building_parameter(work->store, (int32_t) list[i].building, RPM_PARAMETER_BUILDING_PERMITTIVITY);

		own[0].fitted = own[1].fitted = true;
	}
	free(list);
	return RPM_OK;
}

static int
compare_informed(const void *a, const void *b)
{
	const informed *x = a, *y = b;

	if (x->information != y->information)
		return x->information > y->information ? -1 : 1;
	return x->building < y->building ? -1 : 1;
}

static rpm_code
take_arrays(rpm_fit_work *work, rpm_status *status)
{
	size_t		n = 0, parameters = work->calibration->parameter_count, sums;
	rpm_code	code;

	for (size_t i = 0; i < parameters; i++)
		n += work->calibration->parameters[i].fitted;
	sums = n * n + n + 1;
	code = rpm_reserve(work->control, ((size_t) work->threads * sums + sums + 8 * n + parameters + RPM_FIT_MOST_BOTTOMS * (n + 1)) * sizeof(double),
					   "the normal equations", status);
	if (code != RPM_OK)
		return code;
	work->count = (int) n;
	work->index = calloc(n + 1, sizeof(uint32_t));
	work->place = malloc((parameters + 1) * sizeof(int32_t));
	work->z = calloc(5 * n + 1, sizeof(double));
	work->normal = calloc(n * n + n + 1, sizeof(double));
	work->thread_sums = calloc((size_t) work->threads * sums, sizeof(double));
	work->bottoms = calloc(RPM_FIT_MOST_BOTTOMS * (n + 1), sizeof(double));
	if (!work->index || !work->place || !work->z || !work->normal || !work->thread_sums || !work->bottoms)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for a fit of %zu parameters", n);
	work->prior = work->z + n;
	work->sd = work->z + 2 * n;
	work->low = work->z + 3 * n;
	work->high = work->z + 4 * n;
	work->slope = work->normal + n * n;
	n = 0;
	for (size_t i = 0; i < parameters; i++)
	{
		const rpm_parameter *parameter = &work->calibration->parameters[i];

		work->place[i] = parameter->fitted ? (int32_t) n : -1;
		if (!parameter->fitted)
			continue;
		work->index[n] = (uint32_t) i;
		work->z[n] = rpm_parameter_to_fit(parameter->kind, parameter->value);
		work->prior[n] = rpm_parameter_to_fit(parameter->kind, parameter->prior);
		work->sd[n] = parameter->prior_sd;
		work->low[n] = rpm_parameter_to_fit(parameter->kind, parameter->lowest);
		work->high[n++] = rpm_parameter_to_fit(parameter->kind, parameter->highest);
	}
	return RPM_OK;
}

rpm_code
rpm_fit_weigh(rpm_fit_work *work, rpm_status *status)
{
	size_t		cells = work->store->input.cell_count;
	size_t	   *order = work->options->correlation_m > 0 ? malloc(cells * sizeof(size_t)) : NULL, count = 0;

	for (size_t i = 0; i < cells; i++)
	{
		const rpm_calibrate_cell *cell = &work->store->input.cells[i];

		work->weights[i] = isnan(cell->level_dbm) ? 0 : cell->weight;
		if (order != NULL && work->weights[i] > 0)
			order[count++] = i;
	}
	if (!(work->options->correlation_m > 0))
		return RPM_OK;
	if (order == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for the squares of %zu cells", cells);
	qsort_r(order, count, sizeof(size_t), compare_squares, work);
	for (size_t first = 0, end; first < count; first = end)
	{
		end = first + 1;
		while (end < count && compare_squares(&order[first], &order[end], work) == 0)
			end++;
		for (size_t i = first; i < end; i++)
			work->weights[order[i]] /= (double) (end - first);
	}
	free(order);
	return RPM_OK;
}

static int
compare_squares(const void *a, const void *b, void *argument)
{
	const rpm_fit_work *work = argument;
	const rpm_calibrate_cell *x = &work->store->input.cells[*(const size_t *) a], *y = &work->store->input.cells[*(const size_t *) b];
	double		edge = work->options->correlation_m;
	double		column_x = floor(x->x_m / edge), column_y = floor(y->x_m / edge), row_x = floor(x->y_m / edge), row_y = floor(y->y_m / edge);

	if (x->antenna != y->antenna)
		return x->antenna < y->antenna ? -1 : 1;
	if (column_x != column_y)
		return column_x < column_y ? -1 : 1;
	return row_x < row_y ? -1 : row_x > row_y;
}

rpm_code
rpm_fit_tabulate(rpm_fit_work *work, rpm_status *status)
{
	size_t		buildings = work->store->input.scene->building_count;
	bool	   *own = calloc(buildings + 1, sizeof(bool));
	rpm_code	code;

	if (own == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu buildings", buildings);
	for (size_t b = 0; b < buildings; b++)
	{
		const rpm_parameter *factors = work->calibration->parameters
			+ rpm_building_parameter(work->store, (int32_t) b, RPM_PARAMETER_BUILDING_PERMITTIVITY);

		own[b] = factors[0].fitted || factors[1].fitted || factors[0].value != 1 || factors[1].value != 1;
	}
	rpm_store_tables_free(&work->tables);
	code = rpm_store_tables_create(work->store, own, work->control, &work->tables, status);
	free(own);
	return code;
}

void
rpm_fit_set(rpm_fit_work *work, const double *z)
{
	for (int i = 0; i < work->count; i++)
	{
		rpm_parameter *parameter = &work->calibration->parameters[work->index[i]];

		work->z[i] = z[i];
		parameter->value = rpm_parameter_from_fit(parameter->kind, z[i]);
	}
	rpm_store_values_set(work->store, work->calibration->parameters, &work->values);
}
