/*
 * map_diffraction.c: diffraction at one wedge, for all wedges that the antenna sees.
 */
#include "trace/map_internal.h"

#include <stdlib.h>

/* At this transition argument k L a the transition function is within 1 % of 1: the diffracted ray stands for itself. */
#define TRANSITION_END 10.0
/* Legs are looked at from this far off the edge, half way between its faces: an edge that stands on a neighbour's wall looks into no
 * room behind it. */
#define LIFT_M 0.01
/* What the antenna sees of an edge is looked at in steps of this, at least and at most so many, and cut to this. */
#define STRETCH_STEP_M 0.5
#define STRETCH_STEPS_MIN 4
#define STRETCH_STEPS_MAX 400
#define STRETCH_INSET 1e-3
#define STRETCH_END_M 0.01

typedef struct edges_task
{
	const rpm_map_job *job;
	rpm_map_edge *edges;		/* one per visible wedge */
} edges_task;

static void prepare_edges(void *context, int64_t begin, int64_t end, int thread);
static void find_stretches(const rpm_map_job *job, rpm_map_edge *edge);
static double where_it_turns(const rpm_map_job *job, const rpm_map_edge *edge, double before, double after, bool then);
RPM_INLINE bool antenna_sees(const rpm_map_job *job, const rpm_map_edge *edge, double place);
RPM_INLINE bool in_stretch(const rpm_map_job *job, const rpm_map_edge *edge, double place);
RPM_LOCAL bool to_stretches(const rpm_map_edge *edge, double *low, double *high);
static bool hidden_from(const rpm_map_job *job, const rpm_map_edge *edge, double low, double high, const rpm_map_block *block,
						uint32_t blocker);
RPM_INLINE bool leaves_edge(const rpm_map_job *job, const rpm_map_edge *edge, rpm_vec3 lifted, rpm_vec3 end, uint32_t *blocker);
RPM_LOCAL double crease_left(const rpm_map_job *job, const rpm_wedge_rays *rays, double s_in, double s_out);
RPM_INLINE double keller_point(const rpm_map_edge *edge, double along, double away);
RPM_INLINE bool outside(const rpm_map_edge *edge, rpm_vec3 point);
RPM_INLINE void place_at(const rpm_map_edge *edge, rpm_vec3 point, double *along, double *away);
RPM_INLINE double closeness(double transition);
RPM_INLINE double lesser(double a, double b);
RPM_INLINE double greater(double a, double b);

#ifndef RPM_KERNEL
rpm_code
rpm_map_edges(const rpm_map_job *job, rpm_map_edge **edges, size_t *count, rpm_status *status)
{
	edges_task	task = {job, NULL};
	rpm_code	code;

	*count = 0;
	*edges = task.edges = calloc(job->visible.wedge_count + 1, sizeof(rpm_map_edge));
	if (*edges == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "no memory for %zu visible edges", job->visible.wedge_count);
	code = rpm_parallel_for(job->control, (int64_t) job->visible.wedge_count, 16, prepare_edges, &task, status);
	for (size_t i = 0; i < job->visible.wedge_count && code == RPM_OK; i++)
		if (task.edges[i].stretch_count > 0)
			task.edges[(*count)++] = task.edges[i];
	return code;
}

static void
prepare_edges(void *context, int64_t begin, int64_t end, int thread)
{
	const edges_task *task = context;
	const rpm_map_job *job = task->job;

	(void) thread;
	for (int64_t i = begin; i < end && !rpm_stopped(job->control); i++)
	{
		rpm_map_edge *edge = &task->edges[i];
		const rpm_wedge *wedge = &job->scene->wedges[job->visible.wedges[i]];

		edge->wedge = job->visible.wedges[i];
		edge->start = wedge->start;
		edge->direction = wedge->direction;
		edge->length_m = wedge->length_m;
		edge->crease = job->roofs != NULL && job->options->mechanisms & RPM_OVER_ROOFS && rpm_wedge_is_crease(wedge);
		edge->normal_0 = wedge->normal_0;
		edge->normal_n = rpm_sub(rpm_scale(wedge->tangent_0, sin(wedge->n_pi)), rpm_scale(wedge->normal_0, cos(wedge->n_pi)));
		edge->lift = rpm_add(rpm_scale(wedge->tangent_0, LIFT_M * cos(wedge->n_pi / 2)),
							 rpm_scale(wedge->normal_0, LIFT_M * sin(wedge->n_pi / 2)));
		place_at(edge, job->antenna->position, &edge->along, &edge->away);
		if (edge->away > RPM_LEG_END_M && !(edge->crease && !job->exact_reflection))
			find_stretches(job, edge);
	}
}

/* The stretches of the edge that the antenna sees, from places STRETCH_STEP_M apart, their ends to STRETCH_END_M by halving. */
static void
find_stretches(const rpm_map_job *job, rpm_map_edge *edge)
{
	double		length = job->scene->wedges[edge->wedge].length_m;
	int			steps = (int) fmin(fmax(ceil(length / STRETCH_STEP_M), STRETCH_STEPS_MIN), STRETCH_STEPS_MAX);
	bool		seen = false;

	for (int i = 0; i <= steps; i++)
	{
		/* The ends themselves lie on other walls: the outermost places are a little inside. */
		double		place = length * fmin(fmax((double) i / steps, STRETCH_INSET), 1 - STRETCH_INSET);
		bool		now = antenna_sees(job, edge, place);

		if (now != seen)
		{
			double		turn = i == 0 ? 0 : where_it_turns(job, edge, length * fmax((double) (i - 1) / steps, STRETCH_INSET), place, now);

			if (now && ++edge->stretch_count > RPM_MAP_EDGE_STRETCHES)
				return;
			edge->stretch[edge->stretch_count - 1][now ? 0 : 1] = turn;
		}
		seen = now;
	}
	if (seen)
		edge->stretch[edge->stretch_count - 1][1] = length;
}

/* Between two places of which only the second (then) or only the first is seen. */
static double
where_it_turns(const rpm_map_job *job, const rpm_map_edge *edge, double before, double after, bool then)
{
	while (after - before > STRETCH_END_M)
	{
		double		middle = (before + after) / 2;

		if (antenna_sees(job, edge, middle) == then)
			after = middle;
		else
			before = middle;
	}
	return (before + after) / 2;
}
#endif

RPM_INLINE bool
antenna_sees(const rpm_map_job *job, const rpm_map_edge *edge, double place)
{
	const rpm_wedge *wedge = &job->scene->wedges[edge->wedge];
	int32_t		own[2] = {wedge->facet_0, wedge->facet_n};

	return rpm_leg_clear(job->scene, job->query, job->antenna->position,
						 rpm_add(rpm_along(wedge->start, place, wedge->direction), edge->lift), own, 2);
}

RPM_INLINE bool
in_stretch(const rpm_map_job *job, const rpm_map_edge *edge, double place)
{
	if (edge->stretch_count > RPM_MAP_EDGE_STRETCHES)
		return antenna_sees(job, edge, place);
	for (int i = 0; i < edge->stretch_count; i++)
		if (place >= edge->stretch[i][0] && place <= edge->stretch[i][1])
			return true;
	return false;
}

/*
 * The diffraction point lies at a weighted mean of the two ends' places along the edge: it grows with the receiver's, and is monotonic
 * in its distance from the edge's line, so that the corners of both ranges bound it.
 */
RPM_SHARED bool
rpm_map_edge_reaches(const rpm_map_job *job, const rpm_map_edge *edge, const rpm_map_block *block, uint32_t blocker)
{
	double		along, away, near, far, low, high;
	int			inside = 0;

	place_at(edge, block->centre, &along, &away);
	near = greater(0, away - block->radius);
	far = away + block->radius;
	low = lesser(keller_point(edge, along - block->radius, near), keller_point(edge, along - block->radius, far));
	high = greater(keller_point(edge, along + block->radius, near), keller_point(edge, along + block->radius, far));
	if (!to_stretches(edge, &low, &high))
		return false;
	/* Behind both faces is a convex place. */
	for (int i = 0; i < block->corner_count; i++)
		inside += !outside(edge, block->corners[i]);
#ifdef RPM_KERNEL
	(void) job;
	(void) blocker;				/* not remembered there */
	return inside < block->corner_count;
#else
	return inside < block->corner_count && !hidden_from(job, edge, low, high, block, blocker);
#endif
}

/* Narrows the places to those that the antenna sees; false where there are none. */
RPM_LOCAL bool
to_stretches(const rpm_map_edge *edge, double *low, double *high)
{
	double		first = INFINITY, last = -INFINITY;

	if (edge->stretch_count > RPM_MAP_EDGE_STRETCHES)
	{
		first = 0;
		last = edge->length_m;
	}
	else
		for (int i = 0; i < edge->stretch_count; i++)
			if (edge->stretch[i][0] <= *high && edge->stretch[i][1] >= *low)
			{
				first = lesser(first, edge->stretch[i][0]);
				last = greater(last, edge->stretch[i][1]);
			}
	*low = greater(*low, first);
	*high = lesser(*high, last);
	return *low <= *high;
}

#ifndef RPM_KERNEL
/* Whether the wall that was in the way last hides all of the block from the edge between two places. */
static bool
hidden_from(const rpm_map_job *job, const rpm_map_edge *edge, double low, double high, const rpm_map_block *block, uint32_t blocker)
{
	rpm_vec3	start = rpm_add(edge->start, edge->lift), ends[2];

	if (blocker == RPM_NO_BLOCKER)
		return false;
	ends[0] = rpm_along(start, low, edge->direction);
	ends[1] = rpm_along(start, high, edge->direction);
	return rpm_occluder_hides(&job->occluders, blocker, ends, 2, block->corners, block->corner_count, NULL);
}
#endif

RPM_SHARED bool
rpm_map_edge_rays(const rpm_map_job *job, const rpm_map_edge *edge, rpm_vec3 point, uint32_t *blocker, rpm_wedge_rays *rays,
				  double *s_in, double *s_out)
{
	const rpm_wedge *wedge = &job->scene->wedges[edge->wedge];
	double		along, away, place;
	rpm_vec3	on_edge, lifted, k_in, k_out;

	place_at(edge, point, &along, &away);
	place = keller_point(edge, along, away);
	if (place < 0 || place > edge->length_m || away < RPM_LEG_END_M || !outside(edge, point)
		|| !in_stretch(job, edge, place))
		return false;
	on_edge = rpm_along(edge->start, place, edge->direction);
	k_out = rpm_sub(point, on_edge);
	*s_out = rpm_norm(k_out);
	k_out = rpm_scale(k_out, 1 / *s_out);
	lifted = rpm_add(on_edge, edge->lift);
	if (!leaves_edge(job, edge, lifted, rpm_map_leg_end(point, k_out), blocker))
		return false;
	k_in = rpm_sub(on_edge, job->antenna->position);
	*s_in = rpm_norm(k_in);
	k_in = rpm_scale(k_in, 1 / *s_in);
	*rays = rpm_wedge_rays_of(wedge->direction, wedge->tangent_0, wedge->normal_0, wedge->n_pi, k_in, k_out);
	return true;
}

RPM_SHARED bool
rpm_map_edge_field(const rpm_map_job *job, const rpm_map_edge *edge, rpm_vec3 point, uint32_t *blocker, rpm_map_diffracted *diffracted)
{
	const rpm_wedge *wedge = &job->scene->wedges[edge->wedge];
	const rpm_facet *facets = job->scene->facets;
	int32_t		material_0 = facets[wedge->facet_0].material, material_n = facets[wedge->facet_n].material;
	double		s_in, s_out, left;
	rpm_wedge_rays rays;
	rpm_diffraction d;

	if (!rpm_map_edge_rays(job, edge, point, blocker, &rays, &s_in, &s_out))
		return false;
	left = edge->crease ? crease_left(job, &rays, s_in, s_out) : 1;
	if (!(left > 0))
		return false;
	d = rpm_wedge_field(&rays, s_in, s_out, job->wavelength_m, rpm_antenna_field(job->antenna, rays.k_in),
						rpm_coefficient_lookup(&job->tables[material_0], rays.cos_incidence_0),
						rpm_coefficient_lookup(&job->tables[material_n], rays.cos_incidence_n));
	d.reflected_part_0 = rpm_cvec_scale(d.reflected_part_0, job->specular_share[material_0]);
	d.reflected_part_n = rpm_cvec_scale(d.reflected_part_n, job->specular_share[material_n]);
	diffracted->wedge = edge->wedge;
	diffracted->facet_0 = wedge->facet_0;
	diffracted->facet_n = wedge->facet_n;
	diffracted->field = rpm_cvec_mul(rpm_diffraction_total(&d),
									 rpm_cx_scale(rpm_cx_phase(-job->wave_number * (s_in + s_out)),
												  left * sqrt(job->spreading2) * job->options->diffraction_scale));
	rpm_map_edge_shares(&d, diffracted);
	return true;
}

/*
 * Far from a crease's shadow its field closes the gap between its faces' reflections, and is nothing without these; near the shadow and behind,
 * the band has what comes over.
 */
RPM_LOCAL double
crease_left(const rpm_map_job *job, const rpm_wedge_rays *rays, double s_in, double s_out)
{
	double		turn = fabs(rays->phi_out - rays->phi_in) - RPM_PI;
	double		nu = rpm_knife_edge_parameter(2 * sin(turn / 2) * rays->sin_beta, s_in, s_out, job->wavelength_m);

	return 1 - rpm_smooth_step(2 * (nu + RPM_BAND_CLEAR_NU) / RPM_BAND_CLEAR_NU);
}

RPM_SHARED void
rpm_map_edge_shares(const rpm_diffraction *d, rpm_map_diffracted *diffracted)
{
	double		w = 1 / (d->transition_incident + 1e-12), w_0 = 1 / (d->transition_0 + 1e-12), w_n = 1 / (d->transition_n + 1e-12);
	double		all = w + w_0 + w_n;

	diffracted->direct = closeness(d->transition_incident) * sqrt(w / all);
	diffracted->face_0 = closeness(d->transition_0) * sqrt(w_0 / all);
	diffracted->face_n = closeness(d->transition_n) * sqrt(w_n / all);
}

/* Whether the leg from the edge is free; what was in the way last is looked at first. */
RPM_INLINE bool
leaves_edge(const rpm_map_job *job, const rpm_map_edge *edge, rpm_vec3 lifted, rpm_vec3 end, uint32_t *blocker)
{
	const rpm_wedge *wedge = &job->scene->wedges[edge->wedge];
	int32_t		own[2] = {wedge->facet_0, wedge->facet_n};
	uint32_t	triangle;

	if (blocker == NULL)
		return rpm_leg_clear(job->scene, job->query, lifted, end, own, 2);
	if (*blocker != RPM_NO_BLOCKER && rpm_occluder_hides_point(&job->occluders, *blocker, lifted, end))
		return false;
	if (rpm_leg_clear_or(job->scene, job->query, lifted, end, own, 2, &triangle))
		return true;
	*blocker = job->occluders.polygon_of[triangle];
	return false;
}

/* Keller's law by unfolding: the straight line between both ends once they are turned into one half-plane. */
RPM_INLINE double
keller_point(const rpm_map_edge *edge, double along, double away)
{
	return (edge->along * away + along * edge->away) / (edge->away + away);
}

RPM_INLINE void
place_at(const rpm_map_edge *edge, rpm_vec3 point, double *along, double *away)
{
	rpm_vec3	from = rpm_sub(point, edge->start);

	*along = rpm_dot(from, edge->direction);
	*away = sqrt(fmax(0, rpm_dot(from, from) - *along * *along));
}

/* Whether the point is not behind both faces: rpm_wedge_sees. */
RPM_INLINE bool
outside(const rpm_map_edge *edge, rpm_vec3 point)
{
	rpm_vec3	from = rpm_sub(point, edge->start);

	return rpm_dot(from, edge->normal_0) >= 0 || rpm_dot(from, edge->normal_n) >= 0;
}

/* 1 on the boundary, 0 from TRANSITION_END on, smooth between. */
RPM_INLINE double
closeness(double transition)
{
	double		u = fmin(transition / TRANSITION_END, 1);

	return (1 - u) * (1 - u) * (1 + 2 * u);
}

/* Not fmin and fmax, which are calls, for the sake of numbers that are none. */
RPM_INLINE double
lesser(double a, double b)
{
	return a < b ? a : b;
}

RPM_INLINE double
greater(double a, double b)
{
	return a > b ? a : b;
}
