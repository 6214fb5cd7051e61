/*
 * rpm_features.h: what learned models see of an antenna's surroundings: a tile of cells with one channel for each quantity.
 *
 * Bakirtzis et al. 2025, section 3.3.2, have four channels: building heights, land use, roads, and the level that free space and the
 * antenna's pattern would give.  Here are further ones: what is known, the ground, the direct path and what stands in it, an empirical
 * model, what other sites measured.
 *
 * First the environment, which many antennas share: geometries are drawn into the cells of a grid, or the caller writes its arrays himself.
 * Polygons cover the cells whose centres they hold, a centre on a border belonging to one of two neighbours; roads the cells that they
 * touch.  Then the channels of one antenna.  All coordinates in metres of one plane, the grid's north upwards; results do not depend
 * on the number of threads.
 */
#ifndef RPM_FEATURES_H
#define RPM_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm_antenna.h"
#include "rpm_control.h"
#include "rpm_measured_cells.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_LAND_USE_MOST 23	/* classes 1 to 23; 0: not known */

/* Channels by number; names, units and meaning from rpm_feature_describe.  New ones come at the end: models keep their numbers. */
typedef enum rpm_feature
{
	RPM_FEATURE_BUILDING_HEIGHT = 0,
	RPM_FEATURE_LAND_USE,
	RPM_FEATURE_ROAD,
	RPM_FEATURE_FREE_SPACE,
	RPM_FEATURE_KNOWN,
	RPM_FEATURE_GROUND,
	RPM_FEATURE_DISTANCE,
	RPM_FEATURE_AZIMUTH,
	RPM_FEATURE_ELEVATION,
	RPM_FEATURE_LINE_OF_SIGHT,
	RPM_FEATURE_OBSTRUCTED,
	RPM_FEATURE_OBSTRUCTIONS,
	RPM_FEATURE_KNIFE_EDGE,
	RPM_FEATURE_EMPIRICAL,
	RPM_FEATURE_LINEAR,
	RPM_FEATURE_CLUTTER,
	RPM_FEATURE_CLUTTER_WEIGHT,
	RPM_FEATURE_GIVEN,
	RPM_FEATURE_COUNT
} rpm_feature;

typedef struct rpm_feature_description
{
	const char *name;
	const char *unit;			/* empty: a plain number */
	const char *meaning;
	float		usual_mean, usual_scale;	/* (value - mean) / scale is of the order of 1: for models' inputs */
} rpm_feature_description;

const rpm_feature_description *rpm_feature_describe(rpm_feature feature);

/* The channel of a name; RPM_FEATURE_COUNT: there is none. */
rpm_feature rpm_feature_of_name(const char *name);

/* The environment of a tile: rows x columns from the north-west. */
typedef struct rpm_environment
{
	rpm_cell_grid grid;
	float	   *building_height_m;	/* above ground; 0: no building */
	float	   *ground_m;		/* above sea level; NaN: not known */
	float	   *top_m;			/* of surfaces with Z, above sea level; NULL until there is one; rpm_environment_finish takes it in */
	uint8_t    *land_use;		/* 0 to RPM_LAND_USE_MOST */
	uint8_t    *road;			/* 0, 1 */
	uint8_t    *known;			/* 0, 1 */
	struct rpm_rasteriser *rasteriser;	/* private */
} rpm_environment;

/* Bytes of an environment, and of the channels of an antenna over it, the values included. */
size_t		rpm_environment_bytes(int32_t columns, int32_t rows);
size_t		rpm_features_bytes(int32_t columns, int32_t rows, int channel_count, const rpm_control *control);

/* Nothing built, nothing known, ground NaN.  Free with rpm_environment_free.  Errors: RPM_INVALID_ARGUMENT, RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY. */
rpm_code	rpm_environment_create(const rpm_cell_grid *grid, const rpm_control *control, rpm_environment *environment, rpm_status *status);
void		rpm_environment_free(rpm_environment *environment);

/*
 * Draw one row each, given as well-known binary (as rpm_building_row has it; roads: line strings, polygons as well).  Where polygons
 * overlap, the higher building counts, the higher ground, the land use that came last; rings by the even-odd rule.
 *   building: height_m above ground, or NaN: a surface with Z, the highest of which counts, and whose facets on edge count nothing.
 *   road: cells that the line touches and those with their centre within half of width_m (0: the line alone).
 * Errors: RPM_INVALID_GEOMETRY (the row adds nothing; the caller may go on), RPM_INVALID_ARGUMENT (height, class or width that cannot be),
 * RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_environment_building(rpm_environment *environment, const uint8_t *wkb, size_t size, double height_m, rpm_status *status);
rpm_code	rpm_environment_land_use(rpm_environment *environment, const uint8_t *wkb, size_t size, int land_use, rpm_status *status);
rpm_code	rpm_environment_road(rpm_environment *environment, const uint8_t *wkb, size_t size, double width_m, rpm_status *status);
rpm_code	rpm_environment_terrain(rpm_environment *environment, const uint8_t *wkb, size_t size, rpm_status *status);

/*
 * Draws a raster: each cell takes the value of the raster's cell that holds its middle, unless that is NaN or nodata; values are rows x columns
 * from the north-west.  Buildings and ground: the higher counts; land use: what came last; roads: whatever is not 0.
 * Errors: RPM_INVALID_ARGUMENT (a height or class that cannot be).
 */
typedef enum rpm_environment_layer
{
	RPM_LAYER_BUILDING_HEIGHT = 0,
	RPM_LAYER_LAND_USE,
	RPM_LAYER_GROUND,			/* above sea level */
	RPM_LAYER_ROAD
} rpm_environment_layer;

#define RPM_LAYER_COUNT 4

rpm_code	rpm_environment_raster(rpm_environment *environment, rpm_environment_layer layer, const rpm_cell_grid *grid, const float *values,
								   float nodata, rpm_status *status);

/*
 * After the last row.  The ground where none was drawn is ground_m, or with NaN the lowest that was; tops become heights.  Known are the
 * cells whose centres lie in the box (west, south, east, north) and, with by_land_use, only those of them with a land use or a building.
 */
void		rpm_environment_finish(rpm_environment *environment, double ground_m, const double box[4], bool by_land_use);

/* Cells that are known. */
int64_t		rpm_environment_known_count(const rpm_environment *environment);

/* One antenna. */
typedef struct rpm_feature_antenna
{
	rpm_antenna antenna;		/* position.x, y in the grid's plane; position.z is not used */
	double		height_m;		/* above ground */
	double		rs_power_dbm;	/* of one resource element; NaN: not known, counts as RPM_FEATURE_UNKNOWN_POWER_DBM */
	double		losses_db;
	double		receiver_height_m;
	const double *linear_coefficients;	/* RPM_CLUTTER_TERMS of rpm_clutter.h, for LINEAR; else NULL */
	/* Channels that others computed, rows x columns, NULL where not asked for: CLUTTER, CLUTTER_WEIGHT, GIVEN. */
	const float *given[RPM_FEATURE_COUNT];
} rpm_feature_antenna;

#define RPM_FEATURE_UNKNOWN_POWER_DBM 15.0

/*
 * The channels of an antenna: values[channel][row][column].  The antenna must stand in the grid.  NaN of a given channel becomes 0.
 * Errors: RPM_INVALID_ARGUMENT (the antenna outside the grid, a number that is not finite, a channel that is not given),
 * RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_features(const rpm_environment *environment, const rpm_feature_antenna *antenna, const rpm_feature *channels, int channel_count,
						 rpm_control *control, float *values, rpm_status *status);

/* The same with each channel in an array of its own: values[channel][row * columns + column]. */
rpm_code	rpm_features_apart(const rpm_environment *environment, const rpm_feature_antenna *antenna, const rpm_feature *channels,
							   int channel_count, rpm_control *control, float *const *values, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
