/*
 * rpm_trace.h: radio maps and exact paths over a scene.
 *
 * Path gain of a path: |e . p|^2 (lambda / 4 pi)^2 with e the field that a transmitter of unit power and its pattern would
 * give per metre of spreading; both receive polarisations are summed in maps.
 */
#ifndef RPM_TRACE_H
#define RPM_TRACE_H

#include "rpm_antenna.h"
#include "rpm_query.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rpm_mechanism
{
	RPM_LINE_OF_SIGHT = 1,
	RPM_REFLECTION = 2,			/* specular chains to max_depth */
	RPM_REFRACTION = 4,			/* straight through walls as slabs */
	RPM_SCATTERING = 8,			/* diffuse, where a material's S > 0 */
	RPM_DIFFRACTION = 16,		/* one wedge */
	RPM_OVER_ROOFS = 32,		/* maps only: several edges in the vertical plane, and the bound far beyond */
	RPM_AROUND_CORNERS = 64,	/* maps only: upright edges, to the left and to the right of what is in the way */
	RPM_ROOF_REFLECTION = 128	/* maps only: over the roofs and reflected at one wall, before or behind them */
};

typedef enum rpm_sum_mode
{
	RPM_SUM_FIELD = 0,			/* fields within a geometric ray and the edges that bound it, powers between such groups */
	RPM_SUM_POWER				/* powers of all paths */
} rpm_sum_mode;

typedef enum rpm_cell_average
{
	RPM_AVERAGE_OUTDOOR = 0,	/* over the part of the cell with nothing above the receiver; NaN where there is none */
	RPM_AVERAGE_CELL			/* over the whole cell */
} rpm_cell_average;

typedef enum rpm_entry
{
	RPM_ENTRY_NONE = 0,			/* cells that are all indoors are NaN */
	RPM_ENTRY_TRADITIONAL,		/* the loss of rpm_building_entry.h */
	RPM_ENTRY_THERMALLY_EFFICIENT
} rpm_entry;

/* North-up cells: column 0, row 0 is the north-west corner.  Local metres of the scene. */
typedef struct rpm_grid
{
	double		west, north;
	double		cell_width_m, cell_height_m;	/* both positive */
	int			columns, rows;
	double		receiver_height_m;	/* above the ground */
} rpm_grid;

typedef struct rpm_trace_options
{
	unsigned	mechanisms;		/* or of rpm_mechanism */
	int			max_depth;		/* interactions of one ray, 0 to 30 (diffraction counts as one) */
	int64_t		samples;		/* rays launched per antenna for what has no closed form, or to find chains of mirrors */
	bool		launch_chains;	/* what comes over two and more mirrors is the sum of rays, not exact per chain */
	double		target_error_db; /* > 0: launch until the standard error of the cells above error_floor_db falls below it, at most `samples` */
	double		error_floor_db;	/* path gain, default -130 */
	uint64_t	seed;
	int			sum;			/* rpm_sum_mode */
	int			cell_average;	/* rpm_cell_average */
	int			cell_samples;	/* points per cell side for what is evaluated at points: n x n, default 4 (diffraction uses half of it) */
	int			building_entry;	/* rpm_entry, with RPM_AVERAGE_OUTDOOR */
	double		building_entry_deviate; /* of the probability that the loss is not exceeded; 0: the median */
	double		scattering_scale, diffraction_scale; /* strengths: factors on amplitude, default 1 */
} rpm_trace_options;

void		rpm_trace_options_default(rpm_trace_options *options);

typedef struct rpm_map
{
	double	   *path_gain;		/* rows x columns, linear; 0: no path; NaN: no data (not outdoors) */
	double	   *standard_error; /* of path_gain, linear; from the spread between batches; 0 for what is evaluated exactly */
	int64_t		samples;		/* rays launched */
	double		reached_error_db; /* the error that target_error_db speaks of, as reached; NaN when no rays were launched */
} rpm_map;

/*
 * The radio map of one antenna.  map's arrays are the caller's: rows x columns doubles each (standard_error may be NULL).
 * Errors: RPM_INVALID_ARGUMENT (antenna inside a building or below ground, depth, samples), RPM_LIMIT_EXCEEDED, RPM_CANCELLED.
 * The result does not depend on the number of threads beyond the rounding of sums (relative 1e-9).
 */
rpm_code	rpm_trace_map(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, const rpm_grid *grid,
						  const rpm_trace_options *options, rpm_control *control, rpm_map *map, rpm_status *status);

typedef enum rpm_interaction_kind
{
	RPM_INTERACTION_REFLECTION = 'S',
	RPM_INTERACTION_REFRACTION = 'R',
	RPM_INTERACTION_DIFFRACTION = 'F'
} rpm_interaction_kind;

typedef struct rpm_interaction
{
	char		kind;			/* rpm_interaction_kind */
	int32_t		facet;			/* or facet_0 of the wedge */
	int32_t		wedge;			/* -1 unless diffraction */
	int32_t		building;
	int32_t		material;
	rpm_vec3	point;			/* local */
	double		incidence_rad;	/* from the facet's normal; at a wedge the angle beta_0 to the edge */
} rpm_interaction;

#define RPM_MAX_DEPTH 30

typedef struct rpm_path
{
	int			interaction_count;	/* 0: line of sight */
	rpm_interaction interactions[RPM_MAX_DEPTH];
	double		length_m;
	rpm_vec3	departure, arrival;	/* unit directions of travel: leaving the transmitter, reaching the receiver */
	rpm_cvec3	field;			/* h as a vector: lambda/4 pi, spreading and phase e^{-j k length} included */
} rpm_path;

typedef struct rpm_path_list
{
	size_t		count, capacity;
	rpm_path   *paths;			/* strongest first */
} rpm_path_list;

/*
 * The exact paths from an antenna to a local point: line of sight, specular chains by images, straight refraction, one wedge.
 * Candidates come from rays launched at both ends (options->samples each, and more where few have been) and are then solved and checked
 * exactly.  Does not depend on the number of threads.  Errors: RPM_INVALID_ARGUMENT (antenna inside a building or below ground, ends
 * together, depth, samples), RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY, RPM_CANCELLED.
 */
rpm_code	rpm_trace_paths(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, rpm_vec3 receiver,
							const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths, rpm_status *status);
/*
 * The same to `count` points, with rays from the antenna only, launched once: paths[i] to receivers[i], each the caller's to free
 * (all are empty after an error, which names the receiver from 0).
 */
rpm_code	rpm_trace_paths_to(const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna, const rpm_vec3 *receivers,
							   size_t count, const rpm_trace_options *options, rpm_control *control, rpm_path_list *paths,
							   rpm_status *status);
void		rpm_path_list_free(rpm_path_list *paths);

/* |field . p|^2 for the receive polarisation: unit vectors across the arrival direction, at slant_rad from vertical. */
double		rpm_path_gain(const rpm_path *path, double slant_rad);
/* |field|^2: both receive polarisations. */
double		rpm_path_total_gain(const rpm_path *path);

/* Whether the point lies inside a building (an odd number of surfaces above and beside it) and which: index, or RPM_NO_BUILDING. */
int32_t		rpm_building_at(const rpm_scene *scene, const rpm_query *query, rpm_vec3 point);

#ifdef __cplusplus
}
#endif
#endif
