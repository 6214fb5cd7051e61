/*
 * band_lower.c: which edges near a rubber band from below its chain holds (band_lower.h).
 */
#include "trace/band_lower.h"

/* Those across from a corner fade out where the way from its tip to theirs leaves the leg by this slope to twice as much. */
#define ACROSS_SLOPE 0.25

/* The band with the lower edges of one side found so far. */
typedef struct polyline
{
	int			side, count;
	double		x[2 * RPM_EDGES_MAX], z[2 * RPM_EDGES_MAX];
	const rpm_profile_edge *edge[2 * RPM_EDGES_MAX];	/* NULL: an end */
	bool		lower[2 * RPM_EDGES_MAX];
	bool		other[2 * RPM_EDGES_MAX];	/* a corner of the other side */
} polyline;

RPM_LOCAL void begin_line(const rpm_profile *p, const rpm_band *s, int side, polyline *line);
RPM_LOCAL polyline *line_of(polyline *lines, int side);
RPM_LOCAL double beside_many(const rpm_band *s, const rpm_lower_edge *lower);
RPM_LOCAL bool next_lower(const rpm_profile *p, polyline *lines, rpm_lower_edge *next);
RPM_LOCAL bool goes_on(const polyline *line, const rpm_crossing *c);
RPM_LOCAL bool same_surface(const rpm_profile_edge *of_line, const rpm_profile_edge *crease, double distance_m);
RPM_LOCAL double below_line(const rpm_profile *p, const polyline *line, const rpm_crossing *c, bool lower, double *presence);
RPM_LOCAL double ahead(double height, double distance);
RPM_LOCAL void insert(polyline *line, const rpm_lower_edge *edge);

RPM_SHARED int
rpm_band_lower_edges(rpm_profile *p, const rpm_band *s, rpm_lower_edge *lower, int room)
{
	polyline	lines[2];
	double		clear = RPM_BAND_CLEAR_NU;
	int			count = 0, kept = 0;

	begin_line(p, s, 1, &lines[0]);
	begin_line(p, s, -1, &lines[1]);
	for (int i = 0; i < p->count; i++)
	{
		p->at[i].nu_band = below_line(p, line_of(lines, p->at[i].side), &p->at[i], false, &p->at[i].presence);
		/* A corner that the band was too full for stands above it. */
		if (p->at[i].nu_band > 0)
			p->at[i].nu_band = -INFINITY;
	}
	for (;; count++)
	{
		rpm_lower_edge	next;

		if (!next_lower(p, lines, &next))
			break;
		if (count == room)
		{
			clear = fmin(clear, -next.nu);
			break;
		}
		lower[count] = next;
		insert(line_of(lines, next.side), &next);
	}
	for (int i = 0; i < count; i++)
	{
		lower[i].fade = beside_many(s, &lower[i]) * (clear > 0 ? rpm_smooth_step(2 * (lower[i].nu + clear) / clear) : 0);
		lower[i].presence *= lower[i].fade;
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
		rpm_band_corner c = rpm_band_node(p, s, i);

		line->x[line->count] = c.x;
		line->z[line->count] = c.z;
		line->edge[line->count] = c.edge;
		line->lower[line->count] = false;
		line->other[line->count++] = c.side == -side;
	}
}

RPM_LOCAL polyline *
line_of(polyline *lines, int side)
{
	return &lines[side < 0];
}

/* Beside as many corners as a chain is to have an edge below comes in with the least of them, or as it comes near the band itself. */
RPM_LOCAL double
beside_many(const rpm_band *s, const rpm_lower_edge *lower)
{
	double		least = INFINITY;

	if (s->corner_count < RPM_CHAIN_EDGES)
		return 1;
	for (int i = 0; i < s->corner_count; i++)
		least = fmin(least, s->corners[i].nu);
	return fmax(rpm_smooth_step(least / RPM_FIRST_NU), rpm_smooth_step(1 + lower->nu / RPM_FIRST_NU));
}

/* Of the edges that are not on the line, the one that is least below it and the band, faded as it stands close to another. */
RPM_LOCAL bool
next_lower(const rpm_profile *p, polyline *lines, rpm_lower_edge *next)
{
	next->nu = -RPM_BAND_CLEAR_NU;
	for (int i = 0; i < p->count; i++)
	{
		const polyline *line = line_of(lines, p->at[i].side);
		double		presence, nu;

		if (p->at[i].nu_band <= next->nu || goes_on(line, &p->at[i]))
			continue;
		nu = fmin(p->at[i].nu_band, below_line(p, line, &p->at[i], true, &presence));
		presence = fmin(presence, p->at[i].presence);
		nu = rpm_lower_faded(nu, presence);
		if (nu > next->nu)
			*next = (rpm_lower_edge) {p->at[i].x, p->at[i].z, presence, nu, 1, p->at[i].side, p->at[i].edge};
	}
	return next->nu > -RPM_BAND_CLEAR_NU;
}

/* Whether a crease's neighbour on the line is of the same surface, and stands for it. */
RPM_LOCAL bool
goes_on(const polyline *line, const rpm_crossing *c)
{
	int			i = 1;

	if (c->edge->sharp)
		return false;
	while (i < line->count - 1 && line->x[i] < c->x)
		i++;
	return same_surface(line->edge[i - 1], c->edge, c->x - line->x[i - 1]) || same_surface(line->edge[i], c->edge, line->x[i] - c->x);
}

/* As rpm_band_rounds, also over facets between. */
RPM_LOCAL bool
same_surface(const rpm_profile_edge *of_line, const rpm_profile_edge *crease, double distance_m)
{
	if (of_line == NULL || of_line->sharp || of_line->building != crease->building)
		return false;
	return crease->building != RPM_NO_BUILDING || rpm_band_rounds(of_line, crease, distance_m);
}

/*
 * nu of an edge against the leg of the line over or under it, -infinity for one of the line's; and whether it stands apart from those of its
 * ends that are lower edges, or corners.
 */
RPM_LOCAL double
below_line(const rpm_profile *p, const polyline *line, const rpm_crossing *c, bool lower, double *presence)
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
	*presence = 1;
	if (i > 1 && line->lower[i - 1] == lower)
		*presence = line->other[i - 1] ? ahead(height, before) : rpm_band_closeness(before, after);
	if (i < last && line->lower[i] == lower)
		*presence = fmin(*presence, line->other[i] ? ahead(height, after) : rpm_band_closeness(after, before));
	return height * sqrt(2 / p->wavelength_m * (1 / before + 1 / after));
}

/* An edge across from a corner, which the screens' integral has no place for, fades out as it comes to stand beside it rather than behind. */
RPM_LOCAL double
ahead(double height, double distance)
{
	return rpm_smooth_step(2 - fabs(height) / distance / ACROSS_SLOPE);
}

RPM_LOCAL void
insert(polyline *line, const rpm_lower_edge *edge)
{
	int			i = line->count++;

	for (; line->x[i - 1] > edge->x; i--)
	{
		line->x[i] = line->x[i - 1];
		line->z[i] = line->z[i - 1];
		line->edge[i] = line->edge[i - 1];
		line->lower[i] = line->lower[i - 1];
		line->other[i] = line->other[i - 1];
	}
	line->x[i] = edge->x;
	line->z[i] = edge->z;
	line->edge[i] = edge->edge;
	line->lower[i] = true;
	line->other[i] = false;
}
