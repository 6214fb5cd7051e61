/*
 * band.c: the rubber band over the edges of a profile, and the chain of it and of the edges near it from below (band.h).
 */
#include "trace/band_lower.h"
#include "trace/leg.h"

/* A chain has at least so many edges from below. */
#define LOWER_LEAST 1
/* Of corners close together the one over which the band bends less fades in between these nu. */
#define CLOSE_CORNER_NU 0.1
#define TWO_CORNERS_NU 0.2
/* Edges nearer to each other are one. */
#define TWIN_M 0.01

/* The ends and edges of a chain. */
typedef struct chain_line
{
	int			count;
	double		x[RPM_EDGES_MAX + 2], z[RPM_EDGES_MAX + 2], opacity[RPM_EDGES_MAX + 2];
	int			side[RPM_EDGES_MAX + 2];
	double		less[RPM_EDGES_MAX + 2];	/* by so much the way turns less, off the plane */
} chain_line;

RPM_LOCAL void stretch(const rpm_profile *p, rpm_band *s);
RPM_LOCAL void fade_close_corners(const rpm_profile *p, rpm_band *s);
RPM_LOCAL double pair_opacity(const rpm_profile *p, const rpm_band *s, int i);
RPM_LOCAL void drop_least_corner(const rpm_profile *p, rpm_band *s);
RPM_LOCAL void drop_corner(rpm_band *s, int i);
RPM_LOCAL void corner_parameters(const rpm_profile *p, rpm_band *s);
RPM_LOCAL void set_parameters(const rpm_profile *p, const rpm_band *s, rpm_band_corner *c, rpm_band_corner a, rpm_band_corner b);
RPM_LOCAL void way_lengths(const rpm_profile *p, const rpm_band *s, const rpm_band_corner *c, double *before, double *after);
RPM_LOCAL double shortest_over(rpm_band_corner *c, rpm_vec3 crossing);
RPM_LOCAL rpm_vec3 place(const rpm_profile *p, double x, double z);
RPM_LOCAL double length_of(double x, double z);
RPM_LOCAL double bend(double x0, double z0, double x1, double z1, double x2, double z2);
RPM_LOCAL void build_chain(const rpm_profile *p, rpm_band *s, const rpm_lower_edge *lower, int lower_count);
RPM_LOCAL void add_lower(chain_line *line, const rpm_lower_edge *lower, int lower_count, double from, double to);
RPM_LOCAL double corner_bend(const rpm_profile *p, const rpm_band *s, int i);

RPM_SHARED void
rpm_profile_add(rpm_profile *p, const rpm_profile_edge *edge, double x, double z)
{
	rpm_crossing crossing = {x, z, 0, edge, 1, 0, 1};
	double		height, zone;

	if (!(x > 0 && x < p->length) || length_of(x, z - p->z_begin) < RPM_LEG_END_M || length_of(p->length - x, z - p->z_end) < RPM_LEG_END_M)
		return;
	height = z - p->z_begin - (p->z_end - p->z_begin) * x / p->length;
	zone = sqrt(p->wavelength_m * x * (p->length - x) / (2 * p->length));
	if (height < -RPM_BAND_CLEAR_NU * zone)
		return;
	p->above = p->above || height > 0;
	p->creases = p->creases || rpm_edge_is_ground_crease(edge);
	rpm_profile_put(p, &crossing);
}

RPM_SHARED void
rpm_profile_put(rpm_profile *p, const rpm_crossing *crossing)
{
	if (p->count == RPM_PROFILE_MAX)
		return;
#ifdef RPM_KERNEL
	if (p->count == (int) p->bench.room)
	{
		*p->bench.too_many = 1;
		return;
	}
#endif
	p->between = p->between || (p->count > 0 && crossing->side != p->at[0].side);
	p->at[p->count++] = *crossing;
}

RPM_SHARED void
rpm_band_stretch(rpm_profile *p, rpm_band *band)
{
	band->corner_count = 0;
	if (p->between)
		rpm_band_between(p, band);
	else
		stretch(p, band);
	corner_parameters(p, band);
	band->length_m = 0;
	band->winds = false;
	for (int i = 0; i <= band->corner_count; i++)
	{
		rpm_band_corner from = rpm_band_node(p, band, i - 1), to = rpm_band_node(p, band, i);

		band->length_m += length_of(to.x - from.x, to.z - from.z);
		band->winds = band->winds || (i > 0 && i < band->corner_count && to.side != from.side);
	}
}

RPM_SHARED void
rpm_band_chain(rpm_profile *p, rpm_band *band)
{
	rpm_lower_edge	lower[RPM_EDGES_MAX];
	int			room, lower_count;
	double		first = -INFINITY, second = -INFINITY;

	fade_close_corners(p, band);
	room = band->corner_count + LOWER_LEAST < RPM_CHAIN_EDGES ? RPM_CHAIN_EDGES - band->corner_count : LOWER_LEAST;
	lower_count = rpm_band_lower_edges(p, band, lower, room);
	for (int i = 0; i < band->corner_count + lower_count; i++)
	{
		double		nu = i < band->corner_count ? rpm_lower_faded(band->corners[i].nu, band->corners[i].opacity)
			: rpm_lower_faded(lower[i - band->corner_count].nu, lower[i - band->corner_count].fade);

		second = fmax(second, fmin(first, nu));
		first = fmax(first, nu);
	}
	band->several = rpm_smooth_step((second + RPM_BAND_CLEAR_NU) / RPM_BAND_CLEAR_NU) * rpm_smooth_step(first / RPM_FIRST_NU);
	build_chain(p, band, lower, lower_count);
}

RPM_SHARED double
rpm_band_over_creases(rpm_profile *p, rpm_band *band)
{
	rpm_lower_edge	lower[RPM_EDGES_MAX];
	double		all;
	int			sharp = 0, count;

	band->corner_count = 0;
	count = rpm_band_lower_edges(p, band, lower, RPM_CHAIN_EDGES);
	build_chain(p, band, lower, count);
	all = rpm_knife_edges(band->chain, band->count, band->last_leg_m, p->wavelength_m);
	for (int i = 0; i < count; i++)
		if (!rpm_edge_is_ground_crease(lower[i].edge))
			lower[sharp++] = lower[i];
	if (sharp == count || sharp == 0)
		return sharp == 0 ? all : 1;
	build_chain(p, band, lower, sharp);
	return all / rpm_knife_edges(band->chain, band->count, band->last_leg_m, p->wavelength_m);
}

/* From corner to corner by the steepest way up; of more corners than there is room for, the band bends least over those left out. */
RPM_LOCAL void
stretch(const rpm_profile *p, rpm_band *s)
{
	double		x = 0, z = p->z_begin;

	for (;;)
	{
		double		steepest = (p->z_end - z) / (p->length - x);
		int			next = -1;

		for (int i = 0; i < p->count; i++)
			if (p->at[i].x > x && (p->at[i].z - z) / (p->at[i].x - x) > steepest)
			{
				steepest = (p->at[i].z - z) / (p->at[i].x - x);
				next = i;
			}
		if (next < 0)
			return;
		rpm_band_turn_at(p, s, x, next);
		x = s->corners[s->corner_count - 1].x;
		z = s->corners[s->corner_count - 1].z;
	}
}

RPM_SHARED void
rpm_band_turn_at(const rpm_profile *p, rpm_band *s, double x, int crossing)
{
	const rpm_crossing *at = &p->at[crossing];
	const rpm_profile_edge *e;

	if (s->corner_count == RPM_EDGES_MAX - LOWER_LEAST)
		drop_least_corner(p, s);
	/* Of edges in one place the wedge, whose walls are known. */
	for (int i = 0; i < p->count && at->edge->wedge < 0; i++)
		if (p->at[i].x > x && p->at[i].side == at->side && fabs(p->at[i].x - at->x) < TWIN_M && fabs(p->at[i].z - at->z) < TWIN_M
			&& p->at[i].edge->wedge >= 0)
			at = &p->at[i];
	e = at->edge;
	s->corners[s->corner_count] = (rpm_band_corner) {.x = at->x, .z = at->z, .wedge = e->wedge,
		.start = rpm_vec(p->transmitter.x + e->x0, p->transmitter.y + e->y0, e->z0),
		.along = rpm_vec(e->x1 - e->x0, e->y1 - e->y0, e->z1 - e->z0), .side = at->side, .edge = e};
	if (s->corner_count > 0)
	{
		rpm_band_corner *c = &s->corners[s->corner_count], *before = c - 1;

		c->rounds = c->side == before->side && rpm_band_rounds(before->edge, e, length_of(c->x - before->x, c->z - before->z));
	}
	s->corner_count++;
}

/*
 * Of two corners at one place the one over which the band hardly bends is no edge of its own.  It fades in as it bends more, and as they
 * stand farther apart; the other's nu is less and less that over both.
 */
RPM_LOCAL void
fade_close_corners(const rpm_profile *p, rpm_band *s)
{
	double		opacity;

	corner_parameters(p, s);
	for (int i = 0; i + 1 < s->corner_count;)
	{
		int			least = s->corners[i].nu < s->corners[i + 1].nu ? i : i + 1;

		if (s->corners[i + 1].rounds || s->corners[i].side != s->corners[i + 1].side || pair_opacity(p, s, i) > 0)
			i++;
		else
		{
			drop_corner(s, least);
			corner_parameters(p, s);
			i = 0;
		}
	}
	for (int i = 0; i + 1 < s->corner_count; i++)
		if (!s->corners[i + 1].rounds && s->corners[i].side == s->corners[i + 1].side && (opacity = pair_opacity(p, s, i)) < 1)
		{
			rpm_band_corner *a = &s->corners[i], *b = a + 1, *most = a->nu < b->nu ? b : a, *least = a->nu < b->nu ? a : b, alone = *most;

			set_parameters(p, s, &alone, rpm_band_node(p, s, i - 1), rpm_band_node(p, s, i + 2));
			most->nu = most->nu * opacity + alone.nu * (1 - opacity);
			least->opacity = fmin(least->opacity, opacity);
		}
}

/* Of the lesser of corners i and i + 1, as of an edge below that stands so close to a corner: by its nearness and by the nu that this leaves it. */
RPM_LOCAL double
pair_opacity(const rpm_profile *p, const rpm_band *s, int i)
{
	rpm_band_corner a = s->corners[i], b = s->corners[i + 1];
	double		leg = a.nu < b.nu ? a.x - rpm_band_node(p, s, i - 1).x : rpm_band_node(p, s, i + 2).x - b.x, apart = rpm_band_closeness(b.x - a.x, leg);

	apart *= rpm_smooth_step(2 * apart);
	return apart + (1 - apart) * rpm_smooth_step((fmin(a.nu, b.nu) - CLOSE_CORNER_NU) / (TWO_CORNERS_NU - CLOSE_CORNER_NU));
}

RPM_LOCAL void
drop_least_corner(const rpm_profile *p, rpm_band *s)
{
	int			least = 0;

	corner_parameters(p, s);
	for (int i = 1; i < s->corner_count; i++)
		if (s->corners[i].nu < s->corners[least].nu)
			least = i;
	drop_corner(s, least);
}

RPM_LOCAL void
drop_corner(rpm_band *s, int i)
{
	if (i + 1 < s->corner_count)
		s->corners[i + 1].rounds &= s->corners[i].rounds;
	for (s->corner_count--; i < s->corner_count; i++)
		s->corners[i] = s->corners[i + 1];
}

RPM_LOCAL void
corner_parameters(const rpm_profile *p, rpm_band *s)
{
	for (int i = 0; i < s->corner_count; i++)
	{
		s->corners[i].opacity = 1;
		set_parameters(p, s, &s->corners[i], rpm_band_node(p, s, i - 1), rpm_band_node(p, s, i + 1));
	}
}

/*
 * nu of a corner between a and b.  Over an edge that crosses the plane askew the shortest way leaves the plane: the excess of that way over the
 * straight one, within the edge's ends, takes the place of the excess in the plane.  Both are those of legs as long as the whole way
 * before and behind the corner, so that other corners which hardly turn it change nothing.
 */
RPM_LOCAL void
set_parameters(const rpm_profile *p, const rpm_band *s, rpm_band_corner *c, rpm_band_corner a, rpm_band_corner b)
{
	double		before = length_of(c->x - a.x, c->z - a.z), after = length_of(b.x - c->x, b.z - c->z), far_before, far_after;

	way_lengths(p, s, c, &far_before, &far_after);
	c->from = place(p, c->x - (c->x - a.x) / before * far_before, c->z - (c->z - a.z) / before * far_before);
	c->to = place(p, c->x + (b.x - c->x) / after * far_after, c->z + (b.z - c->z) / after * far_after);
	c->skew = shortest_over(c, place(p, c->x, c->z));
	c->nu = rpm_knife_edge_parameter(c->side * bend(a.x, a.z, c->x, c->z, b.x, b.z), before, after, p->wavelength_m) * c->skew;
}

/* Along the band to the corner, and on. */
RPM_LOCAL void
way_lengths(const rpm_profile *p, const rpm_band *s, const rpm_band_corner *c, double *before, double *after)
{
	*before = *after = 0;
	for (int i = 0; i <= s->corner_count; i++)
	{
		rpm_band_corner from = rpm_band_node(p, s, i - 1), to = rpm_band_node(p, s, i);

		*(to.x <= c->x ? before : after) += length_of(to.x - from.x, to.z - from.z);
	}
}

/* Sets the point of the edge over which the way is shortest; returns the root of its excess by that in the plane. */
RPM_LOCAL double
shortest_over(rpm_band_corner *c, rpm_vec3 crossing)
{
	rpm_vec3	from = c->from, to = c->to;
	double		straight = rpm_norm(rpm_sub(to, from)), length = rpm_norm(c->along);
	rpm_vec3	direction = rpm_scale(c->along, 1 / length), a = rpm_sub(from, c->start), b = rpm_sub(to, c->start);
	double		along_a = rpm_dot(a, direction), along_b = rpm_dot(b, direction);
	double		away_a = rpm_norm(rpm_sub(a, rpm_scale(direction, along_a))), away_b = rpm_norm(rpm_sub(b, rpm_scale(direction, along_b)));
	double		at = away_a + away_b > 0 ? (along_a * away_b + along_b * away_a) / (away_a + away_b) : along_a;
	double		excess = rpm_norm(rpm_sub(crossing, from)) + rpm_norm(rpm_sub(to, crossing)) - straight, least;

	c->point = rpm_along(c->start, fmin(fmax(at, 0), length), direction);
	least = rpm_norm(rpm_sub(c->point, from)) + rpm_norm(rpm_sub(to, c->point)) - straight;
	return excess > 1e-9 ? sqrt(fmin(fmax(least, 0) / excess, 1)) : 1;
}

RPM_LOCAL rpm_vec3
place(const rpm_profile *p, double x, double z)
{
	return rpm_add(rpm_along(p->base, x, p->onward), rpm_scale(p->up, z));
}

/* 2 sin(theta / 2), theta the angle by which the way turns down at its middle point: the distance between both legs' unit vectors. */
RPM_LOCAL double
bend(double x0, double z0, double x1, double z1, double x2, double z2)
{
	double		before = 1 / length_of(x1 - x0, z1 - z0), after = 1 / length_of(x2 - x1, z2 - z1);
	double		ux = (x1 - x0) * before, uz = (z1 - z0) * before, wx = (x2 - x1) * after, wz = (z2 - z1) * after;

	return copysign(length_of(wx - ux, wz - uz), uz * wx - ux * wz);
}

RPM_LOCAL double
length_of(double x, double z)
{
	return sqrt(x * x + z * z);
}

/* Corners, runs of them on one smooth surface as one, and lower edges in their order along the path. */
RPM_LOCAL void
build_chain(const rpm_profile *p, rpm_band *s, const rpm_lower_edge *lower, int lower_count)
{
	chain_line	line = {1, {0}, {0}, {0}, {0}, {0}};
	rpm_band_run run = {-1, false, 0, 0, 1};

	line.z[0] = p->z_begin;
	s->length_m = 0;
	s->round_part = 1;
	for (int i = 0; i <= s->corner_count; i++)
	{
		rpm_band_corner before = rpm_band_node(p, s, i - 1), c = rpm_band_node(p, s, i);

		s->length_m += length_of(c.x - before.x, c.z - before.z);
		/* Within a round run there are no edges of its own. */
		if (i > run.last)
		{
			run = i < s->corner_count ? rpm_band_run_from(p, s, i) : (rpm_band_run) {i, false, c.x, c.z, 1};
			s->round_part *= run.part;
		}
		else if (run.round)
			continue;
		add_lower(&line, lower, lower_count, before.x, c.x);
		line.x[line.count] = run.round ? run.x : c.x;
		line.z[line.count] = run.round ? run.z : c.z;
		line.side[line.count] = c.side;
		line.less[line.count] = 0;
		for (int k = i; k < s->corner_count && k <= (run.round ? run.last : i); k++)
			line.less[line.count] += (1 - s->corners[k].skew) * corner_bend(p, s, k);
		line.opacity[line.count++] = run.round ? 1 : c.opacity;
	}
	s->count = line.count - 2;
	for (int i = 1; i <= s->count; i++)
		s->chain[i - 1] = (rpm_chain_edge) {length_of(line.x[i] - line.x[i - 1], line.z[i] - line.z[i - 1]),
			line.side[i] * bend(line.x[i - 1], line.z[i - 1], line.x[i], line.z[i], line.x[i + 1], line.z[i + 1]) - line.less[i], line.opacity[i],
			i > 1 && line.side[i] != line.side[i - 1]};
	s->last_leg_m = length_of(line.x[s->count + 1] - line.x[s->count], line.z[s->count + 1] - line.z[s->count]);
}

/* The edges below a leg of the band. */
RPM_LOCAL void
add_lower(chain_line *line, const rpm_lower_edge *lower, int lower_count, double from, double to)
{
	int			first = line->count;

	for (int k = 0; k < lower_count; k++)
		if (lower[k].x > from && lower[k].x < to)
		{
			int			at = line->count++;

			for (; at > first && line->x[at - 1] > lower[k].x; at--)
			{
				line->x[at] = line->x[at - 1];
				line->z[at] = line->z[at - 1];
				line->opacity[at] = line->opacity[at - 1];
				line->side[at] = line->side[at - 1];
			}
			line->x[at] = lower[k].x;
			line->z[at] = lower[k].z;
			line->opacity[at] = lower[k].presence;
			line->side[at] = lower[k].side;
		}
	for (int k = first; k < line->count; k++)
		line->less[k] = 0;
}

RPM_LOCAL double
corner_bend(const rpm_profile *p, const rpm_band *s, int i)
{
	rpm_band_corner a = rpm_band_node(p, s, i - 1), c = s->corners[i], b = rpm_band_node(p, s, i + 1);

	return c.side * bend(a.x, a.z, c.x, c.z, b.x, b.z);
}
