/* p1812_profile.c: ITU-R P.1812 section 3 and Attachment 1: zones, smooth surface, horizons (p1812.h). */
#include <math.h>
#include <stddef.h>

#include "empirical/p1812.h"

static int	zone_at(const int *zone, int point);
static bool is_in(int zone, bool sea, bool coast, bool inland);
static double sections(const p1812_path *path, const int *zone, bool sea, bool coast, bool inland, double *longest);
static double time_share(const p1812_path *path, double latitude_deg);
static void smooth_surface(p1812_path *path, double *hst, double *hsr);
static void smooth_for_diffraction(p1812_path *path, double hst, double hsr);
static void horizons(p1812_path *path, int *first, int *last);
static void transhorizon_distances(p1812_path *path, int *first, int *last);
static void line_of_sight_distances(p1812_path *path, int *first, int *last);
static void ducting_heights(p1812_path *path, double hst, double hsr, int first, int last);

void
rpm_p1812_derive(p1812_path *path, const int *zone, double latitude_deg)
{
	double		hst, hsr, ignored;
	int			first = 1, last = 1;

	path->sea = sections(path, zone, true, false, false, &ignored) / path->length;
	(void) sections(path, zone, false, true, true, &path->longest_land);
	(void) sections(path, zone, false, false, true, &path->longest_inland);
	path->beta0 = time_share(path, latitude_deg);
	smooth_surface(path, &hst, &hsr);
	smooth_for_diffraction(path, hst, hsr);
	horizons(path, &first, &last);
	ducting_heights(path, hst, hsr, first, last);
}

static int
zone_at(const int *zone, int point)
{
	return zone != NULL ? zone[point] : RPM_ZONE_INLAND;
}

static bool
is_in(int zone, bool sea, bool coast, bool inland)
{
	return (sea && zone == RPM_ZONE_SEA) || (coast && zone == RPM_ZONE_COAST) || (inland && zone == RPM_ZONE_INLAND);
}

/* Length of the path in some zones, and of its longest piece, km; a piece ends half way to the next point of another zone. */
static double
sections(const p1812_path *path, const int *zone, bool sea, bool coast, bool inland, double *longest)
{
	double		sum = 0;

	*longest = 0;
	for (int i = 0; i < path->n; i++)
	{
		double		begin, end;
		int			last = i;

		if (!is_in(zone_at(zone, i), sea, coast, inland))
			continue;
		while (last + 1 < path->n && is_in(zone_at(zone, last + 1), sea, coast, inland))
			last++;
		begin = i > 0 ? (path->d[i] + path->d[i - 1]) / 2 : path->d[i];
		end = last + 1 < path->n ? (path->d[last] + path->d[last + 1]) / 2 : path->d[last];
		sum += end - begin;
		*longest = fmax(*longest, end - begin);
		i = last;
	}
	return sum;
}

/* beta_0, equations (2) to (5). */
static double
time_share(const p1812_path *path, double latitude_deg)
{
	double		phi = fabs(latitude_deg);
	double		tau = 1 - exp(-(4.12e-4 * pow(path->longest_inland, 2.41)));
	double		mu1 = pow(pow(10, -path->longest_land / (16 - 6.6 * tau)) + pow(10, -5 * (0.496 + 0.354 * tau)), 0.2);

	mu1 = fmin(mu1, 1);
	if (phi <= 70)
		return pow(10, -0.015 * phi + 1.67) * mu1 * pow(mu1, -0.935 + 0.0176 * phi);
	return 4.17 * mu1 * pow(mu1, 0.3);
}

/* Equations (85) to (88): the line through the terrain by least squares, at both ends. */
static void
smooth_surface(p1812_path *path, double *hst, double *hsr)
{
	const double *d = path->d, *h = path->h;
	double		v1 = 0, v2 = 0, length = path->length;

	for (int i = 1; i < path->n; i++)
	{
		v1 += (d[i] - d[i - 1]) * (h[i] + h[i - 1]);
		v2 += (d[i] - d[i - 1]) * (h[i] * (2 * d[i] + d[i - 1]) + h[i - 1] * (d[i] + 2 * d[i - 1]));
	}
	*hst = (2 * v1 * length - v2) / (length * length);
	*hsr = (v2 - v1 * length) / (length * length);
}

/* Equations (89) to (91). */
static void
smooth_for_diffraction(p1812_path *path, double hst, double hsr)
{
	double		obstruction = -INFINITY, from_t = -INFINITY, from_r = -INFINITY;

	for (int i = 1; i < path->n - 1; i++)
	{
		double		d = path->d[i], rest = path->length - d;
		double		above = path->h[i] - (path->hts * rest + path->hrs * d) / path->length;

		obstruction = fmax(obstruction, above);
		from_t = fmax(from_t, above / d);
		from_r = fmax(from_r, above / rest);
	}
	if (obstruction > 0)
	{
		hst -= obstruction * from_t / (from_t + from_r);
		hsr -= obstruction * from_r / (from_t + from_r);
	}
	path->hstd = fmin(hst, path->h[0]);
	path->hsrd = fmin(hsr, path->h[path->n - 1]);
}

/* Equations (76) to (84); first and last: the profile points of both horizons. */
static void
horizons(p1812_path *path, int *first, int *last)
{
	double		curve = path->length / (2 * path->radius), rise = (path->hrs - path->hts) / (1000 * path->length);
	double		to_receiver = 1000 * atan(rise - curve);

	path->theta_t = -INFINITY;
	for (int i = 1; i < path->n - 1; i++)
	{
		double		d = path->d[i];

		path->theta_t = fmax(path->theta_t, 1000 * atan((path->h[i] - path->hts) / (1000 * d) - d / (2 * path->radius)));
	}
	path->transhorizon = path->theta_t > to_receiver;
	if (path->transhorizon)
		transhorizon_distances(path, first, last);
	else
	{
		path->theta_t = to_receiver;
		path->theta_r = 1000 * atan(-rise - curve);
		line_of_sight_distances(path, first, last);
	}
	path->theta = 1000 * path->length / path->radius + path->theta_t + path->theta_r;
}

/* Equations (80) to (83): of equal horizons the one nearer to its antenna. */
static void
transhorizon_distances(p1812_path *path, int *first, int *last)
{
	double		best_t = -INFINITY;

	path->theta_r = -INFINITY;
	for (int i = 1; i < path->n - 1; i++)
	{
		double		d = path->d[i], rest = path->length - d;
		double		theta_t = 1000 * atan((path->h[i] - path->hts) / (1000 * d) - d / (2 * path->radius));
		double		theta_r = 1000 * atan((path->h[i] - path->hrs) / (1000 * rest) - rest / (2 * path->radius));

		if (theta_t > best_t)
		{
			best_t = theta_t;
			*first = i;
		}
		if (theta_r >= path->theta_r)
		{
			path->theta_r = theta_r;
			*last = i;
		}
	}
	path->dlt = path->d[*first];
	path->dlr = path->length - path->d[*last];
}

/* Equation (81): the point of the highest diffraction parameter. */
static void
line_of_sight_distances(p1812_path *path, int *first, int *last)
{
	double		best = -INFINITY;

	for (int i = 1; i < path->n - 1; i++)
	{
		double		d = path->d[i], rest = path->length - d;
		double		above = path->h[i] + 500 / path->radius * d * rest - (path->hts * rest + path->hrs * d) / path->length;
		double		nu = above * sqrt(0.002 * path->length / (path->wavelength * d * rest));

		if (nu >= best)
		{
			best = nu;
			*first = *last = i;
		}
	}
	path->dlt = path->d[*first];
	path->dlr = path->length - path->dlt;
}

/* Equations (92) to (95). */
static void
ducting_heights(p1812_path *path, double hst, double hsr, int first, int last)
{
	double		slope;

	hst = fmin(hst, path->h[0]);
	hsr = fmin(hsr, path->h[path->n - 1]);
	slope = (hsr - hst) / path->length;
	path->hte = path->htg + path->h[0] - hst;
	path->hre = path->hrg + path->h[path->n - 1] - hsr;
	path->roughness = -INFINITY;
	for (int i = first; i <= last; i++)
		path->roughness = fmax(path->roughness, path->h[i] - (hst + slope * path->d[i]));
}
