/*
 * band.c: the rubber band over the edges of a profile, and the edges near it from below (band.h).
 */
#include "trace/band.h"
#include "trace/leg.h"

/* Edges of a chain: the band's corners, and from below as many as fill it up to this, at least LOWER_LEAST. */
#define CHAIN_EDGES 4
#define LOWER_LEAST 1
/* Corners close together count as one only where the band bends less over one of them. */
#define ONE_CORNER_NU 0.2
/* Edges nearer to each other are one. */
#define TWIN_M 0.01
/* The second edge takes over while the first one's nu rises to this. */
#define FIRST_NU 0.25
/* Edges below the band fade in while their distance from the next edge grows from RPM_EDGE_CLOSENESS to this share of a leg. */
#define CLOSENESS_END 0.06
/* Those across from a corner fade out where the way from its tip to theirs leaves the leg by this slope to twice as much. */
#define ACROSS_SLOPE 0.25

/* The band with the lower edges of one side found so far. */
typedef struct polyline
{
	int			side, count;
	double		x[2 * RPM_EDGES_MAX], z[2 * RPM_EDGES_MAX];
	bool		other[2 * RPM_EDGES_MAX];	/* a corner of the other side */
} polyline;

/* An edge below the band, or above it where it holds the band from there. */
typedef struct lower_edge
{
	double		x, z, nu, presence;
	int			side;
} lower_edge;

RPM_LOCAL void stretch(const rpm_profile *p, rpm_band *s);
RPM_LOCAL void drop_close_corners(const rpm_profile *p, rpm_band *s);
RPM_LOCAL void drop_least_corner(const rpm_profile *p, rpm_band *s);
RPM_LOCAL void drop_corner(rpm_band *s, int i);
RPM_LOCAL void corner_parameters(const rpm_profile *p, rpm_band *s);
RPM_LOCAL rpm_vec3 place(const rpm_profile *p, double x, double z);
RPM_LOCAL rpm_band_corner end_or_corner(const rpm_profile *p, const rpm_band *s, int i);
RPM_LOCAL double length_of(double x, double z);
RPM_LOCAL double bend(double x0, double z0, double x1, double z1, double x2, double z2);
RPM_LOCAL int lower_edges(rpm_profile *p, const rpm_band *s, lower_edge *lower, int room);
RPM_LOCAL void begin_line(const rpm_profile *p, const rpm_band *s, int side, polyline *line);
RPM_LOCAL polyline *line_of(polyline *lines, int side);
RPM_LOCAL bool next_lower(const rpm_profile *p, polyline *lines, lower_edge *next);
RPM_LOCAL double below_line(const rpm_profile *p, const polyline *line, const rpm_crossing *c, double *presence);
RPM_LOCAL double ahead(double height, double distance);
RPM_LOCAL double closeness(double distance, double leg);
RPM_LOCAL void insert(polyline *line, double x, double z);
RPM_LOCAL void build_chain(const rpm_profile *p, rpm_band *s, const lower_edge *lower, int lower_count);

RPM_SHARED void
rpm_profile_add(rpm_profile *p, const rpm_profile_edge *edge, double x, double z)
{
	rpm_crossing crossing = {x, z, 0, edge, 1, 0};
	double		height, zone;

	if (!(x > 0 && x < p->length) || length_of(x, z - p->z_begin) < RPM_LEG_END_M || length_of(p->length - x, z - p->z_end) < RPM_LEG_END_M)
		return;
	height = z - p->z_begin - (p->z_end - p->z_begin) * x / p->length;
	zone = sqrt(p->wavelength_m * x * (p->length - x) / (2 * p->length));
	if (height < -RPM_BAND_CLEAR_NU * zone)
		return;
	p->above = p->above || height > 0;
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
		rpm_band_corner from = end_or_corner(p, band, i - 1), to = end_or_corner(p, band, i);

		band->length_m += length_of(to.x - from.x, to.z - from.z);
		band->winds = band->winds || (i > 0 && i < band->corner_count && to.side != from.side);
	}
}

RPM_SHARED void
rpm_band_chain(rpm_profile *p, rpm_band *band)
{
	lower_edge	lower[RPM_EDGES_MAX];
	int			room, lower_count;
	double		first = -INFINITY, second = -INFINITY;

	drop_close_corners(p, band);
	corner_parameters(p, band);
	room = band->corner_count + LOWER_LEAST < CHAIN_EDGES ? CHAIN_EDGES - band->corner_count : LOWER_LEAST;
	lower_count = lower_edges(p, band, lower, room);
	for (int i = 0; i < band->corner_count + lower_count; i++)
	{
		/* An edge that has all but faded is as if it were as far below. */
		double		nu = i < band->corner_count ? band->corners[i].nu
			: -RPM_BAND_CLEAR_NU + (lower[i - band->corner_count].nu + RPM_BAND_CLEAR_NU) * lower[i - band->corner_count].presence;

		second = fmax(second, fmin(first, nu));
		first = fmax(first, nu);
	}
	band->several = rpm_smooth_step((second + RPM_BAND_CLEAR_NU) / RPM_BAND_CLEAR_NU) * rpm_smooth_step(first / FIRST_NU);
	build_chain(p, band, lower, lower_count);
	band->round_part = rpm_band_round_part(p, band);
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

/* Two corners at one place, over one of which the band hardly bends, are one edge. */
RPM_LOCAL void
drop_close_corners(const rpm_profile *p, rpm_band *s)
{
	corner_parameters(p, s);
	for (int i = 0; i + 1 < s->corner_count;)
	{
		rpm_band_corner before = end_or_corner(p, s, i - 1), a = s->corners[i], b = s->corners[i + 1], after = end_or_corner(p, s, i + 2);
		double		legs = fmin(length_of(a.x - before.x, a.z - before.z), length_of(after.x - b.x, after.z - b.z));

		if (a.side != b.side || length_of(b.x - a.x, b.z - a.z) >= RPM_EDGE_CLOSENESS * legs || fmin(a.nu, b.nu) > ONE_CORNER_NU)
			i++;
		else
			drop_corner(s, a.nu < b.nu ? i : i + 1);
	}
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

/*
 * nu of each corner between its neighbours.  Over an edge that crosses the plane askew the shortest way leaves the plane: the excess
 * of that way over the straight one, within the edge's ends, takes the place of the excess in the plane.
 */
RPM_LOCAL void
corner_parameters(const rpm_profile *p, rpm_band *s)
{
	for (int i = 0; i < s->corner_count; i++)
	{
		rpm_band_corner *c = &s->corners[i], a = end_or_corner(p, s, i - 1), b = end_or_corner(p, s, i + 1);
		rpm_vec3	from = place(p, a.x, a.z), to = place(p, b.x, b.z), crossing = place(p, c->x, c->z);
		double		before = rpm_norm(rpm_sub(crossing, from)), after = rpm_norm(rpm_sub(to, crossing));
		double		straight = rpm_norm(rpm_sub(to, from)), length = rpm_norm(c->along);
		rpm_vec3	direction = rpm_scale(c->along, 1 / length);
		double		along_a = rpm_dot(rpm_sub(from, c->start), direction), along_b = rpm_dot(rpm_sub(to, c->start), direction);
		double		away_a = rpm_norm(rpm_sub(rpm_sub(from, c->start), rpm_scale(direction, along_a)));
		double		away_b = rpm_norm(rpm_sub(rpm_sub(to, c->start), rpm_scale(direction, along_b)));
		double		at = away_a + away_b > 0 ? (along_a * away_b + along_b * away_a) / (away_a + away_b) : along_a;
		double		excess = before + after - straight, least;

		c->point = rpm_along(c->start, fmin(fmax(at, 0), length), direction);
		least = rpm_norm(rpm_sub(c->point, from)) + rpm_norm(rpm_sub(to, c->point)) - straight;
		c->nu = rpm_knife_edge_parameter(c->side * bend(a.x, a.z, c->x, c->z, b.x, b.z), before, after, p->wavelength_m)
			* (excess > 1e-9 ? sqrt(fmin(fmax(least, 0) / excess, 1)) : 1);
	}
}

RPM_LOCAL rpm_vec3
place(const rpm_profile *p, double x, double z)
{
	return rpm_add(rpm_along(p->base, x, p->onward), rpm_scale(p->up, z));
}

/* Corner i; -1 and corner_count are the transmitter and the receiver. */
RPM_LOCAL rpm_band_corner
end_or_corner(const rpm_profile *p, const rpm_band *s, int i)
{
	if (i < 0)
		return (rpm_band_corner) {.x = 0, .z = p->z_begin};
	if (i >= s->corner_count)
		return (rpm_band_corner) {.x = p->length, .z = p->z_end};
	return s->corners[i];
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

/*
 * The edges nearest to the band from below, one after another, each against what stands already on its side, at most `room`.  Each fades
 * out towards the first that is left out, so that none comes in with a step.
 */
RPM_LOCAL int
lower_edges(rpm_profile *p, const rpm_band *s, lower_edge *lower, int room)
{
	polyline	lines[2];
	double		clear = RPM_BAND_CLEAR_NU;
	int			count = 0, kept = 0;

	begin_line(p, s, 1, &lines[0]);
	begin_line(p, s, -1, &lines[1]);
	for (int i = 0; i < p->count; i++)
	{
		double		presence;

		p->at[i].nu_band = below_line(p, line_of(lines, p->at[i].side), &p->at[i], &presence);
		/* A corner that the band was too full for stands above it. */
		if (p->at[i].nu_band > 0)
			p->at[i].nu_band = -INFINITY;
	}
	for (;; count++)
	{
		lower_edge	next;

		if (!next_lower(p, lines, &next))
			break;
		if (count == room)
		{
			clear = fmin(clear, -next.nu);
			break;
		}
		lower[count] = next;
		insert(line_of(lines, next.side), next.x, next.z);
	}
	for (int i = 0; i < count; i++)
	{
		lower[i].presence *= clear > 0 ? rpm_smooth_step(2 * (lower[i].nu + clear) / clear) : 0;
		if (lower[i].presence > 0)
			lower[kept++] = lower[i];
	}
	return kept;
}

/* The band as the edges of a side see it. */
RPM_LOCAL void
begin_line(const rpm_profile *p, const rpm_band *s, int side, polyline *line)
{
	line->side = side;
	line->count = 0;
	for (int i = -1; i <= s->corner_count; i++)
	{
		rpm_band_corner c = end_or_corner(p, s, i);

		line->x[line->count] = c.x;
		line->z[line->count] = c.z;
		line->other[line->count++] = c.side == -side;
	}
}

RPM_LOCAL polyline *
line_of(polyline *lines, int side)
{
	return &lines[side < 0];
}

/* Of the edges that are not on the line, the one that is least below it and the band. */
RPM_LOCAL bool
next_lower(const rpm_profile *p, polyline *lines, lower_edge *next)
{
	next->nu = -RPM_BAND_CLEAR_NU;
	for (int i = 0; i < p->count; i++)
	{
		double		presence, nu;

		if (!p->at[i].edge->sharp || p->at[i].nu_band <= next->nu)
			continue;
		nu = fmin(p->at[i].nu_band, below_line(p, line_of(lines, p->at[i].side), &p->at[i], &presence));
		if (nu > next->nu && presence > 0)
			*next = (lower_edge) {p->at[i].x, p->at[i].z, nu, presence, p->at[i].side};
	}
	return next->nu > -RPM_BAND_CLEAR_NU;
}

/* nu of an edge against the leg of the line over or under it, -infinity for one of the line's; and whether it stands apart from its ends. */
RPM_LOCAL double
below_line(const rpm_profile *p, const polyline *line, const rpm_crossing *c, double *presence)
{
	int			i = 1, last = line->count - 1;
	double		before, after, height;

	while (i < last && line->x[i] < c->x)
		i++;
	before = c->x - line->x[i - 1];
	after = line->x[i] - c->x;
	*presence = 0;
	if (!(before > 0 && after > 0))
		return -INFINITY;
	height = line->side * (c->z - (line->z[i - 1] * after + line->z[i] * before) / (before + after));
	*presence = fmin(i == 1 ? 1 : line->other[i - 1] ? ahead(height, before) : closeness(before, after),
					 i == last ? 1 : line->other[i] ? ahead(height, after) : closeness(after, before));
	return height * sqrt(2 / p->wavelength_m * (1 / before + 1 / after));
}

/* An edge across from a corner, which the screens' integral has no place for, fades out as it comes to stand beside it rather than behind. */
RPM_LOCAL double
ahead(double height, double distance)
{
	return rpm_smooth_step(2 - fabs(height) / distance / ACROSS_SLOPE);
}

RPM_LOCAL double
closeness(double distance, double leg)
{
	return rpm_smooth_step((distance / leg - RPM_EDGE_CLOSENESS) / (CLOSENESS_END - RPM_EDGE_CLOSENESS));
}

RPM_LOCAL void
insert(polyline *line, double x, double z)
{
	int			i = line->count++;

	for (; line->x[i - 1] > x; i--)
	{
		line->x[i] = line->x[i - 1];
		line->z[i] = line->z[i - 1];
		line->other[i] = line->other[i - 1];
	}
	line->x[i] = x;
	line->z[i] = z;
	line->other[i] = false;
}

/* Corners and lower edges in their order along the path. */
RPM_LOCAL void
build_chain(const rpm_profile *p, rpm_band *s, const lower_edge *lower, int lower_count)
{
	double		x[RPM_EDGES_MAX + 2], z[RPM_EDGES_MAX + 2], skew[RPM_EDGES_MAX + 2], opacity[RPM_EDGES_MAX + 2];
	int			n = 1, side[RPM_EDGES_MAX + 2];

	x[0] = 0;
	z[0] = p->z_begin;
	s->length_m = 0;
	for (int i = 0; i <= s->corner_count; i++)
	{
		rpm_band_corner a = end_or_corner(p, s, i - 1), c = end_or_corner(p, s, i), b = end_or_corner(p, s, i + 1);
		int			first = n;

		s->length_m += length_of(c.x - a.x, c.z - a.z);
		for (int k = 0; k < lower_count; k++)
			if (lower[k].x > a.x && lower[k].x < c.x)
			{
				int			at = n++;

				for (; at > first && x[at - 1] > lower[k].x; at--)
				{
					x[at] = x[at - 1];
					z[at] = z[at - 1];
					opacity[at] = opacity[at - 1];
					side[at] = side[at - 1];
				}
				x[at] = lower[k].x;
				z[at] = lower[k].z;
				opacity[at] = lower[k].presence;
				side[at] = lower[k].side;
			}
		for (int k = first; k < n; k++)
			skew[k] = 1;
		x[n] = c.x;
		z[n] = c.z;
		opacity[n] = 1;
		side[n] = c.side;
		if (i < s->corner_count)
		{
			double		plain = rpm_knife_edge_parameter(c.side * bend(a.x, a.z, c.x, c.z, b.x, b.z),
														 length_of(c.x - a.x, c.z - a.z), length_of(b.x - c.x, b.z - c.z), p->wavelength_m);

			skew[n++] = plain > 0 ? c.nu / plain : 1;
		}
	}
	s->count = n - 1;
	for (int i = 1; i < n; i++)
		s->chain[i - 1] = (rpm_chain_edge) {length_of(x[i] - x[i - 1], z[i] - z[i - 1]),
			skew[i] * side[i] * bend(x[i - 1], z[i - 1], x[i], z[i], x[i + 1], z[i + 1]), opacity[i], i > 1 && side[i] != side[i - 1]};
	s->last_leg_m = length_of(x[n] - x[n - 1], z[n] - z[n - 1]);
}
