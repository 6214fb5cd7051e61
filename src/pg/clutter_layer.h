/* clutter_layer.h: the layer rpm.clutter_residual: what other sites' measurements say about places (rpm_clutter.h). */
#ifndef RPM_PG_CLUTTER_LAYER_H
#define RPM_PG_CLUTTER_LAYER_H

#include "postgres.h"

#include "rpm_clutter.h"
#include "rpm_control.h"

#define RPM_CLUTTER_CELL_M 5.0
#define RPM_CLUTTER_TILE_CELLS 64
/* Coordinates beyond this are no metres of this planet. */
#define RPM_CLUTTER_FARTHEST_M 1e9

/* Whose measurements do not count: a site, an antenna with its site, both, or nobody's. */
typedef struct RpmClutterExclusion
{
	bool		has_site;
	int64		site_id;
	bool		has_antenna;
	int64		antenna_id;
} RpmClutterExclusion;

/* A rectangle of cells of the layer: columns eastward, rows northward, cell (0, 0) begins at the origin. */
typedef struct RpmClutterWindow
{
	int64		column, row;
	int32		columns, rows;
} RpmClutterWindow;

/* Means and weights of a window, row by row from the south; NaN where nothing is near. */
typedef struct RpmClutterValues
{
	RpmClutterWindow window;
	float	   *residual_db[RPM_CLUTTER_SCALES];
	float	   *weight[RPM_CLUTTER_SCALES];
} RpmClutterValues;

/* The model of a scene; false where none was fitted yet. */
typedef struct RpmClutterModel
{
	double		radius_m;
	double		residual_sd_db;
	double		coefficient[RPM_CLUTTER_TERMS];
	rpm_clutter_gains gains;
	int64		measurements;
} RpmClutterModel;

extern bool rpm_clutter_model_read(int32 scene_id, RpmClutterModel *model);

/*
 * The smoothed layer over a window, in the current memory context.  Reads with the caller's rights.
 * Errors: 54000 (rpm_pg.max_memory), 42501, 57014.
 */
extern RpmClutterValues *rpm_clutter_values(int32 scene_id, const RpmClutterWindow *window, const RpmClutterExclusion *exclusion,
											rpm_control *control);

/* Scales of one cell of the values, by its column and row in the layer, which must lie in the window. */
extern void rpm_clutter_value_at(const RpmClutterValues *values, int64 column, int64 row, double residual_db[RPM_CLUTTER_SCALES],
								 double weight[RPM_CLUTTER_SCALES]);

/*
 * Cells of the layer that an antenna itself was measured in: mean residuals, at most `most` of them, evenly taken; returns how many.
 */
typedef struct RpmClutterCell
{
	int64		column, row;
	double		residual_db;
} RpmClutterCell;

extern int	rpm_clutter_own_cells(int32 scene_id, int64 antenna_id, RpmClutterCell *cells, int most);

#endif
