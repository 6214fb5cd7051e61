/* p1812_diffraction.c: ITU-R P.1812 section 4.3: Bullington, spherical earth, and both together (p1812.h). */
#include <math.h>
#include <stddef.h>

#include "empirical/p1812.h"

#define LAND_PERMITTIVITY 22.0
#define LAND_CONDUCTIVITY_S_M 0.003
#define SEA_PERMITTIVITY 80.0
#define SEA_CONDUCTIVITY_S_M 5.0

static double bullington(const p1812_path *path, const double *ground, double hts, double hrs, double radius);
static double bullington_parameter(const p1812_path *path, const double *ground, double hts, double hrs, double radius);
static double spherical(const p1812_path *path, double hte, double hre, double radius, bool horizontal);
static double first_term(const p1812_path *path, double hte, double hre, double radius, bool horizontal);
static double first_term_over(const p1812_path *path, double hte, double hre, double radius, bool horizontal, double permittivity,
							  double conductivity);
static double height_gain(double normalised, double admittance);

p1812_diffraction
rpm_p1812_diffraction_loss(const p1812_path *path, double radius, bool horizontal)
{
	double		hte = path->hts - path->hstd, hre = path->hrs - path->hsrd;
	p1812_diffraction d;

	d.bullington = bullington(path, path->g, path->hts, path->hrs, radius);
	d.smooth_bullington = bullington(path, NULL, hte, hre, radius);
	d.spherical = spherical(path, hte, hre, radius, horizontal);
	d.loss = d.bullington + fmax(d.spherical - d.smooth_bullington, 0);
	return d;
}

/* Equation (21). */
static double
bullington(const p1812_path *path, const double *ground, double hts, double hrs, double radius)
{
	double		edge = rpm_knife_edge_loss_db(bullington_parameter(path, ground, hts, hrs, radius));

	return edge + (1 - exp(-edge / 6)) * (10 + 0.02 * path->length);
}

/* Equations (13) to (20): of the highest point when the path is free, of the point where both horizons meet when it is not. */
static double
bullington_parameter(const p1812_path *path, const double *ground, double hts, double hrs, double radius)
{
	double		length = path->length, from_t = -INFINITY, from_r = -INFINITY, highest = -INFINITY, meet, above;

	for (int i = 1; i < path->n - 1; i++)
	{
		double		d = path->d[i], rest = length - d;
		double		bulge = (ground != NULL ? ground[i] : 0) + 500 / radius * d * rest;

		from_t = fmax(from_t, (bulge - hts) / d);
		from_r = fmax(from_r, (bulge - hrs) / rest);
		highest = fmax(highest, (bulge - (hts * rest + hrs * d) / length) * sqrt(0.002 * length / (path->wavelength * d * rest)));
	}
	if (from_t < (hrs - hts) / length)
		return highest;
	meet = (hrs - hts + from_r * length) / (from_t + from_r);
	above = hts + from_t * meet - (hts * (length - meet) + hrs * meet) / length;
	return above * sqrt(0.002 * length / (path->wavelength * meet * (length - meet)));
}

/* Section 4.3.2. */
static double
spherical(const p1812_path *path, double hte, double hre, double radius, bool horizontal)
{
	double		d = path->length, c, m, b, d1, d2, clearance, needed;

	if (d >= sqrt(2 * radius) * (sqrt(0.001 * hte) + sqrt(0.001 * hre)))
		return first_term(path, hte, hre, radius, horizontal);
	c = (hte - hre) / (hte + hre);
	m = 250 * d * d / (radius * (hte + hre));
	b = 2 * sqrt((m + 1) / (3 * m)) * cos(RPM_PI / 3 + acos(3 * c / 2 * sqrt(3 * m / pow(m + 1, 3))) / 3);
	d1 = d / 2 * (1 + b);
	d2 = d - d1;
	clearance = ((hte - 500 * d1 * d1 / radius) * d2 + (hre - 500 * d2 * d2 / radius) * d1) / d;
	needed = 17.456 * sqrt(d1 * d2 * path->wavelength / d);
	if (clearance > needed)
		return 0;
	return (1 - clearance / needed) * fmax(first_term(path, hte, hre, 500 * pow(d / (sqrt(hte) + sqrt(hre)), 2), horizontal), 0);
}

/* Equation (28). */
static double
first_term(const p1812_path *path, double hte, double hre, double radius, bool horizontal)
{
	return path->sea * first_term_over(path, hte, hre, radius, horizontal, SEA_PERMITTIVITY, SEA_CONDUCTIVITY_S_M) +
		(1 - path->sea) * first_term_over(path, hte, hre, radius, horizontal, LAND_PERMITTIVITY, LAND_CONDUCTIVITY_S_M);
}

/* Equations (29) to (36). */
static double
first_term_over(const p1812_path *path, double hte, double hre, double radius, bool horizontal, double permittivity, double conductivity)
{
	double		f = path->frequency, loss = 18 * conductivity / f;
	double		k = 0.036 * pow(radius * f, -1.0 / 3) * pow(pow(permittivity - 1, 2) + loss * loss, -0.25);
	double		beta, x, per_metre, distance_term;

	if (!horizontal)
		k *= sqrt(permittivity * permittivity + loss * loss);
	beta = (1 + 1.6 * k * k + 0.67 * pow(k, 4)) / (1 + 4.5 * k * k + 1.53 * pow(k, 4));
	x = 21.88 * beta * pow(f / (radius * radius), 1.0 / 3) * path->length;
	per_metre = 0.9575 * beta * pow(f * f / radius, 1.0 / 3);
	distance_term = x >= 1.6 ? 11 + 10 * log10(x) - 17.6 * x : -20 * log10(x) - 5.6488 * pow(x, 1.425);
	return -distance_term - height_gain(beta * per_metre * hte, k) - height_gain(beta * per_metre * hre, k);
}

static double
height_gain(double normalised, double admittance)
{
	double		b = normalised;
	double		gain = b > 2 ? 17.6 * sqrt(b - 1.1) - 5 * log10(b - 1.1) - 8 : 20 * log10(b + 0.1 * b * b * b);

	return fmax(gain, 2 + 20 * log10(admittance));
}
