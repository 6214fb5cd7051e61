/*
 * predict_clutter.c: what other sites measured, as a prior of rpm_predict (predict_clutter.h).
 */
#include "postgres.h"

#include <math.h>

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/float.h"
#include "utils/lsyscache.h"

#include "clutter_layer.h"
#include "predict_clutter.h"

/* Half of the deviation, a quarter of the variance, of the model's residuals is the antenna's as a whole; the rest varies over its map. */
#define OFFSET_PART 0.5
#define LEAST_OFFSET_DB 1.0
/* Grids of the cells and their surroundings: six while they are smoothed, then eight. */
#define BYTES_PER_CELL (14 * sizeof(float))

static bool may_read(const char *table);
static bool window_of(const RpmPredictInput *read, const rpm_predict_input *input, const rpm_control *control, RpmClutterWindow *window);
static void stretch(RpmClutterWindow *window, int64 *east, int64 *north, double x, double y);
static double level_at(const RpmPredictInput *read, const RpmClutterModel *model, const RpmClutterValues *values, double x_m, double y_m);

void
rpm_predict_add_clutter(const RpmSceneRow *scene, int64 antenna_id, const RpmPredictInput *read, rpm_predict_input *input,
						rpm_predict_given *given, rpm_predict_options *options, rpm_control *control)
{
	RpmClutterExclusion exclusion = {false, 0, true, antenna_id};
	RpmClutterModel model;
	RpmClutterWindow window;
	RpmClutterValues *values;
	double	   *at_points,
			   *at_targets;
	bool		measured = false;

	if (!may_read("clutter_model") || !may_read("clutter_antenna") || !may_read("clutter_residual") ||
		!rpm_clutter_model_read(scene->scene_id, &model) || !window_of(read, input, control, &window))
		return;
	values = rpm_clutter_values(scene->scene_id, &window, &exclusion, control);
	at_points = palloc_extended((input->point_count + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	at_targets = palloc_extended((input->target_count + 1) * sizeof(double), MCXT_ALLOC_HUGE);
	for (size_t i = 0; i < input->point_count; i++)
	{
		const rpm_predict_point *point = &input->points[i];

		measured |= point->antenna == input->antenna;
		at_points[i] = point->antenna == input->antenna ? level_at(read, &model, values, point->x_m, point->y_m) : get_float8_nan();
	}
	for (size_t i = 0; i < input->target_count; i++)
		at_targets[i] = level_at(read, &model, values, input->target_x_m[i], input->target_y_m[i]);
	given[input->given_count].name = RPM_CLUTTER_PRIOR;
	given[input->given_count].at_points_dbm = at_points;
	given[input->given_count].at_targets_dbm = at_targets;
	given[input->given_count].sd_db = fmax(OFFSET_PART * model.residual_sd_db, LEAST_OFFSET_DB);
	input->given = given;
	input->given_count++;
	if (!measured && options->prior == NULL)
		options->prior = RPM_CLUTTER_PRIOR;
}

static bool
may_read(const char *table)
{
	Oid			oid = get_relname_relid(table, get_namespace_oid("rpm", false));

	return OidIsValid(oid) && pg_class_aclcheck(oid, GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

/* The cells of the antenna, its own points and all targets (a report has none); false where there are too many. */
static bool
window_of(const RpmPredictInput *read, const rpm_predict_input *input, const rpm_control *control, RpmClutterWindow *window)
{
	int64		east = PG_INT64_MIN,
				north = PG_INT64_MIN;
	double		margin = rpm_clutter_margin(RPM_CLUTTER_CELL_M),
				bytes;

	window->column = window->row = PG_INT64_MAX;
	stretch(window, &east, &north, read->x, read->y);
	for (size_t i = 0; i < input->point_count; i++)
		if (input->points[i].antenna == input->antenna)
			stretch(window, &east, &north, read->x + input->points[i].x_m, read->y + input->points[i].y_m);
	for (size_t i = 0; i < input->target_count; i++)
		stretch(window, &east, &north, read->x + input->target_x_m[i], read->y + input->target_y_m[i]);
	bytes = (double) BYTES_PER_CELL * ((double) (east - window->column) + 1 + 2 * margin) * ((double) (north - window->row) + 1 + 2 * margin);
	if (control->memory_limit_bytes > 0 && bytes > (double) control->memory_limit_bytes)
	{
		ereport(NOTICE,
				(errmsg("the prior %s is left out: the map is too large for it", RPM_CLUTTER_PRIOR),
				 errhint("It needs %.0f MB: predict a smaller extent, or raise rpm_pg.max_memory.", bytes / 1048576)));
		return false;
	}
	window->columns = (int32) (east - window->column + 1);
	window->rows = (int32) (north - window->row + 1);
	return true;
}

static void
stretch(RpmClutterWindow *window, int64 *east, int64 *north, double x, double y)
{
	int64		column = (int64) floor(x / RPM_CLUTTER_CELL_M),
				row = (int64) floor(y / RPM_CLUTTER_CELL_M);

	window->column = Min(window->column, column);
	window->row = Min(window->row, row);
	*east = Max(*east, column);
	*north = Max(*north, row);
}

/* x_m and y_m from the antenna. */
static double
level_at(const RpmPredictInput *read, const RpmClutterModel *model, const RpmClutterValues *values, double x_m, double y_m)
{
	const rpm_predict_antenna *own = &read->antennas[0];
	rpm_clutter_antenna antenna = {0, own->x_m, own->y_m, own->height_m, own->azimuth_rad, own->tilt_rad, own->frequency_mhz,
	own->rs_power_dbm};
	double		residual_db[RPM_CLUTTER_SCALES],
				weight[RPM_CLUTTER_SCALES];

	rpm_clutter_value_at(values, (int64) floor((read->x + x_m) / RPM_CLUTTER_CELL_M), (int64) floor((read->y + y_m) / RPM_CLUTTER_CELL_M),
						 residual_db, weight);
	return rpm_clutter_linear(&antenna, x_m, y_m, model->coefficient) + rpm_clutter_combine(&model->gains, residual_db, weight);
}
