/*
 * map_internal.h: what the parts of the radio map share.
 *
 * map_trace.c checks, runs the two parts and adds them; map_surface.c is the surface of the receivers; map_points.c evaluates what has
 * a closed form at points of each cell, with map_reflection.c, map_diffraction.c, over_roofs.c and map_sum.c; map_launch.c launches rays
 * for the rest.
 */
#ifndef RPM_MAP_INTERNAL_H
#define RPM_MAP_INTERNAL_H

#include "rpm_coefficient_table.h"
#include "rpm_em.h"
#include "rpm_trace.h"
#include "trace/leg.h"
#include "trace/occluders.h"
#include "trace/roof_profile.h"
#include "trace/visibility.h"

/* The surface that receivers lie on: z = height + ground(x, y). */
typedef struct rpm_map_surface
{
	const rpm_scene *scene;
	double		height_m;
	bool		flat;			/* one plane, z_low = z_high */
	double		z_low, z_high;	/* local */
	double		step_m;			/* of a march over a surface that is not flat */
} rpm_map_surface;

struct rpm_map_device;

typedef struct rpm_map_job
{
	const rpm_scene *scene;
	const rpm_query *query;
	const rpm_antenna *antenna;
	const rpm_grid *grid;
	const rpm_trace_options *options;
	rpm_control *control;
	const struct rpm_map_device *device; /* NULL: all is done here */
	double		wavelength_m, wave_number;
	double		spreading2;		/* (lambda / 4 pi)^2 */
	double		cell_area_m2;
	int			points;			/* per cell side */
	size_t		cell_count;
	rpm_material *materials;	/* scene->materials with the scattering strength in them */
	rpm_coefficient_table *tables; /* one per material */
	double	   *specular_share;	/* per material: sqrt(1 - S^2) */
	rpm_map_surface surface;
	rpm_visible_set visible;	/* from the antenna */
	rpm_occluders occluders;
	rpm_roofs  *roofs;			/* around the antenna; NULL: without RPM_BEHIND_ROOFS and building entry */
	struct rpm_roof_mirrors *roof_mirrors;	/* with RPM_ROOF_REFLECTION */
	bool		exact_reflection, exact_diffraction, exact_transmission;
	bool		exact_chains;	/* rays find chains of mirrors, which are then exact */
	bool		mirrors_at_points;	/* first reflections are the points' business, not that of chains */
	bool		sum_fields;		/* of diffraction with the rays it bounds */
	bool		launch;			/* something is left for rays */
	double	   *gain;			/* cells: the exact part, then the whole */
	float	   *outdoor_share;	/* cells: 0 to 1; all 1 for RPM_AVERAGE_CELL */
	double	   *batch, *sum, *sum2;	/* cells: deposits of one batch of rays, sums over batches of them and of their squares */
	double	   *chain_variance;	/* cells: of what chains of mirrors bring; NULL without them */
	int64_t		chain_samples, samples;	/* rays to find chains with, and for the rest */
	int64_t		launched;
	double		reached_error_db;
} rpm_map_job;

rpm_map_surface rpm_map_surface_of(const rpm_scene *scene, const rpm_grid *grid);
RPM_SHARED double rpm_map_surface_z(const rpm_map_surface *surface, double x, double y);

/* Called for each crossing: the point and |df/ds|, the rate at which a unit length of ray passes through the surface's height. */
typedef void (*rpm_map_crossing) (void *context, double x, double y, double rate);

/* The crossings of the surface along origin + t direction, 0 < t < length (may be INFINITY). */
RPM_SHARED void rpm_map_surface_cross(const rpm_map_surface *surface, rpm_vec3 origin, rpm_vec3 direction, double length,
								  rpm_map_crossing crossing, void *context);

/* Whether nothing lies above the point. */
RPM_SHARED bool rpm_map_outdoors(const rpm_map_job *job, rpm_vec3 point);

/* The exact part: fills gain and outdoor_share. */
rpm_code	rpm_map_points(rpm_map_job *job, rpm_status *status);

/* The launched part: fills sum, sum2, launched and reached_error_db.  Returns through *batches how many batches there were. */
rpm_code	rpm_map_launch(rpm_map_job *job, int *batches, rpm_status *status);

/* The variance of a cell, by chains and by the sums of so many batches; the error of cells above the floor, dB, with `gain`, which chains are in, and the sums of so many batches. */
double		rpm_map_variance(const rpm_map_job *job, size_t cell, int batches);
double		rpm_map_error_db(const rpm_map_job *job, const double *gain, int batches);

/* Cells column_low <= column <= column_high, row_low <= row <= row_high: the hull of their receivers, and a ball around it. */
typedef struct rpm_map_block
{
	int			column_low, row_low, column_high, row_high;
	rpm_vec3	corners[RPM_HULL_CORNERS];
	int			corner_count;
	rpm_vec3	centre;
	double		radius;
} rpm_map_block;

/* Fills the place of a block of cells. */
RPM_SHARED void rpm_map_block_place(const rpm_map_job *job, rpm_map_block *block);

/* A facet that mirrors the antenna onto the cells column_low <= column <= column_high, row_low <= row <= row_high. */
typedef struct rpm_map_mirror
{
	int32_t		facet;
	rpm_vec3	image;
	double		height;			/* signed distance of the antenna from the plane */
	bool		narrow;			/* its light may fall between the points of a cell */
	int			column_low, column_high, row_low, row_high;
} rpm_map_mirror;

/* The mirrors of all visible facets that reach the grid; *mirrors is the caller's to free. */
rpm_code	rpm_map_mirrors(const rpm_map_job *job, rpm_map_mirror **mirrors, size_t *count, rpm_status *status);
/* What was in the way last before the mirror and after it. */
typedef struct rpm_map_mirror_blockers { uint32_t before, after; } rpm_map_mirror_blockers;

/* Whether the mirror may throw light on some point of the block. */
bool		rpm_map_mirror_reaches(const rpm_map_job *job, const rpm_map_mirror *mirror, const rpm_map_block *block,
								   const rpm_map_mirror_blockers *blockers);
/* The field at `point` by way of the mirror, lambda / 4 pi, spreading and phase included; false where there is none. */
RPM_SHARED bool rpm_map_mirror_field(const rpm_map_job *job, const rpm_map_mirror *mirror, rpm_vec3 point, rpm_map_mirror_blockers *blockers,
								 rpm_cvec3 *field);

/* Stretches of an edge that the antenna sees; an edge in more pieces is looked at again for each point. */
#define RPM_MAP_EDGE_STRETCHES 6

/* A wedge with the antenna's place in its axes. */
typedef struct rpm_map_edge
{
	int32_t		wedge;
	rpm_vec3	start, direction, normal_0, normal_n;	/* the wedge's; normals of its faces, to the outside */
	double		length_m;
	bool		crease;			/* of the ground, over which RPM_OVER_ROOFS has the field near its shadow */
	double		along, away;	/* of the antenna: along the edge from its start, away from its line */
	rpm_vec3	lift;			/* from the edge's line to where its legs are looked at */
	int			stretch_count;	/* RPM_MAP_EDGE_STRETCHES + 1: too many to be kept */
	double		stretch[RPM_MAP_EDGE_STRETCHES][2];	/* places along the edge, metres from its start */
} rpm_map_edge;

/* A diffracted field at a point and how much of it belongs to the three rays that the wedge bounds. */
typedef struct rpm_map_diffracted
{
	int32_t		wedge, facet_0, facet_n;
	rpm_cvec3	field;
	double		direct, face_0, face_n;	/* weights; the sum of squares is at most 1 */
} rpm_map_diffracted;

rpm_code	rpm_map_edges(const rpm_map_job *job, rpm_map_edge **edges, size_t *count, rpm_status *status);
/* Whether the edge may diffract to some point of the block; blocker: what hid a point from it last, or RPM_NO_BLOCKER. */
RPM_SHARED bool rpm_map_edge_reaches(const rpm_map_job *job, const rpm_map_edge *edge, const rpm_map_block *block, uint32_t blocker);
/*
 * The rays over the edge to `point`, and metres from the antenna to the edge and on; false where there are none.  *blocker is what hid a
 * point from it last, or RPM_NO_BLOCKER; NULL where job has no occluders.
 */
RPM_SHARED bool rpm_map_edge_rays(const rpm_map_job *job, const rpm_map_edge *edge, rpm_vec3 point, uint32_t *blocker, rpm_wedge_rays *rays,
							  double *s_in, double *s_out);
/* Which shares of a diffracted field belong to its three boundaries, by nearness: all of it to the one that the point is on. */
RPM_SHARED void rpm_map_edge_shares(const rpm_diffraction *d, rpm_map_diffracted *diffracted);
/* The diffracted field at `point`; false where there is none. */
RPM_SHARED bool rpm_map_edge_field(const rpm_map_job *job, const rpm_map_edge *edge, rpm_vec3 point, uint32_t *blocker,
							   rpm_map_diffracted *diffracted);

/* Mechanisms that need job->roofs. */
#define RPM_BEHIND_ROOFS (RPM_OVER_ROOFS | RPM_AROUND_CORNERS | RPM_ROOF_REFLECTION)

/*
 * What comes over several roofs to a point outdoors, around corners, and so with one reflection, and the bound of clutter loss; 0 without
 * job->roofs.  Where a second edge comes into the way of an edge's diffracted field, that field fades out of `diffracted`, as it fades in here.
 * rays_power: of the rays that reach the point; what is lost among them is left out.  *direct_left: what creases of the ground leave of the
 * straight ray's field.
 */
RPM_SHARED double rpm_map_over_roofs(const rpm_map_job *job, rpm_vec3 point, double rays_power, rpm_map_diffracted *diffracted, int count,
									 double *direct_left);

/* The way over the roofs to a point: where it leaves the antenna, the power of the band alone and that of the bound. */
typedef struct rpm_map_roof_way
{
	rpm_vec3	departure;
	double		band_power, bound_power;
	rpm_band	band;
} rpm_map_roof_way;

/* The same in parts, over every building but one (RPM_EVERY_BUILDING); false where the point is in sight.  Takes job->roofs and tables. */
bool		rpm_map_roof_way_find(const rpm_map_job *job, rpm_vec3 point, int32_t but, rpm_map_roof_way *way);
/* What the band leaves of the amplitude of a wedge's own field; *share, 1 before the first wedge: what then counts of the band's power. */
double		rpm_map_roof_way_leaves(const rpm_map_job *job, const rpm_map_roof_way *way, int32_t wedge, double *share);

/* What would come to a point, directly or over roofs, were a building (by index) not there; and the elevation that it comes from. */
RPM_SHARED double rpm_map_power_before(const rpm_map_job *job, rpm_vec3 point, int32_t building, double *elevation_deg);

/* Fills cells that are NaN, which are indoors, by their building's entry loss. */
rpm_code	rpm_map_building_entry(rpm_map_job *job, rpm_status *status);

typedef struct rpm_map_reflected
{
	int32_t		facet;
	rpm_cvec3	field;
} rpm_map_reflected;

struct launch_task;
struct rpm_chain_boxes;
struct rpm_chain_finds;

/*
 * A GPU's hand in a map: these stand for the loops over cells and rays, whose results they leave where those would.  They see
 * job->control->stop and count what is done.
 */
typedef struct rpm_map_device
{
	void	   *context;
	/* gain and outdoor_share of all cells, from the mirrors and edges of rpm_map_mirrors and rpm_map_edges. */
	rpm_code	(*points) (void *context, const rpm_map_job *job, const rpm_map_mirror *mirrors, size_t mirror_count,
						   const rpm_map_edge *edges, size_t edge_count, rpm_status *status);
	/* A batch of rays: adds to job->batch, and where rays are noted to the task's directions. */
	rpm_code	(*launch) (void *context, const rpm_map_job *job, const struct launch_task *task, int64_t rays, rpm_status *status);
	/* A batch of rays that find chains of mirrors (rpm_chain_follow): finds->search is given, the rest is to be filled. */
	rpm_code	(*search) (void *context, const rpm_map_job *job, struct rpm_chain_finds *finds, rpm_status *status);
	/* What chains of mirrors bring to the cells around what they may light, as rpm_map_chain_look tells it of one. */
	rpm_code	(*chains) (void *context, const rpm_map_job *job, struct rpm_chain_boxes *boxes, rpm_status *status);
	/* What enters buildings, into the cells of gain that are NaN. */
	rpm_code	(*entry) (void *context, const rpm_map_job *job, rpm_status *status);
} rpm_map_device;

/* rpm_trace_map with a GPU's hand in it, which may be NULL. */
rpm_code	rpm_trace_map_on(const rpm_map_device *device, const rpm_scene *scene, const rpm_query *query, const rpm_antenna *antenna,
							 const rpm_grid *grid, const rpm_trace_options *options, rpm_control *control, rpm_map *map,
							 rpm_status *status);

/*
 * The power at a point, fields added within each geometric ray and the edges that bound it, as far as they are near its boundary:
 * |E_direct + sum w E|^2 + sum over faces |E_reflected + sum w E|^2 + sum (1 - w^2 - w_0^2 - w_n^2) |E|^2.
 */
RPM_SHARED double rpm_map_field_power(rpm_cvec3 direct, const rpm_map_reflected *reflected, int reflected_count,
								const rpm_map_diffracted *diffracted, int diffracted_count);

/*
 * rpm_leg_clear and rpm_leg_crossings do not look at the last RPM_LEG_END_M before either end; ends are moved out by as much where
 * nothing is to be overlooked: at receivers and antennas, which lie on no surface, and at reflections, whose own facet is named.
 */
RPM_INLINE rpm_vec3
rpm_map_leg_end(rpm_vec3 point, rpm_vec3 outwards)
{
	return rpm_along(point, RPM_LEG_END_M, outwards);
}

/* A small counter-based generator (SplitMix64): one stream per (seed, batch, ray). */
typedef struct rpm_random { uint64_t state; } rpm_random;

RPM_INLINE uint64_t
rpm_random_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

RPM_INLINE rpm_random
rpm_random_stream(uint64_t seed, uint64_t batch, uint64_t ray)
{
	rpm_random	random;

	random.state = rpm_random_mix(rpm_random_mix(rpm_random_mix(seed + UINT64_C(0x9e3779b97f4a7c15)) + batch) + ray);
	return random;
}

/* Uniform in [0, 1). */
RPM_INLINE double
rpm_random_next(rpm_random *random)
{
	random->state += UINT64_C(0x9e3779b97f4a7c15);
	return (double) (rpm_random_mix(random->state) >> 11) * 0x1p-53;
}

#endif
