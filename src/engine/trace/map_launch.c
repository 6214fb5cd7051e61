/*
 * map_launch.c: rays launched for what has no closed form: chains of reflections, those through walls, diffuse scattering.
 *
 * Two first batches, evenly spread and then better, learn which directions matter and are not counted; then each batch is an unbiased
 * estimate of its own and the spread between them the error of their mean.  A ray stands for a solid angle Omega; where it crosses
 * the receivers' surface in a cell of area A, at a rate c = |cos| of its angle to the vertical, it adds
 * |e|^2 Omega / (c A) (lambda / 4 pi)^2 to the cell's mean.  At a hit it splits into its mirrored, transmitted and one scattered part.
 */
#include <string.h>

#include "query/next_hit.h"
#include "trace/map_directions.h"

/* Batches: enough for a standard error; with a target for it, the steps in which it is approached. */
#define BATCHES 8
#define BATCHES_TO_TARGET 16
/* Batches that only learn; fewer rays than this are not worth learning with. */
#define BATCHES_TO_LEARN 2
#define RAYS_TO_LEARN 20000
#define RAYS_PER_PIECE 512
/* Of rays spread by distance this share is spread evenly. */
#define EVENLY_SPREAD 0.5
/* New rays start this far off their surface, on the side they leave to. */
#define SURFACE_OFFSET_M 1e-3
/* A ray that would add less than the floor / FLOOR_SHARE to a cell lives on with the probability that keeps the mean. */
#define FLOOR_SHARE 2.0
/* Of what a level ray would add, which grows without bound, so much is looked at: as much as of a ray this steep, |cos| to the vertical. */
#define STEEP_ENOUGH 0.02
/* Scattered rays that would go up from a wall above the receivers, or down from one below, are turned to them with this probability. */
#define TURN_TO_RECEIVERS 0.8
#define STACK_SIZE (2 * RPM_MAX_DEPTH + 4)

typedef struct map_ray
{
	rpm_vec3	origin, direction;
	rpm_cvec3	e;
	int32_t		own_facet;		/* on which it starts: a plane is not hit again from itself */
	bool		came_through;	/* own_facet: a party wall behind it is the same wall */
	int32_t		first_facet;	/* that mirrored it first */
	int16_t		depth, reflections, transmissions, scatterings;
} map_ray;

typedef struct launch_task
{
	rpm_map_job *job;
	rpm_map_directions *learning;	/* NULL: what rays are worth is not noted */
	rpm_map_aim aim;
	double		even_deposit;	/* Omega (lambda / 4 pi)^2 / A of a ray, were all samples evenly spread */
	double		full_power;		/* |e|^2 below which a ray plays roulette that is evenly spread and falls straight down */
	double		floor_gain;
} launch_task;

/* One launched ray on its way through rpm_map_surface_cross. */
typedef struct deposit_context
{
	const launch_task *task;
	double		solid_angle;	/* over that of a ray evenly spread */
	double		power;			/* |e|^2 */
	double		bin_share;		/* solid angle of its bin over that of equal bins */
	double		squared_worth;
} deposit_context;

static rpm_code launch_batch(launch_task *task, int64_t rays, rpm_status *status);
static void launch_range(void *context, int64_t begin, int64_t end, int thread);
RPM_INLINE void follow(const launch_task *task, int64_t index);
RPM_INLINE double look_as_far(const rpm_map_job *job, int depth, rpm_vec3 origin, rpm_vec3 direction);
RPM_INLINE bool next_surface(const rpm_map_job *job, const map_ray *ray, double limit, rpm_hit *hit);
RPM_INLINE bool counted_exactly(const rpm_map_job *job, const map_ray *ray);
RPM_INLINE void deposit(void *context, double x, double y, double rate);
RPM_INLINE int	split(const deposit_context *launched, const map_ray *ray, const rpm_hit *hit, rpm_random *random, map_ray *children);
RPM_INLINE bool scatter(const map_ray *ray, const rpm_material *material, rpm_interface wall, rpm_vec3 normal, double toward, rpm_random *random,
					rpm_vec3 *direction, rpm_cvec3 *e);
RPM_INLINE rpm_vec3 draw_scattered(const rpm_material *material, rpm_vec3 k, rpm_vec3 normal, rpm_random *random);
RPM_INLINE double scattered_density(const rpm_material *material, rpm_vec3 k, rpm_vec3 normal, rpm_vec3 direction);
RPM_INLINE map_ray child_of(const map_ray *ray, int32_t facet, rpm_vec3 origin, rpm_vec3 direction, rpm_cvec3 e);
RPM_INLINE rpm_vec3 lobe_direction(rpm_vec3 axis, double cosine, double turn);
RPM_INLINE double lives_on(const deposit_context *launched, int depth, rpm_vec3 origin, rpm_vec3 direction, double power, rpm_random *random);
static void fold_batch(rpm_map_job *job, int batches);

#ifndef RPM_KERNEL
rpm_code
rpm_map_launch(rpm_map_job *job, int *batches, rpm_status *status)
{
	const rpm_trace_options *options = job->options;
	bool		to_target = options->target_error_db > 0;
	int			counted = to_target ? BATCHES_TO_TARGET : BATCHES;
	int			learning = job->samples >= RAYS_TO_LEARN ? BATCHES_TO_LEARN : 0, planned = counted + learning;
	rpm_map_directions directions;
	launch_task task = {.job = job, .floor_gain = pow(10, options->error_floor_db / 10)};
	rpm_code	code = rpm_map_directions_create(job->samples / planned, job->control, &directions, status);

	/* Where all is left to rays, those that go far take long and bring no more for it (docs/speed.md). */
	if (code == RPM_OK && job->exact_chains)
		code = rpm_map_directions_by_distance(job, EVENLY_SPREAD, 1, &directions, status);
	*batches = 0;
	task.aim = (rpm_map_aim) {.directions = &directions, .seed = options->seed};
	task.even_deposit = 4 * RPM_PI / (double) job->samples * job->spreading2 / job->cell_area_m2;
	task.full_power = task.floor_gain / FLOOR_SHARE / task.even_deposit;
	for (int i = 0; i < planned && code == RPM_OK; i++)
	{
		int64_t		rays = job->samples / planned + (i < job->samples % planned);

		if (rays == 0)
			break;
		task.learning = i < learning ? &directions : NULL;
		code = launch_batch(&task, rays, status);
		if (code != RPM_OK)
			break;
		if (task.learning)
		{
			rpm_map_directions_learn(&directions);
			continue;
		}
		fold_batch(job, ++*batches);
		if (to_target && *batches > 1 && job->reached_error_db <= options->target_error_db)
			break;
	}
	rpm_map_directions_free(&directions);
	return code;
}

static rpm_code
launch_batch(launch_task *task, int64_t rays, rpm_status *status)
{
	rpm_map_job *job = task->job;
	rpm_random	random;

	task->aim.batch++;
	task->aim.rays = rays;
	random = rpm_random_stream(task->aim.seed, task->aim.batch, UINT64_MAX);
	task->aim.shift = rpm_random_next(&random);
	memset(job->batch, 0, job->cell_count * sizeof(double));
	job->launched += rays;
	if (job->device != NULL)
		return job->device->launch(job->device->context, job, task, rays, status);
	return rpm_parallel_for(job->control, rays, RAYS_PER_PIECE, launch_range, task, status);
}

static void
launch_range(void *context, int64_t begin, int64_t end, int thread)
{
	const launch_task *task = context;

	(void) thread;
	for (int64_t i = begin; i < end && !rpm_stopped(task->job->control); i++)
		follow(task, i);
	rpm_phase_add(task->job->control, end - begin);
}
#endif

/* One launched ray with all that it splits into. */
RPM_INLINE void
follow(const launch_task *task, int64_t index)
{
	rpm_map_job *job = task->job;
	const rpm_map_directions *directions = task->aim.directions;
	rpm_random	random = rpm_random_stream(task->aim.seed, task->aim.batch, (uint64_t) index);
	deposit_context context = {.task = task};
	map_ray		stack[STACK_SIZE];
	int			height = 1;
	bool		first = true;
	size_t		bin;

	memset(&stack[0], 0, sizeof(map_ray));
	stack[0].origin = job->antenna->position;
	stack[0].direction = rpm_map_direction(&task->aim, index, &bin, &context.solid_angle);
	context.solid_angle *= (double) job->samples / (4 * RPM_PI);
	context.bin_share = rpm_map_bin_solid_angle(directions, bin) * directions->side_z * directions->side_azimuth / (4 * RPM_PI);
	stack[0].own_facet = stack[0].first_facet = RPM_NO_FACET;
	while (height > 0)
	{
		map_ray		ray = stack[--height];
		double		limit = look_as_far(job, ray.depth, ray.origin, ray.direction);
		rpm_hit		hit;
		bool		hits = next_surface(job, &ray, limit, &hit);

		if (!counted_exactly(job, &ray))
		{
			context.power = rpm_cvec_norm2(ray.e);
			rpm_map_surface_cross(&job->surface, ray.origin, ray.direction, hits ? hit.t : INFINITY, deposit, &context);
		}
		if (!hits || ray.depth >= job->options->max_depth)
			continue;
		if (first)
			ray.e = rpm_antenna_field(job->antenna, ray.direction);
		first = false;
		height += split(&context, &ray, &hit, &random, &stack[height]);
	}
	if (task->learning)
		rpm_map_directions_note(task->learning, bin, context.squared_worth);
}

/* How far the next surface is of interest: that of a last leg only before the receivers, and not at all (0) where it does not come to them. */
RPM_INLINE double
look_as_far(const rpm_map_job *job, int depth, rpm_vec3 origin, rpm_vec3 direction)
{
	const rpm_grid *grid = job->grid;
	double		t, column, row;

	if (depth < job->options->max_depth || !job->surface.flat)
		return INFINITY;
	t = (job->surface.z_low - origin.z) / direction.z;
	if (!(t > 0))
		return 0;
	column = (origin.x + t * direction.x - grid->west) / grid->cell_width_m;
	row = (grid->north - origin.y - t * direction.y) / grid->cell_height_m;
	return column >= 0 && column < grid->columns && row >= 0 && row < grid->rows ? t : 0;
}

RPM_INLINE bool
next_surface(const rpm_map_job *job, const map_ray *ray, double limit, rpm_hit *hit)
{
	rpm_ray		query = {{(float) ray->origin.x, (float) ray->origin.y, (float) ray->origin.z},
	{(float) ray->direction.x, (float) ray->direction.y, (float) ray->direction.z}, 0, (float) limit};

	while (rpm_query_next(job->query, &query, hit))
	{
		int32_t		facet = job->scene->triangles[hit->triangle].facet;

		if (facet != ray->own_facet
			&& !(ray->came_through && rpm_is_party_wall(job->scene, ray->own_facet, facet, hit->t, ray->direction)))
			return true;
	}
	return false;
}

/* Straight rays and first reflections at facets known to be visible are the points' business; mirrors alone may be that of chains. */
RPM_INLINE bool
counted_exactly(const rpm_map_job *job, const map_ray *ray)
{
	if (ray->scatterings > 0)
		return false;
	if (job->exact_chains && ray->transmissions == 0)
		return true;
	return ray->reflections == 0
		|| (ray->reflections == 1 && ray->transmissions == 0 && job->visible.facet_seen[ray->first_facet]);
}

RPM_INLINE void
deposit(void *context, double x, double y, double rate)
{
	deposit_context *ray = (deposit_context *) context;
	rpm_map_job *job = ray->task->job;
	const rpm_grid *grid = job->grid;
	double		column = floor((x - grid->west) / grid->cell_width_m), row = floor((grid->north - y) / grid->cell_height_m);
	size_t		cell;
	double		amount, worth;
	float		share;

	if (!(column >= 0 && column < grid->columns && row >= 0 && row < grid->rows) || rate < 1e-9)
		return;
	cell = (size_t) row * (size_t) grid->columns + (size_t) column;
	share = job->outdoor_share[cell];
	if (share == 0)
		return;
	if (share < 1 && !rpm_map_outdoors(job, rpm_vec(x, y, rpm_map_surface_z(&job->surface, x, y))))
		return;
	amount = ray->power * ray->task->even_deposit / (rate * share);
	rpm_map_add(&job->batch[cell], amount * ray->solid_angle);
	if (ray->task->learning == NULL)
		return;
	worth = fmin(1, amount * ray->bin_share / (job->gain[cell] + ray->task->floor_gain));
	ray->squared_worth += worth * worth;
}

/* The mirrored, transmitted and scattered parts of a ray at its hit; returns how many live on. */
RPM_INLINE int
split(const deposit_context *launched, const map_ray *ray, const rpm_hit *hit, rpm_random *random, map_ray *children)
{
	const rpm_map_job *job = launched->task->job;
	const rpm_triangle *triangle = &job->scene->triangles[hit->triangle];
	const rpm_material *material = &job->materials[triangle->material];
	unsigned	mechanisms = job->options->mechanisms;
	rpm_vec3	normal = job->scene->facets[triangle->facet].normal, point = rpm_along(ray->origin, hit->t, ray->direction);
	double		cosine = -rpm_dot(ray->direction, normal), factor, share = job->specular_share[triangle->material];
	rpm_vec3	before, behind, direction;
	rpm_incidence incidence;
	rpm_interface wall;
	rpm_cvec3	e;
	int			count = 0;

	if (cosine < 0)
	{
		normal = rpm_scale(normal, -1);
		cosine = -cosine;
	}
	wall = rpm_coefficient_lookup(&job->tables[triangle->material], cosine);
	incidence = rpm_incidence_of(ray->e, ray->direction, normal);
	before = rpm_along(point, SURFACE_OFFSET_M, normal);
	behind = rpm_along(point, -SURFACE_OFFSET_M, normal);
	if (mechanisms & RPM_REFRACTION
		&& (factor = lives_on(launched, ray->depth + 1, behind, ray->direction, rpm_incidence_transmitted_norm2(&incidence, wall), random)) > 0)
	{
		e = rpm_cvec_scale(rpm_incidence_transmitted(&incidence, wall), factor);
		children[count] = child_of(ray, triangle->facet, behind, ray->direction, e);
		children[count].came_through = true;
		children[count++].transmissions++;
	}
	if (mechanisms & RPM_SCATTERING && material->scattering_coefficient > 0
		&& scatter(ray, material, wall, normal, job->surface.z_low < point.z ? -1 : 1, random, &direction, &e)
		&& (factor = lives_on(launched, ray->depth + 1, before, direction, rpm_cvec_norm2(e), random)) > 0)
	{
		children[count] = child_of(ray, triangle->facet, before, direction, rpm_cvec_scale(e, factor));
		children[count++].scatterings++;
	}
	direction = rpm_unit(rpm_mirror_direction(ray->direction, normal));
	if (mechanisms & RPM_REFLECTION
		&& (factor = lives_on(launched, ray->depth + 1, before, direction, share * share * rpm_incidence_reflected_norm2(&incidence, wall), random)) > 0)
	{
		e = rpm_cvec_scale(rpm_incidence_reflected(&incidence, direction, wall), share * factor);
		children[count] = child_of(ray, triangle->facet, before, direction, e);
		if (children[count].reflections++ == 0)
			children[count].first_facet = triangle->facet;
		count++;
	}
	return count;
}

RPM_INLINE map_ray
child_of(const map_ray *ray, int32_t facet, rpm_vec3 origin, rpm_vec3 direction, rpm_cvec3 e)
{
	map_ray		child = *ray;

	child.origin = origin;
	child.direction = direction;
	child.e = e;
	child.own_facet = facet;
	child.came_through = false;
	child.depth++;
	return child;
}

/*
 * One scattered ray, its power weighed by f_s / density.  toward: -1 where the receivers are below, 1 above.  A direction that goes away from them is
 * turned over (z to -z) with the probability TURN_TO_RECEIVERS where that is in front of the wall, and so those towards them are the denser.
 */
RPM_INLINE bool
scatter(const map_ray *ray, const rpm_material *material, rpm_interface wall, rpm_vec3 normal, double toward, rpm_random *random,
		rpm_vec3 *direction, rpm_cvec3 *e)
{
	rpm_vec3	drawn = draw_scattered(material, ray->direction, normal, random), turned = rpm_vec(drawn.x, drawn.y, -drawn.z);
	bool		may_turn = drawn.z * toward < 0 && rpm_dot(turned, normal) > 1e-9;
	double		density;

	if (may_turn && rpm_random_next(random) < TURN_TO_RECEIVERS)
	{
		rpm_vec3	before = drawn;

		drawn = turned;
		turned = before;
	}
	if (rpm_dot(drawn, normal) <= 1e-9)
		return false;
	density = scattered_density(material, ray->direction, normal, drawn);
	if (drawn.z * toward > 0)
		density += TURN_TO_RECEIVERS * scattered_density(material, ray->direction, normal, turned);
	else if (may_turn)
		density *= 1 - TURN_TO_RECEIVERS;
	if (density <= 0)
		return false;
	*direction = drawn;
	*e = rpm_cvec_scale(rpm_scatter_field(material, wall, ray->e, ray->direction, drawn, normal), 1 / sqrt(density));
	return true;
}

/* A direction drawn by the cosine (Lambertian) or from the lobes, which reach behind the wall. */
RPM_INLINE rpm_vec3
draw_scattered(const rpm_material *material, rpm_vec3 k, rpm_vec3 normal, rpm_random *random)
{
	double		u = rpm_random_next(random), turn = 2 * RPM_PI * rpm_random_next(random), which = rpm_random_next(random);
	bool		forwards = material->scattering_pattern == RPM_SCATTERING_DIRECTIVE || which < material->scattering_lambda;

	if (material->scattering_pattern == RPM_SCATTERING_LAMBERTIAN)
		return lobe_direction(normal, sqrt(1 - u), turn);
	/* ((1 + cos) / 2)^alpha over the whole sphere has the density (alpha + 1) / 4 pi and is drawn by u^(1 / (alpha + 1)). */
	return lobe_direction(forwards ? rpm_mirror_direction(k, normal) : rpm_scale(k, -1),
						  2 * pow(1 - u, 1.0 / ((forwards ? material->scattering_alpha_r : material->scattering_alpha_i) + 1)) - 1, turn);
}

/* The density of what is drawn, per steradian. */
RPM_INLINE double
scattered_density(const rpm_material *material, rpm_vec3 k, rpm_vec3 normal, rpm_vec3 direction)
{
	double		share = material->scattering_pattern == RPM_SCATTERING_DIRECTIVE ? 1 : material->scattering_lambda;
	int			alpha_r = material->scattering_alpha_r, alpha_i = material->scattering_alpha_i;

	if (material->scattering_pattern == RPM_SCATTERING_LAMBERTIAN)
		return fmax(0, rpm_dot(direction, normal)) / RPM_PI;
	return (share * (alpha_r + 1) * pow(fmax(0, 1 + rpm_dot(rpm_mirror_direction(k, normal), direction)) / 2, alpha_r)
			+ (1 - share) * (alpha_i + 1) * pow(fmax(0, 1 - rpm_dot(k, direction)) / 2, alpha_i)) / (4 * RPM_PI);
}

/* The unit vector at an angle of the given cosine from the axis, turned about it. */
RPM_INLINE rpm_vec3
lobe_direction(rpm_vec3 axis, double cosine, double turn)
{
	rpm_vec3	across = rpm_any_perpendicular(axis), other = rpm_cross(axis, across);
	double		sine = sqrt(fmax(0, 1 - cosine * cosine));

	return rpm_unit(rpm_along(rpm_along(rpm_scale(axis, cosine), sine * cos(turn), across), sine * sin(turn), other));
}

/*
 * Roulette: where a ray would add less to a cell than it takes to be followed for certain, it lives on with the probability q that this is a
 * share of that and then counts for 1 / q rays.  Returns by what its field grows, sqrt(1 / q); 0: it ends here.
 */
RPM_INLINE double
lives_on(const deposit_context *launched, int depth, rpm_vec3 origin, rpm_vec3 direction, double power, rpm_random *random)
{
	double		worth = power * launched->solid_angle, full = launched->task->full_power * fmax(STEEP_ENOUGH, fabs(direction.z));

	if (look_as_far(launched->task->job, depth, origin, direction) <= 0)
		return 0;
	if (worth >= full)
		return 1;
	if (!(worth > 0) || rpm_random_next(random) * full >= worth)
		return 0;
	return sqrt(full / worth);
}

#ifndef RPM_KERNEL
/* Adds the batch to the sums and judges the error of the mean. */
static void
fold_batch(rpm_map_job *job, int batches)
{
	for (size_t i = 0; i < job->cell_count; i++)
	{
		job->sum[i] += job->batch[i];
		job->sum2[i] += job->batch[i] * job->batch[i];
	}
	if (batches > 1)
		job->reached_error_db = rpm_map_error_db(job, job->gain, batches);
}

double
rpm_map_variance(const rpm_map_job *job, size_t cell, int batches)
{
	double		mean, variance = job->chain_variance != NULL ? job->chain_variance[cell] : 0;

	if (batches < 2)
		return variance;
	mean = job->sum[cell] / batches;
	return variance + fmax(0, job->sum2[cell] / batches - mean * mean) / (batches - 1);
}

double
rpm_map_error_db(const rpm_map_job *job, const double *gain, int batches)
{
	double		floor_gain = pow(10, job->options->error_floor_db / 10), squares = 0;
	size_t		judged = 0;

	for (size_t i = 0; i < job->cell_count; i++)
	{
		double		all = gain[i] + (batches > 0 ? job->sum[i] / batches : 0);

		if (!(all > floor_gain))
			continue;
		squares += rpm_map_variance(job, i, batches) / (all * all);
		judged++;
	}
	return judged > 0 ? 10 / log(10) * sqrt(squares / (double) judged) : 0;
}
#endif
